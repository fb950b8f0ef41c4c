//! What would cost too much or show too much: refused, and masked. Were it computed, these tests would not end.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use kinde_migrate::hash::{self, Extra, Guesses, KindeFields, code};
use serde_json::{Value, json};

const BCRYPT: &str = "$2b$10$UCWiQRKQNXYJLgt.0Wo6JeHWSx.g3Ni.qWTzBP/u/2hTSxTEaU8ue";
const MD5: &str = "88e4ddd2402d92d50e1879d6ecd9ffd4";

fn mapped(id: &str, stored: &str, extra: &Value) -> Result<KindeFields, hash::HashError> {
    hash::to_kinde(hash::format(id).unwrap(), stored, &Extra::from_json(extra)?, &Guesses::all())
}

#[test]
fn over_long_values_are_refused_at_once() {
    let long = "a".repeat(4097);
    let huge = "$2b$".repeat(1 << 20);
    for stored in [long.as_str(), &huge] {
        assert_eq!(hash::recognise(stored).candidates().count(), 0);
        assert_eq!(hash::resolve(stored, None).unwrap_err().code, code::NOT_RECOGNISED);
        for format in hash::formats() {
            let error = hash::to_kinde(format, stored, &Extra::default(), &Guesses::all()).unwrap_err();
            assert!(
                [code::MALFORMED, code::NOT_IMPORTABLE, code::NO_PASSWORD].contains(&error.code),
                "{error}"
            );
            let error = hash::verify(format, stored, &Extra::default(), b"x").unwrap_err();
            assert_eq!(error.code, code::MALFORMED);
        }
    }
}

#[test]
fn costly_hashes_map_but_are_not_checked_here() {
    let sha512 = "$6$rounds=999999999$5YRq4Dd4pPd5nuK7$H5lxXoutf.SHu9l3323SJcw4Y/68tdHxRNfCFErW3JH0u5TQWIKayGJx/xlw5KJES6EyVlypgnO6RUvByfIf20";
    let firebase = json!({
        "salt": "42xEC+ixf3L2lw==",
        "signer_key": "jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==",
        "salt_separator": "Bw==", "rounds": 16, "mem_cost": 20,
    });
    for (id, stored, extra) in [
        ("node_bcrypt_2b", BCRYPT.replace("$10$", "$20$"), Value::Null),
        ("node_bcrypt_2b", BCRYPT.replace("$10$", "$17$"), Value::Null),
        (
            "django_pbkdf2_sha256",
            "pbkdf2_sha256$2147483647$s$Io9WYoNyZXlWfTwrHrvlbOiijMjPq7BsntblamVfCBQ=".into(),
            Value::Null,
        ),
        ("wordpress_phpass", "$P$StSavqpobZMjcgNYleXduPRk3RUe2Z0".into(), Value::Null),
        ("crypt_sha512", sha512.into(), Value::Null),
        ("crypt_ext_des", "_zzzzNydtmka3Agofwk.".into(), Value::Null),
        ("werkzeug_scrypt", format!("scrypt:1048576:16:1$salt${}", "01".repeat(64)), Value::Null),
        (
            "firebase_scrypt",
            "lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==".into(),
            firebase,
        ),
    ] {
        let Ok(fields) = mapped(id, &stored, &extra) else { panic!("{id} {stored}") };
        let extra = Extra::from_json(&extra).unwrap();
        let error = hash::verify(hash::format(id).unwrap(), &stored, &extra, b"x").unwrap_err();
        assert_eq!(error.code, code::TOO_COSTLY, "{id}: {error}");
        assert_eq!(hash::verify_kinde(&fields, b"x").unwrap_err().code, code::TOO_COSTLY, "{id}");
    }
    for (id, stored) in [
        (
            "php_argon2id",
            "$argon2id$v=19$m=4294967295,t=4,p=1$TjM1eVVwOFZ3bC5NZHE4ZA$6QUtrIVDVzTTNdA5JMhNwFOV7VcOqKmpBKnlaxbu62c",
        ),
        (
            "php_argon2id",
            "$argon2id$v=19$m=65536,t=4294967295,p=1$TjM1eVVwOFZ3bC5NZHE4ZA$6QUtrIVDVzTTNdA5JMhNwFOV7VcOqKmpBKnlaxbu62c",
        ),
        ("drupal7_sha512", "$S$SEl/HigqZeP5ql0dwJHaq10e9AhOm6HPp4deZF1eghLFtgrETTRa"),
        (
            "django_scrypt",
            "scrypt$16384$salt$8$4000000000$WpLgnQxa46qP9hXCQrDXlITI3eZ3VwjGGYHUA4jg+peCMj6FCJ8dgvz+Hm1GzgwshNl0kmh7OH57Awpthmk6tA==",
        ),
        (
            "magento2_argon2id",
            "512123770e2f461e78d4d42e89c71161d6179cc4006bcadba559a748a36ca2c1:salt:3_32_4000000000_67108864",
        ),
    ] {
        let error = hash::verify(hash::format(id).unwrap(), stored, &Extra::default(), b"x").unwrap_err();
        assert_eq!(error.code, code::TOO_COSTLY, "{id}: {error}");
    }
}

