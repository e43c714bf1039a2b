//! Files → pack. Each table is read on its own, so that one mistake hides no other.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeTable, DeValue, ValueDeserializer};

use super::pack::{Alternatives, Cue, Institution, NOf, Near, Rule, RulePack, TermList, WEIGHTS};
use super::syntax::{CueForm, FragmentForm, InstitutionForm, ListForm, PackForm, ProvisionForm, RuleForm};
use super::term::{self, Term};
use super::wording::{self, Wording, WordingForm};
use super::{PackFile, resolve};
use crate::domain::hit::{RuleId, Severity};
use crate::domain::provision::{Provision, ProvisionId};
use crate::kit::diagnostic::{Diagnostic, Level, Located, Place};

/// Reads a pack from its files, in any order.
///
/// Files not ending in `.toml`, the normalizer's tables (`characters*.toml`), `calendar.toml`, `contacts.toml` and the descriptions of sources
/// (`adapters/`) are skipped. What cannot be
/// used is left out of the pack and described by an error; warnings leave nothing out.
pub fn load(files: &[PackFile]) -> (RulePack, Vec<Diagnostic>) {
    let pack = RulePack { files: files.to_vec(), threshold: 0.5, ad_threshold: 0.4, ..RulePack::default() };
    let mut loader = Loader { pack, diagnostics: Vec::new(), names: BTreeMap::new() };
    for (file, content) in files.iter().enumerate() {
        if is_rule_file(&content.path) {
            loader.read_file(file, &content.text);
        }
    }
    if !loader.names.contains_key(&("pack", String::new())) {
        let place = Place::default();
        let problem =
            Diagnostic::new("R003", Level::Error, files, &place, "no `[pack]` table in any file", "")
                .with_help("pack.toml begins with [pack] id, revision, title, language, threshold");
        loader.diagnostics.push(problem);
    }
    loader.diagnostics.extend(resolve::resolve(&mut loader.pack));
    loader.diagnostics.sort_by(|a, b| (&a.file, a.span.start, a.code).cmp(&(&b.file, b.span.start, b.code)));
    (loader.pack, loader.diagnostics)
}

/// `lists/` and `adapters/` belong to other engines, and so do the calendar and the routing table.
fn is_rule_file(path: &str) -> bool {
    let mut folders = path.split('/').rev();
    let name = folders.next().unwrap_or(path);
    name.ends_with(".toml")
        && !matches!(name, "calendar.toml" | "routing.toml")
        && folders.all(|folder| !matches!(folder, "lists" | "adapters"))
}

struct Loader {
    pack: RulePack,
    diagnostics: Vec<Diagnostic>,
    /// What is named so far, by kind, and where.
    names: BTreeMap<(&'static str, String), Place>,
}

impl Loader {
    fn read_file(&mut self, file: usize, text: &str) {
        let (table, errors) = DeTable::parse_recoverable(text);
        for error in &errors {
            self.toml_error("R001", file, error, 0..0);
        }
        for (key, value) in table.into_inner() {
            let span = key.span();
            match key.get_ref().as_ref() {
                "pack" => {
                    if let Some(form) = self.item::<PackForm>(file, value) {
                        self.add_pack(file, span, &form);
                    }
                }
                "wording" => {
                    if let Some(form) = self.item::<WordingForm>(file, value) {
                        self.add_wording(file, span, &form);
                    }
                }
                "list" => self.each(file, span, value, Self::add_list),
                "cue" => self.each(file, span, value, Self::add_cue),
                "institution" => self.each(file, span, value, Self::add_institution),
                "provision" => self.each(file, span, value, Self::add_provision),
                "fragment" => self.each(file, span, value, Self::add_fragment),
                "rule" => self.each(file, span, value, Self::add_rule),
                other => {
                    let message = format!("unknown table `{other}`");
                    let help = "known: [pack], [wording], [[list]], [[cue]], [[institution]], [[provision]], [[fragment]], [[rule]]";
                    self.error_at("R002", file, span, message, "not known here", Some(help.to_owned()));
                }
            }
        }
    }

