//! The service manager's side: readiness, stop and watchdog over `NOTIFY_SOCKET`
//! (`sd_notify(3)`). Without a manager, nothing happens.

use std::time::Duration;

use sd_notify::NotifyState;

/// What a stop takes beside the drain.
const STOP_MARGIN: Duration = Duration::from_secs(20);

/// Reports `READY=1`: every socket is bound.
pub(crate) fn ready() {
    notify(&[NotifyState::Ready]);
}

/// The process drains for `grace` at most, whatever the unit's `TimeoutStopSec`.
pub(crate) fn stopping(grace: Duration) {
    let timeout = u32::try_from((grace + STOP_MARGIN).as_micros()).unwrap_or(u32::MAX);
    notify(&[NotifyState::Stopping, NotifyState::ExtendTimeoutUsec(timeout)]);
}

/// The process becomes another one in place, which says [`ready`].
pub(crate) fn reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => notify(&[NotifyState::Reloading, now]),
        Err(error) => tracing::warn!(%error, "cannot notify the service manager of the restart"),
    }
}

/// Reports `WATCHDOG=1`.
pub(crate) fn alive() {
    notify(&[NotifyState::Watchdog]);
}

/// How often the manager expects [`alive`]: half its limit, as `sd_watchdog_enabled(3)`
/// recommends. `None` when it does not watch this process.
#[must_use]
pub(crate) fn watchdog_interval() -> Option<Duration> {
    sd_notify::watchdog_enabled().map(|limit| limit / 2)
}

fn notify(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::warn!(%error, ?states, "cannot notify the service manager");
    }
}
