//! PBKDF2 (RFC 8018) with HMAC-SHA256 over the bare compression function.
//!
//! From its second iteration on, HMAC hashes two blocks: the digest before, padded, from the states that the keyed
//! inner and outer pads have left. A general HMAC copies its buffers for each; here that is all there is to a loop
//! which runs a million times for one sign-in (a fifth faster, see `bench/`).

use sha2::digest::generic_array::GenericArray;
use sha2::{Sha256, compress256};
use zeroize::Zeroizing;

use super::digests::{concat, hash, hmac};

type Block = Zeroizing<[u8; 64]>;
type State = Zeroizing<[u32; 8]>;

/// FIPS 180-4, 5.3.3.
const INITIAL: [u32; 8] =
    [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];

/// The length of a pad and a digest together, in bits.
const BITS: u64 = 8 * (64 + 32);

/// Fills `out` with the key.
pub(super) fn pbkdf2_sha256(password: &[u8], salt: &[u8], iterations: u32, out: &mut [u8]) {
    let hashed;
    let key = if password.len() > 64 {
        hashed = Zeroizing::new(<[u8; 32]>::from(hash::<Sha256>(&[password])));
        hashed.as_slice()
    } else {
        password
    };
    let (inner, outer) = (keyed(key, 0x36), keyed(key, 0x5c));
    let mut block = Block::new([0; 64]);
    // Behind the digest: a one, zeros, and the length.
    let padding = std::iter::once(0x80).chain([0; 23]).chain(BITS.to_be_bytes());
    block.iter_mut().skip(32).zip(padding).for_each(|(to, from)| *to = from);
    for (number, key) in (1u32..).zip(out.chunks_mut(32)) {
        let first = hmac::<Sha256>(password, &concat(&[salt, &number.to_be_bytes()]));
        block.iter_mut().zip(&first).for_each(|(to, from)| *to = *from);
        key.iter_mut().zip(&first).for_each(|(to, from)| *to = *from);
        for _ in 1..iterations {
            digest(&inner, &mut block);
            digest(&outer, &mut block);
            key.iter_mut().zip(block.iter()).for_each(|(to, from)| *to ^= from);
        }
    }
}

fn compress(state: &mut [u32; 8], block: &Block) {
    compress256(state, std::slice::from_ref(GenericArray::from_slice(block.as_slice())));
}

/// The state after a pad with the key in it.
fn keyed(key: &[u8], pad: u8) -> State {
    let mut block = Block::new([0; 64]);
    block.fill(pad);
    block.iter_mut().zip(key).for_each(|(to, from)| *to ^= from);
    let mut state = State::new(INITIAL);
    compress(&mut state, &block);
    state
}

/// Puts the digest of a keyed pad and the block in the block's place.
fn digest(keyed: &State, block: &mut Block) {
    let mut state = **keyed;
    compress(&mut state, block);
    for (to, word) in block.chunks_exact_mut(4).zip(state) {
        to.copy_from_slice(&word.to_be_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Against the crate, which the vectors cannot reach at these lengths.
    #[test]
    fn the_same_as_a_general_hmac() {
        for (password, salt, iterations, len) in [
            (0, 1, 1, 32),
            (1, 0, 2, 64),
            (63, 70, 3, 33),
            (64, 4, 5, 1),
            (65, 8, 2, 512),
            (200, 16, 100, 31),
        ] {
            let (password, salt) = (vec![b'p'; password], vec![b's'; salt]);
            let (mut ours, mut theirs) = (vec![0; len], vec![0; len]);
            pbkdf2_sha256(&password, &salt, iterations, &mut ours);
            pbkdf2::pbkdf2_hmac::<Sha256>(&password, &salt, iterations, &mut theirs);
            assert_eq!(ours, theirs);
        }
    }
}
