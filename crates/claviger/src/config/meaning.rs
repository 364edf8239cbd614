//! What settings mean to the parts that run by them, and which cannot stand together.

use std::sync::Arc;
use std::time::Duration;

use domain::clock::Steered;
use domain::span::Span;
use store::db::Target;

use super::{Config, ConfigError, Freshness, GRPC, Plane, Tell};

impl Config {
    /// What people call this server.
    pub(crate) fn node_name(&self) -> String {
        let host = || rustix::system::uname().nodename().to_string_lossy().into_owned();
        self.node.name.clone().unwrap_or_else(host)
    }

    /// Whether this server can be one of several as the settings say; they are held to that on SQLite, too, where it is the only one.
    pub(crate) fn check_node(&self) -> Result<(), ConfigError> {
        let within = |span: Span, longest: u64| (1..=longest).contains(&span.duration().as_secs());
        if !within(self.node.lease, 60) {
            return Err(ConfigError::Lease);
        }
        if !within(self.node.static_max, 86_400) {
            return Err(ConfigError::StaticMax);
        }
        Ok(())
    }

    /// This server among others, with the clock that follows the database's.
    pub(crate) fn node(&self, steered: Arc<Steered>) -> Result<app::NodeSettings, ConfigError> {
        self.check_node()?;
        Ok(app::NodeSettings {
            lease: self.node.lease.duration(),
            stale: match self.node.freshness {
                Freshness::Strict => Duration::ZERO,
                Freshness::Static => self.node.static_max.duration(),
            },
            steered: Some(steered),
        })
    }

    /// Where the database is.
    pub(crate) fn target(&self) -> Target {
        match &self.database {
            Some(url) => Target::Postgres(url.clone()),
            None => Target::Sqlite(self.data.join("claviger.db")),
        }
    }

    /// How people sign in, and how they are written to.
    pub(crate) fn people(&self) -> Result<app::People, ConfigError> {
        let public_url = self.web.public_url.clone();
        let is_origin = |url: &str| {
            url.split_once("://").is_some_and(|(scheme, host)| {
                matches!(scheme, "http" | "https")
                    && !host.is_empty()
                    && !host.trim_end_matches('/').contains(['/', '?', '#', '@', ' '])
            })
        };
        if public_url.as_deref().is_some_and(|url| !is_origin(url)) {
            return Err(ConfigError::PublicUrl);
        }
        let (idle, absolute) = (self.sign_in.idle, self.sign_in.absolute);
        if idle == Span::ZERO || idle > absolute {
            return Err(ConfigError::SignIn);
        }
        let mail = match (self.mail.url.clone(), self.mail.from.clone()) {
            (Some(url), Some(from)) => Some(app::mail::MailSettings { url, from }),
            (None, None) => None,
            _ => return Err(ConfigError::Mail),
        };
        let oidc = match (self.oidc.issuer.clone(), self.oidc.client_id.clone()) {
            (Some(issuer), Some(client_id)) => Some(app::oidc::OidcSettings {
                issuer,
                client_id,
                client_secret: self.oidc.client_secret.clone().map(Into::into),
                organisation: self.oidc.organisation.clone(),
            }),
            (None, None) => None,
            _ => return Err(ConfigError::Oidc),
        };
        Ok(app::People {
            oidc,
            public_url,
            proxies: self.web.proxies.clone(),
            idle: idle.duration(),
            absolute: absolute.duration(),
            mail,
        })
    }

    /// Where each answer is written, if anywhere.
    pub(crate) fn stream(&self) -> Option<app::StreamSettings> {
        let directory = self.stream.directory.clone()?;
        Some(app::StreamSettings {
            directory,
            max_bytes: u64::from(self.stream.max_mib.max(1)) << 20,
            keep: self.stream.keep,
        })
    }

