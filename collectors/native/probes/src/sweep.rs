//! Counters of all links of many namespaces, at the smallest cost: enter, one socket, dump, close, leave.

use std::ops::Range;

use wire::record::{LinkStats, QdiscStats};
use wire::request;
use wire::rtnetlink::{RTM_NEWQDISC, RTM_NEWSTATS};

use crate::clock::realtime_ns;
use crate::failure::{Failure, Result};
use crate::namespace::{Home, NamespacePlace};
use crate::socket::Buffer;

/// The reading of one namespace; `links` and `qdiscs` are ranges of the sweep's vectors.
#[derive(Debug, Clone)]
pub struct NamespaceReading {
    /// Position in the list of places that was asked for.
    pub place: usize,
    /// CLOCK_REALTIME right after the link statistics were read, ns.
    pub time_ns: i64,
    /// `SO_NETNS_COOKIE`; 0 where the namespace could not be entered.
    pub cookie: u64,
    pub links: Range<usize>,
    pub qdiscs: Range<usize>,
    /// The namespace changed in each of several tries: a link may be missing.
    pub interrupted: bool,
    /// Why there is nothing (or no queues) of this namespace.
    pub failure: Option<Failure>,
}

/// Readings of all namespaces; keep it and read into it again: its memory is re-used.
#[derive(Debug, Default)]
pub struct Sweep {
    pub readings: Vec<NamespaceReading>,
    /// (ifindex, statistics), in the order of the readings.
    pub links: Vec<(u32, LinkStats)>,
    /// Root queues, in the order of the readings; a link without queue has none.
    pub qdiscs: Vec<QdiscStats>,
    buffer: Buffer,
}

impl Sweep {
    /// Reads the link statistics, and the root queues if `with_qdiscs`, of each place. One namespace's failure is in its reading
    /// and stops nothing.
    pub fn read(&mut self, home: &Home, places: &[NamespacePlace], with_qdiscs: bool) {
        self.read_with(home, places, with_qdiscs, |_, _| {});
    }

    /// As `read`.
    ///
    /// `at` is called right after the link statistics of a place were read, with its position and the time: for whoever counts the
    /// same packets in another way and has to stop at the same instant.
    pub fn read_with(
        &mut self,
        home: &Home,
        places: &[NamespacePlace],
        with_qdiscs: bool,
        mut at: impl FnMut(usize, i64),
    ) {
        self.readings.clear();
        self.links.clear();
        self.qdiscs.clear();
        let mut tour = home.tour();
        for (position, place) in places.iter().enumerate() {
            let mut reading = NamespaceReading {
                place: position,
                time_ns: 0,
                cookie: 0,
                links: self.links.len()..self.links.len(),
                qdiscs: self.qdiscs.len()..self.qdiscs.len(),
                interrupted: false,
                failure: None,
            };
            let entered = tour
                .as_mut()
                .map_err(|failure| failure.clone())
                .and_then(|tour| tour.enter(place));
            let read =
                entered.and_then(|()| self.inside(place, with_qdiscs, &mut reading, &mut at));
            reading.failure = read.err();
            // What came before a failure in the middle of a dump is no reading.
            self.links.truncate(reading.links.end);
            self.qdiscs.truncate(reading.qdiscs.end);
            self.readings.push(reading);
        }
    }

    fn inside(
        &mut self,
        place: &NamespacePlace,
        with_qdiscs: bool,
        reading: &mut NamespaceReading,
        at: &mut impl FnMut(usize, i64),
    ) -> Result<()> {
        let (mut socket, cookie) = place.socket()?;
        reading.cookie = cookie;
        let start = reading.links.start;
        reading.interrupted |= socket.ask(
            &mut self.buffer,
            request::stats,
            RTM_NEWSTATS,
            &mut self.links,
            |links| links.truncate(start),
            |links, body| {
                links.extend(wire::stats::stats(body)?);
                Ok(())
            },
        )?;
        reading.time_ns = realtime_ns();
        at(reading.place, reading.time_ns);
        reading.links.end = self.links.len();
        if with_qdiscs {
            let start = reading.qdiscs.start;
            reading.interrupted |= socket.ask(
                &mut self.buffer,
                request::qdiscs,
                RTM_NEWQDISC,
                &mut self.qdiscs,
                |qdiscs| qdiscs.truncate(start),
                |qdiscs, body| {
                    qdiscs.extend(wire::qdisc::qdisc_stats(body)?);
                    Ok(())
                },
            )?;
            reading.qdiscs.end = self.qdiscs.len();
        }
        Ok(())
    }
}
