//! Werkzeug (Flask) and passlib.

use super::words::*;

rows! {
    WerkzeugScrypt "werkzeug_scrypt" Scrypt Guess {
        applications: "Flask with Werkzeug 2.3 and later (default)",
        recognised_by: "scrypt:N:r:p$salt$hex",
        mapping: Call(P1_SCRYPT),
        source: WERKZEUG,
        advice: LIVE_TEST,
    }
    WerkzeugPbkdf2Sha256 "werkzeug_pbkdf2_sha256" Pbkdf2 Likely {
        applications: "Flask with Werkzeug (default up to 2.2)",
        recognised_by: "pbkdf2:sha256:iterations$salt$64 hex",
        mapping: Call("pbkdf2, salted-pbkdf2-hmac-sha256; salt: base64 of the salt's text; key: hex to base64"),
        source: WERKZEUG,
        advice: PROVE,
    }
    WerkzeugPbkdf2Sha1 "werkzeug_pbkdf2_sha1" Pbkdf2 Certain {
        applications: "Flask with Werkzeug",
        recognised_by: "pbkdf2:sha1:iterations$salt$40 hex",
        mapping: Never(PBKDF2_SHA1),
        source: WERKZEUG,
        advice: CAPTURE,
    }
    WerkzeugPbkdf2Sha512 "werkzeug_pbkdf2_sha512" Pbkdf2 Likely {
        applications: "Flask with Werkzeug",
        recognised_by: "pbkdf2:sha512:iterations$salt$128 hex",
        mapping: Call("pbkdf2, salted-pbkdf2-hmac-sha512-512; salt: base64 of the salt's text; key: hex to base64"),
        source: WERKZEUG,
        advice: PROVE,
    }
    WerkzeugHmacSha256 "werkzeug_hmac_sha256" Digest Certain {
        applications: "Flask with Werkzeug up to 2.2 (method `sha256`)",
        recognised_by: "sha256$salt$64 hex",
        mapping: Never(HMAC),
        source: WERKZEUG,
        advice: CAPTURE,
    }
    WerkzeugHmacMd5 "werkzeug_hmac_md5" Digest Certain {
        applications: "Flask with Werkzeug up to 2.2 (method `md5`)",
        recognised_by: "md5$salt$32 hex, shared with Django's MD5",
        mapping: Never(HMAC),
        source: WERKZEUG,
        advice: CAPTURE,
    }
    PasslibPbkdf2Sha256 "passlib_pbkdf2_sha256" Pbkdf2 Likely {
        applications: "FastAPI, Flask and Pyramid with passlib",
        recognised_by: "$pbkdf2-sha256$",
        mapping: Call("pbkdf2, salted-pbkdf2-hmac-sha256; salt and key: passlib's base64 to the usual one"),
        source: PASSLIB,
        advice: PROVE,
    }
    PasslibPbkdf2Sha512 "passlib_pbkdf2_sha512" Pbkdf2 Likely {
        applications: "FastAPI, Flask and Pyramid with passlib",
        recognised_by: "$pbkdf2-sha512$",
        mapping: Call("pbkdf2, salted-pbkdf2-hmac-sha512-512; salt and key: passlib's base64 to the usual one"),
        source: PASSLIB,
        advice: PROVE,
        traps: &[FLASK_HMAC],
        like: &[Kind::FlaskSecurityPbkdf2],
    }
    PasslibPbkdf2Sha1 "passlib_pbkdf2_sha1" Pbkdf2 Certain {
        applications: "applications with passlib",
        recognised_by: "$pbkdf2$",
        mapping: Never(PBKDF2_SHA1),
        source: PASSLIB,
        advice: CAPTURE,
    }
    PasslibBcryptSha256 "passlib_bcrypt_sha256" Bcrypt Certain {
        applications: "applications with passlib",
        recognised_by: "$bcrypt-sha256$",
        mapping: Never("bcrypt over a SHA-256 of the password"),
        source: PASSLIB,
        advice: CAPTURE,
    }
}
