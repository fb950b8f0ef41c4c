//! Legacy password hashes and what Kinde can take of them: pure functions, no I/O, no clock, no randomness.
//!
//! A stored value is [`recognise`]d by its shape, or its format is named; [`to_kinde`] turns it into the fields
//! of Kinde's set-password call or says why that cannot be; [`verify`] checks a password as the legacy
//! application does, and [`verify_kinde`] as Kinde will, so that a mapping can be proved before it is sent.
//!
//! | file | what it knows |
//! |---|---|
//! | `table` | every format: id, applications, shape, mapping, confidence, source |
//! | `peel`, `container`, `state` | what was put round a value, and whether there is a password at all |
//! | `recognise`, `shape`, `columns` | marks, shapes, and what the columns beside a hash name |
//! | `preimage` | what applications hash in place of what was typed |
//! | `map`, `verify` | the ways in, and what holds for every format |
//! | `kinde` | what Kinde checks, by hashing method |
//! | `prove` | both checks on one password |
//! | `own` | hashing a plaintext for Kinde |
//! | `explain` | all of it about one stored value, without its secrets |
//! | `extra`, `extra_text`, `fields`, `error`, `format` | the types |
//! | `encoding`, `digests`, `stretch`, `limits` | tools |
//! | `des`, `md5_crypt`, `sha_crypt` | crypt(3)'s functions |
//! | the rest | one family of formats each |

mod argon2;
mod aspnet;
mod bcrypt;
mod columns;
mod container;
mod crypt;
mod des;
mod digest;
mod digests;
mod encoding;
mod error;
mod explain;
mod extra;
mod extra_text;
mod fields;
mod format;
mod keycloak;
mod kinde;
mod ldap;
mod limits;
mod magento;
mod map;
mod md5_crypt;
mod own;
mod pbkdf2;
mod peel;
mod phpass;
mod preimage;
mod prove;
mod recognise;
mod scrypt;
mod sha_crypt;
mod shape;
mod state;
mod stretch;
mod table;
mod verify;

pub use error::{HashError, code};
pub use explain::{Explanation, Proven, explain};
pub use extra::Extra;
pub use fields::{KindeFields, Masked, Method, SaltFormat, SaltPosition, Variant};
pub use format::{Confidence, Format, Guesses, Mapping, Recognition, format, formats};
pub use kinde::verify_kinde;
pub(crate) use map::text;
pub use map::{resolve, resolve_beside, to_kinde};
pub use own::{OWN_PBKDF2_ITERATIONS, OwnSalt, hash_password};
pub(crate) use own::{STOP_GAP, bcrypt_sees, stop_gap};
pub use peel::notices;
pub use prove::{Proof, prove};
pub use recognise::recognise;
pub use verify::verify;