    fn each<T: DeserializeOwned>(
        &mut self,
        file: usize,
        key: Range<usize>,
        value: Spanned<DeValue<'_>>,
        add: fn(&mut Self, usize, T),
    ) {
        match value.into_inner() {
            DeValue::Array(items) => {
                for item in items {
                    if let Some(form) = self.item(file, item) {
                        add(self, file, form);
                    }
                }
            }
            _ => self.error_at(
                "R002",
                file,
                key,
                "one table where a list of tables belongs".into(),
                "write it twice bracketed: `[[…]]`",
                None,
            ),
        }
    }

    fn item<T: DeserializeOwned>(&mut self, file: usize, value: Spanned<DeValue<'_>>) -> Option<T> {
        let span = value.span();
        match T::deserialize(ValueDeserializer::from(value)) {
            Ok(form) => Some(form),
            Err(error) => {
                self.toml_error("R002", file, &error, span);
                None
            }
        }
    }

    fn toml_error(
        &mut self,
        code: &'static str,
        file: usize,
        error: &toml::de::Error,
        fallback: Range<usize>,
    ) {
        let span = error.span().unwrap_or(fallback);
        let message = error.message().lines().collect::<Vec<_>>().join("; ");
        self.error_at(code, file, span, message, "here", None);
    }

    fn add_pack(&mut self, file: usize, span: Range<usize>, form: &PackForm) {
        if !self.claim_name("R003", "pack", "", Place { file, span }) {
            return;
        }
        for (key, weight) in &form.weights {
            if !WEIGHTS.iter().any(|(known, _)| known == key.get_ref()) {
                let known: Vec<&str> = WEIGHTS.iter().map(|(code, _)| *code).collect();
                let message = format!("unknown weight `{}`", key.get_ref());
                let help = format!("known: {}", known.join(", "));
                self.error_at("R005", file, key.span(), message, "weighs nothing", Some(help));
            } else if let Some(weight) = self.unit_interval(file, weight) {
                self.pack.weights.insert(key.get_ref().clone(), weight);
            }
        }
        if let Some(threshold) = self.unit_interval(file, &form.threshold) {
            self.pack.threshold = threshold;
        }
        if let Some(threshold) = form.ad_threshold.as_ref().and_then(|value| self.unit_interval(file, value))
        {
            self.pack.ad_threshold = threshold;
        }
        for text in [&form.id, &form.revision] {
            if !crate::kit::id::is_valid(text.get_ref()) {
                let message = format!("`{}` cannot name a pack or revision", text.get_ref());
                self.error_at("R010", file, text.span(), message, "use a-z 0-9 . _ -", None);
            }
        }
        self.pack.id.clone_from(form.id.get_ref());
        self.pack.revision.clone_from(form.revision.get_ref());
        self.pack.title.clone_from(form.title.get_ref());
        self.pack.language.clone_from(&form.language);
    }

    fn add_wording(&mut self, file: usize, span: Range<usize>, form: &WordingForm) {
        if !self.claim_name("R011", "wording", "", Place { file, span }) {
            return;
        }
        let mut weights = Vec::new();
        for (weight, grams) in &form.weights {
            match wording::group(weight.get_ref(), grams.get_ref()) {
                Ok(group) => weights.extend(group),
                Err(wording::Wrong::Key) => {
                    let message = format!("`{}` is not a weight", weight.get_ref());
                    self.error_at("R026", file, weight.span(), message, "write a number", None);
                }
                Err(wording::Wrong::Gram(gram)) => {
                    let message = format!("`{gram}` is neither one character nor two");
                    self.error_at("R026", file, grams.span(), message, "here", None);
                }
            }
        }
        let WordingForm { bias, floor, as_ad, over_context, .. } = *form;
        self.pack.wording = Some(Wording { bias, floor, as_ad, over_context, weights });
    }

