//! What a look at a repository takes on the wire: the product's own transport against nginx over HTTPS, on loopback.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, SystemTime};

use tempfile::TempDir;
use workshop_edge::outbound::{self, Outbound, TrafficReading};
use workshop_edge::update::repository::{Repository, Settings};
use workshop_edge::update::transport::{Source, Transport};

use crate::Failure;
use crate::publisher::{CHANNEL, Publisher};
use crate::report::Table;

/// Looks that are measured.
const LOOKS: u32 = 20;

/// Fields that a CDN before an object store adds to every answer, as long as those of `CloudFront` and S3.
const CDN_FIELDS: &str = r#"
    add_header x-amz-id-2 "0Yw1vXkqT8JzC5mR3nP7sB9dF2gH4jL6aQ8wE0rT2yU4iO6pS8dF0gH2jK4lZ6xC8vB0nM2qW4e=" always;
    add_header x-amz-request-id 7F3K9Q2M5X8B1C4D always;
    add_header x-amz-server-side-encryption AES256 always;
    add_header cache-control no-cache always;
    add_header x-cache "RefreshHit from cloudfront" always;
    add_header via "1.1 0123456789abcdef0123456789abcdef.cloudfront.net (CloudFront)" always;
    add_header x-amz-cf-pop MAD56-P2 always;
    add_header x-amz-cf-id 8mQ3vXkqT8JzC5mR3nP7sB9dF2gH4jL6aQ8wE0rT2yU4iO6pS8dF0g== always;"#;
/// What S3 answers for what is not there.
const DENIED: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>AccessDenied</Code><Message>Access Denied\
    </Message><RequestId>7F3K9Q2M5X8B1C4D</RequestId><HostId>0Yw1vXkqT8JzC5mR3nP7sB9dF2gH4jL6aQ8wE0rT2yU4iO6pS8dF0gH2\
    jK4lZ6xC8vB0nM2qW4e=</HostId></Error>";

/// Of one look.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Mean {
    pub(crate) requests: f64,
    pub(crate) connections: f64,
    pub(crate) sent: f64,
    pub(crate) received: f64,
}

/// All that was measured.
pub(crate) struct Wire {
    pub(crate) idle: Mean,
    pub(crate) news: Mean,
    /// As `idle`, with answers as long as a CDN's.
    pub(crate) cdn_idle: Mean,
    rows: Vec<(&'static str, Mean)>,
}

/// How the server is set up.
#[derive(Clone, Copy)]
struct Server {
    keeps: bool,
    resumes: bool,
    is_cdn: bool,
}

impl Wire {
    /// Without measuring: requests alone.
    pub(crate) fn assumed() -> Self {
        let (idle, news) = (Mean { requests: 2.0, ..Mean::default() }, Mean { requests: 6.0, ..Mean::default() });
        Self { idle, news, cdn_idle: idle, rows: Vec::new() }
    }

    pub(crate) async fn measure(publisher: &Publisher) -> Result<Self, Failure> {
        let usual = Server { keeps: true, resumes: true, is_cdn: false };
        publisher.publish("1.0.0", &[])?;
        let nginx = Nginx::start(&publisher.repository(), usual).await?;
        let data = tempfile::tempdir()?;
        let mut looker = SimulatedBox::new(&nginx, publisher, data.path())?;
        let first = looker.looks(1).await?;
        let idle = looker.looks(LOOKS).await?;
        publisher.publish("1.1.0", &[])?;
        let news = looker.looks(1).await?;
        publisher.rollback("1.0.0")?;
        let back = looker.looks(1).await?;
        publisher.refresh()?;
        let signed = looker.looks(1).await?;
        let restarted = SimulatedBox::new(&nginx, publisher, data.path())?.looks(1).await?;
        drop(nginx);
        let mut rows = vec![
            ("first look of a new box", first),
            ("nothing new", idle),
            ("a new release", news),
            ("a rollback", back),
            ("timestamp signed anew", signed),
            ("nothing new, after a restart", restarted),
        ];
        let mut cdn_idle = idle;
        for (name, server) in [
            ("nothing new, server without keep-alive", Server { keeps: false, ..usual }),
            ("nothing new, without TLS resumption", Server { resumes: false, ..usual }),
            ("nothing new, answers like a CDN's", Server { is_cdn: true, ..usual }),
            ("the same without TLS resumption", Server { is_cdn: true, resumes: false, ..usual }),
        ] {
            let nginx = Nginx::start(&publisher.repository(), server).await?;
            let mut looker = SimulatedBox::new(&nginx, publisher, data.path())?;
            looker.looks(1).await?;
            let mean = looker.looks(LOOKS).await?;
            if server.is_cdn && server.resumes {
                cdn_idle = mean;
            }
            rows.push((name, mean));
        }
        Ok(Self { idle, news, cdn_idle, rows })
    }

