// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Counts every packet of an interface by flow, at tcx or clsact. It only looks: the packet is not written to, and the answer is
 * always "next", so that what other programs decide stays as it would be without it. */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "flow.h"

#define NEXT TC_ACT_UNSPEC	/* the same number as TCX_NEXT */
#define EXTENSIONS 6		/* IPv6 extension headers that are gone through */
#define EEXIST 17
/* UDP ports of tunnels: RFC 7348, Linux's own before that, RFC 8926. */
#define VXLAN 4789
#define VXLAN_LINUX 8472
#define GENEVE 6081

/* RFC 791, RFC 8200, RFC 9293, RFC 768: as they lie in the packet. What is said of their alignment is how they are copied: by
 * words, not by bytes; the kernel takes the program where the processor can read a word anywhere. */
struct viflux_macs {
	__u32 words[3];
};
struct viflux_ip4 {
	__u8 version_ihl, tos;
	__be16 total_length, id, fragment;
	__u8 ttl, protocol;
	__be16 checksum;
	__u8 src[4], dst[4];
} __attribute__((aligned(4)));
struct viflux_ip6 {
	__be32 version_class_label;
	__be16 payload_length;
	__u8 next_header, hop_limit;
	__u8 src[16], dst[16];
} __attribute__((aligned(8)));
struct viflux_extension {
	__u8 next_header, length;
	__be16 fragment;
	__be32 identification;
} __attribute__((aligned(8)));
struct viflux_transport {
	__be16 src_port, dst_port;
} __attribute__((aligned(4)));
struct viflux_two {
	__u8 octets[2];
} __attribute__((aligned(2)));
struct viflux_vlan {
	__be16 tci, protocol;
} __attribute__((aligned(4)));

struct hash4 {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__type(key, struct viflux_flow4_key);
	__type(value, struct viflux_flow);
};
struct hash6 {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__type(key, struct viflux_flow6_key);
	__type(value, struct viflux_flow);
};

/* Pairs: one is written while the other is read, and no packet is between the two. */
struct hash4 viflux_flow4_a SEC(".maps"), viflux_flow4_b SEC(".maps");
struct hash6 viflux_flow6_a SEC(".maps"), viflux_flow6_b SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4 << 20);
} viflux_flow_ring SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, struct viflux_flow_lost_key);
	__type(value, struct viflux_flow_lost);
} viflux_flow_lost SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct viflux_flow_fragment_key);
	__type(value, struct viflux_flow_ports);
} viflux_flow_frag SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct viflux_flow_switch);
} viflux_flow_sw SEC(".maps");

/* One of so many packets is counted; the slots of the first pair of maps, then those of the second. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2 * VIFLUX_FLOW_SLOTS);
	__type(key, __u32);
	__type(value, __u32);
} viflux_flow_rate SEC(".maps");

/* The same slots, each with both directions. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 4 * VIFLUX_FLOW_SLOTS);
	__type(key, __u32);
	__type(value, struct viflux_flow_seen);
} viflux_flow_seen SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct viflux_flow_now);
} viflux_flow_now SEC(".maps");

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

/* In both units. */
static __always_inline void measure(struct __sk_buff *skb, struct packet *packet)
{
	__u64 length = skb->len, segments = 1;
	__u32 size = skb->gso_size;

	packet->flow.skb_bytes = length;
	if (size) {
		__u64 headers;

		if (packet->key.protocol == IPPROTO_UDP &&
		    (packet->key.dst_port == VXLAN || packet->key.dst_port == VXLAN_LINUX || packet->key.dst_port == GENEVE))
			inside(skb, packet);
		headers = packet->offset;
		segments = skb->gso_segs;
		/* A guest's GSO packet does not say how many it is; neither does every driver. */
		if (!segments)
			segments = packet->has_transport && length > headers ? (length - headers + size - 1) / size : 1;
		if (segments > 1) {
			/* Without a header that is known here, the kernel's own reckoning, which it makes at egress. */
			if (packet->has_transport)
				packet->flow.more_bytes = (segments - 1) * headers;
			else if (skb->wire_len > length)
				packet->flow.more_bytes = skb->wire_len - length;
		}
	}
	if (skb->vlan_present)
		packet->flow.more_bytes += 4 * segments;
	packet->flow.packets = segments << 32 | 1;
}

static __always_inline void add(struct viflux_flow *flow, const struct viflux_flow *more)
{
	__sync_fetch_and_add(&flow->packets, more->packets);
	__sync_fetch_and_add(&flow->skb_bytes, more->skb_bytes);
	if (more->more_bytes)
		__sync_fetch_and_add(&flow->more_bytes, more->more_bytes);
	if (flow->last_tick != more->last_tick)
		flow->last_tick = more->last_tick;
	/* Flags of two processors at once may cost one of them its bit; the next packet with it brings it back. */
	if (more->tcp_flags & ~flow->tcp_flags)
		flow->tcp_flags |= more->tcp_flags;
}

