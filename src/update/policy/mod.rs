//! What a box does about its channel's manifest: a pure decision, the same whenever it is asked with the same facts.
//!
//! The goal is the channel's `desired` release, or the one that a technician pinned. What may keep the box
//! from it, the first that applies:
//!
//! | | a newer goal | an older goal |
//! | --- | --- | --- |
//! | authorised | always | `rollback_from` names the running version, or it is the pin |
//! | `hold` | stops it unless ordered | stops it unless ordered |
//! | `min_version`, the platform, the quarantine | stop it | stop it |
//! | `requires_os`, on the USB image | stops it | stops it |
//! | `requires_from` | through stepping stones | skipped |
//! | waves | of the goal, unless ordered | skipped |
//! | window | unless urgent or ordered | skipped |
//!
//! A hold means "do not touch this box", for an operator's rollback and an urgent release too: the person
//! who set it is in front of it. An order ("now") names no version, so it authorises no downgrade; a pin names one, so it does.

mod wave;

use jiff::Timestamp;
use semver::Version;
use thiserror::Error;

use super::manifest::{Binary, Manifest, Release};
use crate::window::WindowState;

pub use wave::place;

/// What a decision depends on: facts about the box, and its technician's override.
pub struct PolicyInput<'a> {
    /// Its id.
    pub box_id: &'a str,
    /// Its target triple.
    pub platform: &'a str,
    /// What it runs.
    pub running: &'a Version,
    /// SHA-256 of that, as [`Binary::raw_sha256`].
    pub running_sha256: &'a str,
    /// The state schema version of its data directory.
    pub state_schema: u32,
    /// The version of the USB image's operating system that runs; `None` where it is another operating system.
    pub os: Option<&'a Version>,
    /// The highest `min_version` that it ever saw in this channel.
    pub floor: Option<&'a Version>,
    /// Whether a binary of this SHA-256 has failed here.
    pub quarantined: &'a dyn Fn(&str) -> bool,
    /// The version that it is to stay on, or go to.
    pub pin: Option<&'a Version>,
    /// Whether it is left as it is.
    pub held: bool,
    /// The trusted time.
    pub now: Timestamp,
    /// Its window, now.
    pub window: WindowState,
    /// Whether a technician asked for it to be done now: neither window nor waves nor hold stop it, all else does.
    pub ordered: bool,
}

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Nothing.
    Nothing(SkipReason),
    /// Take it now.
    Take(Plan),
    /// Take it then, if nothing has changed.
    Later {
        /// What to take.
        plan: Plan,
        /// From when on.
        at: Timestamp,
        /// What it waits for.
        wait: PlanWait,
    },
}

/// A binary to take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Its version.
    pub version: Version,
    /// What it is to the one that runs.
    pub(crate) kind: PlanKind,
    /// Where it comes from: of the box's platform.
    pub binary: Binary,
    /// Whether it is switched to outside of the window too.
    pub(crate) ignores_window: bool,
    /// Whether its state schema version is older than the data directory's: what the newer one added stays
    /// unread, which has to be said.
    pub(crate) has_older_state: bool,
}

/// What a plan is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PlanKind {
    /// To a newer version.
    Update,
    /// To an older one.
    Rollback,
    /// To a version on the way, because the box is too old for the goal.
    SteppingStone {
        /// The goal.
        to: Version,
    },
}

/// What a plan waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlanWait {
    /// The box's wave.
    Wave,
    /// The box's window.
    Window,
}

