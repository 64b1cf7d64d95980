//! What cannot be brought to a box is tried less and less.

use std::fs;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::LocalSet;
use workshop_edge::update::engine::{Host, Settings, Switch, Updates};
use workshop_edge::update::state::{FaultKind, Phase};
use workshop_edge::update::transport::{Source, Transport};
use workshop_edge::window::Window;

use crate::programs::Program;
use crate::repository::TestRepository;

/// The repository answers all the time, so it is not the answers that slow the box down.
#[tokio::test(start_paused = true)]
async fn a_target_that_is_not_what_was_signed_is_not_fetched_every_minute_for_ever() {
    let repository = TestRepository::new();
    repository.publish("stable", "1.1.0", &Program::new("1.1.0").build());
    for target in fs::read_dir(repository.directory().join("targets")).expect("targets") {
        let path = target.expect("a target").path();
        if path.extension().is_some_and(|extension| extension == "zst") {
            let mut bytes = fs::read(&path).expect("read");
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            fs::write(&path, bytes).expect("written");
        }
    }
    let data = tempfile::tempdir().expect("a directory");
    let settings = Settings {
        machine: None,
        data_dir: data.path().to_owned(),
        box_id: "caja-1".into(),
        channel: "stable".into(),
        root: repository.root(),
        bucket: Transport::new(Source::Directory(repository.directory())).expect("a place"),
        platform: "x86_64-unknown-linux-musl",
        usb: None,
        every: Duration::from_secs(60),
        max_change: Duration::from_secs(120),
        window: Window::always(),
        rate: None,
        host: Host::Launch { launcher: Program::new("0.1.0").build(), slot: None },
    };
    let switch =
        Switch { is_ready: Box::new(|| Ok(())), go: Box::new(|| panic!("it went over to what was not signed")) };
    LocalSet::new()
        .run_until(async {
            let updates = Updates::start(settings, switch, (std::future::ready(()), watch::channel(None).1));
            let mut state = updates.state();
            let mut looks = 0;
            // Six hours of the box's time.
            let _ = tokio::time::timeout(Duration::from_secs(6 * 3600), async {
                while state.changed().await.is_ok() {
                    looks += u32::from(state.borrow_and_update().phase == Phase::Checking);
                }
            })
            .await;
            let fault = updates.state().borrow().fault.clone().expect("a fault");
            assert_eq!(fault.kind, FaultKind::Untrusted, "{fault:?}");
            assert!((6..40).contains(&looks), "{looks} looks in six hours");
        })
        .await;
}
