//! Floor 1: from bytes to advertisements. Pure: the page, its address and the instant are arguments, and whatever
//! is broken becomes a [`crate::kit::problem::Problem`] beside what could be read.

pub mod ad_block;
pub mod app_listing;
pub mod article;
pub mod charset;
pub mod contact;
pub mod content;
pub mod feed;
pub mod filters;
pub mod html;
pub mod moment;
pub mod native_ad;
pub mod rendered;
pub mod sitemap;
pub mod table;
pub mod telegram;
pub mod transcript;
pub mod weibo;

/// What a reader found, or the field whose absence says that the format changed.
pub type Shape<T> = Result<T, MissingField>;

/// A field that the format requires and the answer lacks: reported as `ShapeChanged`, never as "nothing found".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingField(pub String);

impl MissingField {
    fn new(field: &str) -> Self {
        Self(field.to_owned())
    }
}
