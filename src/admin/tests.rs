use std::net::Ipv4Addr;
use std::time::Duration;

use http::StatusCode;
use semver::Version;
use tokio::time::timeout;

use super::*;
use crate::screens::fixture;

const HOME: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const AWAY: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 168, 1, 20));

/// Nobody carries out a command that a test does not expect: its answer would never come.
const PATIENCE: Duration = Duration::from_secs(60);

/// An administration whose time the test moves.
struct Bench {
    admin: Admin,
    asked: mpsc::Receiver<PendingCommand>,
    now: Instant,
    _directory: tempfile::TempDir,
}

/// A browser with one cookie, over HTTPS from another machine.
struct Browser {
    cookie: Option<String>,
    caller: Caller,
}

struct Answer {
    status: u16,
    response: Response<Bytes>,
}

impl Answer {
    fn text(&self) -> &str {
        std::str::from_utf8(self.response.body()).expect("text")
    }

    fn field(&self, name: &str) -> &str {
        self.response.headers().get(name).map_or("", |value| value.to_str().expect("text"))
    }

    /// The token in its forms.
    fn csrf(&self) -> String {
        let (_, rest) = self.text().split_once("name=\"csrf\" value=\"").expect("a token");
        rest.split_once('"').expect("its end").0.to_owned()
    }
}

fn new() -> Bench {
    with_erp(ErpOrigin::Nobody)
}

fn with_erp(origin: ErpOrigin) -> Bench {
    let directory = tempfile::tempdir().expect("a directory");
    let settings = Settings {
        secure: Secure::Https { port: 8443, own: None },
        language: Lang::Es,
        bundle_contents: vec![Text::new("todo", "all")],
        updates: Arc::new(|| {
            Some(Updates {
                sentences: vec![Text::new("Todo al día.", "All is up to date.")],
                previous: Some("1.0.0".into()),
                refused: vec!["0.9.0".into()],
                can_switch: true,
                ..Updates::default()
            })
        }),
        erp: Arc::new(move || ErpSection { sentences: vec![Text::new("Sin ERP.", "No ERP.")], origin: origin.clone() }),
        screens: fixture::screens(directory.path(), Instant::now()),
    };
    let (admin, asked) = Admin::start(&directory.path().join("admin"), settings, |_| {});
    Bench { admin, asked, now: Instant::now(), _directory: directory }
}

impl Bench {
    fn pin(&self) -> String {
        self.admin.pin().expect("the box's own")
    }

    async fn send(&self, browser: &mut Browser, method: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
        let scheme = if browser.caller.is_https { "https" } else { "http" };
        let mut request = Request::builder()
            .method(method)
            .uri(format!("/_edge/admin{path}"))
            .header("host", "taller.local:8443")
            .header("content-type", "application/x-www-form-urlencoded")
            .header("origin", format!("{scheme}://taller.local:8443"));
        if let Some(cookie) = &browser.cookie {
            request = request.header("cookie", format!("a=b; {cookie}"));
        }
        let mut body = form_urlencoded::Serializer::new(String::new());
        body.extend_pairs(fields);
        let request = request.body(Bytes::from(body.finish())).expect("a request");
        let response = self.admin.answer_at(request, browser.caller, self.now);
        let response = timeout(PATIENCE, response).await.expect("an answer, or somebody who carries out a command");
        let answer = Answer { status: response.status().as_u16(), response };
        if let Some((cookie, attributes)) = answer.field("set-cookie").split_once(';') {
            assert!(attributes.starts_with(" Path=/_edge/admin; HttpOnly; Secure; SameSite=Strict"), "{attributes}");
            browser.cookie = (!attributes.contains("Max-Age=0")).then(|| cookie.to_owned());
        }
        answer
    }

    async fn get(&self, browser: &mut Browser, path: &str) -> Answer {
        self.send(browser, "GET", path, &[]).await
    }

    async fn login(&self, browser: &mut Browser, pin: &str) -> Answer {
        self.send(browser, "POST", "/login", &[("pin", pin)]).await
    }
}

impl Browser {
    fn at(ip: IpAddr, is_https: bool) -> Self {
        Self { cookie: None, caller: Caller { ip, is_https } }
    }
}

