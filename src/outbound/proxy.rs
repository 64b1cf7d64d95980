//! Which proxy, if any, leads to a server. Keys of the configuration count more than the environment's variables, which
//! are those that curl(1) knows.

use std::fmt;
use std::net::IpAddr;

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use http::HeaderValue;
use http::uri::Authority;
use percent_encoding::percent_decode_str;
use thiserror::Error;

use super::OutboundError;

/// What the configuration says of proxies.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct ProxySettings {
    /// `http://host:port`, for HTTP and HTTPS.
    pub(crate) url: Option<String>,
    /// What is reached without it: names with all that is below them, IP addresses, networks, `*`.
    pub(crate) no_proxy: Option<Vec<String>>,
    /// `user:password`.
    pub(crate) credentials: Option<String>,
}

/// Why the proxies cannot be used.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("the proxy of {setting} {why}")]
pub(crate) struct ProxyError {
    setting: String,
    why: &'static str,
}

/// The proxies.
#[derive(Clone, Debug, Default)]
pub struct Proxies {
    http: Option<Proxy>,
    https: Option<Proxy>,
    direct: Vec<Exception>,
}

/// A proxy that speaks HTTP.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Proxy {
    pub(super) host: String,
    pub(super) port: u16,
    authorization: Option<HeaderValue>,
}

/// What is reached without a proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Exception {
    All,
    Network {
        address: IpAddr,
        prefix: u8,
    },
    /// In lower case, without a dot before it.
    Name {
        name: String,
        port: Option<u16>,
    },
}

impl Proxies {
    /// What the configuration says, and else the environment.
    pub(crate) fn new(settings: &ProxySettings, env: impl Fn(&str) -> Option<String>) -> Result<Self, ProxyError> {
        let ProxySettings { url, no_proxy, credentials } = settings;
        let variable = |names: &[&str]| {
            names
                .iter()
                .find_map(|name| Some(((*name).to_owned(), env(name).filter(|value| !value.trim().is_empty())?)))
        };
        // A client of a CGI program could set HTTP_PROXY with a field of the request.
        let http: &[&str] =
            if env("REQUEST_METHOD").is_some() { &["http_proxy"] } else { &["http_proxy", "HTTP_PROXY"] };
        let all = ["all_proxy", "ALL_PROXY"];
        let of = |names: &[&str]| match url {
            Some(url) => Some(("proxy.url".to_owned(), url.clone())),
            None => variable(names).or_else(|| variable(&all)),
        };
        let proxy = |found: Option<(String, String)>| {
            let Some((setting, url)) = found else { return Ok(None) };
            let proxy = Proxy::parse(&url).map_err(|why| ProxyError { setting, why })?;
            match credentials {
                Some(credentials) => proxy.with_credentials(credentials).map(Some),
                None => Ok(Some(proxy)),
            }
        };
        let direct = no_proxy.clone().unwrap_or_else(|| {
            let (_, list) = variable(&["no_proxy", "NO_PROXY"]).unwrap_or_default();
            list.split([',', ' ']).map(str::trim).filter(|entry| !entry.is_empty()).map(str::to_owned).collect()
        });
        let direct = direct.iter().map(|entry| Exception::parse(entry)).collect();
        Ok(Self { http: proxy(of(http))?, https: proxy(of(&["https_proxy", "HTTPS_PROXY"]))?, direct })
    }

    /// The one that leads to a server; `None` goes there itself.
    pub(super) fn of(&self, is_secure: bool, host: &str, port: u16) -> Option<&Proxy> {
        let proxy = if is_secure { &self.https } else { &self.http };
        // A proxy has another idea of what "this machine" is.
        let is_direct = is_this_machine(host) || self.direct.iter().any(|exception| exception.covers(host, port));
        proxy.as_ref().filter(|_| !is_direct)
    }

    /// Those that there are, without what they are entered by: for the log.
    #[must_use]
    pub(crate) fn shown(&self) -> Vec<String> {
        let mut shown: Vec<_> = [&self.https, &self.http].into_iter().flatten().map(ToString::to_string).collect();
        shown.dedup();
        shown
    }
}

