//! Whom the client trusts, and which certificates it was shown.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};

/// Hosts whose chains are remembered. A session that is resumed later shows no chain again, only the host's own
/// certificate.
const MAX_CHAINS: usize = 4_096;

/// Certificates of the system, or the built-in ones on a machine that has none. Every chain that was accepted is kept
/// in `chains`.
pub(super) fn config(chains: Arc<Chains>) -> Result<ClientConfig, rustls::Error> {
    let mut roots = RootCertStore::empty();
    let system = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(system.certs);
    if roots.is_empty() {
        tracing::info!("no system certificates were found; the built-in list of Mozilla is used");
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    config_with(roots, chains)
}

fn config_with(roots: RootCertStore, chains: Arc<Chains>) -> Result<ClientConfig, rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let judge = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone())
        .build()
        .map_err(|error| rustls::Error::General(error.to_string()))?;
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        // The usual judge decides; ours only notes what it saw.
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Noting { judge, chains }))
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

/// Chains that were accepted, by the host's own certificate.
#[derive(Debug, Default)]
pub(super) struct Chains(Mutex<HashMap<Bytes, Vec<Bytes>>>);

impl Chains {
    /// The chain that begins with this certificate; the certificate alone when its chain is not remembered.
    pub(super) fn of(&self, own: Option<&[u8]>) -> Vec<Bytes> {
        let Some(own) = own else { return Vec::new() };
        let chains = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        chains.get(own).cloned().unwrap_or_else(|| vec![Bytes::copy_from_slice(own)])
    }

    fn note(&self, own: &CertificateDer<'_>, intermediates: &[CertificateDer<'_>]) {
        let chain: Vec<Bytes> = std::iter::once(own)
            .chain(intermediates)
            .map(|certificate| Bytes::copy_from_slice(certificate))
            .collect();
        let mut chains = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if chains.len() >= MAX_CHAINS {
            chains.clear();
        }
        chains.insert(chain[0].clone(), chain);
    }
}

#[derive(Debug)]
struct Noting {
    judge: Arc<WebPkiServerVerifier>,
    chains: Arc<Chains>,
}

impl ServerCertVerifier for Noting {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let verified =
            self.judge.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)?;
        self.chains.note(end_entity, intermediates);
        Ok(verified)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.judge.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.judge.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.judge.supported_verify_schemes()
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::path::Path;
    use std::process::Command;

    use rustls::pki_types::PrivateKeyDer;
    use rustls::pki_types::pem::PemObject as _;

    use super::*;

    /// An authority, a host `localhost` under it, and what the host shows: its own certificate and the authority's.
    fn make(folder: &Path) -> (RootCertStore, Vec<CertificateDer<'static>>, PrivateKeyDer<'static>) {
        std::fs::write(folder.join("host.ext"), "subjectAltName=DNS:localhost,IP:127.0.0.1").unwrap();
        let made = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key \
                -out ca.pem -days 30 -subj /CN=CA &&
            openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout host.key -out host.csr \
                -subj /CN=localhost &&
            openssl x509 -req -in host.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out host.pem -days 30 \
                -extfile host.ext";
        let output = Command::new("sh").args(["-c", made]).current_dir(folder).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let chain: Vec<CertificateDer<'static>> = ["host.pem", "ca.pem"]
            .map(|name| CertificateDer::from_pem_file(folder.join(name)).unwrap())
            .to_vec();
        let mut roots = RootCertStore::empty();
        roots.add(chain[1].clone()).unwrap();
        (roots, chain, PrivateKeyDer::from_pem_file(folder.join("host.key")).unwrap())
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn the_chain_that_a_host_shows_is_noted_and_a_stranger_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let (roots, shown, key) = make(folder.path());
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let server = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(shown.clone(), key)
            .unwrap();
        let server = Arc::new(server);
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut connection = rustls::ServerConnection::new(server.clone()).unwrap();
                let mut tls = rustls::Stream::new(&mut connection, &mut stream);
                let mut head = [0; 1024];
                // A client that does not trust us goes away.
                if tls.read(&mut head).is_ok() {
                    let _ =
                        tls.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok");
                    tls.conn.send_close_notify();
                    let _ = tls.flush();
                }
            }
        });
        let chains = Arc::new(Chains::default());
        let get = |config: ClientConfig| {
            let client = reqwest::Client::builder()
                .tls_backend_preconfigured(config)
                .tls_info(true)
                .no_proxy()
                .build()
                .unwrap();
            client.get(format!("https://localhost:{port}/")).send()
        };
        for _ in 0..2 {
            let response = get(config_with(roots.clone(), chains.clone()).unwrap()).await.unwrap();
            let own = response.extensions().get::<reqwest::tls::TlsInfo>().unwrap().peer_certificate();
            let noted = chains.of(own);
            assert_eq!(noted, shown.iter().map(|one| Bytes::copy_from_slice(one)).collect::<Vec<_>>());
        }
        let nobody = config(Arc::new(Chains::default())).unwrap();
        assert!(get(nobody).await.is_err(), "an authority that nobody trusts");
        assert_eq!(chains.of(None), Vec::<Bytes>::new());
        assert_eq!(chains.of(Some(b"unknown")), [Bytes::from_static(b"unknown")]);
    }
}
