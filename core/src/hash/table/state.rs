//! What stands in a password column where there is no password.

use super::words::*;

rows! {
    NoPassword "no_password" Unusable Certain {
        applications: "every application",
        recognised_by: "nothing, NULL, \\N, *, !, !!, *LK*, *NP* and the like",
        mapping: NoPassword("the account has no password"),
        source: "shadow(5); SQL exports",
        advice: "carry the user without a password",
    }
    LockedAccount "locked_account" Unusable Certain {
        applications: "shadow files, Django, LDAP directories",
        recognised_by: "! or *LK* before a hash",
        mapping: NoPassword("the account is locked: a mark stands before the hash"),
        source: "shadow(5); Django is_password_usable()",
        advice: "carry the user suspended and without a password, or set `allow_locked` to take the hash",
    }
}
