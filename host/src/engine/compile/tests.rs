//! Compilers that are none: what is made of whatever a child may do.

use std::time::Instant;

use super::*;

/// A compiler that does this, in the shell's words.
struct Script(tempfile::TempDir);

impl Script {
    fn that(does: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        // Written by another process: a file that is open for writing here is open in every child of another test too, and
        // would be no program as long as that begins.
        let write = r#"printf '#!/bin/sh\n%s\n' "$2" > "$1" && chmod 700 "$1""#;
        let written = Command::new("sh").args(["-c", write, "sh"]).arg(dir.path().join("compiler")).arg(does).status();
        assert!(written.unwrap().success());
        Self(dir)
    }

    fn compiles(&self, component: &[u8], wall: Duration) -> Result<Vec<u8>, Failure> {
        let attempt = Attempt { wall, code: 1 << 20, ..Bounds::default().attempt(Tier::Good) };
        attempt.run(&self.0.path().join("compiler"), component)
    }
}

const SOON: Duration = Duration::from_secs(60);

/// Whom a compiler that does this is refused for, and in which words.
#[track_caller]
fn refused(does: &str) -> (Cause, String) {
    match Script::that(does).compiles(b"component", SOON) {
        Err(Failure::Refused(refusal)) => (refusal.cause, refusal.words),
        other => panic!("{does}: {other:?}"),
    }
}

#[test]
fn what_it_writes_is_the_code_and_its_words_are_nobodys_business() {
    let code = Script::that("cat; echo how strange >&2").compiles(b"component", SOON).unwrap();
    assert_eq!(code, b"component");
}

#[test]
fn its_end_says_whether_the_bytes_are_to_blame() {
    for (does, cause, words) in [
        ("echo it is wrong >&2; exit 3", Cause::Bytes, "it is wrong"),
        ("echo the compiler panicked: so >&2; exit 101", Cause::Bytes, "the compiler panicked: so"),
        ("kill -SEGV $$", Cause::Bytes, "the compiler died of signal 11: it said nothing"),
        ("echo no limits here >&2; exit 1", Cause::Machine, "no limits here"),
        ("kill -KILL $$", Cause::Machine, "killed from outside"),
        ("kill -USR1 $$", Cause::Machine, "by signal 10"),
        ("kill -TERM $$", Cause::Machine, "by signal 15"),
    ] {
        let told = refused(does);
        assert!(told.0 == cause && told.1.contains(words), "{does}: {told:?}");
    }
    let told = Bounds::default().attempt(Tier::Good).run("/no/such/compiler".as_ref(), b"");
    assert!(matches!(told, Err(Failure::Refused(Refusal { cause: Cause::Machine, .. }))), "{told:?}");
}

#[test]
fn what_is_past_a_limit_is_for_the_other_tier_to_try() {
    for (does, past) in [
        ("kill -XCPU $$", "30 s of CPU"),
        ("echo memory allocation of 8 bytes failed >&2; kill -ABRT $$", "2048 MiB of memory"),
        ("exit 4", "2048 MiB of memory"),
    ] {
        match Script::that(does).compiles(b"component", SOON) {
            Err(Failure::Past(limit)) => assert_eq!(limit, past),
            other => panic!("{does}: {other:?}"),
        }
    }
}

/// A compiler whose good tier does this, and whose fast one that.
fn tiers(good: &str, fast: &str) -> Result<Compiled, Refusal> {
    let script = Script::that(&format!("if [ $2 = good ]; then {good}; else {fast}; fi"));
    compile(&script.0.path().join("compiler"), b"component", Bounds::default())
}

