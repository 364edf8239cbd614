//! The lean path of a connection: usual requests are read by hyper's own parser, httparse, and answered at once, without maps of
//! headers, without a channel for the body. The first request that is not usual hands the connection over to hyper, with
//! whatever was read of it and not answered; so nothing is answered here that hyper would refuse, and nothing unusual is understood
//! here at all.

use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::mem::MaybeUninit;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};
use std::time::{Duration, UNIX_EPOCH};

use bytes::Bytes;
use domain::clock::Timestamp;
use http::header::{CONNECTION, HeaderValue};
use http::{Request, Response};
use http_body_util::Full;
use httparse::{Header, Status};
use hyper::body::Body as _;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::connection::{Activity, Patience, Rules, Verdict};

/// The most that a usual request takes, head and body together, in bytes.
const ROOM: usize = 8 * 1024;
/// The most headers that a usual request has.
const HEADERS: usize = 32;
/// A request that comes in more parts than that is not usual: slow clients are hyper's.
const PARTS: u32 = 8;
/// Answers that are written together.
const TOGETHER: usize = 32 * 1024;

/// A usual request: HTTP/1.1, GET or POST, at most 8 KiB, with a body of a length that was said, and nothing about the
/// connection but that it stays.
#[derive(Debug)]
pub struct Usual<'a> {
    /// GET or POST.
    pub method: &'a str,
    /// The path as it was sent; of plain characters.
    pub path: &'a str,
    /// The query as it was sent.
    pub query: Option<&'a str>,
    /// Its headers, in the order in which they came.
    pub headers: &'a [Header<'a>],
    /// Its body, whole.
    pub body: &'a [u8],
}

impl Usual<'_> {
    /// The request without its body as hyper would have it; none where it would have none.
    pub fn to_request(&self) -> Option<Request<()>> {
        let target = match self.query {
            Some(query) => format!("{}?{query}", self.path),
            None => self.path.to_owned(),
        };
        let mut request = Request::builder().method(self.method).uri(target);
        for header in self.headers {
            request = request.header(header.name, header.value);
        }
        request.body(()).ok()
    }
}

/// An answer that is to come.
pub type Coming = Pin<Box<dyn Future<Output = Response<Full<Bytes>>> + Send>>;

/// What became of a request on the lean path.
pub enum Outcome {
    /// Its answer is written.
    Written,
    /// Its answer is to come.
    Later(Coming),
    /// Nothing was done about it: hyper is to serve it.
    Unusual,
}

impl std::fmt::Debug for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Written => "Written",
            Self::Later(_) => "Later",
            Self::Unusual => "Unusual",
        })
    }
}

/// A service that answers usual requests by itself.
pub trait Lean: Sync {
    /// The time, for the date that answers say.
    fn now(&self) -> Timestamp;

    /// Writes the answer to `out`, head and body, if it does so at all.
    fn answer(&self, usual: &Usual<'_>, out: &mut Vec<u8>) -> Outcome {
        let _ = (usual, out);
        Outcome::Unusual
    }
}

/// How a connection left the lane.
pub(super) enum End {
    /// It is over.
    Over,
    /// Hyper goes on with it; this was read and not answered.
    Unusual(Bytes),
}

thread_local! {
    /// The date as answers say it, and of which second it is.
    static DATE: RefCell<(i64, String)> = const { RefCell::new((i64::MIN, String::new())) };
}

/// Ends a head with the body's length and the date (RFC 9110, section 6.6.1), and writes the body.
pub fn finish(out: &mut Vec<u8>, body: &[u8], now: Timestamp) {
    out.extend_from_slice(b"content-length: ");
    let mut digits = [0; 20];
    let mut place = digits.len();
    let mut left = body.len();
    loop {
        place -= 1;
        digits[place] = b'0' + (left % 10) as u8;
        left /= 10;
        if left == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[place..]);
    out.extend_from_slice(b"\r\ndate: ");
    DATE.with_borrow_mut(|(second, text)| {
        let current = now.as_micros().div_euclid(1_000_000);
        if *second != current {
            *second = current;
            let since = Duration::from_secs(u64::try_from(current).unwrap_or(0));
            *text = httpdate::fmt_http_date(UNIX_EPOCH + since);
        }
        out.extend_from_slice(text.as_bytes());
    });
    out.extend_from_slice(b"\r\n\r\n");
    out.extend_from_slice(body);
}

