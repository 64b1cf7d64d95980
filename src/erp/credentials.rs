//! The password of the box's account: read from its file at each login, so that a new one counts without a restart.

use std::fmt;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use crate::bounded_read::{SHORT, read_bounded};
use crate::lang::Text;

/// systemd's credential, where no file is configured (systemd.exec(5), `LoadCredential=`).
const CREDENTIAL: &str = "erp-password";

/// The account that the box reads with, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Access {
    /// The address with the prefix, if any.
    pub(crate) url: String,
    /// Whether `http://` is allowed.
    pub(crate) allow_http: bool,
    /// The e-mail.
    pub(crate) user: String,
    pub(crate) password: PasswordSource,
}

/// Where the password is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PasswordSource {
    File(PathBuf),
    /// Typed by a person.
    Given(Password),
    /// Nobody says.
    Nowhere,
}

/// A password. It has no text form.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Password(String);

/// What changes when the password's file is written: its inode, size and time of change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PasswordStamp(Option<(u64, u64, i64, i64)>);

const NO_PASSWORD: Text<&'static str> = Text::fixed(
    "Falta la contraseña del ERP: escríbala en un archivo y ponga su ruta en erp.password_file.",
    "The ERP's password is missing: write it into a file, and set erp.password_file to its path.",
);

impl PasswordSource {
    /// `erp.password_file`, or else systemd's credential, below the directory of `$CREDENTIALS_DIRECTORY`.
    pub(crate) fn of(password_file: Option<PathBuf>, credentials_directory: Option<&Path>) -> Self {
        let file = password_file.or_else(|| credentials_directory.map(|directory| directory.join(CREDENTIAL)));
        file.map_or(Self::Nowhere, Self::File)
    }

    /// The password as it is now; why it cannot be had otherwise. It may read a file.
    pub(crate) fn read(&self) -> Result<Password, Text> {
        let file = match self {
            Self::Given(password) => return Ok(password.clone()),
            Self::File(file) => file,
            Self::Nowhere => return Err(NO_PASSWORD.into()),
        };
        let shown = file.display();
        let bytes = read_bounded(file, SHORT).map_err(|error| {
            Text::new(
                format!("No se puede leer la contraseña del ERP en {shown}: compruebe erp.password_file y sus permisos ({error})."),
                format!("The ERP's password cannot be read from {shown}: check erp.password_file and its permissions ({error})."),
            )
        })?;
        let text = String::from_utf8(bytes).unwrap_or_default();
        let line = text.strip_suffix('\n').unwrap_or(&text);
        Password::new(line.strip_suffix('\r').unwrap_or(line)).ok_or_else(|| {
            Text::new(
                format!("En {shown} no hay una contraseña: escríbala allí en una sola línea."),
                format!("There is no password in {shown}: write it there on a single line."),
            )
        })
    }

    /// Whether it is the same as at another moment, without reading it.
    pub(crate) fn stamp(&self) -> PasswordStamp {
        PasswordStamp(match self {
            Self::Given(_) | Self::Nowhere => None,
            Self::File(file) => std::fs::metadata(file)
                .ok()
                .map(|metadata| (metadata.ino(), metadata.size(), metadata.ctime(), metadata.ctime_nsec())),
        })
    }

    /// What a person should know about the file: everyone who signs in to the box can read it.
    pub(crate) fn warning(&self) -> Option<Text> {
        let Self::File(file) = self else { return None };
        let mode = std::fs::metadata(file).ok()?.mode();
        let shown = file.display();
        (mode & 0o004 != 0).then(|| {
            Text::new(
                format!(
                    "Cualquier usuario de este equipo puede leer la contraseña del ERP: ejecute «chmod o= {shown}»."
                ),
                format!("Every user of this box can read the ERP's password: run \"chmod o= {shown}\"."),
            )
        })
    }
}

impl Password {
    /// `None` for one that cannot be: empty, too long, or with control characters.
    pub(crate) fn new(text: &str) -> Option<Self> {
        let is_one = !text.is_empty() && text.len() as u64 <= SHORT && !text.chars().any(char::is_control);
        is_one.then(|| Self(text.to_owned()))
    }

    pub(super) fn text(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password")
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_password_is_one_line_of_its_file() {
        let directory = tempfile::tempdir().expect("a directory");
        let file = directory.path().join("password");
        let source = PasswordSource::of(Some(file.clone()), Some(Path::new("/run")));
        let missing = source.read().expect_err("missing");
        assert!(missing.es.contains("erp.password_file"), "{missing:?}");
        for (content, password) in [
            ("secreta", Some("secreta")),
            ("secreta\n", Some("secreta")),
            ("secreta\r\n", Some("secreta")),
            (" ñandú 7 \n", Some(" ñandú 7 ")),
            ("", None),
            ("\n", None),
            ("a\nb\n", None),
            ("a\n\n", None),
        ] {
            fs::write(&file, content).expect("written");
            assert_eq!(source.read().ok().as_ref().map(Password::text), password, "{content:?}");
        }
        fs::write(&file, b"\xff\xfe").expect("written");
        assert!(source.read().is_err());
        fs::write(&file, "a".repeat(5000)).expect("written");
        assert!(source.read().is_err());
    }

    #[test]
    fn the_credential_of_systemd_is_the_default() {
        let credential = PasswordSource::of(None, Some(Path::new("/run/credentials/workshop-edge.service")));
        let file = "/run/credentials/workshop-edge.service/erp-password";
        assert_eq!(credential, PasswordSource::File(file.into()));
        let nowhere = PasswordSource::of(None, None);
        assert!(nowhere.read().is_err_and(|text| text.es.contains("erp.password_file")));
    }

    #[test]
    fn a_file_that_others_can_read_is_warned_about_and_a_new_one_is_noticed() {
        let directory = tempfile::tempdir().expect("a directory");
        let file = directory.path().join("password");
        let source = PasswordSource::File(file.clone());
        let none = source.stamp();
        fs::write(&file, "a").expect("written");
        let first = source.stamp();
        assert_ne!(none, first);
        assert_eq!(source.stamp(), first);
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).expect("set");
        assert_eq!(source.warning(), None);
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).expect("set");
        assert!(source.warning().is_some_and(|text| text.es.contains("chmod o=")));
        let other = directory.path().join("other");
        fs::write(&other, "b").expect("written");
        fs::rename(&other, &file).expect("renamed");
        assert_ne!(source.stamp(), first);
    }

    #[test]
    fn a_password_has_no_text_form() {
        let source = PasswordSource::Given(Password::new("secreta").expect("a password"));
        assert!(!format!("{source:?}").contains("secreta"));
    }
}
