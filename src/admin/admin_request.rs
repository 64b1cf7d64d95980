//! One request: who may see or do what, and what they are told.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};

use super::digits::{InvalidPin, ValidPin};
use super::pages::{self, Page};
use super::respond::{self, ROOT, see_other};
use super::throttle::Wait;
use super::{Admin, Caller, MAX_BODY, Order, Outcome, UpdateOrder, audit, request, secure, sessions, updates};
use crate::lang::Lang;

/// One request.
pub(super) struct AdminRequest<'a> {
    admin: &'a Admin,
    lang: Lang,
    chosen: Option<Lang>,
    /// The path below the root, without slashes at its ends.
    below: &'a str,
    caller: Caller,
    headers: &'a HeaderMap,
    query: Option<&'a str>,
    now: Instant,
}

/// Somebody who is logged in.
struct Session<'a> {
    id: &'a str,
    csrf: sessions::Token,
}

/// The style of the pages, besides the console's.
const STYLE: &[u8] = include_bytes!("../../assets/console/admin.css");

impl<'a> AdminRequest<'a> {
    pub(super) fn new(admin: &'a Admin, parts: &'a Parts, caller: Caller, now: Instant) -> Self {
        let path = parts.uri.path();
        let query = parts.uri.query();
        let chosen = request::chosen_language(query);
        Self {
            admin,
            lang: chosen.or_else(|| request::preferred_language(&parts.headers)).unwrap_or(admin.settings.language),
            chosen,
            below: path.strip_prefix(ROOT).unwrap_or(path).trim_matches('/'),
            caller,
            headers: &parts.headers,
            query,
            now,
        }
    }

    pub(super) fn get(&self) -> Response<Bytes> {
        if self.below == "style.css" {
            return respond::whole(StatusCode::OK, "text/css; charset=utf-8", Bytes::from_static(STYLE));
        }
        if !self.caller.is_private() {
            return self.not_private();
        }
        match self.below {
            // Without a session, since it has ended with the process that held it.
            "done/restart" => return self.restarting(),
            "done/factory-reset" => return self.resetting(),
            _ => {}
        }
        let Some(session) = self.session() else {
            return if self.below.is_empty() { self.login_page() } else { see_other(&self.at("")) };
        };
        let page = self.page(Some(session.csrf.as_str()));
        match self.below {
            "" => respond::page(StatusCode::OK, &pages::Menu { page, sections: pages::SECTIONS }),
            "pin" => respond::page(StatusCode::OK, &pages::ChangePin { page, fault: None }),
            "support-bundle" => {
                let contents = (self.admin.settings.bundle_contents)(self.lang);
                respond::page(StatusCode::OK, &pages::SupportBundle { page, contents: &contents })
            }
            "update" => updates::page(page, &self.admin.settings.updates, StatusCode::OK, None),
            "restart" => respond::page(StatusCode::OK, &pages::Restart { page }),
            "factory-reset" => respond::page(StatusCode::OK, &pages::FactoryReset { page, fault: None }),
            _ => self.not_found(),
        }
    }

    pub(super) async fn post(&self, body: &Bytes) -> Response<Bytes> {
        if !self.caller.is_private() {
            return self.not_private();
        }
        if !request::is_same_origin(self.headers, self.caller.is_https) {
            audit::turned_away(self.caller.ip, "form", "it is another site's");
            return self.forged();
        }
        if body.len() > MAX_BODY {
            return self.refused(StatusCode::PAYLOAD_TOO_LARGE, "Demasiados datos", "Too much", &[]);
        }
        let form = request::form(self.headers, body);
        if self.below == "login" {
            return self.login(&form).await;
        }
        let Some(session) = self.session() else { return see_other(&self.at("")) };
        if !session.csrf.is(value(&form, "csrf")) {
            audit::record(self.caller.ip, "form", "refused: without the session's token");
            return self.forged();
        }
        match self.below {
            "logout" => {
                self.admin.sessions().end(session.id);
                audit::record(self.caller.ip, "logout", "done");
                respond::without_session(see_other(&self.at("")))
            }
            "pin" => self.change_pin(&session, &form).await,
            "support-bundle" => self.carry_out(Order::SupportBundle, "support-bundle").await,
            "update" => self.update(&session, &form).await,
            "restart" => self.carry_out(Order::Restart, "restart").await,
            "factory-reset" => self.factory_reset(&session, &form).await,
            _ => self.not_found(),
        }
    }

