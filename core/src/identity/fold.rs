//! Which letters are the same: NFC, and a capital is its small letter.

use std::borrow::Cow;

use icu_normalizer::{ComposingNormalizerBorrowed, DecomposingNormalizerBorrowed};

/// The form in which identities are sent and compared.
pub(super) fn nfc(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    ComposingNormalizerBorrowed::new_nfc().normalize(text)
}

/// The canonical decomposition, in which other systems may hold an identity.
pub(super) fn nfd(text: &str) -> Cow<'_, str> {
    DecomposingNormalizerBorrowed::new_nfd().normalize(text)
}

/// What two texts must have in common to be one identity.
pub(super) fn fold(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return match text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            true => Cow::Owned(text.to_ascii_lowercase()),
            false => Cow::Borrowed(text),
        };
    }
    let folded: String = nfc(text).chars().map(fold_letter).collect();
    // A small letter may have a composed form where its capital has none.
    Cow::Owned(nfc(&folded).into_owned())
}

/// The small letter of a capital, if the two are each other's simple case mapping. The Kelvin sign is no `k`, a capital
/// with a dot no `i`, the sharp s without a capital of its own in Unicode's mapping stays one, and so does a final sigma.
fn fold_letter(c: char) -> char {
    if c.is_ascii() {
        return c.to_ascii_lowercase();
    }
    let mut lower = c.to_lowercase();
    let (Some(small), None) = (lower.next(), lower.next()) else { return c };
    if small == c {
        return c;
    }
    let mut upper = small.to_uppercase();
    let mutual = match (upper.next(), upper.next()) {
        (Some(capital), None) => capital == c,
        // Greek letters with an iota below: std knows only the mapping to two letters, which both have in common.
        _ => small.to_uppercase().eq(c.to_uppercase()),
    };
    if mutual { small } else { c }
}

/// A character that NFC replaces by another single one (the Kelvin, Ångström and Ohm signs, ideographs for
/// compatibility): whoever types the one and whoever types the other may be two people.
pub(super) fn stands_for_another(text: &str) -> Option<char> {
    let normalizer = ComposingNormalizerBorrowed::new_nfc();
    if text.is_ascii() || normalizer.is_normalized(text) {
        return None;
    }
    text.chars().find(|c| {
        let mut bytes = [0; 4];
        let alone: &str = c.encode_utf8(&mut bytes);
        let normal = normalizer.normalize(alone);
        normal != alone && normal.chars().count() == 1
    })
}

/// What texts have in common that a server may take for equal, though they are not: without compatibility variants,
/// accents, invisible characters and white space, and with the widest mapping of case.
pub(super) fn loosely(text: &str) -> String {
    let plain = |text: &str| -> String {
        let decomposed = DecomposingNormalizerBorrowed::new_nfkd().normalize(text);
        decomposed.chars().filter(|c| !super::shape::is_invisible(*c) && !is_mark(*c)).collect()
    };
    plain(&plain(text).chars().flat_map(any_case).collect::<String>())
}

/// The letters to which any server's mapping of case can lead.
pub(crate) fn any_case(c: char) -> impl Iterator<Item = char> {
    c.to_lowercase().flat_map(char::to_uppercase).flat_map(char::to_lowercase)
}

/// Accents and other marks on a letter, and white space.
fn is_mark(c: char) -> bool {
    use icu_properties::props::GeneralCategory as Category;
    c.is_whitespace()
        || !c.is_ascii()
            && matches!(
                icu_properties::CodePointMapData::<Category>::new().get(c),
                Category::NonspacingMark | Category::EnclosingMark | Category::Format
            )
}

#[cfg(test)]
mod tests {
    use icu_casemap::CaseMapper;
    use proptest::prelude::*;

    use super::*;

    /// By other hands: the simple mappings of Unicode's table.
    fn by_the_book(text: &str) -> String {
        let cases = CaseMapper::new();
        let folded: String = nfc(text)
            .chars()
            .map(|c| match cases.simple_lowercase(c) {
                small if cases.simple_uppercase(small) == c => small,
                _ => c,
            })
            .collect();
        nfc(&folded).into_owned()
    }

    fn all() -> impl Iterator<Item = char> {
        '\0'..=char::MAX
    }

