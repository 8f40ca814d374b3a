//! What stands around every entry into a guest: a panic of the host under it ends that guest alone, and an act of its own
//! life has an end.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use changeling_core::reason::ExitReason;
use futures_util::FutureExt;

use crate::engine::instance::{AtStake, Fault, Instance, NotSaved};

/// The longest that a guest may take over an act of its own life (to start, to save, to change, to end), waits included.
/// A handler may wait for as long as it likes: its callers need not.
const LONGEST_ACT: Duration = Duration::from_secs(60);

/// As [`guarded`], and ended where it takes too long.
pub async fn bounded<T>(act: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
    ended_after(LONGEST_ACT, act).await
}

/// The same of a `save`, which may take as long as somebody has set.
pub async fn save(
    instance: &mut Instance,
    version: u32,
    at_stake: AtStake,
) -> Result<Result<Vec<u8>, NotSaved>, Fault> {
    let longest = instance.sandbox().limits.longest_save;
    ended_after(longest, instance.save(version, at_stake)).await
}

async fn ended_after<T>(longest: Duration, act: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
    tokio::time::timeout(longest, guarded(act))
        .await
        .unwrap_or_else(|_| Err(Fault::Dead(ExitReason::Limit(format!("time: it did not end within {longest:?}")))))
}

/// A panic of the host under a guest's call ends that guest alone.
pub async fn guarded<T>(act: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
    AssertUnwindSafe(act).catch_unwind().await.unwrap_or_else(|panic| {
        let words = panic.downcast_ref::<&str>().map(|s| (*s).to_owned());
        let words = words.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
        Err(Fault::Dead(ExitReason::Trap(format!("the host panicked: {words}; please report it"))))
    })
}

#[cfg(test)]
mod tests {
    use futures_executor::block_on;

    use super::*;

    #[test]
    fn a_panic_of_the_host_is_the_end_of_that_guest_in_its_words() {
        let act = async {
            let lost: Option<()> = std::hint::black_box(None);
            lost.expect("it is always there");
            Ok(())
        };
        let Err(Fault::Dead(ExitReason::Trap(words))) = block_on(guarded(act)) else { panic!("it goes on") };
        assert!(words.contains("the host panicked: it is always there"), "{words}");
    }
}
