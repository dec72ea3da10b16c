// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The least that counting flows costs: one packet over IPv4 and UDP read where it lies, one lookup, one addition. For `make bench`. */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "../../collectors/ebpf/flow/flow.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 262144);
	__type(key, struct viflux_flow4_key);
	__type(value, struct viflux_flow);
} viflux_floor_map SEC(".maps");

SEC("classifier")
int viflux_floor(struct __sk_buff *skb)
{
	void *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;
	struct viflux_flow4_key key = {};
	struct ethhdr *ethernet = data;
	struct iphdr *ip = data + sizeof(*ethernet);
	__be16 *ports = (void *)ip + sizeof(*ip);
	struct viflux_flow *known;

	if ((void *)(ports + 2) > end || ethernet->h_proto != bpf_htons(ETH_P_IP))
		return TC_ACT_UNSPEC;
	key.ifindex = skb->ifindex;
	__builtin_memcpy(key.src_address, &ip->saddr, 4);
	__builtin_memcpy(key.dst_address, &ip->daddr, 4);
	key.src_port = bpf_ntohs(ports[0]);
	key.dst_port = bpf_ntohs(ports[1]);
	key.protocol = ip->protocol;
	known = bpf_map_lookup_elem(&viflux_floor_map, &key);
	if (known) {
		__sync_fetch_and_add(&known->skb_bytes, skb->len);
	} else {
		struct viflux_flow fresh = { .skb_bytes = skb->len };

		bpf_map_update_elem(&viflux_floor_map, &key, &fresh, BPF_ANY);
	}
	return TC_ACT_UNSPEC;
}

char viflux_license[] SEC("license") = "Dual BSD/GPL";
