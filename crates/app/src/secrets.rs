//! The installation's own secrets: what leans on which pepper and key-encryption key, and replacing them in stages.
//!
//! A new pepper is first announced (everywhere known for verifying), then promoted (used for writing). Stored digests are
//! rewritten as their tokens are seen. It is retired once nothing leans on it any more.

use domain::audit::Target;
use domain::id::OrganisationId;
use domain::secret::{Held, KekVersion, Keyring, PepperVersion, Scheme, Summary};
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::StoreError;
use store::nodes::Node;

use crate::error::{AppError, Result};
use crate::{App, Caller};

/// Which kind of secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SecretKind {
    /// Keys the digests of tokens.
    Pepper,
    /// Wraps the data keys of retained tokens.
    KeyEncryptionKey,
}

/// Which step of a rotation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = RotationStep)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Make a new version that is known, and not used for writing yet.
    Announce,
    /// Use it for writing.
    Promote,
    /// Forget an old version.
    Retire,
}

/// What leans on what.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct SecretsStatus {
    /// The peppers.
    pub peppers: Vec<PepperStatus>,
    /// Digests that were imported and not seen yet.
    pub sha256: Leaning,
    /// The key-encryption keys.
    pub key_encryption_keys: Vec<KekStatus>,
    /// The other servers, which have secrets of their own.
    pub servers: Vec<ServerSecrets>,
}

/// What the secrets of another server hold.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct ServerSecrets {
    /// What people call it.
    #[schema(example = "claviger-2")]
    pub name: String,
    /// The peppers that it has.
    #[schema(example = json!([1, 2]))]
    pub peppers: Vec<u32>,
    /// The one that it writes with; none of an older Claviger, which does not tell.
    #[schema(required, example = 1)]
    pub pepper: Option<u32>,
    /// The key-encryption keys that it has.
    #[schema(example = json!([1]))]
    pub key_encryption_keys: Vec<u32>,
    /// The one that it writes with.
    #[schema(required, example = 1)]
    pub key_encryption_key: Option<u32>,
}

/// Secrets that lean on something.
#[derive(Debug, Clone, Copy, Default, Serialize, utoipa::ToSchema)]
pub struct Leaning {
    /// All of them.
    pub secrets: i64,
    /// Those that have not ended.
    pub live: i64,
}

/// A pepper.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct PepperStatus {
    /// Its version.
    pub version: PepperVersion,
    /// `writing` or `verifying`.
    #[schema(example = "writing")]
    pub state: &'static str,
    /// What leans on it.
    #[serde(flatten)]
    pub leaning: Leaning,
}

/// A key-encryption key.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct KekStatus {
    /// Its version.
    pub version: KekVersion,
    /// `writing` or `verifying`.
    #[schema(example = "writing")]
    pub state: &'static str,
    /// Data keys that it wraps.
    pub data_keys: i64,
}

impl App {
    /// What leans on which pepper and key-encryption key.
    ///
    /// # Errors
    /// For whoever is not at the data directory; when the database fails.
    pub async fn secrets_status(&self, caller: &Caller) -> Result<SecretsStatus> {
        caller.require_local()?;
        let keyring = self.keyring();
        let by_scheme = self.store.secrets_by_scheme(self.clock.now()).await?;
        let by_kek = self.store.data_keys_by_kek().await?;
        let leaning = |scheme: Scheme| {
            let found = by_scheme.iter().find(|lean| lean.scheme == scheme);
            found.map_or_else(Leaning::default, |lean| Leaning {
                secrets: lean.total,
                live: lean.live,
            })
        };
        let state = |writing: bool| if writing { "writing" } else { "verifying" };
        let peppers = keyring.pepper_versions().into_iter().map(|version| PepperStatus {
            version,
            state: state(version == keyring.current_pepper()),
            leaning: leaning(Scheme::Hmac { pepper: version }),
        });
        let keks = keyring.kek_versions().into_iter().map(|version| KekStatus {
            version,
            state: state(version == keyring.current_kek()),
            data_keys: by_kek
                .iter()
                .find(|(known, _)| *known == version)
                .map_or(0, |(_, count)| *count),
        });
        Ok(SecretsStatus {
            peppers: peppers.collect(),
            sha256: leaning(Scheme::Sha256),
            key_encryption_keys: keks.collect(),
            servers: self.other_nodes().await?.iter().map(server).collect(),
        })
    }

