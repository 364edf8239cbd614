//! An installation whose clock stands still until it is moved, and a mail server in a process of its own.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering::SeqCst};
use std::time::Duration;

use app::key::Issued;
use app::mail::MailSettings;
use app::session::Client;
use app::setup::{FirstPerson, Initialised};
use app::{App, Caller, Parts, People, SecretsSource};
use domain::access::Grants;
use domain::account::AccountDraft;
use domain::clock::{Clock, SystemRandom, Timestamp};
use domain::id::{KeyId, OrganisationId, RequestId};
use domain::key::{Actor, ActorKind, KeyDraft};
use domain::policy::ExpiryRequest;
use domain::webhook::AddressRule;
use serde::Deserialize;
use serde_json::{Value, json};
use store::db::Database;
use store::testkit::TestDatabase;
use store::{MIGRATIONS, Store};
use tempfile::TempDir;
use zeroize::Zeroizing;

/// A clock that stands where it was put.
#[derive(Debug, Default)]
pub(crate) struct Hands(AtomicI64);

impl Hands {
    pub(crate) fn put(&self, at: Timestamp) {
        self.0.store(at.as_micros(), SeqCst);
    }

    pub(crate) fn forward(&self, by: Duration) {
        self.put(self.now().plus(by));
    }
}

impl Clock for Hands {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(SeqCst))
    }

    fn boottime(&self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.load(SeqCst)).expect("after 1970"))
    }
}

pub(crate) fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).expect("an instant")
}

/// A letter as the mail server took it.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Taken {
    pub(crate) to: String,
    pub(crate) id: String,
    pub(crate) from: String,
    pub(crate) subject: String,
    pub(crate) auto: String,
    pub(crate) text: String,
    pub(crate) html: String,
}

/// A mail server.
pub(crate) struct MailServer {
    pub(crate) port: u16,
    directory: TempDir,
    child: Option<Child>,
}

impl MailServer {
    pub(crate) fn start() -> Self {
        let mut server = Self {
            port: 0,
            directory: tempfile::tempdir().expect("a directory"),
            child: None,
        };
        server.behave("take");
        server.run();
        server
    }

    /// Starts the process, on the same port and with the same letters as before, if there was one.
    pub(crate) fn run(&mut self) {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut child = Command::new(python())
            .arg(here.join("tests/told/mail_server.py"))
            .arg(self.port.to_string())
            .args([self.letters_file(), self.mode_file()])
            .stdout(Stdio::piped())
            .spawn()
            .expect("the mail server starts");
        let output = child.stdout.take().expect("its output");
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line).expect("a line");
        self.port = line.trim().parse().expect("a port");
        self.child = Some(child);
    }

    pub(crate) fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            child.wait().expect("it ends");
        }
    }

    pub(crate) fn behave(&self, mode: &str) {
        std::fs::write(self.mode_file(), mode).expect("a file");
    }

    fn mode_file(&self) -> PathBuf {
        self.directory.path().join("mode")
    }

    fn letters_file(&self) -> PathBuf {
        self.directory.path().join("letters")
    }

    /// Waits until somebody waits for it.
    pub(crate) async fn is_waited_for(&self) {
        let sign = self.directory.path().join("letters.hanging");
        while std::fs::remove_file(&sign).is_err() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// All that it has taken.
    pub(crate) fn letters(&self) -> Vec<Taken> {
        let text = std::fs::read_to_string(self.letters_file()).unwrap_or_default();
        text.lines()
            .map(|line| serde_json::from_str(line).expect("a letter"))
            .collect()
    }

    pub(crate) fn settings(&self) -> Option<MailSettings> {
        Some(MailSettings {
            url: format!("smtp://127.0.0.1:{}", self.port),
            from: "Claviger <keys@sample.example>".to_owned(),
        })
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        self.stop();
    }
}

/// The Python that `scripts/tools.sh` has set up.
fn python() -> PathBuf {
    let test = std::env::current_exe().expect("this test");
    let mut above = test.ancestors();
    let found = above.find_map(|place| {
        let python = place.join("tools/python/bin/python");
        python.is_file().then_some(python)
    });
    found.expect("scripts/tools.sh installs Python's aiosmtpd")
}

/// A node of an installation.
pub(crate) struct Node {
    pub(crate) app: Arc<App>,
    pub(crate) clock: Arc<Hands>,
    pub(crate) organisation: OrganisationId,
    secrets: Arc<TempDir>,
    _directory: TempDir,
}

impl Node {
    /// The first, which makes the organisation.
    pub(crate) async fn first(db: &TestDatabase, clock: Arc<Hands>, mail: Option<MailSettings>) -> Self {
        Self::made(db, clock, mail).await.0
    }

    async fn made(db: &TestDatabase, clock: Arc<Hands>, mail: Option<MailSettings>) -> (Self, Initialised) {
        store::migrate::migrate(db, MIGRATIONS).await.expect("tables");
        let secrets = Arc::new(tempfile::tempdir().expect("a directory"));
        let (app, directory) = start(db, clock.clone(), &secrets, mail).await;
        let made = app.initialise("Sample Ltd", None).await.expect("an organisation");
        let made = made.expect("a new installation");
        let node = Self {
            app,
            clock,
            organisation: made.organisation.id,
            secrets,
            _directory: directory,
        };
        (node, made)
    }

