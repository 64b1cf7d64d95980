//! The operating system of the USB image: root's program against machines in directories, and repositories that the
//! publisher's program has made.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use ring::digest::{SHA256, digest};
use serde_json::Value;
use tempfile::TempDir;

use crate::built::release;
use crate::managed::{Bucket, Managed};
use crate::repository::TestRepository;
use crate::support::{Edge, Setup, Supervisor, eventually, run};

/// What os-release(5) says of a version in a variant.
fn os_release(version: &str, variant: &str) -> String {
    format!("ID=debian\nIMAGE_ID=workshop-edge\nIMAGE_VERSION={version}\nVARIANT_ID={variant}\n")
}

/// A file that the publisher takes for this version: a PE with the sections that it looks for, of some size.
pub(crate) fn system(version: &str, bytes: usize) -> Vec<u8> {
    variant(version, "base", bytes)
}

/// The same of another variant.
fn variant(version: &str, variant: &str, bytes: usize) -> Vec<u8> {
    let filling: Vec<u8> = version.bytes().cycle().take(bytes).collect();
    let release = os_release(version, variant);
    let sections: [(&[u8], &[u8]); 3] =
        [(b".osrel", release.as_bytes()), (b".linux", &filling), (b".initrd", b"initrd")];
    let mut file = vec![0; 64];
    file[..2].copy_from_slice(b"MZ");
    file[60] = 64;
    file.extend(b"PE\0\0");
    file.extend([0x64, 0x86, 3, 0]);
    file.extend([0; 12]);
    file.extend([240, 0, 0x22, 0]);
    let mut optional = vec![0; 240];
    optional[..2].copy_from_slice(&[0x0b, 0x02]);
    optional[32..36].copy_from_slice(&4096_u32.to_le_bytes());
    optional[36..40].copy_from_slice(&512_u32.to_le_bytes());
    optional[68] = 10;
    optional[108] = 16;
    file.extend(optional);
    let mut at = 1024_u32;
    let mut place = 4096_u32;
    for (name, bytes) in sections {
        let size = u32::try_from(bytes.len()).expect("small");
        let mut header = [0; 40];
        header[..name.len()].copy_from_slice(name);
        for (field, value) in [(8, size), (12, place), (16, size), (20, at)] {
            header[field..field + 4].copy_from_slice(&value.to_le_bytes());
        }
        file.extend(header);
        at += size;
        place += size.next_multiple_of(4096);
    }
    file.resize(1024, 0);
    for (_, bytes) in sections {
        file.extend(bytes);
    }
    file
}

/// There while the boot loader counts the starts.
const COUNTED: &str = "sys/firmware/efi/efivars/LoaderBootCountPath-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f";

/// A repository, and the systems that were published in it.
struct Publisher {
    repository: TestRepository,
    files: TempDir,
}

impl Publisher {
    fn new() -> Self {
        Self { repository: TestRepository::new(), files: tempfile::tempdir().expect("a directory") }
    }

    fn file(&self, version: &str, bytes: usize) -> PathBuf {
        let path = self.files.path().join(format!("{version}.efi"));
        fs::write(&path, system(version, bytes)).expect("written");
        path
    }

    fn publish(&self, version: &str, bytes: usize) {
        let file = self.file(version, bytes);
        let file = file.to_str().expect("UTF-8");
        self.repository.order(&["publish-os", "--channel", "stable", "--version", version, file]);
    }
}

/// A machine in a directory, on which the image runs.
struct Machine(TempDir);

impl Machine {
    /// Runs this version, which is good.
    fn running(publisher: &Publisher, version: &str) -> Self {
        let machine = Self(tempfile::tempdir().expect("a directory"));
        for directory in ["etc", "efi/EFI/Linux", "data/machine/os", "run/workshop-machine", "sys/firmware/efi/efivars"]
        {
            fs::create_dir_all(machine.path(directory)).expect("made");
        }
        let root = machine.path("etc/root.json");
        fs::write(&root, publisher.repository.root()).expect("written");
        let config = format!("[update]\nchannel = \"stable\"\ntrusted_root = \"{}\"\n", root.display());
        fs::write(machine.path("run/workshop-machine/config.toml"), config).expect("written");
        machine.runs(version);
        fs::write(machine.entry(&format!("box_{version}.efi")), system(version, 1000)).expect("written");
        machine
    }

    /// From now on this one runs.
    fn runs(&self, version: &str) {
        fs::write(self.path("etc/os-release"), os_release(version, "base")).expect("written");
    }

    fn path(&self, relative: &str) -> PathBuf {
        self.0.path().join(relative)
    }

    fn entry(&self, name: &str) -> PathBuf {
        self.path("efi/EFI/Linux").join(name)
    }

    fn offer(&self) -> PathBuf {
        self.path("var/lib/workshop-edge/update/os/offer")
    }

