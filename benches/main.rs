//! How fast it is, beside what could not be faster. `cargo bench` measures everything in one process and ends with one
//! table of ratios; without `--bench`, as `cargo test --benches` runs it, each measurement is made once, tiny.
//!
//! Each thing and its floor are measured in turn, sample by sample, so that what else the machine does falls on both.

mod births;
mod board;
#[expect(dead_code, reason = "the tests have more of them")]
#[path = "../tests/support/bomb.rs"]
mod bomb;
mod calls;
mod casts;
mod compiling;
mod floor;
#[path = "../tests/support/guests.rs"]
mod guests;
mod host;
#[expect(dead_code, reason = "its tests use all of it")]
#[path = "../tests/hostile/guest.rs"]
mod hostile;
mod memory;
mod messages;
mod neighbours;
mod preemption;
mod swaps;

use std::time::Duration;

use board::Board;
use criterion::Criterion;
use host::Host;

// As the host itself.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    let is_real = std::env::args().any(|arg| arg == "--bench");
    let only = std::env::args().skip(1).find(|arg| !arg.starts_with('-'));
    let is_wanted = |name: &str| only.as_ref().is_none_or(|only| name.contains(only.as_str()));
    let mut criterion = Criterion::default()
        .sample_size(30)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_millis(1_500))
        .configure_from_args();
    let mut board = Board::new();
    let host = Host::start();
    let group = |name: &str, bench: fn(&mut Criterion, &mut Board, &Host), criterion: &mut _, board: &mut _| {
        if is_wanted(name) {
            bench(criterion, board, &host);
        }
    };
    group("memory", memory::bench, &mut criterion, &mut board);
    group("calls", calls::bench, &mut criterion, &mut board);
    group("casts", casts::bench, &mut criterion, &mut board);
    group("messages", messages::bench, &mut criterion, &mut board);
    group("births", births::bench, &mut criterion, &mut board);
    if is_wanted("swaps") {
        swaps::bench(&mut board, &host, if is_real { &[1, 10, 1_000, 5_000] } else { &[1, 10] });
    }
    if is_wanted("preemption") {
        preemption::bench(&mut criterion, &mut board);
    }
    if is_wanted("neighbours") {
        let (rounds, span) = if is_real { (5, Duration::from_millis(500)) } else { (1, Duration::from_millis(5)) };
        neighbours::bench(&mut board, &host, rounds, span);
    }
    if is_wanted("compiling") {
        compiling::bench(&mut board, &host, is_real);
    }
    host.end();
    criterion.final_summary();
    if is_real {
        println!("\n{board}");
    }
}
