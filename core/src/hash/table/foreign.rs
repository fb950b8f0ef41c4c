//! Hashes that are known by name, so that a refusal says what they are; nothing here checks a password.

use super::words::*;

rows! {
    Yescrypt "yescrypt" Foreign Certain {
        applications: "shadow files of Debian 11, Fedora 35, Ubuntu 22.04 and later",
        recognised_by: "$y$",
        mapping: Never("Kinde has no method for yescrypt"),
        source: LIBXCRYPT,
        advice: CAPTURE,
    }
    GostYescrypt "gost_yescrypt" Foreign Certain {
        applications: "shadow files of ALT Linux and others",
        recognised_by: "$gy$",
        mapping: Never("Kinde has no method for gost-yescrypt"),
        source: LIBXCRYPT,
        advice: CAPTURE,
    }
    Scrypt7 "crypt_scrypt" Foreign Certain {
        applications: "libxcrypt's crypt(3), passlib and others",
        recognised_by: "$7$",
        mapping: Never("scrypt as crypt(3) writes it, for which Kinde has no method"),
        source: LIBXCRYPT,
        advice: CAPTURE,
    }
    SunMd5 "crypt_sun_md5" Foreign Certain {
        applications: "shadow files of Solaris",
        recognised_by: "$md5$ or $md5,rounds=",
        mapping: Never("Kinde has no method for Sun's MD5"),
        source: LIBXCRYPT,
        advice: CAPTURE,
    }
    Sha1Crypt "crypt_sha1" Foreign Certain {
        applications: "shadow files of NetBSD",
        recognised_by: "$sha1$rounds$salt$digest",
        mapping: Never(SHA1),
        source: LIBXCRYPT,
        advice: CAPTURE,
    }
    NtCrypt "crypt_nt" Foreign Certain {
        applications: "crypt(3) of FreeBSD, Windows and Samba exports",
        recognised_by: "$3$$ or {NTLM}",
        mapping: Never("Kinde has no method for NT hashes"),
        source: LIBXCRYPT,
        advice: CAPTURE,
    }
    Apr1 "apache_apr1" Foreign Certain {
        applications: "Apache htpasswd (its default)",
        recognised_by: "$apr1$",
        mapping: Never("MD5-crypt with Apache's own mark inside, which is another function than $1$"),
        source: "Apache apr_md5.c",
        advice: CAPTURE,
    }
    AuthlogicScrypt "authlogic_scrypt" Foreign Certain {
        applications: "Ruby on Rails with Authlogic (SCrypt), the gem scrypt",
        recognised_by: "N$r$p$salt$hash, all in hex",
        mapping: Never("scrypt with p other than 1, where Firebase's variant has p = 1"),
        source: "github.com/pbhogan/scrypt",
        advice: CAPTURE,
    }
    AuthlogicSha512 "authlogic_sha512" Digest Certain {
        applications: "Ruby on Rails with Authlogic (Sha512)",
        recognised_by: "128 hex, no mark of its own; salt beside it",
        mapping: Never("SHA-512 repeated 20 times"),
        source: "authlogic CryptoProviders::Sha512",
        advice: CAPTURE,
    }
    Mysql41 "mysql_native" Foreign Certain {
        applications: "MySQL and MariaDB accounts, applications with PASSWORD()",
        recognised_by: "* and 40 hex",
        mapping: Never("SHA-1 over SHA-1, for which Kinde has no method"),
        source: "MySQL mysql_native_password",
        advice: CAPTURE,
    }
    MssqlLogin "mssql_login" Foreign Certain {
        applications: "SQL Server logins, applications with PWDENCRYPT()",
        recognised_by: "0x0100 or 0x0200 and hex",
        mapping: Never("SQL Server's own hash over UTF-16, for which Kinde has no method"),
        source: "SQL Server PWDENCRYPT()",
        advice: CAPTURE,
    }
    PostgresMd5 "postgres_md5" Foreign Certain {
        applications: "PostgreSQL roles",
        recognised_by: "md5 and 32 hex",
        mapping: Never("MD5 over password and role name"),
        source: "PostgreSQL pg_authid.rolpassword",
        advice: CAPTURE,
    }
    Scram "scram" Foreign Certain {
        applications: "PostgreSQL roles, XMPP servers, Dovecot, MongoDB",
        recognised_by: "SCRAM-SHA-256$ or {SCRAM-SHA-256}",
        mapping: Never("SCRAM keeps keys derived from the password, for which Kinde has no method"),
        source: "RFC 5802, RFC 7677",
        advice: CAPTURE,
    }
    DirectoryOther "directory_other" Foreign Certain {
        applications: "Dovecot, OpenLDAP, 389 Directory Server, OpenDJ",
        recognised_by: "a scheme in braces that is none of the others",
        mapping: Never("a scheme for which Kinde has no method"),
        source: DOVECOT,
        advice: CAPTURE,
    }
    Fshp "fshp" Foreign Certain {
        applications: "applications with passlib (fshp)",
        recognised_by: "{FSHP",
        mapping: Never("PBKDF1, for which Kinde has no method"),
        source: PASSLIB,
        advice: CAPTURE,
    }
    Phpbb31Other "phpbb31_combined" Foreign Certain {
        applications: "phpBB 3.1 and later, converted boards",
        recognised_by: "$H\\2y$ and other combinations, $CP$, $smf$, $wcf1$, $wcf2$, $xf1$, $md5_...$, $sha..._...$",
        mapping: Never(NESTED),
        source: "phpBB 3.1 phpbb/passwords",
        advice: CAPTURE,
    }
    Typo3Upgraded "typo3_upgraded" Phpass Certain {
        applications: "TYPO3, upgraded in place",
        recognised_by: "M$ (or C$) before a $P$, $1$ or $2y$ hash",
        mapping: Never(NESTED),
        source: "TYPO3 saltedpasswords, BulkUpdateTask",
        advice: CAPTURE,
    }
    Xenforo1 "xenforo1" Foreign Certain {
        applications: "XenForo 1.0 and 1.1, boards imported into XenForo",
        recognised_by: "a serialised array with hash and salt",
        mapping: Never(NESTED),
        source: "XenForo XenForo_Authentication_Core",
        advice: CAPTURE,
    }
    MediawikiOther "mediawiki_layered" Foreign Certain {
        applications: "MediaWiki, upgraded in place",
        recognised_by: ":pbkdf2-legacyA:, :pbkdf2-legacyB: and others",
        mapping: Never(NESTED),
        source: MEDIAWIKI,
        advice: CAPTURE,
    }
    DjangoWrapped "django_pbkdf2_wrapped" Foreign Certain {
        applications: "Django with old hashes wrapped in place",
        recognised_by: "pbkdf2_wrapped_ and the old hasher's name",
        mapping: Never(NESTED),
        source: "Django documentation, password upgrading without requiring a login",
        advice: CAPTURE,
    }
    WerkzeugHmacOther "werkzeug_hmac_other" Foreign Certain {
        applications: "Flask with Werkzeug up to 2.2 (method `sha512` and others)",
        recognised_by: "sha224$, sha384$ or sha512$, salt and hex",
        mapping: Never(HMAC),
        source: WERKZEUG,
        advice: CAPTURE,
    }
    KeycloakArgon2 "keycloak_argon2" Foreign Certain {
        applications: "Keycloak 24 and later (argon2, the default since 25)",
        recognised_by: "nothing: `algorithm` in credential_data says so",
        mapping: Never(ARGON2),
        source: "Keycloak Argon2PasswordHashProvider",
        advice: CAPTURE,
    }
    KeycloakOther "keycloak_other" Foreign Certain {
        applications: "Keycloak with an extension's password hash",
        recognised_by: "nothing: `algorithm` in credential_data says so",
        mapping: Never("the algorithm in `credential_data` is an extension's, for which no method is known"),
        source: "Keycloak PasswordHashProvider",
        advice: CAPTURE,
    }
    FusionauthOther "fusionauth_other" Foreign Certain {
        applications: "FusionAuth (salted-md5, salted-sha256, salted-hmac-sha256, phpass-md5, phpass-sha512, plug-ins)",
        recognised_by: "nothing: `encryptionScheme` says so",
        mapping: Never("the scheme in `encryptionScheme` repeats a digest or is a plug-in's, for which Kinde has no method"),
        source: FUSIONAUTH,
        advice: CAPTURE,
    }
    Plaintext "plaintext" Foreign Certain {
        applications: "Spring Security {noop}, Dovecot {PLAIN} and {CLEARTEXT}",
        recognised_by: "{noop}, {PLAIN}, {CLEAR} or {CLEARTEXT}",
        mapping: Never("it is the password itself and not a hash"),
        source: SPRING,
        advice: "hand it over as `password`, without the scheme in braces: it is hashed here",
    }
}
