//! The certificate authority (CA) of the emulator. Each data directory has one. Name constraints limit it to the host
//! names that the emulator serves.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan as _};
use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DnType, ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, NameConstraints, SanType, date_time_ymd,
};

use crate::data_dir::DataDir;
use crate::hosts::{self, CA_DOMAINS, LOCAL, Owner};

/// The name of the file that contains the CA's private key and certificate.
const KEY_FILE: &str = "ca.key";
/// The name of the file that contains only the CA's certificate, for clients.
pub const CERTIFICATE_FILE: &str = "ca.pem";
/// The line that separates the key from the certificate.
const CERTIFICATE_START: &str = "-----BEGIN CERTIFICATE-----";
/// The lifetime of the CA's certificate, in years.
const LIFETIME: i16 = 10;

/// Issues certificates for the host names that the emulator serves, and for no other names.
pub struct CertificateAuthority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
    leaf_key: KeyPair,
    today: Date,
}

impl std::fmt::Debug for CertificateAuthority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CertificateAuthority").finish_non_exhaustive()
    }
}

impl CertificateAuthority {
    /// Opens the CA of a data directory. If there is none, creates a CA that is valid for ten years.
    ///
    /// # Errors
    ///
    /// The key file cannot be read or written, or does not contain a key and a certificate.
    pub fn open(directory: &DataDir, now: Timestamp) -> io::Result<Self> {
        let date = now.to_zoned(jiff::tz::TimeZone::UTC).date();
        let year = date.year();
        let kept = directory.keep(KEY_FILE, || {
            let key = KeyPair::generate().map_err(io::Error::other)?;
            let certificate = params(year).self_signed(&key).map_err(io::Error::other)?;
            Ok(format!("{}{}", key.serialize_pem(), certificate.pem()))
        })?;
        let broken = || directory.complain(KEY_FILE, "does not contain a key and a certificate");
        let start = kept.find(CERTIFICATE_START).ok_or_else(broken)?;
        let (key, pem) = kept.split_at(start);
        let key = KeyPair::from_pem(key).map_err(|_| broken())?;
        if let Some(path) = directory.path() {
            let path = path.join(CERTIFICATE_FILE);
            // Errors are ignored, because clients can also get the certificate from `GET /_emulator/ca.pem`.
            if std::fs::read_to_string(&path).ok().as_deref() != Some(pem) {
                let _ = std::fs::write(&path, pem);
            }
        }
        Ok(Self {
            pem: pem.to_owned(),
            issuer: Issuer::new(params(year), key),
            leaf_key: KeyPair::generate().map_err(io::Error::other)?,
            today: date,
        })
    }

    /// Returns the CA's certificate, in PEM.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// Returns the private key in PKCS#8. All certificates that [`CertificateAuthority::leaf`] issues have this key.
    pub fn leaf_key(&self) -> Vec<u8> {
        self.leaf_key.serialize_der()
    }

    /// Issues a certificate for a host, in DER. If the client names no host, the certificate is for the local host
    /// names. Returns `None` for a host that the emulator does not serve.
    pub fn leaf(&self, host: Option<&str>) -> Option<Vec<u8>> {
        let name = match host.map(|host| host.trim_end_matches('.').to_ascii_lowercase()) {
            Some(host) if matches!(hosts::owner(&host), Owner::Ours(_)) => host,
            Some(host) if !hosts::is_local(&host) => return None,
            Some(host) if host.ends_with(".localhost") => host,
            // All other local host names share one certificate.
            Some(_) | None => LOCAL[0].to_owned(),
        };
        self.issue(&name).ok()
    }

    fn issue(&self, name: &str) -> Result<Vec<u8>, rcgen::Error> {
        let names: Vec<String> =
            if name == LOCAL[0] { LOCAL.iter().map(ToString::to_string).collect() } else { vec![name.to_owned()] };
        let mut params = CertificateParams::new(names)?;
        if name == LOCAL[0] {
            let addresses = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
            params.subject_alt_names.extend(addresses.map(SanType::IpAddress));
        }
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, "Specularite");
        let midnight = |date: Date| date_time_ymd(date.year().into(), date.month() as u8, date.day() as u8);
        // The certificate is backdated by a week, for clients whose clock is slow.
        (params.not_before, params.not_after) = (midnight(self.today - 7.days()), midnight(self.today + 365.days()));
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        params.signed_by(&self.leaf_key, &self.issuer).map(|leaf| leaf.der().to_vec())
    }
}

/// Returns the parameters of the CA's certificate. They satisfy the strict checks of Python 3.13, and limit the CA to
/// the host names that the emulator serves.
fn params(year: i16) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::OrganizationName, "Specularite");
    params.distinguished_name.push(DnType::CommonName, "Specularite emulator CA");
    params.not_before = date_time_ymd(i32::from(year) - 1, 1, 1);
    params.not_after = date_time_ymd(i32::from(year + LIFETIME), 1, 1);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let names = CA_DOMAINS.iter().chain(LOCAL).map(|name| GeneralSubtree::DnsName((*name).to_owned()));
    let addresses = [
        CidrSubnet::from_addr_prefix(IpAddr::V4(Ipv4Addr::new(127, 0, 0, 0)), 8),
        CidrSubnet::from_addr_prefix(IpAddr::V6(Ipv6Addr::LOCALHOST), 128),
    ];
    let permitted_subtrees = names.chain(addresses.map(GeneralSubtree::IpAddress)).collect();
    params.name_constraints = Some(NameConstraints { permitted_subtrees, excluded_subtrees: Vec::new() });
    params
}

#[cfg(test)]
mod tests {
    use tokio_rustls::rustls::pki_types::CertificateDer;
    use tokio_rustls::rustls::pki_types::pem::PemObject as _;

    use super::*;

    fn open(directory: &DataDir) -> CertificateAuthority {
        CertificateAuthority::open(directory, Timestamp::from_second(1_800_000_000).unwrap()).unwrap()
    }

    #[test]
    fn ca_permits_a_whole_network_of_loopback_addresses() {
        let ca = CertificateDer::from_pem_slice(open(&DataDir::none()).pem().as_bytes()).unwrap();
        // A network address with host bits is invalid (RFC 5280, 4.2.1.10).
        assert!(ca.windows(8).any(|bytes| bytes == [127, 0, 0, 0, 255, 0, 0, 0]));
    }

    #[test]
    fn leaf_is_issued_for_our_names_only() {
        let ca = open(&DataDir::none());
        for host in ["api.fabric.microsoft.com", "LOGIN.microsoftonline.com.", "x.z0.w.api.fabric.microsoft.com"] {
            assert!(ca.leaf(Some(host)).is_some(), "{host}");
        }
        for host in ["example.com", "graph.microsoft.com", "", "api.fabric.microsoft.com.example.com"] {
            assert!(ca.leaf(Some(host)).is_none(), "{host}");
        }
        assert!(ca.leaf(None).is_some() && ca.leaf(Some("localhost")).is_some());
    }

    #[test]
    fn ca_survives_restart() {
        let folder = tempfile::tempdir().unwrap();
        let directory = DataDir::at(folder.path());
        let first = open(&directory).pem().to_owned();
        assert_eq!(open(&directory).pem(), first);
        assert_eq!(std::fs::read_to_string(folder.path().join(CERTIFICATE_FILE)).unwrap(), first);
        assert!(!first.contains("PRIVATE"));
        std::fs::write(folder.path().join(KEY_FILE), "no key").unwrap();
        assert!(CertificateAuthority::open(&directory, Timestamp::UNIX_EPOCH).is_err());
    }
}
