//! Which interface of which exporter a VIF is.

use crate::decoder::Decoder;

/// An interface that an exporter named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportedInterface {
    /// IPv4 mapped into IPv6.
    pub exporter_address: [u8; 16],
    pub observation_domain_id: u32,
    pub if_index: u32,
    /// As told; empty where it was not.
    pub name: String,
}

impl Decoder {
    /// The interface behind a VIF of kind `exported`; `None` for a VIF of this host, and for one that was forgotten.
    pub fn exported_interface(&self, vif_id: u64) -> Option<ExportedInterface> {
        let (place, name) = self.interfaces.place_of(vif_id)?;
        Some(ExportedInterface {
            exporter_address: place.exporter,
            observation_domain_id: place.domain,
            if_index: place.if_index,
            name: name.to_owned(),
        })
    }
}