#[test]
fn the_fast_tier_is_for_what_the_good_one_took_too_much_for_and_for_nothing_else() {
    let good = tiers("cat", "exit 3").unwrap();
    assert_eq!((good.tier, Bounds::default().remark(good.tier)), (Tier::Good, None));
    for past in ["kill -XCPU $$", "exit 4"] {
        let fast = tiers(past, "cat").unwrap();
        assert_eq!((fast.tier, &fast.code[..]), (Tier::Fast, &b"component"[..]));
        assert!(Bounds::default().remark(fast.tier).unwrap().contains("more than 30 s of CPU or 2048 MiB of memory"));
    }
    let refused = tiers("echo it is wrong >&2; exit 3", "cat").unwrap_err();
    assert_eq!((refused.cause, refused.words.as_str()), (Cause::Bytes, "it is wrong"));
    let refused = tiers("kill -XCPU $$", "exit 4").unwrap_err();
    assert_eq!(refused.cause, Cause::Surroundings, "the bounds can be raised");
    let words = "it took more than 30 s of CPU to compile, and with the fast tier more than 2048 MiB of memory;";
    assert!(refused.words.starts_with(words), "{}", refused.words);
}

/// A component with one function that nobody can call: `(core module (func (result i32) (i32.const 42)))`.
#[test]
fn what_either_tier_makes_is_for_the_engine_of_the_host() {
    let engine = crate::engine::Engine::new(crate::engine::room::Room::new(1, 1 << 20)).unwrap();
    let module = b"\0asm\x01\0\0\0\x01\x05\x01\x60\0\x01\x7f\x03\x02\x01\0\x0a\x06\x01\x04\0\x41\x2a\x0b";
    let component = [&b"\0asm\x0d\0\x01\0\x01"[..], &[u8::try_from(module.len()).unwrap()], module].concat();
    for tier in [Tier::Good, Tier::Fast] {
        let compiler = crate::engine::settings::compiler(tier).unwrap();
        let code = compiler.precompile_component(&component).unwrap();
        assert!(engine.adopt(&code).is_ok(), "{tier:?}");
    }
}

#[test]
fn a_flood_of_words_or_of_code_is_cut_off() {
    let (cause, words) = refused("yes please | head -c 10000000 >&2; exit 3");
    assert!(cause == Cause::Bytes && words.len() < 2 * MAX_WORDS, "{} bytes", words.len());
    let told = refused("exec yes");
    assert_eq!(told, (Cause::Bytes, "its code would be larger than 1 MiB".into()));
    let told = refused("exec yes >&2");
    assert!(told.1.len() < 2 * MAX_WORDS, "{told:?}");
}

#[test]
fn one_that_neither_works_nor_ends_is_given_up() {
    let component = vec![0; 1 << 20];
    for does in ["exec sleep 600", "exec 0<&-; exec sleep 600", "kill -STOP $$"] {
        let begin = Instant::now();
        match Script::that(does).compiles(&component, Duration::from_millis(200)) {
            Err(Failure::Refused(Refusal { cause: Cause::Surroundings, words, .. })) => {
                assert!(words.contains("did not end within 200ms"), "{words}");
            }
            other => panic!("{does}: {other:?}"),
        }
        assert!(begin.elapsed() < SOON);
    }
}

#[test]
fn both_tiers_together_keep_to_the_bounds_and_each_has_some() {
    for seconds in [0, 3, 4, 5, 60, 3_600] {
        let bounds = Bounds { cpu: Duration::from_secs(seconds), memory: 0 };
        let (good, fast) = (bounds.attempt(Tier::Good), bounds.attempt(Tier::Fast));
        assert_eq!(good.cpu + fast.cpu, seconds.max(3));
        assert!(good.cpu >= fast.cpu && fast.cpu > 0 && good.memory == LEAST_MEMORY);
    }
}

#[test]
fn what_a_tier_made_stands_for_what_it_would_make_now() {
    let (some, more) = (Bounds::default(), Bounds { cpu: Duration::from_secs(90), ..Bounds::default() });
    assert_eq!(some.key(Tier::Good), more.key(Tier::Good));
    assert_ne!(some.key(Tier::Fast), more.key(Tier::Fast));
    assert_ne!(some.key(Tier::Fast), Bounds { memory: 1 << 30, ..some }.key(Tier::Fast));
    assert_ne!(some.key(Tier::Fast), some.key(Tier::Good));
}
