//! What one key of the sample is like, in days before now; the rest of its story follows from that.

use domain::key::Status;

/// When a key is busy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Traffic {
    /// A machine that asks round the clock.
    Machine,
    /// People at home and on the road: days and evenings, fewer at the weekend.
    Public,
    /// People at desks.
    Office,
    /// One run a night.
    Nightly,
    /// One run a week.
    Weekly,
    /// Used once, and not for a long time.
    Idle,
    /// Never used.
    Never,
}

/// How a key's story goes on, in days before now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Lives,
    Disabled { ago: u32 },
    Revoked { ago: u32, reason: &'static str },
    Deleted { ago: u32 },
}

/// A key of the sample.
#[derive(Debug, Clone)]
pub(super) struct Sample {
    pub(super) name: String,
    pub(super) description: String,
    pub(super) permissions: Vec<String>,
    pub(super) networks: Vec<String>,
    pub(super) tags: Vec<String>,
    pub(super) contact: &'static str,
    pub(super) partner: Option<&'static str>,
    pub(super) protected: bool,
    /// Days since it was made.
    pub(super) age: u32,
    /// Days that it lives; for ever when none.
    pub(super) life: Option<u32>,
    pub(super) fate: Fate,
    /// Days between rotations.
    pub(super) rotate_every: Option<u32>,
    /// Days since a rotation whose old secret still works.
    pub(super) rotating: Option<u32>,
    pub(super) traffic: Traffic,
    /// Verifications in its busiest hours.
    pub(super) volume: u32,
}

impl Sample {
    /// The status that the key has now. A window of 30 days and a day's play at both ends: its hours are rolled later.
    pub(super) fn status(&self) -> Status {
        match self.fate {
            Fate::Disabled { .. } => Status::Disabled,
            Fate::Revoked { .. } => Status::Revoked,
            Fate::Deleted { .. } => Status::Deleted,
            Fate::Lives => match self.life {
                Some(life) if self.age > life => Status::Expired,
                Some(life) if life - self.age < 30 => Status::ExpiringSoon,
                _ => Status::Active,
            },
        }
    }

    /// Days since it stopped being accepted.
    pub(super) fn ended(&self) -> Option<u32> {
        let expired = self.life.and_then(|life| self.age.checked_sub(life));
        let ended = match self.fate {
            Fate::Lives => None,
            Fate::Disabled { ago } | Fate::Revoked { ago, .. } | Fate::Deleted { ago } => Some(ago),
        };
        expired.max(ended)
    }
}
