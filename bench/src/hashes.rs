//! What stored hashes cost: telling and mapping them, and checking a password, beside other crates.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use kinde_migrate::hash::{self, Extra, Format, Guesses};
use serde_json::{Value, json};

use crate::Failure;
use crate::clock::cpu;

/// One of every format, as the tests have them.
const VECTORS: &str = include_str!("../../core/tests/data/hash/vectors.json");

const PASSWORD: &[u8] = b"correct horse battery staple";
const SALT: &[u8] = b"LHuDevbVL8HAViwkfS0q3Q";
const ITERATIONS: u32 = 100_000;
const COST: u32 = 10;

/// Recognises and maps the vectors over and over on this thread; answers how many values a second, of all
/// formats, of the importable ones, and of Django's default.
pub(crate) fn mapped(seconds: &str) -> Result<Value, Failure> {
    let time = Duration::from_secs_f64(seconds.parse()?);
    let vectors: Vec<Value> = serde_json::from_str(VECTORS)?;
    let mut values = Vec::new();
    for vector in &vectors {
        let (Some(id), Some(stored)) = (vector["format"].as_str(), vector["stored_hash"].as_str()) else {
            return Err("a vector without a format or a stored_hash".into());
        };
        let format = hash::format(id).ok_or("a vector of no known format")?;
        let extra = Extra::from_json(&vector["extra"]).map_err(|error| error.to_string())?;
        values.push((format, stored, extra));
    }
    let importable: Vec<_> = values.iter().filter(|(format, ..)| format.importable()).cloned().collect();
    let django: Vec<_> =
        values.iter().filter(|(format, ..)| format.id == "django_pbkdf2_sha256").cloned().collect();
    Ok(json!({
        "all": a_second(&values, time),
        "importable": a_second(&importable, time),
        "django": a_second(&django, time),
    }))
}

fn a_second(values: &[(&'static Format, &str, Extra)], time: Duration) -> f64 {
    let guesses = Guesses::all();
    let (mut done, began, used) = (0usize, Instant::now(), cpu());
    while began.elapsed() < time {
        for _ in 0..50 {
            for (format, stored, extra) in values {
                black_box(hash::recognise(black_box(stored)).candidates().count());
                let _ = black_box(hash::to_kinde(format, black_box(stored), extra, &guesses));
            }
        }
        done += 50 * values.len();
    }
    done as f64 / (cpu() - used) * 1e6
}

/// Checks one password by each method, taking turns with the crates that do the same: milliseconds of processor
/// time each.
pub(crate) fn checked(rounds: &str) -> Result<Value, Failure> {
    let rounds: usize = rounds.parse()?;
    let salt = std::str::from_utf8(SALT)?;
    let django = format!("pbkdf2_sha256${ITERATIONS}${salt}${}=", "A".repeat(43));
    let werkzeug = format!("pbkdf2:sha512:{ITERATIONS}${salt}${}", "0".repeat(128));
    let bcrypt = format!("$2b${COST}${}{}", &salt[..22], "A".repeat(30) + "C");
    let ring = |algorithm, len| {
        let mut key = vec![0; len];
        ring::pbkdf2::derive(
            algorithm,
            NonZeroU32::MIN.saturating_add(ITERATIONS - 1),
            SALT,
            PASSWORD,
            &mut key,
        );
        black_box(key);
        Ok(())
    };
    let rust_crypto = |sha512: bool| {
        let mut key = [0; 64];
        match sha512 {
            true => pbkdf2::pbkdf2_hmac::<sha2::Sha512>(PASSWORD, SALT, ITERATIONS, &mut key),
            false => pbkdf2::pbkdf2_hmac::<sha2::Sha256>(PASSWORD, SALT, ITERATIONS, &mut key[..32]),
        }
        black_box(key);
        Ok(())
    };
    let ours = |id: &str, stored: &str| {
        let format = hash::format(id).ok_or("no such format")?;
        let known = hash::verify(format, stored, &Extra::default(), PASSWORD);
        known.map(black_box).map_err(|error| error.to_string())
    };
    let mut report: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    for _ in 0..rounds {
        for (name, work) in [
            (
                "sha256 ours",
                &(|| ours("django_pbkdf2_sha256", &django).map(drop)) as &dyn Fn() -> Result<(), String>,
            ),
            ("sha256 ring", &|| ring(ring::pbkdf2::PBKDF2_HMAC_SHA256, 32)),
            ("sha256 pbkdf2", &|| rust_crypto(false)),
            ("sha512 ours", &|| ours("werkzeug_pbkdf2_sha512", &werkzeug).map(drop)),
            ("sha512 ring", &|| ring(ring::pbkdf2::PBKDF2_HMAC_SHA512, 64)),
            ("sha512 pbkdf2", &|| rust_crypto(true)),
            ("bcrypt ours", &|| ours("node_bcrypt_2b", &bcrypt).map(drop)),
            ("bcrypt bcrypt", &|| {
                black_box(bcrypt::bcrypt(COST, *b"0123456789abcdef", PASSWORD));
                Ok(())
            }),
        ] {
            let began = cpu();
            work()?;
            let took = (cpu() - began) / 1e3;
            report.entry(name).or_default().push(took);
        }
    }
    Ok(json!(report))
}
