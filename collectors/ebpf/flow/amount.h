/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What a packet adds to its flow: the same for the short way and the long one. */
#ifndef VIFLUX_FLOW_AMOUNT_H
#define VIFLUX_FLOW_AMOUNT_H

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "flow.h"

/* In both units, as in `struct viflux_flow`. */
struct amount {
	__u64 skb_bytes, more_bytes, packets;
};

/* `headers` are the bytes before the payload that each segment has, 0 where that is not known. */
static __always_inline struct amount measure(struct __sk_buff *skb, __u64 headers)
{
	struct amount amount = { .skb_bytes = skb->len };
	__u64 segments = 1;
	__u32 size = skb->gso_size;

	if (size) {
		segments = skb->gso_segs;
		/* A guest's GSO packet does not say how many it is; neither does every driver. */
		if (!segments)
			segments = headers && amount.skb_bytes > headers ? (amount.skb_bytes - headers + size - 1) / size : 1;
		if (segments > 1) {
			/* Without a header that is known here, the kernel's own reckoning, which it makes at egress. */
			if (headers)
				amount.more_bytes = (segments - 1) * headers;
			else if (skb->wire_len > amount.skb_bytes)
				amount.more_bytes = skb->wire_len - amount.skb_bytes;
		}
	}
	if (skb->vlan_present)
		amount.more_bytes += 4 * segments;
	amount.packets = segments << 32 | 1;
	return amount;
}

static __always_inline void add(struct viflux_flow *flow, struct amount amount, __u64 tick, __u16 tcp_flags)
{
	__sync_fetch_and_add(&flow->packets, amount.packets);
	__sync_fetch_and_add(&flow->skb_bytes, amount.skb_bytes);
	if (amount.more_bytes)
		__sync_fetch_and_add(&flow->more_bytes, amount.more_bytes);
	if (flow->last_tick != tick)
		flow->last_tick = tick;
	/* Flags of two processors at once may cost one of them its bit; the next packet with it brings it back. */
	if (tcp_flags & ~flow->tcp_flags)
		flow->tcp_flags |= tcp_flags;
}

#endif
