//! Where a request comes from, seen through the proxies that are trusted to say so.

use std::net::IpAddr;

use ::http::HeaderMap;

/// The client's address, kept with its request.
#[derive(Debug, Clone, Copy)]
pub struct ClientAddress(pub IpAddr);

/// The last address on the way here that is not a trusted proxy's: what stands before it in `X-Forwarded-For` anybody can
/// have written.
pub fn client(peer: IpAddr, headers: &HeaderMap, is_proxy: impl Fn(IpAddr) -> bool) -> IpAddr {
    let lines: Vec<&str> = headers
        .get_all("x-forwarded-for")
        .iter()
        .filter_map(|line| line.to_str().ok())
        .collect();
    let hops = lines.iter().rev().flat_map(|line| line.rsplit(','));
    let mut nearest = peer;
    for hop in hops {
        let Ok(hop) = hop.trim().parse::<IpAddr>() else {
            break;
        };
        if !is_proxy(nearest) {
            break;
        }
        nearest = hop;
    }
    nearest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(peer: &str, lines: &[&'static str]) -> String {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append("x-forwarded-for", ::http::HeaderValue::from_static(line));
        }
        let is_proxy = |ip: IpAddr| ip.to_string().starts_with("10.");
        client(peer.parse().expect("an address"), &headers, is_proxy).to_string()
    }

    #[test]
    fn only_a_trusted_proxys_word_counts() {
        assert_eq!(
            seen("192.0.2.1", &["198.51.100.7"]),
            "192.0.2.1",
            "nobody's proxy"
        );
        assert_eq!(seen("10.0.0.1", &[]), "10.0.0.1");
        assert_eq!(seen("10.0.0.1", &["198.51.100.7"]), "198.51.100.7");
        assert_eq!(
            seen("10.0.0.1", &["1.1.1.1, 198.51.100.7, 10.0.0.2"]),
            "198.51.100.7",
            "forged in front"
        );
        assert_eq!(seen("10.0.0.1", &["1.1.1.1", "2001:db8::1"]), "2001:db8::1");
        assert_eq!(seen("10.0.0.1", &["1.1.1.1, nonsense"]), "10.0.0.1");
    }
}
