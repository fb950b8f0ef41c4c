<?php
// A walk through everything that the extension does in C, for valgrind.

require __DIR__ . '/sandbox.inc';
use KindeMigrate\Migrator;

$kinde = new Sandbox();
$settings = $kinde->settings(['deadline' => 60]);
for ($request = 0; $request < 3; $request++) {
    $migrator = new Migrator($settings);
    $ann = ['email' => 'ann@example.org', 'given_name' => 'Ann', 'provided_id' => 17, 'email_verified' => true];
    $said[] = show($migrator->migrate($ann, ['password' => 'first password', 'version' => '1']));
    $said[] = show($migrator->changePassword($ann, ['password' => "second password $request"]));
    $said[] = show($migrator->migrate(['email' => "\xff\0"], ['password' => "a\0b"]));
    $said[] = show($migrator->migrate($ann, ['hash' => 'x', 'extra' => ['salt' => 'y', 'rounds' => 5]]));
    $migrator->requestReset($ann);
    $migrator->drain(5, 1.0);
    $migrator->status();
    foreach ([
        fn () => new Migrator(['nonsense' => 1]),
        fn () => new Migrator(['domain' => []]),
        fn () => $migrator->migrate(['e-mail' => 'x']),
        fn () => $migrator->migrate($ann, ['extra' => ['salt' => []]]),
        fn () => $migrator->migrate($ann, ['password' => new stdClass()]),
        fn () => $migrator->migrate($ann, ['password' => false]),
        fn () => $migrator->__construct(['domain' => 'x'] + $settings),
        fn () => Migrator::fromEnv(),
    ] as $misuse) {
        try {
            $misuse();
            exit("this was to be thrown\n");
        } catch (Throwable) {
        }
    }
    // Once more over itself: the first reference is given back.
    $migrator->__construct($settings);
    unset($migrator);
}
touch($file = fresh_folder() . '/file');
$said[] = show((new Migrator(['ledger' => "$file/ledger.db"] + $settings))->migrate($ann));
echo implode("\n", $said), "\n";
