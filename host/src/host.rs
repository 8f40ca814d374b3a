//! The composition root: open the store, build the engine and the loop, answer HTTP, watch the folder; and at the end the
//! same backwards. The only file that knows every module.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use changeling_core::contract::{Offer, Source};
use changeling_core::id::Digest;
use changeling_core::reason::{Cause, Refusal, Step};
use changeling_core::view::ComponentState;
use changeling_core::{Event, ParkedActor, World};
use tokio::net::TcpListener;
use tokio::sync::{oneshot, watch};

use crate::actors::kept::{Keeper, Spill};
use crate::actors::run_queue::{RunQueue, Share};
use crate::actors::stage::{Clock, News, Reaper, Stage};
use crate::config::Config;
use crate::control::terms::TermsOf;
use crate::control::{self, Handle, Parts, wall_now};
use crate::engine::room::Room;
use crate::engine::{Engine, reactor, wit};
use crate::http::{self, Access, Keys, Names};
use crate::store::{LastEnd, Status, Store};
use crate::watch::{Found, MANIFEST, Taken, Wanted, Watcher, Whole};

mod reload;

use reload::Reload;

/// What a host is started with.
#[derive(Debug, Clone)]
pub struct Options {
    /// The folder that is watched.
    pub dir: PathBuf,
    /// Where the host keeps its own; `.changeling` in `dir` where none is given.
    pub state: Option<PathBuf>,
    /// The manifest; `changeling.toml` in `dir` where none is given.
    pub manifest: Option<PathBuf>,
    /// Where HTTP is answered, before what the manifest says.
    pub listen: Option<SocketAddr>,
    /// This binary: it compiles in a child of itself.
    pub compiler: PathBuf,
}

/// A host that runs.
pub struct Host {
    /// To speak to it.
    pub handle: Handle,
    door: Door,
    over: oneshot::Receiver<()>,
    queues: [RunQueue; 2],
}

/// How long requests in flight may take at the end.
const HTTP_GRACE: Duration = Duration::from_secs(5);
/// How often idle instances of services are looked for.
const SWEEP: Duration = Duration::from_secs(5);
/// Bytes of randomness in a token.
const TOKEN_BYTES: usize = 32;

/// Starts a host and returns when it serves what its table says.
///
/// # Errors
/// One sentence for whatever stands in the way.
pub async fn start(options: Options) -> anyhow::Result<Host> {
    let dir = options.dir.as_path();
    anyhow::ensure!(dir.is_dir(), "{} is not a folder; make it, or name another", dir.display());
    let manifest = options.manifest.clone().unwrap_or_else(|| dir.join(MANIFEST));
    let (config, notes) = Config::load(&manifest)?;
    notes.iter().for_each(|note| tracing::warn!("{note}"));
    let listen = options.listen.unwrap_or(config.http.listen);
    anyhow::ensure!(
        config.http.may_listen_on(listen),
        "{listen} can be reached from other machines, and nothing here encrypts: put TLS in front of 127.0.0.1, or say \
         `expose = true` under [http] in {}",
        manifest.display()
    );
    let state = options.state.clone().unwrap_or_else(|| dir.join(".changeling"));
    let (store, said) = Store::open(&state)?;
    said.iter().for_each(|note| tracing::warn!("{note}"));
    let store = Arc::new(store);
    let listener = TcpListener::bind(listen).await.map_err(|e| {
        anyhow::anyhow!("cannot listen on {listen}: {e}; take another with --listen, or 127.0.0.1:0 for a free port")
    })?;
    let token = token()?;
    let keys = Keys::read(token.clone(), &config.http.tokens)?;
    if !listen.ip().is_loopback() {
        tracing::warn!("{listen} can be reached from other machines, and nothing here encrypts: keep it behind TLS");
    }

    let (world, begin) = restore(&store, &config)?;
    let room = Room::of_this_machine(|total| config.host.memory.of(total));
    tracing::info!("room for {} instances", room.limit());
    let kept = Keeper::new(room.clone(), config.host.kept_states, spill_to(&store));
    let engine = Engine::new(room)?;
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    let around = || reactor::around(tokio::runtime::Handle::current());
    let queues = [
        RunQueue::start("actors", workers, Share::Full, around())?,
        RunQueue::start("upkeep", workers, Share::Little, around())?,
    ];
    let stage = {
        let [queue, upkeep] = queues.clone();
        move |news: News| {
            let (clock, reaper) = (Clock::start()?, Reaper::start()?);
            Ok(Stage {
                engine,
                queue,
                upkeep,
                clock,
                reaper,
                kept,
                news,
                directory: Default::default(),
                unheard: Default::default(),
            })
        }
    };
    let terms = TermsOf::new(config.clone());
    let wanted = Wanted::default();
    let look_again = {
        let wanted = wanted.clone();
        Box::new(move |files| wanted.look_again(files))
    };
    let (store_of, terms_of, stage) = (store.clone(), terms.clone(), Box::new(stage));
    let parts = Parts { store: store_of, terms: terms_of, compiler: options.compiler, stage, look_again };
    let (handle, over) = control::start(parts, world, begin)?;

    // From here on actors of the last host come back, and what was kept of them on disk goes.
    let reload =
        |access, at| Reload::new(manifest, (config.clone(), notes), terms, access, (token.clone(), at), handle.clone());
    match open((dir, wanted), &config, &handle, listener, token.clone(), keys, reload).await {
        Ok(door) => Ok(Host { handle, door, over, queues }),
        Err(e) => {
            // Whoever is back already is put away again.
            handle.tell(Event::End);
            _ = over.await;
            queues.iter().for_each(RunQueue::close);
            handle.store.alive.end(wall_now())?;
            Err(e)
        }
    }
}

