//! The JSON that others read and write: stable names, one `$type` a document.

use serde::{Deserialize, Serialize};

use changeling_core::id::{Digest, Label};
use changeling_core::receipt::Receipt;

/// `GET /v1/components`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Components {
    /// `changeling.components/1`.
    #[serde(rename = "$type")]
    pub kind: String,
    /// By name.
    pub components: Vec<Component>,
}

/// One component.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Component {
    /// Its name.
    pub name: String,
    /// `actor` or `service`; none until a version of it was read.
    pub kind: Option<String>,
    /// What it does: `serving`, `loading`, `upgrading` …
    pub state: String,
    /// What is current.
    pub current: Option<Current>,
    /// Every version in service or on its way, and who holds it.
    pub versions: Vec<Version>,
    /// The upgrade that was taken and has not begun.
    pub waiting: Option<Waiting>,
}

/// An upgrade that was taken and has not begun.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Waiting {
    /// Which upgrade.
    pub id: u64,
    /// To which bytes.
    pub digest: Digest,
    /// What people call them.
    pub label: Label,
    /// For what it waits, in one sentence.
    pub why: String,
}

/// A current version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Current {
    /// Which bytes.
    pub digest: Digest,
    /// What people call it.
    pub label: Label,
    /// In bytes.
    pub size: u64,
    /// RFC 3339.
    pub since: String,
}

/// A version in service or on its way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Version {
    /// Which bytes.
    pub digest: Digest,
    /// What people call it.
    pub label: Label,
    /// In bytes.
    pub size: u64,
    /// `current`, `old`, `incoming` or `staged`.
    pub role: String,
    /// Who keeps it in service.
    pub holders: Vec<String>,
    /// Why each of them does, in one sentence.
    pub why: Vec<String>,
}

/// `GET /v1/actors`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Actors {
    /// `changeling.actors/1`.
    #[serde(rename = "$type")]
    pub kind: String,
    /// By address.
    pub actors: Vec<Actor>,
}

/// One actor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Actor {
    /// Its address.
    pub address: String,
    /// The version it runs on.
    pub digest: Digest,
    /// What people call that.
    pub label: Label,
    /// `idle`, `running`, `held` or `stopped`.
    pub state: String,
    /// On a newer version than the current one, with the way back closed.
    pub left_behind: bool,
    /// Messages that wait.
    pub mailbox: u64,
    /// Messages handled.
    pub handled: u64,
    /// Restarts after crashes.
    pub restarts: u64,
    /// Linear memory, in bytes.
    pub memory: u64,
    /// The most that it may have, in bytes.
    pub memory_limit: u64,
    /// How long it lives, in milliseconds.
    pub uptime_ms: u64,
}

/// `GET /v1/actors/{address}/state`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// `changeling.state/1`.
    #[serde(rename = "$type")]
    pub kind: String,
    /// Whose.
    pub address: String,
    /// Its version.
    pub version: u32,
    /// Its structure; empty where its code does not say.
    pub structure: String,
    /// What people call the code that saved it.
    pub label: Label,
    /// Its bytes.
    pub base64: String,
}

/// `GET /v1/upgrades`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Upgrades {
    /// `changeling.upgrades/1`.
    #[serde(rename = "$type")]
    pub kind: String,
    /// Newest first.
    pub upgrades: Vec<Receipt>,
}
