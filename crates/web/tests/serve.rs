//! What `web::serve` promises to clients, kept with real sockets: slow heads are cut, a drain loses no request,
//! limits hold, and a Unix socket is its owner's alone.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test stops at what it did not expect"
)]

use std::collections::HashSet;
use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use domain::clock::{Clock as _, SystemClock, Timestamp};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::Service;
use hyper::{Request, Response};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::{sleep, timeout};
use web::serve::lane::{self, Lean, Outcome, Usual};
use web::serve::{Limits, Listener, Peer, Shutdown, Trigger, run_threads, serve, serve_http1};

/// `/slow` answers after 300 ms; `/peer` names the peer; all else echoes the body behind the thread's name.
#[derive(Clone)]
struct Echo;

/// The same on the lean path, but for whatever is asked for at `/hyper`.
impl Lean for Echo {
    fn now(&self) -> Timestamp {
        SystemClock.now()
    }

    fn answer(&self, usual: &Usual<'_>, out: &mut Vec<u8>) -> Outcome {
        match usual.path {
            "/hyper" | "/peer" => Outcome::Unusual,
            "/slow" => Outcome::Later(Box::pin(async {
                sleep(Duration::from_millis(300)).await;
                Response::new(Full::from("slow"))
            })),
            _ => {
                let thread = std::thread::current().name().unwrap_or("?").to_owned();
                let body = format!("{thread} {}", String::from_utf8_lossy(usual.body));
                lane::write(out, &Response::new(Full::from(body)), self.now());
                Outcome::Written
            }
        }
    }
}

impl Service<Request<Incoming>> for Echo {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        Box::pin(async move {
            let text = match request.uri().path() {
                "/slow" => {
                    sleep(Duration::from_millis(300)).await;
                    "slow".to_owned()
                }
                "/peer" => format!("{:?}", request.extensions().get::<Peer>()),
                _ => {
                    let thread = std::thread::current().name().unwrap_or("?").to_owned();
                    let body = request.into_body().collect().await.unwrap().to_bytes();
                    format!("{thread} {}", String::from_utf8_lossy(&body))
                }
            };
            Ok(Response::new(Full::from(text)))
        })
    }
}

fn limits() -> Limits {
    Limits {
        header_read: Duration::from_millis(400),
        idle: Duration::from_secs(5),
        drain: Duration::from_secs(3),
        ..Limits::default()
    }
}

fn localhost() -> SocketAddr {
    ([127, 0, 0, 1], 0).into()
}

type Served = tokio::task::JoinHandle<io::Result<usize>>;

fn start(limits: Limits) -> (SocketAddr, Trigger, Served) {
    let listener = Listener::tcp(localhost()).unwrap();
    let addr = listener.local_addr().unwrap();
    let (trigger, shutdown) = Shutdown::pair();
    (
        addr,
        trigger,
        tokio::spawn(serve(listener, Echo, limits, shutdown)),
    )
}

/// The same on the lean path.
fn start_lean(limits: Limits) -> (SocketAddr, Trigger, Served) {
    let listener = Listener::tcp(localhost()).unwrap();
    let addr = listener.local_addr().unwrap();
    let (trigger, shutdown) = Shutdown::pair();
    (
        addr,
        trigger,
        tokio::spawn(serve_http1(listener, |_| Echo, limits, shutdown)),
    )
}

async fn send(stream: &mut (impl AsyncWrite + Unpin), path: &str) -> io::Result<()> {
    stream
        .write_all(format!("GET {path} HTTP/1.1\r\nhost: test\r\n\r\n").as_bytes())
        .await
}

/// Reads one answer with a content-length; none if the server closed before its first byte.
async fn receive(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<(String, String)>> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) if head.is_empty() => return Ok(None),
            Err(error) => return Err(error),
        }
    }
    let head = String::from_utf8(head).unwrap().to_ascii_lowercase();
    let length = head
        .split("content-length: ")
        .nth(1)
        .unwrap()
        .split("\r\n")
        .next()
        .unwrap();
    let mut body = vec![0; length.parse().unwrap()];
    stream.read_exact(&mut body).await?;
    Ok(Some((head, String::from_utf8(body).unwrap())))
}

async fn ask(stream: &mut (impl AsyncRead + AsyncWrite + Unpin), path: &str) -> (String, String) {
    send(stream, path).await.unwrap();
    receive(stream).await.unwrap().expect("an answer")
}

/// Whether the server ends the connection within two seconds.
async fn is_cut(stream: &mut (impl AsyncRead + Unpin)) -> bool {
    let mut rest = Vec::new();
    timeout(Duration::from_secs(2), stream.read_to_end(&mut rest))
        .await
        .is_ok()
}

