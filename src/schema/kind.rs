//! What values may be.

use std::marker::PhantomData;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use jiff::civil::Time;
use jiff::tz::TimeZone;

use super::host_address::HostAddress;
use super::value::Choice;
use crate::window::{DAYS, Days, Hours};

/// What the value of a key is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind {
    /// A path in the file system.
    Path,
    /// A text of 1 to `max` characters, without control characters, not blank.
    Text { max: usize },
    /// The value of an HTTP header: visible ASCII and spaces; may be empty.
    Header,
    /// `true` or `false`.
    Bool,
    /// A whole number between two, inclusive.
    Integer { min: u64, max: u64 },
    /// A number between two, inclusive.
    Number { min: f64, max: f64 },
    /// One of these names.
    Choice(&'static [&'static str]),
    /// A list of addresses with a port.
    Addresses,
    /// A list of host names and IP addresses.
    Names,
    /// One label of a host name (RFC 1123 section 2.1), in lower case.
    Label,
    /// A web address, `https://` or `http://`, without a query, or that of a directory, `file:///`.
    Url,
    /// The address of a proxy, `http://host:port`, without what it is entered by.
    Proxy,
    /// A list of what is reached without a proxy: names, IP addresses, networks, `*`.
    Destinations,
    /// A list of at most `max` paths of requests, queries included (RFC 9112 section 3.2.1): each begins with `/`.
    RequestPaths { max: usize },
    /// From one time of day to another, as `22:00-05:00`.
    Hours,
    /// A time of day, as `22:00`.
    TimeOfDay,
    /// A list of some of these names.
    Choices(&'static [&'static str]),
    /// A time zone by its name in the IANA database.
    TimeZone,
    /// `dhcp`, or an IP address of a host with the length of its network's prefix, as `192.168.1.50/24`.
    HostAddress,
    /// An IP address.
    Ip,
    /// A list of IP addresses.
    Ips,
    /// A public key as OpenSSH writes it (sshd(8)): type, base64, and perhaps a comment; without options.
    SshKey,
    /// The passphrase of a Wi-Fi network: 8 to 63 visible ASCII characters or spaces (IEEE 802.11i).
    WifiPassphrase,
}

/// A kind, and the type that a value of it is read as.
pub(crate) struct ValueType<T> {
    kind: Kind,
    value: PhantomData<fn() -> T>,
}

impl<T> ValueType<T> {
    pub(super) const fn kind(self) -> Kind {
        self.kind
    }
}

/// A whole number of this type.
pub(crate) trait Whole {
    const MAX: u64;
}

macro_rules! whole {
    ($($type:ty),+) => { $(impl Whole for $type { const MAX: u64 = <$type>::MAX as u64; })+ };
}

whole!(u8, u16, u32, u64, usize);

/// Types of one kind and one type of value.
macro_rules! value_types {
    ($($name:ident: $kind:ident => $type:ty),+ $(,)?) => {
        $(pub(crate) const fn $name() -> ValueType<$type> {
            of(Kind::$kind)
        })+
    };
}

value_types! {
    path: Path => PathBuf,
    header: Header => String,
    switch: Bool => bool,
    addresses: Addresses => Vec<SocketAddr>,
    names: Names => Vec<String>,
    label: Label => String,
    url: Url => String,
    proxy: Proxy => String,
    destinations: Destinations => Vec<String>,
    hours: Hours => Hours,
    time_of_day: TimeOfDay => Time,
    time_zone: TimeZone => TimeZone,
    zone_name: TimeZone => String,
    host_address: HostAddress => HostAddress,
    ip: Ip => IpAddr,
    ips: Ips => Vec<IpAddr>,
    ssh_key: SshKey => String,
    wifi_passphrase: WifiPassphrase => String,
}

const fn of<T>(kind: Kind) -> ValueType<T> {
    ValueType { kind, value: PhantomData }
}

pub(crate) const fn text(max: usize) -> ValueType<String> {
    of(Kind::Text { max })
}

/// Paths of requests, `max` at most.
pub(crate) const fn request_paths(max: usize) -> ValueType<Vec<String>> {
    of(Kind::RequestPaths { max })
}

/// A whole number, inclusive. That its type holds them all is seen when it is compiled.
pub(crate) const fn integer<T: Whole>(min: u64, max: u64) -> ValueType<T> {
    assert!(min <= max && max <= T::MAX, "a range that its type does not hold");
    of(Kind::Integer { min, max })
}

pub(crate) const fn seconds(min: u64, max: u64) -> ValueType<Duration> {
    of(Kind::Integer { min, max })
}

pub(crate) const fn percent() -> ValueType<f64> {
    of(Kind::Number { min: 0.0, max: 100.0 })
}

pub(crate) const fn one_of<T: Choice>() -> ValueType<T> {
    of(Kind::Choice(T::NAMES))
}

pub(crate) const fn days() -> ValueType<Days> {
    of(Kind::Choices(DAYS))
}
