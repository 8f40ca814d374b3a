//! The terms of every component, as the manifest says and says anew.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use changeling_core::id::ComponentName;

use crate::actors::mailbox::Bounds;
use crate::actors::service;
use crate::actors::terms::{Settings, Terms};
use crate::config::{ComponentConfig, Config};
use crate::engine::compile;
use crate::engine::limits::{LONGEST_SAVE, Limits};

/// Finds the terms of a component. Clones share them.
#[derive(Clone)]
pub struct TermsOf(Arc<Mutex<Inner>>);

struct Inner {
    config: Config,
    /// Those that somebody may hold.
    given: BTreeMap<ComponentName, Arc<Terms>>,
}

impl TermsOf {
    /// As a manifest says.
    pub fn new(config: Config) -> Self {
        Self(Arc::new(Mutex::new(Inner { config, given: BTreeMap::new() })))
    }

    /// Those of a component; whoever has them hears of later ones.
    pub fn of(&self, component: &ComponentName) -> Arc<Terms> {
        let mut inner = self.lock();
        if let Some(terms) = inner.given.get(component) {
            return terms.clone();
        }
        inner.given.retain(|_, terms| Arc::strong_count(terms) > 1);
        let terms = Terms::new(settings(inner.config.component(component)));
        inner.given.insert(component.clone(), terms.clone());
        terms
    }

    /// What compiling a version may take.
    pub fn compiling(&self) -> compile::Bounds {
        let host = &self.lock().config.host;
        compile::Bounds { cpu: host.compile_cpu, memory: host.compile_memory }
    }

    /// Another manifest holds from now on, for everybody.
    pub fn declare(&self, config: Config) {
        let mut inner = self.lock();
        inner.given.iter().for_each(|(component, terms)| terms.set(settings(config.component(component))));
        inner.config = config;
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        // A map that is half changed has what it had before.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn settings(config: &ComponentConfig) -> Settings {
    let limits = &config.limits;
    // A machine that cannot count so far does not have so much either.
    let count = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
    Settings {
        limits: Arc::new(Limits {
            memory: count(limits.memory),
            cpu: limits.cpu,
            message: count(limits.message),
            state: count(limits.state),
            timers: count(limits.timers),
            log_per_second: count(limits.log),
            change_cpu: limits.change,
            save: limits.save,
            longest_save: limits.save.max(LONGEST_SAVE),
            environment: config.env.clone().into_iter().collect(),
            ..Limits::default()
        }),
        bounds: Bounds { messages: count(limits.mailbox), bytes: count(limits.mailbox_bytes) },
        service: service::Settings { concurrent: count(limits.concurrent_calls), fresh: config.fresh },
    }
}

#[cfg(test)]
mod tests;
