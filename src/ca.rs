//! The certificate authority (CA) of the emulator. Each data directory has one. Its certificate limits it to servers
//! with the host names that the emulator serves.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan as _};
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, PublicKeyData, SanType, SignatureAlgorithm, SigningKey, date_time_ymd,
};
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use yasna::tags::TAG_UTCTIME;
use yasna::{ASN1Error, ASN1ErrorKind, ASN1Result, BERReader, Tag};

use crate::data_dir::{DataDir, OpenOnce};
use crate::hosts::{self, LOCAL, Owner};

/// The name of the file that contains the CA's private key and certificate.
pub const KEY_FILE: &str = "ca.key";
/// The name of the file that contains only the CA's certificate, for clients.
pub const CERTIFICATE_FILE: &str = "ca.pem";
/// The line that separates the key from the certificate.
const CERTIFICATE_START: &str = "-----BEGIN CERTIFICATE-----";
/// The lifetime of the CA's certificate, in years.
const LIFETIME: i16 = 10;
/// The lifetime of an issued certificate, in days.
const LEAF_LIFETIME: i64 = 365;
/// The shortest remaining lifetime of a CA that is still used, in days. It is longer than [`LEAF_LIFETIME`], so no issued
/// certificate outlives the CA.
const LIFETIME_LEFT_MIN: i64 = 400;
/// The extension that limits a CA to certain names (RFC 5280, 4.2.1.10).
const NAME_CONSTRAINTS: &[u64] = &[2, 5, 29, 30];
/// The tags of the kinds of names in name constraints (RFC 5280, 4.2.1.6).
const RFC822_NAME: u64 = 1;
const DNS_NAME: u64 = 2;
const URI: u64 = 6;
const IP_ADDRESS: u64 = 7;
/// The top-level domain that never exists (RFC 2606).
const NEVER: &str = "invalid";

/// Issues certificates for the host names that the emulator serves, and for no other names.
pub struct CertificateAuthority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
    /// The key of all issued certificates. It is created on first use, because the first random number of a process takes
    /// about 60 ms.
    leaf_key: OpenOnce<KeyPair>,
    today: Date,
}

impl std::fmt::Debug for CertificateAuthority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CertificateAuthority").finish_non_exhaustive()
    }
}

impl CertificateAuthority {
    /// Opens the CA of a data directory. If there is none, creates a CA that is valid for ten years. Replaces a CA that
    /// expires soon, is not valid yet, or has other limits than this version sets.
    ///
    /// # Errors
    ///
    /// The key file cannot be read or written, or does not contain a key and the certificate of a CA that belongs to
    /// the key.
    pub fn open(directory: &DataDir, now: Timestamp) -> io::Result<Self> {
        let today = now.to_zoned(jiff::tz::TimeZone::UTC).date();
        let make = || create(today.year());
        let mut kept = directory.keep(KEY_FILE, make)?;
        let mut stored = Stored::read(directory, &kept)?;
        if let Some(reason) = stored.reason_to_replace(today)? {
            kept = directory.replace(KEY_FILE, &kept, make)?;
            stored = Stored::read(directory, &kept)?;
            tracing::warn!(
                "replaced the certificate authority in {}, because {reason}: clients must trust the new certificate \
                 (GET /_emulator/ca.pem)",
                directory.path().unwrap_or(std::path::Path::new("")).display()
            );
        }
        // Errors are ignored, because clients can also get the certificate from `GET /_emulator/ca.pem`.
        let _ = directory.publish(CERTIFICATE_FILE, stored.pem);
        let pem = stored.pem.to_owned();
        let issuer = Issuer::new(params(today.year()), stored.key);
        Ok(Self { pem, issuer, leaf_key: OpenOnce::default(), today })
    }

    /// Returns the CA's certificate, in PEM.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// Returns the private key in PKCS#8. All certificates that [`CertificateAuthority::leaf`] issues have this key.
    ///
    /// # Errors
    ///
    /// The key cannot be created.
    pub fn leaf_key(&self) -> io::Result<Vec<u8>> {
        self.opened_leaf_key().map(KeyPair::serialize_der)
    }

