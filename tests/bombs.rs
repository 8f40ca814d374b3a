//! Components that attack whoever compiles them: each is taken, or refused in words, while others are served; and a compiler
//! never outlives its host.

use std::cell::Cell;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{BINARY, Host, bomb, bytes, lives};

/// Enough for every honest guest of these tests, and little for one that is not.
const LITTLE: &str = "[host]\ncompile-cpu = \"6s\"\ncompile-memory = \"512MiB\"\n";

/// What comes of one.
#[derive(Debug, Clone, Copy)]
enum End {
    /// It is compiled, and answers.
    Taken,
    /// It is refused, in these words.
    Refused(&'static str),
    /// The one or the other, as fast as the machine is: where it is refused, for what it takes.
    Decided,
}

use End::{Decided, Refused, Taken};

type Bomb = (&'static str, fn() -> Vec<u8>, End);

/// Those that are over soon, with little CPU and memory to be had.
const QUICK: &[Bomb] = &[
    ("250 loops in each other, 250 values", || bomb::loops(250, 250), Decided),
    ("3,000 loops in each other, 3,000 values", || bomb::loops(3_000, 3_000), Refused("it took more than")),
    (
        "500 loops in each other, and a wrong function",
        || bomb::wrong_at_its_end(500, 500),
        Refused("no valid component"),
    ),
    ("a function of 10,000 operations", || bomb::long_function(10_000, 100, 10), Taken),
    ("20,000 functions", || bomb::many_functions(20_000), Taken),
    ("50,000 locals in each of 200 functions", || bomb::many_locals(200, 50_000), Taken),
    ("a jump with 500,000 targets", || bomb::jump_table(500_000), Refused("targets")),
    ("5,000 blocks in each other", || bomb::blocks(5_000), Taken),
    ("100 memories, 100 tables, 10,000 globals", || bomb::many_of_each(10_000), Refused("memory count too high")),
    ("40 memories of 4 GiB", || bomb::huge_memories(40), Refused("memory count too high")),
    ("60 MiB of data", || bomb::data(60), Taken),
    ("data 16 MiB apart in 50 modules", || bomb::sparse_data(50), Taken),
    ("20 MiB that nobody reads", || bomb::custom_section(20), Taken),
    ("a million sections", || bomb::custom_sections(1_000_000), Refused("more than 100000 sections")),
    ("100,000 components in each other", || bomb::nested_components(100_000), Refused("more than 100 deep")),
    ("50 components in each other", || bomb::nested_components(50), Refused("nothing callable")),
    ("900 modules", || bomb::many_modules(900), Refused("instance count too high")),
    ("lists of lists, 101 deep", || bomb::deep_type(101), Refused("no valid component")),
    ("pairs of pairs, 30 deep", || bomb::exponential_type(30), Refused("no valid component")),
    ("pairs of pairs, 18 deep", || bomb::exponential_type(18), Refused("the function take cannot be called")),
    ("4,000 functions to call", || bomb::long_names(10, 3_999), Taken),
    ("4,001 functions to call", || bomb::long_names(10, 4_000), Refused("4000 functions")),
    ("a name of 50,000 bytes in 2,000 functions", || bomb::long_names(50_000, 2_000), Refused("kept in mind")),
    ("a type of 512 parts in 400 functions", || bomb::broad_functions(400), Refused("kept in mind")),
    ("20,000 imports", || bomb::many_imports(20_000), Refused("more than 1000")),
    ("2,000 strings in another encoding", || bomb::adapters(2_000), Taken),
];

/// Those that take as much as they can get.
const LONG: &[Bomb] = &[
    ("300 loops in each other, 300 values", || bomb::loops(300, 300), Decided),
    ("1,000 loops in each other, 1,000 values", || bomb::loops(1_000, 1_000), Refused("it took more than")),
    ("a function of 30,000 operations", || bomb::long_function(30_000, 500, 20), Decided),
    ("a function of 10,000 operations on 2,000 values", || bomb::long_function(10_000, 2_000, 1_000_000), Decided),
    ("a function of 100,000 operations", || bomb::long_function(100_000, 1_000, 1_000), Decided),
    ("200,000 functions", || bomb::many_functions(200_000), Decided),
    ("50,000 locals in each of 5,000 functions", || bomb::many_locals(5_000, 50_000), Decided),
    ("20,000 blocks in each other", || bomb::blocks(20_000), Decided),
    ("100 memories, 100 tables, 200,000 globals", || bomb::many_of_each(200_000), Refused("memory count too high")),
    ("data 16 MiB apart in 900 modules", || bomb::sparse_data(900), Decided),
    ("60 MiB that nobody reads", || bomb::custom_section(60), Taken),
    ("9,000 strings in another encoding", || bomb::adapters(9_000), Taken),
];

#[test]
fn bombs_are_taken_or_refused_in_words_and_whoever_calls_meanwhile_is_answered() {
    let host = Host::with_manifest(LITTLE);
    all_of(QUICK, &host);
}

#[test]
#[ignore = "long: every bomb with all that a compiler may take, some minutes"]
fn every_bomb_in_full() {
    let host = Host::start();
    all_of(QUICK, &host);
    all_of(LONG, &host);
}

/// Offers one after the other, while a neighbour is called without a pause.
fn all_of(bombs: &[Bomb], host: &Host) {
    if host.last_receipt("counter") == 0 {
        host.drop_in("counter", "counter-v1").settled();
    }
    let load = host.load(2, "counter", "increment", json!([1]));
    let mut failed = Vec::new();
    for (n, (name, bytes, end)) in bombs.iter().enumerate() {
        let bytes = bytes();
        let begin = Instant::now();
        let component = format!("bomb-{}-{n}", bombs.len());
        let receipt = offer(host, &component, &bytes);
        let outcome = receipt["outcome"].as_str().unwrap_or("not taken");
        let is_slower = receipt["findings"].to_string().contains("compiled by the fast tier");
        let fits = match end {
            Taken => outcome == "settled",
            Refused(words) => outcome != "settled" && receipt.to_string().contains(words),
            Decided => outcome == "settled" || receipt.to_string().contains("it took more than"),
        };
        let words = receipt["detail"].as_str().or(receipt["refusals"][0]["words"].as_str()).unwrap_or_default();
        eprintln!(
            "| {name} | {} | {outcome}{} | {:.1?} | {} MiB | {words:.200}",
            bytes.len(),
            if is_slower { " by the fast tier" } else { "" },
            begin.elapsed(),
            host.resident() >> 20,
        );
        if !fits {
            failed.push(format!("{name} was to be {end:?}: {:.500}", receipt.to_string()));
        }
        if outcome == "settled" {
            assert_eq!(host.call(&component, "answer", json!([])), json!(bomb::ANSWER), "{name}");
            assert_eq!(host.ask("DELETE", &format!("/v1/components/{component}")).status, 204, "{name}");
        }
    }
    assert!(load.end() > 0);
    assert_eq!(failed, Vec::<String>::new());
    assert_eq!(host.compilers(), Vec::<u32>::new());
}

/// The receipt, or the problem where there is none.
fn offer(host: &Host, component: &str, bytes: &[u8]) -> Value {
    let last = host.last_receipt(component);
    let begun = host.deploy(component, bytes);
    if begun.status != 202 {
        return begun.body;
    }
    loop {
        let found = host.get(&format!("/v1/upgrades?component={component}&after={last}&wait=30s"));
        if found.body["upgrades"][0].is_object() {
            return found.body["upgrades"][0].clone();
        }
    }
}

/// A host with something to compile that takes all it may, and its compiler.
fn at_it() -> (Host, u32) {
    let host = Host::start();
    host.drop_in("counter", "counter-v1").settled();
    assert_eq!(host.deploy("bomb", &bomb::loops(2_000, 2_000)).status, 202);
    host.until("it compiles", |host| !host.compilers().is_empty());
    let compiler = host.compilers()[0];
    (host, compiler)
}

#[track_caller]
fn is_gone(compiler: u32) {
    let until = Instant::now() + Duration::from_secs(10);
    while lives(compiler) {
        assert!(Instant::now() < until, "the compiler {compiler} outlives its host");
        std::thread::yield_now();
    }
}

#[test]
fn a_compiler_ends_with_its_host_when_that_is_killed() {
    let (mut host, compiler) = at_it();
    host.kill();
    is_gone(compiler);
}

#[test]
fn a_host_that_compiles_ends_in_order_and_at_once() {
    let (mut host, compiler) = at_it();
    assert_eq!(host.call("counter", "increment", json!([5])), json!(5));
    let begin = Instant::now();
    host.interrupt();
    assert!(begin.elapsed() < Duration::from_secs(20), "{:?}", begin.elapsed());
    is_gone(compiler);
    host.start_again();
    assert_eq!(host.call("counter", "increment", json!([1])), json!(6));
}

/// ^C on a terminal goes to all processes of a group.
#[test]
fn a_compiler_does_not_hear_what_is_said_to_its_host() {
    let (host, compiler) = at_it();
    let group = || {
        let stat = std::fs::read_to_string(format!("/proc/{compiler}/stat")).expect("it compiles");
        stat.rsplit(')').next().and_then(|rest| rest.split_whitespace().nth(2)?.parse::<u32>().ok())
    };
    host.until("it has a group of its own", |_| group() == Some(compiler));
}

#[test]
fn versions_are_compiled_one_at_a_time() {
    let host = Host::with_manifest(LITTLE);
    for n in 0..4 {
        let bytes = bomb::marked(bomb::long_function(3_000, 100, 100), n);
        assert_eq!(host.deploy(&format!("bomb-{n}"), &bytes).status, 202);
    }
    let most = Cell::new(0);
    host.until("all are compiled", |host| {
        most.set(most.get().max(host.compilers().len()));
        (0..4).all(|n| host.last_receipt(&format!("bomb-{n}")) > 0)
    });
    assert_eq!(most.get(), 1);
}

/// The child itself, with a host that is this test unless another is named.
fn child(host: Option<u32>, component: &[u8], fault: &str) -> (Option<i32>, Vec<u8>, String) {
    let host = host.unwrap_or_else(std::process::id).to_string();
    let mut command = Command::new(BINARY);
    command.args(["compile-child", "good", "30", "4294967296", &host]).env("CHANGELING_FAULT_COMPILER", fault);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("it starts");
    // It may not care.
    _ = std::io::Write::write_all(&mut child.stdin.take().expect("a pipe"), component);
    let output = child.wait_with_output().expect("it ends");
    (output.status.code(), output.stdout, String::from_utf8(output.stderr).expect("a text"))
}

#[test]
fn a_compiler_that_panics_says_so_without_saying_where_it_was_built() {
    let (code, compiled, words) = child(None, &bomb::data(0), "panic");
    assert_eq!((code, compiled.len(), words.as_str()), (Some(101), 0, "the compiler panicked: as it was asked to\n"));
}

#[test]
fn a_compiler_whose_host_has_gone_before_it_begins_does_not_begin() {
    let (code, compiled, words) = child(None, &bomb::data(0), "");
    assert!(code == Some(0) && !compiled.is_empty(), "{code:?}: {words}");
    let (code, compiled, words) = child(Some(1), &bomb::data(0), "");
    assert_eq!((code, compiled.len()), (Some(1), 0));
    assert!(words.contains("the host that wanted it compiled has gone"), "{words}");
}

#[test]
fn more_may_be_given_to_the_compiler_while_the_host_runs() {
    let host = Host::with_manifest("[host]\ncompile-cpu = \"3s\"\n");
    let slow = bomb::loops(250, 250);
    let refused = offer(&host, "bomb", &slow).to_string();
    assert!(
        refused.contains("more than 2 s of CPU to compile, and with the fast tier more than 1 s of CPU"),
        "{refused}"
    );
    host.write_file("changeling.toml", b"[host]\ncompile-cpu = \"10m\"\n");
    host.wait_for_log("[host] compile-cpu");
    assert_eq!(offer(&host, "bomb", &slow)["outcome"], "settled");
    assert_eq!(host.call("bomb", "answer", json!([])), json!(bomb::ANSWER));
}

#[test]
fn what_the_good_tier_gives_up_is_compiled_by_the_fast_one_swapped_and_kept() {
    let mut host = Host::with_fault("", "CHANGELING_FAULT_COMPILER", "good");
    for (version, total) in [("counter-v1", 5), ("counter-v2", 10)] {
        let receipt = offer(&host, "counter", &bytes(version));
        assert_eq!(receipt["outcome"], "settled", "{receipt}");
        assert!(receipt["findings"].to_string().contains("compiled by the fast tier, and runs slower"), "{receipt}");
        assert_eq!(host.call("counter", "increment", json!([5])), json!(total));
    }
    host.interrupt();
    let compilations = |host: &Host| {
        let (begin, rest) = (host.first_lines(), host.log_so_far());
        begin.iter().chain(&rest).filter(|line| line.contains("the good tier takes more than")).count()
    };
    assert_eq!(compilations(&host), 2);
    host.start_again();
    assert_eq!(host.call("counter", "increment", json!([5])), json!(15));
    host.interrupt();
    assert_eq!(compilations(&host), 0, "it was compiled again");
}

/// The fast tier is about twice as fast: somewhere lies what is too much for the good one and not for it.
#[test]
#[ignore = "long: a minute or two, until the good tier takes too much and the fast one does not"]
fn what_is_too_much_for_the_good_tier_runs_by_the_fast_one_and_its_code_is_kept() {
    let mut host = Host::start();
    let half = (2..30_u8).find(|half| {
        host.write_file("changeling.toml", format!("[host]\ncompile-cpu = \"{}s\"\n", 2 * half).as_bytes());
        host.wait_for_log("[host] compile-cpu");
        let receipt = offer(&host, "bomb", &bomb::marked(bomb::long_function(30_000, 500, 20), *half));
        receipt["findings"].to_string().contains("compiled by the fast tier, and runs slower")
    });
    let half = half.expect("no time is between the two");
    assert_eq!(host.call("bomb", "answer", json!([])), json!(bomb::ANSWER));
    host.interrupt();
    let begin = Instant::now();
    host.start_again();
    assert_eq!(host.call("bomb", "answer", json!([])), json!(bomb::ANSWER));
    assert!(begin.elapsed() < Duration::from_secs(half.into()), "it was compiled again, for {:?}", begin.elapsed());
}