    async fn login(&self, form: &HashMap<String, String>) -> Response<Bytes> {
        match self.admin.check(value(form, "pin"), self.caller, self.now).await {
            Err(wait) => self.too_early("login", wait),
            Ok(false) => {
                let page = self.page(None);
                let fault = self.wrong_pin("login");
                let is_generated = self.admin.pin().is_some();
                self.with_wait(respond::page(
                    StatusCode::FORBIDDEN,
                    &pages::Login { page, notice: None, fault: Some(&fault), is_generated },
                ))
            }
            Ok(true) => match self.admin.sessions().open(self.now) {
                Ok(id) => {
                    audit::record(self.caller.ip, "login", "done");
                    respond::with_session(see_other(&self.at("")), id.as_str())
                }
                Err(error) => self.failed("login", &error.to_string()),
            },
        }
    }

    async fn change_pin(&self, session: &Session<'_>, form: &HashMap<String, String>) -> Response<Bytes> {
        let page = self.page(Some(session.csrf.as_str()));
        let again = |status, fault: &str| respond::page(status, &pages::ChangePin { page, fault: Some(fault) });
        let (new, repeated) = (value(form, "new"), value(form, "again"));
        let chosen = match ValidPin::of(new) {
            Ok(_) if new != repeated => {
                return again(
                    StatusCode::UNPROCESSABLE_ENTITY,
                    self.lang.pick(
                        "El PIN nuevo no es el mismo las dos veces. No se ha cambiado nada.",
                        "The new PIN is not the same twice. Nothing has been changed.",
                    ),
                );
            }
            Ok(chosen) => chosen,
            Err(invalid) => return again(StatusCode::UNPROCESSABLE_ENTITY, invalid_pin_words(invalid, self.lang)),
        };
        match self.admin.check(value(form, "current"), self.caller, self.now).await {
            Err(wait) => return self.too_early("change PIN", wait),
            Ok(false) => {
                return self.with_wait(again(StatusCode::FORBIDDEN, &self.wrong_pin("change PIN")));
            }
            Ok(true) => {}
        }
        let (pin, chosen) = (Arc::clone(&self.admin.pin), chosen.as_str().to_owned());
        let kept = self
            .admin
            .hashed(move || match ValidPin::of(&chosen) {
                Ok(chosen) => pin.choose(&chosen).map_err(|error| crate::error_chain(&error)),
                Err(invalid) => Err(invalid.to_string()),
            })
            .await;
        if let Err(error) = kept.and_then(|kept| kept) {
            return self.failed("change PIN", &error);
        }
        self.admin.sessions().end_all();
        (self.admin.report)(None);
        audit::record(self.caller.ip, "change PIN", "done");
        let query = match pages::query(self.chosen) {
            "" => "?done=pin".to_owned(),
            query => format!("{query}&done=pin"),
        };
        respond::without_session(see_other(&format!("{ROOT}/{query}")))
    }

    async fn factory_reset(&self, session: &Session<'_>, form: &HashMap<String, String>) -> Response<Bytes> {
        let page = self.page(Some(session.csrf.as_str()));
        let again = |status, fault: &str| respond::page(status, &pages::FactoryReset { page, fault: Some(fault) });
        if value(form, "sure") != "yes" {
            return again(
                StatusCode::UNPROCESSABLE_ENTITY,
                self.lang.pick("Marque la casilla si está seguro.", "Tick the box if you are sure."),
            );
        }
        match self.admin.check(value(form, "pin"), self.caller, self.now).await {
            Err(wait) => self.too_early("factory reset", wait),
            Ok(false) => self.with_wait(again(StatusCode::FORBIDDEN, &self.wrong_pin("factory reset"))),
            Ok(true) => self.carry_out(Order::FactoryReset, "factory-reset").await,
        }
    }

