//! What the library writes, logs, answers and shows never holds a password, a hash, a client secret, a token
//! or an e-mail. (Its memory is read by a test in C.)
//!
//! One test, since a process has one logger.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

use std::fmt::{Debug, Write};
use std::io::{BufRead, BufReader, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kinde_migrate::{Code, Credential, KindeState, Migrator, Settings, Status, User, Verb};
use kinde_migrate_sandbox::{Options, Sandbox};
use serde_json::{Value, json};

// ---- everything that is logged, by either of the two ways ----

static LOGGED: Mutex<String> = Mutex::new(String::new());

struct Everything;

impl log::Log for Everything {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        writeln!(LOGGED.lock().unwrap(), "{} {}", record.target(), record.args()).unwrap();
    }

    fn flush(&self) {}
}

struct Fields(String);

impl tracing::field::Visit for Fields {
    fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn Debug) {
        write!(self.0, " {field}={value:?}").unwrap();
    }
}

impl tracing::Subscriber for Everything {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        let mut fields = Fields(format!("{} span {}", span.metadata().target(), span.metadata().name()));
        span.record(&mut fields);
        writeln!(LOGGED.lock().unwrap(), "{}", fields.0).unwrap();
        tracing::span::Id::from_u64(1)
    }

    fn record(&self, _: &tracing::span::Id, values: &tracing::span::Record<'_>) {
        let mut fields = Fields("recorded".into());
        values.record(&mut fields);
        writeln!(LOGGED.lock().unwrap(), "{}", fields.0).unwrap();
    }

    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        let mut fields = Fields(event.metadata().target().to_owned());
        event.record(&mut fields);
        writeln!(LOGGED.lock().unwrap(), "{}", fields.0).unwrap();
    }

    fn enter(&self, _: &tracing::span::Id) {}

    fn exit(&self, _: &tracing::span::Id) {}
}

// ---- what must not be found ----

// Letters and digits, so that no encoding of forms or URLs changes them. Case does not matter.
const PASSWORD: &str = "pw5Kq8Zr2Vt9Xn4Lm7";
const LONG_PASSWORD: &str =
    "Lw3Rt6Yp9Qs2Df5Gh8Lw3Rt6Yp9Qs2Df5Gh8Lw3Rt6Yp9Qs2Df5Gh8Lw3Rt6Yp9Qs2Df5Gh8Lw3Rt6Yp9Qs2Df5Gh8";
const HASH: &str = "$2b$10$Hx7Jc4Nb1Vm8Zq5Wt2RyuOTs6Ek3Fg9Dh0Aj7Lp4Ki1Xo8Cv5BnMO";
const SECRET: &str = "cs9Mv3Bn6Hj1Tk8Wd5";
const PREVIOUS_SECRET: &str = "ps2Gf7Dc4Sa9Zx6Ql1";
const PROXY_PASSWORD: &str = "px4Jh9Uy2Re7Tw5Qa3";
const PERSON: &str = "ann8Fk3Lq6Wz1";
const OWN_ID: &str = "id7Vb2Nm5Xc9Kj4";
/// How every JWT begins, here and at Kinde.
const TOKEN: &str = "eyJhbGciOi";
/// How every hash made here begins; and one of a password that is too long for bcrypt.
const OWN_HASH: &str = "$2a$04$";
const OWN_METHODS: &str = "salted-pbkdf2";

const CANARIES: &[(&str, &str)] = &[
    ("the password", PASSWORD),
    ("the long password", "Lw3Rt6Yp9Qs2Df5Gh8"),
    ("the stored hash", "Hx7Jc4Nb1Vm8Zq5Wt2RyuOTs6"),
    ("the client secret", SECRET),
    ("the previous client secret", PREVIOUS_SECRET),
    ("the proxy's password", PROXY_PASSWORD),
    ("the e-mail", PERSON),
    ("the application's own id", OWN_ID),
    ("the token", TOKEN),
    ("a hash made here", OWN_HASH),
    ("the parameters of a hash made here", OWN_METHODS),
];

/// Every way in which a text might have been written.
fn forms(text: &str) -> Vec<Vec<u8>> {
    let bytes = text.as_bytes();
    let mut forms = vec![text.to_lowercase().into_bytes()];
    forms.push(bytes.iter().flat_map(|b| [*b, 0]).collect::<Vec<u8>>().to_ascii_lowercase());
    forms.push(hex::encode(bytes).into_bytes());
    forms.push(bytes.iter().map(u8::to_string).collect::<Vec<_>>().join(", ").into_bytes());
    // Whatever stands before it in base64 shifts it by one of three; the ends depend on the neighbours.
    for skip in 0..3 {
        let whole = &bytes[skip..];
        let whole = &whole[..whole.len() / 3 * 3];
        forms.push(STANDARD.encode(whole).to_lowercase().into_bytes());
    }
    forms.retain(|form| form.len() >= 6);
    forms
}

