--TEST--
What is said of a stored hash, and the exception for one that cannot be carried over
--INI--
zend.exception_ignore_args=0
zend.exception_string_param_max_len=1000
--FILE--
<?php
use KindeMigrate\HashNotImportable;
use function KindeMigrate\explain_hash;
use function KindeMigrate\require_importable;

const BCRYPT = '$2b$10$UCWiQRKQNXYJLgt.0Wo6JeHWSx.g3Ni.qWTzBP/u/2hTSxTEaU8ue';
const ARGON2 = '$argon2id$v=19$m=65536,p=4,t=3$cu5d4dBuh/LrB3eGVXSN4w$xChxHjGRyR/QPbrEGnoyNZ9Zkt3ayIigkRnriqtgJic';
const MD5 = '88e4ddd2402d92d50e1879d6ecd9ffd4';

echo implode(' ', array_keys(explain_hash(BCRYPT))), "\n";
echo json_encode(explain_hash(BCRYPT)['kinde']), "\n";
var_dump(require_importable(BCRYPT) === explain_hash(BCRYPT));
echo json_encode(explain_hash(MD5, format: 'joomla_md5', extra: ['salt' => null])['code']), "\n";
echo json_encode(explain_hash("\xff")['reason']), "\n";

foreach ([ARGON2, MD5, '', '!'] as $stored) {
    try {
        require_importable($stored);
    } catch (HashNotImportable $refused) {
        echo $refused->getErrorCode(), ' ', $refused->getCode(), ': ', json_encode($refused->format), ' ', $refused->reason, "\n";
        echo '  ', $refused->advice, ' ', $refused instanceof KindeMigrate\Exception ? 'is an Exception' : '', "\n";
    }
}

$tries = [
    'no text' => fn () => explain_hash(['hash' => BCRYPT]),
    'a guess that there is not' => fn () => explain_hash(BCRYPT, null, [], 'bcrypt'),
    'a guess with a NUL' => fn () => explain_hash(BCRYPT, allow_guesses: "all\0"),
    'extra without a name' => fn () => explain_hash(BCRYPT, null, [BCRYPT]),
    'extra of a wrong type' => fn () => explain_hash(BCRYPT, null, ['salt' => [BCRYPT]]),
    'not importable' => fn () => require_importable(ARGON2, null, ['salt' => ARGON2]),
    'changed' => function () use ($refused) { $refused->reason = 'none'; },
];
foreach ($tries as $name => $try) {
    try {
        var_dump($try());
    } catch (Throwable $error) {
        $frames = print_r(array_map(fn ($frame) => $frame['args'] ?? [], $error->getTrace()), true);
        $shown = str_contains("$error$frames", 'UCWiQRKQ') || str_contains("$error$frames", 'xChxHjGR');
        echo "$name: ", get_class($error), ': ', $error->getMessage(), $shown ? ' SHOWS A SECRET' : '', "\n";
    }
}
?>
--EXPECTF--
format candidates applications importable confidence kinde import_file_only code reason advice test_first traps proven notices
{"hashed_password":"$2b$10$<53 bytes>","hashing_method":"bcrypt"}
bool(true)
"hash_extra_missing"
"the value is not valid UTF-8"
hash_not_importable 322: "node_argon2id" Kinde has no method for argon2
  hand the plaintext password over at the next sign-in, or ask the user for a reset is an Exception
hash_ambiguous 321: null the value has no mark of its own and may be %s
  name the format, and prove it with one known password is an Exception
hash_no_password 328: "no_password" the account has no password
  carry the user without a password is an Exception
hash_no_password 328: "no_password" the account has no password
  carry the user without a password is an Exception
no text: TypeError: KindeMigrate\explain_hash(): Argument #1 ($stored) must be of type string, array given
a guess that there is not: KindeMigrate\Exception: allow_guesses has an id that cannot be used: no format has this id
a guess with a NUL: ValueError: KindeMigrate\explain_hash(): Argument #4 ($allow_guesses) must not contain any null bytes
extra without a name: KindeMigrate\Exception: the name of a credential's field is a text without NUL bytes
extra of a wrong type: KindeMigrate\Exception: a credential's field, extra.salt, is to be a text, not array
not importable: KindeMigrate\HashNotImportable: node_argon2id: Kinde has no method for argon2; hand the plaintext password over at the next sign-in, or ask the user for a reset
changed: Error: Cannot modify readonly property KindeMigrate\HashNotImportable::$reason