    /// Offers a whole repository.
    fn offered(&self, repository: &TestRepository) {
        let _ = fs::remove_dir_all(self.offer());
        fs::create_dir_all(self.offer()).expect("made");
        for part in ["metadata", "targets"] {
            let from = repository.directory().join(part);
            run("cp", &["-r", from.to_str().expect("UTF-8"), self.offer().to_str().expect("UTF-8")]);
        }
        fs::write(self.offer().join("ready"), "").expect("written");
    }

    fn order(&self, order: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_workshop-edge"));
        command.args(["machine", "os", order, "--root"]).arg(self.0.path());
        command.env_remove("LANG").env_remove("LC_ALL").env_remove("LC_MESSAGES");
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn does(&self, order: &str) -> Output {
        self.order(order).output().expect("started")
    }

    fn forgives(&self, version: &str) -> Output {
        self.order("forgive").arg(version).output().expect("started")
    }

    fn succeeds(&self, order: &str) -> String {
        let output = self.does(order);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{order}: {said}");
        String::from_utf8(output.stdout).expect("UTF-8")
    }

    /// Refuses what is offered, knowing nothing from before.
    fn refuses_at_first_sight(&self) -> String {
        let _ = fs::remove_dir_all(self.path("data/machine/os/trust"));
        self.refuses()
    }

    fn refuses(&self) -> String {
        let output = self.does("install");
        assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stdout));
        String::from_utf8(output.stderr).expect("UTF-8")
    }

    /// The files that the boot loader sees, with their content.
    fn versions(&self) -> BTreeMap<String, Vec<u8>> {
        let files = fs::read_dir(self.path("efi/EFI/Linux")).expect("listed");
        let files = files.map(|file| file.expect("an entry").path());
        files
            .filter(|path| path.extension().is_some_and(|extension| extension == "efi"))
            .map(|path| {
                (path.file_name().expect("a name").to_string_lossy().into_owned(), fs::read(&path).expect("read"))
            })
            .collect()
    }

    fn names(&self) -> Vec<String> {
        self.versions().into_keys().collect()
    }

    fn os_report(&self) -> Value {
        let text = fs::read_to_string(self.path("run/workshop-machine/os.json")).expect("told");
        serde_json::from_str(&text).expect("JSON")
    }

    fn notice(&self) -> Option<Value> {
        let text = fs::read_to_string(self.path("run/workshop-machine/notices/os.json")).ok()?;
        Some(serde_json::from_str(&text).expect("JSON"))
    }
}

fn the(version: &str, bytes: usize) -> String {
    hex::encode(digest(&SHA256, &system(version, bytes)))
}

/// A machine on which 1.0.0 runs, and to which 1.1.0, of about so many bytes, is offered.
fn an_offer(bytes: usize) -> (Publisher, Machine) {
    let publisher = Publisher::new();
    publisher.publish("1.1.0", bytes);
    let machine = Machine::running(&publisher, "1.0.0");
    machine.offered(&publisher.repository);
    (publisher, machine)
}

#[test]
fn a_signed_version_is_installed_tried_and_kept() {
    let (_publisher, machine) = an_offer(100_000);
    machine.succeeds("settle");
    assert_eq!(machine.os_report()["state"], "good");
    machine.succeeds("install");
    assert_eq!(machine.names(), ["box_1.0.0.efi", "box_1.1.0+3.efi"]);
    assert_eq!(machine.versions()["box_1.1.0+3.efi"], system("1.1.0", 100_000));
    machine.succeeds("install");
    assert_eq!(machine.names(), ["box_1.0.0.efi", "box_1.1.0+3.efi"], "twice is once");

    on_trial(&machine, "1.1.0");
    machine.succeeds("settle");
    let os_report = machine.os_report();
    assert_eq!((&os_report["state"], &os_report["version"]), (&"trial".into(), &"1.1.0".into()));
    assert_eq!(os_report["sha256"], the("1.1.0", 100_000));

    fs::rename(machine.entry("box_1.1.0+2-1.efi"), machine.entry("box_1.1.0.efi")).expect("blessed");
    // The boot loader's variable stays until the next start.
    assert!(machine.path(COUNTED).exists());
    machine.succeeds("settle");
    assert_eq!((&machine.os_report()["state"], &machine.os_report()["previous"]), (&"good".into(), &"1.0.0".into()));
    let status: Value =
        serde_json::from_slice(&machine.order("status").arg("--json").output().expect("run").stdout).expect("JSON");
    assert_eq!(status["changes"][0]["outcome"], "good");
    assert!(machine.succeeds("install").contains("nothing"), "it runs already");
    assert_eq!(machine.notice(), None);
}

