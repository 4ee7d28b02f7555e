//! Host ownership: the classification of host names. Each host name is ours (the emulator serves it), blocked, or
//! external.

use std::net::IpAddr;

/// A Microsoft service whose host names the emulator serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// Fabric's REST API, under all its host names.
    Fabric,
    /// Entra: sign-in and tokens.
    Entra,
    /// Azure Resource Manager: only the requests that clients send during a sign-in.
    ResourceManager,
    /// OneLake: its storage, and other hosts, which are served so that requests with tokens for OneLake do not leave the machine.
    OneLake,
    /// Azure's instance metadata service, at its link-local address. It issues the tokens of managed identities.
    Metadata,
}

/// The ownership class of a host name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// Served by the emulator, as this service.
    Ours(Service),
    /// Blocked, because the host could receive secrets that are meant for the emulator, or is a metadata service.
    Refused,
    /// External: neither served nor blocked.
    Other,
}

/// Host names that are ours, each with its service. Subdomains of these names are not included.
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
/// Domains whose subdomains are ours, each with its service.
const DOMAINS: &[(&str, Service)] = &[
    (".w.api.fabric.microsoft.com", Service::Fabric),
    (".analysis.windows.net", Service::Fabric),
    (".dfs.fabric.microsoft.com", Service::OneLake),
    (".blob.fabric.microsoft.com", Service::OneLake),
    (".table.fabric.microsoft.com", Service::OneLake),
];
/// Domains that are blocked with their subdomains, except names that are ours. Services in these domains accept
/// Entra's tokens, or return a machine's credentials. Blob
/// storage is not blocked, because tools are downloaded from it.
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
/// Local host names: names of this machine, and names that containers use for this machine or for the emulator.
pub const LOCAL: &[&str] = &["localhost", "host.docker.internal", "specularite"];

/// Returns the host names that are served over TLS. A name that begins with a dot stands for all its subdomains.
pub fn over_tls() -> impl Iterator<Item = &'static str> {
    NAMES.iter().chain(DOMAINS).filter(|(_, service)| *service != Service::Metadata).map(|(name, _)| *name)
}

/// Returns the domains for which the emulator's certificate authority may issue certificates, each with its subdomains.
/// [`LOCAL`] names and loopback addresses are permitted too.
pub fn ca_domains() -> Vec<&'static str> {
    let domains: Vec<&str> = over_tls().map(|name| name.trim_start_matches('.')).collect();
    let is_covered = |name: &str| domains.iter().any(|domain| *domain != name && is_within(name, domain));
    domains.iter().copied().filter(|name| !is_covered(name)).collect()
}

/// Returns the service that is served under a host name. This function is called for every request, so it does not
/// allocate.
pub fn service(host: &str) -> Option<Service> {
    let host = host.trim_end_matches('.');
    let named = NAMES.iter().find(|(name, _)| name.eq_ignore_ascii_case(host));
    let found = named.or_else(|| DOMAINS.iter().find(|(domain, _)| ends_with(host, domain)));
    found.map(|(_, service)| *service)
}

/// Returns the ownership class of a host. `host` must not contain a port.
pub fn owner(host: &str) -> Owner {
    if let Some(service) = service(host) {
        return Owner::Ours(service);
    }
    if REFUSED.iter().any(|domain| is_within(host, domain)) || address(host).is_some_and(is_metadata) {
        return Owner::Refused;
    }
    Owner::Other
}

/// Returns `true` if a host is a [`LOCAL`] name, a subdomain of a [`LOCAL`] name, or a loopback address.
pub fn is_local(host: &str) -> bool {
    LOCAL.iter().any(|name| is_within(host, name)) || address(host).is_some_and(|address| address.is_loopback())
}

/// Returns `true` for a host that DNS rebinding cannot use: an address, a [`LOCAL`] name, or a name without a dot. The
/// domains `localhost` and `internal` cannot be registered.
pub fn is_private(host: &str) -> bool {
    let name = host.trim_end_matches('.');
    address(name).is_some() || !name.contains('.') || is_local(name)
}

/// Returns the host of an authority, without user information and without port. IPv6 addresses keep their brackets.
pub fn without_port(authority: &str) -> &str {
    let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    match authority.rsplit_once(':') {
        Some((host, port)) if !host.ends_with(':') && port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        Some(_) | None => authority,
    }
}

/// Returns `true` if a host name ends with `end`. Case is ignored.
fn ends_with(host: &str, end: &str) -> bool {
    let start = host.len().checked_sub(end.len());
    start.and_then(|start| host.get(start..)).is_some_and(|tail| tail.eq_ignore_ascii_case(end))
}

/// Returns `true` if a host is the given domain or a subdomain. Case and a trailing dot are ignored.
fn is_within(host: &str, domain: &str) -> bool {
    let host = host.trim_end_matches('.');
    ends_with(host, domain) && (host.len() == domain.len() || host[..host.len() - domain.len()].ends_with('.'))
}

fn address(host: &str) -> Option<IpAddr> {
    host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().ok().map(|address| address.to_canonical())
}

/// Returns `true` for the addresses of cloud metadata services, which return a machine's credentials.
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
    fn ca_domains_are_our_hosts_over_tls() {
        let domains = ca_domains();
        for host in over_tls() {
            let host = host.trim_start_matches('.');
            assert!(domains.iter().any(|domain| is_within(host, domain)), "{host}");
        }
        for host in ["app.fabric.microsoft.com", "fabric.microsoft.com", "graph.microsoft.com", "powerbi.com"] {
            assert!(!domains.iter().any(|domain| is_within(host, domain)), "{host}");
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
    fn private_hosts_are_addresses_and_names_that_cannot_be_registered() {
        for host in ["127.0.0.1", "10.0.0.1", "[::1]", "fabric", "a.localhost", "localhost.", "host.docker.internal"] {
            assert!(is_private(host), "{host}");
        }
        for host in ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "api.fabric.microsoft.com"] {
            assert!(!is_private(host), "{host}");
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
