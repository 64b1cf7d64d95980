//! The one table of everything that can be configured. The names of the environment variables, the suggestions for
//! a mistyped key, the output of `config show` and the reference in the manual all come from it.

use super::{
    correction, suggest,
    types::{Access, Channel, Format, Level, TlsMode},
    value,
};
use crate::lang::Lang;
use crate::window::DAYS;
use std::ffi::OsStr;

/// A key of the configuration, or of another file that is read like it.
#[derive(Debug)]
pub(crate) struct Key {
    /// Where it stands in the file: tables and name, joined by dots.
    pub(crate) path: &'static str,
    /// What its value is.
    pub(crate) kind: Kind,
    /// The value when no layer gives one, written as in an environment variable; `None` when there is none.
    pub(crate) default: Option<&'static str>,
    /// A valid value, written as in an environment variable.
    pub(crate) example: &'static str,
    /// What it is for, in Spanish.
    pub(crate) doc_es: &'static str,
    /// What it is for, in English.
    pub(crate) doc_en: &'static str,
}

/// All that a file may say.
#[derive(Debug)]
pub(crate) struct Schema {
    /// Every key, in the order in which it is shown.
    pub(crate) keys: &'static [Key],
    /// Whether examples name a key with its whole path, for a file without section headings.
    pub(crate) is_flat: bool,
    /// Whether nothing of the file may be repeated to anybody.
    pub(crate) is_secret: bool,
    /// The keys of another file that this one takes, too, exactly as they are there.
    pub(crate) also: Option<&'static Schema>,
    /// The name of the file beside this one, and what that one may say.
    pub(crate) beside: Option<(&'static str, &'static Schema)>,
    /// Names that people try (in lower case, without accents, words joined by `_`), and the key that each means.
    pub(crate) guesses: &'static [(&'static str, &'static str)],
}

/// The schema of the configuration.
pub(super) static CONFIG: Schema = Schema::of(KEYS);

/// The same for a file without section headings.
pub(crate) static CONFIG_FLAT: Schema = Schema { is_flat: true, ..Schema::of(KEYS) };

/// What the value of a key is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind {
    /// A path in the file system.
    Path,
    /// A text of 1 to `max` characters, without control characters, not blank.
    Text {
        /// Characters.
        max: usize,
    },
    /// The value of an HTTP header: visible ASCII and spaces; may be empty.
    Header,
    /// `true` or `false`.
    Bool,
    /// A whole number between two, inclusive.
    Integer {
        /// The least.
        min: u64,
        /// The most.
        max: u64,
    },
    /// A number between two, inclusive.
    Number {
        /// The least.
        min: f64,
        /// The most.
        max: f64,
    },
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
    /// From one time of day to another, as `22:00-05:00`.
    Hours,
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

impl Key {
    /// A key with a default, which is its example.
    #[must_use]
    pub(crate) const fn new(
        path: &'static str,
        kind: Kind,
        default: &'static str,
        es: &'static str,
        en: &'static str,
    ) -> Self {
        Self { path, kind, default: Some(default), example: default, doc_es: es, doc_en: en }
    }

    /// A key without a default.
    #[must_use]
    pub(crate) const fn optional(
        path: &'static str,
        kind: Kind,
        example: &'static str,
        es: &'static str,
        en: &'static str,
    ) -> Self {
        Self { path, kind, default: None, example, doc_es: es, doc_en: en }
    }
}

/// Starts an entry of the table.
const fn key(path: &'static str, kind: Kind, default: &'static str, es: &'static str, en: &'static str) -> Key {
    Key::new(path, kind, default, es, en)
}

/// Starts an entry without a default.
const fn optional(path: &'static str, kind: Kind, example: &'static str, es: &'static str, en: &'static str) -> Key {
    Key::optional(path, kind, example, es, en)
}

/// A whole number between two.
const fn integer(min: u64, max: u64) -> Kind {
    Kind::Integer { min, max }
}

/// A percentage.
const PERCENT: Kind = Kind::Number { min: 0.0, max: 100.0 };

