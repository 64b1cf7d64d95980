//! A value as it was found, and as a room takes it.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use jiff::civil::Time;
use jiff::tz::TimeZone;

use crate::lang::Lang;
use crate::window::{self, Days, Hours};

/// A value of the kind that its key wants.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Path(PathBuf),
    /// A text, or what is one in a canonical form.
    Text(String),
    Bool(bool),
    Integer(u64),
    Number(f64),
    Addresses(Vec<SocketAddr>),
    Names(Vec<String>),
}

/// What can be read from a value. Its `ValueType` says of which kind that is, so it fails only for what the kind
/// would not have let through.
pub(crate) trait FromValue: Sized {
    fn from_value(value: &Value) -> Option<Self>;

    /// Stands for no value.
    fn absent() -> Option<Self> {
        None
    }
}

/// One of several names.
pub(crate) trait Choice: Sized {
    /// Every name, in order.
    const NAMES: &'static [&'static str];

    fn from_name(name: &str) -> Option<Self>;
}

impl Choice for Lang {
    const NAMES: &'static [&'static str] = Self::CODES;

    fn from_name(name: &str) -> Option<Self> {
        Self::from_code(name)
    }
}

impl Value {
    /// The text, where it is one.
    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    fn names(&self) -> Option<&[String]> {
        match self {
            Self::Names(names) => Some(names),
            _ => None,
        }
    }

    /// The value as JSON has it (a path that is not Unicode loses what is not).
    pub(crate) fn to_json(&self) -> serde_json::Value {
        match self {
            Self::Path(path) => path.to_string_lossy().into(),
            Self::Text(text) => text.as_str().into(),
            Self::Bool(bool) => (*bool).into(),
            Self::Integer(integer) => (*integer).into(),
            Self::Number(number) => (*number).into(),
            Self::Addresses(list) => list.iter().map(ToString::to_string).collect(),
            Self::Names(list) => list.iter().map(String::as_str).collect(),
        }
    }

    /// The value as `config.toml` has it: for these kinds, JSON's notation is TOML's too.
    pub(crate) fn to_toml(&self) -> String {
        self.to_json().to_string()
    }
}

impl<T: FromValue> FromValue for Option<T> {
    fn from_value(value: &Value) -> Option<Self> {
        T::from_value(value).map(Some)
    }

    fn absent() -> Option<Self> {
        Some(None)
    }
}

impl<T: Choice> FromValue for T {
    fn from_value(value: &Value) -> Option<Self> {
        Self::from_name(value.text()?)
    }
}

/// Those that are one variant of a value, as they are.
macro_rules! from_variant {
    ($($variant:ident => $type:ty),+ $(,)?) => {
        $(impl FromValue for $type {
            fn from_value(value: &Value) -> Option<Self> {
                if let Value::$variant(value) = value { Some(value.clone()) } else { None }
            }
        })+
    };
}

from_variant! {
    Path => PathBuf,
    Text => String,
    Bool => bool,
    Number => f64,
    Addresses => Vec<SocketAddr>,
    Names => Vec<String>,
}

/// Whole numbers.
macro_rules! from_integer {
    ($($type:ty),+) => {
        $(impl FromValue for $type {
            fn from_value(value: &Value) -> Option<Self> {
                if let Value::Integer(value) = value { Self::try_from(*value).ok() } else { None }
            }
        })+
    };
}

from_integer!(u8, u16, u32, u64, usize);

/// In seconds.
impl FromValue for Duration {
    fn from_value(value: &Value) -> Option<Self> {
        u64::from_value(value).map(Self::from_secs)
    }
}

impl FromValue for IpAddr {
    fn from_value(value: &Value) -> Option<Self> {
        value.text()?.parse().ok()
    }
}

impl FromValue for Vec<IpAddr> {
    fn from_value(value: &Value) -> Option<Self> {
        value.names()?.iter().map(|address| address.parse().ok()).collect()
    }
}

impl FromValue for Hours {
    fn from_value(value: &Value) -> Option<Self> {
        value.text()?.parse().ok()
    }
}

impl FromValue for Time {
    fn from_value(value: &Value) -> Option<Self> {
        window::time_of_day(value.text()?)
    }
}

impl FromValue for Days {
    fn from_value(value: &Value) -> Option<Self> {
        Self::parse(value.names()?.iter().map(String::as_str)).ok()
    }
}

impl FromValue for TimeZone {
    fn from_value(value: &Value) -> Option<Self> {
        window::zone(Some(value.text()?)).ok()
    }
}
