//! PostgreSQL: how it is reached, and how values cross the wire. One round trip a statement once it is prepared.

use std::future::poll_fn;
use std::pin::pin;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use deadpool_postgres::{
    ClientWrapper, Connect, Hook, HookError, Manager, ManagerConfig, Pool, RecyclingMethod, Runtime,
    StatementCache, Timeouts,
};
use futures_util::future::{BoxFuture, try_join_all};
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::config::SslMode;
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{AsyncMessage, Client, Config, Socket, Statement};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::row::Row;
use super::tls;
use super::value::Value;
use crate::error::{Result, StoreError, stale_plan};

/// How long to wait for a socket, or for a connection of the pool.
const CONNECT: Duration = Duration::from_secs(5);
/// How long one host of several may take until it has answered as it should; a lost one may be silent, and others wait behind it.
const ONE_OF_SEVERAL: Duration = Duration::from_secs(2);
/// How long a read may take: a server that went silent without closing the connection is given up.
const READ: Duration = Duration::from_secs(10);
/// Connections of the pool of readers.
const READERS: usize = 16;
/// Statements in flight at once in [`PgConn::execute_many`]; bounds the memory, not the speed.
const PIPELINE: usize = 1000;
const OLDEST: u32 = 15;

/// Where the server is and how to reach it.
#[derive(Clone)]
pub(crate) struct Server {
    /// One for each host that the address names.
    hosts: Arc<[Config]>,
    /// The host that has answered last, which is tried first.
    last: Arc<AtomicUsize>,
    tls: MakeRustlsConnect,
}

impl Server {
    /// From `postgres://user:password@host:port/database?sslmode=…`. As in libpq, `prefer` (the default) and `require`
    /// encrypt without asking who answers; only `verify-full` does (against the system's roots).
    pub(crate) fn parse(url: &str) -> Result<Self> {
        if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
            let message = "expected an address such as postgres://user@host:5432/database";
            return Err(StoreError::Unsupported(message.to_owned()));
        }
        let (url, mode) = take_ssl_mode(url);
        let (ssl_mode, verify) = match mode.as_deref() {
            Some("disable") => (SslMode::Disable, false),
            None | Some("prefer") => (SslMode::Prefer, false),
            Some("require") => (SslMode::Require, false),
            Some("verify-full") => (SslMode::Require, true),
            Some(other) => {
                let message = format!("sslmode={other}: expected disable, prefer, require or verify-full");
                return Err(StoreError::Unsupported(message));
            }
        };
        let hosts: Result<Vec<Config>> = each_host(&url).iter().map(|url| config(url, ssl_mode)).collect();
        Ok(Self {
            hosts: hosts?.into(),
            last: Arc::default(),
            tls: tls::connector(verify)?,
        })
    }

    /// How long one host may take, over socket, handshakes and the question whether it takes writes: the driver's own limit covers the socket
    /// alone.
    fn patience(&self) -> Duration {
        match self.hosts.len() {
            1 => CONNECT * 2,
            _ => ONE_OF_SEVERAL,
        }
    }

    /// How long silent hosts may take before one that answers.
    pub(crate) fn detour(&self) -> Duration {
        let others = self.hosts.len().saturating_sub(1);
        ONE_OF_SEVERAL.saturating_mul(u32::try_from(others).unwrap_or(u32::MAX))
    }

    /// Connects to the first host that answers as the address wants it, beginning with the one that did so last; none where all of them
    /// were silent.
    async fn reach(&self) -> std::result::Result<Option<(Client, Link)>, tokio_postgres::Error> {
        let (count, first) = (self.hosts.len(), self.last.load(Ordering::Relaxed));
        let mut refused = None;
        for place in (0..count).map(|step| (first + step) % count) {
            let connecting = self.hosts[place].connect(self.tls.clone());
            match tokio::time::timeout(self.patience(), connecting).await {
                Ok(Ok(connected)) => {
                    self.last.store(place, Ordering::Relaxed);
                    return Ok(Some(connected));
                }
                Ok(Err(error)) => refused = Some(error),
                Err(_silent) => {}
            }
        }
        refused.map_or(Ok(None), Err)
    }

    /// A connection of one's own; its task runs on the runtime that calls this.
    pub(crate) async fn connect(&self) -> Result<PgConn> {
        let reached = self
            .reach()
            .await
            .map_err(|error| StoreError::Unavailable(error.into()))?;
        let (client, mut connection) =
            reached.ok_or_else(|| StoreError::Unavailable("PostgreSQL does not answer in time".into()))?;
        let (alive, gone) = watch::channel(());
        let unreplicated = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&unreplicated);
        let notified = Arc::new(Notify::new());
        let notify = Arc::clone(&notified);
        let task = tokio::spawn(async move {
            let _alive = alive;
            loop {
                match poll_fn(|cx| connection.poll_message(cx)).await {
                    // The routine's name is not translated, the message is.
                    Some(Ok(AsyncMessage::Notice(notice)))
                        if notice.routine() == Some("SyncRepWaitForLSN") =>
                    {
                        seen.store(true, Ordering::Release);
                    }
                    Some(Ok(AsyncMessage::Notification(_))) => notify.notify_one(),
                    Some(Ok(_)) => {}
                    Some(Err(error)) => {
                        tracing::warn!(%error, "lost a connection to PostgreSQL");
                        break;
                    }
                    None => break,
                }
            }
        });
        Ok(PgConn {
            client: ClientWrapper::new(client, task),
            gone,
            unreplicated,
            notified,
        })
    }

    pub(crate) fn pool(&self) -> Result<Pool> {
        let method = ManagerConfig {
            recycling_method: RecyclingMethod::Fast,
        };
        let any = self.hosts.first().cloned().unwrap_or_default();
        let manager = Manager::from_connect(any, self.clone(), method);
        // Readers cannot write, on either engine. After they have connected, because an address of several hosts may ask for the one that
        // takes writes (`target_session_attrs=read-write`), and that would find a session which does not.
        let read_only = Hook::async_fn(|client: &mut ClientWrapper, _| {
            Box::pin(async move {
                let set = client
                    .batch_execute("SET default_transaction_read_only = on")
                    .await;
                set.map_err(HookError::Backend)
            })
        });
        Pool::builder(manager)
            .max_size(READERS)
            .post_create(read_only)
            .runtime(Runtime::Tokio1)
            .timeouts(Timeouts {
                wait: Some(CONNECT),
                create: Some(CONNECT * 2 + self.detour()),
                recycle: Some(CONNECT),
            })
            .build()
            .map_err(|error| StoreError::Database(error.into()))
    }
}

