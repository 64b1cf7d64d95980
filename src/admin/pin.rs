//! The box's PIN, and the two files that keep it.
//!
//! ```text
//! <directory>/pin        the PIN that the box made, in clear: for root and for the box's own screen
//! <directory>/pin-hash   its hash; the only one of the two that a PIN is checked against
//! ```
//!
//! Where a person has chosen the PIN, there is only its hash. The files are changed in an order that leaves, whenever
//! the power goes, one of: both; `pin` alone (its hash is made again); `pin-hash` alone (a person's); none (a first
//! start). At no moment is there a `pin` beside the hash of another.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use thiserror::Error;

use super::digits::{self, InvalidPin, ValidPin};
use super::hash;
use crate::bounded_read::{self, read_bounded};
use crate::durable::{self, DurableError};

/// Why the PIN cannot be kept or made.
#[derive(Debug, Error)]
pub(crate) enum PinError {
    /// A file.
    #[error("the PIN cannot be kept")]
    Keep(#[from] DurableError),
    /// A file that is there and cannot be read.
    #[error("cannot read {}", path.display())]
    Read { path: PathBuf, source: io::Error },
    /// The kernel has no randomness, or there is no memory for the hash.
    #[error("a PIN cannot be made: {0}")]
    Make(String),
}

/// What is known of the PIN.
#[derive(Debug, Clone, Default)]
struct Stored {
    /// In clear, where the box made it.
    clear: Option<String>,
    /// Its hash; `None` until it is made.
    hash: Option<String>,
}

/// The PIN.
pub(super) struct Pin {
    directory: PathBuf,
    stored: Mutex<Stored>,
    /// Held while a hash is made or checked, so that memory for only one is needed.
    hashing: Mutex<()>,
}

impl Pin {
    /// Reads the PIN; makes one where there is none. The fault, where there is one, leaves a PIN for this run only.
    pub(super) fn load(directory: &Path) -> (Self, Option<PinError>) {
        let (stored, fault) = match read(directory) {
            Ok(stored) if stored.clear.is_some() || stored.hash.is_some() => (stored, None),
            Ok(_) => first(directory, None),
            Err(fault) => first(directory, Some(fault)),
        };
        let pin = Self { directory: directory.to_owned(), stored: Mutex::new(stored), hashing: Mutex::default() };
        (pin, fault)
    }

    /// The PIN in clear; `None` where a person has chosen it.
    pub(super) fn clear(&self) -> Option<String> {
        self.stored().clear.clone()
    }

    /// Makes the hash that is missing. Takes the time of a hash; the fault concerns only the file.
    pub(super) fn ensure_hash(&self) -> Result<(), PinError> {
        let _one = self.hashing.lock().unwrap_or_else(PoisonError::into_inner);
        self.ensure_hash_locked()
    }

    fn ensure_hash_locked(&self) -> Result<(), PinError> {
        let stored = self.stored().clone();
        let (Some(clear), None) = (stored.clear, stored.hash) else { return Ok(()) };
        let made = make_hash(&clear)?;
        self.set(|stored| stored.hash = Some(made.clone()));
        Ok(durable::write(&self.directory.join(HASH), made.as_bytes(), MODE)?)
    }

    /// Whether this is the PIN. Takes the time of a hash.
    pub(super) fn is(&self, attempt: &str) -> bool {
        let _one = self.hashing.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = self.ensure_hash_locked() {
            tracing::warn!(error = %crate::error_chain(&error), "the hash of the PIN");
        }
        let Some(hash) = self.stored().hash.clone() else { return false };
        hash::is_of(&hash, attempt)
    }

    /// Takes the PIN that a person has chosen: from now on, nothing on the box can tell it. Takes the time of a hash.
    /// What cannot be kept does not count: the old one stays valid, as it does on disk.
    pub(super) fn choose(&self, pin: &ValidPin<'_>) -> Result<(), PinError> {
        let _one = self.hashing.lock().unwrap_or_else(PoisonError::into_inner);
        let hash = make_hash(pin.as_str())?;
        // The clear one goes first: it must never exist beside the hash of another.
        durable::remove(&self.directory.join(CLEAR))?;
        durable::write(&self.directory.join(HASH), hash.as_bytes(), MODE)?;
        self.set(|stored| *stored = Stored { clear: None, hash: Some(hash) });
        Ok(())
    }

