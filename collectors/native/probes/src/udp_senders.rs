//! Which senders a listener hears.

use wire::internet::is_loopback;

/// Networks whose datagrams are taken, besides this host's loopback.
#[derive(Debug, Clone, Default)]
pub struct Senders {
    /// Network and prefix length, IPv4 mapped into IPv6.
    networks: Vec<([u8; 16], u8)>,
}

impl Senders {
    /// Loopback and these networks: addresses with IPv4 mapped into IPv6, and the length of their prefix out of 128 bits.
    pub fn new(networks: Vec<([u8; 16], u8)>) -> Self {
        Self { networks }
    }

    /// Whether datagrams from there are taken.
    pub fn allow(&self, address: &[u8; 16]) -> bool {
        is_loopback(address)
            || self
                .networks
                .iter()
                .any(|(network, length)| is_within(address, network, *length))
    }
}

fn is_within(address: &[u8; 16], network: &[u8; 16], length: u8) -> bool {
    let (address, network) = (u128::from_be_bytes(*address), u128::from_be_bytes(*network));
    let other = (address ^ network).checked_shr(128 - u32::from(length.min(128)));
    other.unwrap_or(0) == 0
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn mapped(text: &str) -> [u8; 16] {
        match text.parse::<std::net::IpAddr>().unwrap() {
            std::net::IpAddr::V4(address) => address.to_ipv6_mapped().octets(),
            std::net::IpAddr::V6(address) => address.octets(),
        }
    }

    #[test]
    fn loopback_is_always_allowed_and_others_by_prefix() {
        let senders = Senders::new(vec![
            (mapped("192.0.2.0"), 96 + 24),
            (mapped("2001:db8::"), 33),
        ]);
        for (address, expected) in [
            ("127.0.0.1", true),
            ("127.200.3.4", true),
            ("::1", true),
            ("192.0.2.255", true),
            ("192.0.3.0", false),
            ("2001:db8:7fff::1", true),
            ("2001:db8:8000::1", false),
            ("::2", false),
            ("128.0.0.1", false),
        ] {
            assert_eq!(senders.allow(&mapped(address)), expected, "{address}");
        }
        assert!(!Senders::default().allow(&mapped("192.0.2.1")));
    }

    #[test]
    fn a_prefix_of_no_bits_is_everybody() {
        let senders = Senders::new(vec![([0; 16], 0)]);
        assert!(senders.allow(&mapped("198.51.100.7")));
        assert!(senders.allow(&mapped("2001:db8::9")));
    }
}
