//! The secrets: moved from the partition that anybody reads to the one that only root does.

use super::files::FileError;
use super::last_good::{can_be_kept, directory};
use super::partition::{self, Found, for_windows, while_writable};
use super::read::{Checked, check_secrets};
use super::template::secrets_template;
use super::{MAX, Secrets};
use crate::bounded_read::read_bounded;
use crate::durable;
use crate::machine::Paths;
use crate::schema::Setting;

/// The name of their file, beside the last good settings.
const FILE: &str = "secrets.toml";

/// The outcome of moving a file of secrets.
pub(super) enum SecretsMove {
    /// There was none.
    Nothing,
    /// They are kept, and gone from the partition.
    Done,
    /// It is kept, but stays on the partition.
    Stays(FileError),
    /// It cannot be kept, so it stays; it is used all the same.
    NotKept(Option<FileError>),
    /// It is wrong, so it stays, to be put right.
    Wrong(Checked<Secrets>),
    /// It cannot be read.
    Unreadable(FileError),
}

/// Takes new secrets from the partition; gives all that there are.
pub(super) fn take(paths: &Paths) -> (Secrets, SecretsMove) {
    let kept = kept(paths);
    let file = paths.secrets();
    let content = match partition::read(paths, &file) {
        Found::NoPartition | Found::Nothing => return (kept, SecretsMove::Nothing),
        Found::Unreadable(error) => return (kept, SecretsMove::Unreadable(error)),
        Found::Content(content) => content,
    };
    // What a power cut between overwriting and removing has left: they are kept already.
    if !content.is_empty() && content.iter().all(|byte| *byte == 0) {
        let removed = while_writable(&paths.settings_partition(), || wiped(paths));
        return (kept, removed.map_or_else(SecretsMove::Stays, |()| SecretsMove::Nothing));
    }
    let mut checked = check_secrets(&content);
    let Some(new) = checked.value.take().filter(|_| checked.warnings.is_empty()) else {
        return (kept, SecretsMove::Wrong(checked));
    };
    if new.is_empty() {
        return (kept, SecretsMove::Nothing);
    }
    let all = kept.renewed(new);
    if !can_be_kept(paths) {
        return (all, SecretsMove::NotKept(None));
    }
    // Only what is safe is wiped.
    let moved = match keep(paths, &all) {
        Err(error) => SecretsMove::NotKept(Some(error)),
        Ok(()) => match while_writable(&paths.settings_partition(), || wiped(paths)) {
            Ok(()) => SecretsMove::Done,
            Err(error) => SecretsMove::Stays(error),
        },
    };
    (all, moved)
}

/// Wipes them, and has a file without any for the next ones.
fn wiped(paths: &Paths) -> Result<(), FileError> {
    partition::wipe(&paths.secrets())?;
    // Without it somebody has to make the next one, which is no reason to say that these are still there.
    let _ = put_template(paths);
    Ok(())
}

/// Puts a file without any there.
pub(super) fn put_template(paths: &Paths) -> Result<(), FileError> {
    Ok(durable::write(&paths.secrets(), for_windows(&secrets_template()).as_bytes(), 0o644)?)
}

/// Those that are kept; none where there are none, or the file is damaged.
fn kept(paths: &Paths) -> Secrets {
    let bytes = read_bounded(&paths.data_settings().join(FILE), MAX).unwrap_or_default();
    check_secrets(&bytes).value.unwrap_or_default()
}

/// Keeps them.
pub(super) fn keep(paths: &Paths, secrets: &Secrets) -> Result<(), FileError> {
    directory(paths)?;
    let Secrets { wifi_passphrase, proxy_user, proxy_password, erp_user, erp_password } = secrets;
    let line = |setting: Setting<_>, value: &Option<String>| {
        // For text, JSON's notation is TOML's too.
        let value = serde_json::Value::from(value.as_deref()?);
        Some(format!("{} = {value}\n", setting.key.path))
    };
    let lines = [
        line(Secrets::wifi_passphrase(), wifi_passphrase),
        line(Secrets::proxy_user(), proxy_user),
        line(Secrets::proxy_password(), proxy_password),
        line(Secrets::erp_user(), erp_user),
        line(Secrets::erp_password(), erp_password),
    ];
    let text: String = lines.into_iter().flatten().collect();
    Ok(durable::write(&paths.data_settings().join(FILE), text.as_bytes(), 0o600)?)
}

/// Keeps new ones besides those that there are.
pub(super) fn add(paths: &Paths, new: Secrets) -> Result<(), FileError> {
    keep(paths, &kept(paths).renewed(new))
}
