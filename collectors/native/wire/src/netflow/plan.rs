//! A template, compiled: which field of a record goes where, and how.

use super::choice::{choose, reverse, sections, slot_of, taken, Candidate};
use super::element::{Place, REVERSE};
use super::layout::{Layout, Slot};
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
    /// What is told of them: kind of frame, first byte, bytes that are no padding.
    pub section_frame_type: Option<Slot>,
    pub section_offset: Option<Slot>,
    pub section_bytes: Option<Slot>,
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
#[derive(Debug, Clone)]
pub struct Step {
    pub place: Place,
    pub slot: Slot,
    pub spare: Option<Box<(Place, Slot)>>,
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
            section_frame_type: slot_of(&chosen, "section_frame_type"),
            section_offset: slot_of(&chosen, "section_offset"),
            section_bytes: slot_of(&chosen, "section_bytes"),
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

/// An exporter may have a hundred templates, and there may be hundreds of exporters.
const _: () = assert!(size_of::<Step>() <= 48);
