//! A workshop whose only way out is a proxy.

use std::fs;

use super::tinyproxy::Tinyproxy;
use super::workshop::{Box_, NAME, know, serve};
use crate::support::lab::{Host, Lab};
use crate::support::{Nginx, SmallRepository};

const SECRET: &str = "s3creto";

/// The box is inside, the repository outside, and the proxy between them, which alone knows the repository's name.
struct Shop {
    inside: Host,
    gate: Host,
    _outside: Host,
    repository: SmallRepository,
    nginx: Nginx,
    _lab: Lab,
}

impl Shop {
    fn new() -> Self {
        let lab = Lab::new(&["lan", "wan"]);
        let (inside, gate) = (lab.host("lan", &["10.0.0.2/24"]), lab.host("lan", &["10.0.0.1/24"]));
        lab.plug(&gate, "eth1", "wan");
        gate.ip(&["address", "add", "10.1.0.1/24", "dev", "eth1"]);
        let outside = lab.host("wan", &["10.1.0.2/24"]);
        know(&gate, &format!("10.1.0.2 {NAME}"));
        let mut repository = SmallRepository::new();
        repository.publish();
        let nginx = serve(&outside, "10.1.0.2", NAME, &repository);
        Self { inside, gate, _outside: outside, repository, nginx, _lab: lab }
    }

    fn start(&self, url: &str, config: &str, env: &[(&str, &str)]) -> Box_ {
        Box_::start(&self.inside, url, (&self.repository, &self.nginx), config, env)
    }
}

fn https() -> String {
    format!("https://{NAME}:8443")
}

fn http() -> String {
    format!("http://{NAME}:8080")
}

#[test]
fn a_proxy_leads_out_and_finds_the_name_itself() {
    let shop = Shop::new();
    let proxy = Tinyproxy::start(&shop.gate, "10.0.0.1", "");
    shop.start(&https(), "", &[]).fails("unreachable", "No se llega al repositorio de versiones");
    for (url, config, env) in [
        (https(), "", [("HTTPS_PROXY", "http://10.0.0.1:3128")]),
        (https(), "", [("https_proxy", "10.0.0.1:3128/")]),
        (http(), "", [("HTTP_PROXY", "http://10.0.0.1:3128")]),
        (https(), "proxy.url = \"http://10.0.0.1:3128\"", [("HTTPS_PROXY", "http://10.0.0.9:1")]),
        (http(), "proxy.url = \"http://10.0.0.1:3128\"", [("NO_PROXY", "another.example")]),
    ] {
        let box_ = shop.start(&url, config, &env);
        box_.reaches();
        assert!(box_.edge.log().contains("http://10.0.0.1:3128"), "{}", box_.edge.log());
    }
    let log = proxy.log();
    assert!(log.contains(&format!("CONNECT {NAME}:8443")), "{log}");
    assert!(log.contains(&format!("GET http://{NAME}:8080/")), "{log}");
    // What needs no proxy does not ask for one.
    let before = proxy.log();
    let direct = [("HTTPS_PROXY", "http://10.0.0.1:3128"), ("NO_PROXY", ".workshop.example")];
    shop.start(&https(), "", &direct).fails("unreachable", "No se llega al repositorio de versiones");
    shop.start(&https(), "proxy.no_proxy = [\"*\"]", &direct[..1]).fails("unreachable", "No se llega");
    assert_eq!(proxy.log(), before);
}

#[test]
fn what_a_proxy_refuses_is_said_to_be_the_proxys() {
    let shop = Shop::new();
    let proxy = Tinyproxy::start(&shop.gate, "10.0.0.1", "");
    let through = [("ALL_PROXY", "http://10.0.0.1:3128")];
    let forbidden = shop.start(&format!("https://{NAME}:9443"), "", &through);
    forbidden.fails("proxy_refused", "El proxy de la red no deja llegar al repositorio de versiones");
    let unknown = shop.start("https://nobody.workshop.example:8443", "", &through);
    unknown.fails("proxy_refused", "http://10.0.0.1:3128");
    drop(proxy);
    shop.start(&https(), "", &through).fails("proxy_unreachable", "No se llega al proxy de la red");
    shop.start(&http(), "", &through).fails("proxy_unreachable", "No se llega al proxy de la red");
}

#[test]
fn a_proxy_that_wants_a_login_gets_it_and_nobody_else_sees_it() {
    let shop = Shop::new();
    let _proxy = Tinyproxy::start(&shop.gate, "10.0.0.1", &format!("BasicAuth taller {SECRET}"));
    let files = tempfile::tempdir().expect("a directory");
    let file = files.path().join("credentials");
    let keys = |credentials: &str| {
        fs::write(&file, format!("{credentials}\n")).expect("written");
        format!("proxy.url = \"http://10.0.0.1:3128\"\nproxy.credentials_file = {:?}", file.display().to_string())
    };
    for url in [https(), http()] {
        let nameless = shop.start(&url, "proxy.url = \"http://10.0.0.1:3128\"", &[]);
        nameless.fails("proxy_login", "El proxy de la red pide usuario y contraseña");
        let in_variable = format!("http://taller:{SECRET}@10.0.0.1:3128");
        for (config, variable) in [(keys(&format!("taller:{SECRET}")), ""), (String::new(), in_variable.as_str())] {
            let box_ = shop.start(&url, &config, &[("ALL_PROXY", variable)]);
            box_.reaches();
            let bundle = box_.path().join("bundle.tar.gz");
            let (is_good, said) = box_.run(&["support-bundle", "--output", &bundle.display().to_string()]);
            assert!(is_good, "{said}");
            let held = crate::support::run("tar", &["-xzOf", &bundle.display().to_string()]);
            let held = String::from_utf8_lossy(&held).into_owned() + &box_.edge.log();
            assert!(held.contains("10.0.0.1:3128") && !held.contains(SECRET), "{held}");
        }
    }
    let wrong = shop.start(&https(), &keys("taller:wrong"), &[]);
    wrong.fails("proxy_login", "refuses the user and password");
}
