//! A virtual host: a world, virtual hands and a virtual clock, all out of one seed. For property tests of this crate and
//! of those that build on it. What it finds wrong it says in words; it never repairs.

mod catalog;
mod hands;
mod judge;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};

pub use catalog::{component, digest, keyed_actor, service};

use crate::contract::{Offer, Source};
use crate::declared::{Change, Declaration, Holds};
use crate::defect::Defect;
use crate::effect::{Effect, Request};
use crate::event::Event;
use crate::id::{Address, ComponentName, Key, RequestId};
use crate::policy::{Laggard, Policy, Sample, Settings, Strategy};
use crate::receipt::Outcome;
use crate::table::Table;
use crate::time::{Time, WallTime};
use crate::world::World;
use hands::Hands;
use judge::Judge;

/// How often things go wrong, in a thousand.
#[derive(Debug, Clone, Copy)]
pub struct Odds {
    /// Loading, proving, rehearsing, starting, each.
    pub refusal: u32,
    /// A try at a switch comes at a bad moment.
    pub not_now: u32,
    /// A switch fails, or takes the state with it.
    pub switch_failure: u32,
    /// The table cannot be written.
    pub table_failure: u32,
    /// What happens to actors by themselves: crashes and exits in a run.
    pub deaths: u32,
    /// Requests of people in a run.
    pub requests: u32,
    /// Versions offered in a run.
    pub offers: u32,
    /// Messages in a run.
    pub messages: u32,
    /// Changes of the manifest in a run.
    pub manifests: u32,
    /// Sudden deaths of the host in a run.
    pub kills: u32,
}

impl Odds {
    /// All of it, as it comes.
    pub fn rough() -> Self {
        Self {
            refusal: 60,
            not_now: 200,
            switch_failure: 30,
            table_failure: 60,
            deaths: 40,
            requests: 12,
            offers: 30,
            messages: 300,
            manifests: 12,
            kills: 0,
        }
    }

    /// Hardly anybody comes to a boundary, and version comes after version: old ones stay in service.
    pub fn busy() -> Self {
        Self { not_now: 980, deaths: 40, offers: 60, ..Self::smooth() }
    }

    /// Nothing goes wrong.
    pub fn smooth() -> Self {
        Self {
            refusal: 0,
            not_now: 0,
            switch_failure: 0,
            table_failure: 0,
            deaths: 0,
            requests: 0,
            offers: 20,
            messages: 300,
            manifests: 6,
            kills: 0,
        }
    }
}

/// What came of a run.
#[derive(Debug, Default, PartialEq)]
pub struct Report {
    /// Each fact and each act, in order.
    pub transcript: Vec<String>,
    /// What was promised and not kept.
    pub violations: Vec<String>,
    /// How many upgrades ended which way, by the name of the outcome.
    pub outcomes: BTreeMap<String, u64>,
    /// How many actors were switched.
    pub switches: u64,
    /// How many came back from a kept state.
    pub kept_births: u64,
    /// The most versions of one component that were loaded beside a current and an incoming one.
    pub most_older: usize,
    /// Facts that the world could place nowhere.
    pub strays: u64,
}

/// Something that happens to the hands by itself.
#[derive(Debug, Clone)]
enum Fortune {
    Message(Address),
    Death(Address),
    Offer(Offer, Option<RequestId>),
    Request(RequestId, Request),
    Manifest(Settings),
    Kill,
    End,
}

struct Sim {
    world: World,
    rng: SmallRng,
    now: Time,
    hands: Hands,
    judge: Judge,
    odds: Odds,
    settings: Settings,
    /// What lies in the folder.
    folder: BTreeMap<String, Offer>,
    /// What will happen, in order of time and of the order in which it was begun.
    due: BTreeMap<(Time, u64), Due>,
    count: u64,
    /// What the hands have told and the world has not heard yet.
    news: VecDeque<(Time, Event)>,
    transcript: Vec<String>,
    in_words: bool,
}

#[derive(Debug)]
enum Due {
    Fortune(Fortune),
    Finish(Effect),
    /// Calls in flight on a retired version are over.
    Idle,
}

/// Runs a host out of a seed: a busy minute, then quiet, then its end.
pub fn run(seed: u64, odds: Odds) -> Report {
    live(seed, odds, None, false)
}

