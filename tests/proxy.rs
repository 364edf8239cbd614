//! A way to PostgreSQL that a test can cut, silence or lose, as networks do.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// What happens to what passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// It passes.
    Open,
    /// Connections are closed at both ends, and new ones at once.
    Cut,
    /// Connections stay, and nothing passes.
    Silent,
    /// Connections are closed towards the client alone: the server believes that they live.
    Lost,
}

/// A forwarding port.
pub(crate) struct Proxy {
    address: SocketAddr,
    way: watch::Sender<Way>,
    task: tokio::task::JoinHandle<()>,
}

type Halves = (OwnedReadHalf, OwnedWriteHalf);

impl Proxy {
    /// Forwards to the server of `url`; gives the proxy and the address through it.
    pub(crate) async fn before(url: &str) -> (Self, String) {
        let (scheme, rest) = url.split_once("://").expect("an address");
        let (place, database) = rest.split_once('/').expect("a database");
        let (login, server) = place.rsplit_once('@').unwrap_or(("postgres", place));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (way, seen) = watch::channel(Way::Open);
        let server = server.to_owned();
        let task = tokio::spawn(async move {
            let graveyard: Arc<Mutex<Vec<Halves>>> = Arc::default();
            while let Ok((client, _)) = listener.accept().await {
                let (server, seen, graveyard) = (server.clone(), seen.clone(), graveyard.clone());
                tokio::spawn(async move {
                    let now = *seen.borrow();
                    if matches!(now, Way::Open | Way::Silent)
                        && let Ok(upstream) = TcpStream::connect(&server).await
                    {
                        forward(client, upstream, seen, graveyard).await;
                    }
                });
            }
        });
        let through = format!("{scheme}://{login}@{address}/{database}");
        (Self { address, way, task }, through)
    }

    /// Changes what happens from now on.
    pub(crate) fn turn(&self, way: Way) {
        println!("the way by {} is {way:?}", self.address);
        self.way.send_replace(way);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn forward(
    client: TcpStream,
    upstream: TcpStream,
    mut way: watch::Receiver<Way>,
    graveyard: Arc<Mutex<Vec<Halves>>>,
) {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = upstream.into_split();
    let (up, down) = (way.clone(), way.clone());
    tokio::select! {
        () = pump(&mut from_client, &mut to_server, up) => {}
        () = pump(&mut from_server, &mut to_client, down) => {}
        _ = way.wait_for(|way| matches!(way, Way::Cut | Way::Lost)) => {}
    }
    if *way.borrow() == Way::Lost {
        graveyard
            .lock()
            .expect("a graveyard")
            .push((from_server, to_server));
    }
}

async fn pump(from: &mut OwnedReadHalf, to: &mut OwnedWriteHalf, mut way: watch::Receiver<Way>) {
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(count) = from.read(&mut buffer).await
        && count > 0
    {
        let _ = way.wait_for(|way| *way != Way::Silent).await;
        if *way.borrow() != Way::Open || to.write_all(&buffer[..count]).await.is_err() {
            return;
        }
    }
}
