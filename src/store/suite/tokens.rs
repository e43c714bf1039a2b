use super::accounts::two_accounts;
use super::make::NOW;
use crate::domain::token::{ApiToken, Scope, TokenId};
use crate::domain::user::{Actor, UserId};
use crate::store::audit::AuditNote;
use crate::store::token::KnownReply;
use crate::store::{Db, StoreError};

fn note() -> AuditNote {
    let (action, object) = ("token.add".to_owned(), "user 王芳".to_owned());
    AuditNote { at: NOW, actor: Actor::machine(), action, object, detail: serde_json::json!({}) }
}

pub(super) async fn a_token_comes_back_with_its_owner_until_it_is_taken_back(db: Db) {
    let (boss, _) = two_accounts(&db).await;
    let token = ApiToken {
        id: TokenId::parse("t-1").unwrap(),
        user_id: UserId::parse("u-1").unwrap(),
        name: "值班大屏".to_owned(),
        scope: Scope::parse("see,decide").unwrap(),
        created_at: NOW,
        expires_at: NOW.plus_ms(1_000),
        used_at: None,
        revoked_at: None,
    };
    db.add_token(&token, "digest", &note()).await.unwrap();
    assert_eq!(db.token("digest").await.unwrap(), Some((token.clone(), boss.clone())));
    assert_eq!(db.token("other").await.unwrap(), None);
    db.touch_token(&token.id, NOW.plus_ms(5)).await.unwrap();
    db.revoke_token(&token.id, NOW.plus_ms(6), &note()).await.unwrap();
    let after = ApiToken { used_at: Some(NOW.plus_ms(5)), revoked_at: Some(NOW.plus_ms(6)), ..token.clone() };
    assert_eq!(db.tokens(None).await.unwrap(), [(after.clone(), boss.clone())]);
    assert_eq!(db.tokens(Some(&token.user_id)).await.unwrap(), [(after, boss)]);
    assert!(db.tokens(Some(&UserId::parse("u-2").unwrap())).await.unwrap().is_empty());
    let again = db.revoke_token(&token.id, NOW, &note()).await;
    assert!(matches!(again, Err(StoreError::NotFound { .. })));
}

pub(super) async fn a_request_that_named_itself_is_answered_once(db: Db) {
    let name = ("t-1", "k");
    let ask = async |sha256: &str, at: i64| {
        let now = NOW.plus_ms(at);
        db.reserve_reply(name, sha256, now, now.plus_ms(-1_000), now.plus_ms(-100)).await.unwrap()
    };
    assert_eq!(ask("a", 0).await, KnownReply::New);
    assert_eq!(ask("a", 50).await, KnownReply::Busy);
    assert_eq!(ask("b", 50).await, KnownReply::Different);
    assert_eq!(ask("a", 150).await, KnownReply::New, "who reserved it is gone");
    db.keep_reply(name, Some((201, "{}"))).await.unwrap();
    db.keep_reply(name, None).await.unwrap();
    let kept = KnownReply::Answered { status: 201, content: "{}".to_owned() };
    assert_eq!(ask("a", 900).await, kept, "an answer is not given up");
    assert_eq!(ask("b", 1_200).await, KnownReply::New, "forgotten");
    db.keep_reply(name, None).await.unwrap();
    assert_eq!(ask("c", 1_201).await, KnownReply::New, "given up");
}
