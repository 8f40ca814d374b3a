//! Reads a script and plays it to a world. What a line leaves out is what the world asked for last.

use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write;
use std::time::Duration;

use changeling_core::contract::{Offer, Source, Version};
use changeling_core::declared::Declaration;
use changeling_core::happening::Happening;
use changeling_core::id::{Address, Attempt, ComponentName, Digest, Generation, RequestId, TableWrite, UpgradeId};
use changeling_core::policy::{Policy, Settings, Strategy};
use changeling_core::reason::{Cause, ExitReason, Refusal, Step};
use changeling_core::receipt::Receipt;
use changeling_core::sim;
use changeling_core::table::Table;
use changeling_core::{
    Birth, Effect, Event, Handover, NotSwitched, ParkedActor, Proof, Rehearsal, Request, StartFailure, SwitchFigures,
    Time, WallTime, World,
};
use expect_test::Expect;

/// A world on a stage. `counter` has keys, `clock` is a singleton, `maths` a service; version N of an actor has state
/// version N, and reads and writes all lower ones.
pub(super) struct Stage {
    pub world: World,
    settings: Settings,
    now: Time,
    versions: BTreeMap<Digest, Version>,
    generations: BTreeMap<Address, Generation>,
    loads: VecDeque<(ComponentName, Digest)>,
    upgrades: BTreeMap<Address, (UpgradeId, Attempt)>,
    proving: Option<UpgradeId>,
    writing: Option<(TableWrite, Box<Table>)>,
    pub disk: Table,
    requests: u64,
    out: String,
    is_silent: bool,
}

/// Plays a script and compares.
pub fn check(script: &str, expect: Expect) {
    let mut stage = Stage::new(|_| {});
    stage.play(script);
    expect.assert_eq(&stage.told());
}

impl Stage {
    pub fn new(set: impl Fn(&mut Policy)) -> Self {
        let mut settings = Settings::default();
        for name in ["counter", "clock", "maths"] {
            let mut policy = Policy { keyed: name == "counter", ..Policy::default() };
            set(&mut policy);
            settings.of.insert(sim::component(name), policy);
        }
        Self::with(settings, Table::default())
    }

    pub fn with(settings: Settings, table: Table) -> Self {
        let world = World::new(table, settings.clone());
        Self {
            world,
            settings,
            now: Time(0),
            versions: BTreeMap::new(),
            generations: BTreeMap::new(),
            loads: VecDeque::new(),
            upgrades: BTreeMap::new(),
            proving: None,
            writing: None,
            disk: Table::default(),
            requests: 0,
            out: String::new(),
            is_silent: false,
        }
    }

    /// What lies behind `NAME@N` in this script.
    pub fn version(&mut self, name: &str, number: u32, make: impl FnOnce(&mut Version)) {
        let mut version = made_up(name, number);
        make(&mut version);
        self.versions.insert(sim::digest(name, number), version);
    }

    /// The manifest says something else of one component.
    pub fn declare(&mut self, name: &str, set: impl Fn(&mut Policy)) {
        let mut policy = self.settings.policy(&sim::component(name));
        set(&mut policy);
        self.settings.of.insert(sim::component(name), policy);
        self.say(&format!("declare {name}\n"));
        let (file, settings) = ("changeling.toml".to_owned(), self.settings.clone());
        let (is_gone, changes, notes) = (false, Vec::new(), Vec::new());
        self.hear(Event::Declared(Box::new(Declaration { file, is_gone, settings, changes, notes })));
    }

    /// The host dies, and another begins on its disk.
    pub fn reborn(mut self) -> Self {
        let settings = std::mem::take(&mut self.settings);
        let (versions, disk) = (self.versions, self.disk);
        let mut next = Self::with(settings, disk.clone());
        (next.versions, next.disk) = (versions, disk);
        next
    }

    pub fn told(&mut self) -> String {
        std::mem::take(&mut self.out)
    }

