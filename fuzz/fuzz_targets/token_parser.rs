//! Any bytes at all may arrive where a token is expected: the parser must neither break nor let odd ones through.
#![no_main]

use domain::token::{MAX_PRESENTED, Presented};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let trimmed = bytes.trim_ascii();
    let good = (1..=MAX_PRESENTED).contains(&trimmed.len()) && trimmed.iter().all(u8::is_ascii_graphic);
    let Ok(seen) = Presented::parse(bytes) else {
        // Over-long input may be refused before its white space is trimmed.
        assert!(!good || bytes.len() > 2 * MAX_PRESENTED);
        return;
    };
    assert!(good);
    assert_eq!(seen.as_bytes(), trimmed);
    assert_eq!(seen.expose().as_bytes(), trimmed);
    assert_eq!(
        seen.prefix(),
        seen.expose().rsplit_once('_').map_or("", |(before, _)| before)
    );
    assert!(!seen.has_valid_checksum() || seen.is_claviger_shaped());
    assert_eq!(seen.to_token().as_presented().expose(), seen.expose());

    let display = seen.display();
    let shown = display.as_str().chars().filter(|c| *c != '…').count();
    assert!(shown == 0 || seen.expose().len() - shown >= 24);
    assert!(!format!("{seen:?}").contains(seen.expose()) || seen.expose().len() < 20);
});
