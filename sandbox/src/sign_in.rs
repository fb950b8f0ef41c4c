//! Signing in with what was set: the proof of a migration.

use serde::{Deserialize, Serialize};

use crate::answer::Refusal;
use crate::clock;
use crate::fields::Fields;
use crate::identity::IdentityKind;
use crate::password::Password;
use crate::state::State;
use crate::users::User;
use crate::verify::{self, Verdict};

/// What came of a sign-in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignIn {
    /// Whether the user is in.
    pub ok: bool,
    /// Why not: `unknown_user`, `suspended`, `no_password`, `wrong_password`, or `too_costly`
    /// where the hash asks for more work than a sandbox does.
    pub reason: Option<String>,
    /// The user's id.
    pub id: Option<String>,
    /// How the password was set: `plaintext`, or the hashing method.
    pub password_method: Option<String>,
    /// Whether a new password is asked for because this one was set as temporary.
    pub is_temporary_password: bool,
    /// Whether a new password is asked for because a reset was requested.
    pub is_password_reset_requested: bool,
}

/// Who wants to sign in.
pub(crate) struct Attempt {
    kind: IdentityKind,
    name: String,
    password: String,
}

/// An attempt at which the password is all that is left to check. That takes long, so it is done
/// where nobody waits for it.
pub(crate) struct Check {
    id: String,
    password: Password,
    tried: String,
}

impl Attempt {
    /// By e-mail address.
    pub(crate) fn by_email(email: &str, password: &str) -> Self {
        Self { kind: IdentityKind::Email, name: email.to_owned(), password: password.to_owned() }
    }

    /// Reads `{email|username|phone, password}`.
    pub(crate) fn read(mut fields: Fields) -> Result<Self, Refusal> {
        let mut named = None;
        for kind in [IdentityKind::Email, IdentityKind::Username, IdentityKind::Phone] {
            if let Some(name) = fields.text(kind.name())?
                && named.replace((kind, name)).is_some()
            {
                return Err(fields.refuse(kind.name(), "must be the only name given"));
            }
        }
        let (kind, name) =
            named.ok_or_else(|| fields.refuse("email", "is required, or username, or phone"))?;
        let password = fields.text("password")?.ok_or_else(|| fields.refuse("password", "is required"))?;
        fields.finish()?;
        Ok(Self { kind, name, password })
    }

    /// Finds the user, and either what is to be checked or why there is nothing to check.
    pub(crate) fn begin(self, state: &mut State) -> Result<Check, SignIn> {
        let directory = &state.directory;
        let user = directory.place_of(self.kind, &self.name).and_then(|place| directory.at(place));
        let refused = match user {
            None => SignIn::failed(None, "unknown_user"),
            Some(user) if user.is_suspended => SignIn::failed(Some(user), "suspended"),
            Some(user) => match &user.password {
                None => SignIn::failed(Some(user), "no_password"),
                Some(password) => {
                    return Ok(Check {
                        id: user.id.to_string(),
                        password: (**password).clone(),
                        tried: self.password,
                    });
                }
            },
        };
        state.counters.failed_sign_ins += 1;
        Err(refused)
    }
}

impl Check {
    /// Does the work.
    pub(crate) fn verdict(&self) -> Verdict {
        verify::verify(&self.password.secret, &self.tried)
    }

    /// Counts the sign-in and says what came of it.
    pub(crate) fn finish(self, state: &mut State, verdict: Verdict) -> SignIn {
        let user = state.directory.by_id_mut(&self.id);
        if verdict == Verdict::Right {
            state.counters.sign_ins += 1;
        } else {
            state.counters.failed_sign_ins += 1;
        }
        let Some(user) = user else {
            // A reset came between.
            return SignIn::failed(None, "unknown_user");
        };
        match verdict {
            Verdict::Right => {
                user.total_sign_ins += 1;
                user.failed_sign_ins = 0;
                user.last_signed_in = Some(clock::now_micros());
                SignIn { ok: true, reason: None, ..SignIn::of(user) }
            }
            Verdict::Wrong => {
                user.failed_sign_ins += 1;
                SignIn::failed(Some(user), "wrong_password")
            }
            Verdict::TooCostly => SignIn::failed(Some(user), "too_costly"),
        }
    }
}

impl SignIn {
    fn of(user: &User) -> Self {
        let password = user.password.as_deref();
        Self {
            ok: false,
            reason: None,
            id: Some(user.id.to_string()),
            password_method: password.map(|password| password.secret.method().to_owned()),
            is_temporary_password: password.is_some_and(|password| password.temporary),
            is_password_reset_requested: user.is_password_reset_requested,
        }
    }

    fn failed(user: Option<&User>, reason: &str) -> Self {
        let reason = Some(reason.to_owned());
        match user {
            Some(user) => Self { reason, ..Self::of(user) },
            None => Self {
                ok: false,
                reason,
                id: None,
                password_method: None,
                is_temporary_password: false,
                is_password_reset_requested: false,
            },
        }
    }
}
