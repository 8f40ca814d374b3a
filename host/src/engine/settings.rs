//! wasmtime as we use it. The host and the compile child build their engine here and nowhere else, so that what the one
//! compiles the other loads. Measured choices: `docs/decisions/engine.md`.

use std::time::Duration;

use wasmtime::{Config, Engine, OptLevel, Strategy, WasmFeatures};

/// How often running guests are asked to let others run; also the unit in which their CPU time is counted.
pub const TICK: Duration = Duration::from_micros(500);

/// Stack that a guest may use; the rest of the fiber's stack is for the host functions that it calls.
const GUEST_STACK: usize = 512 << 10;
const FIBER_STACK: usize = 1 << 20;

/// What a component may be written in; all that is not named here is refused. The pre-scan and the compiler take the same.
pub const FEATURES: WasmFeatures = WasmFeatures::WASM3
    .union(WasmFeatures::COMPONENT_MODEL)
    // Not built in: fewer parts to be attacked.
    .difference(WasmFeatures::GC_TYPES)
    .difference(WasmFeatures::EXCEPTIONS)
    .difference(WasmFeatures::THREADS)
    // Nobody's guests use them yet, or they are not the same on every machine.
    .difference(WasmFeatures::MEMORY64)
    .difference(WasmFeatures::TAIL_CALL)
    .difference(WasmFeatures::RELAXED_SIMD);

/// How much pains the compiler takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tier {
    /// Good code.
    Good,
    /// Slower code, in half of the time or less. It runs in the same engine.
    Fast,
}

/// The engine of this process. There must be no second one that loads code.
///
/// # Errors
/// Where the machine cannot run what we compile.
pub fn engine() -> wasmtime::Result<Engine> {
    compiler(Tier::Good)
}

/// An engine to compile with, and for nothing else.
///
/// # Errors
/// Where the machine cannot run what we compile.
pub fn compiler(tier: Tier) -> wasmtime::Result<Engine> {
    Engine::new(&config(tier))
}

/// All settings, of which [`engine`] and [`compiler`] are made: for whoever measures what one of them costs.
pub fn config(tier: Tier) -> Config {
    let mut config = Config::new();
    config
        .strategy(Strategy::Cranelift)
        // Registers are allocated in the same way by both. Another way would be far faster, but wasmtime promises nothing
        // for it, and just the hostile would be compiled by it.
        .cranelift_opt_level(match tier {
            Tier::Good => OptLevel::Speed,
            Tier::Fast => OptLevel::None,
        })
        // Equal inputs give equal states on every machine.
        .cranelift_nan_canonicalization(true)
        .epoch_interruption(true)
        .concurrency_support(false)
        .max_wasm_stack(GUEST_STACK)
        .async_stack_size(FIBER_STACK)
        .wasm_backtrace_max_frames(std::num::NonZeroUsize::new(16))
        .wasm_backtrace_details(wasmtime::WasmBacktraceDetails::Disable)
        .memory_may_move(false)
        // Initial data is copied when an instance is made. Mapped copy-on-write, its pages are copied in the pause of a
        // switch instead, each with a flush on every core: half as long again. See docs/figures.md.
        .memory_init_cow(false)
        // Tier 2 of wasmtime's promises.
        .shared_memory(false)
        .wasm_features(WasmFeatures::all(), false)
        // Several memories are among them: what passes values between the parts of a component made of several reads one
        // memory and writes another.
        .wasm_features(FEATURES, true);
    config
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    /// Says that the test is run once more, by itself, in an environment that asks for backtraces.
    const AGAIN: &str = "CHANGELING_TEST_AGAIN";

    #[test]
    fn an_error_walks_no_stack_of_the_host_whatever_the_environment_says() {
        if std::env::var_os(AGAIN).is_some() {
            return println!("it says: {:?}", wasmtime::Error::msg("no"));
        }
        let name = std::thread::current().name().unwrap().to_owned();
        let again = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", &name, "--nocapture"])
            .envs([(AGAIN, "1"), ("RUST_BACKTRACE", "1")])
            .output();
        let said = String::from_utf8(again.unwrap().stdout).unwrap();
        assert!(said.contains("it says: no") && !said.contains("acktrace"), "{said}");
    }
}
