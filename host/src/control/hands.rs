//! The hands: they carry out what the core asks for, and decide nothing. Whatever takes time is given to somebody who
//! answers with a fact.

use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use changeling_core::happening::Happening;
use changeling_core::id::{Address, ComponentName, Digest, Generation, Label, RequestId};
use changeling_core::reason::{Cause, ExitReason, Refusal, Step};
use changeling_core::{Answer, Birth, Effect, Event, NotSwitched, Proof, Rehearsal, StartFailure};

use super::terms::TermsOf;
use super::{LookAgain, disk, loader};
use crate::actors::actor::Actor;
use crate::actors::birth::{From, Saved, birth};
use crate::actors::directory::Published;
use crate::actors::rehearse::{Scratch, made_up, prove, rehearse};
use crate::actors::service::Service;
use crate::actors::stage::Stage;
use crate::actors::{back, handover, park, run};
use crate::defect::{Defect, is_seeded};
use crate::engine::code::Code;
use crate::engine::room::Room;
use crate::engine::timers::Timers;
use crate::store::{ParkedActor, ParkedHead, ParkedTimer, Store};

/// What the hands hold.
pub struct Hands {
    stage: Arc<Stage>,
    disk: Sender<disk::Job>,
    store: Arc<Store>,
    terms: TermsOf,
    look_again: LookAgain,
    answers: Sender<(RequestId, Answer)>,
    /// Every version that is loaded, shared with the loader's answers.
    codes: Codes,
    /// Those that were retired and may still be in use: one that is wanted again is the same one.
    retired: HashMap<(ComponentName, Digest), Weak<Code>>,
    /// What nobody had heard when the host began to end.
    unheard: u64,
    ended: bool,
}

type Codes = Arc<std::sync::Mutex<HashMap<(ComponentName, Digest), Arc<Code>>>>;

impl Hands {
    /// Idle ones.
    pub fn new(
        stage: Arc<Stage>,
        disk: Sender<disk::Job>,
        store: Arc<Store>,
        terms: TermsOf,
        look_again: LookAgain,
        answers: Sender<(RequestId, Answer)>,
    ) -> Self {
        let (codes, retired) = (Codes::default(), HashMap::new());
        Self { stage, disk, store, terms, look_again, answers, codes, retired, unheard: 0, ended: false }
    }

    /// Whether everything is parked and written.
    pub fn ended(&self) -> bool {
        self.ended
    }

    /// Staged bytes are about to be offered: what was to be forgotten before is not they.
    pub fn take(&self, digest: Digest) {
        self.write(disk::Job::Taken(digest));
    }

    /// The host begins to end: what is dropped from here on is told when it has.
    pub fn begin_end(&mut self) {
        self.unheard = self.stage.unheard.load(Ordering::Relaxed);
    }

