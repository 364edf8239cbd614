//! OpenAthens. A key has a name, one of three permission levels, and an expiry date on which it no longer works. The level
//! becomes the role of that name, which the preset `openathens` makes.

use domain::clock::Timestamp;
use domain::policy::End;

use super::super::row::KeyRow;
use super::Source;

/// Their levels, as they are written and as programs write them, and the roles that the preset makes of them.
const LEVELS: [(&str, &str, &str); 3] = [
    ("authenticationapi", "authentication", "Authentication API"),
    ("reportsapi", "reports", "Reports API"),
    ("fullaccess", "full", "Full access"),
];

pub(super) fn row(source: &mut Source) -> KeyRow {
    let level = source.text(&["permission_level", "permissions", "level", "permission"]);
    let roles = level.map(|text| {
        let word = super::plain(&text);
        let known = LEVELS
            .iter()
            .find(|(whole, short, _)| *whole == word || *short == word);
        // A level of the organisation's own keeps its name.
        vec![known.map_or(text, |(_, _, role)| (*role).to_owned())]
    });
    let expires_at = source.end(&["expiry_date", "expiry", "expires", "expires_at"]);
    // Dead on the date, whatever the policy makes of a date here.
    let expires_at = expires_at.map(|end| match end {
        End::On(date) => Timestamp::parse(&format!("{date}T00:00:00Z")).map_or(end, End::At),
        at => at,
    });
    let email = source.text(&["email", "created_by_email"]);
    source.keep("created_by", &["created_by"]);
    KeyRow {
        name: source.text(&["name"]),
        roles,
        secret: source.secret(&["key", "api_key"]),
        secret_sha256: source.text(&["key_hash", "hash"]),
        contacts: email.map(|email| vec![email]),
        created_at: source.instant(&["created", "created_at"]),
        expires_at,
        enabled: source.flag(&["status", "enabled", "active"]),
        external_id: source.text(&["id"]),
        ..KeyRow::default()
    }
}
