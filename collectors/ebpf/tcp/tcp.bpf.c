// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Watches a sample of TCP connections at tcx or clsact, by their sequence numbers. It only looks: the packet is not written to, and
 * the answer is always "next". */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>

#include "../flow/headers.h"
#include "tcp.h"

#define NEXT TC_ACT_UNSPEC	/* the same number as TCX_NEXT */
#define WINDOW (1 << 30)	/* the largest that there is (RFC 7323 2.3) */

enum { FIN = 1, SYN = 2, RST = 4, ACK = 16 };

/* RFC 9293 3.1. */
struct header {
	__be16 src_port, dst_port;
	__be32 sequence, acknowledged;
	__u8 offset, flags;
	__be16 window;
} __attribute__((aligned(4)));

struct segment {
	__u32 sequence, acknowledged, payload, length;	/* length: of the sequence space */
	__u32 segments, segment_bytes;
	__u8 flags;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct viflux_tcp_key);
	__type(value, struct viflux_tcp_connection);
} viflux_tcp_conn SEC(".maps");

struct counts_key {
	__u32 ifindex, is_egress;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, struct counts_key);
	__type(value, struct viflux_tcp_counts);
} viflux_tcp_counts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct viflux_tcp_choice);
} viflux_tcp_choice SEC(".maps");

#define add(counter, amount) __sync_fetch_and_add(&(counter), (amount))

/* Both directions give the same, at each interface. */
static __always_inline int is_chosen(const struct viflux_tcp_key *key, const struct viflux_tcp_choice *choice)
{
	const __u32 *near = (const __u32 *)key->near_address, *far = (const __u32 *)key->far_address;
	__u32 hash = choice->seed;
	int i;

#pragma unroll
	for (i = 0; i < 4; i++)
		hash = (hash ^ near[i] ^ far[i]) * 0x9e3779b1u;
	hash = (hash ^ key->near_port ^ key->far_port) * 0x85ebca6bu;
	hash ^= hash >> 15;
	hash *= 0xc2b2ae35u;
	return (__u64)hash * choice->one_of >> 32 == 0;
}

/* A segment whose sequence numbers begin behind the highest one. */
static __always_inline void go_back(struct viflux_tcp_counts *counts, const struct viflux_tcp_side *side, const struct segment *seen)
{
	__u32 end = seen->sequence + seen->length, bytes, segments;

	/* A byte right behind: a keepalive (RFC 9293 3.8.4) or a retransmission of one byte. */
	int is_probe = seen->length == 1 && seen->payload == 1 && end == side->next;
	int touches_gap = (__s32)(end - side->gap_from) > 0 && (__s32)(side->gap_to - seen->sequence) > 0 &&
			  side->gap_from != side->gap_to;

	bytes = (__s32)(end - side->next) > 0 ? side->next - seen->sequence : seen->length;
	segments = seen->segments;
	if (bytes < seen->length && seen->segment_bytes)
		segments = (bytes + seen->segment_bytes - 1) / seen->segment_bytes;
	if (is_probe || touches_gap) {
		add(counts->unsure_segments, segments);
		return;
	}
	add(counts->retransmitted_segments, segments);
	if (seen->payload)
		add(counts->retransmitted_bytes, bytes < seen->payload ? bytes : seen->payload);
}

static __always_inline void go_on(struct viflux_tcp_counts *counts, struct viflux_tcp_side *side, const struct segment *seen)
{
	__u32 end = seen->sequence + seen->length;
	__s32 ahead = seen->sequence - side->next;

	if (!side->is_known || ahead > WINDOW || ahead < -WINDOW) {
		if (side->is_known)
			add(counts->strange_segments, seen->segments);
		side->next = end;
		/* What was before it, was not seen. */
		side->gap_to = seen->sequence;
		side->gap_from = seen->flags & SYN ? seen->sequence : seen->sequence - WINDOW / 2;
		side->is_known = 1;
		return;
	}
	if (!seen->length)
		return;
	if (ahead < 0)
		go_back(counts, side, seen);
	if (ahead > 0) {
		if (side->gap_from == side->gap_to)
			side->gap_from = side->next;
		side->gap_to = seen->sequence;
	} else if (side->gap_from == seen->sequence && side->gap_from != side->gap_to) {
		side->gap_from = (__s32)(end - side->gap_to) < 0 ? end : side->gap_to;
	}
	if ((__s32)(end - side->next) > 0)
		side->next = end;
}

/* What the other end has, was not lost: it is no gap any more. */
static __always_inline void acknowledge(struct viflux_tcp_side *other, __u32 acknowledged)
{
	__s32 into = acknowledged - other->gap_from;

	if (!other->is_known || other->gap_from == other->gap_to || into <= 0 || into > WINDOW)
		return;
	other->gap_from = (__s32)(acknowledged - other->gap_to) < 0 ? acknowledged : other->gap_to;
}

static __always_inline void answer(struct viflux_tcp_counts *counts, struct viflux_tcp_side *other, __u64 now)
{
	if (!other->opened_ns)
		return;
	if (now > other->opened_ns) {
		add(counts->handshakes, 1);
		add(counts->handshake_ns, now - other->opened_ns);
	}
	other->opened_ns = 0;
}

