<?php
// One worker of the crowd: signs up new users, one after another.
//
//     php -n -d extension=…/kinde_migrate.so crowd_worker.php URL LEDGER NAME SECONDS

declare(strict_types=1);

use KindeMigrate\Migrator;

const HASH = '$2b$10$UCWiQRKQNXYJLgt.0Wo6JeHWSx.g3Ni.qWTzBP/u/2hTSxTEaU8ue';
[, $url, $ledger, $name, $seconds] = $argv;
$migrator = new Migrator([
    'domain' => $url,
    'client_id' => 'sandbox-client',
    'client_secret' => 'sandbox-secret',
    'ledger' => $ledger,
    'deadline' => '60',
]);
$report = ['name' => $name, 'calls' => 0, 'outcomes' => [], 'longest_ms' => 0];
$ends = hrtime(true) + (float) $seconds * 1e9;
for ($n = 1; ($began = hrtime(true)) < $ends; $n++) {
    $outcome = $migrator->migrate(['email' => "$name-$n@example.org"], ['hash' => HASH]);
    $report['outcomes'][$outcome->status] = ($report['outcomes'][$outcome->status] ?? 0) + 1;
    $report['calls'] += $outcome->calls;
    if ($outcome->status === 'queued') {
        sleep(1); // nobody signs up again and again while Kinde pauses
    }
    $report['longest_ms'] = max($report['longest_ms'], (int) round((hrtime(true) - $began) / 1e6));
}
echo json_encode($report, JSON_THROW_ON_ERROR), "\n";
