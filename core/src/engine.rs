//! What one process has: the ledger, the token, what is known of Kinde, and the ways to run a call.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use crate::api::{Connections, Connector, Failure, Reset, TokenSource};
use crate::background::Background;
use crate::desk::Desk;
use crate::flight::Flights;
use crate::hashing::Hashers;
use crate::holdoff::{Holdoffs, Needs, Thing};
use crate::ledger::{Ledger, random};
use crate::notice::Notices;
use crate::pace::Class;
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
    pub(crate) holdoffs: Holdoffs,
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
            watch: Watch::new(notices),
            holdoffs: Holdoffs::new(config, notices),
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

    /// Why a call of this class that needs this does not begin: Kinde is down, or refuses what it needs.
    pub(crate) fn barred(&self, class: Class, needs: Needs) -> Option<Failure> {
        let client = || self.holdoffs.held(&self.ledger, Thing::Client).filter(|_| !self.tokens.is_fresh());
        let down = self.watch.down(&self.ledger, class);
        down.or_else(client).or_else(|| self.holdoffs.bars(&self.ledger, needs))
    }

    /// Something is owed now.
    pub(crate) fn wake_drain(self: &Arc<Self>) {
        if self.config.drain_in_background {
            self.background.wake(self);
        }
    }

    /// From 0 to 1, for jitter.
    pub(crate) fn random(&self) -> f64 {
        random()
    }
}