    /// The first, with somebody who may do everything; and their id.
    pub(crate) async fn with_a_person(
        db: &TestDatabase,
        clock: Arc<Hands>,
        mail: Option<MailSettings>,
        email: &str,
    ) -> (Self, String) {
        let (node, made) = Self::made(db, clock, mail).await;
        let person = FirstPerson {
            email: email.to_owned(),
            name: "Boss".to_owned(),
            password: Zeroizing::new("a long and winding password".to_owned()),
        };
        let client = Client::new(None, "a test", node.caller().request);
        let opened = node
            .app
            .redeem_setup_link(made.setup.expose(), person, client)
            .await;
        let person = opened.expect("a session").user.id;
        (node, person.to_string())
    }

    /// The same installation in another process: after a restart, or beside the first.
    pub(crate) async fn another(&self, db: &TestDatabase, mail: Option<MailSettings>) -> Self {
        let (app, directory) = start(db, self.clock.clone(), &self.secrets, mail).await;
        Self {
            app,
            clock: self.clock.clone(),
            organisation: self.organisation,
            secrets: self.secrets.clone(),
            _directory: directory,
        }
    }

    pub(crate) fn caller(&self) -> Caller {
        Caller {
            organisation: self.organisation,
            actor: Actor {
                kind: ActorKind::System,
                id: None,
                name: "test".to_owned(),
            },
            grants: Grants::everything(),
            ip: None,
            request: RequestId::fresh(self.clock.as_ref(), &SystemRandom),
            local: true,
            operator: true,
            session: None,
        }
    }

    /// Makes a key that ends then, and somebody is to be written to about.
    pub(crate) async fn key(&self, name: &str, contact: &str, ends: &str) -> KeyId {
        let draft = KeyDraft {
            name: Some(name.to_owned()),
            contacts: Some(vec![contact.to_owned()]),
            ..KeyDraft::default()
        };
        self.create(draft, at(ends)).await.view.key.id
    }

    /// Makes a key, and gives its token.
    pub(crate) async fn key_of(&self, draft: KeyDraft, ends: Timestamp) -> Vec<u8> {
        let issued = self.create(draft, ends).await;
        issued.token.expect("a token").expose().as_bytes().to_vec()
    }

    async fn create(&self, draft: KeyDraft, ends: Timestamp) -> Issued {
        let wanted = app::key::CreateKey {
            draft,
            expiry: ExpiryRequest::At(ends),
            ..app::key::CreateKey::default()
        };
        self.app
            .create_key(&self.caller(), wanted, None)
            .await
            .expect("a key")
    }

    /// Makes a service account that somebody answers for, and gives its id.
    pub(crate) async fn account(&self, name: &str, email: Option<&str>, owner: &str) -> String {
        let draft = AccountDraft {
            name: Some(name.to_owned()),
            username: Some(name.to_lowercase().replace(' ', "-")),
            email: email.map(str::to_owned),
            owner: Some(owner.to_owned()),
            ..AccountDraft::default()
        };
        let made = self.app.create_account(&self.caller(), draft).await;
        made.expect("an account").account.id.to_string()
    }

    pub(crate) async fn patch_policy(&self, patch: Value) {
        let wish = app::policy::Wish::default();
        self.app
            .patch_policy(&self.caller(), patch, wish)
            .await
            .expect("a policy");
    }

    /// What the audit log says of letters, oldest first: what became of each, and to whom it was.
    pub(crate) async fn record(&self) -> Vec<(String, String)> {
        let records = self
            .app
            .store()
            .audit_of(self.organisation, &["mail.send"], (0, i64::MAX), 1_000)
            .await
            .expect("records");
        records
            .iter()
            .map(|record| {
                let shown = record.show();
                let became = shown.changes["mail"]["after"].as_str().expect("a word");
                (became.to_owned(), shown.target.name)
            })
            .collect()
    }

    /// Lets it look for what there is to tell.
    pub(crate) async fn tell(&self) {
        self.app.tell().await.expect("it looks");
    }
}

/// Starts it with a data directory of its own, but with the secrets of all nodes.
async fn start(
    db: &TestDatabase,
    clock: Arc<Hands>,
    secrets: &TempDir,
    mail: Option<MailSettings>,
) -> (Arc<App>, TempDir) {
    let directory = tempfile::tempdir().expect("a directory");
    let database = Database::open(db.target()).await.expect("the database");
    let random = Arc::new(SystemRandom);
    let store = Store::start(database, clock.clone(), random.clone())
        .await
        .expect("a store");
    let parts = Parts {
        store,
        directory: directory.path().to_owned(),
        secrets: SecretsSource::File(secrets.path().join("secrets.toml")),
        clock,
        random,
        engine: engine::Options::default(),
        journal_bytes: 16 << 20,
        people: People {
            public_url: Some("https://keys.sample.example".to_owned()),
            mail,
            ..People::default()
        },
        webhooks: AddressRule {
            allowed: vec!["127.0.0.1/32".parse().expect("a network")],
        },
        leak_keys: None,
        stream: None,
        name: "sample".to_owned(),
        node: None,
    };
    (Arc::new(App::start(parts).await.expect("it starts")), directory)
}

/// Reminders of those who are a key's contacts and of nobody else, by the calendar of Berlin.
pub(crate) fn berlin() -> Value {
    json!({
        "expiry": {"timezone": "Europe/Berlin"},
        "reminders": {"days": [30, 14, 7, 3, 2, 1, 0], "to": ["contacts"]},
    })
}
