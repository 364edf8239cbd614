//! From a request's method and path to the route that it takes, by the matcher that axum routes with.
//!
//! Whoever decides by a path must read it as the service behind does. A path that two readers may take for two things
//! (`//`, `/../`, `%2e`, `;`, `\`, `%00`, an encoded slash) takes no route at all.

use super::Route;

/// The longest template, in bytes.
const MAX_TEMPLATE: usize = 256;
/// The longest method, in bytes.
const MAX_METHOD: usize = 20;
/// Any method.
const ANY: &str = "*";

/// Why a route cannot stand beside those before it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RouteError {
    /// Not a method.
    #[error("expected a method in capital letters, such as GET, or * for any")]
    Method,
    /// Not a template.
    #[error(
        "expected a path such as /orders/{{id}} or /files/{{*rest}}: letters, digits and -._~!$&'()*+,=:@ between slashes, a parameter takes a whole segment"
    )]
    Template,
    /// The same method and path twice.
    #[error("this method and path are there already")]
    Twice,
    /// Another template takes the same paths.
    #[error("takes the same paths as {0}")]
    Conflict(String),
}

impl RouteError {
    /// The field of the route that it is about.
    pub fn field(&self) -> &'static str {
        match self {
            Self::Method => "method",
            _ => "path",
        }
    }
}

/// A route, and what it is called where a request is recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// What it needs, and of which requests.
    pub route: Route,
    /// Method and template, such as `GET /orders/{id}`.
    pub name: String,
}

impl From<&Route> for Named {
    fn from(route: &Route) -> Self {
        Self {
            route: route.clone(),
            name: format!("{} {}", route.method, route.path),
        }
    }
}

/// The routes of an API, ready to be asked.
#[derive(Clone)]
pub struct Routes {
    router: matchit::Router<Vec<Named>>,
    plain: Plain,
}

impl std::fmt::Debug for Routes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Routes").finish_non_exhaustive()
    }
}

impl Routes {
    /// Compiles routes; the faults name theirs by its place.
    ///
    /// # Errors
    /// Every route that cannot be taken, not just the first.
    pub fn compile(routes: &[Route]) -> Result<Self, Vec<(usize, RouteError)>> {
        let mut faults = Vec::new();
        let mut templates: Vec<(&str, usize, Vec<Named>)> = Vec::new();
        for (at, route) in routes.iter().enumerate() {
            match check(route) {
                Err(fault) => faults.push((at, fault)),
                Ok(()) => match templates.iter_mut().find(|(path, ..)| *path == route.path) {
                    None => templates.push((&route.path, at, vec![route.into()])),
                    Some((.., same)) if same.iter().any(|other| other.route.method == route.method) => {
                        faults.push((at, RouteError::Twice));
                    }
                    Some((.., same)) => same.push(route.into()),
                },
            }
        }
        let mut router = matchit::Router::new();
        let mut plain = Plain::default();
        for (path, at, same) in templates {
            match router.insert(path, same) {
                Ok(()) => plain.add(path),
                Err(matchit::InsertError::Conflict { with }) => faults.push((at, RouteError::Conflict(with))),
                Err(_) => faults.push((at, RouteError::Template)),
            }
        }
        if faults.is_empty() {
            Ok(Self { router, plain })
        } else {
            faults.sort_by_key(|(at, _)| *at);
            Err(faults)
        }
    }

    /// The route of a request; none for a path that is ambiguous. `path` comes as it was sent, without the query.
    ///
    /// HEAD asks what GET asks, so that it takes GET's route before one for any method.
    pub fn find(&self, method: &str, path: &str) -> Option<&Named> {
        if self.is_ambiguous(path) {
            return None;
        }
        let same = self.router.at(path).ok()?.value;
        let of = |wanted: &str| same.iter().find(|named| named.route.method == wanted);
        if method == ANY {
            return None;
        }
        of(method)
            .or_else(|| of("GET").filter(|_| method == "HEAD"))
            .or_else(|| of(ANY))
    }

    /// Whether two readers may take a path for two things.
    pub fn is_ambiguous(&self, path: &str) -> bool {
        self.plain.is_ambiguous(path)
    }
}

/// The same where no route is known.
pub fn is_ambiguous(path: &str) -> bool {
    Plain::default().is_ambiguous(path)
}

fn escaped(digits: &[u8]) -> Option<u8> {
    let text = std::str::from_utf8(digits).ok()?;
    let is_hex = text.bytes().all(|b| b.is_ascii_hexdigit());
    is_hex.then(|| u8::from_str_radix(text, 16).ok()).flatten()
}

/// Unreserved characters (RFC 3986, 2.3): an encoded one means the same as itself.
fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

/// What may stand in a path as itself (RFC 3986, `pchar` without `;`).
fn is_plain(byte: u8) -> bool {
    is_unreserved(byte) || b"!$&'()*+,=:@".contains(&byte)
}

