//! What TVs and browsers get.

use std::fs;

use crate::support::{Edge, Setup, dist, run};

/// The name of a file below `/assets/` of the embedded display.
fn embedded_script(edge: &Edge) -> String {
    let page = edge.get("/", &[]);
    let text = page.text();
    let start = text.find("/assets/index-legacy").or_else(|| text.find("/assets/")).expect("a file of the page");
    let rest = &text[start..];
    rest[..rest.find(".js").expect("a script") + 3].rsplit('"').next().expect("a name").to_owned()
}

#[test]
fn the_address_alone_shows_the_display() {
    let edge = Edge::start();
    let reply = edge.get("/", &[]);
    assert_eq!(reply.status, 200);
    assert_eq!(reply.field("content-type"), Some("text/html; charset=utf-8"));
    assert_eq!(reply.field("cache-control"), Some("no-store"));
    assert_eq!(reply.field("x-content-type-options"), Some("nosniff"));
    assert_eq!(reply.field("vary"), Some("accept-encoding"));
    assert_eq!(reply.field("server"), None);
    assert!(reply.field("date").is_some() && reply.field("etag").is_some() && reply.field("last-modified").is_some());
    // The display brings its own policy; see tests/e2e.
    assert_eq!(reply.field("content-security-policy"), None);
    assert!(reply.text().contains("<html"));
    assert_eq!(edge.get("/index.html", &[]).body, reply.body);
}

#[test]
fn hashed_files_are_immutable() {
    let edge = Edge::start();
    let reply = edge.get(&embedded_script(&edge), &[]);
    assert_eq!(reply.status, 200);
    assert_eq!(reply.field("cache-control"), Some("public, max-age=31536000, immutable"));
    assert_eq!(reply.field("content-type"), Some("text/javascript; charset=utf-8"));
}

#[test]
fn curl_gets_the_same_bytes_in_every_coding() {
    let edge = Edge::start();
    edge.wait_for_representations();
    let url = edge.url(&embedded_script(&edge));
    let plain = run("curl", &["-sf", &url]);
    for coding in ["gzip", "br"] {
        let field = format!("accept-encoding: {coding}");
        let coded = run("curl", &["-sf", "-H", &field, &url]);
        assert!(coded.len() < plain.len(), "{coding} is smaller");
        let decoded = run("curl", &["-sf", "--compressed", "-H", &field, &url]);
        assert_eq!(decoded, plain, "{coding}");
    }
}

#[test]
fn each_representation_has_its_tag_and_knows_it_again() {
    let edge = Edge::start();
    edge.wait_for_representations();
    let path = embedded_script(&edge);
    let mut tags = Vec::new();
    for coding in ["identity", "gzip", "br"] {
        let accept = ("accept-encoding", coding);
        let reply = edge.get(&path, &[accept]);
        let tag = reply.field("etag").expect("a tag").to_owned();
        assert!(tag.starts_with('"'), "{tag} is strong");

        let again = edge.get(&path, &[accept, ("if-none-match", &tag)]);
        assert_eq!((again.status, again.field("etag")), (304, Some(tag.as_str())));
        assert_eq!(again.field("cache-control"), reply.field("cache-control"));
        assert_eq!(again.field("content-length"), None);
        assert_eq!(edge.get(&path, &[accept, ("if-match", "\"other\"")]).status, 412);
        assert_eq!(edge.get(&path, &[accept, ("if-match", &tag)]).status, 200);
        assert_eq!(edge.get(&path, &[accept, ("if-none-match", &tag), ("if-match", "\"other\"")]).status, 412);
        tags.push(tag);
    }
    tags.dedup();
    assert_eq!(tags.len(), 3, "{tags:?}");
    let date = edge.get(&path, &[]).field("last-modified").expect("a date").to_owned();
    assert_eq!(edge.get(&path, &[("if-modified-since", &date)]).status, 304);
    assert_eq!(edge.get(&path, &[("if-unmodified-since", "Thu, 01 Jan 1970 00:00:01 GMT")]).status, 412);
}

