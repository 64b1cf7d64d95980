//! Everything that can be configured: the settings of every room, in the order in which they are shown.

use std::path::PathBuf;
use std::time::Duration;

use crate::http::{Limits, Listen, RequestLog, TlsSettings};
use crate::schema::{key, optional, path, seconds, settings};
use crate::{discovery, display, erp, log, outbound, screens, site, telemetry, update};

settings! {
    /// Everything that can be configured, valid as a whole.
    #[derive(Clone, Debug)]
    #[cfg_attr(test, derive(PartialEq))]
    pub struct Config {
        /// The directory of everything that the box remembers.
        data_dir: PathBuf = optional("data_dir", path(), "/var/lib/workshop-edge",
            "Directorio de todo lo que el equipo recuerda. Sin valor: $STATE_DIRECTORY, o /var/lib/workshop-edge para root, o el directorio de estado del usuario.",
            "Directory of everything that the box remembers. Without a value: $STATE_DIRECTORY, or /var/lib/workshop-edge for root, or the user's state directory.")
            .required();
        ..listen: Listen;
        ..tls: TlsSettings;
        ..discovery: discovery::Settings;
        ..site: site::Settings;
        ..display: display::Settings;
        ..outbound: outbound::Keys;
        ..erp: erp::Settings;
        ..screens: screens::Settings;
        ..update: update::Settings;
        ..telemetry: telemetry::Settings;
        ..machine: Machine;
        ..limits: Limits;
        ..log: log::Settings;
        ..requests: RequestLog;
        ..shutdown: Shutdown;
    }
}

settings! {
    /// The machine around the box, where the USB image runs it.
    #[derive(Clone, Debug)]
    #[cfg_attr(test, derive(PartialEq))]
    pub(crate) struct Machine {
        dir: Option<PathBuf> = optional("machine.dir", path(), "/run/workshop-machine",
            "Directorio en el que la imagen USB dice al equipo cómo está la máquina. Sin valor: no hay imagen USB.",
            "Directory in which the USB image tells the box how the machine is. Without a value: there is no USB image.");
    }
}

settings! {
    /// How the box stops.
    #[derive(Clone, Copy, Debug)]
    #[cfg_attr(test, derive(PartialEq))]
    pub(crate) struct Shutdown {
        grace: Duration = key("shutdown.grace_s", seconds(0, 600), "10",
            "Segundos para que terminen las peticiones abiertas al parar.",
            "Seconds for open requests to end when stopping.");
    }
}

impl Config {
    /// What goes to the log.
    #[must_use]
    pub fn log(&self) -> log::Settings {
        self.log
    }
}
