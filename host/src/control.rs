//! The loop between the deciding core and the world: a fact comes in, the core decides, the hands act. One thread; it
//! never waits for a disk, a compiler or a guest.

pub mod bench;
mod disk;
mod faults;
pub mod figures;
mod hands;
mod loader;
mod log;
pub mod terms;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use changeling_core::contract::Offer;
use changeling_core::id::RequestId;
use changeling_core::receipt::Receipt;
use changeling_core::{Answer, Event, Request, Time, WallTime, World};
use tokio::sync::{broadcast, oneshot};

use self::figures::Figures;
use crate::actors::router::Router;
use crate::actors::stage::{News, Stage};
use crate::store::{Record, Store};

use terms::TermsOf;

/// Something for the loop.
enum Input {
    Fact(Event),
    /// A request, with where its answer goes.
    Ask(Request, oneshot::Sender<Answer>),
    /// An offer whose sender waits.
    Deploy(Offer, oneshot::Sender<Answer>),
    /// A look at the world.
    Look(Box<dyn FnOnce(&World) + Send>),
}

/// How the rest of the host speaks to the loop. Clones share it.
#[derive(Clone)]
pub struct Handle {
    input: Sender<Input>,
    /// Messages go this way, past the loop.
    pub router: Router,
    /// What is on disk.
    pub store: Arc<Store>,
    /// What happened, counted.
    pub figures: Arc<Figures>,
    happenings: broadcast::Sender<Record>,
    receipts: broadcast::Sender<Arc<Receipt>>,
}

/// The loop has ended: the host is going.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the host is ending")]
pub struct Ending;

impl Handle {
    /// Tells a fact.
    pub fn tell(&self, event: Event) {
        // At the host's end nobody listens.
        _ = self.input.send(Input::Fact(event));
    }

    /// Asks for something and waits for the answer.
    ///
    /// # Errors
    /// Where the host ends meanwhile.
    pub async fn ask(&self, request: Request) -> Result<Answer, Ending> {
        let (to, answer) = oneshot::channel();
        self.input.send(Input::Ask(request, to)).map_err(|_| Ending)?;
        answer.await.map_err(|_| Ending)
    }

    /// Offers bytes that lie in the store, and waits for what becomes of the offer.
    ///
    /// # Errors
    /// Where the host ends meanwhile.
    pub async fn deploy(&self, offer: Offer) -> Result<Answer, Ending> {
        let (to, answer) = oneshot::channel();
        self.input.send(Input::Deploy(offer, to)).map_err(|_| Ending)?;
        answer.await.map_err(|_| Ending)
    }

    /// Looks at the world between two events.
    ///
    /// # Errors
    /// Where the host ends meanwhile.
    pub async fn look<T: Send + 'static>(&self, look: impl FnOnce(&World) -> T + Send + 'static) -> Result<T, Ending> {
        let (to, answer) = oneshot::channel();
        let look = Box::new(move |world: &World| _ = to.send(look(world)));
        self.input.send(Input::Look(look)).map_err(|_| Ending)?;
        answer.await.map_err(|_| Ending)
    }

    /// Everything that happens from here on.
    pub fn happenings(&self) -> broadcast::Receiver<Record> {
        self.happenings.subscribe()
    }

    /// Every receipt that is final from here on.
    pub fn receipts(&self) -> broadcast::Receiver<Arc<Receipt>> {
        self.receipts.subscribe()
    }
}

/// What the loop is made of.
pub struct Parts {
    /// What is on disk.
    pub store: Arc<Store>,
    /// Finds a component's terms.
    pub terms: TermsOf,
    /// This binary, to compile in a child of it.
    pub compiler: std::path::PathBuf,
    /// Makes the stage, given whom to tell.
    pub stage: Box<dyn FnOnce(News) -> std::io::Result<Stage> + Send>,
    /// Tells whoever watches the folder that what lies under these names is wanted again.
    pub look_again: LookAgain,
}

/// Takes names in the folder.
pub type LookAgain = Box<dyn Fn(BTreeSet<String>) + Send>;

