//! The disk in every state: no login breaks, one notice says so, and nothing that was accepted is lost.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::fs;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use kinde_migrate::{Credential, Migrator, Outcome, Settings, Status, User};
use kinde_migrate_crash::inspect;
use kinde_migrate_crash::mounts::{in_own_mounts, mount};
use kinde_migrate_crash::{EMAIL_MARK, PASSWORD_MARK, SECRET};
use kinde_migrate_sandbox::{Options, Sandbox};
use serde_json::json;

/// A Kinde and a disk.
struct Scene {
    sandbox: Sandbox,
    folder: tempfile::TempDir,
    ledger: PathBuf,
}

fn email(n: usize) -> String {
    format!("u{n}{EMAIL_MARK}")
}

fn password(n: usize) -> String {
    format!("{PASSWORD_MARK}{n}")
}

impl Scene {
    fn new() -> Scene {
        let options = Options { client_secret: SECRET.into(), ..Options::default() };
        let folder = tempfile::tempdir().unwrap();
        let ledger = folder.path().join("state/ledger.db");
        Scene { sandbox: Sandbox::start(options).unwrap(), folder, ledger }
    }

    /// A process's migrator: another one has nothing in common with it but the ledger.
    fn migrator(&self) -> Migrator {
        let settings = [
            ("domain", self.sandbox.url()),
            ("client_id", "sandbox-client"),
            ("client_secret", SECRET),
            ("bcrypt_cost", "4"),
            ("ledger", self.ledger.to_str().unwrap()),
        ];
        let set = |settings: Settings, (name, value)| settings.with(name, value).unwrap();
        Migrator::new(settings.into_iter().fold(Settings::new(), set)).unwrap()
    }

    fn is_down(&self, down: bool) {
        let faults = if down { json!({"error_503": 1.0}) } else { json!({}) };
        self.sandbox.set_options(json!({"faults": faults})).unwrap();
    }

    /// Every one of them signs in at Kinde with this password in the end.
    fn all_there(&self, users: impl Iterator<Item = (usize, usize)>) {
        for (user, n) in users {
            let signed_in = self.sandbox.sign_in(&email(user), &password(n)).unwrap();
            assert!(signed_in.ok, "u{user} with password {n}: {signed_in:?}");
        }
    }

    fn beside(&self, suffix: &str) -> PathBuf {
        PathBuf::from(format!("{}{suffix}", self.ledger.display()))
    }

    /// What the folder holds that it must not.
    fn is_clean(&self) {
        let wrong = inspect::wrong_files(self.ledger.parent().unwrap());
        assert!(wrong.is_empty(), "{wrong:?}");
    }
}

/// A change of user `user`'s password to number `n`.
fn change(migrator: &Migrator, user: usize, n: usize) -> Outcome {
    let begun = Instant::now();
    let credential = Credential::password(password(n)).version(n.to_string());
    let outcome = migrator.change_password(&User::with_email(email(user)), &credential);
    assert!(begun.elapsed() < Duration::from_secs(30), "held up");
    outcome
}

fn sign_in(migrator: &Migrator, user: usize, n: usize) -> Outcome {
    let credential = Credential::password(password(n)).version(n.to_string());
    migrator.migrate(&User::with_email(email(user)), &credential)
}

fn is_accepted(outcome: &Outcome) -> bool {
    matches!(outcome.status, Status::Created | Status::Updated | Status::Unchanged | Status::Queued)
}

fn accepted(outcome: Outcome) {
    assert!(is_accepted(&outcome), "{outcome:?}");
}

fn queued(outcome: Outcome) {
    assert_eq!(outcome.status, Status::Queued, "{outcome:?}");
}

fn notices(migrator: &Migrator) -> Vec<&'static str> {
    migrator.notices().into_iter().map(|notice| notice.code.as_str()).collect()
}

/// What is owed in memory goes to the file: some of it with each call, so that none is held up.
fn moved_to_the_file(scene: &Scene, migrator: &Migrator, entries: i64) {
    let begun = Instant::now();
    let owed = || inspect::count(&scene.ledger, "SELECT count(*) FROM outbox WHERE dead = 0");
    while owed() < entries {
        assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", migrator.status());
        migrator.drain(1, Duration::from_millis(100), &|| false);
    }
    assert_eq!(owed(), entries);
}

