//! For every importable format that can be written here with other code than the code under test: the legacy
//! hash verifies, its mapped fields verify, and neither verifies another password.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]
#![allow(deprecated, reason = "pwhash warns of the algorithms that are wanted here")]

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use kinde_migrate::hash::{self, Extra, Guesses, hash_password, verify_kinde};
use md5::{Digest, Md5};
use proptest::prelude::*;
use serde_json::{Value, json};
use sha2::{Sha256, Sha512};

/// A stored value and what stands beside it.
type Stored = (String, Value);

fn proved(id: &str, (stored, extra): Stored, password: &str) -> Result<(), TestCaseError> {
    let format = hash::format(id).unwrap();
    let extra = Extra::from_json(&extra).unwrap();
    prop_assert!(hash::recognise(&stored).candidates().any(|found| found.id == id), "{} {}", id, stored);
    let fields = hash::to_kinde(format, &stored, &extra, &Guesses::all());
    let fields = fields.map_err(|error| TestCaseError::fail(format!("{stored}: {error}")))?;
    // Different in the first byte, so that cutting at 72 bytes or at 8 cannot make them alike.
    let other = if password.starts_with('~') { format!("#{password}") } else { format!("~{password}") };
    for (candidate, expected) in [(password, true), (other.as_str(), false)] {
        let legacy = hash::verify(format, &stored, &extra, candidate.as_bytes());
        prop_assert_eq!(legacy.unwrap(), expected, "{} {}", id, &stored);
        prop_assert_eq!(verify_kinde(&fields, candidate.as_bytes()).unwrap(), expected, "{} {}", id, &stored);
    }
    Ok(())
}

/// Unicode up to 200 bytes, with outer spaces now and then. No NUL: bcrypt and crypt refuse it.
fn password() -> impl Strategy<Value = String> {
    prop_oneof!["[^\0]{0,50}", " {1,3}[a-z é漢😀]{0,10} {1,3}", "[ -~]{0,200}", "[a-z]{71,73}"].prop_map(
        |text| {
            let mut end = text.len().min(200);
            while !text.is_char_boundary(end) {
                end -= 1;
            }
            text[..end].to_owned()
        },
    )
}

fn pbkdf2_of(digest: &str, password: &str, salt: &[u8], iterations: u32, len: usize) -> Vec<u8> {
    let mut key = vec![0; len];
    match digest {
        "sha1" => pbkdf2::pbkdf2_hmac::<sha1::Sha1>(password.as_bytes(), salt, iterations, &mut key),
        "sha256" => pbkdf2::pbkdf2_hmac::<Sha256>(password.as_bytes(), salt, iterations, &mut key),
        _ => pbkdf2::pbkdf2_hmac::<Sha512>(password.as_bytes(), salt, iterations, &mut key),
    }
    key
}

fn scrypt_of(password: &str, salt: &[u8], log_n: u8, r: u32) -> Vec<u8> {
    let mut key = vec![0; 64];
    let parameters = scrypt::Params::new(log_n, r, 1, 32).unwrap();
    scrypt::scrypt(password.as_bytes(), salt, &parameters, &mut key).unwrap();
    key
}

fn hexed<D: Digest>(parts: &[&[u8]]) -> String {
    let mut hasher = D::new();
    for part in parts {
        hasher.update(part);
    }
    hex::encode(hasher.finalize())
}

fn ab64(bytes: &[u8]) -> String {
    STANDARD_NO_PAD.encode(bytes).replace('+', ".")
}

/// phpass's portable hash, as its PasswordHash.php has it.
fn phpass_of(mark: &str, password: &str, salt: &str, log2: usize) -> String {
    const ITOA64: &[u8; 64] = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut state = Md5::digest([salt.as_bytes(), password.as_bytes()].concat());
    for _ in 0..1 << log2 {
        state = Md5::digest([state.as_slice(), password.as_bytes()].concat());
    }
    let mut stored = format!("{mark}{}{salt}", ITOA64[log2] as char);
    for group in state.chunks(3) {
        let value = group.iter().rev().fold(0, |value, byte| value << 8 | usize::from(*byte));
        stored.extend((0..=group.len()).map(|place| ITOA64[value >> (6 * place) & 63] as char));
    }
    stored
}