fn assert_silent(what: &str, bytes: &[u8]) {
    let lower = bytes.to_ascii_lowercase();
    for (name, canary) in CANARIES {
        for form in forms(canary) {
            if let Some(at) = lower.windows(form.len()).position(|window| window == form) {
                let around = &bytes[at.saturating_sub(200)..(at + form.len() + 60).min(bytes.len())];
                panic!("{what} holds {name}: {}", String::from_utf8_lossy(around));
            }
        }
    }
}

/// Every file under a folder, byte by byte.
fn assert_files_silent(folder: &Path) -> usize {
    let mut found = 0;
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        match entry.file_type().unwrap().is_dir() {
            true => found += assert_files_silent(&entry.path()),
            false => {
                assert_silent(&entry.path().display().to_string(), &std::fs::read(entry.path()).unwrap());
                assert_silent("a file's name", entry.file_name().as_encoded_bytes());
                found += 1;
            }
        }
    }
    found
}

/// Whether a type has `Debug`.
macro_rules! has_debug {
    ($type:ty) => {{
        struct Probe<T>(std::marker::PhantomData<T>);
        #[allow(dead_code, reason = "which of the two is used is the question")]
        trait Otherwise {
            const DEBUG: bool = false;
        }
        impl<T> Otherwise for Probe<T> {}
        #[allow(dead_code, reason = "which of the two is used is the question")]
        impl<T: Debug> Probe<T> {
            const DEBUG: bool = true;
        }
        Probe::<$type>::DEBUG
    }};
}

// ---- the ways ----

fn settings(domain: &str, ledger: &Path, more: &[(&str, &str)]) -> Settings {
    let usual = [
        ("domain", domain),
        ("client_id", "sandbox-client"),
        ("client_secret", SECRET),
        ("previous_client_secret", PREVIOUS_SECRET),
        ("bcrypt_cost", "4"),
        ("deadline", "20"),
        ("ledger", ledger.to_str().unwrap()),
    ];
    let all = usual.iter().chain(more);
    all.fold(Settings::new(), |settings, (name, value)| settings.with(name, value).unwrap())
}

struct Calls<'a> {
    migrator: &'a Migrator,
    number: u32,
}

impl Calls<'_> {
    fn user(&mut self) -> User {
        self.number += 1;
        let mut user = User::with_email(format!("{PERSON}.{}@example.org", self.number));
        user.provided_id = Some(format!("{OWN_ID}-{}", self.number));
        user
    }

    fn expect(&mut self, verb: Verb, credential: &Credential, status: Status) -> User {
        let user = self.user();
        self.again(verb, &user, credential, status);
        user
    }

    fn again(&self, verb: Verb, user: &User, credential: &Credential, status: Status) {
        let outcome = self.migrator.call(verb, user, credential, &|| false);
        assert_eq!(outcome.status, status, "{outcome:?}");
        assert_silent("an outcome", format!("{outcome:?} {:?}", outcome.message).as_bytes());
        for notice in self.migrator.notices() {
            assert_silent("a notice", format!("{notice:?}").as_bytes());
        }
    }
}

#[test]
fn nothing_shows_a_secret() {
    log::set_boxed_logger(Box::new(Everything)).unwrap();
    log::set_max_level(log::LevelFilter::Trace);
    tracing::subscriber::set_global_default(Everything).unwrap();
    let folder = tempfile::tempdir().unwrap();

    types_show_nothing();
    errors_show_nothing(folder.path());

    let sandbox = Sandbox::start(Options::default()).unwrap();
    for (name, plaintext) in [("hashes", "false"), ("plain", "true")] {
        sandbox.reset(json!({"options": {"client_secret": SECRET}})).unwrap();
        let folder = folder.path().join(name);
        let ledger = folder.join("ledger.db");
        let migrator =
            Migrator::new(settings(sandbox.url(), &ledger, &[("send_plaintext", plaintext)])).unwrap();
        ways(&sandbox, &migrator, &folder);
        drop(migrator);
        assert!(assert_files_silent(&folder) >= 1);
    }
    connections(&sandbox, folder.path());
    proxy(folder.path());

    let logged = LOGGED.lock().unwrap();
    for sharp in ["kinde_migrate::call", "status=\"created\"", "starting new connection", "intercepts"] {
        assert!(logged.contains(sharp), "{sharp} is not in the log, which is not all then: {logged}");
    }
    assert_silent("the log", logged.as_bytes());
    assert!(logged.len() > 10_000, "{logged}");
}

