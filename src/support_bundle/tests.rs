use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;

use super::*;
use crate::lang::Lang;

fn given(data_dir: PathBuf) -> BundleInputs {
    let nothing = || Err("no box runs".to_owned());
    BundleInputs {
        id: "0123456789abcdef".into(),
        data_dir,
        status: Ok(b"{}".to_vec()),
        health: nothing(),
        updates: nothing(),
        config: Ok(b"[]".to_vec()),
        log: nothing(),
        journal: nothing(),
    }
}

/// The files of a bundle, by their names below its folder.
fn unpacked(bundle: &Bundle) -> BTreeMap<String, Vec<u8>> {
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(&bundle.bytes[..]));
    let folder = bundle.name.strip_suffix(".tar.gz").expect("its suffix").to_owned() + "/";
    archive
        .entries()
        .expect("an archive")
        .map(|entry| {
            let mut entry = entry.expect("an entry");
            let path = entry.path().expect("a path").to_str().expect("text").to_owned();
            let mut content = Vec::new();
            entry.read_to_end(&mut content).expect("its content");
            (path.strip_prefix(&folder).expect("in the folder").to_owned(), content)
        })
        .collect()
}

#[test]
fn the_manifest_lists_every_file_and_what_is_missing() {
    let directory = tempfile::tempdir().expect("a directory");
    fs::create_dir(directory.path().join("panics")).expect("a directory");
    fs::write(directory.path().join("panics/1700000000000.txt"), "it panicked").expect("a file");
    let bundle = gather(given(directory.path().to_owned())).expect("packed");
    let files = unpacked(&bundle);
    let manifest = String::from_utf8(files["MANIFEST.txt"].clone()).expect("text");
    for name in files.keys().filter(|name| *name != "MANIFEST.txt") {
        assert_eq!(manifest.matches(&format!("    {name}  ")).count(), 2, "{name} in both languages");
    }
    assert!(manifest.contains("health.json  no está: no box runs"), "{manifest}");
    assert!(manifest.contains("health.json  not there: no box runs"));
    for lang in [Lang::Es, Lang::En] {
        for line in contents() {
            let line = line.pick(lang);
            assert!(manifest.contains(&format!("* {line}\n")), "{line}");
        }
    }
    assert_eq!(files["panics/1700000000000.txt"], b"it panicked");
    assert_eq!(files["status.json"], b"{}");
    assert!(!files.contains_key("health.json"));
    assert_eq!(file_name(&bundle.bytes), bundle.name);
    assert_eq!(file_name(b"no bundle"), "workshop-edge.tar.gz");
}

#[test]
fn secrets_stay_where_they_are() {
    let directory = tempfile::tempdir().expect("a directory");
    for (file, secret) in [
        ("admin/pin", "73105928"),
        ("admin/pin-hash", "$argon2id$v=19$secret"),
        ("tls/key.pem", "-----BEGIN PRIVATE KEY-----"),
        ("erp-account.0", "{\"user\":\"tv@erp.example\",\"password\":\"s3creta\"}"),
    ] {
        let path = directory.path().join(file);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
        fs::write(path, secret).expect("a file");
    }
    let files = unpacked(&gather(given(directory.path().to_owned())).expect("packed"));
    let listing = String::from_utf8(files["state/files.txt"].clone()).expect("text");
    assert!(listing.contains("/admin/pin-hash\n"), "{listing}");
    for (name, content) in &files {
        let text = String::from_utf8_lossy(content);
        for secret in ["73105928", "$argon2id$", "PRIVATE KEY", "tv@erp.example", "s3creta"] {
            assert!(!text.contains(secret), "{secret} in {name}");
        }
    }
}

/// Noise, which no compression makes smaller.
fn noise(length: usize) -> Vec<u8> {
    let mut noise = vec![0; length];
    getrandom::fill(&mut noise).expect("noise");
    noise
}

#[test]
fn it_is_never_larger_than_its_bound() {
    let directory = tempfile::tempdir().expect("a directory");
    fs::create_dir(directory.path().join("panics")).expect("a directory");
    let huge = 3 * 1024 * 1024;
    for number in 0..20 {
        let text: String = noise(huge).iter().map(|byte| char::from(b' ' + byte % 95)).collect();
        fs::write(directory.path().join(format!("panics/{number}.txt")), text).expect("a file");
    }
    let bundle = gather(BundleInputs {
        status: Ok(noise(huge)),
        health: Ok(noise(huge)),
        updates: Ok(noise(huge)),
        config: Ok(noise(huge)),
        log: Ok(noise(huge)),
        journal: Ok(noise(huge)),
        ..given(directory.path().to_owned())
    })
    .expect("packed");
    assert!(bundle.bytes.len() <= MAX_BYTES, "{}", bundle.bytes.len());
    assert!(bundle.bytes.len() > 4_000_000, "the bound is used: {}", bundle.bytes.len());
    let manifest = String::from_utf8(unpacked(&bundle)["MANIFEST.txt"].clone()).expect("text");
    assert!(manifest.contains("the first ") && manifest.contains("the last "), "{manifest}");
}
