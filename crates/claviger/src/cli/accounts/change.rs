//! `accounts create`, `edit`, `activate` and `reassign`: changes what is named and nothing else.

use clap::{Args, ValueEnum};
use serde_json::{Map, Value, json};

use super::answer;
use super::show::One;
use crate::cli::connect::connect;
use crate::cli::error::CliError;
use crate::cli::limits::Rates;
use crate::cli::{Context, input};

/// What an account is made of or changed to.
#[derive(Debug, Args)]
struct Fields {
    /// Whom to write to about it
    #[arg(long, value_name = "EMAIL")]
    email: Option<String>,
    /// The business partner whose system it is
    #[arg(long, value_name = "NAME")]
    partner: Option<String>,
    /// The person who answers for it (usr_…)
    #[arg(long, value_name = "ID")]
    owner: Option<String>,
    /// What it is for, in a sentence
    #[arg(long, value_name = "TEXT")]
    purpose: Option<String>,
    /// A word to find it by, in place of all tags; may be repeated
    #[arg(long = "tag", value_name = "TAG")]
    tags: Vec<String>,
    /// A role that it has, by name or id, in place of all its roles; may be repeated
    #[arg(long = "role", value_name = "ROLE")]
    roles: Vec<String>,
    #[command(flatten)]
    rates: Rates,
}

impl Fields {
    fn body(self, name: Option<String>, username: Option<String>) -> Result<Map<String, Value>, CliError> {
        let texts = [
            ("name", name),
            ("username", username),
            ("email", self.email),
            ("partner", self.partner),
            ("owner", self.owner),
            ("purpose", self.purpose),
        ];
        let texts = texts
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), json!(value?))));
        let lists = [("tags", self.tags), ("roles", self.roles)];
        let lists = lists.into_iter().filter(|(_, values)| !values.is_empty());
        let mut body = texts
            .chain(lists.map(|(name, values)| (name.to_owned(), json!(values))))
            .collect();
        self.rates.put(&mut body)?;
        Ok(body)
    }
}

/// A new service account.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  claviger accounts create \"ColdTrace uploads\" --username coldtrace --partner ColdTrace --role uploads\n  \
    claviger keys create \"ColdTrace EU\" --owner acct_0123…"
)]
pub(crate) struct Create {
    /// What people will know it by, such as the system that it is
    name: String,
    /// What systems know it by; unique for ever; may be left out where the policy makes it the email address
    #[arg(long, value_name = "USERNAME")]
    username: Option<String>,
    #[command(flatten)]
    fields: Fields,
}

/// A field that can be emptied.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Field {
    Email,
    Partner,
    Owner,
    Purpose,
    Tags,
    Roles,
    RateLimits,
}

impl Field {
    fn emptied(self) -> (&'static str, Value) {
        match self {
            Self::Email => ("email", json!("")),
            Self::Partner => ("partner", json!("")),
            Self::Owner => ("owner", json!("")),
            Self::Purpose => ("purpose", json!("")),
            Self::Tags => ("tags", json!([])),
            Self::Roles => ("roles", json!([])),
            Self::RateLimits => ("rate_limits", json!([])),
        }
    }
}

/// Changes to a service account.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  claviger accounts edit acct_0123… --partner MediRoute --clear tags")]
pub(crate) struct Edit {
    /// The account's id, acct_…
    id: String,
    /// A new name
    #[arg(long, value_name = "TEXT")]
    name: Option<String>,
    /// A new username; the old one is given to no other account
    #[arg(long, value_name = "USERNAME")]
    username: Option<String>,
    #[command(flatten)]
    fields: Fields,
    /// Empty this field; may be repeated
    #[arg(long, value_name = "FIELD", value_enum)]
    clear: Vec<Field>,
    /// Change it only if it still has this version
    #[arg(long, value_name = "N")]
    if_version: Option<u64>,
}

/// Who is to answer for a service account.
#[derive(Debug, Args)]
pub(crate) struct Reassign {
    /// The account's id, acct_…
    id: String,
    /// The person's id, usr_…
    #[arg(required_unless_present = "nobody")]
    owner: Option<String>,
    /// Nobody: it is listed as an orphan until somebody is named
    #[arg(long, conflicts_with = "owner")]
    nobody: bool,
}

pub(super) async fn create(context: &Context, args: Create) -> Result<(), CliError> {
    let body = args.fields.body(Some(args.name), args.username)?;
    let client = connect(context)?;
    answer(
        context,
        &client.post("/v1/service-accounts", Some(&body.into())).await?,
    )
}

pub(super) async fn edit(context: &Context, args: Edit) -> Result<(), CliError> {
    let path = input::account_path(&args.id)?;
    let mut patch = args.fields.body(args.name, args.username)?;
    for (name, value) in args.clear.into_iter().map(Field::emptied) {
        if patch.insert(name.to_owned(), value).is_some() {
            return Err(CliError::Usage(format!("{name} is both given and cleared")));
        }
    }
    if patch.is_empty() {
        return Err(CliError::Usage(
            "nothing to change: name a field (see --help)".to_owned(),
        ));
    }
    let client = connect(context)?;
    answer(
        context,
        &client.patch(&path, &patch.into(), args.if_version).await?,
    )
}

pub(super) async fn activate(context: &Context, args: One) -> Result<(), CliError> {
    let path = input::account_path(&args.id)?;
    let client = connect(context)?;
    answer(context, &client.post(&format!("{path}/activate"), None).await?)
}

pub(super) async fn reassign(context: &Context, args: Reassign) -> Result<(), CliError> {
    let path = input::account_path(&args.id)?;
    let client = connect(context)?;
    let body = json!({"owner": args.owner});
    answer(
        context,
        &client.post(&format!("{path}/reassign"), Some(&body)).await?,
    )
}
