--TEST--
Kinde is down or slow, the ledger cannot be written: the login goes on, and the log says why
--SKIPIF--
<?php require __DIR__ . '/skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/sandbox.inc';
use KindeMigrate\Migrator;

set_error_handler(fn ($level, $message) => throw new ErrorException($message));
$log = fresh_folder() . '/php.log';
ini_set('error_log', $log);
$user = ['email' => 'ann@example.org'];
$credential = ['password' => 'first password', 'version' => '1'];

$kinde = new Sandbox();
$settings = $kinde->settings();
$kinde->post('options', ['latency_ms' => 6000]);
$slow = new Migrator(['deadline' => 0.5] + $settings);
$start = hrtime(true);
echo show($slow->migrate($user, $credential)), "\n";
$took = (hrtime(true) - $start) / 1e9;
echo $took < 3 ? 'in time' : "took $took s", "\n";
var_dump($slow->status()['owed']);

$kinde->stop();
$down = new Migrator($settings);
echo show($down->migrate(['email' => 'bob@example.org'], $credential)), "\n";

touch($file = fresh_folder() . '/file');
$homeless = new Migrator(['ledger' => "$file/ledger.db"] + $settings);
for ($time = 0; $time < 2; $time++) {
    echo show($homeless->migrate($user, $credential)), "\n";
}
var_dump($homeless->status()['in_memory']);
$said = file_get_contents($log);
echo substr_count($said, 'ledger_unavailable'), ' ', preg_match('/^\[.*\] kinde_migrate: .+ \[ledger_unavailable\]$/m', $said), ' ';
echo preg_match('/first password|ann@|secret/', $said), "\n";
?>
--EXPECTF--
queued %d %s
in time
int(1)
queued 0 kinde_%s
queued 0 %s
queued 0 %s
bool(true)
1 1 0
