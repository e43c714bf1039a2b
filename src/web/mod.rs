//! (being written)

pub mod playback;
