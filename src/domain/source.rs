//! 监测源: a column of a news site, an app-store list, an account.

use std::collections::BTreeMap;

use crate::kit::clock::UnixMs;
use crate::kit::id::typed_id;

typed_id!(
    /// Names a source; chosen by staff, for example `city-news`.
    SourceId
);

typed_id!(
    /// Names an adapter: a kind of source that is described in a file, for example `mastodon-timeline`.
    AdapterId
);

/// What a source is, and so which connector reads it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum SourceKind {
    /// A list page or feed of a news site, its articles and their ad slots.
    NewsSite,
    /// An app store answering in the format of Apple's lookup and search service.
    AppStore,
    /// A public Telegram channel preview (`/s/<channel>`).
    TelegramChannel,
    /// A timeline in the format of the mobile Weibo `getIndex` answer.
    WeiboTimeline,
    /// Files that people bring; there is nothing to fetch.
    Import,
    /// Anything that an adapter file describes.
    Adapter(AdapterId),
}

impl SourceKind {
    /// The built-in kinds that are crawled, in the order of help and documentation.
    pub const BUILT_IN: [Self; 4] =
        [Self::NewsSite, Self::AppStore, Self::TelegramChannel, Self::WeiboTimeline];

    /// Stable name used in commands, configuration, logs and the `source` table; that of the adapter if it is one.
    pub fn as_str(&self) -> &str {
        match self {
            Self::NewsSite => "news-site",
            Self::AppStore => "app-store",
            Self::TelegramChannel => "telegram-channel",
            Self::WeiboTimeline => "weibo-timeline",
            Self::Import => "import",
            Self::Adapter(id) => id.as_str(),
        }
    }

    /// The kind with this stable name; `None` when no adapter could have it. Whether there is such an adapter is
    /// known to those who read their files.
    pub fn parse(text: &str) -> Option<Self> {
        Self::try_from(text.to_owned()).ok()
    }
}

impl From<SourceKind> for String {
    fn from(kind: SourceKind) -> Self {
        kind.as_str().to_owned()
    }
}

impl TryFrom<String> for SourceKind {
    type Error = crate::kit::id::ParseIdError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let mut built_in = Self::BUILT_IN.into_iter().chain([Self::Import]);
        let built_in = built_in.find(|kind| kind.as_str() == text);
        built_in.map_or_else(|| AdapterId::parse(&text).map(Self::Adapter), Ok)
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
