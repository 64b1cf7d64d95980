//! The bound of the whole, kept by bounding what goes in: what cannot be compressed does not grow either.

/// Bytes of a bundle at most.
pub(crate) const MAX_BYTES: usize = 5_000_000;

/// Bytes of all files together, before they are compressed. What is left of the bound is more than the headers, the
/// manifest and gzip's own need.
const MAX_CONTENT: usize = 4_500_000;
/// Bytes of one file.
const MAX_FILE: usize = 1024 * 1024;

/// What was cut off a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cut {
    /// Bytes that are not there.
    pub(super) bytes: usize,
    /// Whether they were at its beginning.
    pub(super) at_start: bool,
}

/// What may still go in.
#[derive(Debug)]
pub(super) struct Budget {
    left: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self { left: MAX_CONTENT }
    }
}

impl Budget {
    /// Makes a file fit: of a log its newest whole lines, of any other its beginning. The note in the file takes the
    /// place of what is cut.
    pub(super) fn fit(&mut self, content: &mut Vec<u8>, is_log: bool) -> Option<Cut> {
        let most = MAX_FILE.min(self.left);
        let length = content.len();
        if length <= most {
            self.left = self.left.saturating_sub(length);
            return None;
        }
        let note = |bytes: usize| format!("[{bytes} bytes cut here / cortados aquí]\n").into_bytes();
        // A note of the largest number is the longest.
        let room = most.saturating_sub(note(length).len() + 1);
        if is_log {
            let mut start = length - room;
            let newline = content.iter().skip(start).position(|byte| *byte == b'\n');
            start = newline.map_or(start, |newline| start + newline + 1);
            content.splice(..start, note(start));
            self.left = self.left.saturating_sub(content.len());
            return Some(Cut { bytes: start, at_start: true });
        }
        content.truncate(room);
        let bytes = length - room;
        content.push(b'\n');
        content.extend(note(bytes));
        self.left = self.left.saturating_sub(content.len());
        Some(Cut { bytes, at_start: false })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fits_is_left_alone() {
        let mut budget = Budget::default();
        let mut content = vec![b'x'; MAX_FILE];
        assert_eq!(budget.fit(&mut content, false), None);
        assert_eq!((content.len(), budget.left), (MAX_FILE, MAX_CONTENT - MAX_FILE));
    }

    #[test]
    fn a_log_keeps_its_end_and_any_other_its_beginning() {
        let lines: String =
            (0..200_000).fold(String::new(), |lines, number| lines + "line " + &number.to_string() + "\n");
        let mut log = lines.clone().into_bytes();
        let cut = Budget::default().fit(&mut log, true).expect("cut");
        let text = String::from_utf8(log).expect("text");
        let (note, rest) = text.split_once('\n').expect("a note");
        assert_eq!(note, format!("[{} bytes cut here / cortados aquí]", cut.bytes));
        assert!(rest.starts_with("line ") && lines.ends_with(rest) && cut.at_start);
        assert!(text.len() <= MAX_FILE && text.len() > MAX_FILE - 100);

        let mut other = lines.clone().into_bytes();
        let cut = Budget::default().fit(&mut other, false).expect("cut");
        let text = String::from_utf8(other).expect("text");
        assert!(
            text.starts_with("line 0\n")
                && text.ends_with(&format!("\n[{} bytes cut here / cortados aquí]\n", cut.bytes))
        );
        assert!(text.len() <= MAX_FILE && lines.starts_with(&text[..lines.len() - cut.bytes]));
    }

    #[test]
    fn all_together_stay_within_the_bound() {
        for is_log in [false, true] {
            let mut budget = Budget::default();
            let mut sum = 0;
            for size in [MAX_FILE * 3, 7, MAX_FILE * 2, MAX_FILE - 1, MAX_FILE * 9, MAX_FILE, 1, 0, MAX_FILE] {
                let mut content = vec![b'x'; size];
                budget.fit(&mut content, is_log);
                sum += content.len();
            }
            // When nothing is left, only notes go in.
            assert!(sum <= MAX_CONTENT + 9 * 64, "{sum}");
        }
    }
}
