//! What TVs get at one moment: rendered once for all of them.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_swap::ArcSwapOption;
use bytes::Bytes;
use jiff::Timestamp;

use super::answer::Answer;
use super::api::{self, View};
use super::link::{Link, LinkState};
use super::part::Part;
use super::snapshot::Held;
use super::wall::Wall;
use crate::digest;
use crate::gzip::Compressible;
use crate::lang::{Lang, Text};

/// What a feed needs of the configuration.
#[derive(Debug)]
pub(crate) struct FeedSettings {
    /// Of the texts that the box makes.
    pub(crate) lang: Lang,
    /// What is older is not shown.
    pub(crate) max_stale: Duration,
    /// `erp.extra_paths`, in their order.
    pub(crate) extra_paths: Vec<String>,
}

/// One version of what is shown.
#[derive(Debug)]
pub(crate) struct Published {
    settings: Arc<FeedSettings>,
    epoch: Arc<str>,
    version: u64,
    /// When the ages were right.
    at: Instant,
    link: LinkView,
    parts: [PartView; Part::ALL.len()],
    counts: PartView,
    extra: Vec<PartView>,
    /// What this version changed.
    delta: LiveMessage,
    /// What was rendered last for whoever connects, since which version, and in which second after `at`: many connect at once.
    rendered: ArcSwapOption<(Option<u64>, u64, LiveMessage)>,
}

/// A message of the live channel.
#[derive(Debug, Clone)]
pub(crate) struct LiveMessage {
    /// As a server-sent event.
    pub(crate) event: Arc<Compressible>,
    pub(crate) json: Arc<Compressible>,
}

/// The answer to a path below `/api`.
#[derive(Debug)]
pub(crate) enum ApiAnswer {
    Found(ApiPart),
    /// It is one of the paths, and there is nothing to show.
    Unavailable(Text),
    /// It is none of the paths.
    Unknown,
}

/// One part in the ERP's own shape.
#[derive(Debug)]
pub(crate) struct ApiPart {
    pub(crate) json: Arc<Compressible>,
    /// A strong entity tag, with its quotes.
    pub(crate) etag: Arc<str>,
    /// `None` where no clock can tell.
    pub(crate) age: Option<Duration>,
    /// By the box's clock; `None` where that cannot tell.
    pub(crate) as_of: Option<Timestamp>,
}

/// The link as it is shown.
#[derive(Debug, Clone)]
struct LinkView {
    /// The version that brought it.
    changed: u64,
    state: &'static str,
    since: Instant,
    reason: Option<(&'static str, Text)>,
}

/// A part as it is shown.
#[derive(Debug, Clone, Default)]
struct PartView {
    /// The version that brought it.
    changed: u64,
    shown: Option<Shown>,
}

#[derive(Debug, Clone)]
struct Shown {
    /// What it was rendered from, which spares rendering it again.
    source: Option<Arc<Answer>>,
    whole: Rendered,
    /// Parts of it that have paths of their own.
    views: Vec<(View, Rendered)>,
    as_of: Option<Timestamp>,
    /// At [`Published::at`].
    age: Option<Duration>,
    is_late: bool,
}

/// By what ages are judged.
#[derive(Debug, Clone, Copy)]
struct Dating {
    now: Instant,
    /// What the box's clock shows; `None` while it is not believed.
    clock: Option<Timestamp>,
    /// Between two answers.
    period: Duration,
    max_stale: Duration,
}

/// What is sent, as it is.
#[derive(Debug, Clone)]
struct Rendered {
    json: Arc<Compressible>,
    etag: Arc<str>,
}

/// By how much the age of a late part may differ from what a TV counts by itself.
const AGE_TOLERANCE: Duration = Duration::from_secs(2);

impl Published {
    /// Before anything is known: no ERP is configured.
    pub(super) fn first(settings: Arc<FeedSettings>, epoch: Arc<str>, now: Instant) -> Self {
        let extra = vec![PartView::default(); settings.extra_paths.len()];
        let mut first = Self {
            settings,
            epoch,
            version: 1,
            at: now,
            link: LinkView { changed: 1, state: state_word(&LinkState::Off), since: now, reason: None },
            parts: Default::default(),
            counts: PartView::default(),
            extra,
            delta: LiveMessage::new("", 0, "{}"),
            rendered: ArcSwapOption::empty(),
        };
        first.delta = first.render(None, now);
        first
    }

