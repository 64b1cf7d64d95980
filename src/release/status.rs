//! `status`: what a repository's directory says, and how long it is valid.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::ROLES;
use super::error::ReleaseError;
use super::refresh::expiry;
use super::repository::Repository;
use crate::lang::Text;
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

/// How long before its end a role is warned about, unless somebody says otherwise.
pub(super) fn soon(role: &str) -> SignedDuration {
    SignedDuration::from_hours(match role {
        "timestamp" | "snapshot" => 24,
        _ => 30 * 24,
    })
}

fn keys(repository: &Repository, role: &str) -> (u64, Vec<String>) {
    let (threshold, ids) = match super::standard(role) {
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
            let Text { es, en } = ending(&role.role, role.expires);
            Text::new(format!("aviso: {es}"), format!("warning: {en}"))
        };
        self.roles.iter().filter(ends_soon).map(warning).collect()
    }

    /// For a person.
    pub(super) fn text(&self, now: Timestamp) -> Text {
        let roles = self.roles.iter().map(|status| role(&status.role, status.version, status.expires, now));
        Text::join(roles.chain(self.channels.iter().map(channel)), "")
    }
}

/// When a role ends, and what renews it.
pub(super) fn ending(role: &str, expires: Timestamp) -> Text {
    Text::new(
        format!("el rol {role} caduca el {expires}: workshop-release refresh --role {role}"),
        format!("the role {role} expires on {expires}: workshop-release refresh --role {role}"),
    )
}

/// A role and how long it is still valid, on a line for a person.
pub(super) fn role(name: &str, version: u64, expires: Timestamp, now: Timestamp) -> Text {
    validity(expires, now).map(|left| format!("{name:<10} v{version:<4} {left}\n"))
}

fn validity(expires: Timestamp, now: Timestamp) -> Text {
    let hours = expires.duration_since(now).as_hours();
    if expires <= now {
        return Text::new(format!("caducado desde {expires}"), format!("expired since {expires}"));
    }
    let (days, hours) = (hours / 24, hours % 24);
    Text::new(
        format!("válido {days} d {hours} h más, hasta {expires}"),
        format!("valid for {days} d {hours} h more, until {expires}"),
    )
}

/// A channel, for a person.
pub(super) fn channel(manifest: &Manifest) -> Text {
    let program = part(manifest, Text::fixed("", ""));
    let os = manifest.of_os().map(|os| part(&os, Text::fixed(" (sistema)", " (system)")));
    program.then(&os.unwrap_or_default())
}

fn part(manifest: &Manifest, name: Text<&'static str>) -> Text {
    let none = || Text::new("ninguna", "none");
    let desired = manifest.desired.as_ref().map_or_else(none, |version| Text::same(version.to_string()));
    let Manifest { channel, min_version, .. } = manifest;
    let mut lines = vec![Text::new(
        format!("\n{channel}{}: quiere {}, mínima {min_version}\n", name.es, desired.es),
        format!("\n{channel}{}: wants {}, least {min_version}\n", name.en, desired.en),
    )];
    for release in manifest.releases.iter().rev() {
        let version = release.version.to_string();
        let platforms = release.platforms.iter().map(|(name, binary)| {
            let deltas = binary.deltas.len();
            Text::new(format!("{name} ({deltas} diferencias)"), format!("{name} ({deltas} deltas)"))
        });
        lines.push(Text::join(platforms, ", ").map(|platforms| format!("  {version:<12} {platforms}\n")));
        if let Some(os) = &release.requires_os {
            lines.push(Text::new(format!("    necesita el sistema {os}\n"), format!("    needs the system {os}\n")));
        }
        lines.extend(release.waves.iter().map(|wave| Text::same(format!("    {} {} ‰\n", wave.at, wave.permille))));
    }
    Text::join(lines, "")
}
