//! 去向建议: to whom a lead may have to go, by the publisher's registered place and by sector.
//!
//! The table is data (`patterns/routing.toml`). These are proposals: jurisdiction is decided by people.

use serde::Deserialize;

use crate::domain::referral::Recipient;
use crate::kit::problem::Problem;

/// Who is where, and who regulates what.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RoutingTable {
    regulators: Vec<Regulator>,
    publishers: Vec<Publisher>,
    offices: Vec<Office>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Regulator {
    categories: Vec<String>,
    recipient: Recipient,
    office: String,
    basis: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Publisher {
    host: String,
    name: String,
    region: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Office {
    region: String,
    #[serde(default)]
    icp: String,
    name: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    regulator: Vec<Regulator>,
    #[serde(default)]
    publisher: Vec<Publisher>,
    #[serde(default)]
    office: Vec<Office>,
}

/// What is known of a lead.
#[derive(Debug, Clone, Default)]
pub struct RouteFacts<'a> {
    /// Categories of its asserted hits, the gravest first.
    pub categories: Vec<&'a str>,
    /// Host of the page on which it was seen.
    pub host: Option<&'a str>,
    /// ICP备案 numbers on that page.
    pub icp_numbers: Vec<String>,
    /// 统一社会信用代码 on that page.
    pub credit_codes: Vec<String>,
    /// 行政区划代码 of this office; blank when not set.
    pub own_region: &'a str,
}

/// One proposal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// What kind of office.
    pub recipient: Recipient,
    /// Its name.
    pub office: String,
    /// Why, Chinese.
    pub why: String,
}

/// Where the publisher is registered, as far as its page says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// 行政区划代码, two digits or more.
    pub region: String,
    /// How that is known, Chinese.
    pub how: String,
}

/// What the table says of a lead.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Routing {
    /// Where the publisher is registered; `None` when its page does not say.
    pub place: Option<Place>,
    /// Whether this office has jurisdiction by it; `None` when that cannot be told.
    pub is_own: Option<bool>,
    /// To whom it may have to go.
    pub proposals: Vec<Proposal>,
}

impl RoutingTable {
    /// Reads the form of `patterns/routing.toml`. What cannot be read is reported, and the table is then empty.
    pub fn parse(text: &str) -> (Self, Vec<Problem>) {
        let file: File = match toml::from_str(text) {
            Ok(file) => file,
            Err(error) => return (Self::default(), vec![Problem::new("routing-form", error.to_string())]),
        };
        let is_region =
            |text: &str| (2..=6).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        let regions = file.office.iter().map(|office| &office.region);
        let wrong =
            regions.chain(file.publisher.iter().map(|one| &one.region)).filter(|text| !is_region(text));
        let problems = wrong
            .map(|text| {
                Problem::new("routing-region", format!("`{text}` is no 行政区划代码 of 2 to 6 digits"))
            })
            .collect();
        (Self { regulators: file.regulator, publishers: file.publisher, offices: file.office }, problems)
    }

    /// What the table says.
    pub fn route(&self, facts: &RouteFacts<'_>) -> Routing {
        let place = self.place(facts);
        let is_own = place.as_ref().filter(|_| !facts.own_region.is_empty()).map(|place| {
            place.region.starts_with(facts.own_region) || facts.own_region.starts_with(place.region.as_str())
        });
        let mut proposals = Vec::new();
        if let (Some(place), Some(false)) = (&place, is_own)
            && let Some(office) = self.office(&place.region)
        {
            proposals.push(Proposal {
                recipient: Recipient::OtherOffice,
                office: office.name.clone(),
                why: format!("{}；广告发布者所在地管辖（市场监督管理行政处罚程序规定第十一条）", place.how),
            });
        }
        for regulator in &self.regulators {
            let category = facts
                .categories
                .iter()
                .find(|category| regulator.categories.iter().any(|one| one == *category));
            let is_new = proposals
                .iter()
                .all(|known| (known.recipient, &known.office) != (regulator.recipient, &regulator.office));
            if let (Some(category), true) = (category, is_new) {
                proposals.push(Proposal {
                    recipient: regulator.recipient,
                    office: regulator.office.clone(),
                    why: format!("{}：{}", crate::domain::category::title_zh(category), regulator.basis),
                });
            }
        }
        Routing { place, is_own, proposals }
    }

