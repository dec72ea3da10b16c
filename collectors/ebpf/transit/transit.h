/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What the probe `transit` and the agent say to each other. `make probes` renders the Rust types from it, out of the object's BTF. */
#ifndef VIFLUX_TRANSIT_H
#define VIFLUX_TRANSIT_H

#include <linux/types.h>

#define VIFLUX_TRANSIT_PROCESSORS 512	/* a power of two; processors beyond share */

/* One sampled packet on its way out of an interface, as it goes through the ring. */
struct viflux_transit_sample {
	__u64 in_cookie;	/* SO_NETNS_COOKIE of the namespace that it came in by */
	__u64 out_cookie;
	__u64 transit_ns;
	__u64 left_ns;		/* CLOCK_MONOTONIC */
	__u32 in_ifindex;
	__u32 out_ifindex;
};

/* What the agent changes while the probe runs. */
struct viflux_transit_switch {
	__u64 longest_ns;	/* what took longer is not told */
	__u32 window;		/* its number; entries of another one are void */
	__u32 gaps;		/* 2n - 1 for one packet of n: the number of packets to the next is 1 to `gaps`, each as often */
};

/* What became of samples since the probe was loaded, by processor. */
struct viflux_transit_fate {
	__u64 left;		/* packets to the next sample */
	__u64 runs;		/* of all programs */
	__u64 begun;		/* samples taken where a packet came in */
	__u64 settled;		/* of these, told at least once, or known not to leave */
	__u64 told;		/* records in the ring; more than one where devices lie upon each other */
	__u64 slot_taken;	/* not begun: another sample was there */
	__u64 expired;		/* not told: longer on its way than is told */
	__u64 changed;		/* not told: what left is not what came in */
	__u64 ring_full;	/* not told: no room */
	__u64 padding[7];	/* two lines of the processor's cache */
};

#endif
