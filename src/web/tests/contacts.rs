//! Contact points on the page of a finding.

use super::{PASSWORD, cookies, enter, get_as, hidden, log_in, post_as, standard};
use crate::app::ListedContact;
use crate::domain::party::{Certainty, Contact, ContactKind, ContactPlace, FoundBy};
use crate::domain::user::{Actor, Role};

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
    assert_eq!(section.matches("138****8000").count(), 1, "{section}");
    assert!(!page.contains("13800138000"), "masked until asked");
    assert!(section.contains("手机") && section.contains(">7<"), "{section}");
    assert!(section.contains("&#60;script&#62;") && !section.contains("<script"), "{section}");
    let page = visitor.get(&format!("/findings/{other}")).await.text();
    assert!(!page.contains("<h2>联系方式"), "a finding without contacts has no empty section");
}

#[tokio::test]
async fn contacts_are_shown_in_full_only_when_asked_and_each_look_is_on_record() {
    let desk = standard();
    let id = {
        let mut files = desk.files.lock().unwrap();
        files[0].contacts = vec![listed(ContactKind::Mobile, "13800138000", 1)];
        files[0].finding.id.to_string()
    };
    let office = super::Office::new(desk).await;
    let router = office.router();
    let why = [("why", "核实举报电话")];
    for (name, role, allowed) in [("王芳", Role::Reviewer, true), ("李查", Role::Viewer, false)] {
        office.registry.with_password(name, role, PASSWORD).await;
        let cookie = cookies(&enter(&router, PASSWORD, name, "").await);
        let csrf = hidden(&get_as(&router, &cookie, "/account").await.text(), "csrf");
        let page = get_as(&router, &cookie, &format!("/findings/{id}")).await.text();
        assert_eq!(page.contains("/reveal\""), allowed, "{name}");
        let blank = [("why", " ")];
        let shown = post_as(&router, &cookie, &csrf, &format!("/findings/{id}/reveal"), &blank).await.text();
        assert!(!shown.contains("13800138000"), "nothing without a reason");
        let shown = post_as(&router, &cookie, &csrf, &format!("/findings/{id}/reveal"), &why).await.text();
        assert_eq!(shown.contains("13800138000"), allowed, "{name}");
    }
    let filter = crate::app::AuditFilter { action: "contact.reveal".to_owned(), ..Default::default() };
    let looks = office.registry.audit(&Actor::machine(), &filter, None, 10).await.unwrap();
    assert_eq!(looks.len(), 1, "{looks:?}");
    assert_eq!((looks[0].actor.as_str(), looks[0].object.as_str()), ("王芳", id.as_str()));
    assert_eq!(looks[0].detail["why"], "核实举报电话");
}
