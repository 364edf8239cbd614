//! The many keys beside the named ones: every department's usual exports, imports and dashboards, in every status.

use domain::key::Status;

use super::dice::Dice;
use super::named::{contact, words};
use super::sample::{Fate, Sample, Traffic};

/// How many keys of the sample are in which status; with the management key that is handed out they are 200.
pub(super) const TARGETS: [(Status, usize); 6] = [
    (Status::Active, 117),
    (Status::ExpiringSoon, 22),
    (Status::Expired, 16),
    (Status::Disabled, 10),
    (Status::Revoked, 22),
    (Status::Deleted, 12),
];

/// What it is about, the resource, the department.
const AREAS: [(&str, &str, &str); 12] = [
    ("Invoice", "invoices", "finance"),
    ("Stock", "stock", "warehouse"),
    ("Order", "orders", "sales"),
    ("Shipment", "shipments", "logistics"),
    ("Customer", "customers", "sales"),
    ("Ticket", "tickets", "support"),
    ("Product", "products", "marketing"),
    ("Payroll", "payroll", "people"),
    ("Sensor", "readings", "operations"),
    ("Claim", "claims", "finance"),
    ("Appointment", "appointments", "support"),
    ("Contract", "contracts", "legal"),
];

/// What is done with it, the actions, when, and how often.
const WORKS: [(&str, &str, Traffic, u32); 8] = [
    ("Sync", "view update", Traffic::Machine, 120),
    ("Export", "view", Traffic::Nightly, 900),
    ("Dashboard", "view", Traffic::Office, 40),
    ("Mobile App", "view create", Traffic::Public, 260),
    ("Import", "create", Traffic::Nightly, 1500),
    ("Archive", "view", Traffic::Weekly, 300),
    ("Reconciliation", "view update", Traffic::Office, 25),
    ("Webhook Relay", "view", Traffic::Machine, 70),
];

const REGIONS: [&str; 2] = ["EU", "US"];
const LIVES: [u32; 4] = [90, 180, 365, 730];
const REASONS: [&str; 6] = [
    "no longer used",
    "replaced by a key with fewer permissions",
    "the project has ended",
    "the token was sent by mail",
    "the vendor was changed",
    "nobody could say what it was for",
];

/// As many keys as `named` leaves open of the [`TARGETS`].
pub(super) fn samples(named: &[Sample], dice: &mut Dice) -> Vec<Sample> {
    let mut statuses: Vec<Status> = TARGETS
        .iter()
        .flat_map(|&(status, target)| {
            let have = named.iter().filter(|sample| sample.status() == status).count();
            std::iter::repeat_n(status, target.saturating_sub(have))
        })
        .collect();
    dice.shuffle(&mut statuses);
    let numbered = statuses.into_iter().enumerate();
    numbered.map(|(n, status)| sample(n, status, dice)).collect()
}

fn sample(n: usize, status: Status, dice: &mut Dice) -> Sample {
    let (area, resource, department) = AREAS[n % AREAS.len()];
    let (work, actions, usual, volume) = WORKS[n / AREAS.len() % WORKS.len()];
    let region = REGIONS[n / (AREAS.len() * WORKS.len()) % REGIONS.len()];
    let (age, life) = age_and_life(status, dice);
    let network = format!("198.51.100.{}/28", 16 * dice.between(0, 15));
    let traffic = match dice.between(1, 100) {
        1..=9 if age > 60 => Traffic::Idle,
        10..=15 => Traffic::Never,
        _ => usual,
    };
    let every = dice.pick(&[90, 120, 180]);
    Sample {
        name: format!("{area} {work} - {region}"),
        description: format!("{work} of {resource} for {department}, {region}"),
        permissions: words(actions)
            .iter()
            .map(|action| format!("{resource}:{action}"))
            .collect(),
        networks: if dice.chance(25) {
            vec![network]
        } else {
            Vec::new()
        },
        tags: vec![department.to_owned(), region.to_lowercase()],
        contact: contact(n),
        partner: None,
        protected: status == Status::Active && dice.chance(5),
        age,
        life,
        fate: fate(status, age, dice),
        rotate_every: dice.chance(40).then_some(every),
        rotating: (status == Status::Active && age > 20 && dice.chance(5)).then(|| dice.between(1, 5)),
        traffic,
        volume: volume * dice.between(40, 180) / 100,
    }
}

fn age_and_life(status: Status, dice: &mut Dice) -> (u32, Option<u32>) {
    let life = dice.pick(&LIVES[..3]);
    match status {
        Status::ExpiringSoon => (life - dice.between(2, 28), Some(life)),
        Status::Expired => (life + dice.between(2, 120), Some(life)),
        _ if dice.chance(30) => (dice.between(5, 700), None),
        _ => {
            let life = dice.pick(&LIVES);
            (dice.between(3, life - 35), Some(life))
        }
    }
}

fn fate(status: Status, age: u32, dice: &mut Dice) -> Fate {
    let mut ago = |most: u32| dice.between(1, most.min(age - 1).max(1));
    match status {
        Status::Disabled => Fate::Disabled { ago: ago(60) },
        Status::Deleted => Fate::Deleted { ago: ago(300) },
        Status::Revoked => Fate::Revoked {
            ago: ago(200),
            reason: dice.pick(&REASONS),
        },
        _ => Fate::Lives,
    }
}
