//! Binding an address.

use std::io;
use std::net::SocketAddr;

use tokio::net::{TcpListener, TcpStream};

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
    /// 1,024 connections wait in the kernel.
    ///
    /// # Errors
    ///
    /// [`BindError`], which names the address.
    pub async fn bind(address: SocketAddr) -> Result<Self, BindError> {
        let bound = TcpListener::bind(address).await;
        bound
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
