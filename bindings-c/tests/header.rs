//! `include/kinde_migrate.h` is what cbindgen makes of this crate. `UPDATE_HEADER=1` writes it.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test: a failure should panic")]

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

use kinde_migrate::{CODES, KindeState, SETTINGS, Status};

const HEADER: &str = "../include/kinde_migrate.h";
const SOURCES: &[&str] = &[
    "code",
    "outcome",
    "error",
    "settings",
    "user",
    "credential",
    "explanation",
    "migrator",
    "notice",
    "status",
    "version",
];
const STATUSES: &[(Status, &str)] = &[
    (Status::Created, "The user was not in Kinde and now is, with this password."),
    (Status::Updated, "The user was in Kinde, and the password (or the reset request) was set."),
    (Status::Unchanged, "There was nothing to do."),
    (Status::Queued, "Recorded in the ledger's outbox; it will be delivered."),
    (Status::Skipped, "Left alone by a policy or because of a conflict; the reason says which."),
    (Status::Rejected, "It cannot be carried over as it is; the reason says why."),
];
const STATES: &[(KindeState, &str)] = &[
    (KindeState::Up, "It is called."),
    (KindeState::Limited, "It has answered 429, and everybody waits for the reset."),
    (KindeState::Down, "It did not answer, and is tried again from time to time."),
    (KindeState::Refused, "It does not accept the client secret, or a scope is missing."),
];

fn path(relative: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(relative)
}

/// The macros and constants that come from tables rather than from this crate's items.
fn constants() -> String {
    let mut text = String::from("/** The version of this header; kinde_version() is the library's. */\n");
    let version = env!("CARGO_PKG_VERSION");
    writeln!(text, "#define KINDE_MIGRATE_VERSION \"{version}\"").unwrap();
    for (part, number) in ["MAJOR", "MINOR", "PATCH"].iter().zip(version.split('.')) {
        writeln!(text, "#define KINDE_MIGRATE_VERSION_{part} {number}").unwrap();
    }
    text.push_str(
        "\n/** The codes. A code says whether it is an error's or an outcome's by its group. */\nenum {\n",
    );
    text.push_str("    /** No error; no reason. */\n    KINDE_OK = 0");
    // The core's own words, from its source.
    let source = fs::read_to_string(path("../core/src/code.rs")).unwrap();
    let body = source.split("pub enum Code {").nth(1).unwrap().split("\n}").next().unwrap();
    let mut comments = String::new();
    let mut found = Vec::new();
    for line in body.lines().map(str::trim) {
        if let Some(words) = line.strip_prefix("/// ") {
            writeln!(comments, "    /** {} */", words.replace('`', "")).unwrap();
        } else if let Some(words) = line.strip_prefix("// ") {
            writeln!(comments, "\n    /* {words} */").unwrap();
        } else if let Some((_, number)) = line.trim_end_matches(',').split_once(" = ") {
            let number: i32 = number.parse().unwrap();
            let (_, name) = CODES.iter().find(|(code, _)| code.number() == number).unwrap();
            write!(text, ",\n{comments}    KINDE_{} = {number}", name.to_uppercase()).unwrap();
            comments.clear();
            found.push(number);
        }
    }
    assert_eq!(found, CODES.iter().map(|(code, _)| code.number()).collect::<Vec<_>>());
    text.push_str("\n};\n\n/** What can become of one call of a verb. */\nenum {");
    for (i, (status, words)) in STATUSES.iter().enumerate() {
        let comma = if i == 0 { "" } else { "," };
        let name = status.as_str().to_uppercase();
        write!(text, "{comma}\n    /** {words} */\n    KINDE_STATUS_{name} = {}", *status as i32).unwrap();
    }
    text.push_str("\n};\n\n/** Whether Kinde is called just now. */\nenum {");
    for (i, (state, words)) in STATES.iter().enumerate() {
        let comma = if i == 0 { "" } else { "," };
        let name = state.as_str().to_uppercase();
        write!(text, "{comma}\n    /** {words} */\n    KINDE_STATE_{name} = {}", *state as i32).unwrap();
    }
    text.push_str("\n};\n\n");
    text.push_str("#define KINDE_DRAINED_INIT { sizeof(kinde_drained), 0, 0, 0 }\n");
    text.push_str("#define KINDE_LEDGER_STATUS_INIT \\\n");
    text.push_str(
        "    { sizeof(kinde_ledger_status), 0, 0, 0, -1, false, 0, -1, 0, 0, -1, -1, 0, 0, 0, KINDE_OK }\n",
    );
    text
}

fn generate() -> String {
    let mut config = cbindgen::Config::from_file(path("cbindgen.toml")).unwrap();
    config.after_includes = Some(constants());
    let mut builder = cbindgen::Builder::new().with_config(config);
    for source in SOURCES {
        builder = builder.with_src(path(&format!("src/{source}.rs")));
    }
    let mut header = Vec::new();
    builder.generate().unwrap().write(&mut header);
    String::from_utf8(header).unwrap()
}

#[test]
fn the_header_is_what_cbindgen_makes_of_the_sources() {
    let made = generate();
    if env::var_os("UPDATE_HEADER").is_some() {
        fs::write(path(HEADER), &made).unwrap();
    }
    let committed = fs::read_to_string(path(HEADER)).unwrap_or_default();
    assert!(
        committed == made,
        "run UPDATE_HEADER=1 cargo test -p kinde-migrate-c header, and commit {HEADER}"
    );
}

#[test]
fn the_header_has_every_source_with_an_export() {
    for file in fs::read_dir(path("src")).unwrap() {
        let file = file.unwrap().path();
        let Some(name) = file.file_stem().and_then(|name| name.to_str()) else { continue };
        if file.is_file() && fs::read_to_string(&file).unwrap().contains("\n#[unsafe(no_mangle)]") {
            assert!(SOURCES.contains(&name), "{name} is not in SOURCES");
        }
    }
}

#[test]
fn the_manual_page_names_every_setting() {
    let page = fs::read_to_string(path("kinde_migrate.3")).unwrap();
    for setting in SETTINGS {
        let heading = format!(".BR {} \" ({})\"\n", setting.name, setting.env.join(", "));
        assert!(page.contains(&heading), "kinde_migrate.3 lacks {heading}");
    }
}
