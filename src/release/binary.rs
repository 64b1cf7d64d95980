//! A binary that is to be published: is it what it is said to be?

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use elf::ElfBytes;
use elf::abi::{DT_NEEDED, EM_386, EM_AARCH64, EM_ARM, EM_RISCV, EM_X86_64, ET_DYN, ET_EXEC, PT_INTERP};
use elf::endian::AnyEndian;
use semver::Version;

use super::error::{ReleaseError, file, refuse};
use super::repository::sha256;
use crate::bounded_read::{self, read_bounded, read_up_to};
use crate::durable;
use crate::lang::Text;
use crate::update::stage::MAX_BINARY;

/// How long `--version` may take, emulated or not.
const PATIENCE: Duration = Duration::from_secs(30);

/// The first part of a target triple, the machine of its ELF header, and its program of QEMU's.
const MACHINES: [(&str, u16, &str); 6] = [
    ("x86_64", EM_X86_64, "qemu-x86_64"),
    ("aarch64", EM_AARCH64, "qemu-aarch64"),
    ("armv7", EM_ARM, "qemu-arm"),
    ("arm", EM_ARM, "qemu-arm"),
    ("i686", EM_386, "qemu-i386"),
    ("riscv64gc", EM_RISCV, "qemu-riscv64"),
];

/// A binary, checked.
#[derive(Debug)]
pub(super) struct Checked {
    /// Its target triple.
    pub(super) platform: String,
    pub(super) bytes: Vec<u8>,
    /// As [`crate::update::manifest::Binary::raw_sha256`].
    pub(super) sha256: String,
    /// What the person should know.
    pub(super) note: Option<Text>,
}

/// Reads and checks a binary, `FILE` or `TRIPLE=FILE`.
pub(super) fn check(argument: &str, version: &Version, unchecked: bool) -> Result<Checked, ReleaseError> {
    let (platform, path) = match argument.split_once('=') {
        Some((platform, path)) => (Some(platform), Path::new(path)),
        None => (None, Path::new(argument)),
    };
    let bytes = read_bounded(path, MAX_BINARY).map_err(file("read", path))?;
    let machine = static_elf(path, &bytes)?;
    let platform = match platform {
        Some(platform) => platform.to_owned(),
        None => usual_platform(path, machine)?,
    };
    let (expected, emulator) = machine_of(&platform)?;
    if machine != expected {
        return Err(refuse(
            format!("{} no es para {platform}: su ELF es para la máquina {machine}, y no {expected}", path.display()),
            format!("{} is not for {platform}: its ELF is for machine {machine}, not {expected}", path.display()),
        ));
    }
    let note = reported_version(path, &bytes, emulator, version, unchecked)?;
    Ok(Checked { sha256: hex::encode(sha256(&bytes)), platform, bytes, note })
}

fn usual_platform(path: &Path, machine: u16) -> Result<String, ReleaseError> {
    match machine {
        EM_X86_64 => Ok("x86_64-unknown-linux-musl".into()),
        EM_AARCH64 => Ok("aarch64-unknown-linux-musl".into()),
        _ => Err(refuse(
            format!("{}: diga de qué plataforma es, con PLATAFORMA={}", path.display(), path.display()),
            format!("{}: say which platform it is for, with PLATFORM={}", path.display(), path.display()),
        )),
    }
}

fn machine_of(platform: &str) -> Result<(u16, &'static str), ReleaseError> {
    let mut parts = platform.split('-');
    let first = parts.next().unwrap_or_default();
    let plain = platform.chars().all(|letter| letter.is_ascii_alphanumeric() || "_-".contains(letter));
    MACHINES
        .iter()
        .find(|(name, ..)| *name == first && plain && platform.contains("-linux-"))
        .map(|(_, machine, emulator)| (*machine, *emulator))
        .ok_or_else(|| {
            refuse(
                format!("no se conoce la plataforma {platform}: se espera una como x86_64-unknown-linux-musl"),
                format!("the platform {platform} is not known: want one such as x86_64-unknown-linux-musl"),
            )
        })
}

