//! E-mail addresses: their shape, and which of them are one.

use std::borrow::Cow;

use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};

use super::fold::{self, fold, nfc, nfd, stands_for_another};
use super::shape;

/// The longest e-mail address taken: 64 + `@` + 255 octets (RFC 5321, 4.5.3.1).
const EMAIL_MAX: usize = 320;

/// A domain's longest label and longest whole.
const LABEL_MAX: usize = 63;
const DOMAIN_MAX: usize = 253;

/// Of ASCII a domain holds letters, digits, hyphens and dots; an underscore is in no DNS name of a host, but in names that
/// some mail servers have.
const DENIED: AsciiDenyList = AsciiDenyList::new(true, " !\"#$%&'()*+,/:;<=>?@[\\]^`{|}~");

/// An address that can be carried.
#[derive(Debug)]
pub(super) struct Address {
    /// As it is sent: NFC.
    pub(super) value: String,
    /// What it has in common with every other spelling of it.
    pub(super) key: String,
}

/// Reads an address without white space around it; or says what is wrong with it, to go after "email".
pub(super) fn read(text: &str) -> Result<Address, String> {
    if text.len() > EMAIL_MAX {
        return Err(format!("has more than {EMAIL_MAX} bytes, which no address has"));
    }
    let is_ascii = shape::is_plain(text);
    if !is_ascii {
        if let Some(fault) = shape::first_fault(text) {
            return Err(fault);
        }
        if let Some(c) = stands_for_another(text) {
            return Err(format!("holds a character that stands for another one (U+{:04X})", u32::from(c)));
        }
    }
    let value = nfc(text);
    let Some((local, domain)) = value.rsplit_once('@') else { return Err("has no @".into()) };
    if local.is_empty() || domain.is_empty() {
        return Err("has nothing on one side of its @".into());
    }
    check_local(local)?;
    let domain = ascii_domain(domain)?;
    let key = match is_ascii && matches!(domain, Cow::Borrowed(_)) {
        // Nearly all: nothing to be put together.
        true => value.to_ascii_lowercase(),
        false => format!("{}@{}", fold(local), domain.to_ascii_lowercase()),
    };
    Ok(Address { key, value: value.into_owned() })
}

/// The other ways of writing an address in which Kinde may hold it, besides its case. None for most: only letters outside
/// ASCII have several.
pub(super) fn other_spellings(value: &str) -> Vec<String> {
    let Some((local, domain)) = value.rsplit_once('@').filter(|_| !is_plain(value)) else {
        return Vec::new();
    };
    let mut spellings = Vec::new();
    let (unicode, readable) = Uts46::new().to_unicode(domain.as_bytes(), DENIED, Hyphens::CheckFirstLast);
    let unicode = if readable.is_ok() { unicode } else { Cow::Borrowed(domain) };
    let ascii = ascii_domain(domain).unwrap_or(Cow::Borrowed(domain));
    for domain in [&*unicode, &*ascii] {
        let composed = format!("{local}@{domain}");
        let decomposed = nfd(&composed).into_owned();
        for spelling in [composed, decomposed] {
            if fold_case(&spelling) != fold_case(value) && !spellings.contains(&spelling) {
                spellings.push(spelling);
            }
        }
    }
    spellings
}

/// What an address has in common with those that only look like it, in whichever spelling the domain is.
pub(super) fn loosely(value: &str) -> String {
    let domain = value.rsplit_once('@').filter(|_| !is_plain(value)).and_then(|(local, domain)| {
        let (unicode, readable) = Uts46::new().to_unicode(domain.as_bytes(), DENIED, Hyphens::CheckFirstLast);
        readable.is_ok().then(|| format!("{local}@{unicode}"))
    });
    fold::loosely(domain.as_deref().unwrap_or(value))
}

fn fold_case(text: &str) -> String {
    text.to_lowercase()
}

/// Whether an address has one spelling only.
fn is_plain(value: &str) -> bool {
    value.is_ascii() && !has_ace_label(value.rsplit_once('@').map_or(value, |(_, domain)| domain))
}

fn has_ace_label(domain: &str) -> bool {
    domain.contains("--")
        && domain
            .split('.')
            .any(|label| label.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("xn--")))
}

/// What stands before the @: plain or in quotes (RFC 5322), of any letters (RFC 6531). Dots are left alone, because real
/// addresses have them doubled and at the end; and so is a comma, by which Kinde itself decides.
fn check_local(local: &str) -> Result<(), String> {
    if let Some(quoted) = local.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        let mut chars = quoted.chars();
        while let Some(c) = chars.next() {
            if c == '"' || c == '\\' && chars.next().is_none() {
                return Err("has quotes that do not match".into());
            }
        }
        return if quoted.is_empty() { Err("has nothing within its quotes".into()) } else { Ok(()) };
    }
    if local.get(..7).is_some_and(|start| start.eq_ignore_ascii_case("mailto:")) {
        return Err("begins with mailto:; give the address alone".into());
    }
    match local
        .chars()
        .find(|c| matches!(c, ' ' | '"' | '(' | ')' | ':' | ';' | '<' | '>' | '@' | '[' | '\\' | ']'))
    {
        None => Ok(()),
        Some(' ') => Err("holds a space".into()),
        Some('@') => Err("has more than one @; give one address alone".into()),
        Some(c) => Err(format!("holds {c:?}; give the address alone")),
    }
}

/// A domain as the domain name system knows it, case aside: as it is if it is in ASCII.
fn ascii_domain(domain: &str) -> Result<Cow<'_, str>, String> {
    if domain.ends_with(['.', '。', '．', '｡']) {
        return Err("ends with a dot".into());
    }
    if domain.is_ascii() && !has_ace_label(domain) {
        check_ascii_domain(domain)?;
        return Ok(Cow::Borrowed(domain));
    }
    Uts46::new()
        .to_ascii(domain.as_bytes(), DENIED, Hyphens::CheckFirstLast, DnsLength::Verify)
        .map_err(|_| "has a domain that no domain name can be (IDNA)".into())
}

fn check_ascii_domain(domain: &str) -> Result<(), String> {
    let odd = |byte: &u8| !(byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'));
    if let Some(byte) = domain.bytes().find(|byte| odd(byte)) {
        return Err(match byte {
            b' ' => "holds a space".into(),
            other => format!("has {:?} in its domain; give the address alone", char::from(other)),
        });
    }
    if domain.len() > DOMAIN_MAX {
        return Err(format!("has a domain of {} bytes; one has at most {DOMAIN_MAX}", domain.len()));
    }
    for label in domain.split('.') {
        if label.is_empty() {
            return Err("has a domain with nothing between two dots".into());
        }
        if label.len() > LABEL_MAX {
            return Err(format!("has a domain with a part of more than {LABEL_MAX} bytes"));
        }
        if label.starts_with('-') || label.ends_with('-') {
            return Err("has a domain with a part that begins or ends with a hyphen".into());
        }
    }
    Ok(())
}
