//! What one fact costs must not depend on how many actors there are.

use std::time::{Duration, Instant};

use changeling_core::id::{Address, Generation, Key, RequestId, UpgradeId};
use changeling_core::policy::{Policy, Sample, Settings};
use changeling_core::{Effect, Event, Proof, SwitchFigures, Time, WallTime, World, contract, sim};

struct Host {
    world: World,
    effects: Vec<Effect>,
}

impl Host {
    fn hear(&mut self, event: Event) -> Vec<Effect> {
        self.world.handle(Time(1), WallTime(1), event, &mut self.effects);
        std::mem::take(&mut self.effects)
    }

    fn written(&mut self, effects: &[Effect]) -> Vec<Effect> {
        let write = effects.iter().find_map(|effect| match effect {
            Effect::WriteTable { write, .. } => Some(*write),
            _ => None,
        });
        self.hear(Event::TableWritten { write: write.expect("a table to write") })
    }

    fn judged(&mut self, number: u32) -> Vec<Effect> {
        let (component, digest) = (sim::component("counter"), sim::digest("counter", number));
        let source = contract::Source::Deploy { from: "test".to_owned() };
        let offer = contract::Offer {
            component: component.clone(),
            digest,
            name_label: None,
            modified: WallTime(1),
            source,
            strategy: None,
            is_trial: false,
            lay_there: false,
        };
        self.hear(Event::Offered { offer, request: Some(RequestId(u64::from(number))) });
        let version = Box::new(sim::keyed_actor("counter", number, 1));
        self.hear(Event::Loaded { component, digest, outcome: Ok(version) });
        let proved = self.hear(Event::Proved { upgrade: UpgradeId(u64::from(number)), outcome: Proof::Proven });
        self.written(&proved)
    }
}

fn started(effects: &[Effect]) -> Option<(Address, Generation)> {
    effects.iter().find_map(|effect| match effect {
        Effect::Start { address, generation, .. } => Some((address.clone(), *generation)),
        _ => None,
    })
}

/// The time of one fact of an upgrade of so many actors, all of them told one after the other.
fn time_of_one(actors: u64) -> Duration {
    let policy = Policy { keyed: true, max_actors: actors, verify: Some(Sample::None), ..Policy::default() };
    let settings = Settings { default: policy, ..Settings::default() };
    let mut host = Host { world: World::new(Default::default(), settings), effects: Vec::new() };
    let published = host.judged(1);
    host.written(&published);
    for n in 0..actors {
        let address = Address { component: sim::component("counter"), key: Key::new(&format!("k{n}")).ok() };
        let (address, generation) = started(&host.hear(Event::Wanted { address })).expect("a start");
        host.hear(Event::Started { address, generation });
    }
    let mut acts = host.judged(2);
    let begin = Instant::now();
    let mut count = 0;
    while let Some(at) = acts.iter().position(|it| matches!(it, Effect::Switch { .. })) {
        if let Effect::Switch { upgrade, attempt, address, generation, .. } = acts.swap_remove(at) {
            let figures = SwitchFigures::default();
            acts.extend(host.hear(Event::Switched { upgrade, attempt, address, generation, figures }));
            count += 1;
        }
    }
    assert_eq!(count, actors);
    assert!(acts.iter().any(|it| matches!(it, Effect::WriteTable { .. })), "the table comes next");
    begin.elapsed() / u32::try_from(actors).expect("not so many")
}

#[test]
fn a_fact_costs_the_same_among_ten_times_as_many_actors() {
    let best_of_three = |actors| (0..3).map(|_| time_of_one(actors)).min().expect("three");
    let (few, many) = (best_of_three(2_000), best_of_three(20_000));
    // Looking at all of them would make it ten times as dear; a deeper tree makes it a little dearer.
    assert!(many < few * 6, "{few:?} among 2,000, {many:?} among 20,000");
}
