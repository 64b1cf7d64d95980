//! From a parsed head to the room that answers it; a pure function.

use std::borrow::Cow;

use http::Method;
use http::request::Parts;

use super::api::is_api;
use super::fields::{Fields, Lines};
use super::host;
use super::names::Names;
use super::respond::Refusal;
use super::target::{self, Target};
use crate::metrics::RouteClass;
use crate::{admin, screens};

/// The reserved prefix.
const RESERVED: &str = "/_edge";
/// What is below it for those who know the PIN.
const ADMIN: &str = "/_edge/admin";
/// Where pages report.
const SCREEN: &str = "/_edge/screen";
const PICTURE: &str = "/_edge/screen/picture";

/// Who answers.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Route<'a> {
    /// OPTIONS of anything, with the methods that it allows.
    Options(&'static str),
    /// `/health`: everything.
    Health,
    /// `/health/live`: the process answers.
    Live,
    /// `/health/ready`: the process wants requests.
    Ready,
    /// `/metrics`.
    Metrics,
    /// `/_edge/display.json`.
    DisplaySettings,
    /// `/_edge/ssdp.xml`.
    Description,
    /// `/_edge/`: the page for people.
    Console,
    /// `/_edge/status.json`.
    Status,
    /// `/_edge/screens`: the page of the screens.
    Screens,
    /// `/_edge/screens.json`.
    ScreensStatus,
    /// `/_edge/events`.
    Events,
    /// `/_edge/live`: the live channel.
    LiveEvents,
    /// `/_edge/live.json`: the same, one message a request.
    LivePoll,
    /// `/_edge/agent.js`.
    AgentScript,
    /// `/_edge/awake.mp4`.
    AwakeClip,
    /// `/_edge/admin` and everything below it.
    Admin,
    /// `/_edge/screen`: a page reports.
    Screen,
    /// `/_edge/screen/picture`: a page sends what it shows.
    Picture,
    /// Any other path below `/_edge/`.
    Edge(Cow<'a, str>),
    /// `/api` and everything below it, with the decoded path: the dist's where no ERP is configured.
    Api(Cow<'a, str>),
    /// The dist, with the decoded path.
    Site(Cow<'a, str>),
}

impl Route<'_> {
    pub(super) fn class(&self) -> RouteClass {
        match self {
            Self::Options(_) => RouteClass::None,
            Self::Health | Self::Live | Self::Ready => RouteClass::Health,
            Self::Metrics => RouteClass::Metrics,
            Self::LiveEvents | Self::LivePoll => RouteClass::Live,
            Self::Api(_) => RouteClass::Api,
            Self::DisplaySettings
            | Self::Description
            | Self::Console
            | Self::Status
            | Self::Screens
            | Self::ScreensStatus
            | Self::Events
            | Self::AgentScript
            | Self::AwakeClip
            | Self::Admin
            | Self::Edge(_) => RouteClass::Edge,
            Self::Screen | Self::Picture => RouteClass::Screen,
            Self::Site(path) if path.ends_with('/') || path.ends_with(".html") => RouteClass::Page,
            Self::Site(_) => RouteClass::Asset,
        }
    }
}

/// Whether the box answers this path itself, so that a dist cannot.
#[must_use]
pub(crate) fn is_reserved(path: &str) -> bool {
    ["/health", "/metrics", RESERVED].iter().any(|reserved| is_below(path, reserved))
}

/// The methods of everything that can only be read.
const READ: &str = "GET, HEAD, OPTIONS";
/// The methods of the administration's forms.
const READ_AND_POST: &str = "GET, HEAD, OPTIONS, POST";
/// The methods of what pages send.
const POST: &str = "OPTIONS, POST";

/// Whether a path is this one or below it.
fn is_below(path: &str, top: &str) -> bool {
    path.strip_prefix(top).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Whether only those who mean this box may ask for this path.
fn is_own(path: &str) -> bool {
    is_below(path, RESERVED) || is_api(path)
}

/// Finds who answers a request; `body` is the length of its body, where it says so.
pub(super) fn route<'a>(
    parts: &'a Parts,
    fields: &Fields<'_>,
    body: BodyLength,
    most_body: u64,
    names: &Names,
) -> Result<Route<'a>, Refusal> {
    host::check(parts.version, fields.host).map_err(Refusal::Host)?;
    let target = target::parse(&parts.uri).map_err(Refusal::Target)?;
    let is_of_site = matches!(&target, Target::Path(path) if !is_reserved(path) && !is_api(path));
    let (allow, most_body) = match &target {
        Target::Path(path) if !is_of_site => accepted(path, most_body),
        _ => (READ, most_body),
    };
    check_method(&parts.method, allow)?;
    check_expectation(fields.expect)?;
    if body.exceeds(most_body) {
        return Err(Refusal::BodyTooLarge);
    }
    if parts.method == Method::OPTIONS {
        return Ok(Route::Options(allow));
    }
    match target {
        Target::Path(path) if is_of_site => Ok(Route::Site(path)),
        Target::Path(path) if is_own(&path) && !names.are_meant_by(parts) => Err(Refusal::Misdirected),
        // RFC 9112 section 3.2.4: the asterisk-form is for OPTIONS alone.
        Target::Server => Err(Refusal::Target(target::TargetError::NoPath)),
        Target::Path(path) => Ok(match &*path {
            "/health" => Route::Health,
            "/health/live" => Route::Live,
            "/health/ready" => Route::Ready,
            "/metrics" => Route::Metrics,
            "/_edge/display.json" => Route::DisplaySettings,
            "/_edge/ssdp.xml" => Route::Description,
            "/_edge" | "/_edge/" => Route::Console,
            "/_edge/status.json" => Route::Status,
            "/_edge/screens" | "/_edge/screens/" => Route::Screens,
            "/_edge/screens.json" => Route::ScreensStatus,
            "/_edge/events" => Route::Events,
            "/_edge/agent.js" => Route::AgentScript,
            "/_edge/awake.mp4" => Route::AwakeClip,
            "/_edge/live" => Route::LiveEvents,
            "/_edge/live.json" => Route::LivePoll,
            SCREEN => Route::Screen,
            PICTURE => Route::Picture,
            other if is_below(other, ADMIN) => Route::Admin,
            other if is_below(other, RESERVED) => Route::Edge(path),
            other if is_api(other) => Route::Api(path),
            _ => return Err(Refusal::NotFound),
        }),
    }
}

/// The methods of a path of the box's own, and the bytes of a body.
fn accepted(path: &str, most_body: u64) -> (&'static str, u64) {
    match path {
        SCREEN => (POST, screens::MAX_REPORT as u64),
        PICTURE => (POST, screens::MAX_PICTURE as u64),
        path if is_below(path, ADMIN) => (READ_AND_POST, admin::MAX_BODY as u64),
        _ => (READ, most_body),
    }
}

/// What a request's head says of its body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BodyLength {
    /// Content-Length, or 0 for no body.
    Known(u64),
    /// Chunked.
    Unknown,
}

