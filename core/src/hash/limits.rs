//! How much a stored value, a password or a check may cost.
//!
//! What is mapped is only bounded in length and by what a format can hold. What is checked here is bounded in
//! time and memory as well: a wrong or hostile value must give an answer, not a hang. The limits leave room for
//! several times what applications use.

/// The longest stored value looked at. The longest of the table (passport-local-mongoose) has 1024 bytes.
pub(super) const MAX_STORED: usize = 4096;

/// The longest password hashed. Django and libxcrypt stop at 4096 and 512.
pub(super) const MAX_PASSWORD: usize = 4096;

/// bcrypt costs up to here are checked, about 4 s; applications use 10 to 13.
pub(super) const MAX_BCRYPT_COST: u32 = 16;

/// bcrypt costs up to here are sent: a check at Kinde takes a minute. Nobody's server checks more.
pub(super) const MAX_SENT_COST: u32 = 20;

/// phpass: log2 of the rounds, a few seconds; WordPress uses 13, Drupal 15 or 16.
pub(super) const MAX_PHPASS_LOG2: u32 = 23;

/// PBKDF2: what a signed 32-bit integer holds, as FusionAuth's `factor` is one.
pub(super) const MAX_ITERATIONS: u32 = i32::MAX as u32;

/// PBKDF2: bytes of salt; PHP's and Node's applications have up to 64.
pub(super) const MAX_SALT: usize = 512;

/// PBKDF2: iterations times blocks of key, about 10 s; Django 5.2 uses 1,000,000.
pub(super) const MAX_PBKDF2_WORK: u64 = 20_000_000;

/// scrypt: N times r, that is 256 MiB; Werkzeug uses 2^18.
pub(super) const MAX_SCRYPT_BLOCKS: u64 = 1 << 21;

/// scrypt: N times r times p, about 6 s; Django 5.2 uses 5 times 2^17.
pub(super) const MAX_SCRYPT_WORK: u64 = 1 << 24;

/// Argon2: memory in KiB, that is 512 MiB; Django uses 100 MiB, PHP 64.
pub(super) const MAX_ARGON2_MEMORY: u32 = 1 << 19;

/// Argon2: KiB times passes, a few seconds.
pub(super) const MAX_ARGON2_WORK: u64 = 1 << 22;

/// sha-crypt: rounds times bytes hashed in a round, a few seconds; crypt(3) uses 5,000 rounds, passlib 656,000.
pub(super) const MAX_SHA_CRYPT_WORK: u64 = 1 << 30;

/// Extended DES: iterations, about a second; PHP and passlib use 5,001 and fewer.
pub(super) const MAX_DES_COUNT: u32 = 1 << 20;
