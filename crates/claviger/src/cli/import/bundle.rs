//! A directory that `claviger export` wrote, brought in file by file: what keys need before the keys.

use std::fs;
use std::io::BufRead as _;
use std::path::Path;

use serde_json::Value;

use super::keys::{Import, keys};
use crate::cli::Context;
use crate::cli::client::{Client, ClientError, Query};
use crate::cli::error::CliError;
use crate::cli::keys::text;
use crate::cli::policy::change;

/// Brings in what there is of APIs, roles, policy, people, service accounts and keys. A dry run checks the keys alone: what
/// they lean on is not there yet.
pub(super) async fn import(context: &Context, client: &Client, args: &Import) -> Result<(), CliError> {
    let directory = &args.file;
    if !args.dry_run {
        for (file, path, what) in [
            ("apis.ndjson", "/v1/apis", "APIs"),
            ("roles.ndjson", "/v1/roles", "roles"),
        ] {
            things(context, client, &directory.join(file), path, what).await?;
        }
        // It may name roles, and says how accounts and keys are made.
        if let Some(policy) = read(&directory.join("policy.json"))? {
            let policy: Value = serde_json::from_str(&policy)
                .map_err(|error| CliError::Failed(format!("policy.json: {error}")))?;
            let put = async |query: &str| client.patch(&format!("/v1/policy{query}"), &policy, None).await;
            change::send(context, false, put).await?;
            context.screen.note("policy: taken over");
        }
        for (file, path, what) in [
            ("users.ndjson", "/v1/users", "people"),
            (
                "service-accounts.ndjson",
                "/v1/service-accounts",
                "service accounts",
            ),
        ] {
            things(context, client, &directory.join(file), path, what).await?;
        }
    }
    let file = directory.join("keys.ndjson");
    if file.exists() {
        keys(context, client, args, &file).await?;
    }
    Ok(())
}

fn read(path: &Path) -> Result<Option<String>, CliError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(cause) => Err(CliError::Failed(format!(
            "cannot read {}: {cause}",
            path.display()
        ))),
    }
}

/// Makes things one by one; one that is there already stays as it is.
async fn things(
    context: &Context,
    client: &Client,
    file: &Path,
    path: &str,
    what: &str,
) -> Result<(), CliError> {
    let unreadable =
        |cause: std::io::Error| CliError::Failed(format!("cannot read {}: {cause}", file.display()));
    if !file.exists() {
        return Ok(());
    }
    let lines = std::io::BufReader::new(fs::File::open(file).map_err(unreadable)?).lines();
    let (mut made, mut present) = (0, 0);
    for (line, number) in lines.zip(1..) {
        let line = line.map_err(unreadable)?;
        if line.trim().is_empty() {
            continue;
        }
        let named = |detail: String| CliError::Failed(format!("{}, line {number}: {detail}", file.display()));
        let mut thing: Value = serde_json::from_str(&line).map_err(|error| named(error.to_string()))?;
        let active = thing.as_object_mut().and_then(|fields| fields.remove("active"));
        match client.post(path, Some(&thing)).await {
            Ok(answer) => {
                made += 1;
                if active == Some(Value::Bool(false)) {
                    let switch = format!("{path}/{}/deactivate", text(&answer, "/id"));
                    client.post(&switch, None).await?;
                }
            }
            Err(error) => match error {
                ClientError::Refused(problem) if is_there(client, path, &thing, &problem.code()).await? => {
                    present += 1
                }
                other => return Err(named(other.to_string())),
            },
        }
    }
    context
        .screen
        .note(&format!("{what}: {made} made, {present} were there already"));
    Ok(())
}

/// Whether a thing was refused because there is one of its name.
async fn is_there(client: &Client, path: &str, thing: &Value, code: &str) -> Result<bool, CliError> {
    if matches!(
        code,
        "role_exists" | "api_exists" | "username_taken" | "email_taken"
    ) {
        return Ok(true);
    }
    let by = ["username", "email"];
    let Some(name) = by.into_iter().find_map(|field| thing.get(field)?.as_str()) else {
        return Ok(false);
    };
    if code != "invalid_request" {
        return Ok(false);
    }
    let query: Query = vec![("q", name.to_owned()), ("limit", "50".to_owned())];
    let page = client.get(path, &query).await?;
    let items = page.get("items").and_then(Value::as_array);
    let same = |item: &Value| {
        by.iter()
            .any(|field| text(item, &format!("/{field}")).eq_ignore_ascii_case(name))
    };
    Ok(items.is_some_and(|items| items.iter().any(same)))
}
