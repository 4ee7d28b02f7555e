//! TLS on our port: a certificate for each of our host names, none for any other.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use dashmap::DashMap;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::rustls::server::{ClientHello, ResolvesServerCert};
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_rustls::rustls::{AlertDescription, Error, ServerConfig};

use crate::emulator::Emulator;
use crate::hosts;

/// Certificates that are remembered at most; then they are made anew.
const REMEMBERED_MAX: usize = 1_000;

/// Takes the TLS of clients, in HTTP/1.1 alone.
pub fn acceptor(emulator: Arc<Emulator>) -> TlsAcceptor {
    let certificates = Arc::new(Certificates { emulator, made: DashMap::new() });
    let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("the provider has both versions of TLS")
        .with_no_client_auth()
        .with_cert_resolver(certificates);
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    TlsAcceptor::from(Arc::new(config))
}

#[derive(Debug)]
struct Certificates {
    emulator: Arc<Emulator>,
    made: DashMap<Option<String>, Arc<CertifiedKey>>,
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let host = hello.server_name().map(str::to_ascii_lowercase);
        if let Some(made) = self.made.get(&host) {
            return Some(Arc::clone(&made));
        }
        let authority = match self.emulator.ca() {
            Ok(authority) => authority,
            Err(why) => {
                tracing::error!(%why, "the certificate authority cannot be used");
                return None;
            }
        };
        let Some(leaf) = authority.leaf(host.as_deref()) else {
            static SAID: AtomicBool = AtomicBool::new(false);
            if !SAID.swap(true, Ordering::Relaxed) {
                tracing::warn!(
                    "no certificate is made for {}: over https this emulator is known as {}, and by the names of the services that it answers for",
                    host.unwrap_or_default(),
                    hosts::LOCAL.join(", ")
                );
            }
            return None;
        };
        let certificate = CertificateDer::from(leaf);
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(authority.leaf_key()));
        let key = aws_lc_rs::sign::any_supported_type(&key).ok()?;
        let made = Arc::new(CertifiedKey::new(vec![certificate], key));
        if self.made.len() >= REMEMBERED_MAX {
            self.made.clear();
        }
        self.made.insert(host, Arc::clone(&made));
        Some(made)
    }
}

/// Says once what to do when a client does not trust our authority.
pub fn explain(why: &(dyn std::error::Error + 'static)) {
    static SAID: AtomicBool = AtomicBool::new(false);
    if is_distrust(why) && !SAID.swap(true, Ordering::Relaxed) {
        tracing::warn!(
            "a client does not trust this emulator's certificate authority: run it under `specularite run -- COMMAND`, or name \
             the file of GET /_emulator/ca.pem in SSL_CERT_FILE, REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE or NODE_EXTRA_CA_CERTS"
        );
    }
}

fn is_distrust(why: &(dyn std::error::Error + 'static)) -> bool {
    let mut cause = Some(why);
    while let Some(why) = cause {
        // An I/O error hides what it was made of from `source`.
        let inner = why.downcast_ref::<std::io::Error>().and_then(|why| why.get_ref());
        let inner = inner.and_then(|why| why.downcast_ref::<Error>()).or_else(|| why.downcast_ref::<Error>());
        if let Some(Error::AlertReceived(alert)) = inner {
            return matches!(
                alert,
                AlertDescription::UnknownCA | AlertDescription::BadCertificate | AlertDescription::CertificateUnknown
            );
        }
        cause = why.source();
    }
    false
}
