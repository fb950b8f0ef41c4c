//! `kinde-migrate completions` and `kinde-migrate man`.

// What clippy.toml allows in tests, for their helpers too.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::process::{Command, Output};

/// What the command answers.
fn run(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_kinde-migrate")).args(args).output().unwrap()
}

/// What it prints where it succeeds.
fn printed(args: &[&str]) -> String {
    let output = run(args);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

const COMMANDS: [&str; 7] = ["work", "status", "dead", "hash", "sandbox", "completions", "man"];

#[test]
fn each_shell_is_told_every_command_and_its_options() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = printed(&["completions", shell]);
        for word in COMMANDS.iter().chain(["env-file", "once", "client-secret"].iter()) {
            assert!(script.contains(word), "{shell} lacks {word}");
        }
    }
}

#[test]
fn what_bash_is_told_completes() {
    let script = printed(&["completions", "bash"]);
    let asked = format!(
        "{script}\nset -- $(complete -p kinde-migrate)\nwhile [ \"$1\" != -F ]; do shift; done\n\
         COMP_WORDS=(kinde-migrate st); COMP_CWORD=1; $2 kinde-migrate st kinde-migrate; echo ${{COMPREPLY[@]}}"
    );
    let answer = Command::new("bash").args(["--norc", "-c", &asked]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&answer.stdout).trim(), "status");
}

#[test]
fn a_shell_that_is_not_known_is_refused_with_those_that_are() {
    let output = run(&["completions", "tcsh"]);
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("bash") && said.contains("zsh"), "{said}");
}

#[test]
fn the_man_page_names_every_command_and_each_has_its_own() {
    let page = printed(&["man"]);
    assert!(page.contains(".TH kinde-migrate 1"), "{page}");
    let folder = tempfile::tempdir().unwrap();
    printed(&["man", "--into", folder.path().to_str().unwrap()]);
    for command in COMMANDS {
        assert!(page.contains(&format!("kinde\\-migrate\\-{command}(1)")), "{command} is not in {page}");
        let own = std::fs::read_to_string(folder.path().join(format!("kinde-migrate-{command}.1"))).unwrap();
        assert!(own.contains(".SH SYNOPSIS"), "{own}");
    }
    let output = run(&["man", "--into", "/nowhere"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("/nowhere"));
}
