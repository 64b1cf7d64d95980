//! The status in words, in both languages: the page and the terminal say the same.

use super::erp::{Erp, ErpAccount, ErpState};
use super::status::{Clock, Discovery, Disk, Doubt, Name, Serving, Site, Status};
use super::trouble::NetworkTrouble;
use crate::health::Level;
use crate::lang::{Text, duration};

/// Copy without anything to fill in.
type Fixed = Text<&'static str>;

pub(super) const TYPE_ON_TV: Fixed = Text::fixed("En el televisor, escriba", "On the TV, type");
pub(super) const OR: Fixed = Text::fixed("o bien", "or");
/// Instead of an address.
pub(super) const NO_ADDRESS: Fixed =
    Text::fixed("Todavía no hay dirección para los televisores", "There is no address for the TVs yet");
pub(super) const QR_CODE: Fixed = Text::fixed("Código QR de la dirección", "QR code of the address");
pub(super) const PIN_CHANGED: Fixed = Text::fixed("cambiado", "changed");
pub(super) const NO_ANSWER: Fixed = Text::fixed("El servicio no responde.", "The service does not answer.");
pub(super) const NO_ANSWER_REMEDY: Fixed = Text::fixed(
    "Si no vuelve en un minuto, apague y encienda el equipo.",
    "If it does not return within a minute, switch the box off and on.",
);

/// Instead of the screens.
pub(super) const NO_SCREENS: Fixed = Text::fixed(
    "Ninguna pantalla ha abierto la página todavía. Ábrala en un televisor: aparece aquí en unos segundos, con un código.",
    "No screen has opened the page yet. Open it on a TV: it appears here within seconds, with a code.",
);
pub(super) const SCREENS_OFF: Fixed = Text::fixed(
    "El equipo no sigue a las pantallas: screens.agent es false en la configuración.",
    "The box does not follow the screens: screens.agent is false in the configuration.",
);
pub(super) const CODE_HIDDEN: Fixed = Text::fixed(
    "La pantalla ya no enseña su código: «Identificar» lo muestra otra vez.",
    "The screen does not show its code any more: \"Identify\" shows it again.",
);

// The labels of the facts.
pub(super) const SCREENS: Fixed = Text::fixed("Pantallas", "Screens");
pub(super) const SCREEN_DEVICE: Fixed = Text::fixed("Aparato", "Device");
pub(super) const SCREEN_VIEW: Fixed = Text::fixed("Vista", "View");
pub(super) const SCREEN_SEEN: Fixed = Text::fixed("Contacto", "Last seen");
pub(super) const ADDRESS: Fixed = Text::fixed("Dirección", "Address");
pub(super) const NETWORK: Fixed = Text::fixed("Red", "Network");
pub(super) const NAME: Fixed = Text::fixed("Nombre", "Name");
pub(super) const DISPLAY: Fixed = Text::fixed("Pantalla", "Display");
pub(super) const ERP: Fixed = Text::fixed("ERP: datos", "ERP: data");
pub(super) const ERP_ACCOUNT: Fixed = Text::fixed("ERP: cuenta", "ERP: account");
pub(super) const ERP_NOTICES: Fixed = Text::fixed("ERP: avisos", "ERP: notices");
pub(super) const CLOCK: Fixed = Text::fixed("Reloj", "Clock");
pub(super) const RUNNING_FOR: Fixed = Text::fixed("En marcha", "Running for");
pub(super) const VERSION: Fixed = Text::fixed("Versión", "Version");
pub(super) const NOTICES: Fixed = Text::fixed("Avisos", "Notices");
pub(super) const UPDATES: Fixed = Text::fixed("Actualización", "Updates");
pub(super) const IDENTIFIER: Fixed = Text::fixed("Identificador", "Identifier");
pub(super) const DISK: Fixed = Text::fixed("Disco", "Disk");
pub(super) const CERTIFICATE: Fixed = Text::fixed("Certificado", "Certificate");
pub(super) const SYSTEM: Fixed = Text::fixed("Sistema", "System");

impl Level {
    /// How the box is, in a few words.
    #[must_use]
    pub(crate) fn words(self) -> Fixed {
        match self {
            Self::Ok => Text::fixed("Todo bien", "All is well"),
            Self::Degraded => Text::fixed("Funciona, pero conviene revisarlo", "Works, but somebody should look"),
            Self::Failing => Text::fixed("La pantalla no se sirve", "The display is not served"),
        }
    }
}

impl Discovery {
    /// Why the box may not be found under its name, in a sentence.
    #[must_use]
    pub(crate) fn fault(&self, host: &str) -> Option<Text> {
        self.is_doubtful().then(|| self.words(host))
    }

