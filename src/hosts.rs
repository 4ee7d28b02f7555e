//! Whose a host name is: which of Microsoft's we answer for, and which must never see what was meant for us.

use std::net::IpAddr;

/// A service that is answered under its own host names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// Fabric's REST API, under each of its names.
    Fabric,
    /// Entra: signing in.
    Entra,
    /// Azure Resource Manager, as far as a sign-in asks it.
    ResourceManager,
    /// OneLake: not emulated, but a token for it must not get out.
    OneLake,
    /// Azure's instance metadata, at its link-local address: the tokens of managed identities.
    Metadata,
}

/// Who answers for a host name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// We do, as this service.
    Ours(Service),
    /// Nobody may: it would take tokens or secrets that were meant for us.
    Refused,
    /// Somebody else.
    Other,
}

/// Our names beneath which no other service lies, and what is answered there.
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
/// Whatever ends so is ours too.
const DOMAINS: &[(&str, Service)] = &[
    (".w.api.fabric.microsoft.com", Service::Fabric),
    (".analysis.windows.net", Service::Fabric),
    (".dfs.fabric.microsoft.com", Service::OneLake),
    (".blob.fabric.microsoft.com", Service::OneLake),
    (".table.fabric.microsoft.com", Service::OneLake),
];
/// What takes tokens of Entra, and what is beneath it. Blobs are reached: tools are fetched from them.
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
/// The names of this machine, and those under which containers know it or us.
pub const LOCAL: &[&str] = &["localhost", "host.docker.internal", "specularite"];

/// What our CA may vouch for beside [`LOCAL`] and loopback addresses: domains, each with all that is beneath it.
pub const VOUCHED: &[&str] = &[
    "fabric.microsoft.com",
    "api.powerbi.com",
    "analysis.windows.net",
    "login.microsoftonline.com",
    "login.microsoft.com",
    "login.windows.net",
    "sts.windows.net",
    "management.azure.com",
];

/// The hosts that are ours over TLS; one that begins with a dot stands for all that end so.
pub fn over_tls() -> impl Iterator<Item = &'static str> {
    NAMES.iter().chain(DOMAINS).filter(|(_, service)| *service != Service::Metadata).map(|(name, _)| *name)
}

/// Which service of ours a host is. Every request asks this: nothing is copied for it.
pub fn service(host: &str) -> Option<Service> {
    let host = host.trim_end_matches('.');
    let named = NAMES.iter().find(|(name, _)| name.eq_ignore_ascii_case(host));
    let found = named.or_else(|| DOMAINS.iter().find(|(domain, _)| ends_with(host, domain)));
    found.map(|(_, service)| *service)
}

/// Who answers for a host; a port at its end is not expected.
pub fn owner(host: &str) -> Owner {
    if let Some(service) = service(host) {
        return Owner::Ours(service);
    }
    if REFUSED.iter().any(|domain| is_beneath(host, domain)) || address(host).is_some_and(is_metadata) {
        return Owner::Refused;
    }
    Owner::Other
}

/// Whether a host is this machine, by a name or by a loopback address.
pub fn is_local(host: &str) -> bool {
    LOCAL.iter().any(|name| is_beneath(host, name)) || address(host).is_some_and(|address| address.is_loopback())
}

/// The host of an authority: without its port, and without the brackets of IPv6.
pub fn without_port(authority: &str) -> &str {
    let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    match authority.rsplit_once(':') {
        Some((host, port)) if !host.ends_with(':') && port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        Some(_) | None => authority,
    }
}

/// Host names match in any case.
fn ends_with(host: &str, end: &str) -> bool {
    let begins = host.len().checked_sub(end.len());
    begins.and_then(|begins| host.get(begins..)).is_some_and(|tail| tail.eq_ignore_ascii_case(end))
}

/// Whether a host is a domain or beneath it; a dot at its end makes no difference.
fn is_beneath(host: &str, domain: &str) -> bool {
    let host = host.trim_end_matches('.');
    ends_with(host, domain) && (host.len() == domain.len() || host[..host.len() - domain.len()].ends_with('.'))
}

fn address(host: &str) -> Option<IpAddr> {
    host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().ok().map(|address| address.to_canonical())
}

/// Whether clouds hand out the credentials of a machine at an address.
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
    fn each_host_has_one_owner() {
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
    fn the_authority_may_vouch_for_all_that_is_ours() {
        for host in over_tls() {
            let host = host.trim_start_matches('.');
            assert!(VOUCHED.iter().any(|domain| is_beneath(host, domain)), "{host}");
        }
    }

    #[test]
    fn this_machine_has_several_names() {
        for host in ["localhost", "LOCALHOST.", "a.localhost", "127.0.0.1", "127.9.9.9", "::1", "[::1]", "specularite"]
        {
            assert!(is_local(host), "{host}");
        }
        for host in ["notlocalhost", "10.0.0.1", "example.com", ""] {
            assert!(!is_local(host), "{host}");
        }
    }

    #[test]
    fn a_port_is_taken_off() {
        for (authority, host) in
            [("a:1", "a"), ("a", "a"), ("[::1]:7310", "[::1]"), ("[::1]", "[::1]"), ("::1", "::1"), ("u:p@a:1", "a")]
        {
            assert_eq!(without_port(authority), host);
        }
    }
}
