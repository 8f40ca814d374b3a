//! The store through its public face, on real folders.

mod alive;
mod compiled;
mod events;
mod kept;
mod killed;
mod opening;
mod parked;
mod receipts;
mod status;
mod table;
mod versions;

use std::fs;
use std::io::{self, Read};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;

use changeling_core::WallTime;
use changeling_core::contract::Source;
use changeling_core::happening::Happening;
use changeling_core::id::{Address, ComponentName, Digest, UpgradeId};
use changeling_core::reason::Step;
use changeling_core::receipt::{Outcome, RECEIPT_TYPE, Receipt, VersionRef};
use changeling_core::table::Table;
use tempfile::TempDir;

use super::*;

struct Place {
    dir: TempDir,
}

impl Place {
    fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    fn state(&self) -> PathBuf {
        self.dir.path().join(".changeling")
    }

    fn open(&self) -> Store {
        let (store, notes) = Store::open(&self.state()).unwrap();
        assert_eq!(notes, Vec::<String>::new());
        store
    }

    fn refusal(&self) -> String {
        Store::open(&self.state()).unwrap_err().to_string()
    }

    fn mode(&self, name: &str) -> u32 {
        fs::metadata(self.state().join(name)).unwrap().permissions().mode() & 0o7777
    }

    /// The visible names in a folder of the store.
    fn names(&self, folder: &str) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(self.state().join(folder))
            .unwrap()
            .map(|e| e.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    /// Changes one byte in the middle of a file.
    fn damage(&self, name: &str) {
        let path = self.state().join(name);
        let mut bytes = fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(path, bytes).unwrap();
    }
}

fn receipt(id: u64) -> Receipt {
    Receipt {
        kind: RECEIPT_TYPE.to_owned(),
        id: UpgradeId(id),
        component: ComponentName::new("counter").unwrap(),
        from: None,
        to: VersionRef { digest: Digest([1; 32]), label: "1".to_owned() },
        asked_by: Source::Folder { file: "counter.wasm".to_owned() },
        outcome: Outcome::Settled,
        step: Step::Settled,
        reason: None,
        findings: Vec::new(),
        actors: Default::default(),
        pause_us: None,
        held: Default::default(),
        bytes: 0,
        rehearsal: Default::default(),
        refusals: Vec::new(),
        holders: Vec::new(),
        steps: Default::default(),
        started: WallTime(1),
        ended: WallTime(2),
        previous: None,
    }
}
