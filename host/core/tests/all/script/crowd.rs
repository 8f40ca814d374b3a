//! Who comes to no boundary keeps an old version in service, but four of them at most.

use changeling_core::policy::Sample;
use expect_test::expect;

use super::stage::Stage;

/// Version 5 is current, and each of a, b, c and d is still on a version of its own.
fn crowded() -> Stage {
    let mut stage = Stage::new(|policy| {
        policy.verify = Some(Sample::None);
        policy.drain_timeout = std::time::Duration::ZERO;
        policy.parallel = 8;
    });
    stage.set("run counter@1 a");
    let mut busy = vec!["a"];
    for (version, next) in [(2, "b"), (3, "c"), (4, "d"), (5, "")] {
        stage.set(&format!("judge counter@{version} \n written"));
        busy.iter().for_each(|key| stage.set(&format!("not-now counter/{key}")));
        stage.set("written");
        if !next.is_empty() {
            stage.set(&format!("wanted counter/{next} \n started counter/{next}"));
            busy.push(next);
        }
    }
    stage
}

#[test]
fn a_fifth_waits_until_one_of_the_four_is_gone() {
    let mut stage = crowded();
    stage.play(
        "deploy counter@6 \n deploy counter@7 \n wait 2s \n stop counter/b \n stopped counter/b \n drained counter@2",
    );
    expect![[r#"
        deploy counter@6
          answer 6: Upgrade(UpgradeId(6))
          tell: counter 6 waits: 4 older versions are still in service, the most there may be: 1 (counter/a), 2 (counter/b), 3 (counter/c), 4 (counter/d); it begins when one of them is gone
        deploy counter@7
          answer 7: Upgrade(UpgradeId(7))
          receipt 6 of counter: Superseded at staged, 5 -> 6
            reason: a version with the same time was offered, and of equal times the greater label wins: 7
          tell: counter 7 waits: 4 older versions are still in service, the most there may be: 1 (counter/a), 2 (counter/b), 3 (counter/c), 4 (counter/d); it begins when one of them is gone
          forget 6
        wait 2s
          switch counter/a 1 -> 5, state 1, try 65537, hold 0ns
          switch counter/b 2 -> 5, state 2, try 65537, hold 0ns
          switch counter/c 3 -> 5, state 3, try 65537, hold 0ns
          switch counter/d 4 -> 5, state 4, try 65537, hold 0ns
        stop counter/b
          stop counter/b: shutdown
        stopped counter/b
          tell: counter/b ended: shutdown
          turn away counter/b: Stopped
          answer 8: Done
        drained counter@2
          load counter@7
    "#]].assert_eq(&stage.told());
}

#[test]
fn one_of_the_four_may_come_back_at_once() {
    let mut stage = crowded();
    stage.play("deploy counter@3");
    expect![[r#"
        deploy counter@3
          answer 6: Upgrade(UpgradeId(6))
          load counter@3
    "#]]
    .assert_eq(&stage.told());
}

#[test]
fn what_waits_is_shown_with_whom_it_waits_for() {
    let mut stage = crowded();
    stage.set("deploy counter@6");
    let component = stage.world.components().next().expect("a component");
    let waiting = component.waiting.expect("an upgrade waits");
    assert_eq!((waiting.label.as_str(), waiting.why.contains("1 (counter/a), 2 (counter/b)")), ("6", true));
    stage.set("remove counter \n written");
    assert!(stage.world.components().next().is_some_and(|component| component.waiting.is_none()));
}

#[test]
fn what_waits_when_the_host_ends_is_an_offer_again() {
    let mut stage = crowded();
    stage.set("offer counter@6 \n wait 100ms");
    assert!(stage.world.components().next().is_some_and(|component| component.waiting.is_some()));
    stage.play("end");
    let told = stage.told();
    assert!(told.contains("Interrupted"), "{told}");
    assert!(!stage.world.table().files.contains_key("counter@6.wasm"));
}
