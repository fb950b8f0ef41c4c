//! Values that are cut, padded, of the wrong alphabet or of another format: a code and a reason each.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use kinde_migrate::hash::{self, Extra, Guesses, KindeFields, code};
use serde_json::{Value, json};

const BCRYPT: &str = "$2b$10$UCWiQRKQNXYJLgt.0Wo6JeHWSx.g3Ni.qWTzBP/u/2hTSxTEaU8ue";
const MD5: &str = "88e4ddd2402d92d50e1879d6ecd9ffd4";
const SHA256: &str = "9028ea0d15decaa35b2da21c0290af3b1a5ba0a30a591906f89b5074e209ea72";

fn mapped(id: &str, stored: &str, extra: &Value) -> Result<KindeFields, hash::HashError> {
    hash::to_kinde(hash::format(id).unwrap(), stored, &Extra::from_json(extra)?, &Guesses::all())
}

#[track_caller]
fn refused(id: &str, stored: &str, extra: Value, expected: &str) {
    let error = mapped(id, stored, &extra).unwrap_err();
    assert_eq!(error.code, expected, "{id} {stored:?}: {error}");
    assert!(!error.reason.is_empty() && !error.advice.is_empty());
}

#[track_caller]
fn sent(id: &str, stored: &str, extra: Value) -> Value {
    let fields = mapped(id, stored, &extra).unwrap_or_else(|error| panic!("{id} {stored:?}: {error}"));
    serde_json::to_value(&fields).unwrap()
}

#[test]
fn damaged_bcrypt() {
    for (stored, expected) in [
        (&BCRYPT[..59], code::MALFORMED),
        (&format!("{BCRYPT}."), code::MALFORMED),
        (&format!("{BCRYPT}x\n"), code::MALFORMED),
        (&format!("'{BCRYPT}"), code::MALFORMED),
        (&BCRYPT.replace("$10$", "$21$"), code::NOT_IMPORTABLE),
        (&BCRYPT.replace("$10$", "$31$"), code::NOT_IMPORTABLE),
        (&BCRYPT.replace("$10$", "$03$"), code::MALFORMED),
        (&BCRYPT.replace("$10$", "$32$"), code::MALFORMED),
        (&BCRYPT.replace("$10$", "$1$"), code::MALFORMED),
        (&BCRYPT.replace("$10$", "$+9$"), code::MALFORMED),
        (&BCRYPT.replace("/u/", "/\0/"), code::MALFORMED),
        (&BCRYPT.replace("/u/", "/é"), code::MALFORMED),
        (&BCRYPT.replace("8ue", "8uf"), code::MALFORMED),
        (&BCRYPT.replace("$2b$", "$2x$"), code::NOT_IMPORTABLE),
        (&BCRYPT.replace("$2b$", "$2$"), code::NOT_IMPORTABLE),
        (&BCRYPT.replace("$2b$", "$2c$"), code::MALFORMED),
        ("", code::NO_PASSWORD),
    ] {
        refused("node_bcrypt_2b", stored, Value::Null, expected);
    }
    refused("django_bcrypt", BCRYPT, Value::Null, code::MALFORMED);
    refused(
        "django_bcrypt",
        &format!("bcrypt${}", BCRYPT.replace("$2b$", "$2x$")),
        Value::Null,
        code::NOT_IMPORTABLE,
    );
    assert_eq!(
        sent("php_bcrypt_2y", &BCRYPT.replace("$2b$", "$2y$"), Value::Null)["hashed_password"],
        BCRYPT.replace("$2b$", "$2a$")
    );
    for withdrawn in ["$2x$", "$2$"] {
        assert_eq!(
            hash::resolve(&BCRYPT.replace("$2b$", withdrawn), None).unwrap_err().code,
            code::NOT_IMPORTABLE
        );
    }
}

