//! Many service accounts at once: all of them, or none and the reasons, line by line.

use std::collections::HashMap;

use domain::access::Management;
use domain::account::AccountDraft;
use domain::id::AccountId;
use domain::input::FieldError;
use domain::policy::{EmailRule, UsernameRule};
use serde::Serialize;

use super::create::{check, draw_up, write};
use crate::error::{AppError, Result};
use crate::import::{Faults, Format, Line, read};
use crate::{App, Caller};

/// Fields that hold several values.
const LISTS: [&str; 2] = ["tags", "roles"];

/// What an import did, or would do.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[schema(as = AccountImport)]
pub struct Imported {
    /// Whether nothing was written.
    pub dry_run: bool,
    /// How many accounts there are in the file.
    #[schema(example = 1)]
    pub count: usize,
    /// One by one.
    pub items: Vec<ImportedAccount>,
}

/// An account of a file.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct ImportedAccount {
    /// The number of its line.
    #[schema(example = 2)]
    pub line: u64,
    /// Its id; none in a dry run.
    #[schema(required)]
    pub id: Option<AccountId>,
    /// Its username.
    #[schema(example = "coldtrace-gateway")]
    pub username: String,
}

impl App {
    /// Makes the service accounts of a file, all of them or none.
    ///
    /// # Errors
    /// [`AppError::Invalid`] with the faults of every bad line; as [`AppError`] says.
    #[tracing::instrument(level = "debug", name = "app.account.import_accounts", skip_all)]
    pub async fn import_accounts(
        &self,
        caller: &Caller,
        format: Format,
        bytes: &[u8],
        dry_run: bool,
    ) -> Result<Imported> {
        caller.require(Management::AccountsManage)?;
        let mut faults = Faults::default();
        let lines: Vec<Line<AccountDraft>> = read(format, bytes, &LISTS, &mut faults)?;
        let mut drafts = Vec::with_capacity(lines.len());
        for Line { number, value } in lines {
            match check(value) {
                Ok(fields) => drafts.push((number, AccountId::fresh(self.clock(), self.random()), fields)),
                Err(wrong) => faults.of_line(number, wrong),
            }
        }
        let by = caller.clone();
        let written = self
            .write(async move |tx| {
                let tenant = tx.tenant(by.organisation).await?;
                let directory = tx.directory(by.organisation).await?;
                let policy = &tenant.policy;
                let (mut usernames, mut emails) = (HashMap::new(), HashMap::new());
                let mut accounts = Vec::with_capacity(drafts.len());
                for (number, id, fields) in drafts {
                    let account = match draw_up(tx, &by, policy, &directory, id, fields).await {
                        Ok(account) => account,
                        Err(AppError::Invalid(wrong)) => {
                            faults.of_line(number, wrong);
                            continue;
                        }
                        Err(error @ (AppError::GrantsBeyond { .. } | AppError::Refused(_))) => {
                            faults.of_line(number, [FieldError::new("roles", error.to_string())]);
                            continue;
                        }
                        Err(error) => return Err(error),
                    };
                    if let Some(first) = usernames.insert(account.username.to_lowercase(), number) {
                        let field = match policy.accounts.username {
                            UsernameRule::Free => "username",
                            UsernameRule::Email => "email",
                        };
                        faults.of_line(
                            number,
                            [FieldError::new(field, format!("is that of line {first}"))],
                        );
                    } else if let Some(email) = &account.email
                        && let Some(first) = emails.insert(email.to_lowercase(), number)
                        && policy.accounts.email == EmailRule::RequiredUnique
                    {
                        faults.of_line(
                            number,
                            [FieldError::new("email", format!("is that of line {first}"))],
                        );
                    }
                    accounts.push((number, account));
                }
                faults.refuse_any()?;
                if !dry_run {
                    for (_, account) in &accounts {
                        write(tx, &by, account).await?;
                    }
                }
                let items = accounts.into_iter().map(|(line, account)| ImportedAccount {
                    line,
                    id: (!dry_run).then_some(account.id),
                    username: account.username,
                });
                Ok(items.collect::<Vec<_>>())
            })
            .await?;
        let items = written.value;
        Ok(Imported {
            dry_run,
            count: items.len(),
            items,
        })
    }
}
