//! `erp.extra_paths`: more paths that the box polls, and serves as they are. Nothing is taken out of their answers, so what
//! is known to carry personal data, passwords or prices is refused.

use std::io::Read;

use bytes::Bytes;
use serde::de::IgnoredAny;

use super::answer::ShapeError;
use super::api;
use super::reason::Reason;
use crate::bounded_read::read_up_to;
use crate::lang::Text;

/// Bytes of a path with its query.
const MAX: usize = 256;
/// Bytes of an answer.
pub(super) const MAX_ANSWER: usize = 256 * 1024;

/// What never reaches a wall, and all below it: sign-in; inspections, with users and the hashes of their passwords; orders and
/// alerts, with customers; stock and shop; revenue.
const NEVER: [&[&str]; 7] = [
    &["auth"],
    &["quality", "inspections"],
    &["production", "orders"],
    &["alerts"],
    &["inventory"],
    &["ecommerce"],
    &["analytics", "financial"],
];

/// Why a path is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PathFault {
    /// It does not begin with `/`, is `/` alone, or is too long.
    NotAPath,
    /// A fragment, an escape, an empty or relative segment, or a character that no path of the ERP has.
    NotExact,
    /// One of the table.
    Polled,
    /// It is one of those that never reach a wall.
    Never,
}

/// Why a path, with its query, may not be one of them; `None` if it may.
pub(crate) fn refuse_extra_path(path: &str) -> Option<Text> {
    fault(path).map(|fault| {
        let why = fault.text();
        Text::new(format!("{path} {}", why.es), format!("{path} {}", why.en))
    })
}

/// The answer: JSON, as it came.
pub(super) fn read(body: &mut dyn Read) -> Result<Bytes, ShapeError> {
    let bytes = read_up_to(body, MAX_ANSWER as u64 + 1).map_err(|_| ShapeError::NotJson)?;
    if bytes.len() > MAX_ANSWER {
        return Err(ShapeError::TooLarge);
    }
    serde_json::from_slice::<IgnoredAny>(&bytes).map_err(|_| ShapeError::NotJson)?;
    Ok(Bytes::from(bytes))
}

/// Why there is no answer. What the ERP says of a path that it does not have says nothing of the ERP.
pub(super) fn reason(reason: Reason) -> Reason {
    match reason {
        Reason::WrongPrefix => Reason::NotFound,
        Reason::Redirect(status) => Reason::Status(status),
        reason => reason,
    }
}

/// What came, for a technician: nobody has looked at what it says.
pub(super) fn summary(answer: &[u8]) -> Text {
    let kind = match answer.trim_ascii_start().first() {
        Some(b'{') => Text::fixed("un objeto", "an object"),
        Some(b'[') => Text::fixed("una lista", "a list"),
        _ => Text::fixed("un valor", "a value"),
    };
    let bytes = answer.len();
    Text::new(
        format!(
            "{bytes} bytes de JSON, {}; se sirve tal cual a toda la red: compruebe que no lleva datos personales",
            kind.es
        ),
        format!(
            "{bytes} bytes of JSON, {}; it is served as it is to the whole network: make sure that there is no personal data in it",
            kind.en
        ),
    )
}

fn fault(text: &str) -> Option<PathFault> {
    if !text.starts_with('/') || text.len() < 2 || text.len() > MAX {
        return Some(PathFault::NotAPath);
    }
    let (path, query) = match text.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (text, None),
    };
    // The ERP takes upper case and a slash at the end for the same.
    let path = path.trim_start_matches('/').to_ascii_lowercase();
    let segments: Vec<&str> = path.strip_suffix('/').unwrap_or(&path).split('/').collect();
    let is_exact = !text.starts_with("//") && segments.iter().all(|segment| is_segment(segment));
    if !is_exact || !query.is_none_or(is_query) {
        return Some(PathFault::NotExact);
    }
    if api::lookup(text).is_some() {
        return Some(PathFault::Polled);
    }
    // At each segment, so that a prefix in front changes nothing.
    let is_never = (0..segments.len())
        .filter_map(|from| segments.get(from..))
        .any(|rest| NEVER.iter().any(|never| rest.starts_with(never)));
    is_never.then_some(PathFault::Never)
}

