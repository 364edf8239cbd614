//! Keys that a benchmark makes, many at once by the import, and ends afterwards.

use std::net::SocketAddr;
use std::path::Path;

use serde_json::{Value, json};
use tokio::sync::mpsc;
use zeroize::Zeroizing;

use crate::cli::client::Client;
use crate::cli::error::CliError;
use crate::cli::keys::text;

/// Lines of one piece of the file.
const PIECE: u32 = 1_000;
/// Keys that are ended at once.
const AT_ONCE: usize = 32;

/// Where the server of a data directory verifies.
///
/// # Errors
/// When none runs there.
pub(super) fn verification(data: &Path) -> Result<SocketAddr, CliError> {
    let told = std::fs::read_to_string(data.join("listen.json"));
    let told: Option<Value> = told.ok().and_then(|text| serde_json::from_str(&text).ok());
    let address = told
        .as_ref()
        .and_then(|told| told.get("verification")?.as_str()?.parse().ok());
    address.ok_or_else(|| {
        CliError::Failed(format!(
            "no server runs at {}: start it with `claviger serve --data {}`",
            data.display(),
            data.display()
        ))
    })
}

/// The ids of keys that were made.
#[derive(Debug, Default)]
pub(super) struct Lent(Vec<String>);

impl Lent {
    /// Makes keys, and gives their tokens.
    ///
    /// # Errors
    /// When the server refuses.
    pub(super) async fn make(
        &mut self,
        client: &Client,
        count: u32,
        permissions: &[String],
        rate_limit: Option<Value>,
    ) -> Result<Vec<String>, CliError> {
        let limits: Vec<Value> = rate_limit.into_iter().collect();
        let permissions = permissions.to_vec();
        let (pour, pieces) = mpsc::channel(4);
        // Two runs at once make keys of their own: a line that says the same would be taken for the same key.
        let run = std::process::id();
        tokio::spawn(async move {
            for from in (0..count).step_by(PIECE as usize) {
                let mut piece = Vec::new();
                for number in from..count.min(from + PIECE) {
                    let line = json!({
                        "name": format!("Benchmark {number}"), "tags": ["benchmark"], "external_id": format!("bench-{run}-{number}"),
                        "permissions": permissions, "rate_limits": limits,
                    });
                    piece.extend_from_slice(line.to_string().as_bytes());
                    piece.push(b'\n');
                }
                // The server has stopped reading, and its answer says why.
                if pour.send(Ok(piece)).await.is_err() {
                    return;
                }
            }
        });
        let query = vec![("fresh", "true".to_owned())];
        let answer = client.pour("/v1/keys/import", &query, "application/x-ndjson", pieces);
        let mut answer = answer.await?;
        let (mut tokens, mut held) = (Vec::new(), Zeroizing::new(Vec::new()));
        while let Some(chunk) = answer.chunk().await.map_err(|error| client.failure(&error))? {
            held.extend_from_slice(&chunk);
            let whole = held
                .iter()
                .rposition(|byte| *byte == b'\n')
                .map_or(0, |at| at + 1);
            let lines = Zeroizing::new(held.drain(..whole).collect::<Vec<u8>>());
            for line in lines.split(|byte| *byte == b'\n') {
                let Ok(event) = serde_json::from_slice::<Value>(line) else {
                    continue;
                };
                match text(&event, "/event") {
                    "token" => {
                        self.0.push(text(&event, "/id").to_owned());
                        tokens.push(text(&event, "/secret").to_owned());
                    }
                    "fault" | "stopped" => {
                        let why = text(&event, "/detail");
                        return Err(CliError::Failed(format!("keys cannot be made: {why}")));
                    }
                    _ => {}
                }
            }
        }
        if tokens.len() != count as usize {
            return Err(CliError::Failed(format!(
                "{} of {count} keys were made",
                tokens.len()
            )));
        }
        Ok(tokens)
    }

    /// Revokes them.
    ///
    /// # Errors
    /// When one cannot be; it is named.
    pub(super) async fn end(self, client: &Client) -> Result<(), CliError> {
        for some in self.0.chunks(AT_ONCE) {
            let ends = some.iter().map(|id| async move {
                let reason = json!({"reason": "made for a benchmark, which is over"});
                let ended = client.post(&format!("/v1/keys/{id}/revoke"), Some(&reason)).await;
                ended.map_err(|error| {
                    CliError::Failed(format!("{id} was made for this and is still there: {error}"))
                })
            });
            for ended in futures_util::future::join_all(ends).await {
                ended?;
            }
        }
        Ok(())
    }
}
