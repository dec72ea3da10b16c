//! From the table to rows: what changed since the last row of each VIF that was written for good.

use std::borrow::Cow;

use columns::generated::{events, inventory};

use crate::state::{push, Moment, State};
use crate::table::Table;
use crate::vif::{Appeared, Vif, Written};

/// What becomes known within this time of a VIF's birth holds from its birth.
const SETTLING_NS: i64 = 60_000_000_000;

/// Something that an `events` row tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Happening {
    pub time: i64,
    pub vif_id: u64,
    pub event: &'static str,
    pub subject: String,
    pub detail: String,
    pub event_count: u64,
}

impl Table {
    /// Rows of all VIFs that changed, came or went since the last commit; with `restate` of all VIFs.
    ///
    /// `now_ns` is the `time` of rows that only state again what was written before.
    pub fn propose_inventory(&mut self, now_ns: i64, restate: bool) -> inventory::Rows {
        self.settle_births();
        let mut rows = inventory::Rows::default();
        for departure in &self.departures {
            let moment = |time, change, gone_time| Moment {
                time,
                vif_id: departure.id,
                valid_from_time: time,
                change,
                born_time: departure.born_time,
                gone_time,
            };
            if let Some((begin, change)) = departure.first {
                push(
                    &mut rows,
                    &moment(begin, change, None),
                    departure.state.clone(),
                );
            }
            let gone = departure.gone_time;
            push(
                &mut rows,
                &moment(gone, "gone", Some(gone)),
                departure.state.clone(),
            );
        }
        self.departures_proposed = self.departures.len();
        let mut ids: Vec<u64> = if restate {
            self.vifs.keys().copied().collect()
        } else {
            self.dirty.iter().copied().collect()
        };
        ids.sort_unstable_by_key(|id| (self.vifs.get(id).map(|vif| vif.changed_time), *id));
        for id in ids {
            let Some(vif) = self.vifs.get(&id) else {
                continue;
            };
            if vif.left_time.is_some() && !restate {
                continue;
            }
            let state = match &vif.written {
                // While it is on its way, the last that is known of it stays.
                Some(written) if vif.left_time.is_some() => written.state.clone(),
                _ => self.state_of(vif),
            };
            let Some((moment, written)) = next_row(vif, state, now_ns, restate) else {
                continue;
            };
            push(&mut rows, &moment, written.state.clone());
            self.proposed.insert(id, written);
        }
        rows
    }

    /// Rows of what happened since the last commit.
    pub fn propose_events(&mut self) -> events::Rows {
        let mut rows = events::Rows::default();
        for happening in &self.events {
            rows.time.push(happening.time);
            rows.vif_id.push(happening.vif_id);
            rows.event.push(Cow::Borrowed(happening.event));
            rows.subject.push(happening.subject.clone());
            rows.detail.push(happening.detail.clone());
            rows.event_count.push(happening.event_count);
        }
        self.events_proposed = self.events.len();
        rows
    }

    /// Note something for the next `propose_events`.
    pub fn happened(&mut self, happening: Happening) {
        self.events.push(happening);
    }

    /// Whether there is anything to propose besides a sweep.
    pub fn has_news(&self) -> bool {
        !self.dirty.is_empty()
            || !self.departures.is_empty()
            || !self.events.is_empty()
            || self.counters.has_last_readings()
    }

    /// All that was proposed since the last commit or discard was written for good.
    pub fn commit(&mut self) {
        for (id, written) in self.proposed.drain() {
            if let Some(vif) = self.vifs.get_mut(&id) {
                vif.written = Some(written);
            } else if let Some((_, vif)) = self.remembered.get_mut(&id) {
                vif.written = Some(written);
            }
        }
        self.dirty.clear();
        self.departures.drain(..self.departures_proposed);
        self.departures_proposed = 0;
        self.events.drain(..self.events_proposed);
        self.events_proposed = 0;
        if let Some(look) = self.look_proposed.take() {
            self.look = Some(look);
        }
        self.counters.commit();
    }

    /// Nothing that was proposed was written; all of it will be proposed again.
    pub fn discard(&mut self) {
        self.proposed.clear();
        self.departures_proposed = 0;
        self.events_proposed = 0;
        self.counters.discard();
    }

    /// Both ends of a pair are born together: one whose birth nobody saw was born with its peer.
    pub(crate) fn settle_births(&mut self) {
        let born: Vec<(u64, i64)> = self
            .dirty
            .iter()
            .filter_map(|id| {
                let vif = self.vifs.get(id)?;
                if !matches!(vif.appeared, Appeared::Unseen(_)) || vif.written.is_some() {
                    return None;
                }
                Some((vif.id, self.peer_of(vif)?.born_time()?))
            })
            .collect();
        for (id, time) in born {
            if let Some(vif) = self.vifs.get_mut(&id) {
                vif.appeared = Appeared::Born(time);
            }
        }
    }
}

/// The next row of a VIF, or none where its state is as written.
fn next_row(vif: &Vif, state: State, now_ns: i64, restate: bool) -> Option<(Moment, Written)> {
    let (time, valid_from_time, change) = match &vif.written {
        None => (vif.changed_time, vif.begin_time(), vif.first_change()),
        Some(written) if written.state == state => {
            if !restate {
                return None;
            }
            (now_ns, written.valid_from_time, "restated")
        }
        Some(written) => {
            let moved = match written.namespace {
                Some(cookie) => cookie != vif.namespace,
                None => written.state.namespace != state.namespace,
            };
            let change = if moved {
                "moved"
            } else if written.state.ifname != state.ifname {
                "renamed"
            } else {
                "changed"
            };
            let is_settling = vif.appeared != Appeared::Before
                && vif.changed_time - vif.first_seen_time <= SETTLING_NS;
            let valid_from = if is_settling {
                vif.begin_time()
            } else {
                vif.changed_time
            };
            (vif.changed_time, valid_from, change)
        }
    };
    let moment = Moment {
        time,
        vif_id: vif.id,
        valid_from_time,
        change,
        born_time: vif.born_time(),
        gone_time: None,
    };
    let written = Written {
        state,
        valid_from_time,
        namespace: Some(vif.namespace),
    };
    Some((moment, written))
}
