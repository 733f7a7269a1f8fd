//! The bucket without the registry, and a wire to it that counts.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http::Method;
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::path::Path;
use object_store::signer::Signer as _;
use object_store::{ClientOptions, ObjectStoreExt as _, WriteMultipart};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::s3_server::{ACCESS_KEY, BUCKET, S3Server, SECRET_KEY};

/// Where the bare client keeps the package.
const KEY: &str = "bench/package.zip";

/// As the registry's parts of a large package.
const PART: usize = 8 << 20;

/// A client without anything around it.
pub(crate) fn bare(server: &S3Server) -> AmazonS3 {
    let options = ClientOptions::new().with_allow_http(true);
    AmazonS3Builder::new()
        .with_bucket_name(BUCKET)
        .with_endpoint(format!("http://{}", server.address))
        .with_access_key_id(ACCESS_KEY)
        .with_secret_access_key(SECRET_KEY)
        .with_client_options(options.with_timeout(Duration::from_secs(600)))
        .build()
        .unwrap()
}

/// The registry's settings for the bucket at `address`.
pub(crate) fn settings(address: SocketAddr) -> Vec<(&'static str, String)> {
    vec![
        ("MINIO_HOST", address.ip().to_string()),
        ("MINIO_PORT", address.port().to_string()),
        ("MINIO_USERNAME", ACCESS_KEY.to_owned()),
        ("MINIO_PASSWORD", SECRET_KEY.to_owned()),
        ("MINIO_BUCKET", BUCKET.to_owned()),
    ]
}

/// The package in parts, some at once.
pub(crate) async fn put(bare: &AmazonS3, package: &[u8]) -> io::Result<()> {
    let upload = bare.put_multipart(&Path::from(KEY)).await?;
    let mut upload = WriteMultipart::new_with_chunk_size(upload, PART);
    for piece in package.chunks(PART) {
        upload.wait_for_capacity(4).await?;
        upload.write(piece);
    }
    upload.finish().await?;
    Ok(())
}

/// An address of the package that needs no key.
pub(crate) async fn signed(bare: &AmazonS3) -> io::Result<String> {
    let hour = Duration::from_secs(3_600);
    let url = bare.signed_url(Method::GET, &Path::from(KEY), hour).await?;
    let query = url.query().unwrap_or_default();
    Ok(format!("{}?{query}", url.path()))
}

/// A wire to a server that counts what the server answers.
#[derive(Debug)]
pub(crate) struct Counted {
    pub(crate) address: SocketAddr,
    answered: Arc<AtomicU64>,
}

impl Counted {
    pub(crate) async fn before(server: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let answered = Arc::new(AtomicU64::new(0));
        let count = answered.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(relay(client, server, count.clone()));
            }
        });
        Ok(Self { address, answered })
    }

    /// The bytes of all answers so far.
    pub(crate) fn answered(&self) -> u64 {
        self.answered.load(Ordering::Relaxed)
    }
}

async fn relay(mut client: TcpStream, server: SocketAddr, count: Arc<AtomicU64>) -> io::Result<()> {
    let mut server = TcpStream::connect(server).await?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (mut from_client, mut to_client) = client.split();
    let (mut from_server, mut to_server) = server.split();
    let asks = tokio::io::copy(&mut from_client, &mut to_server);
    let answers = async {
        let mut buffer = vec![0; 64 << 10];
        loop {
            let read = from_server.read(&mut buffer).await?;
            if read == 0 {
                return io::Result::Ok(());
            }
            count.fetch_add(read as u64, Ordering::Relaxed);
            to_client.write_all(&buffer[..read]).await?;
        }
    };
    // The one who leaves first ends both.
    tokio::select! {
        _ = asks => Ok(()),
        end = answers => end,
    }
}
