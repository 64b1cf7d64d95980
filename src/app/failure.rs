//! Why a box cannot serve, for a person who has started it in a terminal.

use std::io;

use super::{AppError, words};
use crate::error_chain;
use crate::lang::{Lang, Text};

impl AppError {
    /// What is wrong and what to do about it, in a person's language; the log has it in English.
    #[must_use]
    pub fn explain(&self, lang: Lang) -> String {
        self.text().pick(lang).to_owned()
    }

    fn text(&self) -> Text {
        match self {
            Self::Bind(error) => {
                let (address, key) = (error.address(), error.key());
                match error.kind() {
                    io::ErrorKind::AddrInUse => words::address_in_use(address, key),
                    io::ErrorKind::PermissionDenied => words::address_not_permitted(address),
                    io::ErrorKind::AddrNotAvailable => words::address_of_others(address),
                    _ => words::not_served(&error_chain(self)),
                }
            }
            Self::NoCertificate => words::CERTIFICATE_MISSING.into(),
            Self::InUse(error) => error.text(),
            Self::Tls(_) => words::https_not_served(&error_chain(self)),
            _ => words::not_served(&error_chain(self)),
        }
    }
}
