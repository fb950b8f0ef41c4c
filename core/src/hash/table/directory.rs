//! LDAP directories and mail servers.

use super::words::*;

rows! {
    LdapSaltedSha256 "ldap_salted_sha256" Ldap Guess {
        applications: "OpenLDAP (pw-sha2), passlib",
        recognised_by: "{SSHA256}base64",
        mapping: ImportFile("sha256, salt as suffix, salt_format hex: in the import file only"),
        source: "RFC 2307; OpenLDAP pw-sha2; Kinde's import file",
        advice: LIVE_TEST,
    }
    LdapSaltedMd5 "ldap_salted_md5" Ldap Guess {
        applications: "OpenLDAP, passlib",
        recognised_by: "{SMD5}base64",
        mapping: ImportFile("md5, salt as suffix, salt_format hex: in the import file only"),
        source: "RFC 2307; Kinde's import file",
        advice: LIVE_TEST,
    }
    LdapSaltedSha1 "ldap_salted_sha1" Ldap Certain {
        applications: "OpenLDAP, 389 Directory Server, passlib",
        recognised_by: "{SSHA}base64",
        mapping: Never(SHA1),
        source: "RFC 2307",
        advice: CAPTURE,
    }
    LdapMd5 "ldap_md5" Ldap Likely {
        applications: "OpenLDAP, Dovecot, passlib",
        recognised_by: "{MD5}, {PLAIN-MD5} or {LDAP-MD5}, and base64 or hex",
        mapping: Call("md5, hex in lower case"),
        source: "RFC 2307; Dovecot, Password Schemes",
        advice: PROVE,
    }
    LdapSha256 "ldap_sha256" Ldap Likely {
        applications: "OpenLDAP (pw-sha2), Dovecot",
        recognised_by: "{SHA256} or {SHA-256}, and base64 or hex",
        mapping: Call("sha256, hex in lower case"),
        source: "OpenLDAP pw-sha2; Dovecot, Password Schemes",
        advice: PROVE,
    }
    LdapSha1 "ldap_sha1" Ldap Certain {
        applications: "OpenLDAP, 389 Directory Server, Dovecot, old htpasswd files",
        recognised_by: "{SHA} or {SHA1}, and base64 or hex",
        mapping: Never(SHA1),
        source: "RFC 2307",
        advice: CAPTURE,
    }
    LdapSha512 "ldap_sha512" Ldap Certain {
        applications: "OpenLDAP (pw-sha2), Dovecot",
        recognised_by: "{SHA512} or {SHA-512}, and base64 or hex",
        mapping: Never("Kinde has no method for SHA-512"),
        source: "OpenLDAP pw-sha2; Dovecot, Password Schemes",
        advice: CAPTURE,
    }
    LdapSaltedSha512 "ldap_salted_sha512" Ldap Certain {
        applications: "OpenLDAP (pw-sha2), 389 Directory Server, Dovecot",
        recognised_by: "{SSHA512}base64",
        mapping: Never("Kinde has no method for SHA-512"),
        source: "OpenLDAP pw-sha2; Dovecot, Password Schemes",
        advice: CAPTURE,
    }
    LdapPbkdf2Sha256 "ldap_pbkdf2_sha256" Pbkdf2 Likely {
        applications: "OpenLDAP (pw-pbkdf2), passlib",
        recognised_by: "{PBKDF2-SHA256}iterations$salt$key",
        mapping: Call("pbkdf2, salted-pbkdf2-hmac-sha256; salt and key: passlib's base64 to the usual one"),
        source: "OpenLDAP pw-pbkdf2; passlib ldap_pbkdf2_sha256",
        advice: PROVE,
    }
    LdapPbkdf2Sha512 "ldap_pbkdf2_sha512" Pbkdf2 Likely {
        applications: "OpenLDAP (pw-pbkdf2), passlib",
        recognised_by: "{PBKDF2-SHA512}iterations$salt$key",
        mapping: Call("pbkdf2, salted-pbkdf2-hmac-sha512-512; salt and key: passlib's base64 to the usual one"),
        source: "OpenLDAP pw-pbkdf2; passlib ldap_pbkdf2_sha512",
        advice: PROVE,
    }
    LdapPbkdf2Sha1 "ldap_pbkdf2_sha1" Pbkdf2 Certain {
        applications: "OpenLDAP (pw-pbkdf2), passlib",
        recognised_by: "{PBKDF2}iterations$salt$key",
        mapping: Never(PBKDF2_SHA1),
        source: "OpenLDAP pw-pbkdf2; passlib ldap_pbkdf2_sha1",
        advice: CAPTURE,
    }
}
