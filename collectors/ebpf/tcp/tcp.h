/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What the probe `tcp` and the agent say to each other. `make probes` renders the Rust types from it, out of the object's BTF. */
#ifndef VIFLUX_TCP_H
#define VIFLUX_TCP_H

#include <linux/types.h>

/* A connection at an interface. The near end is the one whose packets come in there, so both directions have the same key. */
struct viflux_tcp_key {
	__u32 ifindex;
	__u8 near_address[16];	/* IPv4 as ::ffff:a.b.c.d */
	__u8 far_address[16];
	__u16 near_port;	/* network order */
	__u16 far_port;
};

/* What is known of one direction of it. Sequence numbers wrap: they are compared as RFC 1982 does. */
struct viflux_tcp_side {
	__u32 next;		/* behind the highest sequence number that was seen */
	__u32 gap_from;		/* from here to `gap_to` lies all that was passed over and not seen; equal: nothing */
	__u32 gap_to;
	__u32 is_known;
	__u64 opened_ns;	/* when its SYN was seen, CLOCK_MONOTONIC; 0: answered, or sent more than once */
};

/* By direction: what comes in at the interface, then what goes out. */
struct viflux_tcp_connection {
	struct viflux_tcp_side coming, leaving;
};

/* What was counted of one direction of an interface since it is watched; segments and bytes as on the wire. */
struct viflux_tcp_counts {
	__u64 segments;
	__u64 payload_bytes;
	__u64 retransmitted_segments;	/* all of it was seen here before */
	__u64 retransmitted_bytes;
	__u64 unsure_segments;		/* behind what was seen: out of order, or retransmitted after a loss before this place */
	__u64 strange_segments;		/* more than a window (2^30) away from what was seen */
	__u64 resets;
	__u64 syns;			/* without ACK, each time that it was sent */
	__u64 zero_windows;
	__u64 handshakes;		/* SYN or SYN/ACK that a packet of this direction answered */
	__u64 handshake_ns;		/* their sum */
	__u64 full;			/* connections that the map had no room for */
};

/* What the agent sets. */
struct viflux_tcp_choice {
	__u32 one_of;		/* one connection of so many is watched; 0: none */
	__u32 seed;		/* which ones */
};

#endif
