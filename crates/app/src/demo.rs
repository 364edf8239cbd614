//! An organisation to look around in: keys in every status with the past that led there, the systems that they stand
//! for, and a month of usage. It goes in by the same verbs that real keys do, so that lists, histories and the audit
//! chain are what they would be.

mod accounts;
mod apis;
mod crowd;
mod dice;
mod life;
mod named;
mod sample;
mod unusual;
mod use_of;

use std::net::IpAddr;
use std::time::Duration;

use domain::anomaly::Anomaly;
use domain::audit::{Event, Target};
use domain::clock::{Random, Timestamp};
use domain::id::{KeyId, OrganisationId, RequestId};
use domain::key::{Actor, ActorKind, AskedOf, Key};
use domain::organisation::{Organisation, OrganisationStatus};
use domain::policy::Policy;
use domain::secret::sha256;
use domain::token::Token;
use serde_json::json;
use store::organisations::Tenant;
use store::requests::Kept;
use store::usage::{Count, Required};
use store::{StoreError, Tx};

use crate::error::{AppError, Result};
use crate::key::target;
use crate::policy::Founding;
use crate::setup::{LINK_LIFE, LINK_PREFIX};
use crate::{App, Caller, anomalies};
use accounts::Cast;
use dice::Dice;
use life::{Step, Teller, Then};
use sample::{Fate, Sample, Traffic};

/// How the demo organisation is named in headers and on the command line.
pub const SLUG: &str = "demo";
const NAME: &str = "Northwind Sample Ltd";
/// Days since the organisation was made.
const AGE: u32 = 800;
const SEED: u64 = 0x636c_6176_6967_6572;
/// The key whose usage and history are worth a look.
const EXAMPLE: &str = "FieldWorker-Mobile-App";

/// What was made; the management key is shown this once.
#[derive(Debug)]
pub struct Demo {
    /// The organisation.
    pub organisation: Organisation,
    /// A key that may do everything in it.
    pub management_key: Token,
    /// How many keys there are.
    pub keys: usize,
    /// Verifications that its keys were answered.
    pub verifications: i64,
    /// Records of its audit log.
    pub audit_records: usize,
    /// A key with a rotation under way.
    pub example: KeyId,
    /// The token of a set-up link, where there is no other organisation: then nobody could sign in to this one.
    pub setup: Option<Token>,
}

/// A key's past and its use.
struct Story {
    steps: Vec<Step>,
    counts: Vec<Count>,
    last: Option<(Timestamp, IpAddr)>,
    asked: Vec<Kept>,
    required: Vec<Required>,
}

