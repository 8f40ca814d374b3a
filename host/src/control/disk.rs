//! One thread that writes: in the order in which the core decided, so that what a receipt says was in the table before.
//!
//! What a disk refuses and nobody is asked about is tried again until it is written: receipts, events, the removal of a
//! parked state that lives again. A table is not written before every receipt that was decided before it, so that no
//! upgrade leaves the table without one.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use changeling_core::Event;
use changeling_core::happening::Happening;
use changeling_core::id::{Address, Digest, Generation, TableWrite};
use changeling_core::receipt::Receipt;
use changeling_core::table::Table;
use tokio::sync::broadcast;

use super::figures::Figures;
use super::{loader, wall_now};
use crate::actors::stage::News;
use crate::store::{Error, ParkedActor, Record, Store};

/// Something to write.
pub enum Job {
    /// The table; whoever decides waits to hear that it is on disk.
    Table(TableWrite, Box<Table>),
    /// A receipt that is final.
    Receipt(Box<Receipt>),
    /// Something that happened.
    Happening(Happening),
    /// A sleeping actor; whoever decides waits to hear of it.
    Park(Generation, Box<ParkedActor>),
    /// An actor that lay parked lives again.
    Unpark(Address),
    /// Bytes that were staged are known to whoever decides: what it forgets from here on is meant.
    Taken(Digest),
    /// Bytes that nobody needs.
    Forget(Digest),
    /// A version is to be loaded, now that everything before it is done.
    Load(loader::Job),
    /// Tells when everything before it is written.
    Flush(Sender<()>),
}

/// Starts the thread; it ends when the last sender is gone.
///
/// # Errors
/// Where it cannot be had.
pub fn start(
    store: Arc<Store>,
    news: News,
    figures: Arc<Figures>,
    happenings: broadcast::Sender<Record>,
    receipts: broadcast::Sender<Arc<Receipt>>,
    loader: Sender<loader::Job>,
) -> std::io::Result<Sender<Job>> {
    let (sender, jobs) = channel();
    let mut scribe = Scribe {
        store,
        news,
        figures,
        happenings,
        receipts,
        loader,
        late_receipts: VecDeque::new(),
        late_removals: BTreeSet::new(),
        events_wait: false,
    };
    std::thread::Builder::new().name("disk".into()).spawn(move || {
        while let Some(job) = scribe.next(&jobs) {
            let mut parked = Vec::new();
            scribe.write(job, &mut parked);
            // One wait for the disk serves all actors that are parked at the end of a host.
            while !parked.is_empty() {
                match jobs.try_recv() {
                    Ok(job) => scribe.write(job, &mut parked),
                    Err(_) => scribe.sync_parked(std::mem::take(&mut parked)),
                }
            }
        }
    })?;
    Ok(sender)
}

/// How often what the disk refused is tried again.
const RETRY: Duration = Duration::from_secs(1);

struct Scribe {
    store: Arc<Store>,
    news: News,
    figures: Arc<Figures>,
    happenings: broadcast::Sender<Record>,
    receipts: broadcast::Sender<Arc<Receipt>>,
    loader: Sender<loader::Job>,
    /// Refused by the disk, the oldest first: they follow each other in a chain.
    late_receipts: VecDeque<Box<Receipt>>,
    /// Actors that live again, and whose parked state could not be removed.
    late_removals: BTreeSet<Address>,
    /// Whether the disk refuses events, which is said once.
    events_wait: bool,
}

impl Scribe {
    /// The next job; none when the host has gone. What is late is tried again meanwhile.
    fn next(&mut self, jobs: &Receiver<Job>) -> Option<Job> {
        while self.is_late() {
            match jobs.recv_timeout(RETRY) {
                Ok(job) => return Some(job),
                Err(RecvTimeoutError::Timeout) => self.catch_up(),
                Err(RecvTimeoutError::Disconnected) => return None,
            }
        }
        jobs.recv().ok()
    }

    fn is_late(&self) -> bool {
        self.events_wait || !self.late_receipts.is_empty() || !self.late_removals.is_empty()
    }

    /// Tries everything again that the disk refused. That it still does was said.
    fn catch_up(&mut self) {
        _ = self.write_receipts();
        self.late_removals.retain(|address| self.store.parked.forget(address).is_err());
        if self.events_wait {
            let written = self.store.events.catch_up();
            self.events_are(written);
        }
    }

    /// Those that are late. Who came after one was told, and did not find it, waits for it.
    fn write_receipts(&mut self) -> Result<(), Error> {
        while let Some(receipt) = self.late_receipts.front() {
            let written = self.store.receipts.append((**receipt).clone())?;
            self.late_receipts.pop_front();
            _ = self.receipts.send(Arc::new(written));
        }
        Ok(())
    }

