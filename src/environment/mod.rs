//! The environment variables that route the requests of a client program to an emulator.
//!
//! One environment suits all clients. The variables of each client were found by running the client: see
//! docs/CLIENTS.md.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fmt::Write as _;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;

use crate::data_dir;
use crate::fabric::access::{DEFAULT_TENANT, tenant_named};
use crate::hosts;

/// The client id of the app whose credentials are in the environment.
pub const APP: &str = "5bec0a12-0000-4000-8000-000000000003";
/// The client secret of [`APP`]. The emulator accepts any secret for an app without a declared secret.
const SECRET: &str = "specularite";
/// The JavaScript module that routes the requests of Node versions without proxy support.
const NODE: &str = include_str!("node.cjs");
/// The configuration of `fab`: it stores tokens on disk instead of in a keyring, and does not check for updates.
const FAB_CONFIG: &str = r#"{"encryption_fallback_enabled": "true", "check_cli_version_updates": "false"}"#;
/// Variables that name files of root certificates. Files that the caller's environment already names are added to the
/// bundle.
const ROOTS: &[&str] = &["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "CURL_CA_INFO"];
/// Variables that are unset because they would select another server, other credentials or other root certificates.
const CLEARED_VARS: &[&str] = &[
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

/// The proxy variables. Some clients read the upper-case names and others the lower-case names, so both are set.
const PROXIES: &[&str] = &["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"];

/// The inputs of [`Environment::prepare`].
#[derive(Debug, Clone)]
pub struct EnvironmentSpec<'a> {
    /// The address of the emulator.
    pub address: SocketAddr,
    /// The certificate of the emulator's certificate authority, in PEM.
    pub ca: &'a str,
    /// The directory of the files that the variables name. The directory must exist for as long as the environment is
    /// used.
    pub folder: &'a Path,
    /// The tenant of all requests. If `None`, each client selects its tenant.
    pub tenant: Option<&'a str>,
    /// `true` to set endpoint variables instead of proxy variables, for clients whose Fabric URL can be configured.
    pub direct: bool,
    /// `true` if the emulator serves HTTPS.
    pub tls: bool,
    /// `true` if clients also reach other hosts. The bundle then contains the root certificates of these hosts too.
    pub reaches_others: bool,
    /// `true` to give programs their own home directory.
    pub isolate: bool,
}

/// Environment variables with their values. The value `None` unsets a variable.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Environment(BTreeMap<String, Option<String>>);

/// The output formats of an environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Commands for eval in a shell
    Shell,
    /// Lines of NAME=value
    Dotenv,
    /// One object; null unsets a variable
    Json,
    /// Commands for Invoke-Expression in PowerShell
    #[value(name = "powershell")]
    PowerShell,
}

impl Format {
    /// Returns a command that fails, for a shell that evaluates the output. Empty for formats that no shell evaluates.
    pub fn failure(self) -> &'static str {
        match self {
            Self::Shell => "false\n",
            Self::PowerShell => "throw 'specularite env failed'\n",
            Self::Dotenv | Self::Json => "",
        }
    }
}

impl Environment {
    /// Creates the environment, and writes the files that its variables name.
    ///
    /// # Errors
    ///
    /// A file cannot be written, or the path of this program cannot be determined.
    pub fn prepare(spec: &EnvironmentSpec<'_>) -> io::Result<Self> {
        let mut environment = Self::default();
        for name in CLEARED_VARS {
            environment.unset(name);
        }
        environment.trust(spec)?;
        environment.add_credentials(spec)?;
        if spec.direct {
            environment.route_directly(spec);
        } else {
            environment.route_through_proxy(spec)?;
        }
        environment.isolate(spec)?;
        Ok(environment)
    }

