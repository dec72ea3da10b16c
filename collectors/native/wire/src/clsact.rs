//! Queues of kind `clsact` and the filters in them: requests, and what the kernel lists (linux/pkt_sched.h, linux/pkt_cls.h).

use crate::flaw::Result;
use crate::netlink::{after_fixed, attributes, ifindex_at, u32_at};
use crate::request::{attribute, dump, finished, message, NLM_F_ACK, NLM_F_REQUEST};
use crate::rtnetlink::{
    RTM_DELQDISC, RTM_DELTFILTER, RTM_GETQDISC, RTM_GETTFILTER, RTM_NEWQDISC, RTM_NEWTFILTER,
};

const TCMSG: usize = 20;
/// Older kernels tell whoever asked for one queue by this alone, and all listeners besides.
const NLM_F_ECHO: u16 = 0x8;
const NLM_F_EXCL: u16 = 0x200;
const NLM_F_CREATE: u16 = 0x400;

/// `TC_H_CLSACT`: where the queue hangs, and the major number that it always has.
const TC_H_CLSACT: u32 = 0xffff_fff1;
const HANDLE: u32 = 0xffff_0000;
/// `TC_H_MIN_INGRESS`, `TC_H_MIN_EGRESS` of it.
const SIDES: [u32; 2] = [0xffff_fff2, 0xffff_fff3];

const TCA_KIND: u16 = 1;
const TCA_OPTIONS: u16 = 2;
const NLA_F_NESTED: u16 = 0x8000;
const TCA_BPF_FD: u16 = 6;
const TCA_BPF_NAME: u16 = 7;
const TCA_BPF_FLAGS: u16 = 8;
const TCA_BPF_ID: u16 = 11;
/// `TCA_BPF_FLAG_ACT_DIRECT`: what the program returns is the verdict.
const DIRECT: u32 = 1;
/// `ETH_P_ALL` as it lies in `tcm_info`.
const EVERY_PROTOCOL: u16 = 3_u16.to_be();

/// Where a filter is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Place {
    pub ifindex: u32,
    pub is_egress: bool,
    /// Lower ones see a packet first.
    pub priority: u16,
    /// Unlike any other's of the same priority.
    pub handle: u32,
}

/// A filter as the kernel lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    pub place: Place,
    /// Of kind `bpf` its name, else empty.
    pub name: String,
    /// Of kind `bpf` the number of its program, else 0.
    pub program: u32,
}

/// Adds a clsact to an interface; the kernel says EEXIST where one is.
pub fn add_queue(sequence: u32, ifindex: u32) -> Vec<u8> {
    let flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL;
    let mut bytes = message(RTM_NEWQDISC, flags, sequence, &queue_of(ifindex));
    attribute(&mut bytes, TCA_KIND, b"clsact\0");
    finished(bytes)
}

/// Removes it with all filters.
pub fn remove_queue(sequence: u32, ifindex: u32) -> Vec<u8> {
    let flags = NLM_F_REQUEST | NLM_F_ACK;
    finished(message(RTM_DELQDISC, flags, sequence, &queue_of(ifindex)))
}

/// Asks what hangs where a clsact does; see [`queue`].
pub fn queue_at(sequence: u32, ifindex: u32) -> Vec<u8> {
    let fixed = tcmsg(ifindex, 0, TC_H_CLSACT, 0);
    let flags = NLM_F_REQUEST | NLM_F_ECHO;
    finished(message(RTM_GETQDISC, flags, sequence, &fixed))
}

/// Has a program see each packet at a place; it says itself what becomes of them. EEXIST where the handle is taken, EINVAL where
/// the priority belongs to filters of another kind.
pub fn add_filter(sequence: u32, place: Place, program: i32, name: &str) -> Vec<u8> {
    let flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL;
    let mut bytes = message(RTM_NEWTFILTER, flags, sequence, &filter_of(place));
    attribute(&mut bytes, TCA_KIND, b"bpf\0");
    let mut options = Vec::with_capacity(64);
    attribute(&mut options, TCA_BPF_FD, &program.to_ne_bytes());
    let text = [name.as_bytes(), &[0]].concat();
    attribute(&mut options, TCA_BPF_NAME, &text);
    attribute(&mut options, TCA_BPF_FLAGS, &DIRECT.to_ne_bytes());
    attribute(&mut bytes, TCA_OPTIONS | NLA_F_NESTED, &options);
    finished(bytes)
}

