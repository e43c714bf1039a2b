//! What stands beside a lead or case: where it may have to go, and what else is known of its party.

use crate::domain::case::CaseId;
use crate::domain::finding::FindingId;
use crate::domain::lead::{DecisionKind, LeadId};
use crate::domain::party::{Certainty, ContactKind};
use crate::domain::review::Verdict;
use crate::group::repeat::{Penalty, RepeatView, repeat_view};
use crate::group::route::{RouteFacts, Routing, RoutingTable};
use crate::source::{CapturedPage, words_of};
use crate::store::finding::FindingView;

use super::crawl::url_host;
use super::error::{Error, Result};
use super::lead::LeadView;
use super::{App, Config};
use crate::domain::ad::{AdDraft, AdId, AdKind};

/// Other ads of a party that are read at most.
pub(super) const MAX_ADS: u32 = 200;

/// What is known of the party within the window of the law.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repeat {
    /// By what the party was recognized: a credit code, or a name.
    pub party: String,
    /// Acts and penalties in the window.
    pub view: RepeatView,
    /// The other leads and their cases, the newest first.
    pub others: Vec<(LeadId, Option<CaseId>)>,
}

impl App {
    /// Where a lead may have to go: by the publisher's place, as the page on which it was last seen says, and by sector.
    ///
    /// # Errors
    /// `NotFound`; `Internal`.
    pub async fn routing(&self, view: &LeadView) -> Result<Routing> {
        let found = self.finding(&view.lead().finding_id).await?;
        let mut asserted: Vec<_> = found.finding.hits.iter().filter(|hit| hit.status.is_asserted()).collect();
        asserted.sort_by_key(|hit| std::cmp::Reverse(hit.severity));
        let mut categories: Vec<&str> = asserted.iter().map(|hit| hit.category.as_str()).collect();
        categories.dedup();
        let host = found.sightings.first().and_then(|seen| url_host(&seen.page_url));
        let (icp_numbers, credit_codes) = self.publisher(&found).await?;
        let facts = RouteFacts {
            categories,
            host: host.as_deref(),
            icp_numbers,
            credit_codes,
            own_region: self.config.letters.region.trim(),
        };
        Ok(self.routing_table.route(&facts))
    }

    /// What else the party of a lead did within two years: its other ads that were found suspect, and penalties on record
    /// here. `None` when the ad does not say who the party is.
    ///
    /// # Errors
    /// `Internal`.
    pub async fn repeat(&self, view: &LeadView) -> Result<Option<Repeat>> {
        let contacts = self.contacts(&view.listed.ad.id).await?;
        let named = |kind: ContactKind| {
            let sure = contacts.iter().map(|listed| &listed.contact);
            sure.filter(|one| one.kind == kind && one.certainty >= Certainty::Likely)
                .map(|one| one.value.clone())
                .next()
        };
        let party = named(ContactKind::CreditCode).map(|value| (ContactKind::CreditCode, value));
        let party = party.or_else(|| named(ContactKind::Company).map(|value| (ContactKind::Company, value)));
        let Some((kind, party)) = party else { return Ok(None) };
        let ads = self.store.ads_with_contact(kind, &party, MAX_ADS).await?;
        Ok(Some(self.history(party, &ads, Some(&view.lead().id)).await?))
    }

    /// What was decided about these ads of a party: acts and penalties in the window, and the leads but `own`.
    pub(super) async fn history(&self, party: String, ads: &[AdId], own: Option<&LeadId>) -> Result<Repeat> {
        let mut decisions = Vec::new();
        let mut penalties = Vec::new();
        let mut others = Vec::new();
        for ad in ads {
            let finding = FindingId::of(ad);
            let made = self.store.decisions(&finding).await?;
            let is_false = made.iter().any(|decision| match &decision.verdict {
                Verdict::Accept { provisions } => {
                    provisions.iter().any(|id| id.as_str().starts_with("AD-28"))
                }
                _ => false,
            });
            decisions.extend(made);
            let id = LeadId::of(&finding);
            let Some(listed) = self.store.lead(&id).await? else { continue };
            if let Some(ruling) = listed.lead.case.as_ref().and_then(|case| case.ruling.as_ref())
                && ruling.kind == DecisionKind::Penalty
            {
                let document = if ruling.number.is_empty() { &ruling.outcome } else { &ruling.number };
                penalties.push(Penalty {
                    document: document.clone(),
                    at: ruling.at,
                    is_false_advertising: is_false,
                });
            }
            if Some(&id) != own {
                others.push((listed.lead.opened_at, id, listed.lead.case.map(|case| case.id)));
            }
        }
        others.sort_by(|a, b| b.cmp(a));
        Ok(Repeat {
            view: repeat_view(&decisions, &penalties, self.clock.now()),
            others: others.into_iter().map(|(_, id, case)| (id, case)).collect(),
            party,
        })
    }

    /// ICP备案 numbers and 信用代码 on the page on which the ad was last seen.
    async fn publisher(&self, found: &FindingView) -> Result<(Vec<String>, Vec<String>)> {
        let Some(seen) = found.sightings.first() else { return Ok(Default::default()) };
        let (capture, body) = self.capture_body(&seen.capture_id).await?;
        let page = CapturedPage::new(&capture.exchange, &body);
        let Ok(words) = words_of(&page) else { return Ok(Default::default()) };
        let contacts = self.contact_finder.find(&AdDraft::of_text(AdKind::Text, words));
        let of = |kind: ContactKind| {
            let mut values: Vec<String> =
                contacts.iter().filter(|one| one.kind == kind).map(|one| one.value.clone()).collect();
            values.dedup();
            values
        };
        // What the ad itself shows is the advertiser's, not the publisher's.
        let own = self.contacts(&found.ad.id).await?;
        let foreign = |value: &String| own.iter().all(|listed| listed.contact.value != *value);
        Ok((
            of(ContactKind::IcpNumber).into_iter().filter(foreign).collect(),
            of(ContactKind::CreditCode).into_iter().filter(foreign).collect(),
        ))
    }
}

/// The routing table in force: that of the rule folder, or the built-in one.
///
/// # Errors
/// `Invalid` names what in `routing.toml` cannot be read.
pub(super) fn routing_table(config: &Config) -> Result<RoutingTable> {
    const BUILT_IN: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/patterns/routing.toml"));
    let file = config.patterns.as_ref().map(|folder| folder.join("routing.toml"));
    let text = match file.filter(|file| file.exists()) {
        None => BUILT_IN.to_owned(),
        Some(file) => std::fs::read_to_string(&file)
            .map_err(|error| Error::invalid("patterns", format!("{}: {error}", file.display())))?,
    };
    let (table, problems) = RoutingTable::parse(&text);
    match problems.first() {
        None => Ok(table),
        Some(problem) => Err(Error::invalid("routing.toml", problem.to_string())),
    }
}