#[tokio::test]
async fn the_right_pin_opens_the_menu_and_logging_out_closes_it() {
    let the = new();
    let mut browser = Browser::at(AWAY, true);
    let page = the.get(&mut browser, "/").await;
    assert!(page.status == 200 && page.text().contains("PIN del equipo") && !page.text().contains(&the.pin()));

    let entered = the.login(&mut browser, &the.pin()).await;
    assert_eq!((entered.status, entered.field("location")), (303, "/_edge/admin/"));
    let menu = the.get(&mut browser, "/").await;
    for section in words::SECTIONS {
        assert!(menu.text().contains(section.title.es), "{}", section.title.es);
        let page = the.get(&mut browser, &format!("/{}?lang=en", section.path)).await;
        assert!(page.status == 200 && page.text().contains(section.title.en), "{}", section.path);
        assert!(page.text().contains("<html lang=\"en\">"));
    }
    assert_eq!(the.get(&mut browser, "/nothing").await.status, 404);

    let out = the.send(&mut browser, "POST", "/logout?lang=en", &[("csrf", &menu.csrf())]).await;
    assert_eq!((out.status, out.field("location")), (303, "/_edge/admin/?lang=en"));
    assert_eq!(browser.cookie, None);
    assert!(the.get(&mut browser, "/?lang=en").await.text().contains("PIN of the box"));
}

#[tokio::test]
async fn every_answer_is_kept_from_caches_frames_and_scripts() {
    let the = new();
    let mut browser = Browser::at(AWAY, true);
    for (method, path) in [("GET", "/"), ("GET", "/pin"), ("POST", "/login"), ("PUT", "/"), ("GET", "/style.css")] {
        let answer = the.send(&mut browser, method, path, &[]).await;
        assert_eq!(answer.field("cache-control"), "no-store", "{method} {path}");
        assert_eq!(answer.field("x-content-type-options"), "nosniff");
        assert!(answer.field("content-security-policy").starts_with("default-src 'none'; style-src 'self'"));
        assert!(answer.field("content-security-policy").contains("frame-ancestors 'none'"));
    }
    assert_eq!(the.send(&mut browser, "PUT", "/", &[]).await.field("allow"), "GET, HEAD, POST");
}

#[tokio::test]
async fn cleartext_is_for_the_box_itself() {
    let the = new();
    for (method, path) in [("GET", "/"), ("POST", "/login"), ("GET", "/done/restart")] {
        let answer = the.send(&mut Browser::at(AWAY, false), method, path, &[("pin", &the.pin())]).await;
        assert_eq!(answer.status, 403, "{method} {path}");
        assert!(answer.text().contains("href=\"https://taller.local:8443/_edge/admin/\""), "{}", answer.text());
        assert!(answer.text().contains("cualquiera en la red podría leer el PIN"));
    }
    for home in [HOME, "::1".parse().expect("an address"), "::ffff:127.0.0.1".parse().expect("an address")] {
        assert_eq!(the.login(&mut Browser::at(home, false), &the.pin()).await.status, 303, "{home}");
    }
}

#[tokio::test]
async fn wrong_pins_lead_to_waits_in_which_the_right_one_is_not_seen() {
    let mut the = new();
    let mut browser = Browser::at(AWAY, true);
    for wait in ["", "", "2"] {
        let answer = the.login(&mut browser, "00000000").await;
        assert_eq!((answer.status, answer.field("retry-after")), (403, wait));
        assert!(answer.text().contains("El PIN no es correcto."));
    }
    let early = the.login(&mut browser, &the.pin()).await;
    assert_eq!((early.status, early.field("retry-after")), (429, "2"));
    assert!(early.text().contains("Espere 2 s"), "{}", early.text());
    assert!(the.get(&mut browser, "/").await.text().contains("Espere 2 s"));
    // Others are not concerned.
    assert_eq!(the.login(&mut Browser::at(HOME, false), &the.pin()).await.status, 303);

    the.now += Duration::from_secs(2);
    assert_eq!(the.login(&mut browser, "00000000").await.field("retry-after"), "4");
    the.now += Duration::from_secs(4);
    assert_eq!(the.login(&mut browser, &the.pin()).await.status, 303);
    assert_eq!(the.login(&mut browser, "00000000").await.field("retry-after"), "");
}

