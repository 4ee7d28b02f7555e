//! Host ownership: the host names of Microsoft that are served here, those that are blocked, and all others.

use std::net::IpAddr;

/// A service with host names that are served here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// Fabric's REST API, under all its names.
    Fabric,
    /// Entra: sign-in and tokens.
    Entra,
    /// Azure Resource Manager, as far as a sign-in calls it.
    ResourceManager,
    /// OneLake: not emulated, but requests with a token for it must not leave the machine.
    OneLake,
    /// Azure's instance metadata service, at its link-local address: tokens of managed identities.
    Metadata,
}

/// The owner of a host name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// Served here, by this service.
    Ours(Service),
    /// Blocked: it would receive tokens or secrets that are meant for us.
    Refused,
    /// External.
    Other,
}

/// Host names that are ours, and the service of each. Their subdomains are not ours.
const NAMES: &[(&str, Service)] = &[
    ("api.fabric.microsoft.com", Service::Fabric),
    ("api.powerbi.com", Service::Fabric),
    ("login.microsoftonline.com", Service::Entra),
    ("login.microsoft.com", Service::Entra),
    ("login.windows.net", Service::Entra),
    ("sts.windows.net", Service::Entra),
    ("management.azure.com", Service::ResourceManager),
    ("api.onelake.fabric.microsoft.com", Service::OneLake),
    ("169.254.169.254", Service::Metadata),
];
/// Domains whose subdomains are ours.
const DOMAINS: &[(&str, Service)] = &[
    (".w.api.fabric.microsoft.com", Service::Fabric),
    (".analysis.windows.net", Service::Fabric),
    (".dfs.fabric.microsoft.com", Service::OneLake),
    (".blob.fabric.microsoft.com", Service::OneLake),
    (".table.fabric.microsoft.com", Service::OneLake),
];
/// Domains that are blocked with their subdomains, because services there accept Entra's tokens. Blob storage is not among them:
/// tools are downloaded from it.
const REFUSED: &[&str] = &[
    "azuredatabricks.net",
    "chinacloudapi.cn",
    "database.windows.net",
    "dfs.core.windows.net",
    "documents.azure.com",
    "fabric.microsoft.com",
    "graph.microsoft.com",
    "graph.windows.net",
    "kusto.windows.net",
    "login.live.com",
    "login.microsoft.com",
    "login.microsoftonline.us",
    "management.azure.com",
    "management.core.windows.net",
    "metadata.google.internal",
    "microsoftonline.com",
    "partner.microsoftonline.cn",
    "pbidedicated.windows.net",
    "powerbi.com",
    "queue.core.windows.net",
    "storage.azure.com",
    "table.core.windows.net",
    "usgovcloudapi.net",
    "vault.azure.net",
];
/// Names of this machine, and those that containers use for it or for the emulator.
pub const LOCAL: &[&str] = &["localhost", "host.docker.internal", "specularite"];

/// Domains that our CA may certify, each with its subdomains, in addition to [`LOCAL`] and loopback addresses.
pub const CA_DOMAINS: &[&str] = &[
    "fabric.microsoft.com",
    "api.powerbi.com",
    "analysis.windows.net",
    "login.microsoftonline.com",
    "login.microsoft.com",
    "login.windows.net",
    "sts.windows.net",
    "management.azure.com",
];

/// Returns the hosts that are served over TLS. One that begins with a dot stands for all subdomains.
pub fn over_tls() -> impl Iterator<Item = &'static str> {
    NAMES.iter().chain(DOMAINS).filter(|(_, service)| *service != Service::Metadata).map(|(name, _)| *name)
}

/// Returns the service that is served under a host name. It is called for every request, so it does not allocate.
pub fn service(host: &str) -> Option<Service> {
    let host = host.trim_end_matches('.');
    let named = NAMES.iter().find(|(name, _)| name.eq_ignore_ascii_case(host));
    let found = named.or_else(|| DOMAINS.iter().find(|(domain, _)| ends_with(host, domain)));
    found.map(|(_, service)| *service)
}

/// Returns the owner of a host. The host must not have a port.
pub fn owner(host: &str) -> Owner {
    if let Some(service) = service(host) {
        return Owner::Ours(service);
    }
    if REFUSED.iter().any(|domain| is_within(host, domain)) || address(host).is_some_and(is_metadata) {
        return Owner::Refused;
    }
    Owner::Other
}