/// Every key, in the order in which it is shown.
#[rustfmt::skip]
pub(super) const KEYS: &[Key] = &[
    optional("data_dir", Kind::Path, "/var/lib/workshop-edge",
        "Directorio de todo lo que el equipo recuerda. Sin valor: $STATE_DIRECTORY, o /var/lib/workshop-edge para root, o el directorio de estado del usuario.",
        "Directory of everything that the box remembers. Without a value: $STATE_DIRECTORY, or /var/lib/workshop-edge for root, or the user's state directory."),
    key("listen.http", Kind::Addresses, "[::]:8080",
        "Direcciones para HTTP; [::] significa IPv6 e IPv4. Puede quedar vacía solo con HTTPS.",
        "Addresses for HTTP; [::] means IPv6 and IPv4. May be empty only with HTTPS."),
    key("listen.https", Kind::Addresses, "[::]:8443",
        "Direcciones para HTTPS; se usan cuando tls.mode no es off.",
        "Addresses for HTTPS; used when tls.mode is not off."),
    optional("listen.names", Kind::Names, "pantalla.empresa.example",
        "Otros nombres con los que se llega al equipo, además de los suyos y de sus direcciones IP.",
        "Other names by which the box is reached, besides its own and its IP addresses."),
    key("tls.mode", Kind::Choice(TlsMode::NAMES), "off",
        "Certificado de HTTPS: off (sin HTTPS), self-signed (lo crea el equipo) o files (de archivos).",
        "Certificate for HTTPS: off (no HTTPS), self-signed (the box makes it) or files (from files)."),
    optional("tls.cert_file", Kind::Path, "/etc/workshop-edge/cert.pem",
        "Cadena de certificados en PEM, con tls.mode = files.",
        "Certificate chain in PEM, with tls.mode = files."),
    optional("tls.key_file", Kind::Path, "/etc/workshop-edge/key.pem",
        "Archivo de la clave privada en PEM, con tls.mode = files.",
        "File of the private key in PEM, with tls.mode = files."),
    key("tls.names", Kind::Names, "taller.local",
        "Nombres y direcciones IP del certificado, con tls.mode = self-signed.",
        "Host names and IP addresses of the certificate, with tls.mode = self-signed."),
    key("discovery.enabled", Kind::Bool, "true",
        "Si el equipo se anuncia en la red local (mDNS y SSDP).",
        "Whether the box announces itself on the local network (mDNS and SSDP)."),
    key("discovery.name", Kind::Label, "taller",
        "Nombre del equipo en la red local, sin .local; con otro equipo del mismo nombre pasa a ser taller-2.",
        "Name of the box on the local network, without .local; next to another box of that name it becomes taller-2."),
    optional("discovery.interface", Kind::Text { max: 15 }, "eth0",
        "Interfaz de red en la que se anuncia. Sin valor: la de la ruta por defecto.",
        "Network interface to announce on. Without a value: that of the default route."),
    key("discovery.reclaim_after_s", integer(5, 86_400), "120",
        "Segundos que el nombre deseado debe estar libre antes de que un equipo renombrado lo recupere.",
        "Seconds that the wanted name must be free before a renamed box takes it back."),
    optional("site.dir", Kind::Path, "/srv/display",
        "Directorio que se sirve en lugar de la pantalla incluida.",
        "Directory that is served instead of the built-in display."),
    key("site.max_files", integer(1, 1_000_000), "20000",
        "Archivos que puede tener ese directorio, como máximo. Cada uno ocupa unos 3 KiB de memoria.",
        "Files that directory may hold at most. Each takes about 3 KiB of memory."),
    key("site.max_size_mib", integer(1, 16_777_216), "16384",
        "MiB que puede ocupar ese directorio, como máximo. Los archivos grandes, como las películas, se leen del disco.",
        "MiB that directory may hold at most. Large files, such as films, are read from the disk."),
    optional("site.content_security_policy", Kind::Header, "default-src 'self'",
        "Política Content-Security-Policy de las páginas del sitio; sin ella, o vacía, no se envía ninguna.",
        "Content-Security-Policy of the site's pages; without it, or empty, none is sent."),
    key("display.title", Kind::Text { max: 60 }, "Taller",
        "Nombre del taller en la pantalla.",
        "Name of the workshop on the display."),
    key("display.line", Kind::Text { max: 60 }, "Línea 1",
        "Nombre de la línea en la pantalla.",
        "Name of the line on the display."),
    key("display.language", Kind::Choice(Lang::CODES), "es",
        "Idioma de la pantalla.",
        "Language of the display."),
    key("display.demo", Kind::Bool, "true",
        "Si la pantalla muestra datos inventados.",
        "Whether the display shows invented data."),
    key("display.refresh_s", integer(2, 3600), "15",
        "Cada cuántos segundos pide datos la pantalla.",
        "How often the display asks for data, in seconds."),
    key("display.targets.daily", integer(1, 1_000_000), "120",
        "Objetivo de piezas al día.",
        "Pieces a day to reach."),
    key("display.targets.oee_percent", PERCENT, "75.0",
        "Objetivo de OEE (eficiencia general), en porcentaje.",
        "Overall equipment effectiveness to reach, per cent."),
    key("display.targets.reject_percent", PERCENT, "3.0",
        "Rechazo máximo admitido, en porcentaje.",
        "Rejected pieces at most, per cent."),
    key("display.shift.start_hour", integer(0, 23), "6",
        "Hora a la que empieza la jornada.",
        "Hour at which work starts."),
    key("display.shift.end_hour", integer(0, 24), "22",
        "Hora a la que termina la jornada. Si no es posterior a la de inicio, termina al día siguiente: 22 y 6 es un turno de noche; 6 y 6, las 24 horas.",
        "Hour at which work ends. Unless it is after the start, work ends the next day: 22 and 6 is a night shift; 6 and 6, all 24 hours."),
    optional("outbound.ca_file", Kind::Path, "/etc/workshop-edge/ca.pem",
        "Autoridades de certificación en PEM que valen, además de las de la web, para todo lo que el equipo pide a otros.",
        "Certification authorities in PEM that hold, besides those of the web, for all that the box fetches from others."),
    optional("proxy.url", Kind::Proxy, "http://proxy.empresa.example:3128",
        "Proxy por el que sale a internet. Sin valor: el de las variables HTTPS_PROXY, HTTP_PROXY y ALL_PROXY, si lo hay.",
        "Proxy that leads to the internet. Without a value: that of the variables HTTPS_PROXY, HTTP_PROXY and ALL_PROXY, if any."),
    optional("proxy.no_proxy", Kind::Destinations, "erp.empresa.example,.local,10.0.0.0/8",
        "Lo que se pide sin proxy: nombres (con todos los que acaban en ellos), direcciones IP, redes, o * para todo. Sin valor: la variable NO_PROXY.",
        "What is fetched without the proxy: names (and all that end in them), IP addresses, networks, or * for everything. Without a value: the variable NO_PROXY."),
    optional("proxy.credentials_file", Kind::Path, "/etc/workshop-edge/proxy-credentials",
        "Archivo con usuario:contraseña del proxy en su primera línea.",
        "File with user:password for the proxy on its first line."),
    key("update.enabled", Kind::Bool, "true",
        "Si el equipo busca actualizaciones del programa.",
        "Whether the box looks for updates of its program."),
    optional("update.url", Kind::Url, "https://updates.empresa.example/workshop-edge",
        "Dirección del repositorio de versiones; file:///… es un directorio. Sin valor: la que lleva el programa, si lleva alguna.",
        "Address of the release bucket; file:///… is a directory. Without a value: the one that the program carries, if it carries any."),
    key("update.channel", Kind::Choice(Channel::NAMES), "stable",
        "Canal: stable para todos; staging para probar antes que los demás.",
        "Channel: stable for all; staging to try before the others."),
    optional("update.trusted_root", Kind::Path, "/etc/workshop-edge/root.json",
        "Archivo con la raíz de confianza (TUF) del repositorio. Sin valor: la que lleva el programa.",
        "File with the trusted root (TUF) of the bucket. Without a value: the one that the program carries."),
    optional("update.ca_file", Kind::Path, "/etc/workshop-edge/ca.pem",
        "Nombre anterior de outbound.ca_file; sus autoridades valen igual.",
        "Earlier name of outbound.ca_file; its authorities count alike."),
    key("update.allow_http", Kind::Bool, "false",
        "Si update.url puede empezar por http://; las firmas se comprueban igual.",
        "Whether update.url may begin with http://; signatures are verified all the same."),
    key("update.check_interval_s", integer(2, 604_800), "60",
        "Segundos entre dos consultas, en promedio; cada una espera entre la mitad y una vez y media.",
        "Seconds between two checks, on average; each waits between half and one and a half of it."),
    optional("update.window", Kind::Hours, "22:00-05:00",
        "Horas en las que se cambia de versión, en hora local. Sin valor: a cualquier hora.",
        "Hours at which the version is changed, local time. Without a value: at any hour."),
    key("update.days", Kind::Choices(DAYS), "mon,tue,wed,thu,fri,sat,sun",
        "Días en los que empieza esa ventana.",
        "Days on which that window begins."),
    optional("update.time_zone", Kind::TimeZone, "Europe/Madrid",
        "Zona horaria de la ventana. Sin valor: la del sistema.",
        "Time zone of the window. Without a value: the system's."),
    key("update.rate_limit_kib_s", integer(0, 1_048_576), "1024",
        "KiB por segundo que se descargan como mucho; 0 es sin límite.",
        "KiB a second that are downloaded at most; 0 sets no limit."),
    optional("update.usb_dir", Kind::Path, "/run/workshop-edge/usb",
        "Directorio en el que aparece una memoria USB; si contiene un repositorio de versiones, se usa.",
        "Directory in which a USB stick appears; a release bucket on it is used."),
    key("update.trial_s", integer(1, 3600), "30",
        "Segundos que una versión nueva debe funcionar sin fallos antes de darla por buena; si no, se vuelve a la anterior.",
        "Seconds that a new version has to work without a fault before it is confirmed; otherwise the one before comes back."),
    key("update.quiet_wait_s", integer(0, 3600), "30",
        "Segundos que se espera como mucho un momento sin peticiones para cambiar de versión.",
        "Seconds to wait at most for a moment without requests to change the version."),
    optional("machine.dir", Kind::Path, "/run/workshop-machine",
        "Directorio en el que la imagen USB dice al equipo cómo está la máquina. Sin valor: no hay imagen USB.",
        "Directory in which the USB image tells the box how the machine is. Without a value: there is no USB image."),
    key("limits.connections", integer(1, 65_536), "1024",
        "Conexiones abiertas a la vez.",
        "Connections open at once."),
    key("limits.connections_per_peer", integer(1, 65_536), "256",
        "Conexiones abiertas a la vez desde una misma dirección, tras la que puede haber muchas pantallas; a partir de ahí se cierran las que no piden nada.",
        "Connections open at once from one address, behind which there may be many screens; from then on those that ask for nothing are closed."),
    key("limits.header_bytes", integer(8192, 1_048_576), "16384",
        "Bytes de la cabecera de una petición.",
        "Bytes of a request's head."),
    key("limits.header_count", integer(8, 1000), "100",
        "Campos de la cabecera de una petición.",
        "Header fields of a request."),
    key("limits.header_timeout_s", integer(1, 300), "10",
        "Segundos para que llegue la cabecera de una petición.",
        "Seconds for a request's head to arrive."),
    key("limits.keep_alive_idle_s", integer(1, 3600), "75",
        "Segundos que una conexión puede estar sin usarse entre dos peticiones.",
        "Seconds that a connection stays open between requests."),
    key("limits.requests_per_connection", integer(1, 100_000_000), "1000",
        "Peticiones por conexión.",
        "Requests that one connection may bring."),
    key("limits.request_body_bytes", integer(0, 1_048_576), "0",
        "Bytes del cuerpo de una petición; 0 no admite ninguno.",
        "Bytes of a request's body; 0 refuses bodies."),
    key("limits.write_stall_s", integer(1, 3600), "30",
        "Segundos sin avance tras los que se abandona una respuesta.",
        "Seconds without progress after which a response is given up."),
    key("limits.tls_handshake_s", integer(1, 300), "10",
        "Segundos para acordar el cifrado.",
        "Seconds for a TLS handshake."),
    key("log.level", Kind::Choice(Level::NAMES), "info",
        "Importancia mínima de lo que se registra.",
        "Least important lines that are logged."),
    key("log.format", Kind::Choice(Format::NAMES), "auto",
        "Formato del registro; auto: legible en un terminal, JSON en lo demás.",
        "Form of the log; auto: for people on a terminal, JSON elsewhere."),
    key("log.access", Kind::Choice(Access::NAMES), "off",
        "Qué peticiones se registran.",
        "Which requests are logged."),
    key("shutdown.grace_s", integer(0, 600), "10",
        "Segundos para que terminen las peticiones abiertas al parar.",
        "Seconds for open requests to end when stopping."),
];

