use super::make::{NOW, finding_id, one_finding};
use crate::domain::review::{Remark, RemarkKind, SkipReason};
use crate::domain::user::{Account, Actor, Role, SessionId, UserId};
use crate::store::audit::{AuditFilter, AuditNote};
use crate::store::user::{AccountChange, Credentials, Failures, SessionRow};
use crate::store::{Db, StoreError};

fn note(action: &str, actor: Actor) -> AuditNote {
    let detail = serde_json::json!({"of": action});
    AuditNote { at: NOW, actor, action: action.to_owned(), object: "user 王芳".to_owned(), detail }
}

fn account(id: &str, name: &str, role: Role) -> Credentials {
    Credentials {
        account: Account {
            id: UserId::parse(id).unwrap(),
            name: name.to_owned(),
            role,
            must_change: true,
            has_totp: false,
            created_at: NOW,
            disabled_at: None,
            office: None,
        },
        password_hash: "$argon2id$1".to_owned(),
        totp_secret: None,
        totp_last_step: 0,
    }
}

pub(super) async fn two_accounts(db: &Db) -> (Account, Account) {
    let (boss, other) = (account("u-1", "处长", Role::Administrator), account("u-2", "王芳", Role::Reviewer));
    for new in [&boss, &other] {
        db.add_account(new, &new.account.name, &note("user.add", Actor::machine())).await.unwrap();
    }
    (boss.account, other.account)
}

fn session(n: u8) -> SessionRow {
    SessionRow {
        id: SessionId::parse(&format!("s-{n}")).unwrap(),
        token_sha256: format!("digest-{n}"),
        csrf: "csrf".to_owned(),
        opened_at: NOW,
        seen_at: NOW,
        ends_at: NOW.plus_ms(1_000_000),
        address: "192.0.2.1".to_owned(),
        agent: "browser\0".to_owned(),
    }
}

pub(super) async fn an_account_comes_back_changed_and_on_record(db: Db) {
    let (boss, other) = two_accounts(&db).await;
    assert_eq!(db.accounts().await.unwrap().len(), 2);
    let taken =
        db.add_account(&account("u-3", "x", Role::Viewer), "王芳", &note("user.add", Actor::machine())).await;
    assert!(matches!(taken, Err(StoreError::Exists { .. })));
    let admin = Actor::account(&boss, "192.0.2.7");
    let password = AccountChange::Password { hash: "$argon2id$2".to_owned(), must_change: false, keep: None };
    for change in [
        password,
        AccountChange::Role(Role::Auditor),
        AccountChange::Totp(Some("ABC".to_owned())),
        AccountChange::Disabled(true),
    ] {
        db.change_account(&other.id, &change, &note("user.change", admin.clone())).await.unwrap();
    }
    let known = db.credentials("王芳").await.unwrap().unwrap();
    assert_eq!(
        (known.account.role, known.account.must_change, known.account.disabled_at),
        (Role::Auditor, false, Some(NOW))
    );
    assert_eq!(
        (known.password_hash.as_str(), known.totp_secret.as_deref(), known.account.has_totp),
        ("$argon2id$2", Some("ABC"), true)
    );
    assert!(db.take_totp_step(&other.id, 7).await.unwrap());
    assert!(
        !db.take_totp_step(&other.id, 7).await.unwrap() && !db.take_totp_step(&other.id, 6).await.unwrap()
    );
    for change in [AccountChange::Totp(None), AccountChange::Disabled(false)] {
        db.change_account(&other.id, &change, &note("user.change", admin.clone())).await.unwrap();
    }
    let known = db.credentials("王芳").await.unwrap().unwrap();
    assert_eq!((known.totp_secret, known.account.disabled_at), (None, None));
    assert!(db.credentials("没有").await.unwrap().is_none());
    for change in [AccountChange::Role(Role::Viewer), AccountChange::Disabled(true)] {
        let refused = db.change_account(&boss.id, &change, &note("user.change", admin.clone())).await;
        assert!(matches!(refused, Err(StoreError::LastAdministrator)));
    }
    let nobody = db
        .change_account(&UserId::parse("u-9").unwrap(), &AccountChange::Totp(None), &note("x", admin))
        .await;
    assert!(matches!(nobody, Err(StoreError::NotFound { .. })));
    let filter = AuditFilter {
        actor: "处长".to_owned(),
        action: "user.ch".to_owned(),
        object: "user 王芳".to_owned(),
    };
    let entries = db.audit_entries_of(&filter, None, 100).await.unwrap();
    assert_eq!(entries.len(), 6, "refused changes leave no entry");
    assert_eq!(
        (&entries[0].detail["from"], &entries[0].detail["role"]),
        (&"192.0.2.7".into(), &"administrator".into())
    );
    let none = AuditFilter { actor: "%".to_owned(), ..AuditFilter::default() };
    assert!(
        db.audit_entries_of(&none, None, 100).await.unwrap().is_empty(),
        "a filter is words, not a pattern"
    );
}

