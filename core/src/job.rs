//! What a call asks for, ready to be carried, and the form in which the outbox keeps it.

use std::sync::Arc;

use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use tokio::task::JoinHandle;
use zeroize::Zeroizing;

use crate::api::{Found, Password};
use crate::code::{Code, Error};
use crate::credential::Credential;
use crate::engine::Engine;
use crate::hash::{self, Extra, Format, Guesses, HashError, KindeFields};
use crate::ledger::{Carried, DataKey, Digest, Intent, Ledger, Task, fill, owner, uptime};
use crate::pages::{Secret, secret};
use crate::settings::Config;
use crate::steps::reached;
use crate::user::{Identity, User};

/// The three things an application can ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// After the legacy system has accepted a sign-in or written a sign-up.
    Migrate,
    /// After the legacy system has changed a password.
    ChangePassword,
    /// When a password is known to be out of date.
    RequestReset,
}

impl Verb {
    /// The verb as the README writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Verb::Migrate => "migrate",
            Verb::ChangePassword => "change_password",
            Verb::RequestReset => "request_reset",
        }
    }

    /// Raises [`Code::CredentialMissing`] where a change of password comes without a password and without a hash: a
    /// wrapper asks this before the call, so that a misspelt key or a NULL is misuse and not a change that never happens.
    /// A password or a hash that is there and empty is data, and the verb answers `rejected`.
    pub fn check_credential(self, credential: &Credential) -> Result<(), Error> {
        match self {
            Verb::ChangePassword if credential.password.is_none() && credential.hash.is_none() => {
                Err(Error::new(
                    Code::CredentialMissing,
                    "change_password needs a credential with `password` or `hash`; to ask for a new password use request_reset",
                ))
            }
            _ => Ok(()),
        }
    }

    pub(crate) fn intent(self) -> Intent {
        match self {
            Verb::Migrate | Verb::ChangePassword => Intent::Password,
            Verb::RequestReset => Intent::Reset,
        }
    }
}

/// One user's work.
pub(crate) struct Job {
    pub(crate) verb: Verb,
    pub(crate) user: User,
    pub(crate) identity: Identity,
    pub(crate) key: Digest,
    pub(crate) seq: i64,
    /// Of a change of password: see [`Task`].
    pub(crate) shield: Option<i64>,
    /// What names it as the holder of a turn.
    pub(crate) owner: i64,
    /// Of a change of password that was owed: when it was made, by [`uptime`].
    pub(crate) changed: Option<i64>,
    /// The password's version, where one is known already.
    pub(crate) version: Option<Digest>,
    pub(crate) password: Wanted,
    /// The digest of the application's own id of the user.
    pub(crate) provided: Option<Digest>,
    /// What the ledger knows of the user.
    pub(crate) known: Option<Carried>,
    /// What the check has found, where it went ahead of the rest.
    pub(crate) found: Option<Option<Found>>,
    /// A create has been sent for this job, so a user who is found afterwards is this job's own.
    pub(crate) ours: bool,
    /// Out of the outbox: why it waits there or was given up, in words.
    pub(crate) why: Option<String>,
}

/// The password that is to be set.
#[derive(Default)]
pub(crate) struct Wanted {
    /// To be sent as plaintext; the hash of it is then for the outbox and for the memory only.
    plain: Option<Zeroizing<String>>,
    hash: Hash,
    /// The stored hash's fields, where they are to be proved: sent in place of the hash made here.
    proof: Option<JoinHandle<Option<KindeFields>>>,
    /// Where the hash was made here and is its own version: its salt.
    pub(crate) salt: Option<[u8; 16]>,
}

#[derive(Default)]
enum Hash {
    #[default]
    None,
    Ready(KindeFields),
    Making(Hashing),
}

/// A hash that is made on another thread of the runtime, so that the network need not wait. If nobody waits for it any more
/// when its turn at a core comes, it is not begun.
pub(crate) struct Hashing {
    thread: JoinHandle<Option<KindeFields>>,
    _wanted: Arc<()>,
}

impl Hashing {
    pub(crate) fn start(engine: &Engine, password: &[u8], salt: [u8; 16]) -> Hashing {
        let password = crate::pages::secret(password);
        let (turns, cost) = (Arc::clone(&engine.hashing), engine.config.bcrypt_cost);
        let wanted = Arc::new(());
        let is_wanted = Arc::downgrade(&wanted);
        let hash = move || {
            is_wanted.upgrade()?;
            crate::scrub::scrubbed(|| hash::hash_password(password.expose_secret(), salt, cost).ok())
        };
        Hashing { thread: tokio::task::spawn_blocking(move || turns.take(hash)), _wanted: wanted }
    }

    /// May be asked again after it was given up.
    pub(crate) async fn done(&mut self) -> Option<KindeFields> {
        (&mut self.thread).await.ok().flatten()
    }
}