    async fn update(&self, session: &Session<'_>, form: &HashMap<String, String>) -> Response<Bytes> {
        let Some(order) = UpdateOrder::of(value(form, "do"), value(form, "version")) else { return self.not_found() };
        let action = order.action();
        match self.admin.order(Order::Update(order)).await {
            Outcome::Nothing { es, en } => {
                audit::record(self.caller.ip, action, &en);
                let page = self.page(Some(session.csrf.as_str()));
                let fault =
                    self.lang.pick(format!("No hay nada que hacer: {es}."), format!("There is nothing to do: {en}."));
                updates::page(page, &self.admin.settings.updates, StatusCode::OK, Some(&fault))
            }
            Outcome::Refused { es, en } => {
                audit::record(self.caller.ip, action, &format!("failed: {en}"));
                let page = self.page(Some(session.csrf.as_str()));
                let fault = self.lang.pick(es, en);
                updates::page(page, &self.admin.settings.updates, StatusCode::SERVICE_UNAVAILABLE, Some(&fault))
            }
            Outcome::Failed(error) => self.failed(action, &error),
            Outcome::Begun | Outcome::Done | Outcome::File { .. } => {
                audit::record(self.caller.ip, action, "done");
                see_other(&self.at("update"))
            }
        }
    }

    async fn carry_out(&self, order: Order, action: &'static str) -> Response<Bytes> {
        match self.admin.order(order).await {
            Outcome::Failed(error) | Outcome::Refused { en: error, .. } => self.failed(action, &error),
            Outcome::Begun | Outcome::Done | Outcome::Nothing { .. } => {
                audit::record(self.caller.ip, action, "begun");
                respond::without_session(see_other(&self.at(&format!("done/{action}"))))
            }
            Outcome::File { name, media, bytes } => {
                audit::record(self.caller.ip, action, "done");
                respond::download(&name, media, bytes)
            }
        }
    }

    pub(super) fn wrong_method(&self) -> Response<Bytes> {
        let mut response = self.refused(StatusCode::METHOD_NOT_ALLOWED, "Método no permitido", "Not like this", &[]);
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD, POST"));
        response
    }

