//! The token itself.

use super::call::{Answered, Call, Reply};
use super::problem::Problem;
use super::shapes::Me;
use crate::domain::user::Permission;

/// `GET /me`.
pub async fn me(call: Call) -> Answered {
    let program = call.program.as_ref().ok_or(Problem::NoToken)?;
    let may = |permission: &Permission| program.actor.may(*permission);
    Reply::ok(&Me {
        token: program.token.id.to_string(),
        name: program.token.name.clone(),
        account: program.account.name.clone(),
        role: program.account.role.as_str().to_owned(),
        may: Permission::ALL
            .into_iter()
            .filter(may)
            .map(|permission| permission.as_str().to_owned())
            .collect(),
        expires_at: program.token.expires_at.into(),
    })
}