    fn opened_leaf_key(&self) -> io::Result<&KeyPair> {
        self.leaf_key.get(|| KeyPair::generate().map_err(io::Error::other))
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

    fn issue(&self, name: &str) -> io::Result<Vec<u8>> {
        let names: Vec<String> =
            if name == LOCAL[0] { LOCAL.iter().map(ToString::to_string).collect() } else { vec![name.to_owned()] };
        let mut params = CertificateParams::new(names).map_err(io::Error::other)?;
        if name == LOCAL[0] {
            let addresses = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
            params.subject_alt_names.extend(addresses.map(SanType::IpAddress));
        }
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, "Specularite");
        let midnight = |date: Date| date_time_ymd(date.year().into(), date.month() as u8, date.day() as u8);
        // The certificate is backdated by a week, for clients whose clock is slow.
        (params.not_before, params.not_after) =
            (midnight(self.today - 7.days()), midnight(self.today + LEAF_LIFETIME.days()));
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let leaf = params.signed_by(self.opened_leaf_key()?, &self.issuer).map_err(io::Error::other)?;
        Ok(leaf.der().to_vec())
    }
}

/// Creates a CA. Returns its private key and its certificate, both in PEM.
fn create(year: i16) -> io::Result<String> {
    let key = KeyPair::generate().map_err(io::Error::other)?;
    let certificate = params(year).self_signed(&key).map_err(io::Error::other)?;
    Ok(format!("{}{}", key.serialize_pem(), certificate.pem()))
}

/// Returns the parameters of the CA's certificate. They satisfy the strict checks of Python 3.13, and limit the CA to
/// servers with the host names that the emulator serves.
fn params(year: i16) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::OrganizationName, "Specularite");
    params.distinguished_name.push(DnType::CommonName, "Specularite emulator CA");
    params.not_before = date_time_ymd(i32::from(year) - 1, 1, 1);
    params.not_after = date_time_ymd(i32::from(year + LIFETIME), 1, 1);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.custom_extensions = vec![name_constraints()];
    params
}

/// Returns the extension that permits only the host names that the emulator serves, and loopback addresses.
///
/// The extension is encoded here, because rcgen cannot express URIs in name constraints. The only permitted mail domain
/// and URI host is one that never exists, so all others are forbidden. The alternative, an excluded empty name, is not
/// understood by every client.
fn name_constraints() -> CustomExtension {
    let mut permitted: Vec<(u64, Vec<u8>)> = vec![(RFC822_NAME, NEVER.into()), (URI, NEVER.into())];
    permitted.extend(hosts::ca_domains().into_iter().chain(LOCAL.iter().copied()).map(|name| (DNS_NAME, name.into())));
    // An address is followed by the mask of its network.
    let loopback = [Ipv4Addr::new(127, 0, 0, 0).octets(), Ipv4Addr::new(255, 0, 0, 0).octets()].concat();
    permitted.push((IP_ADDRESS, loopback));
    permitted.push((IP_ADDRESS, [Ipv6Addr::LOCALHOST.octets(), [0xff; 16]].concat()));
    let content = yasna::construct_der(|writer| {
        writer.write_sequence(|writer| {
            writer.next().write_tagged_implicit(Tag::context(0), |writer| {
                writer.write_sequence(|writer| {
                    for (kind, name) in &permitted {
                        writer.next().write_sequence(|writer| {
                            let writer = writer.next();
                            writer.write_tagged_implicit(Tag::context(*kind), |writer| writer.write_bytes(name));
                        });
                    }
                });
            });
        });
    });
    let mut extension = CustomExtension::from_oid_content(NAME_CONSTRAINTS, content);
    extension.set_criticality(true);
    extension
}

/// The content of the key file.
struct Stored<'a> {
    key: KeyPair,
    pem: &'a str,
    certificate: Certificate,
}