    fn sync_parked(&self, parked: Vec<(Address, Generation)>) {
        let synced = self.store.parked.sync().map_err(|e| e.to_string());
        for (address, generation) in parked {
            self.news.tell(Event::Parked { address, generation, outcome: synced.clone() });
        }
    }

    /// A state that lies there was restored, and is only to be removed; or it was not, and is all that there is of that
    /// life: it stays, and is said to.
    fn set_aside(&mut self, address: &Address) -> Result<(), Error> {
        if self.late_removals.remove(address) {
            return Ok(());
        }
        if let Some(path) = self.store.parked.set_aside(address)? {
            let why = format!("it lies in {}, and nothing here will touch it", path.display());
            self.trouble(&format!("an older parked state of {address} was not restored"), &why);
        }
        Ok(())
    }

    /// Does one job. Actors that are written, but not yet on the disk, go to `parked`.
    fn write(&mut self, job: Job, parked: &mut Vec<(Address, Generation)>) {
        match job {
            Job::Table(write, table) => {
                let written = self.write_receipts().and_then(|()| self.store.table.write(&table));
                self.news.tell(match written {
                    Ok(()) => Event::TableWritten { write },
                    Err(e) => Event::TableFailed { write, error: e.to_string() },
                });
            }
            Job::Receipt(receipt) => self.record(receipt),
            Job::Happening(happening) => self.tell(happening),
            Job::Park(generation, actor) => {
                let address = actor.head.address.clone();
                match self.set_aside(&address).and_then(|()| self.store.parked.write(&actor)) {
                    Ok(()) => parked.push((address, generation)),
                    Err(e) => self.news.tell(Event::Parked { address, generation, outcome: Err(e.to_string()) }),
                }
            }
            Job::Unpark(address) => {
                if let Err(e) = self.store.parked.forget(&address) {
                    self.trouble(&format!("the parked state of {address} is not removed yet"), &e.to_string());
                    self.late_removals.insert(address);
                }
            }
            Job::Taken(digest) => self.store.versions.taken(&digest),
            Job::Forget(digest) => {
                let forgotten = self.store.compiled.forget(&digest).and_then(|()| self.store.versions.forget(&digest));
                if let Err(e) = forgotten {
                    self.trouble(&format!("the bytes of {} were not removed", digest.short()), &e.to_string());
                }
            }
            // The thread lives as long as this one.
            Job::Load(job) => _ = self.loader.send(job),
            Job::Flush(done) => {
                self.catch_up();
                _ = done.send(());
            }
        }
    }

    /// The outcome stands whether its receipt can be written or not, and whoever waits for it hears it.
    fn record(&mut self, receipt: Box<Receipt>) {
        self.figures.receipt(&receipt);
        let written = self.write_receipts().and_then(|()| self.store.receipts.append((*receipt).clone()));
        let receipt = match written {
            Ok(written) => Box::new(written),
            Err(e) => {
                self.trouble(&format!("the receipt of upgrade {} is not written yet", receipt.id), &e.to_string());
                self.late_receipts.push_back(receipt.clone());
                receipt
            }
        };
        // Nobody may be listening.
        _ = self.receipts.send(Arc::from(receipt));
    }

    fn trouble(&mut self, what: &str, why: &str) {
        self.tell(Happening::Trouble { what: what.to_owned(), why: why.to_owned() });
    }

    fn tell(&mut self, happening: Happening) {
        super::log::tell(&happening);
        self.figures.happening(&happening);
        match self.store.events.append(wall_now(), happening) {
            Ok(appended) => {
                _ = self.happenings.send(appended.record);
                self.events_are(appended.written);
            }
            Err(e) => {
                self.figures.events_are_lost(1);
                tracing::error!("an event was left out: {e}");
            }
        }
    }

    /// Says that events wait, and that they do no more: once each. Not as a happening: that would wait, too.
    fn events_are(&mut self, written: Result<u64, Error>) {
        let was_so = std::mem::replace(&mut self.events_wait, written.is_err());
        match written {
            Err(e) if !was_so => tracing::error!("events wait in memory until they can be written: {e}"),
            Ok(0) if was_so => tracing::info!("events are written again, and none was lost"),
            Ok(lost) if was_so => {
                self.figures.events_are_lost(lost);
                tracing::error!("events are written again; {lost} were too many to wait, and are lost")
            }
            _ => {}
        }
    }
}
