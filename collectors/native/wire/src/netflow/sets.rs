//! The sets of a message (RFC 7011 §3.3, RFC 3954 §5.2-§5.4): templates are learned, data sets found, in their order.

use std::sync::Arc;

use super::domain::Domain;
use super::head::Head;
use super::output::Output;
use super::plan::Plan;
use super::template::{read, Record, FIRST_ID};
use crate::fault::{Fault, Reason};
use crate::rows::source_kind;

const SET_HEADER: usize = 4;
/// Data sets and spans that a domain has memory for between two messages.
const MOST_KEPT: usize = 512;
/// Missing templates of one message that are named: it waits for these first.
const MOST_MISSING: usize = 64;

/// How a message is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// It has just come.
    First,
    /// It was parked: its templates are old news, its broken sets were reported.
    Parked,
    /// It was parked and waits no longer: sets without a template are given up.
    Last,
}

/// A data set that can be decoded.
#[derive(Debug)]
pub struct DataSet {
    /// Its content: first byte and end in the message.
    pub from: usize,
    pub end: usize,
    /// Whether the message ends within the set, which has been reported.
    pub cut: bool,
    pub plan: Arc<Plan>,
}

/// Memory that is used again for each message.
#[derive(Debug, Default)]
pub struct Work {
    pub data: Vec<DataSet>,
    pub spans: Vec<super::layout::Span>,
    /// Of a parked message: its own templates.
    own: Vec<(u16, Option<Arc<Plan>>)>,
}

impl Work {
    /// Every domain keeps one: what a single message needed in excess is given back.
    pub fn clear(&mut self) {
        self.data.clear();
        self.own.clear();
        self.spans.clear();
        self.data.shrink_to(MOST_KEPT);
        self.own.shrink_to(0);
        self.spans.shrink_to(MOST_KEPT);
    }
}

pub struct Survey<'a> {
    pub head: &'a Head,
    /// The message, without what is behind its end.
    pub bytes: &'a [u8],
    pub received_ns: i64,
    pub turn: Turn,
    /// Template records seen.
    pub templates: u32,
}

