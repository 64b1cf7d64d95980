//! What a power cut may leave of recorded changes, on a file system that promises no more than POSIX does.
//!
//! The content of a file is safe up to its last `fsync`, and a name (made, moved or removed) from the `fsync` of its
//! directory on. Of what is not safe yet, these outcomes are tried at each cut, each of the names with each of the
//! contents:
//!
//! - names: every beginning of the sequence of changes (none and all among them, which is what a journal does), and
//!   of the last four each alone, and all but each;
//! - contents: all there; as at the last sync; as long as they should be but zeros from there on (a journal with data
//!   in writeback); half of what is new, then zeros; half of what is new, and no more; and where several files are
//!   concerned, each alone there and the others as at their last sync.
//!
//! A write that is cut in its middle is among these, since each write is a cut of its own and half of what is new one
//! of its outcomes.

use std::collections::hash_map::Entry as Known;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use ring::digest::{SHA256, digest};

use super::recorder::Operation;

/// Names among the last that are tried one by one.
const ALONE: usize = 4;

type Id = usize;
/// A name in a directory.
type Name = (Id, OsString);

/// A file, a directory or a socket, under whatever name.
struct Node {
    kind: Kind,
    mode: u32,
    /// All that was ever written: it only grows.
    bytes: Vec<u8>,
    /// How long it was after which operation.
    lengths: Vec<(usize, usize)>,
    synced: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    File,
    Directory,
    Socket,
}

/// A change of names that is whole or has not happened.
struct Renaming {
    at: usize,
    effects: Vec<(Name, Option<Id>)>,
}

/// The disk, and what is not safe on it yet.
pub(crate) struct Disk {
    nodes: Vec<Node>,
    safe: BTreeMap<Name, Id>,
    pending: Vec<Renaming>,
    /// Operations that are over.
    over: usize,
    hashes: HashMap<(Id, usize, usize), String>,
}

/// What is under a path after a cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum PathState {
    Directory,
    Socket,
    /// The first `whole` bytes that were written to a node, then zeros up to `size`.
    File {
        node: Id,
        whole: usize,
        size: usize,
    },
}

/// What a cut leaves.
pub(crate) type Remains = BTreeMap<PathBuf, PathState>;

/// The fate of contents that are not synced.
#[derive(Clone, Copy)]
enum Loss {
    Nothing,
    All,
    Zeroed,
    Torn,
    Short,
    /// All of every file's but this one's.
    AllBut(Id),
}

const ROOT: Id = 0;

impl Disk {
    /// An empty directory.
    pub(crate) fn new() -> Self {
        let root = Node::new(Kind::Directory, 0o755);
        Self { nodes: vec![root], safe: BTreeMap::new(), pending: Vec::new(), over: 0, hashes: HashMap::new() }
    }

    /// Goes on by one operation.
    pub(crate) fn take(&mut self, operation: &Operation) {
        self.over += 1;
        let at = self.over;
        match operation {
            Operation::Open { path, mode, appends, truncates } => match self.resolve(path) {
                Some(id) => {
                    let node = &self.nodes[id];
                    assert!(!truncates || node.bytes.is_empty(), "{} is written over in place", path.display());
                    assert!(*appends || node.bytes.is_empty(), "{} is changed in place", path.display());
                }
                None => self.make(path, Node::new(Kind::File, mode & !0o022)),
            },
            Operation::Write { path, bytes } => {
                let id = self.resolve(path).unwrap_or_else(|| panic!("{} is not there", path.display()));
                let node = &mut self.nodes[id];
                node.bytes.extend_from_slice(bytes);
                node.lengths.push((at, node.bytes.len()));
            }
            Operation::Sync { path, began } => {
                let id = self.resolve(path).unwrap_or_else(|| panic!("{} is not there", path.display()));
                let covered = self.nodes[id].lengths.iter().rev().find(|(at, _)| at <= began);
                self.nodes[id].synced = covered.map_or(0, |(_, length)| *length).max(self.nodes[id].synced);
                let (safe, pending): (Vec<_>, _) =
                    std::mem::take(&mut self.pending).into_iter().partition(|renaming: &Renaming| {
                        renaming.at <= *began && renaming.effects.iter().any(|((directory, _), _)| *directory == id)
                    });
                self.pending = pending;
                for renaming in safe {
                    renaming.apply(&mut self.safe);
                }
            }
            Operation::Rename { from, to } => {
                let id = self.resolve(from).unwrap_or_else(|| panic!("{} is not there", from.display()));
                let (from, to) = (self.name(from), self.name(to));
                self.pending.push(Renaming { at, effects: vec![(from, None), (to, Some(id))] });
            }
            Operation::Remove { path } => {
                let name = self.name(path);
                self.pending.push(Renaming { at, effects: vec![(name, None)] });
            }
            Operation::MakeDirectory { path } => self.make(path, Node::new(Kind::Directory, 0o755)),
            Operation::Bind { path } => self.make(path, Node::new(Kind::Socket, 0o600)),
        }
    }

