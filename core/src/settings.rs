//! The settings: one table of names, the same in every language, in the environment and in the README.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use reqwest::Url;
use secrecy::ExposeSecret;
use zeroize::Zeroizing;

use crate::code::{Code, Error};
use crate::hash::Guesses;
use crate::ledger::{LedgerPlace, ledger_place};
use crate::pace::Ceilings;
use crate::pages::{Secret, secret};
use crate::proxy::{Proxy, spares};
use crate::text::cut;

/// One setting: its name, the environment variables it is read from, and what it does.
pub struct Setting {
    /// The name in every language.
    pub name: &'static str,
    /// The environment variables that are asked in turn where the constructor does not set it.
    pub env: &'static [&'static str],
    /// The value where neither is set, in words.
    pub default: &'static str,
    /// What it does.
    pub help: &'static str,
}

macro_rules! settings {
    ($($name:literal, [$($env:literal),*], $default:literal, $help:literal;)*) => {
        /// Every setting, in the order of the README.
        pub const SETTINGS: &[Setting] = &[$(Setting { name: $name, env: &[$($env),*], default: $default, help: $help },)*];
    };
}

settings! {
    "domain", ["KINDE_MIGRATE_DOMAIN", "KINDE_DOMAIN", "KINDE_HOST"], "required",
        "your Kinde domain: a host name or its https:// URL (http:// on loopback only)";
    "client_id", ["KINDE_MIGRATE_CLIENT_ID", "KINDE_MANAGEMENT_CLIENT_ID"], "required",
        "client id of a machine-to-machine application";
    "client_secret", ["KINDE_MIGRATE_CLIENT_SECRET", "KINDE_MANAGEMENT_CLIENT_SECRET"], "required",
        "its client secret";
    "previous_client_secret", ["KINDE_MIGRATE_PREVIOUS_CLIENT_SECRET"], "none",
        "the secret before the last rotation, so that what it sealed in the ledger can still be read";
    "audience", ["KINDE_MIGRATE_AUDIENCE"], "https://{domain}/api",
        "audience of the access token";
    "ledger", ["KINDE_MIGRATE_LEDGER"], "$XDG_STATE_HOME/kinde-migrate/ledger.db, …",
        "path of the ledger on a local disk, shared by all processes of the host; `memory` keeps it in this process";
    "share_token", ["KINDE_MIGRATE_SHARE_TOKEN"], "true",
        "`true` keeps one access token, sealed in the ledger, for all processes of the host; `false` fetches one for each process";
    "deadline", ["KINDE_MIGRATE_DEADLINE"], "2",
        "seconds that a verb may take at most; what is not done by then goes on from the outbox";
    "max_calls_per_minute", ["KINDE_MIGRATE_MAX_CALLS_PER_MINUTE"], "none",
        "calls to Kinde a minute at most, of all processes of the ledger, whatever is learnt of its limit; 0 makes none";
    "max_in_flight", ["KINDE_MIGRATE_MAX_IN_FLIGHT"], "none",
        "calls to Kinde at the same time at most, of all processes of the ledger; 0 makes none";
    "use_at_most", ["KINDE_MIGRATE_USE_AT_MOST"], "1",
        "share of Kinde's limits, once they are learnt, that is used: 0.8 leaves a fifth to your other uses of the API";
    "on_existing", ["KINDE_MIGRATE_ON_EXISTING"], "update",
        "a user already in Kinde: `update`, `keep`, or `update_unclaimed` (only one who has never signed in there)";
    "require_verified_email", ["KINDE_MIGRATE_REQUIRE_VERIFIED_EMAIL"], "false",
        "`true` leaves everybody alone whose `email_verified` is not true, so that nobody takes over an address that is not theirs";
    "require_provided_id", ["KINDE_MIGRATE_REQUIRE_PROVIDED_ID"], "false",
        "`true` leaves everybody alone for whom the call gives no `provided_id`, so that no call goes by an address alone";
    "drain_in_background", ["KINDE_MIGRATE_DRAIN_IN_BACKGROUND"], "false",
        "`true` delivers the outbox on a thread of this process, started when something is owed; for processes that live long";
    "send_plaintext", ["KINDE_MIGRATE_SEND_PLAINTEXT"], "false",
        "`true` sends a typed password as `password` instead of as a bcrypt hash";
    "bcrypt_cost", ["KINDE_MIGRATE_BCRYPT_COST"], "10",
        "cost of the bcrypt hash made of a typed password, 4 to 15";
    "verify_mapping", ["KINDE_MIGRATE_VERIFY_MAPPING"], "false",
        "`true` sends the stored hash of a call that has both once the typed password has proved its mapping; what fails the proof goes as a new bcrypt hash";
    "allow_guesses", ["KINDE_MIGRATE_ALLOW_GUESSES"], "none",
        "hash formats whose mapping is a guess and may be used all the same: ids with commas between them, or `all`";
    "proxy", ["KINDE_MIGRATE_PROXY", "HTTPS_PROXY", "https_proxy"], "none",
        "URL of an HTTP proxy (http:// or https://), or `none`; never used for loopback, nor for the hosts in `NO_PROXY`";
}

