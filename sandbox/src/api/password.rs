//! `PUT /api/v1/users/{id}/password`.

use hyper::header::HeaderValue;
use serde_json::json;

use super::{Query, json_body};
use crate::answer::{Answer, Refusal};
use crate::password;
use crate::users::Directory;

/// Sets a user's password.
pub(crate) fn set_password(
    directory: &mut Directory,
    id: &str,
    raw_query: Option<&str>,
    content_type: Option<&HeaderValue>,
    body: &[u8],
    refuse_plain: bool,
) -> Result<Answer, Refusal> {
    Query::parse(raw_query, &[])?;
    let password = password::from_fields(json_body(content_type, body)?, refuse_plain)?;
    let user = directory.by_id_mut(id).ok_or_else(Refusal::no_user)?;
    user.password = Some(Box::new(password));
    user.sets += 1;
    Ok(Answer::ok(&json!({"message": "Success", "code": "OK"})))
}
