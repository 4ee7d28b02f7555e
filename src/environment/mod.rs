//! The environment that leads the calls of a program to an emulator, whichever client it uses.
//!
//! Which variable is for whom was found by running the clients: docs/CLIENTS.md.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fmt::Write as _;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;

use crate::fabric::access::{DEFAULT_TENANT, tenant_named};
use crate::hosts;

/// The app whose credentials clients find in their environment.
pub const APP: &str = "5bec0a12-0000-4000-8000-000000000003";
/// Its secret: any would do.
const SECRET: &str = "specularite";
/// What leads older versions of Node.
const NODE: &str = include_str!("node.cjs");
/// What `fab` keeps on disk where there is no keyring, without asking for a newer version of itself.
const FAB_CONFIG: &str = r#"{"encryption_fallback_enabled": "true", "check_cli_version_updates": "false"}"#;
/// Variables that name files of roots; what they name already goes into the bundle.
const ROOTS: &[&str] = &["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"];
/// Variables that would lead a client, or its credentials, elsewhere.
const ASTRAY: &[&str] = &[
    "ALL_PROXY",
    "all_proxy",
    "AZURE_AUTHORITY_HOST",
    "AZURE_CLIENT_CERTIFICATE_PASSWORD",
    "AZURE_CLIENT_CERTIFICATE_PATH",
    "AZURE_CLIENT_SEND_CERTIFICATE_CHAIN",
    "AZURE_PASSWORD",
    "AZURE_REGIONAL_AUTHORITY_NAME",
    "AZURE_USERNAME",
    "DEFAULT_API_ROOT_URL",
    "FABRIC_API_ROOT_URL",
    "FABRIC_CLIENT_CERTIFICATE",
    "FABRIC_CLIENT_CERTIFICATE_FILE_PATH",
    "FABRIC_CLIENT_SECRET_FILE_PATH",
    "FABRIC_ENDPOINT",
    "FABRIC_OIDC_TOKEN",
    "FABRIC_USE_CLI",
    "FABRIC_USE_MSI",
    "FABRIC_USE_OIDC",
    "FAB_API_ENDPOINT_AZURE",
    "FAB_API_ENDPOINT_FABRIC",
    "FAB_API_ENDPOINT_ONELAKE",
    "FAB_API_ENDPOINT_POWER_BI",
    "FAB_MANAGED_IDENTITY",
    "FAB_SPN_CERT_PASSWORD",
    "FAB_SPN_CERT_PATH",
    "FAB_SPN_FEDERATED_TOKEN",
    "FAB_TOKEN",
    "FAB_TOKEN_AZURE",
    "FAB_TOKEN_ONELAKE",
    "IDENTITY_SERVER_THUMBPRINT",
    "IMDS_ENDPOINT",
    "MSI_ENDPOINT",
    "MSI_SECRET",
    "SSL_CERT_DIR",
];

/// Where both spellings of a variable are set, some clients take the one and some the other.
const PROXIES: &[&str] = &["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"];

/// What an environment is made for.
#[derive(Debug, Clone)]
pub struct Wish<'a> {
    /// Where the emulator listens.
    pub address: SocketAddr,
    /// The certificate of its authority, in PEM.
    pub authority: &'a str,
    /// A folder for the files that variables name; it must stay as long as the environment is used.
    pub folder: &'a Path,
    /// The tenant that everything belongs to, whatever a client says; `None`: what it says counts.
    pub tenant: Option<&'a str>,
    /// Without the emulator as a proxy: for clients that can be told where Fabric is.
    pub direct: bool,
    /// Whether the emulator speaks https.
    pub tls: bool,
    /// Whether other hosts are reached too, so that their roots must be trusted.
    pub reaches_others: bool,
    /// Whether programs get a home of their own as well.
    pub isolate: bool,
}

/// Variables with their values; `None` takes one away.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Environment(BTreeMap<String, Option<String>>);

/// How an environment is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For `eval` in a shell.
    Shell,
    /// Lines of `NAME=value`, as Docker and many libraries read them.
    Dotenv,
    /// One object; null takes a variable away.
    Json,
    /// For `Invoke-Expression` in PowerShell.
    PowerShell,
}

