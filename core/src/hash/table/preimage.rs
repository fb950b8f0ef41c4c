//! Formats that hash something else than what was typed, behind a shape that does not show it.

use super::words::*;

rows! {
    MeteorBcrypt "meteor_bcrypt_sha256" Bcrypt Certain {
        applications: "Meteor, Rocket.Chat",
        recognised_by: "nothing: the same as any bcrypt hash",
        mapping: Never("bcrypt over the hex SHA-256 of the password: what was hashed is not what is typed"),
        source: "meteor/packages/accounts-password, getPasswordString()",
        advice: CAPTURE,
    }
    NodebbBcrypt "nodebb_bcrypt_sha512" Bcrypt Certain {
        applications: "NodeBB (`password:shaWrapped`)",
        recognised_by: "nothing: the same as any bcrypt hash",
        mapping: Never("bcrypt over the hex SHA-512 of the password: what was hashed is not what is typed"),
        source: "NodeBB src/password.js",
        advice: CAPTURE,
    }
    Vbulletin5Bcrypt "vbulletin5_bcrypt_md5" Bcrypt Certain {
        applications: "vBulletin 5 and later",
        recognised_by: "nothing: the same as any bcrypt hash",
        mapping: Never("bcrypt over the hex MD5 of the password: what was hashed is not what is typed"),
        source: "vBulletin 5 password schemes (blowfish)",
        advice: CAPTURE,
    }
    Vbulletin5Argon2 "vbulletin5_argon2_md5" Argon2 Certain {
        applications: "vBulletin 5 and later",
        recognised_by: "nothing: the same as any $argon2id$",
        mapping: Never(ARGON2),
        source: "vBulletin 5 password schemes (argon2id)",
        advice: CAPTURE,
    }
    Smf21Bcrypt "smf21_bcrypt" Bcrypt Certain {
        applications: "Simple Machines Forum 2.1",
        recognised_by: "nothing: the same as any bcrypt hash",
        mapping: Never("bcrypt over the user name in lower case, then the password: what was hashed is not what is typed"),
        source: "SMF 2.1 Sources/Subs-Auth.php, hash_password()",
        advice: CAPTURE,
    }
    FlaskSecurityBcrypt "flask_security_bcrypt" Bcrypt Certain {
        applications: "Flask-Security, Flask-Security-Too",
        recognised_by: "nothing: the same as any bcrypt hash",
        mapping: Never("bcrypt over an HMAC-SHA512 of the password with SECURITY_PASSWORD_SALT"),
        source: "Flask-Security utils.get_hmac()",
        advice: CAPTURE,
    }
    FlaskSecurityPbkdf2 "flask_security_pbkdf2_sha512" Pbkdf2 Certain {
        applications: "Flask-Security, Flask-Security-Too",
        recognised_by: "nothing: the same as any $pbkdf2-sha512$",
        mapping: Never("PBKDF2 over an HMAC-SHA512 of the password with SECURITY_PASSWORD_SALT"),
        source: "Flask-Security utils.get_hmac()",
        advice: CAPTURE,
    }
    Phpbb31Bcrypt "phpbb31_bcrypt_htmlescaped" Bcrypt Certain {
        applications: "phpBB 3.1 and later, password with & < > \"",
        recognised_by: "nothing: the same as any bcrypt hash",
        mapping: Never("the hash is of the HTML-escaped password, and Kinde hashes what is typed"),
        source: "phpBB 3.1 phpbb/request/type_cast_helper.php",
        advice: RESETS_ONLY,
    }
    WordpressBcryptSlashed "wordpress_bcrypt_slashed" Bcrypt Certain {
        applications: "WordPress with a bcrypt plug-in, password with ' \" \\",
        recognised_by: "nothing: the same as any bcrypt hash",
        mapping: Never("the hash is of the slash-escaped password, and Kinde hashes what is typed"),
        source: "WordPress wp_magic_quotes()",
        advice: RESETS_ONLY,
    }
    BcryptPeppered "bcrypt_peppered" Bcrypt Certain {
        applications: "applications that add a pepper before or after the password, or take an HMAC-SHA256 with it",
        recognised_by: "nothing: the same as any bcrypt hash",
        mapping: Never("the pepper is part of the password, and Kinde has no place for it"),
        source: "common use of PHP's password_hash()",
        advice: CAPTURE,
    }
    CryptSha512Peppered "moodle_sha512_peppered" Crypt Certain {
        applications: "Moodle 4.3 and later with `passwordpeppers`",
        recognised_by: "nothing: the same as any $6$",
        mapping: Never("the pepper is part of the password, and Kinde has no place for it"),
        source: "Moodle lib/moodlelib.php, hash_internal_user_password()",
        advice: CAPTURE,
    }
    PaddedSalt "padded_salt" Digest Certain {
        applications: "applications with the salt in a padded CHAR column",
        recognised_by: "nothing: the same as any salted MD5 or SHA-256",
        mapping: Never("the salt ends with white space that was not hashed: give it without"),
        source: "SQL CHAR columns",
        advice: "give the salt without the padding, and prove the salted format again",
    }
}
