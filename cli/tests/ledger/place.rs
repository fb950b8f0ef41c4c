//! A sandbox, a ledger, and the processes that work on it.

use std::cell::OnceCell;
use std::fs::File;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use kinde_migrate::{Credential, LedgerStatus, Migrator, Outcome, Settings, Status, User};
use kinde_migrate_sandbox::{Options, Sandbox};
use serde_json::{Value, json};

/// A hang is what is to be found, and not a busy machine.
const LONG: Duration = Duration::from_secs(120);

pub(crate) const SECRET: &str = "the-secret-of-the-cli-tests";
const PASSWORD: &str = "correct horse";

pub(crate) struct Place {
    pub(crate) sandbox: Sandbox,
    pub(crate) folder: tempfile::TempDir,
    onlooker: OnceCell<Migrator>,
}

/// What a process has said and how it ended.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) status: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// A process, ended with the test. What it says goes to files, so that it never waits for a reader.
pub(crate) struct Running {
    child: Child,
    folder: tempfile::TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        let options = Options { client_secret: SECRET.to_owned(), ..Options::default() };
        Place {
            sandbox: Sandbox::start(options).unwrap(),
            folder: tempfile::tempdir().unwrap(),
            onlooker: OnceCell::new(),
        }
    }

    /// How things stand, for one that opened the ledger before there was work on it.
    pub(crate) fn stands(&self) -> LedgerStatus {
        let status = self.onlooker.get_or_init(|| self.application()).status();
        assert!(!status.in_memory);
        status
    }

    pub(crate) fn ledger(&self) -> PathBuf {
        self.folder.path().join("state/ledger.db")
    }

    /// An application of another process than the command's.
    pub(crate) fn application(&self) -> Migrator {
        self.application_with(SECRET, &self.ledger())
    }

    pub(crate) fn application_with(&self, client_secret: &str, ledger: &Path) -> Migrator {
        let settings = [
            ("domain", self.sandbox.url()),
            ("client_id", "sandbox-client"),
            ("client_secret", client_secret),
            ("bcrypt_cost", "4"),
            ("deadline", "20"),
            ("ledger", ledger.to_str().unwrap()),
        ];
        let settings =
            settings.into_iter().fold(Settings::new(), |s, (name, value)| s.with(name, value).unwrap());
        Migrator::new(settings).unwrap()
    }

    /// The command, with nothing of this machine's own settings.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kinde-migrate"));
        without_settings(&mut command);
        command
            .args(args)
            .env("KINDE_DOMAIN", self.sandbox.url())
            .env("KINDE_MANAGEMENT_CLIENT_ID", "sandbox-client")
            .env("KINDE_MANAGEMENT_CLIENT_SECRET", SECRET)
            .env("KINDE_MIGRATE_LEDGER", self.ledger())
            .env("XDG_STATE_HOME", self.folder.path())
            .stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self, args: &[&str]) -> Said {
        Running::start(self.command(args)).ended()
    }

    /// The same, where it is expected to end well.
    pub(crate) fn well(&self, args: &[&str]) -> String {
        let said = self.run(args);
        assert_eq!(said.status, Some(0), "{args:?}: {said:?}");
        said.out
    }

    pub(crate) fn json(&self, args: &[&str]) -> Value {
        serde_json::from_str(&self.well(args)).unwrap()
    }

    /// `kinde-migrate work`, which has said that it works.
    pub(crate) fn work(&self, args: &[&str]) -> Running {
        let running = Running::start(self.command(&[&["work"], args].concat()));
        until("its first line", || running.out().contains('\n'));
        running
    }

    pub(crate) fn fault(&self, call: &str, fault: Value) {
        self.sandbox.set_options(json!({"script": [{"call": call, "nth": "all", "fault": fault}]})).unwrap();
    }

    pub(crate) fn mend(&self) {
        self.sandbox.set_options(json!({"script": []})).unwrap();
    }

    /// Users whose sign-in is owed, because Kinde was down. It is up again afterwards.
    pub(crate) fn owe(&self, users: Range<u32>) {
        self.fault("check", json!("error_503"));
        let application = self.application();
        for n in users {
            let outcome = sign_in(&application, &email(n));
            assert_eq!(outcome.status, Status::Queued, "{outcome:?}");
        }
        self.mend();
        assert!(self.stands().owed > 0);
    }

    pub(crate) fn signs_in(&self, n: u32) -> bool {
        self.sandbox.sign_in(&email(n), PASSWORD).unwrap().ok
    }
}

pub(crate) fn without_settings(command: &mut Command) {
    for name in kinde_migrate::SETTINGS.iter().flat_map(|setting| setting.env) {
        command.env_remove(name);
    }
}

pub(crate) fn email(n: u32) -> String {
    format!("somebody-{n}@example.com")
}

pub(crate) fn sign_in(application: &Migrator, email: &str) -> Outcome {
    let mut user = User::with_email(email);
    let number: String = email.chars().filter(char::is_ascii_digit).collect();
    user.provided_id = Some(format!("id of {number}"));
    application.migrate(&user, &Credential::password(PASSWORD).version("1"))
}

/// Waits until something is the case.
pub(crate) fn until(what: &str, is_so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < LONG, "waited too long for {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

impl Running {
    pub(crate) fn start(mut command: Command) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = |name| File::create(folder.path().join(name)).unwrap();
        let child = command.stdout(file("out")).stderr(file("err")).spawn().unwrap();
        Running { child, folder }
    }

    pub(crate) fn out(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("out")).unwrap()
    }

    pub(crate) fn err(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("err")).unwrap()
    }

    pub(crate) fn signal(&self, name: &str) {
        let killed = Command::new("kill").args([name, &self.child.id().to_string()]).status().unwrap();
        assert!(killed.success());
    }

    /// What `ps` shows of it.
    pub(crate) fn arguments(&self) -> String {
        std::fs::read_to_string(format!("/proc/{}/cmdline", self.child.id())).unwrap()
    }

    /// Waits for the end, and looks for what no command may show.
    pub(crate) fn ended(mut self) -> Said {
        let begun = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(begun.elapsed() < LONG, "it hangs: {} {}", self.out(), self.err());
            std::thread::sleep(Duration::from_millis(5));
        };
        let said = Said { status: status.code(), out: self.out(), err: self.err() };
        for secret in [SECRET, PASSWORD] {
            assert!(!said.out.contains(secret) && !said.err.contains(secret), "{secret} in {said:?}");
        }
        assert!(!said.err.contains("somebody-"), "an e-mail in {said:?}");
        said
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
