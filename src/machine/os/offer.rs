//! The appliance's offer, verified by root: the same rules as the appliance's own, with a trust and a floor that only
//! root can write.
//!
//! The offer lies in a directory of the appliance's. Its two directories are opened once, without following a link
//! anywhere on the way, and everything is read through them: whatever the appliance does to the paths meanwhile, it is
//! the same directories. Their files are opened without following links either, and read no further than is signed.

use std::os::fd::{AsRawFd as _, OwnedFd};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use jiff::Timestamp;
use rustix::fs::{CWD, Mode, OFlags, ResolveFlags, openat2};
use semver::Version;
use toml::de::DeTable;

use super::OsError;
use crate::bounded_read::{read_bounded, read_text_bounded};
use crate::digest::Sha256;
use crate::machine::{Paths, os_variant};
use crate::update::manifest::{MAX_OS, os_platform};
use crate::update::policy::{self, Decision, PlanKind, PolicyInput};
use crate::update::repository::{Repository, Settings, Target};
use crate::update::transport::{Source, Transport};
use crate::window::WindowState;

/// Bytes of the configuration, and of a root.
const MAX: u64 = 1 << 20;

/// What the settings say of the trust, as far as root needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Trust {
    channel: String,
    root: Vec<u8>,
}

/// A version that may be installed.
pub(super) struct Offer {
    pub(super) version: Version,
    /// Whether it is an older one.
    pub(super) is_rollback: bool,
    target: Target,
    transport: Transport,
    /// Kept open: the transport reads through them.
    _directories: [OwnedFd; 2],
}

impl Trust {
    /// What the configuration that root itself has made says, or else the program: `root` is the one that it was built
    /// with.
    pub(super) fn of(paths: &Paths, root: &[u8]) -> Result<Self, OsError> {
        let path = paths.run_config();
        let wrong = |why: String| OsError::Settings { path: path.clone(), why };
        let text = match read_text_bounded(&path, MAX) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            text => text.map_err(OsError::file("read", &path))?,
        };
        let settings = DeTable::parse(&text).map_err(|error| wrong(error.message().to_owned()))?;
        let update = settings.get_ref().get("update").and_then(|update| update.get_ref().as_table());
        let value = |key: &str| update.and_then(|update| update.get(key)).and_then(|value| value.get_ref().as_str());
        let root = match value("trusted_root") {
            Some(file) => {
                let file = Path::new(file);
                read_bounded(file, MAX).map_err(OsError::file("read", file))?
            }
            None => root.to_owned(),
        };
        Ok(Self { channel: value("channel").unwrap_or("stable").to_owned(), root })
    }
}

/// Verifies what is offered: a version that the signed manifest wants of this machine, as [`policy::decide`] has it.
/// Neither wave nor window matter: they are no matter of trust, and the appliance has asked.
pub(super) async fn verified(
    paths: &Paths,
    trust: &Trust,
    running: &Version,
    running_sha256: &str,
    quarantined: &dyn Fn(&str) -> bool,
) -> Result<Offer, OsError> {
    let metadata = directory(&paths.offered_metadata())?;
    let targets = directory(&paths.offered_targets())?;
    let transport =
        Transport::with_sources(Source::Directory(through(&metadata)), Source::Directory(through(&targets)))?;
    let settings = Settings::under(paths.data_os().join("trust"), trust.root.clone());
    let mut repository = Repository::open(&settings, transport.clone())?;
    let now = repository.trusted_time(SystemTime::now());
    repository.refresh(now).await?;
    let manifest = repository.manifest(&trust.channel, now).await?;
    let manifest = manifest.of_os().ok_or(OsError::NoSystem)?;
    let floor = repository.min_version_of_os(&trust.channel);
    let platform = os_platform(os_variant(paths).as_deref());
    let decision = policy::decide(
        &manifest,
        &PolicyInput {
            box_id: "",
            platform: &platform,
            running,
            running_sha256,
            state_schema: 0,
            os: None,
            floor: floor.as_ref(),
            quarantined,
            pin: None,
            held: false,
            now: Timestamp::try_from(now).unwrap_or(Timestamp::UNIX_EPOCH),
            window: WindowState::Open,
            ordered: true,
        },
    );
    let plan = match decision {
        Decision::Take(plan) | Decision::Later { plan, .. } => plan,
        Decision::Nothing(why) => return Err(OsError::NotWanted(Box::new(why))),
    };
    let target = repository.target(&trust.channel, &plan.binary.full)?;
    let not = |why: &str| OsError::NotSigned { version: plan.version.clone(), why: why.to_owned() };
    if target.sha256 != plan.binary.raw_sha256 || target.length != plan.binary.raw_size {
        return Err(not("its role and the manifest contradict each other"));
    }
    if target.length > MAX_OS {
        return Err(not("it is larger than a system may be"));
    }
    let is_rollback = plan.kind == PlanKind::Rollback;
    Ok(Offer { version: plan.version, is_rollback, target, transport, _directories: [metadata, targets] })
}

impl Offer {
    /// SHA-256 of the file.
    pub(super) fn sha256(&self) -> &str {
        &self.target.sha256
    }

    /// Its bytes.
    pub(super) fn length(&self) -> u64 {
        self.target.length
    }

    /// Reads it through, and hands on its bytes; an error unless they are those that were signed.
    pub(super) async fn read(&self, mut each: impl FnMut(&[u8]) -> Result<(), OsError>) -> Result<(), OsError> {
        let not = |why: String| OsError::NotSigned { version: self.version.clone(), why };
        let mut body = self.transport.target(&self.target.path, 0, None).await?;
        let (mut digest, mut length) = (Sha256::new(), 0_u64);
        while let Some(piece) = body.next().await? {
            length = length.saturating_add(piece.len() as u64);
            if length > self.target.length {
                return Err(not(format!("it has more than {} bytes", self.target.length)));
            }
            digest.update(&piece);
            each(&piece)?;
        }
        if length != self.target.length {
            return Err(not(format!("it has {length} bytes, not {}", self.target.length)));
        }
        if digest.finish() != self.target.sha256 {
            return Err(not("its digest differs".to_owned()));
        }
        Ok(())
    }
}

/// Opens a directory to which no link leads.
fn directory(path: &Path) -> Result<OwnedFd, OsError> {
    let flags = OFlags::DIRECTORY | OFlags::CLOEXEC | OFlags::RDONLY;
    openat2(CWD, path, flags, Mode::empty(), ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS)
        .map_err(std::io::Error::from)
        .map_err(OsError::file("open the directory", path))
}

/// The path through an open directory (proc(5)).
fn through(directory: &OwnedFd) -> PathBuf {
    PathBuf::from(format!("/proc/self/fd/{}", directory.as_raw_fd()))
}
