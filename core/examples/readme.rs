//! The README's example.

use kinde_migrate::{Credential, Migrator, Settings, User};

fn main() -> Result<(), kinde_migrate::Error> {
    let [email, password, stored_hash] = ["ann@example.com", "correct horse", "$2a$10$..."];
    let migrator = Migrator::new(Settings::new())?; // from the environment
    let credential = Credential::password(password).version(stored_hash);
    let outcome = migrator.migrate(&User::with_email(email), &credential);
    println!("{}", outcome.status); // created, updated, unchanged, queued, skipped or rejected
    Ok(())
}
