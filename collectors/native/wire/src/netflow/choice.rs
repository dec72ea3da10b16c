//! Which elements of a template the columns of each direction take.

use super::element::{lines, Element, Place, Reverse, Told, FIRST_NOT_ZERO, REVERSE};
use super::elements::OF_RESPONDER;
use super::layout::Slot;
use super::plan::{Rate, ReversePlan, Step, Steps};
use super::template::Field;
use crate::packet::Link;

/// A field as one direction sees it.
#[derive(Clone, Copy)]
pub struct Candidate {
    pub enterprise: u32,
    pub number: u16,
    pub slot: Slot,
    pub turned: bool,
    /// Added to the rank: what was only turned round loses against what is told of the direction.
    pub later: u8,
}

pub struct Chosen {
    pub element: &'static Element,
    pub rank: u8,
    pub spare_rank: u8,
    pub step: Step,
}

/// Whether a column takes the element.
pub fn taken(field: &Field) -> bool {
    let number = match field.enterprise {
        REVERSE => field.number,
        0 => of_initiator(field.number).unwrap_or(field.number),
        _ => field.number,
    };
    let enterprise = match field.enterprise {
        REVERSE => 0,
        other => other,
    };
    lines(enterprise, number)
        .iter()
        .any(|element| element.fits(field.width))
}

fn of_initiator(number: u16) -> Option<u16> {
    OF_RESPONDER
        .iter()
        .find(|(responder, _)| *responder == number)
        .map(|(_, initiator)| *initiator)
}

pub fn reverse(told: &[(&Field, Slot)]) -> Option<Box<ReversePlan>> {
    let mut counts = Vec::new();
    let mut candidates = Vec::new();
    let mut found = false;
    for (field, slot) in told {
        let number = match field.enterprise {
            REVERSE => Some(field.number),
            0 => of_initiator(field.number),
            _ => None,
        };
        if let Some(number) = number.filter(|_| taken(field)) {
            found = true;
            let counted = |element: &&Element| matches!(element.column, "bytes" | "packets");
            if lines(0, number).iter().copied().any(|line| counted(&line)) {
                counts.push(*slot);
            }
            candidates.push(Candidate {
                enterprise: 0,
                number,
                slot: *slot,
                turned: false,
                later: 0,
            });
            continue;
        }
        let Some(element) = lines(field.enterprise, field.number).first() else {
            continue;
        };
        let (number, turned) = match element.reverse {
            Reverse::Gone => continue,
            Reverse::Same => (field.number, false),
            Reverse::As(number) => (number, false),
            Reverse::Turned => (field.number, true),
        };
        candidates.push(Candidate {
            enterprise: field.enterprise,
            number,
            slot: *slot,
            turned,
            later: 100,
        });
    }
    found.then(|| {
        let steps = Steps::new(choose(candidates.into_iter()));
        Box::new(ReversePlan { steps, counts })
    })
}

/// Decides between elements of one column. Of two of the same rank the first is taken: it is the outer one (RFC 7011 §8).
pub fn choose(candidates: impl Iterator<Item = Candidate>) -> Vec<Chosen> {
    let mut all: Vec<Chosen> = Vec::new();
    for candidate in candidates {
        for element in lines(candidate.enterprise, candidate.number) {
            if !element.fits(candidate.slot.width) {
                continue;
            }
            let place = match element.place {
                Place::U8(column) if candidate.turned => Place::Turned(column),
                place => place,
            };
            let mut new = Chosen {
                element,
                rank: element.rank.saturating_add(candidate.later),
                spare_rank: u8::MAX,
                step: Step {
                    place,
                    slot: candidate.slot,
                    spare: None,
                },
            };
            let same = |old: &&mut Chosen| {
                old.element.column == element.column
                    && !matches!(place, Place::Label(_) | Place::Section(_))
            };
            match all.iter_mut().find(same) {
                None => all.push(new),
                Some(old) => {
                    if new.rank < old.rank {
                        std::mem::swap(old, &mut new);
                    }
                    let serves = FIRST_NOT_ZERO.contains(&element.column);
                    if serves && new.rank > old.rank && new.rank < old.spare_rank {
                        old.step.spare = Some(Box::new((new.step.place, new.step.slot)));
                        old.spare_rank = new.rank;
                    }
                }
            }
        }
    }
    all
}

pub fn slot_of(chosen: &[Chosen], column: &str) -> Option<Slot> {
    chosen
        .iter()
        .find(|one| one.element.column == column)
        .map(|one| one.step.slot)
}

pub fn sections(chosen: &[Chosen]) -> Vec<(Option<Link>, Slot)> {
    chosen
        .iter()
        .filter_map(|one| match one.step.place {
            Place::Section(link) => Some((link, one.step.slot)),
            _ => None,
        })
        .collect()
}

impl Steps {
    pub fn new(chosen: Vec<Chosen>) -> Self {
        let has = |column: &str| chosen.iter().any(|one| one.element.column == column);
        let mut labels: Vec<_> = chosen
            .iter()
            .filter_map(|one| match one.step.place {
                Place::Label(position) => Some((position, one.step.slot)),
                _ => None,
            })
            .collect();
        labels.sort_by_key(|(position, _)| *position);
        let rate = rate(&chosen);
        let mut steps = Steps {
            labels: labels.into_iter().map(|(_, slot)| slot).collect(),
            version: slot_of(&chosen, "ip_version"),
            origin: slot_of(&chosen, "start_of_exporter"),
            duration: chosen.iter().find_map(|one| match one.step.place {
                Place::Duration(unit) => Some((one.step.slot, unit)),
                _ => None,
            }),
            selector: slot_of(&chosen, "selector"),
            rate,
            starts: has("flow_start_time"),
            ends: has("flow_end_time"),
            icmp: has("icmp") || has("icmp_type"),
            bytes: has("bytes"),
            packets: has("packets"),
            skb_bytes: has("skb_bytes"),
            ..Steps::default()
        };
        let columns = chosen.into_iter().map(|one| one.step);
        steps.columns = columns.filter(|step| step.place.has_column()).collect();
        // What is collected may keep the room of what it was collected from.
        steps.columns.shrink_to_fit();
        steps
    }
}

/// The rate is taken from the most exact way in which the record tells it.
fn rate(chosen: &[Chosen]) -> Option<Rate> {
    let slot = |wanted: Told| {
        chosen.iter().find_map(|one| match one.step.place {
            Place::Rate(told) if told == wanted => Some(one.step.slot),
            _ => None,
        })
    };
    if let (Some(interval), Some(space)) = (slot(Told::Interval), slot(Told::Space)) {
        return Some(Rate::Spaced(interval, space));
    }
    if let (Some(size), Some(population)) = (slot(Told::Size), slot(Told::Population)) {
        return Some(Rate::Sized(size, population));
    }
    slot(Told::Probability)
        .map(Rate::Probability)
        .or_else(|| slot(Told::OneOf).map(Rate::OneOf))
}

impl Place {
    /// Whether it is a column step; the others are read by what needs them.
    fn has_column(self) -> bool {
        !matches!(
            self,
            Place::Label(_)
                | Place::Section(_)
                | Place::OfSection
                | Place::Version
                | Place::Origin
                | Place::Duration(_)
                | Place::Selector
                | Place::Rate(_)
        )
    }
}