    pub fn play(&mut self, script: &str) {
        for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
            self.line(line);
        }
    }

    /// Plays without a word.
    pub fn set(&mut self, script: &str) {
        self.is_silent = true;
        self.play(script);
        self.is_silent = false;
    }

    fn line(&mut self, line: &str) {
        self.say(&format!("{line}\n"));
        let words: Vec<&str> = line.split_whitespace().collect();
        let first = words[0];
        match words[..] {
            ["wait", span] => return self.wait(span),
            ["written"] => return self.written(),
            // A first load, and actors by their first messages.
            ["run", version, ..] => {
                let (name, _) = named(version);
                self.line(&format!("deploy {version}"));
                self.play("loaded \n proved");
                if name == "clock" {
                    self.line("started clock");
                }
                self.line("written");
                for key in &words[2..] {
                    self.line(&format!("wanted {name}/{key}"));
                    self.line(&format!("started {name}/{key}"));
                }
                return;
            }
            // An upgrade, up to where actors are switched.
            ["judge", version, ..] => {
                self.line(&format!("deploy {version}"));
                self.play("loaded \n proved");
                for address in &words[2..] {
                    self.line(&format!("rehearsed {address}"));
                }
                return;
            }
            _ => {}
        }
        let rest = words[1..].to_vec();
        let event = self.event(first, &rest).unwrap_or_else(|| panic!("no such line: {line}"));
        self.hear(event);
    }

    fn wait(&mut self, span: &str) {
        let number = |unit| span.strip_suffix(unit).and_then(|n| n.parse::<u64>().ok());
        let span = number("ms").map(Duration::from_millis).or_else(|| number("s").map(Duration::from_secs));
        let until = self.now + span.expect("a time");
        while let Some(at) = self.world.wake_at().filter(|at| *at <= until) {
            self.now = self.now.max(at);
            self.hear(Event::Tick);
        }
        self.now = until;
    }

    /// Whatever is to be written is.
    fn written(&mut self) {
        while let Some((write, table)) = self.writing.take() {
            self.disk = *table;
            self.hear(Event::TableWritten { write });
        }
    }

    fn event(&mut self, what: &str, rest: &[&str]) -> Option<Event> {
        let at = rest.first().and_then(|text| text.parse::<Address>().ok());
        let address = || at.clone().expect("an address");
        let generation = at.as_ref().and_then(|at| self.generations.get(at).copied()).unwrap_or_default();
        let (upgrade, attempt) = at.as_ref().and_then(|at| self.upgrades.get(at).copied()).unwrap_or_default();
        let words = || rest.get(1..).filter(|rest| !rest.is_empty()).map_or("no".to_owned(), |rest| rest.join(" "));
        let refusal = |act: &str, cause| Refusal::new(Step::Verified, act, cause, words());
        let not = |why| Event::NotSwitched { upgrade, attempt, address: address(), generation, why };
        let failed = |failure| Event::StartFailed { address: address(), generation, failure };
        let over = |reason, handled_since_switch| Event::Exited {
            address: address(),
            generation,
            reason,
            handled_since_switch,
        };
        Some(match what {
            "begin" => {
                let receipts = rest.iter().filter_map(|text| text.parse().ok()).map(UpgradeId).collect();
                let parked = rest.iter().filter(|text| text.contains('@')).map(|text| parked(text)).collect();
                Event::Begin { parked, lost: 0, receipts }
            }
            "offer" | "deploy" => return Some(self.offered(what == "deploy", rest)),
            "loaded" => {
                let (component, digest) = self.loads.pop_front()?;
                let version = self.versions.get(&digest).cloned();
                let version = version.unwrap_or_else(|| made_up(component.as_str(), number(digest)));
                Event::Loaded { component, digest, outcome: Ok(Box::new(version)) }
            }
            "load-fails" | "load-is-hindered" => {
                let (component, digest) = self.loads.pop_front()?;
                let cause = if what == "load-fails" { Cause::Bytes } else { Cause::Machine };
                let refusal = Refusal::new(Step::Compiled, "compile", cause, rest.join(" "));
                Event::Loaded { component, digest, outcome: Err(refusal) }
            }
            "proved" => Event::Proved { upgrade: self.proving?, outcome: Proof::Proven },
            "unproven" => Event::Proved { upgrade: self.proving?, outcome: Proof::Unproven(rest.join(" ")) },
            "not-proved" | "past-limit" => {
                let cause = if what == "not-proved" { Cause::Bytes } else { Cause::Surroundings };
                let refusal = Refusal::new(Step::Verified, "init", cause, rest.join(" "));
                Event::Proved { upgrade: self.proving?, outcome: Proof::Refused(refusal) }
            }
            "rehearsed" | "rehearsal-fails" | "not-looked" => {
                let outcome = match what {
                    "rehearsed" => Rehearsal::Passed { bytes: 8, round_trip: Some(true) },
                    "not-looked" => Rehearsal::NotLooked(words()),
                    _ => Rehearsal::Failed(refusal("code-change", Cause::Bytes).of(address())),
                };
                Event::Rehearsed { upgrade, address: address(), generation, outcome }
            }
            "write-fails" => {
                let (write, _) = self.writing.take()?;
                Event::TableFailed { write, error: "no room on /var".to_owned() }
            }
            "wanted" => Event::Wanted { address: address() },
            "started" => Event::Started { address: address(), generation },
            "start-refused" => failed(StartFailure::Refused(words())),
            "start-crashes" => failed(StartFailure::Crashed(ExitReason::Trap(words()))),
            "start-overloaded" => failed(StartFailure::Overloaded(words())),
            "crashed" => {
                over(ExitReason::Trap("unreachable".into()), rest.get(1).map_or(0, |n| n.parse().expect("a number")))
            }
            "exited" => over(ExitReason::Normal, 0),
            "stopped" => over(ExitReason::Shutdown, 0),
            "killed" => over(ExitReason::Killed, 0),
            "switched" => {
                let figures = SwitchFigures { pause_us: 100, bytes: 8, held: 1, held_us_max: 90 };
                Event::Switched { upgrade, attempt, address: address(), generation, figures }
            }
            "not-now" => not(NotSwitched::NotNow(words())),
            "fails" => not(NotSwitched::Failed(refusal("code-change", Cause::Bytes))),
            "loses" => not(NotSwitched::StateLost(refusal("save", Cause::Bytes))),
            "back" => Event::TurnedBack { upgrade, address: address(), generation, exact: true },
            "left" => Event::LeftBehind { upgrade, address: address(), generation, words: words() },
            "drained" => {
                let (name, digest) = named(rest[0]);
                Event::Drained { component: sim::component(&name), digest }
            }
            "parked" => Event::Parked { address: address(), generation, outcome: Ok(()) },
            "not-parked" => Event::Parked { address: address(), generation, outcome: Err(words()) },
            "stop" => self.asked(Request::Stop(address())),
            "restart" => self.asked(Request::Restart(address())),
            "turn-back" => self.asked(Request::TurnBack(sim::component(rest[0]))),
            "remove" => self.asked(Request::Remove(sim::component(rest[0]))),
            "end" => Event::End,
            _ => return None,
        })
    }

    fn asked(&mut self, what: Request) -> Event {
        self.requests += 1;
        Event::Asked { request: RequestId(self.requests), what }
    }

    /// `NAME@N`, `there` where it lay there before, at which wall time the file was modified where that is not now, and `in FILE` where it is another one.
    fn offered(&mut self, is_deploy: bool, rest: &[&str]) -> Event {
        let (name, digest) = named(rest[0]);
        let modified = rest.get(1).and_then(|at| at.parse().ok()).unwrap_or(self.now.0 / 1_000);
        let source = match is_deploy {
            true => Source::Deploy { from: format!("{name}.wasm") },
            false => {
                let stem = rest.iter().position(|word| *word == "in").map_or(rest[0], |at| rest[at + 1]);
                Source::Folder { file: format!("{stem}.wasm") }
            }
        };
        let offer = Offer {
            component: sim::component(&name),
            digest,
            name_label: rest[0].split_once('@').map(|(_, label)| label.to_owned()),
            modified: WallTime(modified),
            source,
            strategy: rest.contains(&"by-restart").then_some(Strategy::Restart),
            is_trial: rest.contains(&"dry-run"),
            lay_there: rest.contains(&"there"),
        };
        self.requests += u64::from(is_deploy);
        Event::Offered { offer, request: is_deploy.then_some(RequestId(self.requests)) }
    }

    pub fn hear(&mut self, event: Event) {
        let mut effects = Vec::new();
        self.world.handle(self.now, WallTime(self.now.0 / 1_000), event, &mut effects);
        for effect in effects {
            self.note(&effect);
            if let Some(text) = brief(&effect) {
                self.say(&format!("  {text}\n"));
            }
        }
    }

    fn say(&mut self, text: &str) {
        if !self.is_silent {
            self.out.push_str(text);
        }
    }

    fn note(&mut self, effect: &Effect) {
        match effect {
            Effect::Load { component, digest, .. } => self.loads.push_back((component.clone(), *digest)),
            Effect::Prove { upgrade, .. } => self.proving = Some(*upgrade),
            Effect::Rehearse { upgrade, address, .. } | Effect::TurnBack { upgrade, address, .. } => {
                self.upgrades.insert(address.clone(), (*upgrade, Attempt::default()));
            }
            Effect::Switch { upgrade, attempt, address, .. } => {
                self.upgrades.insert(address.clone(), (*upgrade, *attempt));
            }
            Effect::Start { address, generation, .. } => {
                self.generations.insert(address.clone(), *generation);
            }
            Effect::WriteTable { write, table } => self.writing = Some((*write, table.clone())),
            _ => {}
        }
    }
}

