//! Handing out roles: which ones are meant, whether they are to be had, and whether the caller may give them.

use domain::access::{Directory, Grants};
use domain::id::RoleId;
use domain::input::FieldError;

use crate::Caller;
use crate::error::{AppError, Result};

/// The roles that are meant by these ids and names.
///
/// # Errors
/// [`AppError::Invalid`] with every one that the organisation does not have.
pub(crate) fn roles_named(directory: &Directory, texts: &[String]) -> Result<Vec<RoleId>> {
    let mut faults = Vec::new();
    let mut roles = Vec::with_capacity(texts.len());
    for (i, text) in texts.iter().enumerate() {
        match directory.find(text) {
            Some(role) if roles.contains(&role) => {}
            Some(role) => roles.push(role),
            None => faults.push(FieldError::new(format!("roles[{i}]"), "there is no such role")),
        }
    }
    if faults.is_empty() {
        Ok(roles)
    } else {
        Err(faults.into())
    }
}

/// All that these roles grant, also where their API is switched off: it may be on again tomorrow.
pub(crate) fn granted(directory: &Directory, roles: &[RoleId]) -> Grants {
    let off = roles.iter().filter(|role| !directory.is_available(**role));
    let off = off.filter_map(|role| directory.roles.get(role));
    off.fold(directory.grants_of(roles), |all, role| all.union(&role.grants))
}

impl Caller {
    /// Goes on only if the caller may hand out `wanted` beside what the holder has already (`kept`): every role is to be
    /// had, and the caller holds all that the new ones grant.
    ///
    /// # Errors
    /// [`AppError::Refused`] for a role whose API is not enabled; [`AppError::GrantsBeyond`].
    pub(crate) fn may_assign(&self, directory: &Directory, wanted: &[RoleId], kept: &[RoleId]) -> Result<()> {
        let fresh: Vec<RoleId> = wanted
            .iter()
            .filter(|role| !kept.contains(role))
            .copied()
            .collect();
        if let Some(gone) = fresh.iter().find(|role| !directory.is_available(**role)) {
            let name = directory.name(*gone).unwrap_or_default();
            return Err(AppError::Refused(format!(
                "the role {name} belongs to an API that is not enabled for the organisation"
            )));
        }
        self.may_grant(&directory.grants_of(&fresh))
    }

    /// Goes on only if the caller holds all that these roles grant: nobody changes what is above them.
    ///
    /// # Errors
    /// [`AppError::GrantsBeyond`].
    pub(crate) fn may_touch(&self, directory: &Directory, roles: &[RoleId]) -> Result<()> {
        self.may_grant(&granted(directory, roles))
    }
}
