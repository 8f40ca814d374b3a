//! What is an offer, and which of several wins.

use expect_test::expect;

use super::stage::{Stage, check};

#[test]
fn the_same_bytes_are_ignored_and_that_is_said() {
    check(
        "run counter@1 \n offer counter@1 \n offer counter@1 \n deploy counter@1",
        expect![[r#"
            run counter@1
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
            offer counter@1
              tell: counter@1.wasm is ignored: counter runs these bytes already (1)
              write table: counter@1
            offer counter@1
              tell: counter@1.wasm is ignored: counter runs these bytes already (1)
            deploy counter@1
              tell: counter.wasm is ignored: counter runs these bytes already (1)
              answer 2: Nothing("counter runs these bytes already (1)")
        "#]],
    );
}

#[test]
fn of_files_dropped_together_the_newest_wins() {
    check(
        "offer counter@2 20 \n offer counter@1 10 \n offer counter@3 20 \n wait 20ms",
        expect![[r#"
            offer counter@2 20
            offer counter@1 10
              receipt 2 of counter: Superseded at staged, none -> 1
                reason: a newer version was offered before it
              write table: 
              forget 1
            offer counter@3 20
              receipt 1 of counter: Superseded at staged, none -> 2
                reason: a version with the same time was offered, and of equal times the greater label wins: 3
              forget 2
            wait 20ms
              load counter@3
        "#]],
    );
}

#[test]
fn of_files_with_equal_times_the_greater_label_wins_and_that_is_said() {
    check(
        "offer counter@2 20 \n offer counter@1 20 \n offer counter@3 20 \n wait 20ms",
        expect![[r#"
            offer counter@2 20
            offer counter@1 20
              receipt 2 of counter: Superseded at staged, none -> 1
                reason: a version with the same time was offered, and of equal times the greater label wins: 2
              write table: 
              forget 1
            offer counter@3 20
              receipt 1 of counter: Superseded at staged, none -> 2
                reason: a version with the same time was offered, and of equal times the greater label wins: 3
              forget 2
            wait 20ms
              load counter@3
        "#]],
    );
    // Whatever lay under the same name has nothing to say any more.
    check(
        "offer counter@2 20 in counter \n offer counter@1 20 in counter \n offer counter@3 20 in counter",
        expect![[r#"
            offer counter@2 20 in counter
            offer counter@1 20 in counter
              receipt 1 of counter: Superseded at staged, none -> 2
                reason: a newer version was offered
              forget 2
            offer counter@3 20 in counter
              receipt 2 of counter: Superseded at staged, none -> 1
                reason: a newer version was offered
              forget 1
        "#]],
    );
}

#[test]
fn a_newer_file_waits_and_the_newest_waiting_one_wins() {
    let mut stage = Stage::new(|_| {});
    stage.set("run counter@1 a \n deploy counter@2 \n loaded");
    stage.play("deploy counter@3 \n deploy counter@4 \n not-proved unreachable");
    expect![[r#"
        deploy counter@3
          answer 3: Upgrade(UpgradeId(3))
        deploy counter@4
          answer 4: Upgrade(UpgradeId(4))
          receipt 3 of counter: Superseded at staged, 1 -> 3
            reason: a version with the same time was offered, and of equal times the greater label wins: 4
          forget 3
        not-proved unreachable
          receipt 2 of counter: Refused at verified, 1 -> 2
            reason: init: unreachable
          retire counter@2
          load counter@4
          write table: counter@1
    "#]]
    .assert_eq(&stage.told());
}

#[test]
fn the_upgrade_in_hand_is_joined() {
    let mut stage = Stage::new(|_| {});
    stage.set("run counter@1 a");
    stage.play("deploy counter@2 \n deploy counter@3 \n deploy counter@3 \n deploy counter@2");
    expect![[r#"
        deploy counter@2
          answer 2: Upgrade(UpgradeId(2))
          load counter@2
        deploy counter@3
          answer 3: Upgrade(UpgradeId(3))
        deploy counter@3
          answer 4: Upgrade(UpgradeId(3))
        deploy counter@2
          receipt 3 of counter: Superseded at staged, 1 -> 3
            reason: the upgrade in hand was offered again
          answer 5: Upgrade(UpgradeId(2))
          forget 3
    "#]]
    .assert_eq(&stage.told());
}

#[test]
fn a_newer_version_ends_one_that_only_drains() {
    let mut stage = Stage::new(|_| {});
    stage.set("run maths@1 \n judge maths@2 \n written");
    stage.play("deploy maths@3 \n drained maths@1 \n loaded \n proved \n written \n drained maths@2");
    expect![[r#"
        deploy maths@3
          answer 3: Upgrade(UpgradeId(3))
          receipt 2 of maths: Superseded at published, 1 -> 2
            reason: a newer version was offered
          load maths@3
          write table: maths@2
        drained maths@1
        loaded
          prove maths@3
        proved
        written
          write table: maths@3, maths@3 in hand
          publish maths@3
          retire maths@2
        drained maths@2
          receipt 3 of maths: Settled at settled, 2 -> 3
          write table: maths@3
    "#]]
    .assert_eq(&stage.told());
}

#[test]
fn a_version_from_before_is_an_upgrade_like_any_other() {
    let mut stage = Stage::new(|_| {});
    stage.set("run maths@1 \n judge maths@2 \n written \n drained maths@1 \n written");
    stage.play("deploy maths@1 \n loaded \n proved \n written \n drained maths@2");
    expect![[r#"
        deploy maths@1
          answer 3: Upgrade(UpgradeId(3))
          load maths@1
        loaded
          prove maths@1
        proved
          write table: maths@1, maths@1 in hand
        written
          publish maths@1
          retire maths@2
        drained maths@2
          receipt 3 of maths: Settled at settled, 2 -> 1
          write table: maths@1
    "#]]
    .assert_eq(&stage.told());
}

#[test]
fn what_was_refused_for_its_bytes_is_tried_again_only_when_asked() {
    let mut stage = Stage::new(|_| {});
    stage.set("deploy counter@1 \n load-fails it is a core module \n written");
    stage.play("offer counter@1 \n offer counter@1 \n wait 20ms \n deploy counter@1");
    expect![[r#"
        offer counter@1
          tell: counter@1.wasm is ignored: refused before: compile: it is a core module; `deploy` tries again
          write table: 
          forget 1
        offer counter@1
          tell: counter@1.wasm is ignored: refused before: compile: it is a core module; `deploy` tries again
          forget 1
        wait 20ms
        deploy counter@1
          answer 2: Upgrade(UpgradeId(2))
          load counter@1
    "#]]
    .assert_eq(&stage.told());
}

#[test]
fn what_was_refused_for_its_surroundings_is_tried_again() {
    let mut stage = Stage::new(|_| {});
    stage.version("maths", 1, |it| it.imports = ["bank:ledger/api".to_owned()].into());
    stage.set("deploy maths@1 \n loaded \n written");
    stage.play("offer maths@1 \n wait 20ms");
    expect![[r#"
        offer maths@1
        wait 20ms
          load maths@1
    "#]]
    .assert_eq(&stage.told());
}

#[test]
fn only_five_versions_before_are_kept() {
    let mut stage = Stage::new(|_| {});
    stage.set("run maths@1");
    for n in 2..7 {
        stage.set(&format!("judge maths@{n} \n written \n drained maths@{} \n written", n - 1));
    }
    stage.play("deploy maths@7 \n loaded \n proved \n written \n drained maths@6");
    expect![[r#"
        deploy maths@7
          answer 7: Upgrade(UpgradeId(7))
          load maths@7
        loaded
          prove maths@7
        proved
          write table: maths@7, maths@7 in hand
        written
          publish maths@7
          retire maths@6
          forget 1
        drained maths@6
          receipt 7 of maths: Settled at settled, 6 -> 7
          write table: maths@7
    "#]]
    .assert_eq(&stage.told());
}

#[test]
fn what_lies_under_a_name_now_wins_over_what_lay_there_before_however_old_it_says_it_is() {
    check(
        "offer counter@2 20 in counter \n offer counter@1 10 in counter \n wait 20ms \n offer counter@3 5 in counter",
        expect![[r#"
            offer counter@2 20 in counter
            offer counter@1 10 in counter
              receipt 1 of counter: Superseded at staged, none -> 2
                reason: a newer version was offered
              forget 2
            wait 20ms
              load counter@1
            offer counter@3 5 in counter
        "#]],
    );
}

#[test]
fn a_file_that_is_put_back_while_another_is_on_its_way_is_an_offer_like_any_other() {
    let mut stage = Stage::new(|_| {});
    stage.set("offer maths@1 in maths \n wait 20ms \n loaded \n proved \n written");
    stage.play("offer maths@2 in maths \n wait 20ms \n offer maths@1 in maths \n loaded \n proved \n written \n drained maths@1");
    stage.play("written \n wait 20ms \n loaded \n proved \n written \n drained maths@2 \n written");
    expect![[r#"
        offer maths@2 in maths
        wait 20ms
          load maths@2
        offer maths@1 in maths
        loaded
          prove maths@2
        proved
          write table: maths@2, maths@2 in hand
        written
          publish maths@2
          retire maths@1
        drained maths@1
          receipt 2 of maths: Settled at settled, 1 -> 2
          write table: maths@2
        written
        wait 20ms
          load maths@1
        loaded
          prove maths@1
        proved
          write table: maths@1, maths@1 in hand
        written
          publish maths@1
          retire maths@2
        drained maths@2
          receipt 3 of maths: Settled at settled, 2 -> 1
          write table: maths@1
        written
    "#]]
    .assert_eq(&stage.told());
    assert_eq!(stage.disk.files.get("maths.wasm"), Some(&changeling_core::sim::digest("maths", 1)));
}

#[test]
fn a_file_that_joined_an_upgrade_is_no_offer_at_the_next_start() {
    let mut stage = Stage::new(|_| {});
    stage.set("offer maths@1 \n wait 20ms \n offer maths@1 in maths \n loaded \n proved \n written");
    stage.set("judge maths@2 \n written \n drained maths@1 \n written");
    let mut stage = stage.reborn();
    stage.set("begin \n loaded \n written");
    stage.play("offer maths@1 there \n offer maths@1 there in maths \n wait 20ms");
    expect![[r#"
        offer maths@1 there
        offer maths@1 there in maths
        wait 20ms
    "#]]
    .assert_eq(&stage.told());
}

#[test]
fn what_is_decided_late_does_not_hide_what_the_file_holds_since() {
    let mut stage = Stage::new(|_| {});
    stage.set("run maths@1 \n offer maths@2 in maths \n wait 20ms");
    stage.set("offer maths@3 10 in maths \n offer maths@4 20 \n loaded \n proved \n written \n drained maths@1");
    stage.set("written \n wait 20ms \n loaded \n proved \n written \n drained maths@2 \n written");
    let mut stage = stage.reborn();
    stage.set("begin \n loaded \n written");
    stage.play("offer maths@3 10 there in maths \n wait 20ms");
    expect![[r#"
        offer maths@3 10 there in maths
          forget 3
        wait 20ms
    "#]]
    .assert_eq(&stage.told());
}
