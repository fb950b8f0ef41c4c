//! What Kinde will check for each hashing method, as its documentation has it.

use super::error::{Fault, HashError};
use super::fields::{KindeFields, Method};
use super::verify::check_password;
use super::{aspnet, bcrypt, crypt, digest, pbkdf2, phpass, scrypt};

/// Whether Kinde will accept `password` once these fields are set, by its documented semantics.
///
/// | method | what is checked |
/// |---|---|
/// | `bcrypt` | `$2a$`, `$2b$`, `$2y$` of 60 characters; the first 72 bytes of the password |
/// | `crypt` | `$1$`, `$5$`, `$6$`, `_`, DES: which of them Kinde takes is not documented |
/// | `md5`, `sha256` | hex in lower case of one digest of salt and password, in the order of `salt_position` |
/// | `wordpress` | portable phpass, `$P$` |
/// | `pbkdf2` | base64 of key and salt, digest and key length by `variant`, 24000 iterations unless given |
/// | `firebase-scrypt` | Firebase's modified scrypt, `rounds` 1 to 16, `mem_cost` 1 to 20, all in base64 |
/// | `aspnet-identity-v2` | PBKDF2-HMAC-SHA1, 1000 iterations, the salt inside; no other field |
///
/// Fields that a method does not take, or misses, are `hash_malformed`. Work is bounded as for
/// [`verify`](super::verify).
pub fn verify_kinde(fields: &KindeFields, password: &[u8]) -> Result<bool, HashError> {
    check_password(password)?;
    match fields.hashing_method {
        Method::AspnetIdentityV2 => aspnet::verify_kinde(fields, password),
        Method::Bcrypt => bcrypt::verify_kinde(fields, password),
        Method::Crypt => crypt::verify_kinde(fields, password),
        Method::FirebaseScrypt => scrypt::verify_kinde(fields, password),
        Method::Md5 | Method::Sha256 => digest::verify_kinde(fields, password),
        Method::Pbkdf2 => pbkdf2::verify_kinde(fields, password),
        Method::Wordpress => phpass::verify_kinde(fields, password),
    }
    .map_err(Fault::error)
}