/// The same, with every fact and every act in words.
pub fn run_in_words(seed: u64, odds: Odds) -> Report {
    live(seed, odds, None, true)
}

/// The same of a world that does one thing wrong.
pub fn run_with(seed: u64, odds: Odds, defect: Defect) -> Report {
    live(seed, odds, Some(defect), false)
}

fn live(seed: u64, odds: Odds, defect: Option<Defect>, in_words: bool) -> Report {
    let mut rng = SmallRng::seed_from_u64(seed);
    let settings = Settings { defect, ..settings(&mut rng, false) };
    let mut sim = Sim {
        world: World::new(Table::default(), settings.clone()),
        rng,
        now: Time(0),
        hands: Hands::default(),
        judge: Judge::default(),
        odds,
        settings,
        folder: BTreeMap::new(),
        due: BTreeMap::new(),
        count: 0,
        news: VecDeque::new(),
        transcript: Vec::new(),
        in_words,
    };
    sim.begin();
    sim.foresee();
    while sim.step() {}
    sim.judge.at_rest(&sim.hands);
    let after = sim.now + Duration::from_secs(1);
    sim.at(after, Due::Fortune(Fortune::End));
    while sim.step() {}
    sim.judge.at_end(&sim.hands);
    Report {
        violations: std::mem::take(&mut sim.judge.violations),
        outcomes: std::mem::take(&mut sim.judge.outcomes),
        switches: sim.judge.switches,
        kept_births: sim.judge.kept_births,
        most_older: sim.judge.most_older,
        strays: sim.world.strays(),
        transcript: sim.transcript,
    }
}

/// What a manifest may say; another one may say it of actors that have no keys so far, or have them.
fn settings(rng: &mut SmallRng, is_another: bool) -> Settings {
    let policy = |rng: &mut SmallRng, keyed| Policy {
        keyed: keyed ^ (is_another && rng.random_ratio(1, 3)),
        max_actors: if is_another { rng.random_range(1..12) } else { 12 },
        strategy: if rng.random_ratio(1, 8) { Strategy::Restart } else { Strategy::Rolling },
        parallel: rng.random_range(1..4),
        verify: [None, Some(Sample::All), Some(Sample::Count(2)), Some(Sample::None)][rng.random_range(0..4)],
        hold_timeout: Duration::from_millis(300),
        drain_timeout: Duration::from_secs(3),
        laggards: [Laggard::Wait, Laggard::Wait, Laggard::Kill, Laggard::Refuse][rng.random_range(0..4)],
        verify_timeout: Duration::from_secs(2),
        ..Policy::default()
    };
    let of = BTreeMap::from([
        (component("counter"), policy(rng, true)),
        (component("clock"), policy(rng, false)),
        (component("maths"), policy(rng, false)),
    ]);
    Settings { of, ..Settings::default() }
}

impl Sim {
    fn begin(&mut self) {
        let parked = self.hands.parked_actors();
        self.tell(Event::Begin { parked, lost: 0, receipts: self.judge.receipts() });
    }

    /// What will happen by itself in the busy minute.
    fn foresee(&mut self) {
        let minute = 60_000_000;
        for n in 0..self.odds.offers {
            let (offer, request) = self.an_offer(n);
            // Most come in bunches, so that they meet.
            let at = Time(self.rng.random_range(0..6) * minute / 6 + self.rng.random_range(0..2_000_000));
            self.at(at, Due::Fortune(Fortune::Offer(offer, request)));
        }
        for _ in 0..self.odds.messages {
            let (at, to) = (Time(self.rng.random_range(0..minute)), self.an_address());
            self.at(at, Due::Fortune(Fortune::Message(to)));
        }
        for _ in 0..self.odds.deaths {
            let (at, to) = (Time(self.rng.random_range(0..minute)), self.an_address());
            self.at(at, Due::Fortune(Fortune::Death(to)));
        }
        for n in 0..self.odds.requests {
            let what = self.a_request();
            let at = Time(self.rng.random_range(0..minute));
            self.at(at, Due::Fortune(Fortune::Request(RequestId(1_000 + u64::from(n)), what)));
        }
        for _ in 0..self.odds.manifests {
            let at = Time(self.rng.random_range(0..minute));
            let settings = Settings { defect: self.settings.defect, ..settings(&mut self.rng, true) };
            self.at(at, Due::Fortune(Fortune::Manifest(settings)));
        }
        for _ in 0..self.odds.kills {
            let at = Time(self.rng.random_range(0..minute));
            self.at(at, Due::Fortune(Fortune::Kill));
        }
    }

