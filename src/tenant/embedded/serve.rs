//! The tenant on a TCP port, for other processes and for people with curl.
//!
//! Nobody can hold it up: the head of a request has a time limit, a silent connection another, and
//! only so many connections are open at once; the next ones wait until one of them ends.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::serve::Listener;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, Sleep};

use super::EmbeddedTenant;

/// How long requests in flight may go on after the word to stop.
const FAREWELL: Duration = Duration::from_secs(5);
/// How long a connection may rest without a byte in either direction.
const SILENCE_MAX: Duration = Duration::from_mins(5);
/// How long the head of a request may take, and how long an idle connection is kept: longer than
/// clients keep theirs, so that they do not meet a closed one.
const HEAD_PATIENCE: Duration = Duration::from_secs(if cfg!(test) { 1 } else { 60 });
/// How many connections are open at once.
pub(super) const CONNECTIONS_MAX: usize = if cfg!(test) { 8 } else { 1_000 };

impl EmbeddedTenant {
    /// Serves until `shutdown` is ready; then takes no new connection, and lets requests in flight
    /// finish for five seconds at most.
    pub async fn serve(
        self,
        mut listener: TcpListener,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> io::Result<()> {
        let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
        let (stop, stopping) = watch::channel(());
        let mut shutdown = pin!(shutdown);
        let mut conversations = JoinSet::new();
        loop {
            let (stream, place) = tokio::select! {
                next = next_connection(&mut listener, &places) => next,
                () = &mut shutdown => break,
            };
            conversations.spawn(converse(self.router(), stream, place, stopping.clone()));
            while conversations.try_join_next().is_some() {}
        }
        drop(listener);
        drop(stop);
        // Whatever has not ended by then is cut off with the set.
        let _ = tokio::time::timeout(FAREWELL, conversations.join_all()).await;
        Ok(())
    }
}

/// Waits for room and then for somebody who wants it.
async fn next_connection(
    listener: &mut TcpListener,
    places: &Arc<Semaphore>,
) -> (PatientStream, OwnedSemaphorePermit) {
    let place = places.clone().acquire_owned().await.expect("nobody closes this semaphore");
    // It passes over connections that are gone already, and rests when the system has no more.
    let (stream, _): (TcpStream, SocketAddr) = Listener::accept(listener).await;
    // Small answers must not wait for more; where the system refuses, they wait.
    let _ = stream.set_nodelay(true);
    (PatientStream { stream, silence: Box::pin(tokio::time::sleep(SILENCE_MAX)) }, place)
}

/// Answers the requests of one connection until either side ends it, or until the word to stop.
async fn converse(
    router: Router,
    stream: PatientStream,
    place: OwnedSemaphorePermit,
    mut stopping: watch::Receiver<()>,
) {
    let mut server = Builder::new(TokioExecutor::new()).http1_only();
    server.http1().timer(TokioTimer::new()).header_read_timeout(HEAD_PATIENCE);
    let service = TowerToHyperService::new(router);
    let mut connection = pin!(server.serve_connection(TokioIo::new(stream), service));
    // How a client ends a conversation, politely or not, is its own affair.
    tokio::select! {
        _ = connection.as_mut() => {}
        _ = stopping.changed() => {
            connection.as_mut().graceful_shutdown();
            let _ = connection.await;
        }
    }
    drop(place);
}

/// A connection with a clock that every byte winds up again.
struct PatientStream {
    stream: TcpStream,
    silence: Pin<Box<Sleep>>,
}

impl PatientStream {
    /// Winds the clock up after something moved; gives up when it has run down.
    fn timed<T>(
        &mut self,
        context: &mut Context<'_>,
        moved: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if moved.is_ready() {
            self.silence.as_mut().reset(Instant::now() + SILENCE_MAX);
            return moved;
        }
        self.silence.as_mut().poll(context).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for PatientStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        self.timed(context, read)
    }
}

impl AsyncWrite for PatientStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.timed(context, written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, buffers);
        self.timed(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
