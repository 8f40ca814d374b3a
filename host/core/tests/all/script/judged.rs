//! What is judged before anything is touched: exports, shapes, and the dry run.

use changeling_core::contract::{Shape, ShapeSet, Signature};
use changeling_core::policy::{Sample, Strategy};
use expect_test::expect;

use super::stage::Stage;

fn shape(version: u32, structure: &str) -> Shape {
    Shape { version, structure: structure.to_owned() }
}

fn only(shape: &Shape) -> Option<ShapeSet> {
    Some(ShapeSet { current: shape.clone(), reads: vec![shape.clone()], writes: vec![shape.clone()] })
}

#[test]
fn every_objection_is_said_at_once() {
    let mut stage = Stage::new(|_| {});
    stage.version("counter", 2, |it| {
        let imports =
            ["wasi:cli/stdout@0.2.6", "wasi:http/types@0.2.6", "changeling:actor/psychic@0.1.0", "bank:ledger/api"];
        it.imports = imports.map(String::from).into();
        it.hooks.lifecycle = false;
        it.shapes = only(&shape(9, "{other:string}"));
    });
    stage.set("run counter@1 a");
    stage.play("deploy counter@2 \n loaded");
    expect![[r#"
        deploy counter@2
          answer 2: Upgrade(UpgradeId(2))
          load counter@2
        loaded
          receipt 2 of counter: Refused at checked, 1 -> 2
            reason: imports: it imports bank:ledger/api, which nobody provides: a guest may import wasi: and changeling: only; and 4 more
            refusal: imports: it imports bank:ledger/api, which nobody provides: a guest may import wasi: and changeling: only
            refusal: imports: it imports changeling:actor/psychic@0.1.0, which this host does not have
            refusal: imports: it imports wasi:http/types@0.2.6, which this host does not have: of WASI it has wasi:cli, wasi:clocks, wasi:filesystem, wasi:io, wasi:random, wasi:sockets
            refusal: exports: 1 exports `lifecycle`, this does not, and actors of it live; export it, or begin anew with `strategy = "restart"`
            refusal: state: no state version fits: the live code saves 1 {total:u1}, this code reads 9 {other:string}; read one of those, or begin anew with `strategy = "restart"`
          retire counter@2
    "#]].assert_eq(&stage.told());
}

#[test]
fn what_exports_nothing_callable_is_refused() {
    let mut stage = Stage::new(|_| {});
    stage.version("maths", 1, |it| it.functions.clear());
    stage.play("deploy maths@1 \n loaded");
    expect![[r#"
        deploy maths@1
          answer 1: Upgrade(UpgradeId(1))
          load maths@1
        loaded
          receipt 1 of maths: Refused at checked, none -> 1
            reason: exports: it exports nothing callable; export a function, or `state` or `lifecycle` of the contract
          retire maths@1
          write table: 
    "#]]
    .assert_eq(&stage.told());
}

#[test]
fn an_actor_does_not_become_a_service_while_it_lives() {
    let mut stage = Stage::new(|_| {});
    stage.version("counter", 2, |it| {
        it.hooks = Default::default();
        it.kind = it.hooks.kind();
        it.shapes = None;
    });
    stage.set("run counter@1 a");
    stage.play("deploy counter@2 \n loaded \n written \n exited counter/a \n deploy counter@2 \n loaded \n proved");
    expect![[r#"
        deploy counter@2
          answer 2: Upgrade(UpgradeId(2))
          load counter@2
        loaded
          receipt 2 of counter: Refused at checked, 1 -> 2
            reason: exports: 1 is an actor, this is a service, and actors of it live; `changeling remove` the component first, which ends them, or export `state` or `lifecycle`
          retire counter@2
        written
        exited counter/a
          tell: counter/a ended: normal
          turn away counter/a: Stopped
        deploy counter@2
          answer 3: Upgrade(UpgradeId(3))
          load counter@2
        loaded
          prove counter@2
        proved
          write table: counter@2, counter@2 in hand
    "#]]
    .assert_eq(&stage.told());
}

#[test]
fn a_dropped_hook_is_taken_where_a_restart_was_asked_for() {
    let mut stage = Stage::new(|policy| policy.strategy = Strategy::Restart);
    stage.version("counter", 2, |it| {
        it.hooks.state = false;
        it.shapes = None;
    });
    stage.set("run counter@1 a");
    stage.play("judge counter@2 \n written \n switched counter/a \n written \n drained counter@1");
    expect![[r#"
        judge counter@2
        deploy counter@2
          answer 2: Upgrade(UpgradeId(2))
          load counter@2
        loaded
          prove counter@2
        proved
          write table: counter@1, counter@2 in hand
        written
          switch counter/a 1 -> 2, restart, try 1, hold 5s
        switched counter/a
          write table: counter@2, counter@2 in hand
        written
          publish counter@2
          drop what upgrade 2 kept
          retire counter@1
        drained counter@1
          receipt 2 of counter: Settled at settled, 1 -> 2, 1 switched
            finding: 1 exports `state`, this does not, and actors of it live
          write table: counter@2
    "#]]
    .assert_eq(&stage.told());
}

#[test]
fn a_forgotten_number_is_refused_with_both_structures() {
    let mut stage = Stage::new(|_| {});
    stage.version("counter", 1, |it| it.shapes = only(&shape(2, "{total:u64}")));
    stage.version("counter", 2, |it| it.shapes = only(&shape(2, "{total:u64,calls:u64}")));
    stage.set("run counter@1 a");
    stage.play("deploy counter@2 \n loaded");
    expect![[r#"
        deploy counter@2
          answer 2: Upgrade(UpgradeId(2))
          load counter@2
        loaded
          receipt 2 of counter: Refused at checked, 1 -> 2
            reason: state: version 2 was saved as {total:u64}, this code's copy of it is {total:u64,calls:u64}: give the changed state a version of its own, and say how the older one becomes it
          retire counter@2
    "#]]
    .assert_eq(&stage.told());
}

#[test]
fn shapes_that_do_not_meet_are_refused_with_both_lists() {
    let mut stage = Stage::new(|_| {});
    stage.version("counter", 1, |it| it.shapes = only(&shape(1, "{total:u64}")));
    stage.version("counter", 2, |it| it.shapes = only(&shape(3, "{sum:u64}")));
    stage.set("run counter@1 a");
    stage.play("deploy counter@2 \n loaded");
    expect![[r#"
        deploy counter@2
          answer 2: Upgrade(UpgradeId(2))
          load counter@2
        loaded
          receipt 2 of counter: Refused at checked, 1 -> 2
            reason: state: no state version fits: the live code saves 1 {total:u64}, this code reads 3 {sum:u64}; read one of those, or begin anew with `strategy = "restart"`
          retire counter@2
    "#]]
    .assert_eq(&stage.told());
}

#[test]
fn functions_that_went_away_or_changed_are_said() {
    let mut stage = Stage::new(|_| {});
    stage.version("maths", 1, |it| {
        let get = it.functions["demo:maths/api#get"].clone();
        it.functions.insert("demo:maths/api#half".into(), get);
    });
    stage.version("maths", 2, |it| {
        it.functions.values_mut().for_each(|get| get.result = Some("u32".into()));
    });
    stage.set("run maths@1");
    stage.play("deploy maths@2 \n loaded \n proved \n written \n drained maths@1");
    expect![[r#"
        deploy maths@2
          answer 2: Upgrade(UpgradeId(2))
          load maths@2
        loaded
          prove maths@2
        proved
          write table: maths@2, maths@2 in hand
        written
          publish maths@2
          retire maths@1
        drained maths@1
          receipt 2 of maths: Settled at settled, 1 -> 2
            finding: demo:maths/api#get changed from func() -> u64 to func() -> u32
            finding: demo:maths/api#half is gone; it was func() -> u64
          write table: maths@2
    "#]]
    .assert_eq(&stage.told());
}

#[test]
fn the_dry_run_stops_at_the_third_failure() {
    let mut stage = Stage::new(|_| {});
    stage.set("run counter@1 a b c d e");
    stage.play(
        "deploy counter@2 \n loaded \n proved \n rehearsed counter/a \n rehearsal-fails counter/b total is negative
         rehearsal-fails counter/c total is odd \n rehearsal-fails counter/d total is 13 \n not-looked counter/e busy",
    );
    expect![[r#"
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
        rehearsal-fails counter/b total is negative
          rehearse counter/d on 2, state 1
        rehearsal-fails counter/c total is odd
          rehearse counter/e on 2, state 1
        rehearsal-fails counter/d total is 13
        not-looked counter/e busy
          receipt 2 of counter: Refused at verified, 1 -> 2, 4 tried, 1 passed, 1 not tried
            reason: code-change of counter/b: total is negative; and 2 more
            refusal: code-change of counter/b: total is negative
            refusal: code-change of counter/c: total is odd
            refusal: code-change of counter/d: total is 13
          retire counter@2
          write table: counter@1
    "#]]
    .assert_eq(&stage.told());
}

#[test]
fn a_sample_is_spread_evenly() {
    let mut stage = Stage::new(|policy| {
        policy.verify = Some(Sample::Count(3));
        policy.parallel = 9;
    });
    stage.set("run counter@1 a b c d e f g h i");
    stage.play("deploy counter@2 \n loaded \n proved");
    expect![[r#"
        deploy counter@2
          answer 2: Upgrade(UpgradeId(2))
          load counter@2
        loaded
          prove counter@2
        proved
          rehearse counter/a on 2, state 1
          rehearse counter/d on 2, state 1
          rehearse counter/g on 2, state 1
    "#]]
    .assert_eq(&stage.told());
}

#[test]
fn what_the_dry_run_had_no_time_for_is_counted() {
    let mut stage = Stage::new(|_| {});
    stage.set("run counter@1 a b c");
    stage.play("deploy counter@2 \n loaded \n proved \n rehearsed counter/a \n wait 60s");
    stage.set("written");
    stage.play("turn-back counter \n switched counter/a \n not-now counter/b \n back counter/a");
    expect![[r#"
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
        wait 60s
          write table: counter@1, counter@2 in hand
        turn-back counter
        switched counter/a
          turn back counter/a to 1, down Some(1)
        not-now counter/b
        back counter/a
          drop what upgrade 2 kept
          receipt 2 of counter: RolledBack at switching, 1 -> 2, 1 turned back, 1 tried, 1 passed, 2 not tried
            reason: turn-back: it was asked to turn back
          answer 3: Done
          retire counter@2
          write table: counter@1
    "#]]
    .assert_eq(&stage.told());
}

#[test]
fn an_export_that_is_to_be_kept_may_neither_go_nor_change() {
    let manifest = |names: &'static [&'static str]| {
        let mut stage =
            Stage::new(|policy| policy.keep_exports = names.iter().map(|name| (*name).to_owned()).collect());
        for (number, functions) in [(1, ["a@1.0.0#x", "a@1.0.0#y", "b#z"].as_slice()), (2, &["a@1.0.0#x", "c#w"])] {
            stage.version("maths", number, |it| {
                let result =
                    |name: &&str| Some(if *name == "a@1.0.0#x" && number == 2 { "u8" } else { "u64" }.to_owned());
                let function = |name| Signature { params: Vec::new(), result: result(name) };
                it.functions = functions.iter().map(|name| (format!("demo:maths/{name}"), function(name))).collect();
            });
        }
        stage.set("run maths@1 \n deploy maths@2");
        stage.play("loaded");
        stage.told()
    };
    expect![[r#"
        loaded
          receipt 2 of maths: Refused at checked, 1 -> 2
            reason: exports: maths 1 exports demo:maths/a@1.0.0#x as func() -> u64, which `keep-exports` names, and 2 exports it as func() -> u8; export it as it was, or take "demo:maths/a" out of `keep-exports` of maths in the manifest; and 1 more
            refusal: exports: maths 1 exports demo:maths/a@1.0.0#x as func() -> u64, which `keep-exports` names, and 2 exports it as func() -> u8; export it as it was, or take "demo:maths/a" out of `keep-exports` of maths in the manifest
            refusal: exports: maths 1 exports demo:maths/a@1.0.0#y as func() -> u64, which `keep-exports` names, and 2 does not export it; export it as it was, or take "demo:maths/a" out of `keep-exports` of maths in the manifest
          retire maths@2
    "#]].assert_eq(&manifest(&["demo:maths/a", "demo:maths/none"]));
    assert!(manifest(&["demo:maths/b", "demo:maths/a@1.0.1"]).contains("demo:maths/b#z as func() -> u64"));
    assert!(manifest(&["demo:maths/a@1.0.0"]).contains("2 exports it as func() -> u8"));
    assert!(manifest(&["demo:maths/c"]).contains("prove maths@2"));
}
