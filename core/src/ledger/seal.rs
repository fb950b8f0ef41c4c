//! Sealing what is secret in the ledger, and digests that say nothing without the key.
//!
//! A random data key seals (XChaCha20-Poly1305) and digests (HMAC-SHA-256). It lies in the ledger wrapped
//! by a key that HKDF-SHA-256 derives from the client secret, so the file alone opens nothing, and a
//! rotated secret needs only the wrapping done again.

use std::hash::Hasher;

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use secrecy::{ExposeSecret, ExposeSecretMut};
use sha2::Sha256;
use siphasher::sip128::{Hasher128, SipHasher24};
use zeroize::Zeroizing;

use crate::pages::{Secret, secret};
use crate::scrub::scrubbed;

const NONCE: usize = 24;
const KEY: usize = 32;

/// What sixteen bytes of a keyed digest stand for: a person, an address, or a version of a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Digest(pub(crate) [u8; 16]);

/// The data key of one ledger and Kinde domain.
pub(crate) struct DataKey {
    pub(crate) id: [u8; 8],
    key: Secret,
    /// Of [`DataKey::mac`].
    mac_key: Secret,
}

impl DataKey {
    /// A new key, its wrapping, and the salt of the wrapping.
    pub(crate) fn generate(secret: &Secret) -> Option<(DataKey, [u8; 16], Vec<u8>)> {
        let mut id = [0; 8];
        let mut salt = [0; 16];
        let mut key = self::secret([0; KEY]);
        fill(&mut id)?;
        fill(&mut salt)?;
        fill(key.expose_secret_mut().bytes_mut())?;
        let data_key = DataKey::new(id, key);
        let wrapped = data_key.wrap(secret, &salt)?;
        Some((data_key, salt, wrapped))
    }

    /// The key wrapped anew, for the present client secret.
    pub(crate) fn wrap(&self, secret: &Secret, salt: &[u8]) -> Option<Vec<u8>> {
        seal_with(wrapping_key(secret, salt)?.as_slice(), &self.id, self.key.expose_secret())
    }

    /// The key out of its wrapping, if this is the secret that wrapped it.
    pub(crate) fn unwrap(id: &[u8], secret: &Secret, salt: &[u8], wrapped: &[u8]) -> Option<DataKey> {
        let opened = open_with(wrapping_key(secret, salt)?.as_slice(), id, wrapped)?;
        let id = id.try_into().ok()?;
        (opened.len() == KEY).then(|| DataKey::new(id, self::secret(&*opened)))
    }

    fn new(id: [u8; 8], key: Secret) -> DataKey {
        let mac_key = secret(digest(key.expose_secret(), &[b"mac of a row"]).0);
        DataKey { id, key, mac_key }
    }

    /// Binds the parts of a row together, in a twentieth of a digest's time: 64 bits of SipHash-2-4 (Aumasson and
    /// Bernstein, "SipHash: a fast short-input PRF").
    pub(crate) fn mac(&self, parts: &[&[u8]]) -> i64 {
        self.hashed(parts).finish().cast_signed()
    }

    /// A short keyed digest of what is not secret, such as an id, in a tenth of [`DataKey::digest`]'s time: SipHash-2-4 with
    /// 128 bits.
    pub(crate) fn short_digest(&self, parts: &[&[u8]]) -> Digest {
        Digest(self.hashed(parts).finish128().as_bytes())
    }

    fn hashed(&self, parts: &[&[u8]]) -> SipHasher24 {
        let mut hasher = <[u8; 16]>::try_from(&self.mac_key.expose_secret()[..])
            .map_or_else(|_| SipHasher24::new(), |key| SipHasher24::new_with_key(&key));
        for part in parts {
            hasher.write(&(part.len() as u64).to_le_bytes());
            hasher.write(part);
        }
        hasher
    }

    /// Seals a text for one place: `place` must be given again to open it.
    pub(crate) fn seal(&self, place: &[u8], text: &[u8]) -> Option<Vec<u8>> {
        seal_with(self.key.expose_secret(), place, text)
    }

    /// Opens what was sealed for that place.
    pub(crate) fn open(&self, place: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        open_with(self.key.expose_secret(), place, sealed)
    }

    /// A keyed digest over parts that cannot run into one another.
    pub(crate) fn digest(&self, parts: &[&[u8]]) -> Digest {
        digest(self.key.expose_secret(), parts)
    }
}

fn digest(key: &[u8], parts: &[&[u8]]) -> Digest {
    let mut short = [0; 16];
    if let Ok(mut mac) = <Hmac<Sha256> as Mac>::new_from_slice(key) {
        for part in parts {
            mac.update(&(part.len() as u64).to_le_bytes());
            mac.update(part);
        }
        for (to, from) in short.iter_mut().zip(mac.finalize().into_bytes()) {
            *to = from;
        }
    }
    Digest(short)
}

