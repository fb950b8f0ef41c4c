//! New users, by the library and by the least that can be done, in turns.

use kinde_migrate::{Credential, Migrator, Status};
use serde_json::{Value, json};

use crate::Failure;
use crate::bare::Bare;
use crate::clock::Samples;
use crate::plain::Plain;
use crate::users::{WARM_UP, migrator, stored, user};

/// Users in a turn: few, so that whatever else the machine does falls on both alike.
const TURN: usize = 5;

pub(crate) fn measure(url: &str, ledger: &str, users: &str, credential: &str) -> Result<Value, Failure> {
    let users: usize = users.parse()?;
    let make: fn(usize) -> Credential = match credential {
        "hash" => |_| stored(),
        "password" => |n| Credential::password(format!("correct horse {n}")).version(n.to_string()),
        _ => return Err("a credential is hash or password".into()),
    };
    let library = migrator(url, ledger)?;
    let mut bare = Bare::connect(url)?;
    let plain = Plain::new(url, bare.bearer().clone())?;
    let (mut ours, mut theirs, mut plains) = (Samples::default(), Samples::default(), Samples::default());
    let warm_up = if users < 500 { TURN } else { WARM_UP };
    for n in 0..warm_up {
        carry(&library, n, make)?;
        bare.carry("bare", n)?;
        plain.carry("plain", n)?;
    }
    for turn in 0..users.div_ceil(TURN) {
        let numbers = || (0..TURN).map(|n| warm_up + turn * TURN + n);
        ours.many(|ours| numbers().try_for_each(|n| ours.one(|| carry(&library, n, make))))?;
        theirs.many(|theirs| numbers().try_for_each(|n| theirs.one(|| bare.carry("bare", n))))?;
        plains.many(|plains| numbers().try_for_each(|n| plains.one(|| plain.carry("plain", n))))?;
    }
    Ok(json!({ "ours": ours.report(), "bare": theirs.report(), "reqwest": plains.report() }))
}

fn carry(library: &Migrator, n: usize, make: fn(usize) -> Credential) -> Result<u32, Failure> {
    let outcome = library.migrate(&user("ours", n), &make(n));
    match outcome.status {
        Status::Created => Ok(outcome.calls),
        _ => Err(format!("not created: {outcome:?}").into()),
    }
}