/// Calls that go well and calls that do not, and the ledger's files after each.
fn ways(sandbox: &Sandbox, migrator: &Migrator, folder: &Path) {
    let script = |script: Value| sandbox.set_options(json!({"script": script})).unwrap();
    let mut calls = Calls { migrator, number: 0 };
    let typed = || Credential::password(PASSWORD).version(HASH);

    let ann = calls.expect(Verb::Migrate, &typed(), Status::Created);
    calls.again(Verb::Migrate, &ann, &typed(), Status::Unchanged);
    calls.again(Verb::ChangePassword, &ann, &Credential::password(LONG_PASSWORD), Status::Updated);
    calls.again(Verb::RequestReset, &ann, &Credential::none(), Status::Updated);
    calls.expect(Verb::Migrate, &Credential::hash(HASH), Status::Created);
    calls.expect(Verb::Migrate, &Credential::password(format!("{PASSWORD}\0")), Status::Rejected);
    calls.expect(Verb::Migrate, &Credential::hash(format!("{HASH}{HASH}")), Status::Rejected);
    let mut odd = User::with_email(format!("{PERSON}@@example.org"));
    odd.given_name = Some(format!("{PERSON}\n"));
    calls.again(Verb::Migrate, &odd, &typed(), Status::Rejected);
    assert!(assert_files_silent(folder) >= 3, "the ledger, -wal and -shm");

    // After failures in a row the next call would not be made at all: somebody finds out first that Kinde is back.
    let back = || {
        script(json!([]));
        while migrator.status().kinde == KindeState::Down {
            migrator.request_reset(&User::with_email("nobody@example.org"));
            std::thread::sleep(Duration::from_millis(20));
        }
    };

    // Answers that quote what they were asked.
    let quoting = format!("{PASSWORD} {LONG_PASSWORD} {HASH} of {PERSON}@example.org is not good");
    let error = json!({"errors": [{"code": "BAD", "message": quoting}]}).to_string();
    for (call, status, body) in [
        ("set_password", 400, error.as_str()),
        ("set_password", 503, &quoting),
        ("set_password", 200, &quoting),
        ("check", 503, &error),
        ("check", 200, &quoting),
        ("set_password", 403, &error),
    ] {
        back();
        script(json!([{"call": call, "nth": "all", "fault": {"status": status, "body": body}}]));
        let dead = status == 400;
        for credential in [typed(), Credential::hash(HASH)] {
            calls.expect(Verb::Migrate, &credential, if dead { Status::Rejected } else { Status::Queued });
        }
    }
    back();
    // The scope is there again: the next call may ask for it.
    migrator.retry_dead_letters(kinde_migrate::Which::Id("none"));
    let next = calls.number + 1;
    let person = format!("{PERSON}.{next}@example.org and {OWN_ID}-{next} are taken");
    let error = json!({"errors": [{"code": "BAD", "message": person}]}).to_string();
    script(json!([{"call": "create", "nth": "all", "fault": {"status": 400, "body": error}}]));
    calls.expect(Verb::Migrate, &typed(), Status::Rejected);
    let status = migrator.status();
    assert!(status.owed > 0 && status.dead > 0 && !status.in_memory, "{status:?}");
    assert_silent("a status", format!("{status:?}").as_bytes());
    assert!(assert_files_silent(folder) >= 3);

    script(json!([]));
    let drained = migrator.drain(100, Duration::from_secs(60), &|| false);
    assert_eq!(drained.left, 0, "{drained:?}");
    assert!(drained.delivered > 0, "{drained:?}");
    assert!(assert_files_silent(folder) >= 3);
}

/// Connections that fail in all sorts of ways.
fn connections(sandbox: &Sandbox, folder: &Path) {
    for (n, fault) in
        ["reset_before", "reset_after", "truncated", "malformed", "html"].into_iter().enumerate()
    {
        let script = json!([{"call": "set_password", "nth": "all", "fault": fault}]);
        sandbox.set_options(json!({"script": script})).unwrap();
        let ledger = folder.join(format!("fault-{n}/ledger.db"));
        let migrator =
            Migrator::new(settings(sandbox.url(), &ledger, &[("send_plaintext", "true")])).unwrap();
        let mut calls = Calls { migrator: &migrator, number: 100 + 10 * u32::try_from(n).unwrap() };
        calls.expect(Verb::Migrate, &Credential::password(PASSWORD), Status::Queued);
    }
    sandbox.set_options(json!({"script": []})).unwrap();
    // No token, nobody there, and TLS where none is spoken.
    let https = sandbox.url().replace("http://", "https://");
    for (domain, secret) in
        [(sandbox.url(), PREVIOUS_SECRET), ("http://127.0.0.1:9", SECRET), (https.as_str(), SECRET)]
    {
        let more = [("client_secret", secret), ("deadline", "3")];
        let migrator = Migrator::new(settings(domain, Path::new("memory"), &more)).unwrap();
        let mut calls = Calls { migrator: &migrator, number: 200 };
        calls.expect(Verb::Migrate, &Credential::password(PASSWORD), Status::Queued);
    }
    assert!(assert_files_silent(folder) > 5);
}

