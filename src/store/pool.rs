//! Opening a database, and transactions.

use std::sync::Arc;
use std::time::Duration;

use sqlx::any::AnyPoolOptions;
use sqlx::{Any, AnyConnection, AnyPool, Connection as _, Executor as _, Transaction};
use tokio::sync::{Mutex, OwnedMutexGuard};

use super::address::Address;
use super::dialect::Dialect;
use super::error::{Doing as _, StoreError};

static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("./migrations");

/// Connections to one database, whose tables are up to date. Cloning shares them.
#[derive(Clone)]
pub struct Db {
    pool: AnyPool,
    address: Address,
    /// Writers of this process queue here when the engine has one writer: its own lock is polled, not queued for.
    writer: Arc<Mutex<()>>,
}

impl Db {
    /// Opens `sqlite:PATH`, `sqlite://PATH`, a plain path, `sqlite::memory:` or `postgres://…` and brings its
    /// tables up to date. A missing SQLite file is made, with its folder.
    ///
    /// # Errors
    /// [`StoreError::Address`] when the address is not understood or its folder cannot be made,
    /// [`StoreError::Unreachable`] when there is no such server or the file is no database,
    /// [`StoreError::Engine`] when a table cannot be made.
    pub async fn open(url: &str) -> super::Result<Self> {
        sqlx::any::install_default_drivers();
        let address = Address::parse(url)?;
        let unusable =
            |why: std::io::Error| StoreError::Address { shown: address.to_string(), why: why.to_string() };
        if let Address::File(path) = &address
            && let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty())
        {
            std::fs::create_dir_all(folder).map_err(unusable)?;
        }
        let library_url = address.library_url().map_err(unusable)?;
        let dialect = address.dialect();
        // One connection outside the pool: the pool would try again for half a minute and then not say why.
        open_once(&library_url, dialect)
            .await
            .map_err(|cause| StoreError::Unreachable { shown: address.to_string(), cause })?;
        let options = match address {
            // A second connection would see a second, empty database; an idle one that is closed takes it along.
            Address::Memory => AnyPoolOptions::new().max_connections(1).idle_timeout(None).max_lifetime(None),
            Address::File(_) => AnyPoolOptions::new().max_connections(8),
            Address::Server { .. } => AnyPoolOptions::new().max_connections(10),
        };
        let pool = options
            .acquire_timeout(Duration::from_secs(30))
            .after_connect(move |connection, _| {
                Box::pin(async move { connection.execute(dialect.on_connect()).await.map(drop) })
            })
            .connect(&library_url)
            .await
            .doing("connect")?;
        let db = Self { pool, address, writer: Arc::default() };
        db.migrate().await?;
        db.index_what_is_not().await?;
        Ok(db)
    }

    /// The address without its password, for logs and pages.
    pub fn address(&self) -> String {
        self.address.to_string()
    }

    /// Closes every connection and waits for it.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    /// Connections for reading.
    pub(super) fn pool(&self) -> &AnyPool {
        &self.pool
    }

    pub(super) fn dialect(&self) -> Dialect {
        self.address.dialect()
    }

    /// Begins a transaction that will write.
    pub(super) async fn begin(&self) -> super::Result<Tx> {
        let queue = match self.dialect() {
            Dialect::Sqlite => Some(Arc::clone(&self.writer).lock_owned().await),
            Dialect::Postgres => None,
        };
        let inner = self.pool.begin_with(self.dialect().begin()).await.doing("begin a transaction")?;
        Ok(Tx { inner, dialect: self.dialect(), _queue: queue })
    }

    async fn migrate(&self) -> super::Result<()> {
        match self.dialect() {
            Dialect::Postgres => MIGRATIONS.run(&self.pool).await.map_err(sqlx::Error::from),
            Dialect::Sqlite => {
                self.use_write_ahead_log().await.doing("switch to the write-ahead log")?;
                // The library takes no lock on SQLite. Inside one transaction, two processes that open a new file
                // at the same moment make its tables once.
                let mut tx = self.begin().await?;
                match MIGRATIONS.run(tx.conn()).await {
                    Ok(()) => return tx.commit("make the tables").await,
                    Err(error) => Err(sqlx::Error::from(error)),
                }
            }
        }
        .doing("bring its tables up to date")
    }

    /// The mode is kept in the file. Switching needs the file alone, and SQLite does not wait for that, so it is
    /// asked for only where it is missing and asked again while other processes are opening the same new file.
    async fn use_write_ahead_log(&self) -> sqlx::Result<()> {
        let mut attempt = 0;
        loop {
            let mode = async {
                let now: String = sqlx::query_scalar("pragma journal_mode").fetch_one(&self.pool).await?;
                if now == "delete" {
                    return sqlx::query_scalar("pragma journal_mode = wal").fetch_one(&self.pool).await;
                }
                Ok(now)
            }
            .await;
            match mode {
                Ok(_) => return Ok(()),
                Err(error) if attempt == 100 => return Err(error),
                Err(_) => attempt += 1,
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

async fn open_once(library_url: &str, dialect: Dialect) -> sqlx::Result<()> {
    let mut connection = AnyConnection::connect(library_url).await?;
    connection.execute(dialect.on_connect()).await?;
    connection.execute("select 1").await?;
    connection.close().await
}

impl std::fmt::Debug for Db {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Db").field("address", &self.address).finish_non_exhaustive()
    }
}

/// A transaction that writes. Dropping it without [`Tx::commit`] takes everything back.
pub(super) struct Tx {
    inner: Transaction<'static, Any>,
    dialect: Dialect,
    _queue: Option<OwnedMutexGuard<()>>,
}

impl Tx {
    pub(super) fn conn(&mut self) -> &mut AnyConnection {
        &mut self.inner
    }

    pub(super) fn dialect(&self) -> Dialect {
        self.dialect
    }

    pub(super) async fn commit(self, what: &'static str) -> super::Result<()> {
        self.inner.commit().await.doing(what)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_connection_keeps_what_durability_and_waiting_rest_on() {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open(folder.path().join("sub/folder/adwatch.db").to_str().unwrap()).await.unwrap();
        // Several at once, so that it is not always the first connection that answers.
        let mut connections = Vec::new();
        for _ in 0..4 {
            connections.push(db.pool().acquire().await.unwrap());
        }
        for connection in &mut connections {
            // 2 is FULL.
            for (setting, expected) in [("synchronous", 2), ("foreign_keys", 1), ("busy_timeout", 30_000)] {
                let sql = sqlx::AssertSqlSafe(format!("pragma {setting}"));
                let value: i64 = sqlx::query_scalar(sql).fetch_one(&mut **connection).await.unwrap();
                assert_eq!(value, expected, "{setting}");
            }
            let mode: String =
                sqlx::query_scalar("pragma journal_mode").fetch_one(&mut **connection).await.unwrap();
            assert_eq!(mode, "wal");
        }
    }

    #[tokio::test]
    async fn a_database_in_memory_is_one_database() {
        let db = Db::open("sqlite::memory:").await.unwrap();
        let mut tx = db.begin().await.unwrap();
        sqlx::query("insert into host_slot (host, free_at) values ('a', 1)")
            .execute(tx.conn())
            .await
            .unwrap();
        tx.commit("test").await.unwrap();
        let n: i64 = sqlx::query_scalar("select count(*) from host_slot").fetch_one(db.pool()).await.unwrap();
        assert_eq!(n, 1);
    }

    #[tokio::test]
    async fn a_transaction_that_is_let_go_leaves_nothing_and_blocks_nobody() {
        let db = Db::open("sqlite::memory:").await.unwrap();
        let mut tx = db.begin().await.unwrap();
        sqlx::query("insert into host_slot (host, free_at) values ('a', 1)")
            .execute(tx.conn())
            .await
            .unwrap();
        drop(tx);
        let tx = db.begin().await.unwrap();
        tx.commit("test").await.unwrap();
        let n: i64 = sqlx::query_scalar("select count(*) from host_slot").fetch_one(db.pool()).await.unwrap();
        assert_eq!(n, 0);
    }

    #[tokio::test]
    async fn a_database_that_cannot_be_opened_is_named_without_its_password() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("file"), "no folder").unwrap();
        let path = folder.path().join("file/adwatch.db");
        let error = Db::open(path.to_str().unwrap()).await.unwrap_err().to_string();
        assert!(error.contains("file/adwatch.db"), "{error}");
        // A socket folder in which no server listens.
        let url = format!("postgres://office:hunter2@localhost/adwatch?host={}", folder.path().display());
        let error = Db::open(&url).await.unwrap_err();
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains("hunter2") && shown.contains("office"), "{shown}");
        std::fs::write(
            folder.path().join("text.db"),
            "this is no database, but long enough to look at".repeat(40),
        )
        .unwrap();
        let error = Db::open(folder.path().join("text.db").to_str().unwrap()).await.unwrap_err().to_string();
        assert!(error.contains("not a database"), "{error}");
    }
}
