//! Django.

use super::words::*;

rows! {
    DjangoPbkdf2Sha256 "django_pbkdf2_sha256" Pbkdf2 Likely {
        applications: "Django (default hasher)",
        recognised_by: "pbkdf2_sha256$iterations$salt$base64",
        mapping: Call("pbkdf2, salted-pbkdf2-hmac-sha256; salt: base64 of the salt's text; key as it stands"),
        source: DJANGO,
        advice: PROVE,
    }
    DjangoPbkdf2Sha1 "django_pbkdf2_sha1" Pbkdf2 Certain {
        applications: "Django (PBKDF2SHA1PasswordHasher)",
        recognised_by: "pbkdf2_sha1$iterations$salt$base64",
        mapping: Never(PBKDF2_SHA1),
        source: DJANGO,
        advice: CAPTURE,
    }
    DjangoArgon2 "django_argon2" Argon2 Certain {
        applications: "Django (Argon2PasswordHasher)",
        recognised_by: "argon2$argon2id$ or argon2$argon2i$",
        mapping: Never(ARGON2),
        source: DJANGO,
        advice: CAPTURE,
    }
    DjangoBcryptSha256 "django_bcrypt_sha256" Bcrypt Certain {
        applications: "Django (BCryptSHA256PasswordHasher)",
        recognised_by: "bcrypt_sha256$$2b$",
        mapping: Never("bcrypt over the hex SHA-256 of the password: without the prefix it would never verify"),
        source: DJANGO,
        advice: CAPTURE,
    }
    DjangoBcrypt "django_bcrypt" Bcrypt Certain {
        applications: "Django (BCryptPasswordHasher)",
        recognised_by: "bcrypt$$2b$",
        mapping: Call("bcrypt, without Django's prefix"),
        source: DJANGO,
        traps: &[BCRYPT_72, PREIMAGE],
    }
    DjangoScrypt "django_scrypt" Scrypt Guess {
        applications: "Django 4.0 and later (ScryptPasswordHasher)",
        recognised_by: "scrypt$N$salt$r$p$base64",
        mapping: Call(P1_SCRYPT),
        source: DJANGO,
        advice: LIVE_TEST,
        traps: &["Django 5.2 writes p = 5, which is not importable"],
    }
    DjangoMd5 "django_md5" Digest Likely {
        applications: "Django (MD5PasswordHasher)",
        recognised_by: "md5$salt$32 hex, shared with Werkzeug's HMAC",
        mapping: Call("md5, salt as prefix"),
        source: DJANGO,
        advice: NAME_IT,
    }
    DjangoUnusable "django_unusable" Unusable Certain {
        applications: "Django (set_unusable_password)",
        recognised_by: "! and letters or digits",
        mapping: NoPassword("the account has no password"),
        source: DJANGO,
        advice: "create the user without a password",
    }
    DjangoSha1 "django_sha1" Digest Certain {
        applications: "Django up to 5.0 (SHA1PasswordHasher)",
        recognised_by: "sha1$salt$40 hex",
        mapping: Never(SHA1),
        source: DJANGO,
        advice: CAPTURE,
    }
    DjangoUnsaltedMd5 "django_unsalted_md5" Digest Likely {
        applications: "Django up to 5.0 (UnsaltedMD5PasswordHasher)",
        recognised_by: "32 hex, no mark of its own",
        mapping: Call("md5, hex in lower case"),
        source: DJANGO,
        advice: NAME_IT,
    }
    DjangoUnsaltedSha1 "django_unsalted_sha1" Digest Certain {
        applications: "Django up to 5.0 (UnsaltedSHA1PasswordHasher)",
        recognised_by: "sha1$$40 hex",
        mapping: Never(SHA1),
        source: DJANGO,
        advice: CAPTURE,
    }
    DjangoUnsaltedMd5Prefixed "django_unsalted_md5_prefixed" Digest Likely {
        applications: "Django up to 5.0 (UnsaltedMD5PasswordHasher)",
        recognised_by: "md5$$32 hex",
        mapping: Call("md5, without the prefix, hex in lower case"),
        source: DJANGO,
        advice: PROVE,
    }
    DjangoPbkdf2Sha512 "django_pbkdf2_sha512" Pbkdf2 Likely {
        applications: "Django with a hasher of its own",
        recognised_by: "pbkdf2_sha512$iterations$salt$base64",
        mapping: Call("pbkdf2, salted-pbkdf2-hmac-sha512-512; salt: base64 of the salt's text; key as it stands"),
        source: DJANGO,
        advice: PROVE,
    }
}