    /// What follows when the poller knows this.
    pub(super) fn next(&self, wall: &Wall, now: Instant) -> Self {
        let (Wall { link, snapshot, periods, .. }, clock) = (wall, wall.clock_at(now));
        let version = self.version + 1;
        let elapsed = now.saturating_duration_since(self.at);
        let dating = |period| Dating { now, clock, period, max_stale: self.settings.max_stale };
        let parts = Part::ALL.map(|part| {
            let before = self.part(part).and_then(|view| view.shown.as_ref());
            let shown = snapshot.part(part).and_then(|held| {
                let is_same =
                    |shown: &&Shown| shown.source.as_ref().is_some_and(|source| Arc::ptr_eq(source, &held.value));
                let shown = match before.filter(is_same) {
                    Some(before) => before.clone(),
                    None => Shown::of_answer(&held.value, self.settings.lang, before),
                };
                shown.dated(held, dating(periods.of(part)))
            });
            PartView::after(self.part(part), shown, version, elapsed)
        });
        // They are as old as what they are counted from.
        let counts = snapshot.counts.as_ref().zip(snapshot.part(Part::Dashboard)).and_then(|(counts, dashboard)| {
            let shown = Shown::of(serde_json::to_vec(counts).ok()?.into(), self.counts.shown.as_ref());
            shown.dated(dashboard, dating(periods.of(Part::Dashboard)))
        });
        let counts = PartView::after(Some(&self.counts), counts, version, elapsed);
        let extra = self.extra.iter().enumerate().map(|(index, before)| {
            let shown = snapshot.extra.get(index).and_then(Option::as_ref).and_then(|held| {
                Shown::of(Bytes::clone(&held.value), before.shown.as_ref()).dated(held, dating(periods.extra))
            });
            PartView::after(Some(before), shown, version, elapsed)
        });
        let extra = extra.collect();
        let mut link = LinkView::of(link);
        link.changed = if link.is_same(&self.link) { self.link.changed } else { version };
        let is_changed = link.changed == version || parts.iter().chain([&counts]).any(|view| view.changed == version);
        let mut next = Self {
            settings: Arc::clone(&self.settings),
            epoch: Arc::clone(&self.epoch),
            version: if is_changed { version } else { self.version },
            at: now,
            link,
            parts,
            counts,
            extra,
            delta: self.delta.clone(),
            rendered: ArcSwapOption::empty(),
        };
        if is_changed {
            next.delta = next.render(Some(self.version), now);
        }
        next
    }

    fn part(&self, part: Part) -> Option<&PartView> {
        self.parts.get(part as usize)
    }

    /// Grows with every change.
    pub(crate) fn version(&self) -> u64 {
        self.version
    }

    /// Whether an ERP is configured.
    pub(crate) fn is_on(&self) -> bool {
        self.link.state != state_word(&LinkState::Off)
    }

    /// Its place among all versions, for [`Published::since`].
    pub(crate) fn id(&self) -> String {
        format!("{}-{}", self.epoch, self.version)
    }

    /// The version of an id, if this process gave it.
    pub(crate) fn version_of(&self, id: &str) -> Option<u64> {
        let version = id.strip_prefix(&*self.epoch)?.strip_prefix('-')?.parse().ok()?;
        (version <= self.version).then_some(version)
    }

    /// Everything.
    pub(crate) fn whole(&self, now: Instant) -> LiveMessage {
        self.render_once(None, now)
    }

    /// What has changed since a version; `None` when nothing has.
    pub(crate) fn since(&self, version: u64, now: Instant) -> Option<LiveMessage> {
        if version >= self.version {
            return None;
        }
        // Its ages are those of the moment at which it was made.
        let is_fresh = now.saturating_duration_since(self.at) < Duration::from_secs(1);
        Some(if version + 1 == self.version && is_fresh {
            self.delta.clone()
        } else {
            self.render_once(Some(version), now)
        })
    }

    /// What has changed since `version`, or everything: once in a second for all who connect.
    fn render_once(&self, since: Option<u64>, now: Instant) -> LiveMessage {
        let second = now.saturating_duration_since(self.at).as_secs();
        if let Some((rendered_since, rendered_in, message)) = self.rendered.load().as_deref()
            && (*rendered_since, *rendered_in) == (since, second)
        {
            return message.clone();
        }
        let message = self.render(since, now);
        self.rendered.store(Some(Arc::new((since, second, message.clone()))));
        message
    }

