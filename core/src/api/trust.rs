//! Why there is no connection: Kinde's certificate, the proxy, or merely the network. Somebody in the middle must not look
//! like an outage.

use std::error::Error;
use std::io;

use rustls::CertificateError;

use super::Failure;
use crate::code::Code;

/// What a failed connection says of certificates and of the proxy; none where it says nothing of them.
pub(super) fn failure(error: &(dyn Error + 'static)) -> Option<Failure> {
    let of_certificates = chain(error).find_map(|link| match link.downcast_ref::<rustls::Error>()? {
        rustls::Error::InvalidCertificate(why) => Some(certificate(why)),
        rustls::Error::NoCertificatesPresented => Some(certificate(&CertificateError::UnknownIssuer)),
        _ => None,
    });
    of_certificates.or_else(|| chain(error).find_map(proxy))
}

/// The system trusts nobody at all.
pub(super) fn no_roots(error: &rustls::Error) -> Failure {
    let message = format!(
        "this system has no certificates to trust, so that nobody can be told from Kinde: install ca-certificates, or name a \
         file of them in SSL_CERT_FILE, and start anew ({error})"
    );
    Failure::new(Code::CertificateUntrusted, message)
}

fn certificate(why: &CertificateError) -> Failure {
    match why {
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => Failure::new(
            Code::CertificateWrongHost,
            "the certificate at Kinde's address is another host's, so nothing was sent: somebody may be in the middle; \
             check domain and whatever stands between",
        ),
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => Failure::new(
            Code::CertificateUntrusted,
            "the certificate at Kinde's address has expired, so nothing was sent: check this machine's clock, then whatever \
             stands between",
        ),
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => Failure::new(
            Code::CertificateUntrusted,
            "the certificate at Kinde's address is not valid yet, so nothing was sent: check this machine's clock",
        ),
        _ => Failure::new(
            Code::CertificateUntrusted,
            "the certificate at Kinde's address is not trusted here, so nothing was sent: somebody may be in the middle; if it \
             is your own proxy, add its root certificate to the system's or name a file with all of them in SSL_CERT_FILE",
        ),
    }
}

/// The type of a tunnel's error has no public name, so it is known by its words; `core/tests/trust.rs` holds them.
fn proxy(link: &(dyn Error + 'static)) -> Option<Failure> {
    let words = link.to_string();
    let why = words.strip_prefix("tunnel error: ")?;
    let message = match why {
        "proxy authorization required" => {
            "the proxy wants a user and a password (407), so Kinde was not reached: write them into proxy, as in \
             http://user:password@proxy.example:3128"
        }
        "failed to create underlying connection" | "unexpected end of file" => {
            "the proxy cannot be reached, so neither can Kinde: check proxy, or set it to none"
        }
        _ => "the proxy refused to connect to Kinde: let it through there, or set proxy to none",
    };
    Some(Failure::new(Code::ProxyRefused, message))
}

/// An error and all that lie behind it. What an I/O error wraps is not among its sources.
fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    let mut next = Some(error);
    std::iter::from_fn(move || {
        let link = next?;
        let wrapped = link.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        next = match wrapped {
            Some(inner) => Some(inner),
            None => link.source(),
        };
        Some(link)
    })
}