#[test]
fn damaged_digests() {
    for id in ["raw_md5_hex", "django_unsalted_md5"] {
        for stored in [&MD5[..31], &format!("{MD5}0"), &format!("{MD5}-"), &MD5.replace('8', "g"), "0x", "é"]
        {
            refused(id, stored, Value::Null, code::MALFORMED);
        }
        refused(id, MD5, json!({"salt": "abc"}), code::EXTRA_INVALID);
        // An empty column is no salt.
        assert_eq!(sent(id, &MD5.to_uppercase(), json!({"salt": ""}))["hashed_password"], MD5);
    }
    refused("raw_sha256_hex", MD5, Value::Null, code::MALFORMED);
    refused(
        "raw_sha256_base64",
        "kCjqDRXeyqNbLaIcApCvOxpboKMKWRkG+JtQdOIJ6n==",
        Value::Null,
        code::MALFORMED,
    );
    assert_eq!(
        sent("raw_sha256_base64", "kCjqDRXeyqNbLaIcApCvOxpboKMKWRkG-JtQdOIJ6nI", Value::Null)["hashed_password"],
        SHA256
    );
    for id in ["joomla_md5", "oscommerce_md5", "magento1_md5"] {
        refused(id, &format!("{MD5}:"), Value::Null, code::MALFORMED);
        refused(id, &format!("{}:ab", &MD5[1..]), Value::Null, code::MALFORMED);
        refused(id, &format!("{MD5}:ab\r\n"), Value::Null, code::MALFORMED);
        refused(id, &format!("{MD5}:ab\0"), Value::Null, code::MALFORMED);
        refused(id, &format!("{MD5}:a\0b"), Value::Null, code::NOT_IMPORTABLE);
        refused(id, MD5, Value::Null, code::EXTRA_MISSING);
        assert_eq!(sent(id, &format!("{MD5}:a:b$c: d:0"), Value::Null)["salt"], "a:b$c: d:0");
        // A CHAR column pads; who says that it is text has looked at it.
        refused(id, MD5, json!({"salt": "a b "}), code::EXTRA_INVALID);
        assert_eq!(sent(id, MD5, json!({"salt": "a b ", "salt_encoding": "text"}))["salt"], "a b ");
    }
    refused("joomla_md5", &format!("{MD5}:ab"), json!({"order": "salt+password"}), code::EXTRA_INVALID);
    refused("oscommerce_md5", &format!("{MD5}:ab"), json!({"salt_position": "suffix"}), code::EXTRA_INVALID);
    refused("express_sha256_suffix", SHA256, Value::Null, code::EXTRA_MISSING);
    refused("express_sha256_suffix", SHA256, json!({"salt_hex": "00ff"}), code::NOT_IMPORTABLE);
    refused("django_md5", &format!("md5$a$b${MD5}"), Value::Null, code::MALFORMED);
    refused("django_md5", &format!("md5$ab${}", &MD5[..30]), Value::Null, code::MALFORMED);
}

#[test]
fn magento_rows_are_taken_for_what_they_are() {
    refused("magento2_sha256", &format!("{SHA256}:salt:0:1"), Value::Null, code::NOT_IMPORTABLE);
    refused("magento2_sha256", &format!("{SHA256}:salt:2"), Value::Null, code::NOT_IMPORTABLE);
    refused("magento2_sha256", &format!("{SHA256}:salt:3_32_2_67108864"), Value::Null, code::NOT_IMPORTABLE);
    refused("magento2_sha256", &format!("{SHA256}:salt:9"), Value::Null, code::MALFORMED);
    // Upgraded from a digest without a salt.
    let bare = sent("magento2_sha256", &format!("{SHA256}::1"), Value::Null);
    assert_eq!(bare, json!({"hashed_password": SHA256, "hashing_method": "sha256"}));
    refused("magento2_sha256", &format!("{SHA256}:salt"), Value::Null, code::MALFORMED);
    refused("magento2_sha256", &format!("{MD5}:salt:1"), Value::Null, code::MALFORMED);
    refused("magento2_md5", &format!("{SHA256}:salt:0"), Value::Null, code::MALFORMED);
    assert_eq!(sent("magento2_sha256", &format!("{SHA256}:a:b$c:1"), Value::Null)["salt"], "a:b$c");
}

