//! PHC strings and others that carry their parameters by name.

use super::words::*;

rows! {
    PhcPbkdf2Sha256 "phc_pbkdf2_sha256" Pbkdf2 Likely {
        applications: "Mattermost, @phc/pbkdf2, Discourse's algorithm column with salt and key behind it",
        recognised_by: "$pbkdf2-sha256$i= or $pbkdf2$f=SHA256",
        mapping: Call("pbkdf2, salted-pbkdf2-hmac-sha256 (or -512 where the key has 64 bytes); salt and key: base64"),
        source: PHC,
        advice: PROVE,
    }
    PhcPbkdf2Sha512 "phc_pbkdf2_sha512" Pbkdf2 Likely {
        applications: "Mattermost, @phc/pbkdf2",
        recognised_by: "$pbkdf2-sha512$i= or $pbkdf2$f=SHA512",
        mapping: Call("pbkdf2, salted-pbkdf2-hmac-sha512-512; salt and key: base64"),
        source: PHC,
        advice: PROVE,
    }
    PhcPbkdf2Sha1 "phc_pbkdf2_sha1" Pbkdf2 Certain {
        applications: "@phc/pbkdf2",
        recognised_by: "$pbkdf2-sha1$i= or $pbkdf2$f=SHA1",
        mapping: Never(PBKDF2_SHA1),
        source: PHC,
        advice: CAPTURE,
    }
    GrubPbkdf2 "grub_pbkdf2_sha512" Pbkdf2 Likely {
        applications: "passlib (grub_pbkdf2_sha512), GRUB",
        recognised_by: "grub.pbkdf2.sha512.iterations.salt.key",
        mapping: Call("pbkdf2, salted-pbkdf2-hmac-sha512-512; salt and key: hex to base64"),
        source: PASSLIB,
        advice: PROVE,
    }
    AdonisBcrypt "adonis_bcrypt" Bcrypt Likely {
        applications: "AdonisJS 5 and later, @phc/bcrypt",
        recognised_by: "$bcrypt$v=98$r=",
        mapping: Call("bcrypt, salt and key written in bcrypt's own alphabet"),
        source: "@phc/bcrypt",
        advice: PROVE,
        traps: &[BCRYPT_72],
    }
    AdonisScrypt "adonis_scrypt" Scrypt Guess {
        applications: "AdonisJS 5 and later, @phc/scrypt",
        recognised_by: "$scrypt$n=",
        mapping: Call(P1_SCRYPT),
        source: "@phc/scrypt",
        advice: LIVE_TEST,
    }
    PasslibScrypt "passlib_scrypt" Scrypt Guess {
        applications: "applications with passlib",
        recognised_by: "$scrypt$ln=",
        mapping: Call(P1_SCRYPT),
        source: PASSLIB,
        advice: LIVE_TEST,
    }
    LuciaScrypt "lucia_scrypt" Scrypt Guess {
        applications: "Lucia 1 and 2",
        recognised_by: "s2:salt:128 hex",
        mapping: Call(P1_SCRYPT),
        source: "lucia-auth generateLuciaPasswordHash() (N = 16384, r = 16, p = 1)",
        advice: LIVE_TEST,
        traps: &["Lucia hashes the password in Unicode's NFKC form: what differs in it does not verify at Kinde"],
    }
    BetterAuthScrypt "better_auth_scrypt" Scrypt Guess {
        applications: "better-auth",
        recognised_by: "hex:hex, no mark of its own",
        mapping: Call(P1_SCRYPT),
        source: "better-auth packages/better-auth/src/crypto/password.ts (N = 16384, r = 16, p = 1)",
        advice: LIVE_TEST,
        traps: &["better-auth hashes the password in Unicode's NFKC form: what differs in it does not verify at Kinde"],
    }
    SupabaseFbscrypt "supabase_fbscrypt" Scrypt Likely {
        applications: "Supabase, for users imported from Firebase",
        recognised_by: "$fbscrypt$v=1,n=14,r=8,p=1,ss=...,sk=...",
        mapping: Call("firebase-scrypt, with the parameters and the signer key inside the value"),
        source: "supabase/auth internal/crypto/password.go",
        advice: PROVE,
    }
    Argon2d "argon2d" Argon2 Certain {
        applications: "applications with Argon2d",
        recognised_by: "$argon2d$",
        mapping: Never(ARGON2),
        source: "RFC 9106, PHC string format",
        advice: CAPTURE,
    }
}
