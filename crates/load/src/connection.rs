//! One connection: a request out, its answer in. As little as can be, so that the generator is not what is measured.

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::Requests;

/// Headers of an answer at the most.
const HEADERS: usize = 64;
/// The longest answer.
const LONGEST: usize = 1024 * 1024;
/// Bytes of an answer that are shown.
const SHOWN: usize = 300;

pub(crate) struct Connection {
    addr: SocketAddr,
    stream: Option<TcpStream>,
    out: Vec<u8>,
    answer: Vec<u8>,
}

/// An answer that is whole.
struct Whole {
    status: u16,
    head: usize,
    closes: bool,
}

impl Connection {
    pub(crate) async fn open(addr: SocketAddr) -> io::Result<Self> {
        Ok(Self {
            addr,
            stream: Some(connect(addr).await?),
            out: Vec::with_capacity(1024),
            answer: Vec::with_capacity(8 * 1024),
        })
    }

    /// Whether the answer was a wanted one. A connection that broke, or that the server has closed, is made again first.
    pub(crate) async fn exchange(&mut self, requests: &Requests, number: usize) -> io::Result<bool> {
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => connect(self.addr).await?,
        };
        requests.write(number, &mut self.out);
        self.answer.clear();
        stream.write_all(&self.out).await?;
        loop {
            if stream.read_buf(&mut self.answer).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if let Some(whole) = whole(&self.answer)? {
                if !whole.closes {
                    self.stream = Some(stream);
                }
                return Ok(requests.wants(whole.status, &self.answer[whole.head..]));
            }
            if self.answer.len() > LONGEST {
                return Err(io::Error::other("an answer is too long"));
            }
        }
    }

    /// Its beginning, for people.
    pub(crate) fn last_answer(&self) -> String {
        let shown = &self.answer[..self.answer.len().min(SHOWN)];
        String::from_utf8_lossy(shown).into_owned()
    }
}

async fn connect(addr: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(addr).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Reads an answer's head by the parser that hyper reads with. None while something of it is missing.
fn whole(bytes: &[u8]) -> io::Result<Option<Whole>> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS];
    let mut answer = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(head) = answer.parse(bytes).map_err(io::Error::other)? else {
        return Ok(None);
    };
    let mut length = None;
    let mut closes = false;
    for header in answer.headers.iter() {
        if header.name.eq_ignore_ascii_case("content-length") {
            let text = std::str::from_utf8(header.value).unwrap_or_default();
            length = text.trim().parse::<usize>().ok();
        } else if header.name.eq_ignore_ascii_case("connection") {
            closes = header.value.eq_ignore_ascii_case(b"close");
        }
    }
    let length = length.ok_or_else(|| io::Error::other("an answer does not say how long it is"))?;
    let is_whole = bytes.len() - head >= length;
    Ok(is_whole.then_some(Whole {
        status: answer.code.unwrap_or_default(),
        head,
        closes,
    }))
}
