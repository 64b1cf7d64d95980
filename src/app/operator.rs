//! What people ask of the running box, from a browser or from its own command line.

use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use bytes::Bytes;
use serde_json::json;
use tokio::sync::{Mutex, mpsc};
use tokio_util::sync::CancellationToken;

use super::erp::Erp;
use super::{ConfigCheck, updates, words};
use crate::admin::{self, Admin, AdminOutcome, PendingCommand};
use crate::console::Console;
use crate::control::{self, Answer, CommandHandler, ControlCommand, Server};
use crate::health::Health;
use crate::identity::BoxId;
use crate::lang::Lang;
use crate::log::Recent;
use crate::screens::Screens;
use crate::support_bundle::{self, Bundle, BundleInputs};
use crate::update::command::Command;
use crate::update::engine::Updates;
use crate::{error_chain, factory_reset, update};

/// Completes a factory reset that was begun, before anything reads what it forgets.
pub(super) fn finish_reset(data_dir: &Path, health: &Health) {
    match factory_reset::finish(data_dir) {
        Ok(false) => {}
        Ok(true) => tracing::info!(audit = true, action = "factory-reset", outcome = "done", "administration"),
        Err(error) => {
            let chain = error_chain(&error);
            tracing::error!(audit = true, action = "factory-reset", outcome = %chain, "administration");
            health.probe("factory-reset").degraded(Some(words::reset_unfinished(chain)));
        }
    }
}

/// What has a section of its own in the administration.
pub(super) struct Sections {
    pub(super) updates: updates::Running,
    pub(super) erp: Arc<Erp>,
    pub(super) screens: Screens,
}

/// The administration.
pub(super) fn admin(
    data_dir: &Path,
    secure: admin::Secure,
    health: &Health,
    sections: Sections,
    language: Lang,
) -> (Arc<Admin>, mpsc::Receiver<PendingCommand>) {
    let Sections { updates, erp, screens } = sections;
    let settings = admin::Settings {
        secure,
        language,
        bundle_contents: support_bundle::contents(),
        updates: Arc::new(move || updates::section(&updates)),
        erp: Arc::new(move || erp.section()),
        screens,
    };
    let probe = health.probe("admin");
    let (admin, asked) = Admin::start(&data_dir.join("admin"), settings, move |fault| {
        probe.degraded(fault.map(words::pin_not_kept));
    });
    (Arc::new(admin), asked)
}

/// Starts to carry out what is asked. Without the socket of the command line the box serves on.
pub(super) fn start(operator: &Rc<Operator>, asked: mpsc::Receiver<PendingCommand>) -> Option<Server> {
    tokio::task::spawn_local(follow(Rc::clone(operator), asked));
    let admin = Arc::clone(&operator.admin);
    tokio::task::spawn_local(async move { admin.ensure_hash().await });
    let probe = operator.health.probe("control");
    match Server::start(&operator.data_dir.join(control::SOCKET), Rc::clone(operator)) {
        Ok(server) => Some(server),
        Err(error) => {
            let chain = error_chain(&error);
            tracing::error!(error = %chain, "the box cannot be reached from its command line");
            probe.degraded(Some(words::control_unavailable(chain)));
            None
        }
    }
}

/// Carries out the commands of browsers and of the command line.
pub(super) struct Operator {
    pub(super) id: BoxId,
    pub(super) data_dir: PathBuf,
    /// The configuration that holds, without secrets, as JSON.
    pub(super) effective: Bytes,
    pub(super) recent: Recent,
    pub(super) recheck: Rc<ConfigCheck>,
    pub(super) updates: updates::Running,
    pub(super) erp: Arc<Erp>,
    pub(super) health: Health,
    pub(super) console: Arc<Console>,
    pub(super) admin: Arc<Admin>,
    /// Cancelled when the box is to start again.
    pub(super) restart: CancellationToken,
    /// Serialises bundles: each takes some ten megabytes while it is made.
    pub(super) bundling: Mutex<()>,
}

/// Carries out what is asked in a browser, until the box ends.
async fn follow(operator: Rc<Operator>, mut asked: mpsc::Receiver<PendingCommand>) {
    while let Some(PendingCommand { command, outcome }) = asked.recv().await {
        let operator = Rc::clone(&operator);
        tokio::task::spawn_local(async move {
            // The asker may have gone.
            let _ = outcome.send(operator.handle_admin(command).await);
        });
    }
}

impl Operator {
    async fn handle_admin(&self, command: admin::AdminCommand) -> AdminOutcome {
        let done = match command {
            admin::AdminCommand::Restart => self.restart().map(|()| AdminOutcome::Begun),
            admin::AdminCommand::Update(command) => {
                Ok(updates::outcome(updates::request(&self.updates, command).await))
            }
            admin::AdminCommand::Erp(command) => self.erp.handle(command).await,
            admin::AdminCommand::FactoryReset => self.reset().await.map(|()| AdminOutcome::Begun),
            admin::AdminCommand::SupportBundle => {
                let journal = Err("only the command \"workshop-edge support-bundle\" reads the journal".to_owned());
                self.bundle(journal).await.map(|Bundle { name, bytes }| AdminOutcome::File {
                    name,
                    media: support_bundle::MEDIA_TYPE,
                    bytes: bytes.into(),
                })
            }
        };
        done.unwrap_or_else(AdminOutcome::Failed)
    }

    /// Drains and starts again, unless the display would not come back.
    fn restart(&self) -> Result<(), String> {
        (*self.recheck)()?;
        self.restart.cancel();
        Ok(())
    }

