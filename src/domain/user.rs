//! 用户: who acts. Accounts and roles grow here.

/// Who does something: a person by name, or the machine itself.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Actor(String);

impl Actor {
    /// The worker, the crawler and other unattended work.
    pub fn machine() -> Self {
        Self("adwatch".to_owned())
    }

    /// A person; blank names are refused because a decision without a name proves nothing.
    pub fn person(name: &str) -> Option<Self> {
        let name = name.trim();
        (!name.is_empty() && name.chars().count() <= 40 && !name.chars().any(char::is_control))
            .then(|| Self(name.to_owned()))
    }

    /// The name as recorded.
    pub fn name(&self) -> &str {
        &self.0
    }
}
