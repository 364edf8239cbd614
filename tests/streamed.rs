//! Each answer is a line in a file for whoever ships logs, once as long as nothing goes wrong, and never with a token in it.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::{ENGINES, Server, text, until};

/// All lines of the stream's files, by their ids, and how many there are.
fn lines(directory: &Path) -> (BTreeMap<String, Value>, usize, String) {
    let (mut found, mut count, mut whole) = (BTreeMap::new(), 0, String::new());
    for entry in std::fs::read_dir(directory).into_iter().flatten() {
        let content = std::fs::read_to_string(entry.expect("a file").path()).expect("text");
        for line in content.lines() {
            // The last line may be on its way.
            let Ok(read) = serde_json::from_str::<Value>(line) else {
                continue;
            };
            found.insert(text(&read, "id").to_owned(), read);
            count += 1;
        }
        whole.push_str(&content);
    }
    (found, count, whole)
}

#[tokio::test]
async fn every_answer_becomes_a_line_also_after_a_kill_and_none_holds_a_token() {
    for engine in ENGINES {
        let mut server = Server::init(engine).await;
        let directory = server.directory().join("stream");
        let path = directory.to_str().expect("a path").to_owned();
        server.environment = vec![("CLAVIGER_STREAM_DIRECTORY", path)];
        server.serve().await;
        let key = server.create(json!({})).await;
        let token = text(&key, "secret").to_owned();
        for _ in 0..20 {
            server.verify(&token).await;
        }
        server.verify("sk_live_unknown").await;
        let of_key = |lines: &BTreeMap<String, Value>| {
            let mine = lines.values().filter(|line| line["key"] == key["id"]);
            mine.filter(|line| line["code"] == "VALID").count()
        };
        until("the lines", async || of_key(&lines(&directory).0) == 20).await;
        let (found, count, whole) = lines(&directory);
        assert_eq!(found.len(), count, "each once");
        assert!(
            found
                .values()
                .any(|line| line["code"] == "NOT_FOUND" && line["key"].is_null())
        );
        assert!(!whole.contains(&token));

        for _ in 0..20 {
            server.verify(&token).await;
        }
        server.kill();
        server.serve().await;
        until("the lines after the kill", async || {
            of_key(&lines(&directory).0) == 40
        })
        .await;
    }
}
