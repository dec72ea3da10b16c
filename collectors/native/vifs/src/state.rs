//! The state of one VIF as an inventory row tells it.

use std::borrow::Cow;

use columns::generated::inventory::Rows;

/// Text of a column with few values.
pub type Label = Cow<'static, str>;

/// All columns of an inventory row that say how a VIF is; a row is written when one of them changes.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct State {
    pub identity_origin: Label,
    pub vif_key: String,
    pub namespace: Label,
    pub nsid: i32,
    pub ifname: Label,
    pub ifindex: u32,
    pub kind: Label,
    pub side: Label,
    pub counting_point: bool,
    pub link_id: u64,
    pub peer_vif_id: u64,
    pub parent_vif_id: u64,
    pub bridge_vif_id: u64,
    pub vni: Option<u32>,
    pub vlan_id: Option<u16>,
    pub mac_address: Label,
    pub addresses: Vec<[u8; 16]>,
    pub prefix_lengths: Vec<u8>,
    pub mtu_bytes: u32,
    pub is_up: bool,
    pub operstate: Label,
    pub has_carrier: bool,
    pub link_speed_bits_per_second: u64,
    pub provisioned_rate_bits_per_second: u64,
    pub provisioned_rate_origin: Label,
    pub qdisc: Label,
    pub alias: String,
    pub driver: Label,
    pub workload: Label,
    pub owner: Label,
    pub tenant: Label,
    pub service: Label,
    pub criticality: Label,
}

impl State {
    /// Names of the columns in which two states differ.
    pub fn differing(&self, other: &Self) -> Vec<&'static str> {
        [
            (
                self.identity_origin != other.identity_origin,
                "identity_origin",
            ),
            (self.vif_key != other.vif_key, "vif_key"),
            (self.namespace != other.namespace, "namespace"),
            (self.nsid != other.nsid, "nsid"),
            (self.ifname != other.ifname, "ifname"),
            (self.ifindex != other.ifindex, "ifindex"),
            (self.kind != other.kind, "kind"),
            (self.side != other.side, "side"),
            (
                self.counting_point != other.counting_point,
                "counting_point",
            ),
            (self.link_id != other.link_id, "link_id"),
            (self.peer_vif_id != other.peer_vif_id, "peer_vif_id"),
            (self.parent_vif_id != other.parent_vif_id, "parent_vif_id"),
            (self.bridge_vif_id != other.bridge_vif_id, "bridge_vif_id"),
            (self.vni != other.vni, "vni"),
            (self.vlan_id != other.vlan_id, "vlan_id"),
            (self.mac_address != other.mac_address, "mac_address"),
            (self.addresses != other.addresses, "addresses"),
            (
                self.prefix_lengths != other.prefix_lengths,
                "prefix_lengths",
            ),
            (self.mtu_bytes != other.mtu_bytes, "mtu_bytes"),
            (self.is_up != other.is_up, "is_up"),
            (self.operstate != other.operstate, "operstate"),
            (self.has_carrier != other.has_carrier, "has_carrier"),
            (
                self.link_speed_bits_per_second != other.link_speed_bits_per_second,
                "link_speed_bits_per_second",
            ),
            (
                self.provisioned_rate_bits_per_second != other.provisioned_rate_bits_per_second,
                "provisioned_rate_bits_per_second",
            ),
            (
                self.provisioned_rate_origin != other.provisioned_rate_origin,
                "provisioned_rate_origin",
            ),
            (self.qdisc != other.qdisc, "qdisc"),
            (self.alias != other.alias, "alias"),
            (self.driver != other.driver, "driver"),
            (self.workload != other.workload, "workload"),
            (self.owner != other.owner, "owner"),
            (self.tenant != other.tenant, "tenant"),
            (self.service != other.service, "service"),
            (self.criticality != other.criticality, "criticality"),
        ]
        .into_iter()
        .filter_map(|(differs, name)| differs.then_some(name))
        .collect()
    }
}

