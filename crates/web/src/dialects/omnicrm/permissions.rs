//! OmniCRM's permissions and ours: one table, read in both directions.

use domain::access::{Grants, Pattern};
use domain::input::FieldError;

/// A permission by OmniCRM's name and by the pattern that grants it here.
pub(super) const ALIASES: [(&str, &str); 15] = [
    ("view_customer", "customers:view"),
    ("create_customer", "customers:create"),
    ("view_own_customer", "customers:view_own"),
    ("view_service", "services:view"),
    ("create_service", "services:create"),
    ("view_own_services", "services:view_own"),
    ("provisioning", "provisioning:*"),
    ("view_provisioning", "provisioning:view"),
    ("view_inventory", "inventory:view"),
    ("update_inventory", "inventory:update"),
    ("view_transactions", "transactions:view"),
    ("view_invoices", "invoices:view"),
    ("create_payments", "payments:create"),
    // All that an application asks for; managing keys is another matter.
    ("admin", "*"),
    ("MANAGE_API_KEYS", "claviger:keys.*"),
];

/// What is granted, by OmniCRM's names; what has none there, by its own.
pub(super) fn names(grants: &Grants) -> Vec<String> {
    let name = |pattern: &Pattern| {
        let text = pattern.to_string();
        let alias = ALIASES.iter().find(|(_, own)| *own == text);
        alias.map_or(text, |(name, _)| (*name).to_owned())
    };
    grants.iter().map(name).collect()
}

/// The patterns that these names stand for. A pattern of ours is taken as well, so that what was read can be sent back.
///
/// # Errors
/// Every name that is not known, at once.
pub(super) fn patterns(names: &[String]) -> Result<Vec<String>, Vec<FieldError>> {
    let mut faults = Vec::new();
    let mut patterns = Vec::with_capacity(names.len());
    for (i, name) in names.iter().enumerate() {
        let alias = ALIASES.iter().find(|(alias, _)| alias == name);
        let own = || (name.contains(':') && name.parse::<Pattern>().is_ok()).then_some(name.as_str());
        match alias.map(|(_, own)| *own).or_else(own) {
            Some(pattern) => patterns.push(pattern.to_owned()),
            None => {
                let known: Vec<&str> = ALIASES.iter().map(|(alias, _)| *alias).collect();
                let detail = format!(
                    "there is no such permission; expected one of {}",
                    known.join(", ")
                );
                faults.push(FieldError::new(format!("permissions[{i}]"), detail));
            }
        }
    }
    if faults.is_empty() {
        Ok(patterns)
    } else {
        Err(faults)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_comes_back_from_what_it_grants_and_no_two_grant_the_same() {
        for (name, own) in ALIASES {
            let granted = patterns(&[name.to_owned()]).expect("a name");
            assert_eq!(granted, [own]);
            let grants: Grants = granted
                .iter()
                .map(|text| text.parse().expect("a pattern"))
                .collect();
            assert_eq!(names(&grants), [name]);
            assert_eq!(
                ALIASES.iter().filter(|(_, other)| *other == own).count(),
                1,
                "{own}"
            );
        }
    }

    #[test]
    fn what_is_no_name_is_refused_by_its_place() {
        let faults = patterns(&[
            "admin".to_owned(),
            "fly".to_owned(),
            "Admin".to_owned(),
            "a:B".to_owned(),
        ]);
        let faults = faults.expect_err("three faults");
        let fields: Vec<&str> = faults.iter().map(|fault| &*fault.field).collect();
        assert_eq!(fields, ["permissions[1]", "permissions[2]", "permissions[3]"]);
    }
}
