//! What the fuzzers hold to be true of any input: it comes back, soon, and what comes back agrees with itself.

#![allow(clippy::panic, reason = "a finding is a panic")]

#[path = "../../core/src/hash/mod.rs"]
pub mod hash;
#[path = "../../cli/src/hash/row.rs"]
#[allow(dead_code, reason = "the survey reads rows in another way")]
mod row;

use hash::{Extra, Guesses, KindeFields, Method, Recognition};
use serde_json::Value;

/// A stored value of any bytes.
pub fn recognise(data: &[u8]) {
    let explained = hash::explain(data, None, &Extra::default(), &Guesses::none());
    assert_eq!(explained.importable, explained.kinde.is_some());
    assert_eq!(explained.importable, explained.code.is_none());
    let Ok(stored) = std::str::from_utf8(data) else { return };
    let recognition = hash::recognise(stored);
    let first = recognition.candidates().next();
    match (recognition, hash::resolve(stored, None)) {
        (Recognition::One(format), Ok(resolved)) => assert_eq!(format.id, resolved.id),
        (Recognition::Several(formats), Err(error)) => {
            assert!(!formats.is_empty() && error.code == hash::code::AMBIGUOUS);
        }
        (Recognition::None, Err(_)) => assert!(first.is_none()),
        (recognition, resolved) => panic!("{recognition:?} but {resolved:?}"),
    }
}

/// What stands beside a hash, as JSON, and a stored value behind the first line end: for every format.
pub fn to_kinde(data: &[u8]) {
    let mut parts = data.splitn(2, |byte| *byte == b'\n');
    let (beside, stored) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let Ok(stored) = std::str::from_utf8(stored) else { return };
    let beside: Value = serde_json::from_slice(beside).unwrap_or_default();
    let extra = Extra::from_json(&beside).unwrap_or_default();
    for format in hash::formats() {
        match hash::to_kinde(format, stored, &extra, &Guesses::all()) {
            Ok(fields) => sendable(&fields),
            Err(error) => {
                // That there is no password is told whatever format was named.
                let named = error.format == Some(format.id) || error.code == hash::code::NO_PASSWORD;
                assert!(named && !error.reason.is_empty());
            }
        }
    }
}

/// What can be sent is what the wire and the check take.
fn sendable(fields: &KindeFields) {
    let text = serde_json::to_string(fields).unwrap_or_default();
    let again: Option<KindeFields> = serde_json::from_str(&text).ok();
    assert!(again.as_ref() == Some(fields), "{fields:?}");
    assert!(!format!("{:?}", fields.masked()).contains(&fields.hashed_password));
    let cheap = match fields.hashing_method {
        Method::Md5 | Method::Sha256 | Method::AspnetIdentityV2 => true,
        Method::Pbkdf2 => fields.iterations.is_some_and(|iterations| iterations < 100),
        Method::FirebaseScrypt => fields.mem_cost.is_some_and(|cost| cost < 6),
        Method::Bcrypt | Method::Crypt | Method::Wordpress => false,
    };
    if cheap {
        let checked = hash::verify_kinde(fields, b"correct horse");
        assert!(checked.is_ok(), "{checked:?}");
    }
}

/// What stands beside a hash, as JSON.
pub fn extra(data: &[u8]) {
    let Ok(value) = serde_json::from_slice::<Value>(data) else { return };
    let Ok(extra) = Extra::from_json(&value) else { return };
    let written = serde_json::to_value(&extra).unwrap_or_default();
    match Extra::from_json(&written) {
        Ok(again) => assert_eq!(serde_json::to_value(&again).ok(), Some(written)),
        Err(error) => panic!("what it writes it does not read: {error}"),
    }
}

/// A line of `kinde-migrate hash map`.
pub fn map_line(data: &[u8]) {
    let Ok(row) = row::Row::read(data) else { return };
    let Ok(extra) = Extra::from_json(&row.extra) else { return };
    let explained = hash::explain(row.stored_hash.as_bytes(), row.format.as_deref(), &extra, &Guesses::all());
    assert_eq!(explained.importable, explained.kinde.is_some());
}
