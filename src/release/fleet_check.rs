//! `fleet-check`: what of a published repository needs a person, before the boxes notice.
//!
//! `verify` says whether boxes would take what the channels want now. This looks at what that leaves out: what is about
//! to end, what boxes may yet be sent to, and channels that have lost their order.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::error::ReleaseError;
use super::os::Part;
use super::status;
use super::verify::{self, BoxView, Verification};
use super::{CHANNELS, web};
use crate::error_chain;
use crate::lang::Text;
use crate::update::manifest::Manifest;
use crate::update::repository::{RepositoryError, Target};

/// What to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FleetCheck {
    pub(super) of: Verification,
    /// How many days before its end a role is told of; as many as suit the role if omitted.
    pub(super) days: Option<u16>,
}

/// What was found.
#[derive(Debug, Default, Serialize)]
pub(super) struct Report {
    findings: Vec<Finding>,
    /// How many targets were read.
    targets: usize,
}

#[derive(Debug, Serialize)]
struct Finding {
    kind: Kind,
    /// A role, a channel, the path of a target, or the repository's address.
    place: String,
    message: Text,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Expiry,
    Repository,
    Channel,
    Target,
}

/// Looks at a repository.
pub(super) fn fleet_check(order: &FleetCheck, now: Timestamp) -> Result<Report, ReleaseError> {
    let mut view = verify::open(&order.of)?;
    let mut report = Report::default();
    web::block_on(async {
        look(&mut view, &order.of.from, now, &mut report).await;
        Ok(())
    })?;
    for role in view.roles() {
        let margin = order
            .days
            .map_or_else(|| status::soon(&role.name), |days| SignedDuration::from_hours(24 * i64::from(days)));
        if role.expires.duration_since(now) < margin {
            report.add_ending(&role.name, role.expires);
        }
    }
    Ok(report)
}

async fn look(view: &mut BoxView, from: &str, now: Timestamp, report: &mut Report) {
    if let Err(error) = view.repository.refresh(now.into()).await {
        let detail = error_chain(&error);
        let message = Text::new(
            format!(
                "los equipos no aceptan nada de {from}; compruebe el servidor, o suba otra vez el repositorio: {detail}"
            ),
            format!("boxes accept nothing of {from}; check the server, or upload the repository again: {detail}"),
        );
        return report.add_failure(&error, Kind::Repository, from, message);
    }
    let mut manifests = Vec::new();
    for channel in CHANNELS {
        match view.repository.manifest(channel, now.into()).await {
            Ok(manifest) => manifests.push(manifest),
            Err(error) => {
                let detail = error_chain(&error);
                let message = Text::new(
                    format!(
                        "los equipos no aceptan nada del canal {channel} de {from}; suba otra vez el repositorio: {detail}"
                    ),
                    format!(
                        "boxes accept nothing of the channel {channel} of {from}; upload the repository again: {detail}"
                    ),
                );
                report.add_failure(&error, Kind::Channel, channel, message);
            }
        }
    }
    if let [stable, staging] = manifests.as_slice() {
        for part in [Part::Program, Part::Os] {
            report.compare(&part.or_empty(stable), &part.or_empty(staging), part);
        }
    }
    let mut read = BTreeSet::new();
    for manifest in &manifests {
        for name in targets(manifest) {
            match view.repository.target(&manifest.channel, &name) {
                Err(error) => report.add_unlisted(&manifest.channel, &name, &error),
                Ok(target) => {
                    // Both channels list the same files.
                    if read.insert(target.path.clone()) && !report.read(view, from, &target).await {
                        return;
                    }
                }
            }
        }
    }
}

/// The targets that a channel may send boxes to.
fn targets(manifest: &Manifest) -> Vec<String> {
    let os = manifest.of_os();
    let releases = manifest.releases.iter().chain(os.iter().flat_map(|os| &os.releases));
    let binaries = releases.flat_map(|release| release.platforms.values());
    binaries
        .flat_map(|binary| std::iter::once(&binary.full).chain(binary.deltas.iter().map(|delta| &delta.target)))
        .cloned()
        .collect()
}

impl Report {
    /// Whether nobody has to do anything.
    pub(super) fn is_good(&self) -> bool {
        self.findings.is_empty()
    }

