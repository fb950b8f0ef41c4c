//! A sandbox as a value: started, asked, told, and stopped when dropped.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::thread::JoinHandle;

use serde_json::Value;
use tokio::sync::{mpsc, oneshot};

use crate::answer::Refusal;
use crate::options::{OptionError, Options};
use crate::server::{self, Command};
use crate::sign_in::{Attempt, SignIn};
use crate::state::{ResetRequest, State};
use crate::stats::{CallRecord, Stats};
use crate::view::UserView;

/// Why a sandbox could not be started, or could not do as it was told.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// An option makes no sense.
    #[error(transparent)]
    Option(#[from] OptionError),
    /// Somebody else listens on the port.
    #[error(
        "port {0} of 127.0.0.1 is taken: stop what listens there, or choose another port \
         (0 picks a free one)"
    )]
    PortTaken(u16),
    /// The port may not be used by this user.
    #[error("port {0} of 127.0.0.1 may not be used by this user: choose one above 1023, or 0")]
    PortForbidden(u16),
    /// The system refused a socket, a thread, or random bytes.
    #[error("the sandbox could not be started: {0}")]
    System(#[from] io::Error),
    /// What it was told makes no sense.
    #[error("{0}")]
    Refused(String),
    /// The server's thread is gone.
    #[error("the sandbox has stopped")]
    Stopped,
}

impl From<Refusal> for SandboxError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal.message)
    }
}

/// A running sandbox, on a thread of its own.
///
/// It can be used from any thread, with or without an asynchronous runtime; its methods wait for
/// the server's thread, which takes microseconds (`sign_in` takes as long as the hash does).
#[derive(Debug)]
pub struct Sandbox {
    url: String,
    port: u16,
    commands: mpsc::UnboundedSender<Command>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Sandbox {
    /// Starts one on a free port of 127.0.0.1.
    pub fn start(options: Options) -> Result<Self, SandboxError> {
        Self::start_on(0, options)
    }

    /// Starts one on a port of 127.0.0.1; 0 picks a free one.
    pub fn start_on(port: u16, options: Options) -> Result<Self, SandboxError> {
        options.validate()?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let listener = TcpListener::bind(address).map_err(|error| match error.kind() {
            io::ErrorKind::AddrInUse => SandboxError::PortTaken(port),
            io::ErrorKind::PermissionDenied => SandboxError::PortForbidden(port),
            _ => SandboxError::System(error),
        })?;
        listener.set_nonblocking(true)?;
        let port = listener.local_addr()?.port();
        let url = format!("http://127.0.0.1:{port}");

        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            // They check sign-ins, and scrypt may take a gigabyte for one.
            .max_blocking_threads(2)
            .build()?;
        let (commands, receiver) = mpsc::unbounded_channel();
        let (stop, stopped) = oneshot::channel();
        let (ready, readiness) = std::sync::mpsc::channel();
        let own_url = url.clone();
        let thread = std::thread::Builder::new().name("kinde-sandbox".to_owned()).spawn(move || {
            runtime.block_on(async {
                let started = State::new(options, own_url)
                    .map_err(|error| io::Error::other(error.to_string()))
                    .and_then(|state| Ok((state, tokio::net::TcpListener::from_std(listener)?)));
                match started {
                    Ok((state, listener)) => {
                        let _ = ready.send(Ok(()));
                        server::run(listener, state, receiver, stopped).await;
                    }
                    Err(error) => {
                        let _ = ready.send(Err(error));
                    }
                }
            });
            // A sign-in that is still being checked is nobody's concern any more.
            runtime.shutdown_background();
        })?;
        readiness.recv().map_err(|_| SandboxError::Stopped)??;
        Ok(Self { url, port, commands, stop: Some(stop), thread: Some(thread) })
    }

    /// Where it is: `http://127.0.0.1:PORT`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The port it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Clears users, figures, limits and tokens; the body is that of `POST /sandbox/reset`:
    /// `{"options": {…}, "users": […], "keep_tokens": false}`, each of them optional.
    pub fn reset(&self, body: Value) -> Result<(), SandboxError> {
        let request: ResetRequest =
            serde_json::from_value(body).map_err(|error| SandboxError::Refused(error.to_string()))?;
        Ok(self.with(move |state| state.reset(request))??)
    }

    /// Changes options and clears nothing.
    pub fn set_options(&self, changes: Value) -> Result<(), SandboxError> {
        let Value::Object(changes) = changes else {
            return Err(SandboxError::Refused("options must be a JSON object".to_owned()));
        };
        Ok(self.with(move |state| state.change_options(&changes))??)
    }

    /// Makes every token bad.
    pub fn revoke_tokens(&self) -> Result<(), SandboxError> {
        self.with(|state| state.tokens.revoke_all())
    }

    /// The figures since the last reset.
    pub fn stats(&self) -> Result<Stats, SandboxError> {
        self.with(|state| state.stats())
    }

    /// All users, in the order of their creation.
    pub fn users(&self) -> Result<Vec<UserView>, SandboxError> {
        self.with(|state| state.directory.from(0).map(|(_, user)| UserView::of(user)).collect())
    }

    /// The last calls, the oldest first.
    pub fn calls(&self, last: usize) -> Result<Vec<CallRecord>, SandboxError> {
        self.with(move |state| state.counters.last(last))
    }

    /// Signs a user in by what was set; the work is done on the caller's thread.
    pub fn sign_in(&self, email: &str, password: &str) -> Result<SignIn, SandboxError> {
        let attempt = Attempt::by_email(email, password);
        match self.with(move |state| attempt.begin(state))? {
            Err(refused) => Ok(refused),
            Ok(check) => {
                let verdict = check.verdict();
                self.with(move |state| check.finish(state, verdict))
            }
        }
    }

    /// Runs something on the server's thread and waits for what it answers.
    fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut State) -> T + Send + 'static,
    ) -> Result<T, SandboxError> {
        let (answer, answered) = std::sync::mpsc::channel();
        let command: Command = Box::new(move |state| {
            let _ = answer.send(work(state));
        });
        self.commands.send(command).map_err(|_| SandboxError::Stopped)?;
        answered.recv().map_err(|_| SandboxError::Stopped)
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
