//! From the library's threads to the event loop.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock, Weak};

use napi::bindgen_prelude::{Either5, FnArgs, Function, Undefined};
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode, ThreadsafeFunctionHandle};
use napi::{Env, Status};

use crate::answer::{Closed, Drained, LedgerStatus, Outcome};
use crate::pending::{Pending, PendingCall};

/// What a call under way ends in; undefined where a defect was caught.
pub(crate) type Answer = Either5<Outcome, Drained, LedgerStatus, Closed, Undefined>;
/// The ticket that the call was given, and its answer.
pub(crate) type Arguments = FnArgs<(u32, Answer)>;
/// Weak: an idle migrator keeps no process alive.
type Channel = ThreadsafeFunction<Arguments, (), Arguments, Status, false, true>;

/// One channel for all of a migrator's calls.
pub(crate) struct Delivery {
    channel: Arc<Channel>,
    under_way: Arc<UnderWay>,
    pending: Arc<Pending>,
}

/// How many calls the process stays alive for. Of use on the JavaScript thread only.
#[derive(Default)]
struct UnderWay {
    calls: AtomicU32,
    channel: OnceLock<Weak<ThreadsafeFunctionHandle>>,
}

/// The end of a channel that a thread holds for one call.
pub(crate) struct Reply {
    channel: Arc<Channel>,
    ticket: u32,
    _pending: PendingCall,
}

impl Delivery {
    pub(crate) fn new(callback: &Function<'_, Arguments, ()>) -> napi::Result<Self> {
        let under_way = Arc::new(UnderWay::default());
        let counted = Arc::clone(&under_way);
        let channel =
            callback.build_threadsafe_function::<Arguments>().weak::<true>().build_callback(move |call| {
                counted.end(&call.env);
                Ok(call.value)
            })?;
        let _ = under_way.channel.set(Arc::downgrade(&channel.handle));
        Ok(Delivery { channel: Arc::new(channel), under_way, pending: Arc::default() })
    }

    pub(crate) fn pending(&self) -> &Pending {
        &self.pending
    }

    /// For a call that begins. The process stays alive until its answer has been delivered.
    pub(crate) fn begin(&self, env: &Env, ticket: u32) -> Reply {
        self.under_way.begin(env);
        Reply { channel: Arc::clone(&self.channel), ticket, _pending: self.pending.begin() }
    }

    /// A call that began and will have no answer.
    pub(crate) fn withdraw(&self, env: &Env) {
        self.under_way.end(env);
    }
}

impl UnderWay {
    fn begin(&self, env: &Env) {
        if self.calls.fetch_add(1, Ordering::Relaxed) == 0 {
            self.hold(env, true);
        }
    }

    fn end(&self, env: &Env) {
        if self.calls.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.hold(env, false);
        }
    }

    #[allow(unsafe_code)]
    fn hold(&self, env: &Env, alive: bool) {
        let Some(handle) = self.channel.get().and_then(Weak::upgrade) else { return };
        handle.with_read_aborted(|aborted| {
            if aborted {
                return;
            }
            // SAFETY: `env` is at hand on its own thread only, and the channel has not been closed, nor can it
            // be while the lock is held.
            unsafe {
                match alive {
                    true => napi::sys::napi_ref_threadsafe_function(env.raw(), handle.get_raw()),
                    false => napi::sys::napi_unref_threadsafe_function(env.raw(), handle.get_raw()),
                }
            };
        });
    }
}

impl Reply {
    /// On any thread. Where the event loop is gone, so is whoever asked.
    pub(crate) fn send(self, answer: Answer) {
        self.channel.call(FnArgs::from((self.ticket, answer)), ThreadsafeFunctionCallMode::NonBlocking);
    }
}
