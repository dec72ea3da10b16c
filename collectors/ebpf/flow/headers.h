/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Headers as they lie in the packet (RFC 791, RFC 8200, RFC 9293, RFC 768). What is said of their alignment is how they are copied:
 * by words, not by bytes; the kernel takes the program where the processor can read a word anywhere. */
#ifndef VIFLUX_FLOW_HEADERS_H
#define VIFLUX_FLOW_HEADERS_H

#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/types.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

/* UDP ports of tunnels: RFC 7348, Linux's own before that, RFC 8926. */
#define VXLAN 4789
#define VXLAN_LINUX 8472
#define GENEVE 6081

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

static __always_inline int is_tunnel(__u16 udp_port)
{
	return udp_port == VXLAN || udp_port == VXLAN_LINUX || udp_port == GENEVE;
}

#endif
