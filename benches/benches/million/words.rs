//! What the million keys are called and what they are for: words of every frequency, from half of the keys to one.

use domain::id::KeyId;
use store::db::Value;
use store::params;
use uuid::Uuid;

use super::ORGANISATION;

/// How many keys.
pub(crate) const KEYS: u64 = 1_000_000;
/// When the first key was made, in microseconds: 2023-01-01.
pub(crate) const CREATED: i64 = 1_672_531_200_000_000;
/// The instant of the measurements: 2026-01-01.
pub(crate) const NOW: i64 = 1_767_225_600_000_000;
const DAY: i64 = 86_400_000_000;

/// 40 x 25 customers, each in a thousandth of the keys.
const FRONT: [&str; 40] = [
    "North", "Cold", "Blue", "Iron", "Silver", "Green", "Oak", "River", "Stone", "High", "Bright", "Swift",
    "Clear", "Red", "Deep", "Golden", "Amber", "Falcon", "Harbour", "Maple", "Summit", "Crystal", "Prime",
    "Union", "Vista", "Delta", "Nova", "Alpine", "Coastal", "Granite", "Meridian", "Orchard", "Pioneer",
    "Quantum", "Raven", "Sierra", "Timber", "Vector", "Willow", "Zenith",
];
const BACK: [&str; 25] = [
    "wind", "trace", "field", "works", "ware", "bridge", "gate", "port", "line", "stack", "forge", "path",
    "view", "point", "grid", "mark", "dale", "ford", "haven", "crest", "loop", "cast", "link", "peak",
    "shore",
];
/// 20 x 10 sites, each in a two-hundredth.
const TOWN: [&str; 20] = [
    "Ash", "Brix", "Carl", "Dun", "Elm", "Fern", "Gris", "Holm", "Ing", "Kirk", "Lang", "Mill", "Nor", "Ox",
    "Pem", "Ros", "Shef", "Tun", "Ul", "Wey",
];
const HAM: [&str; 10] = [
    "ham", "by", "ton", "stead", "worth", "mouth", "bury", "combe", "leigh", "minster",
];
/// Each in a tenth.
const THINGS: [&str; 10] = [
    "invoices",
    "orders",
    "shipments",
    "measurements",
    "contracts",
    "timesheets",
    "tickets",
    "payslips",
    "catalogues",
    "reports",
];
const PURPOSE: [&str; 12] = [
    "Sync",
    "Export",
    "Import",
    "Gateway",
    "Monitoring",
    "Integration",
    "Nightly Batch",
    "Webhook",
    "Mobile App",
    "Dashboard",
    "Backup",
    "Provisioning",
];
const SYSTEM: [&str; 16] = [
    "SAP",
    "Salesforce",
    "QuickBooks",
    "Grafana",
    "Datadog",
    "Jenkins",
    "Ansible",
    "Terraform",
    "Snowflake",
    "Kafka",
    "Workday",
    "Shopify",
    "Zendesk",
    "HubSpot",
    "NetSuite",
    "ServiceNow",
];
const MAKER: [&str; 20] = [
    "Ana Ruiz",
    "Ben Okafor",
    "Chen Wei",
    "Dora Novak",
    "Emil Berg",
    "Fatima Zahra",
    "Gus Lind",
    "Hana Sato",
    "Ivan Petrov",
    "Jana Kral",
    "Karl Weiß",
    "Lena Fischer",
    "Marco Rossi",
    "Nina Shah",
    "Omar Haddad",
    "Petra Jung",
    "Quinn Ross",
    "Rosa Diaz",
    "Sven Dahl",
    "Tara Singh",
];

