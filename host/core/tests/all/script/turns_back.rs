//! All or nothing before *published*: what was switched goes back.

use changeling_core::policy::Sample;
use expect_test::expect;

use super::stage::Stage;

fn switching(keys: &str) -> Stage {
    let mut stage = Stage::new(|policy| policy.verify = Some(Sample::None));
    stage.set(&format!("run counter@1 {keys} \n judge counter@2 \n written"));
    stage
}

#[test]
fn a_failure_before_anybody_was_switched_refuses() {
    let mut stage = switching("a");
    stage.play("fails counter/a total is negative \n written \n drained counter@2");
    expect![[r#"
        fails counter/a total is negative
          drop what upgrade 2 kept
          receipt 2 of counter: Refused at switching, 1 -> 2, 1 not tried
            reason: code-change of counter/a: total is negative
          retire counter@2
          write table: counter@1
        written
        drained counter@2
          forget 2
    "#]]
    .assert_eq(&stage.told());
}

#[test]
fn a_failure_after_others_were_switched_takes_them_back() {
    let mut stage = switching("a b c");
    stage.play("switched counter/a \n fails counter/b total is negative \n switched counter/c \n back counter/a \n back counter/c");
    expect![[r#"
        switched counter/a
          switch counter/c 1 -> 2, state 1, try 1, hold 5s
        fails counter/b total is negative
          turn back counter/a to 1, down Some(1)
        switched counter/c
          turn back counter/c to 1, down Some(1)
        back counter/a
        back counter/c
          drop what upgrade 2 kept
          receipt 2 of counter: RolledBack at switching, 1 -> 2, 2 turned back, 3 not tried
            reason: code-change of counter/b: total is negative
          retire counter@2
          write table: counter@1
    "#]]
    .assert_eq(&stage.told());
}

#[test]
fn who_cannot_go_back_is_left_behind_by_name() {
    let mut stage = switching("a b c");
    stage.play("switched counter/a \n switched counter/b \n fails counter/c bad \n left counter/a save(1) answered err \n back counter/b");
    stage.play("crashed counter/a \n wait 100ms \n drained counter@2");
    expect![[r#"
        switched counter/a
          switch counter/c 1 -> 2, state 1, try 1, hold 5s
        switched counter/b
        fails counter/c bad
          turn back counter/a to 1, down Some(1)
          turn back counter/b to 1, down Some(1)
        left counter/a save(1) answered err
        back counter/b
          drop what upgrade 2 kept
          receipt 2 of counter: RolledBack at switching, 1 -> 2, 1 left behind, 1 turned back, 3 not tried
            reason: code-change of counter/c: bad; and 1 more
            refusal: code-change of counter/c: bad
            refusal: turn-back of counter/a: save(1) answered err
            holder: counter/a
          retire counter@2
          write table: counter@1
        crashed counter/a
          tell: counter/a died: trap: unreachable; again in 100 ms
        wait 100ms
          start counter/a #4 on 1: restart after trap: unreachable
        drained counter@2
          forget 2
    "#]]
    .assert_eq(&stage.told());
}

#[test]
fn who_was_left_behind_is_taken_along_by_the_next() {
    let mut stage = switching("a b");
    stage.set("switched counter/a \n fails counter/b bad \n left counter/a no \n written");
    stage.play("judge counter@3 \n written \n switched counter/a \n switched counter/b \n written");
    stage.play("drained counter@1 \n drained counter@2");
    expect![[r#"
        judge counter@3
        deploy counter@3
          answer 3: Upgrade(UpgradeId(3))
          load counter@3
        loaded
          prove counter@3
        proved
          write table: counter@1, counter@3 in hand
        written
          switch counter/a 2 -> 3, state 2, try 1, hold 5s
          switch counter/b 1 -> 3, state 1, try 1, hold 5s
        switched counter/a
        switched counter/b
          write table: counter@3, counter@3 in hand
        written
          publish counter@3
          drop what upgrade 3 kept
          retire counter@1
        drained counter@1
          receipt 3 of counter: Settled at settled, 1 -> 3, 2 switched, 2 not tried
          write table: counter@3
        drained counter@2
          forget 2
    "#]]
    .assert_eq(&stage.told());
}

#[test]
fn a_lost_state_is_said_and_the_actor_begins_anew_on_the_old_version() {
    let mut stage = switching("a");
    stage.play("loses counter/a unreachable \n crashed counter/a \n wait 100ms");
    expect![[r#"
        loses counter/a unreachable
          drop what upgrade 2 kept
          receipt 2 of counter: Refused at switching, 1 -> 2, 1 crashed, 1 not tried
            reason: save of counter/a: unreachable; its state is lost
          retire counter@2
          write table: counter@1
        crashed counter/a
          tell: counter/a died: trap: unreachable; again in 100 ms
        wait 100ms
          start counter/a #2 on 1: restart after trap: unreachable
    "#]]
    .assert_eq(&stage.told());
}

#[test]
fn a_crash_after_the_switch_brings_back_the_kept_state() {
    let mut stage = switching("a b");
    stage.play("switched counter/a \n crashed counter/a 3 \n not-now counter/b busy \n started counter/a");
    expect![[r#"
        switched counter/a
        crashed counter/a 3
          tell: counter/a died: trap: unreachable; again in 0 ms
          start counter/a #3 on 1: as kept by upgrade 2
        not-now counter/b busy
        started counter/a
          drop what upgrade 2 kept
          receipt 2 of counter: RolledBack at switching, 1 -> 2, 1 crashed, 2 not tried
            reason: switch of counter/a: it died after its switch: trap: unreachable; what 3 messages did since the switch is lost
          retire counter@2
          write table: counter@1
    "#]].assert_eq(&stage.told());
}

#[test]
fn a_crash_while_the_table_is_written_takes_the_table_back() {
    let mut stage = switching("a");
    stage.play("switched counter/a \n crashed counter/a 1 \n written \n started counter/a \n written");
    expect![[r#"
        switched counter/a
          write table: counter@2, counter@2 in hand
        crashed counter/a 1
          tell: counter/a died: trap: unreachable; again in 0 ms
          start counter/a #2 on 1: as kept by upgrade 2
        written
          write table: counter@1, counter@2 in hand
        started counter/a
          drop what upgrade 2 kept
          receipt 2 of counter: RolledBack at switching, 1 -> 2, 1 crashed, 1 not tried
            reason: switch of counter/a: it died after its switch: trap: unreachable; what 1 messages did since the switch is lost
          retire counter@2
          write table: counter@1
        written
    "#]].assert_eq(&stage.told());
}

#[test]
fn a_kept_state_that_will_not_start_is_tried_until_it_does() {
    let mut stage = switching("a");
    stage.set("switched counter/a \n crashed counter/a 1 \n written");
    for _ in 0..4 {
        stage.set("start-refused counter/a no \n wait 10s");
    }
    stage.play("start-refused counter/a no \n wait 10s \n start-refused counter/a no \n wait 10s \n started counter/a");
    expect![[r#"
        start-refused counter/a no
          tell: counter/a did not start: no
          tell: trouble with the state that counter/a had before its switch: no; it is tried again until it is taken, or until somebody stops the actor
        wait 10s
          start counter/a #7 on 1: as kept by upgrade 2
        start-refused counter/a no
          tell: counter/a did not start: no
        wait 10s
          start counter/a #8 on 1: as kept by upgrade 2
        started counter/a
          drop what upgrade 2 kept
          receipt 2 of counter: RolledBack at switching, 1 -> 2, 1 crashed, 1 not tried
            reason: switch of counter/a: it died after its switch: trap: unreachable; what 1 messages did since the switch is lost
          retire counter@2
          write table: counter@1
    "#]].assert_eq(&stage.told());
}

#[test]
fn want_of_room_is_no_failure_of_a_kept_state() {
    let mut stage = switching("a");
    stage.set("switched counter/a \n crashed counter/a 1 \n written");
    for _ in 0..20 {
        stage.set("start-overloaded counter/a no room \n wait 10s");
    }
    stage.play(
        "start-overloaded counter/a no room \n wait 10s \n end \n start-overloaded counter/a no room \n wait 10s",
    );
    expect![[r#"
        start-overloaded counter/a no room
          tell: counter/a did not start: no room
        wait 10s
          start counter/a #23 on 1: as kept by upgrade 2
        end
        start-overloaded counter/a no room
          tell: counter/a did not start: no room
        wait 10s
          start counter/a #24 on 1: as kept by upgrade 2
    "#]]
    .assert_eq(&stage.told());
}

#[test]
fn a_person_may_give_a_kept_state_up() {
    let mut stage = switching("a");
    stage.set("switched counter/a \n crashed counter/a 1 \n written");
    for _ in 0..6 {
        stage.set("start-refused counter/a no \n wait 10s");
    }
    stage.play("stop counter/a \n start-refused counter/a no \n wait 10s");
    expect![[r#"
        stop counter/a
        start-refused counter/a no
          tell: counter/a did not start: no
          turn away counter/a: Stopped
          answer 3: Done
          drop what upgrade 2 kept
          receipt 2 of counter: RolledBack at switching, 1 -> 2, 1 crashed, 1 not tried
            reason: switch of counter/a: it died after its switch: trap: unreachable; what 1 messages did since the switch is lost
          retire counter@2
          write table: counter@1
        wait 10s
    "#]].assert_eq(&stage.told());
}

#[test]
fn a_host_that_ends_does_not_wait_for_a_kept_state_for_ever() {
    let mut stage = switching("a");
    stage.set("switched counter/a \n crashed counter/a 1 \n written \n end");
    for _ in 0..4 {
        stage.set("start-refused counter/a no \n wait 10s");
    }
    stage.play("start-refused counter/a no \n wait 10s \n written");
    expect![[r#"
        start-refused counter/a no
          tell: counter/a did not start: no
          tell: trouble with the state that counter/a had before its switch: no; the host ends, and this state is lost
          turn away counter/a: Stopped
          drop what upgrade 2 kept
          receipt 2 of counter: RolledBack at switching, 1 -> 2, 1 crashed, 1 not tried
            reason: switch of counter/a: it died after its switch: trap: unreachable; and 2 more; what 1 messages did since the switch is lost
            refusal: switch of counter/a: it died after its switch: trap: unreachable
            refusal: turn-back: the host is ending
            refusal: code-change of counter/a: no; the host ends, and this state is lost
          retire counter@2
          write table: counter@1
        wait 10s
        written
          ended
    "#]].assert_eq(&stage.told());
}

#[test]
fn a_person_turns_it_back() {
    let mut stage = switching("a b");
    stage.play(
        "switched counter/a \n turn-back counter \n not-now counter/b busy \n back counter/a \n turn-back counter",
    );
    expect![[r#"
        switched counter/a
        turn-back counter
          turn back counter/a to 1, down Some(1)
        not-now counter/b busy
        back counter/a
          drop what upgrade 2 kept
          receipt 2 of counter: RolledBack at switching, 1 -> 2, 1 turned back, 2 not tried
            reason: turn-back: it was asked to turn back
          answer 3: Done
          retire counter@2
          write table: counter@1
        turn-back counter
          answer 4: Failed(Refused("no upgrade of counter is in hand"), "no upgrade of counter is in hand")
    "#]]
    .assert_eq(&stage.told());
}

#[test]
fn it_is_turned_back_while_it_is_judged() {
    let mut stage = Stage::new(|_| {});
    stage.set("run counter@1 a");
    stage.play("deploy counter@2 \n turn-back counter \n loaded \n drained counter@2");
    expect![[r#"
        deploy counter@2
          answer 2: Upgrade(UpgradeId(2))
          load counter@2
        turn-back counter
          receipt 2 of counter: Refused at compiled, 1 -> 2
            reason: turn-back: it was asked to turn back
          answer 3: Done
        loaded
          retire counter@2
        drained counter@2
          forget 2
    "#]]
    .assert_eq(&stage.told());
}

#[test]
fn births_that_waited_go_on_when_it_turns_back() {
    let mut stage = switching("a");
    stage.play("switched counter/a \n wanted counter/b \n turn-back counter \n written \n back counter/a");
    expect![[r#"
        switched counter/a
          write table: counter@2, counter@2 in hand
        wanted counter/b
        turn-back counter
          start counter/b #2 on 1: first
          turn back counter/a to 1, down Some(1)
        written
          write table: counter@1, counter@2 in hand
        back counter/a
          drop what upgrade 2 kept
          receipt 2 of counter: RolledBack at switching, 1 -> 2, 1 turned back, 1 not tried
            reason: turn-back: it was asked to turn back
          answer 3: Done
          retire counter@2
          write table: counter@1
    "#]]
    .assert_eq(&stage.told());
}
