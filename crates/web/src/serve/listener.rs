//! Sockets that listen: TCP, alone or shared by threads, and a Unix socket that only its owner may open.

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::UnixStream as StdUnixStream;
use std::path::{Path, PathBuf};

use rustix::net::{AddressFamily, SocketFlags, SocketType, sockopt};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};

use super::{Peer, Tls};

/// Connections that the system may hold for us before we accept them (it caps this at `net.core.somaxconn`).
const BACKLOG: i32 = 4096;

/// A socket that listens already; needs no runtime until it is served.
#[derive(Debug)]
pub struct Listener(Socket, Option<Tls>);

#[derive(Debug)]
enum Socket {
    Tcp(std::net::TcpListener),
    Unix(std::os::unix::net::UnixListener, PathBuf),
}

impl Listener {
    /// Listens on `addr` (port 0 picks a free one), reusing an address that only old connections still hold.
    ///
    /// # Errors
    /// What the system says, `AddrInUse` above all.
    pub fn tcp(addr: SocketAddr) -> io::Result<Self> {
        Self::bind_tcp(addr, false)
    }

    /// Like [`Listener::tcp`], and lets other sockets of this user listen there too (`SO_REUSEPORT`): the system
    /// spreads new connections over them. A second server on the port is not noticed: see [`super::run_threads`].
    ///
    /// # Errors
    /// As [`Listener::tcp`].
    pub fn tcp_shared(addr: SocketAddr) -> io::Result<Self> {
        Self::bind_tcp(addr, true)
    }

    fn bind_tcp(addr: SocketAddr, shared: bool) -> io::Result<Self> {
        let family = if addr.is_ipv4() {
            AddressFamily::INET
        } else {
            AddressFamily::INET6
        };
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let socket = rustix::net::socket_with(family, SocketType::STREAM, flags, None)?;
        sockopt::set_socket_reuseaddr(&socket, true)?;
        sockopt::set_socket_reuseport(&socket, shared)?;
        rustix::net::bind(&socket, &addr)?;
        rustix::net::listen(&socket, BACKLOG)?;
        Ok(Self(Socket::Tcp(socket.into()), None))
    }

    /// Listens on a Unix socket at `path`, mode 0600. A socket file that nobody answers on is replaced.
    /// Two servers that start in the same instant must be kept apart by a lock on their directory.
    ///
    /// # Errors
    /// `AddrInUse` if a server answers there; `AlreadyExists` if the path is something else than a socket;
    /// `InvalidInput` if it is longer than the system allows (107 bytes on Linux).
    pub fn unix(path: impl AsRef<Path>) -> io::Result<Self> {
        let path = path.as_ref();
        let name = rustix::net::SocketAddrUnix::new(path).map_err(|error| match error {
            rustix::io::Errno::NAMETOOLONG => {
                io::Error::new(io::ErrorKind::InvalidInput, "the path of the socket is too long")
            }
            other => other.into(),
        })?;
        remove_stale(path)?;
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let socket = rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
        rustix::net::bind(&socket, &name)?;
        // Nobody can connect before `listen`, so there is no moment at which another user could.
        fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
        rustix::net::listen(&socket, BACKLOG)?;
        Ok(Self(Socket::Unix(socket.into(), path.to_owned()), None))
    }

    /// The same with TLS on its TCP connections, if there is any.
    #[must_use]
    pub fn over(self, tls: Option<Tls>) -> Self {
        Self(self.0, tls)
    }

    /// Where a TCP listener listens, with the real port.
    ///
    /// # Errors
    /// `Unsupported` for a Unix socket.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        match &self.0 {
            Socket::Tcp(socket) => socket.local_addr(),
            Socket::Unix(..) => Err(io::ErrorKind::Unsupported.into()),
        }
    }
}

/// Removes the socket file of a server that is gone.
fn remove_stale(path: &Path) -> io::Result<()> {
    let file = match fs::symlink_metadata(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    if !file.file_type().is_socket() {
        let text = format!("{} is not a socket", path.display());
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, text));
    }
    match StdUnixStream::connect(path) {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => fs::remove_file(path),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        // Connected, or a queue that is full, or a socket that we may not open: somebody lives there.
        _ => {
            let text = format!("a server answers on {}", path.display());
            Err(io::Error::new(io::ErrorKind::AddrInUse, text))
        }
    }
}

/// A connection with its peer.
pub(super) enum Accepted {
    Tcp(TcpStream, Peer),
    Tls(TcpStream, Peer, Tls),
    Unix(UnixStream, Peer),
}

/// A listener that a runtime watches.
pub(super) enum Acceptor {
    Tcp(TcpListener, Option<Tls>),
    Unix(UnixListener, PathBuf),
}

impl Acceptor {
    pub(super) fn new(listener: Listener) -> io::Result<Self> {
        match listener.0 {
            Socket::Tcp(socket) => Ok(Self::Tcp(TcpListener::from_std(socket)?, listener.1)),
            Socket::Unix(socket, path) => Ok(Self::Unix(UnixListener::from_std(socket)?, path)),
        }
    }

    /// The next connection. Safe to drop before it is done.
    pub(super) async fn accept(&self) -> io::Result<Accepted> {
        match self {
            Self::Tcp(socket, tls) => {
                let (stream, addr) = socket.accept().await?;
                // A small answer must not wait for the client's acknowledgement; fails only if the client has left.
                let _ = stream.set_nodelay(true);
                let peer = Peer::Tcp(addr);
                Ok(match tls {
                    Some(tls) => Accepted::Tls(stream, peer, tls.clone()),
                    None => Accepted::Tcp(stream, peer),
                })
            }
            Self::Unix(socket, _) => {
                let (stream, _) = socket.accept().await?;
                let process = stream.peer_cred()?;
                let peer = Peer::Unix {
                    uid: process.uid(),
                    pid: process.pid(),
                };
                Ok(Accepted::Unix(stream, peer))
            }
        }
    }

    /// Stops listening; a Unix socket's file goes first, while it is still surely ours.
    pub(super) fn close(self) {
        if let Self::Unix(_, path) = &self {
            // It may have been removed already; a file that stays is replaced at the next start.
            let _ = fs::remove_file(path);
        }
    }
}
