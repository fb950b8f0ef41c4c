--TEST--
Misuse and misconfiguration throw, with a stable code; data does not
--FILE--
<?php
use KindeMigrate\Migrator;

final class Text
{
    public function __construct(private string $text) {}
    public function __toString(): string { return $this->text; }
}
final class Grumpy
{
    public function __toString(): string { throw new LogicException('no text today'); }
}

$settings = ['domain' => 'http://127.0.0.1:9', 'client_id' => 'id', 'client_secret' => 'hunter2', 'ledger' => 'memory', 'deadline' => 1.5];
$migrator = new Migrator($settings);
$ann = ['email' => 'no address'];
$tries = [
    'unknown setting' => fn () => new Migrator(['clientid' => 'x'] + $settings),
    'missing setting' => fn () => new Migrator(['client_secret' => ''] + $settings),
    'setting of a wrong type' => fn () => new Migrator(['client_secret' => ['hunter2']] + $settings),
    'setting without a name' => fn () => new Migrator(['hunter2']),
    'settings of a wrong type' => fn () => new Migrator('hunter2'),
    'boolean and number settings' => fn () => new Migrator(['send_plaintext' => true, 'bcrypt_cost' => 11] + $settings),
    'setting out of range' => fn () => new Migrator(['bcrypt_cost' => 99] + $settings),
    'setting of bytes' => fn () => new Migrator(['audience' => "\xff"] + $settings),
    'insecure domain' => fn () => new Migrator(['domain' => 'http://team.kinde.com'] + $settings),
    'null is not set' => fn () => new Migrator(['audience' => null] + $settings),
    'unknown field' => fn () => $migrator->migrate(['e-mail' => 'ann@x.org']),
    'field with a NUL in its name' => fn () => $migrator->migrate(["email\0" => 'ann@x.org']),
    'field with a long name' => fn () => $migrator->migrate([str_repeat('email', 100) => 'ann@x.org']),
    'field of a wrong type' => fn () => $migrator->migrate(['email' => ['ann@x.org']]),
    'field that is false' => fn () => $migrator->migrate(['email' => false]),
    'list for a user' => fn () => $migrator->migrate(['ann@x.org']),
    'number, flag and object' => fn () => $migrator->migrate($ann + ['provided_id' => 17, 'email_verified' => false, 'given_name' => new Text('Ann')]),
    'object without text' => fn () => $migrator->migrate($ann + ['given_name' => new stdClass()]),
    'object that throws' => fn () => $migrator->migrate($ann + ['given_name' => new Grumpy()]),
    'reference' => function () use ($migrator, $ann) { $name = 'Ann'; return $migrator->migrate($ann + ['given_name' => &$name]); },
    'unknown part of a credential' => fn () => $migrator->migrate($ann, ['passwort' => 'hunter2']),
    'password that is false' => fn () => $migrator->migrate($ann, ['password' => false]),
    'hash that is an array' => fn () => $migrator->migrate($ann, ['hash' => ['hunter2']]),
    'extra' => fn () => $migrator->migrate($ann, ['hash' => 'x', 'extra' => ['salt' => 'y', 'rounds' => 5]]),
    'extra of a wrong type' => fn () => $migrator->migrate($ann, ['hash' => 'x', 'extra' => ['salt' => []]]),
    'nested extra' => fn () => $migrator->migrate($ann, ['hash' => 'x', 'extra' => ['extra' => ['salt' => 'y']]]),
    'a change without a credential' => fn () => $migrator->changePassword($ann, null),
    'a change with an empty one' => fn () => $migrator->changePassword($ann, []),
    'a change with null in it' => fn () => $migrator->changePassword($ann, ['password' => null, 'version' => 'v1']),
    'a change with a misspelt password' => fn () => $migrator->changePassword($ann, ['pasword' => 'hunter2']),
    'a change with an empty password' => fn () => $migrator->changePassword(['email' => 'ann@x.org'], ['password' => '']),
    'a sign-in without a credential' => fn () => $migrator->migrate($ann, []),
    'text for a credential' => fn () => $migrator->migrate($ann, 'hunter2'),
    'no user' => fn () => $migrator->migrate(),
    'absurd drain' => fn () => $migrator->drain(-1),
    'endless drain' => fn () => $migrator->drain(1, INF),
    'constructor passed over' => fn () => (new ReflectionClass(Migrator::class))->newInstanceWithoutConstructor()->status(),
    'data' => fn () => $migrator->migrate(["email" => "\xff@x.org"], ['password' => "a\0b"]),
    'nobody' => fn () => $migrator->requestReset([]),
    'called twice' => fn () => $migrator->__construct($settings) ?? $migrator->requestReset([]),
];
foreach ($tries as $name => $try) {
    try {
        $got = $try();
        $said = $got instanceof KindeMigrate\Outcome ? "$got->status $got->reason" : get_class($got);
    } catch (KindeMigrate\Exception $exception) {
        $said = $exception->getErrorCode() . ' ' . $exception->getCode() . ': ' . $exception->getMessage();
    } catch (Throwable $error) {
        $said = get_class($error) . ': ' . $error->getMessage();
    }
    echo "$name: $said\n", str_contains($said, 'hunter2') ? "SHOWS A SECRET\n" : '';
}
?>
--EXPECTF--
unknown setting: setting_unknown 100: no setting clientid; did you mean client_id?
missing setting: client_secret_missing 106: %s
setting of a wrong type: argument_type 201: a setting, client_secret, is to be a text, not array
setting without a name: argument_type 201: the name of a setting is a text without NUL bytes
settings of a wrong type: TypeError: KindeMigrate\Migrator::__construct(): Argument #1 ($settings) must be of type array, string given
boolean and number settings: KindeMigrate\Migrator
setting out of range: setting_invalid 101: %s
setting of bytes: setting_invalid 101: %s
insecure domain: domain_insecure 104: %s
null is not set: KindeMigrate\Migrator
unknown field: user_field_unknown 202: %s
field with a NUL in its name: argument_type 201: the name of a user's field is a text without NUL bytes
field with a long name: user_field_unknown 202: %s
field of a wrong type: argument_type 201: a user's field, email, is to be a text, not array
field that is false: argument_type 201: a user's field, email, is to be a text, not bool
list for a user: argument_type 201: the name of a user's field is a text without NUL bytes
number, flag and object: rejected email_invalid
object without text: Error: Object of class stdClass could not be converted to string
object that throws: LogicException: no text today
reference: rejected email_invalid
unknown part of a credential: credential_field_unknown 203: %s
password that is false: argument_type 201: a credential's field, password, is to be a text, not bool
hash that is an array: argument_type 201: a credential's field, hash, is to be a text, not array
extra: rejected email_invalid
extra of a wrong type: argument_type 201: a credential's field, extra.salt, is to be a text, not array
nested extra: argument_type 201: a credential's field, extra.extra, is to be a text, not array
a change without a credential: credential_missing 205: %s
a change with an empty one: credential_missing 205: %s
a change with null in it: credential_missing 205: %s
a change with a misspelt password: credential_field_unknown 203: %s
a change with an empty password: rejected password_empty
a sign-in without a credential: rejected email_invalid
text for a credential: TypeError: KindeMigrate\Migrator::migrate(): Argument #2 ($credential) must be of type ?array, string given
no user: ArgumentCountError: KindeMigrate\Migrator::migrate() expects at least 1 argument, 0 given
absurd drain: ValueError: KindeMigrate\Migrator::drain(): Argument #1 ($max) must be between 0 and 2147483647
endless drain: ValueError: KindeMigrate\Migrator::drain(): Argument #2 ($deadline) must be a number of seconds between 0 and 86400
constructor passed over: %s
data: rejected invalid_utf8
nobody: rejected user_missing
called twice: rejected user_missing
