//! The agent's tag in the pages of a site, and the files that it leads to.

use std::fs;
use std::path::Path;

use crate::support::{Edge, Setup, dist, eventually, run};

const PAGE: &[u8] = b"<!doctype html><html><head><meta charset=utf-8><title>t</title></head><body></body></html>";

/// What a tag says: the agent and the site.
fn tag(html: &str) -> Option<(String, String)> {
    let (_, after) = html.split_once("<script src=\"/_edge/agent.js?v=")?;
    let (agent, after) = after.split_once("\" data-site=\"")?;
    let (site, _) = after.split_once("\"></script>")?;
    Some((agent.to_owned(), site.to_owned()))
}

fn without_agent() -> Setup {
    Setup::new("").argument("--set").argument("screens.agent=false")
}

#[test]
fn the_display_carries_the_tag_before_everything_else() {
    let edge = Edge::start();
    let reply = edge.get("/", &[]);
    let page = reply.text();
    let (agent, site) = tag(page).expect("a tag");
    let is_digits = |text: &str| text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    assert!((agent.len(), site.len()) == (8, 16) && is_digits(&agent) && is_digits(&site), "{agent} {site}");
    let tag = format!("<script src=\"/_edge/agent.js?v={agent}\" data-site=\"{site}\"></script>");
    let (before, after) = page.split_once(&tag).expect("a tag");
    assert!(before.ends_with("<head>"), "{before}");
    assert!(after.contains("Content-Security-Policy"), "the display's own policy comes behind it");

    // A box without the agent serves the very bytes that are embedded.
    let plain = without_agent().start();
    assert_eq!(plain.get("/", &[]).text(), format!("{before}{after}"));
    let embedded = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/workshop-monitor/dist/index.html");
    assert_eq!(plain.get("/", &[]).body, fs::read(embedded).expect("the display"));

    // The same dist in a directory is the same site.
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/workshop-monitor/dist");
    assert_eq!(Setup::new("").site(&directory).start().get("/", &[]).text(), page);
}

#[test]
fn the_tag_leads_to_the_agent_which_is_kept_for_a_year() {
    let edge = Edge::start();
    let (agent, _) = tag(edge.get("/", &[]).text()).expect("a tag");
    let path = format!("/_edge/agent.js?v={agent}");
    let script = edge.get(&path, &[]);
    assert_eq!(script.status, 200);
    assert_eq!(script.field("content-type"), Some("text/javascript; charset=utf-8"));
    assert_eq!(script.field("x-content-type-options"), Some("nosniff"));
    assert_eq!(script.field("cache-control"), Some("public, max-age=31536000, immutable"));
    assert_eq!(script.field("vary"), Some("accept-encoding"));
    assert!(script.text().contains("workshopEdge"));
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/screen-agent/dist/agent.js");
    assert_eq!(script.body, fs::read(source).expect("the script"));

    // Any other name for it says nothing of what it will be.
    for other in ["/_edge/agent.js", "/_edge/agent.js?v=00000000", "/_edge/agent.js?v=", &format!("{path}&x=1")] {
        let reply = edge.get(other, &[]);
        assert_eq!((reply.status, reply.field("cache-control")), (200, Some("no-store")), "{other}");
        assert_eq!(reply.body, script.body, "{other}");
    }

    let gzip = [("accept-encoding", "gzip")];
    let coded = edge.get(&path, &gzip);
    assert_eq!(coded.field("content-encoding"), Some("gzip"));
    assert!(coded.body.len() < script.body.len() / 2);
    let decoded = run("curl", &["-sf", "--compressed", "-H", "accept-encoding: gzip", &edge.url(&path)]);
    assert_eq!(decoded, script.body);

    let tag = coded.field("etag").expect("a tag").to_owned();
    let known = edge.get(&path, &[gzip[0], ("if-none-match", &tag)]);
    assert_eq!((known.status, known.field("cache-control")), (304, coded.field("cache-control")));
    let head = edge.connect().request("HEAD", &path, &[]);
    assert_eq!((head.status, head.field("content-length")), (200, script.field("content-length")));
    assert_eq!(edge.connect().request("POST", &path, &[]).status, 405);
}

#[test]
fn a_screen_is_kept_awake_by_a_clip_that_can_be_read_in_parts() {
    let edge = Edge::start();
    let clip = edge.get("/_edge/awake.mp4", &[]);
    assert_eq!((clip.status, clip.field("content-type")), (200, Some("video/mp4")));
    assert_eq!(&clip.body[4..8], b"ftyp");
    assert!(clip.body.len() < 8 * 1024);
    let part = edge.get("/_edge/awake.mp4", &[("range", "bytes=4-7")]);
    assert_eq!((part.status, &*part.body), (206, &b"ftyp"[..]));
}