impl<'a> Stored<'a> {
    fn read(directory: &DataDir, text: &'a str) -> io::Result<Self> {
        let complain = |what| directory.complain(KEY_FILE, what);
        let broken = || complain("does not contain a key and a certificate");
        let (key, pem) = text.split_at(text.find(CERTIFICATE_START).ok_or_else(broken)?);
        let key = KeyPair::from_pem(key).map_err(|_| broken())?;
        let der = CertificateDer::from_pem_slice(pem.as_bytes()).map_err(|_| broken())?;
        let certificate = Certificate::parse(&der).map_err(|_| broken())?;
        let stored = Self { key, pem, certificate };
        let wanted = stored.wanted_certificate()?;
        if stored.certificate.public_key != wanted.public_key {
            return Err(complain("contains a certificate that does not belong to the private key beside it"));
        }
        if stored.certificate.subject != wanted.subject {
            return Err(complain("contains a certificate of another program"));
        }
        Ok(stored)
    }

    /// Returns the certificate that this version would create for the key. Its validity does not matter.
    fn wanted_certificate(&self) -> io::Result<Certificate> {
        let certificate = params(2000).self_signed(&Unsigned(&self.key)).map_err(io::Error::other)?;
        Certificate::parse(certificate.der()).map_err(io::Error::other)
    }

    /// Returns the reason why the CA must be replaced, or `None` if it can be used.
    fn reason_to_replace(&self, today: Date) -> io::Result<Option<&'static str>> {
        let Certificate { extensions, not_before, not_after, .. } = &self.certificate;
        let wanted = self.wanted_certificate()?.extensions;
        Ok(if *extensions != wanted {
            Some("another version created it with other limits")
        } else if *not_after < today + LIFETIME_LEFT_MIN.days() {
            Some("it expires soon")
        } else if *not_before > today {
            Some("it is not valid yet")
        } else {
            None
        })
    }
}

/// The key of a certificate that is created only for comparison. The signature is empty, because signing needs random
/// numbers, and the first one takes most of the startup time.
struct Unsigned<'a>(&'a KeyPair);

impl PublicKeyData for Unsigned<'_> {
    fn der_bytes(&self) -> &[u8] {
        self.0.der_bytes()
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        self.0.algorithm()
    }
}

impl SigningKey for Unsigned<'_> {
    fn sign(&self, _: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        Ok(Vec::new())
    }
}

/// The members of a certificate that decide whether it is used. Names, key and extensions are in DER.
#[derive(Debug, PartialEq, Eq)]
struct Certificate {
    subject: Vec<u8>,
    public_key: Vec<u8>,
    extensions: Vec<u8>,
    not_before: Date,
    not_after: Date,
}

impl Certificate {
    /// Parses a certificate of version 3 (RFC 5280, 4.1).
    fn parse(der: &[u8]) -> ASN1Result<Self> {
        yasna::parse_der(der, |reader| {
            reader.read_sequence(|reader| {
                let certificate = reader.next().read_sequence(|reader| {
                    // Version, serial number, signature algorithm, issuer.
                    for _ in 0..4 {
                        reader.next().read_der()?;
                    }
                    let (not_before, not_after) = reader
                        .next()
                        .read_sequence(|reader| Ok((read_date(reader.next())?, read_date(reader.next())?)))?;
                    let (subject, public_key) = (reader.next().read_der()?, reader.next().read_der()?);
                    let extensions = reader.next().read_der()?;
                    Ok(Self { subject, public_key, extensions, not_before, not_after })
                })?;
                // Signature algorithm, signature.
                reader.next().read_der()?;
                reader.next().read_der()?;
                Ok(certificate)
            })
        })
    }
}

/// Reads the date of a time. The year has two digits up to 2049, and four digits from then on (RFC 5280, 4.1.2.5).
fn read_date(reader: BERReader<'_, '_>) -> ASN1Result<Date> {
    let invalid = || ASN1Error::new(ASN1ErrorKind::Invalid);
    let time = reader.read_tagged_der()?;
    let text = std::str::from_utf8(time.value()).map_err(|_| invalid())?;
    let text = if time.tag() == TAG_UTCTIME { format!("20{text}") } else { text.to_owned() };
    Date::strptime("%Y%m%d", text.get(..8).ok_or_else(invalid)?).map_err(|_| invalid())
}
#[cfg(test)]
mod tests {
    use rcgen::{CidrSubnet, GeneralSubtree, NameConstraints};