/// Writes an answer that was made for hyper.
pub fn write(out: &mut Vec<u8>, answer: &Response<Full<Bytes>>, now: Timestamp) {
    let status = answer.status();
    out.extend_from_slice(b"HTTP/1.1 ");
    out.extend_from_slice(status.as_str().as_bytes());
    out.push(b' ');
    out.extend_from_slice(status.canonical_reason().unwrap_or_default().as_bytes());
    out.extend_from_slice(b"\r\n");
    for (name, value) in answer.headers() {
        out.extend_from_slice(name.as_str().as_bytes());
        out.extend_from_slice(b": ");
        out.extend_from_slice(value.as_bytes());
        out.extend_from_slice(b"\r\n");
    }
    finish(out, &whole(answer.body()), now);
}

/// The bytes of a body that is there already.
fn whole(body: &Full<Bytes>) -> Bytes {
    let mut body = body.clone();
    let mut context = Context::from_waker(std::task::Waker::noop());
    match Pin::new(&mut body).poll_frame(&mut context) {
        Poll::Ready(Some(Ok(frame))) => frame.into_data().unwrap_or_default(),
        _ => Bytes::new(),
    }
}

/// How far the bytes that were read go.
enum Reading<'a> {
    /// A whole request, so many bytes long.
    Whole(Usual<'a>, usize),
    /// The beginning of one.
    Part,
    Unusual,
}

/// Characters of a path and query that every reader of addresses takes for themselves (RFC 3986, section 3.3).
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"/-._~!$&'()*+,;=:@%?".contains(&byte)
}

/// The length of the body, if the headers say nothing unusual of the connection or of the body.
fn length_of_body(headers: &[Header<'_>]) -> Option<usize> {
    let mut length = None;
    for header in headers {
        // By its length first: nearly none is looked at.
        match header.name.len() {
            14 if header.name.eq_ignore_ascii_case("content-length") => {
                let digits = header.value;
                let is_number =
                    !digits.is_empty() && digits.len() <= 5 && digits.iter().all(u8::is_ascii_digit);
                if length.is_some() || !is_number {
                    return None;
                }
                length = std::str::from_utf8(digits).ok()?.parse().ok();
            }
            10 if header.name.eq_ignore_ascii_case("connection")
                && !header.value.eq_ignore_ascii_case(b"keep-alive") =>
            {
                return None;
            }
            17 if header.name.eq_ignore_ascii_case("transfer-encoding") => return None,
            6 if header.name.eq_ignore_ascii_case("expect") => return None,
            7 if header.name.eq_ignore_ascii_case("upgrade") => return None,
            _ => {}
        }
    }
    Some(length.unwrap_or(0))
}

fn read<'a>(bytes: &'a [u8], room: &'a mut [MaybeUninit<Header<'a>>; HEADERS]) -> Reading<'a> {
    let mut request = httparse::Request::new(&mut []);
    let head = match request.parse_with_uninit_headers(bytes, room) {
        Ok(Status::Complete(head)) => head,
        Ok(Status::Partial) => return Reading::Part,
        Err(_) => return Reading::Unusual,
    };
    let (Some(method @ ("GET" | "POST")), Some(target), Some(1)) =
        (request.method, request.path, request.version)
    else {
        return Reading::Unusual;
    };
    let Some(length) = length_of_body(request.headers) else {
        return Reading::Unusual;
    };
    if !target.starts_with('/') || !target.bytes().all(is_plain) {
        return Reading::Unusual;
    }
    let (path, query) = match target.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (target, None),
    };
    match bytes.get(head..head + length) {
        None => Reading::Part,
        Some(body) => {
            let usual = Usual {
                method,
                path,
                query,
                headers: request.headers,
                body,
            };
            Reading::Whole(usual, head + length)
        }
    }
}

/// A connection on the lean path.
struct Lane<'a, I, S> {
    stream: &'a mut I,
    service: &'a S,
    activity: &'a Activity,
    rules: &'a Rules,
    /// What was read and not answered is what lies between.
    bytes: Box<[u8]>,
    begin: usize,
    end: usize,
    parts: u32,
    /// What is to be written, and how much of it was.
    out: Vec<u8>,
    written: usize,
    later: Option<Coming>,
    /// Whether hyper goes on once all answers are written.
    unusual: bool,
    /// Whether the connection is over then: it was said.
    closing: bool,
}

