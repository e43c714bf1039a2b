//! Where a list goes on: the place behind the last entry, opaque to programs.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::problem::Problem;

/// The place as a cursor.
pub fn write(place: &impl std::fmt::Display) -> String {
    URL_SAFE_NO_PAD.encode(place.to_string())
}

/// The place of a cursor; one that we did not give is refused.
pub fn read<T: std::str::FromStr>(cursor: Option<&str>) -> Result<Option<T>, Problem> {
    let wrong =
        || Problem::parameter("cursor", "not a cursor of this list; leave it out to begin at the first page");
    let Some(cursor) = cursor else { return Ok(None) };
    let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| wrong())?;
    let text = String::from_utf8(bytes).map_err(|_| wrong())?;
    text.parse().map(Some).map_err(|_| wrong())
}