impl Format {
    /// What makes the reader fail, where it can be told: there is no environment.
    pub fn failure(self) -> &'static str {
        match self {
            Self::Shell => "false\n",
            Self::PowerShell => "throw 'specularite env failed'\n",
            Self::Dotenv | Self::Json => "",
        }
    }
}

impl Environment {
    /// The environment, and the files that it names.
    ///
    /// # Errors
    ///
    /// A file cannot be written.
    pub fn prepare(wish: &Wish<'_>) -> io::Result<Self> {
        let mut environment = Self::default();
        for name in ASTRAY {
            environment.take(name);
        }
        environment.trust(wish)?;
        environment.sign_in(wish)?;
        if wish.direct {
            environment.lead_directly(wish);
        } else {
            environment.lead_by_proxy(wish)?;
        }
        environment.keep_apart(wish)?;
        Ok(environment)
    }

    /// The variables, by name; `None` takes one away.
    pub fn variables(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_deref()))
    }

    /// The environment as a text.
    pub fn print(&self, format: Format) -> String {
        if format == Format::Json {
            return format!("{:#}\n", serde_json::json!(self.0));
        }
        let mut text = String::new();
        for (name, value) in self.variables() {
            let _ = match (format, value) {
                (Format::Shell, Some(value)) => writeln!(text, "export {name}='{}'", value.replace('\'', r"'\''")),
                (Format::Shell, None) => writeln!(text, "unset {name}"),
                (Format::PowerShell, Some(value)) => writeln!(text, "$env:{name} = '{}'", value.replace('\'', "''")),
                (Format::PowerShell, None) => writeln!(text, "$env:{name} = $null"),
                (Format::Dotenv | Format::Json, Some(value)) => writeln!(text, "{name}={}", in_dotenv(value)),
                // These readers can take nothing away, and to many clients an empty value is one.
                (Format::Dotenv | Format::Json, None) => Ok(()),
            };
        }
        text
    }

    /// Gives a variable a value.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        self.0.insert(name.to_owned(), Some(value.into()));
    }

    fn take(&mut self, name: &str) {
        self.0.insert(name.to_owned(), None);
    }

    /// Our authority beside the roots that are in use already. Most clients take one file in place of all that they trust.
    fn trust(&mut self, wish: &Wish<'_>) -> io::Result<()> {
        let authority = write(wish.folder, "ca.pem", wish.authority)?;
        let bundle = if wish.reaches_others {
            write(wish.folder, "bundle.pem", &format!("{}{}", wish.authority, roots(wish.authority)))?
        } else {
            authority.clone()
        };
        for name in ROOTS {
            self.set(name, bundle.as_str());
        }
        // Node adds a file to what it trusts.
        let extra = match std::env::var_os("NODE_EXTRA_CA_CERTS").map(std::fs::read_to_string) {
            Some(Ok(extra)) if wish.reaches_others => {
                write(wish.folder, "node.pem", &format!("{}{extra}", wish.authority))?
            }
            _ => authority,
        };
        self.set("NODE_EXTRA_CA_CERTS", extra);
        Ok(())
    }

    /// Credentials, for each client under its own names.
    fn sign_in(&mut self, wish: &Wish<'_>) -> io::Result<()> {
        let tenant = wish.tenant.map_or(DEFAULT_TENANT, tenant_named).to_string();
        let federated = write(wish.folder, "federated-token", "specularite")?;
        for (name, value) in [
            ("AZURE_TENANT_ID", tenant.as_str()),
            ("AZURE_CLIENT_ID", APP),
            ("AZURE_FEDERATED_TOKEN_FILE", &federated),
            ("FABRIC_TENANT_ID", &tenant),
            ("FABRIC_CLIENT_ID", APP),
            ("FAB_TENANT_ID", &tenant),
            ("FAB_SPN_CLIENT_ID", APP),
            ("FAB_SPN_CLIENT_SECRET", SECRET),
            // The header of a managed identity says whose it is.
            ("IDENTITY_HEADER", &tenant),
        ] {
            self.set(name, value);
        }
        self.set("IDENTITY_ENDPOINT", format!("http://{}/msi/token", wish.address));
        self.set("AZURE_POD_IDENTITY_AUTHORITY_HOST", format!("http://{}", wish.address));
        let program = std::env::current_exe()?.to_string_lossy().into_owned();
        let program = if program.contains(' ') { format!("\"{program}\"") } else { program };
        // Python takes a colon in it for the end of a name: where the emulator is, the helper reads in variables of ours.
        self.set("BROWSER", format!("{program} sign-in %s"));
        self.set("SPECULARITE_URL", format!("http://{}", wish.address));
        match wish.tenant {
            Some(tenant) => self.set("SPECULARITE_TENANT", tenant),
            None => self.take("SPECULARITE_TENANT"),
        }
        Ok(())
    }

    fn lead_by_proxy(&mut self, wish: &Wish<'_>) -> io::Result<()> {
        let user = wish.tenant.map_or_else(String::new, |tenant| {
            format!("{}:x@", percent_encoding::utf8_percent_encode(tenant, percent_encoding::NON_ALPHANUMERIC))
        });
        for name in PROXIES {
            self.set(name, format!("http://{user}{}", wish.address));
        }
        for name in ["NO_PROXY", "no_proxy"] {
            self.set(name, "127.0.0.1,localhost,::1");
        }
        self.set("AZURE_CLIENT_SECRET", SECRET);
        self.set("FABRIC_CLIENT_SECRET", SECRET);
        self.set("NODE_USE_ENV_PROXY", "1");
        // An older Node would find no other way, and cannot tell whose it is: there the tenant is that of the token.
        let ours = serde_json::json!(hosts::over_tls().collect::<Vec<_>>()).to_string();
        let preload = write(wish.folder, "node.cjs", &NODE.replace("['HOSTS']", &ours))?.replace('\\', "/");
        let preload = if preload.contains(' ') { format!("\"{preload}\"") } else { preload };
        let load = format!("--require {preload}");
        let options = std::env::var("NODE_OPTIONS").unwrap_or_default();
        let options = if options.contains(&load) { options } else { format!("{options} {load}") };
        self.set("NODE_OPTIONS", options.trim());
        self.set("SPECULARITE_NODE", wish.address.to_string());
        Ok(())
    }

    fn lead_directly(&mut self, wish: &Wish<'_>) {
        let name = if wish.address.ip().is_loopback() { "localhost".to_owned() } else { host(wish.address) };
        let own = format!("{name}:{}", wish.address.port());
        if wish.tls {
            self.set("AZURE_AUTHORITY_HOST", format!("https://{own}"));
            self.set("AZURE_CORE_INSTANCE_DISCOVERY", "false");
        }
        // The one credential that asks no other host first, in every SDK.
        self.set("AZURE_TOKEN_CREDENTIALS", "ManagedIdentityCredential");
        self.take("AZURE_CLIENT_SECRET");
        self.set("FABRIC_ENDPOINT", format!("http{}://{own}", if wish.tls { "s" } else { "" }));
        self.set("FABRIC_USE_MSI", "true");
        self.take("FABRIC_CLIENT_SECRET");
        // A proxy that is set stays, but not for this; nor does what an earlier environment by proxy has left.
        let before = ["NO_PROXY", "no_proxy"].map(|name| std::env::var(name).unwrap_or_default());
        let before = before.iter().flat_map(|list| list.split(',').map(str::trim).filter(|host| !host.is_empty()));
        let mut direct: Vec<String> = ["127.0.0.1", "localhost", "::1"].map(str::to_owned).to_vec();
        for host in [host(wish.address)].into_iter().chain(before.map(str::to_owned)) {
            if !direct.contains(&host) {
                direct.push(host);
            }
        }
        for name in ["NO_PROXY", "no_proxy"] {
            self.set(name, direct.join(","));
        }
        for name in PROXIES {
            let is_us = |proxy: &str| proxy.trim_end_matches('/').ends_with(&wish.address.to_string());
            if std::env::var(name).is_ok_and(|proxy| is_us(&proxy)) {
                self.take(name);
            }
        }
        for name in ["NODE_USE_ENV_PROXY", "SPECULARITE_NODE"] {
            self.take(name);
        }
    }

    /// What clients keep on disk, send home, or wait for.
    fn keep_apart(&mut self, wish: &Wish<'_>) -> io::Result<()> {
        let azure = folder(wish.folder, "azure")?;
        for (name, value) in [
            ("AZURE_CONFIG_DIR", azure.as_str()),
            ("AZURE_CORE_COLLECT_TELEMETRY", "no"),
            ("AZURE_MCP_COLLECT_TELEMETRY", "false"),
            // Since version 14 of Az a token is no text unless this says so.
            ("AZUREPS_OUTPUT_PLAINTEXT_AZACCESSTOKEN", "true"),
            ("FABRIC_CICD_RETRY_DELAY_OVERRIDE_SECONDS", "0.1"),
            ("FABRIC_DISABLE_TERRAFORM_PARTNER_ID", "true"),
        ] {
            self.set(name, value);
        }
        if wish.isolate {
            let home = folder(wish.folder, "home")?;
            let fab = folder(wish.folder, "home/.config/fab")?;
            write(Path::new(&fab), "config.json", FAB_CONFIG)?;
            for name in ["HOME", "USERPROFILE"] {
                self.set(name, home.as_str());
            }
            for name in ["XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"] {
                self.take(name);
            }
        }
        Ok(())
    }
}

