//! The integrations of the sample that have names: what people really connect, with what it may do and for how long.

use super::sample::{Fate, Sample, Traffic};

struct Named {
    name: &'static str,
    description: &'static str,
    /// Apart by spaces, as are the next two.
    permissions: &'static str,
    tags: &'static str,
    networks: &'static str,
    partner: Option<&'static str>,
    protected: bool,
    age: u32,
    life: Option<u32>,
    fate: Fate,
    rotate_every: Option<u32>,
    rotating: Option<u32>,
    traffic: Traffic,
    volume: u32,
}

const PLAIN: Named = Named {
    name: "",
    description: "",
    permissions: "",
    tags: "",
    networks: "",
    partner: None,
    protected: false,
    age: 200,
    life: None,
    fate: Fate::Lives,
    rotate_every: None,
    rotating: None,
    traffic: Traffic::Office,
    volume: 60,
};

/// Keys that manage keys: the others were made and changed with them.
pub(super) const MANAGERS: [(&str, &str, &str); 3] = [
    (
        "Operations Console",
        "The operations team's own tool for keys",
        "claviger:* *",
    ),
    (
        "Release Pipeline",
        "Makes and rotates keys of services as they are deployed",
        "claviger:keys.* claviger:usage.read *",
    ),
    (
        "Security Desk",
        "Reviews, revokes and reads the audit log",
        "claviger:* *",
    ),
];

