//! The JSON that others read and write: stable names, one `$type` a document.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use changeling_core::id::{Digest, UpgradeId};
use changeling_core::receipt::Receipt;

use crate::store::Record;

/// `GET /v1/components`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Components {
    /// `changeling.components/1`.
    #[serde(rename = "$type")]
    pub kind: String,
    /// By name.
    pub components: Vec<Component>,
}

/// One component.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
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
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Waiting {
    /// Which upgrade.
    pub id: u64,
    /// To which bytes.
    pub digest: Digest,
    /// What people call them.
    pub label: String,
    /// For what it waits, in one sentence.
    pub why: String,
}

/// `GET /v1/components/{name}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ComponentInFull {
    /// `changeling.component/1`.
    #[serde(rename = "$type")]
    pub document: String,
    /// As in the list of all.
    #[serde(flatten)]
    pub component: Component,
    /// What can be called.
    pub exports: Vec<Export>,
    /// What it needs from its host.
    pub imports: Vec<String>,
    /// The structures of its state, where it is an actor that says them.
    pub shapes: Option<Value>,
}

/// A function that can be called.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Export {
    /// Its full name.
    pub function: String,
    /// Its type, as WIT has it.
    #[serde(rename = "type")]
    pub ty: String,
}

/// A current version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Current {
    /// Which bytes.
    pub digest: Digest,
    /// What people call it.
    pub label: String,
    /// In bytes.
    pub size: u64,
    /// RFC 3339.
    pub since: String,
}

/// A version in service or on its way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Version {
    /// Which bytes.
    pub digest: Digest,
    /// What people call it.
    pub label: String,
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
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Actors {
    /// `changeling.actors/1`.
    #[serde(rename = "$type")]
    pub kind: String,
    /// By address.
    pub actors: Vec<Actor>,
}

/// One actor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Actor {
    /// Its address.
    pub address: String,
    /// The version it runs on.
    pub digest: Digest,
    /// What people call that.
    pub label: String,
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
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
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
    pub label: String,
    /// Its bytes.
    pub base64: String,
}

/// `GET /v1/actors/{address}/status`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Status {
    /// `changeling.status/1`.
    #[serde(rename = "$type")]
    pub kind: String,
    /// Whose.
    pub address: String,
    /// What people call the code that says so.
    pub label: String,
    /// What it shows of itself; a text where that is no JSON.
    pub view: Value,
}

/// `GET /v1/upgrades`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Upgrades {
    /// `changeling.upgrades/1`.
    #[serde(rename = "$type")]
    pub kind: String,
    /// Newest first.
    pub upgrades: Vec<Receipt>,
}

/// `GET /v1/events`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Events {
    /// `changeling.events/1`.
    #[serde(rename = "$type")]
    pub kind: String,
    /// Oldest first.
    pub events: Vec<Record>,
}

/// An upgrade has begun.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Begun {
    /// `changeling.upgrade/1`.
    #[serde(rename = "$type")]
    pub kind: String,
    /// Which: the number of its receipt to come.
    pub id: UpgradeId,
}

/// There was nothing to do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Nothing {
    /// `changeling.nothing/1`.
    #[serde(rename = "$type")]
    pub kind: String,
    /// Why.
    pub reason: String,
}

impl Begun {
    /// This one.
    pub fn new(id: UpgradeId) -> Self {
        Self { kind: "changeling.upgrade/1".into(), id }
    }
}

impl Nothing {
    /// For this reason.
    pub fn new(reason: String) -> Self {
        Self { kind: "changeling.nothing/1".into(), reason }
    }
}

/// What became of an offer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum Deployed {
    /// It is decided.
    Receipt(Box<Receipt>),
    /// It is that version already.
    Nothing(Nothing),
}

/// What became of a request to an operator's end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum Asked {
    /// An upgrade has begun by it.
    Begun(Begun),
    /// There was nothing to do.
    Nothing(Nothing),
}

/// Why there is no answer (RFC 9457).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// `urn:changeling:problem:NAME`, where NAME is stable.
    #[serde(rename = "type")]
    pub kind: String,
    /// The name for people.
    pub title: String,
    /// The status of the answer.
    pub status: u16,
    /// What, why, and what to do.
    pub detail: String,
    /// More about it: `address`, `function`, `path` …
    #[serde(flatten)]
    #[schema(value_type = Object)]
    pub more: Map<String, Value>,
}