    /// Returns the variables, sorted by name. The value `None` unsets a variable.
    pub fn variables(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_deref()))
    }

    /// Returns the environment as text in the given format.
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
                // A dotenv file cannot unset a variable, and many clients do not treat an empty value as unset.
                (Format::Dotenv | Format::Json, None) => Ok(()),
            };
        }
        text
    }

    /// Sets a variable.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        self.0.insert(name.to_owned(), Some(value.into()));
    }

    fn unset(&mut self, name: &str) {
        self.0.insert(name.to_owned(), None);
    }

    /// Adds the emulator's certificate authority to the trusted root certificates. For most clients, a file of roots
    /// replaces all built-in roots, so the file must contain both.
    fn trust(&mut self, spec: &EnvironmentSpec<'_>) -> io::Result<()> {
        let ca = write(spec.folder, "ca.pem", spec.ca)?;
        let bundle = if spec.reaches_others {
            write(spec.folder, "bundle.pem", &format!("{}{}", spec.ca, roots(spec.ca)))?
        } else {
            ca.clone()
        };
        for name in ROOTS {
            self.set(name, bundle.as_str());
        }
        // Node adds the certificates of this file to its built-in roots.
        let extra = match std::env::var_os("NODE_EXTRA_CA_CERTS").map(std::fs::read_to_string) {
            Some(Ok(extra)) if spec.reaches_others => write(spec.folder, "node.pem", &format!("{}{extra}", spec.ca))?,
            _ => ca,
        };
        self.set("NODE_EXTRA_CA_CERTS", extra);
        Ok(())
    }

    /// Sets the credentials, under the variable names that each client reads.
    fn add_credentials(&mut self, spec: &EnvironmentSpec<'_>) -> io::Result<()> {
        let tenant = spec.tenant.map_or(DEFAULT_TENANT, tenant_named).to_string();
        let federated = write(spec.folder, "federated-token", "specularite")?;
        for (name, value) in [
            ("AZURE_TENANT_ID", tenant.as_str()),
            ("AZURE_CLIENT_ID", APP),
            ("AZURE_FEDERATED_TOKEN_FILE", &federated),
            ("FABRIC_TENANT_ID", &tenant),
            ("FABRIC_CLIENT_ID", APP),
            ("FAB_TENANT_ID", &tenant),
            ("FAB_SPN_CLIENT_ID", APP),
            ("FAB_SPN_CLIENT_SECRET", SECRET),
            // Clients send this value as a header when they request a managed identity's token. Here the value is the
            // tenant.
            ("IDENTITY_HEADER", &tenant),
        ] {
            self.set(name, value);
        }
        self.set("IDENTITY_ENDPOINT", format!("http://{}/msi/token", spec.address));
        self.set("AZURE_POD_IDENTITY_AUTHORITY_HOST", format!("http://{}", spec.address));
        let program = std::env::current_exe()?.to_string_lossy().into_owned();
        let program = if program.contains(' ') { format!("\"{program}\"") } else { program };
        // Python splits `BROWSER` at colons. The command must not contain an address, so `sign-in` reads it from a
        // variable.
        self.set("BROWSER", format!("{program} sign-in %s"));
        self.set("SPECULARITE_URL", format!("http://{}", spec.address));
        match spec.tenant {
            Some(tenant) => self.set("SPECULARITE_TENANT", tenant),
            None => self.unset("SPECULARITE_TENANT"),
        }
        Ok(())
    }

    fn route_through_proxy(&mut self, spec: &EnvironmentSpec<'_>) -> io::Result<()> {
        let user = spec.tenant.map_or_else(String::new, |tenant| {
            format!("{}:x@", percent_encoding::utf8_percent_encode(tenant, percent_encoding::NON_ALPHANUMERIC))
        });
        for name in PROXIES {
            self.set(name, format!("http://{user}{}", spec.address));
        }
        for name in ["NO_PROXY", "no_proxy"] {
            self.set(name, "127.0.0.1,localhost,::1");
        }
        self.set("AZURE_CLIENT_SECRET", SECRET);
        self.set("FABRIC_CLIENT_SECRET", SECRET);
        self.set("NODE_USE_ENV_PROXY", "1");
        // Older versions of Node have no proxy support. The preloaded module cannot send the proxy's user name, so the
        // tenant of the token applies.
        let ours = serde_json::json!(hosts::over_tls().collect::<Vec<_>>()).to_string();
        let preload = write(spec.folder, "node.cjs", &NODE.replace("['HOSTS']", &ours))?.replace('\\', "/");
        let preload = if preload.contains(' ') { format!("\"{preload}\"") } else { preload };
        let load = format!("--require {preload}");
        let options = std::env::var("NODE_OPTIONS").unwrap_or_default();
        let options = if options.contains(&load) { options } else { format!("{options} {load}") };
        self.set("NODE_OPTIONS", options.trim());
        self.set("SPECULARITE_NODE", spec.address.to_string());
        Ok(())
    }

    fn route_directly(&mut self, spec: &EnvironmentSpec<'_>) {
        let name = if spec.address.ip().is_loopback() { "localhost".to_owned() } else { host(spec.address) };
        let own = format!("{name}:{}", spec.address.port());
        if spec.tls {
            self.set("AZURE_AUTHORITY_HOST", format!("https://{own}"));
            self.set("AZURE_CORE_INSTANCE_DISCOVERY", "false");
        }
        // This is the only credential that, in every SDK, does not first contact another host.
        self.set("AZURE_TOKEN_CREDENTIALS", "ManagedIdentityCredential");
        self.unset("AZURE_CLIENT_SECRET");
        self.set("FABRIC_ENDPOINT", format!("http{}://{own}", if spec.tls { "s" } else { "" }));
        self.set("FABRIC_USE_MSI", "true");
        self.unset("FABRIC_CLIENT_SECRET");
        // An existing proxy stays, but clients bypass it for the emulator. Proxy variables of an earlier environment
        // are unset.
        let before = ["NO_PROXY", "no_proxy"].map(|name| std::env::var(name).unwrap_or_default());
        let before = before.iter().flat_map(|list| list.split(',').map(str::trim).filter(|host| !host.is_empty()));
        let mut direct: Vec<String> = ["127.0.0.1", "localhost", "::1"].map(str::to_owned).to_vec();
        for host in [host(spec.address)].into_iter().chain(before.map(str::to_owned)) {
            if !direct.contains(&host) {
                direct.push(host);
            }
        }
        for name in ["NO_PROXY", "no_proxy"] {
            self.set(name, direct.join(","));
        }
        for name in PROXIES {
            let is_us = |proxy: &str| proxy.trim_end_matches('/').ends_with(&spec.address.to_string());
            if std::env::var(name).is_ok_and(|proxy| is_us(&proxy)) {
                self.unset(name);
            }
        }
        for name in ["NODE_USE_ENV_PROXY", "SPECULARITE_NODE"] {
            self.unset(name);
        }
    }

    /// Separates the clients' files from those of the user, disables telemetry, and shortens the pauses between
    /// retries.
    fn isolate(&mut self, spec: &EnvironmentSpec<'_>) -> io::Result<()> {
        let azure = folder(spec.folder, "azure")?;
        for (name, value) in [
            ("AZURE_CONFIG_DIR", azure.as_str()),
            ("AZURE_CORE_COLLECT_TELEMETRY", "no"),
            ("AZURE_MCP_COLLECT_TELEMETRY", "false"),
            // Without this variable, Az returns tokens as secure strings since version 14.
            ("AZUREPS_OUTPUT_PLAINTEXT_AZACCESSTOKEN", "true"),
            ("FABRIC_CICD_RETRY_DELAY_OVERRIDE_SECONDS", "0.1"),
            ("FABRIC_DISABLE_TERRAFORM_PARTNER_ID", "true"),
        ] {
            self.set(name, value);
        }
        if spec.isolate {
            let home = folder(spec.folder, "home")?;
            let fab = folder(spec.folder, "home/.config/fab")?;
            write(Path::new(&fab), "config.json", FAB_CONFIG)?;
            for name in ["HOME", "USERPROFILE"] {
                self.set(name, home.as_str());
            }
            for name in ["XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"] {
                self.unset(name);
            }
        }
        Ok(())
    }
}

