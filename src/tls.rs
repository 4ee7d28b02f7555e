//! TLS on the emulator's port. The emulator has a certificate for each host name that it serves, and for no other name.

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

/// The maximum number of certificates in the cache. A full cache is cleared.
const CACHED_MAX: usize = 1_000;

/// Returns the acceptor of TLS connections. The acceptor offers HTTP/1.1 only.
pub fn acceptor(emulator: Arc<Emulator>) -> TlsAcceptor {
    let certificates = Arc::new(Certificates { emulator, cache: DashMap::new() });
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
    cache: DashMap<Option<String>, Arc<CertifiedKey>>,
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let host = hello.server_name().map(str::to_ascii_lowercase);
        if let Some(cached) = self.cache.get(&host) {
            return Some(Arc::clone(&cached));
        }
        let opened = self.emulator.ca().and_then(|ca| Ok((ca, ca.leaf_key()?)));
        let (ca, key) = match opened {
            Ok(opened) => opened,
            Err(why) => {
                tracing::error!(%why, "cannot use the certificate authority");
                return None;
            }
        };
        let Some(leaf) = ca.leaf(host.as_deref()) else {
            static LOGGED: AtomicBool = AtomicBool::new(false);
            if !LOGGED.swap(true, Ordering::Relaxed) {
                tracing::warn!(
                    "no certificate for {}: the emulator does not serve this host \
                     (use {}, or the host name of an emulated service)",
                    host.unwrap_or_default(),
                    hosts::LOCAL.join(", ")
                );
            }
            return None;
        };
        let certificate = CertificateDer::from(leaf);
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key));
        let key = aws_lc_rs::sign::any_supported_type(&key).ok()?;
        let certified = Arc::new(CertifiedKey::new(vec![certificate], key));
        if self.cache.len() >= CACHED_MAX {
            self.cache.clear();
        }
        self.cache.insert(host, Arc::clone(&certified));
        Some(certified)
    }
}

/// Logs advice if a client does not trust the certificate authority. The advice is logged only once.
pub fn explain(why: &(dyn std::error::Error + 'static)) {
    static LOGGED: AtomicBool = AtomicBool::new(false);
    if is_distrust(why) && !LOGGED.swap(true, Ordering::Relaxed) {
        tracing::warn!(
            "a client does not trust this emulator's certificate authority: run the client with `specularite run -- COMMAND`, \
             or save GET /_emulator/ca.pem in a file and set SSL_CERT_FILE, REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE or \
             NODE_EXTRA_CA_CERTS to the path of that file"
        );
    }
}

fn is_distrust(why: &(dyn std::error::Error + 'static)) -> bool {
    let mut cause = Some(why);
    while let Some(why) = cause {
        // `source` of an I/O error does not return the wrapped error, but the source of the wrapped error.
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
