//! Campaigns: ads linked by what they have in common, with the reason of every link.

use core::net::Ipv4Addr;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::domain::ad::AdId;
use crate::domain::campaign::{Link, Tie, TieKind};
use crate::domain::party::{Certainty, Contact, ContactKind};
use crate::kit::problem::Problem;

const LIMITS: &str = include_str!("../../patterns/lists/campaign.toml");

/// How many text families a thing may be in before it stops linking; kinds that are not named link nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits(BTreeMap<TieKind, usize>);

impl Limits {
    /// The limits that ship with the program.
    ///
    /// # Errors
    /// The problem names the file and the entry that is wrong.
    pub fn embedded() -> Result<Self, Problem> {
        Self::parse(LIMITS)
    }

    /// Reads a file of the form of `patterns/lists/campaign.toml`.
    ///
    /// # Errors
    /// As [`Self::embedded`].
    pub fn parse(text: &str) -> Result<Self, Problem> {
        #[derive(serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        struct File {
            limit: BTreeMap<String, usize>,
        }
        let wrong =
            |why: String| Problem::new("campaign-limits", format!("patterns/lists/campaign.toml: {why}"));
        let file: File = toml::from_str(text).map_err(|error| wrong(error.to_string()))?;
        let limit = |(name, limit): (String, usize)| match TieKind::parse(&name) {
            Some(kind) => Ok((kind, limit)),
            None => Err(wrong(format!("`{name}` is no kind of tie"))),
        };
        file.limit.into_iter().map(limit).collect::<Result<_, _>>().map(Self)
    }

    /// The limit of a kind; 0 when it links nothing.
    pub fn of(&self, kind: TieKind) -> usize {
        self.0.get(&kind).copied().unwrap_or(0)
    }
}

/// What the contacts of an ad may link it by: whole values of which the reader is more than guessing, and no host that
/// means another machine at every desk.
pub fn ties_of_contacts(contacts: &[Contact]) -> BTreeSet<Tie> {
    let tells = |contact: &&Contact| {
        !contact.is_partial() && contact.certainty > Certainty::Possible && !is_local_host(contact)
    };
    let tie = |contact: &Contact| Tie { kind: TieKind::Contact(contact.kind), value: contact.value.clone() };
    contacts.iter().filter(tells).map(tie).collect()
}

fn is_local_host(contact: &Contact) -> bool {
    if contact.kind != ContactKind::Host {
        return false;
    }
    let host = contact.value.rsplit_once(':').map_or(contact.value.as_str(), |(host, _)| host);
    host == "localhost" || host.parse::<Ipv4Addr>().is_ok_and(|ip| ip.is_loopback() || ip.is_private())
}

/// What adding one ad changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Added {
    /// The campaign it is in now, named by the first ad of it.
    pub campaign: AdId,
    /// The new links, one for each tie that held.
    pub links: Vec<Link>,
    /// Ties that became too common with this ad: all links over them were taken back.
    pub retired: Vec<Tie>,
}

/// All campaigns, grown one ad at a time.
///
/// An ad is linked to the first ad that had the same tie, so the number of links grows with the ads and not with their
/// pairs. Adding one costs as many steps as it has ties; only the ad with which a tie becomes too common pays for
/// taking its campaign apart, once per tie.
#[derive(Debug)]
pub struct Campaigns {
    limits: Limits,
    ads: Vec<Node>,
    by_id: HashMap<AdId, usize>,
    ties: Vec<TieState>,
    by_tie: HashMap<Tie, usize>,
    groups: Vec<Group>,
}

#[derive(Debug)]
struct Node {
    id: AdId,
    /// (ad, tie)
    links: Vec<(usize, usize)>,
    group: usize,
}

#[derive(Debug)]
struct TieState {
    tie: Tie,
    first: usize,
    families: HashSet<String>,
    is_common: bool,
}

/// The ads of one campaign; empty after it was joined to another.
#[derive(Debug, Default)]
struct Group {
    members: Vec<usize>,
}

