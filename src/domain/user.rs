//! 用户: who acts, and what each role may do.

use super::label::Label;
use super::office::OfficeId;
use super::token::{Scope, TokenId};
use crate::kit::clock::UnixMs;
use crate::kit::id::typed_id;

typed_id!(
    /// Names an account (UUID version 7).
    UserId
);
typed_id!(
    /// Names a session on pages; it does not open anything.
    SessionId
);

/// Longest name of a person, in characters.
pub const MAX_NAME_CHARS: usize = 40;

/// Something that not everyone may do. Use cases ask for it; pages and commands cannot differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Permission {
    /// See queue, findings, captures and sources.
    See,
    /// Decide, take back one's own decision, comment, pass over, hold a finding while working on it.
    Decide,
    /// Take back what somebody else decided.
    Overrule,
    /// Seal evidence.
    Seal,
    /// Read, check and export the audit.
    Audit,
    /// Add accounts, change roles, reset passwords, end sessions.
    ManageUsers,
    /// See contact points of people in full; each look is on record.
    Reveal,
    /// Issue letters in the name of the office.
    Issue,
}

/// What an account is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// 查看.
    Viewer,
    /// 审核.
    Reviewer,
    /// 审批: also answers for what others decided.
    Approver,
    /// 规则维护.
    RuleEditor,
    /// 审计: sees everything, changes nothing.
    Auditor,
    /// 管理员.
    Administrator,
}

use Permission::{Audit, Decide, Issue, ManageUsers, Overrule, Reveal, Seal, See};

/// The one table of who may do what.
const TABLE: &[(Role, &[Permission])] = &[
    (Role::Viewer, &[See]),
    (Role::Reviewer, &[See, Decide, Seal, Reveal]),
    (Role::Approver, &[See, Decide, Seal, Overrule, Reveal, Issue]),
    (Role::RuleEditor, &[See]),
    (Role::Auditor, &[See, Audit]),
    (Role::Administrator, &[See, Decide, Seal, Overrule, Audit, ManageUsers, Reveal, Issue]),
];

impl Permission {
    /// Every permission.
    pub const ALL: [Self; 8] = [See, Decide, Overrule, Seal, Audit, ManageUsers, Reveal, Issue];

    /// Stable name for commands and the scope of tokens.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::See => "see",
            Self::Decide => "decide",
            Self::Overrule => "overrule",
            Self::Seal => "seal",
            Self::Audit => "audit",
            Self::ManageUsers => "manage-users",
            Self::Reveal => "reveal",
            Self::Issue => "issue",
        }
    }

    /// The permission with this stable name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|permission| permission.as_str() == text)
    }

    /// What it allows, in both languages.
    pub fn label(self) -> Label {
        match self {
            Self::See => Label { zh: "查看", en: "see findings and sources" },
            Self::Decide => Label { zh: "审核", en: "decide" },
            Self::Overrule => Label { zh: "撤销他人的决定", en: "take back decisions of others" },
            Self::Seal => Label { zh: "封存证据", en: "seal evidence" },
            Self::Audit => Label { zh: "查阅审计记录", en: "read the audit" },
            Self::ManageUsers => Label { zh: "管理账号", en: "manage accounts" },
            Self::Reveal => Label { zh: "查看完整联系方式", en: "see contacts in full" },
            Self::Issue => Label { zh: "制发文书", en: "issue letters" },
        }
    }
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 6] =
        [Self::Viewer, Self::Reviewer, Self::Approver, Self::RuleEditor, Self::Auditor, Self::Administrator];

    /// Stable name for commands, forms and the `user_account` table.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Reviewer => "reviewer",
            Self::Approver => "approver",
            Self::RuleEditor => "rule-editor",
            Self::Auditor => "auditor",
            Self::Administrator => "administrator",
        }
    }

    /// The role with this stable name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == text)
    }

    /// Its name in both languages.
    pub fn label(self) -> Label {
        match self {
            Self::Viewer => Label { zh: "查看", en: "viewer" },
            Self::Reviewer => Label { zh: "审核", en: "reviewer" },
            Self::Approver => Label { zh: "审批", en: "approver" },
            Self::RuleEditor => Label { zh: "规则维护", en: "rule editor" },
            Self::Auditor => Label { zh: "审计", en: "auditor" },
            Self::Administrator => Label { zh: "管理员", en: "administrator" },
        }
    }

    /// Whether this role allows it.
    pub fn may(self, permission: Permission) -> bool {
        TABLE.iter().any(|(role, allowed)| *role == self && allowed.contains(&permission))
    }
}

/// By what right somebody acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Authority {
    /// At the terminal: who can read the data folder needs no permission from it.
    Terminal,
    /// Logged in.
    Account(Role),
    /// A program with a token of such an account.
    Token(Role, Scope),
    /// Not logged in.
    Nobody,
}