fn made_up(name: &str, number: u32) -> Version {
    match name {
        "maths" => sim::service(name, number),
        _ => sim::keyed_actor(name, number, number),
    }
}

fn named(text: &str) -> (String, Digest) {
    let (name, number) = text.split_once('@').expect("NAME@N");
    (name.to_owned(), sim::digest(name, number.parse().expect("a number")))
}

/// `ADDRESS@N`: parked by version N, restarted 3 times.
fn parked(text: &str) -> ParkedActor {
    let (address, number) = text.split_once('@').expect("ADDRESS@N");
    let address: Address = address.parse().expect("an address");
    let digest = sim::digest(address.component.as_str(), number.parse().expect("a number"));
    ParkedActor { address, digest, restarts: 3 }
}

fn number(digest: Digest) -> u32 {
    u32::from_be_bytes(digest.0[28..].try_into().expect("four bytes"))
}

fn brief(effect: &Effect) -> Option<String> {
    let n = number;
    let since_begin = |generation: &Generation| generation.0 % (1 << 32);
    Some(match effect {
        Effect::Load { component, digest, .. } => format!("load {component}@{}", n(*digest)),
        Effect::Prove { component, digest, .. } => format!("prove {component}@{}", n(*digest)),
        Effect::Rehearse { address, to, handover, .. } => {
            format!("rehearse {address} on {}, {}", n(*to), by(*handover))
        }
        Effect::Start { address, generation, digest, birth } => {
            let birth = match birth {
                Birth::First => "first".to_owned(),
                Birth::Restart(reason) => format!("restart after {reason}"),
                Birth::Kept(upgrade) => format!("as kept by upgrade {upgrade}"),
                Birth::Parked => "as parked".to_owned(),
            };
            format!("start {address} #{} on {}: {birth}", since_begin(generation), n(*digest))
        }
        Effect::TurnAway { address, error } => format!("turn away {address}: {error:?}"),
        Effect::Switch { attempt, address, from, to, handover, hold_timeout, .. } => {
            let (from, to) = (n(*from), n(*to));
            format!("switch {address} {from} -> {to}, {}, try {attempt}, hold {hold_timeout:?}", by(*handover))
        }
        Effect::TurnBack { address, to, down, .. } => format!("turn back {address} to {}, down {down:?}", n(*to)),
        Effect::DropKept { upgrade } => format!("drop what upgrade {upgrade} kept"),
        Effect::WriteTable { table, .. } => {
            let rows = table.components.iter().map(|(name, row)| format!("{name}@{}", n(row.current)));
            let in_hand = table.in_hand.iter().map(|(name, it)| format!("{name}@{} in hand", n(it.to.digest)));
            format!("write table: {}", rows.chain(in_hand).collect::<Vec<_>>().join(", "))
        }
        Effect::Publish { component, current } => match current {
            Some(digest) => format!("publish {component}@{}", n(*digest)),
            None => format!("publish no {component}"),
        },
        Effect::Retire { component, digest } => format!("retire {component}@{}", n(*digest)),
        Effect::Forget { digest } => format!("forget {}", n(*digest)),
        Effect::LookAgain { files } => {
            format!("look again at {}", files.iter().cloned().collect::<Vec<_>>().join(", "))
        }
        Effect::Stop { address, reason, .. } => format!("stop {address}: {reason}"),
        Effect::Park { address, restarts, .. } => format!("park {address}, {restarts} restarts"),
        Effect::Record { receipt } => of(receipt),
        Effect::Tell { happening } => return tale(happening),
        Effect::Answer { request, answer } => format!("answer {request}: {answer:?}"),
        Effect::Ended => "ended".to_owned(),
    })
}

