//! A row that was read, taken apart column by column; a value of the wrong kind is an error that names its column.

use super::value::{FromValue, Value};
use crate::error::{Result, StoreError};

/// One row.
#[derive(Clone, Debug, PartialEq)]
pub struct Row(pub(crate) Vec<Value>);

impl Row {
    /// Reads the columns from left to right.
    pub fn read(&self) -> Reader<'_> {
        Reader { row: self, next: 0 }
    }

    /// One column, counted from 0.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if there is no such column or it holds something else.
    pub fn get<T: FromValue>(&self, index: usize) -> Result<T> {
        let wanted = std::any::type_name::<T>();
        let Some(value) = self.0.get(index) else {
            return Err(StoreError::Corrupt(format!(
                "column {index} ({wanted}) of {} columns",
                self.0.len()
            )));
        };
        T::from_value(value)
            .ok_or_else(|| StoreError::Corrupt(format!("column {index}: {} is no {wanted}", value.kind())))
    }

    /// How many columns.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether it has no column.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Reads a row from left to right.
#[derive(Debug)]
pub struct Reader<'a> {
    row: &'a Row,
    next: usize,
}

impl Reader<'_> {
    /// The next column.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if there is none or it holds something else.
    #[expect(
        clippy::should_implement_trait,
        reason = "not an iterator: each column has its own type"
    )]
    pub fn next<T: FromValue>(&mut self) -> Result<T> {
        let index = self.next;
        self.next += 1;
        self.row.get(index)
    }
}
