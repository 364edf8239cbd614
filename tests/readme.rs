//! A stranger who pastes what the README says gets what it says, in the order in which it stands there.

use std::process::{Command, Stdio};

use reqwest::Method;
use serde_json::Value;

use crate::openapi::file;
use crate::support::{BINARY, Engine, Server, text};

/// The blocks of code of one kind under a heading of the README.
fn blocks(heading: &str, kind: &str) -> Vec<String> {
    let readme = std::fs::read_to_string(file("README.md")).expect("the README");
    let (_, section) = readme
        .split_once(&format!("# {heading}\n"))
        .unwrap_or_else(|| panic!("no section {heading:?}"));
    let section = section.split("\n## ").next().unwrap_or_default();
    // Until the next heading of whatever depth, but for comments in code.
    let mut found = Vec::new();
    for part in section
        .split("\n```")
        .step_by(2)
        .zip(section.split("\n```").skip(1).step_by(2))
    {
        let (prose, code) = part;
        if !found.is_empty() && prose.contains("\n### ") {
            break;
        }
        if let Some(code) = code.strip_prefix(&format!("{kind}\n")) {
            found.push(code.to_owned());
        }
    }
    assert!(!found.is_empty(), "nothing in {kind} under {heading:?}");
    found
}

/// A stranger's terminal.
struct Terminal<'a> {
    server: &'a Server,
    home: tempfile::TempDir,
}

impl<'a> Terminal<'a> {
    fn at(server: &'a Server) -> Self {
        let home = tempfile::tempdir().expect("a directory");
        Self { server, home }
    }

    /// What is said by a program that is given this text, with the server's own addresses in it.
    fn run(&self, program: &[&str], code: &str) -> String {
        let host = |url: &str| url.trim_start_matches("http://").to_owned();
        let code = code
            .replace("127.0.0.1:7400", &host(&self.server.management))
            .replace("127.0.0.1:7401", &host(&self.server.verification));
        let mut command = Command::new(program[0]);
        command
            .args(&program[1..])
            .arg(&code)
            .current_dir(self.home.path())
            .env("NO_PROXY", "*")
            .env("no_proxy", "*")
            .env_remove("CLAVIGER_KEY")
            .stdin(Stdio::null());
        let output = command
            .output()
            .unwrap_or_else(|error| panic!("{}: {error}", program[0]));
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{code}\n{said}{complaint}");
        said
    }

    fn sh(&self, code: &str) -> String {
        // As the README's alias has it; nobody is there to be asked.
        let data = self.server.data();
        let claviger = format!(
            "claviger() {{ '{BINARY}' --data '{}' --yes \"$@\"; }}\n",
            data.display()
        );
        self.run(&["bash", "-ec"], &(claviger + code))
    }

    fn json(&self, code: &str) -> Value {
        let said = self.sh(code);
        serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error}: {code}\n{said}"))
    }

    /// Every command of the blocks, one after the other; `known` gives what stands for an id that is cut short.
    async fn each(&self, blocks: &[String], known: impl AsyncFn(&str) -> String) {
        for line in blocks.iter().flat_map(|block| block.lines()) {
            let command = line.split('#').next().unwrap_or_default().trim();
            if command.is_empty() || command.starts_with("alias ") {
                continue;
            }
            let mut command = command.to_owned();
            for kind in ["key_…", "acct_…"] {
                if command.contains(kind) {
                    command = command.replace(kind, &known(kind).await);
                }
            }
            self.sh(&command);
        }
    }
}

/// The id of what was made last.
async fn youngest(server: &Server, kind: &str) -> String {
    let list = match kind {
        "key_…" => "/v1/keys?status=all&limit=1",
        _ => "/v1/service-accounts?status=all&limit=1",
    };
    let (_, page) = server.call(Method::GET, list, None).await;
    text(&page["items"][0], "id").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_five_minutes_are_as_the_readme_tells_them() {
    let server = Server::start(Engine::Sqlite).await;
    let terminal = Terminal::at(&server);
    let curl = blocks("With curl", "sh");
    let [create, verify, rotate, revoke] = curl.as_slice() else {
        panic!("{curl:?}");
    };
    let create = create.split("\nexport ").next().unwrap_or_default();
    let key = format!("export KEY='{}'\n", server.key);
    let made = terminal.json(&(key.clone() + create));
    let known = format!(
        "{key}export ID='{}' SECRET='{}'\n",
        text(&made, "id"),
        text(&made, "secret")
    );
    let say = |code: &str| terminal.json(&(known.clone() + code));
    assert_eq!(say(verify)["valid"], true);
    let rotated = say(rotate);
    assert_eq!(rotated["id"], made["id"]);
    assert_eq!(rotated["secrets"][1]["status"], "retiring");
    assert_eq!(say(verify)["valid"], true, "the old secret works for another day");
    say(revoke);
    assert_eq!(say(verify)["code"], "REVOKED");

    let blocks = blocks("With the command line", "sh");
    terminal
        .each(&blocks, async |kind| youngest(&server, kind).await)
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn people_roles_apis_and_the_demo_are_made_as_the_readme_tells() {
    let server = Server::start(Engine::Sqlite).await;
    let terminal = Terminal::at(&server);
    let people = blocks("People, roles and APIs", "sh");
    terminal
        .each(&people, async |kind| youngest(&server, kind).await)
        .await;
    let demo = blocks("Look around with sample data", "sh");
    let demo = demo.first().expect("a block").clone();
    terminal
        .each(&[demo], async |kind| youngest(&server, kind).await)
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_readmes_programs_ask_and_understand_the_answer() {
    let server = Server::start(Engine::Sqlite).await;
    let terminal = Terminal::at(&server);
    let key = server
        .create(serde_json::json!({"permissions": ["orders:view"]}))
        .await;
    let heading = "Verify from your application";
    let python = &blocks(heading, "python")[0];
    let javascript = &blocks(heading, "js")[0];
    let narrower = server.create(serde_json::json!({})).await;
    for (key, answer) in [
        (&key, "true VALID"),
        (&narrower, "false INSUFFICIENT_PERMISSIONS"),
    ] {
        let with = |code: &str| code.replace("sk_live_…", text(key, "secret"));
        for (program, code) in [
            (&["python3", "-c"][..], with(python)),
            (&["node", "--input-type=module", "-e"][..], with(javascript)),
        ] {
            assert_eq!(
                terminal.run(program, &code).trim().to_lowercase(),
                answer.to_lowercase()
            );
        }
    }
}