/// Why nothing is done.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SkipReason {
    /// The box runs the goal.
    #[error("it is up to date")]
    UpToDate,
    /// The channel desires no version.
    #[error("the channel desires no version")]
    ChannelWantsNothing,
    /// The channel desires another version than the pinned one, which runs.
    #[error("it is pinned to {0}")]
    Pinned(Version),
    /// A technician holds it.
    #[error("updates are on hold")]
    Held,
    /// The channel's version is older, and may not replace the one that runs.
    #[error("the channel's {desired} is older than {running}, and no rollback from there")]
    NotDesiredDowngrade {
        /// What the channel desires.
        desired: Version,
        /// What runs.
        running: Version,
    },
    /// The goal is below the lowest version allowed.
    #[error("{version} is below {minimum}, the lowest version allowed")]
    BelowMinimum {
        /// The goal.
        version: Version,
        /// The lowest allowed.
        minimum: Version,
    },
    /// The goal has failed on this box.
    #[error("{0} has failed on this box and is not tried again")]
    Quarantined(Version),
    /// The goal is not made for the box's platform.
    #[error("there is no {version} for {platform}")]
    UnknownPlatform {
        /// The goal.
        version: Version,
        /// The box's target triple.
        platform: String,
    },
    /// The box is too old for the goal, and no release leads there.
    #[error("{version} needs {requires} first, and no release leads there from {running}")]
    NoSteppingStone {
        /// The goal.
        version: Version,
        /// What it needs.
        requires: Version,
        /// What runs.
        running: Version,
    },
    /// The goal needs a newer operating system, which comes first.
    #[error("{version} needs the system's version {requires} first; {running} runs")]
    NeedsOs {
        /// The goal, or the release on the way to it.
        version: Version,
        /// What it needs.
        requires: Version,
        /// What runs.
        running: Version,
    },
    /// No wave of the goal covers the box yet.
    #[error("no wave of {0} includes this box yet")]
    NoWave(Version),
    /// The channel's desired version is not among its releases.
    #[error("the channel desires {0}, which is not among its releases")]
    DesiredMissing(Version),
    /// The pinned version is not among the channel's releases.
    #[error("the pinned {0} is not among the channel's releases")]
    PinMissing(Version),
}

/// What to do about a manifest.
#[must_use]
pub fn decide(manifest: &Manifest, situation: &PolicyInput<'_>) -> Decision {
    decided(manifest, situation).unwrap_or_else(Decision::Nothing)
}

fn decided(manifest: &Manifest, situation: &PolicyInput<'_>) -> Result<Decision, SkipReason> {
    let running = situation.running;
    let goal = goal(manifest, situation)?;
    let version = &goal.version;
    if version == running {
        return Err(match situation.pin {
            Some(pin) if manifest.desired.as_ref() != Some(pin) => SkipReason::Pinned(pin.clone()),
            _ => SkipReason::UpToDate,
        });
    }
    if situation.held && !situation.ordered {
        return Err(SkipReason::Held);
    }
    let minimum = minimum(manifest, situation);
    if version < minimum {
        return Err(SkipReason::BelowMinimum { version: version.clone(), minimum: minimum.clone() });
    }
    let binary = binary(goal, situation)?;
    if binary.raw_sha256 == situation.running_sha256 {
        return Err(SkipReason::UpToDate);
    }
    if (situation.quarantined)(&binary.raw_sha256) {
        return Err(SkipReason::Quarantined(version.clone()));
    }
    if version < running { rollback(goal, binary, situation) } else { update(manifest, goal, situation) }
}

/// The release that the box is to run in the end.
fn goal<'a>(manifest: &'a Manifest, situation: &PolicyInput<'_>) -> Result<&'a Release, SkipReason> {
    if let Some(pin) = situation.pin {
        return manifest.release(pin).ok_or_else(|| SkipReason::PinMissing(pin.clone()));
    }
    let desired = manifest.desired.as_ref().ok_or(SkipReason::ChannelWantsNothing)?;
    manifest.release(desired).ok_or_else(|| SkipReason::DesiredMissing(desired.clone()))
}

/// The lowest version allowed.
fn minimum<'a>(manifest: &'a Manifest, situation: &PolicyInput<'a>) -> &'a Version {
    situation.floor.map_or(&manifest.min_version, |floor| floor.max(&manifest.min_version))
}

fn binary<'a>(release: &'a Release, situation: &PolicyInput<'_>) -> Result<&'a Binary, SkipReason> {
    release.platforms.get(situation.platform).ok_or_else(|| SkipReason::UnknownPlatform {
        version: release.version.clone(),
        platform: situation.platform.to_owned(),
    })
}

