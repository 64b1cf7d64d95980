//! Why no TV can open the box at an address, and what to do.

use std::net::Ipv4Addr;

use serde::{Deserialize, Serialize};

use crate::lang::Lang;

/// Why no TV can open the box at an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum NetworkTrouble {
    /// No interface has a link.
    NoLink,
    /// There is a link, but nobody has given an address.
    NoAddress,
    /// The box has given itself an address, because nobody else did.
    SelfAssigned {
        /// Which.
        address: Ipv4Addr,
    },
    /// The box listens at none of its addresses.
    NotServed,
    /// One that this program is too old to know.
    #[serde(other)]
    Other,
}

impl NetworkTrouble {
    /// What is wrong and what to do, in sentences.
    #[must_use]
    pub(crate) fn words(self, lang: Lang) -> String {
        match self {
            Self::NoLink => lang.pick(
                "Sin red: no hay cable conectado, o el otro extremo está apagado. Conecte el cable de red entre el equipo \
                 y el router; la luz del conector debe encenderse.",
                "No network: no cable is plugged in, or its other end is off. Connect the box to the router by a network \
                 cable; the light at the socket must come on.",
            )
            .to_owned(),
            Self::NoAddress => format!(
                "{} {}",
                lang.pick(
                    "El cable está conectado, pero el router no ha dado ninguna dirección (DHCP).",
                    "The cable is connected, but the router has given no address (DHCP).",
                ),
                remedy(lang)
            ),
            Self::SelfAssigned { address } => format!(
                "{} {}",
                lang.pick(
                    format!(
                        "El router no ha dado ninguna dirección (DHCP). El equipo se ha puesto {address}, que no sirve \
                         para los televisores."
                    ),
                    format!(
                        "The router has given no address (DHCP). The box has given itself {address}, which is of no use \
                         to TVs."
                    ),
                ),
                remedy(lang)
            ),
            Self::NotServed => lang.pick(
                "El equipo tiene red, pero ninguna de sus direcciones está en listen.http: corríjala en la configuración.",
                "The box has a network, but none of its addresses is in listen.http: correct it in the configuration.",
            )
            .to_owned(),
            Self::Other => {
                lang.pick("Ninguna dirección sirve para los televisores.", "No address is of use to TVs.").to_owned()
            }
        }
    }
}

fn remedy(lang: Lang) -> &'static str {
    lang.pick(
        "Compruebe que el cable llega al router y que el router está encendido y tiene DHCP activado; o ponga una \
         dirección fija (network.address, en workshop-edge.txt del USB).",
        "Check that the cable leads to the router, and that the router is on and has DHCP enabled; or set a fixed \
         address (network.address, in workshop-edge.txt of the USB stick).",
    )
}
