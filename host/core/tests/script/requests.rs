//! What people ask for, each answered once.

use expect_test::expect;

use super::stage::Stage;

fn running() -> Stage {
    let mut stage = Stage::new(|_| {});
    stage.set("run counter@1 a b \n run clock@1 \n written \n written");
    stage
}

#[test]
fn an_actor_is_stopped() {
    let mut stage = running();
    stage.play("stop counter/a \n stop counter/a \n stopped counter/a \n stop counter/a \n stop nobody");
    expect![[r#""#]].assert_eq(&stage.told());
}

#[test]
fn an_actor_that_waits_for_its_restart_is_stopped_at_once() {
    let mut stage = running();
    stage.play("crashed counter/a \n stop counter/a \n wait 10s");
    expect![[r#""#]].assert_eq(&stage.told());
}

#[test]
fn an_actor_that_is_wanted_while_it_stops_comes_again() {
    let mut stage = running();
    stage.play("stop counter/a \n wanted counter/a \n stopped counter/a \n started counter/a");
    expect![[r#""#]].assert_eq(&stage.told());
}

#[test]
fn an_actor_is_restarted() {
    let mut stage = running();
    stage.play("restart counter/a \n stopped counter/a \n started counter/a \n restart counter/z");
    expect![[r#""#]].assert_eq(&stage.told());
}

#[test]
fn a_stopped_singleton_is_begun_again_when_asked() {
    let mut stage = running();
    stage.play("stop clock \n stopped clock \n wanted clock \n restart clock \n started clock");
    expect![[r#""#]].assert_eq(&stage.told());
}

#[test]
fn a_component_is_removed() {
    let mut stage = running();
    stage.set("offer counter@1");
    stage.play("remove counter \n wanted counter/c \n stopped counter/a \n stopped counter/b \n write-fails");
    stage.play("remove counter \n written \n written \n drained counter@1 \n wanted counter/a \n offer counter@1");
    expect![[r#""#]].assert_eq(&stage.told());
}

#[test]
fn a_component_that_is_used_stays() {
    let mut stage = Stage::new(|_| {});
    stage.version("maths", 1, |it| it.imports = ["changeling:actor/log@0.1.0".to_owned()].into());
    stage.version("counter", 1, |it| {
        let get = it.functions["demo:counter/api#get"].clone();
        it.functions.insert("changeling:actor/log@0.1.0#write".into(), get);
    });
    stage.set("run counter@1");
    stage.play("deploy maths@1 \n loaded");
    expect![[r#""#]].assert_eq(&stage.told());
}

#[test]
fn an_upgrade_in_hand_is_not_removed_from_under() {
    let mut stage = running();
    stage.play("deploy counter@2 \n remove counter \n remove unknown");
    expect![[r#""#]].assert_eq(&stage.told());
}