    fn unit_interval(&mut self, file: usize, number: &Spanned<f64>) -> Option<f64> {
        let value = *number.get_ref();
        if (0.0..=1.0).contains(&value) {
            return Some(value);
        }
        self.error_at(
            "R004",
            file,
            number.span(),
            format!("{value} is not between 0 and 1"),
            "out of range",
            None,
        );
        None
    }

    fn add_list(&mut self, file: usize, form: ListForm) {
        let place = Place { file, span: form.name.span() };
        let name = form.name.into_inner();
        if !self.simple_name(&name, &place) || !self.claim_name("R011", "list", &name, place.clone()) {
            return;
        }
        let terms = self.flat_terms(file, &form.terms);
        self.pack.lists.insert(name, TermList { title: form.title, terms, place });
    }

    fn add_cue(&mut self, file: usize, form: CueForm) {
        let place = Place { file, span: form.name.span() };
        let name = form.name.into_inner();
        if !self.simple_name(&name, &place) || !self.claim_name("R011", "cue", &name, place.clone()) {
            return;
        }
        let terms = self.flat_terms(file, &form.terms);
        let stop = self.flat_terms(file, &form.stop);
        let (status, direction, scope) = (form.status, form.direction, form.scope);
        self.pack.cues.push(Cue { name, status, direction, scope, terms, stop, place });
    }

    fn add_fragment(&mut self, file: usize, form: FragmentForm) {
        let place = Place { file, span: form.name.span() };
        let name = form.name.into_inner();
        if self.simple_name(&name, &place) && self.claim_name("R011", "fragment", &name, place) {
            let place = Place { file, span: form.pattern.span() };
            self.pack.fragments.insert(name, Located { value: form.pattern.into_inner(), place });
        }
    }

    fn add_institution(&mut self, file: usize, form: InstitutionForm) {
        let place = Place { file, span: form.name.span() };
        let name = form.name.into_inner();
        if !self.claim_name("R011", "institution", &name, place) {
            return;
        }
        let hosts = form.hosts.into_iter().map(|host| host.into_inner().to_ascii_lowercase()).collect();
        self.pack.institutions.push(Institution { name, hosts, kind: form.kind });
    }

    fn add_provision(&mut self, file: usize, form: ProvisionForm) {
        let place = Place { file, span: form.id.span() };
        let Ok(id) = ProvisionId::parse(form.id.get_ref()) else {
            let message = format!("`{}` cannot name a provision", form.id.get_ref());
            self.error_at(
                "R010",
                file,
                place.span,
                message,
                "use letters, digits, . and -, as in AD-25.1",
                None,
            );
            return;
        };
        if !self.claim_name("R011", "provision", id.as_str(), place) {
            return;
        }
        let mut dated = true;
        for day in [Some(&form.effective_from), form.effective_to.as_ref(), Some(&form.checked_on)]
            .into_iter()
            .flatten()
        {
            if day.get_ref().parse::<jiff::civil::Date>().is_err() || day.get_ref().len() != 10 {
                let message = format!("`{}` is not a day", day.get_ref());
                self.error_at("R023", file, day.span(), message, "write it as 2021-05-01", None);
                dated = false;
            }
        }
        if let Some(last) =
            form.effective_to.as_ref().filter(|last| last.get_ref() < form.effective_from.get_ref())
        {
            let message = format!("`{id}` ends before it begins ({})", form.effective_from.get_ref());
            self.error_at("R023", file, last.span(), message, "earlier than effective_from", None);
            dated = false;
        }
        for text in [&form.law, &form.article, &form.text] {
            if text.get_ref().trim().is_empty() {
                self.error_at(
                    "R015",
                    file,
                    text.span(),
                    format!("`{id}` has an empty field"),
                    "nothing here",
                    None,
                );
            }
        }
        if dated {
            let provision = Provision {
                id: id.clone(),
                law: form.law.into_inner(),
                article: form.article.into_inner(),
                text: form.text.into_inner(),
                liability: form.liability,
                effective_from: form.effective_from.into_inner(),
                effective_to: form.effective_to.map(Spanned::into_inner),
                checked_on: form.checked_on.into_inner(),
            };
            self.pack.provisions.insert(id, provision);
        }
    }

