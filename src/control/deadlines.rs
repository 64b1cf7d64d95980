//! How long a command may take. Each has one bound of its work, from which the others follow:
//!
//! ```text
//! work < server's deadline < client's patience
//! ```
//!
//! So what takes too long is answered with the reason, and nobody gives up a box that still works on it.

use std::time::Duration;

use super::ControlCommand;

/// For an answer to be written by the server, and again for it to be read by the client.
const MARGIN: Duration = Duration::from_secs(1);
/// For a request to arrive: it is written at once, over a socket of the same machine.
pub(super) const MAX_REQUEST: Duration = Duration::from_secs(10);
/// How often a working server reports progress to those who asked for it.
pub(super) const HEARTBEAT: Duration = Duration::from_secs(5);
/// How long a client waits for the next line of an answer with progress. There is no bound on the whole answer besides
/// the server's, since every line says that the box works.
pub(super) const MAX_SILENCE: Duration = HEARTBEAT.saturating_mul(6);

/// For whoever follows a change of version by asking again and again: without any progress, and without an answer while
/// the box becomes the other binary. Longer than the change may show none, as the box reports it, by what no setting
/// bounds: a download that stalls, a drain, a binary that hangs until its watchdog takes it back.
pub(crate) const fn follower_patience(max_change: Duration) -> Duration {
    Duration::from_secs(900).saturating_add(max_change)
}

impl ControlCommand {
    /// For carrying it out.
    pub(super) const fn max_work(self) -> Duration {
        Duration::from_secs(match self {
            // From memory, but for the configuration that a restart reads again.
            Self::Status | Self::Pin | Self::UpdateReport | Self::Restart => 3,
            // The hash of a PIN on a small processor, or a flush to a slow card.
            Self::CheckPin | Self::NewPin | Self::FactoryReset => 10,
            // It reads many files, and waits for the bundle before it.
            Self::SupportBundle => 60,
            // Longer than a release repository may take, by the deadlines of `outbound`, for all that a check fetches.
            Self::Update => 1800,
        })
    }

    /// For carrying it out, and for its answer to be written.
    pub(super) const fn server_deadline(self) -> Duration {
        self.max_work().saturating_add(MARGIN)
    }

    /// For the whole answer, as the client sees it.
    pub(super) const fn client_patience(self) -> Duration {
        self.server_deadline().saturating_add(MARGIN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_are_more_patient_than_the_server_and_the_server_than_the_work() {
        for command in ControlCommand::ALL {
            assert!(command.client_patience() > command.server_deadline(), "{command:?}");
            assert!(command.server_deadline() > command.max_work(), "{command:?}");
        }
        assert!(MAX_SILENCE > HEARTBEAT * 2, "one line may be late");
    }
}
