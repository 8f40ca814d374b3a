//! What is an offer, and which of several wins.

use expect_test::expect;

use super::stage::{Stage, check};

#[test]
fn the_same_bytes_are_ignored_and_that_is_said() {
    check("run counter@1 \n offer counter@1 \n offer counter@1 \n deploy counter@1", expect![[r#""#]]);
}

#[test]
fn of_files_dropped_together_the_newest_wins() {
    check("offer counter@2 20 \n offer counter@1 10 \n offer counter@3 20 \n wait 20ms", expect![[r#""#]]);
}

#[test]
fn a_newer_file_waits_and_the_newest_waiting_one_wins() {
    let mut stage = Stage::new(|_| {});
    stage.set("run counter@1 a \n deploy counter@2 \n loaded");
    stage.play("deploy counter@3 \n deploy counter@4 \n not-proved unreachable");
    expect![[r#""#]].assert_eq(&stage.told());
}

#[test]
fn the_upgrade_in_hand_is_joined() {
    let mut stage = Stage::new(|_| {});
    stage.set("run counter@1 a");
    stage.play("deploy counter@2 \n deploy counter@3 \n deploy counter@3 \n deploy counter@2");
    expect![[r#""#]].assert_eq(&stage.told());
}

#[test]
fn a_newer_version_ends_one_that_only_drains() {
    let mut stage = Stage::new(|_| {});
    stage.set("run maths@1 \n judge maths@2 \n written");
    stage.play("deploy maths@3 \n drained maths@1 \n loaded \n proved \n written \n drained maths@2");
    expect![[r#""#]].assert_eq(&stage.told());
}

#[test]
fn a_version_from_before_is_an_upgrade_like_any_other() {
    let mut stage = Stage::new(|_| {});
    stage.set("run maths@1 \n judge maths@2 \n written \n drained maths@1 \n written");
    stage.play("deploy maths@1 \n loaded \n proved \n written \n drained maths@2");
    expect![[r#""#]].assert_eq(&stage.told());
}

#[test]
fn what_was_refused_for_its_bytes_is_tried_again_only_when_asked() {
    let mut stage = Stage::new(|_| {});
    stage.set("deploy counter@1 \n load-fails it is a core module \n written \n written");
    stage.play("offer counter@1 \n wait 20ms \n deploy counter@1");
    expect![[r#""#]].assert_eq(&stage.told());
}

#[test]
fn what_was_refused_for_its_surroundings_is_tried_again() {
    let mut stage = Stage::new(|_| {});
    stage.version("maths", 1, |it| it.imports = ["bank:ledger/api".to_owned()].into());
    stage.set("deploy maths@1 \n loaded \n written");
    stage.play("offer maths@1 \n wait 20ms");
    expect![[r#""#]].assert_eq(&stage.told());
}

#[test]
fn only_five_versions_before_are_kept() {
    let mut stage = Stage::new(|_| {});
    stage.set("run maths@1");
    for n in 2..7 {
        stage.set(&format!("judge maths@{n} \n written \n drained maths@{} \n written", n - 1));
    }
    stage.play("deploy maths@7 \n loaded \n proved \n written \n drained maths@6");
    expect![[r#""#]].assert_eq(&stage.told());
}
