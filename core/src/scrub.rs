//! Wiping the stack after work with secrets: hash functions leave pieces of their input there, and the stack of a
//! thread that has ended is kept for the next one.

/// Deeper than any of the hash functions in use goes: bcrypt's state has 4 KiB.
const DEPTH: usize = 16 * 1024;
/// Deeper than HMAC-SHA-256 goes.
const DEPTH_OF_A_DIGEST: usize = 4 * 1024;

/// Does the work, then overwrites the stack that it has used.
pub(crate) fn scrubbed<T>(work: impl FnOnce() -> T) -> T {
    let done = below(work);
    overwrite::<DEPTH>();
    done
}

/// Makes a digest of something secret, then overwrites the stack that it has used: less than [`scrubbed`] does.
pub(crate) fn digested<T>(work: impl FnOnce() -> T) -> T {
    let done = below(work);
    overwrite::<DEPTH_OF_A_DIGEST>();
    done
}

/// In a frame of its own, so that all that the work leaves lies beneath the caller's.
#[inline(never)]
fn below<T>(work: impl FnOnce() -> T) -> T {
    work()
}

#[inline(never)]
fn overwrite<const DEPTH: usize>() {
    let mut stack = [0_u8; DEPTH];
    std::hint::black_box(&mut stack);
}