/// The machine of a static ELF program.
fn static_elf(path: &Path, bytes: &[u8]) -> Result<u16, ReleaseError> {
    let unreadable =
        || refuse(format!("{} no es un programa ELF", path.display()), format!("{} is no ELF program", path.display()));
    let dynamic = |what: &str| {
        refuse(
            format!("{} no es estático ({what}): compílelo para una plataforma musl", path.display()),
            format!("{} is not static ({what}): build it for a musl platform", path.display()),
        )
    };
    let elf = ElfBytes::<AnyEndian>::minimal_parse(bytes).map_err(|_| unreadable())?;
    if ![ET_EXEC, ET_DYN].contains(&elf.ehdr.e_type) {
        return Err(unreadable());
    }
    let segments = elf.segments().ok_or_else(unreadable)?;
    if segments.iter().any(|segment| segment.p_type == PT_INTERP) {
        return Err(dynamic("PT_INTERP"));
    }
    if let Some(entries) = elf.dynamic().map_err(|_| unreadable())?
        && entries.iter().any(|entry| entry.d_tag == DT_NEEDED)
    {
        return Err(dynamic("DT_NEEDED"));
    }
    Ok(elf.ehdr.e_machine)
}

/// Runs the binary with `--version`, where that can be done.
fn reported_version(
    path: &Path,
    bytes: &[u8],
    emulator: &str,
    version: &Version,
    unchecked: bool,
) -> Result<Option<Text>, ReleaseError> {
    if unchecked {
        return Ok(Some(Text::new(
            format!("aviso: {} no se ha ejecutado; nadie ha comprobado que sea la versión {version}", path.display()),
            format!("warning: {} was not run; nobody has checked that it is version {version}", path.display()),
        )));
    }
    // The bytes that are published, and not what lies at the path a moment later.
    let directory = tempfile::tempdir().map_err(file("make a directory in", &std::env::temp_dir()))?;
    let copy = directory.path().join("workshop-edge");
    durable::write(&copy, bytes, 0o700)?;
    let native = emulator.strip_prefix("qemu-") == Some(std::env::consts::ARCH);
    let mut command = if native {
        Command::new(&copy)
    } else {
        let Some(emulator) = find(emulator) else {
            return Err(refuse(
                format!(
                    "{} no se puede ejecutar aquí: instale qemu-user-static, o acepte con --version-unchecked que nadie compruebe su versión",
                    path.display()
                ),
                format!(
                    "{} cannot be run here: install qemu-user-static, or accept with --version-unchecked that nobody checks its version",
                    path.display()
                ),
            ));
        };
        let mut command = Command::new(emulator);
        command.arg(&copy);
        command
    };
    let reported = first_line(command.arg("--version")).map_err(file("run", path))?;
    let expected = format!("workshop-edge {version}");
    match reported {
        Some(reported) if reported == expected => Ok(None),
        reported => {
            let reported = reported.unwrap_or_default();
            Err(refuse(
                format!(
                    "{} --version dice «{reported}» y no «{expected}»: publique el binario de esa versión",
                    path.display()
                ),
                format!(
                    "{} --version says \"{reported}\" and not \"{expected}\": publish the binary of that version",
                    path.display()
                ),
            ))
        }
    }
}

/// The first line that a program writes; `None` when it fails or takes too long.
fn first_line(command: &mut Command) -> std::io::Result<Option<String>> {
    let mut child = command.env_clear().stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
    let (sender, receiver) = mpsc::sync_channel(1);
    let stdout = child.stdout.take();
    // Not waited for: whatever the program has started may hold the pipe open for ever.
    std::thread::spawn(move || {
        let text = stdout.and_then(|stdout| String::from_utf8(read_up_to(stdout, bounded_read::SHORT).ok()?).ok());
        // The other side may have lost its patience.
        let _ = sender.send(text);
    });
    let text = receiver.recv_timeout(PATIENCE).ok().flatten();
    if text.is_none() {
        // It may have ended just now.
        let _ = child.kill();
    }
    let status = child.wait()?;
    let line = text.and_then(|text| text.lines().next().map(|line| line.chars().filter(|c| !c.is_control()).collect()));
    Ok(line.filter(|_| status.success()))
}

/// A program of QEMU's, of the package `qemu-user-static` or `qemu-user`.
fn find(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .flat_map(|directory| [directory.join(format!("{name}-static")), directory.join(name)])
        .find(|candidate| candidate.is_file())
}
