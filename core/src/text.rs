//! Texts that go into messages: short, and without what must not show.

/// At most forty characters of a name that somebody else wrote.
pub(crate) fn cut(text: &str) -> String {
    let mut short: String = text.chars().take(40).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

/// A text of Kinde's with everything that names the person struck out, one line, at most 300 characters.
pub(crate) fn without<'a>(text: &str, secrets: impl Iterator<Item = &'a str>) -> String {
    let mut out = text.to_owned();
    for secret in secrets.filter(|secret| secret.len() > 2) {
        // Without case, and as a query would have it. Where lowering moves the letters, nothing is kept.
        let escaped =
            percent_encoding::utf8_percent_encode(secret, percent_encoding::NON_ALPHANUMERIC).to_string();
        for form in [secret.to_lowercase(), escaped.to_lowercase()] {
            let lower = out.to_lowercase();
            if lower.contains(&form) && lower.len() != out.len() {
                return "***".into();
            }
            let mut rest = out.as_str();
            let mut kept = String::new();
            while let Some(at) = rest.to_lowercase().find(&form) {
                let (Some(before), Some(after)) = (rest.get(..at), rest.get(at + form.len()..)) else {
                    return "***".into();
                };
                kept = kept + before + "***";
                rest = after;
            }
            out = kept + rest;
        }
    }
    out.chars().map(|c| if c.is_control() { ' ' } else { c }).take(300).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_names_the_person_is_struck_out() {
        let said = "user Ann@X.org\nexists (ann@x.org, ANN%40X%2Eorg)";
        assert_eq!(super::without(said, ["Ann@X.org"].into_iter()), "user *** exists (***, ***)");
    }
}