#[test]
fn passwords_that_cannot_be_checked() {
    let format = hash::format("node_bcrypt_2b").unwrap();
    for password in [b"a\0b".as_slice(), &[b'x'; 4097]] {
        let error = hash::verify(format, BCRYPT, &Extra::default(), password).unwrap_err();
        assert_eq!(error.code, code::PASSWORD_INVALID);
    }
    // Digests take any bytes.
    let format = hash::format("raw_md5_hex").unwrap();
    assert!(!hash::verify(format, MD5, &Extra::default(), b"a\0\xff").unwrap());
    // A password with characters which the charset lacks is never the one.
    let format = hash::format("raw_md5_hex_latin1").unwrap();
    assert!(!hash::verify(format, MD5, &Extra::default(), "漢".as_bytes()).unwrap());
    assert!(!hash::verify(format, MD5, &Extra::default(), b"\xff").unwrap());
    let other = Extra::from_json(&json!({"charset": "koi8-r"})).unwrap();
    let format = hash::format("raw_md5_hex").unwrap();
    assert_eq!(hash::verify(format, MD5, &other, "é".as_bytes()).unwrap_err().code, code::EXTRA_INVALID);
    assert!(hash::verify(format, MD5, &other, b"correct horse battery").unwrap());
}

#[test]
fn nothing_secret_is_shown() {
    let mut extra = Extra::default();
    for name in ["salt", "signer_key", "salt_separator", "pepper"] {
        extra.set(name, "s3cr3t").unwrap();
    }
    extra.set("iterations", "12345").unwrap();
    let shown = format!("{extra:?}");
    assert!(!shown.contains("s3cr3t") && shown.contains("12345") && shown.contains("salt"), "{shown}");
    let error = Extra::from_json(&json!({"salt\u{7}": "s3cr3t"})).unwrap_err();
    assert!(!error.to_string().contains("s3cr3t") && !error.to_string().contains('\u{7}'), "{error}");
    for id in ["django_pbkdf2_sha256", "raw_md5_hex", "crypt_md5", "firebase_scrypt"] {
        let error = mapped(id, "s3cr3t$s3cr3t$s3cr3t", &json!({"signer_key": "s3cr3t"})).unwrap_err();
        assert!(!error.to_string().contains("s3cr3t") && !format!("{error:?}").contains("s3cr3t"), "{error}");
    }
    let fields = mapped("oscommerce_md5", &format!("{MD5}:s3cr3t"), &Value::Null).unwrap();
    let shown = format!("{fields:?}");
    assert!(!shown.contains("s3cr3t") && !shown.contains(MD5) && shown.contains("prefix"), "{shown}");
}

#[test]
fn a_salt_is_mapped_only_if_what_comes_of_it_can_be_checked() {
    let key = "01".repeat(64);
    for encoding in ["text", "hex", "base64"] {
        let map = |bytes: usize| {
            let salt = match encoding {
                "text" => "s".repeat(bytes),
                "hex" => "73".repeat(bytes),
                _ => base64::Engine::encode(&base64::engine::general_purpose::STANDARD, "s".repeat(bytes)),
            };
            let extra = json!({"salt": salt, "salt_encoding": encoding, "digest": "sha512", "iterations": 2});
            mapped("express_pbkdf2_sha512_1000", &key, &extra)
        };
        for bytes in [1, 511, 512] {
            let fields = map(bytes).unwrap();
            assert!(!hash::verify_kinde(&fields, b"correct horse").unwrap());
        }
        assert_eq!(map(513).unwrap_err().code, code::MALFORMED, "{encoding}");
        for bytes in [520, 3000] {
            assert!(map(bytes).unwrap_err().code.starts_with("hash_"), "{encoding} {bytes}");
        }
    }
}

#[test]
fn what_kinde_could_not_check_is_malformed() {
    let bad = |value: Value| {
        let fields: KindeFields = serde_json::from_value(value).unwrap();
        assert_eq!(hash::verify_kinde(&fields, b"x").unwrap_err().code, code::MALFORMED, "{fields:?}");
    };
    bad(json!({"hashing_method": "md5", "hashed_password": MD5.to_uppercase()}));
    bad(json!({"hashing_method": "md5", "hashed_password": MD5, "salt": "x"}));
    bad(json!({"hashing_method": "sha256", "hashed_password": MD5}));
    bad(json!({"hashing_method": "pbkdf2", "hashed_password": "YWJj", "salt": "YWJj"}));
    bad(
        json!({"hashing_method": "pbkdf2", "hashed_password": "YWJj", "salt": "YWJj", "variant": "salted-pbkdf2-hmac-sha256"}),
    );
    bad(json!({"hashing_method": "wordpress", "hashed_password": "$H$9mgAl7Lkpkbor3kLW/9B925zroeTqd0"}));
    bad(json!({"hashing_method": "aspnet-identity-v2", "salt": "x",
        "hashed_password": "AB0UBK1jDbvCoIO1RqbW1DSzIwXS525nY9alCPXP/wniWzoKpYjPWO/W6sb55kNlAA=="}));
    bad(
        json!({"hashing_method": "firebase-scrypt", "hashed_password": "YWJj", "salt": "YWJj", "signer_key": "YWJj",
        "salt_separator": "Bw==", "rounds": 17, "mem_cost": 14}),
    );
}
