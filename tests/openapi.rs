//! The description of the API is the API's: whole, in the repository as it is served, and with an example for every body.

use std::collections::BTreeSet;
use std::path::PathBuf;

use domain::access::Management;
use serde_json::Value;

use crate::support::text;

/// A file of the repository.
pub(crate) fn file(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}

/// Holds a text against its copy in the repository; `UPDATE=1` writes the copy anew.
pub(crate) fn compare_with_copy(text: &str, path: &str) {
    if std::env::var_os("UPDATE").is_some() {
        return std::fs::write(file(path), text).expect("a file that can be written");
    }
    let copy = std::fs::read_to_string(file(path)).unwrap_or_default();
    let differing = copy.lines().zip(text.lines()).find(|(old, new)| old != new);
    assert!(
        copy == text,
        "{path} is not what it should be (the first difference: {differing:?}); look at the difference that `UPDATE=1` \
         with this test makes, and commit it if it is meant"
    );
}

/// An operation of the description.
pub(crate) struct Operation {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) permission: String,
    pub(crate) described: Value,
}

impl Operation {
    /// The parameters of the query without which it cannot be asked, each with its example.
    pub(crate) fn needed(&self) -> Vec<(String, String)> {
        let parameters = self.described["parameters"].as_array().into_iter().flatten();
        let needed = parameters.filter(|one| one["in"] == "query" && one["required"] == true);
        needed
            .map(|one| {
                let kind = one["schema"]["$ref"]
                    .as_str()
                    .and_then(|path| path.rsplit('/').next());
                let kind = kind.expect("the schema of a needed parameter has a name");
                (text(one, "name").to_owned(), example_of(kind))
            })
            .collect()
    }
}

/// The example of a schema that is a text's.
pub(crate) fn example_of(schema: &str) -> String {
    let example = &web::api::document()["components"]["schemas"][schema]["examples"][0];
    let example = example.as_str().expect("the schema has an example");
    example.to_owned()
}

/// Every operation.
pub(crate) fn operations() -> Vec<Operation> {
    let paths = web::api::document()["paths"].as_object().expect("paths");
    let mut operations = Vec::new();
    for (path, item) in paths {
        for (method, described) in item.as_object().expect("operations") {
            operations.push(Operation {
                method: method.to_uppercase(),
                path: path.clone(),
                permission: described["x-claviger-permission"]
                    .as_str()
                    .unwrap_or_default()
                    .to_owned(),
                described: described.clone(),
            });
        }
    }
    operations
}

#[test]
fn the_description_in_the_repository_is_the_one_that_is_served() {
    let text = serde_json::to_string_pretty(web::api::document()).expect("JSON") + "\n";
    compare_with_copy(&text, "docs/openapi.json");
}

#[test]
fn no_route_is_added_without_its_description() {
    let routers = [
        "api.rs",
        "dialects/omnicrm.rs",
        "dialects/openlmis.rs",
        "dialects/maximo.rs",
    ];
    for router in routers {
        let source = std::fs::read_to_string(file("crates/web/src").join(router)).expect("the router");
        assert!(
            source.contains("routes!("),
            "the routes are elsewhere than in {router}"
        );
        for way in [
            ".route(",
            ".route_service(",
            ".nest(",
            ".nest_service(",
            ".merge(",
        ] {
            assert!(
                !source.contains(way),
                "{router}: a route added by {way} has no description"
            );
        }
    }
}

#[test]
fn every_operation_says_who_may_ask_and_what_it_is() {
    let tags = web::api::document()["tags"].as_array().expect("tags");
    let tags: BTreeSet<&str> = tags.iter().filter_map(|tag| tag["name"].as_str()).collect();
    let known: Vec<&str> = Management::ALL.iter().map(|one| one.as_str()).collect();
    let mut ids = BTreeSet::new();
    for Operation {
        method,
        path,
        permission,
        described,
    } in operations()
    {
        let words = [
            "public",
            "any caller",
            "any key",
            "any person",
            "operator",
            "local",
        ];
        assert!(
            known.contains(&&*permission) || words.contains(&&*permission),
            "{method} {path}: x-claviger-permission is {permission:?}"
        );
        let id = described["operationId"].as_str().unwrap_or_default().to_owned();
        assert!(
            ids.insert(id.clone()),
            "{method} {path}: operationId {id:?} is not its own"
        );
        let summary = described["summary"].as_str().unwrap_or_default();
        assert!(!summary.is_empty(), "{method} {path} has no summary");
        let tag = described["tags"][0].as_str().unwrap_or_default();
        assert!(
            tags.contains(tag),
            "{method} {path}: the tag {tag:?} is not described"
        );
    }
}

#[test]
fn every_code_of_a_refusal_is_explained() {
    let codes =
        web::api::document()["components"]["schemas"]["Problem"]["properties"]["code"]["enum"].clone();
    let codes: BTreeSet<String> = serde_json::from_value(codes).expect("codes");
    let table = std::fs::read_to_string(file("docs/api-design.md")).expect("the conventions");
    let rows = table.lines().filter_map(|line| line.strip_prefix("| "));
    let rows = rows.filter(|row| row.starts_with(|c: char| c.is_ascii_digit()));
    // The second column, in which codes stand between backticks.
    let explained: BTreeSet<String> = rows
        .filter_map(|row| row.split('|').nth(1))
        .flat_map(|codes| codes.split('`').skip(1).step_by(2).map(str::to_owned))
        .collect();
    let silent: Vec<&String> = codes.difference(&explained).collect();
    assert!(
        silent.is_empty(),
        "docs/api-design.md says nothing about {silent:?}"
    );
}