    /// What has changed since `version`, or everything.
    fn render(&self, since: Option<u64>, now: Instant) -> LiveMessage {
        let elapsed = now.saturating_duration_since(self.at);
        let views = || {
            let parts = Part::ALL.iter().zip(&self.parts).map(|(part, view)| (part.name(), view));
            parts.chain([("counts", &self.counts)]).filter(|(_, view)| since.is_none_or(|since| view.changed > since))
        };
        let length: usize =
            views().filter_map(|(_, view)| Some(view.shown.as_ref()?.whole.json.plain().len() + 80)).sum();
        let mut json = String::with_capacity(length + 512);
        let _ = write!(json, "{{\"id\":\"{}-{}\"", self.epoch, self.version);
        if since.is_none_or(|since| self.link.changed > since) {
            json.push_str(",\"link\":");
            self.link.write(&mut json, now);
        }
        if since.is_none() {
            let _ = write!(json, ",\"max_stale_s\":{}", self.settings.max_stale.as_secs());
        }
        json.push_str(",\"parts\":{");
        for (index, (name, view)) in views().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            let _ = write!(json, "{comma}\"{name}\":");
            if let Some(shown) = &view.shown {
                shown.write(&mut json, elapsed);
            } else {
                json.push_str("null");
            }
        }
        json.push_str("}}");
        LiveMessage::new(&self.epoch, self.version, &json)
    }

    /// The answer to a path and query below `/api`, the slash included.
    pub(crate) fn api(&self, path_and_query: &str, now: Instant) -> ApiAnswer {
        let (part, view) = if let Some((part, view)) = api::lookup(path_and_query) {
            (self.part(part), view)
        } else {
            let extra = self.settings.extra_paths.iter().position(|path| path == path_and_query);
            (extra.and_then(|index| self.extra.get(index)), View::Whole)
        };
        let Some(part) = part else { return ApiAnswer::Unknown };
        let found = part.shown.as_ref().and_then(|shown| Some((shown, shown.view(view)?)));
        let Some((shown, rendered)) = found else { return ApiAnswer::Unavailable(self.why_nothing()) };
        ApiAnswer::Found(ApiPart {
            json: Arc::clone(&rendered.json),
            etag: Arc::clone(&rendered.etag),
            age: shown.age.map(|age| age + now.saturating_duration_since(self.at)),
            as_of: shown.as_of,
        })
    }

    fn why_nothing(&self) -> Text {
        match &self.link.reason {
            Some((_, text)) => text.clone(),
            None => Text::fixed(
                "Todavía no hay datos del ERP. Inténtelo de nuevo en unos segundos.",
                "There are no data of the ERP yet. Try again in a few seconds.",
            )
            .into(),
        }
    }
}

impl LiveMessage {
    /// `json` has no line end.
    fn new(epoch: &str, version: u64, json: &str) -> Self {
        let head = format!("id: {epoch}-{version}\ndata: ");
        let event = Bytes::from([&head, json, "\n\n"].concat());
        let json = event.slice(head.len()..head.len() + json.len());
        Self { event: Compressible::new(event), json: Compressible::new(json) }
    }
}

fn state_word(state: &LinkState) -> &'static str {
    match state {
        LinkState::Off => "off",
        LinkState::Starting => "starting",
        LinkState::Up => "up",
        LinkState::Slow => "slow",
        LinkState::Away(_) => "away",
    }
}

impl LinkView {
    fn of(link: &Link) -> Self {
        let reason = match &link.state {
            LinkState::Away(reason) => Some((reason.word(), reason.text())),
            LinkState::Off | LinkState::Starting | LinkState::Up | LinkState::Slow => None,
        };
        Self { changed: 0, state: state_word(&link.state), since: link.since, reason }
    }

    fn is_same(&self, other: &Self) -> bool {
        (self.state, self.since, &self.reason) == (other.state, other.since, &other.reason)
    }

    fn write(&self, json: &mut String, now: Instant) {
        let since = now.saturating_duration_since(self.since).as_secs();
        let (reason, text) = self.reason.as_ref().map(|(word, text)| (word, text)).unzip();
        let text = serde_json::json!({ "state": self.state, "since_s": since, "reason": reason, "text": text });
        let _ = write!(json, "{text}");
    }
}

