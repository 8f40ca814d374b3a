//! Facts and acts that cross each other on their way. Each of these was found by a seed.

use changeling_core::policy::Sample;
use expect_test::expect;

use super::stage::Stage;

fn running(script: &str) -> Stage {
    let mut stage = Stage::new(|policy| policy.verify = Some(Sample::None));
    stage.set(script);
    stage
}

#[test]
fn an_answer_for_a_component_that_was_never_loaded_is_cleaned_up() {
    let mut stage = running("deploy counter@1 \n turn-back counter \n written");
    stage.play("loaded \n drained counter@1");
    expect![[r#"
        loaded
          retire counter@1
        drained counter@1
          forget 1
    "#]]
    .assert_eq(&stage.told());
}

#[test]
fn a_version_that_drained_while_it_was_wanted_again_is_loaded_again() {
    let mut stage = running("run maths@1 \n judge maths@2 \n written \n deploy maths@1");
    stage.play("drained maths@1 \n load-fails the disk is gone \n deploy maths@1 \n loaded");
    expect![[r#"
        drained maths@1
        load-fails the disk is gone
          receipt 3 of maths: Refused at compiled, 2 -> 1
            reason: compile: the disk is gone
        deploy maths@1
          answer 4: Upgrade(UpgradeId(4))
          load maths@1
        loaded
          prove maths@1
    "#]]
    .assert_eq(&stage.told());
}

#[test]
fn a_version_that_is_refused_while_it_is_loaded_again_is_retired_once() {
    let mut stage = running("deploy counter@1 \n turn-back counter \n deploy counter@1");
    stage.play("loaded \n not-proved unreachable \n loaded \n drained counter@1");
    expect![[r#"
        loaded
          prove counter@1
        not-proved unreachable
          receipt 2 of counter: Refused at verified, none -> 1
            reason: init: unreachable
          write table: 
        loaded
          retire counter@1
        drained counter@1
          forget 1
    "#]]
    .assert_eq(&stage.told());
}

#[test]
fn a_first_start_that_is_turned_back_is_waited_for() {
    let mut stage = running("deploy clock@1 \n loaded \n proved");
    stage.play("turn-back clock \n started clock \n stopped clock \n drained clock@1");
    expect![[r#"
        turn-back clock
        started clock
          stop clock: shutdown
        stopped clock
          tell: clock ended: shutdown
          turn away clock: Stopped
          receipt 1 of clock: Refused at verified, none -> 1
            reason: turn-back: it was asked to turn back
          answer 2: Done
          retire clock@1
        drained clock@1
          forget 1
    "#]]
    .assert_eq(&stage.told());
}

#[test]
fn kept_states_are_dropped_though_nobody_is_left() {
    let mut stage = running("run counter@1 a \n judge counter@2 \n written \n switched counter/a");
    stage.play("exited counter/a \n written");
    expect![[r#"
        exited counter/a
          tell: counter/a ended: normal
          turn away counter/a: Stopped
        written
          publish counter@2
          drop what upgrade 2 kept
          retire counter@1
    "#]]
    .assert_eq(&stage.told());
}

#[test]
fn an_upgrade_with_a_receipt_is_not_interrupted_too() {
    let mut stage = running("run counter@1 a \n judge counter@2 \n written \n fails counter/a bad");
    stage = stage.reborn();
    stage.play("begin receipts 1 2 \n loaded");
    expect![[r#"
        begin receipts 1 2
          load counter@1
          write table: counter@1
        loaded
          publish counter@1
          tell: counter 1 serves
    "#]]
    .assert_eq(&stage.told());
}

#[test]
fn a_straggler_that_went_over_to_what_is_current_no_more_is_tried_again() {
    let mut stage = running("run counter@1 a b \n judge counter@2 \n written \n switched counter/b \n wait 60s");
    stage.set("not-now counter/a busy \n written \n wait 50ms \n deploy counter@3 \n loaded \n proved \n written");
    stage.set("switched counter/b \n wait 60s \n written");
    stage.play("switched counter/a \n wait 50ms \n switched counter/a \n drained counter@2");
    expect![[r#"
        switched counter/a
          drop what upgrade 2 kept
          tell: counter/a: it has gone over to version 2
        wait 50ms
          switch counter/a 2 -> 3, state 2, try 65538, hold 60s
        switched counter/a
          drop what upgrade 2 kept
          tell: counter/a: it has gone over to version 3
        drained counter@2
    "#]]
    .assert_eq(&stage.told());
}

#[test]
fn a_stop_that_crosses_a_switch_is_counted_once() {
    let mut stage = running("run counter@1 a \n judge counter@2 \n written");
    stage.play("stop counter/a \n switched counter/a \n stopped counter/a \n written \n drained counter@1");
    expect![[r#"
        stop counter/a
          stop counter/a: shutdown
        switched counter/a
          write table: counter@2, counter@2 in hand
        stopped counter/a
          tell: counter/a ended: shutdown
          turn away counter/a: Stopped
          answer 3: Done
        written
          publish counter@2
          drop what upgrade 2 kept
          retire counter@1
        drained counter@1
          receipt 2 of counter: Settled at settled, 1 -> 2, 1 stopped, 1 not tried
          write table: counter@2
    "#]]
    .assert_eq(&stage.told());
}

#[test]
fn a_switched_actor_that_is_being_stopped_is_waited_for_when_turning_back() {
    let mut stage = running("run counter@1 a b \n judge counter@2 \n written");
    stage.play("switched counter/a \n stop counter/a \n fails counter/b bad \n stopped counter/a");
    expect![[r#"
        switched counter/a
        stop counter/a
          stop counter/a: shutdown
        fails counter/b bad
        stopped counter/a
          tell: counter/a ended: shutdown
          turn away counter/a: Stopped
          answer 3: Done
          drop what upgrade 2 kept
          receipt 2 of counter: RolledBack at switching, 1 -> 2, 1 stopped, 2 not tried
            reason: code-change of counter/b: bad
          retire counter@2
          write table: counter@1
    "#]]
    .assert_eq(&stage.told());
}

#[test]
fn a_crash_while_it_is_turned_back_brings_back_the_kept_state() {
    let mut stage = running("run counter@1 a b \n judge counter@2 \n written \n switched counter/a");
    stage.play("fails counter/b bad \n crashed counter/a 2 \n started counter/a");
    expect![[r#"
        fails counter/b bad
          turn back counter/a to 1, down Some(1)
        crashed counter/a 2
          tell: counter/a died: trap: unreachable; again in 0 ms
          start counter/a #3 on 1: as kept by upgrade 2
        started counter/a
          drop what upgrade 2 kept
          receipt 2 of counter: RolledBack at switching, 1 -> 2, 1 crashed, 2 not tried
            reason: code-change of counter/b: bad; and 1 more; what 2 messages did since the switch is lost
            refusal: code-change of counter/b: bad
            refusal: switch of counter/a: it died after its switch: trap: unreachable
          retire counter@2
          write table: counter@1
    "#]]
    .assert_eq(&stage.told());
}
