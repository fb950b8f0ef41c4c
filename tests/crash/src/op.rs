//! One call of a verb, as a line to a child, and what the child says of it.

use kinde_migrate::{Answer, Credential, Migrator, Outcome, User, Verb};

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
    /// Their id in the old system, where the call gives one.
    pub provided_id: Option<String>,
    /// With what.
    pub password: String,
    /// How.
    pub form: Form,
    /// Microseconds after the start, where calls are timed.
    pub at: u64,
    /// Made under a client secret that does not open what others have written: it knows of no change of password.
    pub blind: bool,
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
        let (verb, id) = (self.verb.as_str(), self.provided_id.as_deref().unwrap_or_default());
        format!("{}\t{verb}\t{}\t{}\t{form}\t{}\t{id}", self.id, self.email, self.password, self.at)
    }

    /// Who it is about: the e-mail, and the id where there is one.
    pub fn person(&self) -> (String, Option<String>) {
        (self.email.clone(), self.provided_id.clone())
    }

    /// Out of a line: its number, and the call.
    pub fn call(line: &str, migrator: &Migrator, begun: impl FnOnce(usize, u64)) -> (usize, Outcome) {
        let (id, at, verb, user, credential) = Op::read(line);
        begun(id, at);
        (id, migrator.call(verb, &user, &credential, &|| false))
    }

    /// The same as an event loop does it.
    pub fn ask(
        line: &str,
        migrator: &Migrator,
        begun: impl FnOnce(usize),
        ended: impl FnOnce(usize, Outcome) + Send + 'static,
    ) {
        let (id, _, verb, user, credential) = Op::read(line);
        begun(id);
        match migrator.ask(verb, user, credential) {
            Answer::Now(outcome) => ended(id, outcome),
            Answer::Later(later) => later.then(move |outcome| ended(id, outcome)),
        }
    }

    fn read(line: &str) -> (usize, u64, Verb, User, Credential) {
        let fields: Vec<&str> = line.split('\t').collect();
        let [id, verb, email, password, form, at, provided_id] = fields[..] else {
            panic!("no call: {line:?}")
        };
        let id = id.parse().unwrap();
        let verb = match verb {
            "migrate" => Verb::Migrate,
            "change_password" => Verb::ChangePassword,
            _ => Verb::RequestReset,
        };
        let mut user = User::with_email(email);
        user.provided_id = Some(provided_id).filter(|id| !id.is_empty()).map(str::to_owned);
        let credential = match form {
            _ if verb == Verb::RequestReset => Credential::none(),
            "" => Credential::password(password),
            stored if stored.starts_with('$') => Credential::hash(stored),
            version => Credential::password(password).version(version),
        };
        (id, at.parse().unwrap(), verb, user, credential)
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
    /// A call has returned: its status, its reason, and whether it is durable.
    Returned(usize, u64, String, String, bool),
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
            ["returned", id, at, status, reason, durable] => {
                let (id, at, durable) = (id.parse().unwrap(), at.parse().unwrap(), durable.parse().unwrap());
                Said::Returned(id, at, status.into(), reason.into(), durable)
            }
            ["notice", code] => Said::Notice(code.into()),
            ["drained", sum] => Said::Drained(sum.into()),
            _ => panic!("a child said {line:?}"),
        }
    }
}
