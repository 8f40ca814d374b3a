//! One actor: its incarnation, the version it runs on, and where in its life it stands. It holds no state of the guest
//! and no messages: those belong to the hands.

pub(crate) mod birth;
pub(crate) mod end;

use std::time::Duration;

use crate::effect::Birth;
use crate::id::{Digest, Generation, Key, RequestId};
use crate::reason::ExitReason;
use crate::time::Time;

/// What tells the actors of one component apart; none for the singleton.
pub(crate) type ActorKey = Option<Key>;

const BACKOFF_MIN: Duration = Duration::from_millis(100);
const BACKOFF_MAX: Duration = Duration::from_secs(10);
/// Who lived this long begins with the shortest wait again.
const PROVEN_ALIVE: Duration = Duration::from_secs(60);

#[derive(Debug)]
pub(crate) struct Actor {
    /// Of the incarnation that lives, or that lived last.
    pub generation: Generation,
    /// The version it runs on, or ran on last.
    pub version: Digest,
    pub life: Life,
    pub goal: Goal,
    pub restarts: u64,
    /// A message came that this incarnation will not handle.
    pub wanted: bool,
    /// On a newer version than the current one, with the way back closed: why.
    pub left_behind: Option<String>,
    /// Why it did not go over when the last upgrade tried it: the hands' words for it.
    pub stayed: Option<String>,
    /// Who waits for the goal to be reached.
    pub asked: Vec<RequestId>,
    backoff: Duration,
    since: Time,
    /// Starts from a kept state that failed in a row.
    kept_failures: u32,
}

/// Where in its life an actor stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Life {
    /// No instance; the next one starts then.
    Due { at: Time, birth: Birth },
    /// No instance; births wait for an upgrade to be published.
    Held { birth: Birth },
    /// An instance is being made.
    Starting { birth: Birth },
    /// It takes messages.
    Running,
    /// It is being ended.
    Stopping,
    /// It is being put away for the next start of the host.
    Parking,
}

/// What shall become of an actor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Goal {
    /// To live on.
    Live,
    /// To end.
    End(ExitReason),
    /// To end and begin anew.
    Renew(ExitReason),
}

impl Actor {
    /// One that has never lived.
    pub fn unborn(version: Digest, birth: Birth, now: Time) -> Self {
        Self {
            generation: Generation::default(),
            version,
            life: Life::Due { at: now, birth },
            goal: Goal::Live,
            restarts: 0,
            wanted: false,
            left_behind: None,
            stayed: None,
            asked: Vec::new(),
            backoff: BACKOFF_MIN,
            since: now,
            kept_failures: 0,
        }
    }

    /// Whether it has an instance, or one is being made.
    pub fn is_embodied(&self) -> bool {
        !matches!(self.life, Life::Due { .. } | Life::Held { .. })
    }

    /// It runs on this version now.
    pub fn goes_over(&mut self, to: Digest) {
        self.version = to;
        self.left_behind = None;
        self.stayed = None;
    }

    /// How long to wait before the next start; longer each time, until one has lived for a while.
    fn next_wait(&mut self, now: Time) -> Duration {
        if self.life == Life::Running && now - self.since >= PROVEN_ALIVE {
            self.backoff = BACKOFF_MIN;
        }
        let wait = self.backoff;
        self.backoff = (wait * 2).min(BACKOFF_MAX);
        wait
    }
}
