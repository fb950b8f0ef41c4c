--TEST--
What has to be said goes to PHP's log with default settings, once, and not to standard error beside it
--SKIPIF--
<?php require __DIR__ . '/skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/sandbox.inc';

/** How often the ledger is named, and whether anything is said twice. */
function once(string $said): string
{
    preg_match_all('/kinde_migrate: .* \[(\w+)\]$/m', $said, $found);
    $lines = substr_count($said, 'kinde_migrate: ');
    return (array_count_values($found[1])['ledger_unavailable'] ?? 0) . ($lines === count(array_unique($found[1])) ? ' once' : ' again');
}

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
    echo once($said), "\n";
    proc_close($process);
}
echo once(file_get_contents($log)), "\n";
?>
--EXPECT--
queued
queued
queued
1 once
queued
queued
queued
0 once
1 once
