<?php
// Runs tests/scenarios/*.json, the scenarios that every language runs, or the files named on the command line. A file
// of nothing but a list is what tests/weather.py writes; it is run by several processes at once.

require __DIR__ . '/sandbox.inc';

const LEAST = 40;
// What is waited for in bad weather is mostly the clock.
const AT_ONCE = 24;
// Seconds. An entry is put off by 20 s at most, and seldom that far.
const SETTLED_WITHIN = 300;

final class Failed extends Exception
{
}

/** A scenario's text: a string, {"base64": …} or {"repeat": …, "times": …, "then": …}. */
function text(mixed $value): mixed
{
    return match (true) {
        !is_array($value) => $value,
        isset($value['base64']) => base64_decode($value['base64'], true),
        isset($value['repeat']) => str_repeat($value['repeat'], $value['times']) . ($value['then'] ?? ''),
        default => array_map('text', $value),
    };
}

function expect_equal(string $what, mixed $expected, mixed $got): void
{
    $fits = is_array($expected) && (isset($expected['least']) || isset($expected['most']))
        ? $got >= ($expected['least'] ?? 0) && $got <= ($expected['most'] ?? PHP_INT_MAX)
        : $expected === $got;
    if (!$fits) {
        throw new Failed("$what is " . json_encode($got) . ', not ' . json_encode($expected));
    }
}

/** The same list, whatever its order and its members' was. */
function in_order(array $notices): array
{
    $texts = array_map(fn ($notice) => "$notice[code] $notice[field]", $notices);
    sort($texts);
    return $texts;
}

/** The process that holds the migrator. */
final class Worker
{
    /** @var resource */
    private $process;
    private array $pipes = [];

    public function __construct(private string $log)
    {
        $command = [PHP_BINARY, '-n', '-d', 'display_errors=stderr', '-d', 'zend.exception_ignore_args=0'];
        array_push($command, '-d', 'extension=' . getenv('KINDE_MIGRATE_MODULE'), __DIR__ . '/scenario_worker.php');
        $environment = array_filter(getenv(), fn ($name) => !preg_match('/^KINDE_|PROXY$/i', $name), ARRAY_FILTER_USE_KEY);
        $environment['HOME'] = $environment['XDG_STATE_HOME'] = dirname($log);
        $this->process = proc_open($command, [['pipe', 'r'], ['pipe', 'w'], ['file', $log, 'a']], $this->pipes, null, $environment);
    }

    public function ask(string $what, array $arguments): array
    {
        fwrite($this->pipes[0], base64_encode(serialize([$what, $arguments])) . "\n");
        $line = fgets($this->pipes[1]);
        if ($line === false) {
            throw new Failed("PHP died in $what: " . file_get_contents($this->log));
        }
        return unserialize(base64_decode($line));
    }

    public function stop(): void
    {
        array_map('fclose', $this->pipes);
        $status = proc_close($this->process);
        if ($status !== 0) {
            throw new Failed("PHP ended with $status: " . file_get_contents($this->log));
        }
    }
}

final class Scenario
{
    private string $folder;
    private string $log;
    private array $settings;
    private array $secrets;
    private Worker $worker;

    public function __construct(private Sandbox $sandbox, private array $data)
    {
        $this->folder = fresh_folder();
        $this->log = "$this->folder/log";
        $this->settings = [
            'domain' => '@sandbox', 'client_id' => Sandbox::CLIENT_ID, 'client_secret' => Sandbox::CLIENT_SECRET, 'ledger' => '@fresh',
        ];
        $this->secrets = $data['secret'] ?? [];
    }

    public function run(): void
    {
        $this->sandbox->post('reset', (object) ($this->data['sandbox'] ?? []));
        $this->set($this->data['settings'] ?? []);
        $this->worker = new Worker($this->log);
        $built = $this->build();
        expect_equal('the error', $this->data['build_error'] ?? null, $built['error'] ?? null);
        foreach ($this->data['steps'] ?? [] as $number => $step) {
            try {
                $this->step($step);
            } catch (Failed $failed) {
                throw new Failed('step ' . ($number + 1) . ': ' . $failed->getMessage());
            }
        }
        if (isset($this->data['end'])) {
            expect_equal('owed at the end', $this->data['end']['owed'] ?? 0, $this->owed());
        }
        $this->worker->stop();
        $this->keeps_secrets('the log', (string) file_get_contents($this->log));
        $this->end($this->data['end'] ?? []);
    }

    private function set(array $settings): void
    {
        foreach ($settings as $name => $value) {
            $this->settings[$name] = $value === '@secret' ? Sandbox::CLIENT_SECRET : text($value);
        }
    }