impl PartView {
    /// What follows on `before`, `elapsed` later.
    fn after(before: Option<&Self>, shown: Option<Shown>, version: u64, elapsed: Duration) -> Self {
        let changed = before.map_or(0, |before| before.changed);
        let is_same = match (before.and_then(|before| before.shown.as_ref()), &shown) {
            (None, None) => true,
            (Some(before), Some(after)) => before.is_same(after, elapsed),
            (None, Some(_)) | (Some(_), None) => false,
        };
        Self { changed: if is_same { changed } else { version }, shown }
    }
}

impl Shown {
    /// Of unknown age; `before` may be the same.
    fn of(json: Bytes, before: Option<&Self>) -> Self {
        let whole = Rendered::of(json, before.map(|before| &before.whole));
        Self { source: None, whole, views: Vec::new(), as_of: None, age: None, is_late: true }
    }

    fn of_answer(answer: &Arc<Answer>, lang: Lang, before: Option<&Self>) -> Self {
        let mut shown = Self::of(answer.json(lang).into(), before);
        shown.source = Some(Arc::clone(answer));
        let views = [View::Oee, View::DailyThroughput].into_iter();
        shown.views = views
            .filter_map(|view| {
                let before = before.and_then(|before| before.view(view));
                Some((view, Rendered::of(answer.view(view, lang)?.into(), before)))
            })
            .collect();
        shown
    }

    fn view(&self, view: View) -> Option<&Rendered> {
        match view {
            View::Whole => Some(&self.whole),
            view => self.views.iter().find(|(candidate, _)| *candidate == view).map(|(_, rendered)| rendered),
        }
    }

    /// With the age of what it was rendered from; `None` when that is too old to be shown.
    fn dated<T>(mut self, held: &Held<T>, dating: Dating) -> Option<Self> {
        let Dating { now, clock, period, max_stale } = dating;
        self.as_of = held.as_of.wall(now, clock);
        self.age = held.as_of.age(now, clock);
        self.is_late = held.is_late(now, clock, period);
        (!held.is_expired(now, clock, max_stale)).then_some(self)
    }

    /// Whether a TV that was told of this would show the same as of `after`, `elapsed` later.
    fn is_same(&self, after: &Self, elapsed: Duration) -> bool {
        let is_counted_alike = || match (self.age, after.age) {
            (Some(before), Some(after)) => (before + elapsed).abs_diff(after) <= AGE_TOLERANCE,
            (before, after) => before.is_none() && after.is_none(),
        };
        self.is_late == after.is_late
            && self.whole.json.plain() == after.whole.json.plain()
            && (!self.is_late || is_counted_alike())
    }

    fn write(&self, json: &mut String, elapsed: Duration) {
        match self.age {
            Some(age) => {
                let _ = write!(json, "{{\"age_s\":{}", (age + elapsed).as_secs());
            }
            None => json.push_str("{\"age_s\":null"),
        }
        // What answers and counts are rendered to is text.
        let value = std::str::from_utf8(self.whole.json.plain()).unwrap_or("null");
        let _ = write!(json, ",\"late\":{},\"value\":{value}}}", self.is_late);
    }
}

