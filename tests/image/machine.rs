//! A computer of the kind that the image is made for, emulated in software: UEFI firmware, one processor, a network
//! card, a screen, and a watchdog.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::disk::Disk;
use crate::foreign_stick::ForeignStick;
use crate::lan::{Lan, TAP};
use crate::monitor::Monitor;
use crate::screen::Reader;

/// How long a machine may take until an awaited state: a boot takes a minute when nothing else runs here.
const PATIENCE: Duration = Duration::from_secs(400);

/// Debian's OVMF: its program, its variables as they are at first, and what the emulator has to be for it.
struct Firmware {
    code: &'static str,
    variables: &'static str,
    machine: &'static [&'static str],
}

/// Firmware that starts whatever is on a disk.
const ANY: Firmware = Firmware {
    code: "/usr/share/OVMF/OVMF_CODE_4M.fd",
    variables: "/usr/share/OVMF/OVMF_VARS_4M.fd",
    machine: &["-machine", "q35"],
};

/// Firmware that starts only what is signed. Its variables are out of the reach of all but itself.
const SECURE: Firmware = Firmware {
    code: "/usr/share/OVMF/OVMF_CODE_4M.secboot.fd",
    variables: "/usr/share/OVMF/OVMF_VARS_4M.snakeoil.fd",
    machine: &["-machine", "q35,smm=on", "-global", "driver=cfi.pflash01,property=secure,value=on"],
};

/// What the maker of the disk that is built in calls it: as much as the kernel keeps of it.
pub(crate) const MODEL: &str = "ACME SSD 2000";

/// The stick that a machine boots from, and the one that is plugged in besides, for the emulator.
const OWN: &str = "disk";
const FOREIGN: &str = "foreign";

/// How a machine is made.
pub(crate) struct Setup<'a> {
    /// The stick that it boots from.
    stick: Option<&'a Disk>,
    /// The disk that is built in, which it boots from where there is no stick.
    built_in: Option<&'a Disk>,
    /// What that is, for the emulator.
    drive: String,
    foreign: Option<&'a ForeignStick>,
    /// Where what is written to the disk is logged.
    log: Option<&'a Path>,
    firmware: &'static Firmware,
    /// What is added to the emulator's command line.
    arguments: Vec<String>,
}

impl<'a> Setup<'a> {
    /// It boots from a stick.
    pub(crate) fn stick(disk: &'a Disk) -> Self {
        Self { stick: Some(disk), ..Self::bare() }
    }

    /// It boots from its own disk.
    pub(crate) fn installed(disk: &'a Disk) -> Self {
        Self { built_in: Some(disk), ..Self::bare() }
    }

    fn bare() -> Self {
        let drive = format!("ide-hd,bus=ide.0,model={MODEL}");
        Self { stick: None, built_in: None, drive, foreign: None, log: None, firmware: &ANY, arguments: Vec::new() }
    }

    /// With a disk that is built in.
    pub(crate) fn built_in(mut self, disk: &'a Disk) -> Self {
        self.built_in = Some(disk);
        self
    }

    /// Whose built-in disk is of the kind that has no cable.
    pub(crate) fn nvme(mut self) -> Self {
        self.drive = "nvme,serial=1".into();
        self
    }

    /// With somebody's stick that is there from the start.
    pub(crate) fn plugged(mut self, foreign: &'a ForeignStick) -> Self {
        self.foreign = Some(foreign);
        self
    }

    /// With a log of all that it writes to the stick, for [`crate::write_log`].
    pub(crate) fn logged(mut self, log: &'a Path) -> Self {
        self.log = Some(log);
        self
    }

    /// With a clock that goes from this moment (`2010-01-01T00:00:00`) on.
    pub(crate) fn clock(mut self, moment: &str) -> Self {
        self.arguments.extend(["-rtc".to_owned(), format!("base={moment}")]);
        self
    }

    /// With firmware that starts only what the snakeoil key of Debian's OVMF has signed.
    pub(crate) fn secure(mut self) -> Self {
        self.firmware = &SECURE;
        self
    }

