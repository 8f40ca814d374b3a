//! A manifest that changes while everything runs: what is taken up, by whom, and what is said to stay.

use std::time::Duration;

use changeling_core::Event;
use changeling_core::declared::{Change, Declaration, Holds, Misplaced};
use changeling_core::policy::{Laggard, Policy, Sample, Strategy};
use expect_test::expect;

use super::stage::Stage;

fn running() -> Stage {
    let mut stage = Stage::new(|policy| policy.verify = Some(Sample::None));
    stage.set("run counter@1 a b \n run clock@1 \n run maths@1");
    stage
}

#[test]
fn a_bound_on_births_holds_from_now_on_and_ends_nobody() {
    let mut stage = running();
    stage.declare("counter", |policy| policy.max_actors = 1);
    stage.play("wanted counter/c \n stop counter/a \n stopped counter/a \n wanted counter/c");
    stage.declare("counter", |policy| policy.max_actors = 2);
    stage.play("wanted counter/c");
    stage.declare("counter", |policy| (policy.max_actors, policy.on_demand) = (9, false));
    stage.play("wanted counter/d");
    expect![[r#"
        declare counter
          tell: the manifest has changed
        wanted counter/c
          turn away counter/c: Overloaded
        stop counter/a
          stop counter/a: shutdown
        stopped counter/a
          tell: counter/a ended: shutdown
          turn away counter/a: Stopped
          answer 4: Done
        wanted counter/c
          turn away counter/c: Overloaded
        declare counter
          tell: the manifest has changed
        wanted counter/c
          start counter/c #4 on 1: first
        declare counter
          tell: the manifest has changed
        wanted counter/d
          turn away counter/d: NoActor
    "#]]
    .assert_eq(&stage.told());
}

#[test]
fn a_setting_of_upgrades_holds_for_the_next_one() {
    let mut stage = running();
    stage.declare("counter", |policy| policy.strategy = Strategy::Restart);
    stage.play("deploy counter@2 \n loaded \n proved \n written");
    expect![[r#"
        declare counter
          tell: the manifest has changed
        deploy counter@2
          answer 4: Upgrade(UpgradeId(4))
          load counter@2
        loaded
          prove counter@2
        proved
          write table: clock@1, counter@1, maths@1, counter@2 in hand
        written
          switch counter/a 1 -> 2, restart, try 1, hold 5s
          switch counter/b 1 -> 2, restart, try 1, hold 5s
    "#]]
    .assert_eq(&stage.told());
}

#[test]
fn an_upgrade_in_hand_ends_by_the_settings_that_it_began_with() {
    let mut stage = running();
    stage.set("deploy counter@2 \n loaded");
    stage.declare("counter", |policy| {
        (policy.strategy, policy.parallel, policy.laggards) = (Strategy::Restart, 1, Laggard::Kill);
        policy.hold_timeout = Duration::from_secs(1);
    });
    stage.declare("counter", |policy| policy.max_actors = 7);
    stage.play("proved \n written \n switched counter/a \n switched counter/b \n written \n drained counter@1");
    stage.play("deploy counter@3 \n loaded \n proved \n written");
    expect![[r#"
        declare counter
          tell: the manifest has changed
            counter: upgrade 4 is in hand, and ends by the settings that it began with
        declare counter
          tell: the manifest has changed
        proved
          write table: clock@1, counter@1, maths@1, counter@2 in hand
        written
          switch counter/a 1 -> 2, state 1, try 1, hold 5s
          switch counter/b 1 -> 2, state 1, try 1, hold 5s
        switched counter/a
        switched counter/b
          write table: clock@1, counter@2, maths@1, counter@2 in hand
        written
          publish counter@2
          drop what upgrade 4 kept
          retire counter@1
        drained counter@1
          receipt 4 of counter: Settled at settled, 1 -> 2, 2 switched, 2 not tried
          write table: clock@1, counter@2, maths@1
        deploy counter@3
          answer 5: Upgrade(UpgradeId(5))
          load counter@3
        loaded
          prove counter@3
        proved
        written
          write table: clock@1, counter@2, maths@1, counter@3 in hand
          switch counter/a 2 -> 3, restart, try 1, hold 1s
    "#]]
    .assert_eq(&stage.told());
}

#[test]
fn keys_come_and_go_where_nobody_lives() {
    let mut stage = running();
    stage.set("stop counter/a \n stop counter/b \n stopped counter/a \n stopped counter/b");
    stage.declare("counter", |policy| policy.keyed = false);
    stage.play("wanted counter/a \n started counter");
    stage.set("stop clock \n stopped clock");
    stage.declare("clock", |policy| policy.keyed = true);
    stage.play("wanted clock \n wanted clock/a");
    expect![[r#"
        declare counter
          start counter #4 on 1: first
          tell: the manifest has changed
        wanted counter/a
          turn away counter/a: NoActor
        started counter
        declare clock
          tell: the manifest has changed
        wanted clock
          turn away clock: NoActor
        wanted clock/a
          start clock/a #5 on 1: first
    "#]]
    .assert_eq(&stage.told());
}

#[test]
fn keys_stay_where_actors_live_until_the_component_is_loaded_again() {
    let mut stage = running();
    stage.declare("counter", |policy| policy.keyed = false);
    stage.declare("clock", |policy| policy.keyed = true);
    // It is a service: nobody is asked whether keys fit.
    stage.declare("maths", |policy| policy.keyed = true);
    stage.play("wanted counter/c \n wanted clock/a");
    stage.declare("clock", |policy| policy.max_actors = 3);
    stage.play("remove clock \n written \n stopped clock");
    stage.play("deploy clock@1 \n loaded \n proved \n written \n wanted clock/a");
    expect![[r#"
        declare counter
          tell: the manifest has changed
            counter: `keyed` stays true while it has actors (2): remove the component and load it again, or start the host again
        declare clock
          tell: the manifest has changed
            clock: `keyed` stays false while its actor lives: remove the component and load it again, or start the host again
        declare maths
          tell: the manifest has changed
        wanted counter/c
          start counter/c #4 on 1: first
        wanted clock/a
          turn away clock/a: NoActor
        declare clock
          tell: the manifest has changed
        remove clock
          write table: counter@1, maths@1
        written
          publish no clock
          stop clock: shutdown
        stopped clock
          tell: clock ended: shutdown
          turn away clock: Stopped
          retire clock@1
          tell: clock is removed
          answer 4: Done
        deploy clock@1
          answer 5: Upgrade(UpgradeId(4))
          load clock@1
        loaded
          prove clock@1
        proved
          write table: clock@1, counter@1, maths@1, clock@1 in hand
        written
          publish clock@1
          tell: clock 1 serves
          receipt 4 of clock: Settled at settled, none -> 1
          write table: clock@1, counter@1, maths@1
        wanted clock/a
          start clock/a #5 on 1: first
    "#]].assert_eq(&stage.told());
}

#[test]
fn what_is_taken_back_before_it_held_is_no_matter() {
    let mut stage = running();
    stage.declare("counter", |policy| policy.keyed = false);
    stage.declare("counter", |policy| policy.keyed = true);
    stage.set("remove counter \n written \n stopped counter/a \n stopped counter/b");
    stage.play("deploy counter@1 \n loaded \n proved \n written \n wanted counter/a");
    expect![[r#"
        declare counter
          tell: the manifest has changed
            counter: `keyed` stays true while it has actors (2): remove the component and load it again, or start the host again
        declare counter
          tell: the manifest has changed
        deploy counter@1
          answer 5: Upgrade(UpgradeId(4))
          load counter@1
        loaded
          prove counter@1
        proved
          write table: clock@1, counter@1, maths@1, counter@1 in hand
        written
          publish counter@1
          tell: counter 1 serves
          receipt 4 of counter: Settled at settled, none -> 1
          write table: clock@1, counter@1, maths@1
        wanted counter/a
          start counter/a #4 on 1: first
    "#]].assert_eq(&stage.told());
}

#[test]
fn keys_stay_while_a_first_load_is_in_hand() {
    let mut stage = Stage::new(|_| {});
    stage.play("deploy clock@1");
    stage.declare("clock", |policy| policy.keyed = true);
    stage.play("loaded \n proved \n started clock \n written");
    expect![[r#"
        deploy clock@1
          answer 1: Upgrade(UpgradeId(1))
          load clock@1
        declare clock
          tell: the manifest has changed
            clock: `keyed` stays false while an upgrade is in hand: remove the component and load it again, or start the host again
        loaded
          prove clock@1
        proved
          start clock #1 on 1: first
        started clock
          write table: clock@1, clock@1 in hand
        written
          publish clock@1
          tell: clock 1 serves
          receipt 1 of clock: Settled at settled, none -> 1
          write table: clock@1
    "#]].assert_eq(&stage.told());
}

#[test]
fn a_component_that_comes_later_comes_by_the_newest_manifest() {
    let mut stage = Stage::new(|_| {});
    stage.declare("clock", |policy| policy.keyed = true);
    stage.play("run clock@1 a");
    expect![[r#"
        declare clock
          tell: the manifest has changed
        run clock@1 a
        deploy clock@1
          answer 1: Upgrade(UpgradeId(1))
          load clock@1
        loaded
          prove clock@1
        proved
          write table: clock@1, clock@1 in hand
        started clock
        written
          publish clock@1
          tell: clock 1 serves
          receipt 1 of clock: Settled at settled, none -> 1
          write table: clock@1
        wanted clock/a
          start clock/a #1 on 1: first
        started clock/a
    "#]]
    .assert_eq(&stage.told());
}

#[test]
fn parked_actors_count_as_living_while_they_come_back() {
    let mut stage = running();
    stage.set("end \n parked counter/a \n parked counter/b \n parked clock");
    let mut stage = stage.reborn();
    stage.play("begin counter/a@1 clock@1");
    stage.declare("counter", |policy| policy.keyed = false);
    stage.declare("maths", |policy| policy.keyed = true);
    stage.play("loaded \n loaded \n loaded");
    expect![[r#"
        begin counter/a@1 clock@1
          load clock@1
          load counter@1
          load maths@1
        declare counter
          tell: the manifest has changed
            counter: `keyed` stays true while it has actors (1): remove the component and load it again, or start the host again
        declare maths
          tell: the manifest has changed
        loaded
          publish clock@1
          tell: clock 1 serves
          start clock #4 on 1: as parked
        loaded
          publish counter@1
          tell: counter 1 serves
          start counter/a #5 on 1: as parked
        loaded
          publish maths@1
          tell: maths 1 serves
    "#]].assert_eq(&stage.told());
}

#[test]
fn changes_notes_and_mistakes_are_told_as_they_are() {
    let mut stage = running();
    let changed = |setting: &str, holds| Change {
        section: "components.counter".to_owned(),
        setting: setting.to_owned(),
        from: "1".to_owned(),
        to: "2".to_owned(),
        holds,
    };
    let changes = vec![changed("mailbox", Holds::AtOnce), changed("env", Holds::Instances)];
    let (file, notes) = ("changeling.toml".to_owned(), vec!["others can write it".to_owned()]);
    let settings = changeling_core::Settings::default();
    stage.play("wait 1ms");
    stage.hear(Event::Declared(Box::new(Declaration { file: file.clone(), is_gone: false, settings, changes, notes })));
    let mistakes = vec![Misplaced { line: 2, column: 1, words: "there is no `mailbx`".to_owned() }];
    stage.hear(Event::Misdeclared { file, why: "2:1: there is no `mailbx`".to_owned(), mistakes });
    expect![[r#"
        wait 1ms
          tell: the manifest has changed
            [components.counter] mailbox = 2 (was 1), at once
            [components.counter] env = 2 (was 1), for new instances: restart the actor (`changeling restart ADDRESS`)
            counter: `keyed` stays true while it has actors (2): remove the component and load it again, or start the host again
          tell: trouble with changeling.toml: others can write it
          tell: the manifest is wrong: 2:1: there is no `mailbx`
    "#]].assert_eq(&stage.told());
}

#[test]
fn births_and_upgrades_and_keys_are_all_that_a_policy_has() {
    let other = Policy {
        keyed: true,
        on_demand: false,
        max_actors: 7,
        strategy: Strategy::Restart,
        parallel: 9,
        verify: Some(Sample::All),
        require_proof: true,
        hold_timeout: Duration::from_secs(77),
        drain_timeout: Duration::from_secs(78),
        laggards: Laggard::Kill,
        verify_timeout: Duration::from_secs(79),
        keep_exports: ["demo:counter/counter".to_owned()].into(),
    };
    let mut policy = Policy::default();
    policy.take_births(&other);
    policy.take_upgrades(&other);
    assert_eq!(Policy { keyed: true, ..policy }, other);
}