    /// Carries out one act.
    pub fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::Load { component, digest, label } => self.load(component, digest, label),
            Effect::Prove { upgrade, component, digest, keyed } => {
                let address = made_up(&component, keyed);
                match self.scratch(&component, digest) {
                    Some(scratch) => self.stage.upkeep.spawn(prove(scratch, upgrade, address)),
                    None => {
                        let outcome = Proof::Refused(missing(&component, digest));
                        self.stage.news.tell(Event::Proved { upgrade, outcome });
                    }
                }
            }
            Effect::Rehearse { upgrade, address, generation, to, handover } => {
                let trial = self.stage.directory.actor(&address).zip(self.scratch(&address.component, to));
                match trial {
                    Some((actor, scratch)) => {
                        self.stage.queue.spawn(rehearse(scratch, upgrade, actor, generation, handover));
                    }
                    None => {
                        let outcome = Rehearsal::NotLooked("it ended meanwhile".into());
                        self.stage.news.tell(Event::Rehearsed { upgrade, address, generation, outcome });
                    }
                }
            }
            Effect::Start { address, generation, digest, birth } => self.start(address, generation, digest, birth),
            Effect::TurnAway { address, error } => {
                if let Some(actor) = self.stage.directory.actor(&address) {
                    actor.turn_away(error);
                }
            }
            Effect::Switch { upgrade, attempt, address, generation, from: _, to, handover, hold_timeout } => {
                let Some(actor) = self.stage.directory.actor(&address) else { return };
                match self.code(&address.component, to) {
                    Some(to) => {
                        let order = handover::Order { upgrade, attempt, generation, to, handover, hold_timeout };
                        self.stage.upkeep.spawn(handover::prepare(actor, order));
                    }
                    None => {
                        let why = NotSwitched::Failed(missing(&address.component, to));
                        let event = Event::NotSwitched { upgrade, attempt, address, generation, why };
                        self.stage.news.tell(event);
                    }
                }
            }
            Effect::TurnBack { upgrade, address, generation, to, down } => {
                let Some(actor) = self.stage.directory.actor(&address) else { return };
                match self.code(&address.component, to) {
                    Some(to) => {
                        let order = back::Order { upgrade, generation, to, down };
                        self.stage.queue.spawn(back::turn_back(actor, order));
                    }
                    None => {
                        let words = missing(&address.component, to).words;
                        self.stage.news.tell(Event::LeftBehind { upgrade, address, generation, words });
                    }
                }
            }
            Effect::DropKept { upgrade } => {
                self.stage.directory.actors().iter().for_each(|actor| actor.drop_kept(upgrade));
            }
            Effect::WriteTable { write, table } => self.write(disk::Job::Table(write, table)),
            Effect::Publish { component, current } => self.publish(component, current),
            Effect::Retire { component, digest } => self.retire(component, digest),
            Effect::LookAgain { files } => (self.look_again)(files),
            Effect::Forget { digest } => self.write(disk::Job::Forget(digest)),
            Effect::Stop { address, generation, reason, drain } => self.stop(&address, generation, reason, drain),
            Effect::Park { address, generation, drain, restarts } => self.park(&address, generation, drain, restarts),
            Effect::Record { receipt } => self.write(disk::Job::Receipt(receipt)),
            Effect::Tell { happening } => self.write(disk::Job::Happening(happening)),
            Effect::Answer { request, answer } => _ = self.answers.send((request, answer)),
            Effect::Ended => self.end(),
        }
    }

    fn write(&self, job: disk::Job) {
        // The thread lives as long as these hands.
        _ = self.disk.send(job);
    }

    fn code(&self, component: &ComponentName, digest: Digest) -> Option<Arc<Code>> {
        lock(&self.codes).get(&(component.clone(), digest)).cloned()
    }

    fn load(&mut self, component: ComponentName, digest: Digest, label: Label) {
        if let Some(code) = self.retired.remove(&(component.clone(), digest)).and_then(|code| code.upgrade()) {
            code.recall();
            let version = Box::new(code.version.clone());
            lock(&self.codes).insert((component.clone(), digest), code);
            return self.stage.news.tell(Event::Loaded { component, digest, outcome: Ok(version) });
        }
        let (codes, news) = (self.codes.clone(), self.stage.news.clone());
        let whose = component.clone();
        let done = move |outcome: Result<Code, _>| {
            let outcome = outcome.map(|code| {
                let version = Box::new(code.version.clone());
                // Asked for twice, the first one stays: it may have instances.
                lock(&codes).entry((whose.clone(), digest)).or_insert_with(|| Arc::new(code));
                version
            });
            news.tell(Event::Loaded { component: whose, digest, outcome });
        };
        // Behind what is to be forgotten before it, or bytes that were just offered again would be.
        self.write(disk::Job::Load(loader::Job { component, digest, label, done: Box::new(done) }));
    }

    fn scratch(&self, component: &ComponentName, digest: Digest) -> Option<Scratch> {
        let code = self.code(component, digest)?;
        Some(Scratch { stage: self.stage.clone(), code, limits: self.terms.of(component).limits() })
    }

    fn start(&self, address: Address, generation: Generation, digest: Digest, from: Birth) {
        let Some(code) = self.code(&address.component, digest) else {
            let failure = StartFailure::Overloaded(missing(&address.component, digest).words);
            return self.stage.news.tell(Event::StartFailed { address, generation, failure });
        };
        let terms = self.terms.of(&address.component);
        let published = self.stage.directory.component(&address.component);
        let make = || {
            let actor = Actor::new(address.clone(), code.clone(), terms, self.stage.clone());
            if serves_no_actors(published.as_ref()) {
                actor.hide();
            }
            actor
        };
        // Nobody is born where the host has ended.
        let Ok(actor) = self.stage.directory.actor_or(&address, make) else { return };
        actor.coming();
        let was_parked = from == Birth::Parked;
        let from = match from {
            Birth::First => From::Init { after: None, args: None },
            Birth::Restart(reason) => From::Init { after: Some(reason), args: None },
            Birth::Kept(upgrade) => {
                let kept = actor.kept(upgrade);
                From::State(Box::new(move || {
                    let kept = kept.ok_or("nothing was kept of it before its switch; please report it")?;
                    Ok(Saved { state: kept.saved()?, timers: kept.timers.clone(), args: None })
                }))
            }
            Birth::Parked => {
                let (store, address, room) = (self.store.clone(), address.clone(), self.stage.engine.room().clone());
                From::State(Box::new(move || unpark(&store, &address, &room)))
            }
        };
        let disk = was_parked.then(|| (self.disk.clone(), address));
        let begun = move || disk.into_iter().for_each(|(disk, address)| _ = disk.send(disk::Job::Unpark(address)));
        if is_seeded(Defect::ParkedRemovedEarly) {
            begun();
            return self.stage.queue.spawn(birth(actor, generation, code, from, || {}));
        }
        self.stage.queue.spawn(birth(actor, generation, code, from, begun));
    }

    fn publish(&self, component: ComponentName, current: Option<Digest>) {
        let before = self.stage.directory.component(&component);
        match current.map(|digest| (digest, self.code(&component, digest))) {
            None => self.stage.directory.withdraw(&component),
            Some((digest, None)) => _ = missing(&component, digest),
            Some((_, Some(code))) => {
                let terms = self.terms.of(&component);
                let service = (code.version.kind == changeling_core::contract::Kind::Service).then(|| {
                    let address = Address::singleton(component.clone());
                    let last = before.as_ref().and_then(|published| published.service.as_deref());
                    Service::new(address, code.clone(), terms.clone(), self.stage.clone(), last)
                });
                let published = Published { code, terms, service };
                let singleton = Address::singleton(component.clone());
                let code = published.code.clone();
                self.stage.directory.publish(component.clone(), published);
                let actors = self.stage.directory.actors();
                actors.iter().filter(|it| it.address.component == component).for_each(|it| it.follow(&code));
                if serves_no_actors(before.as_ref()) {
                    // It started before this, and was shown to nobody.
                    self.stage.directory.actor(&singleton).into_iter().for_each(|actor| actor.show());
                }
            }
        }
        if let Some(service) = before.and_then(|published| published.service) {
            service.retire();
        }
    }

    fn retire(&mut self, component: ComponentName, digest: Digest) {
        self.retired.retain(|_, code| code.strong_count() > 0);
        let Some(code) = lock(&self.codes).remove(&(component.clone(), digest)) else {
            // Retired before: it says itself when it is free.
            let is_in_use = self.retired.get(&(component.clone(), digest)).is_some_and(|code| code.strong_count() > 0);
            if !is_in_use {
                self.stage.news.tell(Event::Drained { component, digest });
            }
            return;
        };
        self.retired.insert((component.clone(), digest), Arc::downgrade(&code));
        let news = self.stage.news.clone();
        code.retire(move |digest| news.tell(Event::Drained { component: component.clone(), digest }));
    }

    fn stop(&self, address: &Address, generation: Generation, reason: ExitReason, drain: Duration) {
        let Some(actor) = self.stage.directory.actor(address) else { return };
        if reason == ExitReason::Killed {
            actor.kill(generation);
        }
        self.stage.queue.spawn(async move {
            let taken = match tokio::time::timeout(drain, actor.take(generation, true)).await {
                Ok(taken) => taken,
                // It does not come to a boundary: it ends where it is, and that is told instead.
                Err(_) => return actor.kill(generation),
            };
            let Some(mut held) = taken else { return };
            if reason != ExitReason::Killed {
                run::terminate(&actor, &mut held, reason.clone()).await;
            }
            held.over(reason);
        });
    }

    fn park(&self, address: &Address, generation: Generation, drain: Duration, restarts: u64) {
        let Some(actor) = self.stage.directory.actor(address) else { return };
        let (disk, news, address) = (self.disk.clone(), self.stage.news.clone(), address.clone());
        self.stage.queue.spawn(async move {
            match park::park(&actor, generation, drain).await {
                Some(Ok(parked)) => {
                    let actor = on_disk(address, parked, restarts);
                    _ = disk.send(disk::Job::Park(generation, Box::new(actor)));
                }
                Some(Err(words)) => news.tell(Event::Parked { address, generation, outcome: Err(words) }),
                None => {}
            }
        });
    }

    fn end(&mut self) {
        self.stage.directory.close();
        let unheard = self.stage.unheard.load(Ordering::Relaxed) - self.unheard;
        if unheard > 0 {
            let what = format!("{unheard} messages that nobody waited for");
            let why = "they were dropped unhandled when the host ended; a longer `drain-timeout` leaves them more time";
            self.write(disk::Job::Happening(Happening::Trouble { what, why: why.to_owned() }));
        }
        let (done, written) = std::sync::mpsc::channel();
        self.write(disk::Job::Flush(done));
        _ = written.recv();
        self.ended = true;
    }
}