/// The columns of a row that say when and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moment {
    pub time: i64,
    pub vif_id: u64,
    pub valid_from_time: i64,
    pub change: &'static str,
    pub born_time: Option<i64>,
    pub gone_time: Option<i64>,
}

/// Append one row.
pub fn push(rows: &mut Rows, moment: &Moment, state: State) {
    rows.time.push(moment.time);
    rows.vif_id.push(moment.vif_id);
    rows.valid_from_time.push(moment.valid_from_time);
    rows.change.push(Cow::Borrowed(moment.change));
    rows.identity_origin.push(state.identity_origin);
    rows.vif_key.push(state.vif_key);
    rows.namespace.push(state.namespace);
    rows.nsid.push(state.nsid);
    rows.ifname.push(state.ifname);
    rows.ifindex.push(state.ifindex);
    rows.kind.push(state.kind);
    rows.side.push(state.side);
    rows.counting_point.push(state.counting_point);
    rows.link_id.push(state.link_id);
    rows.peer_vif_id.push(state.peer_vif_id);
    rows.parent_vif_id.push(state.parent_vif_id);
    rows.bridge_vif_id.push(state.bridge_vif_id);
    rows.vni.push(state.vni);
    rows.vlan_id.push(state.vlan_id);
    rows.mac_address.push(state.mac_address);
    rows.addresses.push(state.addresses);
    rows.prefix_lengths.push(state.prefix_lengths);
    rows.mtu_bytes.push(state.mtu_bytes);
    rows.is_up.push(state.is_up);
    rows.operstate.push(state.operstate);
    rows.has_carrier.push(state.has_carrier);
    rows.link_speed_bits_per_second
        .push(state.link_speed_bits_per_second);
    rows.provisioned_rate_bits_per_second
        .push(state.provisioned_rate_bits_per_second);
    rows.provisioned_rate_origin
        .push(state.provisioned_rate_origin);
    rows.qdisc.push(state.qdisc);
    rows.alias.push(state.alias);
    rows.driver.push(state.driver);
    rows.workload.push(state.workload);
    rows.owner.push(state.owner);
    rows.tenant.push(state.tenant);
    rows.service.push(state.service);
    rows.criticality.push(state.criticality);
    rows.born_time.push(moment.born_time);
    rows.gone_time.push(moment.gone_time);
}

/// Read back the state in row `at` of rows that were written earlier.
pub fn read(rows: &Rows, at: usize) -> State {
    State {
        identity_origin: rows.identity_origin[at].clone(),
        vif_key: rows.vif_key[at].clone(),
        namespace: rows.namespace[at].clone(),
        nsid: rows.nsid[at],
        ifname: rows.ifname[at].clone(),
        ifindex: rows.ifindex[at],
        kind: rows.kind[at].clone(),
        side: rows.side[at].clone(),
        counting_point: rows.counting_point[at],
        link_id: rows.link_id[at],
        peer_vif_id: rows.peer_vif_id[at],
        parent_vif_id: rows.parent_vif_id[at],
        bridge_vif_id: rows.bridge_vif_id[at],
        vni: rows.vni[at],
        vlan_id: rows.vlan_id[at],
        mac_address: rows.mac_address[at].clone(),
        addresses: rows.addresses[at].clone(),
        prefix_lengths: rows.prefix_lengths[at].clone(),
        mtu_bytes: rows.mtu_bytes[at],
        is_up: rows.is_up[at],
        operstate: rows.operstate[at].clone(),
        has_carrier: rows.has_carrier[at],
        link_speed_bits_per_second: rows.link_speed_bits_per_second[at],
        provisioned_rate_bits_per_second: rows.provisioned_rate_bits_per_second[at],
        provisioned_rate_origin: rows.provisioned_rate_origin[at].clone(),
        qdisc: rows.qdisc[at].clone(),
        alias: rows.alias[at].clone(),
        driver: rows.driver[at].clone(),
        workload: rows.workload[at].clone(),
        owner: rows.owner[at].clone(),
        tenant: rows.tenant[at].clone(),
        service: rows.service[at].clone(),
        criticality: rows.criticality[at].clone(),
    }
}
