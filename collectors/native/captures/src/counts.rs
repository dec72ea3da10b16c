//! What became of the packets of a stream of captures.

/// Counts since the stream began; each packet is in exactly one of those that say so.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Bytes of all files that were gone through.
    pub bytes: u64,
    /// Packets that files have.
    pub packets: u64,
    /// Datagrams that were handed on, those put together from fragments included.
    pub datagrams: u64,
    /// Of these, datagrams of which the capture has only the beginning.
    pub cut_datagrams: u64,
    /// Packets that carry something else than UDP over IP.
    pub other_packets: u64,
    /// Packets of a link type that is not known.
    pub unknown_link_packets: u64,
    /// Packets whose headers make no sense or end early.
    pub broken_packets: u64,
    /// Packets that are a fragment of an IP packet.
    pub fragments: u64,
    /// Fragments that became no datagram: overlapping, too late, too many, cut, or without the others.
    pub lost_fragments: u64,
}
