//! The table on disk: one JSON document that says what it is, replaced as a whole. Every form that was ever written
//! stays loadable.

use std::borrow::Cow;

use changeling_core::table::Table;
use serde::{Deserialize, Serialize};

use super::error::Error;
use super::folder::Folder;

const NAME: &str = "table.json";
const TYPE: &str = "changeling.table/1";
const LIMIT: u64 = 256 << 20;

/// The file `table.json`.
#[derive(Debug)]
pub struct TableFile {
    folder: Folder,
}

#[derive(Serialize, Deserialize)]
struct Stored<'a> {
    #[serde(rename = "$type")]
    kind: Cow<'a, str>,
    #[serde(flatten)]
    table: Cow<'a, Table>,
}

impl TableFile {
    pub(super) fn new(folder: Folder) -> Self {
        Self { folder }
    }

    /// The table as it was last written; none where none ever was.
    ///
    /// # Errors
    /// [`Error::Damaged`] when it cannot be read as a table; it is left as it is, for a person to look at.
    pub fn load(&self) -> Result<Option<Table>, Error> {
        let Some(text) = self.folder.read(NAME, LIMIT)? else {
            return Ok(None);
        };
        parse(&text).map(Some).map_err(|why| Error::Damaged { path: self.folder.path_of(NAME), why })
    }

    /// Replaces the table; on the disk, name and all, when this returns.
    ///
    /// # Errors
    /// When the disk refuses. The one before stands then, also where only the very last step failed (the folder's
    /// fsync): it is put back. Where that is refused as well, this one stands, and counts as written: what a start after
    /// a kill would read is what everybody goes by. A power cut may bring back either of them then.
    pub fn write(&self, table: &Table) -> Result<(), Error> {
        let text = to_json(&Stored { kind: Cow::Borrowed(TYPE), table: Cow::Borrowed(table) });
        let before = self.folder.read(NAME, LIMIT)?;
        match self.folder.replace(NAME, &text) {
            Err(error) if self.stands(&text) && !self.is_put_back(before.as_deref()) => {
                tracing::error!("the table is written, and may be the one before after a power cut: {error}");
                Ok(())
            }
            written => written,
        }
    }

    fn stands(&self, text: &[u8]) -> bool {
        self.folder.read(NAME, LIMIT).ok().flatten().as_deref() == Some(text)
    }

    fn is_put_back(&self, before: Option<&[u8]>) -> bool {
        let back = match before {
            Some(before) => self.folder.replace_lazily(NAME, before),
            None => self.folder.remove(NAME).map(drop),
        };
        back.is_ok()
    }
}

fn parse(text: &[u8]) -> Result<Table, String> {
    let value = of_type(text, TYPE)?;
    let stored: Stored<'_> = serde_json::from_value(value).map_err(|why| why.to_string())?;
    Ok(stored.table.into_owned())
}

/// A JSON document that says that it is of this type.
pub(super) fn of_type(text: &[u8], wanted: &str) -> Result<serde_json::Value, String> {
    let value: serde_json::Value = serde_json::from_slice(text).map_err(|why| why.to_string())?;
    match value.get("$type").and_then(serde_json::Value::as_str) {
        Some(found) if found == wanted => Ok(value),
        Some(found) => Err(format!("it is a {found:?}, and this host reads {wanted:?}: another version wrote it")),
        None => Err(format!("it lacks the \"$type\" {wanted:?}")),
    }
}

/// The text of a record of ours, with a line end, for people who look at it.
pub(super) fn to_json(record: &impl Serialize) -> Vec<u8> {
    let mut text =
        serde_json::to_vec_pretty(record).expect("our records have only text keys, and memory does not fail");
    text.push(b'\n');
    text
}
