//! The section of the screens: which there are, and what can be changed and asked of each.

use std::collections::HashMap;
use std::time::Instant;

use askama::Template;
use bytes::Bytes;
use http::{Response, StatusCode};

use super::pages::Page;
use super::{respond, words};
use crate::lang::{Lang, Text, duration};
use crate::screens::{ChangeError, Order, ScreenId, ScreenSummary, Screens, Target, minute};

/// Where the section is.
pub(super) const PATH: &str = "screens";

/// For how many seconds a message is shown where nobody says otherwise.
const MESSAGE_S: &str = "60";

/// A page of the section, or what is on one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    List,
    One(ScreenId),
    Picture(ScreenId),
}

impl Place {
    /// The one at a path below the root.
    pub(super) fn of(below: &str) -> Option<Self> {
        let rest = below.strip_prefix(PATH)?;
        if rest.is_empty() {
            return Some(Self::List);
        }
        let rest = rest.strip_prefix('/')?;
        match rest.split_once('/') {
            None => ScreenId::parse(rest).map(Self::One),
            Some((id, "picture")) => ScreenId::parse(id).map(Self::Picture),
            Some(_) => None,
        }
    }

    /// Of which screens its forms ask something; `None` where there are no forms.
    pub(super) fn target(self) -> Option<Target> {
        match self {
            Self::List => Some(Target::All),
            Self::One(id) => Some(Target::One(id)),
            Self::Picture(_) => None,
        }
    }
}

/// What a form asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Change {
    Rename(ScreenId, String),
    View(ScreenId, Option<String>),
    KeepAwake(ScreenId, Option<bool>),
    Forget(ScreenId),
    Order(Target, Order),
}

/// What a form's fields say.
pub(super) fn change(target: Target, form: &HashMap<String, String>) -> Option<Result<Change, words::Fixed>> {
    let field = |name: &str| form.get(name).map_or("", |value| value.trim());
    let change = match (field("do"), target) {
        ("rename", Target::One(id)) => Change::Rename(id, field("name").to_owned()),
        ("view", Target::One(id)) => Change::View(id, Some(field("view").to_owned()).filter(|view| !view.is_empty())),
        ("awake", Target::One(id)) => Change::KeepAwake(id, Some(true)),
        ("not-awake", Target::One(id)) => Change::KeepAwake(id, Some(false)),
        ("awake-as-all", Target::One(id)) => Change::KeepAwake(id, None),
        ("forget", Target::One(_)) if field("sure") != "yes" => return Some(Err(words::NOT_CONFIRMED)),
        ("forget", Target::One(id)) => Change::Forget(id),
        ("picture", Target::One(_)) => Change::Order(target, Order::Picture),
        ("go", Target::One(_)) => Change::Order(target, Order::Go { path: field("view").to_owned() }),
        ("identify", _) => Change::Order(target, Order::Identify),
        ("reload", _) => Change::Order(target, Order::Reload),
        ("message", _) => {
            // What is no number is out of the range.
            let for_s = field("for_s").parse().unwrap_or(0);
            Change::Order(target, Order::Message { text: field("text").to_owned(), for_s })
        }
        _ => return None,
    };
    Some(Ok(change))
}

