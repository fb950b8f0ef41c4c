//! The table: every format by name. Data only; the families hold the code.

use super::format::{Confidence::*, Family, Format, Mapping::*};

/// Rows in full where they differ from this one.
const BASE: Format = Format {
    id: "",
    applications: "",
    recognised_by: "",
    mapping: Never(""),
    confidence: Certain,
    source: "",
    advice: "",
    traps: &[],
    kind: Kind::DjangoPbkdf2Sha256,
    family: Family::Unusable,
    like: &[],
};

macro_rules! table {
    ($($kind:ident $id:literal $family:ident $confidence:ident { $($field:ident: $value:expr,)* })*) => {
        /// A row of the table by name; its number is the row's place.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Kind { $($kind,)* }

        #[allow(clippy::needless_update, reason = "some rows have every field")]
        pub(super) static FORMATS: &[Format] = &[$(Format {
            id: $id,
            kind: Kind::$kind,
            family: Family::$family,
            confidence: $confidence,
            $($field: $value,)*
            ..BASE
        },)*];
    };
}

/// The row of a kind.
#[expect(clippy::indexing_slicing, reason = "the macro makes one row for every kind, in the same order")]
pub(super) const fn of(kind: Kind) -> &'static Format {
    &FORMATS[kind as usize]
}

// Reasons and advice that many rows share.
const ARGON2: &str = "Kinde has no method for argon2";
const SHA1: &str = "Kinde has no method for SHA-1";
const PBKDF2_SHA1: &str = "Kinde's pbkdf2 has no variant with HMAC-SHA1";
const CAPTURE: &str = super::error::CAPTURE;
const PROVE: &str = "prove it with one known password before importing the rest";
const LIVE_TEST: &str = "import one test user and sign in at Kinde before importing the rest";
const NAME_IT: &str = "name the format and prove it with one known password before importing the rest";
const RESETS_ONLY: &str = "import the others as usual; these users need a reset";
const BCRYPT_72: &str = "bcrypt sees only the first 72 bytes of a password";
const PEPPER: &str =
    "a pepper (Devise `config.pepper`) does not show in the hash: if one is set, none of these verify";
const LATIN1: &str = "an application which does not use UTF-8 hashes other bytes for what is not ASCII: such passwords do not verify at Kinde";
const IN_CODE: &str =
    "iterations, digest and key length stand in the application's source code, not in the database";
const SALT_ORDER: &str = "the order of salt and password does not show in the hash";
const NESTED: &str = "the hash is taken over another hash, and Kinde hashes once";
const HMAC: &str = "HMAC with the salt as key, not a hash of salt and password";
const P1_SCRYPT: &str = "the scrypt key is used as Firebase's cipher key on a signer key of ours; p = 1, r <= 16, N <= 2^20 and a key of 32 bytes or more";
const KINDE: &str = "Kinde Management API, PUT /api/v1/users/{id}/password";
const DJANGO: &str = "django/contrib/auth/hashers.py";
const WERKZEUG: &str = "werkzeug/security.py";
const PASSLIB: &str = "passlib 1.7 handlers";
const PHPASS: &str = "phpass 0.3 PasswordHash.php; Kinde's method `wordpress`";
const CRYPT_WHICH: &str = "Kinde does not say which forms of crypt(3) it takes";
const NODE_PBKDF2: &str = "node:crypto pbkdf2; variants as in FusionAuth's documentation";
const MAGENTO: &str = "magento2 lib/internal/Magento/Framework/Encryption/Encryptor.php";
const ASPNET: &str = "dotnet/aspnetcore Identity/Extensions.Core PasswordHasher.cs";
const KEYCLOAK: &str = "Keycloak Pbkdf2PasswordHashProvider; FusionAuth's import scripts";
const FUSIONAUTH: &str = "FusionAuth documentation, password hashes; Kinde's variants";