/// What drives a connection.
type Link = tokio_postgres::Connection<Socket, <MakeRustlsConnect as MakeTlsConnect<Socket>>::Stream>;

/// For the pool of readers.
impl Connect for Server {
    fn connect(
        &self,
        _: &Config,
    ) -> BoxFuture<'_, std::result::Result<(Client, JoinHandle<()>), tokio_postgres::Error>> {
        Box::pin(async {
            let Some((client, connection)) = self.reach().await? else {
                // All of them were silent for as long as the pool waits.
                return std::future::pending().await;
            };
            let task = tokio::spawn(async move {
                if let Err(error) = connection.await {
                    tracing::warn!(%error, "lost a connection to PostgreSQL");
                }
            });
            Ok((client, task))
        })
    }
}

/// The settings of a connection to the host of an address.
fn config(url: &str, ssl_mode: SslMode) -> Result<Config> {
    let mut config = Config::from_str(url).map_err(|error| {
        let cause = std::error::Error::source(&error)
            .map(ToString::to_string)
            .unwrap_or_default();
        StoreError::Unsupported(format!("the address of PostgreSQL cannot be read: {cause}"))
    })?;
    config.ssl_mode(ssl_mode);
    if config.get_application_name().is_none() {
        config.application_name("claviger");
    }
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(CONNECT);
    }
    // A server that vanished without a word is noticed within seconds, not after the system's two hours.
    if config.get_tcp_user_timeout().is_none() {
        config.tcp_user_timeout(Duration::from_secs(10));
    }
    config.keepalives_idle(Duration::from_secs(10));
    config
        .keepalives_interval(Duration::from_secs(3))
        .keepalives_retries(3);
    Ok(config)
}

/// An address of several hosts as one of each.
fn each_host(url: &str) -> Vec<String> {
    let whole = || vec![url.to_owned()];
    let Some((scheme, rest)) = url.split_once("://") else {
        return whole();
    };
    let (place, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let (login, hosts) = match place.rsplit_once('@') {
        Some((login, hosts)) => (format!("{login}@"), hosts),
        None => (String::new(), place),
    };
    if !hosts.contains(',') {
        return whole();
    }
    // An empty one is what it is in an address of one host.
    let hosts = hosts.split(',');
    hosts
        .map(|host| format!("{scheme}://{login}{host}{path}"))
        .collect()
}

/// `sslmode` out of the address, because the driver does not know `verify-full`.
fn take_ssl_mode(url: &str) -> (String, Option<String>) {
    let Some((base, query)) = url.rsplit_once('?') else {
        return (url.to_owned(), None);
    };
    let mut mode = None;
    let mut rest = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        match pair.strip_prefix("sslmode=") {
            Some(value) => mode = Some(value.to_owned()),
            None => rest.push(pair),
        }
    }
    match rest.is_empty() {
        true => (base.to_owned(), mode),
        false => (format!("{base}?{}", rest.join("&")), mode),
    }
}

