//! What the configuration says of serving.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::TlsFiles;
use crate::schema::{
    Key, Missing, Section, Values, addresses, choice, integer, key, names, one_of, optional, path, seconds, settings,
};

settings! {
    /// What a peer may take.
    #[derive(Clone, Debug)]
    #[cfg_attr(test, derive(PartialEq))]
    pub(crate) struct Limits {
        connections: usize = key("limits.connections", integer(1, 65_536), "1024",
            "Conexiones abiertas a la vez.",
            "Connections open at once.");
        connections_per_peer: usize = key("limits.connections_per_peer", integer(1, 65_536), "256",
            "Conexiones abiertas a la vez desde una misma dirección, tras la que puede haber muchas pantallas; a partir de ahí se cierran las que no piden nada.",
            "Connections open at once from one address, behind which there may be many screens; from then on those that ask for nothing are closed.");
        header_bytes: usize = key("limits.header_bytes", integer(8192, 1_048_576), "16384",
            "Bytes de la cabecera de una petición.",
            "Bytes of a request's head.");
        header_count: usize = key("limits.header_count", integer(8, 1000), "100",
            "Campos de la cabecera de una petición.",
            "Header fields of a request.");
        header_timeout: Duration = key("limits.header_timeout_s", seconds(1, 300), "10",
            "Segundos para que llegue la cabecera de una petición, y otros tantos para que llegue su cuerpo.",
            "Seconds for a request's head to arrive, and as many for its body.");
        keep_alive_idle: Duration = key("limits.keep_alive_idle_s", seconds(1, 3600), "75",
            "Segundos que una conexión puede estar sin usarse entre dos peticiones.",
            "Seconds that a connection stays open between requests.");
        requests_per_connection: u64 = key("limits.requests_per_connection", integer(1, 100_000_000), "1000",
            "Peticiones por conexión.",
            "Requests that one connection may bring.");
        request_body_bytes: u64 = key("limits.request_body_bytes", integer(0, 1_048_576), "0",
            "Bytes del cuerpo de una petición; 0 no admite ninguno.",
            "Bytes of a request's body; 0 refuses bodies.");
        write_stall: Duration = key("limits.write_stall_s", seconds(1, 3600), "30",
            "Segundos sin avance tras los que se abandona una respuesta.",
            "Seconds without progress after which a response is given up.");
        tls_handshake: Duration = key("limits.tls_handshake_s", seconds(1, 300), "10",
            "Segundos para acordar el cifrado.",
            "Seconds for a TLS handshake.");
    }
}

settings! {
    /// Where it listens. At least one of the two lists of addresses has an element.
    #[derive(Clone, Debug)]
    #[cfg_attr(test, derive(PartialEq))]
    pub(crate) struct Listen {
        http: Vec<SocketAddr> = key("listen.http", addresses(), "[::]:8080",
            "Direcciones para HTTP; [::] significa IPv6 e IPv4. Puede quedar vacía solo con HTTPS.",
            "Addresses for HTTP; [::] means IPv6 and IPv4. May be empty only with HTTPS.");
        https: Vec<SocketAddr> = key("listen.https", addresses(), "[::]:8443",
            "Direcciones para HTTPS; se usan cuando tls.mode no es off.",
            "Addresses for HTTPS; used when tls.mode is not off.");
        names: Option<Vec<String>> = optional("listen.names", names(), "pantalla.empresa.example",
            "Otros nombres con los que se llega al equipo, además de los suyos y de sus direcciones IP.",
            "Other names by which the box is reached, besides its own and its IP addresses.");
    }
}

settings! {
    /// Which requests get a line in the log.
    #[derive(Clone, Copy, Debug)]
    #[cfg_attr(test, derive(PartialEq))]
    pub(crate) struct RequestLog {
        access: AccessLog = key("log.access", one_of(), "off",
            "Qué peticiones se registran.",
            "Which requests are logged.");
    }
}

choice! {
    /// Which requests get a line in the log.
    pub(crate) enum AccessLog {
        /// Only faults of the box.
        Off = "off",
        /// Faults, and one request of a hundred.
        Sampled = "sampled",
        /// Every request.
        All = "all",
    }
}

settings! {
    /// The keys of [`TlsSettings`].
    pub(crate) struct TlsKeys {
        mode: TlsMode = key("tls.mode", one_of(), "off",
            "Certificado de HTTPS: off (sin HTTPS), self-signed (lo crea el equipo) o files (de archivos).",
            "Certificate for HTTPS: off (no HTTPS), self-signed (the box makes it) or files (from files).");
        cert_file: Option<PathBuf> = optional("tls.cert_file", path(), "/etc/workshop-edge/cert.pem",
            "Cadena de certificados en PEM, con tls.mode = files.",
            "Certificate chain in PEM, with tls.mode = files.");
        key_file: Option<PathBuf> = optional("tls.key_file", path(), "/etc/workshop-edge/key.pem",
            "Archivo de la clave privada en PEM, con tls.mode = files.",
            "File of the private key in PEM, with tls.mode = files.");
        names: Vec<String> = key("tls.names", names(), "taller.local",
            "Nombres y direcciones IP del certificado, con tls.mode = self-signed.",
            "Host names and IP addresses of the certificate, with tls.mode = self-signed.");
    }
}

choice! {
    /// Where the certificate comes from.
    pub(crate) enum TlsMode {
        /// There is none: cleartext only.
        Off = "off",
        /// The box makes one.
        SelfSigned = "self-signed",
        /// From files.
        Files = "files",
    }
}

/// Whether and how HTTPS is served.
#[derive(Clone, Debug)]
#[cfg_attr(test, derive(PartialEq))]
pub(crate) enum TlsSettings {
    /// Cleartext only.
    Off,
    /// With a certificate that the box makes for these host names (lower case) and IP addresses.
    SelfSigned { names: Vec<String> },
    /// With a certificate from files, which existed when the configuration was read.
    Files(TlsFiles),
}

impl Section for TlsSettings {
    const KEYS: &'static [Key] = TlsKeys::KEYS;

    fn read(values: &dyn Values) -> Result<Self, Missing> {
        let TlsKeys { mode, cert_file, key_file, names } = TlsKeys::read(values)?;
        Ok(match mode {
            TlsMode::Off => Self::Off,
            TlsMode::SelfSigned => Self::SelfSigned { names },
            TlsMode::Files => Self::Files(TlsFiles {
                certificate: cert_file.ok_or(Missing(TlsKeys::cert_file().key.path))?,
                key: key_file.ok_or(Missing(TlsKeys::key_file().key.path))?,
            }),
        })
    }
}
