//! What it costs to print rows: `cargo run --release -p columns --example text_speed`.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use columns::generated::flows;
use columns::text::{Form, Printer, Shown, Wanted};
use columns::wide;
use wire::rows::{sampling_origin, source_kind, Flows};

const ROWS: usize = 65_536;

/// Processor time of this process so far, ns: others on the machine do not count.
fn cpu_ns() -> f64 {
    let text = std::fs::read_to_string("/proc/self/schedstat").unwrap();
    text.split_whitespace().next().unwrap().parse().unwrap()
}

fn main() {
    let mut rows = Flows {
        rows: ROWS,
        ..Flows::default()
    };
    let numbers = || (0..ROWS).map(|row| row.wrapping_mul(2_654_435_761) >> 3);
    let address = |row: usize| {
        let mut address = [0; 16];
        address[10..12].copy_from_slice(&[0xff, 0xff]);
        address[12..].copy_from_slice(&(row as u32).to_be_bytes());
        address
    };
    for times in [
        &mut rows.time,
        &mut rows.received_time,
        &mut rows.flow_start_time,
        &mut rows.flow_end_time,
    ] {
        times.extend(
            0,
            numbers().map(|number| 1_795_356_000_000_000_000 + number as i64),
        );
    }
    for column in [
        &mut rows.bytes,
        &mut rows.packets,
        &mut rows.skb_bytes,
        &mut rows.duration_ns,
        &mut rows.vif_id,
    ] {
        column.extend(0, numbers().map(|number| number as u64 & 0xfffff));
    }
    for column in [
        &mut rows.observation_domain_id,
        &mut rows.sequence_number,
        &mut rows.in_if_index,
        &mut rows.out_if_index,
        &mut rows.src_as,
        &mut rows.dst_as,
    ] {
        column.extend(0, numbers().map(|number| number as u32 & 0xffff));
    }
    for column in [
        &mut rows.exporter_address,
        &mut rows.src_address,
        &mut rows.dst_address,
        &mut rows.next_hop,
    ] {
        column.extend(0, numbers().map(address));
    }
    for column in [&mut rows.src_port, &mut rows.dst_port, &mut rows.tcp_flags] {
        column.extend(0, numbers().map(|number| number as u16));
    }
    for column in [
        &mut rows.protocol,
        &mut rows.ip_tos,
        &mut rows.src_prefix_length,
        &mut rows.dst_prefix_length,
    ] {
        column.extend(0, numbers().map(|number| number as u8));
    }
    rows.sampling_rate.repeat(0, ROWS, 64.0);
    rows.sampling_origin
        .repeat(0, ROWS, sampling_origin::ANNOUNCED);
    rows.source_kind.repeat(0, ROWS, source_kind::IPFIX);
    let batch = wide::batch(&flows::schema(), flows::arrays(rows), ROWS).unwrap();
    let told = batch.num_columns();
    for form in [Form::Json, Form::Csv] {
        let columns = flows::schema()
            .fields()
            .iter()
            .map(|field| Wanted {
                name: field.name().clone(),
                shown: if field.name().ends_with("vif_id") {
                    Shown::AsId
                } else {
                    Shown::AsNumber
                },
            })
            .collect();
        let printer = Printer::new(form, columns);
        let mut out = Vec::new();
        let mut best = f64::MAX;
        let mut bytes = 0;
        for _ in 0..9 {
            let start = cpu_ns();
            bytes = 0;
            for row in (0..ROWS).step_by(512) {
                out.clear();
                printer.rows(&batch.slice(row, 512), &mut out).unwrap();
                bytes += out.len();
            }
            best = best.min(cpu_ns() - start);
        }
        println!(
            "{form:?}: {:.0} ns a row, {:.2} M rows/s, {} bytes a row, {told} columns told",
            best / ROWS as f64,
            ROWS as f64 / best * 1e3,
            bytes / ROWS
        );
    }
}
