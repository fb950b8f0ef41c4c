//! Nothing that ships can kill itself.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::process::Command;

#[test]
fn what_ships_has_no_steps_to_die_at() {
    let features = |package: &str| {
        let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
        let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
        let arguments = ["tree", "--offline", "--locked", "--edges", "features,normal", "--package", package];
        let tree = Command::new(cargo).args(arguments).current_dir(root).output().unwrap();
        assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
        let text = String::from_utf8(tree.stdout).unwrap();
        assert!(text.contains("kinde-migrate v"), "{text}");
        text
    };
    let steps = "kinde-migrate feature \"steps\"";
    assert!(features("kinde-migrate-crash").contains(steps), "else this looks for the wrong words");
    for package in ["kinde-migrate-cli", "kinde-migrate-c", "kinde-migrate-python", "kinde-migrate-node"] {
        assert!(!features(package).contains(steps), "{package}");
    }
}