/// A job at rest in the outbox: sealed, and with a hash in place of a plaintext.
#[derive(Serialize, Deserialize)]
struct AtRest {
    verb: VerbAtRest,
    user: User,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    fields: Option<KindeFields>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    version: Option<[u8; 16]>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    salt: Option<[u8; 16]>,
    #[serde(default)]
    ours: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    changed: Option<i64>,
    /// Why it waits or was given up, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    why: Option<String>,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum VerbAtRest {
    Migrate,
    ChangePassword,
    RequestReset,
}

/// What an application handed over, checked.
pub(crate) struct Asked {
    pub(crate) identity: Identity,
    pub(crate) mapped: Option<KindeFields>,
}

/// Checks what can be checked without anybody: the user's fields, the password, the stored hash.
pub(crate) fn check(
    config: &Config,
    verb: Verb,
    user: &User,
    credential: &Credential,
) -> Result<Asked, Error> {
    let identity = user.identity()?;
    if verb == Verb::RequestReset {
        return Ok(Asked { identity, mapped: None });
    }
    if config.require_provided_id && user.provided_id.as_deref().unwrap_or_default().is_empty() {
        let message =
            "require_provided_id is set and the call gives no provided_id, the user's id in the old system";
        return Err(Error::new(Code::ProvidedIdMissing, message));
    }
    if config.require_verified_email && identity.kind == "email" && user.email_verified != Some(true) {
        let message = "require_verified_email is set and email_verified is not true: the address may be somebody \
                       else's; have it confirmed in the old system";
        return Err(Error::new(Code::EmailNotVerified, message));
    }
    verb.check_credential(credential)?;
    credential.check()?;
    let mapped = match (&credential.password, &credential.hash) {
        (None, Some(stored)) => {
            let named = credential.format.as_deref();
            Some(mapped(&config.guesses, stored.expose_secret(), named, &credential.extra)?.1)
        }
        _ => None,
    };
    Ok(Asked { identity, mapped })
}

/// A stored hash as it can be set by a call, and its format.
pub(crate) fn mapped(
    guesses: &Guesses,
    stored: &[u8],
    format: Option<&str>,
    extra: &Extra,
) -> Result<(&'static Format, KindeFields), HashError> {
    let stored = hash::text(stored)?;
    let format = hash::resolve_beside(stored, format, extra)?;
    let fields = hash::to_kinde(format, stored, extra, guesses)?;
    if fields.import_file_only() {
        return Err(HashError {
            code: hash::code::NOT_IMPORTABLE,
            format: Some(format.id),
            reason: "only the dashboard's import file can carry it".into(),
            advice: "hand over the password instead".into(),
            confidence: format.confidence,
        });
    }
    Ok((format, fields))
}

/// The key under which the ledger knows a user of this Kinde domain.
pub(crate) fn user_key(key: &DataKey, identity: &Identity) -> Digest {
    key.digest(&[b"user", identity.kind.as_bytes(), identity.folded().as_bytes()])
}

/// The digest of a version that the application gave.
pub(crate) fn version_key(key: &DataKey, user: Digest, version: &[u8]) -> Digest {
    key.digest(&[b"version", &user.0, version])
}

/// The digest of the application's own id of a user.
pub(crate) fn provided_key(key: &DataKey, user: &User) -> Option<Digest> {
    let id = user.provided_id.as_deref().filter(|id| !id.is_empty())?;
    Some(key.digest(&[b"provided", id.as_bytes()]))
}

/// What the ledger knows of a user; nothing, if that was another user of the application's with the same e-mail: then
/// Kinde is asked.
pub(crate) fn known(ledger: &Ledger, user: Digest, provided: Option<Digest>) -> Option<Carried> {
    same_user(ledger.recall(user), provided)
}

pub(crate) fn same_user(carried: Option<Carried>, provided: Option<Digest>) -> Option<Carried> {
    carried.filter(|carried| carried.provided.is_none() || provided.is_none() || carried.provided == provided)
}

/// The digest of a hash made here, which serves as a version where none was given.
pub(crate) fn hash_key(key: &DataKey, user: Digest, fields: &KindeFields) -> Digest {
    key.digest(&[b"hash", &user.0, fields.hashed_password.as_bytes()])
}

/// Proves the stored hash's mapping with the password, if that is switched on: on another thread, and as well as
/// the hash made here, which goes where the proof fails or does not come in time.
fn prove_aside(engine: &Engine, credential: &Credential) -> Option<JoinHandle<Option<KindeFields>>> {
    let config = Arc::clone(&engine.config);
    if !config.verify_mapping || config.send_plaintext {
        return None;
    }
    let copied = |text: &Option<Secret>| text.as_ref().map(|text| secret(&text.expose_secret()[..]));
    let (password, stored) = (copied(&credential.password)?, copied(&credential.hash)?);
    let (format, extra) = (credential.format.clone(), credential.extra.clone());
    let turns = Arc::clone(&engine.hashing);
    let prove = move || {
        let (password, stored) = (password.expose_secret(), stored.expose_secret());
        let (format, fields) = mapped(&config.guesses, stored, format.as_deref(), &extra).ok()?;
        let stored = std::str::from_utf8(stored).ok()?;
        let proof = hash::prove(format, stored, &extra, &config.guesses, password);
        if !proof.holds() {
            tracing::debug!(
                format = format.id,
                "the password does not prove the stored hash; its own is sent"
            );
        }
        proof.holds().then_some(fields)
    };
    Some(tokio::task::spawn_blocking(move || turns.take(|| crate::scrub::scrubbed(prove))))
}