impl Rendered {
    /// `before` may be the same.
    fn of(json: Bytes, before: Option<&Self>) -> Self {
        if let Some(before) = before.filter(|before| *before.json.plain() == json) {
            return before.clone();
        }
        let digest = digest::of(&json);
        Self { etag: format!("\"{}\"", digest.get(..32).unwrap_or(&digest)).into(), json: Compressible::new(json) }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::erp::counts::DayCounts;
    use crate::erp::reason::Reason;
    use crate::erp::snapshot::{AsOf, Snapshot};
    use crate::erp::wall::Periods;

    const NOW: &str = "2026-11-29T10:00:00Z";

    /// What the poller knows, and what is shown, in virtual time.
    struct Shop {
        wall: Wall,
        published: Published,
        began: Instant,
        now: Instant,
    }

    impl Shop {
        fn new() -> Self {
            let now = Instant::now();
            let settings = FeedSettings {
                lang: Lang::Es,
                max_stale: Duration::from_secs(3600),
                extra_paths: vec!["/suppliers/stats".into()],
            };
            let periods =
                Periods { fast: Duration::from_secs(5), slow: Duration::from_secs(60), extra: Duration::from_secs(5) };
            let link = Link { state: LinkState::Up, since: now, account: None };
            let mut snapshot = Snapshot::default();
            snapshot.extra = vec![None];
            let wall = Wall { link, snapshot, periods, at: now, clock: NOW.parse().ok() };
            let mut published = Published::first(Arc::new(settings), "e".into(), now);
            published = published.next(&wall, now);
            Self { wall, published, began: now, now }
        }

        fn later(&mut self, seconds: u64) -> &mut Self {
            self.now += Duration::from_secs(seconds);
            self
        }

        fn set(&mut self, part: Part, body: &str) -> &mut Self {
            let answer = Answer::read(part, &mut body.as_bytes()).expect("an answer");
            self.wall.snapshot.set(part, Held::new(answer, self.now));
            self
        }

        /// The same answer again.
        fn confirm(&mut self, part: Part) -> &mut Self {
            let value = Arc::clone(&self.wall.snapshot.part(part).expect("it is there").value);
            self.wall.snapshot.set(part, Held { value, as_of: AsOf::seen(self.now) });
            self
        }

        /// Publishes; gives the message where there is a new version.
        fn publish(&mut self) -> Option<Value> {
            let before = self.published.version();
            self.published = self.published.next(&self.wall, self.now);
            self.published.since(before, self.now).as_ref().map(json)
        }

        fn since(&self, version: u64) -> Value {
            self.published.since(version, self.now).as_ref().map_or(Value::Null, json)
        }

        fn whole(&self) -> Value {
            json(&self.published.whole(self.now))
        }

        fn found(&self, path: &str) -> ApiPart {
            match self.published.api(path, self.now) {
                ApiAnswer::Found(part) => part,
                other => panic!("{path}: {other:?}"),
            }
        }
    }

    fn json(message: &LiveMessage) -> Value {
        let json = serde_json::from_slice(message.json.plain()).expect("JSON");
        let event = std::str::from_utf8(message.event.plain()).expect("text");
        let text = std::str::from_utf8(message.json.plain()).expect("text");
        assert_eq!(event.lines().count(), 3, "{event}");
        assert!(event.ends_with(&format!("\ndata: {text}\n\n")), "{event}");
        json
    }

    const MACHINES: &str = r#"[{"id":"m1","code":"CNC-1","name":"Torno","type":"CNC","status":"IN_USE"}]"#;
    const STATS: &str = r#"{"total":3,"available":1,"inUse":1,"maintenance":1,"broken":0}"#;
    const DASHBOARD: &str = r#"{
        "oee":{"oee":"0.0","availability":"0.0","performance":"0.0","quality":"25.0"},
        "production":{"period":"daily","completed":3,"inProgress":8,"startDate":"2026-11-29T00:00:00.000Z"},
        "inventory":{"lowStock":2,"critical":1},"quality":{"passRate":"25.0","pending":1}}"#;

    #[test]
    fn everything_first_then_what_changes() {
        let mut shop = Shop::new();
        shop.set(Part::Machines, MACHINES).later(2);
        let whole = shop.publish().expect("a change");
        assert_eq!(whole["id"], "e-3");
        assert_eq!(
            whole["parts"],
            json!({"machines": {"age_s": 2, "late": false, "value": [
                {"id": "m1", "code": "CNC-1", "name": "Torno", "type": "CNC", "status": "IN_USE"}]}})
        );
        let whole = shop.whole();
        assert_eq!(whole["link"], json!({"state": "up", "since_s": 2, "reason": null, "text": null}));
        assert_eq!(whole["max_stale_s"], 3600);
        let parts = whole["parts"].as_object().expect("an object");
        assert_eq!(parts.len(), Part::ALL.len() + 1);
        assert!(parts["machines"].is_object() && parts["alerts"].is_null() && parts["counts"].is_null());

        // The same answers cost nobody anything.
        shop.later(5).confirm(Part::Machines);
        assert_eq!(shop.publish(), None);
        shop.later(1);
        assert_eq!(shop.whole()["parts"]["machines"]["age_s"], 1);

        shop.set(Part::MachineStats, STATS);
        let delta = shop.publish().expect("a change");
        assert_eq!(delta["id"], "e-4");
        assert!(delta.get("link").is_none() && delta.get("max_stale_s").is_none());
        assert_eq!(delta["parts"].as_object().map(serde_json::Map::len), Some(1));
        assert_eq!(delta["parts"]["machine_stats"]["value"]["inUse"], 1);
    }

