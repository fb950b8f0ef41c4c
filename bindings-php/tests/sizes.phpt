--TEST--
What is far too long is refused and not copied
--INI--
memory_limit=-1
--FILE--
<?php
use KindeMigrate\Migrator;

$settings = ['domain' => 'http://127.0.0.1:9', 'client_id' => 'id', 'client_secret' => 'hunter2', 'ledger' => 'memory'];
$migrator = new Migrator($settings);
$huge = str_repeat('x', 200 << 20);
$user = ['email' => 'ann@example.org'];
$peak = fn () => (int) preg_replace('/.*^VmHWM:\s+(\d+) kB.*/ms', '$1', file_get_contents('/proc/self/status'));

$before = $peak();
foreach ([
    $migrator->migrate($user, ['password' => $huge]),
    $migrator->changePassword($user, ['password' => $huge]),
    $migrator->migrate($user, ['hash' => $huge]),
    $migrator->migrate(['email' => $huge], ['password' => 'x']),
    $migrator->requestReset(['username' => $huge]),
] as $outcome) {
    echo "$outcome->status $outcome->reason\n";
}
foreach ([
    fn () => new Migrator(['audience' => $huge] + $settings),
    fn () => new Migrator([$huge => 'x'] + $settings),
    fn () => $migrator->requestReset([$huge => 'x']),
    fn () => KindeMigrate\require_importable($huge),
    fn () => KindeMigrate\explain_hash('x', null, [], $huge),
    fn () => $migrator->migrate($user, ['hash' => 'x', 'extra' => [$huge => 'y']]) && throw new RuntimeException('taken'),
] as $try) {
    try {
        $try();
    } catch (KindeMigrate\Exception $exception) {
        echo $exception->getErrorCode(), ' ', strlen($exception->getMessage()) < 1000 ? 'short' : 'long', "\n";
    } catch (RuntimeException $exception) {
        echo $exception->getMessage(), "\n";
    }
}
echo json_encode(KindeMigrate\explain_hash($huge)['code']), "\n";
// Not a fifth of one copy.
var_dump($peak() - $before < 40 << 10);
?>
--EXPECT--
rejected password_too_long
rejected password_too_long
rejected hash_not_recognised
rejected email_invalid
rejected field_invalid
setting_invalid short
setting_unknown short
user_field_unknown short
hash_not_recognised short
setting_invalid short
taken
"hash_not_recognised"
bool(true)
