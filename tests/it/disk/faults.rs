//! Faults of a disk, done to a real process: a library that is put between it and the C library.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use tempfile::TempDir;

use crate::support::process::Folder;

/// Calls that may fail.
pub const WRITE: u32 = 1;
pub const SYNC: u32 = 2;
pub const TRUNCATE: u32 = 4;
pub const OPEN: u32 = 8;
/// Files that they concern.
pub const DATABASE: u32 = 1;
pub const LOG: u32 = 2;
pub const INDEX: u32 = 4;
pub const OTHER: u32 = 8;
/// Files without a name yet.
pub const DRAFT: u32 = 16;
pub const EVERY: u32 = DATABASE | LOG | INDEX | OTHER | DRAFT;

pub const EIO: u32 = 5;
pub const ENOSPC: u32 = 28;
pub const EROFS: u32 = 30;
/// No error: the process is killed instead of the call.
pub const KILL: u32 = 9001;
/// The same, and a part of what no fsync has followed never reaches the disk.
pub const POWER_CUT: u32 = 9002;

/// Words of the control file, in the order of `faults.c`.
const WORDS: u64 = 11;

/// What is to happen.
#[derive(Debug, Clone, Copy)]
pub struct Fault {
    pub calls: u32,
    pub files: u32,
    pub action: u32,
    /// The first call that is hit, counted from 1.
    pub from: u32,
    /// How many are hit; 0: all that follow.
    pub count: u32,
    /// A write that fails for want of space takes half of its bytes first.
    pub torn: bool,
}

impl Fault {
    /// From the `from`th call on, all fail.
    pub fn since(from: u32, calls: u32, action: u32) -> Self {
        Self { calls, files: EVERY, action, from, count: 0, torn: false }
    }
}

/// The steering wheel of one folder's processes.
pub struct Faults {
    control: File,
    _folder: TempDir,
}

/// The library, built once.
fn library() -> PathBuf {
    static BUILT: OnceLock<TempDir> = OnceLock::new();
    let folder = BUILT.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/disk/faults.c");
        let built = Command::new("cc")
            .args(["-O1", "-fPIC", "-shared", source, "-o"])
            .arg(folder.path().join("faults.so"))
            .args(["-ldl", "-lpthread"])
            .status()
            .expect("a C compiler, which SQLite needs as well");
        assert!(built.success(), "{source} is built");
        folder
    });
    folder.path().join("faults.so")
}

impl Faults {
    /// Lets the processes of `folder` run on a disk that fails when told to.
    pub fn in_folder(folder: Folder) -> (Folder, Self) {
        let own = tempfile::tempdir().unwrap();
        let name = own.path().join("control");
        let control =
            OpenOptions::new().read(true).write(true).create_new(true).open(&name).unwrap();
        control.set_len(WORDS * 4).unwrap();
        let text = |path: PathBuf| path.to_str().unwrap().to_owned();
        let database = text(folder.database());
        let folder = folder
            .env("LD_PRELOAD", &text(library()))
            .env("FAULTS_CONTROL", &text(name))
            .env("FAULTS_DATABASE", &database);
        (folder, Self { control, _folder: own })
    }

    fn put(&self, word: u64, value: u32) {
        self.control.write_all_at(&value.to_le_bytes(), word * 4).unwrap();
    }

    fn word(&self, word: u64) -> u32 {
        let mut bytes = [0; 4];
        self.control.read_exact_at(&mut bytes, word * 4).unwrap();
        u32::from_le_bytes(bytes)
    }

    /// Counts anew, and lets this happen.
    pub fn arm(&self, fault: Fault) {
        self.heal();
        for (word, value) in [
            (0, fault.calls),
            (7, fault.files),
            (8, u32::from(fault.torn)),
            (2, fault.from),
            (3, fault.count),
            (5, 0),
            (6, 0),
            (1, fault.action),
        ] {
            self.put(word, value);
        }
    }

    /// Only counts.
    pub fn count(&self, calls: u32, files: u32) {
        self.arm(Fault { calls, files, action: 0, from: 0, count: 0, torn: false });
    }

    /// The cause is gone.
    pub fn heal(&self) {
        self.put(1, 0);
    }

    /// Every fsync takes so long.
    pub fn slow(&self, micros: u32) {
        self.put(7, EVERY);
        self.put(4, micros);
    }

    /// Remembers what was written and not synced, for a power cut that loses parts as `seed` says.
    pub fn lose_unsynced(&self, seed: u32) {
        self.put(10, seed);
        self.put(9, 1);
    }

    /// Calls that were counted since the last [`Faults::arm`].
    pub fn seen(&self) -> u32 {
        self.word(5)
    }

    /// Calls that were hit.
    pub fn hit(&self) -> u32 {
        self.word(6)
    }
}