/// One connection to PostgreSQL, closed when dropped (what was not committed is then rolled back by the server).
pub struct PgConn {
    client: ClientWrapper,
    gone: watch::Receiver<()>,
    /// The server stopped waiting for its standby: the commit is here, but a failover may lose it.
    unreplicated: Arc<AtomicBool>,
    /// Somebody has notified a channel that this connection listens to.
    notified: Arc<Notify>,
}

impl std::fmt::Debug for PgConn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PgConn").finish_non_exhaustive()
    }
}

impl PgConn {
    /// Refuses servers that are too old or do not hold Unicode.
    pub(crate) async fn check(&self) -> Result<()> {
        let sql = "SELECT current_setting('server_version_num')::int, current_setting('server_encoding')";
        let row = self.client.query_one(sql, &[]).await?;
        let (version, encoding) = (
            u32::try_from(row.get::<_, i32>(0)).unwrap_or(0),
            row.get::<_, &str>(1),
        );
        if version < OLDEST * 10_000 {
            let message = format!(
                "PostgreSQL {} is too old: {OLDEST} or later is needed",
                version / 10_000
            );
            return Err(StoreError::Unsupported(message));
        }
        if encoding != "UTF8" {
            let message = format!("the database's encoding is {encoding}: UTF8 is needed");
            return Err(StoreError::Unsupported(message));
        }
        Ok(())
    }

    pub(crate) async fn query(&self, sql: &str, params: &[Value]) -> Result<Vec<Row>> {
        query(&self.client, &self.client.statement_cache, sql, params).await
    }

    pub(crate) async fn execute(&self, sql: &str, params: &[Value]) -> Result<u64> {
        let cache = &self.client.statement_cache;
        let statement = prepare(&self.client, cache, sql, params.len()).await?;
        let done = self.client.execute_raw(&statement, params).await;
        forget_if_stale(cache, sql, done)
    }

    /// Sends all, then awaits all: one round trip for a thousand rows.
    pub(crate) async fn execute_many(&self, sql: &str, rows: &[Vec<Value>]) -> Result<()> {
        let cache = &self.client.statement_cache;
        for rows in rows.chunks(PIPELINE) {
            let Some(first) = rows.first() else { continue };
            let statement = prepare(&self.client, cache, sql, first.len()).await?;
            if rows.iter().any(|row| row.len() != first.len()) {
                return Err(StoreError::Database("rows of different lengths".into()));
            }
            let sent = rows.iter().map(|row| self.client.execute_raw(&statement, row));
            let done = try_join_all(sent).await;
            forget_if_stale(cache, sql, done)?;
        }
        Ok(())
    }

    /// Sends rows as one binary COPY: no parsing, planning and answering for each of them.
    pub(crate) async fn copy_in(&self, table: &str, columns: &str, rows: &[Vec<Value>]) -> Result<()> {
        let cache = &self.client.statement_cache;
        // The columns' types, which a binary COPY must be told.
        let probe = format!("SELECT {columns} FROM {table}");
        let types = prepare(&self.client, cache, &probe, 0).await?;
        let types: Vec<Type> = types
            .columns()
            .iter()
            .map(|column| column.type_().clone())
            .collect();
        if rows.iter().any(|row| row.len() != types.len()) {
            return Err(StoreError::Database("rows of different lengths".into()));
        }
        let sql = format!("COPY {table} ({columns}) FROM STDIN (FORMAT binary)");
        let sink = self.client.copy_in(sql.as_str()).await?;
        let writer = BinaryCopyInWriter::new(sink, &types);
        let mut writer = pin!(writer);
        for row in rows {
            writer.as_mut().write_raw(row.iter()).await?;
        }
        writer.as_mut().finish().await?;
        Ok(())
    }

    pub(crate) async fn batch(&self, sql: &str) -> Result<()> {
        Ok(self.client.batch_execute(sql).await?)
    }

    /// Fails if the server gave up waiting for its synchronous standby, although it then calls the commit done.
    pub(crate) async fn commit(&self) -> Result<()> {
        self.unreplicated.store(false, Ordering::Release);
        // To COMMIT alone a failed transaction answers with a silent ROLLBACK; the SELECT before it makes that an error.
        self.client.batch_execute("SELECT 1; COMMIT").await?;
        self.replicated()
    }

    /// Wakes whoever waits when a channel that this connection listens to is notified.
    pub(crate) fn notified(&self) -> Arc<Notify> {
        self.notified.clone()
    }

    /// A statement that writes, by itself: it fails, too, if the server gave up waiting for its synchronous standby.
    pub(crate) async fn write(&self, sql: &str, params: &[Value]) -> Result<Vec<Row>> {
        self.unreplicated.store(false, Ordering::Release);
        let rows = self.query(sql, params).await?;
        self.replicated()?;
        Ok(rows)
    }

