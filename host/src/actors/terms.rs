//! What is set for the actors and services of one component. They share it and look at it between two messages, so that
//! whoever lives goes on by what is set now; looking takes no lock.

use std::sync::Arc;

use arc_swap::{ArcSwap, Guard};

use super::mailbox::Bounds;
use super::service;
use crate::engine::limits::Limits;

/// What is set for one component.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Settings {
    /// What its instances may use.
    pub limits: Arc<Limits>,
    /// What may wait at each of its addresses.
    pub bounds: Bounds,
    /// How it is run where it is a service.
    pub service: service::Settings,
}

/// The settings of one component that hold now.
#[derive(Debug, Default)]
pub struct Terms(ArcSwap<Settings>);

impl Terms {
    /// Those that hold first.
    pub fn new(settings: Settings) -> Arc<Self> {
        Arc::new(Self(ArcSwap::from_pointee(settings)))
    }

    /// Others from now on. Limits that are the same stay the very same, so that nobody takes up anything for nothing.
    pub fn set(&self, mut settings: Settings) {
        let limits = self.limits();
        if *limits == *settings.limits {
            settings.limits = limits;
        }
        self.0.store(Arc::new(settings));
    }

    /// What holds in this instant; not to be held for longer than a look.
    pub fn now(&self) -> Guard<Arc<Settings>> {
        self.0.load()
    }

    /// What an instance that is made now may use.
    pub fn limits(&self) -> Arc<Limits> {
        self.now().limits.clone()
    }
}
