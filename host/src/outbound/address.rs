//! Which addresses may be spoken to.
//!
//! A configuration, or whoever can change a DNS answer, must not be able to point the host at a
//! service inside the network it runs in. Names are checked in the client's own resolver, on the
//! very addresses it then connects to, so a name that answers differently the second time gains
//! nothing; addresses written as numbers never reach a resolver and are checked when the
//! destination is made.

use std::error::Error;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// The addresses a destination may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AddressRule {
    /// Only addresses of the public internet: the default.
    Public,
    /// Any address: `allow_private_endpoint` with https.
    Any,
    /// Only addresses that are not public: `allow_private_endpoint` with plain http, which must not
    /// leave the network.
    Private,
}

/// A destination has an address its rule forbids.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressRefused {
    /// A private address without leave.
    #[error(
        "{host} has the address {address}, which is not on the public internet; \
         set allow_private_endpoint = true if that is meant"
    )]
    Private {
        /// The host as configured.
        host: String,
        /// The first address refused.
        address: IpAddr,
    },
    /// A public address over plain http.
    #[error("{host} has the public address {address}, and plain http is for private endpoints only; use https")]
    Public {
        /// The host as configured.
        host: String,
        /// The first address refused.
        address: IpAddr,
    },
}

impl AddressRule {
    /// Checks one address of `host`.
    ///
    /// # Errors
    /// [`AddressRefused`] when the rule forbids it.
    pub fn check(self, host: &str, address: IpAddr) -> Result<(), AddressRefused> {
        match (self, is_public(address)) {
            (Self::Public, false) => Err(AddressRefused::Private { host: host.to_owned(), address }),
            (Self::Private, true) => Err(AddressRefused::Public { host: host.to_owned(), address }),
            _ => Ok(()),
        }
    }

    /// Looks `host` up and keeps the addresses the rule allows.
    ///
    /// # Errors
    /// The system's error when the name cannot be resolved, [`AddressRefused`] when no allowed
    /// address is left.
    pub async fn lookup(self, host: &str, port: u16) -> Result<Vec<SocketAddr>, Box<dyn Error + Send + Sync>> {
        let mut allowed = Vec::new();
        let mut refused = None;
        for address in tokio::net::lookup_host((host, port)).await? {
            match self.check(host, address.ip()) {
                Ok(()) => allowed.push(address),
                Err(error) => refused = refused.or(Some(error)),
            }
        }
        match refused {
            Some(error) if allowed.is_empty() => Err(Box::new(error)),
            _ => Ok(allowed),
        }
    }
}

/// The resolver a client is built with.
#[derive(Debug)]
pub(super) struct CheckedResolver(pub(super) AddressRule);

impl Resolve for CheckedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let rule = self.0;
        Box::pin(async move {
            // Port 0 stands for the port of the URL.
            let found: Addrs = Box::new(rule.lookup(name.as_str(), 0).await?.into_iter());
            Ok(found)
        })
    }
}

/// The refusal somewhere behind an error of the HTTP client, if that is its cause.
pub(super) fn refusal_behind<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a AddressRefused> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(refused) = error.downcast_ref() {
            return Some(refused);
        }
        cause = error.source();
    }
    None
}

/// Whether an address belongs to the public internet (IANA's special-purpose registries, RFC 6890).
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let special = match address.octets() {
        [0 | 127, ..] => true,       // this network, loopback
        [100, 64..=127, ..] => true, // shared between carriers
        [192, 0, 0, _] => true,      // protocol assignments
        [198, 18..=19, ..] => true,  // benchmarking
        [240..=255, ..] => true,     // reserved, broadcast
        _ => address.is_private() || address.is_link_local() || address.is_multicast() || address.is_documentation(),
    };
    !special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    if let Some(inner) = address.to_ipv4_mapped() {
        return is_public_v4(inner);
    }
    match address.segments() {
        // NAT64: the last 32 bits are the IPv4 address that is reached.
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            is_public_v4(Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low)))
        }
        [0x2001, 0..=0x1ff, ..] => false, // protocol assignments, Teredo
        [0x2001, 0xdb8, ..] => false,     // documentation
        [0x2002, ..] => false,            // 6to4 carries an IPv4 address that would go unchecked
        [0x3fff, 0..=0xfff, ..] => false, // documentation
        [0x2000..=0x3fff, ..] => true,    // all global unicast there is
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_addresses_in_every_dress_are_known() {
        for text in [
            "127.0.0.1",
            "10.1.2.3",
            "172.31.0.1",
            "192.168.0.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "255.255.255.255",
            "198.18.0.1",
            "192.0.2.1",
            "224.0.0.1",
            "::1",
            "::",
            "::ffff:127.0.0.1",
            "::127.0.0.1",
            "fe80::1",
            "fc00::1",
            "fd12::1",
            "ff02::1",
            "2001:db8::1",
            "64:ff9b::a00:1",
            "2002:7f00:1::",
            "2001:0:1::1",
            "64:ff9b:1::1",
        ] {
            assert!(!is_public(text.parse().unwrap()), "{text}");
        }
        for text in ["8.8.8.8", "172.32.0.1", "2606:4700::1111", "64:ff9b::808:808", "::ffff:8.8.8.8"] {
            assert!(is_public(text.parse().unwrap()), "{text}");
        }
    }

    #[tokio::test]
    async fn a_name_of_a_private_address_is_refused() {
        let error = AddressRule::Public.lookup("localhost", 80).await.unwrap_err();
        assert!(error.to_string().contains("allow_private_endpoint"), "{error}");
        assert!(!AddressRule::Private.lookup("localhost", 80).await.unwrap().is_empty());
    }
}
