//! From facts to meaning: kinds, sides, counting points, lineage, provisioned rates.

use std::borrow::Cow;

use wire::alias::{labels, Labels};
use wire::identity::link_id;
use wire::record::Link;

use crate::namespace::Namespace;
use crate::state::{Label, State};
use crate::table::Table;
use crate::vif::{is_pair, Vif};

/// ARPHRD_LOOPBACK, linux/if_arp.h.
const LOOPBACK: u16 = 772;
/// IFF_UP, linux/if.h.
const UP: u32 = 1;

/// Interface kinds that get a static text; others are told as the kernel tells them.
const KINDS: [&str; 32] = [
    "veth",
    "netkit",
    "vxcan",
    "bridge",
    "openvswitch",
    "bond",
    "team",
    "vrf",
    "vxlan",
    "geneve",
    "gre",
    "gretap",
    "ip6gre",
    "ip6gretap",
    "ipip",
    "ip6tnl",
    "sit",
    "erspan",
    "vti",
    "vti6",
    "xfrm",
    "wireguard",
    "vlan",
    "macvlan",
    "macvtap",
    "ipvlan",
    "ipvtap",
    "dummy",
    "ifb",
    "nlmon",
    "macsec",
    "gtp",
];

/// Names of IFLA_OPERSTATE (RFC 2863), by number.
const OPERSTATES: [&str; 7] = [
    "unknown",
    "notpresent",
    "down",
    "lowerlayerdown",
    "testing",
    "dormant",
    "up",
];

/// Name of a link's kind; a tun device that carries frames is a `tap`, a link without kind is a `physical` port.
pub(crate) fn kind(link: &Link) -> Label {
    match link.kind.as_str() {
        "tun" if link.is_tap => Cow::Borrowed("tap"),
        "tun" => Cow::Borrowed("tun"),
        "" if link.hardware_type == LOOPBACK => Cow::Borrowed("loopback"),
        "" => Cow::Borrowed("physical"),
        other => KINDS.iter().find(|known| **known == other).map_or_else(
            || Cow::Owned(other.to_owned()),
            |known| Cow::Borrowed(*known),
        ),
    }
}

/// Where in the path a VIF is, and whether wider scopes count it.
struct Role {
    side: &'static str,
    counting_point: bool,
}

impl Table {
    /// The state of a VIF, from all that is known now.
    pub(crate) fn state_of(&self, vif: &Vif) -> State {
        let unknown = Namespace::default();
        let namespace = self.namespaces.get(&vif.namespace).unwrap_or(&unknown);
        let link = &vif.link;
        let peer = self.peer_of(vif);
        let role = self.role_of(vif, peer);
        let own = labels(&link.alias);
        let said = match peer {
            Some(peer) => merged(own, labels(&peer.link.alias)),
            None => own,
        };
        let (rate, rate_origin) = provisioned_rate(vif, &said);
        let below = if is_pair(link) || link.link == 0 {
            None
        } else {
            self.target_of(vif).and_then(|place| self.index.get(&place))
        };
        let bridge = self.index.get(&(vif.namespace, link.master));
        let mut state = State {
            identity_origin: Cow::Borrowed(vif.identity.origin()),
            vif_key: self.lineage_of(vif, peer, &role),
            namespace: Cow::Owned(namespace.facts.name.clone()),
            nsid: namespace.facts.nsid.unwrap_or(-1),
            ifname: Cow::Owned(link.name.clone()),
            ifindex: link.ifindex,
            kind: kind(link),
            side: Cow::Borrowed(role.side),
            counting_point: role.counting_point,
            link_id: peer.map_or(0, |peer| link_id(vif.id, peer.id)),
            peer_vif_id: peer.map_or(0, |peer| peer.id),
            parent_vif_id: below.copied().unwrap_or(0),
            bridge_vif_id: bridge.filter(|_| link.master != 0).copied().unwrap_or(0),
            vni: link.vni,
            vlan_id: link.vlan_id,
            mac_address: Cow::Owned(mac_text(&link.hardware_address)),
            addresses: vif.addresses.iter().map(|(address, _)| *address).collect(),
            prefix_lengths: vif.addresses.iter().map(|(_, length)| *length).collect(),
            mtu_bytes: link.mtu_bytes,
            is_up: link.flags & UP != 0,
            operstate: Cow::Borrowed(
                OPERSTATES
                    .get(usize::from(link.operstate))
                    .unwrap_or(&OPERSTATES[0]),
            ),
            has_carrier: link.carrier,
            link_speed_bits_per_second: physical_speed(vif),
            provisioned_rate_bits_per_second: rate,
            provisioned_rate_origin: Cow::Borrowed(rate_origin),
            qdisc: vif
                .queue
                .as_ref()
                .map_or(Cow::Borrowed(""), |queue| Cow::Owned(queue.kind.clone())),
            alias: link.alias.clone(),
            driver: Cow::Owned(vif.device.driver.clone()),
            workload: Cow::Owned(self.workload_of(vif, peer, &role)),
            owner: Cow::Owned(said.owner),
            tenant: Cow::Owned(said.tenant),
            service: Cow::Owned(said.service),
            criticality: Cow::Owned(said.criticality),
        };
        if let (None, Some(pair)) = (peer, &vif.paired_as) {
            state.peer_vif_id = pair.peer_vif_id;
            state.link_id = pair.link_id;
            state.side = pair.side.clone();
            state.counting_point = pair.counting_point;
            state.vif_key.clone_from(&pair.vif_key);
            state.workload = pair.workload.clone();
            state.owner = pair.owner.clone();
            state.tenant = pair.tenant.clone();
            state.service = pair.service.clone();
            state.criticality = pair.criticality.clone();
        }
        state
    }

