//! Contact points on the page of a finding.

use super::{log_in, standard};
use crate::app::ListedContact;
use crate::domain::party::{Certainty, Contact, ContactKind, ContactPlace, FoundBy};

fn listed(kind: ContactKind, value: &str, n_ads: u64) -> ListedContact {
    let contact = Contact {
        kind,
        value: value.to_owned(),
        place: ContactPlace::Markup,
        certainty: Certainty::Likely,
        found_by: vec![FoundBy::Shape],
    };
    ListedContact { contact, n_ads }
}

#[tokio::test]
async fn each_contact_stands_once_with_its_reach_and_hostile_values_stay_words() {
    let desk = standard();
    let id = {
        let mut files = desk.files.lock().unwrap();
        files[0].contacts = vec![
            listed(ContactKind::Mobile, "13800138000", 7),
            listed(ContactKind::Mobile, "13800138000", 7),
            listed(ContactKind::Company, "<script>alert(1)</script>有限公司", 1),
        ];
        files[0].finding.id.to_string()
    };
    let other = desk.files.lock().unwrap()[1].finding.id.to_string();
    let visitor = log_in(desk).await;
    let page = visitor.get(&format!("/findings/{id}")).await.text();
    let (_, section) = page.split_once("<h2>联系方式 ").unwrap_or_else(|| panic!("no section in {page}"));
    let (section, _) = section.split_once("</section>").unwrap();
    assert_eq!(section.matches("13800138000").count(), 1, "{section}");
    assert!(section.contains("手机") && section.contains(">7<"), "{section}");
    assert!(section.contains("&#60;script&#62;") && !section.contains("<script"), "{section}");
    let page = visitor.get(&format!("/findings/{other}")).await.text();
    assert!(!page.contains("<h2>联系方式"), "a finding without contacts has no empty section");
}
