// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Counts every packet that the kernel drops, by namespace, interface, reason, place and protocol, at the tracepoint kfree_skb.
 * It only looks. Whatever lies behind a packet is read as the kernel's own types say (CO-RE), and may be none of what it says: a
 * packet in a tree or a socket's queue keeps other things where its device was. */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

#include "drop.h"

#define EEXIST 17
#define AF_INET 2
#define AF_INET6 10
#define AF_PACKET 17
#define FIRST_INODE 0xeffffff0u	/* of namespaces, in nsfs; include/uapi/linux/nsfs.h, linux/proc_ns.h */
#define CT_KIND 7UL	/* of _nfct, the rest is a pointer; enum ip_conntrack_info */
#define CT_REPLY 3
#define CT_UNTRACKED 7
#define NO_HEADER 0xffff	/* of mac_header: not set */

/* The parts of the kernel's types that are read; where they lie is found out when the program is loaded. */
#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct ns_common {
	unsigned int inum;
};
struct net_device;
struct net {
	__u64 net_cookie;
	struct ns_common ns;
	struct net_device *loopback_dev;
};
typedef struct {
	struct net *net;
} possible_net_t;
struct net_device {
	char name[16];
	int ifindex;
	possible_net_t nd_net;
};
struct sock_common {
	unsigned short skc_family;
	possible_net_t skc_net;
};
struct sock {
	struct sock_common __sk_common;
};
struct dst_entry {
	struct net_device *dev;
};
struct sk_buff {
	struct net_device *dev;
	struct sock *sk;
	unsigned long _skb_refdst;
	unsigned long _nfct;
	unsigned int len;
	int skb_iif;
	__be16 protocol;
	__u16 network_header;
	__u16 mac_header;
	unsigned int end;
	unsigned char *head;
};
struct skb_shared_info {
	unsigned short gso_segs;
};
#pragma clang attribute pop

struct hash {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__type(key, struct viflux_drop_key);
	__type(value, struct viflux_drop);
};

/* A pair: one is written while the other is read, and no packet is between the two. */
struct hash viflux_drop_a SEC(".maps"), viflux_drop_b SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 256 << 10);
} viflux_drop_ring SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 2048);
	__type(key, __u64);
	__type(value, struct viflux_drop_place);
} viflux_drop_pl SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, VIFLUX_DROP_UNCOUNTED);
	__type(key, __u32);
	__type(value, struct viflux_drop_lost);
} viflux_drop_lost SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct viflux_drop_switch);
} viflux_drop_sw SEC(".maps");

/* Set before the program is loaded. */
volatile const __u32 viflux_drop_has_socket = 0;	/* the tracepoint tells the receiving socket (Linux 6.11) */
volatile const __u32 viflux_drop_backlog = 0;		/* number of the reason CPU_BACKLOG; 0 where there is none */

static const char place_format[] = "%ps";

static __always_inline void not_counted(__u32 cause, __u64 packets, __u64 bytes)
{
	struct viflux_drop_lost *lost = bpf_map_lookup_elem(&viflux_drop_lost, &cause);

	/* Of this processor alone, but not of this run alone: a program may be interrupted. */
	if (lost) {
		__sync_fetch_and_add(&lost->packets, packets);
		__sync_fetch_and_add(&lost->bytes, bytes);
	}
}

/* Whether this is a namespace: it has an inode of one, and its loopback device is in it. */
static __always_inline int take_namespace(struct net *net, struct viflux_drop_key *key, struct viflux_drop *drop)
{
	struct net_device *loopback;
	__u32 inode = 0;

	if (!net || bpf_core_read(&inode, sizeof(inode), &net->ns.inum) || inode < FIRST_INODE)
		return 0;
	if (bpf_core_read(&loopback, sizeof(loopback), &net->loopback_dev))
		return 0;
	/* A namespace that ends has none any more. */
	if (loopback && BPF_CORE_READ(loopback, nd_net.net) != net)
		return 0;
	drop->namespace_inode = inode;
	key->namespace_cookie = BPF_CORE_READ(net, net_cookie);
	return 1;
}

static __always_inline int take_device(struct net_device *device, struct viflux_drop_key *key, struct viflux_drop *drop)
{
	if (!device || !take_namespace(BPF_CORE_READ(device, nd_net.net), key, drop))
		return 0;
	key->ifindex = BPF_CORE_READ(device, ifindex);
	bpf_core_read(drop->ifname, sizeof(drop->ifname), &device->name);
	return 1;
}

