//! Pages of lists that are short enough to be held in memory: an organisation's roles and APIs.

use domain::id::OrganisationId;
use domain::page::{Cursor, CursorError, Page, SortValue};
use uuid::Uuid;

use crate::error::{AppError, Result};

/// Which page of a list, in which order.
#[derive(Debug, Clone, Default)]
pub struct Listing {
    /// Words, each of which the thing's texts must hold, whatever the case.
    pub q: Option<String>,
    /// Highest first.
    pub descending: bool,
    /// Rows on the page.
    pub limit: u32,
    /// Where the page before ended.
    pub cursor: Option<String>,
    /// Names the list with its filters and order; another list's cursor is refused.
    pub list: String,
}

/// A thing with its place in the list.
pub(crate) struct Placed<T> {
    pub(crate) value: SortValue,
    pub(crate) id: Uuid,
    pub(crate) item: T,
}

fn place<'a>(value: &'a SortValue, id: &'a Uuid) -> (i64, &'a str, &'a Uuid) {
    match value {
        SortValue::Int(number) => (*number, "", id),
        SortValue::Text(text) => (0, text, id),
    }
}

impl Listing {
    /// Whether the texts of a thing hold all the words that are asked for.
    pub(crate) fn matches(&self, texts: &[&str]) -> bool {
        let all = texts.join("\n").to_lowercase();
        let asked = self.q.as_deref().unwrap_or_default().to_lowercase();
        asked.split_whitespace().all(|word| all.contains(word))
    }

    /// The page out of all the things that match.
    ///
    /// # Errors
    /// [`AppError::Invalid`] for a cursor that this list did not give out.
    pub(crate) fn page<T>(&self, organisation: OrganisationId, mut all: Vec<Placed<T>>) -> Result<Page<T>> {
        let list = format!("{organisation} {}", self.list);
        all.sort_by(|a, b| place(&a.value, &a.id).cmp(&place(&b.value, &b.id)));
        if self.descending {
            all.reverse();
        }
        let after = self
            .cursor
            .as_deref()
            .map(|text| Cursor::decode(text, &list))
            .transpose()
            .map_err(bad_cursor)?;
        let mut rest = all
            .into_iter()
            .filter(|one| match &after {
                None => true,
                Some(after) if self.descending => place(&one.value, &one.id) < place(&after.value, &after.id),
                Some(after) => place(&one.value, &one.id) > place(&after.value, &after.id),
            })
            .peekable();
        let (mut items, mut last) = (Vec::new(), None);
        for one in rest.by_ref().take(self.limit as usize) {
            last = Some(Cursor {
                value: one.value,
                id: one.id,
            });
            items.push(one.item);
        }
        let next_cursor = last
            .filter(|_| rest.peek().is_some())
            .map(|cursor| cursor.encode(&list));
        Ok(Page { items, next_cursor })
    }
}

pub(crate) fn bad_cursor(error: CursorError) -> AppError {
    AppError::field("cursor", error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> Vec<Placed<u128>> {
        let placed = |n: u128| Placed {
            value: SortValue::Text(format!("{}", n % 4)),
            id: Uuid::from_u128(n),
            item: n,
        };
        (1..12).map(placed).collect()
    }

    #[test]
    fn pages_join_to_the_whole_list_in_either_order() {
        for descending in [false, true] {
            let mut listing = Listing {
                descending,
                limit: 3,
                list: "things".to_owned(),
                ..Listing::default()
            };
            let mut seen = Vec::new();
            loop {
                let page = listing.page(OrganisationId::INSTALLATION, all()).expect("a page");
                seen.extend(page.items);
                listing.cursor = page.next_cursor;
                if listing.cursor.is_none() {
                    break;
                }
            }
            let mut expected: Vec<u128> = (1..12).collect();
            expected.sort_by_key(|n| (n % 4, *n));
            if descending {
                expected.reverse();
            }
            assert_eq!(seen, expected);
        }
    }

    #[test]
    fn another_lists_cursor_is_refused() {
        let mut listing = Listing {
            limit: 1,
            list: "things".to_owned(),
            ..Listing::default()
        };
        let page = listing.page(OrganisationId::INSTALLATION, all()).expect("a page");
        listing.cursor = page.next_cursor;
        listing.list = "other things".to_owned();
        assert!(listing.page(OrganisationId::INSTALLATION, all()).is_err());
    }
}