/// Starts the loop on a thread of its own, with the world as the table and the parked actors say it is. The receiver
/// hears when the host has ended in order.
///
/// # Errors
/// Where a thread cannot be had.
pub fn start(parts: Parts, world: World, begin: Event) -> std::io::Result<(Handle, oneshot::Receiver<()>)> {
    let (input, inputs) = channel();
    let (happenings, _) = broadcast::channel(4_096);
    let (receipts, _) = broadcast::channel(1_024);
    let figures = Arc::new(Figures::default());
    let news = News::to({
        let (input, figures) = (input.clone(), figures.clone());
        move |event| {
            figures.fact(&event);
            _ = input.send(Input::Fact(event));
        }
    });
    let stage = Arc::new((parts.stage)(news.clone())?);
    let handle = Handle {
        input,
        router: Router { stage: stage.clone() },
        store: parts.store.clone(),
        figures: figures.clone(),
        happenings: happenings.clone(),
        receipts: receipts.clone(),
    };
    let (ended, over) = oneshot::channel();
    let (answers, answered) = channel();
    let loader = loader::start(stage.engine.clone(), parts.store.clone(), parts.compiler, parts.terms.clone())?;
    let disk = disk::start(parts.store.clone(), news.clone(), figures, happenings, receipts, loader)?;
    let hands = hands::Hands::new(stage, disk, parts.store, parts.terms, parts.look_again, answers);
    let mut turner =
        Loop { world, hands, waiting: HashMap::new(), next_request: RequestId(0), began: Instant::now(), answered };
    std::thread::Builder::new().name("control".into()).spawn(move || {
        turner.fact(begin);
        turner.turn(&inputs);
        _ = ended.send(());
    })?;
    Ok((handle, over))
}

struct Loop {
    world: World,
    hands: hands::Hands,
    waiting: HashMap<RequestId, oneshot::Sender<Answer>>,
    next_request: RequestId,
    began: Instant,
    answered: Receiver<(RequestId, Answer)>,
}

impl Loop {
    fn turn(&mut self, inputs: &Receiver<Input>) {
        while !self.hands.ended() {
            let input = match self.world.wake_at() {
                // Before what waits: a standing backlog would keep every time-out waiting.
                Some(at) if at <= self.now() => Err(RecvTimeoutError::Timeout),
                None => inputs.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(at) => inputs.recv_timeout(at - self.now()),
            };
            match input {
                Ok(Input::Fact(event)) => self.fact(event),
                Ok(Input::Look(look)) => look(&self.world),
                Ok(Input::Ask(what, to)) => {
                    let request = self.expect_answer(to);
                    self.fact(Event::Asked { request, what });
                }
                Ok(Input::Deploy(offer, to)) => {
                    let request = Some(self.expect_answer(to));
                    self.fact(Event::Offered { offer, request });
                }
                Err(RecvTimeoutError::Timeout) => self.fact(Event::Tick),
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn expect_answer(&mut self, to: oneshot::Sender<Answer>) -> RequestId {
        self.next_request = self.next_request.next();
        self.waiting.insert(self.next_request, to);
        self.next_request
    }

    fn fact(&mut self, event: Event) {
        if let Event::Offered { offer, .. } = &event {
            self.hands.take(offer.digest);
        }
        if matches!(event, Event::End) {
            self.hands.begin_end();
        }
        let mut effects = Vec::new();
        self.world.handle(self.now(), wall_now(), event, &mut effects);
        effects.into_iter().for_each(|effect| self.hands.perform(effect));
        while let Ok((request, answer)) = self.answered.try_recv() {
            if let Some(to) = self.waiting.remove(&request) {
                // Whoever asked may have gone.
                _ = to.send(answer);
            }
        }
    }

    fn now(&self) -> Time {
        Time(u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX))
    }
}

/// The wall clock, for receipts and people.
pub fn wall_now() -> WallTime {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    WallTime(u64::try_from(since.as_millis()).unwrap_or(u64::MAX).saturating_add_signed(faults::clock_skew()))
}
