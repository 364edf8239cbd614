//! Pages of long lists: where one ended and the next begins, handed to the caller as an opaque cursor.
//!
//! A cursor names the last row that was shown by its sort value and id (keyset paging), so that pages stay right while
//! rows come and go, and the thousandth page costs what the first does.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The longest cursor that is read, in characters.
const MAX_CURSOR: usize = 1024;
/// Rows on a page when the caller does not say.
pub const DEFAULT_LIMIT: u32 = 50;
/// Rows on a page at the most.
pub const MAX_LIMIT: u32 = 500;

/// A sort value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum SortValue {
    /// A number or an instant in microseconds.
    Int(i64),
    /// A text.
    Text(String),
}

/// Why a cursor cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CursorError {
    /// Not one of ours.
    #[error("the cursor is not one that this list gave out")]
    Unreadable,
    /// From a list with other filters or another order.
    #[error("the cursor belongs to a list with other filters or another order")]
    OtherList,
}

/// Where a page ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    /// The last row's sort value.
    pub value: SortValue,
    /// The last row's id.
    pub id: Uuid,
}

impl Cursor {
    /// As it is handed out. `list` names the list with its filters and order; another list refuses the cursor.
    pub fn encode(&self, list: &str) -> String {
        let parts = (
            crc32fast::hash(list.as_bytes()),
            &self.value,
            self.id.simple().to_string(),
        );
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(&parts).unwrap_or_default())
    }

    /// Reads what [`Cursor::encode`] wrote for the same list.
    ///
    /// # Errors
    /// When it is not ours, or belongs to another list.
    pub fn decode(text: &str, list: &str) -> Result<Self, CursorError> {
        if text.len() > MAX_CURSOR {
            return Err(CursorError::Unreadable);
        }
        let bytes = URL_SAFE_NO_PAD
            .decode(text)
            .map_err(|_| CursorError::Unreadable)?;
        let (own, value, id): (u32, SortValue, Uuid) =
            serde_json::from_slice(&bytes).map_err(|_| CursorError::Unreadable)?;
        if own != crc32fast::hash(list.as_bytes()) {
            return Err(CursorError::OtherList);
        }
        Ok(Self { value, id })
    }
}

/// A page of a list, and the cursor of the next one.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// Where the next page begins; none on the last.
    #[schema(required, example = "WzE3NDM4ODIsMTc2NzIyMjAwMDEyMzQ1Nl0")]
    pub next_cursor: Option<String>,
}

impl<T> Page<T> {
    /// The same page with its rows shown otherwise.
    pub fn map<U>(self, show: impl FnMut(T) -> U) -> Page<U> {
        Page {
            items: self.items.into_iter().map(show).collect(),
            next_cursor: self.next_cursor,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn value() -> impl Strategy<Value = SortValue> {
        prop_oneof![
            any::<i64>().prop_map(SortValue::Int),
            "\\PC{0,100}".prop_map(SortValue::Text)
        ]
    }

    proptest! {
        #[test]
        fn a_cursor_survives_the_trip_to_the_caller_and_back(value in value(), id: u128) {
            let cursor = Cursor { value, id: Uuid::from_u128(id) };
            prop_assert_eq!(Cursor::decode(&cursor.encode("keys"), "keys"), Ok(cursor.clone()));
            prop_assert_eq!(Cursor::decode(&cursor.encode("keys"), "keys?q=x"), Err(CursorError::OtherList));
        }

        #[test]
        fn no_text_breaks_the_reader(text in "\\PC{0,80}|[A-Za-z0-9_-]{0,80}") {
            prop_assert!(Cursor::decode(&text, "keys").is_err());
        }
    }

    #[test]
    fn a_megabyte_of_cursor_is_refused_unread() {
        assert_eq!(
            Cursor::decode(&"A".repeat(1 << 20), "keys"),
            Err(CursorError::Unreadable)
        );
    }
}
