//! The unit for systemd and the README, as far as they speak of this command.

use crate::place::Place;

fn values<'a>(unit: &'a str, name: &str) -> Vec<&'a str> {
    unit.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix('=')).collect()
}

#[test]
fn it_starts_what_there_is() {
    let unit = include_str!("../../systemd/kinde-migrate.service");
    let [start] = values(unit, "ExecStart")[..] else { panic!("one ExecStart") };
    let mut words = start.split(' ');
    assert_eq!(words.next(), Some("/usr/local/bin/kinde-migrate"), "`make install` replaces it");
    // Options are read before --help is heeded, so an unknown one is an error.
    let place = Place::new();
    let args: Vec<_> = words.chain(["--help"]).collect();
    assert!(place.well(&args).contains("Usage: kinde-migrate work"));
    assert_eq!(place.run(&["work", "--at-onc", "8", "--help"]).status, Some(2));

    // What stands there in KINDE_… is a setting.
    for variable in values(unit, "Environment").iter().filter_map(|pair| pair.split('=').next()) {
        assert!(kinde_migrate::SETTINGS.iter().any(|setting| setting.env.contains(&variable)), "{variable}");
    }
    let [patience] = values(unit, "TimeoutStopSec")[..] else { panic!("one TimeoutStopSec") };
    assert!(patience.parse::<u32>().unwrap() > 10, "what is in hand may take 10 s");
    assert_eq!(values(unit, "KillSignal"), ["SIGTERM"]);
}

#[test]
fn the_readme_types_what_there_is() {
    let place = Place::new();
    let readme = include_str!("../../../README.md");
    let typed = readme.lines().filter(|line| line.starts_with("kinde-migrate ") && line.contains(" # "));
    let typed: Vec<_> = typed.collect();
    assert!(typed.len() >= 6, "{typed:?}");
    for line in typed {
        let command = line.split('#').next().unwrap();
        // What redirects is the shell's.
        let words = command.split_whitespace().skip(1).filter(|word| !word.contains(['<', '>']));
        let args: Vec<_> = words.chain(["--help"]).collect();
        assert!(place.well(&args).contains("Usage: "), "{line}");
    }
}
