//! Asking a server that runs whether it does: for containers, which have no other program for it.

use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::Duration;

use model_dashboard::config::Config;

use crate::arguments::{Arguments, Only};
use crate::failure::Failure;

/// How long the server may take to answer.
const PATIENCE: Duration = Duration::from_secs(3);

/// Asks the server of this configuration, on this machine, for `/livez`.
pub(crate) fn run(config: &Config, arguments: &Arguments) -> Result<(), Failure> {
    let (host, port) = match arguments.only {
        Some(Only::Dashboard) => (config.server.host, config.server.port),
        _ => (config.api.host, config.api.port),
    };
    let address = SocketAddr::new(reached(host), port);
    let said = ask(address).map_err(|error| {
        Failure::unavailable(format!("the server at {address} does not answer"), &error)
    })?;
    match said.starts_with("HTTP/1.1 200 ") {
        true => Ok(()),
        false => {
            let line = said.lines().next().unwrap_or_default().to_owned();
            let error = io::Error::other(line);
            Err(Failure::unavailable(
                format!("the server at {address} is not well"),
                &error,
            ))
        }
    }
}

/// Where a server is reached that listens everywhere.
fn reached(host: IpAddr) -> IpAddr {
    match host {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => Ipv6Addr::LOCALHOST.into(),
        host => host,
    }
}

/// The beginning of the answer.
fn ask(address: SocketAddr) -> io::Result<String> {
    let mut socket = TcpStream::connect_timeout(&address, PATIENCE)?;
    socket.set_read_timeout(Some(PATIENCE))?;
    socket.set_write_timeout(Some(PATIENCE))?;
    let request = format!("GET /livez HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    socket.write_all(request.as_bytes())?;
    let mut answer = String::new();
    socket.take(4096).read_to_string(&mut answer)?;
    Ok(answer)
}