static __always_inline void follow(struct viflux_tcp_counts *counts, struct viflux_tcp_side *side, struct viflux_tcp_side *other,
				   const struct segment *seen)
{
	int is_again = side->is_known && side->next == seen->sequence + 1;

	if (seen->flags & SYN) {
		__u64 now = bpf_ktime_get_ns();

		if (!(seen->flags & ACK)) {
			add(counts->syns, 1);
			if (!is_again)
				other->is_known = 0;
		} else if (seen->acknowledged == other->next) {
			answer(counts, other, now);
		}
		if (!is_again)
			side->is_known = 0;
		/* Which one is answered is not known when there were two (Karn's rule). */
		side->opened_ns = is_again ? 0 : now;
	} else if (seen->flags & ACK && other->opened_ns && seen->acknowledged == other->next) {
		answer(counts, other, bpf_ktime_get_ns());
	}
	/* Data behind a SYN (RFC 7413): what acknowledges it answers more than the SYN. */
	if (seen->length && !(seen->flags & SYN))
		side->opened_ns = 0;
	go_on(counts, side, seen);
	if (seen->flags & ACK)
		acknowledge(other, seen->acknowledged);
}

static __always_inline int look(struct __sk_buff *skb, const __u32 is_egress, const int has_ethernet)
{
	struct viflux_tcp_key key = { .ifindex = skb->ifindex };
	struct counts_key place = { skb->ifindex, is_egress };
	__u32 offset = has_ethernet ? sizeof(struct ethhdr) : 0, end, zero = 0;
	struct viflux_tcp_connection *connection;
	struct viflux_tcp_choice *choice;
	struct viflux_tcp_counts *counts;
	__be16 protocol = skb->protocol;
	struct segment seen = {};
	struct viflux_vlan tag;
	struct header header;
	int i;

	choice = bpf_map_lookup_elem(&viflux_tcp_choice, &zero);
	if (!choice || !choice->one_of)
		return NEXT;
	for (i = 0; i < 2; i++) {
		if (protocol != bpf_htons(ETH_P_8021Q) && protocol != bpf_htons(ETH_P_8021AD))
			break;
		if (bpf_skb_load_bytes(skb, offset, &tag, sizeof(tag)))
			return NEXT;
		protocol = tag.protocol;
		offset += sizeof(tag);
	}
	if (protocol == bpf_htons(ETH_P_IP)) {
		struct viflux_ip4 ip;

		if (bpf_skb_load_bytes(skb, offset, &ip, sizeof(ip)) || ip.protocol != IPPROTO_TCP ||
		    ip.fragment & bpf_htons(0x3fff) || (ip.version_ihl & 15) < 5)
			return NEXT;
		key.near_address[10] = key.near_address[11] = key.far_address[10] = key.far_address[11] = 0xff;
		__builtin_memcpy(key.near_address + 12, is_egress ? ip.dst : ip.src, 4);
		__builtin_memcpy(key.far_address + 12, is_egress ? ip.src : ip.dst, 4);
		end = offset + bpf_ntohs(ip.total_length);
		offset += (ip.version_ihl & 15) * 4;
	} else if (protocol == bpf_htons(ETH_P_IPV6)) {
		struct viflux_ip6 ip;

		if (bpf_skb_load_bytes(skb, offset, &ip, sizeof(ip)) || ip.next_header != IPPROTO_TCP)
			return NEXT;
		__builtin_memcpy(key.near_address, is_egress ? ip.dst : ip.src, 16);
		__builtin_memcpy(key.far_address, is_egress ? ip.src : ip.dst, 16);
		end = offset + sizeof(ip) + bpf_ntohs(ip.payload_length);
		offset += sizeof(ip);
	} else {
		return NEXT;
	}
	if (bpf_skb_load_bytes(skb, offset, &header, sizeof(header)))
		return NEXT;
	key.near_port = is_egress ? header.dst_port : header.src_port;
	key.far_port = is_egress ? header.src_port : header.dst_port;
	if (!is_chosen(&key, choice))
		return NEXT;
	counts = bpf_map_lookup_elem(&viflux_tcp_counts, &place);
	if (!counts)
		return NEXT;
	/* Small frames are padded; of large packets the IP length may be 0. */
	if (skb->gso_size || end > skb->len)
		end = skb->len;
	offset += (header.offset >> 4) * 4;
	seen.payload = end > offset ? end - offset : 0;
	seen.flags = header.flags;
	seen.sequence = bpf_ntohl(header.sequence);
	seen.acknowledged = bpf_ntohl(header.acknowledged);
	seen.length = seen.payload + !!(seen.flags & SYN) + !!(seen.flags & FIN);
	seen.segments = skb->gso_segs > 1 ? skb->gso_segs : 1;
	seen.segment_bytes = skb->gso_size;
	add(counts->segments, seen.segments);
	add(counts->payload_bytes, seen.payload);
	if (seen.flags & RST) {
		add(counts->resets, 1);
		bpf_map_delete_elem(&viflux_tcp_conn, &key);
		return NEXT;
	}
	if (!header.window)
		add(counts->zero_windows, 1);
	connection = bpf_map_lookup_elem(&viflux_tcp_conn, &key);
	if (!connection) {
		struct viflux_tcp_connection none = {};

		bpf_map_update_elem(&viflux_tcp_conn, &key, &none, BPF_NOEXIST);
		connection = bpf_map_lookup_elem(&viflux_tcp_conn, &key);
		if (!connection) {
			add(counts->full, 1);
			return NEXT;
		}
	}
	if (is_egress)
		follow(counts, &connection->leaving, &connection->coming, &seen);
	else
		follow(counts, &connection->coming, &connection->leaving, &seen);
	return NEXT;
}

SEC("classifier")
int viflux_tcp_in(struct __sk_buff *skb)
{
	return look(skb, 0, 1);
}

SEC("classifier")
int viflux_tcp_out(struct __sk_buff *skb)
{
	return look(skb, 1, 1);
}

/* For interfaces without a link header, such as a tun. */
SEC("classifier")
int viflux_tcp3_in(struct __sk_buff *skb)
{
	return look(skb, 0, 0);
}

SEC("classifier")
int viflux_tcp3_out(struct __sk_buff *skb)
{
	return look(skb, 1, 0);
}

char viflux_license[] SEC("license") = "Dual BSD/GPL";
