--TEST--
Outcomes are what they are; migrators cannot be copied or stored
--FILE--
<?php
use KindeMigrate\Migrator;
use KindeMigrate\Outcome;

$settings = ['domain' => 'http://127.0.0.1:9', 'client_id' => 'id', 'client_secret' => 'hunter2', 'ledger' => 'memory'];
$migrator = new Migrator($settings);
$outcome = $migrator->requestReset([]);
$tries = [
    fn () => clone $migrator,
    fn () => serialize($migrator),
    fn () => unserialize('O:21:"KindeMigrate\Migrator":0:{}'),
    fn () => $migrator->secret = 1,
    fn () => new Outcome(),
    fn () => serialize($outcome),
    fn () => unserialize('O:20:"KindeMigrate\Outcome":1:{s:6:"status";s:7:"created";}'),
    fn () => $outcome->status = 'created',
    fn () => $outcome->more = 'x',
    function () use ($outcome) { unset($outcome->calls); },
    fn () => throw new KindeMigrate\Exception('one of the application\'s own'),
];
foreach ($tries as $try) {
    try {
        var_dump($try());
    } catch (Throwable $error) {
        echo get_class($error), ': ', $error->getMessage(), "\n";
    }
}
echo $error->getErrorCode(), ' ', $error instanceof RuntimeException ? 'is a RuntimeException' : '', "\n";
echo json_encode($outcome), "\n";
var_dump(clone $outcome == $outcome);
?>
--EXPECTF--
Error: Trying to clone an uncloneable object of class KindeMigrate\Migrator
Exception: Serialization of 'KindeMigrate\Migrator' is not allowed
Exception: Unserialization of 'KindeMigrate\Migrator' is not allowed
Error: Cannot create dynamic property KindeMigrate\Migrator::$secret
Error: Call to private KindeMigrate\Outcome::__construct() from global scope
Exception: Serialization of 'KindeMigrate\Outcome' is not allowed
Exception: Unserialization of 'KindeMigrate\Outcome' is not allowed
Error: Cannot modify readonly property KindeMigrate\Outcome::$status
Error: Cannot create dynamic property KindeMigrate\Outcome::$more
Error: Cannot unset readonly property KindeMigrate\Outcome::$calls%S
KindeMigrate\Exception: one of the application's own
internal is a RuntimeException
{"status":"rejected","kinde_id":null,"calls":0,"reason":"user_missing","message":"%s","durable":true,"notices":[]}
bool(true)
