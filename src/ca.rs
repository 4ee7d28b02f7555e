//! The certificate authority: made once per data directory, and by its own constraints good for our host names alone.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan as _};
use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DnType, ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, NameConstraints, SanType, date_time_ymd,
};

use crate::data_dir::DataDir;
use crate::hosts::{self, LOCAL, Owner, VOUCHED};

/// The file of key and certificate.
const KEY_FILE: &str = "ca.key";
/// The file of the certificate alone, for those who trust it.
pub const CERTIFICATE_FILE: &str = "ca.pem";
/// What stands between the key and the certificate.
const CERTIFICATE_BEGINS: &str = "-----BEGIN CERTIFICATE-----";
/// How long the authority lasts, in years.
const LASTS: i16 = 10;

/// Makes certificates for our host names, and for no others.
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
    /// The authority of a data directory; a new one lasts for ten years from now on.
    ///
    /// # Errors
    ///
    /// The files cannot be read or written, or hold no key and certificate.
    pub fn open(directory: &DataDir, now: Timestamp) -> io::Result<Self> {
        let date = now.to_zoned(jiff::tz::TimeZone::UTC).date();
        let year = date.year();
        let kept = directory.keep(KEY_FILE, || {
            let key = KeyPair::generate().map_err(io::Error::other)?;
            let certificate = params(year).self_signed(&key).map_err(io::Error::other)?;
            Ok(format!("{}{}", key.serialize_pem(), certificate.pem()))
        })?;
        let broken = || directory.complain(KEY_FILE, "does not hold a key and a certificate");
        let begins = kept.find(CERTIFICATE_BEGINS).ok_or_else(broken)?;
        let (key, pem) = kept.split_at(begins);
        let key = KeyPair::from_pem(key).map_err(|_| broken())?;
        if let Some(path) = directory.path() {
            let path = path.join(CERTIFICATE_FILE);
            // Who cannot have it from the file has it from us.
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

    /// Its certificate, in PEM.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// The key of all certificates that [`CertificateAuthority::leaf`] makes, in PKCS#8.
    pub fn leaf_key(&self) -> Vec<u8> {
        self.leaf_key.serialize_der()
    }

    /// A certificate in DER for a host, or for this machine where the client names none; `None` for a host that is not ours.
    pub fn leaf(&self, host: Option<&str>) -> Option<Vec<u8>> {
        let name = match host.map(|host| host.trim_end_matches('.').to_ascii_lowercase()) {
            Some(host) if matches!(hosts::owner(&host), Owner::Ours(_)) => host,
            Some(host) if !hosts::is_local(&host) => return None,
            Some(host) if host.ends_with(".localhost") => host,
            // All the names of this machine stand in one certificate.
            Some(_) | None => LOCAL[0].to_owned(),
        };
        self.make(&name).ok()
    }

    fn make(&self, name: &str) -> Result<Vec<u8>, rcgen::Error> {
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
        // A clock that is a little behind takes it too.
        (params.not_before, params.not_after) = (midnight(self.today - 7.days()), midnight(self.today + 365.days()));
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        params.signed_by(&self.leaf_key, &self.issuer).map(|leaf| leaf.der().to_vec())
    }
}

/// What an authority of ours is: strict enough for Python 3.13, and good for our names only.
fn params(year: i16) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::OrganizationName, "Specularite");
    params.distinguished_name.push(DnType::CommonName, "Specularite emulator CA");
    params.not_before = date_time_ymd(i32::from(year) - 1, 1, 1);
    params.not_after = date_time_ymd(i32::from(year + LASTS), 1, 1);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let names = VOUCHED.iter().chain(LOCAL).map(|name| GeneralSubtree::DnsName((*name).to_owned()));
    let addresses = [
        CidrSubnet::from_addr_prefix(IpAddr::V4(Ipv4Addr::LOCALHOST), 8),
        CidrSubnet::from_addr_prefix(IpAddr::V6(Ipv6Addr::LOCALHOST), 128),
    ];
    let permitted_subtrees = names.chain(addresses.map(GeneralSubtree::IpAddress)).collect();
    params.name_constraints = Some(NameConstraints { permitted_subtrees, excluded_subtrees: Vec::new() });
    params
}

#[cfg(test)]
mod tests {
    use super::*;

    fn authority(directory: &DataDir) -> CertificateAuthority {
        CertificateAuthority::open(directory, Timestamp::from_second(1_800_000_000).unwrap()).unwrap()
    }

    #[test]
    fn leaves_are_for_our_names_alone() {
        let authority = authority(&DataDir::none());
        for host in ["api.fabric.microsoft.com", "LOGIN.microsoftonline.com.", "x.z0.w.api.fabric.microsoft.com"] {
            assert!(authority.leaf(Some(host)).is_some(), "{host}");
        }
        for host in ["example.com", "graph.microsoft.com", "", "api.fabric.microsoft.com.example.com"] {
            assert!(authority.leaf(Some(host)).is_none(), "{host}");
        }
        assert!(authority.leaf(None).is_some() && authority.leaf(Some("localhost")).is_some());
    }

    #[test]
    fn the_authority_outlives_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let directory = DataDir::at(folder.path());
        let first = authority(&directory).pem().to_owned();
        assert_eq!(authority(&directory).pem(), first);
        assert_eq!(std::fs::read_to_string(folder.path().join(CERTIFICATE_FILE)).unwrap(), first);
        assert!(!first.contains("PRIVATE"));
        std::fs::write(folder.path().join(KEY_FILE), "no key").unwrap();
        assert!(CertificateAuthority::open(&directory, Timestamp::UNIX_EPOCH).is_err());
    }
}