impl App {
    /// Makes the organisation `demo` with sample data, in one transaction. Other organisations are not touched.
    ///
    /// # Errors
    /// When it is there already; for whoever is not at the data directory; as [`AppError`] says. Then nothing was made.
    pub async fn fill_demo(&self, caller: &Caller) -> Result<Demo> {
        caller.require_local()?;
        if self.store.tenant_by_slug(SLUG).await?.is_some() {
            return Err(exists());
        }
        let now = self.clock.now();
        let made_at = now.minus(Duration::from_secs(u64::from(AGE) * 86_400));
        let tenant = Tenant {
            organisation: Organisation {
                id: OrganisationId::fresh(&Then(made_at), self.random()),
                slug: SLUG.to_owned(),
                name: NAME.to_owned(),
                status: OrganisationStatus::Active,
                rate_limits: Vec::new(),
                created_at: made_at,
                version: 1,
            },
            policy: Policy::default(),
        };
        let (founding, keeper) = (Founding::new(self, None)?, caller.clone());
        let mut cast = accounts::cast(tenant.organisation.id, &caller.actor, self.random(), now)?;
        let mut shelf = apis::shelf(tenant.organisation.id, &caller.actor, self.random(), now)?;
        let (stories, management_key) = self.stories(&tenant, &caller.actor, &cast, now)?;
        let mut events = vec![birth(&tenant.organisation, &caller.actor)];
        events.append(&mut shelf.events);
        events.append(&mut cast.events);
        events.extend(
            stories
                .iter()
                .flat_map(|story| &story.steps)
                .map(|step| self.event(step)),
        );
        // The log of an organisation goes by time, whichever key it was about.
        events.sort_by_key(|event| event.at);
        let counts: Vec<&Count> = stories.iter().flat_map(|story| &story.counts).collect();
        let mut keys = stories
            .iter()
            .filter_map(|story| story.steps.first().map(|step| &step.key));
        let unusual: Vec<(KeyId, Anomaly)> = keys
            .clone()
            .filter_map(|key| Some((key.id, unusual::of(&key.name, now)?)))
            .collect();
        let example = keys.find(|key| key.name == EXAMPLE);
        let setup = self.link_token(LINK_PREFIX)?;
        let digest = *sha256(&setup.as_presented()).as_bytes();
        let mut demo = Demo {
            organisation: tenant.organisation.clone(),
            management_key,
            keys: stories.len(),
            verifications: counts.iter().map(|count| count.count).sum(),
            audit_records: events.len() + unusual.len(),
            example: example
                .map(|key| key.id)
                .ok_or_else(|| AppError::internal("a demo without its example"))?,
            setup: None,
        };
        let alone = self.change(async move |tx| {
            let alone = !tx.has_organisations().await?;
            let made = tx.insert_organisation(&tenant).await;
            // Somebody else was quicker.
            made.map_err(|error| match error {
                StoreError::Conflict { .. } => exists(),
                other => other.into(),
            })?;
            founding.lay(tx, &keeper, &tenant).await?;
            if alone {
                let until = tx.now().plus(LINK_LIFE);
                tx.insert_setup_link(tenant.organisation.id, digest, until)
                    .await?;
            }
            apis::write(tx, shelf).await?;
            accounts::write(tx, cast).await?;
            // What is many goes in at once: a database that is far away takes its time for each single thing.
            let (mut counts, mut uses, mut asked) = (Vec::new(), Vec::new(), Vec::new());
            let mut required = Vec::new();
            for story in stories {
                counts.extend(story.counts);
                asked.extend(story.asked);
                let key = write(tx, tenant.organisation.id, story.steps).await?;
                required.extend(story.required);
                let last = key.zip(story.last);
                uses.extend(last.map(|(key, (at, ip))| (key, at, Some(ip.to_string()))));
            }
            tx.add_usage(&counts).await?;
            tx.note_uses(&uses).await?;
            tx.note_required(&required).await?;
            tx.add_requests(&asked).await?;
            events
                .into_iter()
                .for_each(|event| tx.record(tenant.organisation.id, event));
            for (key, anomaly) in unusual {
                anomalies::tell_of(tx, tenant.organisation.id, key, &anomaly).await?;
            }
            Ok(alone)
        });
        demo.setup = alone.await?.then_some(setup);
        Ok(demo)
    }

    /// Every key's story, in the order in which the keys were made, and the token of the youngest.
    fn stories(
        &self,
        tenant: &Tenant,
        keeper: &Actor,
        cast: &Cast,
        now: Timestamp,
    ) -> Result<(Vec<Story>, Token)> {
        let mut teller = Teller {
            now,
            organisation: tenant.organisation.id,
            policy: &tenant.policy,
            keyring: self.keyring(),
            random: self.random(),
            dice: Dice::new(SEED),
            owners: &cast.owners,
        };
        let mut samples = named::samples();
        samples.extend(crowd::samples(&samples, &mut teller.dice));
        let mut actors: Vec<Actor> = Vec::new();
        let mut stories = Vec::new();
        for (n, sample) in samples.iter().enumerate() {
            let is_manager = n < named::MANAGERS.len();
            let maker = match is_manager {
                true => keeper.clone(),
                false => actors[teller.dice.between(0, actors.len() as u32 - 1) as usize].clone(),
            };
            let by = if is_manager {
                std::slice::from_ref(keeper)
            } else {
                &actors
            };
            let story = story(&mut teller, sample, &maker, by)?;
            if is_manager {
                actors.push(actor(&story));
            }
            stories.push(story);
        }
        let mut last = story(&mut teller, &handed_out(), keeper, std::slice::from_ref(keeper))?;
        let secret = last.steps.first_mut().and_then(|step| step.secret.as_mut());
        let token = secret
            .map(|(_, token)| std::mem::replace(token, Token::generate(&tenant.policy.token, self.random())));
        stories.push(last);
        stories.sort_by_key(|story| story.steps.first().map(|step| step.at));
        Ok((
            stories,
            token.ok_or_else(|| AppError::internal("a key without a secret"))?,
        ))
    }

