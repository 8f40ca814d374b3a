//! What is judged again by itself, when, and how often.

use changeling_core::Event;
use changeling_core::declared::{Change, Declaration, Holds};
use changeling_core::policy::Settings;
use expect_test::expect;

use super::stage::Stage;

/// Another manifest, by one setting of this section.
fn declared(section: &str) -> Event {
    let of = |text: &str| text.to_owned();
    let change =
        Change { section: of(section), setting: of("memory"), from: of("1MiB"), to: of("2MiB"), holds: Holds::AtOnce };
    let (file, settings) = (of("changeling.toml"), Settings::default());
    let (is_gone, changes, notes) = (false, vec![change], Vec::new());
    Event::Declared(Box::new(Declaration { file, is_gone, settings, changes, notes }))
}

fn refused() -> Stage {
    let mut stage = Stage::new(|_| {});
    stage.set("run maths@1 \n offer maths@2 \n wait 20ms \n loaded \n past-limit memory \n written \n written");
    stage
}

#[test]
fn what_went_past_a_limit_is_looked_at_again_when_the_manifest_says_otherwise_of_it() {
    let mut stage = refused();
    for section in ["components.counter", "http", "components.maths"] {
        stage.hear(declared(section));
    }
    stage.play("offer maths@2 there \n wait 20ms \n loaded \n past-limit memory \n written");
    stage.hear(declared("defaults"));
    stage.play("offer maths@2 there \n wait 20ms \n loaded \n proved \n written \n drained maths@1 \n written");
    stage.hear(declared("host"));
    expect![[r#"
          tell: the manifest has changed
            [components.counter] memory = 2MiB (was 1MiB), at once
          tell: the manifest has changed
            [http] memory = 2MiB (was 1MiB), at once
          look again at maths@2.wasm
          tell: the manifest has changed
            [components.maths] memory = 2MiB (was 1MiB), at once
        offer maths@2 there
        wait 20ms
          load maths@2
        loaded
          prove maths@2
        past-limit memory
          receipt 3 of maths: Refused at verified, 1 -> 2
            reason: init: memory
          retire maths@2
          write table: maths@1
        written
          look again at maths@2.wasm
          tell: the manifest has changed
            [defaults] memory = 2MiB (was 1MiB), at once
        offer maths@2 there
        wait 20ms
          load maths@2
        loaded
          prove maths@2
        proved
          write table: maths@2, maths@2 in hand
        written
          publish maths@2
          retire maths@1
        drained maths@1
          receipt 4 of maths: Settled at settled, 1 -> 2
          write table: maths@2
        written
          tell: the manifest has changed
            [host] memory = 2MiB (was 1MiB), at once
    "#]]
    .assert_eq(&stage.told());
}

#[test]
fn put_there_once_more_and_at_the_next_start_it_is_an_offer() {
    let mut stage = refused();
    stage.play("offer maths@2 \n wait 20ms \n loaded \n past-limit memory \n written");
    let mut stage = stage.reborn();
    stage.set("begin \n loaded \n written");
    stage.play("offer maths@2 there \n wait 20ms");
    expect![[r#"
        offer maths@2 there
        wait 20ms
          load maths@2
    "#]]
    .assert_eq(&stage.told());
}

#[test]
fn a_manifest_that_changes_in_the_middle_has_it_judged_once_more() {
    let mut stage = Stage::new(|_| {});
    stage.set("run maths@1 \n offer maths@2 \n wait 20ms \n loaded");
    stage.hear(declared("components.maths"));
    stage.play("past-limit memory \n offer maths@2 there \n wait 20ms \n loaded \n past-limit memory");
    expect![[r#"
          tell: the manifest has changed
            [components.maths] memory = 2MiB (was 1MiB), at once
        past-limit memory
          look again at maths@2.wasm
          receipt 2 of maths: Refused at verified, 1 -> 2
            reason: init: memory
          retire maths@2
          write table: maths@1
        offer maths@2 there
        wait 20ms
          load maths@2
        loaded
          prove maths@2
        past-limit memory
          receipt 3 of maths: Refused at verified, 1 -> 2
            reason: init: memory
          retire maths@2
    "#]]
    .assert_eq(&stage.told());
}

#[test]
fn what_the_machine_stood_in_the_way_of_is_tried_ever_more_seldom() {
    let mut stage = Stage::new(|_| {});
    stage.set("run maths@1 \n offer maths@2 \n wait 20ms");
    let mut waits = Vec::new();
    for _ in 0..7 {
        stage.set("load-is-hindered no room on /var \n written \n written");
        stage.told();
        let mut waited = 0;
        while !stage.told().contains("look again at maths@2.wasm") {
            stage.play("wait 5s");
            waited += 5;
        }
        waits.push(waited);
        stage.set("offer maths@2 there \n wait 20ms");
    }
    assert_eq!(waits, [30, 60, 120, 240, 480, 600, 600]);
    stage.set("loaded \n past-limit memory \n written \n written \n wait 5000s");
    assert!(!stage.told().contains("look again"), "the machine is not what stands in its way");
}

#[test]
fn what_a_person_turned_back_is_not_judged_again() {
    let mut stage = Stage::new(|_| {});
    stage.set("run counter@1 a \n offer counter@2 \n wait 20ms \n loaded \n proved \n turn-back counter \n written");
    stage.hear(declared("defaults"));
    stage.play("offer counter@2");
    expect![[r#"
          tell: the manifest has changed
            [defaults] memory = 2MiB (was 1MiB), at once
            counter: `keyed` stays true while it has actors (1): remove the component and load it again, or start the host again
        offer counter@2
          tell: counter@2.wasm is ignored: these bytes were offered under this name before; `deploy` offers them again
    "#]]
    .assert_eq(&stage.told());
}

#[test]
fn it_does_not_come_behind_a_newer_one() {
    let mut stage = refused();
    stage.set("deploy maths@3");
    stage.play("offer maths@2 there \n loaded \n proved \n written \n drained maths@1 \n written \n wait 1s");
    stage.set("deploy maths@4 \n loaded");
    stage.play("offer maths@2 there \n not-proved unreachable");
    expect![[r#"
        offer maths@2 there
        loaded
          prove maths@3
        proved
          write table: maths@3, maths@3 in hand
        written
          publish maths@3
          retire maths@1
        drained maths@1
          receipt 3 of maths: Settled at settled, 1 -> 3
          write table: maths@3
        written
        wait 1s
        offer maths@2 there
        not-proved unreachable
          receipt 4 of maths: Refused at verified, 3 -> 4
            reason: init: unreachable
          retire maths@4
          write table: maths@3
    "#]]
    .assert_eq(&stage.told());
}

#[test]
fn a_newer_one_that_falls_makes_way_for_it() {
    let mut stage = refused();
    stage.set("deploy maths@3 \n loaded");
    stage.play("offer maths@2 there \n not-proved unreachable");
    expect![[r#"
        offer maths@2 there
        not-proved unreachable
          look again at maths@2.wasm
          receipt 3 of maths: Refused at verified, 1 -> 3
            reason: init: unreachable
          retire maths@3
          write table: maths@1
    "#]]
    .assert_eq(&stage.told());
}

#[test]
fn bytes_that_were_seen_and_are_put_there_once_more_are_told_of() {
    let mut stage = Stage::new(|_| {});
    stage.set("offer maths@1 \n wait 20ms \n loaded \n proved \n written");
    stage.set("offer maths@2 \n wait 20ms \n loaded \n proved \n written \n drained maths@1 \n written");
    stage.set("offer maths@3 \n wait 20ms \n loaded \n not-proved unreachable \n written");
    stage.play("offer maths@1 \n offer maths@2 \n offer maths@3 \n offer maths@3 there \n wait 20ms");
    expect![[r#"
        offer maths@1
          tell: maths@1.wasm is ignored: these bytes were offered under this name before; `deploy` offers them again
        offer maths@2
          tell: maths@2.wasm is ignored: maths runs these bytes already (2)
        offer maths@3
          tell: maths@3.wasm is ignored: refused before: init: unreachable; `deploy` tries again
        offer maths@3 there
        wait 20ms
    "#]]
    .assert_eq(&stage.told());
}
