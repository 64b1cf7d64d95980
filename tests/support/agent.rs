//! The agent of a page, as the box hears it.

use serde_json::{Value, json};

use super::{Client, Edge, Reply};

/// One page of a TV.
pub(crate) struct Agent {
    pub(crate) page: String,
    pub(crate) browser: String,
    /// The id and the secret that the box has given.
    pub(crate) known: Option<(String, String)>,
    count: u64,
}

impl Agent {
    /// A page of a TV that the box has not heard of.
    pub(crate) fn new(number: u64) -> Self {
        let browser = "Mozilla/5.0 (SMART-TV; LINUX; Tizen 5.5) AppleWebKit/537.36 (KHTML, like Gecko) \
                          SamsungBrowser/2.2 Chrome/69.0.3497.106 TV Safari/537.36";
        Self { page: format!("{number:016x}"), browser: browser.into(), known: None, count: 0 }
    }

    /// Reports that all is well, but for these fields; gives the answer.
    pub(crate) fn report(&mut self, edge: &Edge, but: &Value) -> Value {
        self.report_on(edge.connect(), but)
    }

    /// On a connection to a box that something else has started.
    pub(crate) fn report_on(&mut self, client: Client, but: &Value) -> Value {
        let reply = self.try_report_on(client, but);
        assert_eq!(reply.status, 200, "{}", reply.text());
        let answer: Value = serde_json::from_str(reply.text()).expect("JSON");
        if let (Some(id), Some(secret)) = (answer["id"].as_str(), answer["secret"].as_str()) {
            self.known = Some((id.into(), secret.into()));
        }
        answer
    }

    pub(crate) fn try_report(&mut self, edge: &Edge, but: &Value) -> Reply {
        self.try_report_on(edge.connect(), but)
    }

    fn try_report_on(&mut self, client: Client, but: &Value) -> Reply {
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
        post_on(client, "/_edge/screen", &fields, report.to_string().as_bytes())
    }
}

/// Posts something on a connection of its own.
pub(crate) fn post(edge: &Edge, path: &str, fields: &[(&str, &str)], body: &[u8]) -> Reply {
    post_on(edge.connect(), path, fields, body)
}

fn post_on(mut client: Client, path: &str, fields: &[(&str, &str)], body: &[u8]) -> Reply {
    let length = body.len().to_string();
    client.send_request("POST", path, &[fields, &[("Content-Length", &length)]].concat());
    client.send(body);
    client.reply(false).expect("an answer")
}
