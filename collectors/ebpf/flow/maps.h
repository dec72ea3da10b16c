/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Where the probe `flow` counts, and what it is told. */
#ifndef VIFLUX_FLOW_MAPS_H
#define VIFLUX_FLOW_MAPS_H

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "flow.h"

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

#endif
