//! The APIs of an organisation as decisions know them: which there are, and what their routes need.

use super::{Route, Routes};

/// Every API that an organisation has or had, by slug. Routes are compiled once, when this is made.
#[derive(Debug, Clone, Default)]
pub struct Apis(Box<[Known]>);

#[derive(Debug, Clone)]
struct Known {
    slug: Box<str>,
    routes: Box<[Route]>,
    /// None while it is not enabled.
    compiled: Option<Routes>,
}

impl Apis {
    /// From slug, whether it is enabled, and routes.
    pub fn new(all: impl IntoIterator<Item = (String, bool, Vec<Route>)>) -> Self {
        let mut all: Vec<Known> = all
            .into_iter()
            .map(|(slug, available, routes)| Known {
                slug: slug.into(),
                // Routes were checked before they were stored; ones that cannot be read any more let nobody through.
                compiled: available.then(|| Routes::compile(&routes).ok()).flatten(),
                routes: routes.into(),
            })
            .collect();
        all.sort_by(|a, b| a.slug.cmp(&b.slug));
        Self(all.into())
    }

    /// Whether there is an API of that name, enabled or not.
    pub fn knows(&self, slug: &str) -> bool {
        self.0.binary_search_by(|known| (*known.slug).cmp(slug)).is_ok()
    }

    /// The routes of an API that is enabled.
    pub fn routes(&self, slug: &str) -> Option<&Routes> {
        let at = self.0.binary_search_by(|known| (*known.slug).cmp(slug)).ok()?;
        self.0[at].compiled.as_ref()
    }
}

/// By what they were made of.
impl PartialEq for Apis {
    fn eq(&self, other: &Self) -> bool {
        let facts = |known: &Known| (known.slug.clone(), known.compiled.is_some());
        self.0.len() == other.0.len()
            && self
                .0
                .iter()
                .zip(&*other.0)
                .all(|(a, b)| facts(a) == facts(b) && a.routes == b.routes)
    }
}

impl Eq for Apis {}
