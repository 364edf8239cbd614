//! Pages by number, for callers who count pages. They cost more the further back they lie, and a row that comes or goes
//! moves the others: lists of our own use cursors.

use domain::id::OrganisationId;
use domain::key::Key;

use super::{Conditions, KeyQuery, filter, plan, search};
use crate::Store;
use crate::db::Engine;
use crate::error::{Result, StoreError};
use crate::keys::{COLUMNS, key_of};

impl Store {
    /// The keys of a query from `offset` on, and how many there are in all. The cursor of the query is not looked at.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn keys_from(
        &self,
        organisation: OrganisationId,
        query: &KeyQuery,
        offset: u64,
    ) -> Result<(Vec<Key>, i64)> {
        let mut conditions = Conditions {
            engine: self.engine(),
            sql: "k.organisation = $1".to_owned(),
            values: vec![organisation.into()],
        };
        let words = query.q.as_deref().map(search::words).unwrap_or_default();
        filter(&mut conditions, &words, query);
        let counting = format!("SELECT COUNT(*) FROM keys k WHERE {}", conditions.sql);
        let counted = self
            .readers
            .query_long(counting, conditions.values.clone())
            .await?;
        let total: i64 = counted.first().ok_or(StoreError::RowMissing)?.get(0)?;
        // Far beyond the end there is nothing to be sorted, and no number that the database could not take.
        let Some(offset) = i64::try_from(offset).ok().filter(|offset| *offset < total) else {
            return Ok((Vec::new(), total));
        };
        let from = match self.engine() {
            Engine::Sqlite if words.is_empty() => plan::in_order(query),
            _ => "keys k".to_owned(),
        };
        let (expression, order) = (query.sort.expression(self.engine()), query.direction());
        let limit = conditions.bind(i64::from(query.limit));
        let offset = conditions.bind(offset);
        let sql = format!(
            "SELECT {COLUMNS} FROM {from} WHERE {} ORDER BY {expression} {order}, k.id {order} LIMIT {limit} \
             OFFSET {offset}",
            conditions.sql
        );
        let rows = self.readers.query_long(sql, conditions.values).await?;
        let keys = rows.iter().map(key_of).collect::<Result<_>>()?;
        Ok((keys, total))
    }
}
