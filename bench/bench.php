<?php
// New users, then the same ones again, through the PHP extension.
//
//     php -n -d extension=…/kinde_migrate.so bench.php URL LEDGER USERS PASSES
//
// Prints one line of JSON, as every language's program does: the wall time of each in microseconds, the
// processor time of one, the calls of one.

declare(strict_types=1);

use KindeMigrate\Migrator;

const HASH = '$2b$10$UCWiQRKQNXYJLgt.0Wo6JeHWSx.g3Ni.qWTzBP/u/2hTSxTEaU8ue';
const WARM_UP = 30;

function cpu(): float
{
    $usage = getrusage();
    return ($usage['ru_utime.tv_sec'] + $usage['ru_stime.tv_sec']) * 1e6
        + $usage['ru_utime.tv_usec'] + $usage['ru_stime.tv_usec'];
}

final class Samples
{
    private array $us = [];
    private int $calls = 0;
    private float $cpu;

    public function __construct(private readonly Migrator $migrator, private readonly string $expected)
    {
        $this->cpu = cpu();
    }

    public function carry(int $n): void
    {
        $began = hrtime(true);
        $outcome = $this->migrator->migrate(
            [
                'email' => "user-$n@example.org",
                'given_name' => 'Ada',
                'family_name' => 'Lovelace',
                'provided_id' => "user-$n",
                'email_verified' => true,
            ],
            ['hash' => HASH],
        );
        $this->us[] = round((hrtime(true) - $began) / 1000, 1);
        $this->calls += $outcome->calls;
        if ($outcome->status !== $this->expected) {
            throw new RuntimeException("not $this->expected: $outcome->status $outcome->reason $outcome->message");
        }
    }

    public function report(): array
    {
        $count = max(count($this->us), 1);
        return ['us' => $this->us, 'cpu_us' => (cpu() - $this->cpu) / $count, 'calls' => $this->calls / $count];
    }
}

ini_set('serialize_precision', '-1');
[, $url, $ledger, $users, $passes] = $argv;
$migrator = new Migrator([
    'domain' => $url,
    'client_id' => 'sandbox-client',
    'client_secret' => 'sandbox-secret',
    'ledger' => $ledger,
    'deadline' => '10',
]);
$last = WARM_UP + (int) $users;
$warmUp = [new Samples($migrator, 'created'), new Samples($migrator, 'unchanged')];
for ($n = 0; $n < WARM_UP; $n++) {
    $warmUp[0]->carry($n);
    $warmUp[1]->carry($n);
}
$created = new Samples($migrator, 'created');
for ($n = WARM_UP; $n < $last; $n++) {
    $created->carry($n);
}
$report = ['name' => 'php', 'new' => $created->report()];
$again = new Samples($migrator, 'unchanged');
for ($pass = 0; $pass < (int) $passes; $pass++) {
    for ($n = WARM_UP; $n < $last; $n++) {
        $again->carry($n);
    }
}
$report['again'] = $again->report();
echo json_encode($report, JSON_THROW_ON_ERROR), "\n";