/// Serves a connection for as long as its requests are usual.
pub(super) async fn serve<I, S>(
    stream: &mut I,
    service: &S,
    activity: &Activity,
    rules: &Rules,
) -> (End, Patience)
where
    I: AsyncRead + AsyncWrite + Unpin,
    S: Lean,
{
    let mut lane = Lane {
        stream,
        service,
        activity,
        rules,
        bytes: vec![0; ROOM].into_boxed_slice(),
        begin: 0,
        end: 0,
        parts: 0,
        out: Vec::with_capacity(1024),
        written: 0,
        later: None,
        unusual: false,
        closing: false,
    };
    let tick = rules.tick();
    let mut timer = pin!(tokio::time::sleep(tick));
    let mut patience = Patience::new(rules.limits(), tick);
    let end = poll_fn(|context| {
        loop {
            if let Poll::Ready(end) = lane.poll(context) {
                return Poll::Ready(end);
            }
            ready!(timer.as_mut().poll(context));
            match patience.tick(activity, rules.draining()) {
                Verdict::Cut => return Poll::Ready(End::Over),
                Verdict::Close if lane.is_at_rest() => return Poll::Ready(End::Over),
                Verdict::Close | Verdict::Keep => {}
            }
            timer.as_mut().reset(tokio::time::Instant::now() + tick);
        }
    })
    .await;
    (end, patience)
}