fn is_this_machine(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

impl Proxy {
    /// `[http://][user:password@]host[:port][/]`, as the variables have it.
    fn parse(text: &str) -> Result<Self, &'static str> {
        let text = text.trim();
        let rest = match text.split_once("://") {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => rest,
            Some(_) => return Err("is not an http:// one, and no other kind is known"),
            None => text,
        };
        let rest = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let (user, authority) = rest.rsplit_once('@').map_or((None, rest), |(user, rest)| (Some(user), rest));
        let authority: Authority = authority.parse().map_err(|_| "has no usable host")?;
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        if host.is_empty() {
            return Err("has no usable host");
        }
        let proxy = Self { host, port: authority.port_u16().unwrap_or(80), authorization: None };
        let Some(user) = user else { return Ok(proxy) };
        let (user, password) = user.split_once(':').unwrap_or((user, ""));
        let plain = |text| percent_decode_str(text).decode_utf8().map_err(|_| "has a user that is not UTF-8");
        Ok(Self { authorization: Some(basic(&format!("{}:{}", plain(user)?, plain(password)?))), ..proxy })
    }

    fn with_credentials(self, credentials: &str) -> Result<Self, ProxyError> {
        let line = credentials.lines().next().unwrap_or_default().trim();
        if !line.contains(':') {
            let setting = "proxy.credentials_file".to_owned();
            return Err(ProxyError { setting, why: "needs a first line user:password in that file" });
        }
        Ok(Self { authorization: Some(basic(line)), ..self })
    }

    /// The value of `Proxy-Authorization`.
    pub(super) fn authorization(&self) -> Option<&HeaderValue> {
        self.authorization.as_ref()
    }

    /// It answered 407.
    pub(super) fn wants_login(&self) -> OutboundError {
        OutboundError::ProxyLogin { proxy: self.to_string(), was_given: self.authorization.is_some() }
    }
}

/// RFC 7617.
fn basic(credentials: &str) -> HeaderValue {
    let value = HeaderValue::from_str(&format!("Basic {}", BASE64.encode(credentials)));
    // Base64 is ASCII.
    let mut value = value.unwrap_or_else(|_| HeaderValue::from_static("Basic"));
    value.set_sensitive(true);
    value
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port, .. } = self;
        if host.contains(':') { write!(f, "http://[{host}]:{port}") } else { write!(f, "http://{host}:{port}") }
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl Exception {
    fn parse(text: &str) -> Self {
        if text == "*" {
            return Self::All;
        }
        let unbracketed = text.replace(['[', ']'], "");
        let (address, prefix) = unbracketed.split_once('/').map_or((&*unbracketed, None), |(ip, n)| (ip, Some(n)));
        if let Ok(address) = address.parse::<IpAddr>() {
            let all = if address.is_ipv4() { 32 } else { 128 };
            let prefix = prefix.map_or(Some(all), |prefix| prefix.parse().ok().filter(|prefix| *prefix <= all));
            if let Some(prefix) = prefix {
                return Self::Network { address, prefix };
            }
        }
        let (name, port) = match text.rsplit_once(':') {
            Some((name, port)) if port.parse::<u16>().is_ok() => (name, port.parse().ok()),
            _ => (text, None),
        };
        let name = name.trim_start_matches('*').trim_matches('.').to_ascii_lowercase();
        Self::Name { name, port }
    }

    fn covers(&self, host: &str, port: u16) -> bool {
        match self {
            Self::All => true,
            Self::Network { address, prefix } => {
                host.parse::<IpAddr>().is_ok_and(|host| is_within(host.to_canonical(), *address, *prefix))
            }
            Self::Name { name, port: only } => {
                let host = host.trim_end_matches('.').to_ascii_lowercase();
                let above = host.strip_suffix(name.as_str());
                let is_below = above.is_some_and(|above| above.is_empty() || above.ends_with('.'));
                !name.is_empty() && is_below && only.is_none_or(|only| only == port)
            }
        }
    }
}