#[tokio::test]
async fn port_zero_gives_a_real_port_and_the_peer_is_told() {
    let (addr, _trigger, _served) = start(limits());
    assert_ne!(addr.port(), 0);
    let mut client = TcpStream::connect(addr).await.unwrap();
    let (_, body) = ask(&mut client, "/peer").await;
    assert_eq!(body, format!("Some(Tcp({}))", client.local_addr().unwrap()));
}

#[tokio::test]
async fn a_head_that_trickles_is_cut() {
    for begin in [start, start_lean] {
        let (addr, _trigger, _served) = begin(limits());
        let (mut from_server, mut to_server) = TcpStream::connect(addr).await.unwrap().into_split();
        let trickle = tokio::spawn(async move {
            to_server.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();
            while to_server.write_all(b"a: b\r\n").await.is_ok() {
                sleep(Duration::from_millis(20)).await;
            }
        });
        assert!(is_cut(&mut from_server).await);
        trickle.await.unwrap();
    }
}

#[tokio::test]
async fn a_second_head_that_trickles_is_cut_though_idling_is_allowed() {
    for begin in [start, start_lean] {
        let (addr, _trigger, _served) = begin(limits());
        let mut slow = TcpStream::connect(addr).await.unwrap();
        let mut idle = TcpStream::connect(addr).await.unwrap();
        ask(&mut slow, "/").await;
        ask(&mut idle, "/").await;
        slow.write_all(b"GET / HT").await.unwrap();
        assert!(is_cut(&mut slow).await);
        ask(&mut idle, "/").await;
    }
}

#[tokio::test]
async fn a_connection_that_says_nothing_or_half_an_http2_preface_is_cut() {
    let (addr, _trigger, _served) = start(limits());
    let mut silent = TcpStream::connect(addr).await.unwrap();
    let mut preface = TcpStream::connect(addr).await.unwrap();
    preface.write_all(b"PRI * HTTP").await.unwrap();
    assert!(is_cut(&mut silent).await);
    assert!(is_cut(&mut preface).await);
}

#[tokio::test]
async fn an_idle_connection_is_closed_but_a_slow_handler_is_waited_for() {
    for begin in [start, start_lean] {
        let short = Duration::from_millis(100);
        let (addr, _trigger, _served) = begin(Limits {
            idle: short,
            header_read: short,
            ..limits()
        });
        let mut client = TcpStream::connect(addr).await.unwrap();
        assert_eq!(ask(&mut client, "/slow").await.1, "slow");
        assert!(is_cut(&mut client).await);
    }
}

#[tokio::test]
async fn a_head_too_large_is_answered_431() {
    for begin in [start, start_lean] {
        let (addr, _trigger, _served) = begin(Limits {
            header_bytes: 8192,
            ..limits()
        });
        let mut client = TcpStream::connect(addr).await.unwrap();
        let head = format!(
            "GET / HTTP/1.1\r\nhost: a\r\nlong: {}\r\n\r\n",
            "x".repeat(10_000)
        );
        client.write_all(head.as_bytes()).await.unwrap();
        let mut answer = [0; 12];
        client.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"HTTP/1.1 431");
    }
}

