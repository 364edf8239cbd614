//! What people see when they start Claviger, and what they can paste next.

use std::net::SocketAddr;

use app::setup::Initialised;
use domain::token::Token;
use zeroize::Zeroizing;

use crate::config::{Config, Plane};
use crate::server::{Server, reachable};

/// The set-up link, as browsers reach it.
pub(super) fn setup_url(config: &Config, management: SocketAddr, setup: &Token) -> Zeroizing<String> {
    let listening = format!("{}://{}", config.scheme(Plane::Management), reachable(management));
    let base = config.web.public_url.as_deref().unwrap_or(&listening);
    Zeroizing::new(format!("{}/setup/{}", base.trim_end_matches('/'), setup.expose()))
}

/// The secrets of a new installation.
pub(super) fn secrets(made: &Initialised, setup_url: &str) -> Zeroizing<String> {
    Zeroizing::new(format!(
        "Organisation \"{}\" was made. Its first secrets are shown this once:\n\n  \
         Set-up link      {setup_url}\n                   \
         (works once, until {})\n  \
         Management key   {}\n",
        made.organisation.name,
        made.setup_until,
        made.management_key.expose()
    ))
}

/// Three commands to paste, one after the other: make a key, verify it, revoke it.
fn curl(management: &str, verification: &str, key: &str) -> Zeroizing<String> {
    let json = "-H 'Content-Type: application/json'";
    let field = |name: &str| format!("$(echo \"$CREATED\" | sed -E 's/.*\"{name}\":\"([^\"]+)\".*/\\1/')");
    Zeroizing::new(format!(
        "CREATED=$(curl -s {management}/v1/keys -H 'Authorization: Bearer {key}' {json} \
         -d '{{\"name\":\"Billing Sync\",\"permissions\":[\"invoices:view\"],\"expires_in\":\"90d\"}}'); echo \"$CREATED\"\n  \
         curl -s {verification}/v1/verify {json} \
         -d \"{{\\\"key\\\":\\\"{secret}\\\",\\\"permissions\\\":\\\"invoices:view\\\"}}\"\n  \
         curl -s -X POST {management}/v1/keys/$(echo \"$CREATED\" | sed -E 's/^.\"id\":\"([^\"]+)\".*/\\1/')/revoke \
         -H 'Authorization: Bearer {key}'\n",
        secret = field("secret"),
    ))
}

/// All that is said when the server listens.
pub(super) fn text(server: &Server, config: &Config, made: Option<&Initialised>) -> Zeroizing<String> {
    let at = |plane, address| format!("{}://{}", config.scheme(plane), reachable(address));
    let management = at(Plane::Management, server.management);
    let verification = at(Plane::Verification, server.verification);
    let mut text = Zeroizing::new(format!(
        "\nClaviger {} is running; stop it with Ctrl-C.\n\n  \
         Management API   {management}\n  \
         Verification     {verification}\n  \
         Database         {}\n  \
         Command line     claviger --data {} keys list\n",
        env!("CARGO_PKG_VERSION"),
        config.target(),
        config.data.display(),
    ));
    let Some(made) = made else { return text };
    let url = setup_url(config, server.management, &made.setup);
    text.push('\n');
    text.push_str(&secrets(made, &url));
    text.push_str("\nPaste these one by one: make a key, verify it, revoke it.\n\n  ");
    text.push_str(&curl(&management, &verification, made.management_key.expose()));
    text
}
