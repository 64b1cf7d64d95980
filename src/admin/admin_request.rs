//! One request: who may see or do what, and the answer.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};

use super::digits::ValidPin;
use super::erp::{self, ErpCheck, ErpCommand, ErpOrigin, ErpSection};
use super::pages::{self, Page};
use super::respond::{self, ROOT, see_other};
use super::screens::{self, Place, Typed};
use super::throttle::RetryAfter;
use super::{Admin, AdminCommand, AdminOutcome, Caller, MAX_BODY, audit, request, secure, sessions, updates, words};
use crate::lang::{Lang, Text};

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
            return match request::wanted(self.below) {
                _ if self.below.is_empty() => self.login_page(),
                Some(wanted) => see_other(&self.at_with("", &format!("next={wanted}"))),
                None => see_other(&self.at("")),
            };
        };
        let page = self.page(Some(session.csrf.as_str()));
        match self.below {
            "" => respond::page(StatusCode::OK, &pages::Menu { page, sections: words::SECTIONS }),
            "pin" => respond::page(StatusCode::OK, &pages::ChangePin { page, fault: None }),
            "support-bundle" => {
                let contents = &self.admin.settings.bundle_contents;
                respond::page(StatusCode::OK, &pages::SupportBundle { page, contents })
            }
            "update" => updates::page(page, &self.admin.settings.updates, StatusCode::OK, None),
            "erp" => self.erp_page(&session, StatusCode::OK, None),
            "restart" => respond::page(StatusCode::OK, &pages::Restart { page }),
            "factory-reset" => respond::page(StatusCode::OK, &pages::FactoryReset { page, fault: None }),
            _ => self.screens(page),
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
            return self.refused(StatusCode::PAYLOAD_TOO_LARGE, &words::TOO_MUCH_DATA, &[]);
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
                self.admin.drafts().clear();
                audit::record(self.caller.ip, "logout", "done");
                respond::without_session(see_other(&self.at("")))
            }
            "pin" => self.change_pin(&session, &form).await,
            "support-bundle" => self.carry_out(AdminCommand::SupportBundle, "support-bundle").await,
            "update" => self.update(&session, &form).await,
            "erp" => self.erp(&session, &form).await,
            "restart" => self.carry_out(AdminCommand::Restart, "restart").await,
            "factory-reset" => self.factory_reset(&session, &form).await,
            _ => self.change_screen(&session, &form).await,
        }
    }

    async fn login(&self, form: &HashMap<String, String>) -> Response<Bytes> {
        let next = request::wanted(value(form, "next"));
        match self.admin.check(value(form, "pin"), self.caller, self.now).await {
            Err(wait) => self.too_early("login", wait),
            Ok(false) => {
                let page = self.page(None);
                let fault = self.wrong_pin("login");
                let is_generated = self.admin.pin().is_some();
                self.with_wait(respond::page(
                    StatusCode::FORBIDDEN,
                    &pages::Login { page, notice: None, fault: Some(&fault), is_generated, next },
                ))
            }
            Ok(true) => match self.admin.sessions().open(self.now) {
                Ok(id) => {
                    audit::record(self.caller.ip, "login", "done");
                    respond::with_session(see_other(&self.at(next.unwrap_or_default())), id.as_str())
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
                return again(StatusCode::UNPROCESSABLE_ENTITY, words::PINS_DIFFER.pick(self.lang));
            }
            Ok(chosen) => chosen,
            Err(invalid) => {
                return again(StatusCode::UNPROCESSABLE_ENTITY, words::invalid_pin(invalid).pick(self.lang));
            }
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
        self.admin.end_sessions();
        (self.admin.report)(None);
        audit::record(self.caller.ip, "change PIN", "done");
        respond::without_session(see_other(&self.at_with("", "done=pin")))
    }

    async fn factory_reset(&self, session: &Session<'_>, form: &HashMap<String, String>) -> Response<Bytes> {
        let page = self.page(Some(session.csrf.as_str()));
        let again = |status, fault: &str| respond::page(status, &pages::FactoryReset { page, fault: Some(fault) });
        if value(form, "sure") != "yes" {
            return again(StatusCode::UNPROCESSABLE_ENTITY, words::NOT_CONFIRMED.pick(self.lang));
        }
        match self.admin.check(value(form, "pin"), self.caller, self.now).await {
            Err(wait) => self.too_early("factory reset", wait),
            Ok(false) => self.with_wait(again(StatusCode::FORBIDDEN, &self.wrong_pin("factory reset"))),
            Ok(true) => self.carry_out(AdminCommand::FactoryReset, "factory-reset").await,
        }
    }

    async fn update(&self, session: &Session<'_>, form: &HashMap<String, String>) -> Response<Bytes> {
        let name = value(form, "do");
        let Some(command) = updates::command(name, value(form, "version")) else { return self.not_found() };
        let action = format!("update {name}");
        let action = action.as_str();
        let outcome = match command {
            Ok(command) => self.admin.send(AdminCommand::Update(command)).await,
            Err(why) => AdminOutcome::Refused(why),
        };
        match outcome {
            AdminOutcome::Nothing(reason) => {
                audit::record(self.caller.ip, action, &reason.en);
                let page = self.page(Some(session.csrf.as_str()));
                let fault = words::nothing_to_do(&reason);
                updates::page(page, &self.admin.settings.updates, StatusCode::OK, Some(fault.pick(self.lang)))
            }
            AdminOutcome::Refused(why) => {
                audit::record(self.caller.ip, action, &format!("failed: {}", why.en));
                let page = self.page(Some(session.csrf.as_str()));
                let fault = Some(why.pick(self.lang));
                updates::page(page, &self.admin.settings.updates, StatusCode::SERVICE_UNAVAILABLE, fault)
            }
            AdminOutcome::Failed(error) => self.failed(action, &error),
            AdminOutcome::Begun | AdminOutcome::Done | AdminOutcome::File { .. } | AdminOutcome::ErpChecked(_) => {
                audit::record(self.caller.ip, action, "done");
                see_other(&self.at("update"))
            }
        }
    }

    async fn erp(&self, session: &Session<'_>, form: &HashMap<String, String>) -> Response<Bytes> {
        let section = (self.admin.settings.erp)();
        let is_configured = matches!(section.origin, ErpOrigin::Configuration { .. });
        match value(form, "do") {
            "check" | "keep" if is_configured => {
                self.erp_page(session, StatusCode::CONFLICT, Some(words::ERP_CONFIGURED.pick(self.lang)))
            }
            "check" => self.check_erp(session, &section, form).await,
            "keep" => self.keep_erp(session, value(form, "draft")).await,
            "forget" if value(form, "sure") != "yes" => {
                let fault = Some(words::NOT_CONFIRMED.pick(self.lang));
                self.erp_page(session, StatusCode::UNPROCESSABLE_ENTITY, fault)
            }
            "forget" => self.change_erp(session, "forget ERP account", ErpCommand::Forget, "forgotten", "done").await,
            _ => self.not_found(),
        }
    }

    async fn check_erp(
        &self,
        session: &Session<'_>,
        section: &ErpSection,
        form: &HashMap<String, String>,
    ) -> Response<Bytes> {
        let page = self.page(Some(session.csrf.as_str()));
        let (typed, account) = erp::typed(form);
        let again = |status, fault: &str, check: Option<&ErpCheck>| {
            erp::page(page, section, &typed, status, (None, Some(fault)), check)
        };
        let account = match account {
            Ok(account) => account,
            Err(fault) => return again(StatusCode::UNPROCESSABLE_ENTITY, fault.pick(self.lang), None),
        };
        let Ok(_permit) = self.admin.checking.try_acquire() else {
            return again(StatusCode::CONFLICT, words::ERP_CHECK_RUNS.pick(self.lang), None);
        };
        let action = "check ERP account";
        let command = AdminCommand::Erp(ErpCommand::Check(account.clone()));
        let Ok(outcome) = tokio::time::timeout(erp::CHECK_WITHIN, self.admin.send(command)).await else {
            audit::record(self.caller.ip, action, "failed: not in time");
            return again(StatusCode::GATEWAY_TIMEOUT, words::ERP_CHECK_TOO_LONG.pick(self.lang), None);
        };
        match outcome {
            AdminOutcome::ErpChecked(check) => {
                let outcome = if check.owner.is_some() { "accepted" } else { "not accepted" };
                audit::record(self.caller.ip, action, &format!("{outcome}: {}", erp::host(&account.url)));
                let Some(owner) = &check.owner else {
                    let fault = words::ERP_CHECK_FAILED.pick(self.lang);
                    return again(StatusCode::UNPROCESSABLE_ENTITY, fault, Some(&check));
                };
                let held = self.admin.drafts().hold(account, &session.csrf, self.now);
                match held {
                    Ok(draft) => erp::confirmation(page, &typed, &check, owner, draft.as_str()),
                    Err(error) => self.failed(action, &error.to_string()),
                }
            }
            AdminOutcome::Refused(why) | AdminOutcome::Nothing(why) => {
                audit::record(self.caller.ip, action, &format!("failed: {}", why.en));
                again(StatusCode::UNPROCESSABLE_ENTITY, why.pick(self.lang), None)
            }
            AdminOutcome::Failed(error) => self.failed(action, &error),
            AdminOutcome::Begun | AdminOutcome::Done | AdminOutcome::File { .. } => self.not_found(),
        }
    }

    async fn keep_erp(&self, session: &Session<'_>, draft: &str) -> Response<Bytes> {
        let taken = self.admin.drafts().take(draft, &session.csrf, self.now);
        let Some(account) = taken else {
            let fault = Some(words::ERP_NOT_CHECKED.pick(self.lang));
            return self.erp_page(session, StatusCode::CONFLICT, fault);
        };
        let outcome = format!("done: {}", erp::host(&account.url));
        self.change_erp(session, "keep ERP account", ErpCommand::Keep(account), "kept", &outcome).await
    }

    /// Has the account changed; the log says by whom and when, and nothing of it but its host.
    async fn change_erp(
        &self,
        session: &Session<'_>,
        action: &str,
        command: ErpCommand,
        done: &str,
        success: &str,
    ) -> Response<Bytes> {
        match self.admin.send(AdminCommand::Erp(command)).await {
            AdminOutcome::Failed(error) => self.failed(action, &error),
            AdminOutcome::Refused(why) | AdminOutcome::Nothing(why) => {
                audit::record(self.caller.ip, action, &format!("failed: {}", why.en));
                self.erp_page(session, StatusCode::SERVICE_UNAVAILABLE, Some(why.pick(self.lang)))
            }
            AdminOutcome::Begun | AdminOutcome::Done | AdminOutcome::File { .. } | AdminOutcome::ErpChecked(_) => {
                audit::record(self.caller.ip, action, success);
                see_other(&self.at_with("erp", &format!("done={done}")))
            }
        }
    }

    fn erp_page(&self, session: &Session<'_>, status: StatusCode, fault: Option<&str>) -> Response<Bytes> {
        let notice = match request::field(self.query, "done").as_deref() {
            Some("kept") => Some(words::ERP_KEPT),
            Some("forgotten") => Some(words::ERP_FORGOTTEN),
            _ => None,
        };
        let notice = notice.as_ref().filter(|_| fault.is_none()).map(|notice| notice.pick(self.lang));
        let section = (self.admin.settings.erp)();
        let typed = erp::Typed::of(&section);
        erp::page(self.page(Some(session.csrf.as_str())), &section, &typed, status, (notice, fault), None)
    }

    /// The list of the screens, the page of one, or its picture.
    fn screens(&self, page: Page<'_>) -> Response<Bytes> {
        let screens = &self.admin.settings.screens;
        let notice = request::field(self.query, "done").and_then(|word| screens::notice(&word));
        let notice = notice.as_ref().map(|notice| notice.pick(self.lang));
        let shown = match Place::of(self.below) {
            Some(Place::Picture(id)) => screens::picture(screens, id),
            Some(place) => place.target().and_then(|target| {
                screens::page(page, screens, target, StatusCode::OK, (notice, None), &Typed::default())
            }),
            None => None,
        };
        shown.unwrap_or_else(|| self.not_found())
    }

    async fn change_screen(&self, session: &Session<'_>, form: &HashMap<String, String>) -> Response<Bytes> {
        let target = Place::of(self.below).and_then(Place::target);
        let Some((target, change)) = target.and_then(|target| Some((target, screens::change(target, form)?))) else {
            return self.not_found();
        };
        let again = |status, fault: &str| {
            let page = self.page(Some(session.csrf.as_str()));
            let typed = Typed::of(form);
            let shown = screens::page(page, &self.admin.settings.screens, target, status, (None, Some(fault)), &typed);
            shown.unwrap_or_else(|| self.not_found())
        };
        let change = match change {
            Ok(change) => change,
            Err(fault) => return again(StatusCode::UNPROCESSABLE_ENTITY, fault.pick(self.lang)),
        };
        let (action, subject, (next, word)) = (change.action(), change.subject(), change.next());
        let now = self.now;
        match self.admin.change_screens(move |screens| change.make(screens, now)).await {
            Ok(Ok(())) => {
                audit::record(self.caller.ip, action, &format!("done: {subject}"));
                see_other(&self.at_with(&next, &format!("done={word}")))
            }
            Ok(Err(error)) => {
                audit::record(self.caller.ip, action, &format!("failed: {subject}: {}", crate::error_chain(&error)));
                again(screens::status(&error), error.text().pick(self.lang))
            }
            Err(error) => self.failed(action, &error),
        }
    }

    async fn carry_out(&self, command: AdminCommand, action: &'static str) -> Response<Bytes> {
        match self.admin.send(command).await {
            AdminOutcome::Failed(error) | AdminOutcome::Refused(Text { en: error, .. }) => self.failed(action, &error),
            AdminOutcome::Begun | AdminOutcome::Done | AdminOutcome::Nothing(_) | AdminOutcome::ErpChecked(_) => {
                audit::record(self.caller.ip, action, "begun");
                respond::without_session(see_other(&self.at(&format!("done/{action}"))))
            }
            AdminOutcome::File { name, media, bytes } => {
                audit::record(self.caller.ip, action, "done");
                respond::download(&name, media, bytes)
            }
        }
    }

    pub(super) fn wrong_method(&self) -> Response<Bytes> {
        let mut response = self.refused(StatusCode::METHOD_NOT_ALLOWED, &words::WRONG_METHOD, &[]);
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
        let notice = is_changed.then(|| words::PIN_CHANGED.pick(self.lang));
        let is_generated = self.admin.pin().is_some();
        let waiting = self.waiting().map(words::wait);
        let page = self.page(None);
        let fault = waiting.as_ref().map(|wait| wait.pick(self.lang));
        let next = request::field(self.query, "next");
        let next = next.as_deref().and_then(request::wanted);
        respond::page(StatusCode::OK, &pages::Login { page, notice, fault, is_generated, next })
    }

    fn waiting(&self) -> Option<RetryAfter> {
        self.admin.throttle().waiting(self.caller.ip, self.now)
    }

    /// Records a wrong PIN, and says what it leads to.
    fn wrong_pin(&self, action: &'static str) -> String {
        let mut text = words::WRONG_PIN.pick(self.lang).to_owned();
        let outcome = match self.waiting() {
            None => "refused: wrong PIN".to_owned(),
            Some(wait) => {
                text = text + " " + words::wait(wait).pick(self.lang);
                format!("refused: wrong PIN; the next attempt in {} s", wait.seconds())
            }
        };
        audit::record(self.caller.ip, action, &outcome);
        text
    }

    /// Adds the wait, if there is one.
    fn with_wait(&self, mut response: Response<Bytes>) -> Response<Bytes> {
        if let Some(wait) = self.waiting() {
            response.headers_mut().insert(header::RETRY_AFTER, wait.seconds().into());
        }
        response
    }

    /// The PIN is not even looked at: otherwise somebody who only tries fast enough would learn that it is right.
    fn too_early(&self, action: &'static str, wait: RetryAfter) -> Response<Bytes> {
        audit::turned_away(self.caller.ip, action, "refused: too many attempts");
        let paragraphs = [words::wait(wait).pick(self.lang), words::TOO_EARLY_WHY.pick(self.lang)].map(str::to_owned);
        let mut response = self.refused(StatusCode::TOO_MANY_REQUESTS, &words::TOO_EARLY, &paragraphs);
        response.headers_mut().insert(header::RETRY_AFTER, wait.seconds().into());
        response
    }

    /// In both languages: the address was mistyped, and no language chosen.
    fn not_private(&self) -> Response<Bytes> {
        audit::turned_away(self.caller.ip, "visit", "refused: over cleartext from another machine");
        secure::lead(&self.admin.settings.secure, self.page(None), self.headers)
    }

    fn forged(&self) -> Response<Bytes> {
        self.refused(StatusCode::FORBIDDEN, &words::FORGED, &[words::FORGED_WHY.pick(self.lang).to_owned()])
    }

    fn failed(&self, action: &str, error: &str) -> Response<Bytes> {
        audit::record(self.caller.ip, action, &format!("failed: {error}"));
        let paragraphs = [words::FAILED_WHY.pick(self.lang), error].map(str::to_owned);
        self.refused(StatusCode::SERVICE_UNAVAILABLE, &words::FAILED, &paragraphs)
    }

    fn not_found(&self) -> Response<Bytes> {
        self.refused(StatusCode::NOT_FOUND, &words::NOT_FOUND, &[])
    }

    fn refused(&self, status: StatusCode, title: &Text<&str>, paragraphs: &[String]) -> Response<Bytes> {
        self.message(status, title, paragraphs, &words::BACK)
    }

    fn restarting(&self) -> Response<Bytes> {
        self.done(&words::RESTARTING, &words::RESTARTING_NEXT)
    }

    fn resetting(&self) -> Response<Bytes> {
        self.done(&words::RESETTING, &words::RESETTING_NEXT)
    }

    fn done(&self, title: &Text<&str>, next: &Text<&str>) -> Response<Bytes> {
        self.message(StatusCode::OK, title, &[next.pick(self.lang).to_owned()], &words::LOG_IN_AGAIN)
    }

    fn message(
        &self,
        status: StatusCode,
        title: &Text<&str>,
        paragraphs: &[String],
        link: &Text<&str>,
    ) -> Response<Bytes> {
        let (page, title) = (self.page(None), title.pick(self.lang));
        let next = Some((self.at(""), link.pick(self.lang)));
        respond::page(status, &pages::Message { page, title, paragraphs, next })
    }

    fn page<'p>(&'p self, csrf: Option<&'p str>) -> Page<'p> {
        // What answers a form has its form's path, but for the two that are no pages.
        let here = if matches!(self.below, "login" | "logout") { "" } else { self.below };
        Page { lang: self.lang, chosen: self.chosen, here, csrf }
    }

    fn at(&self, below: &str) -> String {
        pages::address(below, self.chosen)
    }

    /// With a field of its own in the query.
    fn at_with(&self, below: &str, field: &str) -> String {
        let address = self.at(below);
        let separator = if address.contains('?') { '&' } else { '?' };
        format!("{address}{separator}{field}")
    }
}

fn value<'f>(form: &'f HashMap<String, String>, name: &str) -> &'f str {
    form.get(name).map_or("", String::as_str)
}