impl Survey<'_> {
    /// Learns templates and lists data sets.
    pub fn run(&mut self, domain: &mut Domain, work: &mut Work, out: &mut Output) {
        let mut at = self.head.bytes();
        while at < self.bytes.len() {
            let rest = &self.bytes[at..];
            let &[a, b, c, d, ..] = rest else {
                if rest.iter().any(|byte| *byte != 0) || self.head.source_kind == source_kind::IPFIX
                {
                    self.fault(
                        "set header",
                        at,
                        (SET_HEADER, rest.len()),
                        Reason::Short,
                        out,
                    );
                }
                return;
            };
            let id = u16::from_be_bytes([a, b]);
            let length = usize::from(u16::from_be_bytes([c, d]));
            if length < SET_HEADER {
                return self.fault("set header", at, (SET_HEADER, length), Reason::Length, out);
            }
            let end = at + length;
            let present = end.min(self.bytes.len());
            if end > self.bytes.len() {
                self.fault(self.layer(id), at, (length, rest.len()), Reason::Short, out);
            }
            match self.options(id) {
                Some(options) => {
                    self.templates(at + SET_HEADER..present, end, options, domain, work, out)
                }
                None if id >= FIRST_ID => self.data(id, at..end, domain, work, out),
                None => self.fault("set", at, (0, present - at), Reason::Value, out),
            }
            at = end;
        }
    }

    /// Whether a set of this id has option templates, or templates; else it has neither.
    fn options(&self, id: u16) -> Option<bool> {
        let first = if self.head.source_kind == source_kind::IPFIX {
            2
        } else {
            0
        };
        match id.checked_sub(first) {
            Some(0) => Some(false),
            Some(1) => Some(true),
            _ => None,
        }
    }

    fn layer(&self, id: u16) -> &'static str {
        match self.options(id) {
            Some(false) => "template set",
            Some(true) => "options template set",
            None => "data set",
        }
    }

    /// Faults of the survey are reported when the message comes, not again when it is taken up.
    fn fault(
        &self,
        layer: &'static str,
        offset: usize,
        (needed, present): (usize, usize),
        reason: Reason,
        out: &mut Output,
    ) {
        if self.turn == Turn::First {
            out.faults.push(Fault {
                protocol: self.head.protocol(),
                layer,
                offset,
                needed,
                present,
                reason,
            });
        }
    }

    fn data(
        &self,
        id: u16,
        set: std::ops::Range<usize>,
        domain: &mut Domain,
        work: &mut Work,
        out: &mut Output,
    ) {
        let (at, end) = (set.start, set.end.min(self.bytes.len()));
        let cut = set.end > self.bytes.len();
        let own = work.own.iter().rev().find(|(own, _)| *own == id);
        let plan = match own {
            Some((_, plan)) => plan.clone(),
            None => domain.plan(self.head.source_kind, id, self.received_ns),
        };
        match plan {
            Some(plan) => work.data.push(DataSet {
                from: at + SET_HEADER,
                end,
                cut,
                plan,
            }),
            None if self.turn == Turn::Last => out.faults.push(Fault {
                protocol: self.head.protocol(),
                layer: "data set",
                offset: at,
                needed: 0,
                present: end - at,
                reason: Reason::Template,
            }),
            None if out.missing_templates.contains(&id) => {}
            None if out.missing_templates.len() >= MOST_MISSING => {}
            None => out.missing_templates.push(id),
        }
    }

    fn templates(
        &mut self,
        content: std::ops::Range<usize>,
        end: usize,
        options: bool,
        domain: &mut Domain,
        work: &mut Work,
        out: &mut Output,
    ) {
        let (kind, cut) = (self.head.source_kind, end > self.bytes.len());
        let layer = if options {
            "options template"
        } else {
            "template"
        };
        let mut at = content.start;
        while at + SET_HEADER <= content.end {
            let rest = &self.bytes[at..content.end];
            let (record, length) = match read(kind, options, rest, domain.bounds.fields) {
                Ok(read) => read,
                Err(_) if rest.iter().all(|byte| *byte == 0) => return,
                Err(needed) => {
                    if !cut {
                        self.fault(layer, at, (needed, rest.len()), Reason::Length, out);
                    }
                    return;
                }
            };
            if matches!(record, Record::Refused(..) | Record::Withdrawn(_))
                && rest.iter().all(|byte| *byte == 0)
            {
                return;
            }
            self.templates += 1;
            let result = match self.turn {
                Turn::First => self.take(&record, options, &rest[..length], domain, out),
                _ => {
                    own(&record, options, domain, work);
                    Ok(())
                }
            };
            if let Err(reason) = result {
                self.fault(layer, at, (0, length), reason, out);
            }
            at += length;
        }
    }

    fn take(
        &self,
        record: &Record,
        options: bool,
        bytes: &[u8],
        domain: &mut Domain,
        out: &mut Output,
    ) -> Result<(), Reason> {
        let kind = self.head.source_kind;
        match record {
            Record::Defined(template) => {
                if domain.refresh(kind, template.id, options, bytes, self.received_ns) {
                    return Ok(());
                }
                out.templates_changed = true;
                domain
                    .learn(kind, options, template, bytes, self.received_ns)
                    .map(drop)
            }
            Record::Refused(id, reason) => {
                out.templates_changed |= domain.withdraw(kind, *id);
                Err(*reason)
            }
            Record::Withdrawn(id) if *id < FIRST_ID => {
                if self.options(*id) != Some(options) {
                    return Err(Reason::Value);
                }
                out.templates_changed |= domain.withdraw_all(kind, options);
                Ok(())
            }
            Record::Withdrawn(id) => {
                out.templates_changed |= domain.withdraw(kind, *id);
                Ok(())
            }
        }
    }
}

/// A parked message's templates serve its own sets, as they did not when it came.
fn own(record: &Record, options: bool, domain: &Domain, work: &mut Work) {
    match record {
        Record::Defined(template) => {
            let plan = domain.compile(template, options);
            work.own.push((template.id, Some(plan)));
        }
        Record::Refused(id, _) | Record::Withdrawn(id) => work.own.push((*id, None)),
    }
}
