//! `init`: a repository without releases.

use std::path::Path;

use super::ROLES;
use super::change::Change;
use super::draft::{Draft, Signing};
use super::error::{ReleaseError, refuse};
use super::repository::{self, Repository};

/// Makes a repository with these keys. One that is there and has them is left as it is.
pub(super) fn init(directory: &Path, signing: &Signing<'_>) -> Result<Change, ReleaseError> {
    let mut draft = if repository::exists(directory) {
        Draft::of(Repository::read(directory)?)
    } else {
        Draft::empty(directory.to_owned())
    };
    let before = (draft.root.clone(), draft.targets.clone());
    for role in ROLES {
        draft.set_keys(role, &signing.keys.all(role)?, signing.keys.role(role)?.threshold)?;
    }
    if repository::exists(directory) && before != (draft.root.clone(), draft.targets.clone()) {
        return Err(refuse(
            format!(
                "en {} ya hay un repositorio con otras claves: cámbielas con «rotate», o use otro directorio",
                directory.display()
            ),
            format!(
                "{} already holds a repository with other keys: change them with \"rotate\", or use another directory",
                directory.display()
            ),
        ));
    }
    draft.plan(signing)
}
