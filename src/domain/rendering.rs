//! 渲染留存: what a browser made of a page: how it was looked at, what the page asked for, what was seen where.

use std::collections::BTreeMap;

use super::blob::BlobRef;

/// As what a page is looked at: sites show other ads to telephones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RenderProfile {
    /// A computer with a wide screen.
    Desktop,
    /// A telephone held upright.
    Mobile,
}

impl RenderProfile {
    /// Every profile, in the order of help and documentation.
    pub const ALL: [Self; 2] = [Self::Desktop, Self::Mobile];

    /// Stable name for settings, the `rendering` table and reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Desktop => "desktop",
            Self::Mobile => "mobile",
        }
    }

    /// The profile with this stable name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|profile| profile.as_str() == text)
    }
}

/// What bytes that belong to a rendering are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PartRole {
    /// The page's elements at the end, HTML in UTF-8.
    Dom,
    /// Those of a frame.
    Frame,
    /// The picture of the page, PNG.
    Screenshot,
    /// The picture of an ad, PNG.
    Ad,
    /// The body of an answer.
    Body,
}

impl PartRole {
    /// Every role.
    pub const ALL: [Self; 5] = [Self::Dom, Self::Frame, Self::Screenshot, Self::Ad, Self::Body];

    /// Stable name for the `rendering_part` table.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Dom => "dom",
            Self::Frame => "frame",
            Self::Screenshot => "screenshot",
            Self::Ad => "ad",
            Self::Body => "body",
        }
    }

    /// The role with this stable name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == text)
    }
}

/// A rectangle in a page, in CSS pixels from its upper left corner.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Area {
    /// Left edge.
    pub x: i32,
    /// Upper edge.
    pub y: i32,
    /// Width.
    pub width: i32,
    /// Height.
    pub height: i32,
}

impl Area {
    /// Square pixels.
    pub fn size(self) -> i64 {
        i64::from(self.width.max(0)) * i64::from(self.height.max(0))
    }

    /// The smallest rectangle that holds both; one without size does not count.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        if self.size() == 0 {
            return other;
        }
        if other.size() == 0 {
            return self;
        }
        let (x, y) = (self.x.min(other.x), self.y.min(other.y));
        let right = (self.x + self.width).max(other.x + other.width);
        let bottom = (self.y + self.height).max(other.y + other.height);
        Self { x, y, width: right - x, height: bottom - y }
    }

    /// The part that lies in both; without size when there is none.
    #[must_use]
    pub fn intersection(self, other: Self) -> Self {
        let (x, y) = (self.x.max(other.x), self.y.max(other.y));
        let right = (self.x + self.width).min(other.x + other.width);
        let bottom = (self.y + self.height).min(other.y + other.height);
        Self { x, y, width: (right - x).max(0), height: (bottom - y).max(0) }
    }

    /// The rectangle moved.
    #[must_use]
    pub fn moved(self, by_x: i32, by_y: i32) -> Self {
        Self { x: self.x.saturating_add(by_x), y: self.y.saturating_add(by_y), ..self }
    }
}

/// How far looking at the page got.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum RenderState {
    /// The page was looked at to its end.
    Complete,
    /// It was looked at until a limit: what is there is kept.
    Cut {
        /// Which limit, or what the page did.
        why: String,
    },
}

/// The record of one look at a page; kept in the vault as JSON beside the page's bytes.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Rendering {
    /// As what it was looked at.
    pub profile: RenderProfile,
    /// What the browser says of itself.
    pub browser: String,
    /// Width and height of the window, in CSS pixels.
    pub window: (u32, u32),
    /// Width and height of the page, in CSS pixels.
    pub page: (u32, u32),
    /// How far it got.
    pub state: RenderState,
    /// The title at the end.
    pub title: String,
    /// Frames that were seen, the page itself first.
    pub frames: Vec<FrameSeen>,
    /// Everything the page asked for, in the order of asking.
    pub requests: Vec<RequestSeen>,
    /// What was refused, and why.
    pub refused: Vec<RefusedRequest>,
    /// Errors and warnings of the console, dialogs, and attempts to leave the web.
    pub console: Vec<ConsoleLine>,
    /// What we did to see the page: a consent that was given, how far it was scrolled.
    pub steps: Vec<String>,
    /// The ads, in the order of the page.
    pub ads: Vec<RenderedSlot>,
    /// How many windows the page opened; the first ones are captures of their own.
    pub n_popups: u32,
    /// How long it took, in milliseconds.
    pub elapsed_ms: u64,
}

/// A frame of a page.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct FrameSeen {
    /// The browser's name for it.
    pub id: String,
    /// The frame it stands in.
    pub parent: Option<String>,
    /// Its address at the end.
    pub url: String,
}

/// One request of a page and what became of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct RequestSeen {
    /// The address.
    pub url: String,
    /// `GET`, `POST`, ….
    pub method: String,
    /// What it is for, in the browser's words: `Document`, `Script`, `Image`, ….
    pub kind: String,
    /// The frame that asked.
    pub frame: Option<String>,
    /// What made it ask: `parser`, `script`, … with the address and line where known.
    pub initiator: String,
    /// Milliseconds after the beginning.
    pub at_ms: u64,
    /// HTTP status; absent without an answer.
    pub status: Option<u16>,
    /// MIME type of the answer.
    pub mime: String,
    /// Response headers as received, in order; empty in records of versions that did not keep them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<(String, String)>,
    /// Where a redirect led.
    pub redirected_to: Option<String>,
    /// Why there was no answer.
    pub failed: Option<String>,
    /// The bytes of the answer, when they were kept.
    pub body: Option<BlobRef>,
    /// The browser gave the answer as decoded text: bytes in other charsets than UTF-8 are not as received.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_decoded: bool,
}

/// A request that the address guard refused.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct RefusedRequest {
    /// The address, or `host:port`.
    pub target: String,
    /// The reason.
    pub why: String,
}

/// A line of the console.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ConsoleLine {
    /// `error`, `warning`, `dialog`, `refused`.
    pub level: String,
    /// The words, shortened.
    pub text: String,
}

/// An ad in a rendered page, with where it was seen.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct RenderedSlot {
    /// Where in the document, as the sighting has it.
    pub locator: String,
    /// Where in the picture of the page.
    pub area: Area,
    /// It stays in the window when the page is scrolled.
    pub is_fixed: bool,
    /// Why it counts as an ad.
    pub signs: Vec<String>,
    /// Its picture.
    pub picture: Option<BlobRef>,
    /// Further facts by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub facts: BTreeMap<String, String>,
}
