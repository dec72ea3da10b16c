//! Whose an address is, as seen from a network namespace.

use std::collections::HashMap;

use crate::table::Table;
use crate::vif::Vif;

/// How an interface was found to have an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// It is one of the namespace's own.
    Own,
    /// It is in another namespace, and its peer or the device below it is in this one.
    Link,
    /// It is the only one of this host that has the address.
    Only,
    /// Several have it, and nothing tells them apart.
    Ambiguous,
    /// None has it: it is elsewhere, or in a machine whose addresses nobody tells.
    Unknown,
}

impl Reach {
    /// Its name in records.
    pub fn name(self) -> &'static str {
        match self {
            Reach::Own => "own",
            Reach::Link => "link",
            Reach::Only => "only",
            Reach::Ambiguous => "ambiguous",
            Reach::Unknown => "unknown",
        }
    }
}

/// The interfaces that have each address, at one instant.
#[derive(Debug)]
pub struct Holders<'a> {
    table: &'a Table,
    by_address: HashMap<[u8; 16], Vec<&'a Vif>>,
}

impl Table {
    /// Whose addresses are whose now.
    pub fn holders_of_addresses(&self) -> Holders<'_> {
        let mut by_address: HashMap<[u8; 16], Vec<&Vif>> = HashMap::new();
        for vif in self.vifs.values().filter(|vif| vif.left_time.is_none()) {
            for (address, _) in &vif.addresses {
                by_address.entry(*address).or_default().push(vif);
            }
        }
        Holders {
            table: self,
            by_address,
        }
    }
}

impl Holders<'_> {
    /// The interface of an address (IPv4 mapped) for a namespace, by its cookie; of a pair the end that is in the namespace. The id
    /// is 0 where it is not known.
    pub fn of(&self, namespace: u64, address: &[u8; 16]) -> (u64, Reach) {
        let all: &[&Vif] = self.by_address.get(address).map_or(&[], Vec::as_slice);
        let own = all.iter().filter(|vif| vif.namespace == namespace);
        if let Some(found) = one(own.map(|vif| vif.id), Reach::Own) {
            return found;
        }
        let linked = all.iter().filter_map(|vif| self.linked(namespace, vif));
        if let Some(found) = one(linked, Reach::Link) {
            return found;
        }
        one(all.iter().map(|vif| vif.id), Reach::Only).unwrap_or((0, Reach::Unknown))
    }

    fn linked(&self, namespace: u64, vif: &Vif) -> Option<u64> {
        if let Some(peer) = self.table.peer_of(vif) {
            return (peer.namespace == namespace).then_some(peer.id);
        }
        let (below, _) = self.table.target_of(vif)?;
        (below == namespace).then_some(vif.id)
    }
}

fn one(mut ids: impl Iterator<Item = u64>, reach: Reach) -> Option<(u64, Reach)> {
    let first = ids.next()?;
    Some(match ids.all(|id| id == first) {
        true => (first, reach),
        false => (0, Reach::Ambiguous),
    })
}
