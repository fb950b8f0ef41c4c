//! PHP: language, shops, boards, content management.

use super::words::*;

rows! {
    PhpBcrypt2y "php_bcrypt_2y" Bcrypt Likely {
        applications: "PHP password_hash: Laravel, Symfony, Yii, Joomla 3.2+, Drupal 10, phpBB 3.1+",
        recognised_by: "$2y$",
        mapping: Call("bcrypt, written $2a$: the same algorithm"),
        source: "crypt_blowfish; Kinde documents the same for $2b$",
        advice: PROVE,
        traps: &[BCRYPT_72, PEPPER, PREIMAGE],
        like: FED_BCRYPT,
    }
    PhpArgon2i "php_argon2i" Argon2 Certain {
        applications: "PHP password_hash (PASSWORD_ARGON2I), Laravel",
        recognised_by: "$argon2i$",
        mapping: Never(ARGON2),
        source: "RFC 9106, PHC string format",
        advice: CAPTURE,
    }
    PhpArgon2id "php_argon2id" Argon2 Certain {
        applications: "PHP password_hash (PASSWORD_ARGON2ID), Laravel, Symfony",
        recognised_by: "$argon2id$",
        mapping: Never(ARGON2),
        source: "RFC 9106, PHC string format",
        advice: CAPTURE,
        like: &[Kind::NodeArgon2id, Kind::Vbulletin5Argon2],
    }
    WordpressPhpass "wordpress_phpass" Phpass Certain {
        applications: "WordPress 2.5 to 6.7",
        recognised_by: "$P$ and 31 characters",
        mapping: Call("wordpress, as it stands"),
        source: PHPASS,
        traps: &["WordPress hashes the slash-escaped form value: passwords with ' \" \\ do not verify at Kinde", LATIN1],
        like: &[Kind::WordpressPhpassSlashed],
    }
    Phpbb3Phpass "phpbb3_phpass" Phpass Likely {
        applications: "phpBB 3.0",
        recognised_by: "$H$ and 31 characters",
        mapping: Call("wordpress, written $P$: phpass treats both alike"),
        source: PHPASS,
        advice: PROVE,
        traps: &["phpBB hashes the HTML-escaped form value: passwords with & < > \" do not verify at Kinde"],
        like: &[Kind::Phpbb3PhpassHtmlescaped],
    }
    Wordpress68Bcrypt "wordpress68_bcrypt" Bcrypt Guess {
        applications: "WordPress 6.8 and later",
        recognised_by: "$wp$2y$",
        mapping: Never("bcrypt over an HMAC-SHA384 of the password; Kinde does not say whether its `wordpress` knows it"),
        source: "wp-includes/pluggable.php, wp_hash_password()",
        advice: CAPTURE,
    }
    JoomlaMd5 "joomla_md5" Digest Likely {
        applications: "Joomla up to 2.5",
        recognised_by: "32 hex:salt, shared with salt-first formats",
        mapping: Call("md5, salt as suffix; the salt begins at the first colon"),
        source: "Joomla JUserHelper::getCryptedPassword",
        advice: NAME_IT,
        traps: &[SALT_ORDER, PADDED_SALT, LATIN1],
        like: &[Kind::PaddedSalt],
    }
    OscommerceMd5 "oscommerce_md5" Digest Likely {
        applications: "osCommerce 2, xt:Commerce, Zen Cart",
        recognised_by: "32 hex:salt, shared with salt-last formats",
        mapping: Call("md5, salt as prefix; the salt begins at the first colon"),
        source: "osCommerce password_funcs.php, tep_encrypt_password()",
        advice: NAME_IT,
        traps: &[SALT_ORDER, PADDED_SALT, LATIN1],
        like: &[Kind::PaddedSalt],
    }
    Magento1Md5 "magento1_md5" Digest Likely {
        applications: "Magento 1 CE",
        recognised_by: "32 hex:salt, shared with salt-last formats",
        mapping: Call("md5, salt as prefix; the salt begins at the first colon"),
        source: "Mage_Core_Model_Encryption",
        advice: NAME_IT,
        traps: &[SALT_ORDER],
        like: &[Kind::PaddedSalt],
    }
    Magento2Sha256 "magento2_sha256" Magento Certain {
        applications: "Magento 2 (version 1)",
        recognised_by: "64 hex:salt:1",
        mapping: Call("sha256, salt as prefix: all between the first field and the last"),
        source: MAGENTO,
    }
    Magento2Md5 "magento2_md5" Magento Likely {
        applications: "Magento 2 (version 0)",
        recognised_by: "32 hex:salt:0",
        mapping: Call("md5, salt as prefix: all between the first field and the last"),
        source: MAGENTO,
        advice: PROVE,
    }
    Magento2Argon2id "magento2_argon2id" Magento Certain {
        applications: "Magento 2.3 and later (versions 2 and 3)",
        recognised_by: "64 hex:salt:2 or :3_bytes_operations_memory",
        mapping: Never(ARGON2),
        source: MAGENTO,
        advice: CAPTURE,
    }
    Magento2Chained "magento2_chained" Magento Certain {
        applications: "Magento 2, upgraded in place",
        recognised_by: "64 hex:salt:0:1 and longer chains",
        mapping: Never(NESTED),
        source: MAGENTO,
        advice: CAPTURE,
    }
    VbulletinMd5 "vbulletin_md5" Digest Certain {
        applications: "vBulletin 3 and 4",
        recognised_by: "32 hex, no mark of its own; salt beside it",
        mapping: Never(NESTED),
        source: "vBulletin verify_authentication()",
        advice: CAPTURE,
    }
    MybbMd5 "mybb_md5" Digest Certain {
        applications: "MyBB 1, IP.Board 2 and 3",
        recognised_by: "32 hex, no mark of its own; salt beside it",
        mapping: Never(NESTED),
        source: "MyBB inc/functions_user.php, salt_password()",
        advice: CAPTURE,
    }
    SymfonySha512 "symfony_sha512_5000" Digest Certain {
        applications: "Symfony 2 to 4 (MessageDigestPasswordEncoder), FOSUserBundle",
        recognised_by: "88 base64, no mark of its own; salt beside it",
        mapping: Never("SHA-512 repeated 5000 times"),
        source: "Symfony MessageDigestPasswordEncoder",
        advice: CAPTURE,
    }
    Drupal7Sha512 "drupal7_sha512" Phpass Certain {
        applications: "Drupal 7 to 10.0",
        recognised_by: "$S$ and 52 characters",
        mapping: Never("phpass with SHA-512, which Kinde's `wordpress` does not know"),
        source: "Drupal 7 includes/password.inc",
        advice: CAPTURE,
    }
    Drupal7UpgradedMd5 "drupal7_upgraded_md5" Phpass Certain {
        applications: "Drupal 7, upgraded from Drupal 6",
        recognised_by: "U$S$ (also U$P$, U$H$)",
        mapping: Never(NESTED),
        source: "Drupal 7 includes/password.inc",
        advice: CAPTURE,
    }
    WordpressPhpassSlashed "wordpress_phpass_slashed" Phpass Certain {
        applications: "WordPress 2.5 to 6.7, password with ' \" \\",
        recognised_by: "nothing: the same as any $P$",
        mapping: Never("the hash is of the slash-escaped password, and Kinde hashes what is typed"),
        source: "WordPress wp_magic_quotes()",
        advice: RESETS_ONLY,
    }
    Phpbb3PhpassHtmlescaped "phpbb3_phpass_htmlescaped" Phpass Certain {
        applications: "phpBB 3.0, password with & < > \"",
        recognised_by: "nothing: the same as any $H$",
        mapping: Never("the hash is of the HTML-escaped password, and Kinde hashes what is typed"),
        source: "phpBB 3.0 request_var()",
        advice: RESETS_ONLY,
    }
    JoomlaSha256 "joomla_sha256" Digest Likely {
        applications: "Joomla 3 (sha256), others that store hash:salt",
        recognised_by: "{SHA256}64 hex:salt; 64 hex:salt, shared with salt-first formats",
        mapping: Call("sha256, salt as suffix; the salt begins at the first colon"),
        source: "Joomla JUserHelper::getCryptedPassword",
        advice: PROVE,
        like: &[Kind::PaddedSalt],
    }
    Magento1EeSha256 "magento1_ee_sha256" Digest Likely {
        applications: "Magento 1 Enterprise Edition, others that store hash:salt",
        recognised_by: "64 hex:salt, shared with salt-last formats",
        mapping: Call("sha256, salt as prefix; the salt begins at the first colon"),
        source: "Enterprise_Pci_Model_Encryption",
        advice: NAME_IT,
        traps: &[SALT_ORDER],
        like: &[Kind::PaddedSalt],
    }
    MediawikiPbkdf2 "mediawiki_pbkdf2" Pbkdf2 Likely {
        applications: "MediaWiki 1.24 and later (default)",
        recognised_by: ":pbkdf2:digest:iterations:length:salt:key",
        mapping: Call("pbkdf2, the variant by digest and key length; salt and key as they stand"),
        source: MEDIAWIKI,
        advice: PROVE,
    }
    MediawikiBcrypt "mediawiki_bcrypt" Bcrypt Likely {
        applications: "MediaWiki 1.24 and later (bcrypt)",
        recognised_by: ":bcrypt:cost!salt!key",
        mapping: Call("bcrypt, cost, salt and key put together"),
        source: MEDIAWIKI,
        advice: PROVE,
        traps: &[BCRYPT_72],
    }
    MediawikiA "mediawiki_md5" Digest Likely {
        applications: "MediaWiki up to 1.23 with $wgPasswordSalt off",
        recognised_by: ":A:32 hex",
        mapping: Call("md5, hex in lower case"),
        source: MEDIAWIKI,
        advice: PROVE,
    }
    MediawikiB "mediawiki_salted_md5" Digest Certain {
        applications: "MediaWiki up to 1.23",
        recognised_by: ":B:salt:32 hex",
        mapping: Never(NESTED),
        source: MEDIAWIKI,
        advice: CAPTURE,
    }
}
