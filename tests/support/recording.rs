//! What callers and an operator saw, written down outside the host as they saw it. It judges nothing: see `judge`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use serde_json::Value;

/// Everything, in no order but that of its times.
#[derive(Default)]
pub struct Recording {
    /// Every call of every caller.
    pub calls: Vec<Call>,
    /// Every upgrade that was asked for, and was over before the next one of its component was asked for, or was
    /// overtaken by it. In the order in which they were asked for.
    pub upgrades: Vec<Upgrade>,
    /// Lives that were ended to begin anew.
    pub renewals: Vec<Renewal>,
    /// What was said to be current, whenever somebody looked.
    pub sights: Vec<Sight>,
    /// How many actors each component has from the first upgrade on.
    pub population: BTreeMap<String, u64>,
    /// What each account began with.
    pub deposits: BTreeMap<String, i64>,
}

/// A version by the number that whoever offered it gave to its bytes.
pub type Version = u64;

/// A call as its caller saw it.
pub struct Call {
    /// Who called: its name for the actor, where that is told.
    pub sender: Arc<str>,
    /// Where.
    pub to: Arc<str>,
    pub asked: Asked,
    pub began: Instant,
    pub ended: Instant,
    pub heard: Heard,
    /// Its place in a row of calls of which each was known to be accepted when the next one was made.
    pub row: Option<(u32, u32)>,
}

/// What it was for.
#[derive(Debug, Clone, PartialEq)]
pub enum Asked {
    /// The sender's note of this number, of a witness.
    Note(u64),
    /// What a witness knows.
    Look,
    /// A witness is to be reminded once, after so many milliseconds.
    Remind(u64),
    /// A witness works for so many milliseconds: no more than an answer is expected.
    Work(u64),
    /// A counter counts by one.
    Increment,
    /// So much from one account to another.
    Transfer(Arc<str>, Arc<str>, i64),
    /// What is on an account at the end.
    Balance(Arc<str>),
    /// What is on all accounts.
    Total,
    /// A service greets.
    Greet,
}

/// What was answered.
#[derive(Debug, Clone, PartialEq)]
pub enum Heard {
    Testimony(Testimony),
    Number(i64),
    /// A greeting by this version.
    Greeting(Version),
    /// Nothing that could be looked at, and no refusal.
    Done,
    /// Why there is no answer.
    Not(String),
}

/// What a witness said.
#[derive(Debug, Clone, PartialEq)]
pub struct Testimony {
    pub by: Version,
    /// Whose state it has, where that is not its own.
    pub of_another: Option<String>,
    pub life: u64,
    pub count: u64,
    pub before: u64,
    pub reminded: u64,
}

/// An upgrade as the one who asked for it saw it.
pub struct Upgrade {
    pub component: String,
    pub to: Version,
    pub digest: String,
    pub began: Instant,
    pub ended: Instant,
    /// What must come of it.
    pub outcomes: &'static [&'static str],
    /// So many calls are known to have waited behind its hold.
    pub held: u64,
    pub receipt: Value,
}

impl Upgrade {
    /// How it ended.
    pub fn outcome(&self) -> &str {
        self.receipt["outcome"].as_str().unwrap_or_default()
    }

    /// Whether what it brought became current.
    pub fn is_published(&self) -> bool {
        !self.receipt["steps"]["published"].is_null()
    }
}

/// An actor that was told to begin anew.
pub struct Renewal {
    pub address: String,
    pub began: Instant,
    pub ended: Instant,
}

/// That this was current, at every look from the first to the last of these.
pub struct Sight {
    pub component: String,
    pub digest: String,
    /// Begin and end of the first look that showed it.
    pub first: (Instant, Instant),
    /// Begin and end of the last.
    pub last: (Instant, Instant),
}
