//! The names under which the box may be asked for what is its own.
//!
//! A page of the internet can make its own name lead to the box's address (DNS rebinding), and a
//! browser then takes the box's answers for that page's. It cannot make the browser say the
//! box's name or an address in Host, so whatever is not one of these is refused.

use std::collections::BTreeSet;
use std::net::IpAddr;

use arc_swap::ArcSwap;
use http::request::Parts;
use http::{Uri, header};

/// The box's names; they change when it is renamed on the network.
#[derive(Debug, Default)]
pub(crate) struct Names(ArcSwap<BTreeSet<String>>);

impl Names {
    /// Replaces all of them; case does not matter. A name under `.local` covers its
    /// first label alone, which Windows makes of it.
    pub(crate) fn replace<'a>(&self, names: impl IntoIterator<Item = &'a str>) {
        let mut all = BTreeSet::new();
        for name in names {
            let name = name.trim_end_matches('.').to_ascii_lowercase();
            if let Some(label) = name.strip_suffix(".local") {
                all.insert(label.to_owned());
            }
            all.insert(name);
        }
        self.0.store(all.into());
    }

    /// Whether a request is for this box: whatever it names as the host, in Host or in an
    /// absolute-form target (RFC 9112 section 3.2.2), is an address, `localhost` or a name of
    /// the box. A request without a host comes from no browser.
    pub(super) fn are_meant_by(&self, parts: &Parts) -> bool {
        let target = parts.uri.authority().map(http::uri::Authority::as_str);
        let field = parts.headers.get(header::HOST).map(|value| value.to_str().unwrap_or("?"));
        target.into_iter().chain(field).all(|authority| self.has(authority))
    }

    fn has(&self, authority: &str) -> bool {
        if authority.is_empty() {
            return true;
        }
        let Ok(uri) = authority.parse::<Uri>() else { return false };
        let Some(host) = uri.host() else { return false };
        let literal = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
        if literal.parse::<IpAddr>().is_ok() {
            return true;
        }
        let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
        host == "localhost" || self.0.load().contains(&host)
    }
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn names() -> Names {
        let names = Names::default();
        names.replace(["Taller-2.local", "pantalla.empresa.example"]);
        names
    }

    #[test]
    fn its_names_and_every_address() {
        for host in [
            "taller-2.local",
            "TALLER-2.local.:8080",
            "taller-2",
            "pantalla.empresa.example",
            "192.168.1.7",
            "192.168.1.7:8080",
            "[fe80::1]:80",
            "localhost:8080",
            "",
        ] {
            assert!(names().has(host), "{host}");
        }
    }

    #[test]
    fn rejects_other_names() {
        for host in [
            "taller.local",
            "taller-2.evil.example",
            "evil.example",
            "taller-2.local.evil.example",
            "192.168.1.7.evil.example",
            "pantalla",
            "user@taller-2.local.evil",
            "?",
        ] {
            assert!(!names().has(host), "{host}");
        }
    }

    #[test]
    fn the_target_counts_as_much_as_the_field() {
        let meant = |uri: &str, host: Option<&str>| {
            let mut request = Request::get(uri);
            if let Some(host) = host {
                request = request.header("host", host);
            }
            names().are_meant_by(&request.body(()).expect("a request").into_parts().0)
        };
        assert!(meant("/", None));
        assert!(meant("/", Some("taller-2.local")));
        assert!(meant("http://10.0.0.1/", Some("taller-2.local")));
        assert!(!meant("http://evil.example/", Some("taller-2.local")));
        assert!(!meant("http://10.0.0.1/", Some("evil.example")));
    }
}
