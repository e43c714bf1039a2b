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
//! | R022 | trigger that every text would have to be searched for |
//! | R023 | provision without proper dates |
//! | R024 | words that never occur in normalized text |
//! | R025 | `not_in` word that holds no trigger |
//! | R026 | wording weight that is no number, or is given to more than two characters |
//! | R030 | fewer than three examples or counter-examples |
//! | R031 | example that the rule does not find |
//! | R032 | example that the context clears |
//! | R033 | counter-example that the rule asserts |
//! | R034 | literal that another rule of the category already looks for |
//! | R035 | list that nothing uses |
//!
//! Lists with these names have a meaning to the judge: `contact`, `call` and `offer` (what advertisements have),
//! `official-contact` (words that make a contact one of an authority: 举报电话), `disguise` (promotion dressed as a
//! warning: such a text cannot be cleared as one).
//!
//! `[wording]` weighs characters and pairs of them; a rule may demand a score with `wording = 0.5`.
//!
//! `<name>` in a pattern stands for the pattern of the `[[fragment]]` of that name.

mod check;
mod explain;
mod fragment;
mod load;
mod pack;
mod resolve;
mod syntax;
mod term;
mod wording;

pub use crate::kit::diagnostic::{Diagnostic, Level, Located, Place, TextFile as PackFile};
pub use check::check;
pub(crate) use explain::condition_terms;
pub use explain::{explain, trace};
pub use fragment::expand;
pub use load::load;
pub use pack::{
    Alternatives, Cue, CueStatus, Direction, Institution, InstitutionKind, NOf, Near, Rule, RulePack,
    TermList, WEIGHTS,
};
pub use term::{ClaimTest, Comparison, Term};
pub use wording::Wording;

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
