//! The end of a host, and the beginning of the next.

use expect_test::expect;

use super::stage::Stage;

#[test]
fn a_graceful_end_parks_everybody() {
    let mut stage = Stage::new(|_| {});
    stage.set("run counter@1 a b c \n run clock@1 \n written \n crashed counter/b");
    stage.play("end \n wanted counter/z \n deploy counter@2 \n stop counter/a \n parked counter/a \n not-parked counter/c no room");
    stage.play("parked clock \n written");
    expect![[r#""#]].assert_eq(&stage.told());
}

#[test]
fn an_upgrade_in_hand_turns_back_before_the_end() {
    let mut stage = Stage::new(|policy| policy.verify = Some(changeling_core::policy::Sample::None));
    stage.set("run counter@1 a b \n deploy counter@2 \n loaded \n proved \n written \n written \n switched counter/a");
    stage.play("end \n not-now counter/b busy \n back counter/a \n parked counter/a \n parked counter/b \n drained counter@2 \n written \n written");
    expect![[r#""#]].assert_eq(&stage.told());
}

#[test]
fn a_parked_actor_comes_back_on_the_version_that_wrote_its_state() {
    let mut stage = Stage::new(|_| {});
    stage.set("run maths@1 \n written \n run counter@1 a \n judge counter@2 counter/a \n written \n written \n switched counter/a \n written \n written");
    let mut stage = stage.reborn();
    stage.play("begin counter/a@2 counter/b@1 lost/x@1 \n wanted counter/c \n loaded \n deploy counter@3 \n loaded \n loaded");
    stage.play("started counter/a \n started counter/b \n wait 50ms");
    expect![[r#""#]].assert_eq(&stage.told());
}

#[test]
fn singletons_begin_and_who_died_in_an_upgrade_is_interrupted() {
    let mut stage = Stage::new(|policy| policy.verify = Some(changeling_core::policy::Sample::None));
    stage.set("run clock@1 \n judge clock@2 \n written \n written \n switched clock");
    let mut stage = stage.reborn();
    stage.play("begin \n loaded \n started clock \n written");
    expect![[r#""#]].assert_eq(&stage.told());
}

#[test]
fn a_version_that_cannot_be_loaded_at_the_start_is_said_and_the_rest_goes_on() {
    let mut stage = Stage::new(|_| {});
    stage.set("run maths@1 \n run counter@1 \n written");
    let mut stage = stage.reborn();
    stage.play("begin counter/a@1 \n wanted counter/b \n load-fails the file is gone \n loaded \n deploy counter@2 \n loaded \n proved \n written \n written");
    expect![[r#""#]].assert_eq(&stage.told());
}

#[test]
fn a_parked_state_that_will_not_come_back_is_said() {
    let mut stage = Stage::new(|_| {});
    stage.set("run clock@1 \n run counter@1 \n written \n written");
    let mut stage = stage.reborn();
    stage.play("begin clock@1 counter/a@1 \n loaded \n loaded \n start-refused clock damaged \n start-overloaded counter/a no room \n wait 100ms");
    stage.play("start-refused counter/a damaged");
    expect![[r#""#]].assert_eq(&stage.told());
}