fn is_within(host: IpAddr, network: IpAddr, prefix: u8) -> bool {
    let prefix = u32::from(prefix);
    match (host, network) {
        (IpAddr::V4(host), IpAddr::V4(network)) => {
            let mask = u32::MAX.checked_shl(32 - prefix).unwrap_or(0);
            host.to_bits() & mask == network.to_bits() & mask
        }
        (IpAddr::V6(host), IpAddr::V6(network)) => {
            let mask = u128::MAX.checked_shl(128 - prefix).unwrap_or(0);
            host.to_bits() & mask == network.to_bits() & mask
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxies(settings: &ProxySettings, env: &[(&str, &str)]) -> Result<Proxies, ProxyError> {
        Proxies::new(settings, |name| {
            env.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        })
    }

    fn of_env(env: &[(&str, &str)]) -> Proxies {
        proxies(&ProxySettings::default(), env).expect("proxies")
    }

    fn to(proxies: &Proxies, url: &str) -> Option<String> {
        let uri: http::Uri = url.parse().expect("an address");
        let is_secure = uri.scheme_str() == Some("https");
        let host = uri.host().expect("a host").trim_matches(['[', ']']);
        let port = uri.port_u16().unwrap_or(if is_secure { 443 } else { 80 });
        proxies.of(is_secure, host, port).map(ToString::to_string)
    }

    #[test]
    fn the_environments_variables_are_those_of_curl() {
        let some = |text: &str| Some(text.to_owned());
        let both = of_env(&[("HTTPS_PROXY", "http://s:3128/"), ("http_proxy", "h:8080")]);
        assert_eq!(to(&both, "https://a.example"), some("http://s:3128"));
        assert_eq!(to(&both, "http://a.example"), some("http://h:8080"));
        // Lower case counts more; what is empty is none.
        let cases = of_env(&[("https_proxy", "http://low:1"), ("HTTPS_PROXY", "http://up:1"), ("http_proxy", " ")]);
        assert_eq!(to(&cases, "https://a.example"), some("http://low:1"));
        assert_eq!(to(&cases, "http://a.example"), None);
        assert_eq!(
            to(&of_env(&[("ALL_PROXY", "http://[2001:db8::1]:1")]), "http://a.example"),
            some("http://[2001:db8::1]:1")
        );
        let capitals = [("HTTP_PROXY", "http://up:1")];
        assert_eq!(to(&of_env(&capitals), "http://a.example"), some("http://up:1"));
        // In a CGI program it may be a field of a stranger's request.
        let cgi = [capitals[0], ("REQUEST_METHOD", "GET")];
        assert_eq!(to(&of_env(&cgi), "http://a.example"), None);
        for wrong in ["socks5://s:1080", "https://s:1", "http://", "http://a b"] {
            let error = proxies(&ProxySettings::default(), &[("https_proxy", wrong)]).expect_err(wrong);
            assert!(error.to_string().starts_with("the proxy of https_proxy "), "{error}");
        }
    }

    #[test]
    fn keys_count_more_than_the_environment() {
        let env = [("https_proxy", "http://env:1"), ("no_proxy", "a.example")];
        let url = Some("http://key:3128".to_owned());
        let keys = proxies(&ProxySettings { url, ..ProxySettings::default() }, &env).expect("proxies");
        assert_eq!(to(&keys, "http://b.example").as_deref(), Some("http://key:3128"));
        assert_eq!(to(&keys, "https://a.example"), None);
        let no_proxy = Some(vec!["b.example".to_owned()]);
        let keys = proxies(&ProxySettings { no_proxy, ..ProxySettings::default() }, &env).expect("proxies");
        assert_eq!(to(&keys, "https://a.example").as_deref(), Some("http://env:1"));
        assert_eq!(to(&keys, "https://b.example"), None);
    }

    #[test]
    fn what_is_reached_without_a_proxy() {
        let list = "one.example,.two.example *.three.example,10.0.0.0/8, 192.168.1.7,[2001:db8::]/32,four.example:8443";
        let proxies = of_env(&[("https_proxy", "http://p:1"), ("NO_PROXY", list)]);
        for direct in [
            "one.example",
            "ONE.example",
            "www.one.example",
            "two.example",
            "a.two.example",
            "a.three.example",
            "10.1.2.3",
            "192.168.1.7",
            "[2001:db8::5]",
            "four.example:8443",
            "localhost",
            "127.0.0.1",
            "[::1]",
        ] {
            assert_eq!(to(&proxies, &format!("https://{direct}/")), None, "{direct}");
        }
        for through in ["done.example", "one.example.org", "11.0.0.1", "192.168.1.8", "[2001:db9::1]", "four.example"] {
            assert!(to(&proxies, &format!("https://{through}/")).is_some(), "{through}");
        }
        assert_eq!(to(&of_env(&[("https_proxy", "p"), ("no_proxy", "*")]), "https://a.example"), None);
        assert_eq!(Exception::parse("10.0.0.0/99"), Exception::Name { name: "10.0.0.0/99".into(), port: None });
    }

    #[test]
    fn credentials_are_sent_and_never_shown() {
        let env = [("https_proxy", "http://us%40er:s%3Acret@p:3128")];
        let from_env = of_env(&env);
        let proxy = from_env.https.as_ref().expect("one");
        let sent = |proxy: &Proxy| proxy.authorization().expect("some").to_str().expect("ASCII").to_owned();
        assert_eq!(sent(proxy), format!("Basic {}", BASE64.encode("us@er:s:cret")));
        let credentials = Some("ana:other\nnoise".to_owned());
        let from_file = proxies(&ProxySettings { credentials, ..ProxySettings::default() }, &env).expect("proxies");
        assert_eq!(sent(from_file.https.as_ref().expect("one")), format!("Basic {}", BASE64.encode("ana:other")));
        for shown in [format!("{from_env:?} {proxy}"), format!("{from_file:?} {:?}", from_file.shown())] {
            assert!(shown.contains("http://p:3128"), "{shown}");
            assert!(!["cret", "other", "ana", "Basic"].iter().any(|secret| shown.contains(secret)), "{shown}");
        }
        let credentials = Some("no colon".to_owned());
        let error = proxies(&ProxySettings { credentials, ..ProxySettings::default() }, &env).expect_err("none");
        assert!(error.to_string().contains("user:password"), "{error}");
    }
}
