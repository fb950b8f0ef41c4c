//! Hashing a plaintext for Kinde.

use zeroize::Zeroizing;

use super::bcrypt::hash_2a;
use super::encoding::base64;
use super::error::{HashError, code};
use super::fields::{KindeFields, Method, Variant};
use super::limits::{MAX_BCRYPT_COST, MAX_PASSWORD};
use super::stretch::pbkdf2_sha256;

/// Iterations of PBKDF2-HMAC-SHA256 for passwords that bcrypt would cut: OWASP's Password Storage Cheat Sheet
/// (2023 and later).
pub const OWN_PBKDF2_ITERATIONS: u32 = 600_000;

/// bcrypt's cost and PBKDF2's iterations where there is no time for more: a few milliseconds.
pub(crate) const STOP_GAP: (u32, u32) = (6, 10_000);

/// The longest password which bcrypt sees whole.
const BCRYPT_SEES: usize = 72;

/// Whether a password of this length is hashed with bcrypt.
pub(crate) const fn bcrypt_sees(len: usize) -> bool {
    len <= BCRYPT_SEES
}

/// The random salt of one of our own hashes; the caller draws it, so that this module stays pure.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct OwnSalt([u8; 16]);

impl OwnSalt {
    /// The bytes, to keep where the same hash must come out again.
    pub const fn bytes(self) -> [u8; 16] {
        self.0
    }
}

impl From<[u8; 16]> for OwnSalt {
    fn from(bytes: [u8; 16]) -> OwnSalt {
        OwnSalt(bytes)
    }
}

impl std::fmt::Debug for OwnSalt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OwnSalt(<16 bytes>)")
    }
}

/// Hashes a password for Kinde: bcrypt, or PBKDF2-HMAC-SHA256 with [`OWN_PBKDF2_ITERATIONS`] for one of more
/// than 72 bytes, which bcrypt would cut.
///
/// Always the same fields for the same password, salt and cost, so that a repeated call to Kinde sends the same.
/// Written `$2a$`: Kinde rewrites `$2b$` so, all its examples have it, and for what is hashed here the two are
/// one algorithm.
///
/// Refused as `hash_password_invalid`: NUL bytes (some implementations stop there) and more than 4096 bytes. A
/// cost outside 4 to 16 is `hash_too_costly` or `hash_malformed`; 10 to 12 is usual.
pub fn hash_password(
    password: &[u8],
    salt: impl Into<OwnSalt>,
    bcrypt_cost: u32,
) -> Result<KindeFields, HashError> {
    check(password, bcrypt_cost)?;
    Ok(hashed(password, salt.into(), (bcrypt_cost, OWN_PBKDF2_ITERATIONS)))
}

fn check(password: &[u8], bcrypt_cost: u32) -> Result<(), HashError> {
    if password.contains(&0) {
        return Err(refused("the password holds a NUL byte"));
    }
    if password.len() > MAX_PASSWORD {
        return Err(refused("the password is longer than 4096 bytes"));
    }
    let advice = "set a bcrypt cost of 10 to 12";
    if bcrypt_cost < 4 {
        return Err(HashError::new(code::MALFORMED, "a bcrypt cost is 4 at least", advice));
    }
    if bcrypt_cost > MAX_BCRYPT_COST {
        return Err(HashError::new(code::TOO_COSTLY, "a bcrypt cost above 16 takes too long", advice));
    }
    Ok(())
}

/// The same in a few milliseconds, for a password that must be written down now: better than losing it, and to be
/// replaced by a hash that costs more.
pub(crate) fn stop_gap(password: &[u8], salt: impl Into<OwnSalt>) -> Result<KindeFields, HashError> {
    let (salt, (cost, _)) = (salt.into(), STOP_GAP);
    check(password, cost)?;
    Ok(hashed(password, salt, STOP_GAP))
}

fn hashed(password: &[u8], salt: OwnSalt, (bcrypt_cost, iterations): (u32, u32)) -> KindeFields {
    if bcrypt_sees(password.len()) {
        return KindeFields::new(Method::Bcrypt, hash_2a(bcrypt_cost, salt.0, password));
    }
    let mut key = Zeroizing::new([0; 32]);
    pbkdf2_sha256(password, &salt.0, iterations, key.as_mut_slice());
    let mut fields = KindeFields::new(Method::Pbkdf2, base64(key.as_slice()));
    fields.salt = Some(base64(&salt.0));
    fields.iterations = Some(iterations);
    fields.variant = Some(Variant::Sha256);
    fields
}

fn refused(reason: &'static str) -> HashError {
    HashError::new(code::PASSWORD_INVALID, reason, "ask the user for another password")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bcrypt_up_to_72_bytes_and_pbkdf2_beyond() {
        let salt = *b"0123456789abcdef";
        let fields = hash_password(&[b'x'; 72], salt, 4).unwrap();
        assert_eq!(fields, hash_password(&[b'x'; 72], OwnSalt::from(salt), 4).unwrap());
        assert!(bcrypt::verify([b'x'; 72], &fields.hashed_password).unwrap());
        assert!(fields.hashed_password.starts_with("$2a$04$"), "{}", fields.hashed_password);
        assert_eq!(serde_json::to_value(&fields).unwrap().as_object().unwrap().len(), 2);

        let fields = hash_password(&[b'x'; 73], salt, 4).unwrap();
        let json = serde_json::to_value(&fields).unwrap();
        assert_eq!(json["variant"], "salted-pbkdf2-hmac-sha256");
        assert_eq!(json["iterations"], 600_000);
        assert_eq!(json["salt"], "MDEyMzQ1Njc4OWFiY2RlZg==");
        let shown = format!("{fields:?}");
        assert!(!shown.contains(&fields.hashed_password) && !shown.contains("MDEy"), "{shown}");
    }

    #[test]
    fn a_stop_gap_is_the_same_and_cheaper() {
        let salt = *b"0123456789abcdef";
        let fields = stop_gap(&[b'x'; 72], salt).unwrap();
        assert!(
            fields.hashed_password.starts_with("$2a$06$")
                && bcrypt::verify([b'x'; 72], &fields.hashed_password).unwrap()
        );
        assert_eq!(stop_gap(&[b'x'; 73], salt).unwrap().iterations, Some(10_000));
        assert_eq!(stop_gap(b"a\0b", salt).unwrap_err().code, code::PASSWORD_INVALID);
    }

    #[test]
    fn what_it_refuses() {
        for (password, cost, expected) in [
            (b"a\0b".to_vec(), 10, code::PASSWORD_INVALID),
            (vec![b'x'; 4097], 10, code::PASSWORD_INVALID),
            (b"x".to_vec(), 3, code::MALFORMED),
            (b"x".to_vec(), 17, code::TOO_COSTLY),
            (b"x".to_vec(), u32::MAX, code::TOO_COSTLY),
        ] {
            assert_eq!(hash_password(&password, [0; 16], cost).unwrap_err().code, expected);
        }
    }
}
