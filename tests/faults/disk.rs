//! A disk that fills: changes are refused whole, verification goes on, and space heals everything.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use reqwest::{Method, StatusCode};
use rustix::process::{Pid, Resource, Rlimit, prlimit};
use serde_json::json;

use crate::support::{Engine, Server, text};

/// A file system in memory, gone when dropped.
pub(super) struct Mounted(PathBuf);

impl Mounted {
    /// None where this user or this machine may not mount.
    pub(super) fn at(path: PathBuf, size: &str) -> Option<Self> {
        std::fs::create_dir_all(&path).expect("a directory");
        let options = format!("size={size},mode=0700");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &options, "tmpfs"])
            .arg(&path)
            .output();
        mounted
            .is_ok_and(|done| done.status.success())
            .then_some(Self(path))
    }

    pub(super) fn read_only(&self) {
        let done = Command::new("mount")
            .args(["-o", "remount,ro"])
            .arg(&self.0)
            .status();
        assert!(done.expect("mount runs").success());
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

/// How space is taken and given back.
enum Space {
    /// By filling a small file system.
    FileSystem(Mounted),
    /// By a limit on the size of files (RLIMIT_FSIZE), for who may not mount.
    Limit,
}

impl Space {
    fn take(&self, server: &Server) {
        match self {
            Self::FileSystem(disk) => {
                // In ever smaller pieces, until not a byte is left.
                for size in [1 << 16, 1 << 12, 1] {
                    let filler = disk.0.join(format!("filler-{size}"));
                    let mut file = std::fs::File::create(&filler).expect("a file");
                    while std::io::Write::write_all(&mut file, &vec![0; size]).is_ok() {}
                }
            }
            Self::Limit => {
                let log = std::fs::metadata(server.data().join("claviger.db-wal")).expect("a log");
                set_limit(server, Some(log.len()));
            }
        }
    }

    fn give(&self, server: &Server) {
        match self {
            Self::FileSystem(disk) => {
                for size in [1 << 16, 1 << 12, 1] {
                    std::fs::remove_file(disk.0.join(format!("filler-{size}"))).expect("a filler");
                }
            }
            Self::Limit => set_limit(server, None),
        }
    }
}

fn set_limit(server: &Server, current: Option<u64>) {
    let pid = Pid::from_raw(server.pid() as i32);
    let limit = Rlimit {
        current,
        maximum: None,
    };
    prlimit(pid, Resource::Fsize, limit).expect("a limit");
}

async fn fills(mut server: Server, space: Space) {
    server.found();
    server.serve().await;
    let cached = server.create(json!({"name": "cached"})).await;
    assert_eq!(server.verify(text(&cached, "secret")).await["code"], "VALID");
    let uncached = server.create(json!({"name": "uncached"})).await;

    space.take(&server);
    let (mut made, mut refused) = (Vec::new(), 0);
    for _ in 0..2_000 {
        let body = json!({"name": "After", "description": "x".repeat(400)});
        let (status, answer) = server.call(Method::POST, "/v1/keys", Some(body)).await;
        match status {
            StatusCode::CREATED => made.push(answer),
            StatusCode::SERVICE_UNAVAILABLE => {
                assert_eq!(answer["code"], "unavailable", "{answer}");
                refused += 1;
            }
            other => panic!("{other}: {answer}\n{}", server.log()),
        }
        if refused == 10 {
            break;
        }
    }
    assert_eq!(
        refused,
        10,
        "the disk never filled; {} keys were made",
        made.len()
    );
    for _ in 0..50 {
        assert_eq!(server.verify(text(&cached, "secret")).await["code"], "VALID");
    }
    assert_eq!(server.verify(text(&uncached, "secret")).await["code"], "VALID");
    let (status, _) = server.call(Method::GET, "/v1/keys", None).await;
    assert_eq!(status, StatusCode::OK, "reading goes on");

    space.give(&server);
    let mut healed = false;
    for _ in 0..100 {
        let body = json!({"name": "After"});
        let (status, answer) = server.call(Method::POST, "/v1/keys", Some(body)).await;
        if status == StatusCode::CREATED {
            made.push(answer);
            healed = true;
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(
        healed,
        "no change works although there is space: {}",
        server.log()
    );
    for key in &made {
        assert_eq!(server.verify(text(key, "secret")).await["code"], "VALID");
    }
    let (_, summary) = server.call(Method::GET, "/v1/keys/summary", None).await;
    // Besides: the management key and the two from before.
    assert_eq!(
        summary["total"],
        made.len() + 3,
        "what was refused is not there: {summary}"
    );
    let (_, proof) = server.call(Method::GET, "/v1/audit/verify", None).await;
    assert_eq!(proof["ok"], true, "{proof}");

    assert!(server.stop().success());
    server.serve().await;
    let usage = format!("/v1/keys/{}/usage", text(&cached, "id"));
    let (_, counted) = server.call(Method::GET, &usage, None).await;
    assert_eq!(
        counted["total"], 51,
        "what was answered on a full disk is counted when there is space: {counted}"
    );
    let (_, proof) = server.call(Method::GET, "/v1/audit/verify", None).await;
    assert_eq!(proof["ok"], true, "{proof}");
    assert_eq!(server.verify(text(&uncached, "secret")).await["code"], "VALID");
}

#[tokio::test]
async fn a_full_disk_refuses_changes_whole_and_verification_goes_on() {
    let server = Server::empty(Engine::Sqlite).await;
    match Mounted::at(server.data(), "12m") {
        Some(disk) => fills(server, Space::FileSystem(disk)).await,
        None => println!("this user may not mount: the test by a limit on files stands alone"),
    }
}

#[tokio::test]
async fn files_that_may_not_grow_refuse_changes_whole_and_verification_goes_on() {
    let mut server = Server::empty(Engine::Sqlite).await;
    // Else the signal that comes with the limit would end the process.
    server.under = ["sh", "-c", "trap '' XFSZ; exec \"$@\"", "sh"]
        .map(str::to_owned)
        .to_vec();
    fills(server, Space::Limit).await;
}
