//! From the table to encoded messages.

use std::collections::{HashMap, HashSet};

use columns::decode;
use columns::generated::{counters, inventory};
use columns::message::{encode, Message};
use probes::{Failure, Kind, NamespacePlace};
use vifs::{Look, NamespaceReading};
use wire::hex::hex;

use crate::watch::Watch;

/// Keys of the metadata in the schema of each counters message: what the next run must know to tell births from the past.
const BOOT: &str = "viflux.boot_id";
const LOOK_TIME: &str = "viflux.look_time_ns";
const HIGHEST_INODE: &str = "viflux.highest_inode";
const INCARNATION: &str = "viflux.incarnation";

/// A sweep's messages, and until when they tell all.
#[derive(Debug, Default)]
pub struct SweepHandover {
    pub messages: Vec<Message>,
    /// The earliest reading: everything before it is in these or earlier messages. 0 if nothing was read.
    pub watermark_ns: i64,
    /// Namespaces that could not be read.
    pub unread: usize,
}

impl Watch {
    /// Put back what an earlier run wrote, oldest message first. Returns how many rows were of this boot.
    pub fn restore(
        &mut self,
        inventory: &[Vec<u8>],
        counters: &[Vec<u8>],
        is_newest: bool,
    ) -> Result<(usize, usize), String> {
        let boot_id = hex(&self.boot.boot_id);
        let (mut states, mut readings) = (0, 0);
        let mut look = None;
        let mut incarnation = 0;
        for payload in counters.iter().filter(|_| is_newest) {
            let decoded = decode::counters(payload).map_err(|error| error.to_string())?;
            if decoded.metadata.get(BOOT) != Some(&boot_id) {
                continue;
            }
            let number = |key| decoded.metadata.get(key).and_then(|text| text.parse().ok());
            if let (Some(time_ns), Some(highest_inode)) = (
                number(LOOK_TIME).and_then(|time: u64| i64::try_from(time).ok()),
                number(HIGHEST_INODE),
            ) {
                look = Some(Look {
                    time_ns,
                    highest_inode,
                });
            }
            incarnation = incarnation.max(number(INCARNATION).unwrap_or(0));
            readings += decoded.rows.len();
            self.table.restore_counters(&decoded.rows);
        }
        for payload in inventory {
            let decoded = decode::inventory(payload).map_err(|error| error.to_string())?;
            if decoded.metadata.get(BOOT) != Some(&boot_id) {
                continue;
            }
            incarnation = incarnation.max(
                decoded
                    .metadata
                    .get(INCARNATION)
                    .and_then(|text| text.parse().ok())
                    .unwrap_or(0),
            );
            states += decoded.rows.len();
            self.table.restore_inventory(&decoded.rows);
        }
        if !is_newest {
            self.table.restore_without_counters();
        }
        self.table.restore_look(look, incarnation);
        Ok((states, readings))
    }

    /// Messages of VIFs that changed, or with `whole` of all.
    pub fn inventory(&mut self, now_ns: i64, whole: bool) -> Result<Vec<Message>, String> {
        let rows: inventory::Rows = self.table.propose_inventory(now_ns, whole);
        let batch = rows.into_batch().map_err(|error| error.to_string())?;
        encode(&batch, &self.metadata()).map_err(|error| error.to_string())
    }

    /// Messages of what happened.
    pub fn events(&mut self) -> Result<Vec<Message>, String> {
        let batch = self
            .table
            .propose_events()
            .into_batch()
            .map_err(|error| error.to_string())?;
        encode(&batch, &HashMap::new()).map_err(|error| error.to_string())
    }

    /// Messages of the last readings of VIFs that ended.
    pub fn last_readings(&mut self) -> Result<Vec<Message>, String> {
        let rows = self.table.propose_last_readings();
        self.counters_messages(rows)
    }

    /// Read all counters; `at_home` is called right after those of the agent's own namespace were read, with the time.
    pub fn sweep(&mut self, mut at_home: impl FnMut(i64)) -> Result<SweepHandover, String> {
        self.take_in().map_err(|failure| failure.to_string())?;
        let mut cookies: Vec<u64> = self.places.keys().copied().collect();
        cookies.sort_unstable();
        let places: Vec<NamespacePlace> = cookies
            .iter()
            .filter_map(|cookie| self.places.get(cookie).cloned())
            .collect();
        let mut sweep = std::mem::take(&mut self.sweep);
        sweep.read_with(&self.home, &places, true, |position, time_ns| {
            if places[position].is_home {
                at_home(time_ns);
            }
        });
        // A link that came or went since the events were read: its reading may be another device's.
        let applied = self.apply_events().map_err(|failure| failure.to_string())?;
        let mut unread = 0;
        let mut failures: Vec<(String, Failure)> = Vec::new();
        let mut readings = Vec::new();
        for reading in &sweep.readings {
            if let Some(failure) = &reading.failure {
                if failure.kind == Kind::Gone {
                    self.want_scan();
                } else {
                    unread += 1;
                    failures.push((places[reading.place].name(), failure.clone()));
                }
            }
            if reading.cookie != 0 && reading.time_ns != 0 {
                readings.push(NamespaceReading {
                    namespace: reading.cookie,
                    time_ns: reading.time_ns,
                    links: &sweep.links[reading.links.clone()],
                    qdiscs: &sweep.qdiscs[reading.qdiscs.clone()],
                });
            }
        }
        let touched: HashSet<_> = applied.turned_over;
        let proposal = self.table.propose_counters(&readings, &touched);
        let watermark_ns = readings
            .iter()
            .map(|reading| reading.time_ns)
            .min()
            .unwrap_or(0);
        self.sweep = sweep;
        self.stale.extend(proposal.stale);
        self.counts.unread_namespaces += unread as u64;
        for (name, failure) in failures {
            self.problem(&name, &failure);
        }
        Ok(SweepHandover {
            messages: self.counters_messages(proposal.rows)?,
            watermark_ns,
            unread,
        })
    }

    fn counters_messages(&self, rows: counters::Rows) -> Result<Vec<Message>, String> {
        let batch = rows.into_batch().map_err(|error| error.to_string())?;
        encode(&batch, &self.metadata()).map_err(|error| error.to_string())
    }

    fn metadata(&self) -> HashMap<String, String> {
        let (look, incarnation) = self.table.look();
        let mut metadata = HashMap::from([
            (BOOT.to_owned(), hex(&self.boot.boot_id)),
            (INCARNATION.to_owned(), incarnation.to_string()),
        ]);
        if let Some(look) = look {
            metadata.insert(LOOK_TIME.to_owned(), look.time_ns.to_string());
            metadata.insert(HIGHEST_INODE.to_owned(), look.highest_inode.to_string());
        }
        metadata
    }
}
