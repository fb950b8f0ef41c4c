//! [`Extra`] as JSON and in logs.

use std::collections::BTreeMap;

use serde::de::Error as _;
use serde::ser::SerializeMap as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::extra::Extra;

impl std::fmt::Debug for Extra {
    /// Numbers and choices in clear; salts, keys and peppers only as being there.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut out = f.debug_struct("Extra");
        for (name, secret) in [
            ("salt", &self.salt),
            ("signer_key", &self.signer_key),
            ("salt_separator", &self.salt_separator),
            ("value", &self.value),
            ("pepper", &self.pepper),
            ("username", &self.username),
        ] {
            if secret.is_some() {
                out.field(name, &format_args!("<given>"));
            }
        }
        for (name, number) in self.numbers() {
            if let Some(number) = number {
                out.field(name, &number);
            }
        }
        out.finish_non_exhaustive()
    }
}

impl Extra {
    fn numbers(&self) -> [(&'static str, Option<u32>); 7] {
        [
            ("iterations", self.iterations),
            ("keylen", self.keylen),
            ("N", self.n),
            ("r", self.r),
            ("p", self.p),
            ("rounds", self.rounds),
            ("mem_cost", self.mem_cost),
        ]
    }
}

impl<'de> Deserialize<'de> for Extra {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Extra, D::Error> {
        Extra::from_json(&Value::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl Serialize for Extra {
    /// The same names again. The salts are in clear: what is written must be sealed.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (name, secret) in [
            ("salt", &self.salt),
            ("signer_key", &self.signer_key),
            ("salt_separator", &self.salt_separator),
            ("pepper", &self.pepper),
            ("username", &self.username),
        ] {
            if let Some(secret) = secret {
                map.serialize_entry(name, secret.as_str())?;
            }
        }
        if let Some(value) = &self.value {
            map.serialize_entry("secret_data", &BTreeMap::from([("value", value.as_str())]))?;
        }
        for (name, number) in self.numbers() {
            if let Some(number) = number {
                map.serialize_entry(name, &number)?;
            }
        }
        for (name, encoding) in [("salt_encoding", self.salt_encoding), ("encoding", self.encoding)] {
            if let Some(encoding) = encoding {
                map.serialize_entry(name, encoding.as_str())?;
            }
        }
        if let Some(position) = self.position {
            map.serialize_entry("salt_position", position.as_str())?;
        }
        // Before the digest, which it sets as well.
        if let Some(algorithm) = self.algorithm {
            map.serialize_entry("credential_data", &BTreeMap::from([("algorithm", algorithm.as_str())]))?;
        }
        if let Some(digest) = self.digest {
            map.serialize_entry("digest", digest.as_str())?;
        }
        if self.allow_locked {
            map.serialize_entry("allow_locked", &true)?;
        }
        if let Some(scheme) = &self.scheme {
            map.serialize_entry("encryptionScheme", scheme.as_str())?;
        }
        if let Some(charset) = self.charset {
            map.serialize_entry("charset", charset.as_str())?;
        }
        map.end()
    }
}
