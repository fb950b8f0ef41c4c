--TEST--
php-fpm, workers killed in mid-call and recycled: nobody is lost, nobody is created twice
--SKIPIF--
<?php require __DIR__ . '/skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/sandbox.inc';
require __DIR__ . '/fpm.inc';
require __DIR__ . '/landed.inc';

$pools = [
    'static' => ['pm = static', 'pm.max_children = 3', 'pm.max_requests = 5'],
    'ondemand' => ['pm = ondemand', 'pm.max_children = 3', 'pm.max_requests = 5', 'pm.process_idle_timeout = 1s'],
];
foreach ($pools as $kind => $pool) {
    foreach (['unused' => null, 'used' => fpm_sign_in('parent')] as $parent => $preload) {
        $kinde = new Sandbox();
        $kinde->post('options', ['latency_ms' => 20]);
        $ledger = fresh_folder() . '/ledger.db';
        $fpm = new Fpm($pool, [
            'KINDE_DOMAIN' => $kinde->url,
            'KINDE_MANAGEMENT_CLIENT_ID' => Sandbox::CLIENT_ID,
            'KINDE_MANAGEMENT_CLIENT_SECRET' => Sandbox::CLIENT_SECRET,
            'KINDE_MIGRATE_LEDGER' => $ledger,
            'KINDE_MIGRATE_DEADLINE' => '5',
            'KINDE_MIGRATE_BCRYPT_COST' => '4',
        ], $preload);
        $scripts = fresh_folder();
        $names = $parent === 'used' ? ['parent'] : [];
        $pids = [];
        $waiting = array_map(fn (int $n) => "user$n", range(0, 29));
        for ($round = 0; $waiting !== [] && $round < 40; $round++) {
            // Three at a time; in every other round one of the workers that answered last is killed in mid-call.
            $sockets = [];
            foreach (array_splice($waiting, 0, 3) as $name) {
                file_put_contents("$scripts/$name.php", fpm_sign_in($name));
                $sockets[$name] = $fpm->begin("$scripts/$name.php");
            }
            if ($round % 2 === 1) {
                usleep(10_000 + 10_000 * ($round % 5));
                kill((int) end($pids));
            }
            foreach ($sockets as $name => $socket) {
                [$pid, $outcome] = explode(' ', Fpm::finish($socket), 2) + [1 => ''];
                if (preg_match('/^(created|updated|unchanged) \d$/', $outcome)) {
                    $names[] = $name;
                    $pids[] = $pid;
                } else {
                    // Lost with its worker: asked again, once what that one sent last has arrived.
                    $waiting[] = $name;
                    usleep(300_000);
                }
            }
        }
        $log = file_get_contents($fpm->log);
        $killed = substr_count($log, 'exited on signal 9');
        $crashed = substr_count($log, 'exited on signal') - $killed;
        echo "$kind, $parent: ", count($names), ' users, ', $killed > 0 ? 'some' : 'none', " killed, $crashed crashed, ",
            count(array_unique($pids)) > 6 ? 'recycled' : 'not recycled', ', ', landed($kinde, $ledger, $names);
        unset($fpm);
    }
}
?>
--EXPECT--
static, unused: 30 users, some killed, 0 crashed, recycled, landed
static, used: 31 users, some killed, 0 crashed, recycled, landed
ondemand, unused: 30 users, some killed, 0 crashed, recycled, landed
ondemand, used: 31 users, some killed, 0 crashed, recycled, landed
