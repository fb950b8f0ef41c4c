//! Who a user is: by what they are looked up in Kinde and known in the ledger, and which texts are one person.
//!
//! Two texts are the same identity only if they are equal after NFC and after a capital has become its small letter. What a
//! server may take for equal beyond that (compatibility variants, the widest mapping of case, accents) only looks alike.

mod clean;
mod email;
mod fold;
mod phone;
mod regions;
mod shape;

use std::borrow::Cow;

pub(crate) use clean::Cleaned;
pub(crate) use fold::any_case;

use crate::code::{Code, Error};

/// What a user is looked up by in Kinde, and known by in the ledger.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Identity {
    /// `email`, `username` or `phone`: Kinde's name of the query parameter and of the identity's type.
    pub(crate) kind: &'static str,
    /// The value as the application wrote it, cleaned: it is what Kinde is asked for.
    pub(crate) value: String,
    /// What it has in common with every other spelling of the same identity.
    key: String,
}

/// How an identity of Kinde's compares with ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Likeness {
    /// Exactly this one.
    Same,
    /// Another one, which a server may take for this one.
    Alike,
    /// Somebody else's.
    Different,
}

impl Identity {
    /// An identity of a value without white space around it; a phone number with its country where it has no calling code.
    fn read(kind: &'static str, text: &str, country: Option<&str>) -> Result<Identity, Error> {
        match kind {
            "email" => {
                let address = email::read(text)
                    .map_err(|what| Error::new(Code::EmailInvalid, format!("email {what}")))?;
                Ok(Identity { kind, value: address.value, key: address.key })
            }
            "username" => {
                clean::check_text("username", text)?;
                if let Some(c) = fold::stands_for_another(text) {
                    return Err(stands_for_another("username", c));
                }
                Ok(Identity { kind, value: fold::nfc(text).into_owned(), key: fold::fold(text).into_owned() })
            }
            _ => {
                clean::check_text("phone", text)?;
                if let Some(c) = fold::stands_for_another(text).filter(|c| !c.is_whitespace()) {
                    return Err(stands_for_another("phone", c));
                }
                let number = phone::read(text, country)
                    .map_err(|what| Error::new(Code::PhoneInvalid, format!("phone {what}")))?;
                Ok(Identity { kind, key: number.clone(), value: number })
            }
        }
    }

    /// The same for every spelling of one identity, and for no other identity of its kind.
    pub(crate) fn key(&self) -> &str {
        &self.key
    }

    /// The ways of writing it under which Kinde may have it. All but addresses with letters outside ASCII have one.
    pub(crate) fn spellings(&self) -> Vec<Cow<'_, str>> {
        let mut spellings = vec![Cow::Borrowed(self.value.as_str())];
        // A comma ends a value of Kinde's lists, so nothing can be put beside one that holds it.
        if self.kind == "email" && !self.value.contains(',') {
            spellings.extend(email::other_spellings(&self.value).into_iter().map(Cow::Owned));
        }
        spellings
    }

    /// Whether a value of Kinde's is exactly this one.
    pub(crate) fn is(&self, other: Option<&str>) -> bool {
        self.compare(other) == Likeness::Same
    }

    /// How a value of Kinde's compares with this one.
    pub(crate) fn compare(&self, other: Option<&str>) -> Likeness {
        let Some(other) = other else { return Likeness::Different };
        if other == self.value {
            return Likeness::Same;
        }
        let same = match self.kind {
            "email" => email::read(other).is_ok_and(|address| address.key == self.key),
            "username" => fold::stands_for_another(other).is_none() && fold::fold(other) == self.key,
            _ => other.starts_with('+') && phone::read(other, None).is_ok_and(|number| number == self.key),
        };
        let alike = || match self.kind {
            "email" => email::loosely(other) == email::loosely(&self.value),
            "username" => fold::loosely(other) == fold::loosely(&self.value),
            _ => phone::are_alike(&self.value, other),
        };
        match same {
            true => Likeness::Same,
            false if alike() => Likeness::Alike,
            false => Likeness::Different,
        }
    }
}

