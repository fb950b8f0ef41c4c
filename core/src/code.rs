//! The stable codes: one table for errors that are raised and for reasons that an outcome carries.

use crate::hash::HashError;

/// Why something was refused, put off or left alone. Name and number are the same in every language
/// and are never reused; new codes are added at the end of their group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[repr(i32)]
pub enum Code {
    // 1xx: settings. Raised when the migrator is built.
    /// There is no setting of that name.
    SettingUnknown = 100,
    /// A setting's value cannot be used.
    SettingInvalid = 101,
    /// `domain` is not set.
    DomainMissing = 102,
    /// `domain` is neither a host name nor the URL of a host.
    DomainInvalid = 103,
    /// `domain` is `http://` and not on the loopback interface.
    DomainInsecure = 104,
    /// `client_id` is not set.
    ClientIdMissing = 105,
    /// `client_secret` is not set.
    ClientSecretMissing = 106,

    // 2xx: misuse of the interface. Raised by the call.
    /// A required argument is missing (in C: a null pointer).
    ArgumentMissing = 200,
    /// An argument has the wrong type.
    ArgumentType = 201,
    /// A user has no field of that name.
    UserFieldUnknown = 202,
    /// A credential has no field of that name.
    CredentialFieldUnknown = 203,
    /// The migrator has been closed.
    Closed = 204,
    /// A change of password was asked for without a password or a hash.
    CredentialMissing = 205,

    // 3xx: what the application handed over cannot be carried. Outcome `rejected`, no call made.
    /// Neither `email` nor `username` nor `phone` is given.
    UserMissing = 300,
    /// `email` is not an e-mail address.
    EmailInvalid = 301,
    /// A field of the user is too long or holds control characters.
    FieldInvalid = 302,
    /// A field is not valid UTF-8.
    InvalidUtf8 = 303,
    /// `phone` has neither a `+` with its country code nor a usable `phone_country_id`.
    PhoneInvalid = 304,
    /// The password is empty.
    PasswordEmpty = 310,
    /// The password holds a NUL byte.
    PasswordNul = 311,
    /// The password is longer than 4096 bytes.
    PasswordTooLong = 312,
    /// The stored hash has no known format.
    HashNotRecognised = 320,
    /// The stored hash may be of several formats: name one.
    HashAmbiguous = 321,
    /// Kinde cannot check a password against this format.
    HashNotImportable = 322,
    /// The stored hash is damaged.
    HashMalformed = 323,
    /// The mapping is a guess, and guesses are off for this format.
    HashGuessNotAllowed = 324,
    /// There is no format of that name.
    HashFormatUnknown = 325,
    /// The format needs something that is stored beside the hash.
    HashExtraMissing = 326,
    /// Something stored beside the hash cannot be used.
    HashExtraInvalid = 327,
    /// The stored value says that there is no password.
    HashNoPassword = 328,
    /// Checking this hash here would take more work than is allowed.
    HashTooCostly = 329,

    // 4xx: Kinde or the network. Outcome `queued`, or `rejected` where it is for good.
    /// The application in Kinde lacks a scope; the message names it.
    MissingScope = 400,
    /// Kinde does not accept the client id, the client secret or the audience.
    ClientRefused = 401,
    /// Kinde refuses the request for good.
    KindeRefused = 402,
    /// Kinde no longer has this user.
    UserGone = 403,
    /// Too many calls a minute or in flight.
    RateLimited = 404,
    /// Kinde answered with a server error.
    KindeUnavailable = 405,
    /// Kinde did not answer in time.
    KindeTimeout = 406,
    /// No connection, or the connection broke.
    KindeUnreachable = 407,
    /// The answer is not what Kinde documents.
    KindeNonsense = 408,
    /// The deadline of the call passed.
    Deadline = 409,
    /// Kinde is known to be down, so it was not called.
    KindeDown = 410,
    /// The certificate that Kinde's address showed is not trusted here: perhaps somebody is in the middle.
    CertificateUntrusted = 411,
    /// The certificate that Kinde's address showed is another host's.
    CertificateWrongHost = 412,
    /// The proxy refused to connect to Kinde.
    ProxyRefused = 413,

