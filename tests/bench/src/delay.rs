//! A distance to a loopback server: whatever passes arrives later, and nothing is slowed down otherwise.

use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::time::Duration;

use anyhow::Result;
use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

/// A proxy of TCP that listens on a free loopback port until it is dropped.
pub struct Delay {
    port: u16,
    _runtime: Runtime,
}

/// So many pieces of up to 64 KiB may be on their way at once in each direction of a connection: 256 MiB, more than any loopback carries within a
/// round trip.
const ON_THEIR_WAY: usize = 4096;

impl Delay {
    /// Passes everything on to a loopback port and back. A byte arrives half a round trip later than it was sent; the first of a new connection one
    /// round trip later still, for a distant server's consent to it takes that long.
    pub fn open(upstream: u16, round_trip: Duration) -> Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let port = listener.local_addr()?.port();
        let listener = {
            let _inside = runtime.enter();
            tokio::net::TcpListener::from_std(listener)?
        };
        runtime.spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(connection(client, upstream, round_trip));
            }
        });
        Ok(Self {
            port,
            _runtime: runtime,
        })
    }

    /// The port that it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }
}

async fn connection(mut client: TcpStream, upstream: u16, round_trip: Duration) -> io::Result<()> {
    let opened = Instant::now() + round_trip;
    let mut server = TcpStream::connect((Ipv4Addr::LOCALHOST, upstream)).await?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (from_client, to_client) = client.split();
    let (from_server, to_server) = server.split();
    tokio::try_join!(
        carry(from_client, to_server, round_trip / 2, opened),
        carry(from_server, to_client, round_trip / 2, opened),
    )?;
    Ok(())
}

/// Passes on what comes, so much later; nothing counts as having come before `opened`.
async fn carry(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    later: Duration,
    opened: Instant,
) -> io::Result<()> {
    let (outgoing, mut arriving) = mpsc::channel::<(Instant, Bytes)>(ON_THEIR_WAY);
    let send = async move {
        loop {
            let mut piece = BytesMut::with_capacity(64 << 10);
            let length = from.read_buf(&mut piece).await?;
            let due = Instant::now().max(opened) + later;
            // The end of what comes is on its way for as long as everything before it.
            if outgoing.send((due, piece.freeze())).await.is_err() || length == 0 {
                return Ok(());
            }
        }
    };
    let arrive = async move {
        while let Some((due, piece)) = arriving.recv().await {
            sleep_until(due).await;
            to.write_all(&piece).await?;
        }
        to.shutdown().await
    };
    tokio::try_join!(send, arrive)?;
    Ok(())
}
