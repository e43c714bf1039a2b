//! Opening a database, and transactions.

use std::sync::Arc;
use std::time::Duration;

use sqlx::any::AnyPoolOptions;
use sqlx::{Any, AnyConnection, AnyPool, Executor as _, Transaction};
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
    /// [`StoreError::Engine`] when the engine does not answer or a table cannot be made.
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
        Ok(Tx { inner, _queue: queue })
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

impl std::fmt::Debug for Db {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Db").field("address", &self.address).finish_non_exhaustive()
    }
}

/// A transaction that writes. Dropping it without [`Tx::commit`] takes everything back.
pub(super) struct Tx {
    inner: Transaction<'static, Any>,
    _queue: Option<OwnedMutexGuard<()>>,
}

impl Tx {
    pub(super) fn conn(&mut self) -> &mut AnyConnection {
        &mut self.inner
    }

    pub(super) async fn commit(self, what: &'static str) -> super::Result<()> {
        self.inner.commit().await.doing(what)
    }
}
