//! Whose ways of speaking an organisation's programs may go on using.

use serde::{Deserialize, Serialize};

/// The management API of another system, spoken by the same use cases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Dialect {
    /// `/crm/api-keys`.
    #[serde(rename = "omnicrm")]
    OmniCrm,
    /// `/api/apiKeys` and `/api/serviceAccounts`.
    #[serde(rename = "openlmis")]
    OpenLmis,
    /// `/oslc/os/mxapiapikey` and `/oslc/apitoken`.
    Maximo,
}