impl<I, S> Lane<'_, I, S>
where
    I: AsyncRead + AsyncWrite + Unpin,
    S: Lean,
{
    /// Nothing was read that is not answered, and nothing is to be written.
    fn is_at_rest(&self) -> bool {
        self.begin == self.end && self.out.is_empty() && self.later.is_none()
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<End> {
        loop {
            if ready!(self.flush(context)).is_err() || self.closing {
                return Poll::Ready(End::Over);
            }
            if let Some(later) = &mut self.later {
                let mut answer = ready!(later.as_mut().poll(context));
                if self.rules.draining() {
                    let close = HeaderValue::from_static("close");
                    answer.headers_mut().insert(CONNECTION, close);
                    self.closing = true;
                }
                self.later = None;
                self.activity.answered();
                write(&mut self.out, &answer, self.service.now());
                continue;
            }
            self.answer();
            if !self.out.is_empty() || self.later.is_some() {
                continue;
            }
            if self.unusual {
                let left = Bytes::copy_from_slice(&self.bytes[self.begin..self.end]);
                return Poll::Ready(End::Unusual(left));
            }
            match ready!(self.read(context)) {
                Ok(1..) => {}
                // The other side is done; what it has begun and not ended is nothing.
                _ => return Poll::Ready(End::Over),
            }
        }
    }

    fn flush(&mut self, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        while self.written < self.out.len() {
            match ready!(Pin::new(&mut *self.stream).poll_write(context, &self.out[self.written..]))? {
                0 => return Poll::Ready(Err(std::io::ErrorKind::WriteZero.into())),
                more => self.written += more,
            }
        }
        self.out.clear();
        self.written = 0;
        Poll::Ready(Ok(()))
    }

    fn read(&mut self, context: &mut Context<'_>) -> Poll<std::io::Result<usize>> {
        if self.begin > 0 {
            self.bytes.copy_within(self.begin..self.end, 0);
            self.end -= self.begin;
            self.begin = 0;
        }
        let mut room = ReadBuf::new(&mut self.bytes[self.end..]);
        ready!(Pin::new(&mut *self.stream).poll_read(context, &mut room))?;
        let more = room.filled().len();
        self.end += more;
        self.parts += 1;
        Poll::Ready(Ok(more))
    }

    /// Answers what was read, as far as it is whole and usual.
    fn answer(&mut self) {
        while !self.unusual && self.begin < self.end && self.out.len() < TOGETHER {
            let mut room = [const { MaybeUninit::uninit() }; HEADERS];
            match read(&self.bytes[self.begin..self.end], &mut room) {
                // Whoever is asked to go is told so, which is hyper's.
                Reading::Whole(..) | Reading::Unusual if self.rules.draining() => self.unusual = true,
                Reading::Whole(usual, _) if usual.headers.len() > self.rules.limits().headers => {
                    self.unusual = true;
                }
                Reading::Whole(usual, length) => match self.service.answer(&usual, &mut self.out) {
                    Outcome::Unusual => self.unusual = true,
                    outcome => {
                        self.begin += length;
                        self.parts = 0;
                        self.activity.began();
                        match outcome {
                            Outcome::Later(answer) => {
                                self.later = Some(answer);
                                return;
                            }
                            _ => self.activity.answered(),
                        }
                    }
                },
                Reading::Unusual => self.unusual = true,
                Reading::Part => {
                    self.activity.has_part();
                    self.unusual = self.parts >= PARTS || self.end - self.begin == ROOM;
                    return;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(text: &str) -> String {
        let mut room = [const { MaybeUninit::uninit() }; HEADERS];
        match read(text.as_bytes(), &mut room) {
            Reading::Whole(usual, length) => format!(
                "{} {} {:?} {:?} {length}",
                usual.method,
                usual.path,
                usual.query,
                String::from_utf8_lossy(usual.body)
            ),
            Reading::Part => "part".to_owned(),
            Reading::Unusual => "unusual".to_owned(),
        }
    }

    #[test]
    fn a_usual_request_is_read_with_its_body() {
        assert_eq!(
            kind("GET /verify/nginx?api=a HTTP/1.1\r\nHost: a\r\nConnection: Keep-Alive\r\n\r\nGET"),
            "GET /verify/nginx Some(\"api=a\") \"\" 69"
        );
        assert_eq!(
            kind("POST /v1/verify HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}POST"),
            "POST /v1/verify None \"{}\" 49"
        );
        for part in [
            "GET",
            "GET / HTTP/1.1\r\nHost: a\r\n",
            "POST / HTTP/1.1\r\ncontent-length: 3\r\n\r\n{}",
        ] {
            assert_eq!(kind(part), "part", "{part:?}");
        }
    }

    #[test]
    fn whatever_could_be_read_in_two_ways_is_left_to_hyper() {
        for head in [
            "GET / HTTP/1.0",
            "PUT / HTTP/1.1",
            "HEAD / HTTP/1.1",
            "GET http://sample.example/ HTTP/1.1",
            "GET * HTTP/1.1",
            "GET /a#b HTTP/1.1",
            "GET /a\\b HTTP/1.1",
            "GET /é HTTP/1.1",
            "GET / HTTP/1.1\r\nTransfer-Encoding: chunked",
            "GET / HTTP/1.1\r\ncontent-length: 0\r\nContent-Length: 0",
            "GET / HTTP/1.1\r\ncontent-length: +1",
            "GET / HTTP/1.1\r\ncontent-length: 1, 1",
            "GET / HTTP/1.1\r\ncontent-length:",
            "GET / HTTP/1.1\r\ncontent-length: 100000",
            "GET / HTTP/1.1\r\nConnection: close",
            "GET / HTTP/1.1\r\nConnection: keep-alive, upgrade",
            "GET / HTTP/1.1\r\nExpect: 100-continue",
            "GET / HTTP/1.1\r\nUpgrade: h2c",
            "GET / HTTP/1.1\r\nA : b",
            "GET / HTTP/1.1\r\nA: b\r\n c",
            "GET / HTTP/1.1\r\n: b",
        ] {
            assert_eq!(kind(&format!("{head}\r\n\r\n")), "unusual", "{head:?}");
        }
        let many = "a: b\r\n".repeat(HEADERS + 1);
        assert_eq!(kind(&format!("GET / HTTP/1.1\r\n{many}\r\n")), "unusual");
    }

    #[test]
    fn an_answer_is_written_with_its_length_and_the_date() {
        let answer = Response::builder()
            .status(401)
            .header("x-sample", "a")
            .body(Full::new(Bytes::from_static(b"no entry, sorry")))
            .expect("an answer");
        for (at, date) in [
            (784_111_777_900_000, "Sun, 06 Nov 1994 08:49:37 GMT"),
            (784_111_778_000_000, "Sun, 06 Nov 1994 08:49:38 GMT"),
        ] {
            let mut out = Vec::new();
            write(&mut out, &answer, Timestamp::from_micros(at));
            assert_eq!(
                String::from_utf8(out).expect("text"),
                format!(
                    "HTTP/1.1 401 Unauthorized\r\nx-sample: a\r\ncontent-length: 15\r\ndate: {date}\r\n\r\nno entry, sorry"
                )
            );
        }
    }

    #[test]
    fn a_request_is_made_anew_as_it_came() {
        let headers = [
            Header {
                name: "X-Api-Key",
                value: b"one",
            },
            Header {
                name: "x-api-key",
                value: b"two",
            },
        ];
        let usual = Usual {
            method: "GET",
            path: "/verify/nginx",
            query: Some("api=a"),
            headers: &headers,
            body: b"",
        };
        let request = usual.to_request().expect("a request");
        assert_eq!(request.uri(), "/verify/nginx?api=a");
        assert_eq!(request.headers().get_all("x-api-key").iter().count(), 2);
    }
}