table! {
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
        traps: &[BCRYPT_72],
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
    WerkzeugScrypt "werkzeug_scrypt" Scrypt Guess {
        applications: "Flask with Werkzeug 2.3 and later (default)",
        recognised_by: "scrypt:N:r:p$salt$hex",
        mapping: Call(P1_SCRYPT),
        source: WERKZEUG,
        advice: LIVE_TEST,
    }
    WerkzeugPbkdf2Sha256 "werkzeug_pbkdf2_sha256" Pbkdf2 Likely {
        applications: "Flask with Werkzeug (default up to 2.2)",
        recognised_by: "pbkdf2:sha256:iterations$salt$64 hex",
        mapping: Call("pbkdf2, salted-pbkdf2-hmac-sha256; salt: base64 of the salt's text; key: hex to base64"),
        source: WERKZEUG,
        advice: PROVE,
    }
    WerkzeugPbkdf2Sha1 "werkzeug_pbkdf2_sha1" Pbkdf2 Certain {
        applications: "Flask with Werkzeug",
        recognised_by: "pbkdf2:sha1:iterations$salt$40 hex",
        mapping: Never(PBKDF2_SHA1),
        source: WERKZEUG,
        advice: CAPTURE,
    }
    WerkzeugPbkdf2Sha512 "werkzeug_pbkdf2_sha512" Pbkdf2 Likely {
        applications: "Flask with Werkzeug",
        recognised_by: "pbkdf2:sha512:iterations$salt$128 hex",
        mapping: Call("pbkdf2, salted-pbkdf2-hmac-sha512-512; salt: base64 of the salt's text; key: hex to base64"),
        source: WERKZEUG,
        advice: PROVE,
    }
    WerkzeugHmacSha256 "werkzeug_hmac_sha256" Digest Certain {
        applications: "Flask with Werkzeug up to 2.2 (method `sha256`)",
        recognised_by: "sha256$salt$64 hex",
        mapping: Never(HMAC),
        source: WERKZEUG,
        advice: CAPTURE,
    }
    WerkzeugHmacMd5 "werkzeug_hmac_md5" Digest Certain {
        applications: "Flask with Werkzeug up to 2.2 (method `md5`)",
        recognised_by: "md5$salt$32 hex, shared with Django's MD5",
        mapping: Never(HMAC),
        source: WERKZEUG,
        advice: CAPTURE,
    }
    PasslibPbkdf2Sha256 "passlib_pbkdf2_sha256" Pbkdf2 Likely {
        applications: "FastAPI, Flask and Pyramid with passlib",
        recognised_by: "$pbkdf2-sha256$",
        mapping: Call("pbkdf2, salted-pbkdf2-hmac-sha256; salt and key: passlib's base64 to the usual one"),
        source: PASSLIB,
        advice: PROVE,
    }
    PasslibPbkdf2Sha512 "passlib_pbkdf2_sha512" Pbkdf2 Likely {
        applications: "FastAPI, Flask and Pyramid with passlib",
        recognised_by: "$pbkdf2-sha512$",
        mapping: Call("pbkdf2, salted-pbkdf2-hmac-sha512-512; salt and key: passlib's base64 to the usual one"),
        source: PASSLIB,
        advice: PROVE,
    }
    PasslibPbkdf2Sha1 "passlib_pbkdf2_sha1" Pbkdf2 Certain {
        applications: "applications with passlib",
        recognised_by: "$pbkdf2$",
        mapping: Never(PBKDF2_SHA1),
        source: PASSLIB,
        advice: CAPTURE,
    }
    LdapSaltedSha256 "ldap_salted_sha256" Ldap Guess {
        applications: "OpenLDAP (pw-sha2), passlib",
        recognised_by: "{SSHA256}base64",
        mapping: ImportFile("sha256, salt as suffix, salt_format hex: in the import file only"),
        source: "RFC 2307; OpenLDAP pw-sha2; Kinde's import file",
        advice: LIVE_TEST,
    }
    LdapSaltedMd5 "ldap_salted_md5" Ldap Guess {
        applications: "OpenLDAP, passlib",
        recognised_by: "{SMD5}base64",
        mapping: ImportFile("md5, salt as suffix, salt_format hex: in the import file only"),
        source: "RFC 2307; Kinde's import file",
        advice: LIVE_TEST,
    }
    LdapSaltedSha1 "ldap_salted_sha1" Ldap Certain {
        applications: "OpenLDAP, 389 Directory Server, passlib",
        recognised_by: "{SSHA}base64",
        mapping: Never(SHA1),
        source: "RFC 2307",
        advice: CAPTURE,
    }
    PasslibBcryptSha256 "passlib_bcrypt_sha256" Bcrypt Certain {
        applications: "applications with passlib",
        recognised_by: "$bcrypt-sha256$",
        mapping: Never("bcrypt over a SHA-256 of the password"),
        source: PASSLIB,
        advice: CAPTURE,
    }
    NodeBcrypt2b "node_bcrypt_2b" Bcrypt Certain {
        applications: "Node (bcrypt, bcryptjs 3), Python bcrypt and others",
        recognised_by: "$2b$",
        mapping: Call("bcrypt, as it stands"),
        source: KINDE,
        traps: &[BCRYPT_72, PEPPER],
        like: &[Kind::DeviseBcryptPeppered],
    }
    NodeBcrypt2a "node_bcrypt_2a" Bcrypt Certain {
        applications: "Node (bcryptjs 2), Supabase, Go, Java and others",
        recognised_by: "$2a$",
        mapping: Call("bcrypt, as it stands"),
        source: KINDE,
        traps: &[BCRYPT_72, PEPPER],
        like: &[Kind::DeviseBcrypt2a, Kind::DeviseBcryptPeppered],
    }
    PassportLocalMongoose "passport_local_mongoose_pbkdf2_sha256" Pbkdf2 Likely {
        applications: "Express with passport-local-mongoose 4 and later",
        recognised_by: "1024 hex, no mark of its own; salt beside it",
        mapping: Call("pbkdf2, salted-pbkdf2-hmac-sha256, 25000 iterations; the first 32 bytes of the key; salt: base64 of the hex text"),
        source: "passport-local-mongoose 4; RFC 8018: the blocks of the key do not depend on each other",
        advice: NAME_IT,
        traps: &["before version 4 the digest was SHA-1, which is not importable and looks the same"],
    }
    PassportTutorial "passport_tutorial_pbkdf2_sha256" Pbkdf2 Likely {
        applications: "Express as in the passport.js tutorial",
        recognised_by: "64 hex, no mark of its own; salt beside it",
        mapping: Call("pbkdf2, salted-pbkdf2-hmac-sha256, 310000 iterations; salt: base64 of its bytes"),
        source: "passport/todos-express-password",
        advice: NAME_IT,
        traps: &[IN_CODE],
    }
    ExpressPbkdf2Sha512 "express_pbkdf2_sha512_1000" Pbkdf2 Likely {
        applications: "Express with crypto.pbkdf2Sync(password, salt, 1000, 64, 'sha512')",
        recognised_by: "128 hex, no mark of its own; salt beside it",
        mapping: Call("pbkdf2, salted-pbkdf2-hmac-sha512-512; salt: base64 of the hex text"),
        source: NODE_PBKDF2,
        advice: NAME_IT,
        traps: &[IN_CODE],
    }
    ExpressPbkdf2Sha1 "express_pbkdf2_sha1_1000" Pbkdf2 Certain {
        applications: "Express with crypto.pbkdf2Sync(password, salt, 1000, 64, 'sha1')",
        recognised_by: "128 hex, no mark of its own; salt beside it",
        mapping: Never(PBKDF2_SHA1),
        source: NODE_PBKDF2,
        advice: CAPTURE,
    }
    ExpressPbkdf2Sha1Salt16 "express_pbkdf2_sha1_1000_salt16" Pbkdf2 Guess {
        applications: "Express with crypto.pbkdf2Sync(password, salt, 1000, 64, 'sha1') and a salt of 16 characters",
        recognised_by: "128 hex, no mark of its own; salt beside it",
        mapping: Call("aspnet-identity-v2, which is the same function: 00, salt, first 32 bytes of the key; 1000 iterations and 16 bytes of salt only"),
        source: NODE_PBKDF2,
        advice: LIVE_TEST,
        traps: &[IN_CODE],
    }
    ExpressScrypt "express_scrypt" Scrypt Guess {
        applications: "Node with crypto.scryptSync, stored as salt:hash",
        recognised_by: "hex:hex, no mark of its own",
        mapping: Call(P1_SCRYPT),
        source: "node:crypto scrypt (N = 16384, r = 8, p = 1 unless set)",
        advice: LIVE_TEST,
        traps: &[IN_CODE],
    }
    ExpressSha256Suffix "express_sha256_suffix" Digest Certain {
        applications: "Node and others with SHA-256 and a salt column",
        recognised_by: "64 hex, no mark of its own; salt beside it",
        mapping: Call("sha256, salt as text, suffix (or prefix, where `order` says so)"),
        source: KINDE,
        advice: NAME_IT,
        traps: &[SALT_ORDER],
    }
    NodeArgon2id "node_argon2id" Argon2 Certain {
        applications: "Node (argon2)",
        recognised_by: "$argon2id$",
        mapping: Never(ARGON2),
        source: "RFC 9106, PHC string format",
        advice: CAPTURE,
        like: &[Kind::PhpArgon2id],
    }
    FirebaseScrypt "firebase_scrypt" Scrypt Certain {
        applications: "Firebase Authentication (auth:export)",
        recognised_by: "88 base64, no mark of its own; salt beside it",
        mapping: Call("firebase-scrypt, as exported, with the project's four parameters"),
        source: "github.com/firebase/scrypt; Kinde Management API",
        advice: "name the format and give the project's password hash parameters",
    }
    AspnetIdentityV2 "aspnet_identity_v2" Aspnet Certain {
        applications: "ASP.NET Identity 1 and 2",
        recognised_by: "base64 of 49 bytes, the first 00",
        mapping: Call("aspnet-identity-v2, as it stands and no other field"),
        source: KINDE,
    }
    AspnetIdentityV3Sha256 "aspnet_identity_v3_sha256" Aspnet Likely {
        applications: "ASP.NET Core Identity up to .NET 6",
        recognised_by: "base64, first bytes 01 00 00 00 01",
        mapping: Call("pbkdf2, salted-pbkdf2-hmac-sha256; salt, key and iterations taken out of the value"),
        source: ASPNET,
        advice: PROVE,
    }
    AspnetIdentityV3Sha512 "aspnet_identity_v3_sha512" Aspnet Certain {
        applications: "ASP.NET Core Identity, .NET 7 and later",
        recognised_by: "base64, first bytes 01 00 00 00 02, 32-byte key",
        mapping: Never("HMAC-SHA512 with a 32-byte key, where Kinde's only SHA-512 variant wants 64 bytes"),
        source: ASPNET,
        advice: CAPTURE,
    }
    AspnetIdentityV3Sha512Long "aspnet_identity_v3_sha512_64" Aspnet Likely {
        applications: "ASP.NET Core Identity with a 64-byte key",
        recognised_by: "base64, first bytes 01 00 00 00 02, 64-byte key",
        mapping: Call("pbkdf2, salted-pbkdf2-hmac-sha512-512; salt, key and iterations taken out of the value"),
        source: ASPNET,
        advice: PROVE,
    }
    AspnetIdentityV3Other "aspnet_identity_v3_other" Aspnet Certain {
        applications: "ASP.NET Core Identity with other settings",
        recognised_by: "base64, first byte 01, SHA-1 or a shorter key",
        mapping: Never("HMAC-SHA1, or a key shorter than Kinde's variant wants"),
        source: ASPNET,
        advice: CAPTURE,
    }
    KeycloakSha256 "keycloak_pbkdf2_sha256" Keycloak Likely {
        applications: "Keycloak (pbkdf2-sha256)",
        recognised_by: "44 or 88 base64, no mark of its own; credential_data beside it",
        mapping: Call("pbkdf2, the variant by algorithm and key length; salt and key as they stand"),
        source: KEYCLOAK,
        advice: NAME_IT,
    }
    KeycloakSha512 "keycloak_pbkdf2_sha512" Keycloak Likely {
        applications: "Keycloak (pbkdf2-sha512)",
        recognised_by: "88 base64, no mark of its own; credential_data beside it",
        mapping: Call("pbkdf2, salted-pbkdf2-hmac-sha512-512; salt and key as they stand"),
        source: KEYCLOAK,
        advice: NAME_IT,
    }
    KeycloakSha1 "keycloak_pbkdf2_sha1" Keycloak Certain {
        applications: "Keycloak (pbkdf2)",
        recognised_by: "28 or 88 base64, no mark of its own; credential_data beside it",
        mapping: Never(PBKDF2_SHA1),
        source: KEYCLOAK,
        advice: CAPTURE,
    }
    FusionauthSha256 "fusionauth_salted_pbkdf2_hmac_sha256" Keycloak Certain {
        applications: "FusionAuth (default scheme)",
        recognised_by: "44 base64, no mark of its own; salt and factor beside it",
        mapping: Call("pbkdf2, as exported"),
        source: FUSIONAUTH,
        advice: NAME_IT,
    }
    FusionauthSha256Long "fusionauth_salted_pbkdf2_hmac_sha256_512" Keycloak Certain {
        applications: "FusionAuth",
        recognised_by: "88 base64, no mark of its own; salt and factor beside it",
        mapping: Call("pbkdf2, as exported"),
        source: FUSIONAUTH,
        advice: NAME_IT,
    }
    FusionauthSha512Long "fusionauth_salted_pbkdf2_hmac_sha512_512" Keycloak Certain {
        applications: "FusionAuth",
        recognised_by: "88 base64, no mark of its own; salt and factor beside it",
        mapping: Call("pbkdf2, as exported"),
        source: FUSIONAUTH,
        advice: NAME_IT,
    }
    PhpBcrypt2y "php_bcrypt_2y" Bcrypt Likely {
        applications: "PHP password_hash: Laravel, Symfony, Yii, Joomla 3.2+, Drupal 10, phpBB 3.1+",
        recognised_by: "$2y$",
        mapping: Call("bcrypt, written $2a$: the same algorithm"),
        source: "crypt_blowfish; Kinde documents the same for $2b$",
        advice: PROVE,
        traps: &[BCRYPT_72],
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
        like: &[Kind::NodeArgon2id],
    }
    CryptMd5 "crypt_md5" Crypt Likely {
        applications: "crypt(3): old shadow and htpasswd files, PHP crypt()",
        recognised_by: "$1$",
        mapping: Call("crypt, as it stands"),
        source: "FreeBSD crypt-md5.c; every crypt(3) tried takes it",
        advice: LIVE_TEST,
        traps: &[LATIN1],
    }
    CryptSha256 "crypt_sha256" Crypt Guess {
        applications: "crypt(3): shadow files, PHP crypt()",
        recognised_by: "$5$",
        mapping: Call("crypt, as it stands"),
        source: "Drepper, Unix crypt using SHA-256 and SHA-512",
        advice: LIVE_TEST,
        traps: &[CRYPT_WHICH],
    }
    CryptSha512 "crypt_sha512" Crypt Guess {
        applications: "crypt(3): shadow files, PHP crypt()",
        recognised_by: "$6$",
        mapping: Call("crypt, as it stands"),
        source: "Drepper, Unix crypt using SHA-256 and SHA-512",
        advice: LIVE_TEST,
        traps: &[CRYPT_WHICH],
    }
    CryptDes "crypt_des" Crypt Likely {
        applications: "crypt(3): very old passwd and htpasswd files",
        recognised_by: "13 characters of ./0-9A-Za-z, no mark of its own",
        mapping: Call("crypt, as it stands"),
        source: "POSIX crypt(); every crypt(3) tried takes it",
        advice: LIVE_TEST,
        traps: &["DES sees 8 characters, 7 bits of each", LATIN1],
    }
    CryptExtDes "crypt_ext_des" Crypt Guess {
        applications: "BSDi crypt(3), PHP crypt()",
        recognised_by: "_ and 19 characters of ./0-9A-Za-z",
        mapping: Call("crypt, as it stands"),
        source: "BSDi; FreeSec",
        advice: LIVE_TEST,
        traps: &[CRYPT_WHICH],
    }
    RawMd5Hex "raw_md5_hex" Digest Likely {
        applications: "old PHP applications with md5(), WordPress before 2.5",
        recognised_by: "32 hex, no mark of its own",
        mapping: Call("md5, hex in lower case"),
        source: KINDE,
        advice: NAME_IT,
        traps: &[LATIN1],
    }
    RawSha1Hex "raw_sha1_hex" Digest Certain {
        applications: "old PHP applications with sha1()",
        recognised_by: "40 hex, no mark of its own",
        mapping: Never(SHA1),
        source: KINDE,
        advice: CAPTURE,
    }
    RawSha256Hex "raw_sha256_hex" Digest Certain {
        applications: "applications with SHA-256 and no salt",
        recognised_by: "64 hex, no mark of its own",
        mapping: Call("sha256, hex in lower case"),
        source: KINDE,
        advice: NAME_IT,
        traps: &[LATIN1],
    }
    RawSha512Hex "raw_sha512_hex" Digest Certain {
        applications: "applications with SHA-512 and no salt",
        recognised_by: "128 hex, no mark of its own",
        mapping: Never("Kinde has no method for plain SHA-512"),
        source: KINDE,
        advice: CAPTURE,
    }
    RawSha256Base64 "raw_sha256_base64" Digest Likely {
        applications: "applications with SHA-256 in base64 and no salt",
        recognised_by: "44 base64, no mark of its own",
        mapping: Call("sha256, base64 to hex"),
        source: KINDE,
        advice: NAME_IT,
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
        traps: &[SALT_ORDER, LATIN1],
    }
    OscommerceMd5 "oscommerce_md5" Digest Likely {
        applications: "osCommerce 2, xt:Commerce, Zen Cart",
        recognised_by: "32 hex:salt, shared with salt-last formats",
        mapping: Call("md5, salt as prefix; the salt begins at the first colon"),
        source: "osCommerce password_funcs.php, tep_encrypt_password()",
        advice: NAME_IT,
        traps: &[SALT_ORDER, LATIN1],
    }
    Magento1Md5 "magento1_md5" Digest Likely {
        applications: "Magento 1 CE",
        recognised_by: "32 hex:salt, shared with salt-last formats",
        mapping: Call("md5, salt as prefix; the salt begins at the first colon"),
        source: "Mage_Core_Model_Encryption",
        advice: NAME_IT,
        traps: &[SALT_ORDER],
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
    Sha1Salted "sha1_salted" Digest Certain {
        applications: "applications with sha1() and a salt column",
        recognised_by: "40 hex, no mark of its own; salt beside it",
        mapping: Never(SHA1),
        source: KINDE,
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
    RawMd5HexLatin1 "raw_md5_hex_latin1" Digest Likely {
        applications: "old PHP applications with ISO-8859-1 pages",
        recognised_by: "nothing: the same as any 32 hex",
        mapping: Never("the hash is of ISO-8859-1 bytes, and Kinde hashes UTF-8"),
        source: KINDE,
        advice: RESETS_ONLY,
    }
    DeviseBcrypt2a "devise_bcrypt_2a" Bcrypt Certain {
        applications: "Ruby on Rails with Devise or has_secure_password",
        recognised_by: "$2a$",
        mapping: Call("bcrypt, as it stands"),
        source: KINDE,
        traps: &[BCRYPT_72, PEPPER],
        like: &[Kind::NodeBcrypt2a, Kind::DeviseBcryptPeppered],
    }
    DeviseBcryptPeppered "devise_bcrypt_peppered" Bcrypt Certain {
        applications: "Ruby on Rails with Devise and config.pepper",
        recognised_by: "nothing: the same as any $2a$ or $2b$",
        mapping: Never("the pepper is part of the password, and Kinde has no place for it"),
        source: "Devise DatabaseAuthenticatable, Devise::Encryptor",
        advice: CAPTURE,
    }
}
