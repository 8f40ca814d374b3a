//! Between text and messages: small ones at once, large ones aside, so that no other request waits behind one.

use std::sync::Arc;
use std::time::Instant;

use changeling_core::reason::CallError;
use tokio::sync::Semaphore;

/// What is larger goes aside, in bytes.
const LARGE: usize = 64 << 10;

/// Where large bodies are converted: at most as many at a time as there are cores. Clones share it.
#[derive(Clone)]
pub struct Convert(Arc<Semaphore>);

impl Convert {
    /// For the cores of this machine.
    pub fn new() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self(Arc::new(Semaphore::new(cores)))
    }

    /// Does `work` on so many bytes.
    ///
    /// # Errors
    /// Where its turn does not come before the deadline.
    pub async fn run<T: Send + 'static>(
        &self,
        bytes: usize,
        deadline: Instant,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, CallError> {
        if bytes <= LARGE {
            return Ok(work());
        }
        let turn = tokio::time::timeout_at(deadline.into(), self.0.clone().acquire_owned()).await;
        let turn = turn.map_err(|_| CallError::DeadlineExceeded)?.map_err(|_| CallError::Stopped)?;
        let aside = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            work()
        });
        aside.await.map_err(|e| match e.try_into_panic() {
            // As it would on this thread.
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => CallError::Stopped,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn a_large_one_waits_for_its_turn_within_its_deadline_and_a_small_one_does_not() {
        let convert = Convert(Arc::new(Semaphore::new(1)));
        let (go_on, wait) = channel::<()>();
        let soon = || Instant::now() + Duration::from_millis(20);
        let busy = tokio::spawn({
            let convert = convert.clone();
            async move { convert.run(LARGE + 1, soon(), move || wait.recv()).await }
        });
        while convert.0.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(convert.run(LARGE + 1, soon(), || ()).await, Err(CallError::DeadlineExceeded));
        assert_eq!(convert.run(LARGE, soon(), || 7).await, Ok(7));
        go_on.send(()).unwrap();
        assert!(busy.await.unwrap().unwrap().is_ok());
        assert_eq!(convert.run(LARGE + 1, soon() + Duration::from_secs(60), || 8).await, Ok(8));
    }
}