#[test]
fn whatever_is_changed_in_an_offer_nothing_comes_of_it() {
    let (_publisher, machine) = an_offer(50_000);
    let before = machine.versions();
    let mut files = Vec::new();
    for part in ["metadata", "targets"] {
        files.extend(
            fs::read_dir(machine.offer().join(part)).expect("listed").map(|file| file.expect("an entry").path()),
        );
    }
    let mut tried = 0;
    for file in files {
        let name = file.file_name().expect("a name").to_string_lossy().into_owned();
        // What no step of the way needs may be anything: the trusted root itself, another channel's, old versions.
        let is_needed = ["timestamp.json", "2.snapshot.json", "1.targets.json", "2.stable.json"]
            .contains(&name.as_str())
            || file.extension() == Some("efi".as_ref())
            || (name.ends_with("stable.manifest.json") && fs::read_to_string(&file).expect("read").contains("1.1.0"));
        if !is_needed {
            continue;
        }
        tried += 1;
        let whole = fs::read(&file).expect("read");
        for wrong in [
            whole.iter().enumerate().map(|(at, byte)| if at == whole.len() / 2 { byte ^ 1 } else { *byte }).collect(),
            whole[..whole.len() / 2].to_vec(),
            [&whole[..], b"more"].concat(),
            Vec::new(),
        ] {
            fs::write(&file, wrong).expect("written");
            machine.refuses_at_first_sight();
            assert_eq!(machine.versions(), before, "{name}");
        }
        fs::remove_file(&file).expect("removed");
        let elsewhere = machine.path("elsewhere");
        fs::write(&elsewhere, &whole).expect("written");
        symlink(&elsewhere, &file).expect("linked");
        machine.refuses_at_first_sight();
        fs::remove_file(&file).expect("removed");
        run("mkfifo", &[file.to_str().expect("UTF-8")]);
        machine.refuses_at_first_sight();
        fs::remove_file(&file).expect("removed");
        machine.refuses_at_first_sight();
        assert_eq!(machine.versions(), before, "{name}");
        assert_eq!(machine.notice().expect("said")["level"], "warning");
        assert!(machine.os_report()["refused"]["es"].is_string());
        fs::write(&file, whole).expect("written");
    }
    assert_eq!(tried, 6, "every step of the way");
    // A link anywhere on the way is none that root goes.
    let moved = machine.path("moved");
    fs::rename(machine.offer().join("targets"), &moved).expect("moved");
    symlink(&moved, machine.offer().join("targets")).expect("linked");
    machine.refuses_at_first_sight();
    fs::remove_file(machine.offer().join("targets")).expect("removed");
    fs::rename(&moved, machine.offer().join("targets")).expect("back");
    let offer = machine.offer();
    fs::rename(&offer, &moved).expect("moved");
    symlink(&moved, &offer).expect("linked");
    machine.refuses_at_first_sight();
    assert_eq!(machine.versions(), before);
    fs::remove_file(&offer).expect("removed");
    fs::rename(&moved, &offer).expect("back");
    machine.succeeds("install");
    assert_eq!(machine.notice(), None);
}

#[test]
fn what_was_left_behind_does_not_come_back() {
    let publisher = Publisher::new();
    publisher.publish("1.1.0", 1000);
    let old = TestRepository::copy(publisher.repository.path());
    publisher.publish("1.2.0", 1000);
    let machine = Machine::running(&publisher, "1.0.0");
    machine.offered(&publisher.repository);
    machine.succeeds("install");
    let before = machine.versions();
    machine.offered(&old);
    let said = machine.refuses();
    assert!(said.contains("goes back from version"), "{said}");
    // Root keeps what it knows where the appliance cannot write: a lost cache opens nothing.
    fs::remove_dir_all(machine.path("data/machine/os/trust/metadata")).expect("removed");
    machine.refuses();
    assert_eq!(machine.versions(), before);
    // Another publisher's word is none.
    let other = Publisher::new();
    other.publish("9.0.0", 1000);
    machine.offered(&other.repository);
    machine.refuses();
    assert_eq!(machine.versions(), before);
}

#[test]
fn what_has_failed_is_known_and_not_tried_again() {
    let (publisher, machine) = an_offer(1000);
    machine.succeeds("install");
    fs::rename(machine.entry("box_1.1.0+3.efi"), machine.entry("box_1.1.0+0-3.efi")).expect("given up");
    machine.succeeds("settle");
    assert_eq!(machine.names(), ["box_1.0.0.efi"]);
    let os_report = machine.os_report();
    assert_eq!(os_report["quarantined"][0]["sha256"], the("1.1.0", 1000));
    let notice = machine.notice().expect("said");
    for (lang, words) in [("es", ["1.1.0", "cortara la corriente"]), ("en", ["1.1.0", "power may have been cut"])] {
        let text = notice[lang].as_str().expect("text");
        assert!(words.iter().all(|word| text.contains(word)), "{text}");
    }
    assert!(machine.succeeds("install").contains("nothing"));
    assert_eq!(machine.names(), ["box_1.0.0.efi"]);
    // A person says that it was not its fault.
    assert_eq!(machine.forgives("9.9.9").status.code(), Some(1));
    assert!(machine.forgives("1.1.0").status.success());
    assert_eq!(machine.os_report()["quarantined"].as_array().expect("a list").len(), 0);
    machine.offered(&publisher.repository);
    machine.succeeds("install");
    assert_eq!(machine.names(), ["box_1.0.0.efi", "box_1.1.0+3.efi"]);
    fs::rename(machine.entry("box_1.1.0+3.efi"), machine.entry("box_1.1.0+0-3.efi")).expect("given up again");
    machine.succeeds("settle");
    // A start that was cut before any try is none.
    publisher.publish("1.2.0", 1000);
    machine.offered(&publisher.repository);
    machine.succeeds("install");
    machine.succeeds("settle");
    assert_eq!(machine.names(), ["box_1.0.0.efi", "box_1.2.0+3.efi"]);
    assert_eq!(machine.os_report()["quarantined"].as_array().expect("a list").len(), 1);
}