    /// Makes a new PIN, for people who have forgotten theirs, and gives it. The fault, where there is one, leaves it
    /// for this run only. Takes the time of a hash.
    pub(super) fn renew(&self) -> Result<(String, Option<PinError>), PinError> {
        let _one = self.hashing.lock().unwrap_or_else(PoisonError::into_inner);
        let pin = random()?;
        let kept = durable::remove(&self.directory.join(HASH))
            .and_then(|()| durable::write(&self.directory.join(CLEAR), pin.as_bytes(), MODE));
        self.set(|stored| *stored = Stored { clear: Some(pin.clone()), hash: None });
        let fault = kept.map_err(PinError::from).and_then(|()| self.ensure_hash_locked()).err();
        Ok((pin, fault))
    }

    fn stored(&self) -> std::sync::MutexGuard<'_, Stored> {
        self.stored.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, change: impl FnOnce(&mut Stored)) {
        change(&mut self.stored());
    }
}

/// The file of the PIN in clear.
const CLEAR: &str = "pin";
/// The file of its hash.
const HASH: &str = "pin-hash";
/// For root, or the box's own user.
const MODE: u32 = 0o600;

/// What the files say; what is torn or is none counts as absent.
fn read(directory: &Path) -> Result<Stored, PinError> {
    let clear = read_file(&directory.join(CLEAR))?.filter(|text| digits::check(text) != Err(InvalidPin::Shape));
    let hash = read_file(&directory.join(HASH))?.filter(|text| hash::is_usable(text));
    Ok(Stored { clear, hash })
}

fn read_file(path: &Path) -> Result<Option<String>, PinError> {
    match read_bounded(path, bounded_read::SHORT) {
        Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).trim().to_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(PinError::Read { path: path.to_owned(), source }),
    }
}

/// A first PIN, kept unless the files are already known to be at fault: a PIN that cannot be read must not be
/// replaced by another.
fn first(directory: &Path, fault: Option<PinError>) -> (Stored, Option<PinError>) {
    match random() {
        Ok(pin) => {
            let fault = fault
                .or_else(|| durable::write(&directory.join(CLEAR), pin.as_bytes(), MODE).err().map(PinError::from));
            (Stored { clear: Some(pin), hash: None }, fault)
        }
        // Nobody gets in; the display is served all the same.
        Err(error) => (Stored::default(), Some(error)),
    }
}

fn random() -> Result<String, PinError> {
    digits::random().map_err(|error| PinError::Make(error.to_string()))
}

