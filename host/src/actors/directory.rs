//! Who is where: the actors by address, and what is current of each component.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use changeling_core::id::{Address, ComponentName};

use super::actor::Actor;
use super::service::Service;
use super::terms::Terms;
use crate::engine::code::Code;

/// The two maps. Read at every call, written when something is born, dies or is published.
#[derive(Default)]
pub struct Directory {
    actors: RwLock<HashMap<Address, Arc<Actor>>>,
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

    /// All of them.
    pub fn actors(&self) -> Vec<Arc<Actor>> {
        self.actors.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// The actor at an address, or the one that `make` makes; true where it did.
    pub fn actor_or(&self, address: &Address, make: impl FnOnce() -> Arc<Actor>) -> (Arc<Actor>, bool) {
        if let Some(actor) = self.actor(address) {
            return (actor, false);
        }
        let mut actors = self.actors.write().unwrap_or_else(PoisonError::into_inner);
        let mut made = false;
        let actor = actors.entry(address.clone()).or_insert_with(|| {
            made = true;
            make()
        });
        (actor.clone(), made)
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