    use tokio_rustls::rustls::RootCertStore;
    use tokio_rustls::rustls::client::WebPkiServerVerifier;
    use tokio_rustls::rustls::client::danger::ServerCertVerifier as _;
    use tokio_rustls::rustls::crypto::aws_lc_rs;
    use tokio_rustls::rustls::pki_types::{ServerName, UnixTime};

    use super::*;

    const NOW: i64 = 1_800_000_000;
    const DAY: i64 = 24 * 60 * 60;

    fn open_at(directory: &DataDir, second: i64) -> io::Result<CertificateAuthority> {
        CertificateAuthority::open(directory, Timestamp::from_second(second).unwrap())
    }

    fn open(directory: &DataDir) -> CertificateAuthority {
        open_at(directory, NOW).unwrap()
    }

    /// The names in the name constraints of a certificate, each with its tag.
    fn permitted(pem: &str) -> Vec<(u64, Vec<u8>)> {
        let der = CertificateDer::from_pem_slice(pem.as_bytes()).unwrap();
        let wanted = name_constraints();
        assert!(der.windows(wanted.content().len()).any(|bytes| bytes == wanted.content()));
        let names = yasna::parse_der(wanted.content(), |reader| {
            reader.read_sequence(|reader| {
                reader.next().read_tagged_implicit(Tag::context(0), |reader| {
                    reader.collect_sequence_of(|reader| reader.read_sequence(|reader| reader.next().read_tagged_der()))
                })
            })
        });
        names.unwrap().iter().map(|name| (name.tag().tag_number, name.value().to_vec())).collect()
    }

    #[test]
    fn ca_is_limited_to_servers_with_our_names() {
        let ca = open(&DataDir::none());
        let permitted = permitted(ca.pem());
        let of = |kind| permitted.iter().filter(move |(tag, _)| *tag == kind).map(|(_, name)| name.as_slice());
        assert!(of(RFC822_NAME).eq([b"invalid"]) && of(URI).eq([b"invalid"]));
        // A network address with host bits is invalid (RFC 5280, 4.2.1.10).
        assert_eq!(of(IP_ADDRESS).next(), Some(&[127, 0, 0, 0, 255, 0, 0, 0][..]));
        assert!(of(DNS_NAME).all(|name| name != b"fabric.microsoft.com" && name != b"powerbi.com"));
        assert!(of(DNS_NAME).any(|name| name == b"api.fabric.microsoft.com"));
        let der = CertificateDer::from_pem_slice(ca.pem().as_bytes()).unwrap();
        // A list of extended key usages with serverAuth only.
        let usages = [0x30, 0x0a, 0x06, 0x08, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01];
        assert!(der.windows(usages.len()).any(|bytes| bytes == usages));
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
    fn leaf_is_accepted_by_rustls() {
        let ca = open(&DataDir::none());
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(ca.pem().as_bytes()).unwrap()).unwrap();
        let provider = std::sync::Arc::new(aws_lc_rs::default_provider());
        let verifier = WebPkiServerVerifier::builder_with_provider(roots.into(), provider).build().unwrap();
        let now = UnixTime::since_unix_epoch(std::time::Duration::from_secs(NOW.unsigned_abs()));
        let accepts = |leaf: &[u8], name: &str| {
            let name = ServerName::try_from(name.to_owned()).unwrap();
            verifier.verify_server_cert(&CertificateDer::from(leaf), &[], &name, &[], now).is_ok()
        };
        for host in ["api.fabric.microsoft.com", "onelake.dfs.fabric.microsoft.com", "localhost", "127.0.0.1", "::1"] {
            let leaf = ca.leaf(Some(host)).unwrap();
            assert!(accepts(&leaf, host), "{host}");
        }
        for host in ["app.fabric.microsoft.com", "example.com"] {
            assert!(!accepts(&ca.issue(host).unwrap(), host), "{host}");
        }
    }

    #[test]
    fn ca_survives_restart() {
        let folder = tempfile::tempdir().unwrap();
        let directory = DataDir::at(folder.path());
        let first = open(&directory).pem().to_owned();
        assert_eq!(open(&directory).pem(), first);
        assert_eq!(std::fs::read_to_string(folder.path().join(CERTIFICATE_FILE)).unwrap(), first);
        assert!(!first.contains("PRIVATE"));
    }

