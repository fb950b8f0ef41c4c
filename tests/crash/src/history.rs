//! What each user's calls came to, and which password may be his in the end.
//!
//! The rule: a call that returned accepted counts. A call that was killed may have counted or not. So the password
//! in Kinde must be that of a call after whose end no other began that was accepted. But a sign-in within a minute after a
//! change, with another password, is taken for one from before it; and one that could not know of the change is not.

use std::collections::BTreeMap;
use std::fmt::Write;

use kinde_migrate::Verb;
use kinde_migrate_sandbox::Sandbox;

use crate::op::{Op, Said};
use crate::world::Ran;

/// A call that has begun.
#[derive(Clone, Debug)]
struct Call {
    op: Op,
    begun: u64,
    /// When it returned, or when its process was gone.
    ended: u64,
    /// None: it was killed.
    outcome: Option<(String, String)>,
    in_memory: bool,
}

/// The calls of all users: by e-mail, and by their id in the old system where calls give one.
#[derive(Default)]
pub struct History {
    users: BTreeMap<(String, Option<String>), Vec<Call>>,
}

/// How long after a change a sign-in is older, in nanoseconds; and a second more, as the library's clock begins later.
const STALE_FOR: u64 = 61_000_000_000;

impl Call {
    /// Whether its password is certainly newer than another call's.
    fn is_newer_than(&self, other: &Call) -> bool {
        let change = other.op.verb == Verb::ChangePassword || other.op.blind;
        let may_be_stale = self.op.verb == Verb::Migrate && change;
        self.begun > other.ended + if may_be_stale { STALE_FOR } else { 0 }
    }

    fn accepted(&self) -> bool {
        let accepted = ["created", "updated", "unchanged", "queued"];
        self.outcome.as_ref().is_some_and(|(status, _)| accepted.contains(&status.as_str()))
    }

    fn sets_a_password(&self) -> bool {
        self.op.verb != Verb::RequestReset
    }
}

impl History {
    /// Takes in what a child said of its calls.
    ///
    /// A disk that is so busy that the ledger cannot be had within a call's time makes a process go on in memory. It says
    /// so before the call returns, or its outcome does; what such a call comes to is not looked at.
    pub fn note(&mut self, ops: &[Op], ran: &Ran) {
        let mut in_memory = false;
        for said in &ran.said {
            in_memory |= matches!(said, Said::Notice(text) if text.starts_with("ledger_unavailable"));
            let (Said::Begun(id, at) | Said::Returned(id, at, ..)) = said else { continue };
            let op = ops.iter().find(|op| op.id == *id).unwrap();
            let calls = self.users.entry(op.person()).or_default();
            match said {
                Said::Returned(_, _, status, reason, durable) => {
                    let call = calls.iter_mut().rfind(|call| call.op.id == *id).unwrap();
                    (call.ended, call.outcome) = (*at, Some((status.clone(), reason.clone())));
                    call.in_memory = in_memory || !durable;
                }
                _ => {
                    calls.push(Call { op: op.clone(), begun: *at, ended: ran.gone, outcome: None, in_memory })
                }
            }
        }
    }

    /// How many calls returned accepted.
    pub fn accepted(&self) -> usize {
        self.users.values().flatten().filter(|call| call.accepted()).count()
    }

    /// How many users had a call that could not use the ledger.
    pub fn in_memory(&self) -> usize {
        self.users.values().filter(|calls| calls.iter().any(|call| call.in_memory)).count()
    }

    /// Compares with what is in Kinde, after everything was delivered; what is wrong. `dead`: the ids of the dead letters'
    /// users.
    pub fn check(&self, sandbox: &Sandbox, dead: &[String]) -> Vec<String> {
        let users = sandbox.users().unwrap();
        let mut wrong = Vec::new();
        for ((email, id), calls) in &self.users {
            if calls.iter().any(|call| call.in_memory) {
                continue;
            }
            let mut blame = |what: &str| wrong.push(format!("{email} {id:?}: {what}\n{}", shown(calls)));
            let owner = users.iter().find(|user| user.email.as_deref() == Some(email));
            let owner = owner.and_then(|user| user.provided_id.as_deref());
            if let (Some(id), Some(owner)) = (id, owner)
                && id != owner
            {
                // Who came second at this address has set nothing, and what they were promised is not gone.
                let set = |call: &Call| {
                    call.outcome
                        .as_ref()
                        .is_some_and(|(status, _)| status == "created" || status == "updated")
                };
                if calls.iter().any(set) {
                    blame("has set the password of whoever was first");
                }
                // A reset may have been delivered before anybody was in Kinde, and has come to its end.
                let promised = |call: &Call| call.accepted() && call.sets_a_password();
                if calls.iter().any(promised) && !dead.contains(id) {
                    blame("was promised something, and it is gone");
                }
                continue;
            }
            let conflict = |reason: &str| id.is_some() && reason == "provided_id_conflict";
            for call in calls {
                let unexpected = call.outcome.as_ref().filter(|(status, reason)| {
                    status == "rejected"
                        || status == "skipped" && reason != "not_in_kinde" && !conflict(reason)
                });
                if let Some((status, reason)) = unexpected {
                    blame(&format!("call {} was {status}: {reason}", call.op.id));
                }
            }
            let there: Vec<_> = users.iter().filter(|user| user.email.as_deref() == Some(email)).collect();
            if there.len() > 1 {
                blame("is there more than once");
            }
            let counts: Vec<_> = calls.iter().filter(|call| call.sets_a_password()).collect();
            let is_certain = counts.iter().any(|call| call.accepted());
            let Some(user) = there.first() else {
                if is_certain {
                    blame("is missing");
                }
                continue;
            };
            let allowed = counts
                .iter()
                .filter(|call| !counts.iter().any(|later| later.accepted() && later.is_newer_than(call)));
            let fits = |password: &str| sandbox.sign_in(email, password).unwrap().ok;
            if (user.password_method.is_some() || is_certain)
                && !allowed.clone().any(|call| fits(&call.op.password))
            {
                let has = counts.iter().find(|call| fits(&call.op.password));
                blame(&format!("has the password of {:?}", has.map(|call| call.op.id)));
            }
            // A reset that was accepted is asked for, unless something newer may have taken its place.
            let reset = calls.iter().rev().find(|call| call.accepted() && !call.sets_a_password());
            if let Some(reset) = reset {
                let was_there = counts.iter().any(|call| {
                    let done = call
                        .outcome
                        .as_ref()
                        .is_some_and(|(status, _)| status == "created" || status == "updated");
                    done && call.ended < reset.begun
                });
                let is_last = !counts.iter().any(|call| call.ended > reset.begun);
                if was_there && is_last && !user.is_password_reset_requested {
                    blame(&format!("the reset of call {} is missing", reset.op.id));
                }
            }
        }
        wrong
    }
}

fn shown(calls: &[Call]) -> String {
    let first = calls.first().map_or(0, |call| call.begun);
    let mut calls: Vec<_> = calls.iter().collect();
    calls.sort_by_key(|call| call.begun);
    calls.iter().fold(String::new(), |mut text, call| {
        let Op { id, verb, password, form, .. } = &call.op;
        let ms = |at: u64| (at as f64 - first as f64) / 1e6;
        let came = call
            .outcome
            .as_ref()
            .map_or_else(|| "killed".into(), |(status, reason)| format!("{status} {reason}"));
        let verb = verb.as_str();
        let _ = writeln!(
            text,
            "  {id:5} {verb:15} {password} {form:?} {:.1} to {:.1} ms: {came}",
            ms(call.begun),
            ms(call.ended)
        );
        text
    })
}
