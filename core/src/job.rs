//! What a call asks for, ready to be carried, and the form in which the outbox keeps it.

use std::sync::Arc;

use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;
use zeroize::Zeroizing;

use crate::api::{Found, Password};
use crate::code::{Code, Error};
use crate::credential::Credential;
use crate::engine::Engine;
use crate::hash::{self, Extra, Format, Guesses, HashError, KindeFields};
use crate::hashing::{Hashing, Wish};
use crate::identity::{Cleaned, Identity};
use crate::ledger::{Carried, ClientKey, DataKey, Digest, Intent, Person, Task, fill, owner, uptime};
use crate::outcome::FieldNotice;
use crate::pages::{Secret, secret};
use crate::settings::Config;
use crate::steps::reached;
use crate::user::User;

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
            // An empty column is data.
            Verb::ChangePassword if credential.is_empty() && !credential.no_hash => Err(Error::new(
                Code::CredentialMissing,
                "change_password needs a credential with `password` or `hash`; to ask for a new password use request_reset",
            )),
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
    pub(crate) person: Person,
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
    /// The digest of the `provided_id` that the Kinde user carries, where the call gave none.
    pub(crate) theirs: Option<Digest>,
    /// Out of this process's memory, in place of a ledger that cannot be used: it may be older than what Kinde has.
    pub(crate) fallback: bool,
    /// What the ledger knows of the user.
    pub(crate) known: Option<Carried>,
    /// What the check has found, where it went ahead of the rest.
    pub(crate) found: Option<Option<Found>>,
    /// A create has been sent for this job, so a user who is found afterwards is this job's own.
    pub(crate) ours: bool,
    /// Out of the outbox: how often its delivery failed while Kinde was well for others.
    pub(crate) failed_alone: u32,
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
    proof: Option<oneshot::Receiver<Option<KindeFields>>>,
    /// Where the hash was made here and is its own version: its salt.
    pub(crate) salt: Option<[u8; 16]>,
    /// It is a stored hash, and no typed password has proven its mapping.
    pub(crate) unproven: bool,
}

#[derive(Default)]
enum Hash {
    #[default]
    None,
    Ready(KindeFields),
    /// The cheaper one, for the outbox only.
    StopGap(KindeFields),
    Making(Hashing),
}

/// Whether there is a password to be sent.
pub(crate) enum Sendable {
    Now(Password),
    /// There was no time to hash it as it is to be hashed: the outbox has a cheaper hash.
    NotNow,
    /// It could not be hashed.
    Never,
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
    unproven: bool,
    #[serde(default)]
    ours: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    changed: Option<i64>,
    #[serde(default)]
    failed_alone: u32,
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
    /// The user as they are sent, where that is not as the application gave them.
    pub(crate) user: Option<Box<User>>,
    pub(crate) identity: Identity,
    pub(crate) mapped: Option<KindeFields>,
    /// What was done to the user's fields: said by the outcome.
    pub(crate) notices: Vec<FieldNotice>,
}

impl Asked {
    /// Maps the stored hash, where that is what the credential brings.
    pub(crate) fn map(&mut self, config: &Config, verb: Verb, credential: &Credential) -> Result<(), Error> {
        if verb != Verb::RequestReset
            && credential.password.is_none()
            && let Some(stored) = &credential.hash
        {
            let named = credential.format.as_deref();
            self.mapped = Some(mapped(&config.guesses, stored.expose_secret(), named, &credential.extra)?.1);
        }
        Ok(())
    }

    /// The user as they are sent.
    pub(crate) fn user<'a>(&'a self, given: &'a User) -> &'a User {
        self.user.as_deref().unwrap_or(given)
    }
}