    /// Stores the key and the certificate of a CA with these parameters. Returns its certificate.
    fn store(directory: &DataDir, params: &CertificateParams) -> String {
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        directory.keep(KEY_FILE, || Ok(format!("{}{pem}", key.serialize_pem()))).unwrap();
        pem
    }

    #[test]
    fn ca_with_other_limits_or_lifetime_is_replaced() {
        let year = 2027;
        let mut without_usage = params(year);
        without_usage.extended_key_usages.clear();
        let mut wider = params(year);
        wider.custom_extensions.clear();
        let names = ["fabric.microsoft.com", "localhost"].map(|name| GeneralSubtree::DnsName(name.into()));
        let address = GeneralSubtree::IpAddress(CidrSubnet::V4([127, 0, 0, 1], [255, 0, 0, 0]));
        let permitted_subtrees = names.into_iter().chain([address]).collect();
        wider.name_constraints = Some(NameConstraints { permitted_subtrees, excluded_subtrees: Vec::new() });
        let mut unlimited = params(year);
        unlimited.custom_extensions.clear();
        let mut later = params(year);
        later.not_before = date_time_ymd(2027, 1, 17);
        let until = |year, month, day| {
            let mut until = params(2027);
            until.not_after = date_time_ymd(year, month, day);
            until
        };
        // NOW is 2027-01-15, and 400 days later it is 2028-02-19.
        for (case, params, is_replaced) in [
            ("no usage", &without_usage, true),
            ("wider", &wider, true),
            ("unlimited", &unlimited, true),
            ("not valid yet", &later, true),
            ("expired", &until(2027, 1, 1), true),
            ("expires soon", &until(2028, 2, 18), true),
            ("expires later", &until(2028, 2, 19), false),
            ("expires after 2049", &until(2051, 1, 1), false),
            ("current", &super::params(year), false),
        ] {
            let folder = tempfile::tempdir().unwrap();
            let directory = DataDir::at(folder.path());
            let before = store(&directory, params);
            let opened = open(&directory).pem().to_owned();
            assert_eq!(opened != before, is_replaced, "{case}");
            assert_eq!(std::fs::read_to_string(folder.path().join(CERTIFICATE_FILE)).unwrap(), opened, "{case}");
            assert_eq!(open(&directory).pem(), opened, "{case}");
        }
        let nine_years = 9 * 365 * DAY;
        let folder = tempfile::tempdir().unwrap();
        let directory = DataDir::at(folder.path());
        let first = open(&directory).pem().to_owned();
        assert_ne!(open_at(&directory, NOW + nine_years).unwrap().pem(), first);
    }

    #[test]
    fn key_file_with_other_content_is_rejected() {
        let folder = tempfile::tempdir().unwrap();
        let directory = DataDir::at(folder.path());
        let other = KeyPair::generate().unwrap();
        let foreign = {
            let mut foreign = params(2027);
            foreign.distinguished_name.push(DnType::CommonName, "Contoso CA");
            foreign.self_signed(&other).unwrap().pem()
        };
        let own = params(2027).self_signed(&KeyPair::generate().unwrap()).unwrap().pem();
        let key = other.serialize_pem();
        for (text, message) in [
            ("no key".to_owned(), "does not contain a key and a certificate"),
            (key.clone(), "does not contain a key and a certificate"),
            (format!("{key}{CERTIFICATE_START}\nAAAA\n-----END CERTIFICATE-----"), "does not contain a key and"),
            (format!("{key}{own}"), "a certificate that does not belong to the private key"),
            (format!("{key}{foreign}"), "a certificate of another program"),
        ] {
            std::fs::write(folder.path().join(KEY_FILE), &text).unwrap();
            let why = open_at(&directory, NOW).unwrap_err().to_string();
            assert!(why.contains(message) && why.contains("ca.key"), "{why}");
            assert_eq!(std::fs::read_to_string(folder.path().join(KEY_FILE)).unwrap(), text);
        }
    }
}
