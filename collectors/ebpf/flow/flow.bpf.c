// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Counts every packet of an interface by flow, at tcx or clsact. It only looks: the packet is not written to, and the answer is
 * always "next", so that what other programs decide stays as it would be without it. */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>

#include "long.h"
#include "maps.h"
#include "short.h"

#define NEXT TC_ACT_UNSPEC	/* the same number as TCX_NEXT */

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
	enum found found;
	__u32 zero = 0;
	__u64 word;

	state = bpf_map_lookup_elem(&viflux_flow_sw, &zero);
	if (!state)
		return NEXT;
	word = *(volatile __u64 *)&state->word;
	if (word >> 32 && (word >> 33 || is_left_out(skb->ifindex, word & 1, direction)))
		return NEXT;
	found = go_short(skb, direction, has_ethernet, word);
	if (found != KNOWN)
		go_long(skb, direction, has_ethernet, word, found == NEW);
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
