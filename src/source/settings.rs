//! Settings of sources: named, documented, checked before anything is fetched.

use crate::domain::rendering::RenderProfile;
use crate::domain::source::Source;
use crate::kit::problem::Problem;

/// One setting that sources of a kind may carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setting<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its value when it is not set; empty means none.
    pub default: &'a str,
    /// Unit or form of the value, for example `pages` or `CSS selector`.
    pub unit: &'a str,
    /// A value of the right form.
    pub example: &'a str,
    /// What it does, in one sentence.
    pub help: &'a str,
}

/// The limit of fetched pages that every kind understands in the same way.
pub(super) const MAX_LANDINGS: Setting<'static> = Setting {
    name: "max_landings",
    default: "10",
    unit: "pages per page",
    example: "0",
    help: "How many pages behind the ads of one page are captured; 0 for none.",
};

/// How pages are looked at, which every kind that is crawled understands in the same way.
pub const RENDER: Setting<'static> = Setting {
    name: "render",
    default: "",
    unit: "desktop or mobile",
    example: "mobile",
    help: "Pages are looked at with a browser, as a computer or a telephone; without it they are captured as served.",
};

/// As what the source's pages are looked at with a browser; `None` when they are captured as served.
pub fn render_profile(source: &Source) -> Option<RenderProfile> {
    RenderProfile::parse(text(source, &RENDER))
}

/// How many pages behind the ads of one page are captured.
pub fn max_landings(source: &Source) -> usize {
    number(source, &MAX_LANDINGS).unwrap_or(10)
}

/// Refuses settings that the kind does not know.
pub(super) fn check(source: &Source, known: &[Setting<'_>]) -> Result<(), Problem> {
    let profile = text(source, &RENDER);
    if !profile.is_empty() && RenderProfile::parse(profile).is_none() {
        return Err(wrong(source, &RENDER, profile));
    }
    for name in source.settings.keys().filter(|name| *name != RENDER.name) {
        if !known.iter().any(|setting| setting.name == name) {
            let names: Vec<&str> = known.iter().map(|setting| setting.name).collect();
            let message = format!(
                "source `{}`: setting `{name}` is not known to {}; known are {}",
                source.id,
                source.kind.as_str(),
                names.join(", ")
            );
            return Err(Problem::new("unknown-setting", message));
        }
    }
    Ok(())
}

/// The value of a setting, or its default.
pub(super) fn text<'a>(source: &'a Source, setting: &Setting<'a>) -> &'a str {
    source.settings.get(setting.name).map_or(setting.default, String::as_str).trim()
}

/// The value of a setting that is a number.
pub(super) fn number(source: &Source, setting: &Setting<'_>) -> Result<usize, Problem> {
    let value = text(source, setting);
    value.parse().map_err(|_| wrong(source, setting, value))
}

/// The problem of a value of the wrong form.
pub(super) fn wrong(source: &Source, setting: &Setting<'_>, value: &str) -> Problem {
    let message = format!(
        "source `{}`: setting `{}` is `{value}`, which is not a value in {}; for example `{}`",
        source.id, setting.name, setting.unit, setting.example
    );
    Problem::new("wrong-setting", message)
}

/// The entry address, parsed.
pub(super) fn entry_url(source: &Source) -> Result<url::Url, Problem> {
    let parsed =
        url::Url::parse(source.url.trim()).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    parsed.ok_or_else(|| {
        let message = format!("source `{}`: `{}` is not an http or https address", source.id, source.url);
        Problem::new("wrong-address", message)
    })
}