static __always_inline int take_socket(struct sock *sk, struct viflux_drop_key *key, struct viflux_drop *drop)
{
	return sk && take_namespace(BPF_CORE_READ(sk, __sk_common.skc_net.net), key, drop);
}

static __always_inline int is_of_network(struct sock *sk)
{
	__u16 family = sk ? BPF_CORE_READ(sk, __sk_common.skc_family) : 0;

	return family == AF_INET || family == AF_INET6 || family == AF_PACKET;
}

/* Whose it is, and which way it went. Returns 0 for what is no packet of a network. */
static __always_inline int take_place(struct sk_buff *skb, struct sock *receiver, struct viflux_drop_key *key,
				      struct viflux_drop *drop)
{
	__u32 came_by = skb->skb_iif;
	struct sock *sender = skb->sk;
	unsigned long route;

	if (take_device(skb->dev, key, drop)) {
		/* It was received by the interface that it is at; or it is before that, with the processor's backlog full. */
		if (came_by != key->ifindex && !(viflux_drop_backlog && key->reason == viflux_drop_backlog))
			key->marks = VIFLUX_DROP_EGRESS;
		return 1;
	}
	if (came_by) {
		key->ifindex = came_by;
		if (!take_socket(receiver, key, drop))
			take_socket(sender, key, drop);
		return 1;
	}
	if (!key->ether_type && !is_of_network(receiver) && !is_of_network(sender))
		return 0;
	/* It has no device yet, and where it is to go is known. */
	route = skb->_skb_refdst & ~3UL;
	if (route && take_device(BPF_CORE_READ((struct dst_entry *)route, dev), key, drop)) {
		key->marks = VIFLUX_DROP_EGRESS;
		return 1;
	}
	if (!take_socket(receiver, key, drop))
		take_socket(sender, key, drop);
	key->marks = VIFLUX_DROP_NOWHERE;
	return 1;
}

/* Where the IP header lies; NULL where none can be read. */
static __always_inline unsigned char *network_header(struct sk_buff *skb)
{
	__u16 offset = skb->network_header;

	return offset && offset != NO_HEADER && offset < skb->end ? skb->head + offset : 0;
}

static __always_inline void take_protocol(struct sk_buff *skb, struct viflux_drop_key *key)
{
	unsigned char *header = network_header(skb);
	__u32 offset = key->ether_type == ETH_P_IP ? 9 : 6;

	if (header && (key->ether_type == ETH_P_IP || key->ether_type == ETH_P_IPV6))
		bpf_probe_read_kernel(&key->protocol, 1, header + offset);
}

/* What a rule with `ct state` saw of it: connection tracking is not undone before a packet is freed. */
static __always_inline __u8 ct_state(struct sk_buff *skb)
{
	unsigned long tracked;

	if (!bpf_core_field_exists(skb->_nfct))
		return 0;
	tracked = skb->_nfct;
	if (tracked & ~CT_KIND)
		return 2 << (tracked & CT_KIND) % CT_REPLY;
	return tracked == CT_UNTRACKED ? 64 : 1;
}

/* A function of its own, so that the object has the type of a sample. */
static __noinline int take_addresses(struct sk_buff *skb, struct viflux_drop_sample *sample)
{
	unsigned char *header = network_header(skb);
	__u32 length = 40;
	__u8 first = 0;
	__be16 ports[2];

	if (skb->mac_header && skb->mac_header != NO_HEADER && skb->mac_header + ETH_HLEN == skb->network_header)
		bpf_probe_read_kernel(sample->macs, sizeof(sample->macs), skb->head + skb->mac_header);
	if (!header || bpf_probe_read_kernel(&first, 1, header))
		return 0;
	if (sample->key.ether_type == ETH_P_IP && first >> 4 == 4) {
		length = (first & 15) * 4;
		if (bpf_probe_read_kernel(sample->src_address, 4, header + 12) ||
		    bpf_probe_read_kernel(sample->dst_address, 4, header + 16))
			return 0;
	} else if (sample->key.ether_type == ETH_P_IPV6 && first >> 4 == 6) {
		if (bpf_probe_read_kernel(sample->src_address, 16, header + 8) ||
		    bpf_probe_read_kernel(sample->dst_address, 16, header + 24))
			return 0;
	} else {
		return 0;
	}
	sample->is_whole = 1;
	if (sample->key.protocol != IPPROTO_TCP && sample->key.protocol != IPPROTO_UDP &&
	    sample->key.protocol != IPPROTO_SCTP)
		return 0;
	/* A later fragment has none. */
	if (sample->key.ether_type == ETH_P_IP &&
	    (bpf_probe_read_kernel(ports, 2, header + 6) || ports[0] & bpf_htons(0x1fff)))
		return 0;
	if (bpf_probe_read_kernel(ports, sizeof(ports), header + length))
		return 0;
	sample->src_port = bpf_ntohs(ports[0]);
	sample->dst_port = bpf_ntohs(ports[1]);
	return 0;
}

