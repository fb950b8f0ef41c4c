//! `GET /api/v1/users` and `GET /api/v1/user`.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hyper::StatusCode;
use serde::Serialize;

use super::Query;
use crate::answer::{Answer, Refusal};
use crate::clock;
use crate::identity::IdentityKind;
use crate::options::EmailMatching;
use crate::users::{Directory, User};

const DEFAULT_PAGE: usize = 10;
const LARGEST_PAGE: usize = 500;

/// The parameters of the list.
const PARAMETERS: [&str; 9] = [
    "page_size",
    "user_id",
    "next_token",
    "email",
    "username",
    "phone",
    "expand",
    "has_organization",
    "active_since",
];

#[derive(Serialize)]
struct UsersResponse<'a> {
    code: &'static str,
    message: &'static str,
    users: Option<Vec<UserRow<'a>>>,
    next_token: Option<String>,
}

/// A user as the list shows it.
#[derive(Serialize)]
struct UserRow<'a> {
    id: &'a str,
    provided_id: Option<&'a str>,
    email: Option<&'a str>,
    #[serde(flatten)]
    rest: UserRest<'a>,
}

/// A user as the single call shows it: the e-mail address has another name there.
#[derive(Serialize)]
struct UserSingle<'a> {
    id: &'a str,
    provided_id: Option<&'a str>,
    preferred_email: Option<&'a str>,
    #[serde(flatten)]
    rest: UserRest<'a>,
}

#[derive(Serialize)]
struct UserRest<'a> {
    phone: Option<&'a str>,
    username: Option<&'a str>,
    last_name: Option<&'a str>,
    first_name: Option<&'a str>,
    is_suspended: bool,
    picture: Option<&'a str>,
    total_sign_ins: u32,
    failed_sign_ins: u32,
    last_signed_in: Option<String>,
    created_on: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    organizations: Option<Vec<&'a str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    identities: Option<Vec<IdentityRow<'a>>>,
}

#[derive(Serialize)]
struct IdentityRow<'a> {
    r#type: &'static str,
    identity: &'a str,
}

/// What else to show of a user.
#[derive(Debug, Clone, Copy, Default)]
struct Expand {
    organizations: bool,
    identities: bool,
}

impl Expand {
    fn parse(text: Option<&str>) -> Result<Self, Refusal> {
        let mut expand = Self::default();
        for name in text.into_iter().flat_map(|text| text.split(',')) {
            match name {
                "organizations" => expand.organizations = true,
                "identities" => expand.identities = true,
                // A sandbox bills nobody.
                "billing" => {}
                _ => {
                    return Err(Refusal::bad(
                        "INVALID_PARAMETER",
                        "expand must be a list of organizations, identities, billing",
                    ));
                }
            }
        }
        Ok(expand)
    }
}

