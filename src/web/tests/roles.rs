//! Every address × every role × nobody, made from the table that the router is made from.

use axum::http::{Method, StatusCode};

use super::{Needs, Office, PASSWORD, addresses, cookies, enter, get_as, hidden, post_as, standard};
use crate::domain::user::{Permission, Role};

#[tokio::test]
async fn each_role_reaches_what_its_table_says_and_nothing_else() {
    for role in Role::ALL {
        let office = Office::new(standard()).await;
        office.registry.with_password("王工", role, PASSWORD).await;
        let router = office.router();
        let cookie = cookies(&enter(&router, PASSWORD, "王工", "").await);
        let csrf = hidden(&get_as(&router, &cookie, "/account").await.text(), "csrf");
        let mut n_refused = 0;
        for method in [Method::GET, Method::POST] {
            for (path, needs) in addresses(&method) {
                if path == "/logout" {
                    continue;
                }
                let answered = match method {
                    Method::GET => get_as(&router, &cookie, &path).await,
                    _ => post_as(&router, &cookie, &csrf, &path, &[]).await,
                };
                let status = answered.status;
                let allowed = match needs {
                    Needs::Nothing | Needs::Login => true,
                    Needs::May(permission) => role.may(permission),
                };
                // The login form has a token of its own, which this test does not send.
                let refused = status == StatusCode::FORBIDDEN && path != "/login";
                assert_eq!(!refused, allowed, "{method} {path} as {role:?}: {status}");
                assert_ne!(status, StatusCode::UNAUTHORIZED, "{method} {path} as {role:?}");
                assert!(!status.is_server_error(), "{method} {path} as {role:?}: {status}");
                n_refused += u32::from(refused);
            }
        }
        assert_eq!(n_refused == 0, role == Role::Administrator, "{role:?} was refused {n_refused} times");
    }
}

#[tokio::test]
async fn pages_offer_only_what_the_role_may_do() {
    for role in Role::ALL {
        let office = Office::new(standard()).await;
        office.registry.with_password("王工", role, PASSWORD).await;
        let router = office.router();
        let cookie = cookies(&enter(&router, PASSWORD, "王工", "").await);
        let page = get_as(&router, &cookie, &format!("/findings/{}", super::ID)).await.text();
        for (permission, words) in [
            (Permission::Decide, "/accept\""),
            (Permission::Decide, "/comment\""),
            (Permission::Seal, "/seal\""),
            (Permission::Audit, "href=\"/audit\""),
            (Permission::ManageUsers, "href=\"/users\""),
        ] {
            assert_eq!(page.contains(words), role.may(permission), "{words} as {role:?}");
        }
    }
}