/// What lets others in: HTTP, and the folder.
struct Door {
    url: String,
    ready: watch::Sender<bool>,
    stop_http: oneshot::Sender<()>,
    http: tokio::task::JoinHandle<()>,
    watcher: Option<Watcher>,
    manifest: Watcher,
}

/// Answers HTTP, watches the folder, and says that the host is there once it serves what its table says.
async fn open(
    (dir, wanted): (&Path, Wanted),
    config: &Config,
    handle: &Handle,
    listener: TcpListener,
    token: String,
    keys: Keys,
    reload: impl FnOnce(Arc<ArcSwap<Access>>, SocketAddr) -> Reload,
) -> anyhow::Result<Door> {
    let at = listener.local_addr()?;
    let url = format!("http://{at}");
    let (ready, is_ready) = watch::channel(false);
    let (stop_http, stopped) = oneshot::channel::<()>();
    let access = Arc::new(ArcSwap::from_pointee(access(config, keys, at)));
    let connections = usize::try_from(config.http.connections).unwrap_or(usize::MAX);
    let stop = async { _ = stopped.await };
    let serving = http::serve(listener, handle.clone(), (access.clone(), connections), is_ready, stop);
    let http = tokio::spawn(serving);
    let settings = watching(config);
    let watcher = if config.host.watch { Some(watch_folder(dir, settings.clone(), wanted, handle)?) } else { None };
    // Also where the folder is not: what is taken from it is one thing, what is set another.
    let manifest = reload(access, at).watch(&settings)?;
    tokio::spawn(sweep(handle.clone()));

    when_restored(handle).await?;
    let pid = std::process::id();
    let version = env!("CARGO_PKG_VERSION").to_owned();
    let started = wall_now().to_string();
    handle.store.status.write(&Status { pid, url: url.clone(), token, version, started })?;
    // Nobody may be listening.
    _ = ready.send(true);
    Ok(Door { url, ready, stop_http, http, watcher, manifest })
}

impl Host {
    /// Where it answers.
    pub fn url(&self) -> &str {
        &self.door.url
    }

