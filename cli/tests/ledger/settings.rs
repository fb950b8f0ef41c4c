use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use crate::place::{Place, Running, SECRET, Said, email, sign_in, without_settings};

/// `status` without the settings of the environment.
fn status(place: &Place, args: &[&str]) -> Said {
    let mut command = place.command(&[&["status", "--json"], args].concat());
    without_settings(&mut command);
    Running::start(command).ended()
}

fn file(place: &Place, mode: u32, text: &str) -> PathBuf {
    let path = place.folder.path().join("kinde.env");
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    path
}

#[test]
fn they_come_from_a_file_that_others_cannot_read() {
    let place = Place::new();
    sign_in(&place.application(), &email(0));
    let text = format!(
        "# of the unit\n\nKINDE_HOST=elsewhere.kinde.com\n KINDE_DOMAIN = \"{}\" \nKINDE_MANAGEMENT_CLIENT_ID='sandbox-client'\n\
         KINDE_MANAGEMENT_CLIENT_SECRET={SECRET}\nKINDE_MIGRATE_LEDGER={}\nOTHER=1\n",
        place.sandbox.url(),
        place.ledger().display()
    );
    for mode in [0o600, 0o640] {
        let said = status(&place, &["--env-file", file(&place, mode, &text).to_str().unwrap()]);
        assert_eq!(said.status, Some(0), "{said:?}");
        assert!(said.out.contains("\"carried\":1"), "{said:?}");
    }
    for mode in [0o604, 0o602] {
        let said = status(&place, &["--env-file", file(&place, mode, &text).to_str().unwrap()]);
        assert_eq!(said.status, Some(1), "{said:?}");
        assert!(said.err.contains("chmod o="), "{said:?}");
    }
    let said =
        status(&place, &["--env-file", file(&place, 0o600, &format!("\n{SECRET}\n")).to_str().unwrap()]);
    assert_eq!(said.status, Some(2), "{said:?}");
    assert!(said.err.contains("line 2"), "{said:?}");
    let said = status(&place, &["--env-file", "/nowhere/kinde.env"]);
    assert_eq!(said.status, Some(1), "{said:?}");
}

#[test]
fn what_is_missing_is_named() {
    let place = Place::new();
    let said = status(&place, &[]);
    assert_eq!(said.status, Some(2), "{said:?}");
    assert!(said.err.contains("KINDE_DOMAIN"), "{said:?}");
    let said = status(&place, &["--domain", place.sandbox.url()]);
    assert_eq!(said.status, Some(2), "{said:?}");
    assert!(said.err.contains("KINDE_MANAGEMENT_CLIENT_ID"), "{said:?}");
}

#[test]
fn options_come_first_and_may_stand_anywhere() {
    let place = Place::new();
    sign_in(&place.application(), &email(0));
    let ledger = place.ledger();
    let ledger = ["--ledger", ledger.to_str().unwrap()];
    for args in [[&["dead", "list"][..], &ledger].concat(), [&["dead"], &ledger[..], &["list"]].concat()] {
        let mut command = place.command(&args);
        command.env("KINDE_MIGRATE_LEDGER", "/nowhere/ledger.db");
        let said = Running::start(command).ended();
        assert_eq!((said.status, said.out.as_str()), (Some(0), "0 dead letters\n"), "{said:?}");
    }
}

#[test]
fn help_explains_itself() {
    let place = Place::new();
    for command in ["work", "status", "dead"] {
        let help = place.well(&[command, "--help"]);
        for part in ["Exit status:", "--ledger", "KINDE_MIGRATE_LEDGER", "KINDE_MANAGEMENT_CLIENT_SECRET"] {
            assert!(help.contains(part), "{command}: {part}");
        }
    }
}
