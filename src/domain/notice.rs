//! 提醒: a text that waits in the outbox until it is sent.

use crate::kit::clock::UnixMs;
use crate::kit::id::typed_id;

typed_id!(
    /// Names a notice. Derived from its cause, so that one cause makes one notice.
    NoticeId
);

/// Why a notice is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NoticeKind {
    /// A finding of severity 4.
    Alert,
    /// The daily digest.
    Digest,
    /// Something happened to a lead or case: told to a program. The subject names the webhook, the body is its JSON.
    Webhook,
    /// A source that went silent.
    Source,
}

impl NoticeKind {
    /// Stable name for the `outbox` table.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Alert => "alert",
            Self::Digest => "digest",
            Self::Webhook => "webhook",
            Self::Source => "source",
        }
    }

    /// The kind with this stable name.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Alert, Self::Digest, Self::Webhook, Self::Source]
            .into_iter()
            .find(|kind| kind.as_str() == text)
    }
}

/// One message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Its name.
    pub id: NoticeId,
    /// Why.
    pub kind: NoticeKind,
    /// Subject line.
    pub subject: String,
    /// Plain text.
    pub body: String,
    /// When its cause happened.
    pub created_at: UnixMs,
}
