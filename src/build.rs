//! Facts fixed when the binary is built: which `dist` it embeds, from which commit,
//! for which target, and when.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let root = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR")?);

    println!("cargo:rerun-if-env-changed=WORKSHOP_DIST");
    let dist = match std::env::var_os("WORKSHOP_DIST") {
        Some(dist) => root.join(dist),
        None => root.join("assets/workshop-monitor/dist"),
    };
    if !dist.join("index.html").is_file() {
        return Err(format!(
            "{} has no index.html: build the display first (just display), or name another dist with WORKSHOP_DIST",
            dist.display()
        )
        .into());
    }
    println!("cargo:rerun-if-changed={}", dist.display());
    println!("cargo:rustc-env=WORKSHOP_EDGE_DIST={}", dist.display());

    // A release says its number when it is built; what is built in passing has the package's.
    println!("cargo:rerun-if-env-changed=WORKSHOP_EDGE_VERSION");
    let version = std::env::var("WORKSHOP_EDGE_VERSION").or_else(|_| std::env::var("CARGO_PKG_VERSION"))?;
    println!("cargo:rustc-env=WORKSHOP_EDGE_VERSION={version}");

    update(&root)?;

    let target = std::env::var("TARGET")?;
    println!("cargo:rustc-env=WORKSHOP_EDGE_TARGET={target}");
    if target == "x86_64-unknown-linux-musl" {
        // A static program relocates itself: 370 KB of relocations become 10. The linkers for other machines cannot all do it.
        println!("cargo:rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
    println!("cargo:rerun-if-env-changed=WORKSHOP_EDGE_COMMIT");
    let commit = std::env::var("WORKSHOP_EDGE_COMMIT")
        .ok()
        .or_else(|| git(&["rev-parse", "--short=12", "HEAD"]))
        .unwrap_or_else(|| "unknown".into());
    println!("cargo:rustc-env=WORKSHOP_EDGE_COMMIT={commit}");

    // Reproducible: the commit's time, not the wall clock's (reproducible-builds.org,
    // SOURCE_DATE_EPOCH). It is the embedded site's Last-Modified and the lower bound of
    // trusted time.
    println!("cargo:rerun-if-env-changed=SOURCE_DATE_EPOCH");
    let epoch = match std::env::var("SOURCE_DATE_EPOCH").ok().or_else(|| git(&["log", "-1", "--format=%ct"])) {
        Some(seconds) => seconds.parse::<u64>()?,
        None => SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs(),
    };
    println!("cargo:rustc-env=WORKSHOP_EDGE_BUILD_EPOCH={epoch}");
    // A debug build may carry the commit of its last rebuild; a release build must not.
    if std::env::var("PROFILE")? == "release" && root.join(".git/HEAD").exists() {
        println!("cargo:rerun-if-changed=.git/HEAD");
        println!("cargo:rerun-if-changed=.git/refs/heads");
    }
    Ok(())
}

/// Where updates come from, and what they are trusted by; both are empty where the builder gives none.
#[expect(clippy::disallowed_methods, reason = "a build that is interrupted is made again, of files of its own")]
fn update(root: &Path) -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo:rerun-if-env-changed=WORKSHOP_UPDATE_URL");
    println!("cargo:rustc-env=WORKSHOP_UPDATE_URL={}", std::env::var("WORKSHOP_UPDATE_URL").unwrap_or_default());

    println!("cargo:rerun-if-env-changed=WORKSHOP_UPDATE_ROOT");
    let trusted = match std::env::var_os("WORKSHOP_UPDATE_ROOT") {
        Some(file) => {
            let file = root.join(file);
            println!("cargo:rerun-if-changed={}", file.display());
            std::fs::read(&file).map_err(|error| format!("WORKSHOP_UPDATE_ROOT: {}: {error}", file.display()))?
        }
        None => Vec::new(),
    };
    std::fs::write(PathBuf::from(std::env::var("OUT_DIR")?).join("update-root.json"), trusted)?;
    Ok(())
}

fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let text = text.trim();
    (output.status.success() && !text.is_empty()).then(|| text.to_owned())
}
