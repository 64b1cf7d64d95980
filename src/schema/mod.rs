//! The words in which a room declares the settings that it takes: each key once, with its type, range, default and
//! descriptions.
//!
//! [`settings!`] makes of such declarations the struct that the room takes, its keys, and how it is read. `config` finds the
//! values (file, environment, flags), says what is wrong with them, and reads the structs.

mod host_address;
mod key;
mod kind;
mod value;

pub(crate) use host_address::HostAddress;
pub(crate) use key::{Key, Missing, Section, Setting, Values, concat, key, optional};
pub(crate) use kind::{
    Kind, addresses, days, destinations, header, host_address, hours, integer, ip, ips, label, names, one_of, path,
    percent, proxy, request_paths, seconds, ssh_key, switch, text, time_of_day, time_zone, url, wifi_passphrase,
    zone_name,
};
pub(crate) use value::{Choice, FromValue, Value};

/// Declares the settings of a room: a struct, of which each field is a key, or a section of its own that is declared in the
/// same way (`..field: Type`).
///
/// ```text
/// settings! {
///     /// What a peer may take.
///     pub(crate) struct Limits {
///         connections: usize = key("limits.connections", integer(1, 65_536), "1024",
///             "Conexiones abiertas a la vez.",
///             "Connections open at once.");
///     }
/// }
/// ```
///
/// A key has the type of its field, or nothing compiles; `Limits::connections()` is the key, for rules about it.
macro_rules! settings {
    (
        $(#[$attribute:meta])*
        $vis:vis struct $name:ident {
            $($(#[$field_attribute:meta])* $field:ident: $type:ty = $setting:expr;)*
            $(..$section:ident: $section_type:ty;)*
        }
    ) => {
        $(#[$attribute])*
        $vis struct $name {
            $($(#[$field_attribute])* $vis $field: $type,)*
            $(pub(crate) $section: $section_type,)*
        }

        impl $name {
            $(pub(crate) const fn $field() -> $crate::schema::Setting<$type> { $setting })*
        }

        impl $crate::schema::Section for $name {
            const KEYS: &'static [$crate::schema::Key] = {
                const SECTIONS: &[&[$crate::schema::Key]] = &[
                    &[$($name::$field().key),*],
                    $(<$section_type as $crate::schema::Section>::KEYS,)*
                ];
                &$crate::schema::concat::<{ $crate::schema::Key::count(SECTIONS) }>(SECTIONS)
            };

            fn read(values: &dyn $crate::schema::Values) -> Result<Self, $crate::schema::Missing> {
                Ok(Self {
                    $($field: Self::$field().read(values)?,)*
                    $($section: $crate::schema::Section::read(values)?,)*
                })
            }
        }
    };
}

/// Declares an enumeration whose variants have a name in the configuration.
macro_rules! choice {
    ($(#[$attribute:meta])* $vis:vis enum $name:ident { $($(#[$variant_attribute:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$attribute])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        $vis enum $name {
            $($(#[$variant_attribute])* $variant),+
        }

        impl $name {
            /// Its name.
            #[allow(dead_code, reason = "not every choice is shown")]
            $vis const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $text),+
                }
            }
        }

        impl $crate::schema::Choice for $name {
            const NAMES: &'static [&'static str] = &[$($text),+];

            fn from_name(name: &str) -> Option<Self> {
                match name {
                    $($text => Some(Self::$variant),)+
                    _ => None,
                }
            }
        }
    };
}

pub(crate) use {choice, settings};
