/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The short way: one more packet of a flow that is known, where its headers are TCP or UDP right behind IP and lie in one piece. It makes
 * the same key as the long way, and adds the same; whatever else a packet may be is left to the long way. */
#ifndef VIFLUX_FLOW_SHORT_H
#define VIFLUX_FLOW_SHORT_H

#include "amount.h"
#include "headers.h"
#include "maps.h"

/* The key's words are put together here. */
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "keys are made for processors that store the lowest byte first");

/* The two keys as words, for the kernel hashes and compares them by words: what was stored by bytes would have to be waited for. */
struct words4 {
	__u32 ifindex, src_address, dst_address, ports, vlans, protocol_marks;
};
struct words6 {
	__u32 ifindex, src_address[4], dst_address[4], ports, vlans, protocol_marks;
};
_Static_assert(sizeof(struct words4) == sizeof(struct viflux_flow4_key), "the same key");
_Static_assert(sizeof(struct words6) == sizeof(struct viflux_flow6_key), "the same key");

/* What stands behind the IP header. */
struct tail {
	__u32 ports;		/* as in the key */
	__u32 length;
	__u16 tcp_flags;
};

enum found { OTHER, NEW, KNOWN };

static __always_inline int read_tail(struct __sk_buff *skb, const __u8 *at, const void *end, __u8 protocol, struct tail *tail)
{
	__u32 ports;

	if (at + 8 > (__u8 *)end)
		return -1;
	ports = bpf_ntohl(*(__u32 *)at);
	tail->ports = ports >> 16 | ports << 16;
	if (protocol == IPPROTO_UDP) {
		tail->length = 8;
		tail->tcp_flags = 0;
		return skb->gso_size && is_tunnel(ports) ? -1 : 0;
	}
	if (protocol != IPPROTO_TCP || at + 14 > (__u8 *)end)
		return -1;
	tail->length = (at[12] >> 4) * 4;
	tail->tcp_flags = (at[12] & 0x0f) << 8 | at[13];
	return 0;
}

/* A lookup of its own for each map, as in the long way; the marker is a comment, and keeps them apart. */
#define FIND(map, key, mark)                                                                           \
	({                                                                                             \
		struct viflux_flow *flow = bpf_map_lookup_elem(map, key);                              \
		asm volatile("# " mark : "+r"(flow));                                                  \
		flow;                                                                                  \
	})

static __always_inline enum found add_short(struct __sk_buff *skb, struct viflux_flow *flow, __u32 offset, struct tail tail)
{
	if (!flow)
		return NEW;
	add(flow, measure(skb, offset + tail.length), bpf_jiffies64(), tail.tcp_flags);
	return KNOWN;
}

static __always_inline enum found go_short4(struct __sk_buff *skb, __u32 offset, __u8 direction, __u64 word)
{
	void *end = (void *)(long)skb->data_end;
	struct viflux_ip4 *ip = (void *)(long)skb->data + offset;
	struct viflux_flow *flow;
	struct words4 key;
	struct tail tail;

	if ((void *)(ip + 1) > end || ip->version_ihl != 0x45 || ip->fragment & bpf_htons(0x3fff) ||
	    read_tail(skb, (__u8 *)(ip + 1), end, ip->protocol, &tail))
		return OTHER;
	key.ifindex = skb->ifindex;
	__builtin_memcpy(&key.src_address, ip->src, sizeof(key.src_address));
	__builtin_memcpy(&key.dst_address, ip->dst, sizeof(key.dst_address));
	key.ports = tail.ports;
	key.vlans = skb->vlan_present ? skb->vlan_tci & 0xfff : 0;
	key.protocol_marks = ip->protocol | direction << 8;
	flow = word & 1 ? FIND(&viflux_flow4_b, &key, "4b") : FIND(&viflux_flow4_a, &key, "4a");
	return add_short(skb, flow, offset + sizeof(*ip), tail);
}

static __always_inline enum found go_short6(struct __sk_buff *skb, __u32 offset, __u8 direction, __u64 word)
{
	void *end = (void *)(long)skb->data_end;
	struct viflux_ip6 *ip = (void *)(long)skb->data + offset;
	struct viflux_flow *flow;
	struct words6 key;
	struct tail tail;

	if ((void *)(ip + 1) > end || bpf_ntohl(ip->version_class_label) >> 28 != 6 ||
	    read_tail(skb, (__u8 *)(ip + 1), end, ip->next_header, &tail))
		return OTHER;
	key.ifindex = skb->ifindex;
	__builtin_memcpy(key.src_address, ip->src, sizeof(key.src_address));
	__builtin_memcpy(key.dst_address, ip->dst, sizeof(key.dst_address));
	key.ports = tail.ports;
	key.vlans = skb->vlan_present ? skb->vlan_tci & 0xfff : 0;
	key.protocol_marks = ip->next_header | direction << 8;
	flow = word & 1 ? FIND(&viflux_flow6_b, &key, "6b") : FIND(&viflux_flow6_a, &key, "6a");
	return add_short(skb, flow, offset + sizeof(*ip), tail);
}

static __always_inline enum found go_short(struct __sk_buff *skb, __u8 direction, const int has_ethernet, __u64 word)
{
	struct ethhdr *ethernet = (void *)(long)skb->data;
	const __u32 offset = has_ethernet ? sizeof(*ethernet) : 0;
	__be16 protocol;

	if (has_ethernet) {
		if ((void *)(ethernet + 1) > (void *)(long)skb->data_end)
			return OTHER;
		protocol = ethernet->h_proto;
	} else {
		protocol = skb->protocol;
	}
	if (protocol == bpf_htons(ETH_P_IP))
		return go_short4(skb, offset, direction, word);
	if (protocol == bpf_htons(ETH_P_IPV6))
		return go_short6(skb, offset, direction, word);
	return OTHER;
}

#endif
