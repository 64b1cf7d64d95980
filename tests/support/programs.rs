use std::path::{Path, PathBuf};
use std::process::Command;

use ring::digest::{SHA256, digest};

/// A test's program: small, static, and with the faults that the test asks for.
const SOURCE: &str = r#"
static BALLAST: &[u8] = include_bytes!(env!("PROGRAM_BALLAST"));

fn forever() -> ! {
    loop {
        std::thread::park();
    }
}

fn main() {
    let order = std::env::args().nth(1).unwrap_or_default();
    // Read, so that it is not optimised away.
    if BALLAST.first() == Some(&0) && order == "ballast" {
        println!("{}", BALLAST.len());
    }
    if order == "--version" {
        match env!("PROGRAM_VERSION_ORDER") {
            "hangs" => forever(),
            said => println!("{said}"),
        }
        return;
    }
    match env!("PROGRAM_SERVES") {
        "exits" => std::process::exit(1),
        "panics" => panic!("a fault at start, {}", env!("PROGRAM_SALT")),
        _ => forever(),
    }
}
"#;

/// The behaviour of a program at `serve`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Serves {
    /// It stays, and serves nothing.
    Nothing,
    /// It ends at once, with the code 1.
    Exits,
    /// It panics at once.
    Panics,
}

/// A program to publish, which is no box: `Program::new("1.2.0").serves(Serves::Panics).build()`.
///
/// It is compiled when it is first asked for, and kept for the next test in the target directory. Two programs with
/// the same settings are the same bytes.
#[derive(Debug, Clone)]
pub(crate) struct Program {
    says: String,
    serves: Serves,
    platform: String,
    salt: String,
    ballast: usize,
}

impl Program {
    /// Says `workshop-edge <version>` when it is asked for its version, and stays without serving anything.
    pub(crate) fn new(version: &str) -> Self {
        Self {
            says: format!("workshop-edge {version}"),
            serves: Serves::Nothing,
            platform: "x86_64-unknown-linux-musl".into(),
            salt: String::new(),
            ballast: 0,
        }
    }

    /// Behaves so at `serve`.
    pub(crate) fn serves(mut self, serves: Serves) -> Self {
        self.serves = serves;
        self
    }

    /// Says something else for `--version`.
    pub(crate) fn says(mut self, line: &str) -> Self {
        self.says = line.into();
        self
    }

    /// Never answers `--version`.
    pub(crate) fn hangs_for_version(self) -> Self {
        self.says("hangs")
    }

    /// For another target triple, whose standard library has to be there; `…-gnu` gives one that is not static.
    pub(crate) fn platform(mut self, triple: &str) -> Self {
        self.platform = triple.into();
        self
    }

    /// The same in other bytes.
    pub(crate) fn salt(mut self, salt: &str) -> Self {
        self.salt = salt.into();
        self
    }

    /// With so many bytes more, which cannot be packed and are the same in all programs.
    pub(crate) fn ballast(mut self, bytes: usize) -> Self {
        self.ballast = bytes;
        self
    }

    /// Its file.
    pub(crate) fn build(&self) -> PathBuf {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("programs");
        let name = hex::encode(digest(&SHA256, format!("{self:?}{SOURCE}").as_bytes()));
        let kept = folder.join(&name);
        if kept.exists() {
            return kept;
        }
        std::fs::create_dir_all(&folder).expect("a directory");
        // Tests run at the same time: each makes its own, and the last one stays.
        let work = tempfile::tempdir_in(&folder).expect("a directory");
        let (source, ballast) = (work.path().join("program.rs"), work.path().join("ballast"));
        std::fs::write(&source, format!("{SOURCE}#[used]\nstatic SALT: &str = {:?};\n", self.salt)).expect("written");
        std::fs::write(&ballast, noise(self.ballast)).expect("written");
        let built = work.path().join("program");
        let mut rustc = Command::new("rustc");
        if self.platform.starts_with("aarch64") {
            rustc.args(["-C", "linker=aarch64-linux-gnu-gcc"]);
        }
        let output = rustc
            .args(["--edition", "2024", "-C", "opt-level=s", "-C", "strip=symbols", "--target", &self.platform, "-o"])
            .args([&built, &source])
            .env("PROGRAM_BALLAST", &ballast)
            .env("PROGRAM_VERSION_ORDER", &self.says)
            .env("PROGRAM_SERVES", format!("{:?}", self.serves).to_lowercase())
            .env("PROGRAM_SALT", &self.salt)
            .output()
            .expect("rustc can be started");
        assert!(output.status.success(), "{self:?}:\n{}", String::from_utf8_lossy(&output.stderr));
        std::fs::rename(&built, &kept).expect("kept");
        kept
    }
}

/// Bytes that no packer makes fewer (xorshift64).
fn noise(bytes: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut noise = Vec::with_capacity(bytes);
    while noise.len() < bytes {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        noise.extend_from_slice(&state.to_le_bytes());
    }
    noise.truncate(bytes);
    noise
}