    #[test]
    fn every_letter_is_folded_as_unicodes_table_says() {
        let assigned = |c: &char| {
            use icu_properties::props::GeneralCategory as Category;
            icu_properties::CodePointMapData::<Category>::new().get(*c) != Category::Unassigned
        };
        let pairs = all().filter(assigned).filter(|c| fold_letter(*c) != *c).count();
        assert!(pairs > 1380, "{pairs}");
        // What std does not know yet stays as it is, and merges nobody.
        for c in all().filter(assigned).filter(|c| fold_letter(*c) != *c || *c < '\u{10000}') {
            let text = c.to_string();
            if stands_for_another(&text).is_none() && c.to_lowercase().ne([c]) {
                assert_eq!(fold(&text), by_the_book(&text), "{c:?}");
            }
        }
    }

    #[test]
    fn no_two_letters_become_one_but_a_capital_and_its_small_letter() {
        let mut of = std::collections::HashMap::<String, Vec<char>>::new();
        for c in all() {
            let text = c.to_string();
            if stands_for_another(&text).is_none() {
                of.entry(fold(&text).into_owned()).or_default().push(c);
            }
        }
        let cases = CaseMapper::new();
        for (key, letters) in of {
            match letters.as_slice() {
                [_] => {}
                [a, b] => assert!(
                    cases.simple_lowercase(*a) == *b && cases.simple_uppercase(*b) == *a
                        || cases.simple_lowercase(*b) == *a && cases.simple_uppercase(*a) == *b,
                    "{a:?} {b:?} {key:?}"
                ),
                more => panic!("{more:?} are {key:?}"),
            }
        }
    }

    #[test]
    fn exactly_the_singletons_stand_for_another() {
        let mut found = 0;
        for c in all() {
            let text = c.to_string();
            let normal = nfc(&text);
            let single = *normal != text && normal.chars().count() == 1;
            assert_eq!(stands_for_another(&text).is_some(), single, "{c:?}");
            assert_eq!(stands_for_another(&format!("a\u{301}{c}b")).is_some(), single, "{c:?}");
            found += usize::from(single);
        }
        assert!(found > 1000, "{found}");
        for c in [
            '\u{212a}', '\u{212b}', '\u{2126}', '\u{340}', '\u{341}', '\u{374}', '\u{37e}', '\u{2000}',
            '\u{f900}',
        ] {
            assert!(stands_for_another(&c.to_string()).is_some(), "{c:?}");
        }
    }

    #[test]
    fn letters_that_have_been_one_key_are_not() {
        for (a, b) in [
            ("ẞ", "ß"),
            ("ß", "ss"),
            ("İ", "i\u{307}"),
            ("I\u{307}", "i\u{307}"),
            ("ı", "i"),
            ("I", "ı"),
            ("ς", "σ"),
            ("ΟΔΟΣ", "οδος"),
            ("ſ", "s"),
            ("ﬁ", "fi"),
            ("µ", "μ"),
            ("ǅ", "ǆ"),
            ("ａ", "a"),
            ("ŉ", "ʼn"),
        ] {
            assert_ne!(fold(a), fold(b), "{a} {b}");
            if !matches!(a, "I\u{307}") {
                assert_eq!(loosely(a), loosely(b), "{a} {b}");
            }
        }
        for (a, b) in [
            ("Ж", "ж"),
            ("Σ", "σ"),
            ("É", "e\u{301}"),
            ("ᾈ", "ᾀ"),
            ("ᾼ", "ᾳ"),
            ("J\u{30c}", "ǰ"),
            ("Ω\u{342}", "ῶ"),
        ] {
            assert_eq!(fold(a), fold(b), "{a} {b}");
        }
    }

    proptest! {
        #[test]
        fn folding_is_idempotent_and_merges_no_more_than_the_book(a in "\\PC{0,12}", b in "[aAiIİıßẞſsSςσΣKkk\u{301}\u{307}\u{342}éÉωΩ]{0,6}", c in "[aAiIİıßẞſsSςσΣKk\u{301}\u{307}\u{342}éÉωΩ]{0,6}") {
            for text in [&a, &b] {
                let (key, decomposed) = (fold(text), nfd(text));
                prop_assert_eq!(&fold(&key), &key);
                prop_assert_eq!(&fold(&decomposed), &key);
            }
            for (one, other) in [(&a, &b), (&b, &c), (&a, &a)] {
                prop_assert_eq!(fold(one) == fold(other), fold(other) == fold(one));
                if fold(one) == fold(other) {
                    prop_assert_eq!(by_the_book(one), by_the_book(other));
                    prop_assert_eq!(loosely(one), loosely(other));
                }
            }
        }
    }
}