    fn add_rule(&mut self, file: usize, form: RuleForm) {
        let place = Place { file, span: form.id.span() };
        let n_errors = self.n_errors();
        let id = self.rule_id(&form, file);
        let severity = Severity::new(*form.severity.get_ref());
        if severity.is_none() {
            let message = format!("severity {} is not 1 to 4", form.severity.get_ref());
            let help =
                "4 explicit guarantee or unlicensed form, 3 concrete return, 2 implied, 1 absence or soft";
            self.error_at("R004", file, form.severity.span(), message, "out of range", Some(help.to_owned()));
        }
        let why = form.why.map(Spanned::into_inner).unwrap_or_default();
        if why.trim().is_empty() {
            let message = format!("rule `{}` does not say why", form.id.get_ref());
            let help = "add why = \"…\": one sentence that a reviewer reads beside the hit";
            self.error_at("R020", file, form.id.span(), message, "has no `why`", Some(help.to_owned()));
        }
        if form.any.get_ref().is_empty() {
            let message = format!("rule `{}` has no trigger", form.id.get_ref());
            self.error_at("R015", file, form.any.span(), message, "at least one term", None);
        }
        if form.tracks.get_ref().is_empty() {
            let help = "\"A\" 广告法, \"B\" 涉嫌非法集资线索".to_owned();
            self.error_at(
                "R015",
                file,
                form.tracks.span(),
                format!("rule `{}` has no track", form.id.get_ref()),
                "at least one",
                Some(help),
            );
        }
        let basis = self.basis(file, form.basis);
        let any = self.terms(file, form.any.get_ref());
        let all = self.terms(file, &form.all);
        let unless = self.terms(file, &form.unless);
        let absent = self.terms(file, &form.absent);
        let n_of = form.n_of.map(|n_of| {
            let n = *n_of.n.get_ref();
            if n == 0 || n > n_of.of.len() {
                let message = format!("n = {n} of {} entries", n_of.of.len());
                self.error_at("R004", file, n_of.n.span(), message, "can never or always hold", None);
            }
            NOf { n, of: self.terms(file, &n_of.of) }
        });
        let near =
            form.near.map(|near| Near { of: self.terms(file, &near.of), max_chars: *near.chars.get_ref() });
        let (Some(id), Some(severity)) = (id, severity) else { return };
        if self.n_errors() > n_errors {
            return;
        }
        self.pack.rules.push(Rule {
            id,
            category: form.category.into_inner(),
            title: form.title.into_inner(),
            severity,
            tracks: form.tracks.into_inner(),
            basis,
            why,
            any,
            all,
            n_of,
            near,
            unless,
            absent,
            within: form.within,
            ad_only: form.ad_only,
            wording: form.wording,
            word: form.word,
            not_in: located(file, form.not_in),
            examples: located(file, form.examples),
            counter_examples: located(file, form.counter_examples),
            references: form.references,
            place,
        });
    }