/// The characters that templates hold: encoded in a request, they would miss the template for some readers alone.
#[derive(Clone, Default)]
struct Plain(Vec<u8>);

impl Plain {
    fn add(&mut self, template: &str) {
        for segment in template.split('/').filter(|segment| !segment.starts_with('{')) {
            self.0
                .extend(segment.bytes().filter(|byte| !is_unreserved(*byte)));
        }
        self.0.sort_unstable();
        self.0.dedup();
    }

    fn is_ambiguous(&self, path: &str) -> bool {
        let bytes = path.as_bytes();
        if bytes.first() != Some(&b'/') {
            return true;
        }
        let inner = &path[1..];
        let mut segments = inner.split('/').peekable();
        while let Some(segment) = segments.next() {
            let is_last = segments.peek().is_none();
            if matches!(segment, "." | "..") || (segment.is_empty() && !is_last) {
                return true;
            }
        }
        let mut at = 0;
        while let Some(byte) = bytes.get(at) {
            match byte {
                b'%' => match bytes.get(at + 1..at + 3).and_then(escaped) {
                    Some(meant) if self.may_stand_encoded(meant) => at += 3,
                    _ => return true,
                },
                // What RFC 3986 lets stand in a path; `;` begins parameters for some, so that it is left out.
                byte if is_plain(*byte) || *byte == b'/' => at += 1,
                _ => return true,
            }
        }
        false
    }

    fn may_stand_encoded(&self, byte: u8) -> bool {
        let never = byte.is_ascii_control() || is_unreserved(byte) || b"/\\;%".contains(&byte);
        !never && !self.0.contains(&byte)
    }
}

fn check(route: &Route) -> Result<(), RouteError> {
    let method = &route.method;
    let named = !method.is_empty() && method.bytes().all(|b| b.is_ascii_uppercase());
    if method != ANY && (!named || method.len() > MAX_METHOD) {
        return Err(RouteError::Method);
    }
    let Some(inner) = route
        .path
        .strip_prefix('/')
        .filter(|inner| inner.len() < MAX_TEMPLATE)
    else {
        return Err(RouteError::Template);
    };
    let mut segments = inner.split('/').peekable();
    while let Some(segment) = segments.next() {
        if !is_segment(segment, segments.peek().is_none()) {
            return Err(RouteError::Template);
        }
    }
    Ok(())
}

