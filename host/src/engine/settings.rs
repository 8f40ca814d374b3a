//! wasmtime as we use it. The host and the compile child build their engine here and nowhere else, so that what the one
//! compiles the other loads. Measured choices: `docs/decisions/engine.md`.

use std::time::Duration;

use wasmtime::{Config, Engine, OptLevel, Strategy};

/// How often running guests are asked to let others run; also the unit in which their CPU time is counted.
pub const TICK: Duration = Duration::from_micros(500);

/// Stack that a guest may use; the rest of the fiber's stack is for the host functions that it calls.
const GUEST_STACK: usize = 512 << 10;
const FIBER_STACK: usize = 1 << 20;

/// The engine of this process. There must be no second one that loads code.
///
/// # Errors
/// Where the machine cannot run what we compile.
pub fn engine() -> wasmtime::Result<Engine> {
    Engine::new(&config())
}

fn config() -> Config {
    let mut config = Config::new();
    config
        .strategy(Strategy::Cranelift)
        .cranelift_opt_level(OptLevel::Speed)
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
        // A component made of several: what passes values between them reads one memory and writes another.
        .wasm_multi_memory(true)
        // Tier 2 of wasmtime's promises, or unfinished by its own documentation: a smaller surface.
        .shared_memory(false)
        .wasm_memory64(false)
        .wasm_tail_call(false)
        .wasm_relaxed_simd(false)
        .wasm_custom_page_sizes(false)
        .wasm_wide_arithmetic(false);
    config
}
