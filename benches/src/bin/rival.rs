//! What people write themselves: small servers that look a key up, each as fast as it is usually done. One thread, one way to
//! look up, said by `--kind`.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "it tells the benchmark where it listens"
)]

use std::collections::HashMap;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::get;
use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use mimalloc::MiMalloc;
use parking_lot::Mutex;
use sha2::{Digest as _, Sha256};
use tokio::net::TcpListener;

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

type Failure = Box<dyn std::error::Error + Send + Sync>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let value = |name: &str| arguments.iter().skip_while(|it| *it != name).nth(1);
    let (Some(kind), Some(tokens)) = (value("--kind"), value("--tokens")) else {
        eprintln!("usage: rival --kind map|redis|sqlite --tokens FILE [--redis URL] [--database FILE]");
        return ExitCode::from(2);
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let served = runtime.map_err(Failure::from).and_then(|runtime| {
        runtime.block_on(async {
            let tokens = std::fs::read_to_string(tokens)?;
            match kind.as_str() {
                "redis" => {
                    redis_each_time(&tokens, value("--redis").map_or("redis://127.0.0.1/", |it| it)).await
                }
                "sqlite" => sqlite_each_time(&tokens, value("--database").map_or("rival.db", |it| it)).await,
                _ => map_in_memory(&tokens).await,
            }
        })
    });
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("rival: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn listen() -> Result<TcpListener, Failure> {
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
    println!("listening {}", listener.local_addr()?);
    Ok(listener)
}

fn sha256(token: &[u8]) -> [u8; 32] {
    Sha256::digest(token).into()
}

fn hex(digest: [u8; 32]) -> String {
    digest.iter().fold(String::with_capacity(64), |mut out, byte| {
        // Writing to a String cannot fail.
        let _ = write!(out, "{byte:02x}");
        out
    })
}

/// hyper, SHA-256, a hash map: the least that is more than a plain text compare.
async fn map_in_memory(tokens: &str) -> Result<(), Failure> {
    let map: HashMap<[u8; 32], u64> = (0..)
        .zip(tokens.lines())
        .map(|(number, token)| (sha256(token.as_bytes()), number))
        .collect();
    let map = Arc::new(map);
    let listener = listen().await?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let map = map.clone();
        let service = service_fn(move |request: Request<Incoming>| {
            let token = request
                .headers()
                .get("x-api-key")
                .map(|value| sha256(value.as_bytes()));
            let found = token.is_some_and(|token| map.contains_key(&token));
            async move {
                let mut answer = Response::new(Full::new(Bytes::from_static(b"hello")));
                if !found {
                    *answer.status_mut() = StatusCode::UNAUTHORIZED;
                }
                Ok::<_, hyper::Error>(answer)
            }
        });
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

/// As `axum::serve` does, on the connections of HTTP/1.1 that are asked here.
async fn serve(app: axum::Router) -> Result<(), Failure> {
    let listener = listen().await?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let service = TowerToHyperService::new(app.clone());
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

fn key_of(headers: &HeaderMap) -> String {
    let token = headers.get("x-api-key").map(|value| value.as_bytes());
    hex(sha256(token.unwrap_or_default()))
}

fn told(found: bool) -> (StatusCode, &'static str) {
    match found {
        true => (StatusCode::OK, "hello"),
        false => (StatusCode::UNAUTHORIZED, "no"),
    }
}

/// axum, and a question to Redis for every request, over one multiplexed connection.
async fn redis_each_time(tokens: &str, url: &str) -> Result<(), Failure> {
    let connection = redis::Client::open(url)?
        .get_multiplexed_async_connection()
        .await?;
    for some in tokens.lines().collect::<Vec<_>>().chunks(1_000) {
        let mut all = redis::pipe();
        for (number, token) in some.iter().enumerate() {
            all.set(format!("rival:{}", hex(sha256(token.as_bytes()))), number)
                .ignore();
        }
        all.query_async::<()>(&mut connection.clone()).await?;
    }
    let ask = async |State(mut connection): State<redis::aio::MultiplexedConnection>, headers: HeaderMap| {
        let mut get = redis::cmd("GET");
        get.arg(format!("rival:{}", key_of(&headers)));
        match get.query_async::<Option<u64>>(&mut connection).await {
            Ok(found) => told(found.is_some()),
            Err(_) => (StatusCode::INTERNAL_SERVER_ERROR, "no answer"),
        }
    };
    let app = axum::Router::new()
        .route("/verify", get(ask))
        .with_state(connection);
    serve(app).await
}

/// axum, and a prepared question to SQLite for every request, on the thread that serves.
async fn sqlite_each_time(tokens: &str, file: &str) -> Result<(), Failure> {
    let mut database = rusqlite::Connection::open(file)?;
    database.execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE keys (digest TEXT PRIMARY KEY, number INTEGER) WITHOUT ROWID")?;
    let filling = database.transaction()?;
    for (number, token) in tokens.lines().enumerate() {
        filling.execute(
            "INSERT INTO keys VALUES (?1, ?2)",
            (hex(sha256(token.as_bytes())), i64::try_from(number)?),
        )?;
    }
    filling.commit()?;
    let ask = async |State(database): State<Arc<Mutex<rusqlite::Connection>>>, headers: HeaderMap| {
        let database = database.lock();
        let found = database
            .prepare_cached("SELECT number FROM keys WHERE digest = ?1")
            .and_then(|mut query| query.exists([key_of(&headers)]));
        match found {
            Ok(found) => told(found),
            Err(_) => (StatusCode::INTERNAL_SERVER_ERROR, "no answer"),
        }
    };
    let app = axum::Router::new()
        .route("/verify", get(ask))
        .with_state(Arc::new(Mutex::new(database)));
    serve(app).await
}
