//! What fills need to know of organisations, kept from one fill to the next. An answer to a verification never comes from
//! here: what is cached of a key has its organisation's part in it already.

use std::collections::HashMap;
use std::sync::Arc;

use domain::access::Directory;
use domain::api::Apis;
use domain::id::OrganisationId;
use parking_lot::Mutex;
use store::StoreError;

use crate::Inner;

/// Organisations whose directories are kept at the most; beyond, all are forgotten and read again as they are needed.
const MOST: usize = 4_096;

/// A directory, and the epoch noted before it was read.
pub(crate) struct Known {
    epoch: u64,
    standing: Standing,
}

/// What fills need to know of an organisation.
#[derive(Clone)]
pub(crate) struct Standing {
    pub(crate) directory: Arc<Directory>,
    pub(crate) apis: Arc<Apis>,
}

pub(crate) type Directories = Mutex<HashMap<OrganisationId, Known>>;

impl Inner {
    /// An organisation's directory and APIs: as it is now, or as it was at a moment from which nothing of it has changed.
    pub(crate) async fn directory(&self, organisation: OrganisationId) -> Result<Standing, StoreError> {
        if let Some(known) = self.directories.lock().get(&organisation)
            && self.epochs.organisation_holds(known.epoch, organisation)
        {
            return Ok(known.standing.clone());
        }
        let epoch = self.epochs.now();
        let standing = Standing {
            directory: Arc::new(self.source.directory(organisation).await?),
            apis: Arc::new(self.source.apis(organisation).await?),
        };
        let known = Known {
            epoch,
            standing: standing.clone(),
        };
        let mut all = self.directories.lock();
        if all.len() >= MOST {
            all.clear();
        }
        all.insert(organisation, known);
        Ok(standing)
    }
}