#[test]
fn what_runs_is_reported_though_the_boot_partition_cannot_be_read() {
    let publisher = Publisher::new();
    let machine = Machine::running(&publisher, "1.0.0");
    fs::remove_dir_all(machine.path("efi/EFI")).expect("removed");
    assert_eq!(machine.does("settle").status.code(), Some(1));
    assert_eq!(machine.os_report()["version"], "1.0.0");
    let notice = machine.notice().expect("said");
    assert!(notice["es"].as_str().expect("text").contains("partición de arranque"), "{notice}");
    assert!(notice["en"].as_str().expect("text").contains("boot partition"), "{notice}");
}

#[test]
fn the_publisher_s_way_back_needs_no_download() {
    let publisher = Publisher::new();
    publisher.publish("1.0.0", 1000);
    publisher.publish("1.1.0", 1000);
    let machine = Machine::running(&publisher, "1.0.0");
    machine.offered(&publisher.repository);
    machine.succeeds("install");
    fs::rename(machine.entry("box_1.1.0+3.efi"), machine.entry("box_1.1.0.efi")).expect("blessed");
    machine.runs("1.1.0");
    machine.succeeds("settle");
    publisher.repository.order(&["rollback", "--os", "--channel", "stable", "--to", "1.0.0"]);
    machine.offered(&publisher.repository);
    for file in
        fs::read_dir(machine.offer().join("targets")).expect("listed").map(|file| file.expect("an entry").path())
    {
        if file.to_string_lossy().ends_with(".efi") {
            fs::remove_file(file).expect("removed");
        }
    }
    machine.succeeds("install");
    assert_eq!(machine.names(), ["box_1.0.0+3.efi", "box_1.1.0+0.efi"], "the newer one is passed over");
    machine.runs("1.0.0");
    fs::rename(machine.entry("box_1.0.0+3.efi"), machine.entry("box_1.0.0.efi")).expect("blessed");
    machine.succeeds("settle");
    assert_eq!(
        machine.os_report()["quarantined"].as_array().expect("a list").len(),
        0,
        "it was set aside, not given up"
    );
    // Forward again: what was set aside is there, and gets its starts back.
    publisher.publish("1.2.0", 1000);
    machine.offered(&publisher.repository);
    machine.succeeds("install");
    assert!(machine.names().contains(&"box_1.2.0+3.efi".to_owned()), "{:?}", machine.names());
}

#[test]
fn what_may_be_another_name_of_a_version_is_not_removed_alone() {
    let (_publisher, machine) = an_offer(1000);
    machine.succeeds("install");
    let (twin, unfinished) = (machine.entry("box_1.1.0.efi.tmp"), machine.entry("box_0.9.0.efi.tmp"));
    // A cut may leave it so, and on FAT both names hold the same clusters.
    fs::hard_link(machine.entry("box_1.1.0+3.efi"), &twin).expect("linked");
    fs::write(&unfinished, "a half").expect("written");
    machine.succeeds("settle");
    assert!(twin.exists() && !unfinished.exists());
    machine.succeeds("install");
    assert!(twin.exists());
    // Neither stays without the other.
    fs::rename(machine.entry("box_1.1.0+3.efi"), machine.entry("box_1.1.0+0-3.efi")).expect("given up");
    machine.succeeds("settle");
    assert!(!twin.exists());
    assert_eq!(machine.names(), ["box_1.0.0.efi"]);
}

/// A small file system in memory where the boot partition is; gone when dropped.
struct Mounted(PathBuf);

impl Mounted {
    fn on(path: &Path, bytes: u64) -> Self {
        run("mount", &["-t", "tmpfs", "-o", &format!("size={bytes}"), "tmpfs", path.to_str().expect("UTF-8")]);
        Self(path.to_owned())
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        run("umount", &[self.0.to_str().expect("UTF-8")]);
    }
}

