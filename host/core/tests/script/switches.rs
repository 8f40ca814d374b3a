//! Actors go over, and a version becomes current.

use changeling_core::policy::{Laggard, Sample};
use expect_test::expect;

use super::stage::{Stage, check};

fn ready(set: impl Fn(&mut changeling_core::policy::Policy), script: &str) -> Stage {
    let mut stage = Stage::new(|policy| {
        policy.verify = Some(Sample::None);
        set(policy);
    });
    stage.set(script);
    stage
}

#[test]
fn an_upgrade_from_offer_to_receipt() {
    check(
        "run counter@1 a b c \n judge counter@2 counter/a counter/b counter/c \n written \n written
         switched counter/a \n switched counter/b \n switched counter/c \n written \n drained counter@1 \n written",
        expect![[r#""#]],
    );
}

#[test]
fn who_is_busy_is_tried_again() {
    let mut stage = ready(|_| {}, "run counter@1 a \n judge counter@2 \n written \n written");
    stage.play("not-now counter/a busy \n wait 50ms \n not-now counter/a busy \n wait 99ms \n wait 1ms \n switched counter/a");
    expect![[r#""#]].assert_eq(&stage.told());
}

#[test]
fn who_stays_busy_is_given_up_and_goes_over_later() {
    let mut stage = ready(|_| {}, "run counter@1 a b \n judge counter@2 \n written \n written");
    stage.play("switched counter/b \n wait 59s \n not-now counter/a busy \n wait 1s");
    stage.play("not-now counter/a busy \n written \n wait 50ms \n switched counter/a \n drained counter@1");
    expect![[r#""#]].assert_eq(&stage.told());
}

#[test]
fn who_stays_busy_is_killed_where_that_was_asked_for() {
    let kill = |policy: &mut changeling_core::policy::Policy| policy.laggards = Laggard::Kill;
    let mut stage = ready(kill, "run counter@1 a \n judge counter@2 \n written \n written");
    stage.set("wait 59s \n not-now counter/a busy");
    stage.play("wait 1s \n killed counter/a \n written \n started counter/a \n drained counter@1");
    expect![[r#""#]].assert_eq(&stage.told());
}

#[test]
fn who_stays_busy_turns_the_upgrade_back_where_that_was_asked_for() {
    let refuse = |policy: &mut changeling_core::policy::Policy| policy.laggards = Laggard::Refuse;
    let mut stage = ready(refuse, "run counter@1 a b \n judge counter@2 \n written \n written");
    stage.set("switched counter/b \n wait 59s \n not-now counter/a busy");
    stage.play("wait 1s \n back counter/b \n drained counter@2");
    expect![[r#""#]].assert_eq(&stage.told());
}

#[test]
fn a_birth_before_publishing_is_on_the_old_version_and_goes_over() {
    let mut stage = ready(|_| {}, "run counter@1 a \n judge counter@2 \n written \n written");
    stage.play("wanted counter/b \n started counter/b \n switched counter/a \n switched counter/b \n written");
    expect![[r#""#]].assert_eq(&stage.told());
}

#[test]
fn births_wait_once_only_newborns_are_left() {
    let mut stage = ready(|_| {}, "run counter@1 a \n judge counter@2 \n written \n written");
    stage.play("wanted counter/b \n switched counter/a \n wanted counter/c \n started counter/b \n switched counter/b");
    stage.play("wanted counter/d \n written");
    expect![[r#""#]].assert_eq(&stage.told());
}

#[test]
fn a_table_that_cannot_be_written_turns_the_plan_back() {
    let mut stage = ready(|_| {}, "run counter@1 a \n judge counter@2 \n written \n written");
    stage.play("switched counter/a \n wanted counter/b \n write-fails \n back counter/a \n drained counter@2");
    expect![[r#""#]].assert_eq(&stage.told());
}

#[test]
fn nothing_is_switched_where_that_cannot_be_written_down() {
    let mut stage = ready(|_| {}, "run counter@1 a \n judge counter@2 \n written");
    stage.play("write-fails");
    expect![[r#""#]].assert_eq(&stage.told());
}

#[test]
fn who_is_stopped_meanwhile_leaves_the_plan() {
    let mut stage = ready(|policy| policy.parallel = 1, "run counter@1 a b \n judge counter@2 \n written \n written");
    stage.play("stop counter/b \n stop counter/a \n stopped counter/a \n written \n stopped counter/b \n drained counter@1");
    expect![[r#""#]].assert_eq(&stage.told());
}

#[test]
fn who_crashes_while_held_restarts_on_the_old_version_into_the_plan() {
    let mut stage = ready(|_| {}, "run counter@1 a b \n judge counter@2 \n written \n written");
    stage.play("crashed counter/a \n wait 100ms \n started counter/a \n switched counter/b \n switched counter/a \n written");
    stage.play("drained counter@1");
    expect![[r#""#]].assert_eq(&stage.told());
}

#[test]
fn a_crash_after_publishing_restarts_on_the_new_version() {
    let mut stage = ready(|_| {}, "run counter@1 a \n judge counter@2 \n written \n written \n switched counter/a \n written");
    stage.play("crashed counter/a 3 \n wait 100ms");
    expect![[r#""#]].assert_eq(&stage.told());
}

#[test]
fn calls_that_stay_in_flight_make_it_partial() {
    let mut stage = ready(|_| {}, "run maths@1 \n judge maths@2");
    stage.play("written \n wait 60s \n drained maths@1");
    expect![[r#""#]].assert_eq(&stage.told());
}

#[test]
fn a_newer_version_takes_a_straggler_along_from_where_it_is() {
    let mut stage = ready(|_| {}, "run counter@1 a \n judge counter@2 \n written \n written \n wait 60s");
    stage.set("not-now counter/a busy \n written \n wait 50ms");
    stage.play("judge counter@3 \n written \n written \n not-now counter/a busy \n switched counter/a \n written");
    stage.play("drained counter@1 \n drained counter@2");
    expect![[r#""#]].assert_eq(&stage.told());
}

#[test]
fn facts_about_what_is_over_are_dropped_and_counted() {
    let mut stage = ready(|_| {}, "run counter@1 a \n judge counter@2 \n written \n written \n switched counter/a");
    let before = stage.world.strays();
    stage.play("switched counter/a \n not-now counter/a \n back counter/a \n parked counter/a \n drained counter@1 \n proved");
    expect![[r#""#]].assert_eq(&stage.told());
    assert_eq!(stage.world.strays() - before, 6);
}