    /// Takes one step of a rotation, after any other that is under way. The file is replaced first, then the running
    /// keyring.
    ///
    /// # Errors
    /// For whoever is not at the data directory; when something still leans on what is to be retired.
    pub async fn rotate_secrets(
        &self,
        caller: &Caller,
        kind: SecretKind,
        step: Step,
        version: Option<u32>,
    ) -> Result<SecretsStatus> {
        caller.require_local()?;
        if !self.secrets.is_file() {
            let detail = "the secrets come from the environment: change them there and restart";
            return Err(AppError::conflict("secrets_fixed", detail));
        }
        let _alone = self.rotating.lock().await;
        let status = self.secrets_status(caller).await?;
        let mut keyring = Keyring::from_toml(&self.keyring().to_toml()).map_err(AppError::internal)?;
        let newest = match kind {
            SecretKind::Pepper => keyring
                .pepper_versions()
                .into_iter()
                .map(PepperVersion::get)
                .max(),
            SecretKind::KeyEncryptionKey => keyring.kek_versions().into_iter().map(KekVersion::get).max(),
        };
        let wanted = version.or(newest.filter(|_| step == Step::Promote));
        let chosen = || wanted.ok_or_else(|| AppError::field("version", "name the version to retire"));
        let refused =
            |error: domain::secret::RotationError| AppError::conflict("secrets_in_use", error.to_string());
        match (kind, step) {
            (SecretKind::Pepper, Step::Announce) => drop(keyring.announce_pepper(self.random())),
            (SecretKind::KeyEncryptionKey, Step::Announce) => drop(keyring.announce_kek(self.random())),
            (SecretKind::Pepper, Step::Promote) => {
                keyring
                    .promote_pepper(PepperVersion::new(chosen()?))
                    .map_err(refused)?;
            }
            (SecretKind::KeyEncryptionKey, Step::Promote) => {
                keyring.promote_kek(KekVersion::new(chosen()?)).map_err(refused)?;
                // What is not rewrapped now would keep the old key in use for good.
            }
            (SecretKind::Pepper, Step::Retire) => {
                let version = PepperVersion::new(chosen()?);
                let live = status
                    .peppers
                    .iter()
                    .find(|p| p.version == version)
                    .map_or(0, |p| p.leaning.live);
                refuse_leaning(
                    live,
                    "keys are still verified by it; they are rewritten as they are used",
                )?;
                keyring.retire_pepper(version).map_err(refused)?;
            }
            (SecretKind::KeyEncryptionKey, Step::Retire) => {
                let version = KekVersion::new(chosen()?);
                let wrapped = status
                    .key_encryption_keys
                    .iter()
                    .find(|k| k.version == version)
                    .map_or(0, |k| k.data_keys);
                refuse_leaning(wrapped, "data keys are still wrapped by it")?;
                keyring.retire_kek(version).map_err(refused)?;
            }
        }
        if let Some(why) = self.tell_servers(&keyring.summary()).await? {
            let detail = format!("{why}; give every server the secrets file of this one first");
            return Err(AppError::conflict("secrets_differ", detail));
        }
        if let Err(error) = self.secrets.store(&keyring) {
            self.engine
                .tell_secrets(written(&self.keyring().summary()))
                .await?;
            return Err(AppError::internal(error));
        }
        self.use_keyring(keyring);
        if kind == SecretKind::KeyEncryptionKey && step == Step::Promote {
            self.rewrap_data_keys().await?;
        }
        let by = caller.clone();
        let target = Target {
            kind: "installation".to_owned(),
            id: "secrets".to_owned(),
            name: "secrets file".to_owned(),
        };
        let changes = json!({ "kind": kind, "step": step, "version": wanted });
        self.write(async move |tx| {
            tx.record(
                OrganisationId::INSTALLATION,
                by.event(tx.now(), "secrets.rotate", target, changes),
            );
            Ok(())
        })
        .await?;
        self.secrets_status(caller).await
    }

