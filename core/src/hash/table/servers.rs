//! Identity servers and services.

use super::words::*;

rows! {
    FirebaseScrypt "firebase_scrypt" Scrypt Certain {
        applications: "Firebase Authentication (auth:export)",
        recognised_by: "88 base64, no mark of its own; salt beside it",
        mapping: Call("firebase-scrypt, as exported, with the project's four parameters"),
        source: "github.com/firebase/scrypt; Kinde Management API",
        advice: "name the format and give the project's password hash parameters",
    }
    AspnetIdentityV2 "aspnet_identity_v2" Aspnet Certain {
        applications: "ASP.NET Identity 1 and 2",
        recognised_by: "base64 of 49 bytes, the first 00",
        mapping: Call("aspnet-identity-v2, as it stands and no other field"),
        source: KINDE,
    }
    AspnetIdentityV3Sha256 "aspnet_identity_v3_sha256" Aspnet Likely {
        applications: "ASP.NET Core Identity up to .NET 6",
        recognised_by: "base64, first bytes 01 00 00 00 01",
        mapping: Call("pbkdf2, salted-pbkdf2-hmac-sha256; salt, key and iterations taken out of the value"),
        source: ASPNET,
        advice: PROVE,
    }
    AspnetIdentityV3Sha512 "aspnet_identity_v3_sha512" Aspnet Certain {
        applications: "ASP.NET Core Identity, .NET 7 and later",
        recognised_by: "base64, first bytes 01 00 00 00 02, 32-byte key",
        mapping: Never("HMAC-SHA512 with a 32-byte key, where Kinde's only SHA-512 variant wants 64 bytes"),
        source: ASPNET,
        advice: CAPTURE,
    }
    AspnetIdentityV3Sha512Long "aspnet_identity_v3_sha512_64" Aspnet Likely {
        applications: "ASP.NET Core Identity with a 64-byte key",
        recognised_by: "base64, first bytes 01 00 00 00 02, 64-byte key",
        mapping: Call("pbkdf2, salted-pbkdf2-hmac-sha512-512; salt, key and iterations taken out of the value"),
        source: ASPNET,
        advice: PROVE,
    }
    AspnetIdentityV3Other "aspnet_identity_v3_other" Aspnet Certain {
        applications: "ASP.NET Core Identity with other settings",
        recognised_by: "base64, first byte 01, SHA-1 or a shorter key",
        mapping: Never("HMAC-SHA1, or a key shorter than Kinde's variant wants"),
        source: ASPNET,
        advice: CAPTURE,
    }
    KeycloakSha256 "keycloak_pbkdf2_sha256" Keycloak Likely {
        applications: "Keycloak (pbkdf2-sha256)",
        recognised_by: "44 or 88 base64, no mark of its own; credential_data beside it",
        mapping: Call("pbkdf2, the variant by algorithm and key length; salt and key as they stand"),
        source: KEYCLOAK,
        advice: NAME_IT,
    }
    KeycloakSha512 "keycloak_pbkdf2_sha512" Keycloak Likely {
        applications: "Keycloak (pbkdf2-sha512)",
        recognised_by: "88 base64, no mark of its own; credential_data beside it",
        mapping: Call("pbkdf2, salted-pbkdf2-hmac-sha512-512; salt and key as they stand"),
        source: KEYCLOAK,
        advice: NAME_IT,
    }
    KeycloakSha1 "keycloak_pbkdf2_sha1" Keycloak Certain {
        applications: "Keycloak (pbkdf2)",
        recognised_by: "28 or 88 base64, no mark of its own; credential_data beside it",
        mapping: Never(PBKDF2_SHA1),
        source: KEYCLOAK,
        advice: CAPTURE,
    }
    FusionauthSha256 "fusionauth_salted_pbkdf2_hmac_sha256" Keycloak Certain {
        applications: "FusionAuth (default scheme)",
        recognised_by: "44 base64, no mark of its own; salt and factor beside it",
        mapping: Call("pbkdf2, as exported"),
        source: FUSIONAUTH,
        advice: NAME_IT,
    }
    FusionauthSha256Long "fusionauth_salted_pbkdf2_hmac_sha256_512" Keycloak Certain {
        applications: "FusionAuth",
        recognised_by: "88 base64, no mark of its own; salt and factor beside it",
        mapping: Call("pbkdf2, as exported"),
        source: FUSIONAUTH,
        advice: NAME_IT,
    }
    FusionauthSha512Long "fusionauth_salted_pbkdf2_hmac_sha512_512" Keycloak Certain {
        applications: "FusionAuth",
        recognised_by: "88 base64, no mark of its own; salt and factor beside it",
        mapping: Call("pbkdf2, as exported"),
        source: FUSIONAUTH,
        advice: NAME_IT,
    }
    FusionauthBcrypt "fusionauth_bcrypt" Bcrypt Likely {
        applications: "FusionAuth (bcrypt), applications with bcrypt in two columns",
        recognised_by: "31 of ./A-Za-z0-9, no mark of its own; 22 of salt and the factor beside it",
        mapping: Call("bcrypt, factor, salt and key put together"),
        source: "FusionAuth documentation, password hashes",
        advice: PROVE,
        traps: &[BCRYPT_72],
    }
    DiscoursePbkdf2 "discourse_pbkdf2_sha256" Pbkdf2 Likely {
        applications: "Discourse",
        recognised_by: "64 hex, no mark of its own; salt and iterations beside it",
        mapping: Call("pbkdf2, salted-pbkdf2-hmac-sha256; salt: base64 of the hex text"),
        source: "discourse lib/password_hasher.rb",
        advice: NAME_IT,
    }
}