    #[test]
    fn whoever_was_away_gets_what_has_changed_since() {
        let mut shop = Shop::new();
        let at_first = shop.published.version();
        shop.set(Part::Machines, MACHINES).publish();
        let then = shop.published.version();
        shop.set(Part::MachineStats, STATS).publish();
        shop.set(Part::MachineStats, &STATS.replace('3', "4")).publish();
        let names = |message: Value| -> Vec<String> {
            message["parts"].as_object().expect("an object").keys().cloned().collect()
        };
        assert_eq!(names(shop.since(at_first)), ["machine_stats", "machines"]);
        assert_eq!(names(shop.since(then)), ["machine_stats"]);
        assert_eq!(shop.since(then)["parts"]["machine_stats"]["value"]["total"], 4);
        assert_eq!(shop.since(shop.published.version()), Value::Null);
        let id = shop.published.id();
        assert_eq!(shop.published.version_of(&id), Some(shop.published.version()));
        for other in ["", "e", "e-", "e-99", "f-1", "e-x", "e--1"] {
            assert_eq!(shop.published.version_of(other), None, "{other}");
        }
    }

    #[test]
    fn who_comes_in_the_same_second_gets_the_same_message() {
        let mut shop = Shop::new();
        let at_first = shop.published.version();
        shop.set(Part::Machines, MACHINES).publish();
        shop.set(Part::MachineStats, STATS).publish();
        let (published, now) = (&shop.published, shop.now);
        let since = |version, now| published.since(version, now).expect("a message").event;
        assert!(Arc::ptr_eq(&since(at_first, now), &since(at_first, now)));
        assert!(Arc::ptr_eq(&published.whole(now).event, &published.whole(now).event));
        let later = now + Duration::from_secs(1);
        assert!(!Arc::ptr_eq(&published.whole(now).event, &published.whole(later).event));
        assert_ne!(since(at_first, later).plain(), published.whole(later).event.plain());
    }

    #[test]
    fn a_part_becomes_late_once_and_comes_back() {
        let mut shop = Shop::new();
        shop.set(Part::Machines, MACHINES).publish();
        shop.later(25);
        assert_eq!(shop.publish(), None);
        shop.later(1);
        let late = shop.publish().expect("it is late");
        assert_eq!(
            (&late["parts"]["machines"]["age_s"], &late["parts"]["machines"]["late"]),
            (&json!(26), &json!(true))
        );
        // The TV counts by itself.
        shop.later(600);
        assert_eq!(shop.publish(), None);
        shop.confirm(Part::Machines);
        assert_eq!(shop.publish().expect("a change")["parts"]["machines"]["late"], false);
    }

    #[test]
    fn what_is_too_old_is_gone() {
        let mut shop = Shop::new();
        shop.set(Part::Dashboard, DASHBOARD);
        shop.wall.snapshot.counts =
            Some(DayCounts { day: "2026-11-29".into(), completed: 3, unplaced: 1, hours: Vec::new() });
        assert_eq!(shop.publish().expect("a change")["parts"]["counts"]["value"]["completed"], 3);
        shop.later(3600).publish();
        shop.later(1);
        let gone = shop.publish().expect("a change");
        assert_eq!(gone["parts"], json!({"counts": null, "dashboard": null}));
        assert!(matches!(shop.published.api("/analytics/oee", shop.now), ApiAnswer::Unavailable(_)));
    }