fn lock<T>(mutex: &std::sync::Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Whether no version of a component is published that has actors: whoever is born then, is not to be found yet.
fn serves_no_actors(published: Option<&Published>) -> bool {
    published.is_none_or(|published| published.service.is_some())
}

/// The core asks for nothing on a version that is not loaded. If it did, it would be answered, and that is said.
fn missing(component: &ComponentName, digest: Digest) -> Refusal {
    let words = format!("{component} {} was to be used and is not loaded; please report it", digest.short());
    tracing::error!("{words}");
    Refusal::new(Step::Switching, "load", Cause::Surroundings, words)
}

/// The parked state of an actor. Its file goes when the actor runs.
fn unpark(store: &Store, address: &Address, room: &Room) -> Result<Saved, String> {
    let parked = store.parked.read(address).map_err(|e| e.to_string())?;
    let parked = parked.ok_or_else(|| "its parked state is gone".to_owned())?;
    let timers = parked.head.timers.into_iter();
    let timers = timers.map(|t| (t.id, Duration::from_millis(t.remaining_ms), t.token)).collect();
    Ok(Saved {
        state: parked.head.state_version.zip(parked.state.map(Into::into)),
        timers: Timers::resume(timers, Instant::now(), room),
        args: parked.head.args,
    })
}

fn on_disk(address: Address, parked: park::Parked, restarts: u64) -> ParkedActor {
    let millis = |span: Duration| u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
    let timers = parked.timers.into_iter();
    let (state_version, state) = parked.state.unzip();
    ParkedActor {
        head: ParkedHead {
            address,
            digest: parked.digest,
            state_version,
            args: parked.args,
            restarts,
            timers: timers.map(|(id, left, token)| ParkedTimer { id, remaining_ms: millis(left), token }).collect(),
        },
        state,
    }
}