fn make_hash(pin: &str) -> Result<String, PinError> {
    hash::make(pin).map_err(|error| PinError::Make(error.to_string()))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn loaded(directory: &Path) -> Pin {
        let (pin, fault) = Pin::load(directory);
        assert!(fault.is_none(), "{fault:?}");
        pin
    }

    fn files(directory: &Path) -> (Option<String>, Option<String>) {
        let read = |name| fs::read_to_string(directory.join(name)).ok();
        (read(CLEAR), read(HASH))
    }

    #[test]
    fn the_first_start_makes_one_that_stays() {
        let directory = tempfile::tempdir().expect("a directory");
        let directory = directory.path().join("admin");
        let pin = loaded(&directory);
        let clear = pin.clear().expect("made");
        pin.ensure_hash().expect("kept");
        let (kept, hash) = files(&directory);
        assert_eq!(kept.as_deref(), Some(clear.as_str()));
        assert!(hash.expect("a hash").starts_with("$argon2id$"));
        for name in [CLEAR, HASH] {
            let mode = fs::metadata(directory.join(name)).expect("there").permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{name}");
        }
        assert_eq!(loaded(&directory).clear(), Some(clear.clone()));
        assert!(pin.is(&clear) && !pin.is("00000000") && !pin.is(""));
    }

    #[test]
    fn a_chosen_one_is_known_to_nobody_else() {
        let directory = tempfile::tempdir().expect("a directory");
        let pin = loaded(directory.path());
        let old = pin.clear().expect("made");
        pin.choose(&ValidPin::of("13572468").expect("fit")).expect("kept");
        assert_eq!((pin.clear(), files(directory.path()).0), (None, None));
        let again = loaded(directory.path());
        assert_eq!(again.clear(), None);
        assert!(again.is("13572468") && !again.is(&old));
    }

    #[test]
    fn a_forgotten_one_is_replaced() {
        let directory = tempfile::tempdir().expect("a directory");
        let pin = loaded(directory.path());
        pin.choose(&ValidPin::of("13572468").expect("fit")).expect("kept");
        let (new, fault) = pin.renew().expect("made");
        assert!(fault.is_none());
        assert!(pin.is(&new) && !pin.is("13572468"));
        let again = loaded(directory.path());
        assert_eq!(again.clear(), Some(new.clone()));
        assert!(again.is(&new));
    }

    /// The power may go between any two files.
    #[test]
    fn half_a_pair_heals() {
        let directory = tempfile::tempdir().expect("a directory");
        let at = |name: &str| directory.path().join(name);
        let clear = loaded(directory.path()).clear().expect("made");

        // The clear one alone: a first start or a renewal that was cut off.
        let pin = loaded(directory.path());
        assert!(pin.is(&clear));
        assert!(at(HASH).exists());
        // A torn hash, and one that this box could not afford.
        for torn in ["$argon2id$v=19$m=1", ""] {
            fs::write(at(HASH), torn).expect("torn");
            let pin = loaded(directory.path());
            assert!(pin.is(&clear) && !pin.is("13572468"), "{torn}");
        }
        // A change that was cut off after the clear one went: the old one stays valid.
        fs::remove_file(at(CLEAR)).expect("removed");
        let pin = loaded(directory.path());
        assert_eq!(pin.clear(), None);
        assert!(pin.is(&clear));
        // What is no PIN beside a good hash: a person's.
        fs::write(at(CLEAR), "123").expect("torn");
        assert_eq!(loaded(directory.path()).clear(), None);
        // Neither.
        fs::remove_file(at(HASH)).expect("removed");
        let pin = loaded(directory.path());
        assert!(pin.clear().is_some_and(|pin| digits::check(&pin).is_ok()));
    }

    #[test]
    fn without_a_disk_there_is_a_pin_for_this_run() {
        let directory = tempfile::tempdir().expect("a directory");
        fs::write(directory.path().join("admin"), "no directory").expect("a file");
        let (pin, fault) = Pin::load(&directory.path().join("admin"));
        assert!(fault.is_some());
        let clear = pin.clear().expect("made");
        assert!(pin.is(&clear));
        assert!(pin.choose(&ValidPin::of("13572468").expect("fit")).is_err());
        assert!(pin.is(&clear), "what could not be kept does not count");
        let (new, fault) = pin.renew().expect("made");
        assert!(fault.is_some() && pin.is(&new));
    }

    #[test]
    fn a_pin_that_cannot_be_read_is_not_replaced() {
        let directory = tempfile::tempdir().expect("a directory");
        fs::create_dir(directory.path().join(CLEAR)).expect("a directory in its place");
        let (pin, fault) = Pin::load(directory.path());
        assert!(fault.is_some_and(|fault| crate::error_chain(&fault).contains("cannot read")));
        assert!(pin.clear().is_some());
    }

    #[test]
    fn a_file_that_is_larger_than_any_pin_is_not_read_and_not_replaced() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join(HASH);
        fs::File::create(&path).and_then(|file| file.set_len(1 << 20)).expect("grown");
        let (pin, fault) = Pin::load(directory.path());
        let fault = crate::error_chain(&fault.expect("a fault"));
        assert!(fault.contains(&path.display().to_string()) && fault.contains("it is larger than"), "{fault}");
        assert!(pin.clear().is_some());
        assert_eq!(fs::metadata(&path).expect("there").len(), 1 << 20);
    }
}
