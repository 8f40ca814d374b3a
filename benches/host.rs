//! A host in this process, on a folder of its own, and the words to drive it with.

use std::sync::Arc;
use std::time::{Duration, Instant};

use changeling::actors::router::{Call, Router};
use changeling::control::{Handle, wall_now};
use changeling::engine::code::Function;
use changeling::host::{self, Options};
use changeling_core::contract::{Offer, Source};
use changeling_core::id::{Address, ComponentName};
use changeling_core::reason::CallError;
use changeling_core::receipt::{Outcome, Receipt};
use changeling_core::{Answer, Request};
use futures_executor::block_on;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::guests::wasm;

/// Nothing here takes longer.
const PATIENCE: Duration = Duration::from_secs(60);
/// The counters come into being by key, and there may be as many as the machine bears; a MiB of payload has a few bytes
/// more as a message.
const MANIFEST: &str = "
[host]
watch = false
compile-cpu = \"6s\"
[components.counter]
keyed = true
actors = 10000
[components.crowd]
keyed = true
actors = 10000
[components.greeter]
message = \"2MiB\"
[components.hostile]
cpu = \"100ms\"
log = \"0B/s\"
[components.starting]
cpu = \"100ms\"
";

/// A host that runs, with a counter and a greeter in it.
pub struct Host {
    /// Its sockets and timers; callers that are tasks run here, too.
    pub runtime: Runtime,
    host: host::Host,
    dir: TempDir,
}

/// One function of one address, ready to be called.
#[derive(Clone)]
pub struct Target {
    router: Router,
    address: Address,
    function: Arc<Function>,
}

impl Host {
    /// On an empty folder, with the first versions of the guests.
    pub fn start() -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        std::fs::write(dir.path().join("changeling.toml"), MANIFEST).expect("the manifest is written");
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let runtime = runtime.expect("a runtime");
        let options = Options {
            dir: dir.path().to_owned(),
            state: None,
            manifest: None,
            listen: Some(([127, 0, 0, 1], 0).into()),
            compiler: env!("CARGO_BIN_EXE_changeling").into(),
        };
        let host = runtime.block_on(host::start(options)).expect("the host starts");
        let this = Self { runtime, host, dir };
        for (component, guest) in [("counter", "counter-v1"), ("crowd", "counter-v1"), ("greeter", "greeter-v1")] {
            this.deploy(component, guest);
        }
        this
    }

    /// Ends it in order.
    pub fn end(self) {
        self.runtime.block_on(self.host.end()).expect("the host ends in order");
    }

    fn handle(&self) -> &Handle {
        &self.host.handle
    }

    /// Where it answers HTTP, and what opens everything there.
    pub fn door(&self) -> (String, String) {
        let status = std::fs::read(self.dir.path().join(".changeling/host.json")).expect("the status file");
        let status: serde_json::Value = serde_json::from_slice(&status).expect("the status file is JSON");
        let text = |name: &str| status[name].as_str().expect("a text").to_owned();
        (text("url"), text("token"))
    }

    /// Offers a guest as a version of a component, and waits for it to settle.
    pub fn deploy(&self, component: &str, guest: &str) -> Arc<Receipt> {
        self.deploy_bytes(component, &std::fs::read(wasm(guest)).expect("the guest is built"))
    }

    /// The same with a component's bytes.
    pub fn deploy_bytes(&self, component: &str, bytes: &[u8]) -> Arc<Receipt> {
        let receipt = self.offer(component, bytes);
        assert_eq!(receipt.outcome, Outcome::Settled, "{receipt:?}");
        receipt
    }

    /// Offers a version of a component, and waits for the receipt.
    pub fn offer(&self, component: &str, bytes: &[u8]) -> Arc<Receipt> {
        let staged = self.handle().store.versions.stage_bytes(bytes, u64::MAX).expect("the store takes it");
        let offer = Offer {
            component: ComponentName::new(component).expect("a name"),
            digest: staged.digest,
            name_label: None,
            modified: wall_now(),
            source: Source::Deploy { from: "bench".into() },
            strategy: None,
            is_trial: false,
            lay_there: false,
        };
        self.runtime.block_on(async {
            let mut receipts = self.handle().receipts();
            let answer = self.handle().deploy(offer).await.expect("the host runs");
            let Answer::Upgrade(id) = answer else { panic!("{component}: {answer:?}") };
            loop {
                let receipt = tokio::time::timeout(PATIENCE, receipts.recv()).await.expect("a receipt in time");
                let receipt = receipt.expect("the receipt");
                if receipt.id == id {
                    return receipt;
                }
            }
        })
    }

    /// A function of a component; keyed ones need an [`Target::of`] more.
    pub fn target(&self, component: &str, function: &str) -> Target {
        let address: Address = component.parse().expect("an address");
        let router = self.handle().router.clone();
        let (code, _) = router.find(&address).expect("the component serves");
        let function = code.resolve(function).expect("it has the function").clone();
        Target { router, address, function }
    }

    /// Ends these actors, and waits until they are gone.
    pub fn stop(&self, actors: impl Iterator<Item = Address>) {
        self.runtime.block_on(async {
            let stops = actors.map(|actor| self.handle().ask(Request::Stop(actor)));
            for stopped in futures_util::future::join_all(stops).await {
                assert_eq!(stopped.expect("the host runs"), Answer::Done);
            }
        });
    }
}

impl Target {
    /// The same function of another actor.
    pub fn of(&self, key: impl std::fmt::Display) -> Self {
        let address = format!("{}/{key}", self.address.component).parse().expect("an address");
        Self { address, ..self.clone() }
    }

    /// Whose function it is.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// Which function it is.
    pub fn function(&self) -> &Arc<Function> {
        &self.function
    }

    /// The way to it.
    pub fn router(&self) -> &Router {
        &self.router
    }

    /// Calls it with a packed message.
    pub async fn call(&self, args: Vec<u8>) -> Vec<u8> {
        self.try_call(args).await.expect("it answers")
    }

    /// The same; whatever comes of it.
    pub async fn try_call(&self, args: Vec<u8>) -> Result<Vec<u8>, CallError> {
        let (target, function) = (self.address.clone(), self.function.clone());
        let call = Call { target, function, args, deadline: Instant::now() + PATIENCE };
        self.router.call(call).await
    }

    /// The same from a thread that waits.
    pub fn call_and_wait(&self, args: Vec<u8>) -> Vec<u8> {
        block_on(self.call(args))
    }

    /// The same where it may be refused.
    pub fn try_call_and_wait(&self, args: Vec<u8>) -> Result<Vec<u8>, CallError> {
        block_on(self.try_call(args))
    }
}
