--TEST--
A migrator that was used before a fork works in children and grandchildren, at the same time
--SKIPIF--
<?php require __DIR__ . '/skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/sandbox.inc';
use KindeMigrate\Migrator;

$kinde = new Sandbox();
$migrator = new Migrator($settings = $kinde->settings());
$credential = ['password' => 'first password', 'version' => '1'];
$sign_in = fn (string $name) => show($migrator->migrate(['email' => "$name@example.org"], $credential));
echo 'parent: ', $sign_in('parent'), "\n";

/** Runs it in a child; a child that hangs is killed by its own alarm. */
function child(callable $work): int
{
    $pid = pcntl_fork();
    if ($pid === 0) {
        pcntl_alarm(20);
        $work();
        exit(0);
    }
    return $pid;
}
function ended(int $pid): string
{
    pcntl_waitpid($pid, $status);
    return pcntl_wifexited($status) && pcntl_wexitstatus($status) === 0 ? '' : ' ended wrongly';
}

$folder = fresh_folder();
$children = [];
for ($i = 0; $i < 4; $i++) {
    $children[$i] = child(function () use ($i, $sign_in, $folder, $settings, $credential) {
        $said = [$sign_in("child$i"), $sign_in("child$i"), $sign_in('parent')];
        $grandchild = child(function () use ($i, $sign_in, $folder, $settings, $credential) {
            $new = show((new Migrator($settings))->migrate(['email' => "own$i@example.org"], $credential));
            file_put_contents("$folder/grand$i", $sign_in("grandchild$i") . ', ' . $new);
        });
        file_put_contents("$folder/$i", implode(', ', $said) . ended($grandchild));
    });
}
// The parent goes on meanwhile.
echo 'parent: ', $sign_in('parent'), ', ', $sign_in('second'), "\n";
foreach ($children as $i => $pid) {
    $end = ended($pid);
    echo "child $i$end: ", file_get_contents("$folder/$i"), '; ', file_get_contents("$folder/grand$i"), "\n";
}
echo 'parent: ', $sign_in('third'), "\n";
echo count($kinde->get('users')), ' users, ', $kinde->calls(), "\n";
?>
--EXPECT--
parent: created 3
parent: unchanged 0, created 3
child 0: created 3, unchanged 0, unchanged 0; created 3, created 3
child 1: created 3, unchanged 0, unchanged 0; created 3, created 3
child 2: created 3, unchanged 0, unchanged 0; created 3, created 3
child 3: created 3, unchanged 0, unchanged 0; created 3, created 3
parent: created 3
15 users, check 15, create 15, set_password 15, reset 0, tokens 1
