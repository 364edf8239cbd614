//! Who is reminded that a key ends, and when.

use serde::{Deserialize, Serialize};

/// Who is reminded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reminded {
    /// The person or service account that the key stands for.
    Owner,
    /// The key's own contacts.
    Contacts,
    /// The person who made the key.
    Creator,
    /// Those who may manage the organisation's keys for everybody.
    Administrators,
    /// The organisation's own address.
    OrganisationEmail,
}

/// Who is reminded that a key ends, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = ReminderPolicy)]
#[serde(default, deny_unknown_fields)]
pub struct Reminders {
    /// How many days before the end; `0` is the day itself. With none nobody is reminded.
    #[schema(max_items = 32, example = json!([30, 14, 7, 3, 2, 1, 0]))]
    pub days: Vec<Day>,
    /// Who is written to.
    #[schema(max_items = 5)]
    pub to: Vec<Reminded>,
    /// The organisation's own address, for whoever it is that reads it.
    #[schema(max_length = 254, example = "keys@sample.example")]
    pub organisation_email: Option<String>,
}

/// A number of days, up to a leap year.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct Day(u16);

impl utoipa::PartialSchema for Day {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::Type::Integer)
            .description(Some("A number of days."))
            .minimum(Some(0))
            .maximum(Some(MOST))
            .examples([30])
            .into()
    }
}

impl utoipa::ToSchema for Day {
    fn name() -> std::borrow::Cow<'static, str> {
        "DaysBefore".into()
    }
}

/// A leap year.
const MOST: u16 = 366;

impl Day {
    /// As a number.
    pub const fn get(self) -> u16 {
        self.0
    }
}

impl From<Day> for u16 {
    fn from(day: Day) -> Self {
        day.0
    }
}

impl TryFrom<u16> for Day {
    type Error = String;

    fn try_from(days: u16) -> Result<Self, String> {
        if days > MOST {
            return Err(format!("reminders.days are at most {MOST}"));
        }
        Ok(Self(days))
    }
}

impl Default for Reminders {
    fn default() -> Self {
        Self {
            days: [30, 14, 7, 3, 2, 1, 0].map(Day).to_vec(),
            // Whatever key it is, somebody hears of it.
            to: vec![Reminded::Owner, Reminded::Contacts, Reminded::Administrators],
            organisation_email: None,
        }
    }
}