/// What only memory holds does not overwrite what is at Kinde: it waits until somebody takes the spoilt file away.
fn take_away_what_cannot_be_used(scene: &Scene, migrator: &Migrator) {
    if migrator.status().in_memory {
        for suffix in ["", "-wal", "-shm", "-journal"] {
            let _ = fs::remove_file(scene.beside(suffix));
        }
    }
}

/// Delivers until nothing is owed.
fn deliver(migrator: &Migrator) {
    let begun = Instant::now();
    loop {
        let drained = migrator.drain(u32::MAX, Duration::from_secs(5), &|| false);
        if drained.left == 0 {
            break;
        }
        assert!(begun.elapsed() < Duration::from_secs(90), "{drained:?}, {:?}", migrator.status());
    }
    assert_eq!(migrator.status().dead, 0, "{:?}", migrator.status());
}

#[test]
fn a_full_disk_while_something_is_owed() {
    if !in_own_mounts("a_full_disk_while_something_is_owed") {
        return;
    }
    let scene = Scene::new();
    let folder = scene.ledger.parent().unwrap();
    fs::create_dir(folder).unwrap();
    mount(&["-t", "tmpfs", "-o", "size=2m,mode=700", "none"], folder);
    let migrator = scene.migrator();
    for user in 0..5 {
        accepted(sign_in(&migrator, user, 1));
    }
    scene.is_down(true);
    queued(change(&migrator, 0, 2));
    assert_eq!(notices(&migrator), [""; 0]);
    let filler = scene.folder.path().join("state/filler");
    let _ = fs::write(&filler, vec![0; 4 << 20]);
    // What is written anew may still find a place in pages that there are.
    let mut users = 5;
    while another_is_noticed(&migrator, &mut users).is_empty() {
        assert!(users < 2000, "the disk is not full");
    }
    let full = users;
    for user in 0..full {
        queued(change(&migrator, user, 3));
    }
    for user in (0..full).step_by(7) {
        queued(change(&migrator, user, 4));
    }
    assert_eq!(notices(&migrator), [""; 0], "it has been said");
    let last = |user: usize| if user.is_multiple_of(7) { 4 } else { 3 };
    fs::remove_file(&filler).unwrap();
    // The same process moves it to the file; Kinde is still down.
    moved_to_the_file(&scene, &migrator, full as i64);
    inspect::integrity(&scene.ledger).unwrap();
    drop(migrator);
    scene.is_down(false);
    deliver(&scene.migrator());
    scene.all_there((0..full).map(|user| (user, last(user))));
    scene.is_clean();
}

/// Another user is owed something; what the process says to it.
fn another_is_noticed(migrator: &Migrator, users: &mut usize) -> Vec<&'static str> {
    let outcome = change(migrator, *users, 2);
    *users += 1;
    let said = notices(migrator);
    assert_eq!(outcome.durable, said.is_empty(), "{outcome:?}, {said:?}");
    queued(outcome);
    assert!(said.is_empty() || said == ["ledger_unavailable"], "{said:?}");
    said
}

#[test]
fn a_set_password_while_the_disk_is_full_is_not_undone_by_an_older_one_that_was_owed() {
    if !in_own_mounts("a_set_password_while_the_disk_is_full_is_not_undone_by_an_older_one_that_was_owed") {
        return;
    }
    let scene = Scene::new();
    let folder = scene.ledger.parent().unwrap();
    fs::create_dir(folder).unwrap();
    mount(&["-t", "tmpfs", "-o", "size=2m,mode=700", "none"], folder);
    let migrator = scene.migrator();
    accepted(sign_in(&migrator, 0, 1));
    scene.is_down(true);
    queued(change(&migrator, 0, 2));
    let filler = scene.folder.path().join("state/filler");
    let _ = fs::write(&filler, vec![0; 4 << 20]);
    let mut users = 5;
    while another_is_noticed(&migrator, &mut users).is_empty() {}
    scene.is_down(false);
    // Until the breaker lets a call through.
    let begun = Instant::now();
    while change(&migrator, 0, 3).status != Status::Updated {
        assert!(begun.elapsed() < Duration::from_secs(60));
        std::thread::sleep(Duration::from_millis(200));
    }
    fs::remove_file(&filler).unwrap();
    // Another process has it before this one comes to say so.
    let other = scene.migrator();
    other.drain(u32::MAX, Duration::from_secs(5), &|| false);
    deliver(&migrator);
    scene.all_there(std::iter::once((0, 3)));
    scene.all_there((5..users).map(|user| (user, 2)));
}

