//! Capture files through the decoder of exports, as one stream.

use std::collections::{HashSet, VecDeque};
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::ArrowError;
use captures::{Counts, Step, Stream};
use columns::generated::{exporters, flows};
use columns::wide;
use exports::{Decoder, ExportedOption, Settings, Source};

use super::errors::{Errors, SAMPLE_BYTES};
use super::kind::Kind;
use super::origin::{Origin, Origins};
use super::{options, pipe};

/// Bytes of datagrams after which the decoder's rows of the smaller kinds are taken, and time goes on for it. Hostile datagrams
/// make rows of some sixty times their size.
const TIDY_AFTER: usize = 1 << 20;

/// Faults that are kept between two takes: as many as datagrams can be parked.
const MOST_FAULTS: usize = 400_000;

/// Rows of errors and of options in a batch.
const FEW_ROWS: usize = 8_192;

/// What is decoded, and what is wanted of it.
#[derive(Debug)]
pub struct Plan {
    pub files: Vec<PathBuf>,
    pub kind: Kind,
    /// Ports that datagrams are sent to; empty for any.
    pub ports: HashSet<u16>,
    /// Rows of flows in a batch, at least about.
    pub rows: usize,
    pub decoder: Settings,
}

/// What a session has next.
#[derive(Debug)]
pub enum Next {
    Batch(RecordBatch),
    /// A moment to look for signals: nothing is lost when the call is made again.
    Pause,
    End,
}

/// Captures being decoded.
pub struct Session {
    plan: Plan,
    stream: Stream,
    decoder: Decoder,
    /// Files that were begun.
    begun: usize,
    is_in_file: bool,
    is_pipe: bool,
    has_ended: bool,
    other_port_datagrams: u64,
    datagrams: u64,
    untidy_bytes: usize,
    /// Batches of the smaller kinds.
    ready: VecDeque<RecordBatch>,
    options: Vec<ExportedOption>,
    errors: Errors,
    origins: Origins,
    names: Vec<Arc<str>>,
    failures: Vec<(String, String)>,
    exporters: Totals,
}

/// What the decoder made of the datagrams.
#[derive(Debug, Default, Clone, Copy)]
pub struct Totals {
    pub decoded_datagrams: u64,
    pub undecodable_datagrams: u64,
    pub template_missing_datagrams: u64,
    pub missed: u64,
    pub flows: u64,
    pub unknown_rate_flows: u64,
    pub exporters: u64,
}

impl Session {
    pub fn new(mut plan: Plan) -> Session {
        plan.decoder.keep_options = plan.kind == Kind::Options;
        plan.decoder.fault_sample_bytes = SAMPLE_BYTES;
        if plan.kind == Kind::Errors {
            plan.decoder.most_faults = MOST_FAULTS;
        }
        let names = plan
            .files
            .iter()
            .map(|path| Arc::from(path.to_string_lossy()))
            .collect();
        Session {
            stream: Stream::default(),
            decoder: Decoder::new(plan.decoder.clone(), 0),
            begun: 0,
            is_in_file: false,
            is_pipe: false,
            has_ended: false,
            other_port_datagrams: 0,
            datagrams: 0,
            untidy_bytes: 0,
            ready: VecDeque::new(),
            options: Vec::new(),
            errors: Errors::default(),
            origins: Origins::default(),
            names,
            failures: Vec::new(),
            exporters: Totals::default(),
            plan,
        }
    }

    /// The next batch.
    ///
    /// # Errors
    /// Rows do not fit the schema of their kind, which is a flaw of the program.
    pub fn next(&mut self) -> Result<Next, ArrowError> {
        while !self.has_ended {
            if !self.is_in_file && !self.begin_file() {
                self.end()?;
                break;
            }
            // Whoever watches a live capture wants to see what is there before more is waited for.
            if self.is_pipe && !self.stream.is_ready() {
                self.tidy()?;
                if let Some(batch) = self.batch(1)? {
                    return Ok(Next::Batch(batch));
                }
            }
            match self.stream.step() {
                Ok(Step::Datagram(datagram)) => {
                    let is_wanted = self.plan.ports.is_empty()
                        || self.plan.ports.contains(&datagram.destination.port);
                    if !is_wanted {
                        self.other_port_datagrams += 1;
                        continue;
                    }
                    self.datagrams += 1;
                    let source = Source {
                        address: datagram.source.address,
                        port: datagram.source.port,
                        listener: 0,
                    };
                    let time_ns = datagram.time_ns;
                    self.untidy_bytes += datagram.payload.len();
                    self.decoder.datagram(source, time_ns, datagram.payload);
                    if self.plan.kind == Kind::Errors {
                        let origin = Origin {
                            file: self.begun - 1,
                            packet: datagram.packet,
                        };
                        self.take_errors(Some((time_ns, origin)));
                    }
                    if self.plan.kind == Kind::Options {
                        self.options.append(&mut self.decoder.take_options());
                    }
                    if self.untidy_bytes >= TIDY_AFTER {
                        self.decoder.tick(time_ns);
                        self.tidy()?;
                    }
                    if let Some(batch) = self.batch(self.plan.rows)? {
                        return Ok(Next::Batch(batch));
                    }
                }
                Ok(Step::Pause) => return Ok(Next::Pause),
                Ok(Step::EndOfFile) => self.is_in_file = false,
                Err(failure) if failure.is_interruption() => return Ok(Next::Pause),
                Err(failure) => {
                    self.is_in_file = false;
                    self.failed(failure.to_string());
                }
            }
        }
        Ok(self.batch(1)?.map_or(Next::End, Next::Batch))
    }

