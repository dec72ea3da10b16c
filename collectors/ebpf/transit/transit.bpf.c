// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Takes the time of some packets from where they come in by an interface to where they leave by another one, after its queue. It
 * only looks.
 *
 * A packet is known by the address of its sk_buff, which says nothing once the buffer is freed. So an entry ends wherever a
 * buffer is freed (consume_skb, kfree_skb) or handed to a TCP socket, which frees it unseen (tcp_probe); it ends when a buffer
 * comes in anew at the same address; and what leaves must have come in by some interface, say the same as what came in, and be
 * young enough. */
#include <linux/bpf.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

#include "transit.h"

#define SLOTS 4096		/* a power of two */
#define BUSY 1ULL		/* key of an entry that is being written or read */
#define ETH_P_8021Q 0x8100
#define ETH_P_8021AD 0x88a8
#define PROTOCOL_TCP 6
#define VLAN_BYTES 4

/* The parts of the kernel's types that are read; where they lie is found out when the program is loaded. */
#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct net {
	__u64 net_cookie;
};
typedef struct {
	struct net *net;
} possible_net_t;
struct net_device {
	int ifindex;
	possible_net_t nd_net;
};
struct sk_buff {
	struct net_device *dev;
	unsigned int len;
	unsigned int data_len;
	int skb_iif;
	__be16 protocol;
	__u16 network_header;
	unsigned int tail;
	unsigned int end;
	unsigned char *head;
	unsigned char *data;
};
struct skb_shared_info {
	unsigned short gso_size;
};
#pragma clang attribute pop

/* What a packet keeps on its way through bridges, routers and address translation. */
struct content {
	__u64 header;
	__u64 body;
	__u32 length;
	__u32 has_body;		/* it lay where it could be read */
};

struct entry {
	__u64 entered_ns;
	__u64 cookie;
	struct content content;
	__u32 ifindex;
	__u32 window;
	__u32 is_settled;
	__u32 padding;
};

/* Entries lie where the address of the packet says; the keys apart, for most packets only look whether theirs is there. */
__u64 viflux_transit_keys[SLOTS];
struct entry viflux_transit_entries[SLOTS];
struct viflux_transit_fate viflux_transit_fates[VIFLUX_TRANSIT_PROCESSORS] SEC(".bss.fates");
struct viflux_transit_switch viflux_transit_now SEC(".data") = { .gaps = 1 };

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
} viflux_transit_rb SEC(".maps");

static __always_inline struct viflux_transit_fate *fate(void)
{
	return &viflux_transit_fates[bpf_get_smp_processor_id() & (VIFLUX_TRANSIT_PROCESSORS - 1)];
}

/* A program may be interrupted by another one on the same processor. */
#define COUNT(what) __sync_fetch_and_add(&fate()->what, 1)

/* Hidden from the compiler, which else takes a key that was found equal for the pointer, and so does not know its type. */
static __always_inline __u64 address_of(struct sk_buff *skb)
{
	__u64 address = (__u64)skb;

	asm volatile("" : "+r"(address));
	return address;
}

/* The verifier lets a pointer be compared and stored, and its lower half be reckoned with once that was moved on its own. */
static __always_inline __u32 slot_of(__u64 skb)
{
	__u64 low;

	asm volatile("r0 = %[skb]\n w0 = w0\n %[low] = r0" : [low] "=r"(low) : [skb] "r"(skb) : "r0");
	return (low >> 8 ^ low >> 20) & (SLOTS - 1);
}

/* What became of the entry is known, in the window that it began in. */
static __always_inline void settle(struct entry *entry)
{
	if (!entry->is_settled && entry->window == viflux_transit_now.window)
		COUNT(settled);
	entry->is_settled = 1;
}

/* The buffer is another packet's from now on. */
static __always_inline void forget(__u64 skb)
{
	__u32 slot = slot_of(skb);

	if (viflux_transit_keys[slot] != skb)
		return;
	settle(&viflux_transit_entries[slot]);
	viflux_transit_keys[slot] = 0;
}