/// A value as readers of dotenv files take it: in quotes where it is more than one plain word.
fn in_dotenv(value: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-.,:;/@%+=~".contains(c);
    if value.chars().all(is_plain) { value.to_owned() } else { format!("'{}'", value.replace('\'', r"'\''")) }
}

/// The host of an address, as a URL has it.
fn host(address: SocketAddr) -> String {
    match address {
        SocketAddr::V4(address) => address.ip().to_string(),
        SocketAddr::V6(address) => format!("[{}]", address.ip()),
    }
}

/// The roots that are in use: this machine's, and those that variables name.
fn roots(ours: &str) -> String {
    // Ours may be among them, from an environment that was made before.
    let ours = CertificateDer::pem_slice_iter(ours.as_bytes()).flatten().map(|ours| ours.to_vec());
    let mut known: BTreeSet<Vec<u8>> = ours.collect();
    let mut bundle = String::new();
    let named = ROOTS.iter().chain(["NODE_EXTRA_CA_CERTS", "GIT_SSL_CAINFO"].iter()).filter_map(std::env::var_os);
    let named = named.collect::<BTreeSet<OsString>>();
    let of_variables = named.into_iter().flat_map(|path| {
        CertificateDer::pem_file_iter(PathBuf::from(path)).into_iter().flatten().flatten().collect::<Vec<_>>()
    });
    for root in rustls_native_certs::load_native_certs().certs.into_iter().chain(of_variables) {
        if known.insert(root.to_vec()) {
            bundle.push_str(&pem(&root));
        }
    }
    bundle
}

