//! Uses of sample keys that are unlike them.

use std::time::Duration;

use domain::anomaly::Anomaly;
use domain::clock::Timestamp;

const HOUR: Duration = Duration::from_secs(3_600);

/// What was seen of the key of that name.
pub(super) fn of(name: &str, now: Timestamp) -> Option<Anomaly> {
    match name {
        "Billing Sync - QuickBooks" => Some(Anomaly::NewNetwork {
            at: now.minus(HOUR / 2),
            network: "198.51.100.0/24".to_owned(),
            networks_before: 1,
        }),
        "IoT-Monitoring-System" => Some(Anomaly::VolumeJump {
            hour: now.floor_to(HOUR).minus(HOUR),
            requests: 48_210,
            busiest_before: 1_932,
        }),
        _ => None,
    }
}