    fn an_offer(&mut self, n: u32) -> (Offer, Option<RequestId>) {
        let name = ["counter", "counter", "clock", "maths"][self.rng.random_range(0..4)];
        let version = self.rng.random_range(1..9);
        let is_deploy = self.rng.random_ratio(1, 3);
        let source = match is_deploy {
            true => Source::Deploy { from: format!("{name}.wasm") },
            false => Source::Folder { file: format!("{name}@{version}.wasm") },
        };
        let modified = WallTime(u64::from(n));
        let offer = Offer {
            component: component(name),
            digest: digest(name, version),
            name_label: Some(version.to_string()),
            modified,
            source,
            strategy: (is_deploy && self.rng.random_ratio(1, 6)).then_some(Strategy::Restart),
            is_trial: is_deploy && self.rng.random_ratio(1, 6),
            lay_there: false,
        };
        (offer, is_deploy.then_some(RequestId(u64::from(n))))
    }

    fn an_address(&mut self) -> Address {
        match self.rng.random_range(0..8) {
            0 => Address::singleton(component("clock")),
            1 => Address::singleton(component("counter")),
            n => Address { component: component("counter"), key: Key::new(&format!("k{n}")).ok() },
        }
    }

    fn a_request(&mut self) -> Request {
        let name: ComponentName = component(["counter", "clock", "maths"][self.rng.random_range(0..3)]);
        match self.rng.random_range(0..6) {
            0 | 1 => Request::Stop(self.an_address()),
            2 | 3 => Request::Restart(self.an_address()),
            4 => Request::TurnBack(name),
            _ => Request::Remove(name),
        }
    }

    fn at(&mut self, at: Time, due: Due) {
        self.count += 1;
        self.due.insert((at, self.count), due);
    }

    /// A fact is on its way to the world; facts arrive in the order in which they were told.
    fn tell(&mut self, event: Event) {
        let last = self.news.back().map_or(self.now, |(at, _)| *at);
        let lag = Duration::from_micros(self.rng.random_range(0..3_000));
        let at = last.max(self.now + lag);
        self.news.push_back((at, event));
    }

    /// The next thing that happens; false when nothing ever will.
    fn step(&mut self) -> bool {
        let news = self.news.front().map(|(at, _)| *at);
        let due = self.due.keys().next().map(|(at, _)| *at);
        let tick = self.world.wake_at().map(|at| at.max(self.now));
        let Some(next) = [news, due, tick].into_iter().flatten().min() else {
            return false;
        };
        self.now = self.now.max(next);
        if self.now > Time(3_600_000_000) {
            self.judge.violation("an hour has passed and it has not come to rest".to_owned());
            return false;
        }
        if news == Some(next) {
            if let Some((_, event)) = self.news.pop_front() {
                self.handle(event);
            }
        } else if due == Some(next) {
            if let Some((_, due)) = self.due.pop_first() {
                self.happens(due);
            }
        } else {
            self.handle(Event::Tick);
        }
        self.judge.violations.is_empty()
    }

    fn handle(&mut self, event: Event) {
        self.note("<-", &event);
        self.judge.hears(&event);
        let mut effects = Vec::new();
        let wall = WallTime(self.now.0 / 1_000);
        self.world.handle(self.now, wall, event, &mut effects);
        for effect in effects {
            self.note("->", &effect);
            self.judge.sees(&effect, &self.hands);
            self.perform(effect);
        }
        self.judge.after_event(&self.hands);
    }

    /// A line of the transcript; digests and tables are cut down to what tells them apart.
    fn note(&mut self, sign: &str, what: &impl std::fmt::Debug) {
        if self.in_words {
            let text = format!("{what:?}").replace(&"0".repeat(48), "~");
            let end = text.find(", table: Table").unwrap_or(text.len());
            let shown: String = text[..end].chars().take(400).collect();
            let now = self.now.0;
            self.transcript.push(format!("{}.{:06} {sign} {shown}", now / 1_000_000, now % 1_000_000));
        }
    }

