use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU8, Ordering};

use super::{Client, eventually};

/// nginx, which serves a directory.
pub(crate) struct Nginx {
    address: String,
    process: Child,
    /// Its configuration and what it writes.
    _state: tempfile::TempDir,
    certificate: String,
}

impl Nginx {
    /// Serves `directory` by HTTPS, with a certificate that is valid in these years.
    pub(crate) fn start(directory: &Path, years: std::ops::Range<i32>) -> Self {
        let host = host();
        Self::at(&[], &host, &host, directory, years)
    }

    /// The same behind another program, such as one that enters a network, on an address of which a certificate names
    /// `name`; by HTTP on port 8080, too.
    pub(crate) fn at(
        entry: &[String],
        listen: &str,
        name: &str,
        directory: &Path,
        years: std::ops::Range<i32>,
    ) -> Self {
        let state = tempfile::tempdir().expect("a directory");
        let (certificate, tls) = tls(state.path(), name, years);
        let root = directory.display();
        let server = format!("listen {listen}:8443 ssl; listen {listen}:8080; root {root}; {tls}");
        Self::run(entry, state, format!("{name}:8443"), &server, certificate)
    }

    /// Serves `directory` by HTTP, as the makers of single-page apps say that it should be.
    #[allow(dead_code, reason = "only the site is compared with it")]
    pub(crate) fn of_single_page_app(directory: &Path) -> Self {
        let address = format!("{}:8080", host());
        let server = format!(
            "listen {address}; root {root}; absolute_redirect off;
             location / {{ try_files $uri $uri/ /index.html; }}",
            root = directory.display(),
        );
        Self::run(&[], tempfile::tempdir().expect("a directory"), address, &server, String::new())
    }

    /// Stands before another server as a CDN does, and keeps its answers for as long as they say; by HTTP.
    #[allow(dead_code, reason = "only what is published has one")]
    pub(crate) fn cdn(of: &str) -> Self {
        let address = format!("{}:8080", host());
        let server = format!("listen {address}; location / {{ proxy_pass {of}; proxy_cache edge; }}");
        Self::run(&[], tempfile::tempdir().expect("a directory"), address, &server, String::new())
    }

    /// The same by HTTPS.
    #[allow(dead_code, reason = "only what is published has one")]
    pub(crate) fn secure_cdn(of: &str) -> Self {
        let (host, state) = (host(), tempfile::tempdir().expect("a directory"));
        let (certificate, tls) = tls(state.path(), &host, 2020..2099);
        let server = format!("listen {host}:8443 ssl; {tls} location / {{ proxy_pass {of}; proxy_cache edge; }}");
        Self::run(&[], state, format!("{host}:8443"), &server, certificate)
    }

    fn run(entry: &[String], state: tempfile::TempDir, address: String, server: &str, certificate: String) -> Self {
        let of = |name: &str| state.path().join(name).display().to_string();
        let user = if rustix::process::geteuid().is_root() { "user root;" } else { "" };
        let configuration = format!(
            "{user} daemon off; master_process off; pid {pid}; error_log {log};
             events {{}}
             http {{
                 access_log off; client_body_temp_path {temporary}; proxy_temp_path {temporary};
                 fastcgi_temp_path {temporary}; uwsgi_temp_path {temporary}; scgi_temp_path {temporary};
                 proxy_cache_path {cache} keys_zone=edge:1m;
                 types {{ application/json json; text/html html; }} default_type application/octet-stream;
                 server {{ {server} }}
             }}",
            pid = of("pid"),
            log = of("log"),
            temporary = of("temporary"),
            cache = of("cache"),
        );
        fs::write(of("nginx.conf"), configuration).expect("written");
        let words: Vec<&str> = entry.iter().map(String::as_str).chain(["nginx"]).collect();
        let process = Command::new(words[0])
            .args(&words[1..])
            .args(["-e", &of("log"), "-c", &of("nginx.conf")])
            .stderr(Stdio::null())
            .spawn()
            .expect("nginx can be started (tests/run installs it)");
        // It is written once the sockets listen.
        eventually("nginx listens", || fs::read(of("pid")).is_ok_and(|pid| !pid.is_empty()));
        Self { address, process, _state: state, certificate }
    }

    /// The host and the port of a server without TLS.
    #[allow(dead_code, reason = "only what is published is fetched so")]
    pub(crate) fn plain(&self) -> String {
        format!("http://{}", self.address)
    }

    #[allow(dead_code, reason = "only the site is compared with it")]
    pub(crate) fn connect(&self) -> Client {
        Client::connect(self.address.parse().expect("an address"))
    }

    pub(crate) fn url(&self) -> String {
        format!("https://{}", self.address)
    }

    /// What a client has to trust, in PEM form.
    pub(crate) fn certificate(&self) -> Vec<u8> {
        self.certificate.clone().into_bytes()
    }
}

/// A certificate for a name in these years, and the lines of a configuration that use it.
fn tls(state: &Path, name: &str, years: std::ops::Range<i32>) -> (String, String) {
    let mut params = rcgen::CertificateParams::new(vec![name.to_owned()]).expect("a name");
    params.not_before = rcgen::date_time_ymd(years.start, 1, 1);
    params.not_after = rcgen::date_time_ymd(years.end, 1, 1);
    let key = rcgen::KeyPair::generate().expect("a key");
    let certificate = params.self_signed(&key).expect("a certificate").pem();
    let (file, key_file) = (state.join("certificate.pem"), state.join("key.pem"));
    fs::write(&file, &certificate).expect("written");
    fs::write(&key_file, key.serialize_pem()).expect("written");
    let lines = format!("ssl_certificate {}; ssl_certificate_key {};", file.display(), key_file.display());
    (certificate, lines)
}

/// An address of its own instead of a port that somebody else may take in between.
pub(crate) fn host() -> String {
    static COUNT: AtomicU8 = AtomicU8::new(1);
    let process = std::process::id();
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("127.{}.{}.{count}", 1 + (process >> 8) % 254, process % 256)
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
