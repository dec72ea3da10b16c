//! A column of the rows from one field of all records.
//!
//! Records of one length are read in strides, straight into the column; all others, and values that may be missing, one by one.

use super::element::Place;
use super::instant::{Clock, Form};
use super::layout::Slot;
use super::number::{number, sized, Unsigned};
use super::plan::{Step, Steps};
use super::records::{placed, strided, Records};
use crate::column::Column;
use crate::internet::mapped;
use crate::rows::{tunnel, Flows};

/// What a step reads besides its own field.
pub struct Frame<'a> {
    pub records: Records<'a>,
    pub clock: Clock,
    /// The first of the rows that are written.
    pub row: usize,
}

impl Frame<'_> {
    /// Writes the column of one step.
    pub fn write(&self, step: &Step, steps: &Steps, flows: &mut Flows) {
        if let Some(spare) = &step.spare {
            return self.either(step, (&spare.0, &spare.1), steps, flows);
        }
        let slot = &step.slot;
        match step.place {
            Place::U8(column) => self.unsigned(slot, column(flows)),
            Place::U16(column) => self.unsigned(slot, column(flows)),
            Place::U32(column) => self.unsigned(slot, column(flows)),
            Place::U64(column) => self.unsigned(slot, column(flows)),
            Place::Ipv4(column) => self.extend(slot, column(flows), mapped),
            Place::Ipv6(column) => self.extend(slot, column(flows), |address| address),
            Place::Mac(column) => self.extend::<6, _>(slot, column(flows), sized),
            Place::Time(column, form) => self.time(slot, form, steps, column(flows)),
            Place::Turned(column) => self.turned(slot, column(flows)),
            Place::Icmp => self.icmp(slot, flows),
            Place::Application => self.application(slot, flows),
            Place::Segment => self.segment(slot, flows),
            Place::Tunnel => self.tunnel(slot, &mut flows.tunnel),
            Place::Outer(column) => self.outer(slot, column(flows)),
            _ => {}
        }
    }

    /// Calls `take` with each record that has the field, by row.
    fn each(&self, slot: &Slot, mut take: impl FnMut(usize, &[u8])) {
        for record in 0..self.records.count() {
            let value = self.records.field(record, slot);
            if !value.is_empty() {
                take(self.row + record, value);
            }
        }
    }

    /// Writes a column whose every record has a value of `N` bytes.
    #[inline]
    fn extend<const N: usize, T: Clone + Default>(
        &self,
        slot: &Slot,
        column: &mut Column<T>,
        convert: impl Fn([u8; N]) -> T,
    ) {
        match self.records {
            Records::Fixed { bytes, stride } => {
                column.extend(self.row, strided(bytes, stride, slot).map(convert));
            }
            Records::Placed {
                bytes,
                spans,
                parts,
                ..
            } if slot.width.is_some() => {
                column.extend(self.row, placed(bytes, spans, parts, slot).map(convert));
            }
            Records::Placed { .. } => self.each(slot, |row, value| {
                if let Ok(value) = value.try_into() {
                    column.set(row, convert(value));
                }
            }),
        }
    }

    fn unsigned<T: Unsigned>(&self, slot: &Slot, column: &mut Column<T>) {
        match slot.width {
            Some(1) => self.extend::<1, _>(slot, column, |value| T::low(sized(value))),
            Some(2) if T::BYTES >= 2 => {
                self.extend::<2, _>(slot, column, |value| T::low(sized(value)));
            }
            Some(4) if T::BYTES >= 4 => {
                self.extend::<4, _>(slot, column, |value| T::low(sized(value)));
            }
            Some(8) if T::BYTES >= 8 => {
                self.extend::<8, _>(slot, column, |value| T::low(sized(value)));
            }
            _ => self.each(slot, |row, value| {
                if let Some(value) = number(value).and_then(T::exact) {
                    column.set(row, value);
                }
            }),
        }
    }

    fn time(&self, slot: &Slot, form: Form, steps: &Steps, column: &mut Column<i64>) {
        let own_start = steps.origin.filter(|_| form == Form::Uptime);
        let clock = self.clock;
        match (form, slot.width, own_start) {
            (Form::Millis, Some(8), _) => self.extend::<8, _>(slot, column, |value| {
                clock.instant(Form::Millis, sized(value))
            }),
            (Form::Uptime, Some(4), None) => self.extend::<4, _>(slot, column, |value| {
                clock.instant(Form::Uptime, sized(value))
            }),
            (_, Some(4), None) => {
                self.extend::<4, _>(slot, column, |value| clock.instant(form, sized(value)));
            }
            (_, Some(8), None) => {
                self.extend::<8, _>(slot, column, |value| clock.instant(form, sized(value)));
            }
            _ => return self.time_of_each(slot, form, own_start.as_ref(), column),
        }
        self.untell_zeros(column);
    }

    fn time_of_each(
        &self,
        slot: &Slot,
        form: Form,
        own_start: Option<&Slot>,
        column: &mut Column<i64>,
    ) {
        for record in 0..self.records.count() {
            let clock = own_start
                .and_then(|start| number(self.records.field(record, start)))
                .map(|millis| self.clock.instant(Form::Millis, millis))
                .filter(|start| *start > 0)
                .map_or(self.clock, |start| self.clock.with_start(start));
            let raw = number(self.records.field(record, slot));
            match raw.map(|raw| clock.instant(form, raw)) {
                None | Some(0) => {}
                Some(instant) => column.set(self.row + record, instant),
            }
        }
    }

    /// An instant of 0 is one that is not known.
    fn untell_zeros(&self, column: &mut Column<i64>) {
        if !column.values()[self.row..].contains(&0) {
            return;
        }
        let values = column.values()[self.row..].to_vec();
        column.truncate(self.row);
        for (index, value) in values.into_iter().enumerate() {
            if value != 0 {
                column.set(self.row + index, value);
            }
        }
    }

    fn turned(&self, slot: &Slot, column: &mut Column<u8>) {
        self.each(slot, |row, value| match number(value) {
            Some(0) => column.set(row, 1),
            Some(1) => column.set(row, 0),
            _ => {}
        });
    }

    fn icmp(&self, slot: &Slot, flows: &mut Flows) {
        self.each(slot, |row, value| {
            if let [kind, code] = *value {
                flows.icmp_type.set(row, kind);
                flows.icmp_code.set(row, code);
            }
        });
    }

    fn application(&self, slot: &Slot, flows: &mut Flows) {
        self.each(slot, |row, value| {
            let (engine, selector) = (value[0], &value[1..]);
            let selector = match selector {
                [] => Some(0),
                selector if selector.len() < 8 => number(selector),
                _ => None,
            };
            if let Some(selector) = selector {
                let id = u64::from(engine) << 56 | selector;
                flows.application_id.set(row, id);
            }
        });
    }

    fn segment(&self, slot: &Slot, flows: &mut Flows) {
        self.each(slot, |row, value| {
            let Some(segment) = number(value).filter(|segment| *segment != 0) else {
                return;
            };
            flows.vni.set(row, (segment & 0xff_ffff) as u32);
            if value.len() > 3 && value[0] == 1 {
                flows.tunnel.set(row, tunnel::VXLAN);
            }
        });
    }

    /// 0 is a kind that is not known; 3 is LISP, 4 STT, and 5 GRE over IPsec.
    fn tunnel(&self, slot: &Slot, column: &mut Column<u8>) {
        self.each(slot, |row, value| {
            let kind = match number(value) {
                None | Some(0) => return,
                Some(1) => tunnel::VXLAN,
                Some(2 | 5) => tunnel::GRE,
                Some(7) => tunnel::GENEVE,
                Some(_) => tunnel::OTHER,
            };
            column.set(row, kind);
        });
    }

    fn outer(&self, slot: &Slot, column: &mut Column<[u8; 16]>) {
        self.each(slot, |row, value| match <[u8; 4]>::try_from(value) {
            Ok(address) if address != [0; 4] => column.set(row, mapped(address)),
            _ => {}
        });
    }
}