/// Returns a value for a dotenv file. Values with special characters are quoted.
fn in_dotenv(value: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-.,:;/@%+=~".contains(c);
    if value.chars().all(is_plain) { value.to_owned() } else { format!("'{}'", value.replace('\'', r"'\''")) }
}

/// Returns the host of an address, as it is written in a URL.
fn host(address: SocketAddr) -> String {
    match address {
        SocketAddr::V4(address) => address.ip().to_string(),
        SocketAddr::V6(address) => format!("[{}]", address.ip()),
    }
}

/// Returns the root certificates of this machine and those in files that variables name, without `ours`.
fn roots(ours: &str) -> String {
    // Files of an earlier environment may contain the emulator's certificate.
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

/// Encodes a certificate in PEM, in lines of 64 characters (RFC 7468).
fn pem(certificate: &[u8]) -> String {
    use base64::Engine as _;
    let text = base64::engine::general_purpose::STANDARD.encode(certificate);
    let lines = text.as_bytes().chunks(64).map(String::from_utf8_lossy).collect::<Vec<_>>().join("\n");
    format!("-----BEGIN CERTIFICATE-----\n{lines}\n-----END CERTIFICATE-----\n")
}

fn write(folder: &Path, name: &str, text: &str) -> io::Result<String> {
    let path = folder.join(name);
    data_dir::write_atomically(&path, text, data_dir::Access::Everyone)
        .map_err(|why| io::Error::new(why.kind(), format!("{}: {why}", path.display())))?;
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
    fn environment_quotes_values_for_each_format() {
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
    fn bundle_is_read_back() {
        let text = pem(&[7; 100]);
        let read: Vec<_> = CertificateDer::pem_slice_iter(text.as_bytes()).flatten().collect();
        assert_eq!(read, [CertificateDer::from(vec![7; 100])]);
    }
}