/// A proxy gets its password, and nobody else does.
fn proxy(folder: &Path) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://me:{PROXY_PASSWORD}@{}", listener.local_addr().unwrap());
    let proxy = std::thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let mut lines = BufReader::new(&stream).lines().map(Result::unwrap);
        let asked: Vec<_> = lines.by_ref().take_while(|line| !line.is_empty()).collect();
        (&stream).write_all(b"HTTP/1.1 407 No\r\ncontent-length: 0\r\n\r\n").unwrap();
        asked
    });
    let more = [("proxy", url.as_str())];
    let migrator = Migrator::new(settings("team.kinde.example", &folder.join("proxy.db"), &more)).unwrap();
    let mut calls = Calls { migrator: &migrator, number: 300 };
    calls.expect(Verb::Migrate, &Credential::password(PASSWORD), Status::Queued);
    let asked = proxy.join().unwrap();
    assert_eq!(asked[0], "CONNECT team.kinde.example:443 HTTP/1.1");
    let expected = format!("basic {}", STANDARD.encode(format!("me:{PROXY_PASSWORD}")));
    let given = asked
        .iter()
        .find_map(|line| line.to_lowercase().strip_prefix("proxy-authorization: ").map(str::to_owned));
    assert_eq!(given, Some(expected.to_lowercase()));
}

fn errors_show_nothing(folder: &Path) {
    let ledger = folder.join("errors.db");
    let user_info = format!("https://me:{PROXY_PASSWORD}@kinde.example");
    let space = format!("http://me:{PROXY_PASSWORD}@a b");
    let no_host = format!("http://me:{PROXY_PASSWORD}@");
    for (name, value, code) in [
        ("domain", user_info.as_str(), Code::DomainInvalid),
        ("proxy", &space, Code::SettingInvalid),
        ("proxy", &no_host, Code::SettingInvalid),
        ("proxy", PROXY_PASSWORD, Code::SettingInvalid),
        ("ledger", "postgres://me:pw5Kq8Zr2Vt9Xn4Lm7@host/db", Code::SettingInvalid),
        ("client_secret", " ", Code::ClientSecretMissing),
    ] {
        let error = Migrator::new(settings("team.kinde.example", &ledger, &[(name, value)])).err().unwrap();
        assert_eq!(error.code, code, "{error}");
        assert_silent("an error", format!("{error} {error:?}").as_bytes());
    }
    let error = Credential::none().set("passwort", PASSWORD).unwrap_err();
    assert_silent("an error", format!("{error} {error:?}").as_bytes());
    let error = User::default().set("e-mail", PERSON).unwrap_err();
    assert_silent("an error", format!("{error} {error:?}").as_bytes());
}

fn types_show_nothing() {
    use kinde_migrate::hash;
    let silent = [has_debug!(Settings), has_debug!(Credential), has_debug!(User), has_debug!(Migrator)];
    assert_eq!(silent, [false; 4], "what holds secrets or e-mails has no Debug");
    assert!(has_debug!(Status), "the probe can tell");
    let mut extra = hash::Extra::default();
    for name in ["salt", "pepper", "signer_key"] {
        extra.set(name, PASSWORD).unwrap();
    }
    let salt = hash::OwnSalt::from(*b"pw5Kq8Zr2Vt9Xn4L");
    let fields = hash::hash_password(LONG_PASSWORD.as_bytes(), salt, 4).unwrap();
    let short = hash::hash_password(PASSWORD.as_bytes(), salt, 4).unwrap();
    let recognised = hash::recognise(HASH);
    let refused = hash::resolve(&HASH[7..], Some("md5"))
        .and_then(|format| hash::to_kinde(format, &HASH[7..], &extra, &hash::Guesses::none()));
    let shown = format!("{extra:?} {salt:?} {short:?} {recognised:?} {refused:?}");
    assert_silent("Debug", shown.as_bytes());
    // Its parameters may show.
    assert_silent("Debug", format!("{fields:?}").replace(OWN_METHODS, "").as_bytes());
}
