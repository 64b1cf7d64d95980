use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

/// A file system in memory, of its own mount namespace, that is gone with the process that keeps it.
pub(crate) struct Disk {
    keeper: Child,
    answers: BufReader<ChildStdout>,
    pub(crate) path: PathBuf,
}

impl Disk {
    pub(crate) fn new(mib: usize) -> Self {
        let mut command = Command::new("unshare");
        if !rustix::process::geteuid().is_root() {
            command.args(["--user", "--map-root-user"]);
        }
        let keep = format!("mount -t tmpfs -o size={mib}m full /mnt && echo done && exec sh");
        let mut keeper = command
            .args(["--mount", "sh", "-c", &keep])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("unshare (tests/run installs util-linux)");
        let answers = BufReader::new(keeper.stdout.take().expect("a pipe"));
        let path = Path::new("/proc").join(keeper.id().to_string()).join("root/mnt");
        let mut disk = Self { keeper, answers, path };
        disk.is_done("no mount namespaces for these tests: run them as root, or allow them to users");
        disk
    }

    fn is_done(&mut self, otherwise: &str) {
        let mut line = String::new();
        self.answers.read_line(&mut line).expect("a line");
        assert_eq!(line, "done\n", "{otherwise}");
    }

    /// Leaves this many bytes.
    pub(crate) fn fill(&self, left: u64) {
        let mut file = File::create(self.path.join("others")).expect("made");
        let piece = vec![1; 4096];
        while file.write_all(&piece).is_ok() {}
        let length = file.metadata().expect("there").len();
        file.set_len(length.checked_sub(left).expect("so much was written")).expect("shortened");
    }

    pub(crate) fn empty(&self) {
        // Another test's child has it open until its exec, and keeps its bytes for so long when it is only removed.
        File::options().write(true).open(self.path.join("others")).and_then(|file| file.set_len(0)).expect("emptied");
        fs::remove_file(self.path.join("others")).expect("removed");
    }

    /// Mounts it for reading and writing, or for reading alone. A kernel that meets errors asks nobody; `mount -o
    /// remount,ro` waits for files that are open for writing, so a mount that can only be read is laid over it instead.
    pub(crate) fn can_be_written(&mut self, can: bool) {
        self.mount(if can { "umount -l /mnt" } else { "mount --bind /mnt /mnt && mount -o remount,bind,ro /mnt" });
    }

    /// Whether its files may be executed.
    pub(crate) fn can_be_executed(&mut self, can: bool) {
        self.mount(if can { "mount -o remount,exec /mnt" } else { "mount -o remount,noexec /mnt" });
    }

    fn mount(&mut self, mount: &str) {
        let order = format!("({mount}) && echo done || echo failed\n");
        self.keeper.stdin.as_mut().expect("a pipe").write_all(order.as_bytes()).expect("sent");
        self.is_done("it cannot be mounted again");
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = self.keeper.kill();
        let _ = self.keeper.wait();
    }
}
