//! The defect that a test seeds in this host, by `CHANGELING_DEFECT` and the name of one of [`Defect`]. It is read in builds
//! with `debug_assertions` only: a release build has none of it.

use std::collections::BTreeMap;
use std::sync::{Mutex, OnceLock, PoisonError};

pub(crate) use changeling_core::defect::Defect;
use changeling_core::id::ComponentName;

/// Which one, if any.
pub(crate) fn seeded() -> Option<Defect> {
    static SEEDED: OnceLock<Option<Defect>> = OnceLock::new();
    if !cfg!(debug_assertions) {
        return None;
    }
    *SEEDED.get_or_init(|| {
        let name = std::env::var("CHANGELING_DEFECT").ok()?;
        Some(Defect::named(&name).unwrap_or_else(|| panic!("CHANGELING_DEFECT={name} is no defect")))
    })
}

/// Whether it is this one.
pub(crate) fn is_seeded(defect: Defect) -> bool {
    defect.is_seeded(seeded())
}

/// For [`Defect::StateOfAnother`]: what was saved before this, of the same component. Else what it was given.
pub(crate) fn mixed_up(of: &ComponentName, saved: Vec<u8>) -> Vec<u8> {
    static LAST: Mutex<BTreeMap<ComponentName, Vec<u8>>> = Mutex::new(BTreeMap::new());
    if !is_seeded(Defect::StateOfAnother) {
        return saved;
    }
    let before = LAST.lock().unwrap_or_else(PoisonError::into_inner).insert(of.clone(), saved.clone());
    before.filter(|before| before.get(8..12) == saved.get(8..12)).unwrap_or(saved)
}