#[test]
fn a_filesystem_that_cannot_be_written_at_first() {
    if !in_own_mounts("a_filesystem_that_cannot_be_written_at_first") {
        return;
    }
    let scene = Scene::new();
    let folder = scene.ledger.parent().unwrap();
    fs::create_dir(folder).unwrap();
    mount(&["-t", "tmpfs", "-o", "size=8m,mode=700", "none"], folder);
    {
        let migrator = scene.migrator();
        for user in 0..20 {
            accepted(sign_in(&migrator, user, 1));
        }
    }
    mount(&["-o", "remount,ro"], folder);
    let before = fs::read(&scene.ledger).unwrap();
    scene.is_down(true);
    let migrator = scene.migrator();
    for user in 0..30 {
        queued(change(&migrator, user, 2));
    }
    queued(change(&migrator, 0, 3));
    assert_eq!(notices(&migrator), ["ledger_unavailable"]);
    assert_eq!(fs::read(&scene.ledger).unwrap(), before);
    assert!(migrator.status().in_memory);
    mount(&["-o", "remount,rw"], folder);
    // It is tried again after a while.
    std::thread::sleep(Duration::from_secs(6));
    moved_to_the_file(&scene, &migrator, 30);
    assert!(!migrator.status().in_memory);
    queued(change(&migrator, 1, 3));
    drop(migrator);
    scene.is_down(false);
    deliver(&scene.migrator());
    scene.all_there((0..30).map(|user| (user, if user < 2 { 3 } else { 2 })));
    scene.is_clean();
}

/// What happens to a ledger while a process has it open; what was accepted before it and after it arrives.
fn under_a_running_process(what: &str, code: &[&str], happen: impl Fn(&Scene)) {
    for down in [true, false] {
        let scene = Scene::new();
        let migrator = scene.migrator();
        for user in 0..10 {
            accepted(sign_in(&migrator, user, 1));
        }
        scene.is_down(true);
        for user in 0..5 {
            queued(change(&migrator, user, 2));
        }
        happen(&scene);
        scene.is_down(down);
        for user in 3..15 {
            let outcome = change(&migrator, user, 3);
            assert!(is_accepted(&outcome), "{what}: {outcome:?}");
        }
        for user in 0..15 {
            let outcome = sign_in(&migrator, user, if user < 3 { 2 } else { 3 });
            assert!(is_accepted(&outcome), "{what}: {outcome:?}");
        }
        let said = notices(&migrator);
        assert!(code.contains(&said.join(" ").as_str()), "{what}, down {down}: {said:?}");
        scene.is_down(false);
        take_away_what_cannot_be_used(&scene, &migrator);
        deliver(&migrator);
        scene.all_there((0..15).map(|user| (user, if user < 3 { 2 } else { 3 })));
        if scene.ledger.is_file() && !code.contains(&"ledger_unavailable") {
            inspect::integrity(&scene.ledger).unwrap();
            let again = scene.migrator();
            for user in 0..15 {
                let outcome = sign_in(&again, user, if user < 3 { 2 } else { 3 });
                assert_eq!(
                    outcome.status,
                    Status::Unchanged,
                    "{what}, down {down}: u{user} is remembered: {outcome:?}; {:?}",
                    again.notices()
                );
            }
        }
    }
}

fn remove(scene: &Scene) {
    for suffix in ["", "-wal", "-shm"] {
        fs::remove_file(scene.beside(suffix)).unwrap();
    }
}

#[test]
fn deleted_under_a_running_process() {
    under_a_running_process("deleted", &["ledger_replaced"], remove);
}

#[test]
fn its_file_alone_deleted_under_a_running_process() {
    under_a_running_process("file alone", &["ledger_replaced"], |scene| {
        fs::remove_file(&scene.ledger).unwrap();
    });
}

#[test]
fn its_file_alone_deleted_after_a_process_was_killed() {
    let scene = Scene::new();
    let migrator = scene.migrator();
    for user in 0..10 {
        accepted(sign_in(&migrator, user, 1));
    }
    let left = ["-wal", "-shm"].map(|suffix| (suffix, fs::read(scene.beside(suffix)).unwrap()));
    drop(migrator);
    fs::remove_file(&scene.ledger).unwrap();
    for (suffix, bytes) in &left {
        fs::write(scene.beside(suffix), bytes).unwrap();
    }
    let migrator = scene.migrator();
    for user in 0..12 {
        accepted(sign_in(&migrator, user, 2));
    }
    assert_eq!(notices(&migrator), ["ledger_replaced"]);
    assert_eq!(migrator.status().carried, 12);
    drop(migrator);
    inspect::integrity(&scene.ledger).unwrap();
    assert_eq!(scene.migrator().status().carried, 12);
    scene.all_there((0..12).map(|user| (user, 2)));
    let kept = inspect::files(scene.ledger.parent().unwrap());
    for (suffix, bytes) in left {
        let is_it = |path: &PathBuf| {
            let name = path.file_name().unwrap().to_str().unwrap();
            name.starts_with("ledger.db.orphaned-")
                && name.ends_with(suffix)
                && fs::read(path).unwrap() == bytes
        };
        assert!(kept.iter().any(is_it), "{suffix}: {kept:?}");
    }
    scene.is_clean();
}

