//! What a person should know about the account and the figures, while both work.

use super::answer::Answer;
use super::credentials::Access;
use super::link::Link;
use super::part::Part;
use super::snapshot::Snapshot;
use super::words;
use crate::lang::Text;

/// The most important first; it looks at the password's file.
pub(crate) fn notices(access: &Access, link: &Link, snapshot: &Snapshot) -> Vec<Text> {
    let role = link.account.as_ref().and_then(|account| words::role_warning(&account.role));
    let value = |part| snapshot.part(part).map(|held| &*held.value);
    let is_zero = value(Part::Dashboard)
        .zip(value(Part::MachineStats))
        .is_some_and(|(dashboard, machines)| Answer::is_oee_zero_with_all_in_use(dashboard, machines));
    let oee = is_zero.then(|| words::OEE_ZERO.into());
    [role, access.password.warning(), oee].into_iter().flatten().collect()
}
