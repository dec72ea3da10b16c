//! Interfaces that only exporters know: VIFs of kind `exported`, as a history.

use std::borrow::Cow;
use std::collections::HashMap;
use std::net::Ipv6Addr;

use columns::generated::inventory::Rows;
use serde::{Deserialize, Serialize};
use wire::identity::exported_vif_id;

/// Interfaces that are remembered in all, and of one exporter: what a spoofed exporter names must not grow without bound.
const MOST: usize = 65_536;
const MOST_OF_ONE: usize = 4_096;
/// An interface of which nothing was heard for so long is gone.
const SILENT_NS: i64 = 24 * 3_600 * 1_000_000_000;

/// What an exporter said of an interface.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Facts {
    pub name: String,
    pub description: String,
    /// 0 for unknown.
    pub speed_bits_per_second: u64,
    /// Administratively up, operationally up; `None` where that was not told.
    pub status: Option<(bool, bool)>,
}

/// Which interface of which exporter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct Place {
    pub exporter: [u8; 16],
    pub domain: u32,
    pub if_index: u32,
}

#[derive(Debug, Clone)]
struct Interface {
    place: Place,
    facts: Facts,
    first_ns: i64,
    last_ns: i64,
    changed_ns: i64,
    /// Why a row is due.
    due: Option<&'static str>,
}

/// All of them.
#[derive(Debug, Default)]
pub(crate) struct InterfaceTable {
    site: String,
    by_id: HashMap<u64, Interface>,
    of_exporter: HashMap<[u8; 16], usize>,
    has_due: bool,
}

/// What is saved of an interface.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SavedInterface {
    pub place: Place,
    pub facts: Facts,
    pub first_ns: i64,
    pub last_ns: i64,
}

impl InterfaceTable {
    pub fn new(site: String) -> Self {
        Self {
            site,
            ..Self::default()
        }
    }

    /// The VIF of an interface, which is noted as seen now.
    pub fn seen(&mut self, place: Place, name: Option<&str>, now_ns: i64) -> u64 {
        let id = exported_vif_id(&self.site, place.exporter, place.domain, place.if_index);
        if let Some(interface) = self.by_id.get_mut(&id) {
            interface.last_ns = interface.last_ns.max(now_ns);
            return id;
        }
        self.insert(
            id,
            place,
            Facts {
                name: name.unwrap_or_default().to_owned(),
                ..Facts::default()
            },
            now_ns,
            now_ns,
        );
        id
    }

    /// Where an interface is, and its name.
    pub fn place_of(&self, id: u64) -> Option<(Place, &str)> {
        let interface = self.by_id.get(&id)?;
        Some((interface.place, &interface.facts.name))
    }

    /// The exporter told something of an interface.
    pub fn told(&mut self, id: u64, now_ns: i64, change: impl FnOnce(&mut Facts)) {
        let Some(interface) = self.by_id.get_mut(&id) else {
            return;
        };
        let before = interface.facts.clone();
        change(&mut interface.facts);
        interface.last_ns = interface.last_ns.max(now_ns);
        if interface.facts != before && interface.due.is_none() {
            interface.due = Some("changed");
            interface.changed_ns = now_ns;
            self.has_due = true;
        }
    }

    fn insert(&mut self, id: u64, place: Place, facts: Facts, first_ns: i64, last_ns: i64) {
        let own = self.of_exporter.entry(place.exporter).or_default();
        if self.by_id.len() >= MOST || *own >= MOST_OF_ONE {
            if *own == 0 {
                self.of_exporter.remove(&place.exporter);
            }
            return;
        }
        *own += 1;
        self.has_due = true;
        let interface = Interface {
            place,
            facts,
            first_ns,
            last_ns,
            changed_ns: first_ns,
            due: Some("baseline"),
        };
        self.by_id.insert(id, interface);
    }