    /// The office's own list first, then the credit code of the page (its digits 3 to 8 name the place of registration),
    /// then the province of its ICP number. With two places on one page it cannot be told.
    fn place(&self, facts: &RouteFacts<'_>) -> Option<Place> {
        let is_host = |known: &str, host: &str| host == known || host.ends_with(&format!(".{known}"));
        if let Some(host) = facts.host
            && let Some(known) = self.publishers.iter().find(|one| is_host(&one.host, host))
        {
            let how = format!("发布者 {}（本单位登记的发布者名单）", known.name);
            return Some(Place { region: known.region.clone(), how });
        }
        let by_code = |code: &String| {
            let region = code.get(2..8).filter(|region| region.bytes().all(|byte| byte.is_ascii_digit()))?;
            Some(Place {
                region: region.to_owned(), how: format!("页面所示统一社会信用代码 {code}")
            })
        };
        let by_icp = |number: &String| {
            let first = number.chars().next()?.to_string();
            let office = self.offices.iter().find(|office| office.icp == first)?;
            Some(Place { region: office.region.clone(), how: format!("页面所示备案号 {number}") })
        };
        let one = |places: Vec<Place>| {
            let first = places.first()?.clone();
            places.iter().all(|place| place.region == first.region).then_some(first)
        };
        one(facts.credit_codes.iter().filter_map(by_code).collect())
            .or_else(|| one(facts.icp_numbers.iter().filter_map(by_icp).collect()))
    }

    fn office(&self, region: &str) -> Option<&Office> {
        let fits = |office: &&Office| region.starts_with(&office.region);
        self.offices.iter().filter(fits).max_by_key(|office| office.region.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shipped() -> RoutingTable {
        let text = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/patterns/routing.toml"));
        let (table, problems) = RoutingTable::parse(text);
        assert_eq!(problems, []);
        table
    }

    fn names(routing: &Routing) -> Vec<(Recipient, &str)> {
        routing.proposals.iter().map(|one| (one.recipient, one.office.as_str())).collect()
    }

    #[test]
    fn the_place_of_the_publisher_decides_and_the_sector_adds() {
        let facts = RouteFacts {
            categories: vec!["ST", "PG"],
            icp_numbers: vec!["浙ICP备12345678号".to_owned()],
            own_region: "4401",
            ..RouteFacts::default()
        };
        let routing = shipped().route(&facts);
        assert_eq!(routing.is_own, Some(false));
        assert_eq!(
            names(&routing),
            [
                (Recipient::OtherOffice, "浙江省市场监督管理局"),
                (Recipient::LeadDepartment, "本地处置非法集资牵头部门"),
                (Recipient::SectorRegulator, "中国证监会派出机构（证监局）"),
            ]
        );
        let own = RouteFacts { icp_numbers: vec!["粤ICP备1号".to_owned()], ..facts.clone() };
        assert_eq!(shipped().route(&own).is_own, Some(true), "the province is all that is known");
        let code = RouteFacts { credit_codes: vec!["91330100MA2711111X".to_owned()], ..own.clone() };
        let place = shipped().route(&code).place.unwrap();
        assert_eq!((place.region.as_str(), place.how.contains("91330100")), ("330100", true));
        let two = RouteFacts {
            icp_numbers: vec!["粤ICP备1号".to_owned(), "京ICP备2号".to_owned()],
            ..facts.clone()
        };
        assert_eq!(shipped().route(&two).place, None, "two places are none");
        let unset = RouteFacts { own_region: "", ..facts };
        assert_eq!(shipped().route(&unset).is_own, None);
    }

    #[test]
    fn an_offices_own_list_counts_before_what_the_page_says() {
        let text = "[[publisher]]\nhost = \"news.example\"\nname = \"江州传媒\"\nregion = \"4407\"\n\
                    [[office]]\nregion = \"44\"\nicp = \"粤\"\nname = \"省局\"\n\
                    [[office]]\nregion = \"4407\"\nname = \"市局\"\n";
        let (table, problems) = RoutingTable::parse(text);
        assert_eq!(problems, []);
        let facts = RouteFacts {
            host: Some("www.news.example"),
            icp_numbers: vec!["京ICP备2号".to_owned()],
            own_region: "11",
            ..RouteFacts::default()
        };
        assert_eq!(
            names(&table.route(&facts)),
            [(Recipient::OtherOffice, "市局")],
            "the longest prefix counts"
        );
        let other = RouteFacts { host: Some("othernews.example"), ..facts };
        assert!(table.route(&other).place.is_none(), "no sub-domain of it, and nobody is in 京 here");
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        assert_eq!(RoutingTable::parse("[[regulator]]\noffice = 1\n").1.len(), 1);
        let wrong = "[[office]]\nregion = \"粤\"\nname = \"x\"\n";
        assert!(RoutingTable::parse(wrong).1[0].to_string().contains('粤'));
    }
}
