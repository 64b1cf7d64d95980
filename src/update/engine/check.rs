//! One look at a repository: what it says, verified, and at what time.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use semver::Version;

use super::failure::Failure;
use crate::update::manifest::Manifest;
use crate::update::repository::{self, Repository};
use crate::update::transport::{Source, Transport};

/// The bucket, and the repositories of USB sticks. All keep their floors in one place, so that none can bring back what
/// another has left behind.
pub(super) struct Sources {
    trust: repository::Settings,
    channel: String,
    bucket: Transport,
    /// The bucket's repository, as the last look left it.
    known: Option<Repository>,
}

/// What a repository says.
pub(super) struct Checked {
    pub(super) manifest: Arc<Manifest>,
    /// The trusted time.
    pub(super) now: SystemTime,
    /// What is behind the manifest's names.
    pub(super) repository: Repository,
    pub(super) transport: Transport,
    pub(super) is_bucket: bool,
}

impl Sources {
    pub(super) fn new(trust: repository::Settings, channel: String, bucket: Transport) -> Self {
        Self { trust, channel, bucket, known: None }
    }

    /// Asks the bucket, or the repository in a directory. The bucket's metadata are read again after the latter, and
    /// after a check that was dropped.
    pub(super) fn check(&mut self, from: Option<PathBuf>) -> impl Future<Output = Result<Checked, Failure>> + use<> {
        let known = self.known.take();
        let (trust, channel, bucket) = (self.trust.clone(), self.channel.clone(), self.bucket.clone());
        async move {
            let Some(directory) = from else {
                let repository = match known {
                    Some(known) => known,
                    None => Repository::open(&trust, bucket.clone())?,
                };
                let checked = look(repository, bucket.clone(), &channel, true).await;
                if checked.is_err() {
                    bucket.rest();
                }
                return checked;
            };
            let transport = Transport::new(Source::Directory(directory.clone()))?;
            let looked = look(Repository::open(&trust, transport.clone())?, transport, &channel, false).await;
            looked.map_err(|failure| {
                let Failure { kind, detail } = failure.of_a_directory();
                Failure::new(kind, format!("{}: {detail}", directory.display()))
            })
        }
    }

    /// The lowest version that the channel allows, as it last said.
    pub(super) fn min_version(&self) -> Result<Option<Version>, Failure> {
        if let Some(known) = &self.known {
            return Ok(known.min_version(&self.channel));
        }
        Ok(Repository::open(&self.trust, self.bucket.clone())?.min_version(&self.channel))
    }

    /// Keeps what the bucket has said, so that it need not say it again.
    pub(super) fn keep(&mut self, checked: Checked) {
        self.known = checked.is_bucket.then_some(checked.repository);
        self.bucket.rest();
    }
}

async fn look(
    mut repository: Repository,
    transport: Transport,
    channel: &str,
    is_bucket: bool,
) -> Result<Checked, Failure> {
    let now = repository.trusted_time(SystemTime::now());
    repository.refresh(now).await?;
    let manifest = repository.manifest(channel, now).await?;
    Ok(Checked { manifest, now, repository, transport, is_bucket })
}
