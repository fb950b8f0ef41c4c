//! The background drain: a thread of a process that lives long, started when something is owed and switched on by
//! `drain_in_background`.

use std::sync::{Arc, Condvar, Mutex, PoisonError, Weak};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::deliver::{Amount, drain};
use crate::engine::Engine;
use crate::process::{NotRun, lock};

/// Other processes owe things too: it looks at least this often.
const LOOK: Duration = Duration::from_secs(2);
/// Nothing is cut short by the end of a round but what is under way for an hour; it is told to stop at any time.
const ROUND: Duration = Duration::from_secs(3600);
const AT_ONCE: usize = 4;

#[derive(Default)]
pub(crate) struct Background {
    shared: Arc<(Mutex<State>, Condvar)>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Default)]
struct State {
    stop: bool,
    woken: bool,
}

impl Background {
    /// Something is owed: starts the thread, or wakes it. `false`: there is none, and another time it is tried again.
    pub(crate) fn wake(&self, engine: &Arc<Engine>) -> bool {
        let mut thread = lock(&self.thread);
        if lock(&self.shared.0).stop {
            return false;
        }
        if thread.as_ref().is_none_or(JoinHandle::is_finished) {
            let (notices, shared) = (Arc::clone(&engine.notices), Arc::clone(&self.shared));
            let engine = Arc::downgrade(engine);
            // Where no thread can be had, what is owed waits for another process or the next drain.
            let started = std::thread::Builder::new()
                .name("kinde-migrate-d".into())
                .spawn(move || deliver_until_stopped(&engine, &shared));
            *thread = started.map_err(|error| NotRun::Lacking(error).say(&notices)).ok();
        }
        let runs = thread.is_some();
        drop(thread);
        lock(&self.shared.0).woken = true;
        self.shared.1.notify_one();
        runs
    }

    /// Lets it finish what it has in hand, and waits for it. Not on its own thread, where an engine may end too.
    pub(crate) fn stop(&self) {
        lock(&self.shared.0).stop = true;
        self.shared.1.notify_one();
        let thread = lock(&self.thread).take();
        if let Some(thread) = thread
            && thread.thread().id() != std::thread::current().id()
        {
            let _ = thread.join();
        }
    }
}

fn deliver_until_stopped(engine: &Weak<Engine>, shared: &(Mutex<State>, Condvar)) {
    let stopped = || lock(&shared.0).stop;
    loop {
        let Some(alive) = engine.upgrade() else { return };
        let amount = Amount { max: u32::MAX, deadline: ROUND, at_once: AT_ONCE, finish: false, wait: true };
        let run = alive.lanes.run(
            || alive.connections(),
            async |connections: &_| drain(&alive, connections, amount, &stopped).await,
        );
        if let Err(why) = run {
            why.say(&alive.notices);
        }
        let rest = alive.ledger.next_due().map_or(LOOK, |due| due.clamp(Duration::from_millis(100), LOOK));
        drop(alive);
        let mut state = lock(&shared.0);
        if !state.stop && !state.woken {
            let waited = shared.1.wait_timeout(state, rest);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        state.woken = false;
        if state.stop {
            return;
        }
    }
}
