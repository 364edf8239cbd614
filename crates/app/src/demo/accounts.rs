//! The systems of the sample that keys stand for: partners' and the organisation's own, each with a role that its keys
//! never exceed, and the people who answer for them. One of these has left.

use std::collections::HashMap;
use std::time::Duration;

use domain::account::Account;
use domain::audit::{Event, Target};
use domain::clock::{Random, Timestamp};
use domain::id::{AccountId, OrganisationId, RoleId, UserId};
use domain::key::Actor;
use domain::role::{Builtin, Role};
use domain::user::{User, UserStatus};
use serde_json::{Value, json};
use store::Tx;

use super::life::Then;
use super::named::words;
use crate::error::{AppError, Result};
use crate::{account, user};

/// Days since the people are known.
const AGE: u32 = 700;
const DAY: Duration = Duration::from_secs(86_400);
const MORNING: Duration = Duration::from_secs(9 * 3600);

/// Name, role, and since how many days they have left.
const PEOPLE: [(&str, Builtin, Option<u32>); 3] = [
    ("Ingrid Solberg", Builtin::Administrator, None),
    ("Tomás Herrera", Builtin::KeyManager, None),
    ("Priya Raman", Builtin::Viewer, Some(20)),
];

struct System {
    name: &'static str,
    username: &'static str,
    partner: &'static str,
    purpose: &'static str,
    /// What its role is called, and grants.
    role: (&'static str, &'static str),
    /// Who answers for it: the number of one of the people.
    owner: usize,
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
        owner: 1,
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
        owner: 1,
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
        owner: 2,
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
        owner: 1,
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
        owner: 0,
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
        owner: 0,
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
        owner: 0,
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
        owner: 0,
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
        owner: 0,
        keys: &["Work Order Sync - Maximo"],
        age: 192,
        stopped: None,
    },
];

/// The accounts and their roles, with what was done to them.
pub(super) struct Cast {
    /// As they were asked in, and as they are since they have left.
    people: Vec<(User, Option<User>)>,
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
        people: Vec::new(),
        roles: Vec::new(),
        accounts: Vec::new(),
        events: Vec::new(),
        owners: HashMap::new(),
    };
    let morning = |days: u32| now.minus(DAY * days).floor_to(DAY).plus(MORNING);
    for (name, role, left) in PEOPLE {
        let known = morning(AGE);
        let address = name.split(' ').next().unwrap_or_default().to_lowercase();
        let user = User {
            id: UserId::fresh(&Then(known), random),
            organisation,
            email: format!("{}@example.com", address.replace('á', "a")),
            name: name.to_owned(),
            status: UserStatus::Active,
            operator: false,
            roles: vec![role.id()],
            has_password: false,
            has_second_factor: false,
            created_at: known,
            created_by: by.clone(),
            last_sign_in_at: None,
            version: 1,
        };
        let changes = user::difference(None, &user);
        let target = user::target(&user);
        cast.events
            .push(event(known, by, "user.invite", target.clone(), changes));
        let gone = left.map(|days| {
            let gone = User {
                status: UserStatus::Disabled,
                ..user.clone()
            };
            let changes = user::difference(Some(&user), &gone);
            cast.events
                .push(event(morning(days), by, "user.disable", target, changes));
            gone
        });
        cast.people.push((user, gone));
    }
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
            owner: cast.people.get(system.owner).map(|(user, _)| user.id),
            purpose: system.purpose.to_owned(),
            tags: Vec::new(),
            roles: vec![role.id, Builtin::ServiceAccount.id()],
            rate_limits: Vec::new(),
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
    for (user, gone) in cast.people {
        tx.insert_user(&user).await?;
        if let Some(mut gone) = gone {
            tx.update_user(&mut gone).await?;
        }
    }
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
