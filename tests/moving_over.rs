//! The documentation of how to move over says nothing that was not done: its commands are run, section by section, and what
//! it says comes out is looked for.

use std::fmt::Write as _;
use std::process::Command;

use crate::support::{BINARY, Engine, Server};

const DOCUMENT: &str = include_str!("../docs/dialects.md");

/// The blocks of commands between a heading and the next of its level or above.
fn blocks(heading: &str) -> Vec<String> {
    let level = heading.bytes().take_while(|byte| *byte == b'#').count();
    let mut blocks = Vec::new();
    let (mut here, mut block) = (false, None::<String>);
    let mut fenced = false;
    for line in DOCUMENT.lines() {
        if line.starts_with("```") {
            fenced = !fenced;
            match block.take() {
                Some(done) => blocks.push(done),
                None if fenced && here && line == "```sh" => block = Some(String::new()),
                None => {}
            }
            continue;
        }
        if let Some(block) = &mut block {
            block.push_str(line);
            block.push('\n');
        } else if !fenced && line == heading {
            here = true;
        } else if !fenced && line.starts_with('#') {
            here &= line.bytes().take_while(|byte| *byte == b'#').count() > level;
        }
    }
    blocks
}

/// A script that does what the blocks say, and ends at the first command that fails or gives what it should not: what
/// stands behind `#` at the end of a command is in what it prints.
fn script(blocks: &[String]) -> (String, usize) {
    let (mut script, mut checks) = (String::new(), 0);
    for block in blocks {
        let mut begun = String::new();
        let mut document = false;
        for line in block.lines() {
            let ends = line == "END";
            if document || ends {
                script.push_str(line);
                script.push('\n');
                document = !ends;
                continue;
            }
            document = line.contains("<<");
            match line.rsplit_once(" # ") {
                Some((command, expected)) => {
                    checks += 1;
                    let (command, expected) = (command.trim_end(), expected.trim());
                    let _ = write!(
                        script,
                        "got=$({begun}{command}) || {{ echo \"failed: $got\"; exit 1; }}\n\
                         case \"$got\" in *'{expected}'*) ;; *) echo \"expected {expected}: $got\"; exit 1;; esac\n"
                    );
                    begun.clear();
                }
                None if line.ends_with('\\') => {
                    let _ = writeln!(begun, "{line}");
                }
                None => {
                    let _ = writeln!(script, "{begun}{line}");
                    begun.clear();
                }
            }
        }
        assert!(begun.is_empty(), "a command without an end: {begun}");
    }
    (script, checks)
}

/// Does what a section says, on a server of its own, and makes sure that it says something.
async fn section(heading: &str) {
    let all = blocks("## Moving over");
    let first = all.first().expect("where the commands begin").clone();
    let mut own = blocks(heading);
    assert!(!own.is_empty(), "{heading} has no commands");
    own.insert(0, first);
    let (script, checks) = script(&own);
    assert!(checks >= 4, "{heading} says little of what comes out: {checks}");

    let server = Server::start(Engine::Sqlite).await;
    let there = tempfile::tempdir().expect("a directory");
    let binary = std::path::Path::new(BINARY).parent().expect("a directory");
    let path = format!("{}:{}", binary.display(), std::env::var("PATH").expect("a path"));
    let output = Command::new("sh")
        .args(["-eux", "-c", &script])
        .current_dir(there.path())
        .env("PATH", path)
        .env("HOME", there.path())
        .env("XDG_CONFIG_HOME", there.path())
        .env("NO_PROXY", "*")
        .env("CLAVIGER_DATA", server.data())
        .env("MANAGEMENT", &server.management)
        .env("VERIFICATION", &server.verification)
        .env_remove("CLAVIGER_KEY")
        .env_remove("CLAVIGER_SERVER")
        .output()
        .expect("a shell");
    assert!(
        output.status.success(),
        "{heading}: {}\n{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn from_openlmis_step_by_step() {
    section("### From OpenLMIS").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn from_omnicrm_step_by_step() {
    section("### From OmniCRM").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn from_osprov_step_by_step() {
    section("### From OSPROV").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn from_openathens_step_by_step() {
    section("### From OpenAthens").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn from_maximo_step_by_step() {
    section("### From Maximo Manage").await;
}

#[test]
fn a_check_that_does_not_hold_is_noticed() {
    let blocks = [
        "echo one  # one\necho one \\\n  two  # one two\n".to_owned(),
        "echo 200 # 401\n".to_owned(),
    ];
    let run = |blocks: &[String]| {
        let (script, checks) = script(blocks);
        let output = Command::new("sh")
            .args(["-eu", "-c", &script])
            .output()
            .expect("a shell");
        (output.status.success(), checks)
    };
    assert_eq!(run(&blocks[..1]), (true, 2));
    assert_eq!(run(&blocks), (false, 3));
    assert_eq!(run(&["false\necho gone on  # on\n".to_owned()]), (false, 1));
    let (headings, all) = (
        ["OpenLMIS", "OmniCRM", "OSPROV", "OpenAthens", "Maximo Manage"],
        self::blocks("## Moving over"),
    );
    let each: usize = headings
        .iter()
        .map(|name| self::blocks(&format!("### From {name}")).len())
        .sum();
    assert_eq!(
        all.len(),
        each + 1,
        "every block belongs to a section that is run"
    );
}