    /// Files that could not be read to their end, and why, since the last call.
    pub fn take_failures(&mut self) -> Vec<(String, String)> {
        std::mem::take(&mut self.failures)
    }

    pub fn counts(&self) -> Counts {
        self.stream.counts()
    }

    pub fn totals(&self) -> Totals {
        self.exporters
    }

    pub fn kind(&self) -> Kind {
        self.plan.kind
    }

    /// Datagrams that were given to the decoder.
    pub fn datagrams(&self) -> u64 {
        self.datagrams
    }

    /// Datagrams to ports that were not asked for.
    pub fn other_port_datagrams(&self) -> u64 {
        self.other_port_datagrams
    }

    /// Bytes of all files together; `None` if one of them is a pipe or cannot be asked.
    pub fn size(&self) -> Option<u64> {
        self.plan
            .files
            .iter()
            .map(|path| fs::metadata(path).ok().filter(fs::Metadata::is_file))
            .map(|found| found.map(|found| found.len()))
            .sum()
    }

    /// Begin the next file that can be opened.
    fn begin_file(&mut self) -> bool {
        while let Some(path) = self.plan.files.get(self.begun) {
            self.begun += 1;
            match pipe::open(path) {
                Ok(opened) => {
                    self.stream.begin(opened.source);
                    self.is_pipe = opened.is_pipe;
                    self.is_in_file = true;
                    return true;
                }
                Err(error) => self.failed(error.to_string()),
            }
        }
        false
    }

    fn failed(&mut self, reason: String) {
        let file = self.names[self.begun - 1].to_string();
        self.failures.push((file, reason));
    }

    /// Nothing more is read, or wanted: what is parked is decoded as far as it goes, and the totals are made.
    ///
    /// # Errors
    /// As of [`Session::next`].
    pub fn end(&mut self) -> Result<(), ArrowError> {
        if self.has_ended {
            return Ok(());
        }
        self.has_ended = true;
        self.stream.finish();
        self.decoder.finish();
        self.tidy()?;
        self.take_errors(None);
        let accounts: exporters::Rows = self.decoder.take_exporters(0);
        let sum = |counts: &[u64]| counts.iter().sum();
        self.exporters = Totals {
            decoded_datagrams: sum(&accounts.decoded_datagrams_count),
            undecodable_datagrams: sum(&accounts.undecodable_datagrams_count),
            template_missing_datagrams: sum(&accounts.parked_dropped_datagrams_count),
            missed: sum(&accounts.missed_count),
            flows: sum(&accounts.flows_count),
            unknown_rate_flows: sum(&accounts.unknown_rate_flows_count),
            exporters: accounts.exporter_address.len() as u64,
        };
        Ok(())
    }

    /// Take what the decoder has of the smaller kinds; nobody else bounds them.
    fn tidy(&mut self) -> Result<(), ArrowError> {
        self.untidy_bytes = 0;
        let decoder = &mut self.decoder;
        let (counters, drops, hosts) = (
            decoder.take_counters(),
            decoder.take_drops(),
            decoder.take_hosts(),
        );
        self.options.append(&mut decoder.take_options());
        let _ = decoder.take_inventory(0, false);
        if self.plan.kind != Kind::Flows {
            let _ = decoder.take_flows();
        }
        if self.plan.kind != Kind::Errors {
            let _ = decoder.take_faults();
        }
        let batch = match self.plan.kind {
            Kind::Flows | Kind::Errors | Kind::Options => return Ok(()),
            Kind::Counters => super::counters::batch(counters, &self.decoder)?,
            Kind::Drops => drops.into_batch()?,
            Kind::Hosts => hosts.into_batch()?,
        };
        if batch.num_rows() > 0 {
            self.ready.push_back(batch);
        }
        Ok(())
    }

    /// Take the faults of the datagram that was just decoded, or of earlier ones that were parked.
    fn take_errors(&mut self, now: Option<(i64, Origin)>) {
        if self.plan.kind != Kind::Errors {
            return;
        }
        let faults = self.decoder.take_faults();
        if let Some((time_ns, origin)) = now {
            self.origins.add(time_ns, origin);
        }
        for fault in faults {
            let origin = match now {
                Some((time_ns, origin)) if fault.received_ns == time_ns => Some(origin),
                _ => self.origins.of(fault.received_ns),
            };
            let place = origin.map(|origin| (Arc::clone(&self.names[origin.file]), origin));
            self.errors.add(fault, place);
        }
    }

    /// A batch of the kind that is wanted: what is ready, or what there is of it if that is `least` rows or more.
    fn batch(&mut self, least: usize) -> Result<Option<RecordBatch>, ArrowError> {
        Ok(match self.plan.kind {
            Kind::Flows if self.decoder.flows_rows() >= least => {
                let flows = self.decoder.take_flows();
                let rows = flows.rows;
                Some(wide::batch(&flows::schema(), flows::arrays(flows), rows)?)
            }
            Kind::Errors if self.errors.len() >= least.min(FEW_ROWS) => {
                Some(self.errors.take_batch()?)
            }
            Kind::Options if self.options.len() >= least.min(FEW_ROWS) => {
                Some(options::batch(&std::mem::take(&mut self.options))?)
            }
            _ => self.ready.pop_front(),
        })
    }
}