/// The prefix of the environment variables.
pub(super) const ENV_PREFIX: &str = "WORKSHOP_EDGE_";

impl Key {
    /// The key with this path.
    pub(super) fn find(path: &str) -> Option<&'static Self> {
        CONFIG.find(path)
    }

    /// The key that this environment variable sets.
    pub(super) fn of_env(name: &str) -> Option<&'static Self> {
        KEYS.iter().find(|key| key.env_name() == name)
    }

    /// The environment variable that sets this key.
    pub(super) fn env_name(&self) -> String {
        format!("{ENV_PREFIX}{}", self.path.replace('.', "_").to_uppercase())
    }

    /// The example as the file has it.
    #[must_use]
    pub(crate) fn example_toml(&self) -> String {
        // A test holds every example to its kind.
        value::from_text(self.kind, OsStr::new(self.example)).map(|value| value.to_toml()).unwrap_or_default()
    }

    /// The default as the file has it, or without one the example.
    #[must_use]
    pub(crate) fn initial_toml(&self) -> String {
        let text = self.default.unwrap_or(self.example);
        value::from_text(self.kind, OsStr::new(text)).map(|value| value.to_toml()).unwrap_or_default()
    }

    /// The last part of the path: the name inside its table.
    pub(super) fn name(&self) -> &'static str {
        self.path.rsplit('.').next().unwrap_or(self.path)
    }
}