/// Who does something: a person by name, or the machine itself.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Actor {
    name: String,
    authority: Authority,
    address: Option<String>,
    token: Option<TokenId>,
    office: Option<OfficeId>,
}

impl Actor {
    /// The worker, the crawler and other unattended work.
    pub fn machine() -> Self {
        Self {
            name: "adwatch".to_owned(),
            authority: Authority::Terminal,
            address: None,
            token: None,
            office: None,
        }
    }

    /// A person at the terminal; blank names are refused because a decision without a name proves nothing.
    pub fn person(name: &str) -> Option<Self> {
        Some(Self {
            name: person_name(name)?,
            authority: Authority::Terminal,
            address: None,
            token: None,
            office: None,
        })
    }

    /// A person who logged in from `address`.
    pub fn account(account: &Account, address: &str) -> Self {
        Self {
            name: account.name.clone(),
            authority: Authority::Account(account.role),
            address: Some(address.to_owned()),
            token: None,
            office: account.office.clone(),
        }
    }

    /// A program that came from `address` with a token of this account.
    pub fn program(account: &Account, token: TokenId, scope: Scope, address: &str) -> Self {
        Self {
            name: account.name.clone(),
            authority: Authority::Token(account.role, scope),
            address: Some(address.to_owned()),
            token: Some(token),
            office: account.office.clone(),
        }
    }

    /// Somebody at `address` who is not logged in; may do nothing.
    pub fn stranger(address: &str) -> Self {
        Self {
            name: "anonymous".to_owned(),
            authority: Authority::Nobody,
            address: Some(address.to_owned()),
            token: None,
            office: None,
        }
    }

    /// The name as recorded.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The role of the account; `None` at the terminal.
    pub fn role(&self) -> Option<Role> {
        match self.authority {
            Authority::Account(role) | Authority::Token(role, _) => Some(role),
            Authority::Terminal | Authority::Nobody => None,
        }
    }

    /// From where the request came; `None` at the terminal.
    pub fn address(&self) -> Option<&str> {
        self.address.as_deref()
    }

    /// The token with which a program came.
    pub fn token(&self) -> Option<&TokenId> {
        self.token.as_ref()
    }

    /// Whose findings this actor sees, with those of the offices below; `None`: everything.
    pub fn office(&self) -> Option<&OfficeId> {
        self.office.as_ref()
    }

    /// Whether this actor may do that.
    pub fn may(&self, permission: Permission) -> bool {
        match self.authority {
            Authority::Terminal => true,
            Authority::Account(role) => role.may(permission),
            Authority::Token(role, scope) => role.may(permission) && scope.has(permission),
            Authority::Nobody => false,
        }
    }
}

/// A name as it may stand on record: trimmed, not blank, not too long, nothing that hides or reorders.
pub fn person_name(name: &str) -> Option<String> {
    let name = name.trim();
    let hides = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
    };
    (!name.is_empty() && name.chars().count() <= MAX_NAME_CHARS && !name.chars().any(hides))
        .then(|| name.to_owned())
}

/// 账号.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its identifier.
    pub id: UserId,
    /// Login name, and the name on record.
    pub name: String,
    /// What it is for.
    pub role: Role,
    /// Whether the password must be changed before anything else.
    pub must_change: bool,
    /// Whether login needs a one-time code too.
    pub has_totp: bool,
    /// When it was made.
    pub created_at: UnixMs,
    /// Since when nobody can log in with it.
    pub disabled_at: Option<UnixMs>,
    /// Whose findings it sees, with those of the offices below; `None`: everything.
    pub office: Option<OfficeId>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_role_stands_once_in_the_table_and_every_permission_is_somebodys() {
        for role in Role::ALL {
            assert_eq!(TABLE.iter().filter(|(known, _)| *known == role).count(), 1, "{role:?}");
            assert_eq!(Role::parse(role.as_str()), Some(role));
        }
        for permission in Permission::ALL {
            assert!(Role::ALL.into_iter().any(|role| role.may(permission)), "{permission:?}");
        }
    }

    #[test]
    fn who_checks_does_not_decide_and_who_decides_does_not_check() {
        assert!(Role::Auditor.may(Audit) && !Role::Auditor.may(Decide) && !Role::Auditor.may(ManageUsers));
        assert!(Role::Reviewer.may(Decide) && !Role::Reviewer.may(Audit) && !Role::Reviewer.may(Overrule));
        assert!(!Role::Viewer.may(Decide) && !Role::Viewer.may(Seal));
    }

    #[test]
    fn the_terminal_is_trusted_and_a_name_must_be_readable() {
        assert!(Permission::ALL.into_iter().all(|permission| Actor::person("李青").unwrap().may(permission)));
        assert!(!Permission::ALL.into_iter().any(|permission| Actor::stranger("::1").may(permission)));
        for bad in ["", "  ", "a\u{0}b", "a\u{202e}b", "a\u{200b}b", &"长".repeat(41)] {
            assert_eq!(Actor::person(bad), None, "{bad:?}");
        }
    }
}
