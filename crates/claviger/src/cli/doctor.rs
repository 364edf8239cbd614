//! `claviger doctor`: whether an installation can keep what it promises, and what helps where it cannot.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use app::SecretsSource;
use clap::Args;
use domain::clock::{Clock as _, SystemClock};
use serde_json::{Value, json};
use store::checkup::{self, Finding, Grade};
use store::db::{Database, Target};
use web::serve::Certificates;

use super::Context;
use super::client::Query;
use super::connect::{self, socket_of};
use super::error::CliError;
use super::output::{Cell, Tone};
use super::serve::settings;
use crate::config::Config;
use crate::server;

/// Look an installation over: settings, secrets, database, certificate, host; exit code 1 if a promise is not kept
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  claviger --data ./data doctor")]
pub(crate) struct Doctor {
    /// The settings file [default: claviger.toml here, if there is one]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// A certificate that ends sooner should be replaced.
const SOON: Duration = Duration::from_secs(21 * 86_400);
/// Less room than that is too little for long.
const ROOM: u64 = 1 << 30;
/// Fewer files than that do not do for the connections of a busy server.
const FILES: u64 = 10_000;
/// Fewer connections than that in the system's queue are lost in a burst.
const QUEUE: u64 = 1_024;

pub(crate) async fn run(context: &Context, args: Doctor) -> Result<(), CliError> {
    let config = settings(context, args.config.as_ref())?;
    let mut found = vec![listeners(&config)];
    found.push(directory(&config.data));
    found.push(secrets(&config));
    found.extend(certificate(&config));
    found.extend(database(&config).await);
    found.extend(host());
    found.extend(serving(context, &config).await);
    show(context, &found)
}

fn listeners(config: &Config) -> Finding {
    let checked = [
        config.guard().err(),
        config.readers().err(),
        config.tls().err(),
        config.check_node().err(),
        config.people().err(),
        config.doors().err(),
    ];
    match checked.into_iter().flatten().next() {
        Some(error) => Finding::new("settings", Grade::Bad, error.to_string()),
        None => Finding::new("settings", Grade::Good, "they go together"),
    }
}

fn directory(data: &Path) -> Finding {
    let what = "data directory";
    let shown = data.display();
    let metadata = match std::fs::metadata(data) {
        Ok(metadata) => metadata,
        Err(error) => {
            return Finding::new(what, Grade::Bad, format!("{shown}: {error}; name it with --data"));
        }
    };
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        let said = format!("{shown} is open to others (mode {mode:04o}): chmod 700 {shown}");
        return Finding::new(what, Grade::Look, said);
    }
    let free = match rustix::fs::statvfs(data) {
        Ok(system) => system.f_bavail.saturating_mul(system.f_frsize),
        Err(error) => return Finding::new(what, Grade::Look, format!("{shown}: {error}")),
    };
    let told = format!("{shown}, {:.1} GiB free", free as f64 / f64::from(1 << 30));
    match free < ROOM {
        true => Finding::new(
            what,
            Grade::Look,
            format!("{told}: when it is full, changes are refused"),
        ),
        false => Finding::new(what, Grade::Good, told),
    }
}

fn secrets(config: &Config) -> Finding {
    let (what, source) = ("secrets", server::secrets(config));
    match source.inspect() {
        Err(error) => Finding::new(what, Grade::Bad, error.to_string()),
        Ok(summary) => {
            let place = match &source {
                SecretsSource::File(path) => path.display().to_string(),
                SecretsSource::Environment(_) => "CLAVIGER_SECRETS".to_owned(),
            };
            let (peppers, keks) = (summary.peppers, summary.key_encryption_keys);
            let said = format!(
                "{place}: writes with pepper {} of {}, key-encryption key {} of {}; keep a copy apart from the backups",
                peppers.writes,
                peppers.known.len(),
                keks.writes,
                keks.known.len()
            );
            Finding::new(what, Grade::Good, said)
        }
    }
}

fn certificate(config: &Config) -> Option<Finding> {
    let what = "certificate";
    let files = config.tls().ok()??;
    let shown = files.certificate.display().to_string();
    Some(match Certificates::read(files) {
        Err(error) => Finding::new(what, Grade::Bad, error.to_string()),
        Ok(certificates) => {
            let now = Duration::from_micros(u64::try_from(SystemClock.now().as_micros()).unwrap_or(0));
            let left = certificates.not_after().saturating_sub(now);
            let told = format!("{shown} is good for {} days", left.as_secs() / 86_400);
            match left {
                Duration::ZERO => Finding::new(what, Grade::Bad, format!("{shown} has ended: replace it")),
                left if left < SOON => Finding::new(what, Grade::Look, format!("{told}: replace it soon")),
                _ => Finding::new(what, Grade::Good, told),
            }
        }
    })
}

