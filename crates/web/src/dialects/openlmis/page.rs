//! Pages as Spring Data counts and writes them.

use app::key::Counted;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::Problem;
use crate::http::problem::Result;

/// Rows on the page when the caller does not say.
const ROWS: u32 = 20;
/// Rows on the page at the most. Who asks for more is given as many, as Spring does; the answer says how many.
const MOST: u32 = 2_000;

/// Which page of a list.
pub(super) struct Pageable {
    /// The number of the page, counted from 0.
    pub(super) page: Option<u32>,
    /// Rows on the page; 20 when not said, and 2,000 at the most.
    pub(super) size: Option<u32>,
}

impl Pageable {
    /// The page's number, its rows, and how many rows come before it.
    pub(super) fn place(&self) -> Result<(u32, u32, u64)> {
        let page = self.page.unwrap_or_default();
        let size = self.size.unwrap_or(ROWS);
        if size == 0 || size > i32::MAX as u32 {
            return Err(Problem::invalid("size: from 1 to 2147483647"));
        }
        if page > i32::MAX as u32 {
            return Err(Problem::invalid("page: from 0 to 2147483647"));
        }
        let size = size.min(MOST);
        Ok((page, size, u64::from(page) * u64::from(size)))
    }
}

/// Reads `property` or `property,asc`, `property,desc`: the property, and whether the highest comes first.
pub(super) fn sort<T: Copy>(text: Option<&str>, known: &[(&str, T)], usual: T) -> Result<(T, bool)> {
    let Some(text) = text else {
        return Ok((usual, true));
    };
    let (name, direction) = text.split_once(',').unwrap_or((text, "asc"));
    let property = known.iter().find(|(known, _)| *known == name);
    let descending = match direction.to_ascii_lowercase().as_str() {
        "asc" => Some(false),
        "desc" => Some(true),
        _ => None,
    };
    match (property, descending) {
        (Some((_, property)), Some(descending)) => Ok((*property, descending)),
        _ => {
            let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
            Err(Problem::invalid(format!(
                "sort: expected one of {}, and then ,asc or ,desc",
                names.join(", ")
            )))
        }
    }
}

/// A page of a list.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct SpringPage<T> {
    /// The rows.
    content: Vec<T>,
    /// How many there are on all pages.
    #[schema(example = 1)]
    total_elements: u64,
    /// How many pages there are.
    #[schema(example = 1)]
    total_pages: u64,
    /// Rows on a page at the most.
    #[schema(example = 20)]
    size: u32,
    /// The number of this page, counted from 0.
    #[schema(example = 0)]
    number: u32,
    /// Rows on this page.
    #[schema(example = 1)]
    number_of_elements: usize,
    /// Whether this is the first page.
    #[schema(example = true)]
    first: bool,
    /// Whether this is the last page.
    #[schema(example = true)]
    last: bool,
    /// Whether there is nothing on this page.
    empty: bool,
    sort: SpringSort,
}

/// Whether a page is sorted; here it always is.
#[derive(Serialize, ToSchema)]
pub(super) struct SpringSort {
    /// Always so.
    #[schema(example = true)]
    sorted: bool,
    /// Never so.
    unsorted: bool,
    /// Never so.
    empty: bool,
}

impl<T> SpringPage<T> {
    /// The page of that number out of a list.
    pub(super) fn of(list: Counted<T>, number: u32, size: u32) -> Self {
        let total_pages = list.total.div_ceil(u64::from(size));
        Self {
            number_of_elements: list.items.len(),
            empty: list.items.is_empty(),
            content: list.items,
            total_elements: list.total,
            total_pages,
            size,
            number,
            first: number == 0,
            last: u64::from(number) + 1 >= total_pages,
            sort: SpringSort {
                sorted: true,
                unsorted: false,
                empty: false,
            },
        }
    }
}
