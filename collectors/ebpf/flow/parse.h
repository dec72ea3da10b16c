/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* From a packet of any kind to its flow's key, and to what its headers say besides. */
#ifndef VIFLUX_FLOW_PARSE_H
#define VIFLUX_FLOW_PARSE_H

#include "headers.h"
#include "maps.h"

#define EXTENSIONS 6		/* IPv6 extension headers that are gone through */

struct packet {
	void *data, *end;	/* what of it lies in one piece */
	struct viflux_flow6_key key;
	struct viflux_flow flow;
	__u32 is_ipv6;
	__u32 offset;		/* of what is read next */
	__u32 has_transport;	/* the headers are known up to the payload */
};

/* Read a part of the packet: where it lies, or through the helper, which knows of parts that are not in one piece. */
#define peek(skb, packet, from, to)                                                                    \
	({                                                                                             \
		__u32 peek_from = (from);                                                              \
		void *peek_at = (packet)->data + (peek_from & 0x3ff);                                  \
		int peek_error = 0;                                                                    \
		if (peek_from <= 0x3ff && peek_at + sizeof(*(to)) <= (packet)->end)                    \
			*(to) = *(typeof(to))peek_at;                                                  \
		else                                                                                   \
			peek_error = bpf_skb_load_bytes(skb, peek_from, to, sizeof(*(to)));            \
		peek_error;                                                                            \
	})

static __always_inline void transport(struct __sk_buff *skb, struct packet *packet)
{
	struct viflux_transport ports;
	struct viflux_two two;
	__u32 offset = packet->offset;

	switch (packet->key.protocol) {
	case IPPROTO_TCP:
		if (peek(skb, packet, offset, &ports) || peek(skb, packet, offset + 12, &two))
			goto cut;
		packet->flow.tcp_flags = (__u16)(two.octets[0] & 0x0f) << 8 | two.octets[1];
		packet->offset = offset + (two.octets[0] >> 4) * 4;
		packet->has_transport = 1;
		break;
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
	case IPPROTO_SCTP:
	case IPPROTO_DCCP:
		if (peek(skb, packet, offset, &ports))
			goto cut;
		packet->offset = offset + 8;
		packet->has_transport = packet->key.protocol == IPPROTO_UDP;
		break;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		if (peek(skb, packet, offset, &two))
			goto cut;
		packet->key.src_port = (__u16)two.octets[0] << 8 | two.octets[1];
		return;
	default:
		return;
	}
	packet->key.src_port = bpf_ntohs(ports.src_port);
	packet->key.dst_port = bpf_ntohs(ports.dst_port);
	return;
cut:
	packet->key.marks |= VIFLUX_FLOW_CUT;
}

/* Ports are in the first fragment only: they are kept for the later ones. */
static __noinline int fragment(struct __sk_buff *skb, struct packet *packet, __u32 identification, int is_first)
{
	struct viflux_flow_fragment_key key = {
		.ifindex = packet->key.ifindex,
		.identification = identification,
		.protocol = packet->key.protocol,
		.marks = packet->key.marks,
	};
	struct viflux_flow_ports *known;

	__builtin_memcpy(key.src_address, packet->key.src_address, 16);
	__builtin_memcpy(key.dst_address, packet->key.dst_address, 16);
	if (is_first) {
		struct viflux_flow_ports ports;

		transport(skb, packet);
		ports.src_port = packet->key.src_port;
		ports.dst_port = packet->key.dst_port;
		bpf_map_update_elem(&viflux_flow_frag, &key, &ports, BPF_ANY);
		return 0;
	}
	known = bpf_map_lookup_elem(&viflux_flow_frag, &key);
	if (!known) {
		packet->key.marks |= VIFLUX_FLOW_FRAGMENT;
		return 0;
	}
	packet->key.src_port = known->src_port;
	packet->key.dst_port = known->dst_port;
	return 0;
}

static __always_inline int internet4(struct __sk_buff *skb, struct packet *packet)
{
	struct viflux_ip4 ip;
	__u16 place;

	if (peek(skb, packet, packet->offset, &ip) || ip.version_ihl >> 4 != 4 || (ip.version_ihl & 15) < 5)
		return -1;
	__builtin_memcpy(packet->key.src_address, ip.src, 4);
	__builtin_memcpy(packet->key.dst_address, ip.dst, 4);
	packet->key.protocol = ip.protocol;
	packet->flow.ip_tos = ip.tos;
	packet->flow.ip_ttl = ip.ttl;
	packet->offset += (ip.version_ihl & 15) * 4;
	place = bpf_ntohs(ip.fragment);
	if (place & 0x3fff)
		fragment(skb, packet, ip.id, !(place & 0x1fff));
	else
		transport(skb, packet);
	return 0;
}