/// The ways of writing any text that may be an identity, so that none of them shows in a message.
pub(crate) fn spellings_of(text: &str) -> Vec<Cow<'_, str>> {
    let mut spellings = vec![Cow::Borrowed(text)];
    if text.contains('@') {
        spellings.extend(email::other_spellings(text).into_iter().map(Cow::Owned));
    }
    for other in [fold::nfc(text), fold::nfd(text)] {
        if !spellings.contains(&other) {
            spellings.push(other);
        }
    }
    // A number without its + is the same number.
    if let Some(digits) = text.strip_prefix('+') {
        spellings.push(Cow::Borrowed(digits));
    }
    spellings
}

fn stands_for_another(field: &str, c: char) -> Error {
    let message = format!("{field} holds a character that stands for another one (U+{:04X})", u32::from(c));
    Error::new(Code::FieldInvalid, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(kind: &'static str, text: &str) -> Identity {
        Identity::read(kind, text, None).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    fn compare(a: &str, b: &str) -> Likeness {
        of("email", a).compare(Some(b))
    }

    fn code_of(kind: &'static str, text: &str) -> Option<Code> {
        Identity::read(kind, text, None).err().map(|error| error.code)
    }

    #[test]
    fn case_composition_and_the_spelling_of_a_domain_tell_no_addresses_apart() {
        for (a, b) in [
            ("Ann@X.org", "aNN@x.ORG"),
            ("ЖУК@пример.рф", "жук@ПРИМЕР.рф"),
            ("jos\u{e9}@x.org", "jose\u{301}@x.org"),
            ("ada@m\u{fc}nchen.example", "ada@XN--mnchen-3ya.example"),
            ("ada@m\u{fc}nchen.example", "ada@mu\u{308}nchen.example"),
            ("ada@例え.jp", "ada@xn--r8jz45g.jp"),
            ("ada@例え。jp", "ada@例え.jp"),
            ("\"Ann Lee\"@x.org", "\"ann lee\"@x.org"),
        ] {
            assert_eq!((compare(a, b), compare(b, a)), (Likeness::Same, Likeness::Same), "{a} {b}");
            assert_eq!(of("email", a).key(), of("email", b).key());
        }
    }

    #[test]
    fn what_only_looks_alike_is_not_the_same() {
        for (a, b) in [
            ("kate@x.org", "\u{212a}ate@x.org"),
            ("\u{e5}sa@x.org", "\u{212b}sa@x.org"),
            ("stra\u{df}e@x.org", "stra\u{1e9e}e@x.org"),
            ("stra\u{df}e@x.org", "strasse@x.org"),
            ("i\u{307}ra@x.org", "\u{130}ra@x.org"),
            ("ira@x.org", "\u{131}ra@x.org"),
            ("οδος@x.org", "οδοσ@x.org"),
            ("sam@x.org", "\u{17f}am@x.org"),
            ("jose@x.org", "jos\u{e9}@x.org"),
            ("\u{ff41}nn@x.org", "ann@x.org"),
            ("ann@x.org", "ann\u{200b}@x.org"),
            ("ann@x.org", " ann@x.org"),
        ] {
            assert_eq!(compare(a, b), Likeness::Alike, "{a} {b}");
        }
        for (a, b) in
            [("ann@x.org", "anne@x.org"), ("ann@x.org", "ann@y.org"), ("\u{430}nn@x.org", "ann@x.org")]
        {
            assert_eq!(compare(a, b), Likeness::Different, "{a} {b}");
        }
        assert_eq!(of("email", "ann@x.org").compare(None), Likeness::Different);
        assert_eq!(of("username", "kate").compare(Some("\u{212a}ate")), Likeness::Alike);
        assert_eq!(of("username", "Kate").compare(Some("kATE")), Likeness::Same);
        assert_eq!(of("phone", "+61 426 148 233").compare(Some("+61426148233")), Likeness::Same);
        assert_eq!(of("phone", "+61426148233").compare(Some("0426148233")), Likeness::Alike);
        assert_eq!(of("phone", "+61426148233").compare(Some("+64426148233")), Likeness::Different);
    }

    #[test]
    fn odd_but_real_addresses_are_taken() {
        for email in [
            "a+b@x.org",
            "o'brien@x.org",
            "\"a b\"@x.org",
            "\"a@b\"@x.org",
            "a,b@x.org",
            "a&b%20@x.org",
            "../../a/b?c=1#d@x.org",
            "жук@пример.рф",
            "दीपक@उदाहरण.भारत",
            "dots..and.@docomo.example",
            "root@localhost",
            "a@my_host.example",
            "a@127.0.0.1",
            "☕@x.org",
        ] {
            assert_eq!(code_of("email", email), None, "{email}");
        }
    }

    #[test]
    fn absurd_addresses_are_refused() {
        let long = format!("{}@x.org", "a".repeat(10_240));
        let label = format!("a@{}.org", "b".repeat(64));
        for email in [
            "nobody",
            "@x.org",
            "a@",
            "a\0@x.org",
            "a@x.org\r\nBcc: b",
            "a b@x.org",
            "a@x .org",
            "a\u{a0}b@x.org",
            "mailto:a@x.org",
            "Ann <a@x.org>",
            "<a@x.org>",
            "[a@x.org](mailto:a@x.org)",
            "a@x.org;b@x.org",
            "a@x.org,b@x.org",
            "a;b@x.org",
            "a@b@x.org",
            "a@x.org.",
            "a@x。org。",
            "a@.x.org",
            "a@x..org",
            "a@-x.org",
            "a@x-.org",
            "a@x,y.org",
            "a@[127.0.0.1]",
            "\"a\"b\"@x.org",
            "\"\"@x.org",
            "a\u{200b}@x.org",
            "a\u{200d}@x.org",
            "a\u{ad}@x.org",
            "a\u{202e}@x.org",
            "\u{feff}a@x.org",
            "a\u{e0061}@x.org",
            "a\u{fffd}@x.org",
            "a\u{e000}@x.org",
            "a\u{ffff}@x.org",
            "a\u{378}@x.org",
            "\u{212a}ate@x.org",
            "a@\u{212a}.org",
            "\u{f900}@x.org",
            "a@xn--a.org",
            "a@xn--\u{fc}.org",
            long.as_str(),
            label.as_str(),
        ] {
            assert_eq!(code_of("email", email), Some(Code::EmailInvalid), "{email:?}");
        }
    }

    #[test]
    fn every_local_part_of_one_character_is_one_key_with_its_other_case_only() {
        let mut keys = std::collections::HashMap::<String, Vec<char>>::new();
        for c in '\0'..=char::MAX {
            let text = format!("{c}@x.org");
            match Identity::read("email", &text, None) {
                Ok(identity) => {
                    assert_eq!(identity.compare(Some(&text)), Likeness::Same, "{c:?}");
                    assert_eq!(of("email", identity.key()).key(), identity.key(), "{c:?}");
                    keys.entry(identity.key).or_default().push(c);
                }
                Err(error) => assert_eq!(error.code, Code::EmailInvalid, "{c:?}"),
            }
        }
        assert!(keys.values().all(|letters| letters.len() <= 2));
        assert!(keys.len() > 100_000, "{}", keys.len());
    }

    #[test]
    fn only_letters_outside_ascii_have_other_spellings() {
        let spellings = |text: &str| of("email", text).spellings().len();
        for email in ["Ann@X.org", "a+b@x.org", "жук@x.org", "\"jos\u{e9},b\"@x.org"] {
            assert_eq!(spellings(email), 1, "{email}");
        }
        assert_eq!(spellings("jos\u{e9}@x.org"), 2);
        for email in ["ada@m\u{fc}nchen.example", "ada@xn--mnchen-3ya.example"] {
            let identity = of("email", email);
            let all = identity.spellings();
            for spelling in
                ["ada@m\u{fc}nchen.example", "ada@xn--mnchen-3ya.example", "ada@mu\u{308}nchen.example"]
            {
                assert!(all.iter().any(|known| known == spelling), "{spelling}");
            }
            for spelling in &all {
                assert_eq!(identity.compare(Some(spelling)), Likeness::Same, "{spelling}");
            }
        }
    }

    #[test]
    fn a_username_is_refused_only_for_what_it_cannot_hold() {
        for name in ["Ada, the first", "日本", "می\u{200c}خواهم"] {
            assert_eq!(code_of("username", name), None, "{name}");
        }
        for name in ["a\0", "\u{212a}ate", "a\u{fffd}"] {
            assert_eq!(code_of("username", name), Some(Code::FieldInvalid), "{name:?}");
        }
        assert_eq!(code_of("phone", "0426148233"), Some(Code::PhoneInvalid));
        assert_eq!(code_of("phone", "+61\x00426148233"), Some(Code::FieldInvalid));
    }
}
