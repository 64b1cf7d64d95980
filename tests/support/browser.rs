//! A browser as far as the tests of the administration need one.

use std::net::SocketAddr;
use std::path::Path;

use super::{Client, Reply, eventually};

/// With the one cookie that the box gives.
pub(crate) struct Browser {
    address: SocketAddr,
    pub(crate) cookie: Option<String>,
}

impl Browser {
    pub(crate) fn new(address: SocketAddr) -> Self {
        Self { address, cookie: None }
    }

    /// Of somebody who is logged in to a box with this data directory.
    pub(crate) fn logged_in(address: SocketAddr, data: &Path) -> Self {
        let mut browser = Self::new(address);
        assert_eq!(browser.log_in(&pin(data)).status, 303);
        browser
    }

    pub(crate) fn send(&mut self, method: &str, path: &str, fields: &[(&str, &str)], body: &str) -> Reply {
        let mut client = Client::connect(self.address);
        let cookie = self.cookie.clone();
        let length = body.len().to_string();
        let mut fields = fields.to_vec();
        if let Some(cookie) = &cookie {
            fields.push(("cookie", cookie));
        }
        if method == "POST" {
            fields.extend([("content-type", "application/x-www-form-urlencoded"), ("content-length", &length)]);
        }
        client.send_request(method, path, &fields);
        client.send(body.as_bytes());
        let reply = client.reply(false).expect("an answer");
        if let Some(set) = reply.field("set-cookie") {
            self.cookie = set.split(';').next().map(str::to_owned);
        }
        reply
    }

    pub(crate) fn get(&mut self, path: &str) -> Reply {
        self.send("GET", path, &[], "")
    }

    pub(crate) fn post(&mut self, path: &str, body: &str) -> Reply {
        self.send("POST", path, &[], body)
    }

    pub(crate) fn log_in(&mut self, pin: &str) -> Reply {
        self.post("/_edge/admin/login", &format!("pin={pin}"))
    }

    /// The token of the forms of a page.
    pub(crate) fn token(&mut self, path: &str) -> String {
        let page = self.get(path);
        let (_, rest) = page.text().split_once("name=\"csrf\" value=\"").expect("a form with a token");
        rest.split('"').next().expect("a value").to_owned()
    }

    /// Gives the screen of an agent a name.
    pub(crate) fn name_screen(&mut self, id: &str, name: &str) {
        let path = format!("/_edge/admin/screens/{id}");
        let token = self.token(&path);
        assert_eq!(self.post(&path, &format!("csrf={token}&do=rename&name={name}")).status, 303, "{id} {name}");
    }
}

/// The PIN of a box with this data directory.
pub(crate) fn pin(data: &Path) -> String {
    let path = data.join("admin/pin");
    let mut pin = String::new();
    eventually("a PIN", || {
        pin = std::fs::read_to_string(&path).unwrap_or_default();
        pin.len() == 8
    });
    pin
}