#[test]
fn its_folder_removed_under_a_running_process() {
    under_a_running_process("folder removed", &["ledger_replaced"], |scene| {
        fs::remove_dir_all(scene.ledger.parent().unwrap()).unwrap();
    });
}

#[test]
fn replaced_by_a_text_under_a_running_process() {
    under_a_running_process("text", &["ledger_unavailable"], |scene| {
        remove(scene);
        fs::write(&scene.ledger, "not a database ".repeat(1000)).unwrap();
    });
}

#[test]
fn replaced_by_another_applications_database_under_a_running_process() {
    under_a_running_process("foreign", &["ledger_unavailable"], |scene| {
        remove(scene);
        foreign(&scene.ledger);
    });
}

#[test]
fn replaced_by_another_ledger_under_a_running_process() {
    under_a_running_process("new ledger", &["ledger_replaced"], |scene| {
        remove(scene);
        scene.is_down(false);
        let other = scene.migrator();
        accepted(sign_in(&other, 100, 1));
        drop(other);
    });
}

#[test]
fn replaced_by_an_older_copy_under_a_running_process() {
    let scene = Scene::new();
    let migrator = scene.migrator();
    accepted(sign_in(&migrator, 0, 1));
    scene.is_down(true);
    queued(change(&migrator, 0, 2));
    queued(change(&migrator, 1, 2));
    queued(change(&migrator, 2, 2));
    let copy = scene.folder.path().join("copy");
    rusqlite::Connection::open(&scene.ledger)
        .unwrap()
        .execute("VACUUM INTO ?1", [copy.to_str().unwrap()])
        .unwrap();
    scene.is_down(false);
    deliver(&migrator);
    accepted(change(&migrator, 0, 3));
    scene.is_down(true);
    queued(change(&migrator, 1, 3));
    remove(&scene);
    fs::rename(&copy, &scene.ledger).unwrap();
    queued(change(&migrator, 3, 2));
    assert_eq!(notices(&migrator), ["ledger_replaced"]);
    scene.is_down(false);
    accepted(change(&migrator, 4, 2));
    let other = scene.migrator();
    deliver(&other);
    deliver(&migrator);
    scene.all_there([(0, 3), (1, 3), (2, 2), (3, 2), (4, 2)].into_iter());
}

fn foreign(path: &Path) {
    let db = rusqlite::Connection::open(path).unwrap();
    db.execute_batch("CREATE TABLE orders (id INTEGER); INSERT INTO orders VALUES (1), (2)").unwrap();
}

#[test]
fn another_applications_database_is_refused_and_left_alone() {
    let scene = Scene::new();
    fs::create_dir_all(scene.ledger.parent().unwrap()).unwrap();
    foreign(&scene.ledger);
    let before = fs::read(&scene.ledger).unwrap();
    let migrator = scene.migrator();
    accepted(sign_in(&migrator, 0, 1));
    accepted(change(&migrator, 0, 2));
    scene.is_down(true);
    queued(change(&migrator, 0, 3));
    assert_eq!(notices(&migrator), ["ledger_unavailable"]);
    assert_eq!(fs::read(&scene.ledger).unwrap(), before);
    let names: Vec<_> = fs::read_dir(scene.ledger.parent().unwrap()).unwrap().collect();
    assert_eq!(names.len(), 1, "{names:?}");
    scene.is_down(false);
    take_away_what_cannot_be_used(&scene, &migrator);
    deliver(&migrator);
    scene.all_there(std::iter::once((0, 3)));
}

/// Spoils a ledger that lies there; how much of it.
type Spoil = fn(&Scene);

