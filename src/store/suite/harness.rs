//! A fresh database for each case.

use std::future::Future;

use sqlx::{AssertSqlSafe, Connection as _};

use crate::store::Db;

/// Runs a case on a new SQLite file.
pub(super) async fn on_sqlite<F: Future<Output = ()>>(case: impl FnOnce(Db) -> F) {
    let folder = tempfile::tempdir().unwrap();
    let db = Db::open(&format!("sqlite:{}", folder.path().join("库 1.db").display())).await.unwrap();
    case(db.clone()).await;
    db.close().await;
}

/// Runs a case in a new schema of the server that `ADWATCH_TEST_POSTGRES` names.
pub(super) async fn on_postgres<F: Future<Output = ()>>(case: impl FnOnce(Db) -> F) {
    let Some(server) = setting("ADWATCH_TEST_POSTGRES") else {
        assert!(
            setting("ADWATCH_TEST_STRICT").is_none(),
            "ADWATCH_TEST_POSTGRES is not set; start a server with `.ci/postgres start` and set it to the address printed"
        );
        eprintln!("not run: ADWATCH_TEST_POSTGRES is not set");
        return;
    };
    let schema = format!("test_{}", uuid::Uuid::now_v7().simple());
    execute(&server, format!("create schema {schema}")).await;
    let separator = if server.contains('?') { '&' } else { '?' };
    let db = Db::open(&format!("{server}{separator}options[search_path]={schema}")).await.unwrap();
    case(db.clone()).await;
    db.close().await;
    execute(&server, format!("drop schema {schema} cascade")).await;
}

async fn execute(server: &str, sql: String) {
    sqlx::any::install_default_drivers();
    let mut connection = sqlx::AnyConnection::connect(server).await.unwrap();
    sqlx::query(AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

#[expect(clippy::disallowed_methods, reason = "tests are told from outside which server they may use")]
fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