/// Not a setting, but kept among them: the environment is read once.
const NO_PROXY: &str = "no_proxy";

/// What the application sets, as text, by the names of [`SETTINGS`]. Values are read when the migrator
/// is built, so that one error names the setting and the cure. All are held as secrets.
#[derive(Clone, Default)]
pub struct Settings {
    values: BTreeMap<&'static str, Secret>,
    /// What is taken where neither the values nor the environment have one.
    defaults: BTreeMap<&'static str, Secret>,
}

/// The longest value taken.
const VALUE_MAX: usize = 16_384;

impl Settings {
    /// No settings yet.
    pub fn new() -> Self {
        Settings::default()
    }

    /// Sets one. An empty text counts as not set. Raises [`Code::SettingUnknown`], and [`Code::SettingInvalid`] for
    /// what is not UTF-8 or too long.
    pub fn set(&mut self, name: &str, value: impl AsRef<[u8]>) -> Result<(), Error> {
        set_in(&mut self.values, name, value.as_ref())
    }

    /// Sets what is taken where the environment does not have this setting either: for a language's own place of
    /// settings. Otherwise as [`Settings::set`].
    pub fn set_default(&mut self, name: &str, value: impl AsRef<[u8]>) -> Result<(), Error> {
        set_in(&mut self.defaults, name, value.as_ref())
    }

    /// [`Settings::set`], to be chained.
    pub fn with(mut self, name: &str, value: impl AsRef<[u8]>) -> Result<Self, Error> {
        self.set(name, value)?;
        Ok(self)
    }

    /// Fills what is not set from the process's environment, then from the defaults. This is the only time that the
    /// environment is read.
    pub(crate) fn with_environment(mut self) -> Result<Self, Error> {
        for setting in SETTINGS {
            if self.values.contains_key(setting.name) {
                continue;
            }
            for variable in setting.env {
                match std::env::var(variable).map(Zeroizing::new) {
                    Ok(value) if !value.is_empty() => {
                        self.values.insert(setting.name, secret(value.as_bytes()));
                        break;
                    }
                    Ok(_) | Err(std::env::VarError::NotPresent) => {}
                    Err(std::env::VarError::NotUnicode(_)) => {
                        let message = format!("the environment variable {variable} is not valid UTF-8");
                        return Err(Error::new(Code::SettingInvalid, message));
                    }
                }
            }
        }
        for (name, value) in std::mem::take(&mut self.defaults) {
            self.values.entry(name).or_insert(value);
        }
        self.read_no_proxy();
        Ok(self)
    }

    /// The hosts that the environment wants to be reached without a proxy. The name in lower case goes first, as with curl.
    fn read_no_proxy(&mut self) {
        if self.values.contains_key(NO_PROXY) {
            return;
        }
        let given = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
        if let Some(hosts) = given("no_proxy").or_else(|| given("NO_PROXY")) {
            self.values.insert(NO_PROXY, secret(hosts));
        }
    }

