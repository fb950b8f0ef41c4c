//! The table: every format by name. Data only; the families hold the code.
//!
//! | file | its formats |
//! |---|---|
//! | `django` | Django |
//! | `python` | Werkzeug (Flask) and passlib |
//! | `directory` | LDAP directories and mail servers |
//! | `node` | Node, and Ruby on Rails with Devise |
//! | `servers` | Identity servers and services |
//! | `php` | PHP: language, shops, boards, content management |
//! | `plain` | crypt(3) and digests without a mark of their own |
//! | `phc` | PHC strings and others that carry their parameters by name |
//! | `jvm` | Spring Security and others of Java and .NET |
//! | `preimage` | Formats that hash something else than what was typed, behind a shape that does not show it |
//! | `foreign` | Hashes that are known by name, so that a refusal says what they are; nothing here checks a password |
//! | `state` | What stands in a password column where there is no password |
//! | `words` | the texts that many rows share |

use super::format::{Confidence::Certain, Family, Format, Mapping::Never};

/// Rows in full where they differ from this one.
const BASE: Format = Format {
    id: "",
    applications: "",
    recognised_by: "",
    mapping: Never(""),
    confidence: Certain,
    source: "",
    advice: "",
    traps: &[],
    kind: Kind::DjangoPbkdf2Sha256,
    family: Family::Unusable,
    like: &[],
};

macro_rules! rows {
    ($($kind:ident $id:literal $family:ident $confidence:ident { $($field:ident: $value:expr,)* })*) => {
        #[allow(clippy::needless_update, reason = "some rows have every field")]
        pub(super) const ROWS: &[Format] = &[$(Format {
            id: $id,
            kind: Kind::$kind,
            family: Family::$family,
            confidence: $confidence,
            $($field: $value,)*
            ..BASE
        },)*];
    };
}

mod directory;
mod django;
mod foreign;
mod jvm;
mod node;
mod phc;
mod php;
mod plain;
mod preimage;
mod python;
mod servers;
mod state;
mod words;

macro_rules! kinds {
    ($($kind:ident,)*) => {
        /// A row of the table by name; its number is the row's place.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Kind { $($kind,)* }

        /// How many there are.
        pub(super) const COUNT: usize = [$(Kind::$kind,)*].len();
    };
}