    private function build(): array
    {
        $settings = array_filter($this->settings, fn ($value) => $value !== null);
        $this->secrets[] = $settings['client_secret'] ?? '';
        $settings['domain'] = match ($settings['domain'] ?? null) {
            '@sandbox' => $this->sandbox->url,
            '@closed' => 'http://127.0.0.1:' . self::closed_port(),
            default => $settings['domain'] ?? '',
        };
        touch("$this->folder/file");
        $settings['ledger'] = match ($settings['ledger'] ?? null) {
            '@fresh' => "$this->folder/ledger.db",
            '@unwritable' => "$this->folder/file/ledger.db",
            default => $settings['ledger'] ?? '',
        };
        return $this->ask('build', [$settings]);
    }

    private static function closed_port(): int
    {
        $server = stream_socket_server('tcp://127.0.0.1:0');
        return (int) substr(strrchr(stream_socket_get_name($server, false), ':'), 1);
    }

    private function ask(string $what, array $arguments): array
    {
        $answer = $this->worker->ask($what, $arguments);
        $this->keeps_secrets("the answer of $what", $answer['text']);
        return $answer;
    }

    private function keeps_secrets(string $where, string $text): void
    {
        foreach ($this->secrets as $secret) {
            // Shorter ones are found in any text.
            if (strlen($secret) > 3 && str_contains($text, $secret)) {
                throw new Failed("$where shows a secret");
            }
        }
    }

    private function step(array $step): void
    {
        $expect = $step['expect'] ?? [];
        if (isset($step['verb'])) {
            $this->verb($step, $expect);
        } elseif (isset($step['sandbox'])) {
            foreach ($step['sandbox'] as $route => $body) {
                $this->sandbox->post($route, (object) $body);
            }
        } elseif (isset($step['restart'])) {
            $this->worker->stop();
            $this->set($step['settings'] ?? []);
            $this->worker = new Worker($this->log);
            expect_equal('the error', null, $this->build()['error'] ?? null);
        } elseif (isset($step['drain']) || isset($step['status'])) {
            $what = isset($step['drain']) ? 'drain' : 'status';
            $answer = $this->ask($what, $step[$what]);
            expect_equal('the error', null, $answer['error'] ?? null);
            foreach ($expect as $name => $value) {
                expect_equal($name, $value, $answer['figures'][$name] ?? null);
            }
        } elseif (isset($step['explain_hash'])) {
            $this->explain($step, $expect);
        } elseif (isset($step['settle'])) {
            $ends = hrtime(true) + SETTLED_WITHIN * 1e9;
            while ($this->owed() > $step['settle']['owed']) {
                if (hrtime(true) > $ends) {
                    throw new Failed('more is owed after ' . SETTLED_WITHIN . ' s of drains');
                }
                expect_equal('the error', null, $this->ask('drain', ['max' => 100, 'deadline' => 10])['error'] ?? null);
                usleep(20_000);
            }
        } else {
            throw new Failed('no such step: ' . implode(', ', array_keys($step)));
        }
    }

    private function owed(): int
    {
        return $this->ask('status', [])['figures']['owed'] ?? throw new Failed('there is no status');
    }

    private function verb(array $step, array $expect): void
    {
        $user = text($step['user']);
        $credential = text($step['credential'] ?? null);
        if (is_array($credential)) {
            array_push($this->secrets, (string) ($credential['password'] ?? ''), (string) ($credential['hash'] ?? ''));
        }
        $this->secrets[] = (string) ($user['email'] ?? '');
        $answer = match ($step['verb']) {
            'migrate' => $this->ask('migrate', [$user, $credential]),
            'change_password' => $this->ask('changePassword', [$user, $credential]),
            'request_reset' => $this->ask('requestReset', [$user]),
        };
        expect_equal('the error', $step['misuse'] ?? null, $answer['error'] ?? null);
        $outcome = $answer['outcome'] ?? [];
        if (in_array($outcome['status'] ?? null, ['queued', 'skipped', 'rejected'], true)) {
            expect_equal('a reason and a message', true, $outcome['reason'] !== null && (string) $outcome['message'] !== '');
        }
        foreach ($expect as $name => $value) {
            match ($name) {
                'has_kinde_id' => expect_equal($name, $value, $outcome['kinde_id'] !== null),
                'message_has' => expect_equal("message has $value", true, str_contains((string) $outcome['message'], $value)),
                'message_lacks' => expect_equal("message has $value", false, str_contains((string) $outcome['message'], $value)),
                'durable' => expect_equal($name, $value, $outcome['durable']),
                'notices' => expect_equal($name, in_order($value), in_order($outcome['notices'])),
                'status', 'calls', 'reason' => expect_equal("$name (message: {$outcome['message']})", $value, $outcome[$name]),
            };
        }
    }

