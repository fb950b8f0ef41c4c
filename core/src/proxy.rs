//! The HTTP proxy, with its user and password apart: no URL that holds them is parsed, shown or kept.

use std::net::IpAddr;

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
        if !scheme.eq_ignore_ascii_case("http") && !scheme.eq_ignore_ascii_case("https") {
            return Err(Error::new(Code::SettingInvalid, unsupported(scheme)));
        }
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

fn unsupported(scheme: &str) -> String {
    // Anything else may be part of a secret.
    let known = ["ftp", "socks", "socks4", "socks4a", "socks5", "socks5h", "ws", "wss", "file"];
    let shown = known.iter().find(|known| scheme.eq_ignore_ascii_case(known));
    let shown = shown.map(|scheme| format!(" ({scheme}://)")).unwrap_or_default();
    format!(
        "proxy has a scheme{shown} that is not supported: it takes http:// or https://, or none for no proxy"
    )
}

/// Whether a list such as `NO_PROXY` has the URL's host: names with all that is below them, with or without a dot in front
/// and a port behind; addresses, or networks such as 10.0.0.0/8; or `*` for all.
pub(crate) fn spares(hosts: &str, url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']).trim_end_matches('.');
    let address = host.parse::<IpAddr>().ok();
    hosts.split([',', ' ', '\t']).map(str::trim).filter(|entry| !entry.is_empty()).any(|entry| {
        if entry == "*" || network(entry).is_some_and(|net| address.is_some_and(|a| within(a, net))) {
            return true;
        }
        let (name, port) = with_port(entry);
        let name =
            name.trim_matches(['[', ']']).trim_start_matches("*.").trim_matches('.').to_ascii_lowercase();
        let same = match (address, name.parse::<IpAddr>()) {
            (Some(address), Ok(named)) => address == named,
            (None, Err(_)) if !name.is_empty() => {
                let before = host.strip_suffix(name.as_str());
                before.is_some_and(|before| before.is_empty() || before.ends_with('.'))
            }
            _ => false,
        };
        same && port.is_none_or(|port| url.port_or_known_default() == Some(port))
    })
}

/// An address without brackets has no port.
fn with_port(entry: &str) -> (&str, Option<u16>) {
    let split = entry.rsplit_once(':').filter(|(name, _)| !name.contains(':') || name.ends_with(']'));
    match split.and_then(|(name, port)| Some((name, port.parse().ok()?))) {
        Some((name, port)) => (name, Some(port)),
        None => (entry, None),
    }
}

fn network(entry: &str) -> Option<(IpAddr, u8)> {
    let (address, bits) = entry.split_once('/')?;
    let address: IpAddr = address.trim_matches(['[', ']']).parse().ok()?;
    let most = if address.is_ipv4() { 32 } else { 128 };
    bits.parse().ok().filter(|bits| *bits <= most).map(|bits| (address, bits))
}

fn within(address: IpAddr, (network, bits): (IpAddr, u8)) -> bool {
    let bits = u32::from(bits);
    match (address, network) {
        (IpAddr::V4(a), IpAddr::V4(n)) => {
            (u32::from(a) ^ u32::from(n)).checked_shr(32 - bits).unwrap_or(0) == 0
        }
        (IpAddr::V6(a), IpAddr::V6(n)) => {
            (u128::from(a) ^ u128::from(n)).checked_shr(128 - bits).unwrap_or(0) == 0
        }
        _ => false,
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
    fn only_http_proxies_are_taken_and_no_secret_is_shown() {
        for text in
            ["ftp://p.example:21", "socks5://me:hunter2@p.example", "SOCKS5H://p.example", "hunter2://p"]
        {
            let error = Proxy::parse(text).err().unwrap();
            assert_eq!(error.code, Code::SettingInvalid);
            assert!(!error.message.contains("hunter2") && error.message.contains("http://"), "{error}");
        }
        assert!(Proxy::parse("ftp://p").err().unwrap().message.contains("ftp"));
        assert!(Proxy::parse("HTTPS://p.example").is_ok());
    }

    #[test]
    fn hosts_are_spared_the_proxy_as_elsewhere() {
        let spares = |hosts: &str, url: &str| spares(hosts, &Url::parse(url).unwrap());
        let team = "https://team.kinde.com";
        for hosts in [
            "*",
            "team.kinde.com",
            "kinde.com",
            ".kinde.com",
            "*.kinde.com",
            "KINDE.COM.",
            "a.example, kinde.com",
            "a.example kinde.com",
            "kinde.com:443",
        ] {
            assert!(spares(hosts, team), "{hosts}");
        }
        for hosts in
            ["", ",", ".", "inde.com", "other.kinde.com", "kinde.com:8443", "kinde.com.evil", "10.0.0.0/8"]
        {
            assert!(!spares(hosts, team), "{hosts}");
        }
        for hosts in ["10.1.2.3", "10.0.0.0/8", "10.1.2.3:443", "0.0.0.0/0", "10.1.2.3/32"] {
            assert!(spares(hosts, "https://10.1.2.3"), "{hosts}");
        }
        for hosts in ["10.1.2.4", "11.0.0.0/8", "2.3", "10.0.0.0/33", "::/0"] {
            assert!(!spares(hosts, "https://10.1.2.3"), "{hosts}");
        }
        for hosts in ["fd00::1", "[fd00::1]", "[fd00::1]:443", "fd00::/8"] {
            assert!(spares(hosts, "https://[fd00::1]"), "{hosts}");
        }
        assert!(!spares("[fd00::1]:80", "https://[fd00::1]"));
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
