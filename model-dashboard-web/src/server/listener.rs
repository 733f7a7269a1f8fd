//! Binding an address.

use std::io;
use std::net::SocketAddr;

use tokio::net::{TcpListener, TcpSocket, TcpStream};

/// Why an address cannot be listened on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BindError {
    /// Another program listens there.
    #[error("{address} is taken: another program listens there; stop it or choose another port")]
    Taken {
        /// What was asked for.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The system does not allow it to this user.
    #[error("not permitted to listen on {address}; ports below 1024 often need a privilege")]
    NotPermitted {
        /// What was asked for.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// No network interface of this machine has the address.
    #[error("{address} is not an address of this machine; 0.0.0.0 and :: stand for all of them")]
    NotLocal {
        /// What was asked for.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// Anything else.
    #[error("cannot listen on {address}")]
    Failed {
        /// What was asked for.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
}

impl BindError {
    /// The address that was asked for.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        match self {
            Self::Taken { address, .. }
            | Self::NotPermitted { address, .. }
            | Self::NotLocal { address, .. }
            | Self::Failed { address, .. } => *address,
        }
    }
}

/// How many connections may wait in the kernel to be accepted, as far as it lets. With fewer, those
/// who come at once are reset as soon as it falls back to SYN cookies.
const BACKLOG: u32 = 4096;

/// A bound address that connections can be accepted from.
#[derive(Debug)]
pub struct Listener {
    inner: TcpListener,
    address: SocketAddr,
}

impl Listener {
    /// Binds `address`; port 0 takes a free one.
    ///
    /// The address can be taken again at once after a restart (`SO_REUSEADDR` on Unix), and up to
    /// 4,096 connections wait in the kernel, or as many as it lets (`net.core.somaxconn`).
    ///
    /// # Errors
    ///
    /// [`BindError`], which names the address.
    pub async fn bind(address: SocketAddr) -> Result<Self, BindError> {
        listen(address)
            .and_then(|inner| {
                let address = inner.local_addr()?;
                Ok(Self { inner, address })
            })
            .map_err(|source| match source.kind() {
                io::ErrorKind::AddrInUse => BindError::Taken { address, source },
                io::ErrorKind::PermissionDenied => BindError::NotPermitted { address, source },
                io::ErrorKind::AddrNotAvailable => BindError::NotLocal { address, source },
                _ => BindError::Failed { address, source },
            })
    }

    /// The address that was bound, with the port that was taken for port 0.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// The next connection, without the delay of Nagle's algorithm.
    pub(super) async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        let (stream, peer) = self.inner.accept().await?;
        // The peer may be gone already; reading from it will tell.
        let _ = stream.set_nodelay(true);
        Ok((stream, peer))
    }
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4(),
        SocketAddr::V6(_) => TcpSocket::new_v6(),
    }?;
    // On Windows it would let two programs listen at one address.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}