    #[test]
    fn what_was_kept_is_as_old_as_a_believed_clock_says() {
        let mut shop = Shop::new();
        let answer = Answer::read(Part::Machines, &mut MACHINES.as_bytes()).expect("an answer");
        let kept = AsOf::kept("2026-11-29T09:50:00Z".parse().ok(), shop.now);
        shop.wall.snapshot.set(Part::Machines, Held { value: Arc::new(answer), as_of: kept });
        shop.wall.clock = None;
        let unknown = shop.publish().expect("a change");
        assert_eq!(
            (&unknown["parts"]["machines"]["age_s"], &unknown["parts"]["machines"]["late"]),
            (&Value::Null, &json!(true))
        );
        let part = shop.found("/machines");
        assert_eq!((part.age, part.as_of), (None, None));
        shop.wall.clock = NOW.parse().ok();
        assert_eq!(shop.publish().expect("a change")["parts"]["machines"]["age_s"], 600);
        let part = shop.found("/machines");
        assert_eq!(part.age, Some(Duration::from_secs(600)));
        assert_eq!(part.as_of, "2026-11-29T09:50:00Z".parse().ok());
        // The poller has nothing new to say, but time goes on.
        shop.later(30);
        assert_eq!(shop.publish(), None);
        assert_eq!(shop.whole()["parts"]["machines"]["age_s"], 630);
        assert_eq!(shop.found("/machines").as_of, part.as_of);
        shop.wall.clock = "1970-01-01T00:00:00Z".parse().ok();
        assert_eq!(shop.publish().expect("a change")["parts"]["machines"]["age_s"], Value::Null);
    }

    #[test]
    fn the_link_and_why() {
        let mut shop = Shop::new();
        shop.wall.link.state = LinkState::Away(Reason::Timeout);
        shop.later(7);
        shop.wall.link.since = shop.now;
        let away = shop.later(1).publish().expect("a change");
        assert_eq!(away["parts"], json!({}));
        assert_eq!((&away["link"]["state"], &away["link"]["since_s"]), (&json!("away"), &json!(1)));
        assert_eq!(away["link"]["reason"], "timeout");
        assert_eq!(away["link"]["text"], serde_json::to_value(Reason::Timeout.text()).expect("JSON"));
        assert_eq!(shop.publish(), None);
        assert!(matches!(
            shop.published.api("/machines", shop.now),
            ApiAnswer::Unavailable(text) if text == Reason::Timeout.text()
        ));
        shop.wall.link.state = LinkState::Up;
        assert_eq!(shop.publish().expect("a change")["link"]["reason"], Value::Null);
        assert!(shop.published.is_on());
        shop.wall.link.state = LinkState::Off;
        shop.publish();
        assert!(!shop.published.is_on());
    }

    #[test]
    fn the_api_has_the_table_and_the_extra_paths_and_nothing_else() {
        let mut shop = Shop::new();
        assert!(matches!(shop.published.api("/machines", shop.now), ApiAnswer::Unavailable(_)));
        shop.set(Part::Dashboard, DASHBOARD).set(Part::Machines, MACHINES);
        let body = Bytes::from_static(b" {\"any\": [1]}\n");
        shop.wall.snapshot.extra = vec![Some(Held::new(body.clone(), shop.now))];
        shop.publish();
        shop.later(4);
        let dashboard: Value = serde_json::from_str(DASHBOARD).expect("JSON");
        for (path, expected) in [
            ("/analytics/dashboard", &dashboard),
            ("/analytics/oee", &dashboard["oee"]),
            ("/analytics/throughput?period=daily", &dashboard["production"]),
        ] {
            let part = shop.found(path);
            assert_eq!(serde_json::from_slice::<Value>(part.json.plain()).expect("JSON"), *expected, "{path}");
            assert_eq!(part.age, Some(Duration::from_secs(4)));
        }
        assert_eq!(*shop.found("/suppliers/stats").json.plain(), body);
        for path in ["/machines?x=1", "/machines/", "/Machines", "/suppliers/stats?", "/orders", "", "/"] {
            assert!(matches!(shop.published.api(path, shop.now), ApiAnswer::Unknown), "{path}");
        }
    }

    #[test]
    fn a_tag_changes_with_its_body_alone() {
        let mut shop = Shop::new();
        shop.set(Part::Machines, MACHINES).publish();
        let etag = shop.found("/machines").etag;
        assert!(etag.starts_with('"') && etag.ends_with('"') && etag.len() == 34);
        shop.later(60).confirm(Part::Machines).publish();
        shop.set(Part::Machines, MACHINES).publish();
        assert_eq!(shop.found("/machines").etag, etag);
        shop.set(Part::Machines, &MACHINES.replace("IN_USE", "BROKEN")).publish();
        assert_ne!(shop.found("/machines").etag, etag);
        assert_eq!(shop.began + Duration::from_secs(60), shop.now);
    }
}
