//! The kinds of rows that can be asked for, and their schemas.

use std::sync::Arc;

use arrow_schema::{ArrowError, SchemaRef};
use columns::generated::{counters, drops, flows, hosts};

use super::{errors, options};

/// A kind of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Flows,
    Counters,
    Drops,
    Hosts,
    /// Records of option data, as the exporter told them.
    Options,
    /// What could not be decoded.
    Errors,
}

impl Kind {
    /// The kind of this name.
    pub fn of(name: &str) -> Option<Kind> {
        Some(match name {
            flows::NAME => Kind::Flows,
            counters::NAME => Kind::Counters,
            drops::NAME => Kind::Drops,
            hosts::NAME => Kind::Hosts,
            "options" => Kind::Options,
            "errors" => Kind::Errors,
            _ => return None,
        })
    }

    /// All columns that its rows may have.
    pub fn schema(self) -> SchemaRef {
        match self {
            Kind::Flows => flows::schema(),
            Kind::Counters => super::counters::schema(),
            Kind::Drops => drops::schema(),
            Kind::Hosts => hosts::schema(),
            Kind::Options => options::schema(),
            Kind::Errors => errors::schema(),
        }
    }

    /// The schema of some of the columns, in this order.
    ///
    /// # Errors
    /// There is no column of that name.
    pub fn projected(self, names: &[String]) -> Result<SchemaRef, ArrowError> {
        let schema = self.schema();
        let indices = names.iter().map(|name| schema.index_of(name));
        let indices = indices.collect::<Result<Vec<_>, _>>()?;
        Ok(Arc::new(schema.project(&indices)?))
    }
}
