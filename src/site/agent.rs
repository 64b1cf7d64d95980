//! The agent: the script that the pages of a site carry, and what it needs.

use std::sync::LazyLock;

use bytes::Bytes;

use super::asset::{Additions, Asset};
use super::content::{Content, digest_of};
use super::embedded::build_time;
use super::{File, encode, tag};

const SCRIPT: &[u8] = include_bytes!("../../assets/screen-agent/dist/agent.js");
/// Black, without sound.
const AWAKE: &[u8] = include_bytes!("../../assets/screen-agent/awake.mp4");

/// What tells this agent from others.
pub(super) fn version() -> &'static str {
    static VERSION: LazyLock<String> = LazyLock::new(|| digest_of(SCRIPT).chars().take(8).collect());
    &VERSION
}

/// Its files.
pub(crate) struct Agent {
    /// `/_edge/agent.js`.
    pub(crate) script: Asset,
    /// `/_edge/awake.mp4`: many screens that play it do not go to sleep.
    pub(crate) awake: Asset,
}

impl Agent {
    pub(crate) fn new() -> Self {
        let mut script = asset(tag::SCRIPT, SCRIPT);
        if let Some(body) = encode::gzip(SCRIPT) {
            script.add_gzip(body);
        }
        Self { script, awake: asset("/_edge/awake.mp4", AWAKE) }
    }

    /// Whether a request's query asks for the agent that this one is.
    pub(crate) fn is_asked_for(query: Option<&str>) -> bool {
        query.and_then(|query| query.strip_prefix("v=")) == Some(version())
    }
}

fn asset(path: &str, bytes: &'static [u8]) -> Asset {
    let content = Content::Memory(Bytes::from_static(bytes));
    let digest = content.digest();
    let file = File { path: path.into(), content, modified: build_time() };
    Asset::new(file, digest, &Additions { policy: None, tag: None })
}
