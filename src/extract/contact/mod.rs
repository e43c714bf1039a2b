//! 联系方式: contact points and parties in an ad, however they are hidden.
//!
//! Everything is read in the normalized text ([`crate::text`]), so full-width, circled and zero-width tricks cost
//! nothing here, and places map back to the published bytes. The words that tell a telephone number from an order
//! number are data: `patterns/lists/contacts.toml`. Numbers of authorities (110, 12321, 95xxx, 举报电话 …) are no
//! contact points of the party behind an ad and are left out.

mod checksum;
mod company;
#[cfg(test)]
mod labelled_tests;
mod name;
mod phone;
mod registry;
mod run;
mod sheet;
mod tables;
#[cfg(test)]
mod tests;
mod web;

use crate::domain::ad::AdDraft;
use crate::domain::party::{Certainty, Contact, ContactKind, ContactPlace, FoundBy, Party, PartyRole};
use crate::kit::problem::Problem;
use crate::text::Normalizer;
use sheet::Sheet;
use tables::Tables;

/// Finds contact points; built once, used from any thread.
#[derive(Debug)]
pub struct Finder {
    normalizer: Normalizer,
    tables: Tables,
}

impl Finder {
    /// A finder with the tables that ship with the program.
    ///
    /// # Errors
    /// The problem names the file and the line when the tables do not parse.
    pub fn new(normalizer: Normalizer) -> Result<Self, Problem> {
        let tables = Tables::embedded(&normalizer)?;
        Ok(Self { normalizer, tables })
    }

    /// What it reads with.
    pub fn normalizer(&self) -> &Normalizer {
        &self.normalizer
    }

    /// Contact points of an ad: in its words, in their order, then those that stand only in its links and fields.
    pub fn find(&self, draft: &AdDraft) -> Vec<Contact> {
        let mut contacts = self.find_in_text(&draft.text);
        let mut add = |kind: ContactKind, value: String, found_by: Vec<FoundBy>| {
            if !contacts.iter().any(|known: &Contact| known.kind == kind && known.value == value) {
                let (place, certainty) = (ContactPlace::Markup, Certainty::Certain);
                contacts.push(Contact { kind, value, place, certainty, found_by });
            }
        };
        let links = draft.landing_url.iter().map(|link| ("landing_url", link));
        for (field, link) in links.chain(draft.links.iter().map(|link| ("links", link))) {
            for (kind, value, by) in web::of_link(&self.tables, link) {
                add(kind, value, vec![by, FoundBy::Field(field.to_owned())]);
            }
        }
        for (field, name) in [("advertiser", &draft.advertiser), ("publisher", &draft.publisher)] {
            if let Some(name) = name.as_ref().map(|name| self.company_name(name))
                && company::is_company(&self.tables, &name)
            {
                add(ContactKind::Company, name, vec![FoundBy::Field(field.to_owned())]);
            }
        }
        contacts
    }

    /// Contact points in bare words.
    pub fn find_in_text(&self, text: &str) -> Vec<Contact> {
        let normalized = self.normalizer.normalize(text);
        let mut sheet = Sheet::new(text, &normalized);
        let tables = &self.tables;
        registry::read_wallets(&mut sheet);
        web::read(&mut sheet, tables);
        registry::read(&mut sheet);
        let runs = run::runs(&sheet);
        registry::read_cards(&mut sheet, tables, &runs);
        let runs = run::runs(&sheet);
        name::read(&mut sheet, tables, &runs);
        let runs = run::runs(&sheet);
        for run in &runs {
            phone::read(&mut sheet, tables, run);
            phone::read_local(&mut sheet, tables, run);
        }
        let mobiles = sheet.mobiles();
        name::read_behind(&mut sheet, &mobiles);
        company::read(&mut sheet, tables);
        sheet.into_contacts()
    }

    /// Who stands behind an ad as far as it says so itself: the advertiser and publisher as shown, and companies named
    /// in its words, with the credit code that follows the name.
    pub fn parties(&self, draft: &AdDraft, contacts: &[Contact]) -> Vec<Party> {
        let mut parties: Vec<Party> = Vec::new();
        let fields = [(PartyRole::Advertiser, &draft.advertiser), (PartyRole::Publisher, &draft.publisher)];
        for (role, name) in fields.into_iter().filter_map(|(role, name)| Some((role, name.as_ref()?))) {
            parties.push(Party { role, name: self.company_name(name), credit_code: None });
        }
        for (at, contact) in contacts.iter().enumerate() {
            if contact.kind != ContactKind::Company {
                continue;
            }
            let code = contacts
                .get(at + 1)
                .filter(|next| next.kind == ContactKind::CreditCode && next.certainty == Certainty::Certain);
            let credit_code = code.map(|code| code.value.clone());
            match parties.iter_mut().find(|party| party.name == contact.value) {
                Some(party) => party.credit_code = party.credit_code.take().or(credit_code),
                None => {
                    parties.push(Party { role: PartyRole::Named, name: contact.value.clone(), credit_code })
                }
            }
        }
        parties
    }

    /// A name as companies are compared: simplified characters, without brackets and blanks.
    fn company_name(&self, name: &str) -> String {
        self.normalizer.normalize(name.trim()).text.replace([' ', '(', ')'], "")
    }
}
