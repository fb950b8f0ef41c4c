//! The step `explain_hash`.

use kinde_migrate::Error;
use serde_json::{Value, json};

use crate::run::{Done, all_there, credential, hides, in_words, same};

pub(crate) fn explain_hash(step: &Value) -> Done {
    let mut asked = step["explain_hash"].clone();
    let guesses = asked.as_object_mut().unwrap().remove("allow_guesses").unwrap_or_else(|| json!(""));
    let guesses = guesses.as_str().unwrap();
    let mut texts = Vec::new();
    let credential = credential(&asked, &mut texts).map_err(in_words)?;
    let hidden = step["hides"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let hidden: Vec<&str> =
        texts.iter().filter_map(|text| std::str::from_utf8(text).ok()).chain(hidden).collect();
    let silent = |said: &str| hides(said, hidden.iter().copied());

    let required = credential.require_importable(guesses);
    let explained = match credential.explain_hash(guesses) {
        Ok(explained) => explained,
        Err(error) => {
            silent(&format!("{error:?}"))?;
            same("code", Some(error.code.as_str()), step["misuse"].as_str())?;
            return same("code of the other", required.err().map(|other| other.code), Some(error.code));
        }
    };
    let found = serde_json::to_value(&explained).map_err(in_words)?;
    silent(&found.to_string())?;
    silent(&format!("{explained:?} {required:?}"))?;
    all_there(&found, step.get("expect").ok_or("nothing was raised")?)?;
    match required {
        Ok(required) => same("what is required", required, explained),
        Err(error) if explained.import_file_only => {
            same("code", error.code.as_str(), "hash_not_importable")?;
            same("format", typed(&error)?.0, found["format"].clone())
        }
        Err(error) => {
            same("code", json!(error.code.as_str()), found["code"].clone())?;
            let wanted = (found["format"].clone(), found["reason"].clone(), found["advice"].clone());
            same("format, reason and advice", typed(&error)?, wanted)
        }
    }
}

fn typed(error: &Error) -> Result<(Value, Value, Value), String> {
    let hash = error.hash.as_ref().ok_or_else(|| format!("{error:?} has no parts"))?;
    Ok((json!(hash.format), json!(hash.reason), json!(hash.advice)))
}
