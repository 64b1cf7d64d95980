//! `status`: what a repository's directory says, and how long it is valid.

use std::fmt::Write as _;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::ROLES;
use super::error::ReleaseError;
use super::refresh::expiry;
use super::repository::Repository;
use crate::lang::{Lang, Text};
use crate::update::manifest::Manifest;

/// A repository at a glance.
#[derive(Debug, Serialize)]
pub(super) struct Status {
    pub(super) roles: Vec<RoleStatus>,
    pub(super) channels: Vec<Manifest>,
}

/// A role at a glance.
#[derive(Debug, Serialize)]
pub(super) struct RoleStatus {
    pub(super) role: String,
    pub(super) version: u64,
    pub(super) expires: Timestamp,
    pub(super) expired: bool,
    /// How many signatures it takes.
    pub(super) threshold: u64,
    pub(super) keyids: Vec<String>,
}

/// Looks at a repository.
pub(super) fn status(repository: &Repository, now: Timestamp) -> Result<Status, ReleaseError> {
    let mut roles = Vec::new();
    for role in ROLES {
        let version = match role {
            "root" => repository.root.version(),
            "targets" => repository.targets.version(),
            "snapshot" => repository.snapshot.version(),
            "timestamp" => repository.timestamp.version(),
            channel => repository.channels.get(channel).map_or(0, super::repository::Published::version),
        };
        let (threshold, keyids) = keys(repository, role);
        let expires = expiry(repository, role).unwrap_or(Timestamp::UNIX_EPOCH);
        roles.push(RoleStatus { role: role.into(), version, expires, expired: expires <= now, threshold, keyids });
    }
    let channels =
        super::CHANNELS.iter().map(|channel| repository.manifest(channel).cloned()).collect::<Result<_, _>>()?;
    Ok(Status { roles, channels })
}

/// How long before its end a role is warned about.
fn soon(role: &str) -> SignedDuration {
    SignedDuration::from_hours(match role {
        "timestamp" | "snapshot" => 24,
        _ => 30 * 24,
    })
}

fn keys(repository: &Repository, role: &str) -> (u64, Vec<String>) {
    let (threshold, ids) = match super::draft::standard(role) {
        Some(kind) => match repository.root.role.signed.roles.get(&kind) {
            Some(keys) => (keys.threshold.get(), keys.keyids.as_slice()),
            None => (0, [].as_slice()),
        },
        None => match repository.delegations().and_then(|all| all.roles.iter().find(|other| other.name == role)) {
            Some(delegated) => (delegated.threshold.get(), delegated.keyids.as_slice()),
            None => (0, [].as_slice()),
        },
    };
    (threshold, ids.iter().map(hex::encode).collect())
}

impl Status {
    /// The roles that end soon, and which no cron job signs again.
    pub(super) fn warnings(&self, now: Timestamp) -> Vec<Text> {
        let ends_soon = |role: &&RoleStatus| role.expires.duration_since(now) < soon(&role.role);
        let warning = |role: &RoleStatus| {
            let (name, expires) = (&role.role, role.expires);
            Text::new(
                format!("aviso: el rol {name} caduca el {expires}: workshop-release refresh --role {name}"),
                format!("warning: the role {name} expires on {expires}: workshop-release refresh --role {name}"),
            )
        };
        self.roles.iter().filter(ends_soon).map(warning).collect()
    }

    /// For a person.
    pub(super) fn text(&self, now: Timestamp, lang: Lang) -> String {
        let mut text = String::new();
        for role in &self.roles {
            let left = validity(role.expires, now, lang);
            let _ = writeln!(text, "{:<10} v{:<4} {left}", role.role, role.version);
        }
        for manifest in &self.channels {
            text.push_str(&channel(manifest, lang));
        }
        text
    }
}

/// How long something is still valid, for a person.
pub(super) fn validity(expires: Timestamp, now: Timestamp, lang: Lang) -> String {
    let hours = expires.duration_since(now).as_hours();
    if expires <= now {
        return lang.pick(format!("caducado desde {expires}"), format!("expired since {expires}"));
    }
    let (days, hours) = (hours / 24, hours % 24);
    lang.pick(
        format!("válido {days} d {hours} h más, hasta {expires}"),
        format!("valid for {days} d {hours} h more, until {expires}"),
    )
}

/// A channel, for a person.
pub(super) fn channel(manifest: &Manifest, lang: Lang) -> String {
    let mut text = part(manifest, "", lang);
    if let Some(os) = manifest.of_os() {
        text.push_str(&part(&os, lang.pick(" (sistema)", " (system)"), lang));
    }
    text
}

fn part(manifest: &Manifest, name: &str, lang: Lang) -> String {
    let none = || lang.pick("ninguna", "none").to_owned();
    let desired = manifest.desired.as_ref().map_or_else(none, ToString::to_string);
    let wants = lang.pick("quiere", "wants");
    let least = lang.pick("mínima", "least");
    let mut text = format!("\n{}{name}: {wants} {desired}, {least} {}\n", manifest.channel, manifest.min_version);
    for release in manifest.releases.iter().rev() {
        let platforms: Vec<_> = release
            .platforms
            .iter()
            .map(|(name, binary)| {
                let deltas = binary.deltas.len();
                lang.pick(format!("{name} ({deltas} diferencias)"), format!("{name} ({deltas} deltas)"))
            })
            .collect();
        let _ = writeln!(text, "  {:<12} {}", release.version.to_string(), platforms.join(", "));
        if let Some(os) = &release.requires_os {
            let needs = lang.pick("necesita el sistema", "needs the system");
            let _ = writeln!(text, "    {needs} {os}");
        }
        for wave in &release.waves {
            let _ = writeln!(text, "    {} {} ‰", wave.at, wave.permille);
        }
    }
    text
}
