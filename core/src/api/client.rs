//! One request and its answer.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC};
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use reqwest::{Client, Method, Url};
use rustls::ClientConfig;
use zeroize::Zeroizing;

use super::resolve::Resolver;
use super::within::within;
use super::{Failure, lack, trust};
use crate::code::Code;
use crate::pace::parse_reset;
use crate::settings::{Config, is_loopback};

/// Everything but RFC 3986's unreserved characters: no value can end its parameter, and a comma in a value
/// is no comma of the list.
pub(super) const UNRESERVED: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// More than a full page of users; a longer answer is none of Kinde's.
const ANSWER_MAX: usize = 4 << 20;
/// Below the minute or so after which servers and balancers close an idle connection.
const IDLE: Duration = Duration::from_secs(20);

/// Makes connections for a lane or a driver. The TLS settings are read once: the system's certificates
/// take milliseconds to load. That they could not be read is not kept: perhaps there was no descriptor left.
#[derive(Default)]
pub(crate) struct Connector {
    tls: OnceLock<ClientConfig>,
    resolver: Resolver,
}

/// The kept connections of one lane or driver, set up at the first request.
pub(crate) struct Connections {
    client: OnceLock<Client>,
    connector: Arc<Connector>,
    config: Arc<Config>,
}

impl Connector {
    pub(crate) fn connections(self: &Arc<Self>, config: &Arc<Config>) -> Connections {
        Connections { client: OnceLock::new(), connector: Arc::clone(self), config: Arc::clone(config) }
    }

    fn tls(&self, config: &Config) -> Result<ClientConfig, Failure> {
        if self.tls.get().is_none() {
            let _ = self.tls.set(tls(&config.base)?);
        }
        self.tls.get().cloned().ok_or_else(|| none("the TLS settings were not kept"))
    }

    fn client(&self, config: &Config) -> Result<Client, Failure> {
        self.tls(config).and_then(|tls| {
            let mut builder = Client::builder()
                .tls_backend_preconfigured(tls)
                .user_agent(concat!("kinde-migrate/", env!("CARGO_PKG_VERSION")))
                .redirect(reqwest::redirect::Policy::none())
                .retry(reqwest::retry::never())
                .referer(false)
                .pool_idle_timeout(IDLE)
                .dns_resolver(Arc::new(self.resolver.clone()))
                .tcp_nodelay(true)
                .no_proxy();
            if let Some(proxy) = config.proxy.as_ref().filter(|_| !is_loopback(&config.base)) {
                builder = builder.proxy(proxy.to_reqwest().ok_or_else(|| none("the proxy cannot be used"))?);
            }
            builder.build().map_err(|error| none(error.without_url()))
        })
    }
}

/// The crypto provider is named here and not taken from the process: the host may have another one.
fn tls(base: &Url) -> Result<ClientConfig, Failure> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(none)?;
    if base.scheme() == "http" {
        return Ok(builder.with_root_certificates(rustls::RootCertStore::empty()).with_no_client_auth());
    }
    let verifier = rustls_platform_verifier::Verifier::new(provider).map_err(|error| {
        // Without a descriptor no file of them can be read.
        let lacking = std::fs::File::open("/dev/null").err().and_then(|error| lack::failure(&error));
        lacking.unwrap_or_else(|| trust::no_roots(&error))
    })?;
    Ok(builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier)).with_no_client_auth())
}

fn none(why: impl std::fmt::Display) -> Failure {
    Failure::new(Code::KindeUnreachable, format!("no connection can be set up: {why}"))
}

/// What is asked.
pub(super) struct Request<'a> {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) body: Option<Body>,
    pub(super) bearer: Option<&'a HeaderValue>,
}

/// A body, wiped when it is dropped.
pub(super) struct Body {
    pub(super) kind: &'static str,
    pub(super) text: Zeroizing<Vec<u8>>,
}

/// What was answered.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) reset: Option<Duration>,
    pub(super) body: Zeroizing<Vec<u8>>,
}

impl Connections {
    fn client(&self) -> Result<&Client, Failure> {
        match self.client.get() {
            Some(client) => Ok(client),
            None => {
                let client = self.connector.client(&self.config)?;
                Ok(self.client.get_or_init(|| client))
            }
        }
    }

    /// Sends one request. Every HTTP status is an answer; a failure is one of the connection.
    pub(super) async fn send(&self, request: Request<'_>, timeout: Duration) -> Result<Answer, Failure> {
        let client = self.client()?;
        match within(timeout, Self::answer(client, request)).await {
            Ok(answered) => answered,
            Err(elapsed) => {
                let failure = Failure::new(Code::KindeTimeout, "Kinde did not answer in time").perhaps_done();
                Err(Failure { late: elapsed.late, ..failure })
            }
        }
    }

    async fn answer(client: &Client, request: Request<'_>) -> Result<Answer, Failure> {
        let mut builder = client
            .request(request.method, request.url)
            .header(ACCEPT, HeaderValue::from_static("application/json"));
        if let Some(bearer) = request.bearer {
            builder = builder.header(AUTHORIZATION, bearer);
        }
        if let Some(body) = request.body {
            builder = builder
                .header(CONTENT_TYPE, HeaderValue::from_static(body.kind))
                .body(Bytes::from_owner(body.text));
        }
        let mut response = builder.send().await.map_err(failed)?;
        let status = response.status().as_u16();
        let resets = response.headers().get_all("ratelimit-reset");
        let resets: Vec<_> = resets.iter().filter_map(|value| value.to_str().ok()).collect();
        let reset = parse_reset(&resets.join(", "));
        let mut body = Zeroizing::new(Vec::with_capacity(1024));
        while let Some(chunk) = response.chunk().await.map_err(|error| failed(error).perhaps_done())? {
            if body.len() + chunk.len() > ANSWER_MAX {
                return Err(
                    Failure::new(Code::KindeNonsense, "Kinde's answer is absurdly long").perhaps_done()
                );
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer { status, reset, body })
    }
}

/// A failure of the connection, without the URL: it holds an e-mail.
fn failed(error: reqwest::Error) -> Failure {
    let error = error.without_url();
    if let Some(failure) = lack::failure(&error).or_else(|| trust::failure(&error)) {
        return failure;
    }
    if error.is_connect() && !error.is_timeout() {
        return Failure::new(Code::KindeUnreachable, "no connection to Kinde");
    }
    if error.is_timeout() {
        return Failure::new(Code::KindeTimeout, "Kinde did not answer in time").perhaps_done();
    }
    Failure::new(Code::KindeUnreachable, "the connection to Kinde broke").perhaps_done()
}
