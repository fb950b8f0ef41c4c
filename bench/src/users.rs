//! Who is carried over, the same in every language.

use kinde_migrate::{Credential, Migrator, Settings, User};

use crate::Failure;

/// A stored bcrypt hash: no program computes it.
pub(crate) const HASH: &str = "$2b$10$UCWiQRKQNXYJLgt.0Wo6JeHWSx.g3Ni.qWTzBP/u/2hTSxTEaU8ue";
/// What goes before the counting: the connection, the token, the processor's caches.
pub(crate) const WARM_UP: usize = 30;

pub(crate) const CLIENT_ID: &str = "sandbox-client";
pub(crate) const CLIENT_SECRET: &str = "sandbox-secret";

pub(crate) fn email(who: &str, n: usize) -> String {
    format!("{who}-{n}@example.org")
}

pub(crate) fn user(who: &str, n: usize) -> User {
    let mut user = User::with_email(email(who, n));
    user.given_name = Some("Ada".into());
    user.family_name = Some("Lovelace".into());
    user.provided_id = Some(format!("{who}-{n}"));
    user.email_verified = Some(true);
    user
}

pub(crate) fn stored() -> Credential {
    Credential::hash(HASH)
}

pub(crate) fn migrator(url: &str, ledger: &str) -> Result<Migrator, Failure> {
    migrator_with(url, ledger, &[])
}

/// With these settings besides.
pub(crate) fn migrator_with(url: &str, ledger: &str, besides: &[(&str, &str)]) -> Result<Migrator, Failure> {
    let mut settings = Settings::new();
    for (name, value) in [
        ("domain", url),
        ("client_id", CLIENT_ID),
        ("client_secret", CLIENT_SECRET),
        ("ledger", ledger),
        ("deadline", "10"),
        ("bcrypt_cost", "10"),
    ]
    .into_iter()
    .chain(besides.iter().copied())
    {
        settings.set(name, value)?;
    }
    Ok(Migrator::new(settings)?)
}
