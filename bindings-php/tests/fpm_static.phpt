--TEST--
php-fpm, one static worker: the second request costs no call, and the next user no token
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
    // In memory, so that only what this one process keeps can answer.
    'KINDE_MIGRATE_LEDGER' => 'memory',
];
$fpm = new Fpm(['pm = static', 'pm.max_children = 1', 'php_admin_value[kinde_migrate.deadline] = 10'], $environment);
$pids = [];
foreach (['ann', 'ann', 'bob', 'ann', 'bob'] as $name) {
    [$pids[], $outcome] = explode(' ', $fpm->run(sign_in_script($name)), 2);
    echo "$name: $outcome\n";
}
echo count(array_unique($pids)), " worker\n", $kinde->calls(), "\n";
var_dump($kinde->signsIn('bob@example.org', 'first password'));
// The pool's own setting has arrived.
echo $fpm->run('<?php echo ini_get("kinde_migrate.deadline");'), "\n";
?>
--EXPECT--
ann: created 3
ann: unchanged 0
bob: created 3
ann: unchanged 0
bob: unchanged 0
1 worker
check 2, create 2, set_password 2, reset 0, tokens 1
bool(true)
10
