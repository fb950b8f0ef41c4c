--TEST--
Forks before the first use and after it, nested, killed, and with the children's end: all land in one ledger
--SKIPIF--
<?php require __DIR__ . '/skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/sandbox.inc';
require __DIR__ . '/landed.inc';
use KindeMigrate\Migrator;

/** Runs it in a child, which is ended by its own alarm if it hangs. */
function child(callable $work): int
{
    if (($pid = pcntl_fork()) === 0) {
        pcntl_alarm(50);
        exit($work() ? 0 : 1);
    }
    return $pid;
}
function ended(int $pid): bool
{
    pcntl_waitpid($pid, $status);
    return pcntl_wifexited($status) && pcntl_wexitstatus($status) === 0;
}

/** Every second generation signs in before it forks, the others afterwards. */
function generation(Migrator $migrator, string $name, int $left): bool
{
    $first = $left % 2 === 0;
    $well = !$first || sign_in($migrator, $name) === 'created 3';
    $children = [];
    for ($n = 0; $left > 0 && $n < 2; $n++) {
        $children[] = child(fn () => generation($migrator, "$name.$n", $left - 1));
    }
    $well = ($first || sign_in($migrator, $name) === 'created 3') && $well;
    return array_product(array_map(ended(...), $children)) && $well;
}

function names(string $name, int $left): array
{
    return [$name, ...($left > 0 ? [...names("$name.0", $left - 1), ...names("$name.1", $left - 1)] : [])];
}

foreach (['unused', 'used'] as $parent) {
    $kinde = new Sandbox();
    $settings = $kinde->settings(['bcrypt_cost' => '4', 'deadline' => '5']);
    $migrator = new Migrator($settings);
    $names = names('a', 3);
    if ($parent === 'used') {
        sign_in($migrator, $names[] = 'parent');
    }
    var_dump(generation($migrator, 'a', 3));

    // Killed in the midst of a call, which the parent then makes itself.
    $kinde->post('options', ['latency_ms' => 30]);
    for ($n = 0; $n < 4; $n++) {
        $killed = child(fn () => sign_in($migrator, "killed$n"));
        usleep(10_000 + 25_000 * $n);
        kill($killed);
        pcntl_waitpid($killed, $status);
        usleep(300_000);
        $names[] = "killed$n";
        // The user's turn is the killed child's until its lease ends.
        do {
            $outcome = sign_in($migrator, "killed$n");
        } while (str_ends_with($outcome, ' deadline'));
        if (!preg_match('/^(created|updated|unchanged) \d$/', $outcome)) {
            echo "$outcome\n";
        }
    }
    $kinde->post('options', ['latency_ms' => 0]);

    // Descriptors of the parent's do not add up.
    $descriptors = fn () => count(scandir('/proc/self/fd'));
    $before = $descriptors();
    for ($n = 0; $n < 20; $n++) {
        $well = ended(child(fn () => sign_in($migrator, "child$n") === 'created 3'));
        array_push($names, "child$n", "beside$n");
        if (!$well || sign_in($migrator, "beside$n") !== 'created 3') {
            echo "child $n ended wrongly\n";
        }
    }
    var_dump($descriptors() <= $before);
    echo landed($kinde, $settings['ledger'], $names);
}
?>
--EXPECT--
bool(true)
bool(true)
landed
bool(true)
bool(true)
landed
