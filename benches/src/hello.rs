//! The reference: the least that a hyper server can do. It reads each request's body and answers a fixed one.

use std::net::SocketAddr;
use std::process::Command;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use crate::Result;
use crate::process::{SERVER_CORE, Server, binary, pinned};

/// Starts `reference-hello` on the server's core, answering bodies of `body` bytes.
///
/// # Errors
/// When it is not built or does not start.
pub fn start(body: usize) -> Result<Server> {
    let mut command: Command = pinned(SERVER_CORE, binary("reference-hello")?);
    command.args(["--addr", "127.0.0.1:0", "--body", &body.to_string()]);
    Server::start(command)
}

/// Listens on `addr`; what it returns says where, and serves for ever once polled. For a current-thread runtime.
///
/// # Errors
/// When the address cannot be listened on.
pub async fn serve(
    addr: SocketAddr,
    body: usize,
) -> std::io::Result<(SocketAddr, impl Future<Output = std::io::Result<()>>)> {
    let listener = TcpListener::bind(addr).await?;
    let addr = listener.local_addr()?;
    let body = Bytes::from(vec![b'x'; body]);
    let accepting = async move {
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            let body = body.clone();
            let service = service_fn(move |request| answer(request, body.clone()));
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    };
    Ok((addr, accepting))
}

async fn answer(request: Request<Incoming>, body: Bytes) -> hyper::Result<Response<Full<Bytes>>> {
    request.into_body().collect().await?;
    let json = http::HeaderValue::from_static("application/json");
    let mut answer = Response::new(Full::new(body));
    answer.headers_mut().insert(http::header::CONTENT_TYPE, json);
    Ok(answer)
}