    fn rule_id(&mut self, form: &RuleForm, file: usize) -> Option<RuleId> {
        let text = form.id.get_ref();
        let mut parts = text.split('.');
        let fits = matches!(
            (parts.next(), parts.next(), parts.next(), parts.next()),
            (Some(category), Some(name), Some(number), None)
                if category == form.category.get_ref().to_ascii_lowercase()
                    && is_lower_word(name)
                    && !number.is_empty()
                    && number.bytes().all(|byte| byte.is_ascii_digit())
        );
        let id = RuleId::parse(text).ok().filter(|_| fits);
        if id.is_none() {
            let message = format!("`{text}` is not a rule id of category {}", form.category.get_ref());
            let help = format!(
                "write category.name.number, for example `{}.some-name.1`; a number is never used again",
                form.category.get_ref().to_ascii_lowercase()
            );
            self.error_at("R010", file, form.id.span(), message, "wrong form", Some(help));
            return None;
        }
        let place = Place { file, span: form.id.span() };
        id.filter(|id| self.claim_name("R011", "rule", id.as_str(), place))
    }

    fn basis(&mut self, file: usize, basis: Spanned<Vec<Spanned<String>>>) -> Vec<Located<ProvisionId>> {
        if basis.get_ref().is_empty() {
            let help = "name at least one id of provisions.toml".to_owned();
            self.error_at("R018", file, basis.span(), "rule without basis".into(), "empty", Some(help));
        }
        let mut ids = Vec::new();
        for text in basis.into_inner() {
            let place = Place { file, span: text.span() };
            match ProvisionId::parse(text.get_ref()) {
                Ok(value) => ids.push(Located { value, place }),
                Err(_) => {
                    let message = format!("`{}` cannot name a provision", text.get_ref());
                    self.error_at("R018", file, place.span, message, "not an id", None);
                }
            }
        }
        ids
    }

    fn terms(&mut self, file: usize, texts: &[Spanned<String>]) -> Vec<Located<Alternatives>> {
        let mut entries = Vec::with_capacity(texts.len());
        for text in texts {
            match term::parse_alternatives(text.get_ref()) {
                Ok(value) => entries.push(Located { value, place: Place { file, span: text.span() } }),
                Err(error) => {
                    self.error_at(error.code, file, text.span(), error.message, error.label, Some(error.help))
                }
            }
        }
        entries
    }

    fn flat_terms(&mut self, file: usize, texts: &[Spanned<String>]) -> Vec<Located<Term>> {
        self.terms(file, texts)
            .into_iter()
            .flat_map(|entry| {
                let place = entry.place;
                entry.value.into_iter().map(move |value| Located { value, place: place.clone() })
            })
            .collect()
    }

    fn simple_name(&mut self, name: &str, place: &Place) -> bool {
        let fits = is_lower_word(name);
        if !fits {
            let message = format!("`{name}` cannot name a list or cue");
            self.error_at("R010", place.file, place.span.clone(), message, "use a-z, 0-9 and -", None);
        }
        fits
    }

    /// Takes a name; `false` and a diagnostic when it is taken.
    fn claim_name(&mut self, code: &'static str, kind: &'static str, name: &str, place: Place) -> bool {
        if let Some(first) = self.names.get(&(kind, name.to_owned())) {
            let first = Diagnostic::new(code, Level::Error, &self.pack.files, first, "", "");
            let message = format!("{kind} `{name}` is declared twice");
            let help = format!("first declared in {}:{}", first.file, first.line);
            self.error_at(code, place.file, place.span, message, "second declaration", Some(help));
            return false;
        }
        self.names.insert((kind, name.to_owned()), place);
        true
    }

    fn error_at(
        &mut self,
        code: &'static str,
        file: usize,
        span: Range<usize>,
        message: String,
        label: impl Into<String>,
        help: Option<String>,
    ) {
        let place = Place { file, span };
        let mut problem = Diagnostic::new(code, Level::Error, &self.pack.files, &place, message, label);
        problem.help = help;
        self.diagnostics.push(problem);
    }

    fn n_errors(&self) -> usize {
        self.diagnostics.len()
    }
}

fn located(file: usize, texts: Vec<Spanned<String>>) -> Vec<Located<String>> {
    texts
        .into_iter()
        .map(|text| Located { place: Place { file, span: text.span() }, value: text.into_inner() })
        .collect()
}

fn is_lower_word(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        && !text.starts_with('-')
}
