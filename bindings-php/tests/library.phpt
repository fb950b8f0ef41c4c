--TEST--
A library that does not fit is found when PHP starts, not in a login, and PHP goes on without the extension
--SKIPIF--
<?php require __DIR__ . '/skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/sandbox.inc';

$module = getenv('KINDE_MIGRATE_MODULE');
$dynamic = shell_exec('readelf -d ' . escapeshellarg($module));
var_dump(preg_match('/BIND_NOW|\bNOW\b/', $dynamic));

// Every function of the library's that the extension calls is among those that it looks for.
preg_match_all('/^ +(\w) (kinde_\w+)$/m', shell_exec('nm -D --undefined-only ' . escapeshellarg($module)), $found);
[, $kinds, $functions] = $found;
$strong = array_filter($functions, fn ($at) => $kinds[$at] !== 'w', ARRAY_FILTER_USE_KEY);
var_dump(count($functions) > 30, array_values($strong));

/** A folder with a library of these functions. */
function library(string $version, array $functions): string
{
    $folder = fresh_folder();
    $source = "const char *kinde_version(void) { return \"$version\"; }\n";
    foreach (array_diff($functions, ['kinde_version']) as $function) {
        $source .= "void $function(void) {}\n";
    }
    file_put_contents("$folder/stub.c", $source);
    passthru("cc -shared -fPIC -Wl,-soname,libkinde_migrate.so.0 -o $folder/libkinde_migrate.so.0 $folder/stub.c", $status);
    return $status === 0 ? $folder : throw new RuntimeException('cc');
}

/** What PHP says with this library: to the log, and of itself. */
function with(string $folder): string
{
    $script = 'echo extension_loaded("kinde_migrate") ? "loaded" : "not loaded", class_exists("KindeMigrate\\Migrator") ? "" : ", no class", ", goes on\n";';
    $command = [PHP_BINARY, '-n', '-d', 'display_startup_errors=0', '-d', 'log_errors=1', '-d', 'extension=' . getenv('KINDE_MIGRATE_MODULE'), '-r', $script];
    $process = proc_open($command, [['file', '/dev/null', 'r'], ['pipe', 'w'], ['pipe', 'w']], $pipes, null, ['LD_LIBRARY_PATH' => $folder] + getenv());
    $said = stream_get_contents($pipes[1]);
    $log = preg_replace('/^\[[^]]*\] /m', '', trim(stream_get_contents($pipes[2])));
    return $said . ($log === '' ? '' : "  $log\n") . '  status ' . proc_close($process) . "\n";
}

$extension = phpversion('kinde_migrate');
echo 'older: ', with(library('0.0.1', $functions));
echo 'much older: ', with(library('0.0.1', ['kinde_migrator_new']));
echo 'of its own version, but lacking one: ', with(library($extension, array_diff($functions, ['kinde_outcome_durable'])));
echo 'newer: ', with(library('99.0.0', $functions));
file_put_contents(($folder = fresh_folder()) . '/libkinde_migrate.so.0', 'not a library');
echo 'damaged: ', with($folder);
?>
--EXPECTF--
int(1)
bool(true)
array(1) {
  [0]=>
  string(13) "kinde_version"
}
older: not loaded, no class, goes on
  PHP Warning:  kinde_migrate is not loaded: the installed libkinde_migrate is version 0.0.1, and this extension was compiled for %d.%d.%d; install libkinde_migrate %d.%d.%d or later, or compile the extension anew in Unknown on line 0
  status 0
much older: not loaded, no class, goes on
  PHP Warning:  kinde_migrate is not loaded: the installed libkinde_migrate is version 0.0.1 and has no kinde_%s, and this extension was compiled for %d.%d.%d; %s
  status 0
of its own version, but lacking one: not loaded, no class, goes on
  PHP Warning:  kinde_migrate is not loaded: the installed libkinde_migrate is version %d.%d.%d and has no kinde_outcome_durable, and this extension was compiled for %d.%d.%d; %s
  status 0
newer: loaded, goes on
  status 0
damaged: not loaded, no class, goes on
  PHP Warning:  PHP Startup: Unable to load dynamic library %s
  status 0