#[test]
fn a_full_partition_loses_nothing() {
    let publisher = Publisher::new();
    publisher.publish("1.2.0", 3_000_000);
    let machine = Machine::running(&publisher, "1.1.0");
    machine.offered(&publisher.repository);
    {
        let _mounted = Mounted::on(&machine.path("efi"), 10 << 20);
        fs::create_dir_all(machine.path("efi/EFI/Linux")).expect("made");
        for version in ["1.0.0", "1.1.0"] {
            fs::write(machine.entry(&format!("box_{version}.efi")), system(version, 3_000_000)).expect("written");
        }
        // Something of which nobody knows takes the rest.
        fs::write(machine.path("efi/rest"), vec![0; 3 << 20]).expect("written");
        machine.succeeds("install");
        assert_eq!(machine.names(), ["box_1.1.0.efi", "box_1.2.0+3.efi"], "the one before makes room");
    }
    let machine = Machine::running(&publisher, "1.1.0");
    machine.offered(&publisher.repository);
    {
        let _mounted = Mounted::on(&machine.path("efi"), 5 << 20);
        fs::create_dir_all(machine.path("efi/EFI/Linux")).expect("made");
        fs::write(machine.entry("box_1.1.0.efi"), system("1.1.0", 3_000_000)).expect("written");
        let said = machine.refuses();
        assert!(said.contains("has no room for 1.2.0"), "{said}");
        assert_eq!(machine.names(), ["box_1.1.0.efi"]);
        let notice = machine.notice().expect("said");
        assert!(notice["es"].as_str().expect("text").contains("No hay sitio"), "{notice}");
        fs::write(machine.path("efi/cleared"), "").expect("there is room for a name");
    }
}

#[test]
fn whenever_it_is_killed_there_is_a_version_to_start() {
    const KILLS: u32 = 60;
    let publisher = Publisher::new();
    publisher.publish("1.1.0", 4_000_000);
    let expected = BTreeMap::from([("1.0.0", system("1.0.0", 1000)), ("1.1.0", system("1.1.0", 4_000_000))]);
    // How long it takes when nobody interferes: at least, since the kills are spread over it.
    let undisturbed = |_| {
        let machine = Machine::running(&publisher, "1.0.0");
        machine.offered(&publisher.repository);
        let began = std::time::Instant::now();
        machine.succeeds("install");
        began.elapsed()
    };
    let whole = (0..5).map(undisturbed).min().expect("five");

    let mut interrupted = 0;
    for round in 0..KILLS {
        let machine = Machine::running(&publisher, "1.0.0");
        machine.offered(&publisher.repository);
        let mut child = machine.order("install").spawn().expect("started");
        std::thread::sleep(whole.mul_f64(f64::from(round) / f64::from(KILLS)) + Duration::from_micros(100));
        let _ = child.kill();
        let status = child.wait().expect("waited");
        interrupted += u32::from(!status.success());
        let holds = |names: BTreeMap<String, Vec<u8>>| {
            assert!(names.contains_key("box_1.0.0.efi"), "what runs stays: {:?}", names.keys());
            for (name, bytes) in names {
                let version = name.trim_start_matches("box_").trim_end_matches(".efi").trim_end_matches("+3");
                assert_eq!(expected[version], bytes, "{name} is whole");
            }
        };
        holds(machine.versions());
        machine.succeeds("settle");
        assert_eq!(machine.os_report()["quarantined"].as_array().expect("a list").len(), 0);
        machine.succeeds("install");
        holds(machine.versions());
        assert!(machine.versions().contains_key("box_1.1.0+3.efi"));
    }
    eprintln!("killed {interrupted} of {KILLS} installations of {whole:?}");
    assert!(interrupted >= KILLS / 2, "most were under way: {interrupted}");
}

#[test]
fn only_a_system_of_that_version_is_published() {
    let publisher = Publisher::new();
    publisher.publish("1.1.0", 1000);
    let refused = |file: &Path, version: &str| {
        let file = file.to_str().expect("UTF-8");
        publisher.repository.refused(&["publish-os", "--channel", "stable", "--version", version, file])
    };
    let other = publisher.file("1.2.0", 1000);
    assert!(refused(&other, "1.3.0").contains("IMAGE_VERSION=1.2.0"));
    fs::write(&other, b"MZ").expect("written");
    assert!(refused(&other, "1.2.0").contains("is no EFI file"));
    let changed = publisher.file("1.1.0", 1001);
    assert!(refused(&changed, "1.1.0").contains("other bytes"));
    let older = publisher.file("1.0.0", 1000);
    assert!(refused(&older, "1.0.0").contains("rollback"), "a decrease is a rollback's");
    assert!(
        publisher
            .repository
            .refused(&["rollback", "--os", "--channel", "staging", "--to", "1.0.0"])
            .contains("publish-os")
    );
    let status = publisher.repository.run(["status"]);
    assert!(String::from_utf8_lossy(&status.stdout).contains("stable (system): wants 1.1.0"));
}

