//! Many people at once: all of them are asked in, or none and the reasons, line by line. Their links are handed to whoever asks
//! for it, once: thousands of letters would take longer than a request may.

use std::collections::HashMap;

use domain::access::Management;
use domain::clock::Timestamp;
use domain::id::UserId;
use domain::input::FieldError;
use domain::user::{User, UserDraft};
use serde::{Deserialize, Serialize};
use store::sessions::Purpose;

use super::invite::{draw_up, write};
use crate::error::{AppError, Result};
use crate::import::{Faults, Format, Line, read};
use crate::{App, Caller};

/// Fields that hold several values.
const LISTS: [&str; 1] = ["roles"];

/// A line of the file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    email: Option<String>,
    name: Option<String>,
    roles: Option<Vec<String>>,
}

/// What an import did, or would do.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ImportedUsers {
    /// Whether nothing was written.
    pub dry_run: bool,
    /// How many people there are in the file.
    #[schema(example = 1)]
    pub count: usize,
    /// One by one.
    pub items: Vec<ImportedUser>,
}

/// A person of a file.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ImportedUser {
    /// The number of their line.
    #[schema(example = 2)]
    pub line: u64,
    /// Their id; none in a dry run.
    #[schema(required)]
    pub id: Option<UserId>,
    /// Their address.
    #[schema(example = "ann@example.com")]
    pub email: String,
    /// The link by which they come in, told this once; none in a dry run.
    #[schema(
        required,
        example = "https://keys.example.com/invitations/invite_8NqWv0yTq6YB2t0uVx3cZr5sDf7gHj9k"
    )]
    pub invitation_url: Option<String>,
    /// Until when it is good.
    #[schema(required)]
    pub invitation_ends_at: Option<Timestamp>,
}

impl App {
    /// Asks everybody of a file in, or nobody.
    ///
    /// # Errors
    /// [`AppError::Invalid`] with the faults of every bad line; as [`AppError`] says.
    #[tracing::instrument(level = "debug", name = "app.user.import_users", skip_all)]
    pub async fn import_users(
        &self,
        caller: &Caller,
        format: Format,
        bytes: &[u8],
        dry_run: bool,
    ) -> Result<ImportedUsers> {
        caller.require(Management::UsersManage)?;
        caller.require_recent(self.clock.now())?;
        let mut faults = Faults::default();
        let lines: Vec<Line<Asked>> = read(format, bytes, &LISTS, &mut faults)?;
        let mut drafts = Vec::with_capacity(lines.len());
        for Line { number, value } in lines {
            let draft = UserDraft {
                email: Some(value.email.unwrap_or_default()),
                name: value.name,
                roles: value.roles,
                operator: None,
            };
            match draft.check() {
                Ok(draft) => {
                    let id = UserId::fresh(self.clock(), self.random());
                    drafts.push((number, id, draft, self.new_link(Purpose::Invitation)?));
                }
                Err(wrong) => faults.of_line(number, wrong),
            }
        }
        let by = caller.clone();
        let base = self.base_url().to_owned();
        let written = self
            .write(async move |tx| {
                let directory = tx.directory(by.organisation).await?;
                let mut lines_of = HashMap::new();
                let mut people = Vec::with_capacity(drafts.len());
                for (number, id, draft, link) in drafts {
                    let user = match draw_up(tx, &by, &directory, id, draft) {
                        Ok(user) => user,
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
                    if let Some(first) = lines_of.insert(User::email_key(&user.email), number) {
                        let detail = format!("is that of line {first}");
                        faults.of_line(number, [FieldError::new("email", detail)]);
                    } else if tx.has_address(by.organisation, &user.email).await? {
                        let detail = "somebody in the organisation has this address";
                        faults.of_line(number, [FieldError::new("email", detail)]);
                    }
                    people.push((number, user, link));
                }
                faults.refuse_any()?;
                let mut items = Vec::with_capacity(people.len());
                for (line, user, link) in people {
                    let mut item = ImportedUser {
                        line,
                        id: None,
                        email: user.email.clone(),
                        invitation_url: None,
                        invitation_ends_at: None,
                    };
                    if !dry_run {
                        item.id = Some(user.id);
                        item.invitation_ends_at = Some(write(tx, &by, &user, &link).await?);
                        item.invitation_url = Some(link.url(&base));
                    }
                    items.push(item);
                }
                Ok(items)
            })
            .await?;
        let items = written.value;
        Ok(ImportedUsers {
            dry_run,
            count: items.len(),
            items,
        })
    }
}