    /// What the doors take for granted.
    pub(crate) fn doors(&self) -> Result<web::gate::Settings, ConfigError> {
        let names = self.doors.sources.iter().map(String::as_str);
        let places = web::gate::Settings::places(names).map_err(ConfigError::Sources)?;
        Ok(web::gate::Settings {
            gateways: self.doors.gateways.clone(),
            places: places.into_owned(),
            tell: match self.doors.tell {
                Tell::Generic => web::gate::Tell::Generic,
                Tell::Coded => web::gate::Tell::Coded,
            },
        })
    }

    /// Who may ask at the verification listeners.
    pub(crate) fn guard(&self) -> Result<web::gate::Guard, ConfigError> {
        match &self.verification.gateway_token {
            Some(token) => Ok(web::gate::Guard::Token(Arc::from(token.as_str()))),
            None if self.verification.open => Ok(web::gate::Guard::Open),
            None => {
                let all = [
                    (self.listen.verification, Plane::Verification),
                    (self.listen.grpc.unwrap_or(GRPC), Plane::Grpc),
                ];
                let is_exposed = |(address, plane): &(std::net::SocketAddr, Plane)| {
                    !address.ip().is_loopback() && !self.is_mutual(*plane)
                };
                match all.into_iter().find(is_exposed) {
                    Some((exposed, _)) => Err(ConfigError::Exposed(exposed)),
                    None => Ok(web::gate::Guard::Open),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::config::reading::tests::with;

    #[test]
    fn a_lease_and_what_comes_after_it_have_bounds() {
        let check = |name: &str, value: &str| with("", &[(name, value)]).expect("settings").check_node();
        for (name, good, bad) in [
            ("CLAVIGER_NODE_LEASE", ["1s", "60s"], ["0s", "61s"]),
            ("CLAVIGER_NODE_STATIC_MAX", ["1s", "24h"], ["0s", "25h"]),
        ] {
            assert!(good.iter().all(|value| check(name, value).is_ok()), "{name}");
            assert!(bad.iter().all(|value| check(name, value).is_err()), "{name}");
        }
    }

    #[test]
    fn settings_about_people_that_cannot_stand_are_refused() {
        for text in [
            "[web]\npublic_url = \"keys.example.com\"\n",
            "[web]\npublic_url = \"https://keys.example.com/path\"\n",
            "[web]\npublic_url = \"ftp://keys.example.com\"\n",
            "[sign_in]\nidle = \"0s\"\n",
            "[sign_in]\nidle = \"1d\"\n",
            "[oidc]\nissuer = \"https://id.example.com\"\n",
            "[mail]\nurl = \"smtp://127.0.0.1\"\n",
        ] {
            assert!(with(text, &[]).expect("settings").people().is_err(), "{text}");
        }
        let variables = [
            ("CLAVIGER_SIGN_IN_IDLE", "5m"),
            ("CLAVIGER_WEB_PUBLIC_URL", "https://keys.example.com/"),
        ];
        let people = with("", &variables).expect("settings").people().expect("people");
        assert_eq!(people.idle.as_secs(), 300);
        let hidden = with("[mail]\nurl = \"smtp://u:hush@h\"\nfrom = \"a@b.c\"\n", &[]).expect("settings");
        assert!(!format!("{hidden:?} {:?}", hidden.people()).contains("hush"));
    }

    #[test]
    fn a_verification_listener_that_others_can_reach_needs_a_word() {
        let exposed = with("[listen]\nverification = \"0.0.0.0:7401\"\n", &[]).expect("settings");
        assert!(exposed.guard().is_err());
        let grpc = with("[listen]\ngrpc = \"[::]:7402\"\n", &[]).expect("settings");
        assert!(
            grpc.guard()
                .expect_err("exposed")
                .to_string()
                .contains("[::]:7402")
        );
        let meant = with(
            "[listen]\nverification = \"0.0.0.0:7401\"\n[verification]\nopen = true\n",
            &[],
        );
        assert!(meant.expect("settings").guard().is_ok());
    }
}
