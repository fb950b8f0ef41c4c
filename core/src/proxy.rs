//! The HTTP proxy, with its user and password apart: no URL that holds them is parsed, shown or kept.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode_str;
use reqwest::Url;
use reqwest::header::HeaderValue;
use zeroize::Zeroizing;

use crate::code::{Code, Error};
use crate::pages::header;

pub(crate) struct Proxy {
    /// Without user and password.
    url: Url,
    /// `Basic …`, where the setting named a user.
    authorization: Option<HeaderValue>,
}

impl Proxy {
    /// Reads the setting.
    pub(crate) fn parse(text: &str) -> Result<Proxy, Error> {
        let invalid =
            || Error::new(Code::SettingInvalid, "proxy is not a URL such as http://proxy.example:3128");
        let (scheme, rest) = text.split_once("://").ok_or_else(invalid)?;
        let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        let (user, host) = match authority.rsplit_once('@') {
            Some((user, host)) => (Some(user), host),
            None => (None, authority),
        };
        let url = Url::parse(&format!("{scheme}://{host}{path}")).ok().filter(Url::has_host);
        let authorization = user.filter(|user| !user.is_empty()).map(|user| basic(user).ok_or_else(invalid));
        Ok(Proxy { url: url.ok_or_else(invalid)?, authorization: authorization.transpose()? })
    }

    pub(crate) fn to_reqwest(&self) -> Option<reqwest::Proxy> {
        let proxy = reqwest::Proxy::all(self.url.clone()).ok()?;
        Some(match &self.authorization {
            Some(value) => proxy.custom_http_auth(value.clone()),
            None => proxy,
        })
    }
}

/// RFC 7617 for `user:password` as it stands in a URL.
fn basic(user: &str) -> Option<HeaderValue> {
    let (name, password) = user.split_once(':').unwrap_or((user, ""));
    // Room for all of it: a buffer that grows leaves copies behind.
    let mut plain = Zeroizing::new(Vec::with_capacity(user.len() + 1));
    plain.extend(percent_decode_str(name));
    plain.push(b':');
    plain.extend(percent_decode_str(password));
    let mut text = Zeroizing::new(String::with_capacity(6 + plain.len().div_ceil(3) * 4));
    text.push_str("Basic ");
    STANDARD.encode_string(&*plain, &mut text);
    header(&[&text])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_and_password_are_kept_apart_from_the_url() {
        let proxy = Proxy::parse("http://me:p%40ss:w@proxy.example:3128").unwrap();
        assert_eq!(proxy.url.as_str(), "http://proxy.example:3128/");
        assert_eq!(proxy.authorization.as_ref().unwrap(), "Basic bWU6cEBzczp3");
        assert!(proxy.to_reqwest().is_some());
        assert!(!format!("{:?}", proxy.authorization).contains("bWU6"));
        assert_eq!(Proxy::parse("http://me@p.example").unwrap().authorization.unwrap(), "Basic bWU6");
        assert!(Proxy::parse("http://@p.example").unwrap().authorization.is_none());
        let plain = Proxy::parse("http://p.example/a@b").unwrap();
        assert!(plain.authorization.is_none() && plain.url.as_str() == "http://p.example/a@b");
    }

    #[test]
    fn what_is_no_proxy_is_refused_without_showing_it() {
        for text in [
            "proxy",
            "me:hunter2@proxy:1",
            "http://me:hunter2@",
            "http://me:hunter2@:1",
            "http://me:hunter2@a b",
        ] {
            let error = Proxy::parse(text).err().unwrap();
            assert_eq!(error.code, Code::SettingInvalid);
            assert!(!error.message.contains("hunter2"), "{error}");
        }
    }
}
