//! `ExportListener`: the Python face of a source of exports.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use exports::{ByteLayer, Direction, Extent, Interfaces, Known, LocalInterface, Settings};
use pyo3::exceptions::{PyOSError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::listener::{Listener, Plan};
use crate::payload::{views, Viewed};

/// One entry of `exporters.known`, read from attributes of the same names.
#[derive(Debug, FromPyObject)]
pub struct KnownExporter {
    address: String,
    port: Option<u16>,
    domain: Option<u32>,
    interface: Option<u32>,
    sampling_rate: Option<f64>,
    interfaces: Option<String>,
    ifname: Option<String>,
    direction: Option<String>,
    byte_layer: Option<String>,
    name: Option<String>,
}

/// A source of flow exports: its sockets, the threads that receive and decode, and what waits to be handed over.
#[pyclass(frozen, module = "collectors._native")]
pub struct ExportListener(Mutex<Listener>);

/// What one call of `take` hands over.
#[pyclass(frozen, get_all, module = "collectors._native")]
pub struct Handed {
    messages: Vec<(String, Vec<Viewed>)>,
    is_partial: bool,
    settled_time_ns: i64,
    state: Option<Py<PyBytes>>,
    problems: Vec<(String, String, String, u64)>,
    lost: Vec<(String, u64, u64)>,
    decoded_datagrams: u64,
    flows: u64,
}

/// What is known of a listener at this instant.
#[pyclass(frozen, get_all, module = "collectors._native")]
pub struct ListenerStatus {
    addresses: Vec<String>,
    receive_buffers: Vec<usize>,
    received: Vec<u64>,
    received_bytes: Vec<u64>,
    refused: Vec<u64>,
    shed: Vec<u64>,
    cut: Vec<u64>,
    socket_dropped: Vec<u64>,
    queued_bytes: usize,
    waiting_bytes: usize,
    receive_errors: u64,
    receive_cpu_ns: u64,
    decode_cpu_ns: u64,
    encode_cpu_ns: u64,
    parked: u64,
    flows: u64,
    unknown_rate_flows: u64,
}

impl ExportListener {
    fn listener(&self) -> MutexGuard<'_, Listener> {
        self.0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

#[pymethods]
impl ExportListener {
    // Keyword-only in Python, so each has its name at the call.
    #[allow(clippy::too_many_arguments)]
    #[new]
    #[pyo3(signature = (
        *, stream, listen, sockets=1, receive_buffer=16 << 20, queue_bytes=32 << 20, allow=Vec::new(), site=String::new(),
        known=Vec::new(), park_bytes=32 << 20, park_time_ns=60_000_000_000, max_exporters=4_096, max_templates=1_024,
        raw_elements=false
    ))]
    fn new(
        py: Python<'_>,
        stream: String,
        listen: Vec<(String, u16)>,
        sockets: usize,
        receive_buffer: usize,
        queue_bytes: usize,
        allow: Vec<(String, u8)>,
        site: String,
        known: Vec<KnownExporter>,
        park_bytes: usize,
        park_time_ns: i64,
        max_exporters: usize,
        max_templates: usize,
        raw_elements: bool,
    ) -> PyResult<Self> {
        let plan = Plan {
            stream,
            listen: listen
                .iter()
                .map(|(host, port)| socket_address(host, *port))
                .collect::<PyResult<_>>()?,
            sockets,
            receive_buffer,
            queue_bytes,
            allow: allow
                .iter()
                .map(|(address, length)| network(address, *length))
                .collect::<PyResult<_>>()?,
            decoder: Settings {
                site,
                known: known.into_iter().map(known_of).collect::<PyResult<_>>()?,
                park_bytes,
                park_time_ns,
                max_exporters,
                max_templates,
                raw_elements,
                ..Settings::default()
            },
        };
        py.detach(|| Listener::open(plan))
            .map(|listener| Self(Mutex::new(listener)))
            .map_err(|(index, failure)| {
                PyOSError::new_err((failure.errno, failure.to_string(), index))
            })
    }

    #[pyo3(signature = (state, *, accounts=true, numbers=true))]
    fn restore(&self, py: Python<'_>, state: &[u8], accounts: bool, numbers: bool) {
        let extent = match (numbers, accounts) {
            (false, _) => Extent::WithoutNumbers,
            (true, false) => Extent::WithoutAccounts,
            (true, true) => Extent::All,
        };
        py.detach(|| self.listener().restore(state, extent));
    }

    fn addresses(&self) -> Vec<String> {
        self.listener().addresses()
    }

    fn start(&self, py: Python<'_>) -> PyResult<()> {
        py.detach(|| self.listener().start())
            .map_err(|failure| PyOSError::new_err((failure.errno, failure.to_string())))
    }

    #[pyo3(signature = (most_bytes, *, whole=false, patience_ns=500_000_000))]
    fn take(
        &self,
        py: Python<'_>,
        most_bytes: usize,
        whole: bool,
        patience_ns: u64,
    ) -> PyResult<Handed> {
        let patience = Duration::from_nanos(patience_ns);
        let handed = py.detach(|| self.listener().take(most_bytes, whole, patience));
        let totals = handed.totals;
        let messages = handed
            .messages
            .into_iter()
            .map(|(stream, messages)| Ok((stream, views(py, messages)?)))
            .collect::<PyResult<_>>()?;
        Ok(Handed {
            messages,
            is_partial: handed.is_partial,
            settled_time_ns: handed.settled_ns,
            state: handed.saved.map(|saved| PyBytes::new(py, &saved).unbind()),
            problems: handed
                .problems
                .into_iter()
                .map(|(event, subject, detail, count)| (event.to_owned(), subject, detail, count))
                .collect(),
            lost: [
                ("socket", totals.socket_dropped, 0),
                ("shed", totals.shed, 0),
                ("refused", totals.refused, 0),
                ("undecodable", totals.undecodable, 0),
                ("parked", totals.parked_dropped, 0),
                ("exporter_gap", totals.missed_datagrams, totals.missed_flows),
            ]
            .into_iter()
            .map(|(cause, datagrams, flows)| (cause.to_owned(), datagrams, flows))
            .collect(),
            decoded_datagrams: totals.decoded,
            flows: totals.flows,
        })
    }

    fn settle(&self) {
        self.listener().settle();
    }

    fn set_local_vifs(&self, interfaces: Vec<(u32, String, u64)>) {
        let interfaces = interfaces
            .into_iter()
            .map(|(ifindex, ifname, vif_id)| LocalInterface {
                ifindex,
                ifname,
                vif_id,
            })
            .collect();
        self.listener().set_local(interfaces);
    }

    fn status(&self, py: Python<'_>) -> ListenerStatus {
        let status = py.detach(|| self.listener().status());
        let of = |value: fn(&probes::udp_queue::Arrivals) -> u64| {
            status.arrivals.iter().map(value).collect::<Vec<_>>()
        };
        ListenerStatus {
            received: of(|arrivals| arrivals.received),
            received_bytes: of(|arrivals| arrivals.received_bytes),
            refused: of(|arrivals| arrivals.refused),
            shed: of(|arrivals| arrivals.shed),
            cut: of(|arrivals| arrivals.cut),
            socket_dropped: status.dropped.clone(),
            addresses: status.addresses,
            receive_buffers: status.granted_buffers,
            queued_bytes: status.queued_bytes,
            waiting_bytes: status.waiting_bytes,
            receive_errors: status.receive_errors,
            receive_cpu_ns: status.receive_cpu_ns,
            decode_cpu_ns: status.decode_cpu_ns,
            encode_cpu_ns: status.encode_cpu_ns,
            parked: status.totals.parked,
            flows: status.totals.flows,
            unknown_rate_flows: status.totals.unknown_rate_flows,
        }
    }

    fn stop(&self, py: Python<'_>) {
        py.detach(|| self.listener().stop());
    }
}

