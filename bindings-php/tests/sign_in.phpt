--TEST--
Sign-in, sign-in again, change of password, reset: proved by signing in at Kinde
--SKIPIF--
<?php require __DIR__ . '/skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/sandbox.inc';
use KindeMigrate\Migrator;

$kinde = new Sandbox();
$migrator = new Migrator($settings = $kinde->settings());
$ann = ['email' => 'ann+x@example.org', 'given_name' => 'Ann', 'family_name' => "O'Brien", 'provided_id' => 17, 'email_verified' => true];

$hash = password_hash('first password', PASSWORD_BCRYPT, ['cost' => 4]);
$outcome = $migrator->migrate($ann, ['password' => 'first password', 'version' => $hash]);
echo show($outcome), ' ', preg_match('/^kp_\w+$/', $outcome->kinde_id), "\n";
echo show($migrator->migrate($ann, ['password' => 'first password', 'version' => $hash])), "\n";
// Another request of the same process: the same connections, token and ledger.
$again = new Migrator($settings);
echo show($again->migrate($ann, ['password' => 'first password', 'version' => $hash])), "\n";
var_dump($kinde->signsIn('ann+x@example.org', 'first password'));

echo show($again->changePassword($ann, ['password' => 'second password', 'version' => 'v2'])), "\n";
var_dump($kinde->signsIn('ann+x@example.org', 'first password'), $kinde->signsIn('ann+x@example.org', 'second password'));

// The stored hash alone, as the database has it.
echo show($migrator->migrate(['email' => 'bob@example.org'], ['hash' => $hash])), "\n";
var_dump($kinde->signsIn('bob@example.org', 'first password'));
// What is stored beside a hash arrives by its name.
$extra = ['hash' => md5('salt and password'), 'format' => 'raw_md5_hex', 'extra' => ['sallt' => 'salt']];
echo show($migrator->migrate(['email' => 'eve@example.org'], $extra)), "\n";

echo $migrator->requestReset($ann)->status, "\n";
$user = array_column($kinde->get('users'), null, 'email')['ann+x@example.org'];
echo json_encode([$user['first_name'] ?? $user['given_name'], $user['provided_id'], $user['is_password_reset_requested']]), "\n";
echo json_encode($migrator->status()), "\n";
echo json_encode($migrator->drain()), "\n";
echo $kinde->calls(), "\n";
?>
--EXPECTF--
created 3 1
unchanged 0
unchanged 0
bool(true)
updated 2
bool(false)
bool(true)
created 3
bool(true)
rejected 0 hash_extra_invalid
updated
["Ann","17",true]
{"carried":2,"owed":0,"pending_by_reason":[],"sealed":0,"not_durable":0,"unproven":%d,"oldest_owed_seconds":null,"dead":0,"dead_by_reason":[],"in_memory":false,"left_behind":[],"last_error":null,"kinde":"up","retry_in_seconds":null,"rate_limited":0,"tokens_this_month":1,"limit_per_minute":null,"limit_in_flight":null}
{"delivered":0,"dropped":0,"left":0}
check 4, create 2, set_password 3, reset 1, tokens 1
