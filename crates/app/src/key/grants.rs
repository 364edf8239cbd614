//! What a key may be given, as the policy has it. A policy that is changed leaves what keys hold already as it is: it is
//! asked when that is changed, or would come to another owner.

use domain::access::Directory;
use domain::key::{Key, Owner};
use domain::policy::{GrantRule, Policy};

use crate::error::{AppError, Result};

/// Goes on only if the key holds what the policy lets keys be given.
///
/// # Errors
/// [`AppError::Refused`], with what could be given.
pub(crate) fn refuse_other_grants(
    policy: &Policy,
    directory: &Directory,
    before: Option<&Key>,
    key: &Key,
) -> Result<()> {
    let as_before = |before: &Key| {
        before.permissions == key.permissions && before.roles == key.roles && before.owner == key.owner
    };
    if before.is_some_and(as_before) {
        return Ok(());
    }
    let detail = match policy.grants {
        GrantRule::Permissions => return Ok(()),
        GrantRule::Levels => match key.roles.as_slice() {
            [level] if directory.is_level(*level) && key.permissions.is_empty() => return Ok(()),
            _ => format!(
                "the organisation's policy gives a key one permission level and nothing else{}",
                choice(&directory.levels())
            ),
        },
        GrantRule::Inherit if matches!(key.owner, Owner::Organisation(_)) => {
            "the organisation's policy has keys do what their owner may, and the organisation itself has no roles; \
             name a service account or a person as the owner"
                .to_owned()
        }
        GrantRule::Inherit if key.permissions.is_empty() && key.roles.is_empty() => return Ok(()),
        GrantRule::Inherit => {
            "the organisation's policy has keys do what their owner may; give them no permissions and no roles".to_owned()
        }
    };
    Err(AppError::Refused(detail))
}

fn choice(levels: &[&str]) -> String {
    match levels {
        [] => "; there is none yet: make a role that is a level".to_owned(),
        levels => format!(": {}", levels.join(", ")),
    }
}