#[test]
fn a_client_that_refuses_everything_gets_406() {
    let edge = Edge::start();
    edge.wait_for_representations();
    assert_eq!(edge.get("/", &[("accept-encoding", "identity;q=0, *;q=0")]).status, 406);
    assert_eq!(edge.get("/", &[("accept-encoding", "identity;q=0, gzip")]).field("content-encoding"), Some("gzip"));
}

#[test]
fn ranges_are_cut_from_the_plain_bytes() {
    let film: Vec<u8> = (0..100_000_u32).flat_map(u32::to_le_bytes).collect();
    let dist = dist(&[("index.html", b"x"), ("film.mp4", &film)]);
    let edge = Setup::new("").site(dist.path()).start();
    let url = edge.url("/film.mp4");
    for (range, expected) in
        [("0-99", &film[..100]), ("399990-", &film[399_990..]), ("-10", &film[399_990..]), ("5-5", &film[5..6])]
    {
        assert_eq!(run("curl", &["-sf", "-r", range, &url]), expected, "{range}");
    }
    let reply = edge.get("/film.mp4", &[("range", "bytes=10-19")]);
    assert_eq!((reply.status, reply.field("content-range")), (206, Some("bytes 10-19/400000")));
    assert_eq!(reply.field("content-length"), Some("10"));

    let beyond = edge.get("/film.mp4", &[("range", "bytes=400000-")]);
    assert_eq!((beyond.status, beyond.field("content-range")), (416, Some("bytes */400000")));

    let tag = reply.field("etag").expect("a tag");
    let fields = [("range", "bytes=0-0"), ("if-range", tag)];
    assert_eq!(edge.get("/film.mp4", &fields).status, 206);
    assert_eq!(edge.get("/film.mp4", &[("range", "bytes=0-0"), ("if-range", "\"old\"")]).body, film);
    assert_eq!(edge.get("/film.mp4", &[("range", "bytes=0-0"), ("if-none-match", tag)]).status, 304);
    assert_eq!(edge.connect().request("HEAD", "/film.mp4", &fields).status, 200);
}

#[test]
fn several_ranges_come_in_parts() {
    let dist = dist(&[("index.html", b"x"), ("numbers.txt", b"0123456789")]);
    let edge = Setup::new("").site(dist.path()).start();
    let reply = edge.get("/numbers.txt", &[("range", "bytes=0-1, -2")]);
    assert_eq!(reply.status, 206);
    let boundary = reply
        .field("content-type")
        .and_then(|media| media.strip_prefix("multipart/byteranges; boundary="))
        .expect("a boundary");
    let parts: Vec<&str> = reply.text().split(&format!("\r\n--{boundary}")).collect();
    assert_eq!(parts[0], "");
    let fields = "\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Range: bytes ";
    assert_eq!(parts[1], format!("{fields}0-1/10\r\n\r\n01"));
    assert_eq!(parts[2], format!("{fields}8-9/10\r\n\r\n89"));
    assert_eq!(parts[3], "--\r\n");
}

#[test]
fn head_says_what_get_would() {
    let edge = Edge::start();
    for path in ["/", "/missing", "/health", "/_edge/display.json"] {
        let mut client = edge.connect();
        let head = client.request("HEAD", path, &[]);
        let get = client.request("GET", path, &[]);
        assert_eq!(head.status, get.status, "{path}");
        assert!(head.body.is_empty());
        for name in ["content-type", "content-length", "etag", "cache-control"] {
            // A refusal's length has the request's own number in it, which grows.
            assert_eq!(head.field(name), get.field(name), "{path} {name}");
        }
    }
}

