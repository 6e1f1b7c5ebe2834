//! Where a request never goes, whoever asks for it. A name is looked up here, and the connection is
//! made to the addresses that passed, so that a name which changes its meaning in between gains
//! nothing.
//!
//! Private networks and the machine itself are allowed, because Jira Data Center and GitHub
//! Enterprise Server live there. What no tracker has is refused: addresses of the link itself,
//! where clouds keep the credentials of their machines, groups, and what stands for any address.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// Services that clouds offer to their own machines outside of the link-local range.
const CLOUD: [IpAddr; 5] = [
    IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)),
    IpAddr::V4(Ipv4Addr::new(168, 63, 129, 16)),
    IpAddr::V4(Ipv4Addr::new(192, 0, 0, 192)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)),
    IpAddr::V6(Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254)),
];

/// Why nothing is ever sent to this address; `None` where a tracker may be.
#[must_use]
pub fn refusal(ip: IpAddr) -> Option<&'static str> {
    let ip = embedded(ip);
    if CLOUD.contains(&ip) {
        return Some("a service of the cloud for its own machines");
    }
    match ip {
        _ if ip.is_unspecified() => Some("no address of a machine"),
        _ if ip.is_multicast() => Some("a group of machines"),
        IpAddr::V4(v4) if v4.is_link_local() => {
            Some("link-local, where clouds keep the credentials of their machines")
        }
        IpAddr::V4(v4) if v4.octets()[0] == 0 || v4.octets()[0] >= 240 => {
            Some("no address of a machine")
        }
        IpAddr::V6(v6) if matches!(v6.segments()[0], 0xfe80..=0xfeff) => Some("link-local"),
        _ => None,
    }
}

/// The IPv4 address that an IPv6 address stands for, in each of the ways in which one can.
fn embedded(ip: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = ip else { return ip };
    let s = v6.segments();
    let of = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        IpAddr::V4(Ipv4Addr::new(a, b, c, d))
    };
    match s {
        // Mapped, translated, NAT64 and its local range.
        [0, 0, 0, 0, 0, 0xffff, h, l] | [0, 0, 0, 0, 0xffff, 0, h, l] => of(h, l),
        [0x64, 0xff9b, 0, 0, 0, 0, h, l] | [0x64, 0xff9b, 1, .., h, l] => of(h, l),
        // Compatible; `::` and `::1` mean themselves.
        [0, 0, 0, 0, 0, 0, h, l] if h != 0 => of(h, l),
        // 6to4.
        [0x2002, h, l, ..] => of(h, l),
        _ => ip,
    }
}

/// Why nothing is ever sent to this web address, as far as that is written in it. It is read as
/// browsers read one: `2852039166`, `0xa9fea9fe` and `0251.0376.0251.0376` are addresses too.
#[must_use]
pub fn written(address: &str) -> Option<String> {
    let url = reqwest::Url::parse(address.trim()).ok()?;
    let host = url.host_str()?;
    let ip: IpAddr = host.trim_start_matches('[').trim_end_matches(']').parse().ok()?;
    refusal(ip).map(|why| format!("{host} is {why}, and no tracker is there"))
}

/// Whether a request stays on this machine.
pub(super) fn is_this_machine(request: &super::Request) -> bool {
    names_this_machine(request.uri().host().unwrap_or_default())
}

/// Whether a host, as it is written in an address, is this machine.
#[must_use]
pub fn names_this_machine(host: &str) -> bool {
    let ip = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host.eq_ignore_ascii_case("localhost") || ip.is_ok_and(|ip| embedded(ip).is_loopback())
}

/// Looks names up and keeps only addresses that may be asked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Guarded;

/// A name that leads nowhere we go.
#[derive(Debug, thiserror::Error)]
#[error("{name} leads to {ip}, which is {why}, and no tracker is there")]
struct Misled {
    name: String,
    ip: IpAddr,
    why: &'static str,
}

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let name = name.as_str().to_owned();
            let found: Vec<SocketAddr> =
                tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let allowed = passed(&name, found)?;
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

