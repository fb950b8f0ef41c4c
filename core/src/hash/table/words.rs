//! Reasons, advice and sources that many rows share.

pub(super) use super::super::error::CAPTURE;
pub(super) use super::super::format::Confidence::*;
pub(super) use super::super::format::{Family, Format, Mapping::*};
pub(super) use super::{BASE, Kind};

pub(super) const ARGON2: &str = "Kinde has no method for argon2";
pub(super) const SHA1: &str = "Kinde has no method for SHA-1";
pub(super) const PBKDF2_SHA1: &str = "Kinde's pbkdf2 has no variant with HMAC-SHA1";
pub(super) const PROVE: &str = "prove it with one known password before importing the rest";
pub(super) const LIVE_TEST: &str = "import one test user and sign in at Kinde before importing the rest";
pub(super) const NAME_IT: &str =
    "name the format and prove it with one known password before importing the rest";
pub(super) const RESETS_ONLY: &str = "import the others as usual; these users need a reset";
pub(super) const BCRYPT_72: &str = "bcrypt sees only the first 72 bytes of a password";
pub(super) const PEPPER: &str =
    "a pepper (Devise `config.pepper`) does not show in the hash: if one is set, none of these verify";
pub(super) const LATIN1: &str = "an application which does not use UTF-8 hashes other bytes for what is not ASCII: such passwords do not verify at Kinde";
pub(super) const IN_CODE: &str =
    "iterations, digest and key length stand in the application's source code, not in the database";
pub(super) const SALT_ORDER: &str = "the order of salt and password does not show in the hash";
pub(super) const NESTED: &str = "the hash is taken over another hash, and Kinde hashes once";
pub(super) const HMAC: &str = "HMAC with the salt as key, not a hash of salt and password";
pub(super) const P1_SCRYPT: &str = "the scrypt key is used as Firebase's cipher key on a signer key of ours; p = 1, r <= 16, N <= 2^20 and a key of 32 bytes or more";
pub(super) const KINDE: &str = "Kinde Management API, PUT /api/v1/users/{id}/password";
pub(super) const DJANGO: &str = "django/contrib/auth/hashers.py";
pub(super) const WERKZEUG: &str = "werkzeug/security.py";
pub(super) const PASSLIB: &str = "passlib 1.7 handlers";
pub(super) const PHPASS: &str = "phpass 0.3 PasswordHash.php; Kinde's method `wordpress`";
pub(super) const CRYPT_WHICH: &str = "Kinde does not say which forms of crypt(3) it takes";
pub(super) const NODE_PBKDF2: &str = "node:crypto pbkdf2; variants as in FusionAuth's documentation";
pub(super) const MAGENTO: &str = "magento2 lib/internal/Magento/Framework/Encryption/Encryptor.php";
pub(super) const ASPNET: &str = "dotnet/aspnetcore Identity/Extensions.Core PasswordHasher.cs";
pub(super) const KEYCLOAK: &str = "Keycloak Pbkdf2PasswordHashProvider; FusionAuth's import scripts";
pub(super) const FUSIONAUTH: &str = "FusionAuth documentation, password hashes; Kinde's variants";

pub(super) const DOVECOT: &str = "Dovecot, Password Schemes";
pub(super) const SPRING: &str = "spring-security PasswordEncoderFactories and the encoders that it names";
pub(super) const MEDIAWIKI: &str = "MediaWiki includes/password";
pub(super) const PHC: &str = "PHC string format";
pub(super) const LIBXCRYPT: &str = "libxcrypt, crypt(5)";
pub(super) const PREIMAGE: &str = "the application may have fed bcrypt with something else than what was typed, which nothing in the hash shows: \
     its hex SHA-256 (Meteor, Rocket.Chat), SHA-512 (NodeBB) or MD5 (vBulletin 5), the user name before it (SMF 2.1), an HMAC \
     (Flask-Security), HTML entities (phpBB 3.1), slashes (WordPress plug-ins); one known password proves or finds it";
pub(super) const CRYPT_PEPPER: &str =
    "a pepper (Moodle 4.3 `passwordpeppers`) does not show in the hash: if one is set, none of these verify";
pub(super) const FLASK_HMAC: &str = "Flask-Security feeds passlib with an HMAC of the password, which nothing in the hash shows: then none of these verify";
pub(super) const FIXED_SALT: &str = "a salt or pepper in the application's source code does not show in the hash: one known password proves that there is none";
pub(super) const PADDED_SALT: &str =
    "a CHAR column pads its salts with spaces, which were not hashed: give the salt without them";
pub(super) const SCRYPT_R: &str =
    "r is 8 unless given, and 16 in better-auth and Lucia: one known password tells them apart";

/// What else a bcrypt hash may be of, the cheapest to rule out first.
pub(super) const FED_BCRYPT: &[Kind] = &[
    Kind::DeviseBcryptPeppered,
    Kind::MeteorBcrypt,
    Kind::NodebbBcrypt,
    Kind::Vbulletin5Bcrypt,
    Kind::Phpbb31Bcrypt,
    Kind::WordpressBcryptSlashed,
    Kind::Smf21Bcrypt,
    Kind::FlaskSecurityBcrypt,
    Kind::BcryptPeppered,
];

pub(super) const FED_BCRYPT_2A: &[Kind] = &[
    Kind::DeviseBcrypt2a,
    Kind::DeviseBcryptPeppered,
    Kind::MeteorBcrypt,
    Kind::NodebbBcrypt,
    Kind::Vbulletin5Bcrypt,
    Kind::Phpbb31Bcrypt,
    Kind::WordpressBcryptSlashed,
    Kind::Smf21Bcrypt,
    Kind::FlaskSecurityBcrypt,
    Kind::BcryptPeppered,
];

pub(super) const FED_BCRYPT_DEVISE: &[Kind] = &[
    Kind::NodeBcrypt2a,
    Kind::DeviseBcryptPeppered,
    Kind::MeteorBcrypt,
    Kind::NodebbBcrypt,
    Kind::Vbulletin5Bcrypt,
    Kind::Phpbb31Bcrypt,
    Kind::WordpressBcryptSlashed,
    Kind::Smf21Bcrypt,
    Kind::FlaskSecurityBcrypt,
    Kind::BcryptPeppered,
];
