//! How long it takes to make a binary from another and a delta, and how much memory at most: the product's own code,
//! in a process that does nothing else.
//!
//! ```text
//! delta make OLD NEW PATCH     makes the delta
//! delta apply OLD NEW PATCH    makes NEW again and compares
//! ```

#![allow(clippy::disallowed_methods, reason = "whoever measures gives the files")]

use std::io::{self, Write};
use std::time::Instant;
use std::{env, fs};

use qbsdiff::Bsdiff;
use ring::digest::{Context, SHA256};
use workshop_edge::update::delta::apply;

type Failure = Box<dyn std::error::Error>;

/// Takes the bytes as the slot's file would, and hashes them.
struct Hash(Context);

impl Write for Hash {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["make", old, new, patch] => {
            let (old, new) = (fs::read(old)?, fs::read(new)?);
            let mut out = Vec::new();
            Bsdiff::new(&old, &new).compression_level(9).compare(&mut out)?;
            report(&format!("a delta of {} bytes for {} bytes", out.len(), new.len()))?;
            fs::File::create(patch)?.write_all(&out)?;
        }
        ["apply", old, new, patch] => {
            // By pieces: the new binary in memory would be the most that there ever was.
            let mut expected = Hash(Context::new(&SHA256));
            let size = io::copy(&mut fs::File::open(new)?, &mut expected)?;
            let before = peak()?;
            let (old, patch) = (fs::read(old)?, fs::read(patch)?);
            let began = Instant::now();
            let mut hash = Hash(Context::new(&SHA256));
            apply(&old, &patch, size, &mut hash)?;
            let took = began.elapsed();
            if hash.0.finish().as_ref() != expected.0.finish().as_ref() {
                return Err("the delta makes another binary".into());
            }
            report(&format!("applied in {} ms; at most {before} KiB before", took.as_millis()))?;
        }
        _ => return Err("usage: delta make|apply OLD NEW PATCH".into()),
    }
    Ok(())
}

fn report(what: &str) -> Result<(), Failure> {
    writeln!(io::stdout(), "{what}; at most {} KiB of memory", peak()?)?;
    Ok(())
}

/// The most memory that this process ever had, in KiB.
fn peak() -> Result<u64, Failure> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}
