//! A user's fields made fit to be sent. Only the identity that the user is looked up by may reject, and their id in the old
//! system, because it proves who they are. Whatever else cannot be carried is cleaned or left out, and said in a notice.

use std::borrow::Cow;

use super::{Identity, phone, shape};
use crate::code::{Code, Error};
use crate::outcome::FieldNotice;
use crate::user::{USER_FIELDS, User};

/// The longest other field taken, in bytes. Kinde documents no limit.
const FIELD_MAX: usize = 2048;

/// A user whose fields can be sent.
pub(crate) struct Cleaned {
    /// The user, where something had to be changed.
    pub(crate) user: Option<Box<User>>,
    /// What the user is known by.
    pub(crate) identity: Identity,
}

impl User {
    /// The user as they are sent, or why they cannot be carried. What was done on the way is added to the notices.
    pub(crate) fn cleaned(&self, notices: &mut Vec<FieldNotice>) -> Result<Cleaned, Error> {
        let mut work = Work { user: self, copy: None, notices };
        let identity = work.identity()?;
        work.provided_id()?;
        if identity.kind == "email" {
            work.second("username");
        }
        if identity.kind != "phone" {
            work.second("phone");
        }
        for field in ["given_name", "family_name"] {
            work.name(field);
        }
        work.optional("picture", is_web_address);
        work.optional("organization_code", |_| true);
        if self.verified_is_unclear() {
            work.note(Code::FieldLeftOut, "email_verified");
        }
        let user = work.copy;
        if notices.len() > 1 {
            notices.sort_by_key(|notice| USER_FIELDS.iter().position(|field| *field == notice.field));
        }
        Ok(Cleaned { user, identity })
    }

    /// What the user is known by, or why they cannot be carried.
    pub(crate) fn identity(&self) -> Result<Identity, Error> {
        Work { user: self, copy: None, notices: &mut Vec::new() }.identity()
    }
}

/// A user whose fields are gone through.
struct Work<'a> {
    user: &'a User,
    copy: Option<Box<User>>,
    notices: &'a mut Vec<FieldNotice>,
}

impl<'a> Work<'a> {
    /// A field without white space around it, and whether there was any; none where nothing is left.
    fn given(&self, field: &str) -> Option<(&'a str, bool)> {
        let whole = self.user.text(field)?;
        let text = whole.trim();
        (!text.is_empty()).then_some((text, text.len() != whole.len()))
    }

