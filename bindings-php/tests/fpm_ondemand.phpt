--TEST--
php-fpm, workers that come and go, after a preload script has signed a user in
--SKIPIF--
<?php require __DIR__ . '/skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/sandbox.inc';
require __DIR__ . '/fpm.inc';

$kinde = new Sandbox();
$environment = [
    'KINDE_DOMAIN' => $kinde->url,
    'KINDE_MANAGEMENT_CLIENT_ID' => Sandbox::CLIENT_ID,
    'KINDE_MANAGEMENT_CLIENT_SECRET' => Sandbox::CLIENT_SECRET,
    'KINDE_MIGRATE_LEDGER' => fresh_folder() . '/ledger.db',
    'KINDE_MIGRATE_DEADLINE' => '10',
];
$pool = ['pm = ondemand', 'pm.max_children = 4', 'pm.max_requests = 2', 'pm.process_idle_timeout = 1s'];
$fpm = new Fpm($pool, $environment, sign_in_script('preload'));

// Four at a time, in workers that each end after two requests.
$script = fresh_folder();
$outcomes = $pids = [];
for ($round = 0; $round < 4; $round++) {
    $sockets = [];
    foreach (['ann', 'bob', 'eve', 'preload'] as $name) {
        file_put_contents("$script/$name.php", sign_in_script($name));
        $sockets[$name] = $fpm->begin("$script/$name.php");
    }
    foreach ($sockets as $name => $socket) {
        [$pids[], $outcome] = explode(' ', Fpm::finish($socket), 2) + [1 => 'no answer'];
        $outcomes[$name][] = $outcome;
    }
}
foreach ($outcomes as $name => $said) {
    echo "$name: ", implode(', ', $said), "\n";
}
var_dump(count(array_unique($pids)) >= 8);
echo $kinde->calls(), "\n";
// Every worker ended by itself, none by a signal.
var_dump(preg_match('/exited on signal/', file_get_contents($fpm->log)));
?>
--EXPECT--
ann: created 3, unchanged 0, unchanged 0, unchanged 0
bob: created 3, unchanged 0, unchanged 0, unchanged 0
eve: created 3, unchanged 0, unchanged 0, unchanged 0
preload: unchanged 0, unchanged 0, unchanged 0, unchanged 0
bool(true)
check 4, create 4, set_password 4, reset 0, tokens 1
int(0)
