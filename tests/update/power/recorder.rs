//! Every call by which a process changes files below a directory, as `strace` sees it.

use std::collections::HashMap;
use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};

use crate::support::eventually;

/// Calls that change no file, or only through another call that is recorded. All others are looked at: one that names
/// a file of the directory and is not understood is an error, so that nothing is missed.
const HARMLESS: &str = "read,readv,pread64,preadv,recvfrom,sendto,recvmsg,sendmsg,recvmmsg,sendmmsg,epoll_create1,\
    epoll_ctl,epoll_wait,epoll_pwait,epoll_pwait2,poll,ppoll,select,pselect6,futex,clock_gettime,clock_nanosleep,\
    nanosleep,madvise,munmap,mprotect,mremap,brk,rt_sigaction,rt_sigprocmask,rt_sigreturn,sigaltstack,getrandom,\
    sched_yield,sched_getaffinity,gettid,getpid,getppid,clone,clone3,vfork,fork,exit,exit_group,wait4,waitid,socket,\
    socketpair,connect,accept,accept4,setsockopt,getsockopt,getsockname,getpeername,listen,shutdown,eventfd2,\
    timerfd_create,timerfd_settime,pipe2,pipe,dup,dup2,dup3,fcntl,close,close_range,fstat,stat,lstat,newfstatat,statx,\
    access,faccessat,faccessat2,readlink,readlinkat,getcwd,getdents64,prctl,arch_prctl,set_tid_address,\
    set_robust_list,prlimit64,uname,sysinfo,kill,tgkill,membarrier,rseq,flock,getuid,geteuid,getgid,getegid,umask,\
    statfs,fstatfs,inotify_init1,inotify_add_watch,inotify_rm_watch,execve,pidfd_open,fadvise64,restart_syscall";

/// A change, or what makes changes last. Paths are below the recorded directory, and relative to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Operation {
    /// Opened for writing, and made where it was not there.
    Open {
        path: PathBuf,
        mode: u32,
        /// Whether what is written comes after what is there: it is new, empty, or appended to.
        appends: bool,
        truncates: bool,
    },
    /// Written after what is there.
    Write {
        path: PathBuf,
        bytes: Vec<u8>,
    },
    /// What had been done to the file, or to the names of the directory, when `began` operations were over stays.
    Sync {
        path: PathBuf,
        began: usize,
    },
    Rename {
        from: PathBuf,
        to: PathBuf,
    },
    Remove {
        path: PathBuf,
    },
    MakeDirectory {
        path: PathBuf,
    },
    /// The name of a socket.
    Bind {
        path: PathBuf,
    },
}

/// The words that start a program, of which every change is then written to `trace`. It keeps its process's id.
pub(crate) fn recorded(trace: &Path, program: &Path) -> (PathBuf, Vec<OsString>) {
    let mut words: Vec<OsString> = ["-D", "-f", "-y", "-xx", "-s", "1000000000", "-o"].map(Into::into).into();
    words.push(trace.into());
    // A tracer that stops only where it looks costs a box little.
    words.extend(["--seccomp-bpf".into(), "-e".into(), format!("trace=!{HARMLESS}").into(), program.into()]);
    ("strace".into(), words)
}

/// Reads the trace of a process that has ended.
pub(crate) fn read(trace: &Path, directory: &Path) -> Vec<Operation> {
    let mut text = Vec::new();
    eventually("the whole trace", || {
        text = std::fs::read(trace).unwrap_or_default();
        let last = text.trim_ascii_end().rsplit(|&byte| byte == b'\n').next().unwrap_or_default();
        last.ends_with(b"+++")
    });
    let mut reader = Reader { directory, operations: Vec::new(), begun: HashMap::new() };
    for line in text.split(|&byte| byte == b'\n') {
        reader.line(line);
    }
    reader.operations
}

struct Reader<'a> {
    directory: &'a Path,
    operations: Vec<Operation>,
    /// By process: a call that has not come back, and how many operations were over when it began.
    begun: HashMap<Vec<u8>, (Vec<u8>, usize)>,
}

/// A call that has succeeded.
struct Call<'a> {
    name: &'a str,
    arguments: &'a [u8],
    result: u64,
    began: usize,
}

