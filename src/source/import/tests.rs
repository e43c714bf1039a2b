//! Every format on its example, and hostile files.
