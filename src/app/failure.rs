//! Why a box cannot serve, for a person who has started it in a terminal.

use std::io;

use super::AppError;
use crate::error_chain;
use crate::lang::Lang;

impl AppError {
    /// What is wrong and what to do about it, in a person's language; the log has it in English.
    #[must_use]
    pub fn explain(&self, lang: Lang) -> String {
        match self {
            Self::Bind(error) => {
                let (address, key) = (error.address(), error.key());
                match error.kind() {
                    io::ErrorKind::AddrInUse => lang.pick(
                        format!(
                            "otro programa usa ya la dirección {address}: párelo, o elija otro puerto con {key}"
                        ),
                        format!(
                            "another program uses the address {address}: stop it, or choose another port with {key}"
                        ),
                    ),
                    io::ErrorKind::PermissionDenied => lang.pick(
                        format!(
                            "falta el permiso para usar {address}: elija un puerto a partir de 1024, como 8080, o instale el servicio"
                        ),
                        format!(
                            "permission to use {address} is missing: choose a port from 1024 on, such as 8080, or install the service"
                        ),
                    ),
                    io::ErrorKind::AddrNotAvailable => lang.pick(
                        format!("este equipo no tiene la dirección {address}: use una suya, o [::] para todas"),
                        format!("this machine does not have the address {address}: use one of its own, or [::] for all"),
                    ),
                    _ => self.with_details(lang),
                }
            }
            Self::NoCertificate => lang
                .pick(
                    "systemd da un socket para HTTPS, pero tls.mode es off: póngalo en self-signed o files, o quite el socket",
                    "systemd gives a socket for HTTPS, but tls.mode is off: set it to self-signed or files, or remove the socket",
                )
                .to_owned(),
            Self::InUse(error) => error.explain(lang),
            _ => self.with_details(lang),
        }
    }

    fn with_details(&self, lang: Lang) -> String {
        let subject = match self {
            Self::Tls(_) => lang.pick("no se puede servir por HTTPS", "HTTPS cannot be served"),
            _ => lang.pick("el equipo no puede servir la pantalla", "the box cannot serve the display"),
        };
        lang.pick(
            format!("{subject}. Detalle: {}", error_chain(self)),
            format!("{subject}. Details: {}", error_chain(self)),
        )
    }
}