impl Campaigns {
    /// No campaigns yet.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            ads: Vec::new(),
            by_id: HashMap::new(),
            ties: Vec::new(),
            by_tie: HashMap::new(),
            groups: Vec::new(),
        }
    }

    /// Adds an ad with its ties; `family` names its text family and counts towards the limits. Adding an ad again adds
    /// the ties that are new.
    pub fn add(&mut self, ad: &AdId, family: Option<&str>, ties: &BTreeSet<Tie>) -> Added {
        let number = self.number(ad);
        let family = family.unwrap_or(ad.as_str());
        let mut links = Vec::new();
        let mut retired = Vec::new();
        for tie in ties {
            let limit = self.limits.of(tie.kind);
            if limit == 0 {
                continue;
            }
            let at = self.tie_number(tie, number);
            let state = &mut self.ties[at];
            if state.is_common {
                continue;
            }
            if !state.families.contains(family) {
                state.families.insert(family.to_owned());
            }
            if state.families.len() > limit {
                state.is_common = true;
                state.families = HashSet::new();
                let first = state.first;
                self.take_back(at, first);
                links.retain(|link: &Link| link.tie != *tie);
                retired.push(tie.clone());
            } else if state.first != number && !self.ads[number].links.iter().any(|(_, known)| *known == at) {
                let first = state.first;
                self.ads[number].links.push((first, at));
                self.join(number, first);
                links.push(Link { ad: ad.clone(), other: self.ads[first].id.clone(), tie: tie.clone() });
            }
        }
        Added { campaign: self.name_of(number), links, retired }
    }

    /// The campaign of an ad, named by its first ad.
    pub fn campaign(&self, ad: &AdId) -> Option<AdId> {
        self.by_id.get(ad).map(|number| self.name_of(*number))
    }

    /// The ads of the campaign of an ad, in the order in which they were added.
    pub fn members(&self, ad: &AdId) -> Vec<AdId> {
        let Some(number) = self.by_id.get(ad) else { return Vec::new() };
        let mut members = self.groups[self.ads[*number].group].members.clone();
        members.sort_unstable();
        members.into_iter().map(|member| self.ads[member].id.clone()).collect()
    }

    /// Why the ads of a campaign belong together.
    pub fn links(&self, ad: &AdId) -> Vec<Link> {
        let Some(number) = self.by_id.get(ad) else { return Vec::new() };
        let mut members = self.groups[self.ads[*number].group].members.clone();
        members.sort_unstable();
        let link = |(ad, other, tie): (usize, usize, usize)| Link {
            ad: self.ads[ad].id.clone(),
            other: self.ads[other].id.clone(),
            tie: self.ties[tie].tie.clone(),
        };
        let of =
            |member: usize| self.ads[member].links.iter().map(move |(other, tie)| (member, *other, *tie));
        members.into_iter().flat_map(of).map(link).collect()
    }

    fn number(&mut self, ad: &AdId) -> usize {
        if let Some(number) = self.by_id.get(ad) {
            return *number;
        }
        let number = self.ads.len();
        self.groups.push(Group { members: vec![number] });
        self.ads.push(Node { id: ad.clone(), links: Vec::new(), group: self.groups.len() - 1 });
        self.by_id.insert(ad.clone(), number);
        number
    }

    fn tie_number(&mut self, tie: &Tie, ad: usize) -> usize {
        if let Some(at) = self.by_tie.get(tie) {
            return *at;
        }
        let at = self.ties.len();
        self.ties.push(TieState { tie: tie.clone(), first: ad, families: HashSet::new(), is_common: false });
        self.by_tie.insert(tie.clone(), at);
        at
    }

    fn name_of(&self, ad: usize) -> AdId {
        let first = self.groups[self.ads[ad].group].members.first().copied().unwrap_or(ad);
        self.ads[first].id.clone()
    }

    /// Joins the campaigns of two ads: the smaller moves. The first member stays the one that was added first.
    fn join(&mut self, one: usize, other: usize) {
        let (a, b) = (self.ads[one].group, self.ads[other].group);
        if a == b {
            return;
        }
        let (small, large) =
            if self.groups[a].members.len() < self.groups[b].members.len() { (a, b) } else { (b, a) };
        let moved = std::mem::take(&mut self.groups[small].members);
        for member in &moved {
            self.ads[*member].group = large;
        }
        let members = &mut self.groups[large].members;
        let at = members.len();
        members.extend(moved);
        if members[at] < members[0] {
            members.swap(0, at);
        }
    }

    /// Takes the links over a tie back and takes the campaign apart where nothing else holds it.
    fn take_back(&mut self, tie: usize, first: usize) {
        let group = self.ads[first].group;
        let mut members = std::mem::take(&mut self.groups[group].members);
        members.sort_unstable();
        for member in &members {
            self.ads[*member].links.retain(|(_, over)| *over != tie);
            self.groups.push(Group { members: vec![*member] });
            self.ads[*member].group = self.groups.len() - 1;
        }
        for member in members {
            for (other, _) in self.ads[member].links.clone() {
                self.join(member, other);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::party::ContactPlace;

    fn id(text: &str) -> AdId {
        AdId::parse(text).unwrap()
    }

    fn ties(words: &str) -> BTreeSet<Tie> {
        let tie = |word: &str| {
            let (kind, value) = word.split_once(':').unwrap();
            Tie { kind: TieKind::parse(kind).unwrap(), value: value.to_owned() }
        };
        words.split_whitespace().map(tie).collect()
    }

    fn names(ads: Vec<AdId>) -> String {
        ads.iter().map(AdId::as_str).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn ads_are_linked_over_what_they_share_and_every_link_says_what() {
        let mut campaigns = Campaigns::new(Limits::embedded().unwrap());
        campaigns.add(&id("a"), None, &ties("mobile:138 host:x.example"));
        campaigns.add(&id("b"), None, &ties("wechat:boss"));
        assert_eq!(names(campaigns.members(&id("b"))), "b");
        // c brings both together.
        let added = campaigns.add(&id("c"), None, &ties("wechat:boss host:x.example licence:same"));
        assert_eq!(added.campaign, id("a"));
        let reasons: Vec<_> =
            added.links.iter().map(|link| format!("{}→{} {}", link.ad, link.other, link.tie)).collect();
        assert_eq!(reasons, ["c→b wechat:boss", "c→a host:x.example"]);
        assert_eq!(names(campaigns.members(&id("b"))), "a b c");
        assert_eq!(campaigns.links(&id("a")), added.links);
        assert_eq!(
            campaigns.add(&id("d"), None, &ties("licence:same")).campaign,
            id("d"),
            "licences are copied"
        );
        assert!(
            campaigns.add(&id("c"), None, &ties("wechat:boss")).links.is_empty(),
            "again changes nothing"
        );
        assert_eq!(campaigns.campaign(&id("nobody")), None);
    }

    #[test]
    fn what_is_in_too_many_families_links_nothing_and_what_else_holds_stays() {
        let limits = Limits::parse("[limit]\nservice-line = 3\nwechat = 9\n").unwrap();
        let mut campaigns = Campaigns::new(limits);
        for (ad, own) in [("a", "wechat:one"), ("b", "wechat:one"), ("c", "wechat:two")] {
            campaigns.add(&id(ad), None, &ties(&format!("service-line:400 {own}")));
        }
        assert_eq!(names(campaigns.members(&id("c"))), "a b c");
        let added = campaigns.add(&id("d"), None, &ties("service-line:400 wechat:two"));
        assert_eq!(added.retired, ties("service-line:400").into_iter().collect::<Vec<_>>());
        assert_eq!(names(campaigns.members(&id("a"))), "a b");
        assert_eq!(names(campaigns.members(&id("d"))), "c d");
        assert_eq!(campaigns.add(&id("e"), None, &ties("service-line:400")).campaign, id("e"));
    }

    #[test]
    fn copies_of_one_text_count_once_towards_the_limit() {
        let mut campaigns = Campaigns::new(Limits::parse("[limit]\nmobile = 2\n").unwrap());
        for n in 0..50 {
            let added = campaigns.add(&id(&format!("ad-{n}")), Some("family-1"), &ties("mobile:138"));
            assert_eq!((added.campaign, added.retired.len()), (id("ad-0"), 0));
        }
        assert_eq!(campaigns.members(&id("ad-7")).len(), 50);
    }

    #[test]
    fn hidden_numbers_guesses_and_local_hosts_link_nothing() {
        let contact = |kind, value: &str, certainty| Contact {
            kind,
            value: value.to_owned(),
            place: ContactPlace::Markup,
            certainty,
            found_by: Vec::new(),
        };
        let found = ties_of_contacts(&[
            contact(ContactKind::Mobile, "138****0000", Certainty::Possible),
            contact(ContactKind::Mobile, "13900139000", Certainty::Possible),
            contact(ContactKind::Mobile, "13800138000", Certainty::Likely),
            contact(ContactKind::Host, "127.0.0.1", Certainty::Certain),
            contact(ContactKind::Host, "192.168.1.7:8080", Certainty::Certain),
            contact(ContactKind::Host, "localhost", Certainty::Certain),
            contact(ContactKind::Host, "203.0.113.9", Certainty::Certain),
        ]);
        assert_eq!(found, ties("mobile:13800138000 host:203.0.113.9"));
    }

    #[test]
    fn limits_that_name_no_kind_are_refused() {
        let problem = Limits::parse("[limit]\npigeon = 3\n").unwrap_err();
        assert!(problem.message.contains("`pigeon`"), "{problem}");
    }
}
