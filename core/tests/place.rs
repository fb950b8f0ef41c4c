//! Where the ledger may lie: what is refused is said once, and the library goes on in memory.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs::Permissions;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;

use kinde_migrate::{Code, Credential, Migrator, Settings, Status, User};
use kinde_migrate_sandbox::{Options, Sandbox};

fn migrator(sandbox: &str, ledger: &Path) -> Migrator {
    let settings = [
        ("domain", sandbox),
        ("client_id", "sandbox-client"),
        ("client_secret", "sandbox-secret"),
        ("bcrypt_cost", "4"),
        ("ledger", ledger.to_str().unwrap()),
    ];
    let settings =
        settings.into_iter().fold(Settings::new(), |s, (name, value)| s.with(name, value).unwrap());
    Migrator::new(settings).unwrap()
}

fn chmod(path: &Path, mode: u32) {
    std::fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().mode() & 0o7777
}

#[test]
fn a_refused_place_is_said_once_and_breaks_no_sign_in() {
    let sandbox = Sandbox::start(Options::default()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let ledger = folder.path().join("ledger.db");
    let cases: [(&str, &dyn Fn(), &str); 3] = [
        ("link", &|| symlink("elsewhere.db", &ledger).unwrap(), "ledger.db is a symbolic link"),
        (
            "wal",
            &|| {
                std::fs::remove_file(&ledger).unwrap();
                symlink("elsewhere.db", folder.path().join("ledger.db-wal")).unwrap();
            },
            "ledger.db-wal is a symbolic link",
        ),
        ("folder", &|| chmod(folder.path(), 0o777), "others may write to the folder"),
    ];
    for (name, spoil, why) in cases {
        spoil();
        let migrator = migrator(sandbox.url(), &ledger);
        for _ in 0..2 {
            let user = User::with_email(format!("{name}@example.com"));
            let outcome = migrator.migrate(&user, &Credential::password("hers").version("1"));
            assert!(matches!(outcome.status, Status::Created | Status::Unchanged), "{outcome:?}");
        }
        assert!(migrator.status().in_memory);
        let notices = migrator.notices();
        assert_eq!(notices.len(), 1, "{notices:?}");
        assert_eq!(notices[0].code, Code::LedgerUnavailable);
        assert!(notices[0].message.contains(why), "{notices:?}");
        assert!(!folder.path().join("elsewhere.db").exists());
        std::fs::write(folder.path().join("something-else"), "").unwrap();
    }
}

/// This test starts itself under other umasks: they belong to the whole process.
#[test]
fn nobody_else_may_read_any_file_whatever_the_umask() {
    const LEDGER: &str = "KINDE_TEST_PLACE";
    if let Some(ledger) = std::env::var_os(LEDGER) {
        let ledger = Path::new(&ledger);
        let migrator = migrator("http://127.0.0.1:9", ledger);
        let outcome = migrator.migrate(&User::with_email("ann@example.com"), &Credential::password("hers"));
        assert_eq!(outcome.status, Status::Queued, "{outcome:?}");
        assert!(!migrator.status().in_memory, "{:?}", migrator.notices());
        let files: Vec<_> =
            std::fs::read_dir(ledger.parent().unwrap()).unwrap().map(Result::unwrap).collect();
        assert_eq!(files.len(), 3, "{files:?}");
        for file in files {
            assert_eq!(mode(&file.path()), 0o600, "{file:?}");
        }
        assert_eq!(mode(ledger.parent().unwrap()), 0o700);
        return;
    }
    for umask in ["0000", "0022", "0777"] {
        let folder = tempfile::tempdir().unwrap();
        let run = std::process::Command::new("sh")
            .args(["-c", r#"umask "$1"; exec "$0" --exact "$2" --quiet"#])
            .arg(std::env::current_exe().unwrap())
            .args([umask, "nobody_else_may_read_any_file_whatever_the_umask"])
            .env(LEDGER, folder.path().join("new/ledger.db"))
            .output()
            .unwrap();
        assert!(run.status.success(), "{umask}: {run:?}");
    }
}
