--TEST--
php-fpm with Debian's pool, which clears the environment: README's lines take php.ini, and no mistake of the operator's ends a login
--SKIPIF--
<?php require __DIR__ . '/skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/sandbox.inc';
require __DIR__ . '/fpm.inc';

preg_match('/^```php\n(.*?)^```$/ms', file_get_contents(getenv('KINDE_MIGRATE_ROOT') . '/README.md'), $readme);
$login = "$readme[1]
signed_in('ann@example.org', 'first password', 'stored hash');
echo 'signed in here ', getenv('KINDE_DOMAIN') === false ? 'without' : 'with', ' an environment';
";

// What is not a comment in /etc/php/*/fpm/pool.d/www.conf, but for its user and its socket.
const POOL = ['pm = dynamic', 'pm.max_children = 5', 'pm.start_servers = 2', 'pm.min_spare_servers = 1', 'pm.max_spare_servers = 3'];

$kinde = new Sandbox();
$ledger = fresh_folder() . '/ledger.db';
$extension = 'extension=' . Fpm::module() . "\n";
$settings = [
    'kinde_migrate.domain' => $kinde->url,
    'kinde_migrate.client_id' => Sandbox::CLIENT_ID,
    'kinde_migrate.client_secret' => Sandbox::CLIENT_SECRET,
    'kinde_migrate.ledger' => $ledger,
    'kinde_migrate.deadline' => '10',
];
touch($file = fresh_folder() . '/file');

function ini(array $settings): string
{
    return implode(array_map(fn ($name, $value) => "$name = \"$value\"\n", array_keys($settings), $settings));
}
/** @return array{string, string} the page, and the web server's log */
function page(string $ini): array
{
    global $login, $kinde;
    // None of this is seen by a worker.
    $outside = ['KINDE_DOMAIN' => $kinde->url, 'KINDE_MANAGEMENT_CLIENT_ID' => 'x', 'KINDE_MANAGEMENT_CLIENT_SECRET' => 'y'];
    [$page, $log] = (new Fpm(POOL, [], ini: $ini, outside: $outside))->said($login);
    $status = preg_match('/^Status: (\d+)/m', $page, $found) ? $found[1] : '200';
    return ["$status " . strtr(substr(strstr($page, "\r\n\r\n"), 4), "\n", ' '), $log];
}

echo page($extension . ini($settings))[0], "\n";
var_dump($kinde->signsIn('ann@example.org', 'first password'));

$mistakes = [
    'no settings' => $extension,
    'a wrong one' => $extension . ini(['kinde_migrate.domain' => 'http://team.kinde.com'] + $settings),
    'no extension' => '',
];
foreach ($mistakes as $mistake => $ini) {
    [$page, $log] = page($ini);
    preg_match('/kinde: [^\n]*/', $log, $line);
    echo "$mistake: $page; $line[0]\n";
}

// A notice shows without any setting of PHP's.
[$page, $log] = page($extension . ini(['kinde_migrate.ledger' => "$file/ledger.db"] + $settings));
echo $page, ' ', substr_count($log, '[ledger_unavailable]'), "\n";
?>
--EXPECTF--
200 created signed in here without an environment
bool(true)
no settings: 200 signed in here without an environment; kinde: domain is missing%s
a wrong one: 200 signed in here without an environment; kinde: %s https only%S
no extension: 200 signed in here without an environment; kinde: Class "KindeMigrate\Migrator" not found%S
200 %s signed in here without an environment 1