    /// Begins an act; what takes time ends later.
    fn perform(&mut self, effect: Effect) {
        let delay = match &effect {
            Effect::Load { .. } | Effect::Prove { .. } => self.rng.random_range(1_000..200_000),
            Effect::Switch { hold_timeout, .. } => {
                // Most come to a boundary soon; some only just in time.
                let most = if self.rng.random_ratio(1, 8) { u64::MAX } else { 400_000 };
                let longest = u64::try_from(hold_timeout.as_micros()).unwrap_or(most).clamp(2, most);
                self.rng.random_range(1..longest)
            }
            _ => self.rng.random_range(1..20_000),
        };
        if let Effect::LookAgain { files } = &effect {
            self.look_again(files);
        }
        if let Err(wrong) = self.hands.take(&effect) {
            self.judge.violation(wrong);
        }
        if hands::takes_time(&effect) {
            let at = self.now + Duration::from_micros(delay);
            self.at(at, Due::Finish(effect));
            self.look_for_calls();
        }
        self.look_for_drained();
    }

    fn happens(&mut self, due: Due) {
        self.note("..", &due);
        let facts = match due {
            Due::Finish(effect) => self.hands.finish(effect, &self.odds, &mut self.rng),
            Due::Idle => {
                self.hands.is_idle();
                Ok(Vec::new())
            }
            Due::Fortune(Fortune::Message(to)) => Ok(self.hands.message(to)),
            Due::Fortune(Fortune::Death(of)) => Ok(self.hands.death(&of, &mut self.rng)),
            Due::Fortune(Fortune::Offer(offer, request)) => {
                self.judge.asks(request);
                if let Some(file) = offer.source.file() {
                    self.folder.insert(file.to_owned(), offer.clone());
                    self.judge.may_judge(&offer.component);
                }
                Ok(vec![Event::Offered { offer, request }])
            }
            Due::Fortune(Fortune::Request(request, what)) => {
                self.judge.asks(Some(request));
                Ok(vec![Event::Asked { request, what }])
            }
            Due::Fortune(Fortune::Manifest(settings)) => {
                self.settings = settings.clone();
                let (file, is_gone) = ("changeling.toml".to_owned(), false);
                let (changes, notes) = (vec![a_change()], Vec::new());
                Ok(vec![Event::Declared(Box::new(Declaration { file, is_gone, settings, changes, notes }))])
            }
            Due::Fortune(Fortune::End) => Ok(vec![Event::End]),
            Due::Fortune(Fortune::Kill) => return self.dies(),
        };
        match facts {
            Ok(facts) => facts.into_iter().for_each(|fact| self.tell(fact)),
            Err(wrong) => self.judge.violation(wrong),
        }
        self.look_for_drained();
    }

    /// The folder is looked at; nobody has put anything there since.
    fn look_again(&mut self, files: &BTreeSet<String>) {
        let lying: Vec<Offer> = files.iter().filter_map(|file| self.folder.get(file).cloned()).collect();
        for offer in lying {
            self.tell(Event::Offered { offer: Offer { lay_there: true, ..offer }, request: None });
        }
    }

    fn look_for_drained(&mut self) {
        for (component, digest) in self.hands.drained() {
            self.tell(Event::Drained { component, digest });
        }
    }

    /// Now and then calls are in flight on a version for a while.
    fn look_for_calls(&mut self) {
        if self.rng.random_ratio(1, 60) {
            self.hands.is_called(&mut self.rng);
            let at = self.now + Duration::from_millis(self.rng.random_range(1..6_000));
            self.at(at, Due::Idle);
        }
    }

    /// Everything but the disk is gone, and a new host begins.
    fn dies(&mut self) {
        self.due.retain(|_, due| matches!(due, Due::Fortune(_)));
        self.news.clear();
        self.hands.die();
        self.judge.host_died();
        self.world = World::new(self.hands.disk.clone(), self.settings.clone());
        self.begin();
        self.folder.values().for_each(|offer| self.judge.may_judge(&offer.component));
        self.look_again(&self.folder.keys().cloned().collect());
    }
}

/// One that concerns every component.
fn a_change() -> Change {
    let [from, to] = ["1s", "2s"].map(str::to_owned);
    Change { section: "defaults".to_owned(), setting: "cpu".to_owned(), from, to, holds: Holds::AtOnce }
}

/// The name of an outcome, as in a receipt.
pub(crate) fn name(outcome: Outcome) -> String {
    format!("{outcome:?}")
}
