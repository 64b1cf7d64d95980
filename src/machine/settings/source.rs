//! Where the settings that hold come from.

/// Where the settings that hold come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// From the file.
    File,
    /// From the copy of the last good file, of this moment.
    LastGood {
        /// When they were applied.
        applied: String,
    },
    /// They are the defaults: DHCP and all that the template says.
    Defaults,
}