/* Read what lies behind the link's header, as far as it is in one piece. Returns 0 where that is too little. */
static __always_inline int take_content(unsigned char *network, __u32 there, struct content *content)
{
	__u8 header[16] = {}, protocol = 0;
	__u32 at = 40;

	if (there < sizeof(header) || bpf_probe_read_kernel(header, sizeof(header), network))
		return 0;
	if (header[0] >> 4 == 4) {
		/* Identification and fragment; not time to live, checksum, addresses, which are changed on the way. */
		content->header = *(__u32 *)(header + 4);
		content->length = *(__u16 *)(header + 2);
		protocol = header[9];
		at = (header[0] & 15) * 4;
	} else if (header[0] >> 4 == 6) {
		content->length = *(__u16 *)(header + 4);
		protocol = header[6];
		content->header = *(__u32 *)header & ~0xf00fU;	/* flow label, not traffic class */
	} else {
		content->header = *(__u64 *)header;
		content->body = *(__u64 *)(header + 8);
		content->has_body = 1;
		return 1;
	}
	content->header |= (__u64)protocol << 56;
	/* Of TCP the sequence numbers, of others what lies behind ports and checksum. */
	at += protocol == PROTOCOL_TCP ? 4 : 8;
	if (there >= at + 8 && !bpf_probe_read_kernel(&content->body, 8, network + at))
		content->has_body = 1;
	return 1;
}

static __always_inline int is_same(struct sk_buff *skb, const struct content *in, const struct content *out)
{
	__u16 gso_size = 0;

	if (in->header != out->header || (in->has_body && (!out->has_body || in->body != out->body)))
		return 0;
	if (in->length == out->length)
		return 1;
	/* Segments that came in one by one were put together. */
	bpf_core_read(&gso_size, sizeof(gso_size), &((struct skb_shared_info *)(skb->head + skb->end))->gso_size);
	return gso_size != 0;
}

/* Whether the slot may be taken: it is free, void, or of a packet that is too long on its way. */
static __always_inline int is_free(__u64 key, struct entry *entry)
{
	if (key == BUSY)
		return 0;
	if (!key || entry->window != viflux_transit_now.window)
		return 1;
	if (bpf_ktime_get_ns() - entry->entered_ns <= viflux_transit_now.longest_ns)
		return 0;
	if (!entry->is_settled)
		COUNT(expired);
	settle(entry);
	return 1;
}

/* Not inlined, to be away from what every packet takes. */
static __noinline int begin(struct sk_buff *skb)
{
	__u64 address = address_of(skb);
	__u32 slot = slot_of(address), there = skb->len - skb->data_len;
	__u64 key = viflux_transit_keys[slot];
	struct entry *entry = &viflux_transit_entries[slot];
	struct net_device *device = skb->dev;
	struct content content = {};
	unsigned char *network = skb->data;
	__u16 protocol = skb->protocol;

	if (protocol == bpf_htons(ETH_P_8021Q) || protocol == bpf_htons(ETH_P_8021AD)) {
		network += VLAN_BYTES;
		there = there > VLAN_BYTES ? there - VLAN_BYTES : 0;
	}
	if (!device || !take_content(network, there, &content))
		return 0;
	if (!is_free(key, entry) || __sync_val_compare_and_swap(&viflux_transit_keys[slot], key, BUSY) != key) {
		COUNT(slot_taken);
		return 0;
	}
	entry->content = content;
	entry->ifindex = device->ifindex;
	entry->cookie = BPF_CORE_READ(device, nd_net.net, net_cookie);
	entry->window = viflux_transit_now.window;
	entry->is_settled = 0;
	COUNT(begun);
	/* Last of all: the packet has waited for this until now. */
	entry->entered_ns = bpf_ktime_get_ns();
	__sync_lock_test_and_set(&viflux_transit_keys[slot], address);
	return 0;
}

static __always_inline void enter(struct sk_buff *skb)
{
	struct viflux_transit_fate *mine;

	/* One that came in already is handed up by the device that it came in by: a bridge, a redirection. */
	if (skb->skb_iif)
		return;
	forget(address_of(skb));
	mine = fate();
	if (mine->left > 1) {
		mine->left--;
		return;
	}
	mine->left = 1 + bpf_get_prandom_u32() % (viflux_transit_now.gaps ? viflux_transit_now.gaps : 1);
	begin(skb);
}