    /// What a migrator of these settings would work on, for tools that tell people. Raises what building one would.
    pub fn places(&self) -> Result<Places, Error> {
        let config = self.clone().with_environment()?.resolve()?;
        let ledger = config.ledger.choose().map(|place| place.path);
        Ok(Places { domain: config.base.as_str().trim_end_matches('/').to_owned(), ledger })
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(|value| value.expose_secret().text())
    }

    /// Reads every value. Raises what is missing or cannot be used.
    pub(crate) fn resolve(&self) -> Result<Config, Error> {
        let base = base_url(self.text("domain"))?;
        let client_id = self.required("client_id", Code::ClientIdMissing)?;
        let client_secret = self.required("client_secret", Code::ClientSecretMissing)?;
        let origin = base.as_str().trim_end_matches('/').to_owned();
        Ok(Config {
            audience: self.text("audience").map_or_else(|| format!("{origin}/api"), str::to_owned),
            client_id: client_id.to_owned(),
            client_secret: secret(client_secret),
            previous_client_secret: self.text("previous_client_secret").map(secret),
            ledger: ledger_place(self.text("ledger"))?,
            share_token: self.flag("share_token", true)?,
            deadline: self.seconds("deadline", 2.0, 0.05, 60.0)?,
            ceilings: Ceilings {
                max_calls_per_minute: self.count("max_calls_per_minute", 1_000_000)?.map(f64::from),
                max_in_flight: self.count("max_in_flight", 100_000)?,
                use_at_most: self.share("use_at_most")?,
            },
            on_existing: match self.text("on_existing").unwrap_or("update") {
                "update" => OnExisting::Update,
                "keep" => OnExisting::Keep,
                "update_unclaimed" => OnExisting::UpdateUnclaimed,
                _ => return Err(invalid("on_existing", "is none of update, keep, update_unclaimed")),
            },
            require_verified_email: self.flag("require_verified_email", false)?,
            require_provided_id: self.flag("require_provided_id", false)?,
            drain_in_background: self.flag("drain_in_background", false)?,
            send_plaintext: self.flag("send_plaintext", false)?,
            bcrypt_cost: self.bcrypt_cost()?,
            verify_mapping: self.flag("verify_mapping", false)?,
            guesses: guesses(self.text("allow_guesses"))?,
            proxy: self.proxy(&base)?,
            base,
        })
    }

    /// The proxy, unless there is to be none for this domain.
    fn proxy(&self, base: &Url) -> Result<Option<Proxy>, Error> {
        let proxy = self.text("proxy").filter(|text| *text != "none").map(Proxy::parse).transpose()?;
        let spared = is_loopback(base) || self.text(NO_PROXY).is_some_and(|hosts| spares(hosts, base));
        Ok(proxy.filter(|_| !spared))
    }

    fn required(&self, name: &str, code: Code) -> Result<&str, Error> {
        self.text(name).filter(|text| !text.trim().is_empty()).ok_or_else(|| {
            let variable = SETTINGS.iter().find(|s| s.name == name).and_then(|s| s.env.last()).copied();
            let message =
                format!("{name} is missing; set it or the environment variable {}", variable.unwrap_or(""));
            Error::new(code, message)
        })
    }

    fn flag(&self, name: &'static str, default: bool) -> Result<bool, Error> {
        match self.text(name) {
            None => Ok(default),
            Some("false" | "0" | "no" | "off") => Ok(false),
            Some("true" | "1" | "yes" | "on") => Ok(true),
            Some(_) => Err(invalid(name, "is neither true nor false")),
        }
    }

    fn bcrypt_cost(&self) -> Result<u32, Error> {
        let text = self.text("bcrypt_cost").unwrap_or("10");
        match text.parse() {
            Ok(cost @ 4..=15) => Ok(cost),
            _ => Err(invalid("bcrypt_cost", "is not a whole number from 4 to 15")),
        }
    }

    fn count(&self, name: &'static str, most: u32) -> Result<Option<u32>, Error> {
        let Some(text) = self.text(name).filter(|text| *text != "none") else { return Ok(None) };
        match text.parse() {
            Ok(count) if count <= most => Ok(Some(count)),
            _ => Err(invalid(name, &format!("is neither a whole number up to {most} nor `none`"))),
        }
    }

