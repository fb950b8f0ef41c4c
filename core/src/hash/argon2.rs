//! Argon2 (RFC 9106) in the PHC string format: checked here, never importable.

use argon2::{Algorithm, Argon2, Params, Version};
use zeroize::Zeroizing;

use super::digests::equal;
use super::encoding::{Bytes, number, unbase64};
use super::error::Fault;
use super::limits::{MAX_ARGON2_MEMORY, MAX_ARGON2_WORK};
use super::map::Case;
use super::preimage::fed;
use super::table::Kind;

/// What the string says beside salt and key.
pub(super) struct Settings {
    pub(super) algorithm: Algorithm,
    pub(super) version: Version,
    /// KiB.
    pub(super) memory: u32,
    pub(super) passes: u32,
    pub(super) lanes: u32,
}

pub(super) fn verify(case: Case<'_>, password: &[u8]) -> Result<bool, Fault> {
    let text = if case.format.kind == Kind::DjangoArgon2 {
        case.stored.strip_prefix("argon2").unwrap_or_default()
    } else {
        case.stored
    };
    let (settings, salt, key) = parse(text)?;
    let fed = fed(case, password)?;
    let typed = fed.first().map_or(password, |fed| fed.as_slice());
    let computed = derive(&settings, typed, &salt, key.len())?;
    Ok(equal(&computed, &key))
}

/// `$argon2id$v=19$m=65536,t=4,p=1$salt$key`; before version 1.3 without `v`.
fn parse(text: &str) -> Result<(Settings, Bytes, Bytes), Fault> {
    const SHAPE: Fault = Fault::Malformed("not the shape $argon2id$v=19$m=...,t=...,p=...$salt$key");
    let mut parts = text.strip_prefix('$').ok_or(SHAPE)?.split('$');
    let mut part = || parts.next().ok_or(SHAPE);
    let algorithm = match part()? {
        "argon2i" => Algorithm::Argon2i,
        "argon2id" => Algorithm::Argon2id,
        "argon2d" => Algorithm::Argon2d,
        _ => return Err(SHAPE),
    };
    let (mut version, mut costs) = (Version::V0x10, part()?);
    if let Some(named) = costs.strip_prefix("v=") {
        version = match named {
            "16" => Version::V0x10,
            "19" => Version::V0x13,
            _ => return Err(Fault::Malformed("the Argon2 version is none of 16, 19")),
        };
        costs = part()?;
    }
    let (mut memory, mut passes, mut lanes) = (None, None, None);
    for cost in costs.split(',') {
        let (name, value) = cost.split_once('=').ok_or(SHAPE)?;
        match name {
            "m" => memory = number(value),
            "t" => passes = number(value),
            "p" => lanes = number(value),
            _ => return Err(Fault::Malformed("Argon2 with a key or data of its own cannot be checked here")),
        }
    }
    let (Some(memory), Some(passes), Some(lanes)) = (memory, passes, lanes) else { return Err(SHAPE) };
    let (salt, key) = (unbase64(part()?).ok_or(SHAPE)?, unbase64(part()?).ok_or(SHAPE)?);
    if parts.next().is_some() {
        return Err(SHAPE);
    }
    Ok((Settings { algorithm, version, memory, passes, lanes }, salt, key))
}

pub(super) fn derive(
    settings: &Settings,
    password: &[u8],
    salt: &[u8],
    len: usize,
) -> Result<Zeroizing<Vec<u8>>, Fault> {
    let work = u64::from(settings.memory) * u64::from(settings.passes);
    if settings.memory > MAX_ARGON2_MEMORY || work > MAX_ARGON2_WORK {
        return Err(Fault::TooCostly("these Argon2 parameters take too much memory or time to check here"));
    }
    let mut out = Zeroizing::new(vec![0; len]);
    Params::new(settings.memory, settings.passes, settings.lanes, Some(len))
        .and_then(|parameters| {
            Argon2::new(settings.algorithm, settings.version, parameters)
                .hash_password_into(password, salt, &mut out)
        })
        .map_err(|_| Fault::Malformed("Argon2 does not allow these parameters, salt or key"))?;
    Ok(out)
}