/* Whether what leaves is what came in; `network` and `behind` bound what lies in one piece. */
static __always_inline int is_its_own(struct sk_buff *skb, const struct entry *entry)
{
	unsigned char *network = skb->head + skb->network_header, *behind = skb->data + (skb->len - skb->data_len);
	struct content content = {};

	/* What was made here, or was put into a tunnel, came in by none. */
	return skb->skb_iif && network < behind && take_content(network, behind - network, &content) &&
	       is_same(skb, &entry->content, &content);
}

/* A function of its own, so that the object has the type of a sample. */
static __noinline int fill(struct viflux_transit_sample *sample, const struct entry *entry, struct net_device *device,
			   __u64 now_ns)
{
	sample->in_cookie = entry->cookie;
	sample->in_ifindex = entry->ifindex;
	sample->out_cookie = BPF_CORE_READ(device, nd_net.net, net_cookie);
	sample->out_ifindex = device->ifindex;
	sample->transit_ns = now_ns - entry->entered_ns;
	sample->left_ns = now_ns;
	return 0;
}

static __always_inline void tell(const struct entry *entry, struct net_device *device, __u64 now_ns)
{
	struct viflux_transit_sample *sample = bpf_ringbuf_reserve(&viflux_transit_rb, sizeof(*sample), 0);

	if (!sample) {
		COUNT(ring_full);
		return;
	}
	fill(sample, entry, device, now_ns);
	/* The agent looks into the ring from time to time. */
	bpf_ringbuf_submit(sample, BPF_RB_NO_WAKEUP);
	COUNT(told);
}

/* No one else has a packet at this address; the key is busy meanwhile, so that nobody takes the slot for its age. */
static __noinline int end(struct sk_buff *skb, struct net_device *device, __u64 now_ns)
{
	__u64 address = address_of(skb);
	__u32 slot = slot_of(address);
	struct entry *entry = &viflux_transit_entries[slot];
	int is_over = 1;

	if (__sync_val_compare_and_swap(&viflux_transit_keys[slot], address, BUSY) != address)
		return 0;
	if (entry->window == viflux_transit_now.window) {
		if (!is_its_own(skb, entry)) {
			COUNT(changed);
		} else if (now_ns - entry->entered_ns > viflux_transit_now.longest_ns) {
			COUNT(expired);
		} else {
			tell(entry, device, now_ns);
			/* It may leave again by the device below this one, until the buffer is freed or comes in elsewhere. */
			is_over = 0;
		}
		settle(entry);
	}
	__sync_lock_test_and_set(&viflux_transit_keys[slot], is_over ? 0 : address);
	return 0;
}

/* Where packets are first seen: each comes by one of these. */
#define ENTER(tracepoint)                                                    \
	SEC("tp_btf/" #tracepoint)                                           \
	int viflux_transit_##tracepoint(unsigned long long *ctx)             \
	{                                                                    \
		fate()->runs++;                                              \
		enter((struct sk_buff *)ctx[0]);                             \
		return 0;                                                    \
	}

ENTER(netif_rx)
ENTER(netif_receive_skb_entry)
ENTER(netif_receive_skb_list_entry)
ENTER(napi_gro_receive_entry)
ENTER(napi_gro_frags_entry)

SEC("tp_btf/net_dev_start_xmit")
int viflux_transit_net_dev_start_xmit(unsigned long long *ctx)
{
	struct sk_buff *skb = (struct sk_buff *)ctx[0];
	__u64 address = address_of(skb);

	fate()->runs++;
	if (viflux_transit_keys[slot_of(address)] == address)
		end(skb, (struct net_device *)ctx[1], bpf_ktime_get_ns());
	return 0;
}

#define FORGET(tracepoint, argument)                                         \
	SEC("tp_btf/" #tracepoint)                                           \
	int viflux_transit_##tracepoint(unsigned long long *ctx)             \
	{                                                                    \
		fate()->runs++;                                              \
		forget(ctx[argument]);                                       \
		return 0;                                                    \
	}

FORGET(consume_skb, 0)
FORGET(kfree_skb, 0)
FORGET(tcp_probe, 1)

char _license[] SEC("license") = "Dual BSD/GPL";