    /// More than nothing, at most all.
    fn share(&self, name: &'static str) -> Result<f64, Error> {
        let Some(text) = self.text(name) else { return Ok(1.0) };
        match text.parse::<f64>() {
            Ok(share) if (0.01..=1.0).contains(&share) => Ok(share),
            _ => Err(invalid(name, "is not a number from 0.01 to 1")),
        }
    }

    fn seconds(&self, name: &'static str, default: f64, least: f64, most: f64) -> Result<Duration, Error> {
        let Some(text) = self.text(name) else { return Ok(Duration::from_secs_f64(default)) };
        match text.parse::<f64>() {
            Ok(seconds) if (least..=most).contains(&seconds) => Ok(Duration::from_secs_f64(seconds)),
            _ => Err(invalid(name, &format!("is not a number of seconds from {least} to {most}"))),
        }
    }
}

fn set_in(values: &mut BTreeMap<&'static str, Secret>, name: &str, value: &[u8]) -> Result<(), Error> {
    let Some(known) = SETTINGS.iter().find(|setting| setting.name == name) else {
        let name = cut(name);
        let names: Vec<_> = SETTINGS.iter().map(|setting| setting.name).collect();
        let nearest =
            names.iter().min_by_key(|known| distance(known, &name)).filter(|n| distance(n, &name) <= 3);
        let hint = match nearest {
            Some(nearest) => format!("did you mean {nearest}?"),
            None => format!("there are {}", names.join(", ")),
        };
        let shown = shown(&name).map(|name| format!(" {name}")).unwrap_or_default();
        return Err(Error::new(Code::SettingUnknown, format!("no setting{shown}; {hint}")));
    };
    let unusable = |why| Err(Error::new(Code::SettingInvalid, format!("{} {why}", known.name)));
    if value.len() > VALUE_MAX {
        return unusable("is longer than 16384 bytes");
    }
    if std::str::from_utf8(value).is_err() {
        return unusable("is not valid UTF-8");
    }
    match value.is_empty() {
        true => values.remove(known.name),
        false => values.insert(known.name, secret(value)),
    };
    Ok(())
}

/// What a migrator works on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Places {
    /// The Kinde domain's URL, without a path.
    pub domain: String,
    /// The ledger's file; none where it is kept in memory.
    pub ledger: Option<PathBuf>,
}

/// Two settings are the same if every value is: what shares a migrator within a process.
impl PartialEq for Settings {
    fn eq(&self, other: &Self) -> bool {
        self.values.len() == other.values.len()
            && self.values.iter().zip(&other.values).all(|((name, value), (other_name, other_value))| {
                name == other_name && value.expose_secret()[..] == other_value.expose_secret()[..]
            })
    }
}

/// The settings, read.
pub(crate) struct Config {
    pub(crate) base: Url,
    pub(crate) audience: String,
    pub(crate) client_id: String,
    pub(crate) client_secret: Secret,
    pub(crate) previous_client_secret: Option<Secret>,
    pub(crate) ledger: LedgerPlace,
    pub(crate) share_token: bool,
    pub(crate) deadline: Duration,
    pub(crate) ceilings: Ceilings,
    pub(crate) on_existing: OnExisting,
    pub(crate) require_verified_email: bool,
    pub(crate) require_provided_id: bool,
    pub(crate) drain_in_background: bool,
    pub(crate) send_plaintext: bool,
    pub(crate) bcrypt_cost: u32,
    pub(crate) verify_mapping: bool,
    pub(crate) guesses: Guesses,
    pub(crate) proxy: Option<Proxy>,
}

/// What is done with a user who is in Kinde already.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum OnExisting {
    Update,
    Keep,
    UpdateUnclaimed,
}

