use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use ring::digest::{SHA256, digest};
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use serde_json::{Value, json};

/// A repository as the publisher lays it out, with keys of its own: what a test changes in it need not make sense.
pub(crate) struct SmallRepository {
    directory: tempfile::TempDir,
    keys: BTreeMap<String, Ed25519KeyPair>,
    /// Of each role, how long it lasts from now on.
    pub(crate) lasts: BTreeMap<String, Duration>,
    versions: BTreeMap<String, u64>,
    /// Of each channel: its manifest, and its other targets by name.
    pub(crate) channels: BTreeMap<String, (Value, BTreeMap<String, Vec<u8>>)>,
}

const DAY: Duration = Duration::from_secs(86400);

impl SmallRepository {
    /// With the channels `stable` and `staging`, whose manifests want nothing.
    pub(crate) fn new() -> Self {
        let mut repository = Self {
            directory: tempfile::tempdir().expect("a directory"),
            keys: BTreeMap::new(),
            lasts: BTreeMap::new(),
            versions: BTreeMap::new(),
            channels: BTreeMap::new(),
        };
        for role in ["root", "timestamp", "snapshot", "targets", "stable", "staging"] {
            repository.rotate(role);
            repository.versions.insert(role.to_owned(), 0);
        }
        for channel in ["stable", "staging"] {
            // And one that the role lists though nobody delegated it to it.
            let of = |name: String| (name, channel.as_bytes().to_vec());
            let targets = BTreeMap::from([of(format!("workshop-edge-1.0.0-{channel}.zst")), of("stray".to_owned())]);
            repository.channels.insert(channel.to_owned(), (manifest(channel, "1.0.0"), targets));
        }
        repository.publish_root();
        repository.publish();
        repository
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    /// A file of its metadata.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.path().join("metadata").join(name)
    }

    /// The first root, which boxes start from.
    pub(crate) fn root(&self) -> Vec<u8> {
        fs::read(self.file("1.root.json")).expect("a root")
    }

    pub(crate) fn version(&self, role: &str) -> u64 {
        self.versions[role]
    }

    /// Another key for a role; the root says so when it is published, and the targets for a channel.
    pub(crate) fn rotate(&mut self, role: &str) {
        let document = Ed25519KeyPair::generate_pkcs8(&ring::rand::SystemRandom::new()).expect("a key");
        self.keys.insert(role.to_owned(), Ed25519KeyPair::from_pkcs8(document.as_ref()).expect("a key"));
    }

    pub(crate) fn publish_root(&mut self) {
        let of = |role: &str| json!({ "keyids": [self.key_id(role)], "threshold": 1 });
        let roles = ["root", "timestamp", "snapshot", "targets"];
        let keys: serde_json::Map<_, _> = roles.iter().map(|role| (self.key_id(role), self.key(role))).collect();
        let roles: serde_json::Map<_, _> = roles.iter().map(|role| ((*role).to_owned(), of(role))).collect();
        let root = json!({ "_type": "root", "consistent_snapshot": true, "keys": keys, "roles": roles });
        let version = self.next("root");
        self.write("root", &format!("{version}.root.json"), root);
    }

    /// New versions of all but the root.
    pub(crate) fn publish(&mut self) {
        for channel in ["stable", "staging"] {
            self.publish_channel(channel);
        }
        self.publish_top();
    }

    pub(crate) fn publish_channel(&mut self, channel: &str) {
        let (manifest, others) = self.channels[channel].clone();
        let mut targets = serde_json::Map::new();
        let manifest = (format!("{channel}.manifest.json"), serde_json::to_vec(&manifest).expect("JSON"));
        for (name, content) in others.into_iter().chain([manifest]) {
            let hash = hex::encode(digest(&SHA256, &content));
            let path = self.path().join("targets").join(format!("{hash}.{name}"));
            fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
            fs::write(path, &content).expect("written");
            targets.insert(name, json!({ "length": content.len(), "hashes": { "sha256": hash } }));
        }
        let version = self.next(channel);
        let role = json!({ "_type": "targets", "targets": targets });
        self.write(channel, &format!("{version}.{channel}.json"), role);
    }

    pub(crate) fn publish_top(&mut self) {
        let channels = ["stable", "staging"];
        let keys: serde_json::Map<_, _> = channels.iter().map(|name| (self.key_id(name), self.key(name))).collect();
        let role = |name: &str| {
            json!({ "name": name, "keyids": [self.key_id(name)], "threshold": 1, "terminating": false,
                    "paths": [format!("{name}.manifest.json"), "workshop-edge-*"] })
        };
        let delegations = json!({ "keys": keys, "roles": channels.map(role) });
        let targets = json!({ "_type": "targets", "targets": {}, "delegations": delegations });
        let version = self.next("targets");
        self.write("targets", &format!("{version}.targets.json"), targets);
        let pin = |role: &str| (format!("{role}.json"), json!({ "version": self.versions[role] }));
        let meta: serde_json::Map<_, _> = ["targets", "stable", "staging"].into_iter().map(pin).collect();
        let version = self.next("snapshot");
        self.write("snapshot", &format!("{version}.snapshot.json"), json!({ "_type": "snapshot", "meta": meta }));
        self.publish_timestamp();
    }

    pub(crate) fn publish_timestamp(&mut self) {
        let meta = json!({ "snapshot.json": { "version": self.versions["snapshot"] } });
        self.next("timestamp");
        self.write("timestamp", "timestamp.json", json!({ "_type": "timestamp", "meta": meta }));
    }

    /// The next version of a role is its first.
    pub(crate) fn restart(&mut self, role: &str) {
        self.versions.insert(role.to_owned(), 0);
    }

    fn next(&mut self, role: &str) -> u64 {
        let version = self.versions.get_mut(role).expect("a role");
        *version += 1;
        *version
    }

    fn write(&self, role: &str, name: &str, mut signed: Value) {
        let expires = SystemTime::now() + self.lasts.get(role).copied().unwrap_or(30 * DAY);
        let expires = jiff::Timestamp::try_from(expires).expect("a time").strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        signed["spec_version"] = json!("1.0.31");
        signed["version"] = json!(self.versions[role]);
        signed["expires"] = json!(expires);
        let bytes = sigstore_tuf::canonical_json::to_canonical_bytes(&signed).expect("JSON");
        let signature = hex::encode(self.keys[role].sign(&bytes));
        let file = json!({ "signed": signed, "signatures": [{ "keyid": self.key_id(role), "sig": signature }] });
        fs::create_dir_all(self.path().join("metadata")).expect("a directory");
        fs::write(self.file(name), serde_json::to_vec(&file).expect("JSON")).expect("written");
    }

    fn public(&self, role: &str) -> String {
        hex::encode(self.keys[role].public_key())
    }

    fn key_id(&self, role: &str) -> String {
        hex::encode(digest(&SHA256, self.public(role).as_bytes()))
    }

    fn key(&self, role: &str) -> Value {
        json!({ "keytype": "ed25519", "scheme": "ed25519", "keyval": { "public": self.public(role) } })
    }
}

/// A manifest that wants nothing of the boxes.
pub(crate) fn manifest(channel: &str, min_version: &str) -> Value {
    json!({ "schema": 1, "channel": channel, "desired": null, "min_version": min_version, "releases": [] })
}
