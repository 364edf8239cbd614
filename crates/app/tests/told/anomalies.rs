//! A use that is unlike its key is told once, with what was seen and what helps; a program that goes about its work raises nothing.
//! Each use is a real verification: through the journal, its roll-up, and the database.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use app::key::RotateKey;
use domain::anomaly::Kind;
use domain::decide::Code;
use domain::finding::Finding;
use domain::id::KeyId;
use domain::key::KeyDraft;
use domain::span::Span;
use engine::Question;
use serde_json::{Value, json};
use store::testkit::{TestDatabase, databases};

use crate::support::{Hands, MailServer, Node, at, berlin};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);

/// A program with its key.
struct Program {
    id: KeyId,
    token: Vec<u8>,
}

struct Scene {
    node: Node,
    clock: Arc<Hands>,
}

impl Scene {
    async fn new(db: &TestDatabase, mail: &MailServer) -> Self {
        let clock = Arc::new(Hands::default());
        clock.put(at("2026-03-01T00:10:00Z"));
        let node = Node::first(db, clock.clone(), mail.settings()).await;
        node.patch_policy(berlin()).await;
        Self { node, clock }
    }

    async fn program(&self, name: &str) -> Program {
        let draft = KeyDraft {
            name: Some(name.to_owned()),
            contacts: Some(vec!["watch@sample.example".to_owned()]),
            ..KeyDraft::default()
        };
        let token = self.node.key_of(draft, at("2028-01-01T00:00:00Z")).await;
        let found = self.node.app.engine().find(&token).await.expect("an answer");
        Program {
            id: found.expect("a key").key,
            token,
        }
    }

    async fn uses(&self, program: &Program, times: usize, from: &str) -> Code {
        let question = Question {
            ip: Some(from.parse().expect("an address")),
            ..Question::default()
        };
        let mut last = Code::NotFound;
        for _ in 0..times {
            let answer = self.node.app.engine().verify(&program.token, &question).await;
            last = answer.expect("an answer").code;
        }
        last
    }

    /// Lets it count and look.
    async fn look(&self) {
        self.node.app.flush().await.expect("it counts");
        self.node.app.watch(true).await.expect("it looks");
    }

    /// A day in which programs go about their work, an hour later each.
    async fn ordinary_days(&self, days: u32, programs: &[(&Program, &str)]) {
        for _ in 0..days {
            for (program, from) in programs {
                assert_eq!(self.uses(program, 20, from).await, Code::Valid);
            }
            self.look().await;
            self.clock.forward(DAY);
        }
    }

    /// What was told: the key's name and kind, with the record's changes.
    async fn told(&self) -> Vec<(String, Kind, Value)> {
        let records =
            self.node
                .app
                .store()
                .audit_of(self.node.organisation, &["key.anomaly"], (0, i64::MAX), 1_000);
        let records = records.await.expect("records");
        let told = records.iter().map(|record| {
            let shown = record.show();
            let kind = shown.changes["anomaly"]["after"]["kind"]
                .as_str()
                .and_then(Kind::parse);
            (shown.target.name, kind.expect("a kind"), shown.changes)
        });
        told.collect()
    }

    async fn names(&self) -> BTreeMap<String, Vec<Kind>> {
        let mut all = BTreeMap::<String, Vec<Kind>>::new();
        for (name, kind, _) in self.told().await {
            all.entry(name).or_default().push(kind);
        }
        all
    }

    /// Which keys need somebody on that account.
    async fn unusual(&self) -> Vec<String> {
        let found = self
            .node
            .app
            .attention(&self.node.caller())
            .await
            .expect("an answer");
        let unusual = found
            .into_iter()
            .filter(|found| found.finding == Finding::Unusual);
        let mut names: Vec<String> = unusual
            .flat_map(|found| found.keys)
            .map(|view| view.key.name)
            .collect();
        names.sort();
        names
    }
}

fn only(name: &str, kind: Kind) -> BTreeMap<String, Vec<Kind>> {
    BTreeMap::from([(name.to_owned(), vec![kind])])
}

