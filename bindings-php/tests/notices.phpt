--TEST--
What has to be said goes to PHP's log with default settings, once, and not to standard error beside it
--FILE--
<?php
require __DIR__ . '/sandbox.inc';

touch($file = fresh_folder() . '/file');
$script = <<<'PHP'
    $settings = ['domain' => 'http://127.0.0.1:9', 'client_id' => 'id', 'client_secret' => 'hunter2', 'deadline' => 1];
    for ($time = 0; $time < 3; $time++) {
        $migrator = new KindeMigrate\Migrator(['ledger' => $argv[1]] + $settings);
        echo $migrator->migrate(['email' => 'ann@example.org'], ['password' => 'first password'])->status, "\n";
        unset($migrator);
    }
    PHP;
foreach ([[], ['-d', 'error_log=' . ($log = fresh_folder() . '/log')]] as $options) {
    $command = [PHP_BINARY, '-n', '-d', 'extension=' . getenv('KINDE_MIGRATE_MODULE'), ...$options, '-r', $script, '--', "$file/ledger.db"];
    $process = proc_open($command, [['file', '/dev/null', 'r'], ['pipe', 'w'], ['pipe', 'w']], $pipes);
    echo stream_get_contents($pipes[1]);
    $said = stream_get_contents($pipes[2]);
    echo preg_match_all('/kinde_migrate: .* \[ledger_unavailable\]$/m', $said), ' of ', substr_count($said, 'kinde_migrate'), "\n";
    proc_close($process);
}
$said = file_get_contents($log);
echo preg_match_all('/kinde_migrate: .* \[ledger_unavailable\]$/m', $said), ' of ', substr_count($said, 'kinde_migrate'), "\n";
?>
--EXPECT--
queued
queued
queued
1 of 1
queued
queued
queued
0 of 0
1 of 1
