//! Certificates and proxies, over real TLS: somebody in the middle does not look like an outage. What is trusted is read
//! from the environment of a process, so each case is this program, started anew.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use kinde_migrate::{Credential, Migrator, Settings, User};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, Stream};

const INSIDE: &str = "KINDE_TEST_TRUST";
const HASH: &str = "$2a$04$abcdefghijklmnopqrstuuBmsLQfF5CPCu3VPeI3kSLIXFbcQeBOi";
/// Everything that could decide here in place of the test.
const OTHERS: [&str; 9] = [
    "HTTPS_PROXY",
    "https_proxy",
    "NO_PROXY",
    "no_proxy",
    "KINDE_MIGRATE_PROXY",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "ALL_PROXY",
    "all_proxy",
];

/// In the process of one case: signs somebody in, and says how that ended.
#[test]
fn inside() {
    let Some(folder) = std::env::var_os(INSIDE) else { return };
    let ledger = Path::new(&folder).join("ledger.db");
    let settings = [("client_id", "a"), ("client_secret", "b"), ("deadline", "5")];
    let settings =
        settings.into_iter().fold(Settings::new(), |s, (name, value)| s.with(name, value).unwrap());
    let migrator = Migrator::new(settings.with("ledger", ledger.to_str().unwrap()).unwrap()).unwrap();
    let sign_in = |name: &str| migrator.migrate(&User::with_email(name), &Credential::hash(HASH));
    let outcome = sign_in("ann@example.com");
    println!("outcome {} {:?}", outcome.status, outcome.reason.map(kinde_migrate::Code::as_str));
    println!("message {}", outcome.message.unwrap_or_default());
    // The same is said while nobody is asked.
    let again = sign_in("bob@example.com");
    println!("again {} {:?}", again.status, again.reason.map(kinde_migrate::Code::as_str));
    println!("error {:?}", migrator.status().last_error);
    let notices = migrator.notices();
    println!("notices {:?}", notices.iter().map(|notice| notice.code.as_str()).collect::<Vec<_>>());
}

/// What the process of one case said.
fn case(environment: &[(&str, &str)]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "inside", "--nocapture"]).env(INSIDE, folder.path());
    for name in OTHERS {
        command.env_remove(name);
    }
    let output = command.envs(environment.iter().copied()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    said
}

/// It was queued for this reason, both times, and that was said once.
fn put_off(said: &str, code: &str, words: &str) {
    for part in [
        format!("outcome queued Some(\"{code}\")"),
        format!("again queued Some(\"{code}\")"),
        format!("error Some(\"{code}\")"),
        format!("notices [\"{code}\"]"),
        words.to_owned(),
    ] {
        assert!(said.contains(&part), "{part} in {said}");
    }
}

struct Authority {
    folder: tempfile::TempDir,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Authority {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, "A test's own authority");
        let key = KeyPair::generate().unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("ca.pem"), params.self_signed(&key).unwrap().pem()).unwrap();
        Authority { folder, issuer: Issuer::new(params, key) }
    }

    fn file(&self) -> String {
        self.folder.path().join("ca.pem").to_str().unwrap().to_owned()
    }

    /// The settings of a server for these names, valid in these years.
    fn server(&self, names: &[&str], years: (i32, i32)) -> Arc<ServerConfig> {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        params.not_before = date_time_ymd(years.0, 1, 1);
        params.not_after = date_time_ymd(years.1, 1, 1);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let chain = CertificateDer::from_pem_slice(certificate.pem().as_bytes()).unwrap();
        let key = PrivateKeyDer::from_pem_slice(key.serialize_pem().as_bytes()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![chain], key);
        Arc::new(config.unwrap())
    }
}

/// A Kinde of few words, over TLS.
fn kinde(config: Arc<ServerConfig>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for mut tcp in listener.incoming().flatten() {
            let config = Arc::clone(&config);
            std::thread::spawn(move || {
                let mut tls = ServerConnection::new(config).unwrap();
                let mut stream = BufReader::new(Stream::new(&mut tls, &mut tcp));
                while answer(&mut stream).is_some() {}
            });
        }
    });
    port
}

fn answer<S: Read + Write>(stream: &mut BufReader<S>) -> Option<()> {
    let (line, length) = head(stream)?;
    stream.read_exact(&mut vec![0; length]).ok()?;
    let body = match () {
        () if line.contains("/oauth2/token") => r#"{"access_token": "t", "expires_in": 3600}"#,
        () if line.starts_with("GET") => r#"{"code": "OK", "users": []}"#,
        () => r#"{"id": "kp_1", "created": true}"#,
    };
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length";
    let answer = format!("{head}: {}\r\n\r\n{body}", body.len());
    stream.get_mut().write_all(answer.as_bytes()).ok()
}

/// The first line of a request, and the length of its body.
fn head(stream: &mut impl BufRead) -> Option<(String, usize)> {
    let (mut first, mut length) = (String::new(), 0);
    stream.read_line(&mut first).ok().filter(|read| *read > 0)?;
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).ok().filter(|read| *read > 0)?;
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        if line.trim().is_empty() {
            return Some((first, length));
        }
    }
}

