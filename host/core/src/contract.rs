//! What a version offers and wants, as data: read from its bytes by the host, judged here.
//!
//! Types are texts in which every name is expanded to its structure (`record{id:u64,name:string}`), so that two types
//! are the same exactly when their texts are.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::id::{ComponentName, Digest, Label};
use crate::policy::Strategy;

/// Whether a version's instances have an address and a state, or serve any call alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Exports `state`, `lifecycle` or `info`: one instance an address, one message at a time.
    Actor,
    /// Exports none of them: calls run side by side, in any instance.
    Service,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Actor => "actor",
            Kind::Service => "service",
        })
    }
}

/// One loaded version: everything that decisions need to know of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    /// Which bytes.
    pub digest: Digest,
    /// What people call it.
    pub label: Label,
    /// Of the component, in bytes.
    pub size: u64,
    /// Actor or service.
    pub kind: Kind,
    /// Which optional interfaces of `changeling:actor` it exports.
    pub hooks: Hooks,
    /// The functions that callers may call, by full name (`ns:pkg/interface@1.0.0#function`, or `function` at the root).
    pub functions: BTreeMap<String, Signature>,
    /// Interfaces it imports, with versions; `changeling:` and `wasi:` ones too.
    pub imports: BTreeSet<String>,
    /// The shapes of its state; none where it does not export `state`.
    pub shapes: Option<ShapeSet>,
    /// What is worth saying of how it was made, and refuses nothing.
    pub remarks: Vec<String>,
}

/// The optional interfaces of `changeling:actor` that a version exports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Hooks {
    /// `state`: shapes, save, code-change.
    pub state: bool,
    /// `lifecycle`: init, terminate.
    pub lifecycle: bool,
    /// `info`: handle-info.
    pub info: bool,
    /// `health`: check.
    pub health: bool,
    /// `status`: view.
    pub status: bool,
}

impl Hooks {
    /// Exporting `state`, `lifecycle` or `info` makes an actor.
    pub fn kind(self) -> Kind {
        if self.state || self.lifecycle || self.info { Kind::Actor } else { Kind::Service }
    }
}

/// The type of a function.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signature {
    /// Names and types of the parameters, in order.
    pub params: Vec<(String, String)>,
    /// Type of the result; none makes the function a cast.
    pub result: Option<String>,
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("func(")?;
        for (i, (name, ty)) in self.params.iter().enumerate() {
            let comma = if i == 0 { "" } else { ", " };
            write!(f, "{comma}{name}: {ty}")?;
        }
        f.write_str(")")?;
        self.result.iter().try_for_each(|ty| write!(f, " -> {ty}"))
    }
}

/// The longest structure, in bytes.
pub const MAX_STRUCTURE: usize = 64 << 10;

/// A state version and its structure as text; an empty structure is unknown and equals any.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shape {
    /// Grows with each change of the structure.
    pub version: u32,
    /// `{total:u64,calls:u64}`; 64 KiB at most.
    pub structure: String,
}

/// Which shapes a version has, can take over from, and can save as.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShapeSet {
    /// What it saves when nobody asks for an older one.
    pub current: Shape,
    /// What its `code-change` takes.
    pub reads: Vec<Shape>,
    /// What its `save` can write.
    pub writes: Vec<Shape>,
}

impl ShapeSet {
    /// Whether the contract's bound holds for each of them.
    ///
    /// # Errors
    /// One sentence about the first that is too long.
    pub fn is_in_bounds(&self) -> Result<(), String> {
        let mut all = std::iter::once(&self.current).chain(&self.reads).chain(&self.writes);
        match all.find(|shape| shape.structure.len() > MAX_STRUCTURE) {
            None => Ok(()),
            Some(long) => Err(format!(
                "the structure of its state version {} has {} bytes, where {MAX_STRUCTURE} are allowed; say less of it, \
                 or leave it empty",
                long.version,
                long.structure.len()
            )),
        }
    }
}

/// A file or body that was put in the host's hands, its bytes already kept in the store under their digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// The component that it wants to be a version of.
    pub component: ComponentName,
    /// Which bytes.
    pub digest: Digest,
    /// The part of the file's name after `@`, where there is one.
    pub name_label: Option<Label>,
    /// Modification time of the file, else the time of the request.
    pub modified: crate::time::WallTime,
    /// Where it came from.
    pub source: Source,
    /// How its actors go over; where nothing is said, as the component's policy has it.
    pub strategy: Option<Strategy>,
    /// Whether it is tried on copies only, and nothing is switched.
    pub is_trial: bool,
    /// Whether it lay in the folder when the host began to look there, or looked there again: nobody has put it there just
    /// now.
    pub lay_there: bool,
}

/// Who asks for an upgrade; stands in the receipt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case", tag = "by")]
pub enum Source {
    /// A file in the watched folder, by its name there.
    Folder {
        /// Its name in the folder.
        file: String,
    },
    /// A person or program over HTTP.
    Deploy {
        /// What they gave as their name or file, for the receipt.
        from: String,
    },
}

impl Source {
    /// The file in the watched folder, if it is one.
    pub fn file(&self) -> Option<&str> {
        match self {
            Self::Folder { file } => Some(file),
            Self::Deploy { .. } => None,
        }
    }
}