#[test]
fn each_variant_has_its_own_file_of_a_version() {
    let publisher = Publisher::new();
    let path = |name: &str| publisher.files.path().join(name).to_str().expect("UTF-8").to_owned();
    let [base, wifi] = ["base", "wifi"].map(|name| {
        fs::write(path(name), variant("1.1.0", name, 1000)).expect("written");
        path(name)
    });
    let publish = ["publish-os", "--channel", "stable", "--version", "1.1.0"];
    publisher.repository.order(&[&publish[..], &[&base]].concat());
    // A box with the drivers for Wi-Fi does not lose them.
    let on_wifi = |machine: &Machine| {
        fs::write(machine.path("etc/os-release"), os_release("1.0.0", "wifi")).expect("written");
    };
    let machine = Machine::running(&publisher, "1.0.0");
    on_wifi(&machine);
    machine.offered(&publisher.repository);
    assert!(machine.succeeds("install").contains("nothing"));
    assert_eq!(machine.names(), ["box_1.0.0.efi"]);
    // The other variant in a second call; both in one would do as well.
    publisher.repository.order(&[&publish[..], &[&wifi]].concat());
    assert!(publisher.repository.refused(&[&publish[..], &[&wifi, &wifi]].concat()).contains("another file"));
    let names = |platform: &str| {
        let suffix = format!(".workshop-edge-os-1.1.0-{platform}.efi");
        let files = fs::read_dir(publisher.repository.directory().join("targets")).expect("listed");
        files.filter(|file| file.as_ref().is_ok_and(|file| file.path().to_string_lossy().ends_with(&suffix))).count()
    };
    assert_eq!((names("x86_64"), names("x86_64-wifi")), (1, 1));
    machine.offered(&publisher.repository);
    machine.succeeds("install");
    assert_eq!(machine.versions()["box_1.1.0+3.efi"], variant("1.1.0", "wifi", 1000));
    let machine = Machine::running(&publisher, "1.0.0");
    machine.offered(&publisher.repository);
    machine.succeeds("install");
    assert_eq!(machine.versions()["box_1.1.0+3.efi"], system("1.1.0", 1000));
    // Both at once, and to another channel.
    for name in ["base", "wifi"] {
        fs::write(path(name), variant("1.2.0", name, 1000)).expect("written");
    }
    let publish = ["publish-os", "--channel", "staging", "--version", "1.2.0"];
    publisher.repository.order(&[&publish[..], &[&base, &wifi]].concat());
    publisher.repository.order(&["promote", "--os", "--from", "staging", "--to", "stable"]);
    let machine = Machine::running(&publisher, "1.0.0");
    on_wifi(&machine);
    machine.offered(&publisher.repository);
    machine.succeeds("install");
    assert_eq!(machine.versions()["box_1.2.0+3.efi"], variant("1.2.0", "wifi", 1000));
    fs::write(path("odd"), variant("1.3.0", "Wi-Fi", 1000)).expect("written");
    let odd = ["publish-os", "--channel", "stable", "--version", "1.3.0", &path("odd")].map(str::to_owned);
    assert!(publisher.repository.refused(&odd.each_ref().map(String::as_str)).contains("VARIANT_ID=Wi-Fi"));
}

/// The appliance on a machine, which follows a repository in a directory, with these lines more in its `update` section.
fn appliance(machine: &Machine, publisher: &Publisher, update: &str) -> Edge {
    let config = format!(
        "[discovery]\nenabled = false\n[machine]\ndir = \"{}\"\n[update]\nurl = \"file://{}\"\ntrusted_root = \"{}\"\ncheck_interval_s = 2\n{update}",
        machine.path("run/workshop-machine").display(),
        publisher.repository.directory().display(),
        machine.path("etc/root.json").display(),
    );
    Setup::new(&config).data(&machine.path("var/lib/workshop-edge")).start()
}

/// An order of `workshop-edge update` to the appliance, and its answer.
fn update(edge: &Edge, order: &[&str]) -> Value {
    let mut command = Command::new(env!("CARGO_BIN_EXE_workshop-edge"));
    command.arg("update").args(order).args(["--json", "--data-dir"]).arg(edge.data());
    let output = command.output().expect("run");
    serde_json::from_slice(&output.stdout).unwrap_or_default()
}

#[test]
fn the_appliance_downloads_and_offers_and_root_takes_it() {
    let publisher = Publisher::new();
    publisher.publish("1.1.0", 300_000);
    let machine = Machine::running(&publisher, "1.0.0");
    machine.succeeds("settle");
    let edge = appliance(&machine, &publisher, "");
    let ready = machine.offer().join("ready");
    eventually("it is offered", || ready.is_file());
    machine.succeeds("install");
    assert_eq!(machine.versions()["box_1.1.0+3.efi"], system("1.1.0", 300_000));
    // What root rotated since is on the way, too.
    edge.stop();
    publisher.repository.rotate("root");
    publisher.repository.rotate("timestamp");
    publisher.publish("1.2.0", 300_000);
    fs::remove_file(machine.entry("box_1.1.0+3.efi")).expect("removed");
    let edge = appliance(&machine, &publisher, "");
    eventually("the next one is offered", || fs::read_to_string(&ready).is_ok_and(|text| text.starts_with("1.2.0 ")));
    machine.succeeds("install");
    assert!(machine.names().contains(&"box_1.2.0+3.efi".to_owned()));
    // Once it runs, nothing is offered any more.
    machine.runs("1.2.0");
    machine.succeeds("settle");
    eventually("the offer is withdrawn", || !ready.exists());
    edge.stop();
}

/// Runs this version, whose starts are counted.
fn on_trial(machine: &Machine, version: &str) {
    fs::write(machine.path(COUNTED), "x").expect("written");
    let name = |tries: &str| machine.entry(&format!("box_{version}{tries}.efi"));
    fs::rename(name("+3"), name("+2-1")).expect("counted");
    machine.runs(version);
}

