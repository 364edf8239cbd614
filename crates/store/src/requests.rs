//! What was lately asked of keys: a bounded log, the youngest hundred of each key.

use std::collections::BTreeSet;

use domain::clock::Timestamp;
use domain::decide::{Code, Source};
use domain::id::{KeyId, OrganisationId, RequestId};
use domain::key::{AskedOf, Call};
use domain::page::{Cursor, Page, SortValue};
use uuid::Uuid;

use crate::db::{Row, Value};
use crate::error::{Result, StoreError};
use crate::tx::Tx;
use crate::{Store, params};

/// Requests that are kept of each key.
pub const KEPT: i64 = 100;

/// A request as it is kept, with its own id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Names it in cursors.
    pub id: RequestId,
    /// What was asked.
    pub asked: AskedOf,
}

/// Whose requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Of {
    /// A key's.
    Key(KeyId),
    /// Those of all keys of an owner.
    Owner(Uuid),
}

fn kept_of(row: &Row) -> Result<Kept> {
    let mut c = row.read();
    let corrupt = |column: &str| StoreError::Corrupt(format!("key_requests.{column}"));
    Ok(Kept {
        id: c.next()?,
        asked: AskedOf {
            organisation: c.next()?,
            key: c.next()?,
            at: c.next()?,
            code: {
                let code: String = c.next()?;
                Code::parse(&code).ok_or_else(|| corrupt("code"))?
            },
            source: {
                let source: Option<String> = c.next()?;
                let known = source.map(|text| Source::parse(&text).ok_or_else(|| corrupt("source")));
                known.transpose()?
            },
            ip: {
                let ip: Option<String> = c.next()?;
                ip.map(|text| text.parse().map_err(|_| corrupt("ip")))
                    .transpose()?
            },
            call: {
                let text = |text: Option<String>| text.map(Into::into);
                Call {
                    api: text(c.next()?),
                    route: text(c.next()?),
                    agent: text(c.next()?),
                    micros: c.next()?,
                }
            },
        },
    })
}

impl Tx {
    /// Adds requests, and forgets what is more than [`KEPT`] of their keys.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn add_requests(&mut self, requests: &[Kept]) -> Result<()> {
        self.log_requests(requests, &[]).await
    }

    /// The same, but for these keys, of which all are kept. What is about an organisation that is not there is passed over.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn log_requests(&mut self, requests: &[Kept], unbounded: &[KeyId]) -> Result<()> {
        let (uuid, text, int) = match self.is_sqlite() {
            true => ("", "", ""),
            false => ("::uuid", "::text", "::bigint"),
        };
        let sql = format!(
            "INSERT INTO key_requests (id, organisation, key, at, code, source, ip, api, route, agent, micros) \
             SELECT $1{uuid}, o.id, $3{uuid}, $4{int}, $5{text}, $6{text}, $7{text}, $8{text}, $9{text}, $10{text}, $11{int} \
             FROM organisations o WHERE o.id = $2"
        );
        let rows: Vec<Vec<Value>> = requests
            .iter()
            .map(|Kept { id, asked }| {
                params![
                    *id,
                    asked.organisation,
                    asked.key,
                    asked.at,
                    asked.code.as_str(),
                    asked.source.map(Source::as_str),
                    asked.ip.map(|ip| ip.to_string()),
                    asked.call.api.as_deref(),
                    asked.call.route.as_deref(),
                    asked.call.agent.as_deref(),
                    asked.call.micros,
                ]
                .to_vec()
            })
            .collect();
        self.conn().execute_many(&sql, &rows).await?;
        let keys: BTreeSet<KeyId> = requests
            .iter()
            .map(|kept| kept.asked.key)
            .filter(|key| !unbounded.contains(key))
            .collect();
        let rows: Vec<Vec<Value>> = keys.into_iter().map(|key| params![key, KEPT].to_vec()).collect();
        let sql = "DELETE FROM key_requests WHERE key = $1 AND (at, id) <= \
                   (SELECT at, id FROM key_requests WHERE key = $1 ORDER BY at DESC, id DESC LIMIT 1 OFFSET $2)";
        self.conn().execute_many(sql, &rows).await
    }

    /// Forgets at most `limit` of an organisation's requests from before then; how many it were.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn forget_requests(
        &mut self,
        organisation: OrganisationId,
        before: Timestamp,
        limit: i64,
    ) -> Result<u64> {
        let found = "organisation = $1 AND at < $2 ORDER BY at LIMIT $3";
        self.delete_found("key_requests", "id", found, params![organisation, before, limit])
            .await
    }
}

impl Store {
    /// What was lately asked, youngest first. `list` names the list in its cursor.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn requests(
        &self,
        organisation: OrganisationId,
        of: Of,
        limit: u32,
        after: Option<Cursor>,
        list: &str,
    ) -> Result<Page<Kept>> {
        let (whose, id) = match of {
            Of::Key(key) => ("r.key = $2", key.uuid()),
            Of::Owner(owner) => (
                "r.key IN (SELECT k.id FROM keys k WHERE k.organisation = $1 AND k.owner_id = $2)",
                owner,
            ),
        };
        let mut values = params![organisation, id, i64::from(limit) + 1].to_vec();
        let place = match after {
            None => "",
            Some(Cursor {
                value: SortValue::Int(at),
                id,
            }) => {
                values.extend([Value::from(at), Value::from(id)]);
                " AND (r.at, r.id) < ($4, $5)"
            }
            // A cursor carries its list's name, so that only a forged one gets here: it ends the list.
            Some(_) => " AND FALSE",
        };
        let sql = format!(
            "SELECT r.id, r.organisation, r.key, r.at, r.code, r.source, r.ip, r.api, r.route, r.agent, r.micros FROM key_requests r \
             WHERE r.organisation = $1 AND {whose}{place} ORDER BY r.at DESC, r.id DESC LIMIT $3"
        );
        let rows = self.readers.query_long(sql, values).await?;
        let mut items: Vec<Kept> = rows.iter().map(kept_of).collect::<Result<_>>()?;
        let more = items.len() > limit as usize;
        items.truncate(limit as usize);
        let next_cursor = items.last().filter(|_| more).map(|last| {
            let value = SortValue::Int(last.asked.at.as_micros());
            let id = last.id.uuid();
            Cursor { value, id }.encode(list)
        });
        Ok(Page { items, next_cursor })
    }
}