    /// How the box is found under its name, in a sentence.
    #[must_use]
    pub(crate) fn words(&self, host: &str) -> Text {
        match self {
            Self::Off => Text::new("El nombre no se anuncia en la red.", "The name is not announced."),
            Self::Starting => Text::new(
                format!("{host}: el nombre se está anunciando."),
                format!("{host}: the name is being announced."),
            ),
            Self::NoNetwork => Text::new(
                "Sin red: ninguna interfaz tiene cable y dirección. Revise el cable y el router.",
                "No network: no interface has a link and an address. Check the cable and the router.",
            ),
            Self::Resolvable => Text::new(format!("{host} lleva a este equipo."), format!("{host} leads to this box.")),
            Self::Silent => Text::new(
                format!("Nadie responde por {host}: la red no deja pasar multicast. Use la dirección IP."),
                format!("Nobody answers for {host}: the network does not pass multicast. Use the IP address."),
            ),
            Self::Conflict { address } => Text::new(
                format!("{address} también responde por {host}. Cambie el nombre de uno de los dos equipos."),
                format!("{address} answers for {host} too. Give one of the two devices another name."),
            ),
            Self::Failed { reason } => Text::new(
                format!("El nombre no se puede anunciar; use la dirección IP. Detalle: {reason}"),
                format!("The name cannot be announced; use the IP address. Details: {reason}"),
            ),
            Self::Other => Text::new("Estado desconocido.", "Unknown state."),
        }
    }
}

impl Name {
    /// Why the box has another name than the configured one.
    #[must_use]
    pub(crate) fn renamed(&self) -> Option<Text> {
        self.is_renamed().then(|| {
            let wanted = &self.wanted;
            Text::new(
                format!("«{wanted}» ya lo usa otro equipo de la red."),
                format!("Another device of the network already has \"{wanted}\"."),
            )
        })
    }
}

impl Doubt {
    /// Why the clock may be wrong, in a sentence.
    #[must_use]
    pub(crate) fn words(self) -> Fixed {
        match self {
            Self::BeforeBuild => Text::fixed(
                "La hora es anterior a este programa: está mal.",
                "The time is before this program was made: it is wrong.",
            ),
            Self::NotSynchronised => {
                Text::fixed("Sin sincronizar con un servidor de hora.", "Not synchronised with a time server.")
            }
            Self::NoTimeService => Text::fixed(
                "Sin comprobar: no hay servicio de hora (systemd-timesyncd).",
                "Not verified: there is no time service (systemd-timesyncd).",
            ),
            Self::Other => Text::fixed("Sin comprobar.", "Not verified."),
        }
    }
}

impl Clock {
    /// `2026-11-24 08:15 CET`: to the minute, so that a picture of it stays true for a while.
    #[must_use]
    pub(crate) fn minute(&self) -> String {
        // An older box says UTC alone.
        let (text, zone) = if self.local.is_empty() { (&self.utc, "UTC") } else { (&self.local, self.zone.as_str()) };
        let (date, time) = text.split_once('T').unwrap_or((text, ""));
        format!("{date} {} {zone}", time.get(..5).unwrap_or(time))
    }

    /// Whether it can be believed, in a sentence.
    #[must_use]
    pub(crate) fn trust(&self) -> Fixed {
        match self.doubt {
            Some(doubt) => doubt.words(),
            None if self.trusted => Text::fixed("Sincronizado.", "Synchronised."),
            None => Doubt::Other.words(),
        }
    }
}

impl Site {
    /// What the displays get, and what they do not.
    #[must_use]
    pub(crate) fn words(&self) -> Vec<Text> {
        let directory = self.directory.as_deref().unwrap_or_default();
        let first = match self.serving {
            Serving::Embedded => Text::new("La incluida en el programa", "The one built into the program"),
            Serving::Directory => {
                let (files, Text { es, en }) = (self.files, bytes(self.bytes));
                Text::new(format!("{directory}: {files} archivos, {es}"), format!("{directory}: {files} files, {en}"))
            }
            Serving::LastGood => {
                Text::new(format!("Lo último que funcionó de {directory}"), format!("What worked last of {directory}"))
            }
            Serving::Nothing => Text::new(
                format!("Ninguna: un aviso de que {directory} no se puede mostrar"),
                format!("None: a page that says that {directory} cannot be shown"),
            ),
            Serving::Other => Text::new("Estado desconocido.", "Unknown state."),
        };
        let left_out = (self.left_out > 0).then(|| {
            let count = self.left_out;
            Text::new(format!("Archivos que no se sirven: {count}"), format!("Files that are not served: {count}"))
        });
        [first].into_iter().chain(left_out).collect()
    }
}