/// The source of the floors that say what a refusal's code is.
fn sources() -> Vec<(PathBuf, String)> {
    let mut folders = vec![file("crates/app/src"), file("crates/web/src")];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|kind| kind == "rs") {
                let text = std::fs::read_to_string(&path).expect("a source");
                found.push((path, text));
            }
        }
    }
    found
}

#[test]
fn no_refusal_has_a_code_that_is_not_described() {
    let codes =
        web::api::document()["components"]["schemas"]["Problem"]["properties"]["code"]["enum"].clone();
    let codes: BTreeSet<String> = serde_json::from_value(codes).expect("codes");
    let sources = sources();
    for (path, source) in &sources {
        let mut ways = vec!["conflict(", "Problem::new("];
        if path.ends_with("http/problem.rs") {
            ways.extend(["Self::new(", "plain("]);
        }
        for (at, _) in ways.iter().flat_map(|way| source.match_indices(way)) {
            // The code is the first text among the arguments, where it is written there.
            let Some(text) = source[at..].split('"').nth(1) else {
                continue;
            };
            let is_code = !text.is_empty() && text.chars().all(|c| c.is_ascii_lowercase() || c == '_');
            let is_near = source[at..].find(text).is_some_and(|far| far < 160);
            assert!(
                !(is_code && is_near) || codes.contains(text),
                "{}: the code {text:?} is not in web/api/openapi/problems.rs",
                path.display()
            );
        }
    }
    let given = |code: &str| {
        let mut others = sources
            .iter()
            .filter(|(path, _)| !path.ends_with("openapi/problems.rs"));
        others.any(|(_, source)| source.contains(&format!("\"{code}\"")))
    };
    let invented: Vec<&String> = codes.iter().filter(|code| !given(code)).collect();
    assert!(
        invented.is_empty(),
        "described, and given nowhere in the source: {invented:?}"
    );
}

/// `/a/{b,c}` as `/a/b` and `/a/c`; a parameter such as `{id}` stays what it is.
fn alternatives(path: &str) -> Vec<String> {
    let braces = path.match_indices('{').find_map(|(from, _)| {
        let to = from + path[from..].find('}')?;
        path[from..to].contains(',').then_some((from, to))
    });
    let Some((from, to)) = braces else {
        return vec![path.to_owned()];
    };
    let each = path[from + 1..to].split(',');
    each.flat_map(|one| alternatives(&format!("{}{one}{}", &path[..from], &path[to + 1..])))
        .collect()
}

#[test]
fn the_conventions_name_every_route_and_none_that_is_not_there() {
    let text = std::fs::read_to_string(file("docs/api-design.md")).expect("the conventions");
    let (_, section) = text.split_once("\n## Routes\n").expect("the table of routes");
    let section = section.split("\n## ").next().unwrap_or_default();
    let mut named = BTreeSet::new();
    for row in section.lines().filter_map(|line| line.strip_prefix("| ")) {
        let cell = row.split(" | ").next().unwrap_or_default();
        // A method by itself shares the path of the one after it: `PATCH` and `DELETE /v1/keys/{id}`.
        let mut methods = Vec::new();
        for route in cell.split('`').skip(1).step_by(2) {
            let (method, path) = route.split_once(' ').unwrap_or((route, ""));
            methods.push(method);
            if path.is_empty() {
                continue;
            }
            let path = path.split('?').next().unwrap_or_default();
            for path in alternatives(path) {
                named.extend(methods.iter().map(|method| format!("{method} {path}")));
            }
            methods.clear();
        }
    }
    let there: BTreeSet<String> = operations()
        .into_iter()
        .map(|Operation { method, path, .. }| format!("{method} {path}"))
        .collect();
    let silent: Vec<&String> = there.difference(&named).collect();
    assert!(
        silent.is_empty(),
        "the table of routes in docs/api-design.md lacks {silent:?}"
    );
    let invented: Vec<&String> = named.difference(&there).collect();
    assert!(
        invented.is_empty(),
        "the table of routes in docs/api-design.md has {invented:?}"
    );
}

#[test]
fn every_body_has_an_example_without_gaps() {
    for Operation {
        method,
        path,
        described,
        ..
    } in operations()
    {
        let answers = described["responses"].as_object().expect("responses").iter();
        let answers = answers.filter(|(status, _)| status.starts_with('2'));
        let bodies = answers
            .map(|(_, answer)| answer)
            .chain(described.get("requestBody"));
        for media in bodies.filter_map(|body| body["content"].as_object()).flatten() {
            let (kind, media) = media;
            if kind.starts_with("text/") {
                continue;
            }
            let gap = gap(&media["example"], String::new());
            assert_eq!(gap, None, "{method} {path}: the example of {kind} has a gap");
        }
    }
}

/// Where a text of the example is empty, or the example itself is missing.
fn gap(example: &Value, at: String) -> Option<String> {
    match example {
        Value::String(text) => text.is_empty().then_some(at),
        Value::Object(fields) => fields
            .iter()
            .find_map(|(name, value)| gap(value, format!("{at}.{name}"))),
        Value::Array(items) => items.iter().find_map(|item| gap(item, format!("{at}[]"))),
        Value::Null => at.is_empty().then(|| "whole".to_owned()),
        _ => None,
    }
}