fn mixed_case(text: &str) -> String {
    text.char_indices().map(|(at, c)| if at % 3 == 0 { c.to_ascii_uppercase() } else { c }).collect()
}

fn fewer() -> ProptestConfig {
    ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(fewer())]

    #[test]
    fn bcrypt(password in password(), salt: [u8; 16], cost in 4u32..6) {
        let hash = bcrypt::hash_with_salt(&password, cost, salt).unwrap();
        for (id, version) in [
            ("node_bcrypt_2a", bcrypt::Version::TwoA),
            ("node_bcrypt_2b", bcrypt::Version::TwoB),
            ("php_bcrypt_2y", bcrypt::Version::TwoY),
            ("devise_bcrypt_2a", bcrypt::Version::TwoA),
        ] {
            proved(id, (hash.format_for_version(version), Value::Null), &password)?;
        }
        let django = format!("bcrypt${}", hash.format_for_version(bcrypt::Version::TwoB));
        proved("django_bcrypt", (django, Value::Null), &password)?;
    }

    /// In each container and each transport the same, whatever the hash.
    #[test]
    fn wrapped(password in password(), salt: [u8; 16]) {
        let hash = bcrypt::hash_with_salt(&password, 4, salt).unwrap();
        let plain = hash.format_for_version(bcrypt::Version::TwoB);
        let hexed = hex::encode(&plain);
        for stored in [
            format!("{{bcrypt}}{plain}"), format!("{{CRYPT}}{plain}"), format!("1|{plain}"),
            format!("a:1:{{s:4:\"hash\";s:60:\"{plain}\";}}"), format!("\\x{hexed}"), format!("0x{}", hexed.to_uppercase()),
            format!("b'{plain}'"), format!("\"{plain}\"\r\n"), format!("\u{feff}{plain:<72}"), STANDARD.encode(&plain),
            plain.replace('$', "&#36;"), plain.replace('$', "%24"), plain.replace('$', "\\$"),
        ] {
            proved("node_bcrypt_2b", (stored, Value::Null), &password)?;
        }
        let phc = |text: &str| {
            const BCRYPT: &str = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
            const USUAL: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
            text.chars().map(|c| USUAL.as_bytes()[BCRYPT.find(c).unwrap()] as char).collect::<String>()
        };
        proved("adonis_bcrypt", (format!("$bcrypt$v=98$r=4${}${}", phc(&plain[7..29]), phc(&plain[29..])), Value::Null), &password)?;
        proved("mediawiki_bcrypt", (format!(":bcrypt:4!{}!{}", &plain[7..29], &plain[29..]), Value::Null), &password)?;
        proved("fusionauth_bcrypt", (plain[29..].to_owned(), json!({"salt": &plain[7..29], "factor": 4})), &password)?;
        let format = hash::format("node_bcrypt_2b").unwrap();
        let locked = Extra::from_json(&json!({"allow_locked": true})).unwrap();
        prop_assert_eq!(hash::resolve_beside(&["!", &plain].concat(), None, &locked).unwrap().id, format.id);
        let locked = hash::to_kinde(format, &["!", &plain].concat(), &Extra::default(), &Guesses::all());
        prop_assert_eq!(locked.unwrap_err().code, hash::code::NO_PASSWORD);
    }

    #[test]
    fn pbkdf2_with_all_inside(
        password in password(),
        text in "[A-Za-z0-9:;,é漢]{1,40}",
        raw in prop::collection::vec(any::<u8>(), 1..100),
        iterations in 1u32..300,
    ) {
        let key = |digest, salt: &[u8], len| pbkdf2_of(digest, &password, salt, iterations, len);
        let long = STANDARD.encode(key("sha512", text.as_bytes(), 64));
        proved("django_pbkdf2_sha512", (format!("pbkdf2_sha512${iterations}${text}${long}"), Value::Null), &password)?;
        for (digest, name, len) in [("sha256", "SHA256", 32), ("sha512", "SHA512", 64)] {
            let (salt, own) = (STANDARD_NO_PAD.encode(&raw), key(digest, &raw, len));
            let text = STANDARD_NO_PAD.encode(&own);
            let id = format!("phc_pbkdf2_{digest}");
            proved(&id, (format!("$pbkdf2-{digest}$i={iterations},l={len}${salt}${text}"), Value::Null), &password)?;
            proved(&id, (format!("$pbkdf2$f={name},w={iterations},l={len}${salt}${text}"), Value::Null), &password)?;
            let stored = format!(":pbkdf2:{digest}:{iterations}:{len}:{}:{}", STANDARD.encode(&raw), STANDARD.encode(&own));
            proved("mediawiki_pbkdf2", (stored, Value::Null), &password)?;
            let stored = format!("{{PBKDF2-{name}}}{iterations}${}${}", ab64(&raw), ab64(&own));
            proved(&format!("ldap_pbkdf2_{digest}"), (stored, Value::Null), &password)?;
        }
        let stored = format!("grub.pbkdf2.sha512.{iterations}.{}.{}", hex::encode_upper(&raw), hex::encode_upper(key("sha512", &raw, 64)));
        proved("grub_pbkdf2_sha512", (stored, Value::Null), &password)?;
        let django = STANDARD.encode(key("sha256", text.as_bytes(), 32));
        let stored = format!("pbkdf2_sha256${iterations}${text}${django}");
        proved("django_pbkdf2_sha256", (stored, Value::Null), &password)?;
        for (digest, len) in [("sha256", 32), ("sha512", 64)] {
            let own = hex::encode(key(digest, text.as_bytes(), len));
            let stored = format!("pbkdf2:{digest}:{iterations}${text}${}", mixed_case(&own));
            proved(&format!("werkzeug_pbkdf2_{digest}"), (stored, Value::Null), &password)?;
            let stored = format!("$pbkdf2-{digest}${iterations}${}${}", ab64(&raw), ab64(&key(digest, &raw, len)));
            proved(&format!("passlib_pbkdf2_{digest}"), (stored, Value::Null), &password)?;
        }
        for (prf, digest, len, id) in
            [(1u32, "sha256", 32, "aspnet_identity_v3_sha256"), (2, "sha512", 64, "aspnet_identity_v3_sha512_64")]
        {
            let salt: Vec<u8> = raw.iter().copied().cycle().take(16 + usize::from(raw[0] % 20)).collect();
            let mut blob = vec![1];
            for word in [prf, iterations, salt.len() as u32] {
                blob.extend(word.to_be_bytes());
            }
            blob.extend(&salt);
            blob.extend(key(digest, &salt, len));
            proved(id, (STANDARD.encode(blob), Value::Null), &password)?;
        }
    }

    #[test]
    fn pbkdf2_with_columns(password in password(), salt: [u8; 16], iterations in 1u32..100) {
        let key = |digest, salt: &[u8], iterations, len| pbkdf2_of(digest, &password, salt, iterations, len);
        let text = hex::encode(salt);
        let extra = json!({"salt": text, "iterations": iterations, "keylen": 512, "digest": "sha256", "encoding": "hex"});
        let stored = hex::encode(key("sha256", text.as_bytes(), iterations, 512));
        proved("passport_local_mongoose_pbkdf2_sha256", (stored, extra), &password)?;
        let extra = json!({"salt_hex": text, "iterations": iterations.to_string(), "keylen": 32, "digest": "sha256"});
        let stored = hex::encode(key("sha256", &salt, iterations, 32));
        proved("passport_tutorial_pbkdf2_sha256", (stored, extra), &password)?;
        let extra = json!({"salt": text, "iterations": iterations, "keylen": 64, "digest": "sha512"});
        let stored = hex::encode(key("sha512", text.as_bytes(), iterations, 64));
        proved("express_pbkdf2_sha512_1000", (stored, extra), &password)?;
        let extra = json!({"salt": text[..16], "iterations": 1000, "keylen": 64, "digest": "sha1"});
        let stored = hex::encode(key("sha1", &text.as_bytes()[..16], 1000, 64));
        proved("express_pbkdf2_sha1_1000_salt16", (stored, extra), &password)?;
        for (id, digest, len, algorithm) in [
            ("keycloak_pbkdf2_sha256", "sha256", 32, "pbkdf2-sha256"),
            ("keycloak_pbkdf2_sha256", "sha256", 64, "pbkdf2-sha256"),
            ("keycloak_pbkdf2_sha512", "sha512", 64, "pbkdf2-sha512"),
        ] {
            let value = STANDARD.encode(key(digest, &salt, iterations, len));
            let extra = json!({
                "secret_data": {"value": value, "salt": STANDARD.encode(salt), "additionalParameters": {}},
                "credential_data": {"hashIterations": iterations, "algorithm": algorithm},
            });
            proved(id, (value, extra), &password)?;
        }
        for (scheme, digest, len) in [("sha256", "sha256", 32), ("sha256-512", "sha256", 64), ("sha512-512", "sha512", 64)] {
            let scheme = format!("salted-pbkdf2-hmac-{scheme}");
            let extra = json!({"salt": STANDARD.encode(salt), "factor": iterations, "encryptionScheme": scheme});
            let id = format!("fusionauth_{}", scheme.replace('-', "_"));
            proved(&id, (STANDARD.encode(key(digest, &salt, iterations, len)), extra), &password)?;
        }
        let mut blob = vec![0];
        blob.extend(salt);
        blob.extend(key("sha1", &salt, 1000, 32));
        proved("aspnet_identity_v2", (STANDARD.encode(blob), Value::Null), &password)?;
    }

    #[test]
    fn one_digest(password in "\\PC{0,60}", salt in "[!-~éß漢][ -~éß漢]{0,30}[!-~éß漢]", raw in prop::collection::vec(any::<u8>(), 1..17)) {
        let (p, s) = (password.as_bytes(), salt.as_bytes());
        for id in ["raw_md5_hex", "django_unsalted_md5"] {
            proved(id, (mixed_case(&hexed::<Md5>(&[p])), Value::Null), &password)?;
        }
        proved("django_unsalted_md5_prefixed", (format!("md5$${}", hexed::<Md5>(&[p])), Value::Null), &password)?;
        proved("raw_sha256_hex", (mixed_case(&hexed::<Sha256>(&[p])), Value::Null), &password)?;
        proved("raw_sha256_base64", (STANDARD.encode(Sha256::digest(p)), Value::Null), &password)?;
        proved("joomla_md5", (format!("{}:{salt}", hexed::<Md5>(&[p, s])), Value::Null), &password)?;
        for id in ["oscommerce_md5", "magento1_md5"] {
            proved(id, (format!("{}:{salt}", hexed::<Md5>(&[s, p])), Value::Null), &password)?;
        }
        proved("oscommerce_md5", (hexed::<Md5>(&[s, p]), json!({"salt": salt})), &password)?;
        for (order, digest) in [
            ("password+salt", hexed::<Sha256>(&[p, s])),
            ("salt+password", hexed::<Sha256>(&[s, p])),
        ] {
            proved("express_sha256_suffix", (digest, json!({"salt": salt, "order": order})), &password)?;
        }
        let plain = salt.replace('$', "");
        if !plain.is_empty() {
            let stored = format!("md5${plain}${}", hexed::<Md5>(&[plain.as_bytes(), p]));
            proved("django_md5", (stored, Value::Null), &password)?;
        }
        // A salt that ends like a version is a chain.
        if !["0", "1", "2"].iter().any(|end| salt.ends_with(&format!(":{end}"))) {
            proved("magento2_md5", (format!("{}:{salt}:0", hexed::<Md5>(&[s, p])), Value::Null), &password)?;
            proved("magento2_sha256", (format!("{}:{salt}:1", hexed::<Sha256>(&[s, p])), Value::Null), &password)?;
        }
        let ldap = |mut digest: Vec<u8>| { digest.extend(&raw); STANDARD.encode(digest) };
        let stored = ldap(hex::decode(hexed::<Sha256>(&[p, &raw])).unwrap());
        proved("ldap_salted_sha256", (format!("{{SSHA256}}{stored}"), Value::Null), &password)?;
        let stored = ldap(hex::decode(hexed::<Md5>(&[p, &raw])).unwrap());
        proved("ldap_salted_md5", (format!("{{smd5}}{stored}"), Value::Null), &password)?;
    }

    #[test]
    fn phpass(password in password(), salt in "[./0-9A-Za-z]{8}", log2 in 7usize..10) {
        for (id, mark) in [("wordpress_phpass", "$P$"), ("phpbb3_phpass", "$H$")] {
            proved(id, (phpass_of(mark, &password, &salt, log2), Value::Null), &password)?;
        }
    }

    #[test]
    fn crypt(password in password(), salt in "[./0-9A-Za-z]{16}", len in 1usize..9, rounds in 1000u32..2000, count in 0u32..200) {
        use pwhash::{bsdi_crypt, md5_crypt, sha256_crypt, sha512_crypt, unix_crypt};
        let hashed = |hash: pwhash::Result<String>| (hash.unwrap(), Value::Null);
        proved("crypt_md5", hashed(md5_crypt::hash_with(format!("$1${}", &salt[..len]).as_str(), &password)), &password)?;
        let long = &salt[..2 * len - 1];
        for settings in [format!("$5${long}"), format!("$5$rounds={rounds}${long}")] {
            proved("crypt_sha256", hashed(sha256_crypt::hash_with(settings.as_str(), &password)), &password)?;
            let settings = settings.replacen('5', "6", 1);
            proved("crypt_sha512", hashed(sha512_crypt::hash_with(settings.as_str(), &password)), &password)?;
        }
        proved("crypt_des", hashed(unix_crypt::hash_with(&salt[..2], &password)), &password)?;
        // An odd count: even ones show weak keys.
        let setup = bsdi_crypt::hash_with(pwhash::HashSetup { salt: Some(&salt[..4]), rounds: Some(2 * count + 1) }, &password);
        proved("crypt_ext_des", hashed(setup), &password)?;
    }

    #[test]
    fn scrypt(password in password(), salt in "[A-Za-z0-9]{2,40}", log_n in 1u8..9, r in 1u32..17, key: [u8; 32]) {
        let (n, signer) = (1u32 << log_n, [7u8; 64]);
        let derived = scrypt_of(&password, salt.as_bytes(), log_n, r);
        let stored = format!("scrypt${n}${salt}${r}$1${}", STANDARD.encode(&derived));
        proved("django_scrypt", (stored, Value::Null), &password)?;
        let stored = format!("scrypt:{n}:{r}:1${salt}${}", hex::encode(&derived));
        proved("werkzeug_scrypt", (stored, Value::Null), &password)?;
        let text = hex::encode(key);
        let stored = format!("{text}:{}", hex::encode(scrypt_of(&password, text.as_bytes(), log_n, r)));
        proved("express_scrypt", (stored, json!({"N": n, "r": r, "p": 1, "keylen": 64})), &password)?;

        use aes::cipher::{KeyIvInit as _, StreamCipher as _};
        let mut hash = signer;
        let derived: [u8; 32] = scrypt_of(&password, &[key.as_slice(), &[9]].concat(), log_n, r)[..32].try_into().unwrap();
        ctr::Ctr128BE::<aes::Aes256>::new(&derived.into(), &[0; 16].into()).apply_keystream(&mut hash);
        let extra = json!({
            "salt": STANDARD.encode(key), "signer_key": STANDARD.encode(signer), "salt_separator": "CQ==",
            "rounds": r, "mem_cost": log_n,
        });
        proved("firebase_scrypt", (STANDARD.encode(hash), extra.clone()), &password)?;
        // Firebase's Admin SDK writes the URL-safe alphabet, and some exports leave the padding out.
        let other = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(hash);
        proved("firebase_scrypt", (other, extra), &password)?;
    }

    #[test]
    fn our_own(password in password(), salt: [u8; 16]) {
        prop_assume!(password.len() <= 72);
        let fields = hash_password(password.as_bytes(), salt, 4).unwrap();
        prop_assert!(verify_kinde(&fields, password.as_bytes()).unwrap());
        prop_assert!(bcrypt::verify(&password, &fields.hashed_password).unwrap());
        let other = ["~", &password].concat();
        prop_assert!(!verify_kinde(&fields, other.as_bytes()).unwrap());
        prop_assert_eq!(fields, hash_password(password.as_bytes(), salt, 4).unwrap());
    }
}
