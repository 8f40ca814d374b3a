//! First loads, and what is judged before anything is touched.

use changeling_core::contract::{Shape, ShapeSet};
use changeling_core::policy::{Sample, Strategy};
use expect_test::expect;

use super::stage::{Stage, check};

fn shape(version: u32, structure: &str) -> Shape {
    Shape { version, structure: structure.to_owned() }
}

fn only(shape: &Shape) -> Option<ShapeSet> {
    Some(ShapeSet { current: shape.clone(), reads: vec![shape.clone()], writes: vec![shape.clone()] })
}

#[test]
fn a_keyed_actor_is_loaded() {
    check("offer counter@1 \n wait 20ms \n loaded \n proved \n written \n written", expect![[r#""#]]);
}

#[test]
fn a_singleton_starts_before_it_is_published() {
    check("deploy clock@1 \n loaded \n proved \n written \n started clock \n written", expect![[r#""#]]);
}

#[test]
fn a_service_is_loaded_and_switched() {
    check("run maths@1 \n judge maths@2 \n written \n drained maths@1", expect![[r#""#]]);
}

#[test]
fn a_singleton_that_errs_at_its_start_is_refused_in_its_words() {
    check("deploy clock@1 \n loaded \n proved \n start-refused clock no time to lose \n drained clock@1", expect![[r#""#]]);
}

#[test]
fn a_singleton_that_dies_before_it_is_published_is_refused() {
    check("deploy clock@1 \n loaded \n proved \n written \n started clock \n crashed clock \n written", expect![[r#""#]]);
}

#[test]
fn a_version_that_cannot_be_compiled_is_refused() {
    check("deploy counter@1 \n load-fails it is a core module", expect![[r#""#]]);
}

#[test]
fn a_first_load_that_traps_on_the_scratch_instance_is_refused() {
    check("deploy counter@1 \n loaded \n not-proved unreachable", expect![[r#""#]]);
}

#[test]
fn an_unproven_version_is_taken_and_said() {
    check("deploy counter@1 \n loaded \n unproven init answered err: no config \n written \n written", expect![[r#""#]]);
}

#[test]
fn an_unproven_version_is_refused_where_proof_is_required() {
    let mut stage = Stage::new(|policy| policy.require_proof = true);
    stage.play("deploy counter@1 \n loaded \n unproven init answered err: no config");
    expect![[r#""#]].assert_eq(&stage.told());
}

#[test]
fn every_objection_is_said_at_once() {
    let mut stage = Stage::new(|_| {});
    stage.version("counter", 2, |it| {
        it.imports = ["wasi:cli/stdout@0.2.6", "changeling:actor/psychic@0.1.0", "bank:ledger/api"].map(String::from).into();
        it.hooks.lifecycle = false;
        it.shapes = only(&shape(9, "{other:string}"));
    });
    stage.set("run counter@1 a");
    stage.play("deploy counter@2 \n loaded");
    expect![[r#""#]].assert_eq(&stage.told());
}

#[test]
fn what_exports_nothing_callable_is_refused() {
    let mut stage = Stage::new(|_| {});
    stage.version("maths", 1, |it| it.functions.clear());
    stage.play("deploy maths@1 \n loaded");
    expect![[r#""#]].assert_eq(&stage.told());
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
    expect![[r#""#]].assert_eq(&stage.told());
}

#[test]
fn a_dropped_hook_is_taken_where_a_restart_was_asked_for() {
    let mut stage = Stage::new(|policy| policy.strategy = Strategy::Restart);
    stage.version("counter", 2, |it| {
        it.hooks.state = false;
        it.shapes = None;
    });
    stage.set("run counter@1 a");
    stage.play("judge counter@2 \n written \n written \n switched counter/a \n written \n drained counter@1");
    expect![[r#""#]].assert_eq(&stage.told());
}

#[test]
fn a_forgotten_number_is_refused_with_both_structures() {
    let mut stage = Stage::new(|_| {});
    stage.version("counter", 1, |it| it.shapes = only(&shape(2, "{total:u64}")));
    stage.version("counter", 2, |it| it.shapes = only(&shape(2, "{total:u64,calls:u64}")));
    stage.set("run counter@1 a");
    stage.play("deploy counter@2 \n loaded");
    expect![[r#""#]].assert_eq(&stage.told());
}

#[test]
fn shapes_that_do_not_meet_are_refused_with_both_lists() {
    let mut stage = Stage::new(|_| {});
    stage.version("counter", 1, |it| it.shapes = only(&shape(1, "{total:u64}")));
    stage.version("counter", 2, |it| it.shapes = only(&shape(3, "{sum:u64}")));
    stage.set("run counter@1 a");
    stage.play("deploy counter@2 \n loaded");
    expect![[r#""#]].assert_eq(&stage.told());
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
    expect![[r#""#]].assert_eq(&stage.told());
}

#[test]
fn the_dry_run_stops_at_the_third_failure() {
    let mut stage = Stage::new(|_| {});
    stage.set("run counter@1 a b c d e");
    stage.play(
        "deploy counter@2 \n loaded \n proved \n rehearsed counter/a \n rehearsal-fails counter/b total is negative
         rehearsal-fails counter/c total is odd \n rehearsal-fails counter/d total is 13 \n not-looked counter/e busy",
    );
    expect![[r#""#]].assert_eq(&stage.told());
}

#[test]
fn a_sample_is_spread_evenly() {
    let mut stage = Stage::new(|policy| {
        policy.verify = Some(Sample::Count(3));
        policy.parallel = 9;
    });
    stage.set("run counter@1 a b c d e f g h i");
    stage.play("deploy counter@2 \n loaded \n proved");
    expect![[r#""#]].assert_eq(&stage.told());
}

#[test]
fn what_the_dry_run_had_no_time_for_is_counted() {
    let mut stage = Stage::new(|_| {});
    stage.set("run counter@1 a b c");
    stage.play("deploy counter@2 \n loaded \n proved \n rehearsed counter/a \n wait 60s");
    stage.set("written \n written");
    stage.play("turn-back counter \n switched counter/a \n not-now counter/b");
    expect![[r#""#]].assert_eq(&stage.told());
}
