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
        "run counter@1 a b c \n judge counter@2 counter/a counter/b counter/c \n written
         switched counter/a \n switched counter/b \n switched counter/c \n written \n drained counter@1 \n written",
        expect![[r#"
            run counter@1 a b c
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
            started counter/a
            wanted counter/b
              start counter/b #2 on 1: first
            started counter/b
            wanted counter/c
              start counter/c #3 on 1: first
            started counter/c
            judge counter@2 counter/a counter/b counter/c
            deploy counter@2
              answer 2: Upgrade(UpgradeId(2))
              load counter@2
            loaded
              prove counter@2
            proved
              rehearse counter/a on 2, state 1
              rehearse counter/b on 2, state 1
            rehearsed counter/a
              rehearse counter/c on 2, state 1
            rehearsed counter/b
            rehearsed counter/c
              write table: counter@1, counter@2 in hand
            written
              switch counter/a 1 -> 2, state 1, try 1, hold 5s
              switch counter/b 1 -> 2, state 1, try 1, hold 5s
            switched counter/a
              switch counter/c 1 -> 2, state 1, try 1, hold 5s
            switched counter/b
            switched counter/c
              write table: counter@2, counter@2 in hand
            written
              publish counter@2
              drop what upgrade 2 kept
              retire counter@1
            drained counter@1
              receipt 2 of counter: Settled at settled, 1 -> 2, 3 switched, 3 tried, 3 passed
              write table: counter@2
            written
        "#]],
    );
}