/// `all`, `none`, or ids of formats with commas between them.
pub(crate) fn guesses(text: Option<&str>) -> Result<Guesses, Error> {
    match text {
        None | Some("none") => Ok(Guesses::none()),
        Some("all") => Ok(Guesses::all()),
        Some(ids) => {
            let mut guesses = Guesses::none();
            for id in ids.split(',').map(str::trim).filter(|id| !id.is_empty()) {
                guesses.allow(id).map_err(|error| {
                    let format = error.format.map(|format| format!(" ({format})")).unwrap_or_default();
                    invalid(
                        "allow_guesses",
                        &format!("has an id that cannot be used{format}: {}", error.reason),
                    )
                })?;
            }
            Ok(guesses)
        }
    }
}

/// The value is not shown: it may be a secret that was put into the wrong place.
fn invalid(name: &str, what: &str) -> Error {
    Error::new(Code::SettingInvalid, format!("{name} {what}"))
}

/// A name that is no setting's, if it looks like one and not like a secret that was taken for a name.
fn shown(name: &str) -> Option<&str> {
    let word = |name: &str| name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    Some(name).filter(|name| (1..=32).contains(&name.len()) && word(name))
}

/// `https://host[:port]/` of a host name or URL; `http://` for loopback only.
fn base_url(domain: Option<&str>) -> Result<Url, Error> {
    let domain = domain.map(str::trim).filter(|text| !text.is_empty()).ok_or_else(|| {
        let message =
            "domain is missing; set it or the environment variable KINDE_DOMAIN, as in yourteam.kinde.com";
        Error::new(Code::DomainMissing, message)
    })?;
    let refused = |why: &str| {
        let message = format!("domain {why}; write it as yourteam.kinde.com or https://yourteam.kinde.com");
        Error::new(Code::DomainInvalid, message)
    };
    if domain.contains('@') {
        // Not shown: what stands before the @ may be a password.
        let message = "domain holds user information; write it as yourteam.kinde.com";
        return Err(Error::new(Code::DomainInvalid, message));
    }
    if domain.chars().any(|c| c.is_whitespace() || c.is_control() || !c.is_ascii()) {
        return Err(refused("holds a space, a control character or a letter outside ASCII"));
    }
    let text = if domain.contains("://") { domain.to_owned() } else { format!("https://{domain}") };
    let url = Url::parse(&text).map_err(|_| refused("is not a host name"))?;
    let Some(host) = url.host_str() else { return Err(refused("has no host")) };
    if !url.path().trim_end_matches('/').is_empty() || url.query().is_some() || url.fragment().is_some() {
        return Err(refused("has more than a host"));
    }
    let loopback = is_loopback(&url);
    if !loopback && !host.contains('.') && !host.starts_with('[') {
        return Err(refused("is not a full host name"));
    }
    match url.scheme() {
        "https" => Ok(url),
        "http" if loopback => Ok(url),
        "http" => {
            let message = "domain is http:// and not on this machine; passwords go over https only";
            Err(Error::new(Code::DomainInsecure, message))
        }
        _ => Err(refused("is not an https:// URL")),
    }
}