    /// For a person.
    pub(super) fn text(&self) -> Text {
        if self.is_good() {
            let targets = self.targets;
            return Text::new(
                format!("todo bien; archivos de targets/ leídos: {targets}\n"),
                format!("all is well; files of targets/ that were read: {targets}\n"),
            );
        }
        Text::join(self.findings.iter().map(|finding| finding.message.map(|message| format!("{message}\n"))), "")
    }

    /// Says it once: a root that has ended was accepted, and is also why boxes take nothing.
    fn add(&mut self, kind: Kind, place: &str, message: Text) {
        if !self.findings.iter().any(|known| known.kind == kind && known.place == place) {
            self.findings.push(Finding { kind, place: place.to_owned(), message });
        }
    }

    fn add_ending(&mut self, role: &str, expires: Timestamp) {
        let Text { es, en } = status::ending(role, expires);
        // It may have been renewed, and not uploaded.
        let message = Text::new(format!("{es}, y suba el repositorio"), format!("{en}, and upload the repository"));
        self.add(Kind::Expiry, role, message);
    }

    fn add_failure(&mut self, error: &RepositoryError, kind: Kind, place: &str, message: Text) {
        match error {
            RepositoryError::Expired { role, since } => self.add_ending(role, *since),
            _ => self.add(kind, place, message),
        }
    }

    fn add_unlisted(&mut self, channel: &str, name: &str, error: &RepositoryError) {
        let detail = error_chain(error);
        let message = Text::new(
            format!("el canal {channel} ofrece {name}, que su rol no firma; publique esa versión otra vez: {detail}"),
            format!(
                "the channel {channel} offers {name}, which its role does not sign; publish that version again: {detail}"
            ),
        );
        self.add(Kind::Target, name, message);
    }

    /// Nothing goes to all boxes before it was tried: `staging` is never behind `stable`, once it is used at all.
    fn compare(&mut self, stable: &Manifest, staging: &Manifest, part: Part) {
        let (Some(wanted), Some(tried)) = (&stable.desired, &staging.desired) else { return };
        if wanted <= tried {
            return;
        }
        let (system, option) = match part {
            Part::Program => (Text::fixed("", ""), ""),
            Part::Os => (Text::fixed(" del sistema", " of the system"), " --os"),
        };
        let given_up = staging.release(tried).is_some_and(|release| release.rollback_from.contains(wanted));
        let action = if given_up {
            Text::new(
                format!(
                    "staging ha vuelto de ella; que vuelva también stable: workshop-release rollback --channel stable{option}"
                ),
                format!(
                    "staging went back from it; have stable go back, too: workshop-release rollback --channel stable{option}"
                ),
            )
        } else {
            Text::new(
                format!("désela también a staging: workshop-release promote --from stable --to staging{option}"),
                format!("give it to staging, too: workshop-release promote --from stable --to staging{option}"),
            )
        };
        let message = Text::new(
            format!(
                "el canal stable quiere la versión {wanted}{} y staging la {tried}, anterior; {}",
                system.es, action.es
            ),
            format!(
                "the channel stable wants version {wanted}{} and staging {tried}, an older one; {}",
                system.en, action.en
            ),
        );
        self.add(Kind::Channel, &format!("staging{option}"), message);
    }

    /// Reads a target; `false` when the server does not give it, and would hold up the others, too.
    async fn read(&mut self, view: &BoxView, from: &str, target: &Target) -> bool {
        let Target { path, length, sha256 } = target;
        let place = format!("targets/{path}");
        let message = match web::digest(&view.transport, path, *length).await {
            Ok(Some(found)) if found == *sha256 => {
                self.targets += 1;
                return true;
            }
            Ok(Some(_)) => Text::new(
                format!(
                    "{from} da {place} con otros bytes que los firmados; súbalo otra vez (workshop-release sync), y que las cachés lo olviden"
                ),
                format!(
                    "{from} gives {place} with other bytes than were signed; upload it again (workshop-release sync), and have caches forget it"
                ),
            ),
            Ok(None) => Text::new(
                format!("{from} no tiene {place}; súbalo otra vez (workshop-release sync)"),
                format!("{from} does not have {place}; upload it again (workshop-release sync)"),
            ),
            Err(error) => {
                let detail = error_chain(&error);
                let message = Text::new(
                    format!("{from} no da {place}, ni se han leído los que le siguen; compruebe el servidor: {detail}"),
                    format!(
                        "{from} does not give {place}, and those after it were not read; check the server: {detail}"
                    ),
                );
                self.add(Kind::Target, &place, message);
                return false;
            }
        };
        self.add(Kind::Target, &place, message);
        true
    }
}
