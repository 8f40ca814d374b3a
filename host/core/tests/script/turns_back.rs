//! All or nothing before *published*: what was switched goes back.

use changeling_core::policy::Sample;
use expect_test::expect;

use super::stage::Stage;

fn switching(keys: &str) -> Stage {
    let mut stage = Stage::new(|policy| policy.verify = Some(Sample::None));
    stage.set(&format!("run counter@1 {keys} \n judge counter@2 \n written \n written"));
    stage
}

#[test]
fn a_failure_before_anybody_was_switched_refuses() {
    let mut stage = switching("a");
    stage.play("fails counter/a total is negative \n written \n drained counter@2");
    expect![[r#""#]].assert_eq(&stage.told());
}

#[test]
fn a_failure_after_others_were_switched_takes_them_back() {
    let mut stage = switching("a b c");
    stage.play("switched counter/a \n fails counter/b total is negative \n switched counter/c \n back counter/a \n back counter/c");
    expect![[r#""#]].assert_eq(&stage.told());
}

#[test]
fn who_cannot_go_back_is_left_behind_by_name() {
    let mut stage = switching("a b c");
    stage.play("switched counter/a \n switched counter/b \n fails counter/c bad \n left counter/a save(1) answered err \n back counter/b");
    stage.play("crashed counter/a \n wait 100ms \n drained counter@2");
    expect![[r#""#]].assert_eq(&stage.told());
}

#[test]
fn who_was_left_behind_is_taken_along_by_the_next() {
    let mut stage = switching("a b");
    stage.set("switched counter/a \n fails counter/b bad \n left counter/a no \n written");
    stage.play("judge counter@3 \n written \n written \n switched counter/a \n switched counter/b \n written");
    stage.play("drained counter@1 \n drained counter@2");
    expect![[r#""#]].assert_eq(&stage.told());
}

#[test]
fn a_lost_state_is_said_and_the_actor_begins_anew_on_the_old_version() {
    let mut stage = switching("a");
    stage.play("loses counter/a unreachable \n crashed counter/a \n wait 100ms");
    expect![[r#""#]].assert_eq(&stage.told());
}

#[test]
fn a_crash_after_the_switch_brings_back_the_kept_state() {
    let mut stage = switching("a b");
    stage.play("switched counter/a \n crashed counter/a 3 \n not-now counter/b busy \n started counter/a");
    expect![[r#""#]].assert_eq(&stage.told());
}

#[test]
fn a_crash_while_the_table_is_written_takes_the_table_back() {
    let mut stage = switching("a");
    stage.play("switched counter/a \n crashed counter/a 1 \n written \n started counter/a \n written");
    expect![[r#""#]].assert_eq(&stage.told());
}

#[test]
fn a_kept_state_that_will_not_start_is_given_up_at_last() {
    let mut stage = switching("a");
    stage.set("switched counter/a \n crashed counter/a 1 \n written");
    for _ in 0..4 {
        stage.set("start-refused counter/a no \n wait 10s");
    }
    stage.play("start-refused counter/a no \n wait 10s");
    expect![[r#""#]].assert_eq(&stage.told());
}

#[test]
fn a_person_turns_it_back() {
    let mut stage = switching("a b");
    stage.play("switched counter/a \n turn-back counter \n not-now counter/b busy \n back counter/a \n turn-back counter");
    expect![[r#""#]].assert_eq(&stage.told());
}

#[test]
fn it_is_turned_back_while_it_is_judged() {
    let mut stage = Stage::new(|_| {});
    stage.set("run counter@1 a");
    stage.play("deploy counter@2 \n turn-back counter \n loaded \n drained counter@2");
    expect![[r#""#]].assert_eq(&stage.told());
}

#[test]
fn births_that_waited_go_on_when_it_turns_back() {
    let mut stage = switching("a");
    stage.play("switched counter/a \n wanted counter/b \n turn-back counter \n written \n back counter/a");
    expect![[r#""#]].assert_eq(&stage.told());
}
