//! A transaction: what it changes, what it says of it in the audit log, and what the caches must forget, committed together.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::audit::{Event, Sealed};
use domain::clock::{Clock, Random, Timestamp};
use domain::id::OrganisationId;

use crate::audit;
use crate::changes::{self, Change};
use crate::db::{Conn, Engine, Value};
use crate::error::{Result, StoreError};

/// An open transaction on the writing connection. The nouns' modules add their verbs to it.
pub struct Tx {
    conn: Conn,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    events: Vec<(OrganisationId, Said)>,
    changes: Vec<Change>,
    /// Whether something was erased that must leave the files, too.
    erased: bool,
}

/// What was done, as far as it is written down already.
enum Said {
    Plain(Event),
    Sealed(Sealed),
}

impl std::fmt::Debug for Tx {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tx")
            .field("events", &self.events.len())
            .finish_non_exhaustive()
    }
}

impl Tx {
    pub(crate) fn new(conn: Conn, clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Self {
        Self {
            conn,
            clock,
            random,
            events: Vec::new(),
            changes: Vec::new(),
            erased: false,
        }
    }

    pub(crate) fn into_conn(self) -> Conn {
        self.conn
    }

    pub(crate) fn conn(&mut self) -> &mut Conn {
        &mut self.conn
    }

    pub(crate) fn is_sqlite(&self) -> bool {
        self.conn.engine() == Engine::Sqlite
    }

    /// Deletes the rows of a table that `found` finds, all that follows the table's name in a query that ends by a limit; how
    /// many it were. `key` is the table's primary key.
    pub(crate) async fn delete_found(
        &mut self,
        table: &str,
        key: &str,
        found: &str,
        values: &[Value],
    ) -> Result<u64> {
        let sql = match self.conn.engine() {
            Engine::Sqlite => {
                format!("DELETE FROM {table} WHERE ({key}) IN (SELECT {key} FROM {table} WHERE {found})")
            }
            // By where they lie: of a table that grew since it was last analysed, the planner compares every row with every
            // found one (10,000 of 10,000 took 15 s).
            Engine::Postgres => {
                format!(
                    "DELETE FROM {table} WHERE ctid = ANY (ARRAY(SELECT ctid FROM {table} WHERE {found}))"
                )
            }
        };
        self.conn.execute(&sql, values).await
    }

    /// The time, for whatever this transaction writes.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Says what was done; it is chained and committed with the change itself.
    pub fn record(&mut self, organisation: OrganisationId, event: Event) {
        self.events.push((organisation, Said::Plain(event)));
    }

    /// The same of an event whose payload was written beforehand.
    pub fn record_sealed(&mut self, organisation: OrganisationId, sealed: Sealed) {
        self.events.push((organisation, Said::Sealed(sealed)));
    }

    /// Says what the caches must forget.
    pub fn changed(&mut self, change: Change) {
        self.changes.push(change);
    }

    /// Says that something was erased. A job that fails may have said so in vain, which costs a checkpoint.
    pub(crate) fn erased(&mut self) {
        self.erased = true;
    }

    pub(crate) fn has_erased(&self) -> bool {
        self.erased
    }

    pub(crate) fn mark(&self) -> (usize, usize) {
        (self.events.len(), self.changes.len())
    }

    pub(crate) fn forget_since(&mut self, (events, changes): (usize, usize)) {
        self.events.truncate(events);
        self.changes.truncate(changes);
    }

    /// Writes what the jobs said: the audit heads in the order of their ids, then the counter of changes, always in this
    /// order, so that two nodes never wait for each other. Gives the last change's number.
    pub(crate) async fn finish(&mut self) -> Result<i64> {
        let mut by_chain: BTreeMap<OrganisationId, Vec<Said>> = BTreeMap::new();
        for (organisation, event) in self.events.drain(..) {
            by_chain.entry(organisation).or_default().push(event);
        }
        for (organisation, events) in by_chain {
            let mut chain = audit::lock_head(&mut self.conn, organisation).await?;
            let mut records = Vec::with_capacity(events.len());
            for event in events {
                let record = match event {
                    Said::Sealed(sealed) => chain.extend(sealed),
                    Said::Plain(event) => {
                        let mut salt = [0; 16];
                        self.random.fill(&mut salt);
                        chain.append(&event, salt)
                    }
                };
                records.push(record.map_err(|error| StoreError::Corrupt(error.to_string()))?);
            }
            audit::insert(&mut self.conn, organisation, records).await?;
            audit::store_head(&mut self.conn, &chain).await?;
        }
        let changes = std::mem::take(&mut self.changes);
        changes::insert(&mut self.conn, &changes).await
    }
}
