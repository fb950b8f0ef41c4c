//! What is known of a credential's stored hash: `explain_hash` and `require_importable` of every language.

use secrecy::ExposeSecret;

use crate::code::{Code, Error};
use crate::credential::Credential;
use crate::hash::{self, Explanation, Guesses};
use crate::job;
use crate::settings;

impl Credential {
    /// Explains the stored hash, with the format and the extra that the credential has: [`hash::explain`], for
    /// any value of them. `allow_guesses` is written as the setting of that name; empty allows none.
    ///
    /// Raises [`Code::ArgumentMissing`] where there is no hash, and [`Code::SettingInvalid`].
    pub fn explain_hash(&self, allow_guesses: &str) -> Result<Explanation, Error> {
        Ok(self.explained(self.stored()?, &guesses(allow_guesses)?))
    }

    /// The same, but what a verb would answer `rejected` for is raised, with the code that the outcome has: an
    /// [`Error`] whose `hash` has format, reason and advice.
    pub fn require_importable(&self, allow_guesses: &str) -> Result<Explanation, Error> {
        let (stored, guesses) = (self.stored()?, guesses(allow_guesses)?);
        if let Some(defect) = &self.defect {
            return Err(defect.clone().into());
        }
        job::mapped(&guesses, stored, self.format.as_deref(), &self.extra)?;
        Ok(self.explained(stored, &guesses))
    }

    fn stored(&self) -> Result<&[u8], Error> {
        let stored = self.hash.as_ref().map(|stored| &**stored.expose_secret());
        let stored = stored.or(self.no_hash.then_some(b""));
        stored.ok_or_else(|| Error::new(Code::ArgumentMissing, "there is no stored hash; pass one"))
    }

    fn explained(&self, stored: &[u8], guesses: &Guesses) -> Explanation {
        match &self.defect {
            Some(defect) => Explanation::from(defect.clone()),
            None => hash::explain(stored, self.format.as_deref(), &self.extra, guesses),
        }
    }
}

/// The environment is not asked: what is not allowed here is not allowed.
fn guesses(text: &str) -> Result<Guesses, Error> {
    settings::guesses(Some(text).filter(|text| !text.is_empty()))
}