fn socket_address(host: &str, port: u16) -> PyResult<SocketAddr> {
    // A scope, as in `fe80::1%3`, is known to the parser of socket addresses only.
    let text = if host.contains(':') {
        format!("[{host}]:{port}")
    } else {
        format!("{host}:{port}")
    };
    text.parse()
        .map_err(|_| PyValueError::new_err(format!("{text}: expected an address and a port")))
}

fn address(text: &str) -> PyResult<[u8; 16]> {
    match text.parse::<IpAddr>() {
        Ok(IpAddr::V4(address)) => Ok(address.to_ipv6_mapped().octets()),
        Ok(IpAddr::V6(address)) => Ok(address.octets()),
        Err(_) => Err(PyValueError::new_err(format!(
            "{text}: expected an address"
        ))),
    }
}

fn network(text: &str, length: u8) -> PyResult<([u8; 16], u8)> {
    let bits = if text.contains(':') { 128 } else { 32 };
    if length > bits {
        return Err(PyValueError::new_err(format!(
            "{text}/{length}: expected a prefix of at most {bits} bits"
        )));
    }
    Ok((address(text)?, length + (128 - bits)))
}

/// The entry as the decoder takes it.
pub fn known_of(entry: KnownExporter) -> PyResult<Known> {
    let unknown = |what: &str, value: &str| {
        PyValueError::new_err(format!("{what}: {value:?} is not one of its values"))
    };
    Ok(Known {
        address: address(&entry.address)?,
        port: entry.port,
        domain: entry.domain,
        interface: entry.interface,
        sampling_rate: entry.sampling_rate,
        interfaces: match entry.interfaces.as_deref() {
            None => None,
            Some("own") => Some(Interfaces::Own),
            Some("kernel") => Some(Interfaces::Kernel),
            Some(other) => return Err(unknown("interfaces", other)),
        },
        ifname: entry.ifname,
        direction: match entry.direction.as_deref() {
            None => None,
            Some("told") => Some(Direction::Told),
            Some("unknown") => Some(Direction::Unknown),
            Some(other) => return Err(unknown("direction", other)),
        },
        byte_layer: match entry.byte_layer.as_deref() {
            None => None,
            Some("ip") => Some(ByteLayer::Ip),
            Some("link") => Some(ByteLayer::Link),
            Some(other) => return Err(unknown("byte_layer", other)),
        },
        name: entry.name,
    })
}