impl Erp {
    /// How the link is, the age of the figures and who sees them. Why it is away is among the faults already.
    pub(super) fn words(&self) -> Vec<Text> {
        let Text { es, en } = duration(self.since_s);
        let state = match self.state {
            ErpState::Starting => Text::new("Conectando.", "Connecting."),
            ErpState::Up => Text::new(format!("Conectado desde hace {es}."), format!("Connected for {en}.")),
            ErpState::Slow => {
                Text::new(format!("Responde despacio desde hace {es}."), format!("Slow to answer for {en}."))
            }
            ErpState::Away => {
                Text::new(format!("No llegan datos desde hace {es}."), format!("No figures have come for {en}."))
            }
            ErpState::Other => Text::new("Estado desconocido.", "Unknown state."),
        };
        let oldest = self.oldest_s.map(duration);
        let oldest =
            oldest.map(|age| Text::new(format!("Dato más antiguo: {}", age.es), format!("Oldest figure: {}", age.en)));
        let viewers = self.viewers;
        let viewers = Text::new(format!("Pantallas en directo: {viewers}"), format!("Live displays: {viewers}"));
        [state].into_iter().chain(oldest).chain([viewers]).collect()
    }
}

impl ErpAccount {
    /// For a person to confirm: another workshop's figures look as good.
    pub(super) fn words(&self) -> Text {
        let Self { role, workshop } = self;
        Text::new(format!("{workshop} (rol {role})"), format!("{workshop} (role {role})"))
    }
}

impl Disk {
    /// `27,9 GB libres de 31,9 GB`
    #[must_use]
    pub(crate) fn words(self) -> Text {
        let (free, total) = (bytes(self.free_bytes), bytes(self.total_bytes));
        Text::new(format!("{} libres de {}", free.es, total.es), format!("{} free of {}", free.en, total.en))
    }
}

impl Status {
    /// `taller · workshop-edge 1.2.3`, or the program alone where the box has no name.
    #[must_use]
    pub(crate) fn title(&self) -> String {
        let name = self.name.iter().map(|name| name.current.clone());
        name.chain([format!("workshop-edge {}", self.version)]).collect::<Vec<_>>().join(" · ")
    }

    /// What tells this program from another one.
    #[must_use]
    pub(super) fn running(&self) -> String {
        format!("{}-{}", self.version, self.build.commit)
    }

    /// How long the process has run.
    #[must_use]
    pub(crate) fn uptime(&self) -> Text {
        duration(self.uptime_s)
    }
}

impl NetworkTrouble {
    /// What is wrong and what to do, in sentences.
    #[must_use]
    pub(crate) fn words(self) -> Text {
        match self {
            Self::NoLink => Text::new(
                "Sin red: no hay cable conectado, o el otro extremo está apagado. Conecte el cable de red entre el equipo \
                 y el router; la luz del conector debe encenderse.",
                "No network: no cable is plugged in, or its other end is off. Connect the box to the router by a network \
                 cable; the light at the socket must come on.",
            ),
            Self::NoAddress => Text::new(
                "El cable está conectado, pero el router no ha dado ninguna dirección (DHCP).",
                "The cable is connected, but the router has given no address (DHCP).",
            )
            .and(&NO_ADDRESS_REMEDY.into()),
            Self::SelfAssigned { address } => Text::new(
                format!(
                    "El router no ha dado ninguna dirección (DHCP). El equipo se ha puesto {address}, que no sirve \
                     para los televisores."
                ),
                format!(
                    "The router has given no address (DHCP). The box has given itself {address}, which is of no use \
                     to TVs."
                ),
            )
            .and(&NO_ADDRESS_REMEDY.into()),
            Self::NotServed => Text::new(
                "El equipo tiene red, pero ninguna de sus direcciones está en listen.http: corríjala en la configuración.",
                "The box has a network, but none of its addresses is in listen.http: correct it in the configuration.",
            ),
            Self::Other => Text::new("Ninguna dirección sirve para los televisores.", "No address is of use to TVs."),
        }
    }
}

const NO_ADDRESS_REMEDY: Fixed = Text::fixed(
    "Compruebe que el cable llega al router y que el router está encendido y tiene DHCP activado; o ponga una dirección \
     fija (network.address, en workshop-edge.txt del USB).",
    "Check that the cable leads to the router, and that the router is on and has DHCP enabled; or set a fixed address \
     (network.address, in workshop-edge.txt of the USB stick).",
);