    // 5xx: a policy or a conflict. Outcome `skipped`.
    /// The user is in Kinde already and `on_existing` is `keep`.
    Exists = 500,
    /// The user has signed in at Kinde already and `on_existing` is `update_unclaimed`.
    Claimed = 501,
    /// The Kinde user of this e-mail carries another `provided_id`.
    ProvidedIdConflict = 502,
    /// Kinde has several users of this e-mail.
    SeveralUsers = 503,
    /// Kinde has no such user, so there is no password to be reset.
    NotInKinde = 504,
    /// `require_verified_email` is set and the old system does not know the e-mail to be the user's own.
    EmailNotVerified = 505,
    /// Kinde found a user whose e-mail only looks like this one.
    LookAlike = 506,
    /// The user of this `provided_id` is known under another e-mail.
    EmailChanged = 507,
    /// `require_provided_id` is set and the call gives no `provided_id`.
    ProvidedIdMissing = 508,
    /// This process has more sign-ins at once than it can hash in time; this one comes again.
    Overloaded = 509,

    // 6xx: this machine.
    /// The ledger cannot be opened or written; what is owed is held in memory.
    LedgerUnavailable = 600,
    /// The caller was interrupted (Ctrl-C); the work goes on from the outbox.
    Interrupted = 601,
    /// A defect of this library, caught at its boundary.
    Internal = 602,
    /// Entries sealed under another client secret wait until it is given as `previous_client_secret`.
    LedgerSealed = 603,
    /// The ledger was removed or replaced while it was in use; it was begun anew.
    LedgerReplaced = 604,
    /// The ledger was damaged; it was set aside and a new one begun.
    LedgerDamaged = 605,
    /// What was `queued` is held where it may be lost: in memory, or in a folder for temporary files.
    LedgerNotDurable = 606,
    /// A ledger with pending entries lies at a place that is not used any more.
    LedgerLeftBehind = 607,
    /// This process has no file descriptor, thread or memory left; the work goes on from the outbox.
    ResourcesExhausted = 608,

    // 7xx: notices of an outcome.
    /// An optional field was cleaned before it was sent.
    FieldCleaned = 700,
    /// An optional field could not be sent and was left out.
    FieldLeftOut = 701,
}

/// Every code with its name, in the order of the numbers.
pub const CODES: &[(Code, &str)] = &[
    (Code::SettingUnknown, "setting_unknown"),
    (Code::SettingInvalid, "setting_invalid"),
    (Code::DomainMissing, "domain_missing"),
    (Code::DomainInvalid, "domain_invalid"),
    (Code::DomainInsecure, "domain_insecure"),
    (Code::ClientIdMissing, "client_id_missing"),
    (Code::ClientSecretMissing, "client_secret_missing"),
    (Code::ArgumentMissing, "argument_missing"),
    (Code::ArgumentType, "argument_type"),
    (Code::UserFieldUnknown, "user_field_unknown"),
    (Code::CredentialFieldUnknown, "credential_field_unknown"),
    (Code::Closed, "closed"),
    (Code::CredentialMissing, "credential_missing"),
    (Code::UserMissing, "user_missing"),
    (Code::EmailInvalid, "email_invalid"),
    (Code::FieldInvalid, "field_invalid"),
    (Code::InvalidUtf8, "invalid_utf8"),
    (Code::PhoneInvalid, "phone_invalid"),
    (Code::PasswordEmpty, "password_empty"),
    (Code::PasswordNul, "password_nul"),
    (Code::PasswordTooLong, "password_too_long"),
    (Code::HashNotRecognised, "hash_not_recognised"),
    (Code::HashAmbiguous, "hash_ambiguous"),
    (Code::HashNotImportable, "hash_not_importable"),
    (Code::HashMalformed, "hash_malformed"),
    (Code::HashGuessNotAllowed, "hash_guess_not_allowed"),
    (Code::HashFormatUnknown, "hash_format_unknown"),
    (Code::HashExtraMissing, "hash_extra_missing"),
    (Code::HashExtraInvalid, "hash_extra_invalid"),
    (Code::HashNoPassword, "hash_no_password"),
    (Code::HashTooCostly, "hash_too_costly"),
    (Code::MissingScope, "missing_scope"),
    (Code::ClientRefused, "client_refused"),
    (Code::KindeRefused, "kinde_refused"),
    (Code::UserGone, "user_gone"),
    (Code::RateLimited, "rate_limited"),
    (Code::KindeUnavailable, "kinde_unavailable"),
    (Code::KindeTimeout, "kinde_timeout"),
    (Code::KindeUnreachable, "kinde_unreachable"),
    (Code::KindeNonsense, "kinde_nonsense"),
    (Code::Deadline, "deadline"),
    (Code::KindeDown, "kinde_down"),
    (Code::CertificateUntrusted, "certificate_untrusted"),
    (Code::CertificateWrongHost, "certificate_wrong_host"),
    (Code::ProxyRefused, "proxy_refused"),
    (Code::Exists, "exists"),
    (Code::Claimed, "claimed"),
    (Code::ProvidedIdConflict, "provided_id_conflict"),
    (Code::SeveralUsers, "several_users"),
    (Code::NotInKinde, "not_in_kinde"),
    (Code::EmailNotVerified, "email_not_verified"),
    (Code::LookAlike, "look_alike"),
    (Code::EmailChanged, "email_changed"),
    (Code::ProvidedIdMissing, "provided_id_missing"),
    (Code::Overloaded, "overloaded"),
    (Code::LedgerUnavailable, "ledger_unavailable"),
    (Code::Interrupted, "interrupted"),
    (Code::Internal, "internal"),
    (Code::LedgerSealed, "ledger_sealed"),
    (Code::LedgerReplaced, "ledger_replaced"),
    (Code::LedgerDamaged, "ledger_damaged"),
    (Code::LedgerNotDurable, "ledger_not_durable"),
    (Code::LedgerLeftBehind, "ledger_left_behind"),
    (Code::ResourcesExhausted, "resources_exhausted"),
    (Code::FieldCleaned, "field_cleaned"),
    (Code::FieldLeftOut, "field_left_out"),
];

