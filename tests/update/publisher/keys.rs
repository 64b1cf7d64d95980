//! Keys of every form, and other keys for a role.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::releases::files;
use super::tuf::Client;
use crate::programs::Program;
use crate::repository::TestRepository;
use crate::support::run;

pub(super) fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

/// Replaces a role's section in `keys.toml`.
pub(super) fn set(repository: &TestRepository, role: &str, section: &str) {
    let path = repository.keys().join("keys.toml");
    let all = std::fs::read_to_string(&path).expect("keys.toml");
    let (before, rest) = all.split_once(&format!("[{role}]\n")).expect("a section");
    let after = rest.split_once("\n\n").map_or("", |(_, after)| after);
    std::fs::write(&path, format!("{before}[{role}]\n{section}\n\n{after}")).expect("written");
}

/// A repository whose roles are all changed to keys of this kind, which python-tuf and the box accept.
fn with_keys(make: &[&str], form: &str) {
    let repository = TestRepository::new();
    let client = Client::of(&repository);
    client.refresh();
    for role in ["targets", "stable", "staging", "snapshot", "timestamp"] {
        let (pem, name) = (repository.keys().join("made.pem"), format!("{role}-other.{form}"));
        let key = repository.keys().join(&name);
        run("openssl", &[&["genpkey", "-out", text(&pem)], make].concat());
        run("openssl", &["pkcs8", "-topk8", "-nocrypt", "-in", text(&pem), "-outform", form, "-out", text(&key)]);
        set(&repository, role, &format!("keys = [\"{name}\"]\nretired = [\"{role}.pem\"]"));
        repository.order(&["rotate", role]);
        client.refresh();
    }
    repository.publish("staging", "1.0.0", &Program::new("1.0.0").build());
    client.refresh();
    // Somebody who trusts no more than the first root arrives too.
    Client::of(&repository).refresh();
    let output = repository.run_verify();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn ed25519_in_pem_and_der() {
    with_keys(&["-algorithm", "ed25519"], "pem");
    with_keys(&["-algorithm", "ed25519"], "der");
}

#[test]
fn p256_in_pem_and_der() {
    let make = ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"];
    with_keys(&make, "pem");
    with_keys(&make, "der");
}

#[test]
fn rsa_in_pem_and_der() {
    let make = ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"];
    with_keys(&make, "pem");
    with_keys(&make, "der");
}

#[test]
fn a_program_signs_with_a_key_that_nobody_sees() {
    let repository = TestRepository::new();
    let client = Client::of(&repository);
    client.refresh();
    let keys = repository.keys();
    let key = keys.join("hidden.pem");
    for (number, (make, options)) in [
        (&["-algorithm", "ed25519"][..], "-rawin"),
        (&["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"], "-rawin -digest sha256"),
        (
            &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
            "-rawin -digest sha256 -pkeyopt rsa_padding_mode:pss -pkeyopt rsa_pss_saltlen:32",
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let (hidden, public) = (keys.join(format!("hidden-{number}.pem")), keys.join(format!("public-{number}.pem")));
        run("openssl", &[&["genpkey", "-out", text(&hidden)], make].concat());
        run("openssl", &["pkey", "-in", text(&hidden), "-pubout", "-out", text(&public)]);
        // The one writes bytes, the other digits.
        let form = if number == 0 { "cat" } else { "od -An -v -tx1 | tr -d ' \\n'" };
        let script = keys.join(format!("sign-{number}"));
        let body = format!(
            "#!/bin/sh\nset -e\nt=$(mktemp)\ntrap 'rm -f $t' EXIT\ncat >$t\nopenssl pkeyutl -sign -inkey {} {options} -in $t | {form}\n",
            text(&hidden)
        );
        std::fs::write(&script, body).expect("written");
        std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).expect("executable");
        let old = if number == 0 {
            "\"timestamp.pem\"".to_owned()
        } else {
            format!("{{ command = [\"./sign-{}\"], public = \"public-{}.pem\" }}", number - 1, number - 1)
        };
        let new = format!("{{ command = [\"./sign-{number}\"], public = \"public-{number}.pem\" }}");
        set(&repository, "timestamp", &format!("keys = [{new}]\nretired = [{old}]"));
        repository.order(&["rotate", "timestamp"]);
        client.refresh();
        repository.refresh(&["--expires", &format!("timestamp={}d", 30 + number)]);
        client.refresh();
    }
    // One that signs with another key than it says.
    std::fs::copy(keys.join("targets.pem"), &key).expect("copied");
    let before = files(&repository.directory());
    let command = format!("timestamp=cmd:{}:openssl rand 64", text(&keys.join("public-0.pem")));
    set(&repository, "timestamp", "keys = [{ command = [\"openssl\", \"rand\", \"256\"], public = \"public-2.pem\" }]");
    let said = repository.refused(&["refresh", "--expires", "timestamp=60d"]);
    assert!(said.contains("the signature of openssl rand 256 does not fit its public key"), "{said}");
    let said = repository.refused(&["refresh", "--expires", "timestamp=60d", "--key", &command]);
    assert!(said.contains("the role timestamp lacks signatures"), "{said}");
    let failing = format!("timestamp=cmd:{}:false", text(&keys.join("public-2.pem")));
    let said = repository.refused(&["refresh", "--expires", "timestamp=60d", "--key", &failing]);
    assert!(said.contains("the external signer false failed"), "{said}");
    assert_eq!(files(&repository.directory()), before);
}

#[test]
fn every_role_is_rotated_under_clients_that_know_the_old_keys() {
    let repository = TestRepository::new();
    repository.publish("staging", "1.0.0", &Program::new("1.0.0").build());
    repository.promote(&[]);
    let client = Client::of(&repository);
    client.refresh();
    for (role, files) in [
        ("timestamp", &["timestamp.json", "2.root.json"][..]),
        ("snapshot", &["snapshot.json", "timestamp.json", "3.root.json"]),
        ("targets", &["targets.json", "snapshot.json", "timestamp.json", "4.root.json"]),
        ("stable", &["targets.json", "stable.json", "snapshot.json", "timestamp.json"]),
        ("staging", &["targets.json", "staging.json", "snapshot.json", "timestamp.json"]),
        ("root", &["5.root.json"]),
    ] {
        let answer = repository.rotate(role);
        let uploads: Vec<_> = answer["uploads"]
            .as_array()
            .expect("uploads")
            .iter()
            .map(|upload| upload["path"].as_str().expect("a path"))
            .collect();
        let fits = uploads.iter().zip(files).all(|(upload, file)| upload.ends_with(file));
        assert!(fits && uploads.len() == files.len(), "{role}: {uploads:?}");
        assert_eq!(answer["notes"].as_array().map(Vec::len), Some(0), "{answer}");
        client.refresh();
        Client::of(&repository).refresh();
        assert!(repository.run_verify().status.success(), "{role}");
    }
    // The retired keys are not needed any more.
    for role in ["timestamp", "snapshot", "targets", "stable", "staging"] {
        std::fs::remove_file(repository.keys().join(format!("{role}.pem"))).expect("removed");
    }
    repository.publish("staging", "1.1.0", &Program::new("1.1.0").build());
    client.refresh();
    repository.promote(&[]);
    client.refresh();
}

/// A rotation is a chain: a box that has only the first root and sees half of it must still get in.
#[test]
fn a_rotation_has_no_moment_at_which_a_client_finds_a_signature_missing() {
    for role in ["timestamp", "snapshot", "targets"] {
        let repository = TestRepository::new();
        let client = Client::of(&repository);
        client.refresh();
        repository.rotate(role);
        let root = repository.directory().join("metadata/2.root.json");
        let aside = repository.directory().join("2.root.json");
        // Uploaded last, so this is what there is just before.
        std::fs::rename(&root, &aside).expect("moved");
        client.refresh();
        std::fs::rename(&aside, &root).expect("moved");
        client.refresh();
    }
}

#[test]
fn a_lost_key_is_replaced_by_the_root_alone() {
    let repository = TestRepository::new();
    let client = Client::of(&repository);
    client.refresh();
    let keys = repository.keys();
    std::fs::remove_file(keys.join("timestamp.pem")).expect("lost");
    run("openssl", &["genpkey", "-algorithm", "ed25519", "-out", text(&keys.join("next.pem"))]);
    set(&repository, "timestamp", "keys = [\"next.pem\"]");
    let answer = repository.order(&["rotate", "timestamp"]);
    let uploads: Vec<_> =
        answer["uploads"].as_array().expect("uploads").iter().map(|upload| upload["path"].clone()).collect();
    assert_eq!(uploads, ["metadata/2.root.json", "metadata/timestamp.json"]);
    assert!(answer["notes"].to_string().contains("boxes take nothing"), "{answer}");
    client.refresh();
    Client::of(&repository).refresh();

    // Interrupted between the two, the same command completes it.
    let other = TestRepository::new();
    let old = std::fs::read(other.directory().join("metadata/timestamp.json")).expect("readable");
    std::fs::remove_file(other.keys().join("timestamp.pem")).expect("lost");
    std::fs::copy(keys.join("next.pem"), other.keys().join("next.pem")).expect("copied");
    set(&other, "timestamp", "keys = [\"next.pem\"]");
    other.order(&["rotate", "timestamp"]);
    std::fs::write(other.directory().join("metadata/timestamp.json"), old).expect("as before");
    assert!(Client::of(&other).rejected().contains("timestamp"));
    let again = other.order(&["rotate", "timestamp"]);
    assert_eq!(again["uploads"].as_array().expect("uploads").len(), 1);
    Client::of(&other).refresh();
}

#[test]
fn a_root_wants_two_of_its_three_keys() {
    let repository = TestRepository::new();
    let keys = repository.keys();
    let away = |name: &str| std::fs::rename(keys.join(name), keys.join(format!("{name}.away"))).expect("moved");
    away("root-3.pem");
    repository.refresh(&["--role", "root", "--expires", "root=900d"]);
    Client::of(&repository).refresh();
    away("root-2.pem");
    let said = repository.refused(&["refresh", "--role", "root", "--expires", "root=1000d"]);
    assert!(said.contains("the role root lacks signatures"), "{said}");
}

#[test]
fn fresh_keys_are_for_their_owner_alone() {
    let repository = TestRepository::new();
    let mut keys = 0;
    for entry in std::fs::read_dir(repository.keys()).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.extension().is_some_and(|extension| extension == "pem") {
            keys += 1;
            assert_eq!(std::fs::metadata(&path).expect("metadata").permissions().mode() & 0o777, 0o600);
            // OpenSSL reads what was made.
            run("openssl", &["pkey", "-in", text(&path), "-noout", "-check"]);
        }
    }
    assert_eq!(keys, 8);
}