#[test]
fn methods() {
    let edge = Edge::start();
    for target in ["*", "/", "/assets/x.js", "/health"] {
        let reply = edge.connect().request("OPTIONS", target, &[]);
        assert_eq!((reply.status, reply.field("allow")), (204, Some("GET, HEAD, OPTIONS")), "{target}");
    }
    for method in ["POST", "PUT", "DELETE", "PATCH", "TRACE"] {
        let reply = edge.connect().request(method, "/", &[]);
        assert_eq!((reply.status, reply.field("allow")), (405, Some("GET, HEAD, OPTIONS")), "{method}");
    }
    assert_eq!(edge.connect().request("BREW", "/", &[]).status, 501);
}

#[test]
fn navigations_get_the_page_and_missing_files_do_not() {
    let edge = Edge::start();
    let page = edge.get("/", &[]);
    let navigation = ("accept", "text/html,application/xhtml+xml,*/*;q=0.8");
    assert_eq!(edge.get("/linea/2", &[navigation]).body, page.body);

    let missing = edge.get("/assets/index-00000000.js", &[navigation]);
    assert_eq!((missing.status, missing.field("cache-control")), (404, Some("no-store")));
    assert_eq!(missing.field("content-type"), Some("text/html; charset=utf-8"));
    assert!(missing.text().contains("no existe") && missing.text().contains("does not exist"));

    let missing = edge.get("/linea/2", &[("accept", "*/*")]);
    assert_eq!((missing.status, missing.field("content-type")), (404, Some("text/plain; charset=utf-8")));
}

#[test]
fn no_path_leads_out_of_the_site() {
    let outside = tempfile::tempdir().expect("a directory");
    fs::write(outside.path().join("secret.txt"), "secret").expect("a file");
    let site = outside.path().join("site");
    fs::create_dir_all(site.join("sub")).expect("a directory");
    fs::write(site.join("index.html"), "page").expect("a file");
    let edge = Setup::new("").site(&site).start();
    for path in [
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/sub/../../secret.txt",
        "/..%2fsecret.txt",
        "/..%5csecret.txt",
        "/sub/%2e%2e%2f%2e%2e/secret.txt",
        "//secret.txt",
        "/./../secret.txt",
        "/%00secret.txt",
        "http://taller.local/../secret.txt",
        "/%252e%252e/secret.txt",
        "/..;/secret.txt",
    ] {
        let reply = edge.get(path, &[]);
        assert!([400, 404].contains(&reply.status), "{path}: {}", reply.status);
        assert_ne!(reply.body, b"secret", "{path}");
    }
}

#[test]
fn odd_targets_that_the_rfc_allows() {
    let edge = Edge::start();
    let page = edge.get("/", &[]).body;
    for target in
        ["http://taller.local/", "http://taller.local", "http://192.168.1.7:8080/?x=1", "/?q=%", "/index.html?a#b"]
    {
        let reply = edge.get(target, &[]);
        if target.contains('#') {
            // A fragment is never sent; whatever happens, it is no page for somebody else's name.
            assert!([200, 400, 404].contains(&reply.status));
        } else {
            assert_eq!((reply.status, &reply.body), (200, &page), "{target}");
        }
    }
}

#[test]
fn media_types_of_a_modern_dist() {
    let names = ["a.mjs", "a.wasm", "a.woff2", "a.webmanifest", "a.mp4", "a.glb", "a.svg", "a.css", "a.json"];
    let mut files: Vec<(&str, &[u8])> = names.iter().map(|name| (*name, &b"x"[..])).collect();
    files.push(("index.html", b"x"));
    let dist = dist(&files);
    let edge = Setup::new("").site(dist.path()).start();
    for (path, media) in [
        ("/a.mjs", "text/javascript; charset=utf-8"),
        ("/a.wasm", "application/wasm"),
        ("/a.woff2", "font/woff2"),
        ("/a.webmanifest", "application/manifest+json; charset=utf-8"),
        ("/a.mp4", "video/mp4"),
        ("/a.glb", "model/gltf-binary"),
        ("/a.svg", "image/svg+xml; charset=utf-8"),
        ("/a.css", "text/css; charset=utf-8"),
        ("/a.json", "application/json; charset=utf-8"),
    ] {
        let reply = edge.get(path, &[]);
        assert_eq!(reply.field("content-type"), Some(media), "{path}");
        assert_eq!(reply.field("x-content-type-options"), Some("nosniff"), "{path}");
    }
}

