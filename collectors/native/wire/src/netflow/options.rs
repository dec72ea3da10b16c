//! Records of option data (RFC 7011 §3.4.2.1, RFC 3954 §6.2).

use super::number::number;
use super::output::{OptionField, OptionRecord, V9_SCOPE};
use super::plan::OptionPlan;
use super::records::Records;

/// systemInitTimeMilliseconds.
const START_OF_EXPORTER: u16 = 160;

/// Appends the records, and says when the exporter started, if they tell it.
pub fn read(
    plan: &OptionPlan,
    records: &Records<'_>,
    options: &mut Vec<OptionRecord>,
) -> Option<i64> {
    let mut start_ns = None;
    for record in 0..records.count() {
        let mut option = OptionRecord {
            template_id: plan.template_id,
            ..OptionRecord::default()
        };
        for (field, slot, scope) in &plan.fields {
            let value = match field.width {
                Some(0) => &[],
                _ => records.field(record, slot),
            };
            if (field.enterprise, field.number) == (0, START_OF_EXPORTER) {
                start_ns = number(value)
                    .and_then(|millis| i64::try_from(millis).ok()?.checked_mul(1_000_000))
                    .filter(|start| *start > 0)
                    .or(start_ns);
            }
            let one: OptionField = (field.enterprise, field.number, value.to_vec());
            if value.is_empty() && field.enterprise != V9_SCOPE {
                continue;
            }
            match scope {
                true => option.scope.push(one),
                false => option.fields.push(one),
            }
        }
        options.push(option);
    }
    start_ns
}
