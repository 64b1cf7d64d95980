//! Programs that sign with a key which never leaves its token or service.
//!
//! The program reads the bytes to sign, all of them and not their digest, from its standard input, and writes the
//! signature to its standard output: raw, or in hexadecimal digits with or without a line feed. Signatures are as TUF
//! has them: Ed25519 (RFC 8032) 64 bytes; P-256 with SHA-256 in ASN.1 DER; RSA-PSS with SHA-256 and a salt of 32
//! bytes. It inherits the environment and the standard error; a status other than 0 is a failure.

use std::io::{self, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::bounded_read::read_up_to;
use crate::release::error::{ReleaseError, file, refuse};

/// Has a program sign.
pub(super) fn sign(command: &[String], message: &[u8]) -> Result<Vec<u8>, ReleaseError> {
    let (program, arguments) = command
        .split_first()
        .ok_or_else(|| refuse("un firmante externo sin programa", "an external signer without a program"))?;
    let path = Path::new(program);
    let run = || -> io::Result<(Vec<u8>, std::process::ExitStatus)> {
        let mut child = Command::new(program).args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
        // It may write before it has read all, or not read at all: neither may block the other.
        let output = std::thread::scope(|scope| {
            scope.spawn(move || stdin.map(|mut stdin| stdin.write_all(message)));
            stdout.map_or(Ok(Vec::new()), |stdout| read_up_to(stdout, super::MAX))
        });
        let status = child.wait()?;
        Ok((output?, status))
    };
    let (output, status) = run().map_err(file("run the external signer", path))?;
    if !status.success() {
        return Err(refuse(
            format!("el firmante externo {program} ha fallado ({status}): mire lo que dice"),
            format!("the external signer {program} failed ({status}): see what it says"),
        ));
    }
    Ok(signature(output))
}

fn signature(output: Vec<u8>) -> Vec<u8> {
    let text = std::str::from_utf8(&output).ok().map(str::trim).filter(|text| !text.is_empty());
    match text.and_then(|text| hex::decode(text).ok()) {
        Some(decoded) => decoded,
        None => output,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_may_be_raw_or_in_digits() {
        assert_eq!(signature(b"00ff10\n".to_vec()), [0, 0xff, 0x10]);
        assert_eq!(signature(vec![0, 0xff, 0x10]), [0, 0xff, 0x10]);
        assert_eq!(signature(Vec::new()), Vec::<u8>::new());
    }

    #[test]
    fn a_program_that_fails_or_never_reads_is_no_deadlock() {
        let command = |script: &str| ["sh", "-c", script].map(str::to_owned);
        let message = vec![b'x'; 1 << 20];
        assert_eq!(sign(&command("printf 0a0b"), &message).expect("signed"), [0x0a, 0x0b]);
        assert!(sign(&command("exit 3"), &message).expect_err("failed").to_string().contains("exit status: 3"));
        assert!(sign(&["/nowhere/signer".to_owned()], b"").is_err());
    }
}
