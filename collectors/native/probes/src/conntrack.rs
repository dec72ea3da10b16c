//! Connection tracking of network namespaces, as ctnetlink tells it; nothing of it is changed.

use std::collections::HashMap;

use wire::conntrack::{self as ct, Counters, Occupancy, Origin};
use wire::flaw::Flaw;

use crate::clock::{monotonic_ns, realtime_ns, thread_cpu_ns};
use crate::failure::{Failure, Kind, Result};
use crate::namespace::{Home, NamespacePlace, Tour};
use crate::socket::{Buffer, Socket};

/// How often the clock is looked at while entries come.
const ENTRIES_BETWEEN_LOOKS: u64 = 256;

/// What one namespace said.
#[derive(Debug)]
pub struct Reading<T> {
    /// Cookie of the namespace.
    pub namespace: u64,
    /// CLOCK_REALTIME, ns.
    pub time_ns: i64,
    pub told: Result<T>,
}

/// Where the entries of one namespace came from.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Origins {
    /// Entries that were seen.
    pub seen: u64,
    /// Of them those of each origin.
    pub entries: HashMap<Origin, u64>,
    /// Seen ones whose origin found no room among `entries`.
    pub without_room: u64,
    /// All entries were seen; else as many as the time sufficed for, which are as good as drawn by lot.
    pub is_whole: bool,
    /// Processor time that it took, ns.
    pub cpu_ns: u64,
}

/// How long a dump of entries may take, and how many origins it tells apart.
#[derive(Debug, Clone, Copy)]
pub struct Most {
    pub cpu_ns: u64,
    pub origins: usize,
}

/// How full the tables of namespaces are, by turns: those behind `after` come first, and it ends when `budget_ns` are over.
///
/// One that ended meanwhile is left out.
pub fn occupancies<'a>(
    home: &Home,
    places: impl Iterator<Item = &'a NamespacePlace>,
    after: u64,
    budget_ns: i64,
) -> Vec<Reading<Occupancy>> {
    let mut places: Vec<&NamespacePlace> = places.collect();
    places.sort_unstable_by_key(|place| place.cookie);
    let begin = places.partition_point(|place| place.cookie <= Some(after));
    places.rotate_left(begin);
    let deadline = monotonic_ns().saturating_add(budget_ns);
    each(home, places.into_iter(), occupancy, || {
        monotonic_ns() >= deadline
    })
}

/// How full they are, and what happened in them.
pub fn accounts<'a>(
    home: &Home,
    places: impl Iterator<Item = &'a NamespacePlace>,
) -> Vec<Reading<(Occupancy, Counters)>> {
    let account = |socket: &mut Socket, buffer: &mut Buffer| {
        Ok((occupancy(socket, buffer)?, counters(socket, buffer)?))
    };
    each(home, places, account, || false)
}

/// Where the entries of a namespace came from, as far as `most` allows.
///
/// # Errors
/// As [`Home::visit`]; [`Kind::Refused`] without CAP_NET_ADMIN over the namespace, [`Kind::Unsupported`] without ctnetlink.
pub fn origins(home: &Home, place: &NamespacePlace, most: Most) -> Result<Origins> {
    home.visit(place, || {
        let began = thread_cpu_ns();
        let spent = || u64::try_from(thread_cpu_ns() - began).unwrap_or(0);
        let mut found = Origins::default();
        let mut is_over = false;
        let answer = place.netfilter_socket()?.ask(
            &mut Buffer::default(),
            ct::entries_request,
            ct::CT_NEW,
            &mut found,
            |found| *found = Origins::default(),
            |found, body| {
                let Some(origin) = ct::origin(body)? else {
                    return Ok(());
                };
                found.add(origin, most.origins);
                is_over = found.seen % ENTRIES_BETWEEN_LOOKS == 0 && spent() > most.cpu_ns;
                // The rest of the answer ends with its socket.
                if is_over {
                    return Err(TIME_IS_OVER);
                }
                Ok(())
            },
        );
        if !is_over {
            answer?;
        }
        found.is_whole = !is_over;
        found.cpu_ns = spent();
        Ok(found)
    })
}

/// Asks the own namespace how full its table is, as a trial.
///
/// # Errors
/// It cannot be asked; [`why`] says it to a person.
pub fn trial() -> Result<Occupancy> {
    occupancy(&mut Socket::netfilter()?, &mut Buffer::default())
}

/// Why connection tracking cannot be read, and that it will be the same the next time; `None` where it need not be.
pub fn why(failure: &Failure) -> Option<String> {
    match (failure.kind, failure.errno) {
        (Kind::Refused, _) => Some(format!("{failure}: it takes CAP_NET_ADMIN")),
        // A subsystem of netfilter that is not there is told as a wrong question.
        (Kind::Unsupported, _) | (_, libc::EINVAL) => {
            Some("the kernel has no ctnetlink: its module nf_conntrack_netlink is missing".into())
        }
        _ => None,
    }
}

const TIME_IS_OVER: Flaw = Flaw::Value {
    part: "time of a dump",
    value: 0,
};

impl Origins {
    fn add(&mut self, origin: Origin, most: usize) {
        self.seen += 1;
        if let Some(entries) = self.entries.get_mut(&origin) {
            *entries += 1;
        } else if self.entries.len() < most {
            self.entries.insert(origin, 1);
        } else {
            self.without_room += 1;
        }
    }
}

fn each<'a, T>(
    home: &Home,
    places: impl Iterator<Item = &'a NamespacePlace>,
    ask: impl Fn(&mut Socket, &mut Buffer) -> Result<T>,
    is_over: impl Fn() -> bool,
) -> Vec<Reading<T>> {
    let Ok(mut tour) = home.tour() else {
        return Vec::new();
    };
    let mut buffer = Buffer::default();
    let mut found = Vec::new();
    for place in places {
        let Some(namespace) = place.cookie else {
            continue;
        };
        let told = inside(&mut tour, place, &mut buffer, &ask);
        if !matches!(&told, Err(failure) if failure.kind == Kind::Gone) {
            found.push(Reading {
                namespace,
                time_ns: realtime_ns(),
                told,
            });
        }
        if is_over() {
            break;
        }
    }
    found
}

fn inside<T>(
    tour: &mut Tour<'_>,
    place: &NamespacePlace,
    buffer: &mut Buffer,
    ask: &impl Fn(&mut Socket, &mut Buffer) -> Result<T>,
) -> Result<T> {
    tour.enter(place)?;
    ask(&mut place.netfilter_socket()?, buffer)
}

fn occupancy(socket: &mut Socket, buffer: &mut Buffer) -> Result<Occupancy> {
    let mut told = Occupancy::default();
    socket.ask(
        buffer,
        ct::occupancy_request,
        ct::CT_GET_STATS,
        &mut told,
        |told| *told = Occupancy::default(),
        |told, body| {
            *told = ct::occupancy(body)?;
            Ok(())
        },
    )?;
    Ok(told)
}

fn counters(socket: &mut Socket, buffer: &mut Buffer) -> Result<Counters> {
    let mut sum = Counters::default();
    socket.ask(
        buffer,
        ct::counters_request,
        ct::CT_GET_STATS_CPU,
        &mut sum,
        |sum| *sum = Counters::default(),
        |sum, body| ct::add_counters(body, sum),
    )?;
    Ok(sum)
}