pub(super) async fn a_session_lasts_until_it_is_ended(db: Db) {
    let (_, other) = two_accounts(&db).await;
    for n in 1..=3 {
        db.open_session(&other.id, &session(n), NOW.plus_ms(-1), &note("login", Actor::machine()))
            .await
            .unwrap();
    }
    let (found, whose) = db.session("digest-1").await.unwrap().unwrap();
    assert_eq!((found.id.as_str(), found.agent.as_str(), &whose), ("s-1", "browser\u{fffd}", &other));
    db.touch_session(&found.id, NOW.plus_ms(5)).await.unwrap();
    assert_eq!(db.session("digest-1").await.unwrap().unwrap().0.seen_at, NOW.plus_ms(5));
    assert!(db.session("digest-9").await.unwrap().is_none());
    let ended = db.end_sessions(&other.id, Some(&found.id), &note("logout", Actor::machine())).await.unwrap();
    assert_eq!((ended, db.sessions(&other.id).await.unwrap().len()), (1, 2));
    let keep =
        AccountChange::Password { hash: "h".to_owned(), must_change: false, keep: Some(session(2).id) };
    db.change_account(&other.id, &keep, &note("user.password", Actor::machine())).await.unwrap();
    assert_eq!(db.sessions(&other.id).await.unwrap()[0].id, session(2).id, "the others ended");
    assert_eq!(db.end_sessions(&other.id, None, &note("session.end", Actor::machine())).await.unwrap(), 1);
    db.open_session(&other.id, &session(4), NOW.plus_ms(-1), &note("login", Actor::machine())).await.unwrap();
    let late = SessionRow { opened_at: NOW.plus_ms(2_000_000), ..session(5) };
    db.open_session(&other.id, &late, NOW.plus_ms(-1), &note("login", Actor::machine())).await.unwrap();
    assert!(db.session("digest-4").await.unwrap().is_none(), "what ended is removed");
}

pub(super) async fn wrong_passwords_are_counted_and_forgiven(db: Db) {
    for (id, name, address) in
        [("1", "王芳", "192.0.2.1"), ("2", "王芳", "192.0.2.2"), ("3", "x", "192.0.2.1")]
    {
        let failed = note("login.failed", Actor::stranger(address));
        db.login_failed(id, name, NOW.plus_ms(-1000), &failed).await.unwrap();
    }
    let count = async |since: i64| {
        db.login_failures("王芳", "192.0.2.1", NOW.plus_ms(since), NOW.plus_ms(since)).await.unwrap()
    };
    assert_eq!(count(-1).await, Failures { n_account: 2, n_address: 2, n_all: 3 });
    assert_eq!(count(0).await, Failures { n_account: 0, n_address: 0, n_all: 0 });
    db.forgive_login_failures("王芳").await.unwrap();
    assert_eq!(count(-1).await, Failures { n_account: 0, n_address: 1, n_all: 1 });
}

pub(super) async fn a_finding_is_held_by_one_person_until_then(db: Db) {
    let finding = one_finding(&db, "保本保息").await;
    let until = NOW.plus_ms(600);
    let held = db.assign(&finding, "王芳", NOW, until, None).await.unwrap();
    assert_eq!((held.holder.as_str(), held.since, held.until), ("王芳", NOW, until));
    let renewed = db.assign(&finding, "王芳", NOW.plus_ms(10), NOW.plus_ms(610), None).await.unwrap();
    assert_eq!((renewed.since, renewed.until), (NOW, NOW.plus_ms(610)));
    let refused = db.assign(&finding, "李强", NOW.plus_ms(20), NOW.plus_ms(620), None).await.unwrap_err();
    let StoreError::Held { holder, until, .. } = &refused else { panic!("{refused}") };
    assert_eq!((holder.as_str(), *until), ("王芳", NOW.plus_ms(610)));
    let over = note("finding.take-over", Actor::machine());
    db.assign(&finding, "李强", NOW.plus_ms(20), NOW.plus_ms(620), Some(&over)).await.unwrap();
    assert_eq!(db.audit_entries(None, 10).await.unwrap()[0].action, "finding.take-over");
    db.unassign(&finding, "王芳").await.unwrap();
    assert_eq!(
        db.assignments(&[&finding], NOW.plus_ms(30)).await.unwrap()[0].holder,
        "李强",
        "not hers to release"
    );
    assert!(db.assignments(&[&finding], NOW.plus_ms(620)).await.unwrap().is_empty(), "it ended by itself");
    db.assign(&finding, "王芳", NOW.plus_ms(620), NOW.plus_ms(1220), None).await.unwrap();
    db.unassign(&finding, "王芳").await.unwrap();
    assert!(db.assignments(&[&finding], NOW.plus_ms(630)).await.unwrap().is_empty());
    assert!(db.assignments(&[], NOW).await.unwrap().is_empty());
    let nowhere = db.assign(&finding_id("没有"), "王芳", NOW, NOW, None).await;
    assert!(matches!(nowhere, Err(StoreError::NotFound { .. })));
}

pub(super) async fn remarks_come_back_in_order_and_the_source_of_an_ad_is_known(db: Db) {
    let finding = one_finding(&db, "保本保息").await;
    let remark = |id: &str, kind, ms| Remark {
        id: id.to_owned(),
        finding_id: finding.clone(),
        actor: "王芳".to_owned(),
        at: NOW.plus_ms(ms),
        kind,
        note: "已核实".to_owned(),
    };
    let (later, sooner) =
        (remark("r-1", RemarkKind::Comment, 2), remark("r-2", RemarkKind::Skip(SkipReason::Unsure), 1));
    for one in [&later, &sooner] {
        db.add_remark(one, &note("finding.comment", Actor::machine())).await.unwrap();
    }
    let nowhere = Remark { id: "r-3".to_owned(), finding_id: finding_id("没有"), ..later.clone() };
    assert!(matches!(
        db.add_remark(&nowhere, &note("x", Actor::machine())).await,
        Err(StoreError::NotFound { .. })
    ));
    assert_eq!(db.remarks(&finding).await.unwrap(), [sooner, later]);
    let view = db.finding(&finding).await.unwrap().unwrap();
    let sources = db.last_sources(&[&view.ad.id]).await.unwrap();
    assert_eq!(sources[&view.ad.id], view.sightings[0].source_id);
    assert!(db.last_sources(&[]).await.unwrap().is_empty());
}
