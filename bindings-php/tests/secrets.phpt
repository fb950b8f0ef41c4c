--TEST--
No dump and no stack trace shows a secret
--INI--
zend.exception_ignore_args=0
zend.exception_string_param_max_len=1000
--FILE--
<?php
use KindeMigrate\Migrator;

$settings = ['domain' => 'http://127.0.0.1:9', 'client_id' => 'id', 'client_secret' => 'hunter2-secret', 'ledger' => 'memory'];
$migrator = new Migrator($settings);

function thrown(Closure $try): Throwable
{
    try {
        $try();
    } catch (Throwable $error) {
        return $error;
    }
}

// Top-level calls by name, so that no frame of the test itself holds the arguments.
$seen = [
    thrown(fn () => new Migrator(['domain' => 'x', 'client_secret' => 'hunter2-secret'])),
    thrown(fn () => new Migrator('hunter2-secret')),
    thrown(fn () => $migrator->migrate(['nobody' => ''], ['password' => 'hunter2-secret'])),
    thrown(fn () => $migrator->migrate(['email' => 'a@x.org'], 'hunter2-secret')),
    thrown(fn () => $migrator->changePassword(['email' => 'a@x.org'], ['password' => 'hunter2-secret', 'unknown' => 'x'])),
    thrown(fn () => $migrator->changePassword(['email' => 'a@x.org'], 'hunter2-secret')),
];
foreach ($seen as $error) {
    $frame = $error->getTrace()[0];
    $hidden = array_filter($frame['args'], fn ($argument) => $argument instanceof SensitiveParameterValue);
    echo $frame['function'], ' ', count($hidden), ' ', str_contains((string) $error, 'hunter2') ? 'shown' : 'hidden', ' ';
    echo str_contains(print_r($error->getTrace(), true) . var_export($error->getPrevious(), true), 'hunter2') ? 'shown' : 'hidden', "\n";
}
var_dump($migrator, (array) $migrator, get_object_vars($migrator));
var_dump($migrator->migrate(['email' => 'nothing'], ['password' => 'hunter2-secret']));
?>
--EXPECTF--
__construct 1 hidden hidden
__construct 1 hidden hidden
migrate 1 hidden hidden
migrate 1 hidden hidden
changePassword 1 hidden hidden
changePassword 1 hidden hidden
object(KindeMigrate\Migrator)#%d (0) {
}
array(0) {
}
array(0) {
}
object(KindeMigrate\Outcome)#%d (7) {
  ["status"]=>
  string(8) "rejected"
  ["kinde_id"]=>
  NULL
  ["calls"]=>
  int(0)
  ["reason"]=>
  string(13) "email_invalid"
  ["message"]=>
  string(%d) "%s"
  ["durable"]=>
  bool(true)
  ["notices"]=>
  array(0) {
  }
}
