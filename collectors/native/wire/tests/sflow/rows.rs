//! Rows as texts, so that tests can compare whole ones.

use wire::sflow::Output;

/// Names and values of one row, without those that are missing.
pub fn row(out: &Output, row: usize) -> Vec<(&'static str, String)> {
    let mut values = Vec::new();
    macro_rules! collect {
        ($($column:ident),*) => {
            $(if let Some(value) = out.flows.$column.get(row) {
                values.push((stringify!($column), format!("{value:?}")));
            })*
        };
    }
    columns!(collect);
    values
}

/// All rows.
pub fn rows(out: &Output) -> Vec<Vec<(&'static str, String)>> {
    (0..out.flows.rows).map(|index| row(out, index)).collect()
}

/// One value of a row; empty where it is missing.
pub fn value(out: &Output, index: usize, name: &str) -> String {
    row(out, index)
        .into_iter()
        .find_map(|(column, value)| (column == name).then_some(value))
        .unwrap_or_default()
}

/// Fails where a column has more rows than are complete, so that one is half written.
pub fn assert_whole(out: &Output) {
    let rows = out.flows.rows;
    macro_rules! check {
        ($($column:ident),*) => {
            $(assert!(
                out.flows.$column.len() <= rows,
                "{} has {} rows of {rows}",
                stringify!($column),
                out.flows.$column.len(),
            );)*
        };
    }
    columns!(check);
    assert_eq!(out.observed.len(), rows);
}