impl Code {
    /// The code's name, as every language and the README write it.
    pub fn as_str(self) -> &'static str {
        CODES.iter().find(|(code, _)| *code == self).map_or("internal", |(_, name)| name)
    }

    /// The code's number, as C sees it.
    pub fn number(self) -> i32 {
        self as i32
    }

    /// The code of that name.
    pub fn named(name: &str) -> Option<Code> {
        CODES.iter().find(|(_, n)| *n == name).map(|(code, _)| *code)
    }

    /// Whether it says that a user in Kinde may be somebody else. A pending call that ends so is kept as a dead letter.
    pub fn is_conflict(self) -> bool {
        matches!(self, Code::ProvidedIdConflict | Code::SeveralUsers | Code::LookAlike | Code::EmailChanged)
    }

    /// The code of that number.
    pub(crate) fn numbered(number: i32) -> Option<Code> {
        CODES.iter().map(|(code, _)| *code).find(|code| code.number() == number)
    }

    /// Whether the same request may succeed later without anybody changing anything.
    pub fn retryable(self) -> bool {
        matches!(
            self,
            Code::RateLimited
                | Code::KindeUnavailable
                | Code::KindeTimeout
                | Code::KindeUnreachable
                | Code::KindeNonsense
                | Code::Deadline
                | Code::KindeDown
                | Code::CertificateUntrusted
                | Code::CertificateWrongHost
                | Code::ProxyRefused
                | Code::Interrupted
                | Code::ResourcesExhausted
        )
    }
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Misuse or misconfiguration: what a constructor or a setter raises. The message names the thing and
/// the cure and shows no secret.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{message} [{code}]")]
pub struct Error {
    /// What kind of error it is.
    pub code: Code,
    /// What is wrong and what to do about it.
    pub message: String,
    /// The same by its parts, where a stored hash cannot be carried over.
    pub hash: Option<Box<HashError>>,
}

impl Error {
    /// An error of that code.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Error { code, message: message.into(), hash: None }
    }
}

impl From<HashError> for Error {
    fn from(error: HashError) -> Self {
        let code = match error.code {
            "hash_guess_unknown" => Code::SettingInvalid,
            "hash_password_invalid" => Code::PasswordNul,
            name => Code::named(name).unwrap_or(Code::HashMalformed),
        };
        let format = error.format.map(|format| format!("{format}: ")).unwrap_or_default();
        let message = format!("{format}{}; {}", error.reason, error.advice);
        Error { code, message, hash: Some(Box::new(error)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_are_unique_and_ascend() {
        for pair in CODES.windows(2) {
            assert!(pair[0].0.number() < pair[1].0.number(), "{} before {}", pair[0].1, pair[1].1);
        }
        for (code, name) in CODES {
            assert_eq!(Code::named(name), Some(*code));
            assert_eq!(code.as_str(), *name);
        }
    }

    #[test]
    fn every_code_has_a_name() {
        let source = include_str!("code.rs");
        let variants = source.lines().filter(|l| l.starts_with("    ") && l.contains(" = ")).filter(|l| {
            l.trim_end().ends_with(',')
                && l.trim()
                    .split(" = ")
                    .nth(1)
                    .is_some_and(|n| n.trim_end_matches(',').parse::<i32>().is_ok())
        });
        assert_eq!(variants.count(), CODES.len());
    }
}