    pub(crate) fn table(&self) -> Table {
        let mut table = Table::new("wire: one look over HTTPS", &["requests", "connections", "sent", "received"]);
        for (name, Mean { requests, connections, sent, received }) in &self.rows {
            table.row(*name, &[*requests, *connections, *sent, *received]);
        }
        table
            .note(format!("bytes at the socket, TLS and heads included; \"nothing new\" is the mean of {LOOKS} looks"));
        table.note(
            "nginx has one self-signed P-256 certificate; a public chain adds 2 to 4 kB where TLS does not resume",
        );
        table
    }
}

/// A box that looks.
struct SimulatedBox {
    transport: Transport,
    repository: Repository,
}

impl SimulatedBox {
    fn new(nginx: &Nginx, publisher: &Publisher, data: &Path) -> Result<Self, Failure> {
        let ca = Some(nginx.certificate.clone().into_bytes());
        let outbound = Outbound::new(outbound::Settings { ca, ..outbound::Settings::default() })?;
        let source = Source::Web { url: nginx.url(), allow_http: false, outbound };
        let transport = Transport::new(source)?;
        let settings = Settings::under(data.to_owned(), publisher.root()?);
        let repository = Repository::open(&settings, transport.clone())?;
        Ok(Self { transport, repository })
    }

    async fn looks(&mut self, many: u32) -> Result<Mean, Failure> {
        let before = self.transport.traffic().read();
        for _ in 0..many {
            let now = self.repository.trusted_time(SystemTime::now());
            self.repository.refresh(now).await?;
            self.repository.manifest(CHANNEL, now).await?;
            // As after every look of a box.
            self.transport.rest();
        }
        Ok(Mean::of(before, self.transport.traffic().read(), many))
    }
}

impl Mean {
    fn of(before: TrafficReading, after: TrafficReading, many: u32) -> Self {
        let mean = |before: u64, after: u64| after.saturating_sub(before) as f64 / f64::from(many);
        Self {
            requests: mean(before.requests, after.requests),
            connections: mean(before.connections, after.connections),
            sent: mean(before.sent, after.sent),
            received: mean(before.received, after.received),
        }
    }
}

/// Stopped when dropped.
struct Nginx {
    process: Child,
    port: u16,
    certificate: String,
    _state: TempDir,
}

impl Nginx {
    async fn start(directory: &Path, server: Server) -> Result<Self, Failure> {
        let mut parameters = rcgen::CertificateParams::new(vec!["127.0.0.1".to_owned()])?;
        parameters.not_before = rcgen::date_time_ymd(2026, 1, 1);
        parameters.not_after = rcgen::date_time_ymd(2046, 1, 1);
        let key = rcgen::KeyPair::generate()?;
        let certificate = parameters.self_signed(&key)?.pem();
        let state = tempfile::tempdir()?;
        let of = |name: &str| state.path().join(name);
        write(&of("certificate.pem"), &certificate)?;
        write(&of("key.pem"), &key.serialize_pem())?;
        // Free a moment ago.
        let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let keep_alive = if server.keeps { "" } else { "keepalive_timeout 0;" };
        let resumption = if server.resumes { "" } else { "ssl_session_tickets off; ssl_session_cache off;" };
        let user = if rustix::process::geteuid().is_root() { "user root;" } else { "" };
        let cdn = if server.is_cdn {
            format!(
                "{CDN_FIELDS}\n location = /denied {{ internal; default_type application/xml; return 403 '{DENIED}'; }}
                 error_page 404 =403 /denied;"
            )
        } else {
            String::new()
        };
        let here = state.path().display();
        let configuration = format!(
            "{user} daemon off; master_process off; pid {here}/pid; error_log {here}/log;
             events {{}}
             http {{
                 access_log off; client_body_temp_path {here}/temporary; proxy_temp_path {here}/temporary;
                 fastcgi_temp_path {here}/temporary; uwsgi_temp_path {here}/temporary; scgi_temp_path {here}/temporary;
                 types {{ application/json json; }} default_type application/octet-stream;
                 server {{
                     listen 127.0.0.1:{port} ssl; root {root}; {keep_alive} {resumption}
                     ssl_certificate {here}/certificate.pem; ssl_certificate_key {here}/key.pem; {cdn}
                 }}
             }}",
            root = directory.display(),
        );
        write(&of("nginx.conf"), &configuration)?;
        let mut command = Command::new("nginx");
        command.arg("-e").arg(of("log")).arg("-c").arg(of("nginx.conf")).stderr(Stdio::null());
        let mut nginx = Self { process: command.spawn()?, port, certificate, _state: state };
        for _ in 0..100 {
            if tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_ok() {
                return Ok(nginx);
            }
            if nginx.process.try_wait()?.is_some() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Err("nginx does not listen".into())
    }

    fn url(&self) -> String {
        format!("https://127.0.0.1:{}", self.port)
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn write(path: &PathBuf, text: &str) -> std::io::Result<()> {
    std::fs::File::create(path)?.write_all(text.as_bytes())
}