    /// Rows of the interfaces that are new, changed or gone; of all where `whole` is set.
    pub fn take(&mut self, now_ns: i64, whole: bool) -> Rows {
        let mut rows = Rows::default();
        let is_any_silent = whole && {
            // Only when all are told: that is often enough for something that takes a day.
            self.by_id
                .values()
                .any(|interface| now_ns.saturating_sub(interface.last_ns) > SILENT_NS)
        };
        if !self.has_due && !whole {
            return rows;
        }
        let mut ids: Vec<u64> = self
            .by_id
            .iter()
            .filter(|(_, interface)| whole || interface.due.is_some())
            .map(|(id, _)| *id)
            .collect();
        ids.sort_unstable();
        for id in ids {
            if let Some(interface) = self.by_id.get_mut(&id) {
                let change = interface.due.take().unwrap_or("restated");
                push(&mut rows, id, interface, &self.site, change, None);
            }
        }
        self.has_due = false;
        if is_any_silent {
            self.forget_silent(&mut rows, now_ns);
        }
        rows
    }

    fn forget_silent(&mut self, rows: &mut Rows, now_ns: i64) {
        let mut gone: Vec<u64> = self
            .by_id
            .iter()
            .filter(|(_, interface)| now_ns.saturating_sub(interface.last_ns) > SILENT_NS)
            .map(|(id, _)| *id)
            .collect();
        gone.sort_unstable();
        for id in gone {
            let Some(interface) = self.by_id.remove(&id) else {
                continue;
            };
            push(
                rows,
                id,
                &interface,
                &self.site,
                "gone",
                Some(interface.last_ns),
            );
            if let Some(own) = self.of_exporter.get_mut(&interface.place.exporter) {
                *own -= 1;
                if *own == 0 {
                    self.of_exporter.remove(&interface.place.exporter);
                }
            }
        }
    }

    /// All of them, to be saved.
    pub fn saved(&self) -> Vec<SavedInterface> {
        self.by_id
            .values()
            .map(|interface| SavedInterface {
                place: interface.place,
                facts: interface.facts.clone(),
                first_ns: interface.first_ns,
                last_ns: interface.last_ns,
            })
            .collect()
    }

    /// Take in one of an earlier run.
    pub fn restore(&mut self, saved: SavedInterface) {
        let place = saved.place;
        let id = exported_vif_id(&self.site, place.exporter, place.domain, place.if_index);
        if !self.by_id.contains_key(&id) {
            self.insert(id, place, saved.facts, saved.first_ns, saved.last_ns);
            if let Some(interface) = self.by_id.get_mut(&id) {
                interface.due = Some("restated");
            }
        }
    }
}

/// Lineage of an exported interface.
fn vif_key(site: &str, place: Place) -> String {
    let address = Ipv6Addr::from(place.exporter);
    let address = address
        .to_ipv4_mapped()
        .map_or_else(|| address.to_string(), |address| address.to_string());
    let site = if site.is_empty() {
        String::new()
    } else {
        format!("{site}/")
    };
    format!(
        "exported/{site}{address}/{}/{}",
        place.domain, place.if_index
    )
}

