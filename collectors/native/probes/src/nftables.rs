//! The rules of nf_tables in a namespace, as the kernel lists them; nothing of them is changed.

use std::collections::BTreeSet;
use std::fs;

use wire::flaw::Flaw;
use wire::nftables::{
    self as nft, request, Chain, Rule, Step, Table, Verdict, NFT_NEWCHAIN, NFT_NEWGEN, NFT_NEWRULE,
    NFT_NEWSETELEM, NFT_NEWTABLE,
};
use wire::record::Link;
use wire::request::links as links_request;
use wire::rtnetlink::RTM_NEWLINK;

use crate::clock::monotonic_ns;
use crate::failure::{Failure, Kind, Result};
use crate::namespace::{Home, NamespacePlace};
use crate::socket::{Buffer, Socket};

/// Whether packets on a bridge are shown to the rules for IP, too (`br_netfilter`).
const BRIDGE_CALLS: [&str; 2] = [
    "/proc/sys/net/bridge/bridge-nf-call-iptables",
    "/proc/sys/net/bridge/bridge-nf-call-ip6tables",
];

/// How much is read of one namespace.
#[derive(Debug, Clone, Copy)]
pub struct Most {
    /// Rules; where there are more, none is read.
    pub rules: usize,
    /// Elements of maps of verdicts, all maps together.
    pub elements: usize,
}

/// The verdicts of one map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerdictMap {
    pub family: u8,
    pub table: String,
    pub name: String,
    /// Each once; `None` where the map has too many elements.
    pub verdicts: Option<Vec<Verdict>>,
}

/// A rule and where it is: position of its chain, and itself.
pub type Placed = (usize, Rule);

/// All rules of a namespace at an instant.
#[derive(Debug, Clone, Default)]
pub struct Reading {
    /// Of the ruleset: another one after each change of tables, chains, rules and elements.
    pub generation: u32,
    /// When it was read, by CLOCK_MONOTONIC: no counter is younger.
    pub ended_ns: i64,
    pub tables: Vec<Table>,
    pub chains: Vec<Chain>,
    /// Those of a chain in their order.
    pub rules: Vec<Placed>,
    pub maps: Vec<VerdictMap>,
    /// Bridges and their ports whose packets are shown to the rules for IP, too.
    pub bridged: Vec<u32>,
}

/// The number of the ruleset's generation in a namespace.
///
/// # Errors
/// As [`Home::visit`]; [`Kind::Refused`] without CAP_NET_ADMIN over the namespace, [`Kind::Unsupported`] without nf_tables.
pub fn generation(home: &Home, place: &NamespacePlace) -> Result<u32> {
    home.visit(place, || {
        generation_of(&mut place.netfilter_socket()?, &mut Buffer::default())
    })
}

/// The generations of many namespaces; of one that cannot be asked there is none.
pub fn generations<'a>(
    home: &Home,
    places: impl Iterator<Item = &'a NamespacePlace>,
) -> Vec<(u64, u32)> {
    let Ok(mut tour) = home.tour() else {
        return Vec::new();
    };
    let mut buffer = Buffer::default();
    let mut found = Vec::new();
    for place in places {
        let Some(cookie) = place.cookie else {
            continue;
        };
        let generation = tour
            .enter(place)
            .and_then(|()| place.netfilter_socket())
            .and_then(|mut socket| generation_of(&mut socket, &mut buffer));
        found.extend(generation.ok().map(|generation| (cookie, generation)));
    }
    found
}

/// Reads all rules of a namespace; `None` where there are more than asked for.
///
/// # Errors
/// As [`generation`]; EINTR where they changed while they were read.
pub fn read(home: &Home, place: &NamespacePlace, most: Most) -> Result<Option<Reading>> {
    home.visit(place, || inside(place, most))
}

fn generation_of(socket: &mut Socket, buffer: &mut Buffer) -> Result<u32> {
    let mut generation = None;
    socket.ask(
        buffer,
        request::generation,
        NFT_NEWGEN,
        &mut generation,
        |generation| *generation = None,
        |generation, body| {
            *generation = Some(nft::generation(body)?);
            Ok(())
        },
    )?;
    generation.ok_or_else(|| Failure::new(Kind::Malformed, "nf_tables tells no generation"))
}

