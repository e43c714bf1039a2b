//! Use cases of the audit: read it, check it, take it along.

use serde_json::json;

use super::error::{Error, Result};
use super::users::{Registry, require};
use crate::domain::user::{Actor, Permission};
use crate::store::ChainCheck;
use crate::store::audit::{AuditEntry, AuditFilter, AuditNote};

/// Entries read at once.
const PER_QUERY: u32 = 1_000;

/// Longest reason for looking at contact points in full, in characters.
const MAX_WHY_CHARS: usize = 300;

/// How an audit is written for others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuditForm {
    /// One JSON object a line: the text that is hashed, and its hash, so that others can check the chain.
    Jsonl,
    /// For a table calculation: no cell is taken for a formula.
    Csv,
}

impl Registry {
    /// At most `limit` entries that pass `filter`, newest first, older than `before`.
    ///
    /// # Errors
    /// `Forbidden`.
    pub async fn audit(
        &self,
        actor: &Actor,
        filter: &AuditFilter,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<AuditEntry>> {
        require(actor, Permission::Audit)?;
        Ok(self.store.audit_entries_of(filter, before, limit).await?)
    }

    /// Whether every entry is there and unchanged.
    ///
    /// # Errors
    /// `Forbidden`.
    pub async fn check_audit(&self, actor: &Actor) -> Result<ChainCheck> {
        require(actor, Permission::Audit)?;
        Ok(self.store.check_audit().await?)
    }

    /// The whole audit as a file, oldest first. That it was taken is itself recorded, after what is taken.
    ///
    /// # Errors
    /// `Forbidden`.
    pub async fn export_audit(&self, actor: &Actor, form: AuditForm) -> Result<String> {
        require(actor, Permission::Audit)?;
        let mut entries: Vec<AuditEntry> = Vec::new();
        loop {
            let before = entries.last().map(|entry| entry.ordinal);
            let found = self.store.audit_entries(before, PER_QUERY).await?;
            let is_last = found.len() < PER_QUERY as usize;
            entries.extend(found);
            if is_last {
                break;
            }
        }
        entries.reverse();
        let note = AuditNote {
            at: self.clock.now(),
            actor: actor.clone(),
            action: "audit.export".to_owned(),
            object: "audit".to_owned(),
            detail: json!({"n_entries": entries.len()}),
        };
        self.store.append_audit(&note).await?;
        Ok(match form {
            AuditForm::Jsonl => entries.iter().map(jsonl).collect(),
            AuditForm::Csv => csv(&entries),
        })
    }

    /// Puts on record that somebody saw or took something that not everyone may see.
    ///
    /// # Errors
    /// `Internal`.
    pub async fn record(
        &self,
        actor: &Actor,
        action: &str,
        object: &str,
        detail: serde_json::Value,
    ) -> Result<()> {
        let note = AuditNote {
            at: self.clock.now(),
            actor: actor.clone(),
            action: action.to_owned(),
            object: object.to_owned(),
            detail,
        };
        Ok(self.store.append_audit(&note).await?)
    }

    /// Puts on record that somebody looks at contact points in full, and why; the caller shows them only after this.
    ///
    /// # Errors
    /// `Invalid` without a reason of 1 to 300 characters; `Forbidden`.
    pub async fn record_reveal(&self, actor: &Actor, object: &str, why: &str) -> Result<()> {
        require(actor, Permission::Reveal)?;
        let why = why.trim();
        if why.is_empty() || why.chars().count() > MAX_WHY_CHARS {
            return Err(Error::invalid("why", "请说明原因，1–300 字 (say why, 1 to 300 characters)"));
        }
        self.record(actor, "contact.reveal", object, json!({"why": why})).await
    }
}

fn jsonl(entry: &AuditEntry) -> String {
    format!("{}\n", json!({"ordinal": entry.ordinal, "payload": entry.payload, "hash": entry.hash}))
}

fn csv(entries: &[AuditEntry]) -> String {
    // The mark makes table calculations read UTF-8.
    let mut text = "\u{feff}ordinal,at,actor,action,object,detail,hash\r\n".to_owned();
    for entry in entries {
        let cells = [
            entry.ordinal.to_string(),
            entry.at.rfc3339(),
            entry.actor.clone(),
            entry.action.clone(),
            entry.object.clone(),
            entry.detail.to_string(),
            entry.hash.clone(),
        ];
        text.push_str(&cells.map(|value| cell(&value)).join(","));
        text.push_str("\r\n");
    }
    text
}

/// A quoted cell that no table calculation takes for a formula (CWE-1236), in half or full width.
pub(crate) fn cell(text: &str) -> String {
    let first = text.trim_start_matches([' ', '\u{3000}', '\u{feff}', '\u{200b}']).chars().next();
    let formula = matches!(
        first,
        Some('=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠' | '\t' | '\r' | '\n' | '|' | '%')
    );
    format!("\"{}{}\"", if formula { "'" } else { "" }, text.replace('\0', "\u{fffd}").replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::cell;

    #[test]
    fn no_cell_is_a_formula() {
        for formula in [
            "=1+1",
            "+1",
            "-1",
            "@SUM(A1)",
            "\t=1",
            "\r=1",
            " =1",
            "\u{3000}＝1",
            "＋1",
            "－1",
            "＠x",
            "|x",
            "%x",
        ] {
            assert!(cell(formula).starts_with("\"'"), "{formula:?} became {}", cell(formula));
        }
        assert_eq!(cell("保本\",=1"), "\"保本\"\",=1\"");
    }
}