/// A size in decimal units, as disks are sold, with one digit behind the separator.
fn bytes(count: u64) -> Text {
    let (unit, name) = match count {
        0..1_000_000 => (1_000, "kB"),
        1_000_000..1_000_000_000 => (1_000_000, "MB"),
        1_000_000_000..1_000_000_000_000 => (1_000_000_000, "GB"),
        _ => (1_000_000_000_000, "TB"),
    };
    // Cut, not rounded: a disk with 999.96 MB free has not 1000.0 MB.
    let tenths = count % unit * 10 / unit;
    let whole = count / unit;
    Text::new(format!("{whole},{tenths} {name}"), format!("{whole}.{tenths} {name}"))
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::super::tests::sample;
    use super::*;

    #[test]
    fn every_state_has_words_in_both_languages() {
        let address = IpAddr::V4(Ipv4Addr::new(192, 168, 1, 77));
        let discoveries = [
            Discovery::Off,
            Discovery::Starting,
            Discovery::NoNetwork,
            Discovery::Resolvable,
            Discovery::Silent,
            Discovery::Conflict { address },
            Discovery::Failed { reason: "no socket".into() },
            Discovery::Other,
        ];
        let doubts = [Doubt::BeforeBuild, Doubt::NotSynchronised, Doubt::NoTimeService, Doubt::Other];
        let texts = discoveries.iter().map(|state| state.words("taller.local"));
        let texts = texts.chain(doubts.map(|doubt| doubt.words().into()));
        let texts = texts.chain([Level::Ok, Level::Degraded, Level::Failing].map(|level| level.words().into()));
        let mut said = Vec::new();
        for text in texts {
            assert!(!text.es.is_empty() && !text.en.is_empty());
            assert_ne!(text.es, text.en);
            assert!(!said.contains(&text), "{text:?} is said of two states");
            said.push(text);
        }
    }

    #[test]
    fn every_state_of_the_link_has_words_in_both_languages() {
        let erp = sample().erp.expect("an ERP");
        let mut said = Vec::new();
        for state in [ErpState::Starting, ErpState::Up, ErpState::Slow, ErpState::Away, ErpState::Other] {
            let erp = Erp { state, ..erp.clone() };
            let Text { es, en } = erp.words().swap_remove(0);
            assert!(es != en && !said.contains(&es), "{es}");
            said.push(es);
        }
    }

    #[test]
    fn what_is_served_is_said_as_it_is() {
        let mut site = sample().site.expect("a site");
        assert_eq!(site.words(), [Text::new("/srv/display: 12 archivos, 3,4 MB", "/srv/display: 12 files, 3.4 MB")]);
        (site.serving, site.left_out) = (Serving::LastGood, 2);
        let words: Vec<_> = site.words().into_iter().map(|text| text.es).collect();
        assert_eq!(words, ["Lo último que funcionó de /srv/display", "Archivos que no se sirven: 2"]);
        for serving in [Serving::Embedded, Serving::Nothing, Serving::Other] {
            let site = Site { serving, ..site.clone() };
            assert!(site.words().iter().all(|words| words.es != words.en));
        }
    }

    #[test]
    fn sizes_and_times() {
        for (count, es) in
            [(0, "0,0 kB"), (999_999, "999,9 kB"), (27_917_287_424, "27,9 GB"), (2_000_000_000_000, "2,0 TB")]
        {
            assert_eq!(bytes(count).es, es);
        }
        assert_eq!(bytes(1_500_000).en, "1.5 MB");
        let mut status = sample();
        for (uptime, words) in [(59, "menos de un minuto"), (60, "1 min"), (3_600, "1 h 0 min"), (273_780, "3 d 4 h")] {
            status.uptime_s = uptime;
            assert_eq!(status.uptime().es, words);
        }
        assert_eq!(status.title(), "taller-2 · workshop-edge 1.2.3");
        assert_eq!(Status { name: None, ..status.clone() }.title(), "workshop-edge 1.2.3");
        assert_eq!(status.clock.minute(), "2026-11-24 08:15 CET");
        let older = Clock { local: String::new(), zone: String::new(), ..status.clock.clone() };
        assert_eq!(older.minute(), "2026-11-24 07:15 UTC");
        assert_eq!(status.clock.trust().en, "Not synchronised with a time server.");
        assert_eq!(status.disk.map(|disk| disk.words().es).as_deref(), Some("27,9 GB libres de 31,9 GB"));
        assert!(status.name.and_then(|name| name.renamed()).is_some_and(|words| words.es.contains("«taller»")));
    }
}