fn by(handover: Handover) -> String {
    match handover {
        Handover::State { version, .. } => format!("state {version}"),
        Handover::Restart => "restart".to_owned(),
    }
}

fn of(receipt: &Receipt) -> String {
    let from = receipt.from.as_ref().map_or("none".to_owned(), |from| n_of(from.digest));
    let mut text = format!(
        "receipt {} of {}: {:?} at {}, {from} -> {}",
        receipt.id,
        receipt.component,
        receipt.outcome,
        receipt.step,
        n_of(receipt.to.digest)
    );
    let counts = receipt.actors;
    let rehearsal = receipt.rehearsal;
    let named = [
        ("switched", counts.switched),
        ("not now", counts.not_now),
        ("left behind", counts.left_behind),
        ("turned back", counts.turned_back),
        ("stopped", counts.stopped),
        ("crashed", counts.crashed),
        ("tried", rehearsal.tried),
        ("passed", rehearsal.passed),
        ("not tried", rehearsal.not_tried),
    ];
    for (name, count) in named.into_iter().filter(|(_, count)| *count > 0) {
        let _ = write!(text, ", {count} {name}");
    }
    let mut line = |name: &str, words: &str| {
        let _ = write!(text, "\n    {name}: {words}");
    };
    receipt.reason.iter().for_each(|reason| line("reason", reason));
    receipt.findings.iter().for_each(|finding| line("finding", finding));
    for refused in receipt.refusals.iter().filter(|_| receipt.refusals.len() > 1) {
        let address = refused.address.as_ref().map_or(String::new(), |address| format!(" of {address}"));
        line("refusal", &format!("{}{address}: {}", refused.step, refused.words));
    }
    receipt.holders.iter().for_each(|holder| line("holder", holder));
    text
}

