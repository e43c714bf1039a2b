//! 监测源: a column of a news site, an app-store list, an account.

use std::collections::BTreeMap;

use crate::kit::clock::UnixMs;
use crate::kit::id::typed_id;

typed_id!(
    /// Names a source; chosen by staff, for example `city-news`.
    SourceId
);

/// What a source is, and so which connector reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SourceKind {
    /// A list page or feed of a news site, its articles and their ad slots.
    NewsSite,
    /// An app store answering in the format of Apple's lookup and search service.
    AppStore,
    /// A public Telegram channel preview (`/s/<channel>`).
    TelegramChannel,
    /// A timeline in the format of the mobile Weibo `getIndex` answer.
    WeiboTimeline,
}

impl SourceKind {
    /// Every kind, in the order of help and documentation.
    pub const ALL: [Self; 4] = [Self::NewsSite, Self::AppStore, Self::TelegramChannel, Self::WeiboTimeline];

    /// Stable name used in commands, configuration, logs and the `source` table.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NewsSite => "news-site",
            Self::AppStore => "app-store",
            Self::TelegramChannel => "telegram-channel",
            Self::WeiboTimeline => "weibo-timeline",
        }
    }

    /// The kind with this stable name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// A place that adwatch looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Its name.
    pub id: SourceId,
    /// Which connector reads it.
    pub kind: SourceKind,
    /// What people call it, for example 江州新闻网财经频道.
    pub title: String,
    /// Entry address (list page, feed, lookup URL, channel preview).
    pub url: String,
    /// Further settings of the connector, by the names it documents.
    pub settings: BTreeMap<String, String>,
    /// When to crawl, if on a schedule.
    pub schedule: Option<super::schedule::Schedule>,
    /// Origins (`http://127.0.0.1:8080`) that this source may reach although their address is not public.
    pub allowed_origins: Vec<String>,
    /// Whether schedules and `crawl` without names include it.
    pub enabled: bool,
    /// When it was added.
    pub created_at: UnixMs,
}
