<?php
// Hashes by PHP, one JSON object a line; see README.md.
const CRYPT64 = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

function password(string $characters = "abcXYZ019 '\"\\<>&$:{}!äöüßéñ€漢字😀"): string
{
    $all = preg_split('//u', $characters, -1, PREG_SPLIT_NO_EMPTY);
    $length = [0, 1, 3, 8, 20, 60][random_int(0, 5)];
    return implode('', array_map(fn () => $all[random_int(0, count($all) - 1)], array_fill(0, $length, 0)));
}

function salt(int $length): string
{
    return implode('', array_map(fn () => CRYPT64[random_int(0, 63)], array_fill(0, $length, 0)));
}

function show(string $format, string $password, string $stored, ?array $extra = null): void
{
    echo json_encode(
        ['format' => $format, 'password' => $password, 'stored_hash' => $stored, 'extra' => $extra],
        JSON_UNESCAPED_UNICODE
    ), "\n";
}

// phpass's and Drupal's loop and base64, with 2^8 rounds.
function phpass(string $mark, string $password, string $algorithm): string
{
    $salt = salt(8);
    $state = hash($algorithm, $salt . $password, true);
    for ($round = 0; $round < 256; $round++) {
        $state = hash($algorithm, $state . $password, true);
    }
    $text = '';
    foreach (str_split($state, 3) as $group) {
        $value = array_sum(array_map(fn ($place) => ord($group[$place]) << 8 * $place, range(0, strlen($group) - 1)));
        for ($place = 0; $place <= strlen($group); $place++) {
            $text .= CRYPT64[$value >> 6 * $place & 63];
        }
    }
    return $mark . CRYPT64[8] . $salt . $text;
}

// Outer spaces, and as long as anybody's.
foreach ([password(), '  ' . password() . ' ', str_repeat('é', 100), str_repeat('x', 68) . 'abc', str_repeat('x', 68) . 'abcd', str_repeat('x', 68) . 'abcde'] as $p) {
    show('php_bcrypt_2y', $p, password_hash($p, PASSWORD_BCRYPT, ['cost' => 4]));
}
// Salts that applications made up have spare bits set in their last character.
show('php_bcrypt_2y', 'made up', crypt('made up', '$2y$04$' . salt(22)));
$p = password();
show('php_argon2i', $p, password_hash($p, PASSWORD_ARGON2I, ['memory_cost' => 64, 'time_cost' => 2]));
show('php_argon2id', $p, password_hash($p, PASSWORD_ARGON2ID, ['memory_cost' => 64, 'time_cost' => 2]));
show('crypt_md5', $p, crypt($p, '$1$' . salt(8)));
show('crypt_sha256', $p, crypt($p, '$5$rounds=1000$' . salt(random_int(1, 16))));
show('crypt_sha512', $p, crypt($p, '$6$' . salt(random_int(1, 16))));
show('crypt_des', $p, crypt($p, salt(2)));
show('crypt_ext_des', $p, crypt($p, '_/...' . salt(4)));
$hashed = base64_encode(hash_hmac('sha384', $p, 'wp-sha384', true));
show('wordpress68_bcrypt', $p, '$wp' . password_hash($hashed, PASSWORD_BCRYPT, ['cost' => 4]));
$p = password("abc019 äöüßéñ");
show('raw_md5_hex_latin1', $p, md5(iconv('UTF-8', 'ISO-8859-1', $p)));
$p = password("ab'\"\\<>&");
show('wordpress_phpass_slashed', $p, phpass('$P$', addslashes($p), 'md5'));
show('phpbb3_phpass_htmlescaped', $p, phpass('$H$', htmlspecialchars($p, ENT_COMPAT), 'md5'));
show('drupal7_sha512', $p, substr(phpass('$S$', $p, 'sha512'), 0, 55));
show('drupal7_upgraded_md5', $p, substr('U' . phpass('$S$', md5($p), 'sha512'), 0, 56));
show('drupal7_upgraded_md5', $p, 'U' . phpass('$P$', md5($p), 'md5'));
show('werkzeug_hmac_sha256', $p, 'sha256$salt$' . hash_hmac('sha256', $p, 'salt'));
show('werkzeug_hmac_md5', $p, 'md5$salt$' . hash_hmac('md5', $p, 'salt'));
if (function_exists('sodium_crypto_pwhash')) {
    $salt = bin2hex(random_bytes(16));
    $argon = fn ($text) => bin2hex(sodium_crypto_pwhash(32, $text, substr($salt, 0, 16), 1, 1 << 20, SODIUM_CRYPTO_PWHASH_ALG_ARGON2ID13));
    show('magento2_argon2id', $p, $argon($p) . ":$salt:3_32_1_1048576");
    show('magento2_chained', $p, $argon(md5($salt . $p)) . ":$salt:0:3_32_1_1048576");
}

// What is hashed in place of what was typed, and what is written round a hash.
$p = password("abcXYZ019 '\"\\<>&äöü");
$options = ['cost' => 4];
show('vbulletin5_bcrypt_md5', $p, password_hash(md5($p), PASSWORD_BCRYPT, $options));
show('vbulletin5_argon2_md5', $p, password_hash(md5($p), PASSWORD_ARGON2ID, ['memory_cost' => 64, 'time_cost' => 2]));
show('phpbb31_bcrypt_htmlescaped', $p, password_hash(htmlspecialchars($p, ENT_COMPAT), PASSWORD_BCRYPT, $options));
show('wordpress_bcrypt_slashed', $p, password_hash(addslashes($p), PASSWORD_BCRYPT, $options));
show('smf21_bcrypt', $p, password_hash('ärny b' . $p, PASSWORD_BCRYPT, $options), ['username' => 'Ärny B']);
$pepper = salt(24);
foreach ([$p . $pepper, $pepper . $p, hash_hmac('sha256', $p, $pepper)] as $fed) {
    show('bcrypt_peppered', $p, password_hash($fed, PASSWORD_BCRYPT, $options), ['pepper' => $pepper]);
}
show('moodle_sha512_peppered', $p, crypt($p . $pepper, '$6$rounds=1000$' . salt(16)), ['pepper' => $pepper]);
$whole = password_hash($p, PASSWORD_BCRYPT, $options);
show('php_bcrypt_2y', $p, "1|$whole");
show('php_bcrypt_2y', $p, serialize(['hash' => $whole]));
show('php_bcrypt_2y', $p, '{BLF-CRYPT}' . $whole);
show('mediawiki_bcrypt', $p, ':bcrypt:4!' . substr($whole, 7, 22) . '!' . substr($whole, 29));
show('typo3_upgraded', $p, 'M' . phpass('$P$', md5($p), 'md5'));
