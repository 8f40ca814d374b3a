//! Every point at which a standard run changes something on disk, and a fault at any of them.

use std::path::Path;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use tempfile::TempDir;

use super::{Brittle, Told, copy, is_of_the_disk, stage};

/// How many points each life of the standard run has, and the folders that they begin with.
pub struct Points {
    first: TempDir,
    second: (TempDir, Told),
    /// The points of each life, as the host names them.
    of: [Vec<String>; 2],
}

impl Points {
    /// Counted once.
    pub fn of_the_standard_run() -> &'static Self {
        static POINTS: OnceLock<Points> = OnceLock::new();
        POINTS.get_or_init(Self::count)
    }

    fn count() -> Self {
        let first = stage();
        let ran = copy(first.path());
        let mut told = Told::default();
        let begin = live(ran.path(), "count", &mut told, 1);
        let second = (copy(ran.path()), told.clone());
        let end = live(ran.path(), "count", &mut told, 2);
        told.holds(ran.path());
        Self { first, second, of: [begin, end] }
    }

    /// `KIND@N` for every N of both lives, `life:fault`; with `from`, from the N-th on.
    pub fn faults(&self, kinds: &[&str]) -> Vec<String> {
        let each = |(life, points): (usize, &Vec<String>)| {
            let count = points.len();
            let of_life = move |kind: &&str| {
                let (kind, from) = kind.strip_suffix('-').map_or((*kind, ""), |kind| (kind, "-"));
                (1..=count).map(|n| format!("{}:{kind}@{n}{from}", life + 1)).collect::<Vec<_>>()
            };
            kinds.iter().flat_map(of_life).collect::<Vec<_>>()
        };
        self.of.iter().enumerate().flat_map(each).collect()
    }

    /// One run with one fault in one of its lives, and the life after it. Whether the fault met anything: runs differ by a
    /// few points.
    pub fn run(&self, fault: &str) -> bool {
        let (life, fault) = fault.split_once(':').expect("life:fault");
        let (from, mut told, life) = match life {
            "1" => (&self.first, Told::default(), 1),
            _ => (&self.second.0, self.second.1.clone(), 2),
        };
        let dir = copy(from.path());
        told.with_faults(!fault.starts_with("kill"));
        let met = live(dir.path(), fault, &mut told, life);
        told.holds(dir.path());
        !met.is_empty()
    }
}

/// One life; the points that its log names. A disk that refuses ends no host: it is refused a start, or lives until it is
/// told to end.
fn live(dir: &Path, fault: &str, told: &mut Told, life: u8) -> Vec<String> {
    let mut host = Brittle::start(dir, fault);
    let served = host.served();
    let played = match life {
        1 => told.first_life(&mut host),
        _ => told.second_life(&mut host),
    };
    let lived = host.lives();
    let end = host.end();
    if fault == "count" {
        assert!(played.is_some() && end.code == Some(0), "{}", end.log);
    }
    match end.code {
        // Past the last point, if only just: they differ by a few from run to run.
        None => assert!(fault.starts_with("kill"), "it was killed:\n{}", end.log),
        Some(0) => assert!(played.is_some(), "it ended by itself:\n{}", end.log),
        Some(_) => {
            assert!(lived || !served, "it ended by itself:\n{}", end.log);
            assert!(is_of_the_disk(&end.log), "{}", end.log);
        }
    }
    let point = |line: &str| {
        let (number, what) = line.split_once("\"point ")?.1.split_once(": ")?;
        number.parse::<u64>().ok().map(|_| what.to_owned())
    };
    let points = end.log.lines().filter_map(point).collect();
    told.ended(&end);
    points
}

/// Does it with each of them, or with about so many, others every time, on twice as many threads as there are processors,
/// since most of it is waiting; nearly all of them must have met something. `CHANGELING_ONLY` names one alone.
pub fn each(mut faults: Vec<String>, share: Option<usize>, run: impl Fn(&str) -> bool + Sync) {
    if let Ok(only) = std::env::var("CHANGELING_ONLY") {
        return assert!(run(&only), "{only} met nothing");
    }
    let of = faults.len();
    if let Some(share) = share {
        let step = of.div_ceil(share);
        let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is after 1970").subsec_micros();
        faults = faults.into_iter().skip(since as usize % step).step_by(step).collect();
    }
    eprintln!("{} of {of} faults", faults.len());
    let (next, missed, failed) = (AtomicUsize::new(0), AtomicUsize::new(0), std::sync::Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..2 * std::thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                while let Some(fault) = faults.get(next.fetch_add(1, Ordering::Relaxed)) {
                    match std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| run(fault))) {
                        Ok(true) => {}
                        Ok(false) => _ = missed.fetch_add(1, Ordering::Relaxed),
                        Err(_) => {
                            eprintln!("that was CHANGELING_ONLY={fault}");
                            failed.lock().expect("no panic while it is held").push(fault.clone());
                        }
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().expect("no panic while it was held");
    assert!(
        failed.is_empty(),
        "{} of {} failed, each again by CHANGELING_ONLY: {failed:?}",
        failed.len(),
        faults.len()
    );
    let missed = missed.into_inner();
    eprintln!("{missed} of {} met nothing", faults.len());
    assert!(missed <= 2 + faults.len() / 20, "{missed} of {} met nothing", faults.len());
}
