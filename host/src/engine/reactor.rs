//! What clocks and sleeps of guests wait on. It has threads of its own, which a spinning guest cannot hold up.

use tokio::runtime::Handle;

/// Does what it is given, once, with what guests need around them while they run.
pub type Around = Box<dyn Fn(&mut dyn FnMut()) + Send + Sync>;

/// With this reactor around them.
pub fn around(reactor: Handle) -> Around {
    Box::new(move |work| {
        let _reactor = reactor.enter();
        work();
    })
}
