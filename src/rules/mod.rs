//! Rule packs: rules, lists, cues, institutions and provisions as TOML files that staff can edit.
//!
//! The form is in `docs/rules.md`. Loading never fails: what cannot be used is left out and shown as a
//! [`Diagnostic`].
//!
//! | code | meaning |
//! |---|---|
//! | R001 | the file is not TOML |
//! | R002 | unknown key, missing key or wrong type |
//! | R003 | no `[pack]` table, or two |
//! | R004 | number out of range |
//! | R005 | unknown weight |
//! | R010 | identifier of the wrong form |
//! | R011 | name used twice |
//! | R012 | unknown list |
//! | R013 | list that contains itself |
//! | R014 | pattern that does not compile |
//! | R015 | empty term or empty trigger |
//! | R016 | wrong claim test |
//! | R017 | clearing cue of one character |
//! | R018 | basis names no provision |
//! | R019 | basis not in force when the rules were last checked |
//! | R020 | rule without `why` |
//! | R023 | provision without proper dates |
//!
//! Lists with these names have a meaning to the judge: `ad-contact`, `ad-call`, `ad-offer` (what advertisements
//! have), `ad-official` (contacts of authorities, which do not make an advertisement), `ad-disguise`
//! (promotion dressed as a warning: such a text cannot be cleared as one).

mod diagnostic;
mod load;
mod pack;
mod syntax;
mod term;

pub use diagnostic::{Diagnostic, Level, Located, Place};
pub use load::load;
pub use pack::{
    Alternatives, Cue, CueStatus, Direction, Institution, InstitutionKind, NOf, Near, Rule, RulePack,
    TermList, WEIGHTS, Window,
};
pub use term::{ClaimTest, Comparison, Term};

/// One file of a pack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackFile {
    /// Path for messages, relative to the pack's folder, with `/`.
    pub path: String,
    /// Content.
    pub text: String,
}

static PATTERNS: include_dir::Dir<'_> = include_dir::include_dir!("$CARGO_MANIFEST_DIR/patterns");

/// The pack that is built into the program.
pub fn embedded() -> (RulePack, Vec<Diagnostic>) {
    load(&embedded_files())
}

/// The files of the built-in pack, in the order of their paths.
pub fn embedded_files() -> Vec<PackFile> {
    let mut files = Vec::new();
    collect(&PATTERNS, &mut files);
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}

fn collect(dir: &include_dir::Dir<'_>, files: &mut Vec<PackFile>) {
    for file in dir.files() {
        if let (Some(path), Some(text)) = (file.path().to_str(), file.contents_utf8()) {
            files.push(PackFile { path: path.to_owned(), text: text.to_owned() });
        }
    }
    for dir in dir.dirs() {
        collect(dir, files);
    }
}
