//! crypt(3) and digests without a mark of their own.

use super::words::*;

rows! {
    CryptMd5 "crypt_md5" Crypt Likely {
        applications: "crypt(3): old shadow and htpasswd files, PHP crypt()",
        recognised_by: "$1$",
        mapping: Call("crypt, as it stands"),
        source: "FreeBSD crypt-md5.c; every crypt(3) tried takes it",
        advice: LIVE_TEST,
        traps: &[LATIN1],
    }
    CryptSha256 "crypt_sha256" Crypt Guess {
        applications: "crypt(3): shadow files, PHP crypt()",
        recognised_by: "$5$",
        mapping: Call("crypt, as it stands"),
        source: "Drepper, Unix crypt using SHA-256 and SHA-512",
        advice: LIVE_TEST,
        traps: &[CRYPT_WHICH],
    }
    CryptSha512 "crypt_sha512" Crypt Guess {
        applications: "crypt(3): shadow files, PHP crypt()",
        recognised_by: "$6$",
        mapping: Call("crypt, as it stands"),
        source: "Drepper, Unix crypt using SHA-256 and SHA-512",
        advice: LIVE_TEST,
        traps: &[CRYPT_WHICH, CRYPT_PEPPER],
        like: &[Kind::CryptSha512Peppered],
    }
    CryptDes "crypt_des" Crypt Likely {
        applications: "crypt(3): very old passwd and htpasswd files",
        recognised_by: "13 characters of ./0-9A-Za-z, no mark of its own",
        mapping: Call("crypt, as it stands"),
        source: "POSIX crypt(); every crypt(3) tried takes it",
        advice: LIVE_TEST,
        traps: &["DES sees 8 characters, 7 bits of each", LATIN1],
    }
    CryptExtDes "crypt_ext_des" Crypt Guess {
        applications: "BSDi crypt(3), PHP crypt()",
        recognised_by: "_ and 19 characters of ./0-9A-Za-z",
        mapping: Call("crypt, as it stands"),
        source: "BSDi; FreeSec",
        advice: LIVE_TEST,
        traps: &[CRYPT_WHICH],
    }
    RawMd5Hex "raw_md5_hex" Digest Likely {
        applications: "old PHP applications with md5(), WordPress before 2.5",
        recognised_by: "32 hex, no mark of its own",
        mapping: Call("md5, hex in lower case"),
        source: KINDE,
        advice: NAME_IT,
        traps: &[LATIN1, FIXED_SALT],
    }
    RawSha1Hex "raw_sha1_hex" Digest Certain {
        applications: "old PHP applications with sha1()",
        recognised_by: "40 hex, no mark of its own",
        mapping: Never(SHA1),
        source: KINDE,
        advice: CAPTURE,
    }
    RawSha256Hex "raw_sha256_hex" Digest Certain {
        applications: "applications with SHA-256 and no salt",
        recognised_by: "64 hex, no mark of its own",
        mapping: Call("sha256, hex in lower case"),
        source: KINDE,
        advice: NAME_IT,
        traps: &[LATIN1, FIXED_SALT],
    }
    RawSha512Hex "raw_sha512_hex" Digest Certain {
        applications: "applications with SHA-512 and no salt",
        recognised_by: "128 hex, no mark of its own",
        mapping: Never("Kinde has no method for plain SHA-512"),
        source: KINDE,
        advice: CAPTURE,
    }
    RawSha256Base64 "raw_sha256_base64" Digest Likely {
        applications: "applications with SHA-256 in base64 and no salt",
        recognised_by: "44 base64, no mark of its own",
        mapping: Call("sha256, base64 to hex"),
        source: KINDE,
        advice: NAME_IT,
        traps: &[FIXED_SALT],
    }
    Sha1Salted "sha1_salted" Digest Certain {
        applications: "applications with sha1() and a salt column",
        recognised_by: "40 hex, no mark of its own; salt beside it",
        mapping: Never(SHA1),
        source: KINDE,
        advice: CAPTURE,
    }
    RawMd5HexLatin1 "raw_md5_hex_latin1" Digest Likely {
        applications: "old PHP applications with ISO-8859-1 pages",
        recognised_by: "nothing: the same as any 32 hex",
        mapping: Never("the hash is of ISO-8859-1 bytes, and Kinde hashes UTF-8"),
        source: KINDE,
        advice: RESETS_ONLY,
    }
}
