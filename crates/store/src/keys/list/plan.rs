//! From which end a page of keys is read, so that it is quick at a million keys whatever is asked for.
//!
//! PostgreSQL's planner knows how many keys an index will find, if it plans for the very values of each call. SQLite's cannot tell,
//! so the index is asked first. Where it finds few, they are fetched and sorted. Where it finds many, a walk in order soon fills the page,
//! unless they are all at the other end, which no planner knows: then the walk is given up.

use domain::key::Status;

use super::{Conditions, KeyQuery, StatusFilter, condition_of, filter, finding, search};
use crate::db::{ReadPool, Row, SnapshotConn, Value};
use crate::error::Result;

/// Up to this many it is cheaper to fetch and sort them than to walk in order (measured: benches/search).
const FEW: i64 = 7_000;
/// Beyond this many it need not be known how many there are: a walk is short then.
const MANY: i64 = 20_000;
/// After so many rows at the most a walk that has not filled its page is given up: were the many spread evenly, it would have.
const WALK: i64 = 12_000;

pub(super) async fn postgres(
    readers: &ReadPool,
    place: Conditions,
    words: &[String],
    query: &KeyQuery,
) -> Result<Vec<Row>> {
    let mut whole = place.clone();
    filter(&mut whole, words, query);
    let (sql, values) = whole.select("keys k", query);
    // A plan for words in general is wrong for most of them; and none of these takes long enough to be compiled.
    // With a cache that it believes to be small, the planner counts a row of a walk like a row that an index found.
    let plan = "SELECT set_config('plan_cache_mode', 'force_custom_plan', true), set_config('jit', 'off', true), \
                set_config('effective_cache_size', '8MB', true)";
    let read = async |conn: &mut SnapshotConn<'_>| {
        conn.query(plan, &[]).await?;
        if words.is_empty() || sorts(&conn.query(&format!("EXPLAIN (COSTS OFF) {sql}"), &values).await?)? {
            return conn.query(&sql, &values).await;
        }
        // It would walk in order, and cannot know where the words begin. How many it expects to find of several words is no measure.
        let (far, places) = milestone(&place, query, "keys k", WALK);
        if let Some(end) = end_of(conn.query(&far, &places).await?) {
            let mut walking = place.clone();
            walking.place(query.sort, if query.descending { ">=" } else { "<=" }, end);
            filter(&mut walking, words, query);
            let (sql, values) = walking.select("keys k", query);
            let rows = conn.query(&sql, &values).await?;
            if rows.len() > query.limit as usize {
                return Ok(rows);
            }
            // What is left to it is the index of the words, and a sort.
            let otherwise = "SELECT set_config('enable_indexscan', 'off', true), set_config('enable_seqscan', 'off', true)";
            conn.query(otherwise, &[]).await?;
        }
        conn.query(&sql, &values).await
    };
    readers.snapshot(read).await
}

/// Whether a plan of PostgreSQL's sorts what it finds; else it walks in order.
fn sorts(plan: &[Row]) -> Result<bool> {
    for row in plan {
        if row.get::<String>(0)?.contains("Sort") {
            return Ok(true);
        }
    }
    Ok(false)
}

pub(super) async fn sqlite(
    readers: &ReadPool,
    place: Conditions,
    words: &[String],
    query: &KeyQuery,
) -> Result<Vec<Row>> {
    let mut narrowest: Option<(i64, _)> = None;
    // Each word before all of them: one that is rare is enough, and the common ones need not be looked up then.
    let each = words.iter().map(std::slice::from_ref).map(Index::Words);
    let all = (words.len() > 1).then_some(Index::Words(words));
    let whose = [Index::Owner, Index::Partner, Index::Role, Index::Finding];
    for index in whose.into_iter().chain(each).chain(all).chain([Index::States]) {
        let mut fetching = place.clone();
        let Some(rows) = index.rows(&mut fetching, query) else {
            continue;
        };
        let mut counting = fetching.clone();
        let limit = counting.bind(MANY);
        let sql = format!("SELECT COUNT(*) FROM (SELECT 1 FROM ({rows}) LIMIT {limit})");
        let counted = readers.query_long(sql, counting.values).await?;
        let count: i64 = counted.first().map_or(Ok(0), |row| row.get(0))?;
        // CROSS JOIN keeps the order of the tables: from those that the index finds to their rows.
        let from = format!("({rows}) f CROSS JOIN keys k ON k.row = f.row");
        filter(&mut fetching, words, query);
        let fetch = fetching.select(&from, query);
        if count < FEW {
            return readers.query_long(fetch.0, fetch.1).await;
        }
        if narrowest.as_ref().is_none_or(|(least, _)| count <= *least) {
            narrowest = Some((count, fetch));
        }
    }
    let mut walking = place.clone();
    let end = match &narrowest {
        Some((count, _)) => {
            let all = readers
                .query("SELECT COALESCE(MAX(row), 0) FROM keys", &[])
                .await?;
            let walk = even_walk(&all, *count, query.limit)?;
            let (sql, values) = milestone(&place, query, &in_order(query), walk);
            end_of(readers.query_long(sql, values).await?)
        }
        None => None,
    };
    let given_up = end.is_some();
    if let Some(end) = end {
        walking.place(query.sort, if query.descending { ">=" } else { "<=" }, end);
    }
    filter(&mut walking, words, query);
    let (sql, values) = walking.select(&in_order(query), query);
    let rows = readers.query_long(sql, values).await?;
    match narrowest {
        Some((_, (sql, values))) if given_up && rows.len() <= query.limit as usize => {
            readers.query_long(sql, values).await
        }
        _ => Ok(rows),
    }
}