impl BodyLength {
    fn exceeds(self, most: u64) -> bool {
        match self {
            Self::Known(length) => length > most,
            // Nobody reads it, so any of it would be too much.
            Self::Unknown => true,
        }
    }
}

fn check_method(method: &Method, allow: &'static str) -> Result<(), Refusal> {
    match *method {
        Method::OPTIONS => Ok(()),
        Method::GET | Method::HEAD if allow != POST => Ok(()),
        Method::POST if allow != READ => Ok(()),
        Method::GET
        | Method::HEAD
        | Method::POST
        | Method::PUT
        | Method::DELETE
        | Method::PATCH
        | Method::TRACE
        | Method::CONNECT => Err(Refusal::Method(allow)),
        _ => Err(Refusal::UnknownMethod),
    }
}

fn check_expectation(expect: Lines<'_>) -> Result<(), Refusal> {
    match expect.first {
        Some(value) if !value.as_bytes().eq_ignore_ascii_case(b"100-continue") => Err(Refusal::Expectation),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn route<'a>(parts: &'a Parts, body: BodyLength, most: u64, names: &Names) -> Result<Route<'a>, Refusal> {
        super::route(parts, &Fields::of(&parts.headers), body, most, names)
    }

    fn parts(method: &str, uri: &str, fields: &[(&str, &str)]) -> Parts {
        let mut request = Request::builder().method(method).uri(uri).header("host", "tv");
        for (name, value) in fields {
            request = request.header(*name, *value);
        }
        request.body(()).expect("a request").into_parts().0
    }

    fn names() -> Names {
        let names = Names::default();
        names.replace(["tv"]);
        names
    }

    fn routed(method: &str, uri: &str) -> Result<RouteClass, http::StatusCode> {
        let parts = parts(method, uri, &[]);
        route(&parts, BodyLength::Known(0), 0, &names()).map(|route| route.class()).map_err(Refusal::status)
    }

    #[test]
    fn reserved_paths_win_over_the_dist() {
        assert_eq!(routed("GET", "/health"), Ok(RouteClass::Health));
        assert_eq!(routed("GET", "/_edge/display.json"), Ok(RouteClass::Edge));
        assert_eq!(routed("GET", "/%5Fedge/display.json"), Ok(RouteClass::Edge));
        assert_eq!(routed("GET", "/assets/../metrics"), Ok(RouteClass::Metrics));
        assert_eq!(routed("GET", "//_edge%2Fdisplay.json"), Ok(RouteClass::Edge));
        assert_eq!(routed("GET", "/_edge/other"), Ok(RouteClass::Edge));
        assert_eq!(routed("GET", "/_edge/agent.js?v=1"), Ok(RouteClass::Edge));
        assert_eq!(routed("GET", "/_edge/live"), Ok(RouteClass::Live));
        assert_eq!(routed("HEAD", "//_edge/live.json?since=1"), Ok(RouteClass::Live));
        assert_eq!(routed("GET", "/_edge/live/"), Ok(RouteClass::Edge));
        assert_eq!(routed("GET", "/api/machines"), Ok(RouteClass::Api));
        assert_eq!(routed("GET", "/x/..//Api"), Ok(RouteClass::Api));
        assert_eq!(routed("GET", "/apiary"), Ok(RouteClass::Asset));
        assert_eq!(routed("GET", "/health/other").map_err(|status| status.as_u16()), Err(404));
        assert_eq!(routed("GET", "/healthy.html"), Ok(RouteClass::Page));
        assert_eq!(routed("GET", "/"), Ok(RouteClass::Page));
    }

    #[test]
    fn methods_and_targets() {
        for (method, uri, status) in [
            ("POST", "/", 405),
            ("TRACE", "/", 405),
            ("CONNECT", "tv:80", 400),
            ("BREW", "/", 501),
            ("GET", "*", 400),
            ("GET", "/%", 400),
        ] {
            assert_eq!(routed(method, uri).map_err(|status| status.as_u16()), Err(status), "{method} {uri}");
        }
        assert_eq!(routed("OPTIONS", "*"), Ok(RouteClass::None));
        assert_eq!(routed("HEAD", "http://tv/"), Ok(RouteClass::Page));
    }

    #[test]
    fn only_the_administration_has_forms() {
        assert_eq!(routed("POST", "/_edge/admin/login"), Ok(RouteClass::Edge));
        assert_eq!(routed("POST", "/_edge/administrator").map_err(|status| status.as_u16()), Err(405));
        assert_eq!(routed("PUT", "/_edge/admin").map_err(|status| status.as_u16()), Err(405));
        let form = |length| {
            let parts = parts("POST", "/_edge/admin", &[]);
            route(&parts, BodyLength::Known(length), 0, &names()).map(|route| route.class()).map_err(Refusal::status)
        };
        assert_eq!(form(admin::MAX_BODY as u64), Ok(RouteClass::Edge));
        assert_eq!(form(admin::MAX_BODY as u64 + 1).map_err(|status| status.as_u16()), Err(413));
    }

    #[test]
    fn pages_report_and_nobody_reads_that() {
        for (uri, max) in [("/_edge/screen", screens::MAX_REPORT), ("/_edge/screen/picture", screens::MAX_PICTURE)] {
            assert_eq!(routed("POST", uri), Ok(RouteClass::Screen));
            assert_eq!(routed("OPTIONS", uri), Ok(RouteClass::None));
            for method in ["GET", "HEAD", "PUT"] {
                let parts = parts(method, uri, &[]);
                let refused = route(&parts, BodyLength::Known(0), 0, &names()).map(drop);
                assert_eq!(refused, Err(Refusal::Method(POST)), "{method}");
            }
            let parts = parts("POST", uri, &[]);
            assert!(route(&parts, BodyLength::Known(max as u64), 0, &names()).is_ok());
            assert_eq!(route(&parts, BodyLength::Known(max as u64 + 1), 0, &names()), Err(Refusal::BodyTooLarge));
            let foreign = Request::post(uri).header("host", "evil.example").body(()).expect("a request").into_parts().0;
            assert_eq!(route(&foreign, BodyLength::Known(0), 0, &names()), Err(Refusal::Misdirected));
        }
        assert_eq!(routed("POST", "/_edge/screen/").map_err(|status| status.as_u16()), Err(405));
    }

    #[test]
    fn what_is_the_boxs_own_wants_its_name() {
        let with = |uri: &str, host: &str| {
            let parts = Request::get(uri).header("host", host).body(()).expect("a request").into_parts().0;
            route(&parts, BodyLength::Known(0), 0, &names()).map_err(|refusal| refusal.status().as_u16()).map(drop)
        };
        for uri in [
            "/_edge/",
            "/_edge/admin",
            "/_edge/status.json",
            "/_edge/display.json",
            "/api",
            "/api/x",
            "/API/x",
            "/_edge/live",
            "/_edge/live.json",
            "/_edge/screens",
            "/%61pi/x",
            "//api%2Fx",
        ] {
            assert_eq!(with(uri, "evil.example"), Err(421), "{uri}");
            assert_eq!(with(uri, "10.0.0.1"), Ok(()), "{uri}");
        }
        for uri in ["/", "/apiary", "/health", "/metrics"] {
            assert_eq!(with(uri, "evil.example"), Ok(()), "{uri}");
        }
    }

    #[test]
    fn bodies_and_expectations() {
        let with = |fields: &[(&str, &str)], body, most| {
            route(&parts("GET", "/", fields), body, most, &names())
                .map(|_| ())
                .map_err(|refusal| refusal.status().as_u16())
        };
        assert_eq!(with(&[], BodyLength::Known(5), 0), Err(413));
        assert_eq!(with(&[], BodyLength::Known(5), 5), Ok(()));
        assert_eq!(with(&[], BodyLength::Unknown, 5), Err(413));
        assert_eq!(with(&[("expect", "100-Continue")], BodyLength::Known(0), 0), Ok(()));
        assert_eq!(with(&[("expect", "a miracle")], BodyLength::Known(0), 0), Err(417));
    }
}