fn inside(place: &NamespacePlace, most: Most) -> Result<Option<Reading>> {
    let mut socket = place.netfilter_socket()?;
    let mut buffer = Buffer::default();
    let mut reading = Reading {
        generation: generation_of(&mut socket, &mut buffer)?,
        ..Reading::default()
    };
    socket.ask(
        &mut buffer,
        request::tables,
        NFT_NEWTABLE,
        &mut reading.tables,
        Vec::clear,
        |tables, body| {
            tables.push(nft::table(body)?);
            Ok(())
        },
    )?;
    socket.ask(
        &mut buffer,
        request::chains,
        NFT_NEWCHAIN,
        &mut reading.chains,
        Vec::clear,
        |chains, body| {
            chains.push(nft::chain(body)?);
            Ok(())
        },
    )?;
    let chains = &reading.chains;
    let (mut at, mut is_too_many) = (0, false);
    let answer = socket.ask(
        &mut buffer,
        request::rules,
        NFT_NEWRULE,
        &mut reading.rules,
        Vec::clear,
        |rules, body| {
            let placed = nft::rule(body)?;
            if rules.len() >= most.rules {
                is_too_many = true;
                return Err(Flaw::Value {
                    part: "number of nf_tables rules",
                    value: rules.len() as u64 + 1,
                });
            }
            let is_it = |chain: &Chain| {
                (chain.family, chain.name.as_str(), chain.table.as_str())
                    == (placed.family, &*placed.chain, &*placed.table)
            };
            // Rules come chain by chain. One of a chain that is younger than the list of chains is seen by the generation.
            if !chains.get(at).is_some_and(is_it) {
                at = chains.iter().position(is_it).unwrap_or(chains.len());
            }
            if at < chains.len() {
                rules.push((at, placed.rule));
            }
            Ok(())
        },
    );
    if is_too_many {
        return Ok(None);
    }
    answer?;
    read_maps(&mut socket, &mut buffer, &mut reading, most.elements)?;
    reading.ended_ns = monotonic_ns();
    if BRIDGE_CALLS
        .iter()
        .any(|path| fs::read(path).is_ok_and(|text| text.first() == Some(&b'1')))
    {
        reading.bridged = bridged(place, &mut buffer)?;
    }
    // What was listed while it changed is of no ruleset that ever was.
    if generation_of(&mut socket, &mut buffer)? != reading.generation {
        return Err(Failure::of(
            libc::EINTR,
            "rules that change while they are read",
        ));
    }
    Ok(Some(reading))
}

fn bridged(place: &NamespacePlace, buffer: &mut Buffer) -> Result<Vec<u32>> {
    let (mut socket, _) = place.socket()?;
    let mut links: Vec<Link> = Vec::new();
    socket.ask(
        buffer,
        links_request,
        RTM_NEWLINK,
        &mut links,
        Vec::clear,
        |links, body| {
            links.extend(wire::link::link(body)?);
            Ok(())
        },
    )?;
    let is_bridge = |index: u32| {
        links
            .iter()
            .any(|link| link.ifindex == index && link.kind == "bridge")
    };
    Ok(links
        .iter()
        .filter(|link| link.kind == "bridge" || (link.master != 0 && is_bridge(link.master)))
        .map(|link| link.ifindex)
        .collect())
}

fn read_maps(
    socket: &mut Socket,
    buffer: &mut Buffer,
    reading: &mut Reading,
    most: usize,
) -> Result<()> {
    let names: BTreeSet<(u8, String, String)> = reading
        .rules
        .iter()
        .flat_map(|(chain, rule)| rule.steps.iter().map(move |step| (*chain, step)))
        .filter_map(|(chain, step)| match step {
            Step::VerdictMap { name } => {
                let chain = &reading.chains[chain];
                Some((chain.family, chain.table.clone(), name.clone()))
            }
            _ => None,
        })
        .collect();
    let mut left = most;
    for (family, table, name) in names {
        let mut found: (Vec<Verdict>, usize) = Default::default();
        let answer = socket.ask(
            buffer,
            |sequence| request::elements(sequence, family, &table, &name),
            NFT_NEWSETELEM,
            &mut found,
            |found| *found = Default::default(),
            |(verdicts, count), body| {
                for verdict in nft::verdicts(body)? {
                    *count += 1;
                    if !verdicts.contains(&verdict) {
                        verdicts.push(verdict);
                    }
                }
                if *count > left {
                    return Err(Flaw::Value {
                        part: "number of elements",
                        value: *count as u64,
                    });
                }
                Ok(())
            },
        );
        let verdicts = match answer {
            Ok(_) => {
                left -= found.1;
                Some(found.0)
            }
            Err(failure) if failure.kind == Kind::Malformed => {
                // What is left of the answer stays in the old socket.
                *socket = Socket::netfilter()?;
                None
            }
            Err(failure) => return Err(failure),
        };
        reading.maps.push(VerdictMap {
            family,
            table,
            name,
            verdicts,
        });
    }
    Ok(())
}