/* Go through extension headers to the transport header (RFC 8200 4). */
static __noinline int extensions(struct __sk_buff *skb, struct packet *packet)
{
	struct viflux_extension extension;
	__u8 next = packet->key.protocol;
	int i;

	for (i = 0; i < EXTENSIONS; i++) {
		if (next != IPPROTO_HOPOPTS && next != IPPROTO_ROUTING && next != IPPROTO_DSTOPTS &&
		    next != IPPROTO_FRAGMENT && next != IPPROTO_AH)
			break;
		packet->key.protocol = next;
		if (peek(skb, packet, packet->offset, &extension)) {
			packet->key.marks |= VIFLUX_FLOW_CUT;
			return 0;
		}
		next = extension.next_header;
		if (packet->key.protocol != IPPROTO_FRAGMENT) {
			packet->offset += packet->key.protocol == IPPROTO_AH ? (extension.length + 2) * 4
									     : (extension.length + 1) * 8;
			continue;
		}
		packet->offset += 8;
		if (extension.fragment & bpf_htons(0xfff9)) {
			packet->key.protocol = next;
			fragment(skb, packet, extension.identification, !(extension.fragment & bpf_htons(0xfff8)));
			return 0;
		}
	}
	packet->key.protocol = next;
	transport(skb, packet);
	return 0;
}

static __always_inline int internet6(struct __sk_buff *skb, struct packet *packet)
{
	struct viflux_ip6 ip;
	__u32 word;

	if (peek(skb, packet, packet->offset, &ip))
		return -1;
	word = bpf_ntohl(ip.version_class_label);
	if (word >> 28 != 6)
		return -1;
	packet->is_ipv6 = 1;
	__builtin_memcpy(packet->key.src_address, ip.src, 16);
	__builtin_memcpy(packet->key.dst_address, ip.dst, 16);
	packet->flow.ip_tos = word >> 20;
	packet->flow.ip_ttl = ip.hop_limit;
	packet->offset += sizeof(ip);
	packet->key.protocol = ip.next_header;
	if (ip.next_header == IPPROTO_TCP || ip.next_header == IPPROTO_UDP || ip.next_header == IPPROTO_ICMPV6)
		transport(skb, packet);
	else
		extensions(skb, packet);
	return 0;
}

static __always_inline void parse(struct __sk_buff *skb, struct packet *packet, const int has_ethernet)
{
	__be16 protocol = skb->protocol;
	struct viflux_vlan tag;
	int i;

	if (skb->vlan_present)
		packet->key.vlan = skb->vlan_tci & 0xfff;
	if (has_ethernet) {
		struct viflux_macs macs;

		if (peek(skb, packet, 0, &macs) || peek(skb, packet, sizeof(macs), &protocol)) {
			packet->key.marks |= VIFLUX_FLOW_OTHER | VIFLUX_FLOW_CUT;
			return;
		}
		__builtin_memcpy(packet->flow.macs, &macs, sizeof(macs));
		packet->offset = sizeof(struct ethhdr);
		for (i = 0; i < 2; i++) {
			if (protocol != bpf_htons(ETH_P_8021Q) && protocol != bpf_htons(ETH_P_8021AD))
				break;
			if (peek(skb, packet, packet->offset, &tag))
				break;
			if (!skb->vlan_present && i == 0)
				packet->key.vlan = bpf_ntohs(tag.tci) & 0xfff;
			else
				packet->key.customer_vlan = bpf_ntohs(tag.tci) & 0xfff;
			protocol = tag.protocol;
			packet->offset += sizeof(tag);
		}
	}
	if (protocol == bpf_htons(ETH_P_IP)) {
		if (!internet4(skb, packet))
			return;
		packet->key.marks |= VIFLUX_FLOW_CUT;
	} else if (protocol == bpf_htons(ETH_P_IPV6)) {
		if (!internet6(skb, packet))
			return;
		packet->key.marks |= VIFLUX_FLOW_CUT;
	}
	packet->key.marks |= VIFLUX_FLOW_OTHER;
	packet->key.src_port = bpf_ntohs(protocol);
}

/* Go on to the end of the headers inside a tunnel, for each segment has these too. Without an answer `has_transport` is 0. */
static __noinline int inside(struct __sk_buff *skb, struct packet *packet)
{
	__u32 offset = packet->offset + 8;	/* VXLAN (RFC 7348 5), Geneve (RFC 8926 3.4) */
	/* Written once here: Linux 6.18 fails to see the stack of a function that only helpers write to. */
	struct viflux_ip6 header = {};
	__u8 *octets = (__u8 *)&header;
	__u8 next;

	packet->has_transport = 0;
	if (packet->key.dst_port == GENEVE) {
		if (peek(skb, packet, packet->offset, (struct viflux_two *)octets))
			return 0;
		offset += (octets[0] & 0x3f) * 4;
	}
	if (peek(skb, packet, offset + 12, (struct viflux_two *)octets))
		return 0;
	offset += sizeof(struct ethhdr);
	if (octets[0] == ETH_P_IP >> 8 && octets[1] == (ETH_P_IP & 0xff)) {
		if (peek(skb, packet, offset, (struct viflux_ip4 *)octets))
			return 0;
		offset += (octets[0] & 15) * 4;
		next = ((struct viflux_ip4 *)octets)->protocol;
	} else if (octets[0] == ETH_P_IPV6 >> 8 && octets[1] == (ETH_P_IPV6 & 0xff)) {
		if (peek(skb, packet, offset, &header))
			return 0;
		offset += sizeof(struct viflux_ip6);
		next = header.next_header;
	} else {
		return 0;
	}
	if (next == IPPROTO_TCP) {
		if (peek(skb, packet, offset + 12, (struct viflux_two *)octets))
			return 0;
		offset += (octets[0] >> 4) * 4;
	} else if (next == IPPROTO_UDP) {
		offset += 8;
	} else {
		return 0;
	}
	packet->offset = offset;
	packet->has_transport = 1;
	return 0;
}

#endif
