//! A template, compiled: which field of a record goes where, and how.

use super::element::{lines, Element, Place, Reverse, Told, FIRST_NOT_ZERO, REVERSE};
use super::elements::OF_RESPONDER;
use super::records::{Layout, Slot};
use super::template::{Field, Template};
use crate::packet::Link;

/// What data sets of one template give.
#[derive(Debug)]
pub enum Plan {
    Flows(Box<FlowPlan>),
    Options(OptionPlan),
}

/// Rows of flows.
#[derive(Debug)]
pub struct FlowPlan {
    pub layout: Layout,
    pub forward: Steps,
    /// The second row of a biflow.
    pub reverse: Option<Box<ReversePlan>>,
    /// Pieces of packets: with one of these, records are decoded one by one.
    pub sections: Vec<(Option<Link>, Slot)>,
    pub frame_type: Option<Slot>,
    /// Elements that no column takes, where they are kept.
    pub raw: Vec<(u32, u16, Slot)>,
    /// How many elements no column takes.
    pub skipped: u64,
}

#[derive(Debug)]
pub struct ReversePlan {
    pub steps: Steps,
    /// Counts of the reverse direction: a record in which all of them are 0 has none.
    pub counts: Vec<Slot>,
}

/// Records of options.
#[derive(Debug)]
pub struct OptionPlan {
    pub template_id: u16,
    pub layout: Layout,
    /// With whether it is a scope.
    pub fields: Vec<(Field, Slot, bool)>,
}

/// How the rows of one direction are filled.
#[derive(Debug, Default)]
pub struct Steps {
    pub columns: Vec<Step>,
    /// From the top of the stack.
    pub labels: Vec<Slot>,
    pub version: Option<Slot>,
    pub origin: Option<Slot>,
    pub duration: Option<(Slot, u64)>,
    pub selector: Option<Slot>,
    pub rate: Option<Rate>,
    /// Whether a column has a step.
    pub starts: bool,
    pub ends: bool,
    pub icmp: bool,
    pub bytes: bool,
    pub packets: bool,
    pub skb_bytes: bool,
}

/// One column from one field, or from the first of two that is not zero.
#[derive(Debug, Clone, Copy)]
pub struct Step {
    pub place: Place,
    pub slot: Slot,
    pub spare: Option<(Place, Slot)>,
}

/// Where the record tells its sampling rate.
#[derive(Debug, Clone, Copy)]
pub enum Rate {
    OneOf(Slot),
    /// Packets taken, packets left out.
    Spaced(Slot, Slot),
    /// Packets taken, of so many.
    Sized(Slot, Slot),
    Probability(Slot),
}

impl Plan {
    /// Compiles a template; `raw_elements` keeps what no column takes.
    pub fn new(template: &Template, options: bool, raw_elements: bool) -> Self {
        if options {
            let (layout, slots) = Layout::new(&template.fields, |_| true);
            let fields = template.fields.iter().copied().zip(slots);
            return Plan::Options(OptionPlan {
                template_id: template.id,
                layout,
                fields: option_fields(fields, template.scopes),
            });
        }
        Plan::Flows(Box::new(FlowPlan::new(&template.fields, raw_elements)))
    }

    pub fn layout(&self) -> &Layout {
        match self {
            Plan::Flows(plan) => &plan.layout,
            Plan::Options(plan) => &plan.layout,
        }
    }

    /// Memory, in bytes.
    pub fn size(&self) -> usize {
        size_of::<Self>()
            + size_of::<FlowPlan>()
            + self.layout().size()
            + match self {
                Plan::Flows(plan) => {
                    size_of_val(plan.forward.columns.as_slice())
                        + size_of_val(plan.raw.as_slice())
                        + plan.reverse.as_ref().map_or(0, |reverse| {
                            size_of::<ReversePlan>() + size_of_val(reverse.steps.columns.as_slice())
                        })
                }
                Plan::Options(plan) => size_of_val(plan.fields.as_slice()),
            }
    }
}

/// Fields without any byte say nothing and could be without number; only a scope of that kind says "the exporter itself".
fn option_fields(
    fields: impl Iterator<Item = (Field, Slot)>,
    scopes: usize,
) -> Vec<(Field, Slot, bool)> {
    fields
        .enumerate()
        .map(|(index, (field, slot))| (index, (field, slot, index < scopes)))
        .filter(|(index, (field, _, scope))| field.width != Some(0) || (*index == 0 && *scope))
        .map(|(_, field)| field)
        .collect()
}

/// A field as one direction sees it.
#[derive(Clone, Copy)]
struct Candidate {
    enterprise: u32,
    number: u16,
    slot: Slot,
    turned: bool,
    /// Added to the rank: what was only turned round loses against what is told of the direction.
    later: u8,
}

struct Chosen {
    element: &'static Element,
    rank: u8,
    spare_rank: u8,
    step: Step,
}

const PADDING: u16 = 210;

impl FlowPlan {
    pub fn new(fields: &[Field], raw_elements: bool) -> Self {
        let (layout, slots) = Layout::new(fields, |field| raw_elements || taken(field));
        let told: Vec<_> = fields
            .iter()
            .zip(slots)
            .filter(|(field, _)| field.width != Some(0))
            .collect();
        let forward = told
            .iter()
            .filter(|(field, _)| field.enterprise != REVERSE)
            .map(|(field, slot)| Candidate {
                enterprise: field.enterprise,
                number: field.number,
                slot: *slot,
                turned: false,
                later: 0,
            });
        let chosen = choose(forward);
        let ignored = told
            .iter()
            .filter(|(field, _)| !taken(field) && (field.enterprise, field.number) != (0, PADDING));
        let raw = |(field, slot): &(&Field, Slot)| (field.enterprise, field.number, *slot);
        FlowPlan {
            sections: sections(&chosen),
            frame_type: slot_of(&chosen, "frame_type"),
            raw: match raw_elements {
                true => ignored.clone().map(raw).collect(),
                false => Vec::new(),
            },
            skipped: ignored.count() as u64,
            reverse: reverse(&told),
            forward: Steps::new(chosen),
            layout,
        }
    }
}

/// Whether a column takes the element.
fn taken(field: &Field) -> bool {
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

fn reverse(told: &[(&Field, Slot)]) -> Option<Box<ReversePlan>> {
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
fn choose(candidates: impl Iterator<Item = Candidate>) -> Vec<Chosen> {
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
                        old.step.spare = Some((new.step.place, new.step.slot));
                        old.spare_rank = new.rank;
                    }
                }
            }
        }
    }
    all
}

fn slot_of(chosen: &[Chosen], column: &str) -> Option<Slot> {
    chosen
        .iter()
        .find(|one| one.element.column == column)
        .map(|one| one.step.slot)
}

fn sections(chosen: &[Chosen]) -> Vec<(Option<Link>, Slot)> {
    chosen
        .iter()
        .filter_map(|one| match one.step.place {
            Place::Section(link) => Some((link, one.step.slot)),
            _ => None,
        })
        .collect()
}

impl Steps {
    fn new(chosen: Vec<Chosen>) -> Self {
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
        Steps {
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
            columns: chosen
                .into_iter()
                .map(|one| one.step)
                .filter(|step| step.place.has_column())
                .collect(),
        }
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
                | Place::FrameType
                | Place::Version
                | Place::Origin
                | Place::Duration(_)
                | Place::Selector
                | Place::Rate(_)
        )
    }
}