#[test]
fn damaged_pbkdf2() {
    let key = "Io9WYoNyZXlWfTwrHrvlbOiijMjPq7BsntblamVfCBQ=";
    let django = |iterations: &str, salt: &str, key: &str| format!("pbkdf2_sha256${iterations}${salt}${key}");
    for iterations in ["0", "-1", "+1", " 1", "1e6", "", "4000000000", "4294967296", "99999999999999999999"] {
        refused("django_pbkdf2_sha256", &django(iterations, "salt", key), Value::Null, code::MALFORMED);
    }
    for stored in [
        django("1", "", key),
        django("1", "a$b", key),
        django("1", "salt", &key[..40]),
        django("1", "salt", &key[..42]),
        django("1", "salt", &format!("{key}\n.")),
        django("1", "salt", &key.replace('9', "*")),
        django("1", "salt", &key.to_string().repeat(2)),
        "pbkdf2_sha256$1$salt".to_owned(),
        "pbkdf2_sha256$".to_owned(),
    ] {
        refused("django_pbkdf2_sha256", &stored, Value::Null, code::MALFORMED);
    }
    assert_eq!(
        sent("django_pbkdf2_sha256", &django("2147483647", "a:b", &key[..43]), Value::Null)["salt"],
        "YTpi"
    );
    let hex = "4c647edde246094eee4711dcb2460275b14b1401ddafb419b5c74d2014d9f37b";
    refused(
        "werkzeug_pbkdf2_sha256",
        &format!("pbkdf2:sha256:1$s${}", &hex[2..]),
        Value::Null,
        code::MALFORMED,
    );
    refused("werkzeug_pbkdf2_sha512", &format!("pbkdf2:sha512:1$s${hex}"), Value::Null, code::MALFORMED);
    refused("passlib_pbkdf2_sha256", "$pbkdf2-sha256$1$t1b=$6uFw", Value::Null, code::MALFORMED);

    let extra = |name: &str, value: Value| {
        let mut extra = json!({"salt": "af7e2afb", "iterations": 1000, "keylen": 64, "digest": "sha512"});
        extra[name] = value;
        extra
    };
    let key = "01".repeat(64);
    let id = "express_pbkdf2_sha512_1000";
    for (name, value, expected) in [
        ("salt", Value::Null, code::EXTRA_MISSING),
        ("salt", json!(["a"]), code::EXTRA_INVALID),
        ("salt", json!("a".repeat(5000)), code::EXTRA_INVALID),
        ("salt_encoding", json!("rot13"), code::EXTRA_INVALID),
        ("salt_hex", json!("xyz"), code::EXTRA_INVALID),
        ("iterations", json!(0), code::EXTRA_INVALID),
        ("iterations", json!(-1), code::EXTRA_INVALID),
        ("iterations", json!(1.5), code::EXTRA_INVALID),
        ("iterations", json!("1,000"), code::EXTRA_INVALID),
        ("iterations", json!(4_000_000_000u32), code::MALFORMED),
        ("iterations", json!(4_294_967_296u64), code::EXTRA_INVALID),
        ("digest", json!("sha1"), code::NOT_IMPORTABLE),
        ("digest", json!("whirlpool"), code::EXTRA_INVALID),
        ("keylen", json!(32), code::MALFORMED),
        ("encoding", json!("latin1"), code::EXTRA_INVALID),
        ("iteration", json!(1), code::EXTRA_INVALID),
        ("pepper", json!("secret"), code::NOT_IMPORTABLE),
        ("charset", json!("ISO-8859-1"), code::NOT_IMPORTABLE),
        ("charset", json!("windows-1251"), code::NOT_IMPORTABLE),
    ] {
        refused(id, &key, extra(name, value), expected);
    }
    assert_eq!(sent(id, &key, extra("charset", json!("UTF-8")))["iterations"], 1000);
    assert_eq!(sent(id, &key, extra("digest", json!("SHA-512")))["variant"], "salted-pbkdf2-hmac-sha512-512");
    assert_eq!(sent(id, &key, extra("digest", json!("sha256")))["variant"], "salted-pbkdf2-hmac-sha256-512");
    refused(id, &key[..64], extra("keylen", json!(32)), code::NOT_IMPORTABLE);
    refused(id, &key[..64], extra("keylen", Value::Null), code::MALFORMED);
    refused("passport_tutorial_pbkdf2_sha256", SHA256, json!({"salt": "00"}), code::EXTRA_MISSING);
    refused(
        "express_pbkdf2_sha1_1000_salt16",
        &key,
        json!({"salt": "0123456789abcdef", "iterations": 1001}),
        code::NOT_IMPORTABLE,
    );
    refused(
        "express_pbkdf2_sha1_1000_salt16",
        &key,
        json!({"salt": "0123456789abcde"}),
        code::NOT_IMPORTABLE,
    );
}

