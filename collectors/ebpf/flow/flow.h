/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What the probe `flow` and the agent say to each other. `make probes` renders the Rust types from it, out of the object's BTF. */
#ifndef VIFLUX_FLOW_H
#define VIFLUX_FLOW_H

#include <linux/types.h>

/* Bits of `marks`. */
#define VIFLUX_FLOW_EGRESS 1	/* seen at egress of the interface, else at ingress */
#define VIFLUX_FLOW_FRAGMENT 2	/* later fragments of packets whose first one was not seen: there are no ports */
#define VIFLUX_FLOW_OTHER 4	/* no IP: `src_port` is the EtherType */
#define VIFLUX_FLOW_CUT 8	/* the IP or transport header is not whole; what is missing is 0 */

/* A flow over IPv4, or of frames that are no IP. Ports are in host order; of ICMP `src_port` is type * 256 + code. */
struct viflux_flow4_key {
	__u32 ifindex;
	__u8 src_address[4];
	__u8 dst_address[4];
	__u16 src_port;
	__u16 dst_port;
	__u16 vlan;		/* outer tag, 0 for none */
	__u16 customer_vlan;	/* inner tag of a stacked pair */
	__u8 protocol;
	__u8 marks;
	__u16 padding;
};

/* A flow over IPv6. */
struct viflux_flow6_key {
	__u32 ifindex;
	__u8 src_address[16];
	__u8 dst_address[16];
	__u16 src_port;
	__u16 dst_port;
	__u16 vlan;
	__u16 customer_vlan;
	__u8 protocol;
	__u8 marks;
	__u16 padding;
};

/* What was counted of a flow. With a key of 24 bytes and the kernel's own 48, an entry is two cache lines. */
struct viflux_flow {
	__u64 first_tick;	/* jiffies: the coarse clock's time takes 20 ns to read, and these 1; see `viflux_flow_now` */
	__u64 last_tick;
	__u64 skb_bytes;	/* as the interface counts: a GSO packet once */
	__u64 more_bytes;	/* what the wire has beyond `skb_bytes`: headers of segments, VLAN tags out of band */
	__u64 packets;		/* upper half: on the wire; lower half: as the interface counts */
	__u16 tcp_flags;	/* of all packets; the others are of the first one */
	__u8 ip_tos;
	__u8 ip_ttl;
	__u8 macs[12];		/* destination, then source */
};

/* A packet for which the map had no room, as it goes through the ring. An IPv4 key is at the start of `key`. */
struct viflux_flow_overflow {
	__u32 is_ipv6;
	__u32 written;		/* which pair of maps was written when it was seen */
	struct viflux_flow6_key key;
	struct viflux_flow flow;
};

/* Whose packets could not be counted by flow at all. */
struct viflux_flow_lost_key {
	__u32 ifindex;
	__u32 is_egress;
};

/* How many they were since the interface is watched. */
struct viflux_flow_lost {
	__u64 packets;
	__u64 bytes;
	__u64 skb_packets;
	__u64 skb_bytes;
};

/* Which packets a later fragment belongs to. */
struct viflux_flow_fragment_key {
	__u32 ifindex;
	__u32 identification;
	__u8 src_address[16];
	__u8 dst_address[16];
	__u8 protocol;
	__u8 marks;
	__u16 padding;
};

/* The ports of its first fragment. */
struct viflux_flow_ports {
	__u16 src_port;
	__u16 dst_port;
};

/* Interfaces share a slot where the lower bits of their numbers are the same; there is one set for each pair of maps. */
#define VIFLUX_FLOW_SLOTS 2048

/* Of an interface of which not every packet is counted: of one processor, slot, pair of maps and direction. */
struct viflux_flow_seen {
	__u64 packets;		/* counted or not */
	__u64 skip;		/* so many are left out before the next that is counted */
};

/* One instant by both clocks. */
struct viflux_flow_now {
	__u64 tick;
	__u64 monotonic_ns;	/* CLOCK_MONOTONIC_COARSE, which moves with the ticks; 0 where a tick came in between */
};

/* What the agent changes while the probe runs; read in one load. */
struct viflux_flow_switch {
	__u64 word;		/* lower half: which pair of maps is written; upper half: 1 where some interfaces have a rate, 2: off */
};

#endif