    /// Ends in order: takes nothing new, handles what waits, parks every actor.
    ///
    /// # Errors
    /// Where the last files cannot be written.
    pub async fn end(self) -> anyhow::Result<()> {
        let Self { handle, door, over, queues } = self;
        let Door { ready, stop_http, http, watcher, manifest, .. } = door;
        _ = ready.send(false);
        drop((watcher, manifest));
        handle.tell(Event::End);
        // An error says that the loop is gone already.
        _ = over.await;
        // Streams of events end with it; they would be waited for in vain.
        drop(ready);
        _ = stop_http.send(());
        if tokio::time::timeout(HTTP_GRACE, http).await.is_err() {
            tracing::warn!("requests that were still open after {HTTP_GRACE:?} were cut");
        }
        // A service holds on to all that it shares with others, and is held by that.
        let directory = &handle.router.stage.directory;
        directory.components().iter().for_each(|(component, _)| directory.withdraw(component));
        queues.iter().for_each(RunQueue::close);
        // Each for itself: one that fails says nothing of the other.
        let (removed, ended) = (handle.store.status.remove(), handle.store.alive.end(wall_now()));
        removed?;
        ended?;
        Ok(())
    }
}

/// The world as the disk says it is.
fn restore(store: &Store, config: &Config) -> anyhow::Result<(World, Event)> {
    let table = store.table.load()?;
    let lying = store.parked.list()?;
    lying.damaged.iter().for_each(|e| tracing::error!("a parked actor cannot be read and stays where it is: {e}"));
    // A table that is not there says nothing of what nobody needs.
    if let Some(table) = &table {
        forget_unwanted(
            store,
            table.versions().into_iter().chain(lying.items.iter().map(|head| head.digest)).collect(),
        );
    }
    let parked = lying.items.into_iter().map(|head| ParkedActor {
        address: head.address,
        digest: head.digest,
        restarts: head.restarts,
    });
    let lost = match store.alive.begin(wall_now())? {
        LastEnd::None | LastEnd::Graceful => 0,
        LastEnd::Killed { actors, counted } => {
            let counted = counted.map(|at| format!(" (counted at {at})")).unwrap_or_default();
            match actors {
                Some(0) => tracing::warn!(
                    "the last host was killed: no actor lived when they were last counted{counted}, and the state of \
                     any that came after is lost"
                ),
                Some(actors) => {
                    tracing::warn!("the last host was killed: the state of about {actors} actors is lost{counted}")
                }
                None => tracing::warn!("the last host was killed: how many actors lost their state is not known"),
            }
            actors.unwrap_or(0)
        }
    };
    let receipts = store.receipts.newest(usize::MAX);
    receipts.damaged.iter().for_each(|e| tracing::error!("a receipt cannot be read: {e}"));
    let receipts = receipts.items.iter().map(|receipt| receipt.id).collect();
    let begin = Event::Begin { parked: parked.collect(), lost, receipts };
    Ok((World::new(table.unwrap_or_default(), deciding(config)), begin))
}

/// Removes the bytes of versions that nobody refers to: a host that was killed did not come to it, or the disk refused.
fn forget_unwanted(store: &Store, wanted: BTreeSet<Digest>) {
    let forgotten = store.versions.list().and_then(|kept| {
        let unwanted = kept.iter().filter(|digest| !wanted.contains(digest));
        unwanted.into_iter().try_for_each(|digest| {
            tracing::info!("nobody refers to version {} any more: its bytes are removed", digest.short());
            store.compiled.forget(digest).and_then(|()| store.versions.forget(digest)).map(drop)
        })
    });
    if let Err(e) = forgotten {
        tracing::warn!("bytes of versions that nobody refers to stay until the next start: {e}");
    }
}

/// Writes a kept state into the store.
fn spill_to(store: &Arc<Store>) -> Spill {
    let store = store.clone();
    Arc::new(move |state| {
        let file = store.kept.write(state).map_err(|e| e.to_string())?;
        Ok(Box::new(move || file.read().map_err(|e| e.to_string())))
    })
}

/// Waits until every component of the table serves, or was said not to.
async fn when_restored(handle: &Handle) -> anyhow::Result<()> {
    let mut happenings = handle.happenings();
    loop {
        let loading = |world: &World| world.components().any(|component| component.state == ComponentState::Loading);
        if !handle.look(loading).await? {
            return Ok(());
        }
        // Something happens at every end of a load; lagging behind is as good as a happening.
        _ = happenings.recv().await;
    }
}

