//! Texts that go into messages: short, and without what must not show.

use std::borrow::Cow;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::identity::any_case;

/// The longest text of Kinde's that a message repeats, in characters.
const LONGEST: usize = 300;

/// At most forty characters of a name that somebody else wrote.
pub(crate) fn cut(text: &str) -> String {
    let mut short: String = text.chars().take(40).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

/// A text of Kinde's with everything that names the person struck out, one line, at most 300 characters.
///
/// The text is gone through once, and no further than the message goes: of every character either it is shown, of which
/// there are 300 at most, or what it begins is struck out and passed.
pub(crate) fn without<'a>(text: &str, secrets: impl Iterator<Item = &'a str>) -> String {
    let forms: Vec<Vec<char>> = secrets.filter(|secret| secret.len() > 2).flat_map(forms).collect();
    let mut out = String::new();
    let (mut rest, mut shown) = (text, 0);
    while let Some(c) = rest.chars().next() {
        if shown >= LONGEST {
            break;
        }
        let longest = forms.iter().filter_map(|form| begins_with(rest, form)).max();
        match longest {
            Some(length) if length > 0 => {
                out.push_str("***");
                shown += 3;
                rest = rest.get(length..).unwrap_or_default();
            }
            _ => {
                out.push(if c.is_control() { ' ' } else { c });
                shown += 1;
                rest = rest.get(c.len_utf8()..).unwrap_or_default();
            }
        }
    }
    out
}

/// The ways in which a server may write a text: composed and decomposed, and as a query has it; all without case.
fn forms(secret: &str) -> Vec<Vec<char>> {
    /// What JavaScript's and most libraries' encoders leave alone.
    const UNRESERVED: &percent_encoding::AsciiSet =
        &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
    let mut forms = Vec::new();
    for spelling in crate::identity::spellings_of(secret) {
        let spelling: &str = &spelling;
        let written: [Cow<'_, str>; 3] = [
            spelling.into(),
            utf8_percent_encode(spelling, NON_ALPHANUMERIC).into(),
            utf8_percent_encode(spelling, UNRESERVED).into(),
        ];
        for form in written {
            let form: Vec<char> = form.chars().flat_map(any_case).collect();
            if !form.is_empty() && !forms.contains(&form) {
                forms.push(form);
            }
        }
    }
    forms
}

/// How many bytes of a text are this form, if it begins with it. A letter may become several without case.
fn begins_with(text: &str, form: &[char]) -> Option<usize> {
    let mut wanted = form.iter();
    for (at, c) in text.char_indices() {
        for letter in any_case(c) {
            match wanted.next() {
                Some(next) if *next == letter => {}
                Some(_) => return None,
                None => return Some(at + c.len_utf8()),
            }
        }
        if wanted.len() == 0 {
            return Some(at + c.len_utf8());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::without;

    fn struck(said: &str, secret: &str) -> String {
        without(said, [secret].into_iter())
    }

    #[test]
    fn what_names_the_person_is_struck_out() {
        let said = "user Ann@X.org\nexists (ann@x.org, ANN%40X%2Eorg, ann%40x.org)";
        assert_eq!(struck(said, "Ann@X.org"), "user *** exists (***, ***, ***)");
    }

    #[test]
    fn letters_that_become_longer_or_shorter_without_case_hide_nothing_and_show_nothing() {
        for secret in [
            "İra@x.org",
            "stra\u{df}e@x.org",
            "STRA\u{1e9e}E@x.org",
            "\u{212a}ate@x.org",
            "οδος@x.org",
            "jos\u{e9}@x.org",
        ] {
            for form in [secret.to_owned(), secret.to_lowercase(), secret.to_uppercase()] {
                assert_eq!(struck(&format!("no {form}, İİİ"), secret), "no ***, İİİ", "{form}");
            }
        }
        assert_eq!(struck("no jose\u{301}@x.org", "jos\u{e9}@x.org"), "no ***");
        assert_eq!(struck("no ada@xn--mnchen-3ya.example", "ada@m\u{fc}nchen.example"), "no ***");
        assert_eq!(struck("no jos%C3%A9%40x.org", "jos\u{e9}@x.org"), "no ***");
    }

    #[test]
    fn a_long_text_is_cut_and_never_within_what_must_not_show() {
        for before in 0..400 {
            let said = struck(&(".".repeat(before) + "ann@x.org"), "ann@x.org");
            assert!(!said.contains("an"), "{said}");
            assert!(said.chars().count() <= 302);
        }
    }

    #[test]
    fn half_a_megabyte_takes_no_time() {
        let began = Instant::now();
        let long = "a".repeat(2000);
        for said in [
            "ann@x.org".repeat(70_000),
            "a".repeat(600_000),
            "İ".repeat(300_000),
            format!("{}b", "a".repeat(1999)).repeat(300),
        ] {
            let out = without(&said, ["ann@x.org", long.as_str(), "İİİ", "aaa"].into_iter());
            assert!(out.chars().count() <= 302);
        }
        assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    }
}