/// A program waits for the operating system that it needs, also on its technician's order.
fn fits_os(release: &Release, situation: &PolicyInput<'_>) -> Result<(), SkipReason> {
    match (&release.requires_os, situation.os) {
        (Some(requires), Some(running)) if running < requires => Err(SkipReason::NeedsOs {
            version: release.version.clone(),
            requires: requires.clone(),
            running: running.clone(),
        }),
        _ => Ok(()),
    }
}

fn rollback(goal: &Release, binary: &Binary, situation: &PolicyInput<'_>) -> Result<Decision, SkipReason> {
    let is_pinned = situation.pin == Some(&goal.version);
    fits_os(goal, situation)?;
    if !is_pinned && !goal.rollback_from.contains(situation.running) {
        let (desired, running) = (goal.version.clone(), situation.running.clone());
        return Err(SkipReason::NotDesiredDowngrade { desired, running });
    }
    Ok(Decision::Take(Plan { ignores_window: true, ..plan(goal, binary, PlanKind::Rollback, situation) }))
}

fn update(manifest: &Manifest, goal: &Release, situation: &PolicyInput<'_>) -> Result<Decision, SkipReason> {
    let next = next(manifest, goal, situation)?;
    fits_os(next, situation)?;
    let kind = if next.version == goal.version {
        PlanKind::Update
    } else {
        PlanKind::SteppingStone { to: goal.version.clone() }
    };
    // A stepping stone is a step to the goal: the goal's urgency and waves count.
    let ignores_window = goal.urgent || situation.ordered;
    let plan = Plan { ignores_window, ..plan(next, binary(next, situation)?, kind, situation) };
    if situation.ordered {
        return Ok(Decision::Take(plan));
    }
    let place = place(situation.box_id, &goal.version);
    let since = wave::since(&goal.waves, place).ok_or_else(|| SkipReason::NoWave(goal.version.clone()))?;
    if since > situation.now {
        return Ok(Decision::Later { plan, at: since, wait: PlanWait::Wave });
    }
    Ok(match situation.window {
        WindowState::OpensAt(at) if !ignores_window => Decision::Later { plan, at, wait: PlanWait::Window },
        _ => Decision::Take(plan),
    })
}

fn plan(release: &Release, binary: &Binary, kind: PlanKind, situation: &PolicyInput<'_>) -> Plan {
    Plan {
        version: release.version.clone(),
        kind,
        binary: binary.clone(),
        ignores_window: false,
        has_older_state: release.state_schema < situation.state_schema,
    }
}

/// The release to take first on the way to a newer goal. The newest that can be gone to is the best step: whatever an
/// older one leads to, it leads to as well.
fn next<'a>(manifest: &'a Manifest, goal: &'a Release, situation: &PolicyInput<'_>) -> Result<&'a Release, SkipReason> {
    let mut at = situation.running;
    let mut first = None;
    loop {
        if is_next(goal, at) {
            return Ok(first.unwrap_or(goal));
        }
        let is_step = |release: &&Release| {
            release.version > *at
                && release.version < goal.version
                && is_next(release, at)
                && is_fit(manifest, release, situation)
        };
        let Some(step) = manifest.releases.iter().filter(is_step).max_by_key(|release| &release.version) else {
            return Err(SkipReason::NoSteppingStone {
                version: goal.version.clone(),
                requires: goal.requires_from.clone().unwrap_or_else(|| goal.version.clone()),
                running: situation.running.clone(),
            });
        };
        first = first.or(Some(step));
        at = &step.version;
    }
}

/// Whether a release can be gone to from a version at once.
fn is_next(release: &Release, from: &Version) -> bool {
    release.requires_from.as_ref().is_none_or(|requires| requires <= from)
}

/// Whether a release may run on this box at all.
fn is_fit(manifest: &Manifest, release: &Release, situation: &PolicyInput<'_>) -> bool {
    release.version >= *minimum(manifest, situation)
        && release.platforms.get(situation.platform).is_some_and(|binary| !(situation.quarantined)(&binary.raw_sha256))
}

#[cfg(test)]
mod tests;
