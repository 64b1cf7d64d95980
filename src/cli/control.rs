//! The running box, as the command line reaches it, and what to tell when it does not answer.

use super::configuration::load_configuration;
use crate::control::{Client, ClientError, Reply};
use crate::error_chain;
use crate::{
    config::Overrides,
    lang::{Lang, Text},
};
use serde::de::DeserializeOwned;
use std::process::ExitCode;

/// The box whose data are where the configuration says.
///
/// # Errors
/// The code to end with, after the faults of the configuration have been reported on standard error.
pub(super) fn client(overrides: Overrides, lang: Lang) -> Result<Client, ExitCode> {
    Ok(Client::new(&load_configuration(overrides, lang)?.config.data_dir))
}

/// What the box has answered, or why there is none.
pub(super) fn answer<T: DeserializeOwned>(reply: Result<Reply, ClientError>) -> Result<T, Text> {
    let reply = reply.map_err(|error| words(&error))?;
    accepted(&reply)?;
    serde_json::from_slice(&reply.body).map_err(|error| not_understood(&error.to_string()))
}

/// Whether the box has done what was asked, or why not.
pub(super) fn accepted(reply: &Reply) -> Result<(), Text> {
    if reply.status == 200 {
        return Ok(());
    }
    let error = serde_json::from_slice::<serde_json::Value>(&reply.body).ok();
    let said = |name| error.as_ref().and_then(|error| error.get(name)?.as_str());
    Err(match (said("error_es"), said("error")) {
        (Some(es), Some(en)) => Text::new(es, en),
        (None, Some(error)) => Text::about("el servicio no ha podido hacerlo:", "the service could not do it:", error),
        (_, None) => not_understood(&format!("HTTP {}", reply.status)),
    })
}

fn not_understood(detail: &str) -> Text {
    Text::about("no se entiende la respuesta del servicio:", "the service's answer is not understood:", detail)
}

/// Why the box did not answer and what to do, for a person.
pub(super) fn words(error: &ClientError) -> Text {
    match error {
        ClientError::NotRunning { socket, source: _ } => {
            let socket = socket.display();
            Text::new(
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
            Text::new(
                format!("solo root y el usuario del servicio pueden usar {socket}\n  repita el comando con sudo"),
                format!("only root and the service's own user may use {socket}\n  repeat the command with sudo"),
            )
        }
        ClientError::Silent { socket, deadline } => {
            let (socket, seconds) = (socket.display(), deadline.as_secs());
            Text::new(
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
            Text::new(format!("no se puede hablar con el servicio: {chain}"), chain)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;
    use std::{io, time::Duration};

    #[test]
    fn what_the_box_could_not_do_is_reported() {
        let reply = |status, body: &str| Reply { status, body: body.into() };
        let told = |reply| answer::<Value>(Ok(reply)).map_err(|text| text.en);
        assert_eq!(told(reply(200, "{\"pin\":null}")), Ok(serde_json::json!({ "pin": null })));
        assert_eq!(told(reply(503, "{\"error\":\"no disk\"}")), Err("the service could not do it: no disk".into()));
        let both = "{\"error\":\"Wait.\",\"error_es\":\"Espere.\"}";
        assert_eq!(answer::<Value>(Ok(reply(503, both))), Err(Text::new("Espere.", "Wait.")));
        for wrong in [reply(200, "{"), reply(404, "{}"), reply(500, "")] {
            assert!(told(wrong).is_err_and(|words| words.contains("is not understood")));
        }
    }

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
                let words = words(&error);
                let words = words.pick(lang);
                assert!(words.contains(wanted) && words.contains("/data/control.sock"), "{words}");
            }
        }
    }
}