impl Reader<'_> {
    fn line(&mut self, line: &[u8]) {
        let Some(end) = line.iter().position(|&byte| byte == b' ') else { return };
        let (process, text) = (&line[..end], line[end..].trim_ascii_start());
        if text.starts_with(b"+++") || text.starts_with(b"---") {
            return;
        }
        if let Some(before) = text.strip_suffix(b" <unfinished ...>") {
            self.begun.insert(process.to_vec(), (before.to_vec(), self.operations.len()));
        } else if text.starts_with(b"<... ") {
            let after = find(text, b" resumed>").expect("a resumed call") + b" resumed>".len();
            let (mut whole, began) = self.begun.remove(process).expect("its beginning");
            whole.extend_from_slice(&text[after..]);
            self.call(&whole, began);
        } else {
            let began = self.operations.len();
            self.call(text, began);
        }
    }

    fn call(&mut self, text: &[u8], began: usize) {
        let shown = || String::from_utf8_lossy(&text[..text.len().min(300)]).into_owned();
        let open = find(text, b"(").unwrap_or_else(|| panic!("no call: {}", shown()));
        let equals =
            text.windows(3).rposition(|three| three == b" = ").unwrap_or_else(|| panic!("no result: {}", shown()));
        let result = text[equals + 3..].split(|&byte| byte == b' ' || byte == b'<').next().unwrap_or_default();
        // What has failed has changed nothing; `?` is a call that the end of the process has overtaken.
        let Some(result) = std::str::from_utf8(result).ok().and_then(|result| {
            result
                .strip_prefix("0x")
                .map_or_else(|| result.parse().ok(), |hexadecimal| u64::from_str_radix(hexadecimal, 16).ok())
        }) else {
            return;
        };
        let name = std::str::from_utf8(&text[..open]).expect("a name");
        let arguments = text[open + 1..equals].trim_ascii_end().strip_suffix(b")").expect("its end");
        let before = self.operations.len();
        let is_known = self.understand(&Call { name, arguments, result, began });
        if !is_known {
            let escaped: Vec<u8> = self
                .directory
                .as_os_str()
                .as_bytes()
                .iter()
                .flat_map(|byte| format!("\\x{byte:02x}").into_bytes())
                .collect();
            assert!(find(arguments, &escaped).is_none(), "a call that is not understood: {}", shown());
        }
        assert!(is_known || before == self.operations.len());
    }

    /// Whether the call is one that is known.
    fn understand(&mut self, call: &Call<'_>) -> bool {
        let Call { name, arguments, result, began } = *call;
        let flags =
            || String::from_utf8_lossy(arguments.rsplit(|&byte| byte == b'"').next().unwrap_or_default()).into_owned();
        let operation = match name {
            "open" | "openat" | "openat2" | "creat" => {
                let flags = flags();
                let is_written =
                    name == "creat" || ["O_WRONLY", "O_RDWR", "O_CREAT"].iter().any(|flag| flags.contains(flag));
                let mode =
                    flags.rsplit(", ").next().and_then(|mode| u32::from_str_radix(mode, 8).ok()).unwrap_or(0o600);
                self.path(arguments, 0).filter(|_| is_written).map(|path| Operation::Open {
                    path,
                    mode,
                    appends: ["O_APPEND", "O_EXCL", "O_TRUNC"].iter().any(|flag| flags.contains(flag)),
                    truncates: flags.contains("O_TRUNC"),
                })
            }
            "write" | "writev" => self.file(arguments).map(|path| {
                let mut bytes = strings(arguments).concat();
                bytes.truncate(usize::try_from(result).expect("a length"));
                Operation::Write { path, bytes }
            }),
            "fsync" | "fdatasync" => self.file(arguments).map(|path| Operation::Sync { path, began }),
            "rename" | "renameat" | "renameat2" => match (self.path(arguments, 0), self.path(arguments, 1)) {
                (Some(from), Some(to)) => Some(Operation::Rename { from, to }),
                (None, None) => None,
                paths => panic!("a file comes or goes: {paths:?}"),
            },
            "unlink" | "unlinkat" | "rmdir" => self.path(arguments, 0).map(|path| Operation::Remove { path }),
            "mkdir" | "mkdirat" => self.path(arguments, 0).map(|path| Operation::MakeDirectory { path }),
            "bind" if find(arguments, b"sun_path=\"").is_some() => {
                self.path(arguments, 0).map(|path| Operation::Bind { path })
            }
            "bind" | "chdir" => None,
            // The permissions of a socket, which are not what has to last.
            "chmod" if self.path(arguments, 0).is_some_and(|path| path == Path::new("control.new")) => None,
            "mmap" => return find(arguments, b"MAP_SHARED").is_none() || find(arguments, b"PROT_WRITE").is_none(),
            _ => return false,
        };
        self.operations.extend(operation);
        true
    }

    /// The file that is open, when it is below the directory and still has a name.
    fn file(&self, arguments: &[u8]) -> Option<PathBuf> {
        let first = arguments.split(|&byte| byte == b',').next().unwrap_or_default();
        let (start, end) = (find(first, b"<")?, find(first, b">")?);
        if first[end..].starts_with(b">(deleted)") {
            return None;
        }
        self.below(Path::new(&OsString::from_vec(unescaped(&first[start + 1..end]))))
    }

    /// The path of this number among the strings, when it is below the directory.
    fn path(&self, arguments: &[u8], number: usize) -> Option<PathBuf> {
        let path = PathBuf::from(OsString::from_vec(strings(arguments).into_iter().nth(number)?));
        if path.is_absolute() {
            return self.below(&path);
        }
        // Relative to a directory that is open, of which there is one before each path.
        let mut opened = arguments.split(|&byte| byte == b'<').skip(1);
        let opened = opened.nth(number).and_then(|text| text.split(|&byte| byte == b'>').next()).map(unescaped);
        let opened = PathBuf::from(OsString::from_vec(opened.expect("a relative path has a directory")));
        self.below(&opened.join(path))
    }

    fn below(&self, path: &Path) -> Option<PathBuf> {
        path.strip_prefix(self.directory).ok().map(Path::to_owned)
    }
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|part| part == wanted)
}

/// The text between quotation marks, of which escaped text has none.
fn strings(arguments: &[u8]) -> Vec<Vec<u8>> {
    arguments.split(|&byte| byte == b'"').skip(1).step_by(2).map(unescaped).collect()
}

/// `\x2f\x74` is `/t`.
fn unescaped(text: &[u8]) -> Vec<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    text.chunks(4)
        .map(|four| match *four {
            [b'\\', b'x', high, low] => digit(high).zip(digit(low)).map(|(high, low)| high << 4 | low),
            _ => None,
        })
        .collect::<Option<_>>()
        .unwrap_or_else(|| text.to_vec())
}
