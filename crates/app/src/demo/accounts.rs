//! The systems of the sample that keys stand for: partners' and the organisation's own, each with a role that its keys
//! never exceed.

use std::collections::HashMap;
use std::time::Duration;

use domain::account::Account;
use domain::audit::{Event, Target};
use domain::clock::{Random, Timestamp};
use domain::id::{AccountId, OrganisationId, RoleId};
use domain::key::Actor;
use domain::role::{Builtin, Role};
use serde_json::{Value, json};
use store::Tx;

use super::life::Then;
use super::named::words;
use crate::account;
use crate::error::{AppError, Result};

const DAY: Duration = Duration::from_secs(86_400);
const MORNING: Duration = Duration::from_secs(9 * 3600);

struct System {
    name: &'static str,
    username: &'static str,
    partner: &'static str,
    purpose: &'static str,
    /// What its role is called, and grants.
    role: (&'static str, &'static str),
    /// The keys that stand for it, by name.
    keys: &'static [&'static str],
    /// Days since it was made; before all its keys.
    age: u32,
    /// Days since it was deactivated.
    stopped: Option<u32>,
}

const SYSTEMS: [System; 9] = [
    System {
        name: "ColdTrace",
        username: "coldtrace",
        partner: "ColdTrace",
        purpose: "Temperatures and inventory of cold chain equipment",
        role: ("Cold chain equipment", "cce:view cce:edit"),
        keys: &["ColdTrace Sensor Uploads", "ColdTrace Equipment Catalogue"],
        age: 265,
        stopped: None,
    },
    System {
        name: "MediRoute",
        username: "mediroute",
        partner: "MediRoute",
        purpose: "Confirms deliveries",
        role: ("Fulfillment edit", "fulfillment:view fulfillment:edit"),
        keys: &["MediRoute Deliveries"],
        age: 122,
        stopped: None,
    },
    System {
        name: "VaxLink",
        username: "vaxlink",
        partner: "VaxLink",
        purpose: "Places and follows requisitions",
        role: ("Requisitions", "requisition:view requisition:create"),
        keys: &["VaxLink Requisitions"],
        age: 90,
        stopped: None,
    },
    System {
        name: "NexPharm trial",
        username: "nexpharm-trial",
        partner: "NexPharm",
        purpose: "Trial access, which was not prolonged",
        role: ("Requisitions, read-only", "requisition:view"),
        keys: &["Partner Sandbox - NexPharm"],
        age: 312,
        stopped: Some(158),
    },
    System {
        name: "SAP-ERP-Integration",
        username: "sap-erp",
        partner: "",
        purpose: "Purchase orders and financial approvals",
        role: (
            "Purchasing",
            "purchase_orders:view purchase_orders:create approvals:view approvals:submit",
        ),
        keys: &["SAP-ERP-Integration"],
        age: 402,
        stopped: None,
    },
    System {
        name: "HR-System-API",
        username: "hr-system",
        partner: "",
        purpose: "Employee onboarding and leave requests",
        role: ("Staff", "employees:* leave_requests:*"),
        keys: &["HR-System-API"],
        age: 302,
        stopped: None,
    },
    System {
        name: "IoT-Monitoring-System",
        username: "iot-monitoring",
        partner: "",
        purpose: "Equipment alerts and environmental monitoring",
        role: ("Monitoring", "equipment:view alerts:* readings:*"),
        keys: &["IoT-Monitoring-System"],
        age: 332,
        stopped: None,
    },
    System {
        name: "Nightly-Batch-Service",
        username: "nightly-batch",
        partner: "",
        purpose: "Bulk processing of applications",
        role: ("Batch processing", "applications:view applications:process"),
        keys: &["Nightly-Batch-Service"],
        age: 502,
        stopped: None,
    },
    System {
        name: "Maximo",
        username: "maximo",
        partner: "",
        purpose: "Work orders and assets, both ways",
        role: ("Maintenance", "work_orders:* assets:view"),
        keys: &["Work Order Sync - Maximo"],
        age: 192,
        stopped: None,
    },
];

/// The accounts and their roles, with what was done to them.
pub(super) struct Cast {
    roles: Vec<Role>,
    /// As it was made, and as it is since it was deactivated.
    accounts: Vec<(Account, Option<Account>)>,
    pub(super) events: Vec<Event>,
    /// Whom a key stands for, by the key's name.
    pub(super) owners: HashMap<&'static str, AccountId>,
}

/// Makes them up; nothing is written yet.
pub(super) fn cast(
    organisation: OrganisationId,
    by: &Actor,
    random: &dyn Random,
    now: Timestamp,
) -> Result<Cast> {
    let mut cast = Cast {
        roles: Vec::new(),
        accounts: Vec::new(),
        events: Vec::new(),
        owners: HashMap::new(),
    };
    let morning = |days: u32| now.minus(DAY * days).floor_to(DAY).plus(MORNING);
    for system in &SYSTEMS {
        let made = morning(system.age);
        let (name, permissions) = system.role;
        let patterns = words(permissions).into_iter().map(|text| text.parse());
        let role = Role {
            id: RoleId::fresh(&Then(made), random),
            organisation,
            name: name.to_owned(),
            description: system.purpose.to_owned(),
            level: true,
            api: None,
            permissions: patterns
                .collect::<std::result::Result<_, _>>()
                .map_err(AppError::internal)?,
            created_at: made,
            version: 1,
        };
        let role_target = Target {
            kind: "role".to_owned(),
            id: role.id.to_string(),
            name: role.name.clone(),
        };
        let changes = json!({"name": {"after": role.name}, "permissions": {"after": role.permissions}});
        cast.events
            .push(event(made, by, "role.create", role_target, changes));
        let account = Account {
            id: AccountId::fresh(&Then(made), random),
            organisation,
            name: system.name.to_owned(),
            username: system.username.to_owned(),
            email: Some(format!("{}@example.com", system.username)),
            partner: system.partner.to_owned(),
            owner: None,
            purpose: system.purpose.to_owned(),
            tags: Vec::new(),
            roles: vec![role.id, Builtin::ServiceAccount.id()],
            active: true,
            deleted_at: None,
            created_at: made,
            created_by: by.clone(),
            version: 1,
        };
        let changes = account::difference(None, &account);
        let target = account::target(&account);
        cast.events
            .push(event(made, by, "account.create", target.clone(), changes));
        cast.owners
            .extend(system.keys.iter().map(|key| (*key, account.id)));
        let stopped = system.stopped.map(|days| {
            let stopped = Account {
                active: false,
                ..account.clone()
            };
            let changes = account::difference(Some(&account), &stopped);
            cast.events
                .push(event(morning(days), by, "account.deactivate", target, changes));
            stopped
        });
        cast.roles.push(role);
        cast.accounts.push((account, stopped));
    }
    Ok(cast)
}

fn event(at: Timestamp, by: &Actor, action: &'static str, target: Target, changes: Value) -> Event {
    Event {
        at,
        actor: by.clone(),
        action,
        target,
        request_id: None,
        ip: None,
        changes,
    }
}

/// Writes them.
pub(super) async fn write(tx: &mut Tx, cast: Cast) -> Result<()> {
    for role in &cast.roles {
        tx.insert_role(role).await?;
    }
    for (account, stopped) in cast.accounts {
        tx.insert_account(&account).await?;
        if let Some(mut stopped) = stopped {
            tx.update_account(&account, &mut stopped).await?;
        }
    }
    Ok(())
}
