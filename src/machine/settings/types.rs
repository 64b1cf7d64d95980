//! The settings, valid as a whole.

use std::net::IpAddr;

use crate::lang::Lang;

/// All that a technician says of a box.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    /// What it is called on the network: the label before `.local`, in lower case.
    pub(crate) name: String,
    /// Of the display and of the box's own screen.
    pub(crate) language: Lang,
    /// The workshop's name on the display.
    pub(crate) title: String,
    /// The line's name on the display.
    pub(crate) line: String,
    /// How many TVs are to show the display.
    pub(crate) screens: Option<u32>,
    /// The wired network.
    pub(crate) network: Network,
    /// The name (SSID) of the wireless network, 1 to 32 bytes.
    pub(crate) wifi: Option<String>,
    /// By its name in the IANA database; `None` leaves the image's, UTC.
    pub(crate) time_zone: Option<String>,
    /// The address of the ERP.
    pub(crate) erp: Option<String>,
    /// How the program is kept up to date.
    pub(crate) updates: Updates,
    /// Whether HTTPS is served too.
    pub(crate) https: bool,
    /// The public key with which a technician may log in.
    pub(crate) ssh_key: Option<String>,
    /// Other keys of `config.toml`, each with its value in TOML.
    pub(crate) other: Vec<(&'static str, String)>,
}

/// The wired network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Network {
    /// The interface; `None` are all wired ones.
    pub(crate) interface: Option<String>,
    /// Its address.
    pub(crate) address: Address,
    /// Name servers instead of the network's.
    pub(crate) dns: Vec<IpAddr>,
    /// Time servers instead of the network's: host names and IP addresses.
    pub(crate) ntp: Vec<String>,
    /// The VLAN (IEEE 802.1Q), 1 to 4094.
    pub(crate) vlan: Option<u16>,
}

/// Where an address comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Address {
    /// The network gives it.
    Dhcp,
    /// It is always this one.
    Static {
        /// The address.
        address: IpAddr,
        /// The length of its network's prefix, in bits.
        prefix: u8,
        /// The router, in the same network.
        gateway: Option<IpAddr>,
    },
}

/// How the program is kept up to date. `None` leaves what the program itself says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Updates {
    /// Whether at all.
    pub(crate) enabled: bool,
    /// Which releases.
    pub(crate) channel: String,
    /// The release bucket.
    pub(crate) url: Option<String>,
    /// The hours at which the version may change, as `22:00-05:00`.
    pub(crate) window: Option<String>,
    /// The days on which those hours begin; none are all.
    pub(crate) days: Vec<String>,
}

/// What must not be read by whoever finds the stick.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Secrets {
    /// Of the wireless network.
    pub(crate) wifi_passphrase: Option<String>,
    /// The account at the proxy, without a colon (RFC 7617 section 2).
    pub(crate) proxy_user: Option<String>,
    /// Its password.
    pub(crate) proxy_password: Option<String>,
    /// The account at the ERP.
    pub(crate) erp_user: Option<String>,
    /// Its password.
    pub(crate) erp_password: Option<String>,
}

/// Never with a secret.
impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Secrets").finish_non_exhaustive()
    }
}

impl Secrets {
    /// With what newer ones say, and what they do not say as it was.
    pub(super) fn renewed(self, newer: Self) -> Self {
        Self {
            wifi_passphrase: newer.wifi_passphrase.or(self.wifi_passphrase),
            proxy_user: newer.proxy_user.or(self.proxy_user),
            proxy_password: newer.proxy_password.or(self.proxy_password),
            erp_user: newer.erp_user.or(self.erp_user),
            erp_password: newer.erp_password.or(self.erp_password),
        }
    }

    /// What the proxy wants to hear, `user:password`.
    pub(super) fn proxy_credentials(&self) -> Option<String> {
        Some(format!("{}:{}", self.proxy_user.as_deref()?, self.proxy_password.as_deref()?))
    }

    /// Whether there is none.
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
