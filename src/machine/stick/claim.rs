//! Which stick is being handled: never two, and the remains of one are not mistaken for another's.

use std::io::ErrorKind;
use std::path::Path;

use super::{StickError, mount};
use crate::bounded_read::{self, read_text_bounded};
use crate::durable::{self, Lock};
use crate::machine::{Paths, notices};

/// Holds the mount point of sticks.
#[derive(Debug)]
pub(crate) struct MountClaim {
    _one: Lock,
}

impl MountClaim {
    /// Claims it for a stick. The mount of an earlier one is removed first.
    pub(crate) fn take(paths: &Paths, device: &Path) -> Result<Self, StickError> {
        if mount::is_own_disk(paths.root(), device) {
            return Err(StickError::OwnDisk { device: device.to_owned() });
        }
        let one = Lock::take(&paths.run_stick_lock())?.ok_or(StickError::Another)?;
        match holder(paths)? {
            Some(before) if before != text(device) && is_there(&before) => return Err(StickError::Another),
            Some(_) => remove_stale(paths)?,
            None => {}
        }
        durable::write(&paths.run_stick_holder(), text(device).as_bytes(), 0o644)?;
        Ok(Self { _one: one })
    }

    /// Takes away what a stick that was pulled out has left behind; nothing, where another holds the place.
    pub(crate) fn release(paths: &Paths, device: &Path) -> Result<bool, StickError> {
        if holder(paths)?.is_none_or(|holder| holder != text(device)) {
            return Ok(false);
        }
        remove_stale(paths)?;
        Ok(true)
    }
}

fn remove_stale(paths: &Paths) -> Result<(), StickError> {
    // The appliance looks for the bucket of a stick here: it goes before what it leads to does.
    durable::remove(&paths.run_stick())?;
    mount::unmount_stale(&paths.stick())?;
    super::pending::refuse(paths)?;
    notices::clear(&paths.run_notices(), super::SUBJECT)
        .map_err(|error| StickError::at("clear the notice in", &paths.run_notices())(std::io::Error::other(error)))?;
    durable::remove(&paths.run_stick_holder())?;
    Ok(())
}

fn holder(paths: &Paths) -> Result<Option<String>, StickError> {
    let path = paths.run_stick_holder();
    match read_text_bounded(&path, bounded_read::SHORT) {
        Ok(device) => Ok(Some(device)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(source) => Err(StickError::at("read", &path)(source)),
    }
}

fn text(device: &Path) -> String {
    device.display().to_string()
}

fn is_there(device: &str) -> bool {
    Path::new(device).exists()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::lang::Text;
    use crate::machine::notices::{Level, Notice};

    #[test]
    fn one_stick_at_a_time_and_what_one_leaves_is_taken_away() {
        let root = tempfile::tempdir().expect("a directory");
        let paths = Paths::below(root.path());
        let (first, second) = (root.path().join("a"), root.path().join("b"));
        fs::create_dir(&first).expect("plugged in");
        let claim = MountClaim::take(&paths, &first).expect("claimed");
        assert!(matches!(MountClaim::take(&paths, &second), Err(StickError::Another)));
        drop(claim);
        assert!(matches!(MountClaim::take(&paths, &second), Err(StickError::Another)), "the first is still in");
        let notice = Notice { level: Level::Info, text: Text::new("a", "b") };
        notices::put(&paths.run_notices(), "stick", &notice).expect("written");
        assert!(!MountClaim::release(&paths, &second).expect("not its own"));
        assert_eq!(notices::read_all(&paths.run_notices()).by_subject.len(), 1);
        assert!(MountClaim::release(&paths, &first).expect("released"));
        assert!(notices::read_all(&paths.run_notices()).by_subject.is_empty());
        drop(MountClaim::take(&paths, &first).expect("claimed"));
        fs::remove_dir(&first).expect("pulled out without a word");
        MountClaim::take(&paths, &second).expect("claimed");
    }
}
