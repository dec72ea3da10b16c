/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The long way: any packet at all, a flow that is new, and a map without room. */
#ifndef VIFLUX_FLOW_LONG_H
#define VIFLUX_FLOW_LONG_H

#include "amount.h"
#include "parse.h"

#define EEXIST 17

static __always_inline void merge(struct viflux_flow *flow, const struct viflux_flow *more)
{
	struct amount amount = { .skb_bytes = more->skb_bytes, .more_bytes = more->more_bytes, .packets = more->packets };

	add(flow, amount, more->last_tick, more->tcp_flags);
}

/* Each map has a lookup of its own in the code: the kernel makes it a direct call then. The marker keeps them apart. */
#define COUNT(map, key, mark)                                                                        \
	({                                                                                           \
		int counted = 1;                                                                     \
		struct viflux_flow *flow = is_new ? 0 : bpf_map_lookup_elem(map, key);               \
		if (flow) {                                                                          \
			merge(flow, &packet->flow);                                                  \
		} else {                                                                             \
			long error = bpf_map_update_elem(map, key, &packet->flow, BPF_NOEXIST);      \
			if (error == -EEXIST && (flow = bpf_map_lookup_elem(map, key)))              \
				merge(flow, &packet->flow);                                          \
			else                                                                         \
				counted = !error;                                                    \
		}                                                                                    \
		asm volatile("r0 = " mark ::: "r0");                                                 \
		counted;                                                                             \
	})

static __always_inline int count(struct packet *packet, __u64 word, int is_new)
{
	struct viflux_flow4_key key;

	if (packet->is_ipv6)
		return word & 1 ? COUNT(&viflux_flow6_b, &packet->key, "1") : COUNT(&viflux_flow6_a, &packet->key, "2");
	key.ifindex = packet->key.ifindex;
	__builtin_memcpy(key.src_address, packet->key.src_address, 4);
	__builtin_memcpy(key.dst_address, packet->key.dst_address, 4);
	__builtin_memcpy(&key.src_port, &packet->key.src_port, 12);
	return word & 1 ? COUNT(&viflux_flow4_b, &key, "3") : COUNT(&viflux_flow4_a, &key, "4");
}

/* A function of its own, so that the record's type is in the object for whoever reads the ring. */
static __noinline int fill(struct viflux_flow_overflow *record, const struct packet *packet, __u32 written)
{
	record->is_ipv6 = packet->is_ipv6;
	record->written = written;
	record->key = packet->key;
	record->flow = packet->flow;
	return 0;
}

/* No room in the map: through the ring, and where that is full, by interface and direction alone. */
static __noinline int overflow(struct packet *packet, __u32 written)
{
	struct viflux_flow_overflow *record;
	struct viflux_flow_lost_key key = {};
	struct viflux_flow_lost *lost;

	record = bpf_ringbuf_reserve(&viflux_flow_ring, sizeof(*record), 0);
	if (record) {
		fill(record, packet, written);
		bpf_ringbuf_submit(record, 0);
		return 0;
	}
	key.ifindex = packet->key.ifindex;
	key.is_egress = packet->key.marks & VIFLUX_FLOW_EGRESS;
	lost = bpf_map_lookup_elem(&viflux_flow_lost, &key);
	if (lost) {
		__sync_fetch_and_add(&lost->packets, packet->flow.packets >> 32);
		__sync_fetch_and_add(&lost->bytes, packet->flow.skb_bytes + packet->flow.more_bytes);
		__sync_fetch_and_add(&lost->skb_packets, 1);
		__sync_fetch_and_add(&lost->skb_bytes, packet->flow.skb_bytes);
	}
	return 0;
}

/* With `is_new` the short way has looked for the flow and did not find it. */
static __noinline int go_long(struct __sk_buff *skb, __u8 direction, int has_ethernet, __u64 word, int is_new)
{
	struct packet packet;
	struct amount amount;

	__builtin_memset(&packet, 0, sizeof(packet));
	packet.data = (void *)(long)skb->data;
	packet.end = (void *)(long)skb->data_end;
	packet.key.ifindex = skb->ifindex;
	packet.key.marks = direction;
	parse(skb, &packet, has_ethernet);
	if (skb->gso_size && packet.key.protocol == IPPROTO_UDP && is_tunnel(packet.key.dst_port))
		inside(skb, &packet);
	amount = measure(skb, packet.has_transport ? packet.offset : 0);
	packet.flow.skb_bytes = amount.skb_bytes;
	packet.flow.more_bytes = amount.more_bytes;
	packet.flow.packets = amount.packets;
	packet.flow.first_tick = packet.flow.last_tick = bpf_jiffies64();
	if (!count(&packet, word, is_new))
		overflow(&packet, word & 1);
	return 0;
}

#endif
