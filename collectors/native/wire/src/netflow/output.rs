//! What decoding gives.

use super::sets::Work;
use crate::column::Column;
use crate::fault::Fault;
use crate::rows::Flows;

/// Enterprise number under which [`OptionRecord::scope`] has the scopes of NetFlow v9, whose numbers are not those of
/// elements (RFC 3954 §6.1): 1 system, 2 interface, 3 line card, 4 cache, 5 template.
pub const V9_SCOPE: u32 = u32::MAX;

/// Enterprise number, element number, value as it came.
pub type OptionField = (u32, u16, Vec<u8>);

/// One record of option data (RFC 7011 §3.4.2, RFC 3954 §6.1). Elements without any byte are left out, except scopes of v9.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OptionRecord {
    pub template_id: u16,
    /// What the record is about; of NetFlow v9 with [`V9_SCOPE`] as the enterprise.
    pub scope: Vec<OptionField>,
    /// What it says of that.
    pub fields: Vec<OptionField>,
}

/// What [`super::decode`] appends to. The caller owns it, takes rows out and calls [`Output::clear`].
#[derive(Debug, Default)]
pub struct Output {
    /// Appended to. Of a set with reverse elements (RFC 5103) the reverse rows come behind all its forward rows.
    pub flows: Flows,
    /// Appended to: for each row of `flows` the ifIndex of the interface that saw it; 0 for unknown.
    pub observed: Vec<u32>,
    /// By row of `flows`: the selector or sampler that the record names (elements 302, 48). May be shorter than `flows`.
    pub selector: Column<u64>,
    /// By row of `flows`: the sampling rate that the record itself tells. May be shorter than `flows`.
    pub record_rate: Column<f64>,
    /// Appended to.
    pub options: Vec<OptionRecord>,
    /// Of the last message: templates that its data sets need and that are not known. If there is one, no row and no option
    /// record was made of that message, but its templates were learned.
    pub missing_templates: Vec<u16>,
    /// Of the last message: data records, those of option data included (a biflow is one). For sequence numbers.
    pub records: u32,
    /// Of the last message: whether a template is new, another than before, or gone.
    pub templates_changed: bool,
    /// Appended to.
    pub faults: Vec<Fault>,
    /// Counts up: values of flow records that no column takes.
    pub skipped_elements: u64,
    /// Used again for each message, of whichever exporter.
    pub(super) work: Work,
}

impl Output {
    /// Forget rows, options and faults; there is room for as many again.
    pub fn clear(&mut self) {
        self.flows = self.flows.empty_like();
        self.observed.clear();
        self.selector.clear();
        self.record_rate.clear();
        self.options.clear();
        self.missing_templates.clear();
        self.records = 0;
        self.templates_changed = false;
        self.faults.clear();
        self.skipped_elements = 0;
    }
}
