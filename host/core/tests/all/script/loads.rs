//! First loads: how a component comes to be there, and why it does not.

use expect_test::expect;

use super::stage::{Stage, check};

#[test]
fn a_keyed_actor_is_loaded() {
    check(
        "offer counter@1 \n wait 20ms \n loaded \n proved \n written",
        expect![[r#"
            offer counter@1
            wait 20ms
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
        "#]],
    );
}

#[test]
fn a_singleton_starts_before_it_is_published() {
    check(
        "deploy clock@1 \n loaded \n proved \n written \n started clock \n written",
        expect![[r#"
        deploy clock@1
          answer 1: Upgrade(UpgradeId(1))
          load clock@1
        loaded
          prove clock@1
        proved
          start clock #1 on 1: first
        written
        started clock
          write table: clock@1, clock@1 in hand
        written
          publish clock@1
          tell: clock 1 serves
          receipt 1 of clock: Settled at settled, none -> 1
          write table: clock@1
    "#]],
    );
}

#[test]
fn a_service_is_loaded_and_switched() {
    check(
        "run maths@1 \n judge maths@2 \n written \n drained maths@1",
        expect![[r#"
        run maths@1
        deploy maths@1
          answer 1: Upgrade(UpgradeId(1))
          load maths@1
        loaded
          prove maths@1
        proved
          write table: maths@1, maths@1 in hand
        written
          publish maths@1
          tell: maths 1 serves
          receipt 1 of maths: Settled at settled, none -> 1
          write table: maths@1
        judge maths@2
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
          write table: maths@2
    "#]],
    );
}

#[test]
fn a_singleton_that_errs_at_its_start_is_refused_in_its_words() {
    check(
        "deploy clock@1 \n loaded \n proved \n start-refused clock no time to lose \n drained clock@1",
        expect![[r#"
        deploy clock@1
          answer 1: Upgrade(UpgradeId(1))
          load clock@1
        loaded
          prove clock@1
        proved
          start clock #1 on 1: first
        start-refused clock no time to lose
          tell: clock did not start: no time to lose
          turn away clock: NoSuchComponent
          receipt 1 of clock: Refused at verified, none -> 1
            reason: init of clock: no time to lose
          retire clock@1
          write table: 
        drained clock@1
          forget 1
    "#]],
    );
}

#[test]
fn a_singleton_that_dies_before_it_is_published_is_refused() {
    check(
        "deploy clock@1 \n loaded \n proved \n written \n started clock \n crashed clock \n written",
        expect![[r#"
            deploy clock@1
              answer 1: Upgrade(UpgradeId(1))
              load clock@1
            loaded
              prove clock@1
            proved
              start clock #1 on 1: first
            written
            started clock
              write table: clock@1, clock@1 in hand
            crashed clock
              tell: clock ended: trap: unreachable
              turn away clock: Stopped
            written
              receipt 1 of clock: Refused at verified, none -> 1
                reason: init of clock: trap: unreachable
              retire clock@1
              write table: 
        "#]],
    );
}

#[test]
fn a_version_that_cannot_be_compiled_is_refused() {
    check(
        "deploy counter@1 \n load-fails it is a core module",
        expect![[r#"
        deploy counter@1
          answer 1: Upgrade(UpgradeId(1))
          load counter@1
        load-fails it is a core module
          receipt 1 of counter: Refused at compiled, none -> 1
            reason: compile: it is a core module
          write table: 
          forget 1
    "#]],
    );
}

#[test]
fn a_first_load_that_traps_on_the_scratch_instance_is_refused() {
    check(
        "deploy counter@1 \n loaded \n not-proved unreachable",
        expect![[r#"
        deploy counter@1
          answer 1: Upgrade(UpgradeId(1))
          load counter@1
        loaded
          prove counter@1
        not-proved unreachable
          receipt 1 of counter: Refused at verified, none -> 1
            reason: init: unreachable
          retire counter@1
          write table: 
    "#]],
    );
}

#[test]
fn an_unproven_version_is_taken_and_said() {
    check(
        "deploy counter@1 \n loaded \n unproven init answered err: no config \n written",
        expect![[r#"
        deploy counter@1
          answer 1: Upgrade(UpgradeId(1))
          load counter@1
        loaded
          prove counter@1
        unproven init answered err: no config
          write table: counter@1, counter@1 in hand
        written
          publish counter@1
          tell: counter 1 serves
          receipt 1 of counter: Settled at settled, none -> 1
            finding: unproven: init answered err: no config
          write table: counter@1
    "#]],
    );
}

#[test]
fn an_unproven_version_is_refused_where_proof_is_required() {
    let mut stage = Stage::new(|policy| policy.require_proof = true);
    stage.play("deploy counter@1 \n loaded \n unproven init answered err: no config");
    expect![[r#"
        deploy counter@1
          answer 1: Upgrade(UpgradeId(1))
          load counter@1
        loaded
          prove counter@1
        unproven init answered err: no config
          receipt 1 of counter: Refused at verified, none -> 1
            reason: init: unproven, and proof is required: init answered err: no config
          retire counter@1
    "#]]
    .assert_eq(&stage.told());
}