#[tokio::test]
async fn many_at_once_are_no_way_around_the_wait() {
    let the = new();
    let attempts = (0..8).map(|_| async { the.login(&mut Browser::at(AWAY, true), "00000000").await.status });
    let mut statuses = Vec::new();
    let mut attempts: Vec<_> = attempts.map(Box::pin).collect();
    std::future::poll_fn(|cx| {
        attempts.retain_mut(|attempt| match attempt.as_mut().poll(cx) {
            std::task::Poll::Ready(status) => {
                statuses.push(status);
                false
            }
            std::task::Poll::Pending => true,
        });
        if attempts.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    assert_eq!(statuses.iter().filter(|status| **status == 403).count(), 3, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 429).count(), 5, "{statuses:?}");
}

#[tokio::test]
async fn forms_of_others_do_nothing() {
    let mut the = new();
    let mut browser = Browser::at(AWAY, true);
    the.login(&mut browser, &the.pin()).await;
    let mut other = Browser::at(AWAY, true);
    the.login(&mut other, &the.pin()).await;
    let others = the.get(&mut other, "/").await.csrf();
    // Nobody carries anything out: what gets that far fails instead of waiting.
    the.asked.close();
    for csrf in ["", "x", &others] {
        for path in ["/restart", "/support-bundle", "/factory-reset", "/pin", "/erp", "/logout"] {
            let answer = the.send(&mut browser, "POST", path, &[("csrf", csrf)]).await;
            assert_eq!(answer.status, 403, "{path} {csrf}");
        }
    }
    assert!(the.asked.try_recv().is_err(), "nothing was ordered");
    assert_eq!(the.get(&mut browser, "/pin").await.status, 200, "and nobody was logged out");

    // From another site, even the right PIN is not looked at.
    let request = Request::post("/_edge/admin/login")
        .header("host", "taller.local:8443")
        .header("origin", "https://evil.example")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Bytes::from(format!("pin={}", the.pin())))
        .expect("a request");
    let answer = the.admin.answer_at(request, browser.caller, the.now).await;
    assert_eq!(answer.status(), StatusCode::FORBIDDEN);
    assert!(answer.headers().get("set-cookie").is_none());
}

#[tokio::test]
async fn a_session_ends_with_time() {
    let mut the = new();
    let mut browser = Browser::at(AWAY, true);
    the.login(&mut browser, &the.pin()).await;
    the.now += Duration::from_secs(14 * 60);
    assert_eq!(the.get(&mut browser, "/pin").await.status, 200);
    the.now += Duration::from_secs(14 * 60);
    let csrf = the.get(&mut browser, "/pin").await.csrf();
    the.now += Duration::from_secs(15 * 60);
    assert_eq!(the.get(&mut browser, "/pin").await.status, 303);
    let late = the.send(&mut browser, "POST", "/restart", &[("csrf", &csrf)]).await;
    assert_eq!((late.status, late.field("location")), (303, "/_edge/admin/"));
    assert!(the.asked.try_recv().is_err());
}

#[tokio::test]
async fn a_changed_pin_ends_every_session() {
    let the = new();
    let (mut browser, mut other) = (Browser::at(AWAY, true), Browser::at(HOME, true));
    let old = the.pin();
    the.login(&mut browser, &old).await;
    the.login(&mut other, &old).await;
    let csrf = the.get(&mut browser, "/pin").await.csrf();
    for (current, new, again, status, words) in [
        (old.as_str(), "1357246", "1357246", 422, "ocho cifras"),
        (&old, "12345678", "12345678", 422, "primeros que se prueban"),
        (&old, "13572468", "13572469", 422, "no es el mismo"),
        ("00000000", "13572468", "13572468", 403, "no es correcto"),
    ] {
        let form = [("csrf", csrf.as_str()), ("current", current), ("new", new), ("again", again)];
        let answer = the.send(&mut browser, "POST", "/pin", &form).await;
        assert!(answer.status == status && answer.text().contains(words), "{new}: {}", answer.text());
    }
    let form = [("csrf", csrf.as_str()), ("current", &old), ("new", "13572468"), ("again", "13572468")];
    let answer = the.send(&mut browser, "POST", "/pin?lang=en", &form).await;
    assert_eq!((answer.status, answer.field("location")), (303, "/_edge/admin/?lang=en&done=pin"));
    assert!(the.get(&mut browser, "/?lang=en&done=pin").await.text().contains("Log in with the new one."));
    assert!(the.get(&mut other, "/").await.text().contains("--new"), "logged out, and the box cannot tell the PIN");
    assert_eq!(the.login(&mut browser, &old).await.status, 403);
    assert_eq!(the.login(&mut browser, "13572468").await.status, 303);

    let new = the.admin.new_pin().await.expect("made");
    assert_eq!(the.get(&mut browser, "/pin").await.status, 303);
    assert_eq!(the.login(&mut browser, &new).await.status, 303);
}