static __always_inline void show(struct sk_buff *skb, const struct viflux_drop_key *key, const struct viflux_drop *drop,
				 __u32 written)
{
	struct viflux_drop_sample *sample = bpf_ringbuf_reserve(&viflux_drop_ring, sizeof(*sample), 0);

	if (!sample) {
		not_counted(VIFLUX_DROP_UNSAMPLED, drop->skb_packets, drop->bytes);
		return;
	}
	__builtin_memset(sample, 0, sizeof(*sample));
	sample->key = *key;
	sample->bytes = drop->bytes;
	sample->packets = drop->packets;
	sample->written = written;
	sample->ct_state = ct_state(skb);
	take_addresses(skb, sample);
	/* The agent reads the ring when it drains. */
	bpf_ringbuf_submit(sample, BPF_RB_NO_WAKEUP);
}

/* The kernel itself says which function it is, also of a module; it is asked once. */
static __always_inline void name_place(__u64 location)
{
	struct viflux_drop_place place = {};

	if (bpf_map_lookup_elem(&viflux_drop_pl, &location))
		return;
	bpf_snprintf((char *)place.name, sizeof(place.name), place_format, &location, sizeof(location));
	bpf_map_update_elem(&viflux_drop_pl, &location, &place, BPF_NOEXIST);
}

static __always_inline void add(struct viflux_drop *sum, const struct viflux_drop *drop)
{
	__sync_fetch_and_add(&sum->skb_packets, 1);
	__sync_fetch_and_add(&sum->packets, drop->packets);
	__sync_fetch_and_add(&sum->bytes, drop->bytes);
	sum->last_ns = drop->last_ns;
}

/* Counts it; whether it could be. Two processors may both take the last sample of an entry. */
#define COUNT(map, written)                                                                          \
	({                                                                                           \
		struct viflux_drop *sum = bpf_map_lookup_elem(map, &key);                            \
		int is_counted = 1;                                                                  \
		if (!sum) {                                                                          \
			long error = bpf_map_update_elem(map, &key, &drop, BPF_NOEXIST);             \
			if (!error) {                                                                \
				name_place(key.location);                                            \
				if (drop.samples)                                                    \
					show(skb, &key, &drop, written);                             \
			} else if (error == -EEXIST) {                                               \
				sum = bpf_map_lookup_elem(map, &key);                                \
			}                                                                            \
			is_counted = !error || sum;                                                  \
		}                                                                                    \
		if (sum) {                                                                           \
			add(sum, &drop);                                                             \
			if (sum->samples < most) {                                                   \
				sum->samples++;                                                      \
				show(skb, &key, &drop, written);                                     \
			}                                                                            \
		}                                                                                    \
		is_counted;                                                                          \
	})

SEC("tp_btf/kfree_skb")
int viflux_drop(unsigned long long *ctx)
{
	struct sk_buff *skb = (struct sk_buff *)ctx[0];
	struct sock *receiver = 0;
	struct viflux_drop_key key = { .location = ctx[1], .reason = ctx[2] };
	struct viflux_drop drop = {};
	struct viflux_drop_switch *now;
	__u32 zero = 0, most;
	__u16 segments = 0;

	if (viflux_drop_has_socket)
		receiver = (struct sock *)ctx[3];
	key.ether_type = bpf_ntohs(skb->protocol);
	if (!take_place(skb, receiver, &key, &drop)) {
		not_counted(VIFLUX_DROP_MESSAGE, 1, skb->len);
		return 0;
	}
	take_protocol(skb, &key);
	bpf_core_read(&segments, sizeof(segments), &((struct skb_shared_info *)(skb->head + skb->end))->gso_segs);
	drop.first_ns = drop.last_ns = bpf_ktime_get_ns();
	drop.skb_packets = 1;
	drop.packets = segments ? segments : 1;
	drop.bytes = skb->len;
	now = bpf_map_lookup_elem(&viflux_drop_sw, &zero);
	if (!now)
		return 0;
	most = now->samples;
	drop.samples = most ? 1 : 0;
	if (!(now->written ? COUNT(&viflux_drop_b, 1) : COUNT(&viflux_drop_a, 0)))
		not_counted(VIFLUX_DROP_MAP_FULL, drop.packets, drop.bytes);
	return 0;
}

char _license[] SEC("license") = "Dual BSD/GPL";
