//! Records of option data as the exporter told them.

/// One record of option data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportedOption {
    pub exporter: [u8; 16],
    pub observation_domain_id: u32,
    /// One of `wire::rows::source_kind`.
    pub source_kind: u8,
    pub received_ns: i64,
    pub template_id: u16,
    /// (enterprise, element, bytes).
    pub scope: Vec<(u32, u16, Vec<u8>)>,
    pub fields: Vec<(u32, u16, Vec<u8>)>,
}
