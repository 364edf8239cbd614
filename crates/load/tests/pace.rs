//! What the generator promises: an open loop keeps to its rate, and a server that stands still is seen to.
#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use load::{Pace, Plan, Requests, press};

/// Answers every request with `answer`, the one of this number only after a while. Tells the tokens that came.
fn server(answer: &'static str, slow: u64, pause: Duration) -> (SocketAddr, Arc<AtomicU64>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    let count = Arc::new(AtomicU64::new(0));
    let counted = count.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, count) = (stream.unwrap(), count.clone());
            std::thread::spawn(move || {
                let mut buffer = [0; 4096];
                while let Ok(1..) = stream.read(&mut buffer) {
                    if count.fetch_add(1, Relaxed) == slow {
                        std::thread::sleep(pause);
                    }
                    if stream.write_all(answer.as_bytes()).is_err() {
                        return;
                    }
                }
            });
        }
    });
    (addr, counted)
}

const YES: &str = "HTTP/1.1 200 OK\r\nContent-Length: 14\r\n\r\n{\"valid\":true}";
const NO: &str = "HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n{\"valid\":false}";

fn requests(count: usize) -> Arc<Requests> {
    let tokens = (0..count).map(|number| format!("token{number}")).collect();
    let around = ("{\"key\":\"", "\"}");
    Arc::new(Requests::post(
        "sample",
        "/v1/verify",
        around,
        "{\"valid\":true",
        tokens,
    ))
}

fn plan(connections: usize, threads: usize, pace: Pace) -> Plan {
    Plan {
        connections,
        threads,
        pace,
    }
}

#[test]
fn each_request_is_sent_once_where_that_is_asked_for() {
    let (addr, count) = server(YES, u64::MAX, Duration::ZERO);
    let outcome = press(addr, &requests(1_001), plan(4, 2, Pace::Once)).unwrap();
    assert_eq!((outcome.answered, outcome.refused, outcome.failed), (1_001, 0, 0));
    assert_eq!(count.load(Relaxed), 1_001);
    assert_eq!(outcome.latency.len(), 1_001);
}

#[test]
fn an_open_loop_keeps_to_its_rate() {
    let (addr, count) = server(YES, u64::MAX, Duration::ZERO);
    let pace = Pace::Open(500.0, Duration::from_secs(1));
    let outcome = press(addr, &requests(10), plan(4, 2, pace)).unwrap();
    assert_eq!((outcome.answered, count.load(Relaxed)), (500, 500));
    assert!(outcome.elapsed >= Duration::from_secs(1));
}

#[test]
fn what_waits_behind_a_slow_answer_has_waited_too() {
    let pause = Duration::from_millis(500);
    let (addr, _) = server(YES, 100, pause);
    let pace = Pace::Open(500.0, Duration::from_secs(1));
    let outcome = press(addr, &requests(10), plan(1, 1, pace)).unwrap();
    // Of 500 requests, those of half a second stood behind one: a generator that waits for them would call one slow.
    let slow = outcome.latency.len() - outcome.latency.count_between(1, 100_000_000);
    assert!(slow >= 150, "{slow} of {}", outcome.latency.len());
    assert_eq!(outcome.answered, 500);
}

#[test]
fn an_answer_that_was_not_wanted_is_counted_and_shown() {
    let (addr, _) = server(NO, u64::MAX, Duration::ZERO);
    let pace = Pace::Closed(Duration::from_millis(100));
    let outcome = press(addr, &requests(3), plan(2, 1, pace)).unwrap();
    assert!(outcome.refused > 0 && outcome.answered == 0);
    assert!(outcome.complaint.unwrap().contains("\"valid\":false"));
}

#[test]
fn nobody_at_the_address_is_an_error() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    assert!(press(free, &requests(1), plan(1, 1, Pace::Once)).is_err());
}
