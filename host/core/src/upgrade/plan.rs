//! Which actors are to go over, and how far each has come: sets and counts only, so that every question about one actor
//! is answered without looking at the others. It asks for no act.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::actor::ActorKey;
use crate::effect::Handover;
use crate::id::{Attempt, Digest, Generation};
use crate::time::Time;

const RETRY_MIN: Duration = Duration::from_millis(50);
const RETRY_MAX: Duration = Duration::from_secs(1);

#[derive(Debug, Default)]
pub(crate) struct Plan {
    members: BTreeMap<ActorKey, Member>,
    ready: BTreeSet<ActorKey>,
    later: BTreeSet<(Time, ActorKey)>,
    in_flight: usize,
    /// Open members that were there when the plan was made.
    elders: usize,
    /// Open members that were born since.
    newborns: usize,
    /// When those not switched are given up: counted from the first hold.
    pub until: Option<Time>,
    /// How a state goes over from each version that members run on.
    pub handovers: BTreeMap<Digest, Handover>,
}

#[derive(Debug, Clone)]
pub(crate) struct Member {
    pub generation: Generation,
    /// The version it had when it came into the plan.
    pub from: Digest,
    pub attempt: Attempt,
    pub standing: Standing,
    is_newborn: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It is not yet there to be switched: it starts, or an older upgrade's try at it is not answered.
    Coming,
    /// A switch may be asked for.
    Ready,
    /// A switch was asked for.
    InFlight,
    /// The last try came at a bad moment.
    Later(Time),
    /// It is being ended, to begin anew on the new version.
    Ending,
    /// It runs on the new version.
    Switched,
    /// It keeps the old version for now.
    GivenUp,
}

impl Standing {
    fn is_open(self) -> bool {
        !matches!(self, Self::Switched | Self::GivenUp)
    }
}

impl Plan {
    pub fn get(&self, key: &ActorKey) -> Option<&Member> {
        self.members.get(key)
    }

    /// Whether nobody is left to wait for.
    pub fn is_decided(&self) -> bool {
        self.elders == 0 && self.newborns == 0
    }

    /// Whether only actors that were born since keep it open: then births wait, or it might never end.
    pub fn has_only_newborns(&self) -> bool {
        self.elders == 0 && self.newborns > 0
    }

    pub fn in_flight(&self) -> usize {
        self.in_flight
    }

    pub fn join(&mut self, key: ActorKey, generation: Generation, from: Digest, standing: Standing, is_newborn: bool) {
        self.leave(&key);
        let attempt = Attempt::default();
        *self.open(is_newborn) += 1;
        self.members.insert(key.clone(), Member { generation, from, attempt, standing: Standing::Coming, is_newborn });
        self.set(&key, standing);
    }

    /// A member runs on another version than when it came.
    pub fn rebase(&mut self, key: &ActorKey, version: Digest) {
        if let Some(member) = self.members.get_mut(key) {
            member.from = version;
        }
    }

    /// Takes an actor out: it is no more, or no longer concerns the plan.
    pub fn leave(&mut self, key: &ActorKey) -> Option<Member> {
        self.get(key)?;
        let before = self.set(key, Standing::GivenUp);
        let member = self.members.remove(key)?;
        Some(Member { standing: before, ..member })
    }

    /// A member's standing changes; what it was before.
    pub fn set(&mut self, key: &ActorKey, standing: Standing) -> Standing {
        let Some(member) = self.members.get_mut(key) else {
            return Standing::GivenUp;
        };
        let before = std::mem::replace(&mut member.standing, standing);
        let is_newborn = member.is_newborn;
        match before {
            Standing::Ready => {
                self.ready.remove(key);
            }
            Standing::Later(at) => {
                self.later.remove(&(at, key.clone()));
            }
            Standing::InFlight => self.in_flight -= 1,
            Standing::Coming | Standing::Ending | Standing::Switched | Standing::GivenUp => {}
        }
        match standing {
            Standing::Ready => {
                self.ready.insert(key.clone());
            }
            Standing::Later(at) => {
                self.later.insert((at, key.clone()));
            }
            Standing::InFlight => self.in_flight += 1,
            Standing::Coming | Standing::Ending | Standing::Switched | Standing::GivenUp => {}
        }
        if before.is_open() && !standing.is_open() {
            *self.open(is_newborn) -= 1;
        } else if !before.is_open() && standing.is_open() {
            *self.open(is_newborn) += 1;
        }
        before
    }

    /// The next one to be switched, now in flight.
    pub fn next(&mut self, now: Time) -> Option<(ActorKey, Member)> {
        if let Some((_, key)) = self.later.first().cloned().filter(|(at, _)| *at <= now) {
            self.set(&key, Standing::Ready);
        }
        let key = self.ready.first().cloned()?;
        self.set(&key, Standing::InFlight);
        let member = self.members.get_mut(&key)?;
        member.attempt = member.attempt.next();
        Some((key, member.clone()))
    }

    /// A try came at a bad moment: when the next one is due.
    pub fn postpone(&mut self, key: &ActorKey, now: Time) -> Time {
        let tries = self.get(key).map_or(1, |member| member.attempt.0);
        let at = now + wait(tries);
        self.set(key, Standing::Later(at));
        at
    }

    pub fn those(&self, fits: impl Fn(Standing) -> bool) -> Vec<ActorKey> {
        let members = self.members.iter().filter(|(_, member)| fits(member.standing));
        members.map(|(key, _)| key.clone()).collect()
    }

    fn open(&mut self, is_newborn: bool) -> &mut usize {
        if is_newborn { &mut self.newborns } else { &mut self.elders }
    }
}

/// The wait after so many tries: doubled each time.
pub(crate) fn wait(tries: u32) -> Duration {
    let doubled = RETRY_MIN * 2_u32.pow(tries.saturating_sub(1).min(10));
    doubled.min(RETRY_MAX)
}
