//! Organisations: an operator works in any of them, everybody else sees their own alone.

mod create;
mod edit;
mod list;
mod standing;

use domain::access::Management;
use domain::audit::Target;
use domain::id::OrganisationId;
use domain::organisation::{Organisation, OrganisationStatus};
use store::Tx;

pub use create::CreateOrganisation;
pub use edit::EditOrganisation;
pub use list::OrganisationSort;
pub use standing::Standing;

use crate::Caller;
use crate::error::{AppError, Result};

impl Caller {
    /// Goes on only if the caller may know of the organisation.
    ///
    /// # Errors
    /// [`AppError::NotFound`] otherwise.
    fn may_see(&self, organisation: OrganisationId) -> Result<()> {
        if self.is_operator() || self.organisation == organisation {
            Ok(())
        } else {
            Err(not_found())
        }
    }

    /// Goes on only for an operator, and for a member who may manage it.
    ///
    /// # Errors
    /// [`AppError::NotFound`] for an organisation of somebody else's, [`AppError::Forbidden`] for the caller's own.
    fn may_manage(&self, organisation: OrganisationId) -> Result<()> {
        self.may_see(organisation)?;
        if self.is_operator() {
            return Ok(());
        }
        self.require(Management::OrganisationsManage)
    }

    /// Goes on only for an operator.
    ///
    /// # Errors
    /// [`AppError::Forbidden`] otherwise.
    pub(crate) fn require_operator(&self) -> Result<()> {
        if self.is_operator() {
            return Ok(());
        }
        Err(AppError::Forbidden {
            missing: "operator".to_owned(),
        })
    }
}

fn not_found() -> AppError {
    AppError::NotFound { what: "organisation" }
}

async fn locked(tx: &mut Tx, organisation: OrganisationId) -> Result<Organisation> {
    tx.organisation(organisation).await?.ok_or_else(not_found)
}

fn refuse_closed(organisation: &Organisation) -> Result<()> {
    if organisation.status == OrganisationStatus::Closed {
        let detail = "the organisation is closed; that cannot be undone";
        return Err(AppError::conflict("organisation_closed", detail));
    }
    Ok(())
}

fn target(organisation: &Organisation) -> Target {
    Target {
        kind: "organisation".to_owned(),
        id: organisation.id.to_string(),
        name: organisation.name.clone(),
    }
}