fn push(
    rows: &mut Rows,
    id: u64,
    interface: &Interface,
    site: &str,
    change: &'static str,
    gone_time: Option<i64>,
) {
    const NONE: Cow<'static, str> = Cow::Borrowed("");
    let facts = &interface.facts;
    let (is_admin_up, is_up) = facts.status.unwrap_or_default();
    let valid_from_time = match (gone_time, change) {
        (Some(gone), _) => gone,
        (None, "baseline") => interface.first_ns,
        (None, _) => interface.changed_ns,
    };
    rows.time.push(valid_from_time);
    rows.vif_id.push(id);
    rows.valid_from_time.push(valid_from_time);
    rows.change.push(Cow::Borrowed(change));
    rows.identity_origin.push(Cow::Borrowed("exporter"));
    rows.vif_key.push(vif_key(site, interface.place));
    rows.namespace.push(NONE);
    rows.nsid.push(-1);
    rows.ifname.push(Cow::Owned(facts.name.clone()));
    rows.ifindex.push(interface.place.if_index);
    rows.kind.push(Cow::Borrowed("exported"));
    rows.side.push(Cow::Borrowed("exported"));
    rows.counting_point.push(false);
    rows.link_id.push(0);
    rows.peer_vif_id.push(0);
    rows.parent_vif_id.push(0);
    rows.bridge_vif_id.push(0);
    rows.vni.push(None);
    rows.vlan_id.push(None);
    rows.mac_address.push(NONE);
    rows.addresses.push(Vec::new());
    rows.prefix_lengths.push(Vec::new());
    rows.mtu_bytes.push(0);
    rows.is_up.push(is_admin_up);
    rows.operstate.push(Cow::Borrowed(match facts.status {
        None => "unknown",
        Some((_, true)) => "up",
        Some((_, false)) => "down",
    }));
    rows.has_carrier.push(is_up);
    rows.link_speed_bits_per_second
        .push(facts.speed_bits_per_second);
    rows.provisioned_rate_bits_per_second
        .push(facts.speed_bits_per_second);
    rows.provisioned_rate_origin
        .push(Cow::Borrowed(if facts.speed_bits_per_second == 0 {
            ""
        } else {
            "link_speed"
        }));
    rows.qdisc.push(NONE);
    rows.alias.push(facts.description.clone());
    rows.driver.push(NONE);
    rows.workload.push(NONE);
    rows.owner.push(NONE);
    rows.tenant.push(NONE);
    rows.service.push(NONE);
    rows.criticality.push(NONE);
    rows.born_time.push(None);
    rows.gone_time.push(gone_time);
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn place(if_index: u32) -> Place {
        let mut exporter = [0; 16];
        exporter[10..].copy_from_slice(&[0xff, 0xff, 192, 0, 2, 1]);
        Place {
            exporter,
            domain: 5,
            if_index,
        }
    }

    #[test]
    fn an_interface_is_told_when_it_is_new_when_it_changed_and_when_all_are() {
        let mut table = InterfaceTable::new("berlin".into());
        let id = table.seen(place(3), None, 100);
        let rows = table.take(200, false);
        assert_eq!(rows.vif_id, [id]);
        assert_eq!(rows.change, ["baseline"]);
        assert_eq!(rows.vif_key, ["exported/berlin/192.0.2.1/5/3"]);
        assert!(table.take(210, false).is_empty());
        table.seen(place(3), None, 220);
        table.told(id, 230, |facts| facts.name = "eth3".into());
        let rows = table.take(240, false);
        assert_eq!(
            (rows.change[0].as_ref(), rows.valid_from_time[0]),
            ("changed", 230)
        );
        assert_eq!(rows.ifname, ["eth3"]);
        table.told(id, 250, |facts| facts.name = "eth3".into());
        assert!(table.take(260, false).is_empty());
        assert_eq!(table.take(270, true).change, ["restated"]);
        rows.into_batch().unwrap();
    }

    #[test]
    fn an_interface_that_is_silent_for_a_day_is_gone() {
        let mut table = InterfaceTable::new(String::new());
        table.seen(place(3), None, 100);
        table.take(200, false);
        let rows = table.take(SILENT_NS + 101, true);
        assert_eq!(rows.change, ["restated", "gone"]);
        assert_eq!(rows.gone_time[1], Some(100));
        assert!(table.take(SILENT_NS + 102, true).is_empty());
        assert!(table.of_exporter.is_empty());
    }

    #[test]
    fn an_exporter_cannot_name_interfaces_without_bound() {
        let mut table = InterfaceTable::new(String::new());
        for if_index in 0..100_000 {
            table.seen(place(if_index), None, 1);
        }
        assert_eq!(table.by_id.len(), MOST_OF_ONE);
    }
}