const NAMED: &[Named] = &[
    Named {
        name: "SAP-ERP-Integration",
        description: "Purchase orders, financial approvals",
        permissions: "purchase_orders:view purchase_orders:create approvals:view approvals:submit",
        tags: "erp finance production",
        networks: "198.51.100.0/24",
        protected: true,
        age: 400,
        life: Some(730),
        rotate_every: Some(180),
        volume: 340,
        ..PLAIN
    },
    Named {
        name: "HR-System-API",
        description: "Employee onboarding, leave requests",
        permissions: "employees:view employees:create leave_requests:*",
        tags: "hr production",
        networks: "192.0.2.0/25",
        age: 300,
        life: Some(365),
        volume: 90,
        ..PLAIN
    },
    Named {
        name: "FieldWorker-Mobile-App",
        description: "Field inspections, maintenance reports",
        permissions: "inspections:view inspections:create maintenance_reports:create",
        tags: "mobile production",
        age: 210,
        rotate_every: Some(104),
        rotating: Some(2),
        traffic: Traffic::Public,
        volume: 900,
        ..PLAIN
    },
    Named {
        name: "IoT-Monitoring-System",
        description: "Equipment alerts, environmental monitoring",
        permissions: "equipment:view alerts:create readings:create",
        tags: "iot production",
        protected: true,
        age: 330,
        rotate_every: Some(90),
        traffic: Traffic::Machine,
        volume: 2400,
        ..PLAIN
    },
    Named {
        name: "Customer-Portal-API",
        description: "Service requests, support tickets",
        permissions: "service_requests:view service_requests:create tickets:*",
        tags: "portal production",
        age: 350,
        life: Some(365),
        traffic: Traffic::Public,
        volume: 1300,
        ..PLAIN
    },
    Named {
        name: "Nightly-Batch-Service",
        description: "Bulk application processing",
        permissions: "applications:view applications:process",
        tags: "batch production",
        networks: "10.20.0.0/16",
        age: 500,
        rotate_every: Some(120),
        traffic: Traffic::Nightly,
        volume: 5200,
        ..PLAIN
    },
    Named {
        name: "Ansible Provisioning Server",
        description: "Used by provisioning automation",
        permissions: "provisioning:* services:view services:create inventory:view inventory:update",
        tags: "automation production",
        networks: "192.0.2.17/32 2001:db8:20::/48",
        age: 140,
        life: Some(365),
        traffic: Traffic::Office,
        volume: 45,
        ..PLAIN
    },
    Named {
        name: "Billing Sync - QuickBooks",
        description: "Read-only export for billing; a new key each quarter",
        permissions: "customers:view transactions:view invoices:view",
        tags: "billing third-party",
        age: 40,
        life: Some(90),
        traffic: Traffic::Nightly,
        volume: 780,
        ..PLAIN
    },
    Named {
        name: "Monitoring - Grafana",
        description: "Prometheus and Grafana metrics; needs continuous access",
        permissions: "services:view provisioning:view",
        tags: "monitoring production",
        networks: "10.20.4.0/24",
        age: 620,
        traffic: Traffic::Machine,
        volume: 240,
        ..PLAIN
    },
    Named {
        name: "Customer Portal Backend",
        description: "Customer self-service portal",
        permissions: "customers:view_own services:view_own payments:create",
        tags: "portal production",
        age: 60,
        life: Some(180),
        traffic: Traffic::Public,
        volume: 700,
        ..PLAIN
    },
    Named {
        name: "ColdTrace Sensor Uploads",
        description: "ColdTrace sends the temperatures of cold chain equipment",
        permissions: "cce:view cce:edit",
        tags: "partner cold-chain",
        partner: Some("ColdTrace"),
        age: 260,
        rotate_every: Some(128),
        rotating: Some(4),
        traffic: Traffic::Machine,
        volume: 620,
        ..PLAIN
    },
    Named {
        name: "ColdTrace Equipment Catalogue",
        description: "ColdTrace reads the equipment inventory",
        permissions: "cce:view",
        tags: "partner cold-chain",
        partner: Some("ColdTrace"),
        age: 171,
        life: Some(180),
        traffic: Traffic::Weekly,
        volume: 40,
        ..PLAIN
    },
    Named {
        name: "MediRoute Deliveries",
        description: "MediRoute confirms what it has delivered",
        permissions: "fulfillment:view fulfillment:edit",
        tags: "partner logistics",
        partner: Some("MediRoute"),
        age: 120,
        life: Some(365),
        volume: 130,
        ..PLAIN
    },
    Named {
        name: "VaxLink Requisitions",
        description: "VaxLink places and follows requisitions",
        permissions: "requisition:view requisition:create",
        tags: "partner logistics",
        partner: Some("VaxLink"),
        age: 88,
        life: Some(365),
        volume: 75,
        ..PLAIN
    },
    Named {
        name: "Library Sign-in Connector",
        description: "Checks local sign-ins for the library",
        permissions: "authentication:verify",
        tags: "library",
        age: 352,
        life: Some(365),
        traffic: Traffic::Public,
        volume: 210,
        ..PLAIN
    },
    Named {
        name: "Statistics Report Download",
        description: "Monthly usage reports for the board",
        permissions: "reports:view",
        tags: "library reporting",
        age: 377,
        life: Some(365),
        traffic: Traffic::Nightly,
        volume: 12,
        ..PLAIN
    },
    Named {
        name: "Work Order Sync - Maximo",
        description: "Work orders and assets, both ways",
        permissions: "work_orders:* assets:view",
        tags: "maintenance production",
        networks: "198.51.100.40/29",
        age: 190,
        rotate_every: Some(90),
        volume: 160,
        ..PLAIN
    },
    Named {
        name: "Data Warehouse Loader",
        description: "Loads orders and invoices into the warehouse",
        permissions: "orders:view invoices:view customers:view",
        tags: "analytics",
        age: 280,
        traffic: Traffic::Nightly,
        volume: 3100,
        ..PLAIN
    },
    Named {
        name: "Provisioning System",
        description: "The old provisioning host",
        permissions: "provisioning:* services:*",
        tags: "automation",
        age: 590,
        fate: Fate::Revoked {
            ago: 130,
            reason: "replaced by Ansible Provisioning Server",
        },
        ..PLAIN
    },
    Named {
        name: "CI Smoke Tests",
        description: "Runs after each deployment",
        permissions: "services:view orders:create",
        tags: "ci",
        age: 75,
        fate: Fate::Revoked {
            ago: 6,
            reason: "the token was found in a public repository",
        },
        traffic: Traffic::Office,
        volume: 35,
        ..PLAIN
    },
    Named {
        name: "Contractor Reports - Lindqvist",
        description: "Reports during the audit of last year",
        permissions: "reports:view",
        tags: "contractor",
        age: 240,
        fate: Fate::Revoked {
            ago: 95,
            reason: "the contract has ended",
        },
        volume: 8,
        ..PLAIN
    },
    Named {
        name: "Legacy Billing Export",
        description: "Kept off until finance has confirmed that nobody needs it",
        permissions: "invoices:view",
        tags: "billing legacy",
        age: 640,
        fate: Fate::Disabled { ago: 12 },
        traffic: Traffic::Nightly,
        volume: 150,
        ..PLAIN
    },
    Named {
        name: "Partner Sandbox - NexPharm",
        description: "Trial access for NexPharm",
        permissions: "requisition:view",
        tags: "partner sandbox",
        partner: Some("NexPharm"),
        age: 310,
        fate: Fate::Deleted { ago: 160 },
        volume: 5,
        ..PLAIN
    },
];

const CONTACTS: [&str; 6] = [
    "integrations@example.com",
    "platform@example.com",
    "finance-systems@example.com",
    "oncall@example.com",
    "partners@example.com",
    "data@example.com",
];

/// Whom to write to about the `n`th key.
pub(super) fn contact(n: usize) -> &'static str {
    CONTACTS[n % CONTACTS.len()]
}

pub(super) fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

/// The keys with names, managers first.
pub(super) fn samples() -> Vec<Sample> {
    let managers = MANAGERS.iter().map(|(name, description, permissions)| Named {
        name,
        description,
        permissions,
        tags: "management",
        age: 799,
        volume: 6,
        ..PLAIN
    });
    let named = NAMED.iter().map(|named| Named { ..*named });
    let all = managers.chain(named).enumerate();
    all.map(|(n, named)| Sample {
        name: named.name.to_owned(),
        description: named.description.to_owned(),
        permissions: words(named.permissions),
        networks: words(named.networks),
        tags: words(named.tags),
        contact: if named.partner.is_some() {
            CONTACTS[4]
        } else {
            contact(n)
        },
        partner: named.partner,
        protected: named.protected,
        age: named.age,
        life: named.life,
        fate: named.fate,
        rotate_every: named.rotate_every,
        rotating: named.rotating,
        traffic: named.traffic,
        volume: named.volume,
    })
    .collect()
}