#[tokio::test]
async fn each_kind_is_told_once_with_its_evidence_and_what_was_usual_is_not() {
    for db in databases().await {
        let mail = MailServer::start();
        let scene = Scene::new(&db, &mail).await;
        let names = [
            "Steady", "Moves", "Bursts", "Fails", "Sleeps", "Ends", "Rotates", "Roams",
        ];
        let mut programs = BTreeMap::new();
        for name in names {
            programs.insert(name, scene.program(name).await);
        }
        let at_home = "203.0.113.9";
        let all: Vec<(&Program, &str)> = programs.values().map(|program| (program, at_home)).collect();
        let awake: Vec<(&Program, &str)> = names
            .iter()
            .filter(|name| **name != "Sleeps")
            .map(|name| (&programs[name], at_home))
            .collect();
        scene.ordinary_days(2, &all).await;
        // Eleven places in a week: nobody can tell what is unusual there.
        for place in 0..11 {
            scene
                .uses(&programs["Roams"], 1, &format!("198.51.{place}.1"))
                .await;
        }
        scene.ordinary_days(8, &awake).await;
        assert_eq!(scene.names().await, BTreeMap::new(), "nothing was unusual");

        // The same address in another form, and another one of the same network.
        scene.uses(&programs["Moves"], 5, "::ffff:203.0.113.9").await;
        scene.uses(&programs["Moves"], 5, "203.0.113.200").await;
        scene.uses(&programs["Roams"], 5, "198.51.100.7").await;
        scene.look().await;
        assert_eq!(scene.names().await, BTreeMap::new());
        scene.uses(&programs["Moves"], 5, "198.51.100.7").await;
        scene.look().await;
        scene.uses(&programs["Moves"], 5, "192.0.2.7").await;
        scene.look().await;
        let told = scene.told().await;
        assert_eq!(told.len(), 1, "once a week");
        let (name, kind, changes) = &told[0];
        assert_eq!((name.as_str(), *kind), ("Moves", Kind::NewNetwork));
        assert_eq!(changes["anomaly"]["after"]["network"], "198.51.100.0/24");
        assert_eq!(
            changes["evidence"]["after"],
            "used from 198.51.100.0/24 on 2026-03-11T00:10:00Z; before that from 1 other network alone"
        );
        assert!(
            changes["remedy"]["after"]
                .as_str()
                .is_some_and(|text| text.contains("rotate the key"))
        );
        assert_eq!(scene.unusual().await, ["Moves"]);

        // Fifty times the busiest hour; and as many refusals where there were none.
        scene.uses(&programs["Bursts"], 1_000, at_home).await;
        let refused = Question {
            ip: Some(at_home.parse().expect("an address")),
            requires: Some("orders:edit"),
            ..Question::default()
        };
        for _ in 0..120 {
            let answer = scene
                .node
                .app
                .engine()
                .verify(&programs["Fails"].token, &refused)
                .await;
            assert_eq!(answer.expect("an answer").code, Code::InsufficientPermissions);
        }
        scene.uses(&programs["Steady"], 150, at_home).await;
        scene.look().await;
        scene.look().await;
        let names_now = scene.names().await;
        assert_eq!(names_now.get("Bursts"), Some(&vec![Kind::VolumeJump]));
        assert_eq!(names_now.get("Fails"), Some(&vec![Kind::FailuresJump]));
        assert_eq!(names_now.len(), 3, "{names_now:?}");

        // Revoked, and presented within the hour, which proves nothing; and in the next one.
        let ends = &programs["Ends"];
        let revoked = scene
            .node
            .app
            .revoke_key(&scene.node.caller(), ends.id, None)
            .await;
        revoked.expect("revoked");
        scene.uses(ends, 50, at_home).await;
        scene.look().await;
        assert_eq!(scene.names().await.len(), 3);
        scene.clock.forward(HOUR);
        assert_eq!(scene.uses(ends, 9, at_home).await, Code::Revoked);
        scene.look().await;
        assert_eq!(scene.names().await.len(), 3, "nine times is somebody finding out");
        scene.uses(ends, 1, at_home).await;
        scene.look().await;
        assert_eq!(scene.names().await.get("Ends"), Some(&vec![Kind::UseAfterRevoke]));

        // Replaced with ten hours of grace: in the ninth the old secret may be in use, in the last tenth not.
        let rotates = &programs["Rotates"];
        let wanted = RotateKey {
            grace: Some("10h".parse::<Span>().expect("a span")),
            ..RotateKey::default()
        };
        let rotated = scene
            .node
            .app
            .rotate_key(&scene.node.caller(), rotates.id, wanted, None)
            .await;
        rotated.expect("rotated");
        scene.clock.forward(8 * HOUR);
        assert_eq!(scene.uses(rotates, 1, at_home).await, Code::Valid);
        scene.look().await;
        assert_eq!(scene.names().await.get("Rotates"), None);
        scene.clock.forward(HOUR + 10 * MINUTE);
        scene.look().await;
        assert_eq!(scene.names().await.get("Rotates"), None, "it was not used since");
        scene.uses(rotates, 1, "203.0.113.10").await;
        scene.look().await;
        let told = scene.told().await;
        let (_, kind, changes) = told.last().expect("told");
        assert_eq!(*kind, Kind::RetiringInUse);
        assert_eq!(changes["anomaly"]["after"]["ip"], "203.0.113.10");

        // Nobody has used it for ninety days.
        scene.clock.forward(90 * DAY);
        scene.uses(&programs["Sleeps"], 1, at_home).await;
        scene.look().await;
        scene.look().await;
        let names_now = scene.names().await;
        assert_eq!(names_now.get("Sleeps"), Some(&vec![Kind::DormantUse]));
        assert!(names_now.values().all(|kinds| kinds.len() == 1), "{names_now:?}");
        assert_eq!(
            scene.unusual().await,
            ["Sleeps"],
            "what is older than a month is no news"
        );

        // Somebody looks at it.
        let (app, caller, sleeps) = (&scene.node.app, scene.node.caller(), programs["Sleeps"].id);
        let shown = app.anomalies(&caller, sleeps).await.expect("anomalies");
        assert_eq!(shown.len(), 1);
        app.acknowledge(&caller, sleeps).await.expect("acknowledged");
        app.acknowledge(&caller, sleeps).await.expect("and nothing more");
        assert_eq!(app.anomalies(&caller, sleeps).await.expect("anomalies"), []);
        assert_eq!(scene.unusual().await, Vec::<String>::new());
        let records = app
            .store()
            .audit_of(scene.node.organisation, &["key.acknowledge"], (0, i64::MAX), 10);
        assert_eq!(records.await.expect("records").len(), 1);

        // The letters say it, each key in one.
        scene.node.tell().await;
        let letters = mail.letters();
        let text: String = letters.iter().map(|letter| letter.text.as_str()).collect();
        for said in [
            "198.51.100.0/24",
            "1000 requests",
            "120 refused requests",
            "presented 10 times",
            "from 203.0.113.10",
        ] {
            assert!(text.replace('\n', " ").contains(said), "{said}: {text}");
        }
        assert!(letters.iter().all(|letter| letter.to == "watch@sample.example"));
    }
}

#[tokio::test]
async fn a_policy_says_what_is_watched_and_how_far_is_unlike() {
    for db in databases().await {
        let mail = MailServer::start();
        let scene = Scene::new(&db, &mail).await;
        let (one, other) = (scene.program("One").await, scene.program("Other").await);
        scene
            .ordinary_days(8, &[(&one, "203.0.113.9"), (&other, "203.0.113.9")])
            .await;
        scene
            .node
            .patch_policy(json!({"anomalies": {"watch": ["volume_jump"], "factor": 60}}))
            .await;
        scene.uses(&one, 1_150, "198.51.100.7").await;
        scene.look().await;
        assert_eq!(
            scene.names().await,
            BTreeMap::new(),
            "not sixty times twenty, and the network is not watched"
        );
        scene.uses(&one, 51, "198.51.100.7").await;
        scene.look().await;
        assert_eq!(scene.names().await, only("One", Kind::VolumeJump));
        scene.node.patch_policy(json!({"anomalies": {"watch": []}})).await;
        scene.uses(&other, 2_000, "198.51.100.7").await;
        scene.look().await;
        assert_eq!(scene.names().await, only("One", Kind::VolumeJump));
    }
}