/// What one application's processes can name a person by under whatever client secret they have, a mistyped one too: a key
/// derived from the client id, which Kinde draws at random and which does not stand in the ledger.
pub(crate) struct ClientKey(Zeroizing<[u8; KEY]>);

impl ClientKey {
    pub(crate) fn derive(client_id: &str, realm: &str) -> ClientKey {
        let mut key = Zeroizing::new([0; KEY]);
        let derived = Hkdf::<Sha256>::new(Some(realm.as_bytes()), client_id.as_bytes())
            .expand(b"kinde-migrate client 1", key.as_mut_slice());
        // 32 bytes are never too many for HKDF.
        debug_assert!(derived.is_ok(), "HKDF-SHA-256 gives up to 8160 bytes");
        ClientKey(key)
    }

    pub(crate) fn digest(&self, parts: &[&[u8]]) -> Digest {
        digest(self.0.as_slice(), parts)
    }
}

/// Random bytes of the system; none if it has none to give.
pub(crate) fn fill(bytes: &mut [u8]) -> Option<()> {
    getrandom::fill(bytes).ok()
}

/// From 0 to 1, for jitter.
pub(crate) fn random() -> f64 {
    let mut bytes = [0; 4];
    // Without random bytes it is 0, which does for jitter.
    let _ = fill(&mut bytes);
    f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX)
}

fn wrapping_key(secret: &Secret, salt: &[u8]) -> Option<Zeroizing<[u8; KEY]>> {
    let mut key = Zeroizing::new([0; KEY]);
    let context = b"kinde-migrate ledger wrapping 1";
    let derive =
        || Hkdf::<Sha256>::new(Some(salt), secret.expose_secret()).expand(context, key.as_mut_slice());
    scrubbed(derive).ok()?;
    Some(key)
}

fn seal_with(key: &[u8], place: &[u8], text: &[u8]) -> Option<Vec<u8>> {
    let mut nonce = [0; NONCE];
    fill(&mut nonce)?;
    let cipher = XChaCha20Poly1305::new(Key::from_slice(key));
    let mut sealed = nonce.to_vec();
    sealed.extend(cipher.encrypt(XNonce::from_slice(&nonce), Payload { msg: text, aad: place }).ok()?);
    Some(sealed)
}

fn open_with(key: &[u8], place: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (nonce, text) = sealed.split_at_checked(NONCE)?;
    let cipher = XChaCha20Poly1305::new(Key::from_slice(key));
    cipher.decrypt(XNonce::from_slice(nonce), Payload { msg: text, aad: place }).ok().map(Zeroizing::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_opens_with_its_secret_only_and_a_text_in_its_place_only() {
        let secret = secret("old");
        let (key, salt, wrapped) = DataKey::generate(&secret).unwrap();
        assert!(DataKey::unwrap(&key.id, &self::secret("new"), &salt, &wrapped).is_none());
        let again = DataKey::unwrap(&key.id, &secret, &salt, &wrapped).unwrap();
        let sealed = key.seal(b"here", b"text").unwrap();
        assert_eq!(again.open(b"here", &sealed).unwrap().as_slice(), b"text");
        assert!(again.open(b"there", &sealed).is_none());
        assert!(again.open(b"here", &sealed[..10]).is_none());
    }

    #[test]
    fn the_parts_of_a_digest_do_not_run_together() {
        let (key, ..) = DataKey::generate(&secret("s")).unwrap();
        assert!(key.digest(&[b"ab", b"c"]) != key.digest(&[b"a", b"bc"]));
        assert!(key.mac(&[b"ab", b"c"]) != key.mac(&[b"a", b"bc"]));
    }

    #[test]
    fn a_mac_is_one_keys_and_a_tag_one_clients() {
        let (one, salt, wrapped) = DataKey::generate(&secret("s")).unwrap();
        let (other, ..) = DataKey::generate(&secret("s")).unwrap();
        let again = DataKey::unwrap(&one.id, &secret("s"), &salt, &wrapped).unwrap();
        assert!(one.mac(&[b"a"]) == again.mac(&[b"a"]) && one.mac(&[b"a"]) != other.mac(&[b"a"]));
        let tag = |client, realm| ClientKey::derive(client, realm).digest(&[b"a"]);
        assert!(tag("me", "x") == tag("me", "x"));
        assert!(tag("me", "x") != tag("you", "x") && tag("me", "x") != tag("me", "y"));
    }
}
