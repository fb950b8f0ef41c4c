//! What one process has: the ledger, the token, what is known of Kinde, and the ways to run a call.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use crate::api::{Connections, Connector, Reset, TokenSource};
use crate::background::Background;
use crate::desk::Desk;
use crate::flight::Flights;
use crate::hashing::Hashers;
use crate::ledger::{Ledger, fill};
use crate::notice::Notices;
use crate::places::Places;
use crate::process::{Driver, Lanes};
use crate::settings::Config;
use crate::turnstile::Turnstile;
use crate::watch::Watch;

/// Built at a process's first call, never before, and built anew after a fork.
pub(crate) struct Engine {
    pub(crate) config: Arc<Config>,
    pub(crate) ledger: Ledger,
    pub(crate) notices: Arc<Notices>,
    pub(crate) tokens: TokenSource,
    pub(crate) watch: Watch,
    pub(crate) turnstile: Turnstile,
    pub(crate) flights: Flights,
    pub(crate) hashing: Hashers,
    pub(crate) places: Places,
    pub(crate) desk: Desk,
    pub(crate) reset: Reset,
    pub(crate) lanes: Lanes<Connections>,
    /// Where it could not be started, the next call tries again.
    pub(crate) driver: Mutex<Option<Driver<Connections>>>,
    pub(crate) background: Background,
    begun: AtomicBool,
    connector: Arc<Connector>,
}

impl Engine {
    pub(crate) fn start(config: &Arc<Config>, notices: &Arc<Notices>) -> Engine {
        Engine {
            config: Arc::clone(config),
            ledger: Ledger::open(config, notices),
            notices: Arc::clone(notices),
            tokens: TokenSource::default(),
            watch: Watch::default(),
            turnstile: Turnstile::new(config.ceilings),
            flights: Flights::default(),
            hashing: Hashers::new(config.bcrypt_cost),
            places: Places::new(),
            desk: Desk::new(),
            reset: Reset::default(),
            lanes: Lanes::new(),
            driver: Mutex::default(),
            background: Background::default(),
            begun: AtomicBool::new(false),
            connector: Arc::default(),
        }
    }

    pub(crate) fn connections(&self) -> Connections {
        self.connector.connections(&self.config)
    }

    /// At a process's first call: what another has left is delivered, if that is switched on.
    pub(crate) fn begin(self: &Arc<Self>) {
        if self.config.drain_in_background
            && !self.begun.load(Ordering::Relaxed)
            && (self.ledger.next_due().is_none() || self.background.wake(self))
        {
            self.begun.store(true, Ordering::Relaxed);
        }
    }

    /// Something is owed now.
    pub(crate) fn wake_drain(self: &Arc<Self>) {
        if self.config.drain_in_background {
            self.background.wake(self);
        }
    }

    /// From 0 to 1, for jitter.
    pub(crate) fn random(&self) -> f64 {
        let mut bytes = [0; 4];
        let _ = fill(&mut bytes);
        f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX)
    }
}
