//! What is known of a stored hash. `index.cjs` parses it, and makes an error of one that cannot be carried over.

use kinde_migrate::Credential;
use napi::bindgen_prelude::Unknown;
use napi_derive::napi;

use crate::arguments;
use crate::refusal::{Result, guard};

/// Why a stored hash cannot be carried over.
#[napi(object, object_from_js = false, use_nullable = true)]
pub struct NotImportable {
    #[napi(ts_type = "string")]
    pub code: &'static str,
    pub message: String,
    #[napi(ts_type = "string")]
    pub format: Option<&'static str>,
    pub reason: String,
    pub advice: String,
}

/// An explanation as JSON.
#[napi]
pub fn explain_hash(stored: Unknown<'_>, options: Unknown<'_>) -> Result<String> {
    guard(|| {
        let (credential, guesses) = arguments::stored_hash(&stored, &options)?;
        Ok(Credential::explain_hash(&credential, &guesses)?.to_json())
    })
}

/// Why a stored hash cannot be carried over, or null where it can.
#[napi]
pub fn not_importable(stored: Unknown<'_>, options: Unknown<'_>) -> Result<Option<NotImportable>> {
    guard(|| {
        let (credential, guesses) = arguments::stored_hash(&stored, &options)?;
        let Err(error) = credential.require_importable(&guesses) else { return Ok(None) };
        let Some(hash) = error.hash else { return Err(error.into()) };
        Ok(Some(NotImportable {
            code: error.code.as_str(),
            message: error.message,
            format: hash.format,
            reason: hash.reason.into_owned(),
            advice: hash.advice.into_owned(),
        }))
    })
}