#[tokio::test]
async fn commands_are_carried_out_and_their_failures_reported() {
    let mut the = new();
    let mut browser = Browser::at(AWAY, true);
    the.login(&mut browser, &the.pin()).await;
    let csrf = the.get(&mut browser, "/").await.csrf();
    let mut asked = std::mem::replace(&mut the.asked, mpsc::channel(1).1);
    let pin = the.pin();
    let form = [("csrf", csrf.as_str()), ("sure", "yes"), ("pin", pin.as_str())];

    let carried = async {
        let mut commands = Vec::new();
        for outcome in [
            AdminOutcome::File { name: "a.tar.gz".into(), media: "application/gzip", bytes: Bytes::from_static(b"gz") },
            AdminOutcome::Failed("the disk is <full>".into()),
            AdminOutcome::Begun,
        ] {
            let asked = asked.recv().await.expect("a command");
            commands.push(asked.command);
            asked.outcome.send(outcome).expect("somebody waits");
        }
        commands
    };
    let sent = async {
        let file = the.send(&mut browser, "POST", "/support-bundle", &form).await;
        assert_eq!((file.status, file.text()), (200, "gz"));
        assert_eq!(file.field("content-disposition"), "attachment; filename=\"a.tar.gz\"");
        let failed = the.send(&mut browser, "POST", "/factory-reset", &form).await;
        assert!(failed.status == 503 && failed.text().contains("the disk is &#60;full&#62;"), "{}", failed.text());
        let begun = the.send(&mut browser, "POST", "/restart", &form).await;
        assert_eq!((begun.status, begun.field("location")), (303, "/_edge/admin/done/restart"));
        // The process that answers next knows nothing of the session.
        assert!(the.get(&mut Browser::at(AWAY, true), "/done/restart").await.text().contains("se reinicia"));
    };
    let (commands, ()) = tokio::join!(carried, sent);
    assert_eq!(commands, [AdminCommand::SupportBundle, AdminCommand::FactoryReset, AdminCommand::Restart]);
}

#[tokio::test]
async fn the_updates_are_shown_and_ordered() {
    let mut the = new();
    let mut browser = Browser::at(AWAY, true);
    the.login(&mut browser, &the.pin()).await;
    let section = the.get(&mut browser, "/update").await;
    assert!(section.text().contains("Todo al día.") && section.text().contains("Volver a la versión 1.0.0"));
    assert!(section.text().contains("Volver a admitir la versión 0.9.0, que falló"), "{}", section.text());
    assert!(!section.text().contains("value=\"unpin\""), "the channel is followed");
    let csrf = section.csrf();
    let mut asked = std::mem::replace(&mut the.asked, mpsc::channel(1).1);
    let wanted = [
        ("check", Command::Check),
        ("apply", Command::Apply { from: None }),
        ("rollback", Command::Rollback),
        ("pin", Command::Pin { version: Version::new(1, 2, 3) }),
        ("unpin", Command::Unpin),
        ("hold", Command::Hold),
        ("forgive", Command::Forgive { version: Version::new(1, 2, 3) }),
    ];
    for (name, command) in wanted {
        let carried = async {
            let asked = asked.recv().await.expect("a command");
            assert_eq!(asked.command, AdminCommand::Update(command));
            let nothing = AdminOutcome::Nothing(Text::new("nada <más>", "nothing"));
            let outcome = if name == "apply" { nothing } else { AdminOutcome::Done };
            asked.outcome.send(outcome).expect("somebody waits");
        };
        let form = [("csrf", csrf.as_str()), ("do", name), ("version", " 1.2.3 ")];
        let ((), answer) = tokio::join!(carried, the.send(&mut browser, "POST", "/update", &form));
        if name == "apply" {
            assert!(answer.status == 200 && answer.text().contains("nada &#60;más&#62;"), "{}", answer.text());
        } else {
            assert_eq!((answer.status, answer.field("location")), (303, "/_edge/admin/update"), "{name}");
        }
    }
    let form = [("csrf", csrf.as_str()), ("do", "pin"), ("version", "nine"), ("from", "/")];
    let answer = the.send(&mut browser, "POST", "/update", &form).await;
    assert!(answer.status == 503 && answer.text().contains("no es una versión como 1.2.3."), "{}", answer.text());
    let form = [("csrf", csrf.as_str()), ("do", "destroy")];
    assert_eq!(the.send(&mut browser, "POST", "/update", &form).await.status, 404);
    assert_eq!(the.send(&mut browser, "POST", "/update", &[("do", "apply")]).await.status, 403, "without the token");
    assert!(asked.try_recv().is_err());
}

#[tokio::test]
async fn a_reset_needs_the_tick_and_the_pin() {
    let mut the = new();
    let mut browser = Browser::at(AWAY, true);
    the.login(&mut browser, &the.pin()).await;
    let csrf = the.get(&mut browser, "/").await.csrf();
    let pin = the.pin();
    for (sure, pin, status) in [("", pin.as_str(), 422), ("yes", "00000000", 403), ("yes", "", 403)] {
        let form = [("csrf", csrf.as_str()), ("sure", sure), ("pin", pin)];
        assert_eq!(the.send(&mut browser, "POST", "/factory-reset", &form).await.status, status);
    }
    assert!(the.asked.try_recv().is_err());
}