impl Change {
    /// What the log calls it.
    pub(super) fn action(&self) -> &'static str {
        match self {
            Self::Rename(..) => "rename screen",
            Self::View(..) => "set view of screen",
            Self::KeepAwake(..) => "set keep-awake of screen",
            Self::Forget(_) => "forget screen",
            Self::Order(_, Order::Reload) => "reload screen",
            Self::Order(_, Order::Identify) => "identify screen",
            Self::Order(_, Order::Go { .. }) => "move screen",
            Self::Order(_, Order::Message { .. }) => "message to screen",
            Self::Order(_, Order::Picture) => "picture of screen",
        }
    }

    /// Makes it. When this returns, what is to be kept is on the disk; an order is under way.
    pub(super) fn make(&self, screens: &Screens, now: Instant) -> Result<(), ChangeError> {
        match self {
            Self::Rename(id, name) => screens.rename(*id, name, now),
            Self::View(id, view) => screens.set_view(*id, view.as_deref(), now),
            Self::KeepAwake(id, on) => screens.set_keep_awake(*id, *on, now),
            Self::Forget(id) => screens.forget(*id, now),
            Self::Order(target, order) => screens.order(*target, order, now).map(drop),
        }
    }

    /// Where to go on, with the word for [`notice`]: after a name to the list, where the next one waits.
    pub(super) fn next(&self) -> (String, &'static str) {
        let one = |id: &ScreenId| format!("{PATH}/{id}");
        match self {
            Self::Rename(..) => (PATH.to_owned(), "named"),
            Self::Forget(_) => (PATH.to_owned(), "forgotten"),
            Self::View(id, _) | Self::KeepAwake(id, _) => (one(id), "kept"),
            Self::Order(Target::One(id), Order::Picture) => (one(id), "picture"),
            Self::Order(Target::One(id), _) => (one(id), "asked"),
            Self::Order(Target::All, _) => (PATH.to_owned(), "all-asked"),
        }
    }

    /// Of whom it is, for the log.
    pub(super) fn subject(&self) -> String {
        match self {
            Self::Rename(id, _)
            | Self::View(id, _)
            | Self::KeepAwake(id, _)
            | Self::Forget(id)
            | Self::Order(Target::One(id), _) => id.to_string(),
            Self::Order(Target::All, _) => "all".to_owned(),
        }
    }
}

/// What a page says after a form.
pub(super) fn notice(word: &str) -> Option<words::Fixed> {
    Some(match word {
        "named" => words::SCREEN_NAMED,
        "forgotten" => words::SCREEN_FORGOTTEN,
        "kept" => words::SCREEN_KEPT,
        "asked" => words::SCREEN_ASKED,
        "picture" => words::SCREEN_PICTURE_ASKED,
        "all-asked" => words::SCREENS_ASKED,
        _ => return None,
    })
}

/// The status of a page that says why a change was not made.
pub(super) fn status(error: &ChangeError) -> StatusCode {
    match error {
        ChangeError::NoSuchScreen => StatusCode::NOT_FOUND,
        ChangeError::Keep(_) => StatusCode::SERVICE_UNAVAILABLE,
        ChangeError::Name | ChangeError::NameTaken(_) | ChangeError::View | ChangeError::Message => {
            StatusCode::UNPROCESSABLE_ENTITY
        }
    }
}

/// What the fields show: what was typed, where it was refused.
#[derive(Debug, Default)]
pub(super) struct Typed {
    name: Option<String>,
    view: Option<String>,
    text: Option<String>,
    for_s: Option<String>,
}

impl Typed {
    pub(super) fn of(form: &HashMap<String, String>) -> Self {
        let field = |name: &str| form.get(name).cloned();
        Self { name: field("name"), view: field("view"), text: field("text"), for_s: field("for_s") }
    }
}

#[derive(Template)]
#[template(path = "admin/screens.html", config = "assets/console/askama.toml")]
struct ListPage<'a> {
    page: Page<'a>,
    notice: Option<&'a str>,
    fault: Option<&'a str>,
    screens: Vec<&'a ScreenSummary>,
    text: &'a str,
    for_s: &'a str,
}

#[derive(Template)]
#[template(path = "admin/screen.html", config = "assets/console/askama.toml")]
struct ScreenPage<'a> {
    page: Page<'a>,
    notice: Option<&'a str>,
    fault: Option<&'a str>,
    screen: &'a ScreenSummary,
    path: String,
    /// How old its picture is, where the box has one.
    picture: Option<Text>,
    facts: Vec<(words::Fixed, Text)>,
    name: &'a str,
    view: &'a str,
    text: &'a str,
    for_s: &'a str,
}

