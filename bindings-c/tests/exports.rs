//! Every export is behind the panic boundary, declared in the header and exported by the library;
//! nothing else is.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test: a failure should panic")]

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::{env, fs};

/// A function that C can call.
struct Export {
    name: String,
    parameters: String,
    body: String,
}

/// Those of the sources.
fn exports() -> Vec<Export> {
    let mut found = Vec::new();
    for file in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).unwrap() {
        let source = fs::read_to_string(file.unwrap().path()).unwrap();
        let mut rest = source.as_str();
        while let Some((_, after)) = rest.split_once("extern \"C\" fn ") {
            let name = after.split('(').next().unwrap();
            // rustfmt puts the end of an item at the beginning of a line.
            let (parameters, body) = after.split("\n}\n").next().unwrap().split_once(" {\n").unwrap();
            found.push(Export {
                name: name.to_owned(),
                parameters: parameters.split_once('(').unwrap().1.to_owned(),
                body: body.to_owned(),
            });
            rest = after;
        }
    }
    found
}

fn names() -> BTreeSet<String> {
    exports().into_iter().map(|export| export.name).collect()
}

/// A body that is one `boundary!` and nothing beside it.
fn is_guarded(body: &str) -> bool {
    let body = body.trim();
    let Some(call) = body.strip_prefix("boundary!(") else { return false };
    let mut depth = 1;
    let end = call.char_indices().find(|(_, c)| {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        depth == 0
    });
    end.is_some_and(|(at, _)| call[at + 1..].trim().is_empty())
}

#[test]
fn every_export_is_behind_the_panic_boundary() {
    assert!(exports().len() > 25, "the scan finds too little");
    for Export { name, body, .. } in exports() {
        assert!(is_guarded(&body), "{name} is not all in boundary!");
    }
}

#[test]
fn the_scan_finds_an_export_that_is_not() {
    assert!(is_guarded("    boundary!(error, { call(Verb::Migrate, (1, 2)) })"));
    assert!(!is_guarded("    drop(user)"));
    assert!(!is_guarded("    let n = size(out);\n    boundary!(else (), { drop(n) })"));
    assert!(!is_guarded("    boundary!(else (), { drop(n) });\n    other()"));
}

/// tests/c/abi.c, and of it the test that hands over lengths that cannot be.
fn abi() -> (String, String) {
    let abi = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/c/abi.c")).unwrap();
    let lengths = abi.split("static void no_length_harms_the_host(void) {").nth(1).unwrap();
    let lengths = lengths.split("\n}\n").next().unwrap().to_owned();
    (abi, lengths)
}

#[test]
fn every_export_is_called_and_no_length_goes_untried() {
    let (abi, lengths) = abi();
    let mut tried = 0;
    for Export { name, parameters, .. } in exports() {
        assert!(abi.contains(&format!("{name}(")), "tests/c/abi.c does not call {name}");
        // Sizes, places, texts up to their NUL, numbers of the caller's, and structures that begin with their size.
        let taken = [
            "usize,",
            "usize)",
            "*const c_char,",
            "i32",
            ": u32",
            ": f64",
            "kinde_code)",
            "kinde_status)",
            "kinde_state)",
            "kinde_ledger_status",
            "kinde_drained",
        ];
        let parameters = parameters.split(") ->").next().unwrap().to_owned() + ")";
        if taken.iter().any(|taken| parameters.contains(taken)) {
            assert!(lengths.contains(&format!("{name}(")), "no absurd length is tried with {name}");
            tried += 1;
        }
    }
    assert!(tried >= 14, "only {tried} exports were found to take a length or a number");
}

#[test]
fn every_export_is_unmangled() {
    let unmangled = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("src"))
        .unwrap()
        .map(|file| fs::read_to_string(file.unwrap().path()).unwrap())
        .map(|source| source.matches("\n#[unsafe(no_mangle)]\npub ").count())
        .sum::<usize>();
    assert_eq!(unmangled, exports().len());
}

#[test]
fn the_header_declares_every_export() {
    let header = Path::new(env!("CARGO_MANIFEST_DIR")).join("../include/kinde_migrate.h");
    let declared: BTreeSet<String> = fs::read_to_string(header)
        .unwrap()
        .lines()
        .filter(|line| !line.starts_with(' ') && !line.starts_with('#') && line.contains('('))
        .filter_map(|line| line.split('(').next()?.rsplit([' ', '*']).next().map(str::to_owned))
        .filter(|name| name.starts_with("kinde_"))
        .collect();
    assert_eq!(declared, names());
}

#[cfg(target_os = "linux")]
#[test]
fn the_library_exports_these_functions_and_nothing_else() {
    // Cargo builds the shared library beside this test.
    let library = env::current_exe().unwrap().with_file_name("libkinde_migrate.so");
    let output = Command::new("nm").args(["-D", "--defined-only"]).arg(&library).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let exported: BTreeSet<String> = String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .filter_map(|line| line.split_whitespace().last().map(str::to_owned))
        .collect();
    assert_eq!(exported, names());

    let output = Command::new("readelf").arg("-d").arg(&library).output().unwrap();
    let dynamic = String::from_utf8(output.stdout).unwrap();
    assert!(dynamic.contains("Library soname: [libkinde_migrate.so.0]"), "{dynamic}");
}
