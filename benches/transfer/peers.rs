//! What uploads and downloads are measured against: a bare hyper server that hashes what it gets and
//! writes it to the disk, and nginx that sends a file.

use std::convert::Infallible;
use std::fs::{self, File};
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use http_body_util::{BodyExt as _, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use sha2::{Digest as _, Sha256};

use crate::process::{Process, wait_until};

/// Starts this program once more, as the bare server that writes to `file`.
pub(crate) fn hyper(file: &Path) -> io::Result<(Process, SocketAddr)> {
    let mut child = Command::new(std::env::current_exe()?)
        .arg("--receive")
        .arg(file)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let output = child.stdout.take();
    let process = Process::of(child);
    let mut line = String::new();
    BufReader::new(output.ok_or(io::ErrorKind::BrokenPipe)?).read_line(&mut line)?;
    let address = line.trim().parse().map_err(io::Error::other)?;
    Ok((process, address))
}

/// The bare server: prints where it listens, and ends with its standard input.
pub(crate) fn receive(file: PathBuf) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.spawn(async move {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
        println!("{}", listener.local_addr()?);
        io::stdout().flush()?;
        loop {
            let (stream, _) = listener.accept().await?;
            let file = file.clone();
            let service = service_fn(move |request| {
                let file = file.clone();
                async move {
                    let status = match keep(request, &file).await {
                        Ok(_) => StatusCode::NO_CONTENT,
                        Err(_) => StatusCode::INTERNAL_SERVER_ERROR,
                    };
                    let mut response = Response::new(Empty::<Bytes>::new());
                    *response.status_mut() = status;
                    Ok::<_, Infallible>(response)
                }
            });
            let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
            tokio::spawn(connection);
        }
        #[allow(unreachable_code, reason = "it gives the block its type")]
        io::Result::Ok(())
    });
    io::stdin().read_to_end(&mut Vec::new())?;
    runtime.shutdown_background();
    Ok(())
}

/// Blocks its thread: there is one upload at a time, and nothing costs less.
async fn keep(request: Request<Incoming>, path: &Path) -> io::Result<[u8; 32]> {
    let mut body = request.into_body();
    let mut file = File::create(path)?;
    let mut hash = Sha256::new();
    while let Some(frame) = body.frame().await {
        if let Ok(data) = frame.map_err(io::Error::other)?.into_data() {
            hash.update(&data);
            file.write_all(&data)?;
        }
    }
    file.sync_all()?;
    Ok(hash.finalize().into())
}

/// nginx with one worker that sends the files of `folder` with sendfile.
pub(crate) fn nginx(folder: &Path, work: &Path) -> io::Result<(Process, SocketAddr)> {
    let address = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?;
    let (root, work_text) = (folder.display(), work.display());
    let text = format!(
        "daemon off; worker_processes 1; user root; pid {work_text}/pid; error_log {work_text}/errors;\n\
         events {{}}\n\
         http {{ access_log off; sendfile on; tcp_nopush on;\n\
         client_body_temp_path {work_text}/body; proxy_temp_path {work_text}/proxy;\n\
         fastcgi_temp_path {work_text}/fastcgi; uwsgi_temp_path {work_text}/uwsgi;\n\
         scgi_temp_path {work_text}/scgi;\n\
         server {{ listen {address}; root {root}; }} }}\n"
    );
    let configuration = work.join("nginx.conf");
    fs::write(&configuration, text)?;
    let child = Command::new("/usr/sbin/nginx")
        .arg("-c")
        .arg(&configuration)
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| io::Error::other(format!("nginx (Debian: nginx-light): {error}")))?;
    let process = Process::of(child);
    wait_until(|| std::net::TcpStream::connect(address).is_ok())?;
    Ok((process, address))
}
