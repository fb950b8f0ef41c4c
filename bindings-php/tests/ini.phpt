--TEST--
Every setting of the core can be set in php.ini; secrets do not show in phpinfo()
--INI--
kinde_migrate.domain=team.kinde.com
kinde_migrate.client_id=id-of-the-ini
kinde_migrate.client_secret=hunter2-2357
kinde_migrate.previous_client_secret=hunter1-2357
kinde_migrate.proxy=http://me:hunter3-2357@127.0.0.1:3128
--FILE--
<?php
use KindeMigrate\Migrator;

// The core lists its settings when it meets a name that is like none of them.
try {
    new Migrator(['no such setting at all' => '']);
} catch (KindeMigrate\Exception $exception) {
    preg_match('/there are ([a-z_, ]+)/', $exception->getMessage(), $found);
}
$core = explode(', ', $found[1]);
$ini = array_map(fn ($name) => substr($name, strlen('kinde_migrate.')), array_keys(ini_get_all('kinde_migrate')));
sort($core);
sort($ini);
var_dump(count($core) > 5, $core === $ini);
var_dump(ini_set('kinde_migrate.domain', 'elsewhere.kinde.com'));

ob_start();
phpinfo(INFO_MODULES);
$info = ob_get_clean();
var_dump(str_contains($info, 'hunter'));
preg_match('/^kinde_migrate$.*?(?=\n\n[a-zA-Z_]+\n\n)/ms', $info, $found);
echo $found[0], "\n\n";

// What is set there is taken, below the constructor and the environment; also by fromEnv().
function tried(callable $make): string
{
    try {
        return get_class($make());
    } catch (KindeMigrate\Exception $exception) {
        return $exception->getErrorCode();
    }
}
$ini = fn () => new Migrator();
echo tried($ini), ' ', tried(Migrator::fromEnv(...)), "\n";
putenv('KINDE_DOMAIN=not a domain');
echo tried($ini), ' ', tried(Migrator::fromEnv(...)), ' ', tried(fn () => new Migrator(['domain' => 'team.kinde.com'])), "\n";
putenv('KINDE_DOMAIN=');
echo tried($ini), ' ', tried(fn () => new Migrator(['domain' => 'nonsense'])), ' ', tried(fn () => new Migrator(['deadline' => 'soon'])), "\n";
?>
--EXPECTF--
bool(true)
bool(true)
bool(false)
bool(false)
kinde_migrate

Carrying users into Kinde => enabled
Extension version => %d.%d.%d
Library version => %d.%d.%d

Directive => Local Value => Master Value
kinde_migrate.allow_guesses => no value => no value
kinde_migrate.audience => no value => no value
kinde_migrate.bcrypt_cost => no value => no value
kinde_migrate.client_id => id-of-the-ini => id-of-the-ini
kinde_migrate.client_secret => set, not shown => set, not shown
kinde_migrate.deadline => no value => no value
kinde_migrate.domain => team.kinde.com => team.kinde.com
kinde_migrate.drain_in_background => no value => no value
kinde_migrate.ledger => no value => no value
kinde_migrate.max_calls_per_minute => no value => no value
kinde_migrate.max_in_flight => no value => no value
kinde_migrate.on_existing => no value => no value
kinde_migrate.previous_client_secret => set, not shown => set, not shown
kinde_migrate.proxy => set, not shown => set, not shown
kinde_migrate.require_provided_id => no value => no value
kinde_migrate.require_verified_email => no value => no value
kinde_migrate.send_plaintext => no value => no value
kinde_migrate.share_token => no value => no value
kinde_migrate.use_at_most => no value => no value
kinde_migrate.verify_mapping => no value => no value

KindeMigrate\Migrator KindeMigrate\Migrator
domain_invalid domain_invalid KindeMigrate\Migrator
KindeMigrate\Migrator domain_invalid setting_invalid
