//! The one place that turns outcomes and errors into responses.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, utf8_percent_encode};

use super::body::Body;
use super::host::HostError;
use super::negotiate;
use super::target::TargetError;
use crate::gzip::Compressible;
use crate::lang::{Lang, Text};

/// How an error is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// To people.
    Page,
    /// To programs.
    Text,
    /// As the ERP says it.
    Json(Lang),
}

/// Everything that can be wrong with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    Target(TargetError),
    Host(HostError),
    /// An expectation other than `100-continue` (RFC 9110 section 10.1.1).
    Expectation,
    NotFound,
    /// A method that exists, but not here; with the value of Allow.
    Method(&'static str),
    /// An unknown method.
    UnknownMethod,
    /// The client refuses every coding that there is.
    NotAcceptable,
    Precondition,
    /// With the length of the representation.
    Range(usize),
    BodyTooLarge,
    /// The body did not come in time.
    BodyTimeout,
    /// The request names a host that is not this box (RFC 9110 section 15.5.20).
    Misdirected,
    /// The body is of another media type than what is taken here.
    MediaType,
    /// The body is not what is taken here.
    Content,
    /// Nobody has asked for it.
    NotAsked,
    /// The peer sends too much of it (RFC 6585 section 4).
    TooMany,
    /// All places for this are taken.
    Busy,
    /// A fault of ours.
    Internal,
}

impl Refusal {
    pub(super) fn status(self) -> StatusCode {
        match self {
            Self::Target(_) | Self::Host(_) | Self::Content => StatusCode::BAD_REQUEST,
            Self::Expectation => StatusCode::EXPECTATION_FAILED,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Method(_) => StatusCode::METHOD_NOT_ALLOWED,
            Self::UnknownMethod => StatusCode::NOT_IMPLEMENTED,
            Self::NotAcceptable => StatusCode::NOT_ACCEPTABLE,
            Self::Precondition => StatusCode::PRECONDITION_FAILED,
            Self::Range(_) => StatusCode::RANGE_NOT_SATISFIABLE,
            Self::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::BodyTimeout => StatusCode::REQUEST_TIMEOUT,
            Self::Misdirected => StatusCode::MISDIRECTED_REQUEST,
            Self::MediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::NotAsked => StatusCode::FORBIDDEN,
            Self::TooMany => StatusCode::TOO_MANY_REQUESTS,
            Self::Busy => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// What happened and what to do.
    fn words(self) -> Text<&'static str> {
        match self {
            Self::NotFound => Text::fixed(
                "Esta página no existe. Para ver la pantalla, escriba solo la dirección del equipo.",
                "This page does not exist. To see the display, type the box's address alone.",
            ),
            Self::Method(_) | Self::UnknownMethod => {
                Text::fixed("Esta dirección solo se puede leer.", "This address can only be read.")
            }
            Self::NotAcceptable => Text::fixed(
                "El navegador rechaza todos los formatos disponibles.",
                "The browser refuses every form that there is.",
            ),
            Self::Precondition => Text::fixed("La página ha cambiado.", "The page has changed."),
            Self::Range(_) => Text::fixed("Esa parte del archivo no existe.", "That part of the file does not exist."),
            Self::BodyTooLarge => Text::fixed("La petición es demasiado grande.", "The request is too large."),
            Self::BodyTimeout => {
                Text::fixed("La petición no ha llegado a tiempo.", "The request did not arrive in time.")
            }
            Self::Misdirected => Text::fixed(
                "El equipo no se llama así. Abra su dirección IP, o añada este nombre a listen.names.",
                "This is not the box's name. Open its IP address, or add this name to listen.names.",
            ),
            Self::TooMany => Text::fixed(
                "Llegan demasiadas peticiones de esta dirección. Inténtelo de nuevo en unos segundos.",
                "Too many requests come from this address. Try again in a few seconds.",
            ),
            Self::Busy => Text::fixed(
                "El equipo atiende ya demasiadas conexiones. Inténtelo de nuevo en unos segundos.",
                "The box is serving too many already. Try again in a few seconds.",
            ),
            Self::Internal => Text::fixed("El equipo ha tenido un fallo.", "The box has had a fault."),
            Self::Target(_) | Self::Host(_) | Self::Expectation | Self::MediaType | Self::Content | Self::NotAsked => {
                Text::fixed("La petición no es válida.", "The request is not valid.")
            }
        }
    }

    /// Whether the connection is of no more use: its framing or its peer is in doubt.
    fn closes(self) -> bool {
        matches!(
            self,
            Self::Target(_)
                | Self::Host(_)
                | Self::Expectation
                | Self::BodyTooLarge
                | Self::BodyTimeout
                | Self::Internal
        )
    }

    /// The answer. `id` is in the log too, so that a report of it can be found there.
    pub(super) fn respond(self, form: Form, id: &str) -> Response<Body> {
        let status = self.status();
        let words = self.words();
        let detail = match self {
            Self::Target(error) => error.to_string(),
            Self::Host(error) => error.to_string(),
            _ => status.canonical_reason().unwrap_or_default().to_owned(),
        };
        let mut response = match form {
            Form::Page => {
                let text = page(status, words, &detail, id);
                no_store(status, "text/html; charset=utf-8", Bytes::from(text))
            }
            Form::Text => {
                let text = format!("{status}: {detail}\n{}\n{}\n{id}\n", words.es, words.en);
                no_store(status, "text/plain; charset=utf-8", Bytes::from(text))
            }
            Form::Json(lang) => json_error(status, words.pick(lang)),
        };
        let headers = response.headers_mut();
        match self {
            Self::Method(allow) => {
                headers.insert(header::ALLOW, HeaderValue::from_static(allow));
            }
            Self::Range(length) => {
                if let Ok(value) = HeaderValue::from_str(&format!("bytes */{length}")) {
                    headers.insert(header::CONTENT_RANGE, value);
                }
            }
            Self::Busy | Self::TooMany => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
            }
            Self::NotAcceptable => {
                headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
            }
            _ => {}
        }
        if self.closes() {
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}

/// What is written as an escape in a path: all but the `pchar` of RFC 3986 section 3.3, and slashes.
const NOT_IN_PATHS: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'!')
    .remove(b'$')
    .remove(b'&')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')')
    .remove(b'*')
    .remove(b'+')
    .remove(b',')
    .remove(b';')
    .remove(b'=')
    .remove(b':')
    .remove(b'@');

