//! What a door asks for: said by whoever configures the gateway, in the door's address (or, where a gateway's address has no
//! room for it, beside it), over the installation's own settings.

use std::borrow::Cow;

use domain::decide::{Owners, Source, Sources};

use crate::http::Problem;
use crate::http::token::Places;

/// How much a refused caller is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tell {
    /// That they may not pass.
    #[default]
    Generic,
    /// Why, if they presented a token that there is.
    Coded,
}

/// What holds where a door does not say otherwise.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The networks whose word about a request is believed.
    pub gateways: Vec<ipnet::IpNet>,
    /// Where tokens are looked for.
    pub places: Places<'static>,
    /// How much is told.
    pub tell: Tell,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            gateways: Vec::new(),
            places: Places {
                sources: Source::USUAL.into_iter().collect(),
                cookie: Cow::Borrowed(""),
            },
            tell: Tell::default(),
        }
    }
}

impl Settings {
    /// Reads where tokens are looked for: names as [`Source::as_str`] writes them, and `cookie:<name>`.
    ///
    /// # Errors
    /// The first name that says nothing; a text where there is none.
    pub fn places<'a>(names: impl Iterator<Item = &'a str>) -> Result<Places<'a>, String> {
        let mut cookie = "";
        let mut found = Vec::new();
        for name in names.map(str::trim) {
            match name.strip_prefix("cookie:").filter(|cookie| !cookie.is_empty()) {
                Some(named) if cookie.is_empty() || cookie == named => {
                    cookie = named;
                    found.push(Source::Cookie);
                }
                Some(_) => return Err("one cookie at the most".to_owned()),
                None => match Source::parse(name).filter(|source| *source != Source::Cookie) {
                    Some(source) => found.push(source),
                    None => {
                        let known = "header:X-API-Key, bearer, header:apikey, scheme:OAApiKey, query:apikey, cookie:<name>";
                        return Err(format!("expected some of {known}"));
                    }
                },
            }
        }
        if found.is_empty() {
            return Err("nobody could come by none".to_owned());
        }
        let sources: Sources = found.into_iter().collect();
        Ok(Places {
            sources,
            cookie: cookie.into(),
        })
    }

    /// Whether what a peer says about a request is believed.
    pub fn believes(&self, peer: std::net::IpAddr) -> bool {
        let peer = peer.to_canonical();
        self.gateways.iter().any(|network| network.contains(&peer))
    }
}

/// What is asked for at one door.
#[derive(Debug, Clone)]
pub struct Wish<'a> {
    /// The API whose routes say what a request needs, by slug.
    pub(super) api: Option<Cow<'a, str>>,
    /// What every request needs.
    pub(super) require: Option<Cow<'a, str>>,
    /// Whose keys may pass.
    pub(super) owners: Option<Owners>,
    /// Where tokens are looked for.
    pub(super) places: Cow<'a, Places<'a>>,
    /// How much is told.
    pub(super) tell: Tell,
    /// Whether a CORS preflight passes without a key.
    pub(super) preflight: bool,
    /// Whether a path that no API judges may be an ambiguous one.
    pub(super) any_path: bool,
}

impl<'a> Wish<'a> {
    /// How much a refused caller is told.
    pub fn tell(&self) -> Tell {
        self.tell
    }

    /// Reads pairs of name and value.
    ///
    /// # Errors
    /// A name that is not known or comes twice, a value that says nothing: a slip never passes for no wish.
    pub fn read(
        pairs: impl Iterator<Item = (Cow<'a, str>, Cow<'a, str>)>,
        settings: &'a Settings,
    ) -> Result<Self, Problem> {
        let mut wish = Self {
            api: None,
            require: None,
            owners: None,
            places: Cow::Borrowed(&settings.places),
            tell: settings.tell,
            preflight: false,
            any_path: false,
        };
        let mut seen = 0_u32;
        for (name, value) in pairs {
            let bit = match &*name {
                "api" => {
                    wish.api = Some(value);
                    1
                }
                "require" => {
                    wish.require = Some(value);
                    2
                }
                "owner" => {
                    wish.owners = Some(owners(&value)?);
                    4
                }
                "sources" => {
                    wish.places = Cow::Owned(places(&value)?);
                    8
                }
                "tell" => {
                    wish.tell = choice(
                        "tell",
                        &value,
                        [("generic", Tell::Generic), ("coded", Tell::Coded)],
                    )?;
                    16
                }
                "preflight" => {
                    wish.preflight = choice("preflight", &value, [("refuse", false), ("pass", true)])?;
                    32
                }
                "paths" => {
                    wish.any_path = choice("paths", &value, [("plain", false), ("any", true)])?;
                    64
                }
                _ => {
                    let known = "api, require, owner, sources, tell, preflight, paths";
                    return Err(Problem::invalid(format!(
                        "a door takes {known}, and no other parameter"
                    )));
                }
            };
            if seen & bit != 0 {
                return Err(Problem::invalid(format!("{name} stands there twice")));
            }
            seen |= bit;
        }
        if wish.any_path && wish.api.is_some() {
            return Err(Problem::invalid(
                "paths=any: the routes of an API need plain paths",
            ));
        }
        Ok(wish)
    }
}

fn choice<T: Copy>(name: &str, value: &str, choices: [(&str, T); 2]) -> Result<T, Problem> {
    let found = choices.iter().find(|(text, _)| *text == value);
    found.map(|(_, meant)| *meant).ok_or_else(|| {
        let [(one, _), (other, _)] = choices;
        Problem::invalid(format!("{name}: expected {one} or {other}"))
    })
}

fn owners(value: &str) -> Result<Owners, Problem> {
    value
        .split(',')
        .try_fold(Owners::NONE, |owners, kind| match kind.trim() {
            "organisation" => Ok(owners.organisation()),
            "service_account" => Ok(owners.service_accounts()),
            "user" => Ok(owners.users()),
            _ => Err(Problem::invalid(
                "owner: expected some of organisation, service_account, user",
            )),
        })
}

fn places(value: &str) -> Result<Places<'static>, Problem> {
    let read = Settings::places(value.split(','));
    let places = read.map_err(|fault| Problem::invalid(format!("sources: {fault}")))?;
    Ok(places.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str) -> Result<Wish<'static>, String> {
        let settings = Box::leak(Box::new(Settings::default()));
        let pairs: Vec<_> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let pairs = pairs.into_iter().map(|(name, value)| (name.into(), value.into()));
        Wish::read(pairs, settings).map_err(|problem| format!("{problem:?}"))
    }

    #[test]
    fn a_wish_is_read_or_refused_whole() {
        let wish = read(
            "api=orders&require=a%3Ab+AND+c:d&owner=service_account,organisation&tell=coded&preflight=pass",
        )
        .expect("a wish");
        assert_eq!(wish.api.as_deref(), Some("orders"));
        assert_eq!(wish.require.as_deref(), Some("a:b AND c:d"));
        assert_eq!((wish.tell, wish.preflight), (Tell::Coded, true));
        let wish = read("sources=query:apikey,cookie:sample").expect("a wish");
        assert!(wish.places.sources.accept(Source::Query) && !wish.places.sources.accept(Source::Bearer));
        assert_eq!(wish.places.cookie, "sample");
        for bad in [
            "apis=orders",
            "api=a&api=b",
            "owner=robot",
            "owner=",
            "tell=all",
            "preflight=yes",
            "sources=",
            "sources=cookie",
            "sources=header:x",
            "sources=cookie:a,cookie:b",
            "paths=any&api=a",
            "Require=a:b",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
