//! What the settings say of one exporter.

use crate::settings::{ByteLayer, Direction, Interfaces, Known};

/// The entries that hold for one exporter, put together.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Configured {
    pub sampling_rate: Option<f64>,
    /// By ifIndex.
    pub interface_rates: Vec<(u32, f64)>,
    pub interface_names: Vec<(u32, String)>,
    pub interfaces: Interfaces,
    pub ifname: Option<String>,
    pub direction: Option<Direction>,
    pub byte_layer: ByteLayer,
    pub name: String,
}

impl Configured {
    /// Put together what `known` says of an exporter. Entries that name more go before those that name less, and of equals the
    /// first one.
    pub fn of(known: &[Known], address: [u8; 16], port: u16, domain: u32) -> Self {
        let mut holding: Vec<&Known> = known
            .iter()
            .filter(|entry| {
                entry.address == address
                    && entry.port.is_none_or(|named| named == port)
                    && entry.domain.is_none_or(|named| named == domain)
            })
            .collect();
        holding.sort_by_key(|entry| {
            std::cmp::Reverse(
                usize::from(entry.port.is_some()) + usize::from(entry.domain.is_some()),
            )
        });
        let mut found = Self::default();
        for entry in holding.iter().filter(|entry| entry.interface.is_none()) {
            found.sampling_rate = found.sampling_rate.or(entry.sampling_rate);
            found.ifname = found.ifname.or_else(|| entry.ifname.clone());
            found.direction = found.direction.or(entry.direction);
            if found.name.is_empty() {
                found.name = entry.name.clone().unwrap_or_default();
            }
        }
        let of_all = |entry: &&&Known| entry.interface.is_none();
        found.interfaces = holding
            .iter()
            .filter(of_all)
            .find_map(|entry| entry.interfaces)
            .unwrap_or_default();
        found.byte_layer = holding
            .iter()
            .filter(of_all)
            .find_map(|entry| entry.byte_layer)
            .unwrap_or_default();
        for entry in holding {
            let Some(interface) = entry.interface else {
                continue;
            };
            let is_new = |rates: &[(u32, f64)]| !rates.iter().any(|(index, _)| *index == interface);
            if let Some(rate) = entry
                .sampling_rate
                .filter(|_| is_new(&found.interface_rates))
            {
                found.interface_rates.push((interface, rate));
            }
            if let Some(name) = &entry.name {
                if found.interface_name(interface).is_none() {
                    found.interface_names.push((interface, name.clone()));
                }
            }
        }
        found
    }

    /// The rate of what an interface observed.
    pub fn rate_at(&self, interface: u32) -> Option<f64> {
        self.interface_rates
            .iter()
            .find(|(index, _)| *index == interface)
            .map(|(_, rate)| *rate)
            .or(self.sampling_rate)
    }

    pub fn interface_name(&self, interface: u32) -> Option<&str> {
        self.interface_names
            .iter()
            .find(|(index, _)| *index == interface)
            .map(|(_, name)| name.as_str())
    }

    /// Whether the direction that it tells is that of the interface. A probe on one interface sees both, and few say which:
    /// softflowd marks what the lower address sent, pmacctd everything alike.
    pub fn tells_direction(&self) -> bool {
        match self.direction {
            Some(direction) => direction == Direction::Told,
            None => self.ifname.is_none(),
        }
    }

    /// Whether any row may have a configured rate.
    pub fn has_rates(&self) -> bool {
        self.sampling_rate.is_some() || !self.interface_rates.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADDRESS: [u8; 16] = [7; 16];

    fn entry() -> Known {
        Known {
            address: ADDRESS,
            port: None,
            domain: None,
            interface: None,
            sampling_rate: None,
            interfaces: None,
            ifname: None,
            direction: None,
            byte_layer: None,
            name: None,
        }
    }

    #[test]
    fn the_entry_that_names_most_goes_first() {
        let known = [
            Known {
                sampling_rate: Some(10.0),
                name: Some("edge".into()),
                ..entry()
            },
            Known {
                domain: Some(5),
                sampling_rate: Some(20.0),
                byte_layer: Some(ByteLayer::Link),
                ..entry()
            },
            Known {
                interface: Some(3),
                sampling_rate: Some(30.0),
                name: Some("uplink".into()),
                ..entry()
            },
            Known {
                address: [8; 16],
                sampling_rate: Some(99.0),
                ..entry()
            },
        ];
        let found = Configured::of(&known, ADDRESS, 9, 5);
        assert_eq!(found.rate_at(1), Some(20.0));
        assert_eq!(found.rate_at(3), Some(30.0));
        assert_eq!(found.byte_layer, ByteLayer::Link);
        assert_eq!(found.name, "edge");
        assert_eq!(found.interface_name(3), Some("uplink"));
        let other = Configured::of(&known, ADDRESS, 9, 6);
        assert_eq!(
            (other.rate_at(1), other.byte_layer),
            (Some(10.0), ByteLayer::Ip)
        );
        assert_eq!(Configured::of(&known, [9; 16], 9, 5), Configured::default());
    }
}