    fn replicated(&self) -> Result<()> {
        match self.unreplicated.swap(false, Ordering::AcqRel) {
            true => Err(StoreError::Unavailable(
                "the commit did not wait for the standby".into(),
            )),
            false => Ok(()),
        }
    }

    /// Whether it is.
    pub(crate) fn is_gone(&self) -> bool {
        self.gone.has_changed().is_err()
    }

    /// Resolves once the connection is gone; never keeps it alive.
    pub(crate) fn gone(&self) -> impl Future<Output = ()> + Send + 'static {
        let mut gone = self.gone.clone();
        async move { while gone.changed().await.is_ok() {} }
    }
}

/// Waits for the server's answer, but not for ever.
///
/// # Errors
/// [`StoreError::Unavailable`] when none comes in time; the connection is of no use then.
pub(crate) async fn in_time<T>(answer: impl Future<Output = Result<T>>) -> Result<T> {
    let answered = tokio::time::timeout(READ, answer).await;
    answered.unwrap_or_else(|late| Err(StoreError::Unavailable(late.into())))
}

/// Runs a statement and reads its rows.
pub(crate) async fn query(
    client: &Client,
    cache: &StatementCache,
    sql: &str,
    params: &[Value],
) -> Result<Vec<Row>> {
    let statement = prepare(client, cache, sql, params.len()).await?;
    let params: Vec<&(dyn ToSql + Sync)> = params.iter().map(|value| value as _).collect();
    let rows = client.query(&statement, &params).await;
    forget_if_stale(cache, sql, rows)?.iter().map(decode).collect()
}

async fn prepare(client: &Client, cache: &StatementCache, sql: &str, given: usize) -> Result<Statement> {
    let statement = cache.prepare(client, sql).await?;
    let wanted = statement.params().len();
    if wanted != given {
        // The driver panics where it should fail.
        let message = format!("{given} values are given for {wanted} parameters");
        return Err(StoreError::Database(message.into()));
    }
    Ok(statement)
}

/// After a change of the schema a prepared statement may be refused for ever: drop it, so that a retry prepares anew.
fn forget_if_stale<T>(
    cache: &StatementCache,
    sql: &str,
    done: Result<T, tokio_postgres::Error>,
) -> Result<T> {
    if let Err(error) = &done
        && error.as_db_error().is_some_and(stale_plan)
    {
        cache.remove(sql, &[]);
    }
    Ok(done?)
}

fn decode(row: &tokio_postgres::Row) -> Result<Row> {
    let mut values = Vec::with_capacity(row.len());
    for (index, column) in row.columns().iter().enumerate() {
        let ty = column.type_();
        let value = match *ty {
            Type::INT8 => row.try_get::<_, Option<i64>>(index)?.into(),
            Type::INT4 => row.try_get::<_, Option<i32>>(index)?.into(),
            Type::INT2 => row.try_get::<_, Option<i16>>(index)?.into(),
            Type::BOOL => row.try_get::<_, Option<bool>>(index)?.into(),
            Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::NAME | Type::UNKNOWN => {
                row.try_get::<_, Option<String>>(index)?.into()
            }
            Type::BYTEA => row.try_get::<_, Option<Vec<u8>>>(index)?.into(),
            Type::UUID => row.try_get::<_, Option<uuid::Uuid>>(index)?.into(),
            Type::VOID => Value::Null,
            _ => {
                return Err(StoreError::Corrupt(format!(
                    "column {index}: type {ty} is not known here"
                )));
            }
        };
        values.push(value);
    }
    Ok(Row(values))
}

#[cfg(test)]
mod tests {
    use super::each_host;

    #[test]
    fn an_address_of_several_hosts_is_one_of_each() {
        for (url, each) in [
            ("postgres://one/db", vec!["postgres://one/db"]),
            (
                "postgres://u:p@one:1,two:2/db?a=b",
                vec!["postgres://u:p@one:1/db?a=b", "postgres://u:p@two:2/db?a=b"],
            ),
            (
                "postgresql://u@[::1]:1,two?a=b,c",
                vec!["postgresql://u@[::1]:1?a=b,c", "postgresql://u@two?a=b,c"],
            ),
            ("postgres://u:a%2Cb@one/db", vec!["postgres://u:a%2Cb@one/db"]),
            ("postgres://one,/db", vec!["postgres://one/db", "postgres:///db"]),
            ("postgres:///db?host=one,two", vec!["postgres:///db?host=one,two"]),
            ("nonsense", vec!["nonsense"]),
        ] {
            assert_eq!(each_host(url), each, "{url}");
        }
    }
}
