//! Connections: accepted on loopback, served on one thread, reset where a fault says so.

use std::cell::{Cell, RefCell};
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio::task::LocalSet;

use crate::call;
use crate::state::State;

/// Something to be done with the state, on the server's thread.
pub(crate) type Command = Box<dyn FnOnce(&mut State) + Send>;

/// Serves until told to stop.
pub(crate) async fn run(
    listener: TcpListener,
    state: State,
    mut commands: mpsc::UnboundedReceiver<Command>,
    mut stop: oneshot::Receiver<()>,
) {
    let state = Rc::new(RefCell::new(state));
    let tasks = LocalSet::new();
    let accept = async {
        loop {
            tokio::select! {
                accepted = listener.accept() => match accepted {
                    Ok((stream, _)) => {
                        tokio::task::spawn_local(connection(stream, Rc::clone(&state)));
                    }
                    // Out of file descriptors, most likely: others have to close first.
                    Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
                },
                Some(command) = commands.recv() => command(&mut state.borrow_mut()),
                _ = &mut stop => return,
            }
        }
    };
    tasks.run_until(accept).await;
}

async fn connection(stream: TcpStream, state: Rc<RefCell<State>>) {
    // Without it, small answers would wait for the client's acknowledgements.
    let _ = stream.set_nodelay(true);
    let reset = Rc::new(Cell::new(false));
    let stream = Stream { inner: stream, reset: Rc::clone(&reset) };
    let serving = Rc::clone(&state);
    let service = service_fn(move |request| call::serve(Rc::clone(&serving), Rc::clone(&reset), request));
    // Any other error is a client that went away, or a fault of ours: nobody is left to be told.
    if let Err(error) = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await
        && error.is_parse()
    {
        state.borrow_mut().counters.malformed += 1;
    }
}

/// A TCP stream that ends with a reset instead of an orderly close, if told to.
struct Stream {
    inner: TcpStream,
    reset: Rc<Cell<bool>>,
}

impl Drop for Stream {
    fn drop(&mut self) {
        if self.reset.get() {
            let _ = self.inner.set_zero_linger();
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(context, buffer)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write_vectored(context, buffers)
    }
}
