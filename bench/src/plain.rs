//! The same three calls by reqwest, set up as the library has it, and nothing else: what of the library's time is its
//! HTTP client's.

use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use reqwest::{Client, Method, Url};
use tokio::runtime::{Builder, Runtime};

use crate::Failure;
use crate::bare::{Made, Page, new_password, new_user};
use crate::users::email;

pub(crate) struct Plain {
    runtime: Runtime,
    client: Client,
    base: Url,
    bearer: HeaderValue,
}

impl Plain {
    pub(crate) fn new(url: &str, bearer: HeaderValue) -> Result<Plain, Failure> {
        let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
        let tls = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(rustls::RootCertStore::empty())
            .with_no_client_auth();
        let client = Client::builder()
            .tls_backend_preconfigured(tls)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .tcp_nodelay(true)
            .no_proxy()
            .build()?;
        let runtime = Builder::new_current_thread().enable_io().enable_time().build()?;
        Ok(Plain { runtime, client, base: Url::parse(url)?, bearer })
    }

    /// Check, create, set the password; answers the number of calls.
    pub(crate) fn carry(&self, who: &str, n: usize) -> Result<u32, Failure> {
        self.runtime.block_on(async {
            let query = format!("email={}", email(who, n).replace('@', "%40"));
            let page: Page =
                serde_json::from_slice(&self.send(Method::GET, "/api/v1/users", Some(&query), None).await?)?;
            if page.users.is_some_and(|users| !users.is_empty()) {
                return Err("the user is there already".into());
            }
            let body = Some(new_user(who, n));
            let made: Made =
                serde_json::from_slice(&self.send(Method::POST, "/api/v1/user", None, body).await?)?;
            let path = format!("/api/v1/users/{}/password", made.id);
            self.send(Method::PUT, &path, None, Some(new_password())).await?;
            Ok(3)
        })
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        query: Option<&str>,
        body: Option<String>,
    ) -> Result<Bytes, Failure> {
        let mut url = self.base.clone();
        url.set_path(path);
        url.set_query(query);
        let mut request = self
            .client
            .request(method, url)
            .timeout(Duration::from_secs(5))
            .header(ACCEPT, HeaderValue::from_static("application/json"))
            .header(AUTHORIZATION, &self.bearer);
        if let Some(body) = body {
            request = request.header(CONTENT_TYPE, HeaderValue::from_static("application/json")).body(body);
        }
        Ok(request.send().await?.error_for_status()?.bytes().await?)
    }
}