/// The keys by the index of the order: the planner would rather take a filter's and sort all that it finds.
pub(super) fn in_order(query: &KeyQuery) -> String {
    format!("keys k INDEXED BY {}", query.sort.index())
}

/// From where keys that need somebody are counted.
pub(super) fn for_counting(conditions: &mut Conditions, query: &KeyQuery) -> String {
    match Index::Finding.rows(conditions, query) {
        Some(rows) => format!("({rows}) f CROSS JOIN keys k ON k.row = f.row"),
        None => in_order(query),
    }
}

/// How many rows fill a page half as full again, where so many of all keys are found and lie evenly.
fn even_walk(all: &[Row], found: i64, limit: u32) -> Result<i64> {
    let all: i64 = all.first().map_or(Ok(0), |row| row.get(0))?;
    let each = all / found.max(1) + 1;
    Ok((3 * (i64::from(limit) + 1) * each / 2).min(WALK))
}

/// Asks where a walk of so many rows ends.
fn milestone(place: &Conditions, query: &KeyQuery, from: &str, rows: i64) -> (String, Vec<Value>) {
    let mut conditions = place.clone();
    let far = conditions.bind(rows);
    let (expression, order) = (query.sort.expression(place.engine), query.direction());
    let sql = format!(
        "SELECT {expression}, k.id FROM {from} WHERE {} ORDER BY {expression} {order}, k.id {order} LIMIT 1 OFFSET {far}",
        conditions.sql
    );
    (sql, conditions.values)
}

/// The answer to [`milestone`]; none when the list ends before.
fn end_of(rows: Vec<Row>) -> Option<(Value, Value)> {
    rows.into_iter().next().and_then(|row| {
        let mut values = row.0.into_iter();
        values.next().zip(values.next())
    })
}

/// What can say which rows to look at without looking at them.
#[derive(Clone, Copy)]
enum Index<'a> {
    /// The trigrams of these words.
    Words(&'a [String]),
    /// The statuses, unless they are those of most keys.
    States,
    /// The owner.
    Owner,
    /// The accounts of the partner.
    Partner,
    /// The role that was given to the keys themselves.
    Role,
    /// What it is that needs somebody.
    Finding,
}

impl Index<'_> {
    fn rows(self, conditions: &mut Conditions, query: &KeyQuery) -> Option<String> {
        let whose = &query.whose;
        match (self, &query.status) {
            (Self::Owner, _) => {
                let owner = conditions.bind(whose.owner?);
                Some(format!(
                    "SELECT k.row FROM keys k INDEXED BY keys_by_owner WHERE k.organisation = $1 AND k.owner_id = {owner}"
                ))
            }
            (Self::Partner, _) => {
                let partner = conditions.bind(whose.partner.as_deref()?.to_lowercase());
                Some(format!(
                    "SELECT k.row FROM service_accounts a CROSS JOIN keys k INDEXED BY keys_by_owner \
                     ON k.organisation = $1 AND k.owner_id = a.id WHERE a.organisation = $1 AND a.partner_key = {partner}"
                ))
            }
            (Self::Role, _) => {
                let role = conditions.bind(whose.role?);
                Some(format!(
                    "SELECT k.row FROM role_holders h CROSS JOIN keys k ON k.id = h.holder \
                     WHERE h.organisation = $1 AND h.role = {role} AND h.kind = 'key'"
                ))
            }
            (Self::Finding, _) => finding::rows(query.finding?, conditions),
            (Self::Words(words), _) => {
                let matching = conditions.bind(search::trigrams(words)?);
                Some(format!(
                    "SELECT rowid AS row FROM key_search WHERE key_search MATCH {matching}"
                ))
            }
            (Self::States, StatusFilter::In(statuses)) if !statuses.contains(&Status::Active) => {
                let now = conditions.bind(query.now);
                let soon = conditions.bind(query.now.plus(query.window.duration()));
                let each = statuses.iter().map(|status| {
                    format!(
                        "SELECT k.row FROM keys k INDEXED BY keys_by_state WHERE k.organisation = $1 AND {}",
                        condition_of(*status, &now, &soon)
                    )
                });
                let each: Vec<String> = each.collect();
                (!each.is_empty()).then(|| each.join(" UNION ALL "))
            }
            (Self::States, _) => None,
        }
    }
}