#[tokio::test]
async fn what_is_too_much_or_no_form_is_refused() {
    let the = new();
    let mut browser = Browser::at(AWAY, true);
    let answer = the.send(&mut browser, "POST", "/login", &[("pin", &"1".repeat(MAX_BODY))]).await;
    assert_eq!(answer.status, 413);
    let request = Request::post("/_edge/admin/login").header("content-type", "text/plain");
    let request = request.body(Bytes::from(format!("pin={}", the.pin()))).expect("a request");
    assert_eq!(the.admin.answer_at(request, browser.caller, the.now).await.status(), StatusCode::FORBIDDEN);
}

const ERP: [(&str, &str); 4] =
    [("do", "check"), ("url", " erp.example/v1 "), ("user", " tv@erp.example "), ("password", " s3creta ñ")];

/// The check's answer: `owner` accepted, or not.
fn checked(is_accepted: bool) -> AdminOutcome {
    let step = |verdict, es: &str| ErpStep { verdict, text: Text::new(es, "found") };
    let owner = is_accepted.then(|| {
        vec![step(ErpVerdict::Warning, "Rol ADMIN: mejor OPERATOR."), step(ErpVerdict::Ok, "Taller <Norte>.")]
    });
    let verdict = if is_accepted { ErpVerdict::Ok } else { ErpVerdict::Failed };
    AdminOutcome::ErpChecked(ErpCheck { steps: vec![step(verdict, "La cuenta <entra>.")], owner })
}

/// Sends a form while somebody carries out the command that it leads to, and gives both.
async fn carried(
    the: &Bench,
    asked: &mut mpsc::Receiver<PendingCommand>,
    browser: &mut Browser,
    path: &str,
    form: &[(&str, &str)],
    outcome: AdminOutcome,
) -> (ErpCommand, Answer) {
    let answered = async {
        let PendingCommand { command, outcome: reply } = asked.recv().await.expect("a command");
        reply.send(outcome).expect("somebody waits");
        let AdminCommand::Erp(command) = command else { panic!("{command:?}") };
        command
    };
    tokio::join!(answered, the.send(browser, "POST", path, form))
}

fn with<'a>(csrf: &'a str, fields: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    [("csrf", csrf)].into_iter().chain(fields.iter().copied()).collect()
}

/// The value of a hidden field.
fn hidden(answer: &Answer, name: &str) -> String {
    let (_, rest) = answer.text().split_once(&format!("name=\"{name}\" value=\"")).expect("a field");
    rest.split_once('"').expect("its end").0.to_owned()
}

#[tokio::test]
async fn an_account_is_kept_only_after_its_check_and_a_confirmation() {
    let mut the = new();
    let mut browser = Browser::at(AWAY, true);
    the.login(&mut browser, &the.pin()).await;
    let section = the.get(&mut browser, "/erp").await;
    assert!(section.text().contains("Sin ERP.") && section.text().contains("name=\"password\""));
    assert!(!section.text().contains("value=\"forget\""), "there is nothing to forget");
    let csrf = section.csrf();
    let mut asked = std::mem::replace(&mut the.asked, mpsc::channel(1).1);
    let form = with(&csrf, &ERP);

    let (command, failed) = carried(&the, &mut asked, &mut browser, "/erp", &form, checked(false)).await;
    assert_eq!(failed.status, 422);
    assert!(failed.text().contains("Mal:</b> La cuenta &#60;entra&#62;.") && !failed.text().contains("draft"));
    assert!(failed.text().contains("value=\"https://erp.example/v1\"") && failed.text().contains("tv@erp.example"));
    assert!(!failed.text().contains("s3creta"), "a password is never sent back");
    let ErpCommand::Check(account) = command else { panic!("{command:?}") };
    assert_eq!((account.url.as_str(), account.user.as_str()), ("https://erp.example/v1", "tv@erp.example"));
    assert_eq!(account.password.expose(), " s3creta ñ", "as it was typed");
    assert!(!format!("{account:?}").contains("erp.example"));
    assert_eq!(format!("{:?}", account.password), "Password");

    let (_, shown) = carried(&the, &mut asked, &mut browser, "/erp", &form, checked(true)).await;
    assert_eq!(shown.status, 200);
    assert!(shown.text().contains("Taller &#60;Norte&#62;.") && shown.text().contains("Rol ADMIN"), "{}", shown.text());
    assert!(!shown.text().contains("s3creta"));
    let draft = hidden(&shown, "draft");
    let keep = [("do", "keep"), ("draft", draft.as_str())];

    // Another session confirms nothing, and neither does another token.
    let mut other = Browser::at(AWAY, true);
    the.login(&mut other, &the.pin()).await;
    let others = the.get(&mut other, "/erp").await.csrf();
    assert_eq!(the.send(&mut other, "POST", "/erp", &with(&others, &keep)).await.status, 409);
    let wrong = with(&csrf, &[("do", "keep"), ("draft", "x")]);
    assert_eq!(the.send(&mut browser, "POST", "/erp", &wrong).await.status, 409);

    let form = with(&csrf, &keep);
    let (command, kept) = carried(&the, &mut asked, &mut browser, "/erp?lang=en", &form, AdminOutcome::Done).await;
    assert_eq!(command, ErpCommand::Keep(account));
    assert_eq!((kept.status, kept.field("location")), (303, "/_edge/admin/erp?lang=en&done=kept"));
    assert!(the.get(&mut browser, "/erp?lang=en&done=kept").await.text().contains("The account has been kept"));
    let again = the.send(&mut browser, "POST", "/erp", &form).await;
    assert!(again.status == 409 && again.text().contains("ya no vale"), "once");
    assert!(asked.try_recv().is_err());
}

