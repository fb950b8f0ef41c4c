//! Whether a password is the one that was set, by the documented semantics of each method.
//!
//! Written from the formats' own descriptions and apart from the library's code, so that one
//! mistake cannot hide in both.

mod des;
mod encoding;
mod md5_crypt;
mod phpass;
mod sha_crypt;

use aes::Aes256;
use aes::cipher::{KeyIvInit, StreamCipher};
use ctr::Ctr128BE;
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};

use crate::password::{DigestAlgorithm, Pbkdf2Variant, SaltPosition, Secret};

/// What came of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is the password.
    Right,
    /// It is not.
    Wrong,
    /// The cost is beyond what a sandbox spends on a sign-in.
    TooCostly,
}

impl From<bool> for Verdict {
    fn from(right: bool) -> Self {
        if right { Self::Right } else { Self::Wrong }
    }
}

/// The dearest bcrypt cost that is computed, a few seconds' work.
const DEAREST_BCRYPT: u8 = 16;
/// The most PBKDF2 iterations.
const MOST_ITERATIONS: u32 = 20_000_000;
/// The most memory for scrypt.
const MOST_SCRYPT_BYTES: u64 = 1 << 30;

/// Checks a password against what was set.
pub(crate) fn verify(secret: &Secret, password: &str) -> Verdict {
    let password = password.as_bytes();
    match secret {
        Secret::Plain { salt, digest } => (Secret::plain_digest(salt, password) == *digest).into(),
        Secret::Bcrypt(hash) => bcrypt_verdict(hash, password),
        // Functions of C end a password at its first NUL; what was hashed never held one.
        Secret::Crypt(_) if password.contains(&0) => Verdict::Wrong,
        Secret::Crypt(hash) => crypt_verdict(hash, password),
        Secret::Digest { algorithm, hash, salt, position } => {
            let (first, second) = match position {
                SaltPosition::Prefix => (salt.as_bytes(), password),
                SaltPosition::Suffix => (password, salt.as_bytes()),
            };
            match algorithm {
                DigestAlgorithm::Md5 => digest_of::<Md5>(first, second) == *hash,
                DigestAlgorithm::Sha256 => digest_of::<Sha256>(first, second) == *hash,
            }
            .into()
        }
        Secret::Wordpress(hash) => phpass::verify(hash, password),
        Secret::Pbkdf2 { hash, salt, iterations, variant } => {
            if *iterations > MOST_ITERATIONS {
                return Verdict::TooCostly;
            }
            let mut key = vec![0; hash.len()];
            match variant {
                Pbkdf2Variant::Sha256 | Pbkdf2Variant::Sha256Key512 => {
                    pbkdf2::pbkdf2_hmac::<Sha256>(password, salt, *iterations, &mut key);
                }
                Pbkdf2Variant::Sha512Key512 => {
                    pbkdf2::pbkdf2_hmac::<Sha512>(password, salt, *iterations, &mut key);
                }
            }
            (*key == **hash).into()
        }
        Secret::FirebaseScrypt { hash, salt, separator, signer_key, rounds, mem_cost } => {
            let bytes = (128 * u64::from(*rounds)) << mem_cost;
            if bytes > MOST_SCRYPT_BYTES {
                return Verdict::TooCostly;
            }
            let salt = [&**salt, &**separator].concat();
            firebase(password, &salt, signer_key, *rounds, *mem_cost)
                .is_some_and(|computed| *computed == **hash)
                .into()
        }
        Secret::AspNetV2(bytes) => aspnet_v2(bytes, password).unwrap_or(false).into(),
    }
}

fn digest_of<D: Digest>(first: &[u8], second: &[u8]) -> Box<[u8]> {
    D::new().chain_update(first).chain_update(second).finalize().as_slice().into()
}

fn bcrypt_verdict(hash: &str, password: &[u8]) -> Verdict {
    if password.contains(&0) {
        return Verdict::Wrong;
    }
    let cost = hash.get(4..6).and_then(|cost| cost.parse::<u8>().ok());
    match cost {
        None => Verdict::Wrong,
        Some(cost) if cost > DEAREST_BCRYPT => Verdict::TooCostly,
        // Sees the first 72 bytes, as bcrypt does everywhere.
        Some(_) => bcrypt::verify(password, hash).unwrap_or(false).into(),
    }
}

fn crypt_verdict(hash: &str, password: &[u8]) -> Verdict {
    if hash.starts_with("$1$") {
        md5_crypt::verify(hash, password).into()
    } else if hash.starts_with("$5$") {
        sha_crypt::verify_sha256(hash, password)
    } else if hash.starts_with("$6$") {
        sha_crypt::verify_sha512(hash, password)
    } else {
        des::verify(hash, password)
    }
}

/// Firebase: scrypt derives a key, and what is stored is the project's signer key encrypted
/// under it by AES-256 in counter mode from zero.
fn firebase(password: &[u8], salt: &[u8], signer_key: &[u8], rounds: u8, mem_cost: u8) -> Option<Vec<u8>> {
    let params = scrypt::Params::new(mem_cost, u32::from(rounds), 1, 32).ok()?;
    let mut key = [0; 32];
    scrypt::scrypt(password, salt, &params, &mut key).ok()?;
    let mut cipher = Ctr128BE::<Aes256>::new(&key.into(), &[0; 16].into());
    let mut encrypted = signer_key.to_vec();
    cipher.apply_keystream(&mut encrypted);
    Some(encrypted)
}

/// Version 2: a zero byte, 16 bytes of salt, 32 bytes of PBKDF2-HMAC-SHA1 after 1000 iterations.
fn aspnet_v2(bytes: &[u8], password: &[u8]) -> Option<bool> {
    let salt = bytes.get(1..17)?;
    let hash = bytes.get(17..49)?;
    let mut key = [0; 32];
    pbkdf2::pbkdf2_hmac::<Sha1>(password, salt, 1000, &mut key);
    Some(key == hash)
}
