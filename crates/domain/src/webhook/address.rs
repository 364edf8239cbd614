//! Where messages may go. A webhook's address is given by a tenant, and Claviger stands in a network that the tenant does not: what is not
//! public is refused, unless the installation allows it, at each connection again.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

/// Why a text is not an address of a webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    /// Not an address at all.
    #[error("expected an address such as https://example.com/hooks, of at most 2000 characters")]
    Malformed,
    /// Another scheme than HTTP's.
    #[error("expected https://")]
    Scheme,
    /// It says who is calling, which belongs in no address.
    #[error("an address with a user or a password in it is refused")]
    Credentials,
}

const MAX_URL: usize = 2_000;

/// Looks at an address as text. Where its host leads is looked at when it is called.
///
/// # Errors
/// As [`UrlError`] says.
pub fn check_url(text: &str) -> Result<(), UrlError> {
    let sane = text.len() <= MAX_URL && text.chars().all(|c| c.is_ascii_graphic());
    if !sane {
        return Err(UrlError::Malformed);
    }
    let rest = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"))
        .ok_or(UrlError::Scheme)?;
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.contains('@') {
        return Err(UrlError::Credentials);
    }
    if authority.is_empty() || authority.contains('\\') {
        return Err(UrlError::Malformed);
    }
    Ok(())
}

/// To which addresses messages may go.
#[derive(Debug, Clone, Default)]
pub struct AddressRule {
    /// Networks that are allowed although they are not public; only to them may a message go without TLS.
    pub allowed: Vec<IpNet>,
}

impl AddressRule {
    /// Whether a message may go there, over TLS or not.
    pub fn allows(&self, ip: IpAddr, tls: bool) -> bool {
        let ip = ip.to_canonical();
        self.allowed.iter().any(|network| network.contains(&ip)) || (tls && is_public(ip))
    }
}

/// Whether an address is one of the public internet: it belongs to no private, local or special network (IANA's special-purpose
/// registries), nor does one that is wrapped in it.
pub fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    !(ip.is_private()
        || ip.is_loopback()
        || ip.is_link_local()
        || ip.is_documentation()
        // "This network", and multicast and all that is reserved beyond it.
        || a == 0
        || a >= 224
        // Carriers' own (RFC 6598), protocol assignments, 6to4 relays, benchmarking.
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 192 && b == 88 && c == 99)
        || (a == 198 && (18..20).contains(&b)))
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    let s = ip.segments();
    let wrapped = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        is_public_v4(Ipv4Addr::new(a, b, c, d))
    };
    match s {
        [0, 0, 0, 0, 0, 0xffff, high, low] => wrapped(high, low),
        // NAT64 (RFC 6052), and 6to4.
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => wrapped(high, low),
        [0x2002, high, low, ..] => wrapped(high, low),
        // Protocol assignments, Teredo among them; documentation.
        [0x2001, second, ..] if second < 0x200 || second == 0xdb8 => false,
        [0x3fff, second, ..] if second < 0x1000 => false,
        // All else that is given out is in 2000::/3.
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_public_internet_is_public() {
        for public in [
            "1.1.1.1",
            "93.184.215.14",
            "100.63.255.255",
            "100.128.0.1",
            "172.15.0.1",
            "172.32.0.1",
            "192.0.1.1",
            "198.17.0.1",
            "223.255.255.254",
            "2606:4700::1111",
            "2a00:1450::1",
            "::ffff:1.1.1.1",
            "64:ff9b::1.1.1.1",
            "2002:101:101::1",
        ] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
        for private in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "100.64.0.1",
            "127.0.0.1",
            "127.255.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.1",
            "192.0.0.1",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::7f00:1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::10.0.0.1",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::1",
            "3fff::1",
            "5f00::1",
            "fc00::1",
            "fd12::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(!is_public(private.parse().unwrap()), "{private}");
        }
    }

    #[test]
    fn what_the_installation_allows_may_be_called_even_without_tls_and_nothing_else() {
        let rule = AddressRule {
            allowed: vec!["10.1.0.0/16".parse().unwrap()],
        };
        let allows = |ip: &str, tls| rule.allows(ip.parse().unwrap(), tls);
        assert!(allows("10.1.2.3", false) && allows("::ffff:10.1.2.3", true));
        assert!(allows("1.1.1.1", true) && !allows("1.1.1.1", false));
        assert!(!allows("10.2.0.1", true) && !allows("127.0.0.1", true));
    }

    #[test]
    fn an_address_is_looked_at_as_text_first() {
        for good in [
            "https://example.com",
            "https://example.com:8443/a?b=c",
            "http://10.0.0.1/x",
            "https://[2606:4700::1]/",
        ] {
            assert_eq!(check_url(good), Ok(()), "{good}");
        }
        assert_eq!(check_url("ftp://example.com"), Err(UrlError::Scheme));
        assert_eq!(
            check_url("https://user:pw@example.com"),
            Err(UrlError::Credentials)
        );
        for bad in [
            "",
            "https://",
            "https:///x",
            "https://ex ample.com",
            "https://exämple.com",
            "https://a\\b",
        ] {
            assert!(check_url(bad).is_err(), "{bad}");
        }
        assert!(check_url(&format!("https://{}", "a".repeat(MAX_URL))).is_err());
    }
}
