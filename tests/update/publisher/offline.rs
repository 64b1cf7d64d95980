//! Roles whose keys lie on several machines, none of which the repository is on.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

use super::keys::{set, text};
use super::releases::files;
use super::tuf::Client;
use crate::programs::Program;
use crate::repository::TestRepository;
use crate::support::run;

/// Machines of people, each with a key that leaves it never.
struct Machines(TempDir);

impl Machines {
    /// Moves these keys of a repository there; what stays is their public halves.
    fn take(repository: &TestRepository, keys: &[&str]) -> Self {
        let machines = Self(tempfile::tempdir().expect("a directory"));
        for key in keys {
            let there = machines.key(key);
            std::fs::rename(repository.keys().join(format!("{key}.pem")), &there).expect("moved");
            let public = repository.keys().join(format!("{key}.pub.pem"));
            run("openssl", &["pkey", "-in", text(&there), "-pubout", "-out", text(&public)]);
        }
        machines
    }

    fn key(&self, name: &str) -> PathBuf {
        self.0.path().join(format!("{name}.pem"))
    }

    /// A file that is not there yet.
    fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Has a copy of a file signed where a key is.
    fn signed(&self, role: &str, key: &str, file: &Path) -> PathBuf {
        let copy = self.file(&format!("{key}.{role}.json"));
        std::fs::copy(file, &copy).expect("copied");
        let output = sign(role, &copy, &format!("{role}={}", text(&self.key(key))), &["--json"]);
        assert!(output.status.success(), "{output:?}");
        copy
    }
}

/// Runs `sign`, with a key of this form.
fn sign(role: &str, file: &Path, key: &str, options: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_workshop-release"));
    command.args(["sign", role, text(file), "--key", key]).args(options);
    command.env("LC_ALL", "C").output().expect("it can be started")
}

fn publics(names: &[&str]) -> String {
    names.iter().map(|name| format!("{{ public = \"{name}.pub.pem\" }}")).collect::<Vec<_>>().join(", ")
}

/// Asks for signatures, which changes nothing else.
fn to_sign(repository: &TestRepository, command: &[&str], file: &Path) -> Value {
    let before = files(&repository.directory());
    let answer = repository.order(&[command, &["--to-sign", text(file)]].concat());
    assert_eq!((&answer["changed"], files(&repository.directory())), (&false.into(), before));
    answer["to_sign"]["role"].clone()
}

fn with_signed<'a>(command: &[&'a str], files: &'a [PathBuf]) -> Vec<&'a str> {
    command.iter().copied().chain(files.iter().flat_map(|file| ["--signed", text(file)])).collect()
}

#[test]
fn people_with_a_root_key_each_rotate_without_bringing_them_together() {
    let repository = TestRepository::new();
    let client = Client::of(&repository);
    client.refresh();
    let machines = Machines::take(&repository, &["root-1", "root-2", "root-3"]);
    set(&repository, "root", &format!("threshold = 2\nkeys = [{}]", publics(&["root-1", "root-2", "root-3"])));
    repository.next_key("timestamp");
    let rotate = ["rotate", "timestamp"];
    let unsigned = machines.file("root.json");
    assert_eq!(to_sign(&repository, &rotate, &unsigned), "root");

    let copies = ["root-1", "root-3"].map(|key| machines.signed("root", key, &unsigned));
    let said = repository.refused(&with_signed(&rotate, &copies[..1]));
    assert!(said.contains("the role root lacks signatures"), "{said}");
    let answer = repository.order(&with_signed(&rotate, &copies));
    let uploads: Vec<_> = answer["uploads"].as_array().expect("uploads").iter().map(|one| &one["path"]).collect();
    assert_eq!(uploads, ["metadata/timestamp.json", "metadata/2.root.json"]);
    client.refresh();
    Client::of(&repository).refresh();
    assert!(repository.run_verify().status.success());
    assert_eq!(repository.order(&with_signed(&rotate, &copies))["changed"], false);

    // One of them gets another key, which both the old root's holders and the new one's sign.
    run("openssl", &["genpkey", "-algorithm", "ed25519", "-out", text(&repository.keys().join("root-4.pem"))]);
    let fourth = Machines::take(&repository, &["root-4"]);
    let keys = publics(&["root-4", "root-2", "root-3"]);
    set(&repository, "root", &format!("threshold = 2\nkeys = [{keys}]\nretired = [{}]", publics(&["root-1"])));
    let rotate = ["rotate", "root"];
    std::fs::remove_file(&unsigned).expect("done with");
    assert_eq!(to_sign(&repository, &rotate, &unsigned), "root");
    // As the README has it: a bare name.
    let directory = machines.0.path();
    let mut command = Command::new(env!("CARGO_BIN_EXE_workshop-release"));
    command.args(["sign", "root", "root.json", "--key", "root=root-1.pem"]).current_dir(directory);
    let output = command.output().expect("it can be started");
    assert!(output.status.success(), "{output:?}");
    let copies = [
        machines.signed("root", "root-1", &unsigned),
        machines.signed("root", "root-2", &unsigned),
        fourth.signed("root", "root-4", &unsigned),
    ];
    // Two keys of the old root, and one of the new.
    let said = repository.refused(&with_signed(&rotate, &copies[..2]));
    assert!(said.contains("the role root lacks signatures"), "{said}");
    repository.order(&with_signed(&rotate, &copies));
    client.refresh();
    Client::of(&repository).refresh();
}

