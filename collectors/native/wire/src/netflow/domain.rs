//! What is known of one exporter and observation domain: its templates.

use std::sync::Arc;

use super::plan::Plan;
use super::template::{read, Record, Template};
use crate::fault::{Fault, Reason};
use crate::rows::source_kind;

/// Limits of the state of one domain. What goes beyond them is refused with a fault; what is already known stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Templates and option templates together.
    pub templates: usize,
    /// Fields of one template.
    pub fields: usize,
    /// Memory of all definitions and their plans.
    pub bytes: usize,
    /// A template that was neither announced nor used for so long is forgotten (RFC 7011 §8.4) by [`Domain::expire`], and when
    /// another one needs its room.
    pub age_ns: i64,
}

/// A template as its exporter announced it, to be saved and given back with [`Domain::define`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Definition {
    /// `rows::source_kind::NETFLOW9` or `IPFIX`: their template ids are apart.
    pub source_kind: u8,
    /// Whether it is an options template.
    pub options: bool,
    /// The template record, from the template id on (RFC 7011 §3.4.1, §3.4.2; RFC 3954 §5.2, §6.1).
    pub record: Vec<u8>,
    /// When it was announced or used last, by the receiver's clock.
    pub seen_ns: i64,
}

#[derive(Debug)]
struct Entry {
    kind: u8,
    id: u16,
    options: bool,
    record: Box<[u8]>,
    plan: Arc<Plan>,
    seen_ns: i64,
}

impl Entry {
    fn size(&self) -> usize {
        size_of::<Self>() + self.record.len() + self.plan.size()
    }
}

/// Templates and option templates of one exporter and observation domain, compiled to plans.
#[derive(Debug)]
pub struct Domain {
    /// IPv4 mapped into IPv6.
    pub exporter_address: [u8; 16],
    pub bounds: Bounds,
    /// When the exporter started, as option data told it (element 160); makes instants of sysUpTime in IPFIX.
    pub start_time_ns: Option<i64>,
    /// It was seen to have type and code of ICMP in the destination port; found out anew after a restart.
    pub(super) hides_icmp: bool,
    /// Keep elements that no column takes. Fixed when the domain is made: plans depend on it.
    raw_elements: bool,
    /// By source kind and id.
    entries: Vec<Entry>,
    bytes: usize,
    /// No template was seen last before this: spares a search for old ones.
    oldest_ns: i64,
}

impl Domain {
    /// A domain without templates; `raw_elements` fills the column of that name.
    pub fn new(exporter_address: [u8; 16], bounds: Bounds, raw_elements: bool) -> Self {
        Domain {
            exporter_address,
            bounds,
            start_time_ns: None,
            hides_icmp: false,
            raw_elements,
            entries: Vec::new(),
            bytes: 0,
            oldest_ns: i64::MAX,
        }
    }

    /// How many templates it has, those of options included.
    pub fn templates(&self) -> usize {
        self.entries.len()
    }