/// Whether a URL's host is this machine.
pub(crate) fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// Levenshtein's distance, to name the setting that was meant.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (y, cell) in b.chars().zip(row.iter_mut().skip(1)) {
            let here = (*cell + 1).min(left + 1).min(diagonal + usize::from(x != y));
            diagonal = std::mem::replace(cell, here);
            left = here;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(domain: &str) -> Option<Code> {
        base_url(Some(domain)).err().map(|error| error.code)
    }

    #[test]
    fn a_domain_is_a_host_name_or_the_url_of_one() {
        for (domain, base) in [
            ("team.kinde.com", "https://team.kinde.com/"),
            ("https://auth.example.com/", "https://auth.example.com/"),
            ("http://127.0.0.1:4010", "http://127.0.0.1:4010/"),
            ("http://localhost:4010", "http://localhost:4010/"),
            ("http://[::1]:4010", "http://[::1]:4010/"),
        ] {
            assert_eq!(base_url(Some(domain)).unwrap().as_str(), base);
        }
    }

    #[test]
    fn other_domains_are_refused() {
        assert_eq!(refusal("http://team.kinde.com"), Some(Code::DomainInsecure));
        assert_eq!(refusal("http://127.0.0.1.evil.example"), Some(Code::DomainInsecure));
        for domain in
            ["team", "https://team.kinde.com/api", "ftp://team.kinde.com", "te am.kinde.com", "a:b@kinde.com"]
        {
            assert_eq!(refusal(domain), Some(Code::DomainInvalid), "{domain}");
        }
        assert_eq!(refusal(" "), Some(Code::DomainMissing));
        let error = base_url(Some("https://me:hunter2@kinde.com")).unwrap_err();
        assert!(!error.message.contains("hunter2"));
    }

    #[test]
    fn a_default_comes_after_what_is_set() {
        let mut settings = Settings::new();
        settings.set_default("deadline", "3").unwrap();
        settings.set_default("audience", "php.ini's").unwrap();
        settings.set("audience", "the constructor's").unwrap();
        let settings = settings.with_environment().unwrap();
        assert_eq!(
            (settings.text("deadline"), settings.text("audience")),
            (Some("3"), Some("the constructor's"))
        );
    }

    #[test]
    fn a_value_that_is_no_text_or_too_long_is_refused() {
        let long = vec![b'x'; VALUE_MAX + 1];
        for value in [&b"\xff"[..], &long] {
            let error = Settings::new().set("audience", value).unwrap_err();
            assert_eq!(error.code, Code::SettingInvalid);
        }
        let error = Settings::new().set(&"deadline".repeat(1 << 20), "1").unwrap_err();
        assert!(error.code == Code::SettingUnknown && error.message.len() < 1000);
    }

    #[test]
    fn an_unknown_setting_names_the_one_that_was_meant() {
        let error = Settings::new().set("deadlin", "1").unwrap_err();
        assert_eq!(error.code, Code::SettingUnknown);
        assert!(error.message.contains("did you mean deadline?"), "{error}");
    }

    /// Any value may be a secret that was put into the wrong place.
    #[test]
    fn no_value_is_shown() {
        let known = [("domain", "team.kinde.com"), ("client_id", "a"), ("client_secret", "b")];
        let known = || known.iter().fold(Settings::new(), |s, (name, value)| s.with(name, value).unwrap());
        for secret in ["hunter2", "hun ter2", "http://hunter2.example", "ftp://hunter2", "https://hunter2/x"]
        {
            for setting in SETTINGS {
                let Ok(settings) = known().with(setting.name, secret) else { continue };
                if let Err(error) = settings.resolve() {
                    assert!(!error.message.contains("hunter2"), "{error}");
                    assert!(error.message.contains(setting.name), "{error}");
                }
            }
            let error = Settings::new().set(secret, "1").unwrap_err();
            assert!(!error.message.contains("hunter2"), "{error}");
        }
        let error = Settings::new().set("deadline_of_all", "1").unwrap_err();
        assert!(error.message.contains("deadline_of_all"), "{error}");
    }

    #[test]
    fn a_proxy_is_used_unless_there_is_to_be_none() {
        let used = |domain: &str, proxy: &str, no_proxy: &str| {
            let known = [("domain", domain), ("client_id", "a"), ("client_secret", "b"), ("proxy", proxy)];
            let mut settings =
                known.iter().fold(Settings::new(), |s, (name, value)| s.with(name, value).unwrap());
            settings.values.insert(NO_PROXY, secret(no_proxy));
            settings.resolve().map(|config| config.proxy.is_some()).ok()
        };
        let proxy = "http://proxy.example:3128";
        assert_eq!(used("team.kinde.com", proxy, ""), Some(true));
        assert_eq!(used("team.kinde.com", "none", ""), Some(false));
        assert_eq!(used("team.kinde.com", proxy, ".kinde.com"), Some(false));
        assert_eq!(used("team.kinde.com", proxy, "kinde.com:8443"), Some(true));
        assert_eq!(used("http://127.0.0.1:4010", proxy, ""), Some(false));
        assert_eq!(used("team.kinde.com", "socks5://proxy.example", "*"), None, "it is wrong all the same");
    }
}