    fn role_of(&self, vif: &Vif, peer: Option<&Vif>) -> Role {
        let is_home = self.is_home(vif);
        if self.is_declared_uplink(vif) {
            return Role {
                side: "uplink",
                counting_point: false,
            };
        }
        let resident = if is_home { "host" } else { "workload" };
        let (side, counting_point) = match kind(&vif.link).as_ref() {
            "veth" | "netkit" | "vxcan" => return self.role_of_pair(vif, peer),
            "tap" => ("host", true),
            "macvlan" | "macvtap" | "ipvlan" | "ipvtap" => ("workload", true),
            "physical" => ("uplink", false),
            // A bond's bytes are its ports' bytes: in the scope of uplinks they would count twice.
            "bridge" | "openvswitch" | "bond" | "team" | "vrf" => ("bridge", false),
            "vxlan" | "geneve" | "gre" | "gretap" | "ip6gre" | "ip6gretap" | "ipip" | "ip6tnl"
            | "sit" | "erspan" | "vti" | "vti6" | "xfrm" | "wireguard" | "vlan" | "macsec"
            | "gtp" | "tun" => ("overlay", false),
            _ => (resident, false),
        };
        Role {
            side,
            counting_point,
        }
    }

    fn role_of_pair(&self, vif: &Vif, peer: Option<&Vif>) -> Role {
        let Some(peer) = peer else {
            // Nobody else can count this link. Which side it is shows from where it is plugged in.
            let is_host = self.is_port(vif) || self.is_home(vif);
            return Role {
                side: if is_host { "host" } else { "workload" },
                counting_point: true,
            };
        };
        if self.is_declared_uplink(peer) {
            // The world beyond an uplink: its bytes are the uplink's.
            return Role {
                side: "host",
                counting_point: false,
            };
        }
        let is_host = self.is_host_end(vif, peer).unwrap_or(vif.id < peer.id);
        Role {
            side: if is_host { "host" } else { "workload" },
            counting_point: is_host,
        }
    }

    /// Which of two ends is on the host's side, as far as ports and namespaces tell.
    fn is_host_end(&self, vif: &Vif, peer: &Vif) -> Option<bool> {
        match (self.is_port(vif), self.is_port(peer)) {
            (true, false) => Some(true),
            (false, true) => Some(false),
            _ => match (self.is_home(vif), self.is_home(peer)) {
                (true, false) => Some(true),
                (false, true) => Some(false),
                _ => None,
            },
        }
    }

    fn is_declared_uplink(&self, vif: &Vif) -> bool {
        self.uplinks.contains(&vif.link.name) && self.is_home(vif)
    }

    /// Whether the VIF is a port of a bridge or of an OVS datapath; a slave of a bond or a VRF is none.
    fn is_port(&self, vif: &Vif) -> bool {
        vif.link.master != 0
            && self
                .at((vif.namespace, vif.link.master))
                .is_some_and(|master| matches!(master.link.kind.as_str(), "bridge" | "openvswitch"))
    }