impl Wanted {
    /// A hash that there is already.
    pub(crate) fn ready(fields: KindeFields) -> Wanted {
        Wanted { hash: Hash::Ready(fields), ..Wanted::default() }
    }

    /// A plaintext: it begins to be hashed. None only where the system has no random bytes to give.
    pub(crate) fn plaintext(engine: &Engine, credential: &Credential, password: &[u8]) -> Option<Wanted> {
        reached("before_hash");
        let mut salt = [0; 16];
        fill(&mut salt)?;
        let text = || std::str::from_utf8(password).ok().map(|text| Zeroizing::new(text.to_owned()));
        Some(Wanted {
            plain: engine.config.send_plaintext.then(text).flatten(),
            hash: Hash::Making(Hashing::start(engine, password, salt)),
            proof: prove_aside(engine, credential),
            salt: Some(salt),
        })
    }

    pub(crate) fn is_some(&self) -> bool {
        self.plain.is_some() || !matches!(self.hash, Hash::None)
    }

    /// What is to be sent; waits for the hash if that is it, and for a proof.
    pub(crate) async fn sendable(&mut self) -> Option<Password> {
        self.await_proof().await;
        match &self.plain {
            Some(text) => Some(Password::Plain(text.clone())),
            None => self.hash().await.map(Password::Hash),
        }
    }

    async fn await_proof(&mut self) {
        if let Some(proof) = &mut self.proof {
            let proved = proof.await.ok().flatten();
            self.proof = None;
            if let Some(fields) = proved {
                self.hash = Hash::Ready(fields);
            }
        }
    }

    /// The hash; waits for it, but for no proof.
    pub(crate) async fn hash(&mut self) -> Option<KindeFields> {
        if self.proof.as_ref().is_some_and(JoinHandle::is_finished) {
            self.await_proof().await;
        }
        if let Hash::Making(hashing) = &mut self.hash {
            self.hash = hashing.done().await.map_or(Hash::None, Hash::Ready);
            reached("after_hash");
        }
        match &self.hash {
            Hash::Ready(fields) => Some(fields.clone()),
            _ => None,
        }
    }
}

impl Job {
    /// In place of a hash that is not ready and must be written down: a cheaper one. Neither its version nor its salt is
    /// remembered, so the next sign-in sets the password anew.
    pub(crate) fn settle_for_less(&mut self, password: &[u8]) {
        let Some(salt) = self.password.salt.take() else { return };
        let fields = crate::scrub::scrubbed(|| hash::stop_gap(password, salt).ok());
        self.password.hash = fields.map_or(Hash::None, Hash::Ready);
        self.version = None;
    }

    /// The job as the ledger knows it.
    pub(crate) fn task(&self) -> Task {
        let (intent, seq, shield, owner) = (self.verb.intent(), self.seq, self.shield, self.owner);
        Task { user: self.key, intent, seq, shield, owner }
    }

    /// The job as the outbox keeps it.
    pub(crate) async fn at_rest(&mut self, why: Option<&str>) -> Option<Zeroizing<Vec<u8>>> {
        let rest = AtRest {
            verb: match self.verb {
                Verb::Migrate => VerbAtRest::Migrate,
                Verb::ChangePassword => VerbAtRest::ChangePassword,
                Verb::RequestReset => VerbAtRest::RequestReset,
            },
            user: self.user.clone(),
            fields: self.password.hash().await,
            version: self.version.map(|version| version.0),
            salt: self.password.salt,
            ours: self.ours,
            changed: self.shield.map(|_| self.changed.unwrap_or_else(uptime)),
            why: why.map(str::to_owned),
        };
        let mut text = Zeroizing::new(Vec::with_capacity(4 * 1024));
        serde_json::to_writer(&mut *text, &rest).ok()?;
        Some(text)
    }

    /// A job out of the outbox.
    pub(crate) fn from_rest(text: &[u8], key: Digest, seq: i64) -> Option<Job> {
        let rest: AtRest = serde_json::from_slice(text).ok()?;
        Some(Job {
            verb: match rest.verb {
                VerbAtRest::Migrate => Verb::Migrate,
                VerbAtRest::ChangePassword => Verb::ChangePassword,
                VerbAtRest::RequestReset => Verb::RequestReset,
            },
            identity: rest.user.identity().ok()?,
            user: rest.user,
            key,
            seq,
            shield: None,
            owner: owner(),
            changed: rest.changed,
            version: rest.version.map(Digest),
            password: Wanted { salt: rest.salt, ..rest.fields.map_or_else(Wanted::default, Wanted::ready) },
            provided: None,
            known: None,
            found: None,
            ours: rest.ours,
            why: rest.why,
        })
    }
}
