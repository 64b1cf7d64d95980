//! Metadata as somebody with the keys of a role makes it, who says what the publisher's program would refuse to say.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use ring::digest::{SHA256, digest};
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use serde_json::{Value, json};

use crate::repository::TestRepository;

/// No two forgeries have the same version: a box does not look at one that it knows.
static NEXT: AtomicU64 = AtomicU64::new(1000);

/// Changes a repository; what lists a changed file is signed again too.
pub(super) struct Forge<'a>(pub(super) &'a TestRepository);

impl Forge<'_> {
    /// The next version of a role, and of what pins it.
    pub(super) fn change(&self, role: &str, edit: impl FnOnce(&mut Value)) {
        self.change_by(&[role], role, edit);
    }

    /// The same, signed with the keys of these roles.
    pub(super) fn change_by(&self, signers: &[&str], role: &str, edit: impl FnOnce(&mut Value)) {
        let mut signed = self.newest(role)["signed"].take();
        let above = signed["version"].as_u64().expect("a version") + 1;
        signed["version"] = json!(above.max(NEXT.fetch_add(1, Ordering::Relaxed)));
        edit(&mut signed);
        self.put(role, &signed, signers);
    }

    /// The repository says the same, in newer words than any before.
    pub(super) fn supersede(&self) {
        for role in ["stable", "targets"] {
            self.change(role, |_| {});
        }
    }

    /// Puts a role in the repository, signed with the keys of these roles.
    fn put(&self, role: &str, signed: &Value, signers: &[&str]) {
        let version = &signed["version"];
        let bytes = self.sign(signed, signers);
        let name = if role == "timestamp" { "timestamp.json".into() } else { format!("{version}.{role}.json") };
        self.write(&format!("metadata/{name}"), &bytes);
        let pin = json!({ "version": version, "length": bytes.len(), "hashes": { "sha256": sha256(&bytes) } });
        match role {
            "timestamp" => {}
            "snapshot" => self.change("timestamp", |signed| signed["meta"]["snapshot.json"] = pin),
            role => self.change("snapshot", |signed| signed["meta"][format!("{role}.json")] = pin),
        }
    }

    /// A version of a role that was published once is pinned again, by newer metadata.
    pub(super) fn bring_back(&self, role: &str, version: u64) {
        let bytes = self.read(&format!("metadata/{version}.{role}.json"));
        let pin = json!({ "version": version, "length": bytes.len(), "hashes": { "sha256": sha256(&bytes) } });
        let by = if role == "snapshot" { "timestamp" } else { "snapshot" };
        self.change(by, |signed| signed["meta"][format!("{role}.json")] = pin);
    }

    /// Another manifest in `stable`, and in its role whatever else.
    pub(super) fn manifest(&self, edit: impl FnOnce(&mut Value), also: impl FnOnce(&mut Value)) {
        let target = &self.newest("stable")["signed"]["targets"]["stable.manifest.json"];
        let sha256 = target["hashes"]["sha256"].as_str().expect("a digest").to_owned();
        let mut manifest: Value =
            serde_json::from_slice(&self.read(&format!("targets/{sha256}.stable.manifest.json"))).expect("JSON");
        edit(&mut manifest);
        let target = self.target("stable.manifest.json", manifest.to_string().as_bytes());
        self.change("stable", |signed| {
            signed["targets"]["stable.manifest.json"] = target;
            also(signed);
        });
    }

    /// Puts a target in the repository, and gives what a role says of it.
    pub(super) fn target(&self, name: &str, bytes: &[u8]) -> Value {
        let sha256 = sha256(bytes);
        self.write(&format!("targets/{sha256}.{name}"), bytes);
        json!({ "length": bytes.len(), "hashes": { "sha256": sha256 } })
    }

    /// The newest version of a role that the timestamp leads to.
    pub(super) fn newest(&self, role: &str) -> Value {
        let read = |name: &str| serde_json::from_slice::<Value>(&self.read(&format!("metadata/{name}"))).expect("JSON");
        let timestamp = read("timestamp.json");
        let pinned =
            |by: &Value, role: &str| format!("{}.{role}.json", by["signed"]["meta"][format!("{role}.json")]["version"]);
        match role {
            "timestamp" => timestamp,
            "snapshot" => read(&pinned(&timestamp, "snapshot")),
            role => read(&pinned(&read(&pinned(&timestamp, "snapshot")), role)),
        }
    }

    /// The version of that.
    pub(super) fn version(&self, role: &str) -> u64 {
        self.newest(role)["signed"]["version"].as_u64().expect("a version")
    }

    /// A metadata file with the signatures of these roles' keys of today.
    pub(super) fn sign(&self, signed: &Value, signers: &[&str]) -> Vec<u8> {
        let keys: toml::Table =
            fs::read_to_string(self.0.keys().join("keys.toml")).expect("read").parse().expect("TOML");
        // Sorted and without spaces, of ASCII alone: canonical JSON.
        let content = signed.to_string();
        let signatures: Vec<Value> = signers
            .iter()
            .map(|role| {
                let file = keys[*role]["keys"][0].as_str().expect("a file");
                let text = fs::read_to_string(self.0.keys().join(file)).expect("a key");
                let pem = pem::parse(text).expect("PEM");
                let key = Ed25519KeyPair::from_pkcs8_maybe_unchecked(pem.contents()).expect("a key");
                let public = hex::encode(key.public_key());
                let sig = hex::encode(key.sign(content.as_bytes()));
                let named = json!({ "keytype": "ed25519", "keyval": { "public": public }, "scheme": "ed25519" });
                json!({ "keyid": sha256(named.to_string().as_bytes()), "sig": sig })
            })
            .collect();
        json!({ "signatures": signatures, "signed": signed }).to_string().into_bytes()
    }

    pub(super) fn read(&self, path: &str) -> Vec<u8> {
        let path = self.path(path);
        fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// Puts a file in the place of what is there.
    pub(super) fn write(&self, path: &str, bytes: &[u8]) {
        let path = self.path(path);
        let fresh = path.with_extension("fresh");
        fs::write(&fresh, bytes).expect("written");
        fs::rename(fresh, path).expect("in its place");
    }

    /// The only file in a folder whose name has this in it.
    pub(super) fn find(&self, folder: &str, part: &str) -> String {
        let names = fs::read_dir(self.path(folder)).expect("a folder");
        let names = names.map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8"));
        let found: Vec<String> = names.filter(|name| name.contains(part)).collect();
        assert_eq!(found.len(), 1, "{part}: {found:?}");
        format!("{folder}/{}", found[0])
    }

    pub(super) fn path(&self, path: &str) -> PathBuf {
        self.0.directory().join(path)
    }
}

pub(super) fn sha256(bytes: &[u8]) -> String {
    hex::encode(digest(&SHA256, bytes))
}