/// Checks what can be checked without anybody: the user's fields, the password, the stored hash. What was done to the
/// fields is added to the notices, also where the call is refused.
pub(crate) fn check(
    config: &Config,
    verb: Verb,
    user: &User,
    credential: &Credential,
    notices: &mut Vec<FieldNotice>,
) -> Result<Asked, Error> {
    let Cleaned { user: cleaned, identity } = user.cleaned(notices)?;
    let user = cleaned.as_deref().unwrap_or(user);
    if verb == Verb::RequestReset {
        return Ok(Asked { user: cleaned, identity, mapped: None, notices: Vec::new() });
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
    if verb == Verb::ChangePassword && credential.is_empty() {
        let message = "the stored hash is empty: the user has no password in the old system; to ask for one, use request_reset";
        return Err(Error::new(Code::HashNoPassword, message));
    }
    Ok(Asked { user: cleaned, identity, mapped: None, notices: Vec::new() })
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

/// Who a call is about, as the ledger of this Kinde domain knows them.
pub(crate) fn person(key: &DataKey, identity: &Identity, user: &User) -> Person {
    let address = key.digest(&[b"user", identity.kind.as_bytes(), identity.key().as_bytes()]);
    Person { address, provided: provided_key(key, user.provided_id.as_deref()) }
}

/// What names a person whatever the client secret is: the one that entries are tagged with first.
pub(crate) fn tags(config: &Config, identity: &Identity, user: &User) -> [Digest; 2] {
    let key = ClientKey::derive(&config.client_id, config.base.as_str());
    let address = key.digest(&[b"user", identity.kind.as_bytes(), identity.key().as_bytes()]);
    let provided = user.provided_id.as_deref().filter(|id| !id.is_empty());
    [provided.map_or(address, |id| key.digest(&[b"provided", id.as_bytes()])), address]
}

/// The digest of a version that the application gave.
pub(crate) fn version_key(key: &DataKey, address: Digest, version: &[u8]) -> Digest {
    key.digest(&[b"version", &address.0, version])
}

/// The digest of an id of the old system.
pub(crate) fn provided_key(key: &DataKey, id: Option<&str>) -> Option<Digest> {
    let id = id.filter(|id| !id.is_empty())?;
    Some(key.short_digest(&[b"provided", id.as_bytes()]))
}

/// The digest of a hash made here, which serves as a version where none was given.
pub(crate) fn hash_key(key: &DataKey, user: Digest, fields: &KindeFields) -> Digest {
    crate::scrub::digested(|| key.digest(&[b"hash", &user.0, fields.hashed_password.as_bytes()]))
}

/// Proves the stored hash's mapping with the password, if that is switched on: on another thread, and as well as
/// the hash made here, which goes where the proof fails or does not come in time.
fn prove_aside(engine: &Engine, credential: &Credential) -> Option<oneshot::Receiver<Option<KindeFields>>> {
    if !engine.config.verify_mapping || engine.config.send_plaintext {
        return None;
    }
    prove(engine, credential, credential.hash.as_ref()?)
}

/// Proves a stored hash's mapping with the credential's password, on another thread: its fields, if it holds.
pub(crate) fn prove(
    engine: &Engine,
    credential: &Credential,
    stored: &Secret,
) -> Option<oneshot::Receiver<Option<KindeFields>>> {
    let config = Arc::clone(&engine.config);
    let copied = |text: &Secret| secret(&text.expose_secret()[..]);
    let (password, stored) = (copied(credential.password.as_ref()?), copied(stored));
    let (format, extra) = (credential.format.clone(), credential.extra.clone());
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
    Some(engine.hashing.aside(prove))
}

impl Wanted {
    /// A stored hash, mapped.
    pub(crate) fn stored(fields: KindeFields) -> Wanted {
        Wanted { hash: Hash::Ready(fields), unproven: true, ..Wanted::default() }
    }

    /// A plaintext: it begins to be hashed. None only where the system has no random bytes to give.
    pub(crate) fn plaintext(
        engine: &Engine,
        credential: &Credential,
        password: &[u8],
        wish: Wish,
    ) -> Option<Wanted> {
        reached("before_hash");
        let mut salt = [0; 16];
        fill(&mut salt)?;
        let text = || std::str::from_utf8(password).ok().map(|text| Zeroizing::new(text.to_owned()));
        Some(Wanted {
            plain: engine.config.send_plaintext.then(text).flatten(),
            hash: Hash::Making(engine.hashing.make(secret(password), salt, wish)),
            proof: prove_aside(engine, credential),
            salt: Some(salt),
            unproven: false,
        })
    }

    /// Whether the hash that is being made is the cheaper one.
    pub(crate) fn is_making_stop_gap(&self) -> bool {
        matches!(&self.hash, Hash::Making(hashing) if hashing.stop_gap)
    }

    pub(crate) fn is_some(&self) -> bool {
        self.plain.is_some() || !matches!(self.hash, Hash::None)
    }

    /// What is to be sent; waits for the hash if that is it, and for a proof.
    pub(crate) async fn sendable(&mut self) -> Sendable {
        self.await_proof().await;
        if let Some(text) = &self.plain {
            return Sendable::Now(Password::Plain(text.clone()));
        }
        match self.hash().await {
            Some(fields) if !self.is_stop_gap() => Sendable::Now(Password::Hash(fields)),
            // Its time was over before its turn came.
            None if self.salt.is_none() => Sendable::Never,
            _ => Sendable::NotNow,
        }
    }

    /// Whether the hash is the cheaper one: nothing is remembered of it, so that the next sign-in sets the password anew.
    pub(crate) fn is_stop_gap(&self) -> bool {
        matches!(self.hash, Hash::StopGap(_))
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
        if let Some(Ok(Some(fields))) = self.proof.as_mut().map(oneshot::Receiver::try_recv) {
            (self.proof, self.hash) = (None, Hash::Ready(fields));
        }
        if let Hash::Making(hashing) = &mut self.hash {
            self.hash = match hashing.done().await {
                Some(made) if made.stop_gap => Hash::StopGap(made.fields),
                Some(made) => Hash::Ready(made.fields),
                None => Hash::None,
            };
            reached("after_hash");
        }
        match &self.hash {
            Hash::Ready(fields) | Hash::StopGap(fields) => Some(fields.clone()),
            Hash::None | Hash::Making(_) => None,
        }
    }
}

impl Job {
    /// In place of a hash that is not ready and must be written down: a cheaper one.
    pub(crate) async fn settle_for_less(&mut self, engine: &Engine, password: &[u8], wish: Wish) {
        let Some(salt) = self.password.salt else { return };
        self.password.proof = None;
        self.password.hash = Hash::Making(engine.hashing.make_stop_gap(secret(password), salt, wish));
        let _ = self.password.hash().await;
    }

    /// The job as the ledger knows it.
    pub(crate) fn task(&self) -> Task {
        let (intent, seq, shield, owner) = (self.verb.intent(), self.seq, self.shield, self.owner);
        Task { person: self.person, intent, seq, shield, owner }
    }

    /// The job as the outbox keeps it.
    pub(crate) async fn at_rest(&mut self, why: Option<&str>) -> Option<Zeroizing<Vec<u8>>> {
        let fields = self.password.hash().await;
        if self.password.is_stop_gap() {
            (self.password.salt, self.version) = (None, None);
        }
        let rest = AtRest {
            verb: match self.verb {
                Verb::Migrate => VerbAtRest::Migrate,
                Verb::ChangePassword => VerbAtRest::ChangePassword,
                Verb::RequestReset => VerbAtRest::RequestReset,
            },
            user: self.user.clone(),
            fields,
            version: self.version.map(|version| version.0),
            salt: self.password.salt,
            unproven: self.password.unproven,
            ours: self.ours,
            changed: self.shield.map(|_| self.changed.unwrap_or_else(uptime)),
            failed_alone: self.failed_alone,
            why: why.map(str::to_owned),
        };
        let mut text = Zeroizing::new(Vec::with_capacity(4 * 1024));
        serde_json::to_writer(&mut *text, &rest).ok()?;
        Some(text)
    }

    /// A job out of the outbox.
    pub(crate) fn from_rest(text: &[u8], person: Person, seq: i64) -> Option<Job> {
        let rest: AtRest = serde_json::from_slice(text).ok()?;
        Some(Job {
            verb: match rest.verb {
                VerbAtRest::Migrate => Verb::Migrate,
                VerbAtRest::ChangePassword => Verb::ChangePassword,
                VerbAtRest::RequestReset => Verb::RequestReset,
            },
            identity: rest.user.identity().ok()?,
            user: rest.user,
            person,
            seq,
            shield: None,
            owner: owner(),
            changed: rest.changed,
            version: rest.version.map(Digest),
            password: Wanted {
                salt: rest.salt,
                unproven: rest.unproven,
                hash: rest.fields.map_or(Hash::None, Hash::Ready),
                ..Wanted::default()
            },
            theirs: None,
            fallback: false,
            known: None,
            found: None,
            ours: rest.ours,
            failed_alone: rest.failed_alone,
            why: rest.why,
        })
    }
}
