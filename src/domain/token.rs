//! 访问令牌: a program acts for a person, within what the person may do.

use super::user::{Permission, UserId};
use crate::kit::clock::UnixMs;
use crate::kit::id::typed_id;

typed_id!(
    /// Names a token on pages and in the audit; it does not open anything.
    TokenId
);

/// What a token may be used for. Its owner's role limits it further, at each use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Scope(u16);

impl Scope {
    /// These permissions.
    pub fn of(permissions: &[Permission]) -> Self {
        Self(permissions.iter().fold(0, |bits, permission| bits | bit(*permission)))
    }

    /// Names of permissions with commas between, for example `see,decide`.
    ///
    /// # Errors
    /// The first name that is not known, or an empty text.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut scope = Self::default();
        for name in text.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            scope.0 |= bit(Permission::parse(name).ok_or_else(|| name.to_owned())?);
        }
        if scope.0 == 0 { Err(text.to_owned()) } else { Ok(scope) }
    }

    /// Whether it holds this permission.
    pub fn has(self, permission: Permission) -> bool {
        self.0 & bit(permission) != 0
    }

    /// Its permissions, in the order of [`Permission::ALL`].
    pub fn permissions(self) -> impl Iterator<Item = Permission> {
        Permission::ALL.into_iter().filter(move |permission| self.has(*permission))
    }
}

impl std::fmt::Display for Scope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<&str> = self.permissions().map(Permission::as_str).collect();
        f.write_str(&names.join(","))
    }
}

fn bit(permission: Permission) -> u16 {
    Permission::ALL.iter().position(|known| *known == permission).map_or(0, |at| 1 << at)
}

/// A token as lists show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiToken {
    /// Its name in the audit.
    pub id: TokenId,
    /// Whose.
    pub user_id: UserId,
    /// What it is for, in the words of who made it.
    pub name: String,
    /// What it may be used for.
    pub scope: Scope,
    /// When it was made.
    pub created_at: UnixMs,
    /// It opens nothing from then on.
    pub expires_at: UnixMs,
    /// When it was last used, to the minute.
    pub used_at: Option<UnixMs>,
    /// When it was taken back.
    pub revoked_at: Option<UnixMs>,
}

impl ApiToken {
    /// Whether it opens anything at `now`.
    pub fn is_valid(&self, now: UnixMs) -> bool {
        self.revoked_at.is_none() && now < self.expires_at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_is_read_as_it_is_written_and_holds_nothing_else() {
        let scope = Scope::parse(" decide, see ,see").unwrap();
        assert_eq!(scope.to_string(), "see,decide");
        assert_eq!(Scope::parse(&Scope::of(&Permission::ALL).to_string()), Ok(Scope::of(&Permission::ALL)));
        for permission in Permission::ALL {
            let named = matches!(permission, Permission::See | Permission::Decide);
            assert_eq!(scope.has(permission), named, "{permission:?}");
        }
        for (wrong, named) in [("see,root", "root"), ("", ""), (" , ", " , ")] {
            assert_eq!(Scope::parse(wrong), Err(named.to_owned()));
        }
    }
}