    fn make(&mut self, path: &Path, node: Node) {
        let name = self.name(path);
        self.nodes.push(node);
        let id = self.nodes.len() - 1;
        self.pending.push(Renaming { at: self.over, effects: vec![(name, Some(id))] });
    }

    fn name(&self, path: &Path) -> Name {
        let directory = path.parent().expect("a parent");
        let id = self.resolve(directory).unwrap_or_else(|| panic!("{} is not there", directory.display()));
        (id, path.file_name().expect("a name").to_owned())
    }

    /// What is under a path as the running process sees it.
    fn resolve(&self, path: &Path) -> Option<Id> {
        path.iter().try_fold(ROOT, |directory, part| {
            let name = (directory, part.to_owned());
            let changed = self.pending.iter().rev().flat_map(|renaming| renaming.effects.iter().rev());
            match changed.clone().find(|(changed, _)| *changed == name) {
                Some((_, id)) => *id,
                None => self.safe.get(&name).copied(),
            }
        })
    }

    /// As the running process sees it.
    pub(crate) fn seen(&self) -> Remains {
        self.remains(|_| true, Loss::Nothing)
    }

    /// Everything that a cut at this moment may leave.
    pub(crate) fn cut(&self) -> BTreeSet<Remains> {
        let count = self.pending.len();
        let last = count.saturating_sub(ALONE)..count;
        let mut chosen: BTreeSet<Vec<bool>> =
            (0..=count).map(|kept| (0..count).map(|number| number < kept).collect()).collect();
        for one in last {
            chosen.insert((0..count).map(|number| number == one).collect());
            chosen.insert((0..count).map(|number| number != one).collect());
        }
        let unsynced: Vec<Id> =
            (0..self.nodes.len()).filter(|id| self.nodes[*id].synced < self.nodes[*id].bytes.len()).collect();
        let mut losses = vec![Loss::Nothing];
        if !unsynced.is_empty() {
            losses.extend([Loss::All, Loss::Zeroed, Loss::Torn, Loss::Short]);
        }
        if unsynced.len() > 1 {
            losses.extend(unsynced.into_iter().map(Loss::AllBut));
        }
        let mut all = BTreeSet::new();
        for names in &chosen {
            all.extend(losses.iter().map(|loss| self.remains(|number| names[number], *loss)));
        }
        all
    }

    fn remains(&self, is_kept: impl Fn(usize) -> bool, loss: Loss) -> Remains {
        let mut names = self.safe.clone();
        for (number, renaming) in self.pending.iter().enumerate() {
            if is_kept(number) {
                renaming.apply(&mut names);
            }
        }
        let mut remains = Remains::new();
        let mut waiting = vec![(ROOT, PathBuf::new())];
        while let Some((directory, path)) = waiting.pop() {
            for ((_, name), id) in names.range((directory, OsString::new())..(directory + 1, OsString::new())) {
                let path = path.join(name);
                let thing = match self.nodes[*id].kind {
                    Kind::Directory => {
                        waiting.push((*id, path.clone()));
                        PathState::Directory
                    }
                    Kind::Socket => PathState::Socket,
                    Kind::File => self.file(*id, loss),
                };
                remains.insert(path, thing);
            }
        }
        remains
    }