#[test]
fn who_is_busy_is_tried_again() {
    let mut stage = ready(|_| {}, "run counter@1 a \n judge counter@2 \n written");
    stage.play(
        "not-now counter/a busy \n wait 50ms \n not-now counter/a busy \n wait 99ms \n wait 1ms \n switched counter/a",
    );
    expect![[r#"
        not-now counter/a busy
        wait 50ms
          switch counter/a 1 -> 2, state 1, try 2, hold 5s
        not-now counter/a busy
        wait 99ms
        wait 1ms
          switch counter/a 1 -> 2, state 1, try 3, hold 5s
        switched counter/a
          write table: counter@2, counter@2 in hand
    "#]]
    .assert_eq(&stage.told());
}

#[test]
fn who_stays_busy_is_given_up_and_goes_over_later() {
    let mut stage = ready(|_| {}, "run counter@1 a b \n judge counter@2 \n written");
    stage.play("switched counter/b \n wait 59s \n not-now counter/a busy \n wait 1s");
    stage.play("not-now counter/a busy \n written \n wait 50ms \n switched counter/a \n drained counter@1");
    expect![[r#"
        switched counter/b
        wait 59s
        not-now counter/a busy
        wait 1s
          switch counter/a 1 -> 2, state 1, try 2, hold 950ms
        not-now counter/a busy
          write table: counter@2, counter@2 in hand
        written
          publish counter@2
          drop what upgrade 2 kept
          tell: counter/a: it still runs version 1, and goes over at its next boundary (busy)
          retire counter@1
          receipt 2 of counter: Partial at published, 1 -> 2, 1 switched, 1 not now, 2 not tried
            reason: counter/a is still on an older version: busy
            holder: counter/a
          write table: counter@2
        wait 50ms
          switch counter/a 1 -> 2, state 1, try 65537, hold 60s
        switched counter/a
          drop what upgrade 2 kept
          tell: counter/a: it has gone over to version 2
        drained counter@1
    "#]]
    .assert_eq(&stage.told());
}

#[test]
fn who_stays_busy_is_killed_where_that_was_asked_for() {
    let kill = |policy: &mut changeling_core::policy::Policy| policy.laggards = Laggard::Kill;
    let mut stage = ready(kill, "run counter@1 a \n judge counter@2 \n written");
    stage.set("wait 59s \n not-now counter/a busy");
    stage.play(
        "wait 1s \n not-now counter/a busy \n killed counter/a \n written \n started counter/a \n drained counter@1",
    );
    expect![[r#"
        wait 1s
          switch counter/a 1 -> 2, state 1, try 2, hold 950ms
        not-now counter/a busy
          stop counter/a: killed
        killed counter/a
          tell: counter/a ended: killed
          write table: counter@2, counter@2 in hand
        written
          publish counter@2
          drop what upgrade 2 kept
          retire counter@1
          start counter/a #2 on 2: restart after killed
        started counter/a
        drained counter@1
          receipt 2 of counter: Settled at settled, 1 -> 2, 1 stopped, 1 not tried
          write table: counter@2
    "#]]
    .assert_eq(&stage.told());
}

#[test]
fn who_stays_busy_turns_the_upgrade_back_where_that_was_asked_for() {
    let refuse = |policy: &mut changeling_core::policy::Policy| policy.laggards = Laggard::Refuse;
    let mut stage = ready(refuse, "run counter@1 a b \n judge counter@2 \n written");
    stage.set("switched counter/b \n wait 59s \n not-now counter/a busy");
    stage.play("wait 1s \n not-now counter/a busy \n back counter/b \n drained counter@2");
    expect![[r#"
        wait 1s
          switch counter/a 1 -> 2, state 1, try 2, hold 950ms
        not-now counter/a busy
          turn back counter/b to 1, down Some(1)
        back counter/b
          drop what upgrade 2 kept
          receipt 2 of counter: RolledBack at switching, 1 -> 2, 1 turned back, 2 not tried
            reason: hold of counter/a: 1 actors did not go over in time (the first: busy); give them a longer `drain-timeout`, or go without them: `laggards = "wait"` or `"kill"`
          retire counter@2
          write table: counter@1
        drained counter@2
          forget 2
    "#]]
    .assert_eq(&stage.told());
}

#[test]
fn a_birth_before_publishing_is_on_the_old_version_and_goes_over() {
    let mut stage = ready(|_| {}, "run counter@1 a \n judge counter@2 \n written");
    stage.play("wanted counter/b \n started counter/b \n switched counter/a \n switched counter/b \n written");
    expect![[r#"
        wanted counter/b
          start counter/b #2 on 1: first
        started counter/b
          switch counter/b 1 -> 2, state 1, try 1, hold 5s
        switched counter/a
        switched counter/b
          write table: counter@2, counter@2 in hand
        written
          publish counter@2
          drop what upgrade 2 kept
          retire counter@1
    "#]]
    .assert_eq(&stage.told());
}

#[test]
fn births_wait_once_only_newborns_are_left() {
    let mut stage = ready(|_| {}, "run counter@1 a \n judge counter@2 \n written");
    stage.play("wanted counter/b \n switched counter/a \n wanted counter/c \n started counter/b \n switched counter/b");
    stage.play("wanted counter/d \n written");
    expect![[r#"
        wanted counter/b
          start counter/b #2 on 1: first
        switched counter/a
        wanted counter/c
        started counter/b
          switch counter/b 1 -> 2, state 1, try 1, hold 5s
        switched counter/b
          write table: counter@2, counter@2 in hand
        wanted counter/d
        written
          publish counter@2
          drop what upgrade 2 kept
          retire counter@1
          start counter/c #3 on 2: first
          start counter/d #4 on 2: first
    "#]]
    .assert_eq(&stage.told());
}

#[test]
fn a_table_that_cannot_be_written_turns_the_plan_back() {
    let mut stage = ready(|_| {}, "run counter@1 a \n judge counter@2 \n written");
    stage.play("switched counter/a \n wanted counter/b \n write-fails \n back counter/a \n drained counter@2");
    expect![[r#"
        switched counter/a
          write table: counter@2, counter@2 in hand
        wanted counter/b
        write-fails
          tell: trouble with the table: no room on /var
          start counter/b #2 on 1: first
          turn back counter/a to 1, down Some(1)
        back counter/a
          drop what upgrade 2 kept
          receipt 2 of counter: RolledBack at switching, 1 -> 2, 1 turned back, 1 not tried
            reason: table: no room on /var
          retire counter@2
        drained counter@2
          forget 2
    "#]]
    .assert_eq(&stage.told());
}

#[test]
fn nothing_is_switched_where_that_cannot_be_written_down() {
    let mut stage = ready(|_| {}, "run counter@1 a \n judge counter@2");
    stage.play("write-fails");
    expect![[r#"
        write-fails
          tell: trouble with the table: no room on /var
          receipt 2 of counter: Refused at verified, 1 -> 2, 1 not tried
            reason: table: no room on /var
          retire counter@2
    "#]]
    .assert_eq(&stage.told());
}

#[test]
fn who_is_stopped_meanwhile_leaves_the_plan() {
    let mut stage = ready(|policy| policy.parallel = 1, "run counter@1 a b \n judge counter@2 \n written");
    stage.play(
        "stop counter/b \n stop counter/a \n stopped counter/a \n written \n stopped counter/b \n drained counter@1",
    );
    expect![[r#"
        stop counter/b
          stop counter/b: shutdown
        stop counter/a
          stop counter/a: shutdown
        stopped counter/a
          tell: counter/a ended: shutdown
          turn away counter/a: Stopped
          answer 4: Done
          write table: counter@2, counter@2 in hand
        written
          publish counter@2
          drop what upgrade 2 kept
          retire counter@1
        stopped counter/b
          tell: counter/b ended: shutdown
          turn away counter/b: Stopped
          answer 3: Done
        drained counter@1
          receipt 2 of counter: Settled at settled, 1 -> 2, 2 stopped, 2 not tried
          write table: counter@2
    "#]]
    .assert_eq(&stage.told());
}

#[test]
fn who_crashes_while_held_restarts_on_the_old_version_into_the_plan() {
    let mut stage = ready(|_| {}, "run counter@1 a b \n judge counter@2 \n written");
    stage.play(
        "crashed counter/a \n wait 100ms \n started counter/a \n switched counter/b \n switched counter/a \n written",
    );
    stage.play("drained counter@1");
    expect![[r#"
        crashed counter/a
          tell: counter/a died: trap: unreachable; again in 100 ms
        wait 100ms
          start counter/a #3 on 1: restart after trap: unreachable
        started counter/a
          switch counter/a 1 -> 2, state 1, try 1, hold 5s
        switched counter/b
        switched counter/a
          write table: counter@2, counter@2 in hand
        written
          publish counter@2
          drop what upgrade 2 kept
          retire counter@1
        drained counter@1
          receipt 2 of counter: Settled at settled, 1 -> 2, 2 switched, 1 crashed, 2 not tried
          write table: counter@2
    "#]]
    .assert_eq(&stage.told());
}

#[test]
fn a_crash_after_publishing_restarts_on_the_new_version() {
    let mut stage = ready(|_| {}, "run counter@1 a \n judge counter@2 \n written \n switched counter/a \n written");
    stage.play("crashed counter/a 3 \n wait 100ms");
    expect![[r#"
        crashed counter/a 3
          tell: counter/a died: trap: unreachable; again in 100 ms
        wait 100ms
          start counter/a #2 on 2: restart after trap: unreachable
    "#]]
    .assert_eq(&stage.told());
}

#[test]
fn calls_that_stay_in_flight_make_it_partial() {
    let mut stage = ready(|_| {}, "run maths@1 \n judge maths@2");
    stage.play("written \n wait 60s \n drained maths@1");
    expect![[r#"
        written
          publish maths@2
          retire maths@1
        wait 60s
          receipt 2 of maths: Partial at published, 1 -> 2
            reason: calls or messages still refer to version 1
            holder: calls or messages in flight on 1
          write table: maths@2
        drained maths@1
    "#]]
    .assert_eq(&stage.told());
}

#[test]
fn a_newer_version_takes_a_straggler_along_from_where_it_is() {
    let mut stage = ready(|_| {}, "run counter@1 a \n judge counter@2 \n written \n wait 60s");
    stage.set("not-now counter/a busy \n written \n wait 50ms");
    stage.play("judge counter@3 \n written \n not-now counter/a busy \n switched counter/a \n written");
    stage.play("drained counter@1 \n drained counter@2");
    expect![[r#"
        judge counter@3
        deploy counter@3
          answer 3: Upgrade(UpgradeId(3))
          load counter@3
        loaded
          prove counter@3
        proved
          write table: counter@2, counter@3 in hand
        written
        not-now counter/a busy
          switch counter/a 1 -> 3, state 1, try 1, hold 5s
        switched counter/a
          write table: counter@3, counter@3 in hand
        written
          publish counter@3
          drop what upgrade 3 kept
          retire counter@2
        drained counter@1
        drained counter@2
          receipt 3 of counter: Settled at settled, 2 -> 3, 1 switched, 1 not tried
          write table: counter@3
    "#]]
    .assert_eq(&stage.told());
}

#[test]
fn facts_about_what_is_over_are_dropped_and_counted() {
    let mut stage = ready(|_| {}, "run counter@1 a \n judge counter@2 \n written \n switched counter/a");
    let before = stage.world.strays();
    stage.play(
        "switched counter/a \n not-now counter/a \n back counter/a \n parked counter/a \n drained counter@1 \n proved",
    );
    expect![[r#"
        switched counter/a
        not-now counter/a
        back counter/a
        parked counter/a
        drained counter@1
        proved
    "#]]
    .assert_eq(&stage.told());
    assert_eq!(stage.world.strays() - before, 6);
}