/// A certificate as text: lines of 64 (RFC 7468).
fn pem(certificate: &[u8]) -> String {
    use base64::Engine as _;
    let text = base64::engine::general_purpose::STANDARD.encode(certificate);
    let lines = text.as_bytes().chunks(64).map(String::from_utf8_lossy).collect::<Vec<_>>().join("\n");
    format!("-----BEGIN CERTIFICATE-----\n{lines}\n-----END CERTIFICATE-----\n")
}

fn write(folder: &Path, name: &str, text: &str) -> io::Result<String> {
    let path = folder.join(name);
    std::fs::write(&path, text).map_err(|why| io::Error::new(why.kind(), format!("{}: {why}", path.display())))?;
    Ok(path.to_string_lossy().into_owned())
}

fn folder(within: &Path, name: &str) -> io::Result<String> {
    let path = within.join(name);
    std::fs::create_dir_all(&path)?;
    Ok(path.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_quoted_as_each_reader_wants_it() {
        let environment = Environment(BTreeMap::from([("A".into(), Some("it's".into())), ("B".into(), None)]));
        for (format, text) in [
            (Format::Shell, "export A='it'\\''s'\nunset B\n"),
            (Format::PowerShell, "$env:A = 'it''s'\n$env:B = $null\n"),
            (Format::Dotenv, "A='it'\\''s'\n"),
            (Format::Json, "{\n  \"A\": \"it's\",\n  \"B\": null\n}\n"),
        ] {
            assert_eq!(environment.print(format), text);
        }
    }

    #[test]
    fn a_bundle_is_read_back() {
        let text = pem(&[7; 100]);
        let read: Vec<_> = CertificateDer::pem_slice_iter(text.as_bytes()).flatten().collect();
        assert_eq!(read, [CertificateDer::from(vec![7; 100])]);
    }
}
