//! The end of a host, and the beginning of the next.

use expect_test::expect;

use super::stage::Stage;

#[test]
fn a_graceful_end_parks_everybody() {
    let mut stage = Stage::new(|_| {});
    stage.set("run counter@1 a b c \n run clock@1 \n written \n crashed counter/b");
    stage.play("end \n wanted counter/z \n deploy counter@2 \n stop counter/a \n parked counter/a \n not-parked counter/c no room");
    stage.play("parked clock \n written");
    expect![[r#"
        end
          park clock, 0 restarts
          park counter/a, 0 restarts
          turn away counter/b: Stopped
          park counter/c, 0 restarts
        wanted counter/z
          turn away counter/z: Stopped
        deploy counter@2
          answer 3: Failed(Stopped, "the host is ending")
        stop counter/a
          answer 4: Failed(Stopped, "the host is ending")
        parked counter/a
        not-parked counter/c no room
          tell: trouble with the state of counter/c: no room
        parked clock
          ended
        written
    "#]]
    .assert_eq(&stage.told());
}

#[test]
fn an_upgrade_in_hand_turns_back_before_the_end() {
    let mut stage = Stage::new(|policy| policy.verify = Some(changeling_core::policy::Sample::None));
    stage.set("run counter@1 a b \n deploy counter@2 \n loaded \n proved \n written \n switched counter/a");
    stage.play("end \n not-now counter/b busy \n back counter/a \n parked counter/a \n parked counter/b \n drained counter@2 \n written");
    expect![[r#"
        end
          turn back counter/a to 1, down Some(1)
        not-now counter/b busy
        back counter/a
          drop what upgrade 2 kept
          receipt 2 of counter: RolledBack at switching, 1 -> 2, 1 turned back, 2 not tried
            reason: turn-back: the host is ending
          retire counter@2
          park counter/a, 0 restarts
          park counter/b, 0 restarts
          write table: counter@1
        parked counter/a
        parked counter/b
        drained counter@2
          forget 2
        written
          ended
    "#]]
    .assert_eq(&stage.told());
}

#[test]
fn a_parked_actor_comes_back_on_the_version_that_wrote_its_state() {
    let mut stage = Stage::new(|_| {});
    stage.set("run maths@1 \n written \n run counter@1 a \n judge counter@2 counter/a \n written \n switched counter/a \n written");
    let mut stage = stage.reborn();
    stage.play(
        "begin counter/a@2 counter/b@1 lost/x@1 \n wanted counter/c \n loaded \n deploy counter@3 \n loaded \n loaded",
    );
    stage.play("started counter/a \n started counter/b \n wait 50ms");
    expect![[r#"
        begin counter/a@2 counter/b@1 lost/x@1
          receipt 3 of counter: Interrupted at published, 1 -> 2
            reason: the host ended when this was current already, and before it was over
          load counter@1
          load counter@2
          load maths@1
          tell: trouble with the parked state of lost/x: there is no such component; it stays parked
          write table: counter@2, maths@1
        wanted counter/c
        loaded
        deploy counter@3
          answer 1: Upgrade(UpgradeId(4))
        loaded
          publish counter@2
          tell: counter 2 serves
          start counter/a #2 on 2: as parked
          start counter/b #3 on 1: as parked
          tell: counter/b: it still runs version 1, and goes over at its next boundary
          retire counter@1
          start counter/c #4 on 2: first
          load counter@3
        loaded
          publish maths@1
          tell: maths 1 serves
        started counter/a
        started counter/b
        wait 50ms
          switch counter/b 1 -> 2, state 1, try 65537, hold 60s
    "#]]
    .assert_eq(&stage.told());
}

#[test]
fn singletons_begin_and_who_died_in_an_upgrade_is_interrupted() {
    let mut stage = Stage::new(|policy| policy.verify = Some(changeling_core::policy::Sample::None));
    stage.set("run clock@1 \n judge clock@2 \n written \n switched clock");
    let mut stage = stage.reborn();
    stage.play("begin \n loaded \n started clock \n written");
    expect![[r#"
        begin
          receipt 2 of clock: Interrupted at verified, 1 -> 2
            reason: the host ended in the middle of it
          load clock@1
          write table: clock@1
        loaded
          publish clock@1
          tell: clock 1 serves
          start clock #2 on 1: first
        started clock
        written
    "#]]
    .assert_eq(&stage.told());
}

#[test]
fn a_version_that_cannot_be_loaded_at_the_start_is_said_and_the_rest_goes_on() {
    let mut stage = Stage::new(|_| {});
    stage.set("run maths@1 \n run counter@1 \n written");
    let mut stage = stage.reborn();
    stage.play("begin counter/a@1 \n wanted counter/b \n load-fails the file is gone \n loaded \n deploy counter@2 \n loaded \n proved \n written");
    expect![[r#"
        begin counter/a@1
          load counter@1
          load maths@1
        wanted counter/b
        load-fails the file is gone
          tell: trouble with version 63720000 of counter: compile: the file is gone
          tell: trouble with the parked state of counter/a: version 63720000 cannot be loaded; its state stays parked
          turn away counter/b: NoSuchComponent
        loaded
          publish maths@1
          tell: maths 1 serves
        deploy counter@2
          answer 1: Upgrade(UpgradeId(3))
          load counter@2
        loaded
          prove counter@2
        proved
          write table: counter@2, maths@1, counter@2 in hand
        written
          publish counter@2
          tell: counter 2 serves
          receipt 3 of counter: Settled at settled, 1 -> 2
          write table: counter@2, maths@1
    "#]]
    .assert_eq(&stage.told());
}

#[test]
fn a_parked_state_that_will_not_come_back_is_said() {
    let mut stage = Stage::new(|_| {});
    stage.set("run clock@1 \n run counter@1 \n written");
    let mut stage = stage.reborn();
    stage.play("begin clock@1 counter/a@1 \n loaded \n loaded \n start-refused clock damaged \n start-overloaded counter/a no room \n wait 100ms");
    stage.play("start-refused counter/a damaged");
    expect![[r#"
        begin clock@1 counter/a@1
          load clock@1
          load counter@1
        loaded
          publish clock@1
          tell: clock 1 serves
          start clock #2 on 1: as parked
        loaded
          publish counter@1
          tell: counter 1 serves
          start counter/a #3 on 1: as parked
        start-refused clock damaged
          tell: clock did not start: damaged
          tell: trouble with the parked state of clock: damaged
        start-overloaded counter/a no room
          tell: counter/a did not start: no room
        wait 100ms
          start clock #4 on 1: first
          start counter/a #5 on 1: as parked
        start-refused counter/a damaged
          tell: counter/a did not start: damaged
          tell: trouble with the parked state of counter/a: damaged
          turn away counter/a: NoActor
    "#]]
    .assert_eq(&stage.told());
}