#[test]
fn identity_servers() {
    let key = "EVh/ZGblKLwLXCm0i6shr3+NC+XVaV7/lu9s9mqxhBs=";
    let id = "fusionauth_salted_pbkdf2_hmac_sha256";
    refused(id, key, json!({"salt": "YWJj"}), code::EXTRA_MISSING);
    refused(id, key, json!({"factor": 1}), code::EXTRA_MISSING);
    refused(id, key, json!({"salt": "not base64!", "factor": 1}), code::EXTRA_INVALID);
    refused(
        id,
        key,
        json!({"salt": "YWJj", "factor": 1, "encryptionScheme": "salted-pbkdf2-hmac-sha512-512"}),
        code::EXTRA_INVALID,
    );
    refused(id, key, json!({"encryptionScheme": "salted-md5"}), code::EXTRA_INVALID);
    refused(
        "fusionauth_salted_pbkdf2_hmac_sha256_512",
        key,
        json!({"salt": "YWJj", "factor": 1}),
        code::MALFORMED,
    );

    let keycloak = |algorithm: &str, value: &str| {
        json!({
            "secret_data": {"value": value, "salt": "YWJj"},
            "credential_data": json!({"hashIterations": 27_500, "algorithm": algorithm}).to_string(),
        })
    };
    let id = "keycloak_pbkdf2_sha256";
    assert_eq!(sent(id, key, keycloak("pbkdf2-sha256", key))["variant"], "salted-pbkdf2-hmac-sha256");
    refused(id, key, keycloak("pbkdf2-sha512", key), code::EXTRA_INVALID);
    refused(id, key, keycloak("argon2", key), code::NOT_IMPORTABLE);
    refused(id, key, keycloak("pbkdf2-sha256", &key.replace('E', "F")), code::EXTRA_INVALID);
    refused("keycloak_pbkdf2_sha512", key, keycloak("pbkdf2-sha512", key), code::NOT_IMPORTABLE);
    refused(id, key, json!({"secret_data": {"salt": "YWJj"}}), code::EXTRA_MISSING);
    refused(id, key, json!({"secret_data": "nonsense"}), code::EXTRA_INVALID);
    refused(id, key, json!({"secret_data": [1]}), code::EXTRA_INVALID);
    refused(id, key, json!({"credential_data": {"hashIterations": {}}}), code::EXTRA_INVALID);
}

#[test]
fn scrypt_out_of_bounds() {
    let key = "01".repeat(64);
    let werkzeug = |settings: &str, salt: &str| format!("scrypt:{settings}${salt}${key}");
    for settings in [
        "0:8:1",
        "1:8:1",
        "3:8:1",
        "32768:0:1",
        "32768:8:0",
        "32768:8",
        "32768:8:1:1",
        "a:8:1",
        "4294967296:8:1",
    ] {
        refused("werkzeug_scrypt", &werkzeug(settings, "salt"), Value::Null, code::MALFORMED);
    }
    for (settings, salt) in
        [("32768:8:2", "salt"), ("32768:17:1", "salt"), ("2097152:8:1", "salt"), ("32768:8:1", "s")]
    {
        refused("werkzeug_scrypt", &werkzeug(settings, salt), Value::Null, code::NOT_IMPORTABLE);
    }
    refused("werkzeug_scrypt", &werkzeug("32768:8:1", ""), Value::Null, code::MALFORMED);
    refused("express_scrypt", &format!("salt:{}", &key[..126]), Value::Null, code::MALFORMED);
    refused("express_scrypt", &format!("salt:{}", &key[..32]), json!({"keylen": 16}), code::NOT_IMPORTABLE);

    let hash = "lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==";
    let project = |name: &str, value: Value| {
        let mut extra = json!({
            "salt": "42xEC+ixf3L2lw==",
            "signer_key": "jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==",
            "salt_separator": "Bw==", "rounds": 8, "mem_cost": 14,
        });
        extra[name] = value;
        extra
    };
    for (name, value, expected) in [
        ("salt", Value::Null, code::EXTRA_MISSING),
        ("signer_key", Value::Null, code::EXTRA_MISSING),
        ("salt_separator", Value::Null, code::EXTRA_MISSING),
        ("rounds", Value::Null, code::EXTRA_MISSING),
        ("mem_cost", Value::Null, code::EXTRA_MISSING),
        ("rounds", json!(17), code::EXTRA_INVALID),
        ("mem_cost", json!(21), code::EXTRA_INVALID),
        ("signer_key", json!("jxspr8Ki0RY="), code::MALFORMED),
        ("signer_key", json!("!"), code::EXTRA_INVALID),
    ] {
        refused("firebase_scrypt", hash, project(name, value), expected);
    }
    refused("firebase_scrypt", &hash[..84], project("rounds", json!(8)), code::MALFORMED);
}