    private function explain(array $step, array $expect): void
    {
        $asked = text($step['explain_hash']);
        array_push($this->secrets, $asked['hash'], ...$step['hides'] ?? []);
        $asked['stored'] = $asked['hash'];
        unset($asked['hash']);
        $answer = $this->ask('explain_hash', $asked);
        $required = $this->ask('require_importable', $asked);
        expect_equal('the error', $step['misuse'] ?? null, $answer['error'] ?? null);
        expect_equal('the error where it is required', $step['misuse'] ?? null, $required['error'] ?? null);
        if (isset($step['misuse'])) {
            return;
        }
        $explained = $answer['explained'];
        foreach ($expect as $name => $value) {
            is_array($value) ? ksort($value) && ksort($explained[$name]) : null;
            expect_equal($name, $value, $explained[$name]);
        }
        if ($explained['importable'] && !$explained['import_file_only']) {
            expect_equal('what is required', $answer['explained'], $required['explained'] ?? null);
        } else {
            $only = ['code' => 'hash_not_importable', 'format' => $explained['format']];
            $why = $explained['importable'] ? $only : array_intersect_key($explained, array_flip(['code', 'format', 'reason', 'advice']));
            $this->figures('refused', $why, $required['refused'] ?? []);
        }
    }

    private function end(array $end): void
    {
        foreach ($end as $what => $expected) {
            match ($what) {
                'owed' => null, // looked at before
                'users' => expect_equal('users', $expected, count($this->sandbox->get('users'))),
                'tokens' => expect_equal('tokens', $expected, $this->sandbox->get('stats')['tokens']),
                'calls' => $this->figures('calls', $expected, $this->sandbox->get('stats')['calls']),
                'sign_ins' => array_map($this->sign_in(...), $expected),
                'user' => array_map($this->user(...), $expected),
            };
        }
    }

    private function figures(string $what, array $expected, array $got): void
    {
        foreach ($expected as $name => $value) {
            expect_equal("$what: $name", $value, $got[$name] ?? null);
        }
    }

    private function sign_in(array $sign_in): void
    {
        $ok = $sign_in['ok'];
        unset($sign_in['ok']);
        $got = $this->sandbox->post('sign-in', text($sign_in));
        expect_equal("sign-in of " . json_encode($sign_in) . ' ' . $got['reason'], $ok, $got['ok']);
    }

    private function user(array $expected): void
    {
        $by = array_key_first($expected);
        foreach ($this->sandbox->get('users') as $user) {
            if (($user[$by] ?? null) === text($expected[$by])) {
                $this->figures("user $expected[$by]", text($expected), $user);
                return;
            }
        }
        throw new Failed("there is no user of this $by: " . json_encode($expected[$by]));
    }
}

/** One after the other; the answer is how many failed. */
function run_all(array $scenarios): int
{
    $sandbox = new Sandbox();
    $failed = 0;
    foreach ($scenarios as $data) {
        try {
            (new Scenario($sandbox, $data))->run();
            echo "ok $data[name]\n";
        } catch (Throwable $error) {
            $failed++;
            echo "FAILED $data[name]: ", $error instanceof Failed ? '' : get_class($error) . ': ', $error->getMessage(), "\n";
        }
    }
    return $failed;
}

/** Every AT_ONCEth in each of as many processes; the answer is how many of those failed. */
function run_at_once(string $file): int
{
    for ($part = 0; $part < AT_ONCE; $part++) {
        $command = [PHP_BINARY, '-n', __FILE__, $file];
        $processes[] = proc_open($command, [], $pipes, null, ['SCENARIO_PART' => $part] + getenv());
    }
    return count(array_filter(array_map('proc_close', $processes)));
}

$files = array_slice($argv, 1) ?: array_filter(
    glob((getenv('KINDE_MIGRATE_ROOT') ?: dirname(__DIR__, 2)) . '/tests/scenarios/*.json'),
    fn ($file) => basename($file) !== 'schema.json',
);
$part = getenv('SCENARIO_PART');
$scenarios = [];
$failed = 0;
foreach ($files as $file) {
    $data = json_decode(file_get_contents($file), true, flags: JSON_THROW_ON_ERROR);
    if (!array_is_list($data)) {
        array_push($scenarios, ...$data['scenarios']);
    } elseif ($part === false) {
        $failed += run_at_once($file);
    } else {
        array_push($scenarios, ...array_filter($data, fn ($at) => $at % AT_ONCE === (int) $part, ARRAY_FILTER_USE_KEY));
    }
}
if ($scenarios !== []) {
    $failed += run_all($scenarios);
}
if ($argc === 1 && count($scenarios) < LEAST) {
    echo 'FAILED: only ', count($scenarios), ' scenarios; there are to be ', LEAST, " at least\n";
    $failed++;
}
if ($part === false) {
    echo $failed === 0 ? "all passed\n" : "$failed failed\n";
}
exit($failed > 0 ? 1 : 0);