    fn file(&self, id: Id, loss: Loss) -> PathState {
        let node = &self.nodes[id];
        let (synced, length) = (node.synced, node.bytes.len());
        let half = synced + (length - synced) / 2;
        let (whole, size) = match loss {
            Loss::Nothing => (length, length),
            Loss::Zeroed => (synced, length),
            Loss::Torn => (half, length),
            Loss::Short => (half, half),
            Loss::AllBut(one) if one == id => (length, length),
            Loss::All | Loss::AllBut(_) => (synced, synced),
        };
        PathState::File { node: id, whole, size }
    }

    /// SHA-256 of a file.
    pub(crate) fn sha256(&mut self, thing: PathState) -> String {
        let PathState::File { node, whole, size } = thing else { return format!("{thing:?}") };
        match self.hashes.entry((node, whole, size)) {
            Known::Occupied(known) => known.get().clone(),
            Known::Vacant(unknown) => {
                let bytes = content(&self.nodes[node], whole, size);
                unknown.insert(hex::encode(digest(&SHA256, &bytes))).clone()
            }
        }
    }

    /// Names what is below a path by its content, such that what is equal there has one name. Of what is not finished,
    /// the temporary files that nobody reads, it counts only whether there is anything in them; of downloads, how much.
    pub(crate) fn fingerprint(&mut self, remains: &Remains, below: &str) -> String {
        let mut text = String::new();
        for (path, thing) in remains.range(PathBuf::from(below)..).filter(|(path, _)| path.starts_with(below)) {
            let content = match (path.extension().and_then(|extension| extension.to_str()), thing) {
                (Some("tmp"), PathState::File { size, .. }) => format!("{}", *size > 0),
                (Some("part"), thing) => format!("{thing:?}"),
                (_, thing) => self.sha256(*thing),
            };
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{} {content}", path.display());
        }
        hex::encode(digest(&SHA256, text.as_bytes()))
    }

    /// Lays it out below a directory. Files come from `pool` as links where it is given: for what is not changed in
    /// place, but for the lock, which each data directory has to itself.
    pub(crate) fn lay_out(&self, remains: &Remains, directory: &Path, pool: Option<&Path>) {
        fs::create_dir_all(directory).expect("made");
        for (path, thing) in remains {
            let place = directory.join(path);
            match *thing {
                PathState::Directory => fs::create_dir(place).expect("made"),
                PathState::Socket => drop(UnixListener::bind(place).expect("bound")),
                PathState::File { node, whole, size } => {
                    let write = |place: &Path| {
                        let node = &self.nodes[node];
                        let mut file = fs::OpenOptions::new();
                        let mut file =
                            file.write(true).create(true).truncate(true).mode(node.mode).open(place).expect("made");
                        std::io::Write::write_all(&mut file, &content(node, whole, size)).expect("written");
                        file.set_permissions(fs::Permissions::from_mode(node.mode)).expect("set");
                    };
                    match pool {
                        Some(pool) if path != Path::new("lock") => {
                            let kept = pool.join(format!("{node}-{whole}-{size}"));
                            if !kept.exists() {
                                write(&kept);
                            }
                            fs::hard_link(kept, place).expect("linked");
                        }
                        _ => write(&place),
                    }
                }
            }
        }
    }
}

impl Node {
    fn new(kind: Kind, mode: u32) -> Self {
        Self { kind, mode, bytes: Vec::new(), lengths: Vec::new(), synced: 0 }
    }
}

impl Renaming {
    fn apply(&self, names: &mut BTreeMap<Name, Id>) {
        for (name, id) in &self.effects {
            match id {
                Some(id) => drop(names.insert(name.clone(), *id)),
                None => drop(names.remove(name)),
            }
        }
    }
}

fn content(node: &Node, whole: usize, size: usize) -> Vec<u8> {
    let mut bytes = node.bytes[..whole].to_vec();
    bytes.resize(size, 0);
    bytes
}