    fn is_home(&self, vif: &Vif) -> bool {
        self.namespaces
            .get(&vif.namespace)
            .is_some_and(|namespace| namespace.facts.is_home)
    }

    /// Host, namespace and name of the workload's end. A namespace without a name is left out for what runs in it, else for
    /// the other end, else for a `?`: its inode number would be another one after each start.
    fn lineage_of(&self, vif: &Vif, peer: Option<&Vif>, role: &Role) -> String {
        let (workload_end, other_end) = match peer {
            // Neither end is nearer to a workload. The ids that settle who counts are new ones after each re-creation, so
            // the lineage goes by what lasts.
            Some(peer) if self.is_host_end(vif, peer).is_none() => {
                if self.lasting_name(vif) <= self.lasting_name(peer) {
                    (vif, Some(peer))
                } else {
                    (peer, Some(vif))
                }
            }
            Some(peer) if role.side == "host" => (peer, Some(vif)),
            _ => (vif, peer),
        };
        let host = &self.host;
        let named = |end: &Vif| {
            let namespace = self.namespaces.get(&end.namespace)?;
            namespace
                .is_named()
                .then(|| format!("{host}/{}/{}", namespace.facts.name, end.link.name))
        };
        if let Some(key) = named(workload_end) {
            return key;
        }
        let name = &workload_end.link.name;
        match self.namespaces.get(&workload_end.namespace) {
            Some(namespace) if !namespace.facts.workload.is_empty() => {
                format!("{host}/{}/{name}", namespace.facts.workload)
            }
            _ => other_end
                .and_then(named)
                .unwrap_or_else(|| format!("{host}/?/{name}")),
        }
    }

    /// An order of ends that re-creation does not change; a namespace without a name comes last.
    fn lasting_name<'a>(&'a self, vif: &'a Vif) -> (bool, &'a str, &'a str) {
        let namespace = self.namespaces.get(&vif.namespace);
        let is_unnamed = !namespace.is_some_and(|namespace| namespace.is_named());
        let name = namespace.map_or("", |namespace| namespace.facts.name.as_str());
        (is_unnamed, name, &vif.link.name)
    }

    fn workload_of(&self, vif: &Vif, peer: Option<&Vif>, role: &Role) -> String {
        if let Some(holder) = self.holders.get(&vif.id) {
            return holder.clone();
        }
        let end = match peer {
            Some(peer) if role.side == "host" => peer,
            _ => vif,
        };
        self.namespaces
            .get(&end.namespace)
            .filter(|namespace| !namespace.facts.is_home)
            .map_or_else(String::new, |namespace| namespace.facts.workload.clone())
    }
}

/// Labels of one end, with what is missing taken from the other: both belong to the same link.
fn merged(mut own: Labels, other: Labels) -> Labels {
    for (mine, theirs) in [
        (&mut own.owner, other.owner),
        (&mut own.tenant, other.tenant),
        (&mut own.service, other.service),
        (&mut own.criticality, other.criticality),
    ] {
        if mine.is_empty() {
            *mine = theirs;
        }
    }
    own.rate_bits_per_second = own.rate_bits_per_second.or(other.rate_bits_per_second);
    own
}

/// What a queue enforces comes before what an alias promises; a link's speed counts only for a physical port.
fn provisioned_rate(vif: &Vif, said: &Labels) -> (u64, &'static str) {
    if let Some(queue) = &vif.queue {
        let origin = match queue.kind.as_str() {
            "tbf" => "tbf",
            "htb" => "htb",
            _ => "",
        };
        if let (false, Some(rate)) = (origin.is_empty(), queue.rate_bytes_per_second) {
            return (rate.saturating_mul(8), origin);
        }
    }
    if let Some(rate) = said.rate_bits_per_second {
        return (rate, "alias");
    }
    match physical_speed(vif) {
        0 => (0, ""),
        speed => (speed, "link_speed"),
    }
}

fn physical_speed(vif: &Vif) -> u64 {
    // What a veth (10 Gbit/s) or a tap says of its speed is fiction.
    if kind(&vif.link) == "physical" {
        vif.device.speed_bits_per_second
    } else {
        0
    }
}

fn mac_text(address: &[u8]) -> String {
    let mut text = String::with_capacity(address.len() * 3);
    for byte in address {
        if !text.is_empty() {
            text.push(':');
        }
        for digit in [byte >> 4, byte & 15] {
            text.push(char::from_digit(u32::from(digit), 16).unwrap_or('0'));
        }
    }
    text
}