/// Returns `true` for names and loopback addresses of this machine.
pub fn is_local(host: &str) -> bool {
    LOCAL.iter().any(|name| is_within(host, name)) || address(host).is_some_and(|address| address.is_loopback())
}

/// Returns the host of an authority, without user information and port. IPv6 addresses keep their brackets.
pub fn without_port(authority: &str) -> &str {
    let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    match authority.rsplit_once(':') {
        Some((host, port)) if !host.ends_with(':') && port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        Some(_) | None => authority,
    }
}

/// Compares the end of a host name without regard to case.
fn ends_with(host: &str, end: &str) -> bool {
    let start = host.len().checked_sub(end.len());
    start.and_then(|start| host.get(start..)).is_some_and(|tail| tail.eq_ignore_ascii_case(end))
}

/// Returns `true` for a domain and its subdomains. A trailing dot makes no difference.
fn is_within(host: &str, domain: &str) -> bool {
    let host = host.trim_end_matches('.');
    ends_with(host, domain) && (host.len() == domain.len() || host[..host.len() - domain.len()].ends_with('.'))
}

fn address(host: &str) -> Option<IpAddr> {
    host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().ok().map(|address| address.to_canonical())
}

/// Returns `true` for addresses at which clouds serve a machine's credentials.
pub fn is_metadata(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            address.is_link_local() || [[168, 63, 129, 16], [100, 100, 100, 200]].contains(&address.octets())
        }
        IpAddr::V6(address) => address.is_unicast_link_local() || address.segments()[..2] == [0xfd00, 0x0ec2],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn owner_depends_on_name_or_address() {
        for (host, expected) in [
            ("api.fabric.microsoft.com", Owner::Ours(Service::Fabric)),
            ("API.Fabric.Microsoft.com.", Owner::Ours(Service::Fabric)),
            ("0f1e.z0f.w.api.fabric.microsoft.com", Owner::Ours(Service::Fabric)),
            ("wabi-west-europe-redirect.analysis.windows.net", Owner::Ours(Service::Fabric)),
            ("login.windows.net", Owner::Ours(Service::Entra)),
            ("onelake.dfs.fabric.microsoft.com", Owner::Ours(Service::OneLake)),
            ("169.254.169.254", Owner::Ours(Service::Metadata)),
            ("dailyapi.fabric.microsoft.com", Owner::Refused),
            ("device.login.microsoftonline.com", Owner::Refused),
            ("graph.microsoft.com", Owner::Refused),
            ("app.powerbi.com", Owner::Refused),
            ("169.254.170.2", Owner::Refused),
            ("[fd00:ec2::254]", Owner::Refused),
            ("::ffff:169.254.0.1", Owner::Refused),
            ("pypi.org", Owner::Other),
            ("notfabric.microsoft.com", Owner::Other),
            ("api.fabric.microsoft.com.example.org", Owner::Other),
            ("localhost", Owner::Other),
        ] {
            assert_eq!(owner(host), expected, "{host}");
        }
    }

    #[test]
    fn ca_domains_cover_all_hosts_over_tls() {
        for host in over_tls() {
            let host = host.trim_start_matches('.');
            assert!(CA_DOMAINS.iter().any(|domain| is_within(host, domain)), "{host}");
        }
    }

    #[test]
    fn local_hosts_have_names_and_loopback_addresses() {
        for host in ["localhost", "LOCALHOST.", "a.localhost", "127.0.0.1", "127.9.9.9", "::1", "[::1]", "specularite"]
        {
            assert!(is_local(host), "{host}");
        }
        for host in ["notlocalhost", "10.0.0.1", "example.com", ""] {
            assert!(!is_local(host), "{host}");
        }
    }

    #[test]
    fn without_port_keeps_host_only() {
        for (authority, host) in
            [("a:1", "a"), ("a", "a"), ("[::1]:7310", "[::1]"), ("[::1]", "[::1]"), ("::1", "::1"), ("u:p@a:1", "a")]
        {
            assert_eq!(without_port(authority), host);
        }
    }
}