async fn database(config: &Config) -> Vec<Finding> {
    let target = config.target();
    let bad = |said: String| vec![Finding::new("database", Grade::Bad, said)];
    if let Target::Sqlite(path) = &target
        && !path.exists()
    {
        return bad(format!(
            "{} is not there; `claviger serve` makes it",
            path.display()
        ));
    }
    let checked = async {
        let db = Database::open(&target).await?;
        checkup::check(&db, &SystemClock).await
    };
    match checked.await {
        Ok(found) => found,
        Err(error) => bad(format!("{target}: {error}")),
    }
}

fn host() -> Vec<Finding> {
    let mut found = Vec::new();
    let files = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    found.push(match files {
        Some(most) if most < FILES => Finding::new(
            "open files",
            Grade::Look,
            format!("at most {most}, for this shell at least: each connection is one; `ulimit -n 65536`, or LimitNOFILE= in the unit"),
        ),
        most => Finding::new(
            "open files",
            Grade::Good,
            most.map_or_else(|| "as many as wanted".to_owned(), |most| format!("at most {most}")),
        ),
    });
    let queue = std::fs::read_to_string("/proc/sys/net/core/somaxconn").ok();
    if let Some(most) = queue.and_then(|text| text.trim().parse::<u64>().ok()) {
        found.push(match most < QUEUE {
            true => Finding::new(
                "connections that wait",
                Grade::Look,
                format!("the system keeps {most} before they are taken: sysctl net.core.somaxconn=4096"),
            ),
            false => Finding::new(
                "connections that wait",
                Grade::Good,
                format!("the system keeps {most}"),
            ),
        });
    }
    found.push(processor());
    found
}

/// Tokens are looked up by their SHA-256, which processors can do by themselves.
fn processor() -> Finding {
    let what = "processor";
    #[cfg(target_arch = "x86_64")]
    let (known, hashes) = (true, std::arch::is_x86_feature_detected!("sha"));
    #[cfg(target_arch = "aarch64")]
    let (known, hashes) = (true, std::arch::is_aarch64_feature_detected!("sha2"));
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    let (known, hashes) = (false, false);
    match (known, hashes) {
        (_, true) => Finding::new(what, Grade::Good, "hashes by itself"),
        (true, false) => Finding::new(
            what,
            Grade::Look,
            "without SHA instructions each verification takes longer",
        ),
        (false, false) => Finding::new(what, Grade::Good, "of a kind that is not known here"),
    }
}

/// What the server that holds the data directory says of itself, if there is one.
async fn serving(context: &Context, config: &Config) -> Vec<Finding> {
    let what = "server";
    if tokio::net::UnixStream::connect(socket_of(&config.data))
        .await
        .is_err()
    {
        return vec![Finding::new(
            what,
            Grade::Good,
            "none runs on this data directory",
        )];
    }
    let client = match connect::client(context, &connect::Target::Data(config.data.clone()), None) {
        Ok(client) => client,
        Err(error) => return vec![Finding::new(what, Grade::Look, error.to_string())],
    };
    let mut found = vec![match client.get("/readyz", &Query::new()).await {
        Ok(_) => Finding::new(what, Grade::Good, "it runs, and is ready"),
        Err(error) => Finding::new(what, Grade::Bad, format!("it runs, and is not ready: {error}")),
    }];
    let nodes = client
        .get("/v1/nodes", &Query::new())
        .await
        .unwrap_or(Value::Null);
    let nodes = nodes["items"].as_array().map_or(&[][..], Vec::as_slice);
    let versions: std::collections::BTreeSet<&str> =
        nodes.iter().filter_map(|node| node["version"].as_str()).collect();
    if versions.len() > 1 {
        let all: Vec<&str> = versions.into_iter().collect();
        found.push(Finding::new(
            "servers",
            Grade::Look,
            format!(
                "they are of versions {}: bring all to one soon",
                all.join(" and ")
            ),
        ));
    } else if nodes.len() > 1 {
        found.push(Finding::new(
            "servers",
            Grade::Good,
            format!("{} of one version", nodes.len()),
        ));
    }
    found
}

fn show(context: &Context, found: &[Finding]) -> Result<(), CliError> {
    let word = |grade: Grade| match grade {
        Grade::Good => "good",
        Grade::Look => "look",
        Grade::Bad => "bad",
    };
    if context.screen.json {
        let all: Vec<Value> = found
            .iter()
            .map(|one| json!({"what": one.what, "grade": word(one.grade), "said": one.said}))
            .collect();
        context.screen.json(&json!({ "items": all }))?;
    } else {
        let rows: Vec<Vec<Cell>> = found
            .iter()
            .map(|one| {
                let tone = match one.grade {
                    Grade::Good => Tone::Good,
                    Grade::Look => Tone::Warn,
                    Grade::Bad => Tone::Bad,
                };
                vec![
                    one.what.into(),
                    Cell::toned(word(one.grade), tone),
                    one.said.clone().into(),
                ]
            })
            .collect();
        context.screen.table(&["WHAT", "STATE", "WHY"], 0, &rows)?;
    }
    match found.iter().filter(|one| one.grade == Grade::Bad).count() {
        0 => Ok(()),
        bad => Err(CliError::Failed(format!(
            "{bad} things keep this installation from what it promises"
        ))),
    }
}