/// An answer that was made for this request alone.
pub(super) fn no_store(status: StatusCode, media: &'static str, body: Bytes) -> Response<Body> {
    let length = body.len();
    let mut response = Response::new(Body::whole(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if media.starts_with("text/html") {
        headers.insert(
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'"),
        );
    }
    response
}

/// An answer that is made once for many, to a request with this head.
pub(super) fn no_store_encoded(
    head: &HeaderMap,
    media: &'static str,
    body: &Compressible,
) -> Result<Response<Body>, Refusal> {
    let (coding, bytes) = negotiate::encode(head, body).ok_or(Refusal::NotAcceptable)?;
    let mut response = no_store(StatusCode::OK, media, bytes);
    coding.declare(response.headers_mut());
    Ok(response)
}

/// An error in the ERP's own shape.
pub(super) fn json_error(status: StatusCode, message: &str) -> Response<Body> {
    let error = status.canonical_reason().unwrap_or_default();
    let json = serde_json::json!({ "message": message, "error": error, "statusCode": status.as_u16() });
    no_store(status, "application/json; charset=utf-8", Bytes::from(json.to_string()))
}

/// Leads a client to another decoded path of the box, with the query that it came with.
///
/// The path starts with one slash, and what is not plain in it is encoded, the backslash too, so that no browser takes
/// a part of it for another host.
pub(super) fn moved(path: &str, query: Option<&str>) -> Result<Response<Body>, Refusal> {
    let mut location = utf8_percent_encode(path, NOT_IN_PATHS).to_string();
    if let Some(query) = query.filter(|query| !query.is_empty()) {
        location.push('?');
        location.extend(utf8_percent_encode(query, CONTROLS));
    }
    let location = HeaderValue::try_from(location).map_err(|_| Refusal::Internal)?;
    // A permanent one as nginx's, but not kept: the next version of the site may have a route there.
    let headers = [(header::LOCATION, location), (header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    Ok(empty(StatusCode::MOVED_PERMANENTLY, headers.into_iter().collect()))
}

/// An answer without a body.
pub(super) fn empty(status: StatusCode, headers: HeaderMap) -> Response<Body> {
    let mut response = Response::new(Body::EMPTY);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

/// A page for people in front of a TV: large, bilingual, without script, and without
/// anything of the request in it. Styles are those that Chromium 38 knows.
fn page(status: StatusCode, words: Text<&str>, detail: &str, id: &str) -> String {
    let Text { es, en } = words;
    let code = status.as_u16();
    format!(
        "<!doctype html><html lang=\"es\"><head><meta charset=\"utf-8\"><title>{code}</title>\
         <meta name=\"viewport\" content=\"width=device-width\"><style>\
         body{{margin:10% 8%;background:#0b1117;color:#f2f5f7;font:2.2vw/1.4 sans-serif}}\
         h1{{margin:0;font-size:7vw;color:#ffc857}}p{{margin:.6em 0}}a{{color:#7cc4ff}}small{{font-size:1.4vw;color:#b6c2cc}}\
         @media(max-width:900px){{body{{font-size:20px}}h1{{font-size:64px}}small{{font-size:14px}}}}\
         </style></head><body><main><h1>{code}</h1><p>{es}</p><p lang=\"en\">{en}</p>\
         <p><a href=\"/\">Ir a la pantalla · Go to the display</a></p><p><small>{detail} · {id}</small></p></main></body></html>"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_speaks_both_languages_in_both_forms() {
        for refusal in [
            Refusal::Target(TargetError::Nul),
            Refusal::Host(HostError::Missing),
            Refusal::Expectation,
            Refusal::NotFound,
            Refusal::Method("GET"),
            Refusal::UnknownMethod,
            Refusal::NotAcceptable,
            Refusal::Precondition,
            Refusal::Range(7),
            Refusal::BodyTooLarge,
            Refusal::BodyTimeout,
            Refusal::Misdirected,
            Refusal::Busy,
            Refusal::Internal,
        ] {
            let Text { es, en } = refusal.words();
            for form in [Form::Page, Form::Text] {
                let response = refusal.respond(form, "id-1");
                assert!(response.status().is_client_error() || response.status().is_server_error());
                let body = response.into_body().into_bytes();
                let text = std::str::from_utf8(&body).expect("text");
                assert!(text.contains(es) && text.contains(en) && text.contains("id-1"), "{text}");
            }
        }
    }

    #[test]
    fn a_location_stays_on_this_host() {
        for (path, query, expected) in [
            ("/docs/", None, "/docs/"),
            ("/docs/", Some("a=1&b=//x"), "/docs/?a=1&b=//x"),
            ("/docs/", Some(""), "/docs/"),
            ("/\\host/", None, "/%5Chost/"),
            ("/a b?c#d%/", Some("x=ñ"), "/a%20b%3Fc%23d%25/?x=%C3%B1"),
            ("/a\r\nSet-Cookie: x/", None, "/a%0D%0ASet-Cookie:%20x/"),
            ("/Máquinas/", None, "/M%C3%A1quinas/"),
        ] {
            let response = moved(path, query).expect("a redirect");
            assert_eq!(response.headers().get(header::LOCATION).map(HeaderValue::as_bytes), Some(expected.as_bytes()));
        }
    }

    #[test]
    fn the_fields_that_rfc_9110_demands() {
        let fields = |refusal: Refusal| refusal.respond(Form::Text, "").headers().clone();
        assert_eq!(
            fields(Refusal::Method("GET, HEAD")).get(header::ALLOW).map(HeaderValue::as_bytes),
            Some(&b"GET, HEAD"[..])
        );
        assert_eq!(
            fields(Refusal::Range(7)).get(header::CONTENT_RANGE).map(HeaderValue::as_bytes),
            Some(&b"bytes */7"[..])
        );
        assert!(fields(Refusal::Host(HostError::Missing)).contains_key(header::CONNECTION));
    }
}