#[tokio::test]
async fn a_request_in_flight_at_shutdown_is_answered_and_new_connections_are_refused() {
    for begin in [start, start_lean] {
        let (addr, trigger, served) = begin(limits());
        let mut client = TcpStream::connect(addr).await.unwrap();
        send(&mut client, "/slow").await.unwrap();
        sleep(Duration::from_millis(100)).await;
        trigger.fire();
        let (head, body) = receive(&mut client).await.unwrap().expect("the answer");
        assert_eq!(body, "slow");
        assert!(head.contains("connection: close"), "{head}");
        let refused = TcpStream::connect(addr).await.unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
        assert_eq!(served.await.unwrap().unwrap(), 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn busy_clients_lose_no_request_when_the_server_stops() {
    for begin in [start, start_lean] {
        let (addr, trigger, served) = begin(limits());
        let clients: Vec<_> = (0..16)
            .map(|_| {
                tokio::spawn(async move {
                    let mut client = TcpStream::connect(addr).await.unwrap();
                    let mut answered = 0;
                    loop {
                        let (head, _) = ask(&mut client, "/").await;
                        answered += 1;
                        if head.contains("connection: close") {
                            return answered;
                        }
                    }
                })
            })
            .collect();
        sleep(Duration::from_millis(200)).await;
        trigger.fire();
        for client in clients {
            // `ask` panics if the server closes without an answer.
            assert!(client.await.unwrap() > 1);
        }
        assert_eq!(served.await.unwrap().unwrap(), 0);
    }
}

#[tokio::test]
async fn a_drain_ends_in_time_and_says_whom_it_cut() {
    for begin in [start, start_lean] {
        let (addr, trigger, served) = begin(Limits {
            drain: Duration::from_millis(50),
            ..limits()
        });
        let mut client = TcpStream::connect(addr).await.unwrap();
        send(&mut client, "/slow").await.unwrap();
        sleep(Duration::from_millis(100)).await;
        drop(trigger);
        assert_eq!(
            timeout(Duration::from_millis(200), served)
                .await
                .unwrap()
                .unwrap()
                .unwrap(),
            1
        );
        assert!(receive(&mut client).await.unwrap().is_none());
    }
}

#[tokio::test]
async fn a_flood_beyond_the_limit_does_not_stop_established_connections() {
    for begin in [start, start_lean] {
        let (addr, _trigger, _served) = begin(Limits {
            connections: 3,
            ..limits()
        });
        let mut established = TcpStream::connect(addr).await.unwrap();
        ask(&mut established, "/").await;
        let mut flood = Vec::new();
        for _ in 0..50 {
            flood.push(TcpStream::connect(addr).await.unwrap());
        }
        let mut late = TcpStream::connect(addr).await.unwrap();
        send(&mut late, "/").await.unwrap();
        for _ in 0..20 {
            ask(&mut established, "/").await;
            sleep(Duration::from_millis(5)).await;
        }
        // The newcomer is not lost either: it waits until there is room.
        let waiting = timeout(Duration::from_millis(50), receive(&mut late)).await;
        assert!(waiting.is_err(), "answered beyond the limit");
        drop(flood);
        assert!(
            timeout(Duration::from_secs(2), receive(&mut late))
                .await
                .unwrap()
                .unwrap()
                .is_some()
        );
    }
}

#[tokio::test]
async fn http2_with_prior_knowledge_is_answered() {
    let (addr, trigger, served) = start(limits());
    let stream = hyper_util::rt::TokioIo::new(TcpStream::connect(addr).await.unwrap());
    let executor = hyper_util::rt::TokioExecutor::new();
    let (mut sender, connection) = hyper::client::conn::http2::handshake(executor, stream)
        .await
        .unwrap();
    tokio::spawn(connection);
    let request = Request::post("http://test/")
        .body(Full::<Bytes>::from("hello"))
        .unwrap();
    let answer = sender.send_request(request).await.unwrap();
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    assert!(body.ends_with(b" hello"));
    trigger.fire();
    assert_eq!(served.await.unwrap().unwrap(), 0);
}

#[tokio::test]
async fn a_unix_socket_is_its_owners_alone_and_tells_the_peers_uid() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("socket");
    let (trigger, shutdown) = Shutdown::pair();
    let served = tokio::spawn(serve(Listener::unix(&path).unwrap(), Echo, limits(), shutdown));
    let file = std::fs::metadata(&path).unwrap();
    assert_eq!(file.permissions().mode() & 0o777, 0o600);

    let mut client = UnixStream::connect(&path).await.unwrap();
    let (_, body) = ask(&mut client, "/peer").await;
    let expected = format!(
        "Some(Unix {{ uid: {}, pid: Some({}) }})",
        file.uid(),
        std::process::id()
    );
    assert_eq!(body, expected);

    let second = Listener::unix(&path).unwrap_err();
    assert_eq!(second.kind(), io::ErrorKind::AddrInUse);
    ask(&mut client, "/").await;

    trigger.fire();
    served.await.unwrap().unwrap();
    assert!(!path.exists());
}

#[tokio::test]
async fn a_stale_socket_file_is_replaced_but_another_file_is_not() {
    let directory = tempfile::tempdir().unwrap();
    let stale = directory.path().join("stale");
    drop(std::os::unix::net::UnixListener::bind(&stale).unwrap());
    assert!(Listener::unix(&stale).is_ok());

    let precious = directory.path().join("precious");
    std::fs::write(&precious, "data").unwrap();
    assert_eq!(
        Listener::unix(&precious).unwrap_err().kind(),
        io::ErrorKind::AlreadyExists
    );
    assert_eq!(std::fs::read_to_string(&precious).unwrap(), "data");

    let long = directory.path().join("x".repeat(120));
    assert_eq!(
        Listener::unix(long).unwrap_err().kind(),
        io::ErrorKind::InvalidInput
    );
}

#[tokio::test]
async fn two_threads_both_answer_on_one_port_and_drain() {
    let (trigger, shutdown) = Shutdown::pair();
    let threads = run_threads(2, localhost(), None, limits(), shutdown.clone(), |_| Echo).unwrap();
    let addr = threads.local_addr();
    let in_use = run_threads(2, addr, None, limits(), shutdown, |_| Echo).unwrap_err();
    assert_eq!(in_use.kind(), io::ErrorKind::AddrInUse);

    let mut names = HashSet::new();
    for _ in 0..200 {
        let mut client = TcpStream::connect(addr).await.unwrap();
        let (_, body) = ask(&mut client, "/").await;
        names.insert(body.trim().to_owned());
        if names.len() == 2 {
            break;
        }
    }
    assert_eq!(
        names,
        HashSet::from(["verify-0".to_owned(), "verify-1".to_owned()])
    );

    trigger.fire();
    let cut = tokio::task::spawn_blocking(|| threads.join())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(cut, 0);
    assert!(TcpStream::connect(addr).await.is_err());
}

/// Sends a text and reads so many answers.
async fn exchange(stream: &mut TcpStream, text: &str, answers: usize) -> Vec<(String, String)> {
    stream.write_all(text.as_bytes()).await.unwrap();
    let mut all = Vec::new();
    for _ in 0..answers {
        all.push(receive(stream).await.unwrap().expect("an answer"));
    }
    all
}

#[tokio::test]
async fn usual_requests_are_answered_in_their_order_whatever_pieces_they_come_in_and_hyper_goes_on_where_one_is_not_usual()
 {
    let post = |body: &str| format!("POST / HTTP/1.1\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    let slow = "GET /slow HTTP/1.1\r\nhost: a\r\n\r\n";
    let hyper = "GET /hyper HTTP/1.1\r\nhost: a\r\n\r\n";
    let chunked = "POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n3\r\nfor\r\n1\r\nu\r\n0\r\n\r\n";
    let text = [
        &post("one"),
        slow,
        &post("two"),
        hyper,
        &post("three"),
        chunked,
        &post("four"),
    ]
    .concat();
    let bodies = |answers: &[(String, String)]| -> Vec<String> {
        let last = |body: &str| body.rsplit(' ').next().unwrap_or_default().to_owned();
        answers.iter().map(|(_, body)| last(body)).collect()
    };
    let (addr, trigger, served) = start_lean(limits());
    for size in [text.len(), 1, 7, 60, 97] {
        let client = TcpStream::connect(addr).await.unwrap();
        client.set_nodelay(true).unwrap();
        let (mut reading, mut writing) = client.into_split();
        let pieces: Vec<Vec<u8>> = text.as_bytes().chunks(size).map(<[u8]>::to_vec).collect();
        let pause = Duration::from_micros(if size == 1 { 100 } else { 500 });
        let sending = tokio::spawn(async move {
            for piece in pieces {
                writing.write_all(&piece).await.unwrap();
                sleep(pause).await;
            }
            writing
        });
        let mut answers = Vec::new();
        for _ in 0..7 {
            answers.push(receive(&mut reading).await.unwrap().expect("an answer"));
        }
        assert_eq!(
            bodies(&answers),
            ["one", "slow", "two", "", "three", "foru", "four"],
            "in pieces of {size}"
        );
        for (head, _) in &answers {
            assert!(
                head.starts_with("http/1.1 200 ok\r\n") && head.contains("\r\ndate: "),
                "{head}"
            );
        }
        drop(sending.await.unwrap());
    }
    // What is too large for the lean path is not for hyper.
    let mut client = TcpStream::connect(addr).await.unwrap();
    let large = "x".repeat(12_000);
    let answers = exchange(&mut client, &[post(&large), post("small")].concat(), 2).await;
    assert!(answers[0].1.ends_with(&large) && answers[1].1.ends_with("small"));
    trigger.fire();
    assert_eq!(served.await.unwrap().unwrap(), 0);
}

#[tokio::test]
async fn who_stops_reading_on_the_lean_path_is_cut() {
    let short = Limits {
        idle: Duration::from_millis(500),
        ..limits()
    };
    let (addr, trigger, served) = start_lean(short);
    let mut client = TcpStream::connect(addr).await.unwrap();
    let body = "x".repeat(7_000);
    let request = format!("POST / HTTP/1.1\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    // Until both systems' buffers are full of answers that nobody reads.
    let flood = async { while client.write_all(request.as_bytes()).await.is_ok() {} };
    timeout(Duration::from_secs(20), flood)
        .await
        .expect("the server ends the connection");
    trigger.fire();
    assert_eq!(served.await.unwrap().unwrap(), 0);
}