/* Each map has a lookup of its own in the code: the kernel makes it a direct call then. The marker keeps them apart. */
#define COUNT(map, key, mark)                                                                        \
	({                                                                                           \
		int counted = 1;                                                                     \
		struct viflux_flow *flow = bpf_map_lookup_elem(map, key);                            \
		if (flow) {                                                                          \
			add(flow, &packet->flow);                                                    \
		} else {                                                                             \
			long error = bpf_map_update_elem(map, key, &packet->flow, BPF_NOEXIST);      \
			if (error == -EEXIST && (flow = bpf_map_lookup_elem(map, key)))              \
				add(flow, &packet->flow);                                            \
			else                                                                         \
				counted = !error;                                                    \
		}                                                                                    \
		asm volatile("r0 = " mark ::: "r0");                                                 \
		counted;                                                                             \
	})

static __always_inline int count(struct packet *packet, __u64 word)
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

/* Whether a packet is left out of the flows; it is counted as seen all the same. How many are skipped is drawn once for each that is
 * counted, evenly from 0 to twice the mean: the most are skipped without a random number, and no pattern of traffic is in step. */
static __always_inline int is_left_out(__u32 ifindex, __u32 written, const __u8 direction)
{
	__u32 at = written * VIFLUX_FLOW_SLOTS + (ifindex & (VIFLUX_FLOW_SLOTS - 1));
	struct viflux_flow_seen *seen;
	__u32 *rate;

	rate = bpf_map_lookup_elem(&viflux_flow_rate, &at);
	if (!rate || *rate <= 1)
		return 0;
	at = 2 * at + direction;
	seen = bpf_map_lookup_elem(&viflux_flow_seen, &at);
	if (!seen)
		return 0;
	seen->packets++;
	/* What is left of a higher rate does not hold any more. */
	if (seen->skip && seen->skip < 2 * *rate) {
		seen->skip--;
		return 1;
	}
	seen->skip = bpf_get_prandom_u32() % (2 * *rate - 1);
	return 0;
}

static __always_inline int look(struct __sk_buff *skb, const __u8 direction, const int has_ethernet)
{
	struct viflux_flow_switch *state;
	struct packet packet;
	__u32 zero = 0;
	__u64 word;

	state = bpf_map_lookup_elem(&viflux_flow_sw, &zero);
	if (!state)
		return NEXT;
	word = *(volatile __u64 *)&state->word;
	if (word >> 32 && (word >> 33 || is_left_out(skb->ifindex, word & 1, direction)))
		return NEXT;
	__builtin_memset(&packet, 0, sizeof(packet));
	packet.data = (void *)(long)skb->data;
	packet.end = (void *)(long)skb->data_end;
	packet.key.ifindex = skb->ifindex;
	packet.key.marks = direction;
	parse(skb, &packet, has_ethernet);
	measure(skb, &packet);
	packet.flow.first_tick = packet.flow.last_tick = bpf_jiffies64();
	if (!count(&packet, word))
		overflow(&packet, word & 1);
	return NEXT;
}

SEC("classifier")
int viflux_flow_in(struct __sk_buff *skb)
{
	return look(skb, 0, 1);
}

SEC("classifier")
int viflux_flow_out(struct __sk_buff *skb)
{
	return look(skb, VIFLUX_FLOW_EGRESS, 1);
}

/* For interfaces without a link header, such as a tun. */
SEC("classifier")
int viflux_flow3_in(struct __sk_buff *skb)
{
	return look(skb, 0, 0);
}

SEC("classifier")
int viflux_flow3_out(struct __sk_buff *skb)
{
	return look(skb, VIFLUX_FLOW_EGRESS, 0);
}

/* Attached nowhere: the agent has it run once for each drain. */
SEC("classifier")
int viflux_flow_clock(struct __sk_buff *skb __attribute__((unused)))
{
	struct viflux_flow_now *now;
	__u32 zero = 0;

	now = bpf_map_lookup_elem(&viflux_flow_now, &zero);
	if (!now)
		return NEXT;
	now->tick = bpf_jiffies64();
	now->monotonic_ns = bpf_ktime_get_coarse_ns();
	if (bpf_jiffies64() != now->tick)
		now->monotonic_ns = 0;
	return NEXT;
}

char viflux_license[] SEC("license") = "Dual BSD/GPL";