#[test]
fn a_channel_is_signed_where_its_key_is() {
    let repository = TestRepository::new();
    repository.publish("staging", "1.0.0", &Program::new("1.0.0").build());
    let client = Client::of(&repository);
    let machines = Machines::take(&repository, &["stable"]);
    set(&repository, "stable", &format!("keys = [{}]", publics(&["stable"])));
    let (promote, file) = (["promote", "--wave", "2030-01-01T20:00Z=1000"], machines.file("stable.json"));
    assert_eq!(to_sign(&repository, &promote, &file), "stable");

    // Whoever has the key sees first what it is about.
    let key = format!("stable={}", text(&machines.key("stable")));
    let before = std::fs::read(&file).expect("readable");
    let seen = sign("stable", &file, &key, &["--dry-run"]);
    let said = String::from_utf8(seen.stdout).expect("text");
    for words in ["stable v2, until ", "  workshop-edge-1.0.0-", " B  sha256 ", "Signed by:\n  nobody\n"] {
        assert!(said.contains(words), "{words}: {said}");
    }
    assert_eq!(std::fs::read(&file).expect("readable"), before);
    let signed = sign("stable", &file, &key, &["--json"]);
    let signed: Value = serde_json::from_slice(&signed.stdout).expect("JSON");
    assert_eq!(signed["added"].as_array().map(Vec::len), Some(1));
    // Once is enough.
    let again: Value = serde_json::from_slice(&sign("stable", &file, &key, &["--json"]).stdout).expect("JSON");
    assert_eq!((&again["signatures"], again["added"].as_array().map(Vec::len)), (&signed["signatures"], Some(0)));

    repository.order(&with_signed(&promote, &[file]));
    client.refresh();
    assert!(repository.run_verify().status.success());
}

#[test]
fn what_was_not_signed_by_the_roles_keys_as_it_is_counts_for_nothing() {
    let repository = TestRepository::new();
    let machines = Machines::take(&repository, &["root-1", "root-2", "root-3"]);
    let keys = format!("threshold = 2\nkeys = [{}]", publics(&["root-1", "root-2", "root-3"]));
    set(&repository, "root", &keys);
    let (refresh, unsigned) = (["refresh", "--role", "root", "--expires", "root=900d"], machines.file("root.json"));
    to_sign(&repository, &refresh, &unsigned);
    let good = machines.signed("root", "root-1", &unsigned);
    let before = files(&repository.directory());
    let refused = |copies: &[PathBuf], words: &str| {
        let said = repository.refused(&with_signed(&refresh, copies));
        assert!(said.contains(words), "{words}: {said}");
        assert_eq!(files(&repository.directory()), before);
    };
    let changed = |name: &str, change: &dyn Fn(&mut Value)| {
        let mut role: Value = serde_json::from_slice(&std::fs::read(&good).expect("readable")).expect("JSON");
        change(&mut role);
        let path = machines.file(name);
        std::fs::write(&path, role.to_string()).expect("written");
        path
    };
    let second = machines.signed("root", "root-2", &unsigned);

    let stranger = machines.key("stranger");
    run("openssl", &["genpkey", "-algorithm", "ed25519", "-out", text(&stranger)]);
    refused(&[good.clone(), machines.signed("root", "stranger", &unsigned)], "lacks signatures");
    // One key, twice; and a signature under another's name, which stands in nobody's way.
    refused(&[good.clone(), good.clone()], "lacks signatures");
    let id = |path: &Path| -> Value {
        let role: Value = serde_json::from_slice(&std::fs::read(path).expect("readable")).expect("JSON");
        role["signatures"][0]["keyid"].clone()
    };
    let forged = changed("forged.json", &|role| role["signatures"][0]["keyid"] = id(&second));
    refused(&[forged.clone(), good.clone()], "lacks signatures");
    let later = changed("later.json", &|role| role["signed"]["expires"] = "2099-01-01T00:00:00Z".into());
    refused(std::slice::from_ref(&later), "lacks signatures");
    refused(&[good.clone(), later], "expire at different times");
    let over = changed("over.json", &|role| role["signed"]["expires"] = "2020-01-01T00:00:00Z".into());
    refused(&[over], "expired on 2020-01-01T00:00:00Z");
    let other = changed("other.json", &|role| role["signed"]["version"] = 3.into());
    refused(&[other], "is not what would be signed now");
    let cut = machines.file("cut.json");
    std::fs::write(&cut, "{\"signed\":").expect("written");
    refused(std::slice::from_ref(&cut), "is not valid");

    let key = format!("root={}", text(&machines.key("root-2")));
    for (role, file, words) in [
        ("stable", &good, "is no role stable"),
        ("root", &cut, "is not valid"),
        ("root", &machines.file("absent.json"), "cannot read"),
    ] {
        let said = String::from_utf8(sign(role, file, &key, &[]).stderr).expect("text");
        assert!(said.contains(words), "{words}: {said}");
    }
    let said = String::from_utf8(sign("root", &good, "root=/nowhere.pem", &[]).stderr).expect("text");
    assert!(said.contains("no key of the role root is at hand"), "{said}");

    repository.order(&with_signed(&refresh, &[good, second, forged]));
    Client::of(&repository).refresh();
}
