//! What one process has: the ledger, the token, the pause, and the ways to run a call.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use crate::api::{Connections, Connector, Reset, TokenSource};
use crate::ledger::{Ledger, fill};
use crate::notice::Notices;
use crate::pace::Pause;
use crate::process::{Driver, Lanes, Turns};
use crate::settings::Config;

/// Built at a process's first call, never before, and built anew after a fork.
pub(crate) struct Engine {
    pub(crate) config: Arc<Config>,
    pub(crate) ledger: Ledger,
    pub(crate) tokens: TokenSource,
    pub(crate) pause: Pause,
    pub(crate) hashing: Arc<Turns>,
    pub(crate) reset: Reset,
    pub(crate) lanes: Lanes<Connections>,
    pub(crate) driver: OnceLock<Option<Driver<Connections>>>,
    connector: Connector,
    started: Instant,
}

impl Engine {
    pub(crate) fn start(config: &Arc<Config>, notices: &Notices) -> Engine {
        Engine {
            config: Arc::clone(config),
            ledger: Ledger::open(config, notices),
            tokens: TokenSource::default(),
            pause: Pause::default(),
            hashing: Arc::new(Turns::new()),
            reset: Reset::default(),
            lanes: Lanes::new(),
            driver: OnceLock::new(),
            connector: Connector::default(),
            started: Instant::now(),
        }
    }

    pub(crate) fn connections(&self) -> Connections {
        self.connector.connections(&self.config)
    }

    /// The clock of the pause: monotonic, from when this engine was started.
    pub(crate) fn clock(&self) -> Duration {
        self.started.elapsed()
    }

    /// From 0 to 1, for jitter.
    pub(crate) fn random(&self) -> f64 {
        let mut bytes = [0; 4];
        let _ = fill(&mut bytes);
        f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX)
    }
}
