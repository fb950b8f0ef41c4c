<?php
// Drives the application over HTTP, against a sandbox of its own.

require __DIR__ . '/../../bindings-php/tests/sandbox.inc';

$module = getenv('KINDE_MIGRATE_MODULE') ?: 'kinde_migrate';
$folder = fresh_folder();
$log = "$folder/log";
$kinde = new Sandbox();
$environment = array_filter(getenv(), fn ($name) => !str_starts_with($name, 'KINDE_'), ARRAY_FILTER_USE_KEY) + [
    'KINDE_DOMAIN' => $kinde->url,
    'KINDE_MANAGEMENT_CLIENT_ID' => Sandbox::CLIENT_ID,
    'KINDE_MANAGEMENT_CLIENT_SECRET' => Sandbox::CLIENT_SECRET,
    'KINDE_MIGRATE_LEDGER' => "$folder/kinde/ledger.db",
    'KINDE_MIGRATE_DEADLINE' => '10',
    'LEGACY_DATABASE' => "$folder/legacy.db",
];
$php = [PHP_BINARY, ...(extension_loaded('kinde_migrate') ? [] : ['-d', "extension=$module"])];
$start = function (array $arguments) use (&$php, $log, &$environment) {
    return proc_open([...$php, ...$arguments], [['file', '/dev/null', 'r'], ['file', $log, 'a'], ['file', $log, 'a']], $pipes, __DIR__, $environment);
};

proc_close($start(['seed.php', '2'])) === 0 || exit("FAILED seed.php\n" . file_get_contents($log));
$port = (function () {
    $socket = stream_socket_server('tcp://127.0.0.1:0');
    return (int) substr(strrchr(stream_socket_get_name($socket, false), ':'), 1);
})();
$server = $start(['-S', "127.0.0.1:$port", '-t', 'public']);
register_shutdown_function(function () use (&$server) {
    proc_terminate($server);
    proc_close($server);
});
for ($tries = 0; !@fsockopen('127.0.0.1', $port); $tries++) {
    $tries < 500 || exit("FAILED the server does not start\n" . file_get_contents($log));
    usleep(10_000);
}

$cookie = '';
/** The status of the answer; the cookie is kept. */
function post(string $page, array $fields): int
{
    global $port, $cookie;
    $context = stream_context_create(['http' => [
        'method' => 'POST', 'content' => http_build_query($fields), 'ignore_errors' => true, 'follow_location' => 0,
        'header' => ['Content-Type: application/x-www-form-urlencoded', "Cookie: $cookie"],
    ]]);
    file_get_contents("http://127.0.0.1:$port/$page.php", false, $context);
    foreach ($http_response_header as $line) {
        if (preg_match('/^Set-Cookie: (legacy=[^;]+)/i', $line, $found)) {
            $cookie = $found[1];
        }
    }
    return (int) explode(' ', $http_response_header[0])[1];
}
function check(string $what, mixed $expected, mixed $got): void
{
    global $log;
    if ($expected !== $got) {
        exit("FAILED $what: " . json_encode($got) . ', not ' . json_encode($expected) . "\n" . file_get_contents($log));
    }
    echo "ok $what\n";
}
/** What the application's log says of the last outcome. */
function logged(): string
{
    global $log;
    preg_match_all('/kinde: (\w+ calls=\d+)/', file_get_contents($log), $found);
    return (string) end($found[1]);
}

$ann = ['email' => 'USER1@php.example', 'password' => 'legacy password 1'];
check('a wrong password', 401, post('login', ['password' => 'wrong'] + $ann));
check('nobody', 401, post('login', ['email' => 'nobody@php.example', 'password' => 'x']));
check('an empty form', 400, post('login', []));
check('an odd form', 400, post('login', ['email' => ['x'], 'password' => "a\0b"]));
check('nothing of it at Kinde', [], $kinde->get('users'));
check('a change of password without a session', 401, post('password', ['password' => 'x', 'new_password' => 'y']));
check('a sign-in', 303, post('login', $ann));
check('its outcome', 'created calls=3', logged());
check('the sign-in at Kinde', true, $kinde->signsIn('user1@php.example', 'legacy password 1'));
$before = $kinde->calls();
check('the next sign-in', 303, post('login', $ann));
check('its outcome', 'unchanged calls=0', logged());
check('its calls', $before, $kinde->calls());
check('a change of password with a wrong one', 401, post('password', ['password' => 'wrong', 'new_password' => 'grüße & co']));
check('a change of password', 303, post('password', ['password' => 'legacy password 1', 'new_password' => 'grüße & co']));
check('its outcome', 'updated calls=2', logged());
check('the new password at Kinde', true, $kinde->signsIn('user1@php.example', 'grüße & co'));
check('the old password at Kinde', false, $kinde->signsIn('user1@php.example', 'legacy password 1'));
check('the old password here', 401, post('login', $ann));
check('no e-mail address', 400, post('signup', ['email' => 'nobody', 'password' => 'open sesame']));
check('a sign-up', 303, post('signup', ['email' => 'zoë+1@php.example', 'password' => 'open sesame']));
check('its outcome', 'created calls=3', logged());
check('the new user at Kinde', true, $kinde->signsIn('zoë+1@php.example', 'open sesame'));
check('a second sign-up', 409, post('signup', ['email' => 'zoë+1@php.example', 'password' => 'open sesame']));

// Wrong settings and an extension that is missing are the operator's to mend; nobody is kept out by them.
$restart = function () use (&$server, $start, $port) {
    proc_terminate($server);
    proc_close($server);
    $server = $start(['-S', "127.0.0.1:$port", '-t', 'public']);
    for ($tries = 0; !@fsockopen('127.0.0.1', $port) && $tries < 500; $tries++) {
        usleep(10_000);
    }
};
$right = $environment;
$environment['KINDE_DOMAIN'] = 'http://team.kinde.com';
$restart();
check('a sign-in with wrong settings', 303, post('login', ['email' => 'user2@php.example', 'password' => 'legacy password 2']));
check('the log says what is wrong', true, str_contains(file_get_contents($log), 'passwords go over https only'));
$environment = $right;
if (!extension_loaded('kinde_migrate')) {
    [$with, $php] = [$php, [PHP_BINARY]];
    $restart();
    check('a sign-in without the extension', 303, post('login', ['email' => 'user2@php.example', 'password' => 'legacy password 2']));
    check('the log says that it is missing', true, str_contains(file_get_contents($log), 'Class "KindeMigrate\Migrator" not found'));
    $php = $with;
}
$restart();

$kinde->stop();
check('a sign-in while Kinde is down', 303, post('login', ['email' => 'user2@php.example', 'password' => 'legacy password 2']));
check('its outcome', 'queued', explode(' ', logged())[0]);
$said = file_get_contents($log);
check('the log shows no password', 0, preg_match('/sesame|legacy password|' . Sandbox::CLIENT_SECRET . '/', $said));
check('the log shows no error of PHP', 0, preg_match('/PHP (Warning|Fatal|Notice|Deprecated)/', $said));