struct Proxy {
    url: String,
    asked: Arc<AtomicUsize>,
    lines: Arc<Mutex<Vec<String>>>,
}

/// A proxy that answers every CONNECT with this, and then leads to that port, if there is one.
fn proxy(answer: &'static str, to: Option<u16>) -> Proxy {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://127.0.0.1:{}", listener.local_addr().unwrap().port());
    let (asked, lines) = (Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::new(Vec::new())));
    let (count, seen) = (Arc::clone(&asked), Arc::clone(&lines));
    std::thread::spawn(move || {
        for mut near in listener.incoming().flatten() {
            count.fetch_add(1, Ordering::Relaxed);
            let seen = Arc::clone(&seen);
            std::thread::spawn(move || {
                let (line, _) = head(&mut BufReader::new(near.try_clone().unwrap()))?;
                seen.lock().unwrap().push(line);
                near.write_all(answer.as_bytes()).ok()?;
                let mut far = TcpStream::connect(("127.0.0.1", to?)).ok()?;
                let (mut near_again, mut far_again) = (near.try_clone().ok()?, far.try_clone().ok()?);
                std::thread::spawn(move || std::io::copy(&mut far_again, &mut near_again));
                std::io::copy(&mut near, &mut far).ok()
            });
        }
    });
    Proxy { url, asked, lines }
}

const NOW: (i32, i32) = (2020, 2090);
const OPEN: &str = "HTTP/1.1 200 Connection established\r\n\r\n";

#[test]
fn a_certificate_that_is_not_trusted_is_no_outage() {
    let authority = Authority::new();
    let domain =
        |names: &[&str], years| format!("https://127.0.0.1:{}", kinde(authority.server(names, years)));
    let file = authority.file();
    let trusting = |domain: &str| case(&[("KINDE_DOMAIN", domain), ("SSL_CERT_FILE", &file)]);

    let good = domain(&["127.0.0.1"], NOW);
    let said = trusting(&good);
    assert!(said.contains("outcome created None") && said.contains("notices []"), "{said}");
    // Another authority's file, and that folder of files.
    let another = Authority::new();
    let said = case(&[("KINDE_DOMAIN", &good), ("SSL_CERT_FILE", &another.file())]);
    put_off(&said, "certificate_untrusted", "SSL_CERT_FILE");
    put_off(&trusting(&domain(&["other.example"], NOW)), "certificate_wrong_host", "another host's");
    put_off(&trusting(&domain(&["127.0.0.1"], (2019, 2020))), "certificate_untrusted", "clock");
    put_off(&trusting(&domain(&["127.0.0.1"], (2080, 2090))), "certificate_untrusted", "clock");
    // As in a slim image.
    let empty = authority.folder.path().join("empty.pem");
    std::fs::write(&empty, "").unwrap();
    let said = case(&[("KINDE_DOMAIN", &good), ("SSL_CERT_FILE", empty.to_str().unwrap())]);
    put_off(&said, "certificate_untrusted", "ca-certificates");
}

#[test]
fn a_proxy_that_refuses_is_no_outage() {
    let team = ("KINDE_DOMAIN", "https://team.kinde.example");
    for (answer, words) in [
        ("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n", "wants a user"),
        ("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", "refused to connect"),
        ("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n", "refused to connect"),
        ("", "cannot be reached"),
    ] {
        let proxy = proxy(answer, None);
        let said = case(&[team, ("HTTPS_PROXY", &proxy.url)]);
        put_off(&said, "proxy_refused", words);
        assert!(proxy.lines.lock().unwrap()[0].starts_with("CONNECT team.kinde.example:443"));
    }
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let said = case(&[team, ("KINDE_MIGRATE_PROXY", &format!("http://{nobody}"))]);
    put_off(&said, "proxy_refused", "cannot be reached");
}

#[test]
fn what_a_proxy_leads_to_must_be_kinde_and_some_hosts_go_without() {
    let authority = Authority::new();
    let (good, file) = (kinde(authority.server(&["team.kinde.example"], NOW)), authority.file());
    let team = ("KINDE_DOMAIN", "https://team.kinde.example");
    let trusted = ("SSL_CERT_FILE", file.as_str());
    let through = proxy(OPEN, Some(good));
    let said = case(&[team, trusted, ("https_proxy", &through.url)]);
    assert!(said.contains("outcome created None") && said.contains("notices []"), "{said}");
    // A proxy in the middle that shows a certificate of its own.
    put_off(&case(&[team, ("HTTPS_PROXY", &through.url)]), "certificate_untrusted", "your own proxy");
    let asked = through.asked.load(Ordering::Relaxed);
    for spared in [
        ("NO_PROXY", "a.example,.kinde.example"),
        ("no_proxy", "*"),
        ("NO_PROXY", "team.kinde.example:443"),
        ("KINDE_MIGRATE_PROXY", "none"),
    ] {
        let said = case(&[team, trusted, ("HTTPS_PROXY", &through.url), spared]);
        assert!(said.contains("outcome queued") && !said.contains("proxy_refused"), "{said}");
    }
    assert_eq!(through.asked.load(Ordering::Relaxed), asked, "it was not asked");
}
