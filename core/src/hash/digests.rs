//! Hash functions over parts, HMAC, and comparing in constant time.

use hmac::{Mac as _, SimpleHmac};
use sha2::digest::core_api::BlockSizeUser;
use sha2::digest::crypto_common::Block;
use sha2::digest::{Digest, KeyInit, Output};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

/// A digest of parts, one after the other.
pub(super) fn hash<D: Digest>(parts: &[&[u8]]) -> Output<D> {
    let mut hasher = D::new();
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize()
}

/// HMAC, RFC 2104.
pub(super) fn hmac<D: Digest + BlockSizeUser>(key: &[u8], message: &[u8]) -> Output<D> {
    // Made by hand into a block, since that constructor cannot fail.
    let hashed;
    let mut block = Block::<D>::default();
    let key = if key.len() > block.len() {
        hashed = D::digest(key);
        hashed.as_slice()
    } else {
        key
    };
    for (to, from) in block.iter_mut().zip(key) {
        *to = *from;
    }
    let mut mac = <SimpleHmac<D> as KeyInit>::new(&block);
    mac.update(message);
    mac.finalize().into_bytes()
}

/// Parts in one buffer, wiped when dropped.
pub(super) fn concat(parts: &[&[u8]]) -> Zeroizing<Vec<u8>> {
    // With the whole capacity at once: growing would leave copies behind.
    let mut out = Zeroizing::new(Vec::with_capacity(parts.iter().map(|part| part.len()).sum()));
    for part in parts {
        out.extend_from_slice(part);
    }
    out
}

/// Whether two byte strings are equal, in a time that depends on their lengths only.
pub(super) fn equal(a: &[u8], b: &[u8]) -> bool {
    a.ct_eq(b).into()
}
