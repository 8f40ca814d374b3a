//! The command line.

use std::process::ExitCode;

use changeling::{cli, engine};

// Gives memory back to the system by itself once actors are gone, where the system's allocator keeps it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    // Before anything else: the child limits itself as its first act.
    if args.next().as_deref() == Some(engine::compile::VERB) {
        return match engine::compile::child::run(&args.collect::<Vec<_>>()) {
            Ok(()) => ExitCode::SUCCESS,
            Err(fault) => {
                eprintln!("{}", fault.words);
                ExitCode::from(fault.code)
            }
        };
    }
    cli::main()
}