#[test]
fn a_system_that_does_not_find_its_data_is_not_confirmed() {
    let (publisher, machine) = an_offer(1000);
    machine.succeeds("install");
    on_trial(&machine, "1.1.0");
    machine.succeeds("settle");
    let edge = appliance(&machine, &publisher, "");
    let confirm = || {
        let mut order = machine.order("confirm");
        order.args(["--address", &edge.address().to_string(), "--stretch", "0", "--most", "2"]);
        order.output().expect("run")
    };
    assert!(confirm().status.success());
    let memory = Mounted::on(&machine.path("data"), 1 << 20);
    // As the image does it without a data partition.
    fs::create_dir_all(machine.path("data/machine")).expect("made");
    let confirmed = confirm();
    let said = String::from_utf8_lossy(&confirmed.stderr).into_owned();
    assert!(!confirmed.status.success() && said.contains("no data partition"), "{said}");
    // Which it has had: without one nothing is installed, since it would be forgotten that it failed.
    edge.stop();
    let before = machine.names();
    machine.runs("1.0.0");
    machine.offered(&publisher.repository);
    assert!(machine.refuses().contains("no data partition"));
    assert_eq!(machine.names(), before);
    assert!(machine.notice().expect("said")["es"].as_str().expect("text").contains("sin disco de datos"));
    drop(memory);
}

#[test]
fn what_root_has_refused_is_offered_again_but_not_at_every_check() {
    let publisher = Publisher::new();
    publisher.publish("1.1.0", 300_000);
    let machine = Machine::running(&publisher, "1.0.0");
    machine.succeeds("settle");
    let edge = appliance(&machine, &publisher, "");
    let ready = machine.offer().join("ready");
    let offered = || fs::metadata(&ready).ok().map(|metadata| metadata.ino());
    eventually("it is offered", || offered().is_some());
    let first = offered();
    // The partition is in trouble for a while.
    let linux = machine.path("efi/EFI/Linux");
    fs::rename(&linux, machine.path("efi/elsewhere")).expect("away");
    for _ in 0..3 {
        let before = offered();
        machine.refuses();
        eventually("it is offered again", || offered().is_some_and(|now| Some(now) != before));
    }
    assert_ne!(offered(), first);
    machine.refuses();
    let before = offered();
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(offered(), before, "less and less often");
    // Unless somebody orders it.
    eventually("it is heard that it was refused", || update(&edge, &["status"])["os"]["step"]["step"] == "idle");
    update(&edge, &["apply"]);
    eventually("it is offered again", || offered().is_some_and(|now| Some(now) != before));
    fs::rename(machine.path("efi/elsewhere"), &linux).expect("back");
    machine.succeeds("install");
    assert!(machine.names().contains(&"box_1.1.0+3.efi".to_owned()));
    edge.stop();
}

/// A stick with what was published, for a box whose own bucket is out of reach.
fn stick_of(publisher: &Publisher) -> TempDir {
    let stick = tempfile::tempdir().expect("a directory");
    for part in ["metadata", "targets"] {
        let from = publisher.repository.directory().join(part);
        run("cp", &["-r", from.to_str().expect("UTF-8"), stick.path().to_str().expect("UTF-8")]);
    }
    stick
}

/// The configuration of an appliance on a machine that reaches no bucket, with these lines more in its `update` section.
fn offline(machine: &Machine, update: &str) -> String {
    format!(
        "[discovery]\nenabled = false\n[machine]\ndir = \"{}\"\n[update]\nurl = \"file:///nowhere\"\ntrusted_root = \"{}\"\n{update}",
        machine.path("run/workshop-machine").display(),
        machine.path("etc/root.json").display(),
    )
}

#[test]
fn a_stick_stays_in_until_the_system_is_copied() {
    let publisher = Publisher::new();
    publisher.publish("1.1.0", 5_000_000);
    let machine = Machine::running(&publisher, "1.0.0");
    machine.succeeds("settle");
    // At this rate it would take minutes from the network.
    let config = offline(&machine, "rate_limit_kib_s = 20\n");
    let edge = Setup::new(&config).data(&machine.path("var/lib/workshop-edge")).start();
    let stick = stick_of(&publisher);
    let attend = || {
        let mut order = Command::new(env!("CARGO_BIN_EXE_workshop-edge"));
        order.args(["machine", "stick", "--directory"]).arg(stick.path()).arg("--root").arg(machine.path(""));
        let output = order.env("LANG", "es_ES.UTF-8").output().expect("run");
        String::from_utf8(output.stdout).expect("UTF-8")
    };
    let said = attend();
    assert!(machine.offer().join("ready").is_file(), "{said}");
    assert!(said.contains("versión 1.1.0 del sistema ya está en el equipo") && said.contains("retirar"), "{said}");
    machine.succeeds("install");
    // What does not come is said, too.
    publisher.publish("1.2.0", 5_000_000);
    let metadata = publisher.repository.directory().join("metadata");
    run("cp", &["-r", metadata.to_str().expect("UTF-8"), stick.path().to_str().expect("UTF-8")]);
    let manifest = fs::read_dir(publisher.repository.directory().join("targets")).expect("listed");
    for file in manifest.map(|file| file.expect("an entry").path()) {
        if file.to_string_lossy().ends_with(".json") {
            run("cp", &[file.to_str().expect("UTF-8"), stick.path().join("targets").to_str().expect("UTF-8")]);
        }
    }
    let said = attend();
    assert!(said.contains("memoria USB está conectada y contiene"), "{said}");
    edge.stop();
}

