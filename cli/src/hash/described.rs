//! What the options say of all values: their format, what stands beside them, the guesses allowed.

use std::path::PathBuf;

use kinde_migrate::hash::{Extra, Guesses, format, formats};
use serde_json::{Map, Value};

use crate::failed::Failed;

#[derive(Debug, clap::Args)]
pub(crate) struct Described {
    /// The format of every value that does not name its own
    #[arg(long, value_name = "ID")]
    format: Option<String>,

    /// What stands beside every hash, such as iterations=1000; may be repeated
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    extra: Vec<(String, String)>,

    /// The same as a JSON object in a file, for what others should not see (a Firebase project's signer_key)
    #[arg(long, value_name = "FILE")]
    extra_file: Option<PathBuf>,

    /// Take the hash of a locked account (`!` before it), too
    #[arg(long)]
    allow_locked: bool,

    /// Use the mapping of this format although it is a guess; may be repeated
    #[arg(long = "allow-guess", value_name = "ID")]
    allow_guess: Vec<String>,

    /// Use every mapping that is a guess
    #[arg(long)]
    allow_guesses: bool,
}

/// The same, read.
pub(super) struct Known {
    pub(super) format: Option<String>,
    pub(super) guesses: Guesses,
    extra: Map<String, Value>,
}

impl Described {
    pub(super) fn read(&self) -> Result<Known, Failed> {
        if let Some(id) = self.format.as_deref().filter(|id| format(id).is_none()) {
            let ids: Vec<_> = formats().iter().map(|format| format.id).collect();
            let said = format!("--format: there is no format {id:?}; there are {}", ids.join(", "));
            return Err(Failed::usage(said));
        }
        let mut guesses = if self.allow_guesses { Guesses::all() } else { Guesses::none() };
        for id in &self.allow_guess {
            guesses
                .allow(id)
                .map_err(|error| Failed::usage(format!("--allow-guess {id:?}: {}", error.reason)))?;
        }
        let mut extra = match &self.extra_file {
            Some(path) => {
                let refused = |why: &str| Failed::usage(format!("--extra-file {}: {why}", path.display()));
                let text = std::fs::read(path).map_err(|error| refused(&error.to_string()))?;
                serde_json::from_slice(&text).map_err(|_| refused("it is not a JSON object"))?
            }
            None => Map::new(),
        };
        if self.allow_locked {
            extra.insert("allow_locked".to_owned(), true.into());
        }
        extra.extend(self.extra.iter().map(|(name, value)| (name.clone(), value.as_str().into())));
        let known = Known { format: self.format.clone(), guesses, extra };
        known.beside(Value::Null).map_err(|error| Failed::usage(error.to_string()))?;
        Ok(known)
    }
}

impl Known {
    /// What stands beside one hash: its own, and what is the same for all.
    pub(super) fn beside(&self, own: Value) -> Result<Extra, kinde_migrate::hash::HashError> {
        match own {
            Value::Null if self.extra.is_empty() => Ok(Extra::default()),
            Value::Null => Extra::from_json(&Value::Object(self.extra.clone())),
            Value::Object(own) if !self.extra.is_empty() => {
                let mut all = self.extra.clone();
                all.extend(own);
                Extra::from_json(&Value::Object(all))
            }
            own => Extra::from_json(&own),
        }
    }
}

/// `NAME=VALUE`, split at the first sign.
pub(super) fn pair(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("it has the form NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}