/// The list, or the page of one screen; `None` where there is no such screen any more.
pub(super) fn page(
    page: Page<'_>,
    screens: &Screens,
    target: Target,
    status: StatusCode,
    (notice, fault): (Option<&str>, Option<&str>),
    typed: &Typed,
) -> Option<Response<Bytes>> {
    let summary = screens.summary();
    let text = typed.text.as_deref().unwrap_or_default();
    let for_s = typed.for_s.as_deref().unwrap_or(MESSAGE_S);
    match target {
        Target::All => {
            let screens = summary.by_need();
            Some(respond::page(status, &ListPage { page, notice, fault, screens, text, for_s }))
        }
        Target::One(id) => {
            let screen = summary.screens.iter().find(|screen| screen.id == id)?;
            let name = typed.name.as_deref().or(screen.name.as_deref()).unwrap_or_default();
            let view = typed.view.as_deref().or(screen.view.as_deref()).unwrap_or_default();
            let (path, facts) = (format!("{PATH}/{id}"), facts(screen));
            let picture = screen.picture_s.map(duration);
            let template = ScreenPage { page, notice, fault, screen, path, picture, facts, name, view, text, for_s };
            Some(respond::page(status, &template))
        }
    }
}

/// The picture of a screen, if the box has one.
pub(super) fn picture(screens: &Screens, id: ScreenId) -> Option<Response<Bytes>> {
    let picture = screens.picture(id)?;
    Some(respond::whole(StatusCode::OK, "image/jpeg", picture.jpeg))
}

/// All that the box knows of a screen.
fn facts(screen: &ScreenSummary) -> Vec<(words::Fixed, Text)> {
    let same = |text: &String| Text::same(text);
    let seconds = |value: f64| Text::same(format!("{value:.0} s"));
    let errors = &screen.errors;
    let counted = [
        (Text::fixed("de script", "of scripts"), errors.script),
        (Text::fixed("promesas sin atender", "unhandled rejections"), errors.rejection),
        (Text::fixed("archivos que no cargan", "files that did not load"), errors.resource),
        (Text::fixed("bloqueos de su política (CSP)", "kept away by its policy (CSP)"), errors.policy),
    ];
    let counted: Vec<Text> = counted
        .into_iter()
        .filter(|(_, count)| *count > 0)
        .map(|(label, count)| label.map(|label| format!("{label}: {count}")))
        .collect();
    let orders: Vec<Text> = screen.orders.iter().map(|order| order.label().into()).collect();
    let last =
        screen.last_order.map(|last| Text::join([Text::from(last.kind.label()), last.result.label().into()], ": "));
    let joined = |texts: Vec<Text>| (!texts.is_empty()).then(|| Text::join(texts, ", "));
    let facts = [
        (Text::fixed("Aparato", "Device"), Some(Text::same(screen.device.label()))),
        (Text::fixed("Navegador", "Browser"), Some(same(&screen.device.user_agent))),
        (Text::fixed("Dirección", "Address"), screen.address.map(|address| Text::same(address.to_string()))),
        (Text::fixed("Vista por primera vez", "First seen"), screen.first_seen.map(minute).map(Text::same)),
        (Text::fixed("Último contacto", "Last seen"), screen.last_heard().map(Text::same)),
        (Text::fixed("Versión", "Version"), screen.version.as_ref().map(same)),
        (Text::fixed("Ruta", "Path"), screen.path.as_ref().map(same)),
        (
            Text::fixed("Imágenes por segundo", "Frames per second"),
            screen.frames_per_second.map(|rate| Text::same(format!("{rate:.0}"))),
        ),
        (Text::fixed("Edad de los datos", "Age of the data"), screen.data_age_s.map(seconds)),
        (
            Text::fixed("Tamaño", "Size"),
            screen.viewport.map(|size| Text::same(format!("{} × {} (× {})", size.width, size.height, size.ratio))),
        ),
        (
            Text::fixed("Memoria de la página", "Memory of the page"),
            screen.heap.map(|heap| Text::same(format!("{} MB", heap / 1_000_000))),
        ),
        (Text::fixed("Errores", "Errors"), joined(counted)),
        (Text::fixed("Órdenes pendientes", "Pending orders"), joined(orders)),
        (Text::fixed("Última orden", "Last order"), last),
    ];
    facts.into_iter().filter_map(|(label, value)| Some((label, value?))).collect()
}
