//! Node, and Ruby on Rails with Devise.

use super::words::*;

rows! {
    NodeBcrypt2b "node_bcrypt_2b" Bcrypt Certain {
        applications: "Node (bcrypt, bcryptjs 3), Python bcrypt and others",
        recognised_by: "$2b$",
        mapping: Call("bcrypt, as it stands"),
        source: KINDE,
        traps: &[BCRYPT_72, PEPPER, PREIMAGE],
        like: FED_BCRYPT,
    }
    NodeBcrypt2a "node_bcrypt_2a" Bcrypt Certain {
        applications: "Node (bcryptjs 2), Supabase, Go, Java and others",
        recognised_by: "$2a$",
        mapping: Call("bcrypt, as it stands"),
        source: KINDE,
        traps: &[BCRYPT_72, PEPPER, PREIMAGE],
        like: FED_BCRYPT_2A,
    }
    PassportLocalMongoose "passport_local_mongoose_pbkdf2_sha256" Pbkdf2 Likely {
        applications: "Express with passport-local-mongoose 4 and later",
        recognised_by: "1024 hex, no mark of its own; salt beside it",
        mapping: Call("pbkdf2, salted-pbkdf2-hmac-sha256, 25000 iterations; the first 32 bytes of the key; salt: base64 of the hex text"),
        source: "passport-local-mongoose 4; RFC 8018: the blocks of the key do not depend on each other",
        advice: NAME_IT,
        traps: &["before version 4 the digest was SHA-1, which is not importable and looks the same"],
    }
    PassportTutorial "passport_tutorial_pbkdf2_sha256" Pbkdf2 Likely {
        applications: "Express as in the passport.js tutorial",
        recognised_by: "64 hex, no mark of its own; salt beside it",
        mapping: Call("pbkdf2, salted-pbkdf2-hmac-sha256, 310000 iterations; salt: base64 of its bytes"),
        source: "passport/todos-express-password",
        advice: NAME_IT,
        traps: &[IN_CODE],
    }
    ExpressPbkdf2Sha512 "express_pbkdf2_sha512_1000" Pbkdf2 Likely {
        applications: "Express with crypto.pbkdf2Sync(password, salt, 1000, 64, 'sha512')",
        recognised_by: "128 hex, no mark of its own; salt beside it",
        mapping: Call("pbkdf2, salted-pbkdf2-hmac-sha512-512; salt: base64 of the hex text"),
        source: NODE_PBKDF2,
        advice: NAME_IT,
        traps: &[IN_CODE],
    }
    ExpressPbkdf2Sha1 "express_pbkdf2_sha1_1000" Pbkdf2 Certain {
        applications: "Express with crypto.pbkdf2Sync(password, salt, 1000, 64, 'sha1')",
        recognised_by: "128 hex, no mark of its own; salt beside it",
        mapping: Never(PBKDF2_SHA1),
        source: NODE_PBKDF2,
        advice: CAPTURE,
    }
    ExpressPbkdf2Sha1Salt16 "express_pbkdf2_sha1_1000_salt16" Pbkdf2 Guess {
        applications: "Express with crypto.pbkdf2Sync(password, salt, 1000, 64, 'sha1') and a salt of 16 characters",
        recognised_by: "128 hex, no mark of its own; salt beside it",
        mapping: Call("aspnet-identity-v2, which is the same function: 00, salt, first 32 bytes of the key; 1000 iterations and 16 bytes of salt only"),
        source: NODE_PBKDF2,
        advice: LIVE_TEST,
        traps: &[IN_CODE],
    }
    ExpressScrypt "express_scrypt" Scrypt Guess {
        applications: "Node with crypto.scryptSync, stored as salt:hash",
        recognised_by: "hex:hex, no mark of its own",
        mapping: Call(P1_SCRYPT),
        source: "node:crypto scrypt (N = 16384, r = 8, p = 1 unless set)",
        advice: LIVE_TEST,
        traps: &[IN_CODE, SCRYPT_R],
        like: &[Kind::BetterAuthScrypt],
    }
    ExpressSha256Suffix "express_sha256_suffix" Digest Certain {
        applications: "Node and others with SHA-256 and a salt column",
        recognised_by: "64 hex, no mark of its own; salt beside it",
        mapping: Call("sha256, salt as text, suffix (or prefix, where `order` says so)"),
        source: KINDE,
        advice: NAME_IT,
        traps: &[SALT_ORDER, PADDED_SALT],
        like: &[Kind::PaddedSalt],
    }
    NodeArgon2id "node_argon2id" Argon2 Certain {
        applications: "Node (argon2)",
        recognised_by: "$argon2id$",
        mapping: Never(ARGON2),
        source: "RFC 9106, PHC string format",
        advice: CAPTURE,
        like: &[Kind::PhpArgon2id],
    }
    DeviseBcrypt2a "devise_bcrypt_2a" Bcrypt Certain {
        applications: "Ruby on Rails with Devise or has_secure_password",
        recognised_by: "$2a$",
        mapping: Call("bcrypt, as it stands"),
        source: KINDE,
        traps: &[BCRYPT_72, PEPPER, PREIMAGE],
        like: FED_BCRYPT_DEVISE,
    }
    DeviseBcryptPeppered "devise_bcrypt_peppered" Bcrypt Certain {
        applications: "Ruby on Rails with Devise and config.pepper",
        recognised_by: "nothing: the same as any $2a$ or $2b$",
        mapping: Never("the pepper is part of the password, and Kinde has no place for it"),
        source: "Devise DatabaseAuthenticatable, Devise::Encryptor",
        advice: CAPTURE,
    }
}
