//! Batches as text: what each type looks like in JSON lines and in CSV.
#![allow(clippy::unwrap_used)]

use arrow_array::RecordBatch;
use columns::generated::flows;
use columns::text::{Form, Printer, Shown, Wanted};
use columns::wide;
use wire::rows::{in_if_meaning, sampling_origin, source_kind, Flows};

const V4: [u8; 16] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 1];
const V6: [u8; 16] = [0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];

fn batch() -> RecordBatch {
    let mut rows = Flows {
        rows: 3,
        ..Flows::default()
    };
    rows.time.extend(0, [0, 1, 2_000_000_000].into_iter());
    rows.vif_id.set(1, 0xabc);
    rows.source_kind.repeat(0, 3, source_kind::NETFLOW9);
    rows.src_address.extend(0, [V4, V6].into_iter());
    rows.src_mac.set(0, 0x0200_0000_00ff);
    rows.sampling_rate
        .extend(0, [64.0, 0.5, f64::NAN].into_iter());
    rows.sampling_origin.repeat(0, 3, sampling_origin::UNKNOWN);
    rows.in_if_meaning.extend(
        0,
        [in_if_meaning::NONE, in_if_meaning::MULTIPLE].into_iter(),
    );
    rows.mpls_labels.set(1, vec![16, 1_048_575]);
    rows.raw_elements
        .set(2, vec![(0, 82, vec![0xab]), (6_876, 880, vec![])]);
    wide::batch(&flows::schema(), flows::arrays(rows), 3).unwrap()
}

const COLUMNS: [(&str, Shown); 11] = [
    ("time", Shown::AsNumber),
    ("vif_id", Shown::AsId),
    ("source_kind", Shown::AsNumber),
    ("src_address", Shown::AsNumber),
    ("src_port", Shown::AsNumber),
    ("src_mac", Shown::AsMac),
    ("sampling_rate", Shown::AsNumber),
    ("sampling_origin", Shown::AsNumber),
    ("in_if_meaning", Shown::AsNumber),
    ("mpls_labels", Shown::AsNumber),
    ("raw_elements", Shown::AsNumber),
];

fn printed(form: Form) -> Vec<String> {
    let columns = COLUMNS
        .iter()
        .map(|(name, shown)| Wanted {
            name: (*name).to_owned(),
            shown: *shown,
        })
        .collect();
    let printer = Printer::new(form, columns);
    let mut out = printer.header();
    printer.rows(&batch(), &mut out).unwrap();
    String::from_utf8(out)
        .unwrap()
        .lines()
        .map(str::to_owned)
        .collect()
}

#[test]
fn json_lines_have_every_key_and_null_for_what_is_missing() {
    assert_eq!(
        printed(Form::Json),
        [
            concat!(
                r#"{"time":"1970-01-01T00:00:00.000000000Z","vif_id":null,"source_kind":"netflow9","#,
                r#""src_address":"192.0.2.1","src_port":null,"src_mac":"02:00:00:00:00:ff","sampling_rate":64,"#,
                r#""sampling_origin":"unknown","in_if_meaning":null,"mpls_labels":null,"raw_elements":null}"#
            ),
            concat!(
                r#"{"time":"1970-01-01T00:00:00.000000001Z","vif_id":"0000000000000abc","source_kind":"netflow9","#,
                r#""src_address":"2001:db8::1","src_port":null,"src_mac":null,"sampling_rate":0.5,"#,
                r#""sampling_origin":"unknown","in_if_meaning":"multiple","mpls_labels":[16,1048575],"raw_elements":null}"#
            ),
            concat!(
                r#"{"time":"1970-01-01T00:00:02.000000000Z","vif_id":null,"source_kind":"netflow9","#,
                r#""src_address":null,"src_port":null,"src_mac":null,"sampling_rate":null,"#,
                r#""sampling_origin":"unknown","in_if_meaning":null,"mpls_labels":null,"#,
                r#""raw_elements":{"0/82":"ab","6876/880":""}}"#
            ),
        ]
    );
}

#[test]
fn csv_has_a_line_of_names_and_quotes_what_needs_them() {
    assert_eq!(
        printed(Form::Csv),
        [
            "time,vif_id,source_kind,src_address,src_port,src_mac,sampling_rate,sampling_origin,in_if_meaning,mpls_labels,raw_elements",
            "1970-01-01T00:00:00.000000000Z,,netflow9,192.0.2.1,,02:00:00:00:00:ff,64,unknown,,,",
            r#"1970-01-01T00:00:00.000000001Z,0000000000000abc,netflow9,2001:db8::1,,,0.5,unknown,multiple,"[16,1048575]","#,
            r#"1970-01-01T00:00:02.000000000Z,,netflow9,,,,,unknown,,,"{""0/82"":""ab"",""6876/880"":""""}""#,
        ]
    );
}
