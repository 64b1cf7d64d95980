//! Where values come from: the file's place, the environment, the flags; and the defaults that depend on the box.

use std::{ffi::OsString, path::PathBuf};

/// The configuration file that is read unless another is named; it may be absent.
pub const DEFAULT_FILE: &str = "/etc/workshop-edge/config.toml";

/// Where the data of a box that runs as root are.
pub(super) const SYSTEM_DATA_DIR: &str = "/var/lib/workshop-edge";

/// What the command line says about the configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overrides {
    /// The configuration file (`--config`): it must exist.
    pub(crate) config: Option<PathBuf>,
    /// The value of `data_dir` (`--data-dir`).
    pub(crate) data_dir: Option<OsString>,
    /// The elements of `listen.http` (`--listen`, repeatable); none leaves the other layers' value.
    pub(crate) listen: Vec<OsString>,
    /// The value of `site.dir` (`--site`).
    pub(crate) site: Option<OsString>,
    /// Any key's value, as `KEY=VALUE` (`--set`, repeatable): the last one of a key counts.
    pub(crate) set: Vec<OsString>,
}

/// Everything that a configuration is made of.
#[derive(Clone, Debug)]
pub struct Sources {
    /// The command line.
    pub(crate) overrides: Overrides,
    /// The environment: names and values.
    pub(crate) env: Vec<(OsString, OsString)>,
    /// Whether the process runs as root, for the default of `data_dir`.
    pub(crate) root: bool,
    /// The file to read when `overrides.config` names none; it may be absent.
    pub(crate) default_file: PathBuf,
}

impl Sources {
    /// The sources of this process, with what its command line says.
    #[must_use]
    pub fn of_process(overrides: Overrides) -> Self {
        Self {
            overrides,
            env: std::env::vars_os().collect(),
            root: rustix::process::geteuid().is_root(),
            default_file: PathBuf::from(DEFAULT_FILE),
        }
    }

    /// The value of `data_dir` when no layer gives one.
    pub(super) fn default_data_dir(&self) -> Option<PathBuf> {
        let var = |name: &str| self.env.iter().find(|(key, _)| key == name).map(|(_, value)| value);
        // systemd separates several with colons; the first is the unit's own.
        let first = |value: &OsString| std::env::split_paths(value).next();
        // As the XDG specification has it, anything but an absolute path counts as absent.
        let absolute = |path: &PathBuf| path.is_absolute();
        let state = var("STATE_DIRECTORY").and_then(first).filter(absolute);
        state.or_else(|| self.root.then(|| PathBuf::from(SYSTEM_DATA_DIR))).or_else(|| {
            let xdg = var("XDG_STATE_HOME").map(PathBuf::from).filter(absolute);
            let home = || var("HOME").map(PathBuf::from).filter(absolute);
            Some(xdg.or_else(|| home().map(|home| home.join(".local/state")))?.join("workshop-edge"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data_dir(root: bool, env: &[(&str, &str)]) -> Option<String> {
        let env = env.iter().map(|(name, value)| (name.into(), value.into())).collect();
        let sources = Sources { overrides: Overrides::default(), env, root, default_file: PathBuf::new() };
        Some(sources.default_data_dir()?.to_string_lossy().into_owned())
    }

    #[test]
    fn the_data_directory_depends_on_systemd_then_the_user_then_xdg() {
        let all = [("STATE_DIRECTORY", "/s/one:/s/two"), ("XDG_STATE_HOME", "/x"), ("HOME", "/h")];
        assert_eq!(data_dir(true, &all).as_deref(), Some("/s/one"));
        assert_eq!(data_dir(false, &all).as_deref(), Some("/s/one"));
        assert_eq!(data_dir(true, &all[1..]).as_deref(), Some("/var/lib/workshop-edge"));
        assert_eq!(data_dir(false, &all[1..]).as_deref(), Some("/x/workshop-edge"));
        assert_eq!(data_dir(false, &all[2..]).as_deref(), Some("/h/.local/state/workshop-edge"));
        assert_eq!(data_dir(false, &[("XDG_STATE_HOME", "x"), ("HOME", "")]), None);
        assert_eq!(
            data_dir(false, &[("STATE_DIRECTORY", ""), ("HOME", "/h")]).as_deref(),
            Some("/h/.local/state/workshop-edge")
        );
    }
}