    fn session(&self) -> Option<Session<'a>> {
        let id = request::session(self.headers)?;
        let csrf = self.admin.sessions().find(id, self.now)?;
        Some(Session { id, csrf })
    }

    fn login_page(&self) -> Response<Bytes> {
        let is_changed = request::field(self.query, "done").as_deref() == Some("pin");
        let notice = is_changed.then(|| {
            self.lang.pick(
                "El PIN se ha cambiado. Entre con el nuevo.",
                "The PIN has been changed. Log in with the new one.",
            )
        });
        let is_generated = self.admin.pin().is_some();
        let waiting = self.waiting().map(|wait| self.wait_words(wait));
        let page = self.page(None);
        respond::page(StatusCode::OK, &pages::Login { page, notice, fault: waiting.as_deref(), is_generated })
    }

    fn waiting(&self) -> Option<Wait> {
        self.admin.throttle().waiting(self.caller.ip, self.now)
    }

    /// Records a wrong PIN, and says what it leads to.
    fn wrong_pin(&self, action: &'static str) -> String {
        let mut words = self.lang.pick("El PIN no es correcto.", "The PIN is wrong.").to_owned();
        let outcome = match self.waiting() {
            None => "refused: wrong PIN".to_owned(),
            Some(wait) => {
                words = words + " " + &self.wait_words(wait);
                format!("refused: wrong PIN; the next attempt in {} s", wait.seconds())
            }
        };
        audit::record(self.caller.ip, action, &outcome);
        words
    }

    /// Adds the wait, if there is one.
    fn with_wait(&self, mut response: Response<Bytes>) -> Response<Bytes> {
        if let Some(wait) = self.waiting() {
            response.headers_mut().insert(header::RETRY_AFTER, wait.seconds().into());
        }
        response
    }

    /// The PIN is not even looked at: otherwise somebody who only tries fast enough would learn that it is right.
    fn too_early(&self, action: &'static str, wait: Wait) -> Response<Bytes> {
        audit::turned_away(self.caller.ip, action, "refused: too many attempts");
        let words = [
            self.wait_words(wait),
            self.lang
                .pick(
                    "Se ha probado el PIN demasiadas veces. Hasta entonces no se admite ninguno, tampoco el correcto.",
                    "The PIN has been tried too many times. Until then none is accepted, not even the right one.",
                )
                .to_owned(),
        ];
        let mut response = self.refused(StatusCode::TOO_MANY_REQUESTS, "Hay que esperar", "You have to wait", &words);
        response.headers_mut().insert(header::RETRY_AFTER, wait.seconds().into());
        response
    }

    fn wait_words(&self, wait: Wait) -> String {
        let seconds = wait.seconds();
        if seconds > 120 {
            let minutes = seconds.div_ceil(60);
            self.lang.pick(
                format!("Espere {minutes} minutos antes de volver a probar."),
                format!("Wait {minutes} minutes before you try again."),
            )
        } else {
            self.lang.pick(
                format!("Espere {seconds} s antes de volver a probar."),
                format!("Wait {seconds} s before you try again."),
            )
        }
    }

    /// In both languages: whoever comes here has mistyped the address, and has not chosen a language.
    fn not_private(&self) -> Response<Bytes> {
        audit::turned_away(self.caller.ip, "visit", "refused: over cleartext from another machine");
        secure::lead(&self.admin.settings.secure, self.page(None), self.headers)
    }

    fn forged(&self) -> Response<Bytes> {
        let words = self.lang.pick(
            "Este formulario no viene de una página del equipo, o la página era antigua. No se ha hecho nada. Vuelva a empezar desde el menú.",
            "This form was not sent by a page of the box, or the page was old. Nothing has been done. Start again from the menu.",
        );
        self.refused(StatusCode::FORBIDDEN, "Formulario rechazado", "Form refused", &[words.to_owned()])
    }

    fn failed(&self, action: &'static str, error: &str) -> Response<Bytes> {
        audit::record(self.caller.ip, action, &format!("failed: {error}"));
        let words = self.lang.pick(
            "No se ha podido hacer. El equipo sigue como estaba. La causa, en inglés:",
            "It could not be done. The box is as it was. The cause:",
        );
        let words = [words.to_owned(), error.to_owned()];
        self.refused(StatusCode::SERVICE_UNAVAILABLE, "No se ha podido", "It could not be done", &words)
    }

    fn not_found(&self) -> Response<Bytes> {
        self.refused(StatusCode::NOT_FOUND, "Esta página no existe", "There is nothing here", &[])
    }

    fn refused(&self, status: StatusCode, es: &'a str, en: &'a str, words: &[String]) -> Response<Bytes> {
        let next = Some((self.at(""), self.lang.pick("Volver", "Back")));
        let (page, title) = (self.page(None), self.lang.pick(es, en));
        respond::page(status, &pages::Message { page, title, paragraphs: words, next })
    }

    fn restarting(&self) -> Response<Bytes> {
        let words = self.lang.pick(
            "El servicio se reinicia. La pantalla de los televisores vuelve sola en unos segundos.",
            "The service restarts. The TVs' display comes back by itself within seconds.",
        );
        self.done("Reiniciando", "Restarting", words)
    }

    fn resetting(&self) -> Response<Bytes> {
        let words = self.lang.pick(
            "El equipo olvida todo menos su configuración y se reinicia. El PIN nuevo aparece en su pantalla (HDMI) y lo dice el comando «workshop-edge pin». El navegador avisará del certificado nuevo.",
            "The box forgets everything but its configuration and restarts. The new PIN is on its screen (HDMI), and the command \"workshop-edge pin\" says it. The browser will warn of the new certificate.",
        );
        self.done("Restableciendo", "Resetting", words)
    }

    fn done(&self, es: &'a str, en: &'a str, words: &str) -> Response<Bytes> {
        let next = Some((self.at(""), self.lang.pick("Entrar otra vez", "Log in again")));
        let (page, title) = (self.page(None), self.lang.pick(es, en));
        respond::page(StatusCode::OK, &pages::Message { page, title, paragraphs: &[words.to_owned()], next })
    }

    fn page<'p>(&'p self, csrf: Option<&'p str>) -> Page<'p> {
        // What answers a form has its form's path, but for the two that are no pages.
        let here = if matches!(self.below, "login" | "logout") { "" } else { self.below };
        Page { lang: self.lang, chosen: self.chosen, here, csrf }
    }

    fn at(&self, below: &str) -> String {
        pages::address(below, self.chosen)
    }
}

fn value<'f>(form: &'f HashMap<String, String>, name: &str) -> &'f str {
    form.get(name).map_or("", String::as_str)
}

fn invalid_pin_words(invalid: InvalidPin, lang: Lang) -> &'static str {
    match invalid {
        InvalidPin::Shape => lang.pick(
            "El PIN nuevo tiene que ser de ocho cifras. No se ha cambiado nada.",
            "The new PIN has to be eight digits. Nothing has been changed.",
        ),
        InvalidPin::Trivial => lang.pick(
            "Ese PIN es de los primeros que se prueban (una serie o una repetición). Elija otro: no se ha cambiado nada.",
            "That PIN is one of the first to be tried (a run or a repetition). Choose another: nothing has been changed.",
        ),
    }
}
