//! What a change of the policy would do: which settings it changes, and what is there already that it would touch.

use domain::clock::Timestamp;
use domain::id::OrganisationId;
use domain::policy::{Effect, Policy, Preset, Tightening, What};
use serde::Serialize;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};
use store::policies::PolicyNow;
use store::touched::Touches;

use super::{difference, json_of};
use crate::App;
use crate::error::Result;

/// How a change is asked for.
#[derive(Debug, Clone, Default)]
pub struct Wish {
    /// The version that the caller has seen (`If-Match`).
    pub version: Option<i64>,
    /// The word by which a preview is confirmed.
    pub confirm: Option<String>,
    /// Only to be shown what it would do.
    pub dry_run: bool,
}

/// What a change came to.
#[derive(Debug)]
pub enum Changed {
    /// It holds.
    Done {
        /// The policy as it is now.
        now: Box<PolicyNow>,
        /// What was made beside it.
        made: Made,
    },
    /// It was only looked at.
    Previewed(Box<PolicyPreview>),
}

/// Roles and APIs that a preset makes, by name and slug.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = PresetMakes)]
pub struct Made {
    /// Roles that the organisation has none of.
    #[schema(example = json!(["Reports API"]))]
    pub roles: Vec<String>,
    /// APIs that the organisation has none of.
    #[schema(example = json!(["reports"]))]
    pub apis: Vec<String>,
}

impl Made {
    /// Whether there is nothing to make.
    pub fn is_empty(&self) -> bool {
        self.roles.is_empty() && self.apis.is_empty()
    }
}

/// What a change of the policy would do.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct PolicyPreview {
    /// The version that the policy has now.
    #[schema(example = 3)]
    pub current_version: i64,
    /// The settings that would change, by path, each with what it is and what it would be.
    #[schema(value_type = Object, example = json!({"expiry.max": {"before": null, "after": "90d"}}))]
    pub changes: Value,
    /// What is there already that would be touched; nothing where the change only widens.
    pub touches: Vec<Touch>,
    /// What a preset would make beside it.
    pub makes: Made,
    /// The word to send as `confirm` with the same change; good until the policy changes.
    #[schema(example = "5f2ab0c3d9e84176a0b1c2d3e4f50617")]
    pub confirm: String,
    /// The policy as it would be.
    pub policy: Policy,
}

/// What one setting would touch.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
#[schema(as = PolicyTouch)]
pub struct Touch {
    /// The setting's path.
    #[schema(example = "expiry.max")]
    pub setting: &'static str,
    /// What it is about.
    pub what: What,
    /// How many there are.
    #[schema(example = 12)]
    pub count: i64,
    /// What becomes of them.
    pub effect: Effect,
    /// The same in a sentence.
    #[schema(example = "they keep their end; a new one that is given to them has to lie within the limit")]
    pub detail: &'static str,
    /// The oldest of them, twenty at the most.
    #[schema(max_items = 20)]
    pub first: Vec<TouchedThing>,
}

/// A key, an owner or a service account that would be touched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct TouchedThing {
    /// Its id.
    #[schema(example = "key_01k1qhwaswfn78ypkbfj6sw3rt")]
    pub id: String,
    /// Its name.
    #[schema(example = "Billing sync")]
    pub name: String,
}

fn touch(tightening: &Tightening, touches: Touches) -> Touch {
    let first = touches.first.into_iter();
    Touch {
        setting: tightening.setting,
        what: tightening.touched.what(),
        count: touches.count,
        effect: tightening.effect,
        detail: tightening.detail,
        first: first.map(|(id, name)| TouchedThing { id, name }).collect(),
    }
}

impl App {
    /// What it would do to put `wanted` in the place of the policy of now.
    pub(super) async fn preview(
        &self,
        organisation: OrganisationId,
        now: &PolicyNow,
        wanted: &Policy,
        preset: Option<&Preset>,
        makes: Made,
    ) -> Result<PolicyPreview> {
        let at = self.clock.now();
        let mut touches = Vec::new();
        for tightening in now.policy.tightened_by(wanted) {
            let touched = self.touched(organisation, &tightening, at).await?;
            touches.extend(touched.map(|touched| touch(&tightening, touched)));
        }
        let (before, after) = (json_of(&now.policy)?, json_of(wanted)?);
        Ok(PolicyPreview {
            current_version: now.version,
            changes: difference(&before, &after),
            touches,
            makes,
            confirm: word(organisation, now.version, preset, &after),
            policy: wanted.clone(),
        })
    }

    /// None where nothing of that kind is there.
    async fn touched(
        &self,
        organisation: OrganisationId,
        tightening: &Tightening,
        at: Timestamp,
    ) -> Result<Option<Touches>> {
        let touched = self.store.touched(organisation, &tightening.touched, at).await?;
        Ok(Some(touched).filter(|touched| touched.count > 0))
    }
}

impl PolicyPreview {
    /// Whether the change is to be confirmed by this word before it is made: where it touches anything, and where the word
    /// is that of another change or of another version.
    pub(super) fn waits_for(&self, confirm: Option<&str>) -> bool {
        match confirm {
            Some(word) => word != self.confirm,
            None => !self.touches.is_empty(),
        }
    }

    /// The settings that would change.
    pub fn changed(&self) -> Option<&Map<String, Value>> {
        self.changes.as_object()
    }
}

/// Binds a confirmation to what was shown: the version that is changed, and what it is changed to. It is no secret: who
/// works it out by themselves has confirmed as well.
fn word(organisation: OrganisationId, version: i64, preset: Option<&Preset>, after: &Value) -> String {
    let preset = preset.map_or("", |preset| preset.name.as_str());
    let digest = Sha256::digest(format!("{organisation}\n{version}\n{preset}\n{after}"));
    domain::hex::hex(&digest[..16])
}
