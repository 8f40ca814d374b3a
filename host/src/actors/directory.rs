//! Who is where: the actors by address, and what is current of each component.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use changeling_core::id::{Address, ComponentName};
use changeling_core::reason::CallError;

use super::actor::Actor;
use super::service::Service;
use super::terms::Terms;
use crate::engine::code::Code;

/// The two maps. Read at every call, written when something is born, dies or is published.
#[derive(Default)]
pub struct Directory {
    actors: RwLock<HashMap<Address, Arc<Actor>>>,
    /// Whether no address gets an actor any more. Written under the lock of their map.
    is_closed: AtomicBool,
    components: RwLock<HashMap<ComponentName, Published>>,
    /// Messages that were handled by actors that are gone. Written under the lock of the map that they leave.
    gone: Mutex<HashMap<ComponentName, u64>>,
}

/// What is current of a component.
#[derive(Clone)]
pub struct Published {
    /// Births and new service calls go to this version.
    pub code: Arc<Code>,
    /// What is set for it.
    pub terms: Arc<Terms>,
    /// Its instances, where it is a service.
    pub service: Option<Arc<Service>>,
}

impl Directory {
    /// The actor at an address, alive or waited for.
    pub fn actor(&self, address: &Address) -> Option<Arc<Actor>> {
        self.actors.read().unwrap_or_else(PoisonError::into_inner).get(address).cloned()
    }

    /// The same, for callers: one whose version is still to be published is not there for them.
    pub fn shown(&self, address: &Address) -> Option<Arc<Actor>> {
        self.actor(address).filter(|actor| !actor.is_hidden())
    }

    /// All of them.
    pub fn actors(&self) -> Vec<Arc<Actor>> {
        self.actors.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// The actor at an address, or the one that `make` makes.
    ///
    /// # Errors
    /// `stopped`, where there is none and no address gets one any more.
    pub fn actor_or(&self, address: &Address, make: impl FnOnce() -> Arc<Actor>) -> Result<Arc<Actor>, CallError> {
        if let Some(actor) = self.actor(address) {
            return Ok(actor);
        }
        let mut actors = self.actors.write().unwrap_or_else(PoisonError::into_inner);
        // Looked at under the lock: whoever closes finds all that were made.
        if self.is_closed.load(Ordering::Relaxed) {
            return Err(CallError::Stopped);
        }
        Ok(actors.entry(address.clone()).or_insert_with(make).clone())
    }

    /// From here on nobody is told of those who wait for an actor, so no address gets one. Who is there is shut.
    pub fn close(&self) {
        let actors = {
            let actors = self.actors.write().unwrap_or_else(PoisonError::into_inner);
            self.is_closed.store(true, Ordering::Relaxed);
            actors.values().cloned().collect::<Vec<_>>()
        };
        actors.iter().for_each(|actor| actor.shut(CallError::Stopped));
    }

    /// Frees the address, where it is still this actor's.
    pub fn remove(&self, actor: &Arc<Actor>) {
        let mut actors = self.actors.write().unwrap_or_else(PoisonError::into_inner);
        if actors.get(&actor.address).is_some_and(|there| Arc::ptr_eq(there, actor)) {
            actors.remove(&actor.address);
            self.remember(&actor.address.component, actor.handled());
        }
    }

    fn remember(&self, component: &ComponentName, handled: u64) {
        let mut gone = self.gone.lock().unwrap_or_else(PoisonError::into_inner);
        *gone.entry(component.clone()).or_default() += handled;
    }

    /// Messages that were handled, by component; never fewer than before, as long as a component serves.
    pub fn handled(&self) -> HashMap<ComponentName, u64> {
        let actors = self.actors.read().unwrap_or_else(PoisonError::into_inner);
        let components = self.components.read().unwrap_or_else(PoisonError::into_inner);
        let mut handled = self.gone.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for (address, actor) in actors.iter() {
            *handled.entry(address.component.clone()).or_default() += actor.handled();
        }
        for (name, published) in components.iter() {
            let by_service = published.service.as_ref().map_or(0, |service| service.counts().1);
            *handled.entry(name.clone()).or_default() += by_service;
        }
        handled
    }

    /// What is current of a component.
    pub fn component(&self, name: &ComponentName) -> Option<Published> {
        self.components.read().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    /// Every component that serves.
    pub fn components(&self) -> Vec<(ComponentName, Published)> {
        let components = self.components.read().unwrap_or_else(PoisonError::into_inner);
        components.iter().map(|(name, published)| (name.clone(), published.clone())).collect()
    }

    /// From this instant on this is current.
    pub fn publish(&self, name: ComponentName, published: Published) {
        self.components.write().unwrap_or_else(PoisonError::into_inner).insert(name, published);
    }

    /// Nothing is current any more.
    pub fn withdraw(&self, name: &ComponentName) {
        self.components.write().unwrap_or_else(PoisonError::into_inner).remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A caller may have found what is current a moment before.
    #[test]
    fn nobody_waits_for_an_actor_of_which_nobody_hears() {
        let directory = Directory::default();
        directory.close();
        let late = directory.actor_or(&"counter".parse().unwrap(), || unreachable!("nobody would hear of it"));
        assert_eq!(late.err(), Some(CallError::Stopped));
    }
}