    /// Switches it on, on a network. `name` is what its files are called in the directory of the artefacts.
    pub(crate) fn start(&self, lan: &Lan, name: &str) -> Machine {
        Machine::start(self, lan, name)
    }
}

/// A running machine; its plug is pulled when dropped.
pub(crate) struct Machine {
    child: Child,
    monitor: Monitor,
    name: String,
    console: PathBuf,
    reader: Reader,
    files: TempDir,
}

/// Where screenshots and what was said on the serial line are kept.
pub(crate) fn artefact(name: &str) -> PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("image");
    fs::create_dir_all(&directory).expect("a directory");
    directory.join(name)
}

/// Plugs in what the machine has from the start.
fn disks(setup: &Setup<'_>, command: &mut Command) {
    let mut blockdev = |node: &str, file: &Path| {
        let file = file.display();
        command.arg("-blockdev").arg(format!("driver=raw,node-name={node},file.driver=file,file.filename={file}"));
    };
    if let Some(disk) = setup.stick {
        blockdev(OWN, disk.path());
    }
    if let Some(disk) = setup.built_in {
        blockdev("built-in", disk.path());
    }
    if let Some(foreign) = setup.foreign {
        blockdev(FOREIGN, foreign.path());
    }
    let mut own = OWN;
    if let Some(log) = setup.log {
        command.arg("-blockdev").arg(format!("driver=file,node-name=log,filename={}", log.display()));
        command.args(["-blockdev", "driver=blklogwrites,node-name=logged,file=disk,log=log"]);
        own = "logged";
    }
    if setup.stick.is_some() {
        command.arg("-device").arg(format!("usb-storage,id={OWN},removable=on,drive={own},bootindex=0"));
    }
    if setup.built_in.is_some() {
        command.arg("-device").arg(format!("{},drive=built-in,bootindex=1", setup.drive));
    }
    if setup.foreign.is_some() {
        command.arg("-device").arg(format!("usb-storage,id={FOREIGN},removable=on,drive={FOREIGN}"));
    }
}

impl Machine {
    fn start(setup: &Setup<'_>, lan: &Lan, name: &str) -> Self {
        let files = tempfile::tempdir().expect("a directory");
        let (variables, socket) = (files.path().join("variables"), files.path().join("monitor"));
        let firmware = setup.firmware;
        fs::copy(firmware.variables, &variables).expect("OVMF (tests/run installs it)");
        let console = artefact(&format!("{name}.log"));
        let mut command = lan.lab.command("qemu-system-x86_64");
        // Its time is that of its instructions: a kernel that a busy machine pauses for a moment would find its
        // timer broken, and panic.
        // One processor, in one thread: with more, this firmware has stood still for minutes after a restart.
        command.arg("-nodefaults").args(firmware.machine).args(["-cpu", "qemu64", "-smp", "1", "-m", "512"]);
        command.args([
            "-accel",
            "tcg,thread=single",
            "-icount",
            "shift=auto",
            "-no-reboot",
            "-display",
            "none",
            "-vga",
            "std",
        ]);
        command.arg("-drive").arg(format!("if=pflash,format=raw,unit=0,readonly=on,file={}", firmware.code));
        command.arg("-drive").arg(format!("if=pflash,format=raw,unit=1,file={}", variables.display()));
        command.arg("-qmp").arg(format!("unix:{},server=on,wait=off", socket.display()));
        command.arg("-serial").arg(format!("file:{}", console.display()));
        command.args(["-device", "i6300esb", "-action", "watchdog=reset", "-device", "qemu-xhci"]);
        command.args(["-device", "usb-kbd", "-device", "e1000,netdev=lan,mac=52:54:00:09:00:50"]);
        command.arg("-netdev").arg(format!("tap,id=lan,ifname={TAP},script=no,downscript=no"));
        disks(setup, &mut command);
        command.args(&setup.arguments);
        let said = File::create(artefact(&format!("{name}.emulator.log"))).expect("a file");
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(said)
            .spawn()
            .expect("the emulator (tests/run installs it)");
        let monitor = Monitor::connect(&socket);
        Self { child, monitor, name: name.to_owned(), console, reader: Reader::new(), files }
    }

