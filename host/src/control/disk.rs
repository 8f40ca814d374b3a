//! One thread that writes: in the order in which the core decided, so that what a receipt says was in the table before.

use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};

use changeling_core::Event;
use changeling_core::happening::Happening;
use changeling_core::id::{Address, Digest, Generation, TableWrite};
use changeling_core::receipt::Receipt;
use changeling_core::table::Table;
use tokio::sync::broadcast;

use super::figures::Figures;
use super::{loader, wall_now};
use crate::actors::stage::News;
use crate::store::{ParkedActor, Record, Store};

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
    let scribe = Scribe { store, news, figures, happenings, receipts, loader };
    std::thread::Builder::new().name("disk".into()).spawn(move || {
        while let Ok(job) = jobs.recv() {
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

struct Scribe {
    store: Arc<Store>,
    news: News,
    figures: Arc<Figures>,
    happenings: broadcast::Sender<Record>,
    receipts: broadcast::Sender<Arc<Receipt>>,
    loader: Sender<loader::Job>,
}

impl Scribe {
    fn sync_parked(&self, parked: Vec<(Address, Generation)>) {
        let synced = self.store.parked.sync().map_err(|e| e.to_string());
        for (address, generation) in parked {
            self.news.tell(Event::Parked { address, generation, outcome: synced.clone() });
        }
    }

    /// Does one job. Actors that are written, but not yet on the disk, go to `parked`.
    fn write(&self, job: Job, parked: &mut Vec<(Address, Generation)>) {
        match job {
            Job::Table(write, table) => self.news.tell(match self.store.table.write(&table) {
                Ok(()) => Event::TableWritten { write },
                Err(e) => Event::TableFailed { write, error: e.to_string() },
            }),
            Job::Receipt(receipt) => {
                self.figures.receipt(&receipt);
                match self.store.receipts.append((*receipt).clone()) {
                    // Nobody may be listening.
                    Ok(written) => _ = self.receipts.send(Arc::new(written)),
                    Err(e) => {
                        self.trouble("a receipt was not written", &e.to_string());
                        _ = self.receipts.send(Arc::new(*receipt));
                    }
                }
            }
            Job::Happening(happening) => self.tell(happening),
            Job::Park(generation, actor) => {
                let address = actor.head.address.clone();
                match self.store.parked.write(&actor) {
                    Ok(()) => parked.push((address, generation)),
                    Err(e) => self.news.tell(Event::Parked { address, generation, outcome: Err(e.to_string()) }),
                }
            }
            Job::Unpark(address) => {
                if let Err(e) = self.store.parked.forget(&address) {
                    self.trouble(&format!("the parked state of {address} was not removed"), &e.to_string());
                }
            }
            Job::Forget(digest) => {
                let forgotten = self.store.compiled.forget(&digest).and_then(|()| self.store.versions.forget(&digest));
                if let Err(e) = forgotten {
                    self.trouble(&format!("the bytes of {} were not removed", digest.short()), &e.to_string());
                }
            }
            // The thread lives as long as this one.
            Job::Load(job) => _ = self.loader.send(job),
            Job::Flush(done) => _ = done.send(()),
        }
    }

    fn trouble(&self, what: &str, why: &str) {
        self.tell(Happening::Trouble { what: what.to_owned(), why: why.to_owned() });
    }

    fn tell(&self, happening: Happening) {
        super::log::tell(&happening);
        self.figures.happening(&happening);
        match self.store.events.append(wall_now(), happening) {
            Ok(record) => _ = self.happenings.send(record),
            // Not told as a happening: that would be written, too.
            Err(e) => {
                self.figures.event_lost();
                tracing::error!("an event was not written: {e}");
            }
        }
    }
}