    /// Memory of all definitions and their plans.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// All definitions, for saving. [`Domain::start_time_ns`] belongs to the state too.
    pub fn definitions(&self) -> impl Iterator<Item = Definition> + '_ {
        self.entries.iter().map(|entry| Definition {
            source_kind: entry.kind,
            options: entry.options,
            record: entry.record.to_vec(),
            seen_ns: entry.seen_ns,
        })
    }

    /// Learns a saved definition, within the same bounds and checks as one from the wire.
    ///
    /// # Errors
    /// The record is no template, or beyond the bounds. The offset counts from its first byte.
    pub fn define(&mut self, definition: &Definition) -> Result<(), Fault> {
        let fault = |needed, reason| Fault {
            protocol: if definition.source_kind == source_kind::NETFLOW9 {
                "netflow9"
            } else {
                "ipfix"
            },
            layer: "saved template",
            offset: 0,
            needed,
            present: definition.record.len(),
            reason,
        };
        let kind = match definition.source_kind {
            kind @ (source_kind::NETFLOW9 | source_kind::IPFIX) => kind,
            _ => return Err(fault(0, Reason::Version)),
        };
        let record = &definition.record;
        match read(kind, definition.options, record, self.bounds.fields) {
            Ok((Record::Defined(template), length)) if length == record.len() => self
                .learn(
                    kind,
                    definition.options,
                    &template,
                    record,
                    definition.seen_ns,
                )
                .map(drop)
                .map_err(|reason| fault(0, reason)),
            Ok((Record::Refused(_, reason), _)) => Err(fault(0, reason)),
            Ok(_) => Err(fault(0, Reason::Length)),
            Err(needed) => Err(fault(needed, Reason::Short)),
        }
    }

    /// Forgets templates that were neither announced nor used for the bounds' age; says whether there was one.
    pub fn expire(&mut self, now_ns: i64) -> bool {
        let age_ns = self.bounds.age_ns;
        if now_ns.saturating_sub(self.oldest_ns) <= age_ns {
            return false;
        }
        let found = self.forget(|entry| now_ns.saturating_sub(entry.seen_ns) > age_ns);
        let seen = self.entries.iter().map(|entry| entry.seen_ns);
        self.oldest_ns = seen.min().unwrap_or(i64::MAX);
        found
    }

    fn place(&self, kind: u8, id: u16) -> Result<usize, usize> {
        self.entries
            .binary_search_by_key(&(kind, id), |entry| (entry.kind, entry.id))
    }

    /// The plan for a data set.
    pub(super) fn plan(&mut self, kind: u8, id: u16, now_ns: i64) -> Option<Arc<Plan>> {
        let place = self.place(kind, id).ok()?;
        let entry = self.entries.get_mut(place)?;
        entry.seen_ns = entry.seen_ns.max(now_ns);
        Some(Arc::clone(&entry.plan))
    }

    /// Whether a template of this very record is known; then it has been seen again.
    pub(super) fn refresh(
        &mut self,
        kind: u8,
        id: u16,
        options: bool,
        record: &[u8],
        now_ns: i64,
    ) -> bool {
        let Ok(place) = self.place(kind, id) else {
            return false;
        };
        let entry = &mut self.entries[place];
        let same = entry.options == options && *entry.record == *record;
        if same {
            entry.seen_ns = entry.seen_ns.max(now_ns);
        }
        same
    }

    pub(super) fn compile(&self, template: &Template, options: bool) -> Arc<Plan> {
        Arc::new(Plan::new(template, options, self.raw_elements))
    }

    /// Learns a template in place of what its id meant before.
    ///
    /// # Errors
    /// There is no room. What the id meant before is forgotten all the same: data sets of that id are of the new form.
    pub(super) fn learn(
        &mut self,
        kind: u8,
        options: bool,
        template: &Template,
        record: &[u8],
        now_ns: i64,
    ) -> Result<Arc<Plan>, Reason> {
        self.withdraw(kind, template.id);
        if self.entries.len() >= self.bounds.templates {
            self.expire(now_ns);
        }
        if self.entries.len() >= self.bounds.templates {
            return Err(Reason::TooMany);
        }
        let entry = Entry {
            kind,
            id: template.id,
            options,
            record: record.into(),
            plan: self.compile(template, options),
            seen_ns: now_ns,
        };
        let size = entry.size();
        if self.bytes + size > self.bounds.bytes {
            self.expire(now_ns);
        }
        if self.bytes + size > self.bounds.bytes {
            return Err(Reason::TooMany);
        }
        self.oldest_ns = self.oldest_ns.min(now_ns);
        let plan = Arc::clone(&entry.plan);
        let (Ok(place) | Err(place)) = self.place(kind, template.id);
        self.entries.insert(place, entry);
        self.bytes += size;
        Ok(plan)
    }

    /// Forgets a template; says whether there was one.
    pub(super) fn withdraw(&mut self, kind: u8, id: u16) -> bool {
        let Ok(place) = self.place(kind, id) else {
            return false;
        };
        self.bytes -= self.entries.remove(place).size();
        true
    }

    /// Forgets all templates of a kind, or all option templates (RFC 7011 §8.1); says whether there was one.
    pub(super) fn withdraw_all(&mut self, kind: u8, options: bool) -> bool {
        self.forget(|entry| (entry.kind, entry.options) == (kind, options))
    }

    fn forget(&mut self, gone: impl Fn(&Entry) -> bool) -> bool {
        let before = self.entries.len();
        self.entries.retain(|entry| !gone(entry));
        self.bytes = self.entries.iter().map(Entry::size).sum();
        self.entries.len() != before
    }
}