impl PathFault {
    /// What is wrong, to follow the path itself.
    const fn text(self) -> Text<&'static str> {
        match self {
            Self::NotAPath => Text::fixed(
                "no es una ruta: debe empezar por / y tener como mucho 256 caracteres",
                "is not a path: it has to begin with / and to have 256 characters at most",
            ),
            Self::NotExact => Text::fixed(
                "no es una ruta exacta: solo puede tener letras, cifras, - _ . ~ entre barras y, en la consulta, también = & , : +; ni // ni ..",
                "is not an exact path: it may have only letters, digits, - _ . ~ between slashes and, in the query, also = & , : +; neither // nor ..",
            ),
            Self::Polled => {
                Text::fixed("ya está entre las que el equipo consulta", "is one of those that the box polls anyway")
            }
            Self::Never => Text::fixed(
                "no puede mostrarse: su respuesta puede llevar datos personales, contraseñas o precios",
                "cannot be shown: its answer may carry personal data, passwords or prices",
            ),
        }
    }
}

fn is_segment(segment: &str) -> bool {
    !segment.is_empty() && segment.bytes().all(is_unreserved) && segment.bytes().any(|byte| byte != b'.')
}

fn is_query(query: &str) -> bool {
    !query.is_empty() && query.bytes().all(|byte| is_unreserved(byte) || b"=&,:+".contains(&byte))
}

/// RFC 3986 section 2.3.
const fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_paths() {
        for path in [
            "/suppliers/stats",
            "/machines/available",
            "/analytics/stage-times",
            "/analytics/throughput?period=yearly",
            "/Analytics/Defects/",
            "/quality/stats?from=2026-11-01T00:00:00.000",
            "/authors",
            "/a",
        ] {
            assert_eq!(refuse_extra_path(path), None);
        }
    }

    #[test]
    fn no_paths() {
        for path in ["", "/", "machines", "https://erp.example/machines", &format!("/{}", "a".repeat(256))] {
            assert_eq!(fault(path), Some(PathFault::NotAPath), "{path}");
        }
        for path in [
            "//machines",
            "/a//b",
            "/a/../b",
            "/..",
            "/a/.",
            "/a/b#c",
            "/a?b#c",
            "/%61uth/login",
            "/a?b=%20",
            "/a?",
            "/?a",
            "/a b",
            "/a\\b",
            "/a;b",
            "/a\r\nb",
            "/ñ",
            "/a/:id",
            "/a?b?c",
        ] {
            assert_eq!(fault(path), Some(PathFault::NotExact), "{path}");
        }
    }

    #[test]
    fn an_answer_is_json_of_a_bounded_size_as_it_came() {
        let answer = |body: &str| read(&mut body.as_bytes());
        for (body, kind) in [(" {\"a\": 1}\n", "un objeto"), ("[]", "una lista"), ("7", "un valor")] {
            let bytes = answer(body).expect("JSON");
            assert_eq!(bytes, body);
            assert!(summary(&bytes).es.starts_with(&format!("{} bytes de JSON, {kind};", body.len())), "{body}");
        }
        for body in ["", "{", "<html>", "{} x"] {
            assert_eq!(answer(body), Err(ShapeError::NotJson), "{body}");
        }
        let largest = format!("\"{}\"", "x".repeat(MAX_ANSWER - 2));
        assert_eq!(answer(&largest).map(|bytes| bytes.len()), Ok(MAX_ANSWER));
        assert_eq!(answer(&format!("{largest} ")), Err(ShapeError::TooLarge));
    }

    #[test]
    fn a_refusal_names_the_path() {
        let text = refuse_extra_path("/auth/login").expect("a refusal");
        assert!(text.es.starts_with("/auth/login no puede") && text.en.starts_with("/auth/login cannot"));
    }

    #[test]
    fn what_is_polled_anyway() {
        for path in ["/machines", "/alerts", "/analytics/oee", "/analytics/throughput?period=daily"] {
            assert_eq!(fault(path), Some(PathFault::Polled), "{path}");
        }
    }

    #[test]
    fn what_never_reaches_a_wall() {
        for path in [
            "/auth/login",
            "/auth",
            "/quality/inspections",
            "/quality/inspections/pending",
            "/production/orders",
            "/production/orders/due-today",
            "/production/orders/c000000000000000000000007",
            "/inventory/materials",
            "/inventory",
            "/ecommerce/customers",
            "/alerts/deadlines",
            "/analytics/financial",
        ] {
            let upper = path.to_uppercase();
            for spelling in [
                path.to_owned(),
                upper.clone(),
                format!("{path}/"),
                format!("{upper}/"),
                format!("{path}?a=1"),
                format!("{path}/?a=1"),
                format!("/v1{path}"),
                format!("/api/v1{upper}/x"),
            ] {
                assert_eq!(fault(&spelling), Some(PathFault::Never), "{spelling}");
            }
        }
        // Of the table, in another spelling: what is not taken out of them is the customers' names.
        for path in ["/alerts/", "/Alerts", "/alerts?x=1", "/production/orders/stats/"] {
            assert_eq!(fault(path), Some(PathFault::Never), "{path}");
        }
    }
}