    fn trimmed(&self, field: &str) -> Option<&'a str> {
        self.given(field).map(|(text, _)| text)
    }

    /// What the user is looked up by: the first that is given.
    fn identity(&mut self) -> Result<Identity, Error> {
        for field in ["email", "username", "phone"] {
            if self.user.is_not_utf8(field) {
                return Err(not_utf8(field));
            }
            let Some((text, is_trimmed)) = self.given(field) else {
                self.drop_blank(field);
                continue;
            };
            if field == "phone" {
                return self.phone(text);
            }
            let identity = Identity::read(field, text, None)?;
            if is_trimmed {
                self.note(Code::FieldCleaned, field);
            }
            if is_trimmed || identity.value != text {
                self.put(field, Some(identity.value.clone()));
            }
            return Ok(identity);
        }
        Err(Error::new(Code::UserMissing, "the user has neither email nor username nor phone"))
    }

    /// The phone number with its country.
    fn phone(&mut self, text: &str) -> Result<Identity, Error> {
        let field = "phone_country_id";
        let mut country = self.trimmed(field).and_then(phone::country);
        let identity = Identity::read("phone", text, country.or(self.trimmed(field)))?;
        // A country that the number is not of helps nobody.
        country = country.filter(|country| phone::is_of(&identity.value, country));
        if country.is_none() && (self.trimmed(field).is_some() || self.user.is_not_utf8(field)) {
            self.note(Code::FieldLeftOut, field);
        }
        if country != self.user.text(field) {
            self.put(field, country.map(str::to_owned));
        }
        if self.user.text("phone") != Some(&identity.value) {
            self.note(Code::FieldCleaned, "phone");
            self.put("phone", Some(identity.value.clone()));
        }
        Ok(identity)
    }

    /// An identity that only accompanies the one that is looked up.
    fn second(&mut self, field: &'static str) {
        if self.user.text(field).is_none() {
            return self.left_out_before(field);
        }
        let Some((text, is_trimmed)) = self.given(field) else { return self.drop_blank(field) };
        if field == "phone" {
            if self.phone(text).is_err() {
                self.leave_out(field);
            }
            return;
        }
        match Identity::read(field, text, None) {
            Ok(identity) => {
                if is_trimmed {
                    self.note(Code::FieldCleaned, field);
                }
                if is_trimmed || identity.value != text {
                    self.put(field, Some(identity.value));
                }
            }
            Err(_) => self.leave_out(field),
        }
    }

    /// The id in the old system: a changed one would be another person's.
    fn provided_id(&mut self) -> Result<(), Error> {
        let field = "provided_id";
        if self.user.is_not_utf8(field) {
            return Err(not_utf8(field));
        }
        let Some((text, is_trimmed)) = self.given(field) else {
            self.drop_blank(field);
            return Ok(());
        };
        check_text(field, text)?;
        if is_trimmed {
            self.note(Code::FieldCleaned, field);
            self.put(field, Some(text.to_owned()));
        }
        Ok(())
    }

    fn name(&mut self, field: &'static str) {
        let Some(text) = self.user.text(field) else {
            return self.left_out_before(field);
        };
        match tidy(text) {
            Cow::Borrowed(same) if same.len() <= FIELD_MAX => {
                if same.is_empty() {
                    self.put(field, None);
                }
            }
            Cow::Owned(tidy) if !tidy.is_empty() && tidy.len() <= FIELD_MAX => {
                self.note(Code::FieldCleaned, field);
                self.put(field, Some(tidy));
            }
            _ => self.leave_out(field),
        }
    }

    /// A field in which nothing may be changed but white space around it.
    fn optional(&mut self, field: &'static str, is_good: impl Fn(&str) -> bool) {
        if self.user.text(field).is_none() {
            return self.left_out_before(field);
        }
        let Some((text, is_trimmed)) = self.given(field) else { return self.drop_blank(field) };
        if check_text(field, text).is_err() || !is_good(text) {
            self.leave_out(field);
        } else if is_trimmed {
            self.note(Code::FieldCleaned, field);
            self.put(field, Some(text.to_owned()));
        }
    }

    /// White space alone is as good as nothing; an empty text needs no notice.
    fn drop_blank(&mut self, field: &'static str) {
        match self.user.text(field) {
            None => {}
            Some("") => self.put(field, None),
            Some(_) => self.leave_out(field),
        }
    }

    fn left_out_before(&mut self, field: &'static str) {
        if self.user.is_not_utf8(field) {
            self.note(Code::FieldLeftOut, field);
        }
    }

    fn leave_out(&mut self, field: &'static str) {
        self.note(Code::FieldLeftOut, field);
        self.put(field, None);
    }

    fn put(&mut self, field: &'static str, text: Option<String>) {
        let copy = self.copy.get_or_insert_with(|| Box::new(self.user.clone()));
        if let Some(place) = copy.text_mut(field) {
            *place = text;
        }
    }

    fn note(&mut self, code: Code, field: &'static str) {
        self.notices.push(FieldNotice { code, field });
    }
}

fn not_utf8(field: &str) -> Error {
    Error::new(Code::InvalidUtf8, format!("{field} is not valid UTF-8; convert it first"))
}

/// What holds for every text that must not be changed.
pub(super) fn check_text(field: &str, text: &str) -> Result<(), Error> {
    let invalid = |what: String| Err(Error::new(Code::FieldInvalid, format!("{field} {what}")));
    if text.len() > FIELD_MAX {
        return invalid(format!("has more than the {FIELD_MAX} bytes that are taken"));
    }
    if shape::is_plain(text) {
        return Ok(());
    }
    if text.chars().any(char::is_control) {
        return invalid("holds a control character".into());
    }
    if text.contains(shape::REPLACEMENT) {
        return invalid("holds the mark of a failed conversion (U+FFFD)".into());
    }
    Ok(())
}

/// A name without white space around it and without control characters.
fn tidy(text: &str) -> Cow<'_, str> {
    let has_no_control = shape::is_plain(text) || !text.chars().any(char::is_control);
    let is_tidy = has_no_control && text.trim().len() == text.len();
    if is_tidy {
        return Cow::Borrowed(text);
    }
    // Tabs and line breaks part words.
    let apart = |c: char| if c.is_whitespace() { ' ' } else { c };
    let cleaned: String = text
        .trim()
        .chars()
        .map(|c| if c.is_control() { apart(c) } else { c })
        .filter(|c| !c.is_control())
        .collect();
    Cow::Owned(cleaned.trim().to_owned())
}

