//! The network between the daemon and the API server: connections pass through here, and not always well.

use anyhow::Result;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Mode {
    Fair = 0,
    /// Nobody answers: connections are closed, new ones too.
    Away = 1,
    /// Nothing arrives, in either direction, until it changes.
    Silent = 2,
    /// Requests arrive, answers don't: the connection ends where one would come.
    Unanswered = 3,
    /// Connections end in the middle of something.
    Cutting = 4,
}

impl Mode {
    pub const BAD: [Self; 4] = [Self::Away, Self::Silent, Self::Unanswered, Self::Cutting];

    fn of(number: u8) -> Self {
        Self::BAD.into_iter().find(|mode| *mode as u8 == number).unwrap_or(Self::Fair)
    }
}

#[derive(Clone)]
pub struct Weather {
    mode: Arc<AtomicU8>,
    pub address: SocketAddr,
}

impl Weather {
    /// A proxy on a port of its own.
    pub fn start(runtime: &Runtime, server: SocketAddr) -> Result<Self> {
        let listener = runtime.block_on(TcpListener::bind(("127.0.0.1", 0)))?;
        let weather = Self { mode: Arc::new(AtomicU8::new(0)), address: listener.local_addr()? };
        let shared = weather.clone();
        runtime.spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                if shared.mode() != Mode::Away {
                    tokio::spawn(connect(shared.clone(), client, server));
                }
            }
        });
        Ok(weather)
    }

    pub fn set(&self, mode: Mode) {
        self.mode.store(mode as u8, Ordering::Relaxed);
    }

    pub fn mode(&self) -> Mode {
        Mode::of(self.mode.load(Ordering::Relaxed))
    }

    /// Returns when the connection is to end.
    async fn carry(&self, mut from: OwnedReadHalf, mut to: OwnedWriteHalf, answers: bool) {
        let mut buffer = vec![0; 16 << 10];
        let mut chunks = 0_u32;
        loop {
            let size = tokio::select! {
                read = from.read(&mut buffer) => match read {
                    Ok(0) | Err(_) => return,
                    Ok(size) => size,
                },
                () = self.gone() => return,
            };
            chunks += 1;
            while self.mode() == Mode::Silent {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            match self.mode() {
                Mode::Fair | Mode::Silent => {}
                Mode::Away => return,
                Mode::Unanswered if answers => return,
                Mode::Unanswered => {}
                Mode::Cutting if chunks.is_multiple_of(7) => {
                    // Half of what there was to say.
                    let _cut = to.write_all(&buffer[..size / 2]).await;
                    return;
                }
                Mode::Cutting => {}
            }
            if to.write_all(&buffer[..size]).await.is_err() {
                return;
            }
        }
    }

    async fn gone(&self) {
        while self.mode() != Mode::Away {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

async fn connect(weather: Weather, client: TcpStream, server: SocketAddr) {
    let Ok(server) = TcpStream::connect(server).await else { return };
    let ((asked, answering), (answers, asking)) = (client.into_split(), server.into_split());
    tokio::select! {
        () = weather.carry(asked, asking, false) => {}
        () = weather.carry(answers, answering, true) => {}
    }
}
