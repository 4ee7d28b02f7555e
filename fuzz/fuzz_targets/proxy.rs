//! Targets of the proxy: any authority is routed without a panic, and no spelling of it reaches more than another.

#![no_main]

use std::net::{IpAddr, SocketAddr};
use std::sync::LazyLock;

use axum::http::uri::Authority;
use libfuzzer_sys::arbitrary::{self, Arbitrary};
use specularite::http::Arrival;
use specularite::proxy::{Proxy, ProxyRoute, is_malformed, is_barred, without_userinfo};
use specularite::{ControlFrom, Emulator, OtherHosts, hosts};

/// Proxies with all options, all on the same port.
static PROXIES: LazyLock<Vec<(ControlFrom, OtherHosts, Proxy)>> = LazyLock::new(|| {
    let new = |from, others| (from, others, Proxy::new(Emulator::builder().control_from(from).build(), others));
    let all = |others| [ControlFrom::Loopback, ControlFrom::Private, ControlFrom::Any].map(|from| new(from, others));
    [OtherHosts::Refuse, OtherHosts::Tunnel].into_iter().flat_map(all).collect()
});

#[derive(Debug, Arbitrary)]
struct Input<'a> {
    peer: SocketAddr,
    local: SocketAddr,
    is_secure: bool,
    address: IpAddr,
    target: &'a str,
}

libfuzzer_sys::fuzz_target!(|input: Input<'_>| {
    let arrival =
        Arrival { peer: input.peer, local: input.local, scheme: "http", tenant: None, in_tunnel: false };
    check_address(arrival, input.address);
    for target in [input.target.to_owned(), SocketAddr::new(input.address, input.local.port()).to_string()] {
        let Ok(authority) = target.parse::<Authority>() else { continue };
        // The server answers such a target with 400.
        if is_malformed(&authority) {
            continue;
        }
        check_parts(&authority);
        for (from, others, proxy) in &*PROXIES {
            let route = |authority: &Authority| proxy.route(arrival, authority, if input.is_secure { 443 } else { 80 });
            let given = route(&authority);
            check_route(&given, *from, *others, arrival, &authority);
            for same in spellings(&authority) {
                assert_eq!(std::mem::discriminant(&route(&same)), std::mem::discriminant(&given), "{authority}, {same}");
            }
        }
    }
});

/// The host and the port must be the same for all readers of an authority.
fn check_parts(authority: &Authority) {
    let bare = without_userinfo(authority);
    assert!(!bare.contains('@'), "{authority}");
    assert_eq!(hosts::without_port(authority.as_str()), authority.host(), "{authority}");
    let port = bare.strip_prefix(authority.host()).expect("the host comes first");
    assert_eq!(port.is_empty(), authority.port_u16().is_none(), "{authority}");
}

fn check_route(given: &ProxyRoute, from: ControlFrom, others: OtherHosts, arrival: Arrival, authority: &Authority) {
    if *given != ProxyRoute::Forward {
        return;
    }
    assert!(others == OtherHosts::Tunnel && from.admits(arrival.peer.ip()), "{authority}");
    assert_eq!(hosts::owner(authority.host()), hosts::Owner::Other, "{authority}");
    let address = authority.host().trim_matches(['[', ']']).parse::<IpAddr>();
    assert!(!address.is_ok_and(|address| hosts::is_metadata(address.to_canonical())), "{authority}");
}

/// Other spellings of an authority, which have the same route.
fn spellings(authority: &Authority) -> impl Iterator<Item = Authority> {
    let bare = without_userinfo(authority);
    let (host, port) = bare.split_at(authority.host().len());
    let is_name = !host.ends_with([']', '.']) && host.parse::<IpAddr>().is_err();
    let dotted = is_name.then(|| format!("{host}.{port}"));
    [Some(bare.to_ascii_uppercase()), Some(format!("user:secret@{bare}")), dotted].into_iter().flatten().filter_map(|same| same.parse().ok())
}

/// Addresses of metadata services are always barred, and for clients of other machines those of this machine.
fn check_address(arrival: Arrival, address: IpAddr) {
    let mapped = match address {
        IpAddr::V4(v4) => IpAddr::V6(v4.to_ipv6_mapped()),
        IpAddr::V6(_) => address,
    };
    let is_foreign = !arrival.peer.ip().to_canonical().is_loopback();
    for address in [address, mapped] {
        let canonical = address.to_canonical();
        let is_this_machine = canonical.is_loopback() || canonical.is_unspecified();
        let expected = hosts::is_metadata(canonical) || is_foreign && is_this_machine;
        assert_eq!(is_barred(canonical, arrival), expected, "{address} for {}", arrival.peer);
    }
}
