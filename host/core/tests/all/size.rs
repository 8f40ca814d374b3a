//! What one fact costs must not depend on how many actors there are.

use std::time::{Duration, Instant};

use changeling_core::id::{Address, Generation, Key, RequestId, UpgradeId};
use changeling_core::policy::{Policy, Sample, Settings};
use changeling_core::{Effect, Event, Proof, SwitchFigures, Time, WallTime, World, contract, sim};

const ACTORS: u64 = 5_000;

struct Host {
    world: World,
    effects: Vec<Effect>,
    longest: Duration,
}

impl Host {
    fn hear(&mut self, event: Event) -> Vec<Effect> {
        let begin = Instant::now();
        self.world.handle(Time(1), WallTime(1), event, &mut self.effects);
        self.longest = self.longest.max(begin.elapsed());
        std::mem::take(&mut self.effects)
    }

    fn written(&mut self, effects: &[Effect]) -> Vec<Effect> {
        let write = effects.iter().find_map(|effect| match effect {
            Effect::WriteTable { write, .. } => Some(*write),
            _ => None,
        });
        self.hear(Event::TableWritten {
            write: write.expect("a table to write"),
        })
    }

    fn judged(&mut self, number: u32) -> Vec<Effect> {
        let (component, digest) = (sim::component("counter"), sim::digest("counter", number));
        let source = contract::Source::Deploy {
            from: "test".to_owned(),
        };
        let offer = contract::Offer {
            component: component.clone(),
            digest,
            name_label: None,
            modified: WallTime(1),
            source,
        };
        self.hear(Event::Offered {
            offer,
            request: Some(RequestId(u64::from(number))),
        });
        let version = Box::new(sim::keyed_actor("counter", number, 1));
        self.hear(Event::Loaded {
            component,
            digest,
            outcome: Ok(version),
        });
        let proved = self.hear(Event::Proved {
            upgrade: UpgradeId(u64::from(number)),
            outcome: Proof::Proven,
        });
        self.written(&proved)
    }
}

fn started(effects: &[Effect]) -> Option<(Address, Generation)> {
    effects.iter().find_map(|effect| match effect {
        Effect::Start {
            address, generation, ..
        } => Some((address.clone(), *generation)),
        _ => None,
    })
}

#[test]
fn an_upgrade_of_five_thousand_actors_takes_its_time_from_each_alone() {
    let policy = Policy {
        keyed: true,
        max_actors: ACTORS,
        verify: Some(Sample::None),
        ..Policy::default()
    };
    let settings = Settings {
        default: policy,
        ..Settings::default()
    };
    let world = World::new(Default::default(), settings);
    let mut host = Host {
        world,
        effects: Vec::new(),
        longest: Duration::ZERO,
    };
    host.judged(1);
    for n in 0..ACTORS {
        let key = Key::new(&format!("k{n}")).ok();
        let address = Address {
            component: sim::component("counter"),
            key,
        };
        let (address, generation) = started(&host.hear(Event::Wanted { address })).expect("a start");
        host.hear(Event::Started { address, generation });
    }
    let mut switches = host.judged(2);
    host.longest = Duration::ZERO;
    let mut count = 0;
    while let Some(Effect::Switch {
        upgrade,
        attempt,
        address,
        generation,
        ..
    }) = switches
        .iter()
        .position(|it| matches!(it, Effect::Switch { .. }))
        .map(|at| switches.remove(at))
    {
        let figures = SwitchFigures::default();
        switches.extend(host.hear(Event::Switched {
            upgrade,
            attempt,
            address,
            generation,
            figures,
        }));
        count += 1;
    }
    assert_eq!(count, ACTORS);
    // Far above what it takes even unoptimised, far below what looking at five thousand would.
    assert!(
        host.longest < Duration::from_millis(20),
        "the dearest fact took {:?}",
        host.longest
    );
    assert!(
        switches.iter().any(|it| matches!(it, Effect::WriteTable { .. })),
        "the table comes next"
    );
}
