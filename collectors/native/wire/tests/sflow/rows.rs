//! Rows as texts, so that tests can compare whole ones.

use wire::sflow::Output;

/// Applies a macro to every column that a sample can fill.
macro_rules! columns {
    ($apply:ident) => {
        $apply!(
            time,
            duration_ns,
            received_time,
            source_kind,
            exporter_address,
            observation_domain_id,
            sequence_number,
            ether_type,
            src_address,
            dst_address,
            src_port,
            dst_port,
            protocol,
            tcp_flags,
            ip_tos,
            ip_ttl,
            bytes,
            packets,
            skb_bytes,
            sampling_rate,
            sampling_origin,
            in_if_index,
            out_if_index,
            in_if_meaning,
            out_if_meaning,
            out_if_detail,
            direction,
            src_mac,
            dst_mac,
            src_vlan,
            dst_vlan,
            customer_vlan,
            src_as,
            dst_as,
            previous_as,
            next_as,
            next_hop,
            bgp_next_hop,
            src_prefix_length,
            dst_prefix_length,
            icmp_type,
            icmp_code,
            ipv6_flow_label,
            ip_fragment_id,
            ip_fragment_offset,
            mpls_labels,
            tunnel,
            vni,
            inner_src_address,
            inner_dst_address,
            inner_src_port,
            inner_dst_port,
            inner_protocol,
            inner_src_mac,
            inner_dst_mac,
            header_problem,
            post_nat_src_address,
            post_nat_dst_address,
            post_nat_src_port,
            post_nat_dst_port
        )
    };
}

/// Names and values of one row, without those that are missing.
pub fn row(out: &Output, row: usize) -> Vec<(&'static str, String)> {
    let mut values = Vec::new();
    macro_rules! collect {
        ($($column:ident),*) => {
            $(if let Some(value) = out.flows.$column.get(row) {
                values.push((stringify!($column), format!("{value:?}")));
            })*
        };
    }
    columns!(collect);
    values
}

/// All rows.
pub fn rows(out: &Output) -> Vec<Vec<(&'static str, String)>> {
    (0..out.flows.rows).map(|index| row(out, index)).collect()
}

/// One value of a row; empty where it is missing.
pub fn value(out: &Output, index: usize, name: &str) -> String {
    row(out, index)
        .into_iter()
        .find_map(|(column, value)| (column == name).then_some(value))
        .unwrap_or_default()
}

/// Fails where a column has more rows than are complete, so that one is half written.
pub fn assert_whole(out: &Output) {
    let rows = out.flows.rows;
    macro_rules! check {
        ($($column:ident),*) => {
            $(assert!(
                out.flows.$column.len() <= rows,
                "{} has {} rows of {rows}",
                stringify!($column),
                out.flows.$column.len(),
            );)*
        };
    }
    columns!(check);
    assert_eq!(out.observed.len(), rows);
}