#[test]
fn every_page_of_a_directory_names_its_version_which_any_file_changes() {
    let dist = dist(&[
        ("index.html", PAGE),
        ("docs/index.html", PAGE),
        ("part.html", b"<p>Text"),
        ("assets/index-AAAA1111.js", b"first"),
    ]);
    let edge = Setup::new("").site(dist.path()).start();
    let page = edge.get("/", &[]);
    let (agent, site) = tag(page.text()).expect("a tag");
    assert_eq!(tag(edge.get("/docs/", &[]).text()), Some((agent.clone(), site.clone())));
    assert_eq!(edge.get("/a/route", &[("accept", "text/html")]).body, page.body);
    assert_eq!(edge.get("/part.html", &[]).body, b"<p>Text");
    let etag = page.field("etag").expect("a tag").to_owned();
    assert_eq!(edge.get("/", &[("if-none-match", &etag)]).status, 304);

    fs::write(dist.path().join("assets/index-AAAA1111.js"), "other").expect("written");
    eventually("the new version", || tag(edge.get("/", &[]).text()).is_some_and(|(_, now)| now != site));
    let changed = edge.get("/", &[("if-none-match", &etag)]);
    assert_eq!(changed.status, 200);
    assert_eq!(tag(edge.get("/docs/", &[]).text()), tag(changed.text()));

    // Every representation is of the page with the tag.
    let url = edge.url("/");
    for coding in ["gzip", "br"] {
        let field = format!("accept-encoding: {coding}");
        let is_coded = || edge.get("/", &[("accept-encoding", coding)]).field("content-encoding") == Some(coding);
        eventually(coding, is_coded);
        assert_eq!(run("curl", &["-sf", "--compressed", "-H", &field, &url]), changed.body, "{coding}");
    }
    assert_eq!(edge.get("/", &[("range", "bytes=0-14")]).body, b"<!doctype html>");
    let end = edge.get("/", &[("range", "bytes=-7")]);
    let length = format!("bytes {}-{}/{}", changed.body.len() - 7, changed.body.len() - 1, changed.body.len());
    assert_eq!((&*end.body, end.field("content-range")), (&b"</html>"[..], Some(&*length)));
}

#[test]
fn a_box_without_the_agent_serves_a_directory_as_it_is() {
    let dist = dist(&[("index.html", PAGE), ("a.js", b"x")]);
    let edge = without_agent().site(dist.path()).start();
    assert_eq!(edge.get("/", &[]).body, PAGE);
}

#[test]
fn a_page_in_another_encoding_is_read_as_before() {
    let latin = b"<!doctype html><head><meta charset=iso-8859-1><title>M\xe1quina</title>";
    let utf_16: Vec<u8> = "\u{feff}<!doctype html><head>".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let dist = dist(&[("index.html", PAGE), ("latin.html", latin), ("utf-16.html", &utf_16)]);
    let edge = Setup::new("").site(dist.path()).start();
    assert_eq!(edge.get("/", &[]).field("content-type"), Some("text/html; charset=utf-8"));
    let reply = edge.get("/latin.html", &[]);
    assert_eq!(reply.field("content-type"), Some("text/html"));
    assert!(reply.body.starts_with(b"<!doctype html><head><script src=\"/_edge/agent.js"));
    assert!(reply.body.ends_with(b"</script><meta charset=iso-8859-1><title>M\xe1quina</title>"));
    let reply = edge.get("/utf-16.html", &[]);
    assert_eq!((reply.field("content-type"), &reply.body), (Some("text/html"), &utf_16));
}

#[test]
fn the_boxs_own_pages_carry_no_tag() {
    let html = [("accept", "text/html")];
    let edge = Edge::start();
    for path in ["/_edge/", "/_edge/admin", "/_edge/nothing", "/assets/index-00000000.js", "/%"] {
        let reply = edge.get(path, &html);
        assert!(reply.text().contains("<html") && tag(reply.text()).is_none(), "{path}: {}", reply.text());
    }
    let nothing = tempfile::tempdir().expect("a directory");
    let reply = Setup::new("").site(nothing.path()).start().get("/", &html);
    assert!(reply.status == 503 && tag(reply.text()).is_none(), "{}", reply.text());
}
