//! What the box remembers of its own panics: a text file each, so that the one of last night can be read.
//!
//! A panic ends one task, not the box; its message goes to standard error as always.

use std::backtrace::Backtrace;
use std::fs;
use std::panic::{self, PanicHookInfo};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::bounded_read::read_text_bounded;
use crate::durable;

/// Files kept: the newest.
const MAX_FILES: usize = 10;
/// Bytes of one.
const MAX_BYTES: usize = 16 * 1024;
/// Between two that are written: what panics at every request must not wear out the disk.
const PAUSE: Duration = Duration::from_secs(60);

/// Panics of this process.
static COUNT: AtomicU64 = AtomicU64::new(0);

/// How many panics there have been since [`keep_in`].
#[must_use]
pub(crate) fn count() -> u64 {
    COUNT.load(Ordering::Relaxed)
}

/// Keeps the panics of this process in a directory from now on.
pub fn keep_in(directory: PathBuf) {
    let keeper = Mutex::new(Keeper { directory, last: None, unwritten: 0 });
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        COUNT.fetch_add(1, Ordering::Relaxed);
        before(info);
        // Never two at once, and none about the keeping itself.
        if let Ok(mut keeper) = keeper.try_lock() {
            keeper.keep(&describe(info), Instant::now(), SystemTime::now());
        }
    }));
}

/// The kept ones, newest first: when (Unix time, ms), and what was written.
#[must_use]
pub(crate) fn kept(directory: &Path) -> Vec<(u64, String)> {
    times(directory)
        .into_iter()
        .take(MAX_FILES)
        .filter_map(|time| Some((time, read_text_bounded(&directory.join(name(time)), MAX_BYTES as u64).ok()?)))
        .collect()
}

struct Keeper {
    directory: PathBuf,
    last: Option<Instant>,
    /// Panics that were not written since the last that was.
    unwritten: u32,
}

impl Keeper {
    fn keep(&mut self, what: &str, now: Instant, time: SystemTime) {
        if self.last.is_some_and(|last| now.saturating_duration_since(last) < PAUSE) {
            self.unwritten = self.unwritten.saturating_add(1);
            return;
        }
        self.last = Some(now);
        let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        let mut text = format!("{}not written since the one before: {}\n{what}", head(), self.unwritten);
        self.unwritten = 0;
        if text.len() > MAX_BYTES {
            let end = (0..=MAX_BYTES).rev().find(|end| text.is_char_boundary(*end)).unwrap_or_default();
            text.truncate(end);
        }
        let time = u64::try_from(since.as_millis()).unwrap_or_default();
        // Without a disk there is still standard error.
        if durable::write(&self.directory.join(name(time)), text.as_bytes(), 0o600).is_ok() {
            for old in times(&self.directory).into_iter().skip(MAX_FILES) {
                let _ = fs::remove_file(self.directory.join(name(old)));
            }
        }
    }
}

fn name(time: u64) -> String {
    format!("{time}.txt")
}

/// The times of the kept ones, newest first.
fn times(directory: &Path) -> Vec<u64> {
    let Ok(entries) = fs::read_dir(directory) else { return Vec::new() };
    let mut times: Vec<u64> =
        entries.flatten().filter_map(|entry| entry.file_name().to_str()?.strip_suffix(".txt")?.parse().ok()).collect();
    times.sort_unstable_by(|a, b| b.cmp(a));
    times
}

fn head() -> String {
    format!("workshop-edge {} ({})\n", crate::VERSION, env!("WORKSHOP_EDGE_COMMIT"))
}

fn describe(info: &PanicHookInfo<'_>) -> String {
    let thread = std::thread::current();
    let payload = info.payload();
    let message = payload.downcast_ref::<&str>().copied();
    let message = message.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("without words");
    let place = info.location().map(ToString::to_string).unwrap_or_default();
    let thread = thread.name().unwrap_or("without a name");
    format!("thread {thread}, {place}\n{message}\n\n{}\n", Backtrace::force_capture())
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    /// The process that panics is another one: a hook is for a whole process.
    #[test]
    fn a_panic_is_kept() {
        const DIRECTORY: &str = "WORKSHOP_EDGE_TEST_PANICS";
        if let Some(directory) = std::env::var_os(DIRECTORY) {
            keep_in(directory.into());
            for message in ["the first", "the second"] {
                std::thread::Builder::new()
                    .name("a-worker".into())
                    .spawn(move || panic!("{message}"))
                    .expect("a thread")
                    .join()
                    .expect_err("it panics");
            }
            assert_eq!(count(), 2);
            return;
        }
        let directory = tempfile::tempdir().expect("a directory");
        let directory = directory.path().join("panics");
        let output = Command::new(std::env::current_exe().expect("this binary"))
            .args(["--exact", "panics::tests::a_panic_is_kept", "--nocapture"])
            .env(DIRECTORY, &directory)
            .output()
            .expect("started");
        assert!(output.status.success());
        assert!(String::from_utf8_lossy(&output.stderr).contains("the second"), "standard error has them as always");
        let kept = kept(&directory);
        assert_eq!(kept.len(), 1, "{kept:?}");
        let text = &kept[0].1;
        assert!(text.contains("the first") && text.contains("thread a-worker, src/panics.rs:"), "{text}");
    }

    #[test]
    fn they_are_few_and_short_and_not_often() {
        let directory = tempfile::tempdir().expect("a directory");
        let mut keeper = Keeper { directory: directory.path().to_owned(), last: None, unwritten: 0 };
        let start = Instant::now();
        for minute in 0..15 {
            let now = start + Duration::from_secs(60 * minute);
            let time = UNIX_EPOCH + Duration::from_secs(1_700_000_000 + 60 * minute);
            keeper.keep(&"ñ".repeat(MAX_BYTES), now, time);
            keeper.keep("soon after", now + Duration::from_secs(59), time);
        }
        let kept = kept(directory.path());
        assert_eq!(kept.len(), MAX_FILES);
        assert_eq!(kept[0].0, 1_700_000_840_000);
        assert!(kept.iter().all(|(_, text)| text.len() <= MAX_BYTES && text.contains("the one before: 1\n")));
    }
}
