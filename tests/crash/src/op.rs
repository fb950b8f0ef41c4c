//! One call of a verb, as a line to a child, and what the child says of it.

use kinde_migrate::{Credential, Migrator, Outcome, User, Verb};

/// In what form a password is handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Typed, with a version.
    Versioned,
    /// Typed, without one.
    Plain,
    /// As a stored bcrypt hash.
    Stored,
}

/// One call.
#[derive(Clone, Debug)]
pub struct Op {
    /// Its number in the round.
    pub id: usize,
    /// What is asked for.
    pub verb: Verb,
    /// Whose.
    pub email: String,
    /// With what.
    pub password: String,
    /// How.
    pub form: Form,
    /// Microseconds after the start, where calls are timed.
    pub at: u64,
}

impl Op {
    /// As a line.
    pub fn line(&self) -> String {
        let form = match self.form {
            Form::Versioned => format!("v-{}", self.password),
            Form::Plain => String::new(),
            Form::Stored => {
                // As a database has it: the same hash each time.
                let mut salt = [7; 16];
                self.password.bytes().rev().zip(&mut salt).for_each(|(from, to)| *to = from);
                bcrypt::hash_with_salt(&self.password, 4, salt).unwrap().to_string()
            }
        };
        format!("{}\t{}\t{}\t{}\t{form}\t{}", self.id, self.verb.as_str(), self.email, self.password, self.at)
    }

    /// Out of a line: its number, and the call.
    pub fn call(line: &str, migrator: &Migrator, begun: impl FnOnce(usize, u64)) -> (usize, Outcome) {
        let fields: Vec<&str> = line.split('\t').collect();
        let [id, verb, email, password, form, at] = fields[..] else { panic!("no call: {line:?}") };
        let id = id.parse().unwrap();
        let verb = match verb {
            "migrate" => Verb::Migrate,
            "change_password" => Verb::ChangePassword,
            _ => Verb::RequestReset,
        };
        let user = User::with_email(email);
        let credential = match form {
            _ if verb == Verb::RequestReset => Credential::none(),
            "" => Credential::password(password),
            stored if stored.starts_with('$') => Credential::hash(stored),
            version => Credential::password(password).version(version),
        };
        begun(id, at.parse().unwrap());
        (id, migrator.call(verb, &user, &credential, &|| false))
    }
}

/// What a child says.
#[derive(Clone, Debug)]
pub enum Said {
    /// It is there, and has not touched the ledger yet.
    Ready,
    /// It begins a call.
    Begun(usize, u64),
    /// A call is at a step: has its number, or shields itself against earlier ones.
    At(usize, u64, String),
    /// A call has returned.
    Returned(usize, u64, String, String),
    /// Something for the host's log.
    Notice(String),
    /// A worker's sum.
    Drained(String),
}

impl Said {
    /// A line of a child's output.
    pub fn read(line: &str) -> Said {
        let fields: Vec<&str> = line.split('\t').collect();
        match fields[..] {
            ["ready"] => Said::Ready,
            ["begun", id, at] => Said::Begun(id.parse().unwrap(), at.parse().unwrap()),
            ["at", id, at, step] => Said::At(id.parse().unwrap(), at.parse().unwrap(), step.into()),
            ["returned", id, at, status, reason] => {
                Said::Returned(id.parse().unwrap(), at.parse().unwrap(), status.into(), reason.into())
            }
            ["notice", code] => Said::Notice(code.into()),
            ["drained", sum] => Said::Drained(sum.into()),
            _ => panic!("a child said {line:?}"),
        }
    }
}