fn n_of(digest: Digest) -> String {
    number(digest).to_string()
}

/// What is told; each step of an upgrade and what its receipt says already are left out.
fn tale(happening: &Happening) -> Option<String> {
    Some(match happening {
        Happening::Upgrading { .. } | Happening::Upgraded { .. } | Happening::Started { .. } => return None,
        Happening::Refused { .. } => return None,
        Happening::Loaded { component, label, .. } => format!("tell: {component} {label} serves"),
        Happening::Removed { component } => format!("tell: {component} is removed"),
        Happening::Ignored { file, why, .. } => format!("tell: {file} is ignored: {why}"),
        Happening::StartFailed { address, reason, .. } => format!("tell: {address} did not start: {reason}"),
        Happening::Stopped { address, reason } => format!("tell: {address} ended: {reason}"),
        Happening::Crashed { address, reason, again_in_ms } => {
            format!("tell: {address} died: {reason}; again in {again_in_ms} ms")
        }
        Happening::Waiting { component, label, reason, .. } => format!("tell: {component} {label} waits: {reason}"),
        Happening::Straggler { address, words } => format!("tell: {address}: {words}"),
        Happening::Declared { changes, kept, .. } => {
            let changes = changes.iter().map(ToString::to_string);
            let kept = kept.iter().map(|kept| format!("{}: {}", kept.component, kept.why));
            format!(
                "tell: the manifest has changed{}",
                changes.chain(kept).map(|it| format!("\n    {it}")).collect::<String>()
            )
        }
        Happening::Misdeclared { why, .. } => format!("tell: the manifest is wrong: {why}"),
        Happening::Trouble { what, why } => format!("tell: trouble with {what}: {why}"),
    })
}
