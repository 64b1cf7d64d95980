//! What paths mean, beside nginx with `try_files $uri $uri/ /index.html`.

use crate::support::{Client, Edge, Nginx, Reply, Setup, dist};

/// As browsers and TVs send it over plain HTTP.
const NAVIGATION: (&str, &str) = ("accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8");
const SCRIPT: (&str, &str) = ("accept", "*/*");

const FILES: &[(&str, &[u8])] = &[
    ("index.html", b"the page"),
    ("docs/index.html", b"the documents"),
    ("docs/a.js", b"a script of the documents"),
    ("docs/deep/er/index.html", b"deeper"),
    ("a b/index.html", b"with a space"),
    ("a b/c d.txt", b"with spaces"),
    ("M\u{e1}quinas/index.html", b"machines"),
    ("M\u{e1}quinas/torno.txt", b"a lathe"),
    ("v1.2/index.html", b"a version"),
    ("@scope/index.html", b"a scope"),
    ("back\\slash/index.html", b"a backslash"),
    ("q?x#y%z/index.html", b"reserved characters"),
    ("new\nline/index.html", b"a line end"),
    ("percent%20/index.html", b"an escape that is none"),
    ("docs.old", b"no directory"),
    ("UPPER.HTML", b"upper case"),
    ("dot.", b"a dot at the end"),
    ("empty.txt", b""),
    ("no-page/a.txt", b"a file in a directory without a page"),
    (".well-known/x", b"well known"),
];

struct Both {
    edge: Edge,
    nginx: Nginx,
    _dist: tempfile::TempDir,
}

impl Both {
    fn start() -> Self {
        let dist = dist(FILES);
        Self {
            edge: Setup::new("").site(dist.path()).start(),
            nginx: Nginx::of_single_page_app(dist.path()),
            _dist: dist,
        }
    }

    /// The answers of the box and of nginx.
    fn ask(&self, method: &str, path: &str, fields: &[(&str, &str)]) -> [Reply; 2] {
        [self.edge.connect(), self.nginx.connect()].map(|mut client: Client| client.request(method, path, fields))
    }
}

/// What has to be equal: the status, where it leads, and what is shown. Pages that say what is wrong may differ.
fn seen(reply: &Reply) -> (u16, Option<&str>, &[u8]) {
    let body = if reply.status < 300 { &reply.body[..] } else { &[] };
    (reply.status, reply.field("location"), body)
}

#[test]
fn files_and_directories_are_found_as_by_nginx_whoever_asks() {
    let both = Both::start();
    for path in [
        "/",
        "/index.html",
        "/index.html?a=1",
        "/?a=%2F",
        "/docs/",
        "/docs/index.html",
        "/docs/?a=1",
        "/docs/a.js?v=2",
        "/docs/deep/er/",
        // Directories lead to their pages, with the query.
        "/docs",
        "/docs?a=1&b=//host",
        "/docs?",
        "/docs/deep/er",
        "/docs%2Fdeep%2fer",
        "//docs",
        "//docs//deep///er",
        "/docs/.",
        "/docs/./deep/../deep/er",
        "/a%20b",
        "/M%C3%A1quinas",
        "/v1.2",
        "/@scope",
        "/%40scope",
        "/back%5Cslash",
        "/q%3Fx%23y%25z",
        "/new%0Aline",
        "/percent%2520",
        // Names.
        "/a%20b/c%20d.txt",
        "/M%C3%A1quinas/torno.txt",
        "/M\u{e1}quinas/torno.txt",
        "/M\u{e1}quinas/",
        "/back%5Cslash/",
        "/q%3Fx%23y%25z/",
        "/new%0aline/",
        "/percent%2520/",
        "/docs.old",
        "/UPPER.HTML",
        "/dot.",
        "/empty.txt",
        "/no-page/a.txt",
        "/.well-known/x",
        // Segments.
        "//",
        "///index.html",
        "//docs//a.js",
        "/docs//../docs/a.js",
        "/docs/../index.html",
        "/docs/..",
        "/docs/%2e%2e/",
        "/%2e/docs/%2E/a.js",
        "/docs%2fa.js",
        "/docs%2F%2e%2e%2Findex.html",
        "/%2fdocs%2f%2fa.js",
        // No paths.
        "/..",
        "/../index.html",
        "/docs/../../index.html",
        "/%2e%2e%2findex.html",
        "/%",
        "/%zz",
        "/docs/%4",
        "/%00",
        "/docs/a.js%00",
    ] {
        for accept in [NAVIGATION, SCRIPT] {
            for method in ["GET", "HEAD"] {
                let [box_, nginx] = both.ask(method, path, &[accept]);
                assert_eq!(seen(&box_), seen(&nginx), "{method} {path} {accept:?}");
            }
        }
    }
}