#[tokio::test]
async fn a_confirmation_comes_in_time_or_from_nobody() {
    let mut the = new();
    let mut browser = Browser::at(AWAY, true);
    the.login(&mut browser, &the.pin()).await;
    let mut asked = std::mem::replace(&mut the.asked, mpsc::channel(1).1);
    for end in ["late", "another check", "logout"] {
        let csrf = the.get(&mut browser, "/erp").await.csrf();
        let form = with(&csrf, &ERP);
        let (_, shown) = carried(&the, &mut asked, &mut browser, "/erp", &form, checked(true)).await;
        let draft = hidden(&shown, "draft");
        match end {
            "late" => the.now += Duration::from_secs(10 * 60),
            "another check" => {
                carried(&the, &mut asked, &mut browser, "/erp", &form, checked(true)).await;
            }
            _ => {
                the.send(&mut browser, "POST", "/logout", &with(&csrf, &[])).await;
                assert!(the.admin.drafts().is_empty(), "its password is gone, too");
                the.login(&mut browser, &the.pin()).await;
            }
        }
        let csrf = the.get(&mut browser, "/erp").await.csrf();
        let keep = with(&csrf, &[("do", "keep"), ("draft", &draft)]);
        assert_eq!(the.send(&mut browser, "POST", "/erp", &keep).await.status, 409, "{end}");
    }
    assert!(asked.try_recv().is_err());
}

#[tokio::test]
async fn what_is_no_account_is_not_even_checked() {
    let mut the = new();
    let mut browser = Browser::at(AWAY, true);
    the.login(&mut browser, &the.pin()).await;
    let csrf = the.get(&mut browser, "/erp").await.csrf();
    let long = "x".repeat(1025);
    for (name, value, words) in [
        ("url", "", "Faltan datos"),
        ("user", "  ", "Faltan datos"),
        ("password", "", "Faltan datos"),
        ("url", long.as_str(), "demasiado largos"),
        ("user", long.as_str(), "demasiado largos"),
        ("password", long.as_str(), "demasiado largos"),
        ("password", "a\u{7}b", "no se ve"),
    ] {
        let fields: Vec<_> = ERP.iter().map(|&(key, own)| (key, if key == name { value } else { own })).collect();
        let answer = the.send(&mut browser, "POST", "/erp", &with(&csrf, &fields)).await;
        assert!(answer.status == 422 && answer.text().contains(words), "{name}: {}", answer.text());
        assert!(!answer.text().contains("s3creta"));
    }
    let unknown = with(&csrf, &[("do", "destroy")]);
    assert_eq!(the.send(&mut browser, "POST", "/erp", &unknown).await.status, 404);
    assert_eq!(the.send(&mut browser, "POST", "/erp", &ERP).await.status, 403, "without the token");
    assert!(the.asked.try_recv().is_err());
}

#[tokio::test]
async fn one_check_runs_at_a_time() {
    let mut the = new();
    let (mut browser, mut other) = (Browser::at(AWAY, true), Browser::at(AWAY, true));
    the.login(&mut browser, &the.pin()).await;
    the.login(&mut other, &the.pin()).await;
    let csrf = the.get(&mut browser, "/erp").await.csrf();
    let others = the.get(&mut other, "/erp").await.csrf();
    let mut asked = std::mem::replace(&mut the.asked, mpsc::channel(1).1);
    let second = async {
        let PendingCommand { outcome, .. } = asked.recv().await.expect("the first");
        let refused = the.send(&mut other, "POST", "/erp", &with(&others, &ERP)).await;
        assert!(refused.status == 409 && refused.text().contains("otra comprobación"), "{}", refused.text());
        outcome.send(AdminOutcome::Refused(Text::new("Ahora no.", "Not now."))).expect("somebody waits");
    };
    let form = with(&csrf, &ERP);
    let (answer, ()) = tokio::join!(the.send(&mut browser, "POST", "/erp", &form), second);
    assert!(answer.status == 422 && answer.text().contains("Ahora no."), "{}", answer.text());
}

