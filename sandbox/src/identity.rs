//! What identifies a user: e-mail addresses, phone numbers, usernames.

use serde::Serialize;

/// The kinds of identity a user can be created with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum IdentityKind {
    Email,
    Phone,
    Username,
}

impl IdentityKind {
    /// The kind of that name.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        match name {
            "email" => Some(Self::Email),
            "phone" => Some(Self::Phone),
            "username" => Some(Self::Username),
            _ => None,
        }
    }

    /// The name in JSON.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Phone => "phone",
            Self::Username => "username",
        }
    }

    /// What the value must be, if this one is not it.
    pub(crate) fn fault_of(self, value: &str) -> Option<&'static str> {
        match self {
            Self::Email => (!is_email(value)).then_some("must be an e-mail address"),
            Self::Phone => (!is_phone(value))
                .then_some("must be a phone number: + and 6 to 15 digits, with the country's code"),
            Self::Username => (!is_username(value))
                .then_some("must be 1 to 254 characters, none of them a control character"),
        }
    }
}

/// An identity of a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NewIdentity {
    pub(crate) kind: IdentityKind,
    pub(crate) value: String,
    pub(crate) verified: bool,
}

/// The form under which an identity is found: neither e-mail nor username minds case.
pub(crate) fn folded(value: &str) -> String {
    value.to_lowercase()
}

/// The same, for a server that takes for equal whatever looks equal.
pub(crate) fn loosely_folded(value: &str) -> String {
    let decompose = |text: &str| -> String {
        let normalizer = icu_normalizer::DecomposingNormalizerBorrowed::new_nfkd();
        normalizer.normalize(text).chars().filter(|c| !is_accent(*c)).collect()
    };
    decompose(&decompose(value).to_uppercase().to_lowercase())
}

fn is_accent(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}')
}

/// Characters that show nothing, that belong to nobody, or that a failed conversion leaves behind: nobody types an address
/// with them.
fn is_unseen(c: char) -> bool {
    matches!(
        c,
        '\u{ad}'
            | '\u{61c}'
            | '\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{ffff}'
            | '\u{e000}'..='\u{f8ff}'
            | '\u{e0000}'..='\u{e0fff}'
            | '\u{f0000}'..='\u{10ffff}'
    )
}

/// Whether a text can be an e-mail address: RFC 5321's lengths, RFC 5322's forms of a local part
/// (plain or quoted) without comments, RFC 6531's letters.
pub(crate) fn is_email(text: &str) -> bool {
    if text.len() > 254 || text.chars().any(|c| c.is_control() || is_unseen(c)) {
        return false;
    }
    let Some((local, domain)) = text.rsplit_once('@') else {
        return false;
    };
    if local.is_empty() || local.len() > 64 {
        return false;
    }
    let local_ok = match local.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(quoted) => is_quoted(quoted),
        // Dots are left alone: real addresses have them doubled and at the end.
        None => local.chars().all(is_atom_char),
    };
    local_ok && is_domain(domain)
}

fn is_atom_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c) || (!c.is_ascii() && !c.is_whitespace())
}

fn is_quoted(text: &str) -> bool {
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => return false,
            '\\' if chars.next().is_none() => return false,
            _ => {}
        }
    }
    true
}

fn is_domain(domain: &str) -> bool {
    !domain.is_empty()
        && domain.split('.').all(|label| {
            !label.is_empty()
                && label.len() <= 63
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || c == '-' || (!c.is_ascii() && c.is_alphanumeric()))
        })
}

fn is_phone(text: &str) -> bool {
    text.strip_prefix('+')
        .is_some_and(|digits| (6..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit()))
}

fn is_username(text: &str) -> bool {
    (1..=254).contains(&text.chars().count()) && !text.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_addresses_that_exist() {
        for text in [
            "ada@example.org",
            "ada+tag@example.org",
            "o'hara@example.org",
            "a&b%c=d@example.org",
            "\"a b, c\"@example.org",
            "dots..and.@docomo.example",
            "jörg@münchen.example",
            "root@localhost",
        ] {
            assert!(is_email(text), "{text}");
        }
    }

    #[test]
    fn refuses_absurd_addresses() {
        let long = format!("{}@example.org", "a".repeat(65));
        let longer = format!("a@{}.org", "b.".repeat(130));
        for text in [
            "",
            "ada",
            "@example.org",
            "ada@",
            "a b@example.org",
            "a,b@example.org",
            "a@b@example.org",
            "ada@example..org",
            "ada@-example.org",
            "ada@exa mple.org",
            "ada\0@example.org",
            "ada\u{200b}@example.org",
            "ada\u{202e}@example.org",
            "\u{feff}ada@example.org",
            "ada\u{fffd}@example.org",
            "ada@example.org.",
            "mailto:ada@example.org",
            "Ada <ada@example.org>",
            "ada@example.org\n",
            "\"a\"b\"@example.org",
            &long,
            &longer,
        ] {
            assert!(!is_email(text), "{text}");
        }
    }

    #[test]
    fn what_looks_equal_is_loosely_equal_and_no_more() {
        for (a, b) in [
            ("\u{212a}ate", "kate"),
            ("stra\u{df}e", "STRASSE"),
            ("jos\u{e9}", "jose"),
            ("ﬁ", "fi"),
            ("İra", "ira"),
        ] {
            assert_eq!(loosely_folded(a), loosely_folded(b), "{a} {b}");
        }
        assert_ne!(loosely_folded("ann"), loosely_folded("anne"));
    }

    #[test]
    fn phones_and_usernames() {
        assert_eq!(IdentityKind::Phone.fault_of("+61426148233"), None);
        assert!(IdentityKind::Phone.fault_of("0426148233").is_some());
        assert!(IdentityKind::Phone.fault_of("+61 426").is_some());
        assert_eq!(IdentityKind::Username.fault_of("Ada, the first"), None);
        assert!(IdentityKind::Username.fault_of("").is_some());
        assert!(IdentityKind::Username.fault_of("a\0").is_some());
    }
}