    fn use_keyring(&self, keyring: Keyring) {
        let keyring = std::sync::Arc::new(keyring);
        *self.keyring.write() = keyring.clone();
        self.engine.set_keyring(keyring);
    }

    /// Tells the other servers what the secrets here are to hold, and then looks whether that goes together with theirs; where it does
    /// not, they are told again what it holds now, and the answer says why. Whoever starts, or takes a step, at the same time does likewise:
    /// one of the two at least sees the other.
    async fn tell_servers(&self, summary: &Summary) -> Result<Option<String>> {
        self.engine.tell_secrets(written(summary)).await?;
        let discord = self.discord(summary).await?;
        if discord.is_some() {
            self.engine
                .tell_secrets(written(&self.keyring().summary()))
                .await?;
        }
        Ok(discord)
    }

    /// Why secrets do not go together with those of another server, which is named; none where they do with all of them.
    pub(crate) async fn discord(&self, summary: &Summary) -> std::result::Result<Option<String>, StoreError> {
        let others = self.other_nodes().await?;
        Ok(others.iter().find_map(|node| {
            let discord = summary.discord(&read(&node.secrets)?)?;
            Some(format!("{}: {discord}", node.name))
        }))
    }

    /// Uses what the secrets file holds now, if that is anything new and goes together with what the other servers have: so that a
    /// file which was brought from the server that took a step of a rotation is used without a restart.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn reload_secrets(&self) -> Result<()> {
        if !self.secrets.is_file() {
            return Ok(());
        }
        let _alone = self.rotating.lock().await;
        let refused = match self.secrets.load(false, self.random()) {
            Ok(keyring) if keyring.to_toml() == self.keyring().to_toml() => None,
            Ok(keyring) => match self.tell_servers(&keyring.summary()).await? {
                None => {
                    self.use_keyring(keyring);
                    tracing::info!("the secrets file was read anew");
                    None
                }
                discord => discord,
            },
            Err(error) => Some(error.to_string()),
        };
        let mut last = self.secrets_refused.lock();
        if let Some(why) = refused.as_deref().filter(|why| last.as_deref() != Some(*why)) {
            tracing::error!(
                why,
                "the secrets file cannot be used; the secrets stay as they were"
            );
        }
        *last = refused;
        Ok(())
    }

    /// Wraps every data key by the key-encryption key that is used for writing.
    async fn rewrap_data_keys(&self) -> Result<()> {
        let keyring = self.keyring();
        let random = self.random.clone();
        self.write(async move |tx| {
            for (id, organisation, wrapped) in tx.data_keys().await? {
                if wrapped.kek == keyring.current_kek() {
                    continue;
                }
                let owner = organisation.uuid();
                let key = keyring
                    .unwrap(&wrapped, owner.as_bytes())
                    .map_err(AppError::internal)?;
                let anew = keyring
                    .wrap(&key, owner.as_bytes(), random.as_ref())
                    .map_err(AppError::internal)?;
                tx.rewrap_data_key(organisation, id, &anew).await?;
            }
            tx.rewrapped().await?;
            Ok(())
        })
        .await?;
        Ok(())
    }
}

/// What a keyring holds, as servers tell each other.
pub(crate) fn written(summary: &Summary) -> String {
    // Of numbers and texts, it is always JSON.
    serde_json::to_string(summary).unwrap_or_default()
}

fn read(secrets: &str) -> Option<Summary> {
    serde_json::from_str(secrets).ok()
}

fn server(node: &Node) -> ServerSecrets {
    let summary = read(&node.secrets);
    let held = |of: fn(&Summary) -> &Held| summary.as_ref().map(of);
    let [peppers, keks] = [held(|all| &all.peppers), held(|all| &all.key_encryption_keys)];
    let known = |held: Option<&Held>| {
        held.map(|held| held.known.keys().copied().collect())
            .unwrap_or_default()
    };
    ServerSecrets {
        name: node.name.clone(),
        peppers: known(peppers),
        pepper: peppers.map(|held| held.writes),
        key_encryption_keys: known(keks),
        key_encryption_key: keks.map(|held| held.writes),
    }
}

fn refuse_leaning(count: i64, why: &str) -> Result<()> {
    if count > 0 {
        return Err(AppError::conflict("secrets_in_use", format!("{count} {why}")));
    }
    Ok(())
}
