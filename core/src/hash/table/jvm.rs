//! Spring Security and others of Java and .NET.

use super::words::*;

rows! {
    SpringPbkdf2 "spring_pbkdf2_sha256" Pbkdf2 Likely {
        applications: "Spring Security 5.8 and later (Pbkdf2PasswordEncoder)",
        recognised_by: "{pbkdf2@SpringSecurity_v5_8}96 hex",
        mapping: Call("pbkdf2, salted-pbkdf2-hmac-sha256, 310000 iterations; 16 bytes of salt, 32 of key"),
        source: SPRING,
        advice: PROVE,
        traps: &["a `secret` of the encoder does not show in the hash: if one is set, none of these verify"],
    }
    SpringPbkdf2Sha1 "spring_pbkdf2_sha1" Pbkdf2 Certain {
        applications: "Spring Security 5.0 to 5.7 (Pbkdf2PasswordEncoder)",
        recognised_by: "{pbkdf2}80 hex",
        mapping: Never(PBKDF2_SHA1),
        source: SPRING,
        advice: CAPTURE,
    }
    SpringSaltedSha256 "spring_salted_sha256" Digest Likely {
        applications: "Spring Security 5 and later (MessageDigestPasswordEncoder)",
        recognised_by: "{SHA-256}{salt}64 hex",
        mapping: Call("sha256, the salt with its braces as suffix"),
        source: SPRING,
        advice: PROVE,
    }
    SpringSaltedMd5 "spring_salted_md5" Digest Likely {
        applications: "Spring Security 5 and later (MessageDigestPasswordEncoder)",
        recognised_by: "{MD5}{salt}32 hex",
        mapping: Call("md5, the salt with its braces as suffix"),
        source: SPRING,
        advice: PROVE,
    }
    SpringSaltedSha1 "spring_salted_sha1" Foreign Certain {
        applications: "Spring Security 5 and later (MessageDigestPasswordEncoder)",
        recognised_by: "{SHA-1}{salt}40 hex, {SHA-512}{salt}128 hex",
        mapping: Never("Kinde has no method for SHA-1 or SHA-512"),
        source: SPRING,
        advice: CAPTURE,
    }
    Spring3Sha256 "spring3_salted_sha256" Digest Likely {
        applications: "Spring Security 3 (ShaPasswordEncoder with a SaltSource)",
        recognised_by: "64 hex, no mark of its own; salt beside it",
        mapping: Call("sha256, the salt in braces as suffix"),
        source: "spring-security 3 BasePasswordEncoder.mergePasswordAndSalt()",
        advice: NAME_IT,
        traps: &["the salt may be a column, or the user name"],
    }
    Spring3Md5 "spring3_salted_md5" Digest Likely {
        applications: "Spring Security 3 (Md5PasswordEncoder with a SaltSource)",
        recognised_by: "32 hex, no mark of its own; salt beside it",
        mapping: Call("md5, the salt in braces as suffix"),
        source: "spring-security 3 BasePasswordEncoder.mergePasswordAndSalt()",
        advice: NAME_IT,
        traps: &["the salt may be a column, or the user name"],
    }
    SpringStandard "spring_standard_sha256" Foreign Certain {
        applications: "Spring Security (StandardPasswordEncoder)",
        recognised_by: "{sha256}80 hex",
        mapping: Never("SHA-256 repeated 1024 times"),
        source: SPRING,
        advice: CAPTURE,
    }
    SpringScrypt "spring_scrypt" Scrypt Guess {
        applications: "Spring Security (SCryptPasswordEncoder)",
        recognised_by: "{scrypt}$parameters$salt$key, {scrypt@SpringSecurity_v5_8}",
        mapping: Call(P1_SCRYPT),
        source: SPRING,
        advice: LIVE_TEST,
    }
    OpenmrsSha512 "openmrs_sha512" Digest Certain {
        applications: "OpenMRS, applications with SHA-512 and a salt",
        recognised_by: "128 hex:salt",
        mapping: Never("Kinde has no method for SHA-512"),
        source: "openmrs-core Security.hashMatches()",
        advice: CAPTURE,
    }
    Atlassian "atlassian_pkcs5s2" Pbkdf2 Certain {
        applications: "Jira, Confluence, Crowd",
        recognised_by: "{PKCS5S2}base64",
        mapping: Never(PBKDF2_SHA1),
        source: "Atlassian Security, DefaultPasswordEncoder",
        advice: CAPTURE,
    }
    Shiro "shiro" Foreign Certain {
        applications: "Apache Shiro",
        recognised_by: "$shiro1$ or $shiro2$",
        mapping: Never("a digest repeated many times, for which Kinde has no method"),
        source: "Apache Shiro, Shiro1CryptFormat",
        advice: CAPTURE,
    }
    Defuse "defuse_pbkdf2_sha1" Foreign Certain {
        applications: "defuse/password-hashing (C#, Java, PHP, Ruby)",
        recognised_by: "sha1:iterations:18:salt:hash",
        mapping: Never("PBKDF2 with HMAC-SHA1 and a key of 18 bytes, for which Kinde has no variant"),
        source: "github.com/defuse/password-hashing",
        advice: CAPTURE,
    }
    Crackstation "crackstation_pbkdf2" Foreign Certain {
        applications: "CrackStation's PBKDF2 code (PHP, Java, C#)",
        recognised_by: "sha256:iterations:salt:hash or sha1:iterations:salt:hash",
        mapping: Never("PBKDF2 with a key of 24 bytes, shorter than Kinde's variants want"),
        source: "crackstation.net/hashing-security.htm",
        advice: CAPTURE,
    }
}
