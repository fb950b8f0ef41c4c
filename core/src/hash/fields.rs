//! The password fields of Kinde's set-password call.

use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop};

macro_rules! names {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        pub enum $name { $($(#[$vdoc])* #[serde(rename = $text)] $variant,)* }

        impl $name {
            /// The word that Kinde uses.
            pub const fn as_str(self) -> &'static str {
                match self { $($name::$variant => $text,)* }
            }
        }
    };
}

names! {
    /// `hashing_method`, as Kinde's OpenAPI file lists it.
    Method {
        /// bcrypt, modular crypt form.
        Bcrypt = "bcrypt",
        /// crypt(3); Kinde does not say which of its forms.
        Crypt = "crypt",
        /// MD5 in hex, with or without a salt.
        Md5 = "md5",
        /// SHA-256 in hex, with or without a salt.
        Sha256 = "sha256",
        /// Portable phpass, `$P$`.
        Wordpress = "wordpress",
        /// PBKDF2, see [`Variant`].
        Pbkdf2 = "pbkdf2",
        /// Firebase's modified scrypt.
        FirebaseScrypt = "firebase-scrypt",
        /// ASP.NET Identity v2: PBKDF2-HMAC-SHA1, 1000 iterations, 16-byte salt, 32-byte key.
        AspnetIdentityV2 = "aspnet-identity-v2",
    }
}

names! {
    /// `variant` of PBKDF2: FusionAuth's names of its encryption schemes.
    Variant {
        /// HMAC-SHA-256, 32-byte key.
        Sha256 = "salted-pbkdf2-hmac-sha256",
        /// HMAC-SHA-256, 64-byte key.
        Sha256_512 = "salted-pbkdf2-hmac-sha256-512",
        /// HMAC-SHA-512, 64-byte key.
        Sha512_512 = "salted-pbkdf2-hmac-sha512-512",
    }
}

names! {
    /// `salt_position`: where the salt stands beside the password.
    SaltPosition {
        /// Hash of salt, then password.
        Prefix = "prefix",
        /// Hash of password, then salt.
        Suffix = "suffix",
    }
}

names! {
    /// `salt_format` of the dashboard's import file. The set-password call has no such field.
    SaltFormat {
        /// The salt is given in hex and stands for bytes.
        Hex = "hex",
    }
}

/// What is sent to Kinde for one password (beside `is_temporary_password`).
///
/// Wiped when dropped; `Debug` shows the parameters and masks what is secret.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
pub struct KindeFields {
    /// The hash in the form that the method wants.
    pub hashed_password: String,
    /// The method; always sent.
    #[zeroize(skip)]
    pub hashing_method: Method,
    /// Text for md5 and sha256, base64 for pbkdf2 and firebase-scrypt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub salt: Option<String>,
    /// md5 and sha256 with a salt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[zeroize(skip)]
    pub salt_position: Option<SaltPosition>,
    /// pbkdf2, where it is always sent: left out, Kinde takes 24000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iterations: Option<u32>,
    /// pbkdf2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[zeroize(skip)]
    pub variant: Option<Variant>,
    /// firebase-scrypt: base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signer_key: Option<String>,
    /// firebase-scrypt: base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub salt_separator: Option<String>,
    /// firebase-scrypt: scrypt's r, 1 to 16.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rounds: Option<u32>,
    /// firebase-scrypt: log2 of scrypt's N, 1 to 20.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mem_cost: Option<u32>,
    /// Only for the import file; see [`KindeFields::import_file_only`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[zeroize(skip)]
    pub salt_format: Option<SaltFormat>,
}

impl KindeFields {
    pub(super) fn new(hashing_method: Method, hashed_password: String) -> KindeFields {
        KindeFields {
            hashed_password,
            hashing_method,
            salt: None,
            salt_position: None,
            iterations: None,
            variant: None,
            signer_key: None,
            salt_separator: None,
            rounds: None,
            mem_cost: None,
            salt_format: None,
        }
    }

    /// Whether the set-password call cannot take these fields, but the dashboard's import file can.
    pub fn import_file_only(&self) -> bool {
        self.salt_format.is_some()
    }

    /// The same with every secret part masked, for reports.
    pub fn masked(&self) -> Masked {
        let hidden = |text: &Option<String>| text.as_deref().map(|text| mask("", text));
        let mut masked = KindeFields::new(self.hashing_method, mask_hash(&self.hashed_password));
        masked.salt = hidden(&self.salt);
        masked.signer_key = hidden(&self.signer_key);
        masked.salt_separator = hidden(&self.salt_separator);
        masked.salt_position = self.salt_position;
        masked.iterations = self.iterations;
        masked.variant = self.variant;
        masked.rounds = self.rounds;
        masked.mem_cost = self.mem_cost;
        masked.salt_format = self.salt_format;
        Masked(masked)
    }
}

/// [`KindeFields`] to be shown: the same names, with `<44 bytes>` in place of a hash, a salt or a key.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Masked(KindeFields);

impl std::fmt::Debug for Masked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&serde_json::to_string(self).unwrap_or_default())
    }
}

fn mask(open: &str, hidden: &str) -> String {
    format!("{open}<{} bytes>", hidden.len())
}

/// Masks a hash but for the method and the cost that it begins with: `$2a$10$`, `$6$rounds=5000$`, `$P$`.
fn mask_hash(hash: &str) -> String {
    let parameter = |from: usize| hash.get(from..).and_then(|rest| Some(from + rest.find('$')? + 1));
    let open = match hash.get(..3) {
        Some("$2a" | "$2b" | "$2y") => parameter(4),
        Some("$5$" | "$6$") if hash.get(3..).is_some_and(|rest| rest.starts_with("rounds=")) => parameter(3),
        Some("$1$" | "$5$" | "$6$" | "$P$") => Some(3),
        _ => None,
    };
    let (open, hidden) = hash.split_at_checked(open.unwrap_or(0)).unwrap_or(("", hash));
    mask(open, hidden)
}

impl std::fmt::Debug for KindeFields {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut out = f.debug_struct("KindeFields");
        out.field("hashing_method", &self.hashing_method.as_str())
            .field("hashed_password", &format_args!("<{} bytes>", self.hashed_password.len()));
        for (name, value) in
            [("salt", &self.salt), ("signer_key", &self.signer_key), ("salt_separator", &self.salt_separator)]
        {
            if let Some(value) = value {
                out.field(name, &format_args!("<{} bytes>", value.len()));
            }
        }
        for (name, value) in
            [("iterations", self.iterations), ("rounds", self.rounds), ("mem_cost", self.mem_cost)]
        {
            if let Some(value) = value {
                out.field(name, &value);
            }
        }
        if let Some(variant) = self.variant {
            out.field("variant", &variant.as_str());
        }
        if let Some(position) = self.salt_position {
            out.field("salt_position", &position.as_str());
        }
        if let Some(format) = self.salt_format {
            out.field("salt_format", &format.as_str());
        }
        out.finish()
    }
}
