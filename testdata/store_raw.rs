//! A server that answers with whatever a test wants, of the protocol or not.

use std::io;
use std::sync::Arc;
use std::time::Duration;

/// A server that answers each connection once, with what a test makes of the head of its request; over TLS with a
/// certificate and its key in PEM.
pub(crate) struct Raw {
    pub(crate) url: String,
    runtime: Option<tokio::runtime::Runtime>,
}

impl Drop for Raw {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Raw {
    /// Starts to answer, with a pause before each byte if there is one.
    pub(crate) fn start(
        tls: Option<(&[u8], &[u8])>,
        pause: Duration,
        answer: impl Fn(&str) -> String + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))?;
        let scheme = if tls.is_some() { "https" } else { "http" };
        let url = format!("{scheme}://{}", listener.local_addr()?);
        let tls = tls.map(|(certificate, key)| acceptor(certificate, key)).transpose()?;
        let answer = Arc::new(answer);
        runtime.spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let (answer, tls) = (Arc::clone(&answer), tls.clone());
                tokio::spawn(async move {
                    // A client that goes away is no failure of the server.
                    let _gone = match tls {
                        Some(tls) => match tls.accept(socket).await {
                            Ok(stream) => once(stream, pause, &*answer).await,
                            Err(error) => Err(error),
                        },
                        None => once(socket, pause, &*answer).await,
                    };
                });
            }
        });
        Ok(Self { url, runtime: Some(runtime) })
    }
}

fn acceptor(certificate: &[u8], key: &[u8]) -> io::Result<tokio_rustls::TlsAcceptor> {
    use rustls::pki_types::pem::PemObject;
    let chain = rustls::pki_types::CertificateDer::pem_slice_iter(certificate).collect::<Result<Vec<_>, _>>();
    let key = rustls::pki_types::PrivateKeyDer::from_pem_slice(key);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_no_client_auth()
        .with_single_cert(chain.map_err(io::Error::other)?, key.map_err(io::Error::other)?)
        .map_err(io::Error::other)?;
    Ok(tokio_rustls::TlsAcceptor::from(Arc::new(config)))
}

async fn once<S>(mut stream: S, pause: Duration, answer: &(dyn Fn(&str) -> String + Send + Sync)) -> io::Result<()>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let (mut head, mut piece) = (Vec::new(), [0; 4096]);
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        match stream.read(&mut piece).await? {
            0 => return Ok(()),
            bytes => head.extend_from_slice(&piece[..bytes]),
        }
    }
    let answer = answer(&String::from_utf8_lossy(&head));
    let piece_bytes = if pause.is_zero() { answer.len() } else { 1 };
    for piece in answer.as_bytes().chunks(piece_bytes.max(1)) {
        tokio::time::sleep(pause).await;
        stream.write_all(piece).await?;
        stream.flush().await?;
    }
    stream.shutdown().await
}

/// An answer as a server writes it that closes the connection behind it.
pub(crate) fn http(status: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/xml\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}