/// The least that the publisher takes for a program; it does not run.
fn program() -> Vec<u8> {
    let mut elf = vec![0; 120];
    elf[..7].copy_from_slice(b"\x7fELF\x02\x01\x01");
    // ET_EXEC for EM_X86_64, in the form of today, with one program header after the file's, which is empty.
    for (at, value) in [(16, 2_u8), (18, 62), (20, 1), (32, 64), (52, 64), (54, 56), (56, 1), (58, 64)] {
        elf[at] = value;
    }
    elf
}

#[test]
fn of_a_stick_with_both_the_system_is_taken_first() {
    let publisher = Publisher::new();
    let file = publisher.files.path().join("program");
    fs::write(&file, program()).expect("written");
    let both =
        ["x86_64-unknown-linux-gnu", "x86_64-unknown-linux-musl"].map(|triple| format!("{triple}={}", file.display()));
    publisher.repository.order(&[
        "publish",
        "--channel",
        "stable",
        "--version",
        "9.0.0",
        "--deltas",
        "0",
        "--version-unchecked",
        &both[0],
        &both[1],
    ]);
    publisher.publish("1.1.0", 300_000);
    let machine = Machine::running(&publisher, "1.0.0");
    machine.succeeds("settle");
    let config = machine.path("etc/config.toml");
    fs::write(&config, offline(&machine, "check_interval_s = 604800\n")).expect("written");
    let data = machine.path("var/lib/workshop-edge");
    let text = |path: &Path| path.to_str().expect("UTF-8").to_owned();
    let arguments = ["launch", "--config", &text(&config), "--data-dir", &text(&data)].map(str::to_owned);
    let appliance = Supervisor::start(env!("CARGO_BIN_EXE_workshop-edge"), arguments, &[]);
    appliance.wait_for("ready", 1);
    let stick = stick_of(&publisher);
    let apply = || {
        let mut order = Command::new(env!("CARGO_BIN_EXE_workshop-edge"));
        order.args(["update", "apply", "--from"]).arg(stick.path()).arg("--data-dir").arg(&data).env("LANG", "en");
        let output = order.output().expect("run");
        (output.status.success(), String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
    };
    let (is_well, said) = apply();
    assert!(is_well && said.contains("system's version 1.1.0 is on the box"), "{said}");
    // What root refuses does not keep the program away for ever.
    fs::rename(machine.path("efi/EFI/Linux"), machine.path("efi/elsewhere")).expect("away");
    machine.refuses();
    let (is_well, said) = apply();
    assert!(!is_well && said.contains("downloaded version does not work"), "{said}");
    appliance.stop();
}

#[test]
fn what_waits_for_its_hour_is_here_before_it() {
    let publisher = Publisher::new();
    publisher.publish("1.1.0", 300_000);
    let machine = Machine::running(&publisher, "1.0.0");
    machine.succeeds("settle");
    let closed = (jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).hour() + 12) % 24;
    let window = format!("window = \"{closed:02}:00-{closed:02}:30\"\ntime_zone = \"UTC\"\n");
    let edge = appliance(&machine, &publisher, &window);
    let is_here = || {
        fs::read_dir(machine.offer().join("targets")).is_ok_and(|mut files| {
            files.any(|file| file.is_ok_and(|file| file.path().extension() == Some("efi".as_ref())))
        })
    };
    eventually("it is here", is_here);
    assert!(!machine.offer().join("ready").exists(), "it is not asked for yet");
    assert!(!machine.succeeds("status").is_empty());
    edge.stop();
}

#[test]
fn an_older_program_passes_over_what_the_manifest_says_of_the_system() {
    let bucket = Bucket::new();
    bucket.publish(&["1.0.0"]);
    let files = tempfile::tempdir().expect("a directory");
    let file = files.path().join("os.efi");
    fs::write(&file, system("3.0.0", 1000)).expect("written");
    let file = file.to_str().expect("UTF-8");
    bucket.repository.order(&["publish-os", "--channel", "stable", "--version", "3.0.0", file]);
    bucket.repository.publish_with(
        "stable",
        "1.1.0",
        &[&release("1.1.0")],
        &["--deltas", "0", "--requires-os", "3.0.0"],
    );
    let managed = Managed::start(&bucket, "check_interval_s = 2\ntrial_s = 2\n");
    managed.wait_until_runs("1.1.0");
}
