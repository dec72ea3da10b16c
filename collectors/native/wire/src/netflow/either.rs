//! Columns that two elements of a template could fill, and labels, of which a template has up to ten.

use super::element::Place;
use super::layout::Slot;
use super::number::number;
use super::plan::{Step, Steps};
use super::records::{strided, Records};
use super::step::Frame;
use crate::column::Column;
use crate::internet::mapped;
use crate::rows::Flows;

impl Frame<'_> {
    /// Of two fields the first that is not zero; of two addresses the one of the record's IP version, where it tells that.
    pub fn either(&self, step: &Step, spare: (&Place, &Slot), steps: &Steps, flows: &mut Flows) {
        if let (Place::Ipv4(column), Place::Ipv6(_)) = (step.place, spare.0) {
            if let Records::Fixed { bytes, stride } = self.records {
                let both = strided(bytes, stride, &step.slot).zip(strided(bytes, stride, spare.1));
                let column = column(flows);
                match steps.version {
                    Some(version) if version.width == Some(1) => {
                        let told = both.zip(strided(bytes, stride, &version));
                        column.extend(self.row, told.map(|(both, version)| address(both, version)));
                    }
                    Some(_) => return self.either_of_each(step, spare, steps, flows),
                    None => column.extend(self.row, both.map(|both| address(both, [0]))),
                }
                return;
            }
        }
        self.either_of_each(step, spare, steps, flows);
    }

    fn either_of_each(
        &self,
        step: &Step,
        spare: (&Place, &Slot),
        steps: &Steps,
        flows: &mut Flows,
    ) {
        for record in 0..self.records.count() {
            let first = self.records.field(record, &step.slot);
            let second = self.records.field(record, spare.1);
            let version = steps
                .version
                .and_then(|slot| number(self.records.field(record, &slot)));
            let address = matches!(step.place, Place::Ipv4(_) | Place::Ipv6(_));
            let take_second = match version {
                Some(version @ (4 | 6)) if address => {
                    second.len() == if version == 4 { 4 } else { 16 }
                }
                _ => first.iter().all(|byte| *byte == 0) && second.iter().any(|byte| *byte != 0),
            };
            let (place, slot) = match take_second {
                true => (*spare.0, *spare.1),
                false => (step.place, step.slot),
            };
            let one = Frame {
                records: self.records.range(record, record + 1),
                clock: self.clock,
                row: self.row + record,
            };
            let step = Step {
                place,
                slot,
                spare: None,
            };
            one.write(&step, steps, flows);
        }
    }
}

/// The address of the version that is told; of any other version the first that is not zero.
#[inline]
fn address((four, six): ([u8; 4], [u8; 16]), [version]: [u8; 1]) -> [u8; 16] {
    let long = match version {
        4 => false,
        6 => true,
        _ => four == [0; 4] && six != [0; 16],
    };
    if long {
        six
    } else {
        mapped(four)
    }
}

/// Writes what has no column of its own kind: labels of an MPLS stack.
pub fn labels(frame: &Frame<'_>, slots: &[Slot], column: &mut Column<Vec<u32>>) {
    for record in 0..frame.records.count() {
        let mut labels = Vec::with_capacity(slots.len());
        for slot in slots {
            let Some(entry) = number(frame.records.field(record, slot)) else {
                break;
            };
            labels.push(entry as u32);
            if entry & 1 == 1 {
                break;
            }
        }
        // What is behind the bottom of the stack is filled with zeros.
        while labels.last() == Some(&0) {
            labels.pop();
        }
        if !labels.is_empty() {
            let labels = labels.into_iter().map(|entry| entry >> 4).collect();
            column.set(frame.row + record, labels);
        }
    }
}