/// A good mixer of 64 bits (splitmix64, Steele et al. 2014).
pub(crate) fn mix(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn pick(number: u64, what: u64, count: usize) -> usize {
    (mix(number.wrapping_mul(64).wrapping_add(what)) % count as u64) as usize
}

/// The ticket that key `number` was asked for in; no other key has it.
pub(crate) fn ticket(number: u64) -> String {
    // 700001 has no factor in common with the million, so that this is a permutation.
    format!("OPS-{:06}", number * 700_001 % KEYS)
}

/// The masked form of key `number`.
pub(crate) fn display(number: u64) -> String {
    const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let part = |from: u64| -> String {
        (from..from + 4)
            .map(|n| char::from(ALPHABET[pick(number, 40 + n, 62)]))
            .collect()
    };
    format!("sk_live_{}…{}", part(0), part(4))
}

/// The digest of key `number`.
pub(crate) fn digest(number: u64) -> [u8; 32] {
    let mut digest = [0; 32];
    for (word, bytes) in digest.chunks_exact_mut(8).enumerate() {
        bytes.copy_from_slice(
            &mix(number.wrapping_mul(8).wrapping_add(word as u64) ^ 0x00c0_ffee).to_be_bytes(),
        );
    }
    digest
}

fn created(number: u64) -> i64 {
    CREATED + number as i64 * ((NOW - CREATED) / KEYS as i64)
}

fn id(number: u64) -> KeyId {
    let millis = u128::try_from(created(number) / 1000).unwrap_or(0);
    KeyId::from_uuid(Uuid::from_u128(
        millis << 80 | 7 << 76 | 2 << 62 | u128::from(mix(number) >> 2),
    ))
}

fn name(number: u64) -> String {
    let company = format!("{}{}", FRONT[pick(number, 0, 40)], BACK[pick(number, 1, 25)]);
    let (system, purpose) = (SYSTEM[pick(number, 2, 16)], PURPOSE[pick(number, 3, 12)]);
    match pick(number, 4, 3) {
        0 => format!("{company} {system} {purpose}"),
        1 => format!("{system} {purpose} - {company}"),
        _ => format!("{purpose} {system} {:04}", pick(number, 5, 10_000)),
    }
}

fn description(number: u64) -> String {
    let company = format!("{}{}", FRONT[pick(number, 0, 40)], BACK[pick(number, 1, 25)]);
    let town = format!("{}{}", TOWN[pick(number, 6, 20)], HAM[pick(number, 7, 10)]);
    let thing = THINGS[pick(number, 8, 10)];
    let stage = ["production", "staging", "production", "development"][pick(number, 9, 4)];
    // What only old keys have: 2 % of all, the oldest.
    let old = if number < KEYS / 50 {
        " Predecessor: gateway v1."
    } else {
        ""
    };
    format!(
        "Sends {thing} of {company} to {town} ({stage}). Asked for in {}.{old}",
        ticket(number)
    )
}

/// Eight in a hundred are over, five are switched off, and three in five have an end; none has expired by `NOW`.
pub(crate) fn key_row(number: u64) -> Vec<Value> {
    let (name, description, display) = (name(number), description(number), display(number));
    let search = format!("{name}\n{description}\n{display}").to_lowercase();
    let maker = MAKER[pick(number, 10, 20)];
    let created = created(number);
    let state = pick(number, 11, 100);
    let end = match pick(number, 12, 100) {
        0..40 => None,
        _ => Some(NOW + DAY / 24 + pick(number, 13, 400) as i64 * DAY + pick(number, 14, 1 << 30) as i64),
    };
    let (revoked, deleted) = (
        (state < 8).then_some(created + DAY),
        (state < 2).then_some(created + 2 * DAY),
    );
    let by = format!("{{\"type\":\"user\",\"name\":\"{maker}\"}}");
    let used = (state >= 30).then_some(NOW - pick(number, 15, 1 << 40) as i64);
    params![
        id(number),
        ORGANISATION,
        number as i64 + 1,
        &name,
        name.to_lowercase(),
        &description,
        search,
        "organisation",
        ORGANISATION,
        "[\"orders:view\",\"customers:*\"]",
        "[]",
        "[]",
        "{}",
        "[\"ops@example.com\"]",
        display,
        !(8..13).contains(&state),
        state > 97,
        end,
        revoked,
        revoked.map(|_| by.clone()),
        deleted,
        created,
        by,
        maker.to_lowercase(),
        created,
        used,
        1_i64,
    ]
    .to_vec()
}

/// A quarter of the keys are tagged.
pub(crate) fn label_row(number: u64) -> Option<Vec<Value>> {
    let tag = ["billing", "warehouse", "partner", "internal"][pick(number, 16, 4)];
    number
        .is_multiple_of(4)
        .then(|| params![ORGANISATION, "tag", tag, id(number)].to_vec())
}

/// The one secret of key `number`.
pub(crate) fn secret_row(number: u64) -> Vec<Value> {
    let secret = Uuid::from_u128(u128::from(mix(number)) << 64 | u128::from(number));
    params![
        secret,
        ORGANISATION,
        id(number),
        digest(number),
        display(number),
        created(number)
    ]
    .to_vec()
}
