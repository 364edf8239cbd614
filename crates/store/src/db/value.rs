//! The values that both engines can hold, so that a repository binds and reads without knowing which one it talks to.

use std::error::Error;

use domain::clock::Timestamp;
use domain::id::{
    AccountId, ApiId, DataKeyId, KeyId, MessageId, OrganisationId, RequestId, RoleId, SecretId, SessionId,
    UserId, WebhookId,
};
use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use uuid::Uuid;

/// One value, to be bound or as read.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// NULL of any type.
    Null,
    /// A whole number; also an instant in microseconds.
    Int(i64),
    /// A truth value; SQLite holds and returns it as `Int`.
    Bool(bool),
    /// Unicode text. PostgreSQL refuses U+0000 in it.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
    /// An id; SQLite holds and returns it as `Bytes` of 16.
    Uuid(Uuid),
}

impl Value {
    /// What it is, for errors; never the content, which may be secret.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Int(_) => "int",
            Self::Bool(_) => "bool",
            Self::Text(_) => "text",
            Self::Bytes(_) => "bytes",
            Self::Uuid(_) => "uuid",
        }
    }
}

/// The values of a statement in the order of their numbers: `params![id, name]` binds `$1` and `$2`.
#[macro_export]
macro_rules! params {
    ($($v:expr),* $(,)?) => { &[ $( $crate::db::Value::from($v) ),* ] };
}

/// What can be read out of a stored value.
pub trait FromValue: Sized {
    /// `None` if the value is not such a thing.
    fn from_value(value: &Value) -> Option<Self>;
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl<T: FromValue> FromValue for Option<T> {
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Null => Some(None),
            value => T::from_value(value).map(Some),
        }
    }
}

macro_rules! integers {
    ($($lossless:ty),*; $($read_only:ty),*) => {
        $(impl From<$lossless> for Value {
            fn from(value: $lossless) -> Self {
                Self::Int(i64::from(value))
            }
        })*
        integers!(read $($lossless),*, $($read_only),*);
    };
    (read $($int:ty),*) => {
        $(impl FromValue for $int {
            fn from_value(value: &Value) -> Option<Self> {
                match value {
                    Value::Int(int) => <$int>::try_from(*int).ok(),
                    _ => None,
                }
            }
        })*
    };
}
// No `From<u64>`: the upper half does not fit, and only the caller knows what that should mean.
integers!(i64, i32, i16, u32, u16, u8; u64);

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl FromValue for bool {
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Bool(bool) => Some(*bool),
            Value::Int(0) => Some(false),
            Value::Int(1) => Some(true),
            _ => None,
        }
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<&String> for Value {
    fn from(value: &String) -> Self {
        Self::Text(value.clone())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

impl FromValue for String {
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Text(text) => Some(text.clone()),
            _ => None,
        }
    }
}

impl From<Vec<u8>> for Value {
    fn from(value: Vec<u8>) -> Self {
        Self::Bytes(value)
    }
}

impl From<&[u8]> for Value {
    fn from(value: &[u8]) -> Self {
        Self::Bytes(value.to_vec())
    }
}

impl<const N: usize> From<[u8; N]> for Value {
    fn from(value: [u8; N]) -> Self {
        Self::Bytes(value.to_vec())
    }
}

impl<const N: usize> From<&[u8; N]> for Value {
    fn from(value: &[u8; N]) -> Self {
        Self::Bytes(value.to_vec())
    }
}

impl FromValue for Vec<u8> {
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Bytes(bytes) => Some(bytes.clone()),
            _ => None,
        }
    }
}

impl<const N: usize> FromValue for [u8; N] {
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Bytes(bytes) => bytes.as_slice().try_into().ok(),
            _ => None,
        }
    }
}

impl From<Uuid> for Value {
    fn from(value: Uuid) -> Self {
        Self::Uuid(value)
    }
}

impl FromValue for Uuid {
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Uuid(uuid) => Some(*uuid),
            Value::Bytes(bytes) => Uuid::from_slice(bytes).ok(),
            _ => None,
        }
    }
}

impl From<Timestamp> for Value {
    fn from(value: Timestamp) -> Self {
        Self::Int(value.as_micros())
    }
}

impl FromValue for Timestamp {
    fn from_value(value: &Value) -> Option<Self> {
        i64::from_value(value).map(Timestamp::from_micros)
    }
}

macro_rules! ids {
    ($($id:ty),* $(,)?) => {$(
        impl From<$id> for Value {
            fn from(id: $id) -> Self {
                Self::Uuid(id.uuid())
            }
        }

        impl FromValue for $id {
            fn from_value(value: &Value) -> Option<Self> {
                Uuid::from_value(value).map(<$id>::from_uuid)
            }
        }
    )*};
}
ids!(
    OrganisationId,
    KeyId,
    SecretId,
    AccountId,
    UserId,
    DataKeyId,
    RequestId,
    RoleId,
    ApiId,
    SessionId,
    WebhookId,
    MessageId
);

impl ToSql for Value {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            // The server chose the width from the statement; the number follows it.
            Self::Int(int) if *ty == Type::INT8 => int.to_sql(ty, out),
            Self::Int(int) if *ty == Type::INT4 => i32::try_from(*int)?.to_sql(ty, out),
            Self::Int(int) if *ty == Type::INT2 => i16::try_from(*int)?.to_sql(ty, out),
            Self::Bool(bool) if *ty == Type::BOOL => bool.to_sql(ty, out),
            Self::Text(text) if <String as ToSql>::accepts(ty) => text.to_sql(ty, out),
            Self::Bytes(bytes) if *ty == Type::BYTEA => bytes.to_sql(ty, out),
            Self::Uuid(uuid) if *ty == Type::UUID => uuid.to_sql(ty, out),
            _ => Err(format!(
                "a value of kind {} was given for a parameter of type {ty}",
                self.kind()
            )
            .into()),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}