    /// The reset itself is the next start's: what it removes is in use here.
    async fn reset(&self) -> Result<(), String> {
        (*self.recheck)()?;
        let data_dir = self.data_dir.clone();
        let begun = tokio::task::spawn_blocking(move || factory_reset::begin(&data_dir)).await;
        begun.map_err(|error| error.to_string())?.map_err(|error| error_chain(&error))?;
        self.restart.cancel();
        Ok(())
    }

    fn update_report(&self) -> Answer {
        let report = self.updates.get().map(Updates::report).map(|report| serde_json::to_vec(&report));
        match report {
            Some(Ok(json)) => Answer::bytes(JSON, json.into()),
            Some(Err(error)) => Answer::failed(&error.to_string()),
            None => Answer::failed_in_words(&words::UPDATES_OFF.into()),
        }
    }

    /// The configuration of the updates.
    async fn update(&self, body: &Bytes) -> Answer {
        let command = match serde_json::from_slice::<Command>(body) {
            Ok(command) => command,
            Err(error) => return Answer::failed(&format!("the order is not understood: {error}")),
        };
        let action = command.name();
        let (outcome, answer) = match updates::request(&self.updates, command).await {
            Ok(reply) => match serde_json::to_vec(&reply) {
                Ok(json) => (done(&reply.outcome), Answer::bytes(JSON, json.into())),
                Err(error) => ("done".to_owned(), Answer::failed(&error.to_string())),
            },
            Err(why) => (format!("failed: {}", why.en), Answer::failed_in_words(&why)),
        };
        tracing::info!(audit = true, address = "local", action, outcome, "administration");
        answer
    }

    async fn bundle(&self, journal: Result<Vec<u8>, String>) -> Result<Bundle, String> {
        let _one = self.bundling.lock().await;
        let given = BundleInputs {
            id: self.id.as_str().to_owned(),
            data_dir: self.data_dir.clone(),
            status: self.console.status_json().map(|json| json.to_vec()).map_err(|error| error_chain(&error)),
            health: serde_json::to_vec_pretty(&self.health.report()).map_err(|error| error.to_string()),
            updates: match self.updates.get() {
                Some(updates) => serde_json::to_vec_pretty(&updates.report()).map_err(|error| error.to_string()),
                None => Err(words::UPDATES_OFF.en.to_owned()),
            },
            config: Ok(self.effective.to_vec()),
            log: Ok(self.recent.lines()),
            journal,
        };
        let bundle = tokio::task::spawn_blocking(move || support_bundle::gather(given)).await;
        bundle.map_err(|error| error.to_string())?.map_err(|error| error_chain(&error))
    }
}

/// Bytes of what may be a PIN.
const MAX_PIN: usize = 64;

impl Operator {
    async fn check_pin(&self, body: &[u8]) -> Answer {
        let attempt = std::str::from_utf8(body).ok().filter(|attempt| attempt.len() <= MAX_PIN).unwrap_or_default();
        match self.admin.is_pin(attempt).await {
            Ok(is_right) => Answer::json(&json!({ "is_right": is_right })),
            Err(wait) => {
                let seconds = wait.as_secs() + 1;
                Answer::failed_in_words(&words::too_many_wrong_pins(seconds))
            }
        }
    }
}

impl CommandHandler for Rc<Operator> {
    fn progress(&self, command: ControlCommand) -> Option<Bytes> {
        let state = self.updates.get().filter(|_| command == ControlCommand::Update)?.state();
        serde_json::to_vec(&*state.borrow()).ok().map(Bytes::from)
    }

    async fn handle(&self, command: ControlCommand, body: Bytes) -> Answer {
        let (action, done) = match command {
            ControlCommand::Status => {
                let status = self.console.status_json().map_err(|error| error_chain(&error));
                return status.map_or_else(|error| Answer::failed(&error), |json| Answer::bytes(JSON, json));
            }
            ControlCommand::Pin => return Answer::json(&json!({ "pin": self.admin.pin() })),
            ControlCommand::CheckPin => ("check PIN", Ok(self.check_pin(&body).await)),
            ControlCommand::NewPin => {
                let made = self.admin.new_pin().await.map_err(|error| error_chain(&error));
                ("new PIN", made.map(|pin| Answer::json(&json!({ "pin": pin }))))
            }
            ControlCommand::SupportBundle => {
                let journal = if body.is_empty() { Err("it was not given".to_owned()) } else { Ok(body.to_vec()) };
                let bundle = self.bundle(journal).await;
                ("support-bundle", bundle.map(|bundle| Answer::bytes(support_bundle::MEDIA_TYPE, bundle.bytes.into())))
            }
            ControlCommand::UpdateReport => return self.update_report(),
            ControlCommand::Update => return self.update(&body).await,
            ControlCommand::Restart => ("restart", self.restart().map(|()| Answer::json(&json!({})))),
            ControlCommand::FactoryReset => ("factory-reset", self.reset().await.map(|()| Answer::json(&json!({})))),
        };
        match done {
            Ok(answer) => {
                tracing::info!(audit = true, address = "local", action, outcome = "done", "administration");
                answer
            }
            Err(error) => {
                tracing::warn!(audit = true, address = "local", action, outcome = %error, "administration");
                Answer::failed(&error)
            }
        }
    }
}

/// The outcome of a command, as the audit log has it.
fn done(outcome: &update::command::CommandOutcome) -> String {
    match outcome {
        update::command::CommandOutcome::Done => "done".to_owned(),
        update::command::CommandOutcome::Begun { version, is_system: false } => format!("begun: {version}"),
        update::command::CommandOutcome::Begun { version, is_system: true } => format!("begun: system {version}"),
        update::command::CommandOutcome::Nothing { reason } => format!("nothing to do: {}", reason.en),
    }
}

const JSON: &str = "application/json";
