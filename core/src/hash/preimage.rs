//! What an application feeds its hash function with, where that is not what was typed.
//!
//! Nothing in a hash shows it, so each is a format of its own, tried with a known password.

use md5::Md5;
use sha2::{Sha256, Sha512};
use zeroize::Zeroizing;

use super::digests::{concat, hash, hmac};
use super::encoding::base64;
use super::error::Fault;
use super::map::Case;
use super::table::Kind;

type Fed = Zeroizing<Vec<u8>>;

/// All that the format may have hashed for this password: one, or more where a secret may stand in several places.
pub(super) fn fed(case: Case<'_>, password: &[u8]) -> Result<Vec<Fed>, Fault> {
    Ok(vec![match case.format.kind {
        Kind::MeteorBcrypt => hexed(&hash::<Sha256>(&[password])),
        Kind::NodebbBcrypt => hexed(&hash::<Sha512>(&[password])),
        Kind::Vbulletin5Bcrypt | Kind::Vbulletin5Argon2 | Kind::Typo3Upgraded | Kind::Drupal7UpgradedMd5 => {
            hexed(&hash::<Md5>(&[password]))
        }
        Kind::Smf21Bcrypt => {
            let name = case.extra.username.as_ref().ok_or(Fault::Missing("`username` is missing"))?;
            let lower = Zeroizing::new(name.to_lowercase());
            concat(&[lower.as_bytes(), password])
        }
        Kind::FlaskSecurityBcrypt | Kind::FlaskSecurityPbkdf2 => {
            let code = hmac::<Sha512>(pepper(case)?, password);
            Zeroizing::new(base64(&code).into_bytes())
        }
        Kind::Phpbb31Bcrypt | Kind::Phpbb3PhpassHtmlescaped => escaped(password),
        Kind::WordpressBcryptSlashed | Kind::WordpressPhpassSlashed => slashed(password),
        Kind::DeviseBcryptPeppered => concat(&[password, pepper(case)?]),
        Kind::BcryptPeppered | Kind::CryptSha512Peppered => {
            let pepper = pepper(case)?;
            return Ok(vec![
                concat(&[password, pepper]),
                concat(&[pepper, password]),
                hexed(&hmac::<Sha256>(pepper, password)),
            ]);
        }
        _ => concat(&[password]),
    }])
}

/// Whether the format's secret is the pepper.
pub(super) const fn peppered(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::DeviseBcryptPeppered
            | Kind::BcryptPeppered
            | Kind::CryptSha512Peppered
            | Kind::FlaskSecurityBcrypt
            | Kind::FlaskSecurityPbkdf2
    )
}

fn pepper(case: Case<'_>) -> Result<&[u8], Fault> {
    let pepper = case.extra.pepper.as_ref().ok_or(Fault::Missing("`pepper` is missing"))?;
    Ok(pepper.as_bytes())
}

fn hexed(digest: &[u8]) -> Fed {
    Zeroizing::new(hex::encode(digest).into_bytes())
}

/// PHP's `addslashes`, which WordPress applies to what comes from a form.
fn slashed(password: &[u8]) -> Fed {
    replaced(password, |b| match b {
        b'\'' => Some(b"\\'"),
        b'"' => Some(b"\\\""),
        b'\\' => Some(b"\\\\"),
        0 => Some(b"\\0"),
        _ => None,
    })
}

/// PHP's `htmlspecialchars` with `ENT_COMPAT`, which phpBB applies to what comes from a form.
fn escaped(password: &[u8]) -> Fed {
    replaced(password, |b| match b {
        b'&' => Some(b"&amp;"),
        b'<' => Some(b"&lt;"),
        b'>' => Some(b"&gt;"),
        b'"' => Some(b"&quot;"),
        _ => None,
    })
}

fn replaced(password: &[u8], with: fn(u8) -> Option<&'static [u8]>) -> Fed {
    let parts: Vec<&[u8]> =
        password.chunks(1).map(|one| one.first().and_then(|b| with(*b)).unwrap_or(one)).collect();
    concat(&parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_as_php_does() {
        assert_eq!(slashed(b"a'b\"c\\d\0").as_slice(), b"a\\'b\\\"c\\\\d\\0");
        assert_eq!(
            escaped(b"it's <b>\"AT&T\"</b>").as_slice(),
            b"it's &lt;b&gt;&quot;AT&amp;T&quot;&lt;/b&gt;"
        );
    }
}