/// The addresses of a name that may be asked; all of them must be, or the name is not trusted.
fn passed(name: &str, found: Vec<SocketAddr>) -> Result<Vec<SocketAddr>, Misled> {
    // Plain http is spoken to this name, so it has to mean this machine.
    let local = name == "localhost" || name.ends_with(".localhost");
    let why = |ip: IpAddr| match refusal(ip) {
        None if local && !embedded(ip).is_loopback() => Some("not this machine"),
        other => other,
    };
    match found.iter().find_map(|one| Some((one.ip(), why(one.ip())?))) {
        Some((ip, why)) => Err(Misled { name: name.to_owned(), ip, why }),
        None => Ok(found),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_no_tracker_has_are_refused_in_every_form() {
        let refused = [
            "169.254.169.254",
            "169.254.0.1",
            "169.254.255.255",
            "100.100.100.200",
            "168.63.129.16",
            "192.0.0.192",
            "0.0.0.0",
            "0.1.2.3",
            "224.0.0.1",
            "239.255.255.250",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "fe80::1",
            "febf::1",
            "fec0::1",
            "ff02::1",
            "fd00:ec2::254",
            "fd20:ce::254",
            "::ffff:169.254.169.254",
            "::ffff:a9fe:a9fe",
            "::ffff:0:169.254.169.254",
            "::169.254.169.254",
            "64:ff9b::169.254.169.254",
            "64:ff9b:1::169.254.169.254",
            "2002:a9fe:a9fe::1",
            "::ffff:0.0.0.0",
            "::ffff:224.0.0.1",
            "::ffff:100.100.100.200",
        ];
        for text in refused {
            assert!(refusal(text.parse().unwrap()).is_some(), "{text}");
        }
        let allowed = [
            "127.0.0.1",
            "127.8.8.8",
            "::1",
            "::ffff:127.0.0.1",
            "10.0.0.1",
            "172.16.0.1",
            "192.168.1.1",
            "100.64.0.1",
            "fd12:3456::1",
            "140.82.112.3",
            "169.253.255.255",
            "169.255.0.0",
            "223.255.255.255",
            "2606:50c0:8000::154",
            "2002:7f00:1::",
        ];
        for text in allowed {
            assert_eq!(refusal(text.parse().unwrap()), None, "{text}");
        }
    }

    #[test]
    fn written_addresses_are_read_as_browsers_read_them() {
        let refused = [
            "https://169.254.169.254/",
            "https://169.254.169.254:8443/jira",
            "https://2852039166/latest/meta-data",
            "https://0xa9fea9fe/",
            "https://0xA9.0xFE.0xA9.0xFE/",
            "https://0251.0376.0251.0376/",
            "https://169.254.43518/",
            "https://169.16689662/",
            "https://0251.254.0xa9fe",
            "https://169.254.169.254./",
            "https://%31%36%39.254.169.254/",
            "https://\u{ff11}69.254.169.254/",
            "https://169\u{3002}254\u{3002}169\u{3002}254/",
            "https://[::ffff:169.254.169.254]/",
            "https://[::ffff:a9fe:a9fe]:443/",
            "https://[0:0:0:0:0:ffff:a9fe:a9fe]/",
            "https://[64:ff9b::a9fe:a9fe]/",
            "https://[fe80::1]/",
            "https://[fd00:ec2::254]/",
            "https://[::]/",
            "https://0/",
            "https://0.0.0.0/",
            "HTTPS://169.254.169.254",
            " https://169.254.169.254 ",
            "http:169.254.169.254",
            "https:\\\\169.254.169.254\\x",
        ];
        for text in refused {
            assert!(written(text).is_some(), "{text}");
        }
        for text in ["https://jira.example.com", "https://10.0.0.1:8443", "https://[fd12::1]/", "x"]
        {
            assert_eq!(written(text), None, "{text}");
        }
    }

    #[test]
    fn a_name_is_as_good_as_the_worst_of_its_addresses() {
        let at = |ips: &[&str]| -> Vec<SocketAddr> {
            ips.iter().map(|ip| SocketAddr::new(ip.parse().unwrap(), 0)).collect()
        };
        assert_eq!(passed("jira.example", at(&["10.0.0.1", "10.0.0.2"])).unwrap().len(), 2);
        // Looked up again, the name means something else.
        let told = passed("jira.example", at(&["10.0.0.1", "169.254.169.254"])).unwrap_err();
        assert!(told.to_string().starts_with("jira.example leads to 169.254.169.254, which is"));
        assert!(passed("jira.example", at(&["::ffff:a9fe:a9fe"])).is_err());
        assert!(passed("localhost", at(&["127.0.0.1", "::1"])).is_ok());
        for elsewhere in ["10.0.0.1", "140.82.112.3"] {
            assert!(passed("localhost", at(&[elsewhere])).is_err(), "{elsewhere}");
            assert!(passed("a.localhost", at(&[elsewhere])).is_err(), "{elsewhere}");
        }
    }
}
