//! Births, crashes and ends of actors, when no upgrade is about.

use expect_test::expect;

use super::stage::{Stage, check};

#[test]
fn a_first_message_makes_an_actor() {
    check(
        "run counter@1 \n wanted counter/a \n wanted counter/a \n started counter/a",
        expect![[r#"
        run counter@1
        deploy counter@1
          answer 1: Upgrade(UpgradeId(1))
          load counter@1
        loaded
          prove counter@1
        proved
          write table: counter@1, counter@1 in hand
        written
          publish counter@1
          tell: counter 1 serves
          receipt 1 of counter: Settled at settled, none -> 1
          write table: counter@1
        wanted counter/a
          start counter/a #1 on 1: first
        wanted counter/a
        started counter/a
    "#]],
    );
}

#[test]
fn who_cannot_be_is_turned_away() {
    let mut stage = Stage::new(|policy| policy.max_actors = 1);
    stage.set("run counter@1 a \n run clock@1 \n run maths@1");
    stage.play("wanted counter/b \n wanted counter \n wanted clock/a \n wanted maths \n wanted unknown");
    expect![[r#"
        wanted counter/b
          turn away counter/b: Overloaded
        wanted counter
          turn away counter: NoActor
        wanted clock/a
          turn away clock/a: NoActor
        wanted maths
          turn away maths: NoActor
        wanted unknown
          turn away unknown: NoSuchComponent
    "#]]
    .assert_eq(&stage.told());
}

#[test]
fn without_on_demand_nobody_is_made() {
    let mut stage = Stage::new(|policy| policy.on_demand = false);
    stage.set("run counter@1");
    stage.play("wanted counter/a");
    expect![[r#"
        wanted counter/a
          turn away counter/a: NoActor
    "#]]
    .assert_eq(&stage.told());
}

#[test]
fn a_first_start_that_fails_leaves_no_actor() {
    let mut stage = Stage::new(|_| {});
    stage.set("run counter@1");
    stage.play(
        "wanted counter/a \n start-refused counter/a not you \n wanted counter/a \n start-crashes counter/a boom",
    );
    stage.play("wanted counter/a \n start-overloaded counter/a no room");
    expect![[r#"
        wanted counter/a
          start counter/a #1 on 1: first
        start-refused counter/a not you
          tell: counter/a did not start: not you
          turn away counter/a: Refused("not you")
        wanted counter/a
          start counter/a #2 on 1: first
        start-crashes counter/a boom
          tell: counter/a did not start: trap: boom
          turn away counter/a: Crashed(Trap("boom"))
        wanted counter/a
          start counter/a #3 on 1: first
        start-overloaded counter/a no room
          tell: counter/a did not start: no room
          turn away counter/a: Overloaded
    "#]]
    .assert_eq(&stage.told());
    assert_eq!(stage.world.actors().count(), 0);
}

#[test]
fn restarts_wait_longer_each_time_and_begin_anew_after_a_minute() {
    let mut stage = Stage::new(|_| {});
    stage.set("run counter@1 a");
    for _ in 0..8 {
        stage.play("crashed counter/a");
        stage.set("wait 10s \n started counter/a");
    }
    stage.play("wait 60s \n crashed counter/a \n wait 100ms \n start-crashes counter/a boom \n wait 200ms");
    expect![[r#"
        crashed counter/a
          tell: counter/a died: trap: unreachable; again in 100 ms
        crashed counter/a
          tell: counter/a died: trap: unreachable; again in 200 ms
        crashed counter/a
          tell: counter/a died: trap: unreachable; again in 400 ms
        crashed counter/a
          tell: counter/a died: trap: unreachable; again in 800 ms
        crashed counter/a
          tell: counter/a died: trap: unreachable; again in 1600 ms
        crashed counter/a
          tell: counter/a died: trap: unreachable; again in 3200 ms
        crashed counter/a
          tell: counter/a died: trap: unreachable; again in 6400 ms
        crashed counter/a
          tell: counter/a died: trap: unreachable; again in 10000 ms
        wait 60s
        crashed counter/a
          tell: counter/a died: trap: unreachable; again in 100 ms
        wait 100ms
          start counter/a #10 on 1: restart after trap: unreachable
        start-crashes counter/a boom
          tell: counter/a did not start: trap: boom
        wait 200ms
          start counter/a #11 on 1: restart after trap: unreachable
    "#]]
    .assert_eq(&stage.told());
}

#[test]
fn an_actor_that_ends_in_order_is_gone() {
    let mut stage = Stage::new(|_| {});
    stage.set("run counter@1 a");
    stage.play("exited counter/a \n wanted counter/a \n crashed counter/a");
    expect![[r#"
        exited counter/a
          tell: counter/a ended: normal
          turn away counter/a: Stopped
        wanted counter/a
          start counter/a #2 on 1: first
        crashed counter/a
          tell: counter/a died: trap: unreachable; again in 100 ms
    "#]]
    .assert_eq(&stage.told());
}

#[test]
fn facts_of_an_older_incarnation_are_dropped() {
    let mut stage = Stage::new(|_| {});
    stage.set("run counter@1 a \n crashed counter/a");
    stage.play("crashed counter/a \n started counter/a");
    expect![[r#"
        crashed counter/a
        started counter/a
    "#]]
    .assert_eq(&stage.told());
}
