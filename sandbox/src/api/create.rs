//! `POST /api/v1/user`.

use hyper::header::HeaderValue;
use serde_json::json;

use super::{Query, json_body};
use crate::answer::{Answer, Refusal};
use crate::fields::Fields;
use crate::identity::{IdentityKind, NewIdentity, is_email};
use crate::users::{Directory, NewUser, Taken};

/// Creates a user with its identities, or refuses the whole of it.
pub(crate) fn create(
    directory: &mut Directory,
    raw_query: Option<&str>,
    content_type: Option<&HeaderValue>,
    body: &[u8],
) -> Result<Answer, Refusal> {
    Query::parse(raw_query, &[])?;
    // The body is documented as not required: without one, a user without identities.
    let new = if body.is_empty() { NewUser::default() } else { read(json_body(content_type, body)?)? };
    let kinds: Vec<&str> = new.identities.iter().map(|identity| identity.kind.name()).collect();
    let user = directory.add(new).map_err(|taken| {
        let what = match taken {
            Taken::Id => "id",
            Taken::Identity(kind) => kind.name(),
        };
        Refusal::bad("USER_ALREADY_EXISTS", format!("a user with this {what} exists already"))
    })?;
    let identities: Vec<_> =
        kinds.iter().map(|kind| json!({"type": kind, "result": {"created": true}})).collect();
    Ok(Answer::ok(&json!({
        "id": &*user.id,
        "created": true,
        "identities": identities,
    })))
}

fn read(mut fields: Fields) -> Result<NewUser, Refusal> {
    let mut new = NewUser::default();
    if let Some(mut profile) = fields.object("profile")? {
        new.given_name = profile.text("given_name")?;
        new.family_name = profile.text("family_name")?;
        new.picture = profile.text("picture")?;
        // The migration guide puts it here as well; it is the identities that count.
        if let Some(email) = profile.text("email")?
            && !is_email(&email)
        {
            return Err(profile.refuse("email", "must be an e-mail address"));
        }
        profile.finish()?;
    }
    new.organization_code = fields.text("organization_code")?;
    if new.organization_code.as_deref() == Some("") {
        return Err(fields.refuse("organization_code", "must not be empty"));
    }
    new.provided_id = fields.text("provided_id")?;
    for identity in fields.objects("identities")? {
        new.identities.push(read_identity(identity)?);
    }
    fields.finish()?;
    Ok(new)
}

fn read_identity(mut fields: Fields) -> Result<NewIdentity, Refusal> {
    let kind = fields.text("type")?.ok_or_else(|| fields.refuse("type", "is required"))?;
    let kind = IdentityKind::from_name(&kind)
        .ok_or_else(|| fields.refuse("type", "must be email, phone or username"))?;
    let verified = fields.boolean("is_verified")?.unwrap_or(false);
    let mut details = fields.object("details")?.ok_or_else(|| fields.refuse("details", "is required"))?;
    fields.finish()?;
    let mut value = details.text(kind.name())?.ok_or_else(|| details.refuse(kind.name(), "is required"))?;
    if kind == IdentityKind::Phone
        && let Some(country) = details.text("phone_country_id")?
    {
        if country.len() != 2 || !country.bytes().all(|b| b.is_ascii_alphabetic()) {
            return Err(details.refuse("phone_country_id", "must be two letters, such as au"));
        }
        // Numbers come with separators where a country is given beside them.
        value.retain(|c| !matches!(c, ' ' | '-' | '(' | ')'));
    }
    if let Some(must) = kind.fault_of(&value) {
        return Err(details.refuse(kind.name(), must));
    }
    details.finish()?;
    Ok(NewIdentity { kind, value, verified })
}
