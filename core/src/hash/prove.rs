//! Whether a mapping holds, shown with one known password.

use super::error::HashError;
use super::explain::Proven;
use super::extra::Extra;
use super::format::{Format, Guesses};
use super::kinde::verify_kinde;
use super::map::to_kinde;
use super::verify::verify;

/// The same password tried twice, by code that shares nothing but the primitives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// Whether the stored hash is of this password, as the legacy application checks it.
    pub legacy: Result<bool, HashError>,
    /// Whether Kinde will take the password once the mapped fields are set.
    pub kinde: Result<bool, HashError>,
}

impl Proof {
    /// Whether both are so: then the fields may be sent.
    pub fn holds(&self) -> bool {
        self.proven() == Proven::Mapping
    }

    /// What of it is shown.
    pub fn proven(&self) -> Proven {
        match (&self.legacy, &self.kinde) {
            (Ok(true), Ok(true)) => Proven::Mapping,
            (Ok(true), _) => Proven::Hash,
            _ => Proven::None,
        }
    }
}

/// Tries a password that is known against the stored hash and against what would be sent for it.
///
/// It takes as long as two sign-ins of the old system's; see [`verify`] for what is refused as too costly.
pub fn prove(
    format: &'static Format,
    stored: &str,
    extra: &Extra,
    guesses: &Guesses,
    password: &[u8],
) -> Proof {
    let mapped = to_kinde(format, stored, extra, guesses);
    Proof {
        legacy: verify(format, stored, extra, password),
        kinde: mapped.and_then(|fields| verify_kinde(&fields, password).map_err(|error| error.of(format))),
    }
}
