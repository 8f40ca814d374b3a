//! An actor with a clock, and with bad habits on request.

use std::time::{Duration, Instant};

use changeling_guest::prelude::*;
use timer::SelfView;

guest!(Ticker);

#[state(version = 1)]
#[derive(Debug, Default)]
struct Ticker {
    ticks: u64,
    every: Option<Duration>,
    next: Option<TimerRef>,
}

#[actor]
impl Lifecycle for Ticker {
    /// With arguments it ticks from the start, every so many milliseconds.
    fn init(start: Start) -> Result<Self, String> {
        log::info!("{} starts", start.address);
        let mut ticker = Self::default();
        if let Some(args) = start.args {
            let ms = args.parse().map_err(|why| format!("the arguments are milliseconds, not `{args}`: {why}"))?;
            ticker.every(ms);
        }
        Ok(ticker)
    }

    fn terminate(&mut self, reason: ExitReason) {
        log::info!(ticks = self.ticks; "{} ends: {reason}", process::me());
    }
}

#[actor]
impl Info for Ticker {
    fn handle_info(&mut self, message: Message) {
        let Message::Timer(timer) = message else { return };
        log::debug!(token = timer.token.as_str(); "tick");
        self.ticks += 1;
        if self.next == Some(timer.timer()) {
            self.next = self.every.map(|every| process::send_after(every, "every"));
        }
    }
}

#[actor]
impl Status for Ticker {
    fn view(&self) -> String {
        format!("{{\"ticks\":{},\"ticking\":{}}}", self.ticks, self.every.is_some())
    }
}

#[actor]
impl timer::Guest for Ticker {
    fn every(&mut self, ms: u64) {
        self.cancel();
        let every = Duration::from_millis(ms.max(1));
        self.every = Some(every);
        self.next = Some(process::send_after(every, "every"));
    }

    fn once(&mut self, ms: u64) {
        process::send_after(Duration::from_millis(ms), "once");
    }

    fn cancel(&mut self) -> bool {
        self.every = None;
        self.next.take().is_some_and(TimerRef::cancel)
    }

    fn ticks(&self) -> u64 {
        self.ticks
    }

    fn look(&self) -> SelfView {
        SelfView {
            address: process::me(),
            label: process::label(),
            sender: process::sender(),
            deadline: process::deadline().map(|left| left.as_millis() as u64),
        }
    }

    fn variable(&self, name: String) -> Option<String> {
        std::env::var(name).ok()
    }

    fn leave(&mut self, reason: Option<String>) -> String {
        process::exit(reason.map_or(ExitReason::Normal, ExitReason::Error));
        "goodbye".to_owned()
    }

    fn boom(&mut self) -> u64 {
        panic!("boom, after {} ticks", self.ticks)
    }

    fn spin(&mut self) -> u64 {
        loop {
            self.ticks = std::hint::black_box(self.ticks);
        }
    }

    fn grow(&mut self) -> u64 {
        let mut blocks = Vec::new();
        loop {
            blocks.push(std::hint::black_box(vec![1_u8; 1 << 20]));
        }
    }

    fn slow(&mut self, ms: u64) -> u64 {
        let (begin, mut looks) = (Instant::now(), 0);
        while begin.elapsed() < Duration::from_millis(ms) {
            looks += 1;
        }
        looks
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_until_it_is_told_not_to() {
        let host = testing::host("ticker");
        let mut ticker = Ticker::init(host.start()).unwrap();
        ticker.every(100);
        for _ in 0..3 {
            for message in host.advance(Duration::from_millis(100)) {
                ticker.handle_info(message);
            }
        }
        assert_eq!(ticker.ticks(), 3);
        assert!(ticker.cancel());
        assert!(host.timers().is_empty());
    }

    #[test]
    fn begins_ticking_by_its_arguments() {
        let host = testing::host("ticker");
        let start = |args: &str| Start { args: Some(args.to_owned()), ..host.start() };
        assert!(Ticker::init(start("soon")).is_err());
        let ticker = Ticker::init(start("250")).unwrap();
        assert_eq!(host.timers(), [(Duration::from_millis(250), "every".to_owned())]);
        assert_eq!(ticker.ticks(), 0);
    }

    #[test]
    fn keeps_its_timer_across_a_code_change() {
        let host = testing::host("ticker");
        let mut ticker = Ticker::default();
        ticker.every(100);
        let mut ticker: Ticker = code_change(ticker);
        assert!(ticker.cancel());
        assert!(host.timers().is_empty());
    }

    #[test]
    fn leaves_for_a_reason() {
        let host = testing::host("ticker");
        Ticker::default().leave(Some("no more time".into()));
        assert_eq!(host.exit_reason(), Some(ExitReason::Error("no more time".into())));
    }
}
