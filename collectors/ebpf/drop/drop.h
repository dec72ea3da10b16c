/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What the probe `drop` and the agent say to each other. `make probes` renders the Rust types from it, out of the object's BTF. */
#ifndef VIFLUX_DROP_H
#define VIFLUX_DROP_H

#include <linux/types.h>

/* Bits of `marks`. */
#define VIFLUX_DROP_EGRESS 1	/* on its way out of the interface, else in by it */
#define VIFLUX_DROP_NOWHERE 2	/* no interface is known, and so no direction */

/* What drops are counted by. */
struct viflux_drop_key {
	__u64 namespace_cookie;	/* SO_NETNS_COOKIE; 0 where no namespace is known */
	__u64 location;		/* address of the instruction behind the call that freed the packet */
	__u32 ifindex;		/* in that namespace; 0 where no interface is known */
	__u32 reason;		/* enum skb_drop_reason */
	__u16 ether_type;	/* host order; 0 where the packet has none yet */
	__u8 protocol;		/* of IPv4 and IPv6; of the latter the first header's */
	__u8 marks;
	__u32 padding;
};

/* How many they were. */
struct viflux_drop {
	__u64 first_ns;		/* CLOCK_MONOTONIC */
	__u64 last_ns;
	__u64 skb_packets;	/* as interfaces and queues count: a GSO packet once */
	__u64 packets;		/* as they would be on a wire */
	__u64 bytes;		/* `skb->len`: without the headers that were taken off on the way to that place */
	__u32 namespace_inode;
	__u32 samples;		/* that went through the ring */
	__u8 ifname[16];	/* when the first of them was dropped */
};

/* One of the packets, as it goes through the ring; it is counted too. */
struct viflux_drop_sample {
	struct viflux_drop_key key;
	__u8 src_address[16];	/* IPv4 in the first four */
	__u8 dst_address[16];
	__u16 src_port;		/* host order */
	__u16 dst_port;
	__u32 bytes;
	__u32 packets;
	__u32 written;		/* in which of the two maps it is counted */
	__u8 macs[12];		/* destination, then source; 0 where it has no Ethernet header yet, or any more */
	__u8 is_whole;		/* addresses could be read */
	__u8 ct_state;		/* a bit as `ct state` of nftables has it: 1 invalid, 2 established, 4 related, 8 new, 64 untracked; 0 not known */
	__u8 padding[2];
};

/* What is in no entry, by `enum viflux_drop_uncounted`. */
struct viflux_drop_lost {
	__u64 packets;
	__u64 bytes;
};

/* A function of the kernel. */
struct viflux_drop_place {
	__u8 name[64];
};

/* What the agent changes while the probe runs. */
struct viflux_drop_switch {
	__u32 written;		/* which of the two maps */
	__u32 samples;		/* of an entry that go through the ring */
};

enum viflux_drop_uncounted {
	VIFLUX_DROP_MAP_FULL,
	VIFLUX_DROP_MESSAGE,	/* no packet of a network: netlink, unix sockets */
	VIFLUX_DROP_UNSAMPLED,	/* the ring was full; it is counted all the same */
	VIFLUX_DROP_UNCOUNTED,
};

#endif
