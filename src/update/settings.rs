//! The update settings.

use std::path::PathBuf;
use std::time::Duration;

use jiff::tz::TimeZone;

use crate::schema::{
    choice, days, hours, integer, key, one_of, optional, path, seconds, settings, switch, time_zone, url,
};
use crate::window::{Days, Hours, Window};

/// As many screens as a box knows.
const MAX_GATE_SCREENS: u64 = 512;

settings! {
    /// How the program is kept up to date.
    #[derive(Clone, Debug)]
    #[cfg_attr(test, derive(PartialEq))]
    pub(crate) struct Settings {
        enabled: bool = key("update.enabled", switch(), "true",
            "Si el equipo busca actualizaciones del programa.",
            "Whether the box looks for updates of its program.");
        url: Option<String> = optional("update.url", url(), "https://updates.empresa.example/workshop-edge",
            "Dirección del repositorio de versiones; file:///… es un directorio. Sin valor: la que lleva el programa, si lleva alguna.",
            "Address of the release bucket; file:///… is a directory. Without a value: the one that the program carries, if it carries any.");
        channel: Channel = key("update.channel", one_of(), "stable",
            "Canal: stable para todos; staging para probar antes que los demás.",
            "Channel: stable for all; staging to try before the others.");
        trusted_root: Option<PathBuf> = optional("update.trusted_root", path(), "/etc/workshop-edge/root.json",
            "Archivo con la raíz de confianza (TUF) del repositorio. Sin valor: la que lleva el programa.",
            "File with the trusted root (TUF) of the bucket. Without a value: the one that the program carries.");
        ca_file: Option<PathBuf> = optional("update.ca_file", path(), "/etc/workshop-edge/ca.pem",
            "Nombre anterior de outbound.ca_file; sus autoridades valen igual.",
            "Earlier name of outbound.ca_file; its authorities count alike.");
        allow_http: bool = key("update.allow_http", switch(), "false",
            "Si update.url puede empezar por http://; las firmas se comprueban igual.",
            "Whether update.url may begin with http://; signatures are verified all the same.");
        check_interval: Duration = key("update.check_interval_s", seconds(2, 604_800), "60",
            "Segundos entre dos consultas, en promedio; cada una espera entre la mitad y una vez y media.",
            "Seconds between two checks, on average; each waits between half and one and a half of it.");
        hours: Option<Hours> = optional("update.window", hours(), "22:00-05:00",
            "Horas en las que se cambia de versión, en hora local. Sin valor: a cualquier hora.",
            "Hours at which the version is changed, local time. Without a value: at any hour.");
        days: Days = key("update.days", days(), "mon,tue,wed,thu,fri,sat,sun",
            "Días en los que empieza esa ventana.",
            "Days on which that window begins.");
        time_zone: Option<TimeZone> = optional("update.time_zone", time_zone(), "Europe/Madrid",
            "Zona horaria de la ventana. Sin valor: la del sistema.",
            "Time zone of the window. Without a value: the system's.");
        rate_limit_kib: u32 = key("update.rate_limit_kib_s", integer(0, 1_048_576), "1024",
            "KiB por segundo que se descargan como mucho; 0 es sin límite.",
            "KiB a second that are downloaded at most; 0 sets no limit.");
        usb_dir: Option<PathBuf> = optional("update.usb_dir", path(), "/run/workshop-edge/usb",
            "Directorio en el que aparece una memoria USB; si contiene un repositorio de versiones, se usa.",
            "Directory in which a USB stick appears; a release bucket on it is used.");
        trial: Duration = key("update.trial_s", seconds(1, 3600), "30",
            "Segundos que una versión nueva debe funcionar sin fallos antes de darla por buena; si no, se vuelve a la anterior.",
            "Seconds that a new version has to work without a fault before it is confirmed; otherwise the one before comes back.");
        gate_screens: usize = key("update.gate_screens", integer(0, MAX_GATE_SCREENS), "0",
            "Pantallas con nombre, de las que mostraban la página, que deben mostrar sin errores la de una versión nueva antes de darla por buena. Si hay menos encendidas, decide el equipo solo. 0 es ninguna.",
            "Named screens, of those that were showing the page, that have to show a new version's without errors before it is confirmed. With fewer of them on, the box decides alone. 0 is none.");
        quiet_wait: Duration = key("update.quiet_wait_s", seconds(0, 3600), "30",
            "Segundos que se espera como mucho un momento sin peticiones para cambiar de versión.",
            "Seconds to wait at most for a moment without requests to change the version.");
    }
}

choice! {
    /// Which releases the box gets.
    pub(crate) enum Channel {
        /// Those for all.
        Stable = "stable",
        /// Those that are tried first.
        Staging = "staging",
    }
}

impl Settings {
    /// When the version may change.
    pub(crate) fn window(&self) -> Window {
        let zone = self.time_zone.clone().unwrap_or_else(TimeZone::system);
        Window::new(self.hours.unwrap_or(Hours::DAY), self.days.clone(), zone)
    }
}
