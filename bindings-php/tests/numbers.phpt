--TEST--
Numbers are taken as the text that they are; what is no exact number is refused
--SKIPIF--
<?php require __DIR__ . '/skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/sandbox.inc';
use KindeMigrate\Migrator;

$kinde = new Sandbox();
$migrator = new Migrator($kinde->settings());
$ids = [7, PHP_INT_MAX, -3, 0, 25000.0, 9007199254740991.0, -4.0, 1e15];
foreach ($ids as $at => $id) {
    $outcome = $migrator->migrate(['email' => "user$at@example.org", 'provided_id' => $id], ['password' => 'first password']);
    echo $outcome->status, ' ', array_column($kinde->get('users'), 'provided_id', 'email')["user$at@example.org"], "\n";
}

foreach ([25000, 25000.0, '25000'] as $iterations) {
    echo json_encode(KindeMigrate\explain_hash(str_repeat('0a', 32), 'no_such_format', ['iterations' => $iterations])['code']), "\n";
}

foreach ([true, false, 1, 0, 1.0, '1', '0', 'true', 'false', null] as $verified) {
    echo $migrator->requestReset(['email' => 'nobody@example.org', 'email_verified' => $verified])->reason, ' ';
}
echo $migrator->requestReset(['email' => 'nobody@example.org', 'email_verified' => 2])->reason, "\n";

foreach ([7.5, 9007199254740992.0, -1e300, NAN, INF] as $float) {
    foreach ([fn () => $migrator->requestReset(['email' => 'x@x.org', 'provided_id' => $float]),
        fn () => KindeMigrate\explain_hash('x', null, ['iterations' => $float])] as $call) {
        try {
            $call();
            echo "taken\n";
        } catch (KindeMigrate\Exception $exception) {
            echo $exception->getErrorCode(), ': ', $exception->getMessage(), "\n";
        }
    }
}
// Settings have fractions.
new Migrator(['deadline' => 1.5, 'use_at_most' => 0.8, 'max_in_flight' => 4] + $kinde->settings());
?>
--EXPECTF--
created 7
created 9223372036854775807
created -3
created 0
created 25000
created 9007199254740991
created -4
created 1000000000000000
"hash_format_unknown"
"hash_format_unknown"
"hash_format_unknown"
not_in_kinde not_in_kinde not_in_kinde not_in_kinde not_in_kinde not_in_kinde not_in_kinde not_in_kinde not_in_kinde not_in_kinde not_in_kinde
argument_type: a user's field, provided_id, is a float that no whole number can be told from; give it as a string
argument_type: a credential's field, extra.iterations, is a float that no whole number can be told from; give it as a string
argument_type: a user's field, provided_id, is a float that no whole number can be told from; give it as a string
argument_type: a credential's field, extra.iterations, is a float that no whole number can be told from; give it as a string
argument_type: a user's field, provided_id, is a float that no whole number can be told from; give it as a string
argument_type: a credential's field, extra.iterations, is a float that no whole number can be told from; give it as a string
argument_type: a user's field, provided_id, is a float that no whole number can be told from; give it as a string
argument_type: a credential's field, extra.iterations, is a float that no whole number can be told from; give it as a string
argument_type: a user's field, provided_id, is a float that no whole number can be told from; give it as a string
argument_type: a credential's field, extra.iterations, is a float that no whole number can be told from; give it as a string