fn garbage(path: &Path, from: u64, to: u64) {
    let file = fs::OpenOptions::new().write(true).open(path).unwrap();
    let bytes: Vec<u8> = (from..to).map(|n| (n * 31 % 251) as u8).collect();
    file.write_all_at(&bytes, from).unwrap();
}

fn size(path: &Path) -> u64 {
    fs::metadata(path).unwrap().len()
}

/// Each with the notices that may come of it.
const SPOILT: [(&str, &[&str], Spoil); 7] = [
    ("garbage in the middle", &["", "ledger_damaged"], |scene| {
        garbage(&scene.ledger, 8192, size(&scene.ledger));
    }),
    ("garbage in the schema", &["ledger_damaged"], |scene| {
        garbage(&scene.ledger, 100, 8192);
    }),
    ("garbage in the header", &["ledger_unavailable"], |scene| garbage(&scene.ledger, 0, 100)),
    ("truncated to a half", &["", "ledger_damaged"], |scene| {
        let file = fs::OpenOptions::new().write(true).open(&scene.ledger).unwrap();
        file.set_len(size(&scene.ledger) / 2).unwrap();
    }),
    ("truncated within a page", &["", "ledger_damaged"], |scene| {
        let file = fs::OpenOptions::new().write(true).open(&scene.ledger).unwrap();
        file.set_len(size(&scene.ledger) / 2 + 100).unwrap();
    }),
    ("zero bytes", &["", "ledger_damaged"], |scene| {
        fs::OpenOptions::new().write(true).open(&scene.ledger).unwrap().set_len(0).unwrap();
    }),
    ("garbage in the log", &["", "ledger_damaged"], |scene| {
        let log = scene.beside("-wal");
        if !log.exists() {
            fs::write(&log, []).unwrap();
            fs::set_permissions(&log, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        }
        garbage(&log, 0, 100_000);
    }),
];

#[test]
fn a_spoilt_ledger_at_the_start() {
    for (what, codes, spoil) in SPOILT {
        let scene = Scene::new();
        {
            let migrator = scene.migrator();
            for user in 0..200 {
                let stored = "$2a$04$abcdefghijklmnopqrstuuBmsLQfF5CPCu3VPeI3kSLIXFbcQeBOi";
                accepted(migrator.migrate(&User::with_email(email(user)), &Credential::hash(stored)));
            }
        }
        spoil(&scene);
        let migrator = scene.migrator();
        for user in 0..220 {
            let outcome = sign_in(&migrator, user, 2);
            assert!(is_accepted(&outcome), "{what}: {outcome:?}");
        }
        scene.is_down(true);
        for user in 100..120 {
            queued(change(&migrator, user, 3));
        }
        let said = notices(&migrator).join(" ");
        assert!(codes.contains(&said.as_str()), "{what}: {said}");
        println!("{what} at the start: {said:?}");
        scene.is_down(false);
        take_away_what_cannot_be_used(&scene, &migrator);
        deliver(&migrator);
        scene.all_there((0..220).map(|user| (user, if (100..120).contains(&user) { 3 } else { 2 })));
        scene.is_clean();
        drop(migrator);
        if said != "ledger_unavailable" {
            inspect::integrity(&scene.ledger).unwrap_or_else(|wrong| panic!("{what}: {wrong}"));
        }
    }
}

#[test]
fn a_ledger_that_is_spoilt_under_a_running_process() {
    for (what, _, spoil) in SPOILT {
        let scene = Scene::new();
        let migrator = scene.migrator();
        for user in 0..200 {
            let stored = "$2a$04$abcdefghijklmnopqrstuuBmsLQfF5CPCu3VPeI3kSLIXFbcQeBOi";
            accepted(migrator.migrate(&User::with_email(email(user)), &Credential::hash(stored)));
        }
        rusqlite::Connection::open(&scene.ledger)
            .unwrap()
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
            .unwrap();
        spoil(&scene);
        for user in 0..220 {
            let outcome = sign_in(&migrator, user, 2);
            assert!(is_accepted(&outcome), "{what}: {outcome:?}");
        }
        scene.is_down(true);
        for user in 100..120 {
            queued(change(&migrator, user, 3));
        }
        let said = notices(&migrator);
        println!("{what} under a running process: {said:?}");
        assert!(said.len() <= 1, "{what}: {said:?}");
        scene.is_down(false);
        take_away_what_cannot_be_used(&scene, &migrator);
        deliver(&migrator);
        scene.all_there((0..220).map(|user| (user, if (100..120).contains(&user) { 3 } else { 2 })));
        scene.is_clean();
    }
}
