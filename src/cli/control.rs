//! The running box, as the command line reaches it, and what to tell when it does not answer.

use crate::control::{Client, ClientError};
use crate::error_chain;
use crate::{config::Overrides, lang::Lang};
use std::process::ExitCode;

/// The box whose data are where the configuration says.
///
/// # Errors
/// The code to end with, after the faults of the configuration have been told on standard error.
pub(super) fn client(overrides: Overrides, lang: Lang) -> Result<Client, ExitCode> {
    Ok(Client::new(&super::configuration(overrides, lang)?.config.data_dir))
}

/// Why the box did not answer and what to do, for a person.
pub(super) fn words(error: &ClientError, lang: Lang) -> String {
    match error {
        ClientError::NotRunning { socket, source: _ } => {
            let socket = socket.display();
            lang.pick(
                format!(
                    "el servicio no está en marcha: nadie responde en {socket}\n  arránquelo con «systemctl start workshop-edge», o diga con --data-dir dónde guarda sus datos"
                ),
                format!(
                    "the service is not running: nobody answers at {socket}\n  start it with \"systemctl start workshop-edge\", or name the directory of its data with --data-dir"
                ),
            )
        }
        ClientError::Forbidden { socket } => {
            let socket = socket.display();
            lang.pick(
                format!("solo root y el usuario del servicio pueden usar {socket}\n  repita la orden con sudo"),
                format!("only root and the service's own user may use {socket}\n  repeat the command with sudo"),
            )
        }
        ClientError::Silent { socket, deadline } => {
            let (socket, seconds) = (socket.display(), deadline.as_secs());
            lang.pick(
                format!(
                    "el servicio no ha respondido en {seconds} s ({socket})\n  reinícielo con «systemctl restart workshop-edge»"
                ),
                format!(
                    "the service has not answered within {seconds} s ({socket})\n  restart it with \"systemctl restart workshop-edge\""
                ),
            )
        }
        ClientError::Broken { .. } | ClientError::Malformed { .. } => {
            let chain = error_chain(error);
            lang.pick(format!("no se puede hablar con el servicio: {chain}"), chain)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{io, time::Duration};

    #[test]
    fn every_failure_has_words_in_both_languages() {
        let socket = || "/data/control.sock".into();
        let source = || io::Error::from(io::ErrorKind::ConnectionReset);
        for (error, es, en) in [
            (ClientError::NotRunning { socket: socket(), source: source() }, "no está en marcha", "is not running"),
            (ClientError::Forbidden { socket: socket() }, "con sudo", "with sudo"),
            (
                ClientError::Silent { socket: socket(), deadline: Duration::from_secs(5) },
                "no ha respondido en 5 s",
                "not answered within 5 s",
            ),
            (ClientError::Broken { socket: socket(), source: source() }, "no se puede hablar", "cannot talk"),
            (
                ClientError::Malformed { socket: socket(), reason: "it is no HTTP" },
                "no se puede hablar",
                "is not understood",
            ),
        ] {
            for (lang, wanted) in [(Lang::Es, es), (Lang::En, en)] {
                let words = words(&error, lang);
                assert!(words.contains(wanted) && words.contains("/data/control.sock"), "{words}");
            }
        }
    }
}