/// Whether a text is a picture's address that Kinde's pages can show.
fn is_web_address(text: &str) -> bool {
    is_simple_address(text)
        || reqwest::Url::parse(text)
            .is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

/// Whether it is beyond doubt without taking it apart, as nearly all are.
fn is_simple_address(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")) else {
        return false;
    };
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    host.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic())
        && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.')
        && !host.contains("xn--")
        && path.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(fields: &[(&str, &str)]) -> User {
        let mut user = User::default();
        for (name, value) in fields {
            user.set(name, value).unwrap();
        }
        user
    }

    fn clean(user: &User) -> (Result<User, Code>, Vec<(Code, &'static str)>) {
        let mut notices = Vec::new();
        let cleaned = user.cleaned(&mut notices).map_err(|error| error.code);
        let user = cleaned.map(|cleaned| cleaned.user.map_or_else(|| user.clone(), |user| *user));
        (user, notices.into_iter().map(|notice| (notice.code, notice.field)).collect())
    }

    const CLEANED: Code = Code::FieldCleaned;
    const LEFT_OUT: Code = Code::FieldLeftOut;

    #[test]
    fn nothing_is_copied_where_nothing_is_wrong() {
        let good = user(&[
            ("email", "Ann@X.org"),
            ("username", "ann"),
            ("phone", "+61426148233"),
            ("phone_country_id", "au"),
            ("given_name", "Ann"),
            ("family_name", "O'Neil-Müller"),
            ("picture", "https://x.org/a.png"),
            ("provided_id", "7"),
            ("email_verified", "1"),
            ("organization_code", "org_1"),
        ]);
        let mut notices = Vec::new();
        assert!(good.cleaned(&mut notices).unwrap().user.is_none());
        assert!(notices.is_empty());
    }

    #[test]
    fn one_bad_optional_field_is_cleaned_or_left_out_and_named() {
        let long = "x".repeat(FIELD_MAX + 1);
        let picture = format!("https://x.org/{long}");
        for (field, value, code, becomes) in [
            ("given_name", "Ann\tMarie", CLEANED, Some("Ann Marie")),
            ("given_name", " Ann\r\n", CLEANED, Some("Ann")),
            ("family_name", "Lee\r", CLEANED, Some("Lee")),
            ("family_name", "L\0e\u{7}e\u{85}", CLEANED, Some("Lee")),
            ("family_name", " \t ", LEFT_OUT, None),
            ("family_name", &long, LEFT_OUT, None),
            ("picture", " https://x.org/a.png\n", CLEANED, Some("https://x.org/a.png")),
            ("picture", "data:image/png;base64,AAAA", LEFT_OUT, None),
            ("picture", "/media/a.png", LEFT_OUT, None),
            ("picture", "//x.org/a.png", LEFT_OUT, None),
            ("picture", "javascript:alert(1)", LEFT_OUT, None),
            ("picture", "https://", LEFT_OUT, None),
            ("picture", "https://x.org/\u{1}a", LEFT_OUT, None),
            ("picture", &picture, LEFT_OUT, None),
            ("organization_code", "org_1 ", CLEANED, Some("org_1")),
            ("organization_code", "org\t1", LEFT_OUT, None),
            ("provided_id", " 7\n", CLEANED, Some("7")),
            ("provided_id", "  ", LEFT_OUT, None),
            ("username", " ann ", CLEANED, Some("ann")),
            ("username", "an\0n", LEFT_OUT, None),
            ("username", "\u{212a}ate", LEFT_OUT, None),
            ("phone", "+61 426 148 233", CLEANED, Some("+61426148233")),
            ("phone", "0426148233", LEFT_OUT, None),
            ("phone", "n/a", LEFT_OUT, None),
        ] {
            let given = user(&[("email", "ann@x.org"), (field, value)]);
            let (cleaned, notices) = clean(&given);
            let cleaned = cleaned.unwrap();
            assert_eq!(cleaned.text(field), becomes, "{field} {value:?}");
            assert_eq!(notices, [(code, field)], "{field} {value:?}");
            // A second time there is nothing to do.
            assert_eq!(clean(&cleaned).1, [], "{field} {value:?}");
        }
    }

    #[test]
    fn bytes_that_are_not_utf8_leave_their_optional_field_out() {
        for field in ["username", "phone", "given_name", "family_name", "picture", "organization_code"] {
            let mut given = user(&[("email", "ann@x.org"), (field, "x")]);
            given.set(field, b"M\xfcller").unwrap();
            let (cleaned, notices) = clean(&given);
            assert_eq!(cleaned.unwrap().text(field), None, "{field}");
            assert_eq!(notices, [(LEFT_OUT, field)], "{field}");
        }
        for field in ["email", "provided_id"] {
            let mut given = user(&[("email", "ann@x.org"), ("username", "ann")]);
            given.set(field, b"\xff").unwrap();
            assert_eq!(clean(&given).0.err(), Some(Code::InvalidUtf8), "{field}");
        }
        let mut mended = user(&[("email", "ann@x.org")]);
        mended.set("given_name", b"\xff").unwrap();
        mended.set("given_name", "Ann").unwrap();
        assert_eq!(clean(&mended).1, []);
    }

    #[test]
    fn an_e_mail_is_trimmed_and_never_changed_within() {
        let (cleaned, notices) = clean(&user(&[("email", "\u{a0} Ann@X.org\r\n")]));
        assert_eq!(cleaned.unwrap().email.as_deref(), Some("Ann@X.org"));
        assert_eq!(notices, [(CLEANED, "email")]);
        let (cleaned, notices) = clean(&user(&[("email", "jose\u{301}@x.org")]));
        assert_eq!((cleaned.unwrap().email.as_deref(), notices), (Some("jos\u{e9}@x.org"), vec![]));
        assert_eq!(clean(&user(&[("email", "a\tb@x.org")])).0.err(), Some(Code::EmailInvalid));
    }

    #[test]
    fn what_is_blank_is_not_given() {
        let (cleaned, notices) = clean(&user(&[("email", "  "), ("username", "ann")]));
        assert_eq!((cleaned.unwrap().email, notices), (None, vec![(LEFT_OUT, "email")]));
        assert_eq!(clean(&user(&[("email", " ")])).0.err(), Some(Code::UserMissing));
        let mut empty = User::with_email("ann@x.org");
        (empty.given_name, empty.provided_id) = (Some(String::new()), Some(String::new()));
        let (cleaned, notices) = clean(&empty);
        let cleaned = cleaned.unwrap();
        assert_eq!((cleaned.given_name, cleaned.provided_id, notices), (None, None, vec![]));
    }

    #[test]
    fn an_id_is_never_changed_within() {
        for id in ["a\tb", "a\0b", "a\u{fffd}", &"7".repeat(FIELD_MAX + 1)] {
            let given = user(&[("email", "ann@x.org"), ("provided_id", id)]);
            assert_eq!(clean(&given).0.err(), Some(Code::FieldInvalid));
        }
    }

    #[test]
    fn a_phone_is_of_its_country_or_is_not_taken() {
        let of =
            |phone: &str, country: &str| clean(&user(&[("phone", phone), ("phone_country_id", country)]));
        let (cleaned, notices) = of("0426 148 233", " AU");
        let cleaned = cleaned.unwrap();
        assert_eq!(cleaned.phone.as_deref(), Some("+61426148233"));
        assert_eq!(cleaned.phone_country_id.as_deref(), Some("au"));
        assert_eq!(notices, [(CLEANED, "phone")]);
        let key = |country: &str| of("0426148233", country).0.unwrap().identity().unwrap().key().to_owned();
        assert_ne!(key("au"), key("nz"));
        for (phone, country, code) in [
            ("0426148233", "", Code::PhoneInvalid),
            ("0426148233", "xx", Code::PhoneInvalid),
            ("0426148233", "Australia", Code::PhoneInvalid),
            ("call me", "au", Code::PhoneInvalid),
        ] {
            assert_eq!(of(phone, country).0.err(), Some(code), "{phone} {country}");
        }
        for country in ["gb", "xx"] {
            let (cleaned, notices) = of("+61426148233", country);
            assert_eq!(
                (cleaned.unwrap().phone_country_id, notices),
                (None, vec![(LEFT_OUT, "phone_country_id")])
            );
        }
    }

    #[test]
    fn what_databases_write_for_a_truth_value_is_one() {
        let verified = |text: &str| clean(&user(&[("email", "ann@x.org"), ("email_verified", text)]));
        for text in ["true", "True", "TRUE", "1", "t", "T", "yes", "on", "y", " Y ", "\u{1}"] {
            assert_eq!(
                (verified(text).0.unwrap().email_verified, verified(text).1),
                (Some(true), vec![]),
                "{text:?}"
            );
        }
        for text in ["false", "False", "0", "f", "no", "off", "n", "N", "\0"] {
            assert_eq!(
                (verified(text).0.unwrap().email_verified, verified(text).1),
                (Some(false), vec![]),
                "{text:?}"
            );
        }
        assert_eq!((verified("").0.unwrap().email_verified, verified("").1), (None, vec![]));
        for text in ["maybe", "2", "2024-01-01", "null"] {
            assert_eq!(
                (verified(text).0.unwrap().email_verified, verified(text).1),
                (None, vec![(LEFT_OUT, "email_verified")])
            );
        }
    }
}
