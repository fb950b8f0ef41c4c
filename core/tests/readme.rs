//! The README's table of settings is the library's own.

use kinde_migrate::SETTINGS;

fn table() -> String {
    let rows = SETTINGS.iter().map(|setting| {
        let env: Vec<_> = setting.env.iter().map(|name| format!("`{name}`")).collect();
        format!("| `{}` | {} | {} | {} |", setting.name, env.join(", "), setting.default, setting.help)
    });
    rows.collect::<Vec<_>>().join("\n")
}

/// `UPDATE_README=1 cargo test -p kinde-migrate --test readme` writes it.
#[test]
fn the_settings_of_the_readme_are_the_librarys() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md");
    let readme = std::fs::read_to_string(path).unwrap();
    let head = "| name | environment | default | what it does |\n|---|---|---|---|\n";
    let (before, after) = readme.split_once(head).expect("the table's head");
    let end = after.find("\n\n").expect("the table's end");
    if std::env::var_os("UPDATE_README").is_some() {
        std::fs::write(path, format!("{before}{head}{}{}", table(), &after[end..])).unwrap();
        return;
    }
    assert_eq!(&after[..end], table(), "run UPDATE_README=1 cargo test -p kinde-migrate --test readme");
}
