//! What people ask for, each answered once.

use expect_test::expect;

use super::stage::Stage;

fn running() -> Stage {
    let mut stage = Stage::new(|_| {});
    stage.set("run counter@1 a b \n run clock@1 \n written");
    stage
}

#[test]
fn an_actor_is_stopped() {
    let mut stage = running();
    stage.play("stop counter/a \n stop counter/a \n stopped counter/a \n stop counter/a \n stop nobody");
    expect![[r#"
        stop counter/a
          stop counter/a: shutdown
        stop counter/a
        stopped counter/a
          tell: counter/a ended: shutdown
          turn away counter/a: Stopped
          answer 3: Done
          answer 4: Done
        stop counter/a
          answer 5: Failed(NoActor, "there is no actor counter/a")
        stop nobody
          answer 6: Failed(NoSuchComponent, "there is no component nobody")
    "#]]
    .assert_eq(&stage.told());
}

#[test]
fn an_actor_that_waits_for_its_restart_is_stopped_at_once() {
    let mut stage = running();
    stage.play("crashed counter/a \n stop counter/a \n wait 10s");
    expect![[r#"
        crashed counter/a
          tell: counter/a died: trap: unreachable; again in 100 ms
        stop counter/a
          turn away counter/a: Stopped
          answer 3: Done
        wait 10s
    "#]]
    .assert_eq(&stage.told());
}

#[test]
fn an_actor_that_is_wanted_while_it_stops_comes_again() {
    let mut stage = running();
    stage.play("stop counter/a \n wanted counter/a \n stopped counter/a \n started counter/a");
    expect![[r#"
        stop counter/a
          stop counter/a: shutdown
        wanted counter/a
        stopped counter/a
          tell: counter/a ended: shutdown
          answer 3: Done
          start counter/a #4 on 1: first
        started counter/a
    "#]]
    .assert_eq(&stage.told());
}

#[test]
fn an_actor_is_restarted() {
    let mut stage = running();
    stage.play("restart counter/a \n stopped counter/a \n started counter/a \n restart counter/z");
    expect![[r#"
        restart counter/a
          stop counter/a: shutdown
        stopped counter/a
          tell: counter/a ended: shutdown
          start counter/a #4 on 1: restart after shutdown
        started counter/a
          answer 3: Done
        restart counter/z
          answer 4: Failed(NoActor, "there is no actor counter/z")
    "#]]
    .assert_eq(&stage.told());
}

#[test]
fn a_stopped_singleton_is_begun_again_when_asked() {
    let mut stage = running();
    stage.play("stop clock \n stopped clock \n wanted clock \n restart clock \n started clock");
    expect![[r#"
        stop clock
          stop clock: shutdown
        stopped clock
          tell: clock ended: shutdown
          turn away clock: Stopped
          answer 3: Done
        wanted clock
          turn away clock: NoActor
        restart clock
          start clock #4 on 1: first
        started clock
          answer 4: Done
    "#]]
    .assert_eq(&stage.told());
}

#[test]
fn a_component_is_removed() {
    let mut stage = running();
    stage.set("offer counter@1 \n written");
    // A disk that refuses has ended nobody, and nobody was turned away.
    stage.play("remove counter \n wanted counter/c \n started counter/c \n write-fails \n wait 1s \n written");
    stage.play("remove counter \n remove counter \n written \n wanted counter/d");
    stage.play("stopped counter/a \n stopped counter/b \n stopped counter/c \n drained counter@1");
    stage.play("wanted counter/a \n offer counter@1");
    expect![[r#"
        remove counter
          write table: clock@1
        wanted counter/c
          start counter/c #4 on 1: first
        started counter/c
        write-fails
          tell: trouble with the table: no room on /var
          answer 3: Failed(Refused("the table could not be written, so counter is not removed, and nothing has changed: no room on /var"), "the table could not be written, so counter is not removed, and nothing has changed: no room on /var")
        wait 1s
          write table: clock@1, counter@1
        written
        remove counter
          write table: clock@1
        remove counter
        written
          publish no counter
          stop counter/a: shutdown
          stop counter/b: shutdown
          stop counter/c: shutdown
        wanted counter/d
          turn away counter/d: NoSuchComponent
        stopped counter/a
          tell: counter/a ended: shutdown
          turn away counter/a: Stopped
        stopped counter/b
          tell: counter/b ended: shutdown
          turn away counter/b: Stopped
        stopped counter/c
          tell: counter/c ended: shutdown
          turn away counter/c: Stopped
          retire counter@1
          tell: counter is removed
          answer 4: Done
          answer 5: Done
        drained counter@1
          forget 1
        wanted counter/a
          turn away counter/a: NoSuchComponent
        offer counter@1
    "#]]
    .assert_eq(&stage.told());
}

#[test]
fn an_upgrade_in_hand_is_not_removed_from_under() {
    let mut stage = running();
    stage.play("deploy counter@2 \n remove counter \n remove unknown");
    expect![[r#"
        deploy counter@2
          answer 3: Upgrade(UpgradeId(3))
          load counter@2
        remove counter
          answer 4: Failed(Refused("an upgrade of counter is in hand: let it end, or turn it back first (`POST /v1/components/counter/turn-back`)"), "an upgrade of counter is in hand: let it end, or turn it back first (`POST /v1/components/counter/turn-back`)")
        remove unknown
          answer 5: Failed(NoSuchComponent, "there is no component unknown")
    "#]].assert_eq(&stage.told());
}

#[test]
fn a_dry_run_tries_and_switches_nothing() {
    let mut stage = running();
    stage.play("deploy counter@2 dry-run \n loaded \n proved \n rehearsed counter/a \n rehearsed counter/b");
    expect![[r#"
        deploy counter@2 dry-run
          answer 3: Upgrade(UpgradeId(3))
          load counter@2
        loaded
          prove counter@2
        proved
          rehearse counter/a on 2, state 1
          rehearse counter/b on 2, state 1
        rehearsed counter/a
        rehearsed counter/b
          receipt 3 of counter: Tried at verified, 1 -> 2, 2 tried, 2 passed
          retire counter@2
    "#]]
    .assert_eq(&stage.told());
}

#[test]
fn a_dry_run_takes_nobodys_turn() {
    let mut stage = running();
    stage.play("deploy counter@2 \n deploy counter@3 dry-run \n deploy counter@2 by-restart");
    expect![[r#"
        deploy counter@2
          answer 3: Upgrade(UpgradeId(3))
          load counter@2
        deploy counter@3 dry-run
          answer 4: Refused(Refusal { step: Staged, act: "try", address: None, words: "upgrade 3 of counter is not over; try again when it is", cause: Surroundings })
          forget 3
        deploy counter@2 by-restart
          answer 5: Upgrade(UpgradeId(4))
    "#]].assert_eq(&stage.told());
}

#[test]
fn a_deploy_may_ask_for_a_restart() {
    let mut stage = running();
    stage.play("deploy counter@2 by-restart \n loaded \n proved \n written");
    expect![[r#"
        deploy counter@2 by-restart
          answer 3: Upgrade(UpgradeId(3))
          load counter@2
        loaded
          prove counter@2
        proved
          write table: clock@1, counter@1, counter@2 in hand
        written
          switch counter/a 1 -> 2, restart, try 1, hold 5s
          switch counter/b 1 -> 2, restart, try 1, hold 5s
    "#]]
    .assert_eq(&stage.told());
}
