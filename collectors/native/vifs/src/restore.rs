//! After a restart: what an earlier run of the same boot wrote down.

use columns::generated::{counters, inventory};

use crate::counters::Record;
use crate::dump::Look;
use crate::readings::totals;
use crate::state::read;
use crate::table::{Departure, Table};
use crate::vif::{Appeared, Written};

/// The last written state of a VIF that was not seen in this run yet.
#[derive(Debug, Clone)]
pub(crate) struct Restored {
    pub written: Written,
    pub appeared: Appeared,
    pub first_seen_time: i64,
}

impl Table {
    /// Take in inventory rows of an earlier run, in the order in which they were written.
    pub fn restore_inventory(&mut self, rows: &inventory::Rows) {
        for at in 0..rows.len() {
            let id = rows.vif_id[at];
            if rows.gone_time[at].is_some() {
                self.restored.remove(&id);
                continue;
            }
            let valid_from_time = rows.valid_from_time[at];
            let appeared = rows.born_time[at].map_or(Appeared::Before, Appeared::Born);
            self.restored.insert(
                id,
                Restored {
                    written: Written {
                        state: read(rows, at),
                        valid_from_time,
                        namespace: None,
                    },
                    appeared,
                    first_seen_time: rows.born_time[at].unwrap_or(valid_from_time),
                },
            );
        }
    }

    /// Take in counters rows of an earlier run, in the order in which they were written.
    pub fn restore_counters(&mut self, rows: &counters::Rows) {
        for at in 0..rows.len() {
            let duration = i64::try_from(rows.duration_ns[at]).unwrap_or(0);
            let record = Record {
                time_ns: rows.time[at].saturating_add(duration),
                values: totals(rows, at),
            };
            self.counters.restore(rows.vif_id[at], record);
        }
    }

    /// The readings of an earlier run are lost, or newer ones than those at hand: what its VIFs counted since may be stored
    /// already, so their next readings are first ones.
    pub fn restore_without_counters(&mut self) {
        self.counters.forget_pasts(self.restored.keys().copied());
    }

    /// Take in the complete look of an earlier run, and the number of ids that it made without sysfs.
    pub fn restore_look(&mut self, look: Option<Look>, incarnation: u64) {
        self.look = look.or(self.look);
        self.incarnation = self.incarnation.max(incarnation);
    }

    /// What an earlier run knew and a complete look did not find is gone; when exactly, nobody saw.
    pub(crate) fn restored_gone(&mut self, time_ns: i64, is_whole: bool) {
        let read: Vec<&str> = self
            .namespaces
            .values()
            .filter(|namespace| namespace.was_read)
            .map(|namespace| namespace.facts.name.as_str())
            .collect();
        let mut gone: Vec<u64> = self
            .restored
            .iter()
            .filter(|(_, restored)| {
                is_whole || read.contains(&restored.written.state.namespace.as_ref())
            })
            .map(|(id, _)| *id)
            .collect();
        gone.sort_unstable();
        for id in gone {
            let Some(restored) = self.restored.remove(&id) else {
                continue;
            };
            self.departures.push(Departure {
                id,
                state: restored.written.state,
                born_time: match restored.appeared {
                    Appeared::Born(time) => Some(time),
                    Appeared::Before | Appeared::Unseen(_) => None,
                },
                first: None,
                gone_time: time_ns,
            });
        }
    }
}