#[test]
fn damaged_crypt_phpass_ldap_and_aspnet() {
    for stored in [
        "$1$ZKLufikX$PhMUUj79yv0cRnZKiCJv3",
        "$1$ZKLufikX$PhMUUj79yv0cRnZKiCJv3z",
        "$1$ZKLufikXX$PhMUUj79yv0cRnZKiCJv31",
        "$1$ZKLufi X$PhMUUj79yv0cRnZKiCJv31",
        "$1$PhMUUj79yv0cRnZKiCJv31",
        "0hXvTUVzzfI36",
    ] {
        refused("crypt_md5", stored, Value::Null, code::MALFORMED);
    }
    for rounds in ["999", "0", "1000000000", "4000000000", "x", ""] {
        let stored = format!("$5$rounds={rounds}$salt$33yr6/bCqEGP4TPX.Y26Qpu/yg1b2FqgBTmVi5Vpmy6");
        refused("crypt_sha256", &stored, Value::Null, code::MALFORMED);
    }
    refused("crypt_des", "0hXvTUVzzfI37", Value::Null, code::MALFORMED);
    refused("crypt_des", "0hXvTUVzzfI3", Value::Null, code::MALFORMED);
    refused("crypt_ext_des", "_....Nydtmka3Agofw", Value::Null, code::MALFORMED);
    refused("crypt_ext_des", "_....Nydtmka3Agofw.", Value::Null, code::MALFORMED);
    for stored in [
        "$P$BtSavqpobZMjcgNYleXduPRk3RUe2Z",
        "$P$BtSavqpobZMjcgNYleXduPRk3RUe2Z00",
        "$P$4tSavqpobZMjcgNYleXduPRk3RUe2Z0",
        "$P$gtSavqpobZMjcgNYleXduPRk3RUe2Z0",
        "$P$BtSavqpobZMjcgNYleXduPRk3RUe2Zz",
        "$p$BtSavqpobZMjcgNYleXduPRk3RUe2Z0",
    ] {
        refused("wordpress_phpass", stored, Value::Null, code::MALFORMED);
    }
    for stored in ["{SSHA256}", "{SSHA256}FjtX", "{SSHA256}Fjt!", "{SSHA512}FjtX", "SSHA256"] {
        refused("ldap_salted_sha256", stored, Value::Null, code::MALFORMED);
    }
    for id in ["aspnet_identity_v2", "aspnet_identity_v3_sha256"] {
        for stored in [
            "AQAA",
            "AAAA",
            "AQAAAAEAACcQAAAAEKvpi4Q9Q+7UtCeyhBtsTaz7UOXtvkhtUy5QyKH8n3M0oq0PGtu5kyrOKhhJuqbu",
        ] {
            let error = mapped(id, stored, &Value::Null).unwrap_err();
            assert!([code::MALFORMED, code::NOT_IMPORTABLE].contains(&error.code), "{id} {stored} {error}");
        }
    }
    // Iterations of 0 and of 4 billion.
    refused(
        "aspnet_identity_v3_sha256",
        "AQAAAAEAAAAAAAAAEAABAgMEBQYHCAkKCwwNDg+yWU7rLgUwPZb1Itsmra7cbxw2EFpwpVFIEtP+JIuUEw==",
        Value::Null,
        code::MALFORMED,
    );
    refused(
        "aspnet_identity_v3_sha256",
        "AQAAAAH/////AAAAEAABAgMEBQYHCAkKCwwNDg+yWU7rLgUwPZb1Itsmra7cbxw2EFpwpVFIEtP+JIuUEw==",
        Value::Null,
        code::MALFORMED,
    );
}
