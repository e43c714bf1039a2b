//! The form of adapter files, as `docs/sources.md` describes it. Values are checked in [`super::check`].

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use toml::Spanned;

type Text = Spanned<String>;

/// A whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AdapterForm {
    pub adapter: AboutForm,
    #[serde(default)]
    pub parameters: BTreeMap<Text, ParameterForm>,
    pub credential: Option<CredentialForm>,
    pub request: RequestForm,
    pub bootstrap: Option<BootstrapForm>,
    #[serde(default)]
    pub outcome: OutcomeForm,
    pub paginate: Option<PaginateForm>,
    #[serde(default)]
    pub politeness: PolitenessForm,
    #[serde(default)]
    pub list: ListForm,
    pub item: Spanned<ItemForm>,
    pub detail: Option<DetailForm>,
    #[serde(default)]
    pub health: HealthForm,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AboutForm {
    pub id: Text,
    pub version: Spanned<u32>,
    pub title: Text,
    pub about: Text,
    pub platform: Text,
    pub kind: Text,
    pub gives: Text,
    pub hosts: Spanned<Vec<Text>>,
    pub shape: Text,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ParameterForm {
    pub help: String,
    pub example: Text,
    pub default: Option<Text>,
    #[serde(default)]
    pub unit: String,
    pub matches: Option<Text>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CredentialForm {
    pub name: Text,
    pub header: Text,
    #[serde(default)]
    pub prefix: String,
    pub help: Text,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RequestForm {
    pub url: Text,
    pub body: Option<Text>,
    #[serde(default)]
    pub headers: BTreeMap<Text, Text>,
    pub charset: Option<Text>,
    #[serde(default)]
    pub unwrap: Vec<Text>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BootstrapForm {
    pub url: Text,
    pub body: Option<Text>,
    #[serde(default)]
    pub headers: BTreeMap<Text, Text>,
    #[serde(default)]
    pub unwrap: Vec<Text>,
    pub take: BTreeMap<Text, Spanned<TakeForm>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct OutcomeForm {
    #[serde(default)]
    pub gone: Vec<Spanned<ConditionForm>>,
    #[serde(default)]
    pub blocked: Vec<Spanned<ConditionForm>>,
    #[serde(default)]
    pub login_wall: Vec<Spanned<ConditionForm>>,
    #[serde(default)]
    pub rate_limited: Vec<Spanned<ConditionForm>>,
    #[serde(default)]
    pub empty: Vec<Spanned<ConditionForm>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ConditionForm {
    pub status: Option<u16>,
    pub body: Option<String>,
    pub path: Option<Spanned<Paths>>,
    pub equals: Option<toml::Value>,
    #[serde(rename = "in")]
    pub one_of: Option<Vec<toml::Value>>,
    pub exists: Option<bool>,
    pub matches: Option<Text>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PaginateForm {
    pub by: Text,
    pub param: Option<Text>,
    pub start: Option<u64>,
    pub step: Option<Spanned<u64>>,
    pub next: Option<Spanned<TakeForm>>,
    pub pages: Option<Spanned<usize>>,
    pub max: Option<Spanned<usize>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PolitenessForm {
    pub min_interval_ms: Option<Spanned<u64>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ListForm {
    pub items: Option<Spanned<Paths>>,
    pub container: Option<Text>,
    #[serde(default, rename = "where")]
    pub conditions: Vec<Spanned<ConditionForm>>,
    pub more: Option<Spanned<TakeForm>>,
    #[serde(default)]
    pub ads: Option<Spanned<bool>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ItemForm {
    pub id: Option<Spanned<TakeForm>>,
    pub url: Option<Spanned<TakeForm>>,
    pub title: Option<Spanned<TakeForm>>,
    #[serde(default)]
    pub text: Vec<Spanned<TakeForm>>,
    pub published: Option<Spanned<TakeForm>>,
    pub publisher: Option<Spanned<TakeForm>>,
    pub advertiser: Option<Spanned<TakeForm>>,
    pub label: Option<Spanned<TakeForm>>,
    pub landing: Option<Spanned<TakeForm>>,
    #[serde(default)]
    pub images: Vec<Spanned<TakeForm>>,
    #[serde(default)]
    pub links: Vec<Spanned<TakeForm>>,
    #[serde(default)]
    pub ids: BTreeMap<Text, Spanned<TakeForm>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DetailForm {
    pub kind: Text,
    pub url: Option<Spanned<TakeForm>>,
    pub body: Option<Text>,
    pub charset: Option<Text>,
    #[serde(default)]
    pub unwrap: Vec<Text>,
    pub item: Option<Spanned<ItemForm>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HealthForm {
    #[serde(default)]
    pub required: Vec<Text>,
    pub max_missing: Option<Spanned<f64>>,
    pub min_items: Option<usize>,
}

/// Where a value stands: a path, paths of which the first that gives something counts, or a table.
#[derive(Debug)]
pub(super) enum TakeForm {
    Path(String),
    Paths(Vec<Text>),
    Table(Box<TakeTable>),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TakeTable {
    pub path: Option<Spanned<Paths>>,
    #[serde(rename = "match")]
    pub pattern: Option<Text>,
    pub template: Option<Text>,
    #[serde(default, rename = "as")]
    pub transforms: Vec<Text>,
}

/// A path, or paths in the order of their use.
#[derive(Debug)]
pub(super) enum Paths {
    One(String),
    Several(Vec<Text>),
}

impl<'de> Deserialize<'de> for TakeForm {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Form;
        impl<'de> Visitor<'de> for Form {
            type Value = TakeForm;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a path, a list of paths, or a table with `path`, `match` or `template`")
            }
            fn visit_str<E>(self, path: &str) -> Result<TakeForm, E> {
                Ok(TakeForm::Path(path.to_owned()))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<TakeForm, A::Error> {
                let mut paths = Vec::new();
                while let Some(path) = seq.next_element()? {
                    paths.push(path);
                }
                Ok(TakeForm::Paths(paths))
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<TakeForm, A::Error> {
                let table = TakeTable::deserialize(MapAccessDeserializer::new(map))?;
                Ok(TakeForm::Table(Box::new(table)))
            }
        }
        deserializer.deserialize_any(Form)
    }
}

impl<'de> Deserialize<'de> for Paths {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Form;
        impl<'de> Visitor<'de> for Form {
            type Value = Paths;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a path or a list of paths")
            }
            fn visit_str<E>(self, path: &str) -> Result<Paths, E> {
                Ok(Paths::One(path.to_owned()))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Paths, A::Error> {
                let mut paths = Vec::new();
                while let Some(path) = seq.next_element()? {
                    paths.push(path);
                }
                Ok(Paths::Several(paths))
            }
        }
        deserializer.deserialize_any(Form)
    }
}