    /// Waits until `condition` holds; ends early when the machine has switched itself off or asked to be restarted.
    pub(crate) fn wait<T>(&mut self, what: &str, mut condition: impl FnMut(&mut Self) -> Option<T>) -> T {
        let give_up = Instant::now() + PATIENCE;
        loop {
            if let Some(found) = condition(self) {
                return found;
            }
            assert!(self.runs(), "{what}: the machine has gone off\n{}", self.said());
            if Instant::now() > give_up {
                let name = format!("{}-late", self.name);
                let picture = self.screenshot(&name);
                let (words, said) = (self.words(), self.said());
                panic!("{what}: not within {PATIENCE:?}; its screen, {}, shows:\n{words}\n{said}", picture.display());
            }
            std::thread::park_timeout(Duration::from_millis(200));
        }
    }

    /// Waits until it has asked to be restarted, and leaves it off: what restarts by itself is started by the test.
    pub(crate) fn wait_for_its_restart(&mut self, why: &str) {
        self.wait_for_its_restart_and(why, || ());
    }

    /// The same, with something to look at meanwhile.
    pub(crate) fn wait_for_its_restart_and(&mut self, why: &str, mut look: impl FnMut()) {
        let give_up = Instant::now() + PATIENCE;
        while self.runs() {
            assert!(Instant::now() < give_up, "{why}: no restart within {PATIENCE:?}\n{}", self.said());
            look();
            std::thread::park_timeout(Duration::from_millis(200));
        }
    }

    /// Runs it until a moment, or until it has asked to be restarted.
    pub(crate) fn runs_until(&mut self, moment: Instant) {
        while self.runs() && Instant::now() < moment {
            std::thread::park_timeout(Duration::from_millis(20));
        }
    }

    fn runs(&mut self) -> bool {
        self.child.try_wait().expect("the emulator").is_none()
    }

    /// What it has said on its serial line.
    pub(crate) fn said(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.console).unwrap_or_default()).into_owned()
    }

    pub(crate) fn monitor(&mut self) -> &mut Monitor {
        &mut self.monitor
    }

    /// What the screen shows, as a picture among the artefacts.
    pub(crate) fn screenshot(&mut self, name: &str) -> PathBuf {
        let file = artefact(&format!("{name}.png"));
        self.monitor.screenshot(&file, "png");
        file
    }

    /// What a person reads on its screen.
    pub(crate) fn words(&mut self) -> String {
        let file = self.files.path().join("screen.ppm");
        self.monitor.screenshot(&file, "ppm");
        self.reader.words(&file)
    }

    /// Waits until all of these are on its screen, which draws a page from above to below, and gives all the words that are.
    /// A picture of it is kept among the artefacts.
    pub(crate) fn reads(&mut self, wanted: &[&str], picture: &str) -> String {
        let shown = self.wait(&format!("{wanted:?}"), |machine| {
            Some(machine.words()).filter(|shown| wanted.iter().all(|words| shown.contains(words)))
        });
        self.screenshot(picture);
        shown
    }

    /// Opens the menu, as somebody does who presses the keys until it is there: at a start the kernel finds the keyboard
    /// after the disks and the network, and what is pressed before that reaches nobody.
    pub(crate) fn opens_menu(&mut self, wanted: &[&str], picture: &str) {
        self.wait(&format!("the menu: {wanted:?}"), |machine| {
            machine.monitor.press(&["alt", "f2"]);
            let shown = machine.words();
            wanted.iter().all(|words| shown.contains(words)).then_some(())
        });
        self.screenshot(picture);
    }

    /// Plugs somebody's stick in.
    pub(crate) fn plug(&mut self, foreign: &ForeignStick) {
        self.monitor.plug(FOREIGN, foreign.path());
    }

    /// Pulls it out.
    pub(crate) fn pull(&mut self) {
        self.monitor.pull(FOREIGN);
    }

    /// Pulls the stick out that it has booted from.
    pub(crate) fn pull_own(&mut self) {
        self.monitor.pull(OWN);
    }

    /// Pulls the plug.
    pub(crate) fn cut(mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