/// Removes one filter.
pub fn remove_filter(sequence: u32, place: Place) -> Vec<u8> {
    let flags = NLM_F_REQUEST | NLM_F_ACK;
    let mut bytes = message(RTM_DELTFILTER, flags, sequence, &filter_of(place));
    attribute(&mut bytes, TCA_KIND, b"bpf\0");
    finished(bytes)
}

/// All filters of one side of an interface.
pub fn filters(sequence: u32, ifindex: u32, is_egress: bool) -> Vec<u8> {
    let parent = SIDES[usize::from(is_egress)];
    dump(RTM_GETTFILTER, sequence, &tcmsg(ifindex, 0, parent, 0))
}

/// Reads the body of RTM_NEWQDISC: interface and kind (`clsact`, or `ingress`, which has no egress side) of a queue that hangs
/// where a clsact does; `None` for other queues.
///
/// # Errors
/// A length does not fit, or the ifindex is not positive.
pub fn queue(body: &[u8]) -> Result<Option<(u32, String)>> {
    let rest = after_fixed(body, TCMSG, "tcmsg")?;
    if u32_at(body, 12, "tcm_parent")? != TC_H_CLSACT {
        return Ok(None);
    }
    for attribute in attributes(rest) {
        let attribute = attribute?;
        if attribute.kind == TCA_KIND {
            let ifindex = ifindex_at(body, 4, "tcm_ifindex")?;
            return Ok(Some((ifindex, attribute.text())));
        }
    }
    Ok(None)
}

/// Reads the body of RTM_NEWTFILTER.
///
/// # Errors
/// A length does not fit, or the ifindex is not positive.
pub fn filter(body: &[u8]) -> Result<Filter> {
    let rest = after_fixed(body, TCMSG, "tcmsg")?;
    let mut filter = Filter {
        place: Place {
            ifindex: ifindex_at(body, 4, "tcm_ifindex")?,
            is_egress: u32_at(body, 12, "tcm_parent")? == SIDES[1],
            priority: (u32_at(body, 16, "tcm_info")? >> 16) as u16,
            handle: u32_at(body, 8, "tcm_handle")?,
        },
        name: String::new(),
        program: 0,
    };
    let mut is_bpf = false;
    for attribute in attributes(rest) {
        let attribute = attribute?;
        match attribute.kind {
            TCA_KIND => is_bpf = attribute.text() == "bpf",
            TCA_OPTIONS if is_bpf => {
                for option in attributes(attribute.value) {
                    let option = option?;
                    match option.kind {
                        TCA_BPF_NAME => filter.name = option.text(),
                        TCA_BPF_ID => filter.program = option.u32("TCA_BPF_ID")?,
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    Ok(filter)
}

fn queue_of(ifindex: u32) -> [u8; TCMSG] {
    tcmsg(ifindex, HANDLE, TC_H_CLSACT, 0)
}

fn filter_of(place: Place) -> [u8; TCMSG] {
    let info = u32::from(place.priority) << 16 | u32::from(EVERY_PROTOCOL);
    let parent = SIDES[usize::from(place.is_egress)];
    tcmsg(place.ifindex, place.handle, parent, info)
}

/// `struct tcmsg` of no family.
fn tcmsg(ifindex: u32, handle: u32, parent: u32, info: u32) -> [u8; TCMSG] {
    let mut bytes = [0; TCMSG];
    for (place, number) in [ifindex, handle, parent, info].into_iter().enumerate() {
        bytes[4 + 4 * place..8 + 4 * place].copy_from_slice(&number.to_ne_bytes());
    }
    bytes
}