#[test]
fn a_site_has_no_policy_but_a_configured_one_and_the_boxs_own_pages_have_theirs() {
    for (config, expected) in [
        ("", None),
        ("[site]\ncontent_security_policy = \"\"", None),
        ("[site]\ncontent_security_policy = \"default-src 'self' https:\"", Some("default-src 'self' https:")),
    ] {
        let edge = Setup::new(config).start();
        let policy = |path: &str| {
            let reply = edge.get(path, &[("accept", "text/html")]);
            reply.field("content-security-policy").map(str::to_owned)
        };
        for path in ["/", "/index.html", "/linea/2"] {
            assert_eq!(policy(path).as_deref(), expected, "{path} with {config:?}");
        }
        for path in ["/_edge/", "/_edge/admin", "/_edge/nothing", "/assets/index-00000000.js", "/%"] {
            let policy = policy(path).unwrap_or_default();
            assert!(policy.starts_with("default-src 'none';"), "{path} with {config:?}: {policy:?}");
        }
    }
}

#[test]
fn the_display_gets_its_settings() {
    let edge = Setup::new(
        "[display]\ntitle = \"Taller Ñandú\"\nline = \"Línea 2\"\nlanguage = \"en\"\ndemo = false\nrefresh_s = 5\n\
         [display.targets]\ndaily = 90\noee_percent = 70\nreject_percent = 2.5\n[display.shift]\nstart_hour = 7\nend_hour = 15\n",
    )
    .start();
    let reply = edge.get("/_edge/display.json", &[]);
    assert_eq!(reply.field("content-type"), Some("application/json; charset=utf-8"));
    assert_eq!(reply.field("cache-control"), Some("no-store"));
    let received: serde_json::Value = serde_json::from_slice(&reply.body).expect("JSON");
    assert_eq!(
        received,
        serde_json::json!({
            "title": "Taller Ñandú", "line": "Línea 2", "language": "en", "demo": false, "erp": false, "refresh_s": 5,
            "targets": {"daily": 90, "oee_percent": 70.0, "reject_percent": 2.5},
            "shift": {"start_hour": 7, "end_hour": 15}
        })
    );
}

#[test]
fn reserved_paths_win_over_the_dist_and_a_clash_is_said() {
    let dist = dist(&[("index.html", b"x"), ("health", b"mine"), ("_edge/x.html", b"mine")]);
    let edge = Setup::new("").site(dist.path()).start();
    edge.wait_for_log("\"path\":\"/health\"");
    edge.wait_for_log("\"path\":\"/_edge\"");
    assert_eq!(edge.health()["checks"]["site"]["status"], "degraded");
    assert_eq!(edge.get("/_edge/x.html", &[]).status, 404);
}

#[test]
fn the_files_of_the_version_before_an_update_are_still_there() {
    let data = tempfile::tempdir().expect("a directory");
    let kept = data.path().join("retained-assets");
    fs::create_dir_all(kept.join("0123456789abcdef/assets")).expect("a directory");
    fs::write(kept.join("0123456789abcdef/assets/index-OldOld12.js"), "old").expect("a file");
    fs::write(kept.join("generations"), "0123456789abcdef\n").expect("a list");

    for _ in 0..2 {
        let edge = Setup::new("").data(data.path()).start();
        crate::support::eventually("the older file", || edge.get("/assets/index-OldOld12.js", &[]).body == b"old");
        let reply = edge.get("/assets/index-OldOld12.js", &[]);
        assert_eq!(reply.field("cache-control"), Some("public, max-age=31536000, immutable"));
        assert_eq!(edge.get("/assets/index-OldOld13.js", &[]).status, 404);
        edge.stop();
    }
}
