//! The agent of a page, as the box hears it.

use serde_json::{Value, json};

use crate::support::{Edge, Reply};

/// One page of a TV.
pub(super) struct Agent {
    pub(super) page: String,
    pub(super) browser: String,
    /// The id and the secret that the box has given.
    pub(super) known: Option<(String, String)>,
    count: u64,
}

impl Agent {
    /// A page of a TV that the box has not heard of.
    pub(super) fn new(number: u64) -> Self {
        let browser = "Mozilla/5.0 (SMART-TV; LINUX; Tizen 5.5) AppleWebKit/537.36 (KHTML, like Gecko) \
                          SamsungBrowser/2.2 Chrome/69.0.3497.106 TV Safari/537.36";
        Self { page: format!("{number:016x}"), browser: browser.into(), known: None, count: 0 }
    }

    /// Reports that all is well, but for these fields; gives the answer.
    pub(super) fn report(&mut self, edge: &Edge, but: &Value) -> Value {
        let reply = self.try_report(edge, but);
        assert_eq!(reply.status, 200, "{}", reply.text());
        let answer: Value = serde_json::from_str(reply.text()).expect("JSON");
        if let (Some(id), Some(secret)) = (answer["id"].as_str(), answer["secret"].as_str()) {
            self.known = Some((id.into(), secret.into()));
        }
        answer
    }

    pub(super) fn try_report(&mut self, edge: &Edge, but: &Value) -> Reply {
        self.count += 1;
        let mut report = json!({
            "page": self.page, "n": self.count, "path": "/", "visible": true, "ms": 10_000, "frames": 600, "by": "frame",
            "body": true, "errors": { "script": 0, "rejection": 0, "resource": 0, "policy": 0 }, "view": [1920, 1080, 1],
        });
        if let Some((id, secret)) = &self.known {
            report["id"] = id.as_str().into();
            report["secret"] = secret.as_str().into();
        }
        for (name, value) in but.as_object().expect("fields") {
            report[name] = value.clone();
        }
        let fields = [("Content-Type", "application/json"), ("User-Agent", self.browser.as_str())];
        post(edge, "/_edge/screen", &fields, report.to_string().as_bytes())
    }
}

/// Posts something on a connection of its own.
pub(super) fn post(edge: &Edge, path: &str, fields: &[(&str, &str)], body: &[u8]) -> Reply {
    let mut client = edge.connect();
    let length = body.len().to_string();
    client.send_request("POST", path, &[fields, &[("Content-Length", &length)]].concat());
    client.send(body);
    client.reply(false).expect("an answer")
}
