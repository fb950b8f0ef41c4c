//! `PATCH /api/v1/user?id={id}` and `PATCH /api/v1/users/{id}`.

use hyper::header::HeaderValue;
use serde_json::json;

use super::{Query, json_body};
use crate::answer::{Answer, Refusal};
use crate::identity::IdentityKind;
use crate::users::Directory;

/// Changes a user; `id` comes from the path or, without one there, from the query.
pub(crate) fn update(
    directory: &mut Directory,
    path_id: Option<&str>,
    raw_query: Option<&str>,
    content_type: Option<&HeaderValue>,
    body: &[u8],
) -> Result<Answer, Refusal> {
    let known: &[&str] = if path_id.is_some() { &[] } else { &["id"] };
    let query = Query::parse(raw_query, known)?;
    let id = path_id
        .or_else(|| query.get("id"))
        .ok_or_else(|| Refusal::bad("MISSING_PARAMETER", "id is required"))?;
    let mut fields = json_body(content_type, body)?;
    let given_name = fields.text("given_name")?;
    let family_name = fields.text("family_name")?;
    let picture = fields.text("picture")?;
    let provided_id = fields.text("provided_id")?;
    let is_suspended = fields.boolean("is_suspended")?;
    let reset_requested = fields.boolean("is_password_reset_requested")?;
    fields.finish()?;

    let user = directory.by_id_mut(id).ok_or_else(Refusal::no_user)?;
    for (place, value) in [
        (&mut user.given_name, given_name),
        (&mut user.family_name, family_name),
        (&mut user.picture, picture),
        (&mut user.provided_id, provided_id),
    ] {
        if let Some(value) = value {
            *place = Some(value.into());
        }
    }
    user.is_suspended = is_suspended.unwrap_or(user.is_suspended);
    user.is_password_reset_requested = reset_requested.unwrap_or(user.is_password_reset_requested);
    Ok(Answer::ok(&json!({
        "id": &*user.id,
        "given_name": user.given_name,
        "family_name": user.family_name,
        "email": user.first_value(IdentityKind::Email),
        "is_suspended": user.is_suspended,
        "is_password_reset_requested": user.is_password_reset_requested,
        "picture": user.picture,
    })))
}
