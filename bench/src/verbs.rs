//! New users, then the same ones again, in Rust: what each binding is held against.

use std::sync::mpsc;

use kinde_migrate::{Answer, Credential, Outcome, Status, User, Verb};
use serde_json::{Value, json};

use crate::Failure;
use crate::clock::Samples;
use crate::users::{WARM_UP, migrator, stored, user};

/// On the caller's thread.
pub(crate) fn called(url: &str, ledger: &str, users: &str, passes: &str) -> Result<Value, Failure> {
    let library = migrator(url, ledger)?;
    measure("rust", users, passes, |user, credential| Ok(library.migrate(&user, &credential)))
}

/// Answered at once where nobody need be waited for, else by the background thread.
pub(crate) fn started(url: &str, ledger: &str, users: &str, passes: &str) -> Result<Value, Failure> {
    let library = migrator(url, ledger)?;
    measure("rust (background thread)", users, passes, |user, credential| {
        let later = match library.ask(Verb::Migrate, user, credential) {
            Answer::Now(outcome) => return Ok(outcome),
            Answer::Later(later) => later,
        };
        let (tell, told) = mpsc::channel();
        later.then(move |outcome| {
            // Whoever asked waits below.
            let _ = tell.send(outcome);
        });
        Ok(told.recv()?)
    })
}

fn measure(
    name: &str,
    users: &str,
    passes: &str,
    migrate: impl Fn(User, Credential) -> Result<Outcome, Failure>,
) -> Result<Value, Failure> {
    let (users, passes): (usize, usize) = (users.parse()?, passes.parse()?);
    let carry = |n: usize, expected: Status| {
        let outcome = migrate(user("user", n), stored())?;
        match outcome.status {
            status if status == expected => Ok(outcome.calls),
            _ => Err(Failure::from(format!("not {expected}: {outcome:?}"))),
        }
    };
    for n in 0..WARM_UP {
        carry(n, Status::Created)?;
        carry(n, Status::Unchanged)?;
    }
    let numbers = || WARM_UP..WARM_UP + users;
    let (mut new, mut again) = (Samples::default(), Samples::default());
    new.many(|new| numbers().try_for_each(|n| new.one(|| carry(n, Status::Created))))?;
    again.many(|again| {
        (0..passes).try_for_each(|_| numbers().try_for_each(|n| again.one(|| carry(n, Status::Unchanged))))
    })?;
    Ok(json!({ "name": name, "new": new.report(), "again": again.report() }))
}