#[test]
fn a_route_is_the_page_for_whoever_goes_there_and_missing_for_everything_else() {
    let both = Both::start();
    for path in [
        "/route",
        "/route/",
        "/a/very/deep/route?with=a&query",
        "/machines/cnc-1.2",
        "/user/ana@example.com",
        "/packages/chart.js",
        "/photos/photo.png",
        "/releases/v2.0.",
        "/@ana",
        "/items/a%2Fb",
        "/items//b",
        "/items/a%5Cb",
        "/items/100%25",
        "/items/a|b^c;d=e",
        "/items/%01",
        "/M%E1quinas",
        "/%F0%9F%94%A7",
        "/DOCS",
        "/INDEX.HTML",
        "/index.html/",
        "/index.html.",
        "/docs/a.js/",
        "/docs/a.js/b",
        "/docs/route",
        "/no-page/missing.txt",
        "/..;/x",
        "/...",
        "/.git/config",
        "/%252e%252e/x",
    ] {
        for method in ["GET", "HEAD"] {
            let [box_, nginx] = both.ask(method, path, &[NAVIGATION]);
            assert_eq!(seen(&box_), seen(&nginx), "{method} {path}");
            assert_eq!((box_.status, box_.field("cache-control")), (200, Some("no-store")), "{path}");
            assert_eq!(both.ask(method, path, &[SCRIPT]).map(|reply| reply.status), [404, 200], "{method} {path}");
        }
    }
}

#[test]
fn browsers_that_say_what_they_want_are_believed() {
    let edge = Setup::new("").site(dist(FILES).path()).start();
    let status = |path: &str, dest: &str, mode: &str, accept: (&str, &str)| {
        edge.get(path, &[("sec-fetch-dest", dest), ("sec-fetch-mode", mode), accept]).status
    };
    for path in ["/route", "/user/ana@example.com", "/packages/chart.js"] {
        for dest in ["document", "iframe"] {
            assert_eq!(status(path, dest, "navigate", ("accept", "*/*")), 200, "{path} {dest}");
        }
        for dest in ["script", "style", "image", "font", "worker", "serviceworker", "manifest", "audio"] {
            assert_eq!(status(path, dest, "no-cors", NAVIGATION), 404, "{path} {dest}");
        }
        assert_eq!(status(path, "empty", "cors", SCRIPT), 404, "{path}");
        assert_eq!(status(path, "empty", "cors", NAVIGATION), 200, "{path}");
    }
}

#[test]
fn a_directory_without_a_page_is_a_route() {
    let both = Both::start();
    for (path, of_nginx) in [("/no-page", 301), ("/no-page/", 403), ("/docs/deep", 301), ("/docs/deep/", 403)] {
        let [box_, nginx] = both.ask("GET", path, &[NAVIGATION]);
        assert_eq!((box_.status, &box_.body[..], nginx.status), (200, &b"the page"[..], of_nginx), "{path}");
        assert_eq!(both.edge.get(path, &[SCRIPT]).status, 404, "{path}");
    }
}

#[test]
fn routes_and_redirects_keep_to_conditions_and_ranges() {
    let both = Both::start();
    for path in ["/", "/route.with/dots.v2", "/docs/"] {
        let [box_, nginx] = both.ask("GET", path, &[NAVIGATION, ("range", "bytes=4-7")]);
        assert_eq!((box_.status, &box_.body), (206, &nginx.body), "{path}");
        let tags = both.ask("GET", path, &[NAVIGATION]).map(|reply| reply.field("etag").expect("a tag").to_owned());
        for (tag, mut client) in tags.iter().zip([both.edge.connect(), both.nginx.connect()]) {
            assert_eq!(client.request("GET", path, &[NAVIGATION, ("if-none-match", tag)]).status, 304, "{path}");
            assert_eq!(client.request("GET", path, &[NAVIGATION, ("if-match", "\"other\"")]).status, 412, "{path}");
        }
    }
    let fields = [("range", "bytes=0-0"), ("if-none-match", "*"), ("if-match", "\"other\"")];
    let [box_, nginx] = both.ask("GET", "/docs", &fields);
    assert_eq!(seen(&box_), seen(&nginx));
    assert_eq!(box_.field("cache-control"), Some("no-store"));
}

#[test]
fn a_page_is_served_without_a_charset_that_contradicts_it() {
    let latin1 = b"<meta charset=iso-8859-1><p>M\xe1quina";
    let files: &[(&str, &[u8], Option<&str>)] = &[
        ("index.html", "<p>M\u{e1}quina".as_bytes(), Some("text/html; charset=utf-8")),
        ("declared.html", "<meta charset=utf-8><p>M\u{e1}quina".as_bytes(), Some("text/html; charset=utf-8")),
        ("marked.html", b"\xef\xbb\xbf<p>", Some("text/html; charset=utf-8")),
        ("latin1.html", latin1, Some("text/html")),
        ("latin1-undeclared.html", b"<p>M\xe1quina", Some("text/html")),
        ("latin1-in-ascii.html", b"<meta charset=iso-8859-1><p>M&aacute;quina", Some("text/html")),
        ("utf16.html", b"\xff\xfe<\0p\0>\0", Some("text/html")),
        ("a.css", b"@charset \"iso-8859-1\";a{}", Some("text/css")),
        ("b.css", b"a{content:'\xe1'}", Some("text/css")),
        ("c.css", b"a{}", Some("text/css; charset=utf-8")),
        ("a.js", b"'M\xe1quina'", Some("text/javascript")),
        ("b.js", "'M\u{e1}quina'".as_bytes(), Some("text/javascript; charset=utf-8")),
        ("a.svg", b"<?xml version='1.0' encoding='iso-8859-1'?><svg/>", Some("image/svg+xml")),
    ];
    let dist = dist(&files.iter().map(|&(name, bytes, _)| (name, bytes)).collect::<Vec<_>>());
    let edge = Setup::new("").site(dist.path()).start();
    for &(name, bytes, media) in files {
        let reply = edge.get(&format!("/{name}"), &[]);
        assert_eq!((reply.field("content-type"), &reply.body[..]), (media, bytes), "{name}");
    }
}
