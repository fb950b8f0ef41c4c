//! The answer of every verb.

use crate::code::Code;

/// What became of one call of a verb.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(i32)]
pub enum Status {
    /// The user was not in Kinde and now is, with this password.
    Created = 1,
    /// The user was in Kinde, and the password (or the reset request) was set.
    Updated = 2,
    /// There was nothing to do.
    Unchanged = 3,
    /// Recorded in the ledger's outbox; it will be delivered.
    Queued = 4,
    /// Left alone by a policy or because of a conflict; the reason says which.
    Skipped = 5,
    /// It cannot be carried over as it is; the reason says why.
    Rejected = 6,
}

impl Status {
    /// The status as every language writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Status::Created => "created",
            Status::Updated => "updated",
            Status::Unchanged => "unchanged",
            Status::Queued => "queued",
            Status::Skipped => "skipped",
            Status::Rejected => "rejected",
        }
    }
}

impl std::fmt::Display for Status {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The answer of a verb. Nothing that Kinde or the network does is ever raised; it is said here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// What became of it.
    pub status: Status,
    /// The user's id in Kinde, where it is known.
    pub kinde_id: Option<String>,
    /// How many calls of Kinde's Management API were made, repeats included, the token's not.
    pub calls: u32,
    /// Why, for `queued`, `skipped` and `rejected`.
    pub reason: Option<Code>,
    /// The reason in words, with what to do about it. It shows no secret and no e-mail.
    pub message: Option<String>,
    /// Of `queued`: whether the work outlives this process and the host's next start. `false` where it is held in
    /// memory or in a folder for temporary files. `true` for every other status.
    pub durable: bool,
    /// What was done to the user's fields on the way: none of it stopped the password.
    pub notices: Vec<FieldNotice>,
}

/// Something that was cleaned or left out. It names the field and shows no value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldNotice {
    /// What was done: [`Code::FieldCleaned`], [`Code::FieldLeftOut`], …
    pub code: Code,
    /// The user's field, as in [`crate::USER_FIELDS`].
    pub field: &'static str,
}

impl Outcome {
    pub(crate) fn done(status: Status, kinde_id: Option<String>, calls: u32) -> Self {
        Outcome { status, kinde_id, calls, reason: None, message: None, durable: true, notices: Vec::new() }
    }

    pub(crate) fn because(status: Status, reason: Code, message: impl Into<String>) -> Self {
        Outcome {
            status,
            kinde_id: None,
            calls: 0,
            reason: Some(reason),
            message: Some(message.into()),
            durable: true,
            notices: Vec::new(),
        }
    }
}