kinds! {
    DjangoPbkdf2Sha256,
    DjangoPbkdf2Sha1,
    DjangoArgon2,
    DjangoBcryptSha256,
    DjangoBcrypt,
    DjangoScrypt,
    DjangoMd5,
    DjangoUnusable,
    DjangoSha1,
    DjangoUnsaltedMd5,
    DjangoUnsaltedSha1,
    DjangoUnsaltedMd5Prefixed,
    WerkzeugScrypt,
    WerkzeugPbkdf2Sha256,
    WerkzeugPbkdf2Sha1,
    WerkzeugPbkdf2Sha512,
    WerkzeugHmacSha256,
    WerkzeugHmacMd5,
    PasslibPbkdf2Sha256,
    PasslibPbkdf2Sha512,
    PasslibPbkdf2Sha1,
    LdapSaltedSha256,
    LdapSaltedMd5,
    LdapSaltedSha1,
    PasslibBcryptSha256,
    NodeBcrypt2b,
    NodeBcrypt2a,
    PassportLocalMongoose,
    PassportTutorial,
    ExpressPbkdf2Sha512,
    ExpressPbkdf2Sha1,
    ExpressPbkdf2Sha1Salt16,
    ExpressScrypt,
    ExpressSha256Suffix,
    NodeArgon2id,
    FirebaseScrypt,
    AspnetIdentityV2,
    AspnetIdentityV3Sha256,
    AspnetIdentityV3Sha512,
    AspnetIdentityV3Sha512Long,
    AspnetIdentityV3Other,
    KeycloakSha256,
    KeycloakSha512,
    KeycloakSha1,
    FusionauthSha256,
    FusionauthSha256Long,
    FusionauthSha512Long,
    PhpBcrypt2y,
    PhpArgon2i,
    PhpArgon2id,
    CryptMd5,
    CryptSha256,
    CryptSha512,
    CryptDes,
    CryptExtDes,
    RawMd5Hex,
    RawSha1Hex,
    RawSha256Hex,
    RawSha512Hex,
    RawSha256Base64,
    WordpressPhpass,
    Phpbb3Phpass,
    Wordpress68Bcrypt,
    JoomlaMd5,
    OscommerceMd5,
    Magento1Md5,
    Magento2Sha256,
    Magento2Md5,
    Magento2Argon2id,
    Magento2Chained,
    VbulletinMd5,
    MybbMd5,
    Sha1Salted,
    SymfonySha512,
    Drupal7Sha512,
    Drupal7UpgradedMd5,
    WordpressPhpassSlashed,
    Phpbb3PhpassHtmlescaped,
    RawMd5HexLatin1,
    DeviseBcrypt2a,
    DeviseBcryptPeppered,
    DjangoPbkdf2Sha512,
    LdapMd5,
    LdapSha256,
    LdapSha1,
    LdapSha512,
    LdapSaltedSha512,
    LdapPbkdf2Sha256,
    LdapPbkdf2Sha512,
    LdapPbkdf2Sha1,
    FusionauthBcrypt,
    DiscoursePbkdf2,
    JoomlaSha256,
    Magento1EeSha256,
    MediawikiPbkdf2,
    MediawikiBcrypt,
    MediawikiA,
    MediawikiB,
    PhcPbkdf2Sha256,
    PhcPbkdf2Sha512,
    PhcPbkdf2Sha1,
    GrubPbkdf2,
    AdonisBcrypt,
    AdonisScrypt,
    PasslibScrypt,
    LuciaScrypt,
    BetterAuthScrypt,
    SupabaseFbscrypt,
    Argon2d,
    SpringPbkdf2,
    SpringPbkdf2Sha1,
    SpringSaltedSha256,
    SpringSaltedMd5,
    SpringSaltedSha1,
    Spring3Sha256,
    Spring3Md5,
    SpringStandard,
    SpringScrypt,
    OpenmrsSha512,
    Atlassian,
    Shiro,
    Defuse,
    Crackstation,
    MeteorBcrypt,
    NodebbBcrypt,
    Vbulletin5Bcrypt,
    Vbulletin5Argon2,
    Smf21Bcrypt,
    FlaskSecurityBcrypt,
    FlaskSecurityPbkdf2,
    Phpbb31Bcrypt,
    WordpressBcryptSlashed,
    BcryptPeppered,
    CryptSha512Peppered,
    PaddedSalt,
    Yescrypt,
    GostYescrypt,
    Scrypt7,
    SunMd5,
    Sha1Crypt,
    NtCrypt,
    Apr1,
    AuthlogicScrypt,
    AuthlogicSha512,
    Mysql41,
    MssqlLogin,
    PostgresMd5,
    Scram,
    DirectoryOther,
    Fshp,
    Phpbb31Other,
    Typo3Upgraded,
    Xenforo1,
    MediawikiOther,
    DjangoWrapped,
    WerkzeugHmacOther,
    KeycloakArgon2,
    KeycloakOther,
    FusionauthOther,
    Plaintext,
    NoPassword,
    LockedAccount,
}

const FILES: [&[Format]; 12] = [
    django::ROWS,
    python::ROWS,
    directory::ROWS,
    node::ROWS,
    servers::ROWS,
    php::ROWS,
    plain::ROWS,
    phc::ROWS,
    jvm::ROWS,
    preimage::ROWS,
    foreign::ROWS,
    state::ROWS,
];

pub(super) static FORMATS: &[Format] = &assembled();

/// The rows of all files, each at the place of its kind. A kind without a row, or with two, does not compile.
#[expect(clippy::indexing_slicing, reason = "evaluated when it is compiled")]
const fn assembled() -> [Format; COUNT] {
    let mut all = [BASE; COUNT];
    let (mut file, mut count) = (0, 0);
    while file < FILES.len() {
        let (rows, mut row) = (FILES[file], 0);
        while row < rows.len() {
            let place = rows[row].kind as usize;
            assert!(all[place].id.is_empty(), "a kind has two rows");
            all[place] = rows[row];
            (row, count) = (row + 1, count + 1);
        }
        file += 1;
    }
    assert!(count == COUNT, "a kind has no row");
    all
}

/// The row of a kind.
#[expect(clippy::indexing_slicing, reason = "there is one row for every kind, at its place")]
pub(super) const fn of(kind: Kind) -> &'static Format {
    &FORMATS[kind as usize]
}