impl Schema {
    /// A file of these keys alone, in sections.
    #[must_use]
    pub(crate) const fn of(keys: &'static [Key]) -> Self {
        Self { keys, is_flat: false, is_secret: false, also: None, beside: None, guesses: &[] }
    }

    /// Its own keys, and those of another file that it takes.
    pub(super) fn all_keys(&self) -> impl Iterator<Item = &'static Key> + use<> {
        self.keys.iter().chain(self.also.map_or(&[][..], |also| also.keys))
    }

    /// The key with this path.
    #[must_use]
    pub(crate) fn find(&self, path: &str) -> Option<&'static Key> {
        self.keys.iter().find(|key| key.path == path)
    }

    /// Where a name belongs that is a key of the file beside this one, or a guess at one: the file, the key there, and
    /// whether that file is secret.
    pub(super) fn elsewhere(&self, name: &str) -> Option<(&'static str, &'static str, bool)> {
        let (file, schema) = self.beside?;
        if self.all_keys().any(|key| key.path == name) {
            return None;
        }
        let key = schema.find(name).map(|key| key.path).or_else(|| suggest::guess(schema, name))?;
        Some((file, key, schema.is_secret))
    }

    /// Whether a line of the file holds what must not be shown to anybody.
    #[must_use]
    pub(crate) fn holds_secret(&self, line: &str) -> bool {
        let belongs_elsewhere = || self.elsewhere(correction::assignment(line)?.0);
        self.is_secret || belongs_elsewhere().is_some_and(|(.., is_secret)| is_secret)
    }

    /// Whether this path is that of a table.
    pub(super) fn is_table(&self, path: &str) -> bool {
        self.tables().any(|table| table == path)
    }

    /// The paths of the tables (of some more than once).
    pub(super) fn tables(&self) -> impl Iterator<Item = &'static str> + use<> {
        self.all_keys().flat_map(|key| key.path.match_indices('.').filter_map(|(end, _)| key.path.get(..end)))
    }

    /// How a valid value of this key is written in the file.
    pub(super) fn example(&self, key: &Key) -> String {
        let name = if self.is_flat { key.path } else { key.name() };
        format!("{name} = {}", key.example_toml())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_path_and_variable_is_unique_and_documented_in_both_languages() {
        let paths: HashSet<_> = KEYS.iter().map(|key| key.path).collect();
        let variables: HashSet<_> = KEYS.iter().map(Key::env_name).collect();
        assert_eq!(paths.len(), KEYS.len());
        assert_eq!(variables.len(), KEYS.len());
        for key in KEYS {
            assert!(key.doc_es.ends_with('.') && key.doc_en.ends_with('.'), "{}", key.path);
            assert_ne!(key.doc_es, key.doc_en, "{}", key.path);
            assert!(!CONFIG.is_table(key.path), "{}", key.path);
            assert!(!key.example_toml().is_empty(), "{}", key.path);
            if let Some(default) = key.default {
                assert!(value::from_text(key.kind, OsStr::new(default)).is_ok(), "{}", key.path);
            }
            assert_eq!(Key::of_env(&key.env_name()).map(|found| found.path), Some(key.path));
        }
    }

    #[test]
    fn the_variable_of_a_key_is_its_path_in_capitals() {
        let name = Key::find("limits.connections_per_peer").map(Key::env_name);
        assert_eq!(name.as_deref(), Some("WORKSHOP_EDGE_LIMITS_CONNECTIONS_PER_PEER"));
    }
}