#[tokio::test]
async fn an_account_of_the_administration_is_shown_without_its_password_and_can_be_forgotten() {
    let (url, user) = ("https://erp.example".to_owned(), "tv@erp.example".to_owned());
    let mut the = with_erp(ErpOrigin::Administration { url, user });
    let mut browser = Browser::at(AWAY, true);
    the.login(&mut browser, &the.pin()).await;
    let section = the.get(&mut browser, "/erp").await;
    assert!(section.text().contains("value=\"https://erp.example\"") && section.text().contains("tv@erp.example"));
    let csrf = section.csrf();
    let mut asked = std::mem::replace(&mut the.asked, mpsc::channel(1).1);
    let unsure = the.send(&mut browser, "POST", "/erp", &with(&csrf, &[("do", "forget")])).await;
    assert!(unsure.status == 422 && unsure.text().contains("Marque la casilla"), "{}", unsure.text());
    let form = with(&csrf, &[("do", "forget"), ("sure", "yes")]);
    let refused = AdminOutcome::Refused(Text::new("El disco no deja.", "The disk refuses."));
    let (_, answer) = carried(&the, &mut asked, &mut browser, "/erp", &form, refused).await;
    assert!(answer.status == 503 && answer.text().contains("El disco no deja."), "{}", answer.text());
    let (command, answer) = carried(&the, &mut asked, &mut browser, "/erp", &form, AdminOutcome::Done).await;
    assert_eq!(command, ErpCommand::Forget);
    assert_eq!((answer.status, answer.field("location")), (303, "/_edge/admin/erp?done=forgotten"));
}

#[tokio::test]
async fn an_account_of_the_configuration_is_only_shown() {
    let (url, user) = ("https://erp.example".to_owned(), "tv@erp.example".to_owned());
    for is_another_kept in [false, true] {
        let (url, user) = (url.clone(), user.clone());
        let mut the = with_erp(ErpOrigin::Configuration { url, user, is_another_kept });
        let mut browser = Browser::at(AWAY, true);
        the.login(&mut browser, &the.pin()).await;
        let section = the.get(&mut browser, "/erp").await;
        assert!(section.text().contains("aquí solo se muestra") && section.text().contains("tv@erp.example"));
        assert!(!section.text().contains("name=\"password\""), "{}", section.text());
        assert_eq!(section.text().contains("value=\"forget\""), is_another_kept);
        let csrf = hidden(&section, "csrf");
        for form in [&ERP[..], &[("do", "keep"), ("draft", "x")]] {
            let answer = the.send(&mut browser, "POST", "/erp", &with(&csrf, form)).await;
            assert!(answer.status == 409 && answer.text().contains("no se puede cambiar"), "{}", answer.text());
        }
        assert!(the.asked.try_recv().is_err());
    }
}

#[tokio::test]
async fn whoever_wants_a_screen_comes_to_it_through_the_login() {
    let the = new();
    let mut browser = Browser::at(AWAY, true);
    let sent = the.get(&mut browser, "/screens/0123456789abcdef?lang=en").await;
    assert_eq!((sent.status, sent.field("location")), (303, "/_edge/admin/?lang=en&next=screens/0123456789abcdef"));
    let login = the.get(&mut browser, "/?lang=en&next=screens/0123456789abcdef").await;
    assert!(login.text().contains("name=\"next\" value=\"screens/0123456789abcdef\""), "{}", login.text());
    let wrong = the.send(&mut browser, "POST", "/login", &[("pin", "1"), ("next", "screens/0123456789abcdef")]).await;
    assert!(wrong.status == 403 && wrong.text().contains("value=\"screens/0123456789abcdef\""), "{}", wrong.text());
    let fields = [("pin", &*the.pin()), ("next", "screens/0123456789abcdef")];
    let entered = the.send(&mut browser, "POST", "/login?lang=en", &fields).await;
    assert_eq!((entered.status, entered.field("location")), (303, "/_edge/admin/screens/0123456789abcdef?lang=en"));
    let gone = the.get(&mut browser, "/screens/0123456789abcdef").await;
    assert_eq!(gone.status, 404);
    // A form of somebody else's address leads nowhere else.
    let mut other = Browser::at(HOME, true);
    for next in ["//evil.example", "https://evil.example", "../x"] {
        let entered = the.send(&mut other, "POST", "/login", &[("pin", &*the.pin()), ("next", next)]).await;
        assert_eq!((entered.status, entered.field("location")), (303, "/_edge/admin/"), "{next}");
    }
}

