//! `keys create`: the secret alone goes to standard output, so that it can be piped to where it belongs.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Map, Value, json};

use super::{Expiry, show_with_secret};
use crate::cli::Context;
use crate::cli::connect::connect;
use crate::cli::error::CliError;
use crate::cli::input;
use crate::cli::limits::{Quotas, Rates};

const EXAMPLES: &str = "\
Examples:
  claviger keys create \"Monitoring - Grafana\" --permission metrics:read --expires-in 365d
  claviger keys create Nightly-Batch --permission 'orders:*' --network 10.0.0.0/8 > nightly.secret
  claviger keys create \"ColdTrace uploads\" --owner acct_0123… --permission readings:create
  claviger keys create Partner-Feed --rate 100/1m --burst 20 --quota 10000/month
  claviger keys create Imported --secret-file old-token.txt
  claviger keys create From-Old-System --sha256-file digest.hex --prefix old_";

/// A new key.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Create {
    /// What people will know the key by, such as the system that uses it
    name: String,
    /// What it is for, in a sentence
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// What it may do, such as customers:view or customers:*; may be repeated
    #[arg(long = "permission", value_name = "PERMISSION")]
    permissions: Vec<String>,
    /// A role that it has, by name or id; may be repeated
    #[arg(long = "role", value_name = "ROLE")]
    roles: Vec<String>,
    /// Whom it stands for: a service account (acct_…) or a person (usr_…); the organisation if left out
    #[arg(long, value_name = "ID")]
    owner: Option<String>,
    /// Where it may be used from, such as 10.0.0.0/8; may be repeated; anywhere if left out
    #[arg(long = "network", value_name = "CIDR")]
    networks: Vec<String>,
    /// A word to find it by; may be repeated
    #[arg(long = "tag", value_name = "TAG")]
    tags: Vec<String>,
    /// Whom to write to before it ends; may be repeated
    #[arg(long = "contact", value_name = "EMAIL")]
    contacts: Vec<String>,
    /// What else your systems want to know about it, as a JSON object of at most 8 KiB
    #[arg(long, value_name = "JSON", value_parser = input::object)]
    metadata: Option<Map<String, Value>>,
    #[command(flatten)]
    rates: Rates,
    #[command(flatten)]
    quota: Quotas,
    #[command(flatten)]
    expiry: Expiry,
    /// Let it work until it is revoked, where the policy allows that
    #[arg(long, conflicts_with_all = ["expires_in", "expires_at"])]
    never: bool,
    /// Guard it against being revoked or deleted by mistake
    #[arg(long)]
    protected: bool,
    /// Bring in a token made elsewhere, from a file or, with -, from standard input
    #[arg(long, value_name = "FILE", conflicts_with = "sha256_file")]
    secret_file: Option<PathBuf>,
    /// Bring in the SHA-256 (hex) of a token made elsewhere, from a file or, with -, from standard input
    #[arg(long, value_name = "FILE")]
    sha256_file: Option<PathBuf>,
    /// How tokens known by their hash begin, for people to recognise them
    #[arg(long, value_name = "PREFIX", requires = "sha256_file")]
    prefix: Option<String>,
}

pub(super) async fn run(context: &Context, args: Create) -> Result<(), CliError> {
    let mut body = Map::new();
    args.rates.put(&mut body)?;
    args.quota.put(&mut body)?;
    let client = connect(context)?;
    body.insert("name".to_owned(), args.name.into());
    let lists = [
        ("permissions", args.permissions),
        ("roles", args.roles),
        ("networks", args.networks),
        ("tags", args.tags),
        ("contacts", args.contacts),
    ];
    for (field, values) in lists.into_iter().filter(|(_, values)| !values.is_empty()) {
        body.insert(field.to_owned(), json!(values));
    }
    if let Some(description) = args.description {
        body.insert("description".to_owned(), description.into());
    }
    if let Some(owner) = args.owner {
        body.insert("owner".to_owned(), owner.into());
    }
    if let Some(metadata) = args.metadata {
        body.insert("metadata".to_owned(), metadata.into());
    }
    args.expiry.put(&mut body);
    if args.never {
        body.insert("expires_at".to_owned(), Value::Null);
    }
    if args.protected {
        body.insert("protected".to_owned(), true.into());
    }
    if let Some(file) = &args.secret_file {
        body.insert("secret".to_owned(), input::secret_from(file)?.as_str().into());
    }
    if let Some(file) = &args.sha256_file {
        body.insert(
            "secret_sha256".to_owned(),
            input::secret_from(file)?.as_str().into(),
        );
    }
    if let Some(prefix) = args.prefix {
        body.insert("secret_prefix".to_owned(), prefix.into());
    }
    show_with_secret(context, client.post("/v1/keys", Some(&body.into())).await?)
}