fn is_segment(segment: &str, is_last: bool) -> bool {
    if segment.is_empty() {
        return is_last;
    }
    if let Some(name) = segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
        let (name, may_stand) = name
            .strip_prefix('*')
            .map_or((name, true), |name| (name, is_last));
        return may_stand && !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    }
    segment != "." && segment != ".." && segment.bytes().all(is_plain)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn route(method: &str, path: &str) -> Route {
        Route {
            method: method.to_owned(),
            path: path.to_owned(),
            requires: None,
        }
    }

    fn routes(all: &[(&str, &str)]) -> Routes {
        let all: Vec<Route> = all.iter().map(|(method, path)| route(method, path)).collect();
        Routes::compile(&all).expect("routes")
    }

    fn found(routes: &Routes, method: &str, path: &str) -> Option<String> {
        routes.find(method, path).map(|named| named.name.clone())
    }

    #[test]
    fn a_request_takes_the_most_particular_route() {
        let routes = routes(&[
            ("GET", "/orders/{id}"),
            ("GET", "/orders/latest"),
            ("*", "/orders/{id}"),
            ("DELETE", "/orders/{id}"),
            ("GET", "/files/{*rest}"),
            ("GET", "/"),
        ]);
        for (method, path, expected) in [
            ("GET", "/orders/7", Some("GET /orders/{id}")),
            ("DELETE", "/orders/7", Some("DELETE /orders/{id}")),
            ("PATCH", "/orders/7", Some("* /orders/{id}")),
            ("GET", "/orders/latest", Some("GET /orders/latest")),
            // What has a template of its own is not taken for another's parameter.
            ("PATCH", "/orders/latest", None),
            ("GET", "/files/a/b.txt", Some("GET /files/{*rest}")),
            ("GET", "/", Some("GET /")),
            ("GET", "/orders", None),
            ("GET", "/orders/7/items", None),
            ("GET", "/nowhere", None),
        ] {
            assert_eq!(
                found(&routes, method, path).as_deref(),
                expected,
                "{method} {path}"
            );
        }
    }

    #[test]
    fn head_takes_the_route_of_get_and_never_a_wider_one() {
        let both = routes(&[
            ("GET", "/a"),
            ("*", "/a"),
            ("HEAD", "/b"),
            ("GET", "/b"),
            ("*", "/c"),
        ]);
        assert_eq!(found(&both, "HEAD", "/a").as_deref(), Some("GET /a"));
        assert_eq!(found(&both, "HEAD", "/b").as_deref(), Some("HEAD /b"));
        assert_eq!(found(&both, "HEAD", "/c").as_deref(), Some("* /c"));
        assert_eq!(found(&routes(&[("POST", "/a")]), "HEAD", "/a"), None);
    }

    #[test]
    fn case_and_a_slash_at_the_end_tell_paths_and_methods_apart() {
        let routes = routes(&[("GET", "/orders/{id}"), ("GET", "/lists/")]);
        for (method, path) in [
            ("GET", "/Orders/7"),
            ("get", "/orders/7"),
            ("GET", "/orders/7/"),
            ("GET", "/lists"),
            ("GET", "/orders/"),
            ("*", "/orders/7"),
            ("", "/orders/7"),
        ] {
            assert_eq!(found(&routes, method, path), None, "{method} {path}");
        }
        assert!(routes.find("GET", "/lists/").is_some());
    }

    #[test]
    fn an_ambiguous_path_takes_no_route() {
        let routes = routes(&[("*", "/{*rest}"), ("GET", "/admin"), ("GET", "/@me")]);
        for path in [
            "",
            "admin",
            "*",
            "http://host/admin",
            "//admin",
            "/x//admin",
            "/./admin",
            "/x/../admin",
            "/..",
            "/.",
            "/%2e%2e/admin",
            "/%2E/admin",
            "/x%2fadmin",
            "/x%2Fadmin",
            "/x\\admin",
            "/x%5cadmin",
            "/admin;x=1",
            "/admin%3bx",
            "/admin%00",
            "/admin\0",
            "/admin%0a",
            "/admin\n",
            "/adm in",
            "/%61dmin",
            "/%40me",
            "/%",
            "/%2",
            "/%zz",
            "/%+1",
            "/%25%32%65",
            "/%252e",
            "/admin?x",
            "/admin#x",
            "/ädmin",
            "/{id}",
            "/a|b",
        ] {
            assert!(routes.is_ambiguous(path), "{path:?}");
            assert_eq!(routes.find("GET", path), None, "{path:?}");
        }
        for path in [
            "/admin",
            "/@me",
            "/x/y/",
            "/caf%C3%A9",
            "/two%20words",
            "/ann%2Bbob",
            "/...",
            "/a.b",
            "/..a",
        ] {
            assert!(routes.find("GET", path).is_some(), "{path:?}");
        }
    }

    #[test]
    fn a_bad_template_or_method_is_refused_with_its_place() {
        for path in [
            "",
            "orders",
            "//",
            "/a//b",
            "/./a",
            "/a/..",
            "/a b",
            "/ä",
            "/a%20b",
            "/a;b",
            "/a\\b",
            "/{}",
            "/{id",
            "/id}",
            "/{a}{b}",
            "/x{id}",
            "/{id}x",
            "/{*rest}/a",
            "/{*}",
            "/{{a}}",
            "/a?b",
            "/a#b",
            "/a\0",
            "/{i-d}",
            "/{ä}",
        ] {
            let faults = Routes::compile(&[route("GET", "/fine"), route("GET", path)]).expect_err(path);
            assert_eq!(faults, [(1, RouteError::Template)], "{path:?}");
        }
        assert!(Routes::compile(&[route("GET", &format!("/{}", "a".repeat(300)))]).is_err());
        for method in ["", "get", "G T", "GET\n", "**", "ANY!", &"A".repeat(21)] {
            let faults = Routes::compile(&[route(method, "/a")]).expect_err(method);
            assert_eq!(faults, [(0, RouteError::Method)], "{method:?}");
        }
    }

    #[test]
    fn routes_that_take_the_same_paths_are_refused() {
        let twice = Routes::compile(&[route("GET", "/a"), route("PUT", "/a"), route("GET", "/a")]);
        assert_eq!(twice.expect_err("a fault"), [(2, RouteError::Twice)]);
        let same = Routes::compile(&[route("GET", "/a/{id}"), route("PUT", "/a/{name}")]);
        assert_eq!(
            same.expect_err("a fault"),
            [(1, RouteError::Conflict("/a/{id}".to_owned()))]
        );
        let wide = Routes::compile(&[route("GET", "/{*a}"), route("GET", "/{*b}")]);
        assert!(matches!(
            wide.expect_err("a fault").as_slice(),
            [(1, RouteError::Conflict(_))]
        ));
    }

    proptest! {
        #[test]
        fn no_path_and_no_template_breaks_the_matcher(path in "[/a-c.%{}*;\\\\0-9\\PC]{0,40}", template in "[/a-c{}*]{0,20}") {
            let fixed = routes(&[("*", "/{*rest}"), ("GET", "/a/{b}/c")]);
            let _ = fixed.find("GET", &path);
            if let Ok(routes) = Routes::compile(&[route("GET", &template)]) {
                let _ = routes.find("GET", &path);
                let plain = !template.contains('{');
                prop_assert!(!plain || routes.find("GET", &template).is_some(), "{}", template);
            }
        }
    }
}