/// What the manifest says to the core.
fn deciding(config: &Config) -> changeling_core::Settings {
    let provides = wit::PROVIDED.iter().map(|interface| (*interface).to_owned()).collect();
    let of = config.components.iter().map(|(name, component)| (name.clone(), component.policy.clone())).collect();
    let defect = crate::defect::seeded();
    changeling_core::Settings { provides, default: config.defaults.policy.clone(), of, defect }
}

/// What it says to HTTP.
fn access(config: &Config, keys: Keys, at: SocketAddr) -> Access {
    let Config { http, .. } = config;
    let names = Names::new(at, http.hosts.clone());
    Access { keys, names, open_calls: http.open_calls, deadline: http.deadline }
}

/// What it says of watching.
fn watching(config: &Config) -> crate::watch::Settings {
    let Config { host, .. } = config;
    let (settle, stalled, rescan) = (host.settle, host.stalled, host.rescan);
    crate::watch::Settings { settle, stalled, rescan, ..crate::watch::Settings::default() }
}

fn watch_folder(
    dir: &Path,
    settings: crate::watch::Settings,
    wanted: Wanted,
    handle: &Handle,
) -> std::io::Result<Watcher> {
    let to = handle.clone();
    let last = Mutex::new(None);
    Watcher::start(dir, settings, wanted, move |found| match found {
        Found::Whole(whole) => offer(&to, whole, &last),
        Found::Broken { file, why } => {
            to.tell(not_taken(file, why, Cause::Bytes));
            Taken::Yes
        }
        Found::Trouble { why } => {
            tracing::warn!("{why}");
            Taken::Yes
        }
    })
}

/// Takes a file into the store, and offers it. Where it cannot be taken, that is said once.
fn offer(handle: &Handle, whole: Whole, last: &Mutex<Option<String>>) -> Taken {
    let file = whole.file.text;
    let staged = handle.store.versions.stage_bytes(&whole.bytes, u64::MAX).map_err(|e| e.to_string());
    let trouble = staged.as_ref().err().cloned();
    let is_new =
        std::mem::replace(&mut *last.lock().unwrap_or_else(PoisonError::into_inner), trouble.clone()) != trouble;
    match staged {
        Ok(staged) => {
            let offer = Offer {
                component: whole.file.component,
                digest: staged.digest,
                name_label: whole.file.label,
                modified: whole.modified,
                source: Source::Folder { file },
                strategy: None,
                is_trial: false,
                lay_there: whole.lay_there,
            };
            handle.tell(Event::Offered { offer, request: None });
            Taken::Yes
        }
        Err(words) => {
            if is_new {
                handle.tell(not_taken(file, words, Cause::Surroundings));
            }
            Taken::Not
        }
    }
}

fn not_taken(file: String, words: String, cause: Cause) -> Event {
    let refusal = Refusal { step: Step::Staged, act: "take".into(), address: None, words, cause };
    Event::OfferFailed { file, refusal, request: None, at: wall_now() }
}

async fn sweep(handle: Handle) {
    let mut every = tokio::time::interval(SWEEP);
    let mut is_noted = true;
    loop {
        every.tick().await;
        let components = handle.router.stage.directory.components();
        components.iter().filter_map(|(_, published)| published.service.as_ref()).for_each(|service| service.sweep());
        let alive = handle.router.stage.directory.actors().len() as u64;
        let noted = handle.store.alive.note(alive, wall_now());
        let was_noted = std::mem::replace(&mut is_noted, noted.is_ok());
        if let (Err(e), true) = (noted, was_noted) {
            tracing::warn!("how many actors live is not noted until the disk takes it: {e}");
        }
    }
}

fn token() -> anyhow::Result<String> {
    let mut bytes = [0; TOKEN_BYTES];
    getrandom::fill(&mut bytes).map_err(|e| anyhow::anyhow!("the system gives no random bytes for a token: {e}"))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
