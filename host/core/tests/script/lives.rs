//! Births, crashes and ends of actors, when no upgrade is about.

use expect_test::expect;

use super::stage::{Stage, check};

#[test]
fn a_first_message_makes_an_actor() {
    check("run counter@1 \n wanted counter/a \n wanted counter/a \n started counter/a", expect![[r#""#]]);
}

#[test]
fn who_cannot_be_is_turned_away() {
    let mut stage = Stage::new(|policy| policy.max_actors = 1);
    stage.set("run counter@1 a \n run clock@1 \n run maths@1");
    stage.play("wanted counter/b \n wanted counter \n wanted clock/a \n wanted maths \n wanted unknown");
    expect![[r#""#]].assert_eq(&stage.told());
}

#[test]
fn without_on_demand_nobody_is_made() {
    let mut stage = Stage::new(|policy| policy.on_demand = false);
    stage.set("run counter@1");
    stage.play("wanted counter/a");
    expect![[r#""#]].assert_eq(&stage.told());
}

#[test]
fn a_first_start_that_fails_leaves_no_actor() {
    let mut stage = Stage::new(|_| {});
    stage.set("run counter@1");
    stage.play("wanted counter/a \n start-refused counter/a not you \n wanted counter/a \n start-crashes counter/a boom");
    stage.play("wanted counter/a \n start-overloaded counter/a no room");
    expect![[r#""#]].assert_eq(&stage.told());
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
    expect![[r#""#]].assert_eq(&stage.told());
}

#[test]
fn an_actor_that_ends_in_order_is_gone() {
    let mut stage = Stage::new(|_| {});
    stage.set("run counter@1 a");
    stage.play("exited counter/a \n wanted counter/a \n crashed counter/a");
    expect![[r#""#]].assert_eq(&stage.told());
}

#[test]
fn facts_of_an_older_incarnation_are_dropped() {
    let mut stage = Stage::new(|_| {});
    stage.set("run counter@1 a \n crashed counter/a");
    stage.play("crashed counter/a \n started counter/a");
    expect![[r#""#]].assert_eq(&stage.told());
}