    fn event(&self, step: &Step) -> Event {
        Event {
            at: step.at,
            actor: step.by.clone(),
            action: step.action,
            target: target(&step.key),
            request_id: Some(RequestId::fresh(&Then(step.at), self.random()).to_string()),
            ip: step.by.id.as_ref().map(|_| "192.0.2.8".to_owned()),
            changes: step.changes.clone(),
        }
    }
}

fn exists() -> AppError {
    AppError::conflict(
        "demo_exists",
        "there is an organisation demo already; nothing was changed",
    )
}

fn birth(organisation: &Organisation, keeper: &Actor) -> Event {
    Event {
        at: organisation.created_at,
        actor: keeper.clone(),
        action: "organisation.create",
        target: Target {
            kind: "organisation".to_owned(),
            id: organisation.id.to_string(),
            name: organisation.name.clone(),
        },
        request_id: None,
        ip: None,
        changes: json!({"slug": {"after": organisation.slug}, "name": {"after": organisation.name}}),
    }
}

fn actor(story: &Story) -> Actor {
    let key = &story.steps[0].key;
    Actor {
        kind: ActorKind::Key,
        id: Some(key.id.to_string()),
        name: key.name.clone(),
    }
}

/// The key whose token is handed out.
fn handed_out() -> Sample {
    Sample {
        name: "Demo management key".to_owned(),
        description: "May do everything in this organisation".to_owned(),
        permissions: named::words("claviger:* *"),
        networks: Vec::new(),
        tags: vec!["management".to_owned()],
        contact: named::contact(1),
        partner: None,
        protected: false,
        age: 0,
        life: None,
        fate: Fate::Lives,
        rotate_every: None,
        rotating: None,
        traffic: Traffic::Never,
        volume: 0,
    }
}

fn story(teller: &mut Teller<'_>, sample: &Sample, maker: &Actor, by: &[Actor]) -> Result<Story> {
    let steps = teller.life(sample, maker, by)?;
    let disabled_at = steps
        .iter()
        .find(|step| step.action == "key.disable")
        .map(|step| step.at);
    let Some(last) = steps.last() else {
        return Err(AppError::internal("a key without a beginning"));
    };
    // Dice of its own: how many hours there are to tell depends on the time of day, and nothing else should.
    let mut dice = Dice::new(SEED ^ u64::from(sample.volume) << 32 ^ u64::from(sample.age));
    let used = use_of::used(sample, &last.key, disabled_at, teller.now, &mut dice);
    Ok(Story {
        required: use_of::required(&last.key, used.last, teller.now),
        steps,
        counts: used.counts,
        last: used.last,
        asked: used
            .asked
            .into_iter()
            .map(|asked| kept(asked, teller.random))
            .collect(),
    })
}

fn kept(asked: AskedOf, random: &dyn Random) -> Kept {
    let id = RequestId::fresh(&Then(asked.at), random);
    Kept { id, asked }
}

/// Writes a key with its past; gives its id.
async fn write(tx: &mut Tx, organisation: OrganisationId, steps: Vec<Step>) -> Result<Option<KeyId>> {
    let number = tx.next_key_number(organisation).await?;
    let mut before: Option<Key> = None;
    for step in steps {
        let mut key = step.key;
        key.number = number;
        if let Some((secret, end)) = step.ends {
            tx.end_secret(organisation, key.id, secret, end).await?;
        }
        match &before {
            None => tx.insert_key(&key).await?,
            Some(before) => tx.update_key(before, &mut key).await?,
        }
        if let Some((secret, _)) = &step.secret {
            tx.insert_secret(secret).await?;
        }
        before = Some(key);
    }
    Ok(before.map(|key| key.id))
}