impl<'a> UserRest<'a> {
    fn of(user: &'a User, expand: Expand) -> Self {
        Self {
            phone: user.first_value(IdentityKind::Phone),
            username: user.first_value(IdentityKind::Username),
            last_name: user.family_name.as_deref(),
            first_name: user.given_name.as_deref(),
            is_suspended: user.is_suspended,
            picture: user.picture.as_deref(),
            total_sign_ins: user.total_sign_ins,
            failed_sign_ins: user.failed_sign_ins,
            last_signed_in: user.last_signed_in.map(clock::iso),
            created_on: clock::iso(user.created_on),
            organizations: expand
                .organizations
                .then(|| user.organization_code.as_deref().into_iter().collect()),
            identities: expand.identities.then(|| {
                user.identities
                    .iter()
                    .map(|identity| IdentityRow { r#type: identity.kind.name(), identity: &identity.value })
                    .collect()
            }),
        }
    }
}

/// Answers a list of users, filtered and paged.
pub(crate) fn check(
    directory: &Directory,
    raw_query: Option<&str>,
    users_null: bool,
    matching: EmailMatching,
) -> Result<Answer, Refusal> {
    let query = Query::parse(raw_query, &PARAMETERS)?;
    let bad = |message: &str| Refusal::bad("INVALID_PARAMETER", message);
    let page_size = match query.get("page_size") {
        None => DEFAULT_PAGE,
        Some(text) => text
            .parse()
            .ok()
            .filter(|size| (1..=LARGEST_PAGE).contains(size))
            .ok_or_else(|| bad("page_size must be 1 to 500"))?,
    };
    let start = match query.get("next_token") {
        None => 0,
        Some(token) => read_token(token).ok_or_else(|| bad("next_token is not one of ours"))?,
    };
    let expand = Expand::parse(query.get("expand"))?;
    let has_organization = match query.get("has_organization") {
        None => None,
        Some("true") => Some(true),
        Some("false") => Some(false),
        Some(_) => return Err(bad("has_organization must be true or false")),
    };
    let active_since = match query.get("active_since") {
        None => None,
        Some(text) => Some(
            clock::parse_iso(text).ok_or_else(|| bad("active_since must be a date in ISO 8601 format"))?,
        ),
    };
    let admitted = |user: &User| {
        has_organization.is_none_or(|wanted| user.organization_code.is_some() == wanted)
            && active_since.is_none_or(|since| user.last_signed_in.is_some_and(|at| at >= since))
    };

    let mut rows = Vec::new();
    let mut next = None;
    let mut take = |place: usize, user| {
        if rows.len() == page_size {
            next = Some(place);
            return false;
        }
        let user: &User = user;
        rows.push(UserRow {
            id: &user.id,
            provided_id: user.provided_id.as_deref(),
            email: user.first_value(IdentityKind::Email),
            rest: UserRest::of(user, expand),
        });
        true
    };
    match listed_places(directory, &query, matching) {
        Some(places) => {
            for place in places.into_iter().filter(|place| *place >= start) {
                if let Some(user) = directory.at(place).filter(|user| admitted(user))
                    && !take(place, user)
                {
                    break;
                }
            }
        }
        None => {
            for (place, user) in directory.from(start).filter(|(_, user)| admitted(user)) {
                if !take(place, user) {
                    break;
                }
            }
        }
    }

    let response = UsersResponse {
        code: "OK",
        message: "Success",
        users: (!(rows.is_empty() && users_null)).then_some(rows),
        next_token: next.map(write_token),
    };
    written(&response)
}

/// The places of the users that every list in the query names, in order; `None` without a list.
///
/// A value is decoded before it is split, so that an encoded comma separates as a plain one does:
/// of the readings that the documentation leaves open, the one that forgives a client least.
fn listed_places(directory: &Directory, query: &Query<'_>, matching: EmailMatching) -> Option<Vec<usize>> {
    let mut found: Option<Vec<usize>> = None;
    for name in ["user_id", "email", "username", "phone"] {
        let Some(list) = query.get(name) else {
            continue;
        };
        let places_of = |item: &str| -> Vec<usize> {
            let place = match name {
                "user_id" => directory.place_of_id(item),
                "email" if matching == EmailMatching::Loose => return directory.places_like(item),
                "email" => directory.place_of(IdentityKind::Email, item),
                "username" => directory.place_of(IdentityKind::Username, item),
                _ => directory.place_of(IdentityKind::Phone, item),
            };
            place.into_iter().collect()
        };
        let items: Vec<&str> = list.split(',').filter(|item| !item.is_empty()).collect();
        if items.is_empty() {
            continue;
        }
        let mut places: Vec<usize> = items.into_iter().flat_map(places_of).collect();
        places.sort_unstable();
        places.dedup();
        if let Some(earlier) = &found {
            places.retain(|place| earlier.contains(place));
        }
        found = Some(places);
    }
    found
}

/// Answers one user.
pub(crate) fn get(directory: &Directory, raw_query: Option<&str>) -> Result<Answer, Refusal> {
    let query = Query::parse(raw_query, &["id", "expand"])?;
    let expand = Expand::parse(query.get("expand"))?;
    let id = query.get("id").ok_or_else(|| Refusal::bad("MISSING_PARAMETER", "id is required"))?;
    let user = directory.by_id(id).ok_or_else(Refusal::no_user)?;
    written(&UserSingle {
        id: &user.id,
        provided_id: user.provided_id.as_deref(),
        preferred_email: user.first_value(IdentityKind::Email),
        rest: UserRest::of(user, expand),
    })
}

#[derive(Serialize)]
struct IdentitiesResponse<'a> {
    code: &'static str,
    message: &'static str,
    identities: Vec<IdentitySingle<'a>>,
    has_more: bool,
}

/// An identity as the call for them shows it: under another name than in the list of users.
#[derive(Serialize)]
struct IdentitySingle<'a> {
    r#type: &'static str,
    name: &'a str,
    is_confirmed: bool,
    is_primary: bool,
}

/// Answers all identities of a user; the sandbox's fit one page.
pub(crate) fn identities(
    directory: &Directory,
    id: &str,
    raw_query: Option<&str>,
) -> Result<Answer, Refusal> {
    Query::parse(raw_query, &["starting_after", "ending_before"])?;
    let user = directory.by_id(id).ok_or_else(Refusal::no_user)?;
    let identities = user.identities.iter().enumerate().map(|(place, identity)| IdentitySingle {
        r#type: identity.kind.name(),
        name: &identity.value,
        is_confirmed: identity.verified,
        is_primary: user.identities.iter().take(place).all(|before| before.kind != identity.kind),
    });
    written(&IdentitiesResponse {
        code: "OK",
        message: "Success",
        identities: identities.collect(),
        has_more: false,
    })
}

fn written(value: &impl Serialize) -> Result<Answer, Refusal> {
    serde_json::to_vec(value)
        .map(|body| Answer::json_bytes(StatusCode::OK, body))
        .map_err(|_| Refusal::bad("INTERNAL", "the answer could not be written"))
}

fn write_token(place: usize) -> String {
    URL_SAFE_NO_PAD.encode(format!("after:{place}"))
}

fn read_token(token: &str) -> Option<usize> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
    std::str::from_utf8(&bytes).ok()?.strip_prefix("after:")?.parse().ok()
}
