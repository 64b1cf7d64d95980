//! What the configuration says of the ERP.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::account_file::KeptAccount;
use super::credentials::{Access, PasswordSource};
use crate::schema::{integer, key, optional, path, request_paths, seconds, settings, switch, text, url};

/// More would be an API of its own.
pub(crate) const MAX_EXTRA_PATHS: usize = 8;

settings! {
    /// Where the wall's figures come from. Without an address there is no ERP, unless the administration has given one.
    #[derive(Clone, Debug)]
    #[cfg_attr(test, derive(PartialEq))]
    pub(crate) struct Settings {
        url: Option<String> = optional("erp.url", url(), "https://erp.empresa.example/v1",
            "Dirección del ERP, con su prefijo si lo tiene. Sin valor: el que se haya dado en la administración, o ninguno.",
            "Address of the ERP, with its prefix if it has one. Without a value: the one that was given in the administration, or none.");
        user: Option<String> = optional("erp.user", text(254), "pantalla@empresa.example",
            "Correo de la cuenta con la que el equipo entra en el ERP; mejor una de solo lectura (rol OPERATOR).",
            "E-mail of the account with which the box signs in to the ERP; better one that only reads (role OPERATOR).");
        password_file: Option<PathBuf> = optional("erp.password_file", path(), "/etc/workshop-edge/erp-password",
            "Archivo con la contraseña de esa cuenta en su primera línea; se vuelve a leer cada vez que el equipo entra. Sin valor: la credencial erp-password de systemd.",
            "File with that account's password on its first line; it is read again whenever the box signs in. Without a value: systemd's credential erp-password.");
        allow_http: bool = key("erp.allow_http", switch(), "false",
            "Si erp.url puede empezar por http://; la contraseña va entonces sin cifrar por la red.",
            "Whether erp.url may begin with http://; the password then crosses the network in cleartext.");
        poll: Duration = key("erp.poll_s", seconds(2, 300), "5",
            "Cada cuántos segundos pide el equipo los datos al ERP mientras haya alguna pantalla; una vez para todas.",
            "How often the box asks the ERP for the figures while there is a display, in seconds; once for all of them.");
        max_stale_h: u64 = key("erp.max_stale_h", integer(1, 720), "24",
            "Horas que se siguen mostrando los últimos datos si el ERP no responde; después, la pantalla dice que no hay datos.",
            "Hours for which the last figures stay on the wall while the ERP does not answer; then it says that there are none.");
        extra_paths: Option<Vec<String>> = optional("erp.extra_paths", request_paths(MAX_EXTRA_PATHS), "/suppliers/stats",
            "Otras rutas del ERP que el equipo pide y sirve tal cual en /api, para una pantalla propia: lo que respondan queda a la vista de toda la red.",
            "More paths of the ERP that the box asks for and serves as they are below /api, for a display of your own: what they answer can be read by the whole network.");
    }
}

impl Settings {
    /// How old figures may be and still be shown.
    pub(crate) fn max_stale(&self) -> Duration {
        Duration::from_secs(self.max_stale_h * 3600)
    }

    /// The account that the configuration names, if it names one, or else the one that the administration keeps.
    pub(crate) fn access(&self, kept: impl FnOnce() -> Option<KeptAccount>) -> Option<Access> {
        self.configured().or_else(|| Some(kept()?.access(self.allow_http)))
    }

    fn configured(&self) -> Option<Access> {
        let credentials = std::env::var_os("CREDENTIALS_DIRECTORY");
        Some(Access {
            url: self.url.clone()?,
            allow_http: self.allow_http,
            user: self.user.clone().unwrap_or_default(),
            password: PasswordSource::of(self.password_file.clone(), credentials.as_deref().map(Path::new)),
        })
    }
}