#[tokio::test]
async fn a_screen_is_named_moved_asked_and_forgotten() {
    let the = new();
    let screens = the.admin.settings.screens.clone();
    let sample = serde_json::json!({
        "errors": { "script": 1 }, "sample": "<script>alert(1)</script>", "path": "/secreto",
    });
    let (id, other) =
        (fixture::report(&screens, 1, &sample, the.now), fixture::report(&screens, 2, &serde_json::json!({}), the.now));
    let mut browser = Browser::at(AWAY, true);
    the.login(&mut browser, &the.pin()).await;
    let list = the.get(&mut browser, "/screens").await;
    assert!(list.text().contains(&format!("/_edge/admin/screens/{id}")) && list.text().contains("Sin nombre ("));
    let path = format!("/screens/{id}");
    let page = the.get(&mut browser, &path).await;
    // What others say becomes no markup.
    assert!(page.text().contains("&#60;script&#62;alert(1)") && !page.text().contains("<script"), "{}", page.text());
    assert!(page.text().contains("TV/1 &#60;b&#62;") && page.text().contains("/secreto"), "{}", page.text());
    let csrf = page.csrf();

    let mut send = async |fields: &[(&str, &str)], at: &str| {
        the.send(&mut browser, "POST", at, &[&[("csrf", csrf.as_str())], fields].concat()).await
    };
    for name in ["", &"a".repeat(41), "a\u{200b}b", "a\nb", "a\u{202e}b"] {
        let answer = send(&[("do", "rename"), ("name", name)], &path).await;
        assert!(answer.status == 422 && answer.text().contains("40 caracteres"), "{name:?}: {}", answer.text());
    }
    assert!(screens.summary().screens.iter().all(|screen| screen.name.is_none()));
    let hostile = "<b>\"Pintura\"&'1'</b>";
    let named = send(&[("do", "rename"), ("name", hostile)], &path).await;
    assert_eq!((named.status, named.field("location")), (303, "/_edge/admin/screens?done=named"));
    let of = |id| screens.summary().screens.iter().find(|screen| screen.id == id).cloned();
    assert_eq!(of(id).and_then(|screen| screen.name).as_deref(), Some(hostile));
    let taken = send(&[("do", "rename"), ("name", hostile)], &format!("/screens/{other}")).await;
    assert!(taken.status == 422 && taken.text().contains("&#60;b&#62;") && !taken.text().contains("<b>\""));

    for view in ["linea2", "//evil.example", "/_edge/admin", "https://evil.example", "/línea"] {
        let answer = send(&[("do", "view"), ("view", view)], &path).await;
        assert!(answer.status == 422 && answer.text().contains("La ruta debe empezar"), "{view}");
    }
    assert_eq!(send(&[("do", "view"), ("view", "/linea2")], &path).await.status, 303);
    assert_eq!(of(id).and_then(|screen| screen.view).as_deref(), Some("/linea2"));
    assert_eq!(send(&[("do", "view"), ("view", "")], &path).await.status, 303);
    assert_eq!(of(id).and_then(|screen| screen.view), None);
    for (word, own) in [("awake", Some(true)), ("not-awake", Some(false)), ("awake-as-all", None)] {
        let kept = send(&[("do", word)], &path).await;
        assert_eq!((kept.status, of(id).map(|screen| screen.own_keep_awake)), (303, Some(own)), "{word}");
    }
    for word in ["identify", "reload", "picture"] {
        let asked = send(&[("do", word)], &path).await;
        assert!(asked.status == 303 && asked.field("location").starts_with(&format!("/_edge/admin{path}?done=")));
    }
    for (text, for_s, status) in [("Hola", "20", 303), ("", "20", 422), ("Hola", "x", 422), ("Hola", "3601", 422)] {
        let answer = send(&[("do", "message"), ("text", text), ("for_s", for_s)], &path).await;
        assert_eq!(answer.status, status, "{text} {for_s}");
    }
    assert_eq!(of(id).map(|screen| screen.orders.len()), Some(4));
    let all = send(&[("do", "identify")], "/screens").await;
    assert_eq!((all.status, all.field("location")), (303, "/_edge/admin/screens?done=all-asked"));
    assert_eq!(send(&[("do", "rename"), ("name", "x")], "/screens").await.status, 404);
    assert_eq!(send(&[("do", "dance")], &path).await.status, 404);
    assert_eq!(send(&[("do", "identify")], "/screens/0123456789abcdef").await.status, 404);

    assert_eq!(send(&[("do", "forget")], &path).await.status, 422);
    assert!(of(id).is_some());
    let forgotten = send(&[("do", "forget"), ("sure", "yes")], &path).await;
    assert_eq!((forgotten.status, forgotten.field("location")), (303, "/_edge/admin/screens?done=forgotten"));
    assert!(of(id).is_none() && of(other).is_some());
    let list = the.get(&mut browser, "/screens?done=forgotten&lang=en").await;
    assert!(list.text().contains("The screen has been forgotten."), "{}", list.text());
}
