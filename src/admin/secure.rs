//! The way from plain HTTP to where the PIN may be typed: for the phone that has scanned the QR code.

use std::sync::Arc;

use askama::Template;
use bytes::Bytes;
use http::{HeaderMap, Response, StatusCode};

use super::pages::{Page, address};
use super::{request, respond};
use crate::lang::Lang;

/// The fingerprint of the certificate at the moment, as browsers show it.
pub(crate) type Fingerprint = Arc<dyn Fn() -> String + Send + Sync>;

/// What this box has for those who are not on the machine itself.
#[derive(Clone)]
pub(crate) enum Secure {
    /// HTTPS.
    Https {
        port: u16,
        /// Of the box's own certificate, of which browsers warn; `None` where it is somebody else's.
        own: Option<Fingerprint>,
    },
    /// Only the machine's own browser, or a tunnel to it.
    MachineOnly {
        /// The port of plain HTTP.
        port: u16,
    },
    /// The USB image without HTTPS.
    Image,
}

#[derive(Template)]
#[template(path = "admin/secure.html", config = "assets/console/askama.toml")]
struct Lead<'a> {
    page: Page<'a>,
    /// Where to go on.
    target: Option<String>,
    fingerprint: Option<String>,
    host: &'a str,
    http_port: Option<u16>,
    is_image: bool,
}

/// The page that leads there.
pub(super) fn lead(secure: &Secure, page: Page<'_>, headers: &HeaderMap) -> Response<Bytes> {
    let host = request::host(headers);
    let (target, fingerprint) = match secure {
        Secure::Https { port, own } => {
            let port = if *port == 443 { String::new() } else { format!(":{port}") };
            let target = host.as_ref().map(|host| {
                format!("https://{host}{port}{}", address(request::wanted(page.here).unwrap_or_default(), page.chosen))
            });
            (target, own.as_ref().map(|own| own()))
        }
        Secure::MachineOnly { .. } | Secure::Image => (None, None),
    };
    let lead = Lead {
        page,
        target,
        fingerprint,
        host: host.as_deref().unwrap_or("…"),
        http_port: if let Secure::MachineOnly { port } = secure { Some(*port) } else { None },
        is_image: matches!(secure, Secure::Image),
    };
    respond::page(StatusCode::FORBIDDEN, &lead)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn headers(fields: &[(&'static str, &'static str)]) -> HeaderMap {
        let fields = fields.iter();
        fields.map(|(name, value)| (http::HeaderName::from_static(name), HeaderValue::from_static(value))).collect()
    }

    fn text(secure: &Secure, headers: &HeaderMap) -> String {
        let lang = request::preferred_language(headers).unwrap_or(Lang::Es);
        let page = Page { lang, chosen: None, here: "", csrf: None };
        let response = lead(secure, page, headers);
        assert_eq!(response.status(), StatusCode::FORBIDDEN);
        String::from_utf8(response.into_body().to_vec()).expect("text")
    }

    #[test]
    fn it_leads_to_the_host_that_was_typed_with_words_for_the_warning() {
        let own: Fingerprint = Arc::new(|| "A1:B2".to_owned());
        let page = |host, port, own: Option<Fingerprint>| {
            text(&Secure::Https { port, own }, &headers(&[("host", host), ("accept-language", "en")]))
        };
        let warned = page("192.168.1.7:80", 443, Some(Arc::clone(&own)));
        assert!(warned.contains("href=\"https://192.168.1.7/_edge/admin/\""), "{warned}");
        assert!(warned.contains("A1:B2") && warned.contains("Proceed to 192.168.1.7"), "{warned}");
        let page_of = |here| Page { lang: Lang::Es, chosen: Some(Lang::En), here, csrf: None };
        let wanted = lead(
            &Secure::Https { port: 443, own: None },
            page_of("screens/0123456789abcdef"),
            &headers(&[("host", "192.168.1.7")]),
        );
        let wanted = String::from_utf8(wanted.into_body().to_vec()).expect("text");
        assert!(wanted.contains("https://192.168.1.7/_edge/admin/screens/0123456789abcdef?lang=en"), "{wanted}");
        let other = page("[fd00::1]:8080", 8443, None);
        assert!(other.contains("href=\"https://[fd00::1]:8443/_edge/admin/\""), "{other}");
        assert!(!other.contains("Proceed"), "nobody is warned of a certificate that others vouch for");
    }

    #[test]
    fn a_box_without_https_says_what_it_has() {
        let here = headers(&[("host", "taller.local:8080")]);
        let plain = text(&Secure::MachineOnly { port: 8080 }, &here);
        assert!(plain.contains("http://localhost:8080/_edge/admin/"), "{plain}");
        assert!(plain.contains("ssh -L 8080:localhost:8080") && plain.contains("tls.mode = "), "{plain}");
        let image = text(&Secure::Image, &here);
        assert!(image.contains("https = true") && !image.contains("ssh"), "{image}");
    }
}
