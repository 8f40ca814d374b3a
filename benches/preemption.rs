//! What it costs a guest that it can be interrupted: by epochs, as the host does it, and by fuel; beside one that nobody can
//! interrupt. Calls that recurse, and loops over memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use changeling::engine::settings::{self, TICK, Tier};
use criterion::Criterion;
use futures_executor::block_on;
use wasmtime::{Engine, Instance, Module, Store, TypedFunc, UpdateDeadline};

use crate::board::{Board, Floor, timed};

/// Both give back what their argument is to lead to.
const WORK: &str = r#"(module
  (memory 2)
  (func $fib (export "fib") (param $n i32) (result i32)
    (if (result i32) (i32.lt_u (local.get $n) (i32.const 2))
      (then (local.get $n))
      (else (i32.add
        (call $fib (i32.sub (local.get $n) (i32.const 1)))
        (call $fib (i32.sub (local.get $n) (i32.const 2)))))))
  (func (export "sieve") (param $n i32) (result i32)
    (local $i i32) (local $j i32) (local $primes i32)
    (memory.fill (i32.const 0) (i32.const 1) (local.get $n))
    (local.set $i (i32.const 2))
    (loop $next
      (if (i32.load8_u (local.get $i))
        (then
          (local.set $primes (i32.add (local.get $primes) (i32.const 1)))
          (local.set $j (i32.add (local.get $i) (local.get $i)))
          (block $struck
            (loop $strike
              (br_if $struck (i32.ge_u (local.get $j) (local.get $n)))
              (i32.store8 (local.get $j) (i32.const 0))
              (local.set $j (i32.add (local.get $j) (local.get $i)))
              (br $strike)))))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $i) (local.get $n))))
    (local.get $primes)))"#;
/// What is computed, of what, and what it is.
const WORKS: [(&str, i32, i32); 2] = [("fib", 22, 17_711), ("sieve", 100_000, 9_592)];
/// About as much as a guest does in a tick.
const FUEL_OF_A_TICK: u64 = 1_000_000;

/// Measures them.
pub fn bench(criterion: &mut Criterion, board: &mut Board) {
    for (name, of, is) in WORKS {
        for (how, by) in [("epochs", By::Epochs), ("fuel", By::Fuel)] {
            let (mut floor, mut subject) = (Guest::of(By::Nothing, name), Guest::of(by, name));
            assert_eq!((floor.call(of), subject.call(of)), (is, is));
            board.beside(
                criterion,
                ("preemption", &format!("{name}, interrupted by {how}")),
                Floor { name: "without", target: None },
                |times| timed(times, || _ = floor.call(of)),
                |times| timed(times, || _ = subject.call(of)),
            );
        }
    }
}

/// What interrupts it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum By {
    Epochs,
    Fuel,
    Nothing,
}

struct Guest {
    store: Store<()>,
    work: TypedFunc<i32, i32>,
    over: Arc<AtomicBool>,
}

impl Guest {
    fn of(by: By, name: &str) -> Self {
        let mut config = settings::config(Tier::Good);
        config.epoch_interruption(by == By::Epochs).consume_fuel(by == By::Fuel);
        let engine = Engine::new(&config).expect("the host's own settings, but for one");
        let module = Module::new(&engine, wat::parse_str(WORK).expect("it is well-formed")).expect("it compiles");
        let mut store = Store::new(&engine, ());
        if by == By::Fuel {
            store.set_fuel(u64::MAX).expect("it takes fuel");
            store.fuel_async_yield_interval(Some(FUEL_OF_A_TICK)).expect("it takes fuel");
        }
        store.epoch_deadline_callback(|_| Ok(UpdateDeadline::Yield(1)));
        let instance = block_on(Instance::new_async(&mut store, &module, &[])).expect("an instance");
        let work = instance.get_typed_func(&mut store, name).expect("it has that type");
        let over = Arc::new(AtomicBool::new(false));
        let stopped = over.clone();
        std::thread::spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                std::thread::sleep(TICK);
                engine.increment_epoch();
            }
        });
        Self { store, work, over }
    }

    fn call(&mut self, of: i32) -> i32 {
        self.store.set_epoch_deadline(1);
        block_on(self.work.call_async(&mut self.store, of)).expect("it answers")
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
    }
}
