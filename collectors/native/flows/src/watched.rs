//! Which VIF an interface number meant at a time.

use std::collections::HashMap;

/// How long it is remembered whose a number was, ns: longer than anything is on its way from the kernel.
const REMEMBERED_NS: i64 = 600_000_000_000;

/// One VIF under a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Span {
    vif_id: u64,
    since_ns: i64,
    until_ns: Option<i64>,
}

/// Interface numbers of one namespace over time; a number is given again when its interface is gone.
#[derive(Debug, Default)]
pub struct Watched {
    spans: HashMap<u32, Vec<Span>>,
}

impl Watched {
    /// From now on the number means this VIF.
    pub fn begin(&mut self, ifindex: u32, vif_id: u64, now_ns: i64) {
        self.end(ifindex, now_ns);
        let spans = self.spans.entry(ifindex).or_default();
        spans.push(Span {
            vif_id,
            since_ns: now_ns,
            until_ns: None,
        });
    }

    /// From now on the number means nothing.
    pub fn end(&mut self, ifindex: u32, now_ns: i64) {
        let open = self
            .spans
            .get_mut(&ifindex)
            .and_then(|spans| spans.last_mut());
        if let Some(span) = open.filter(|span| span.until_ns.is_none()) {
            span.until_ns = Some(now_ns);
        }
    }

    /// Whose packet it was that was seen at a number at a time; 0 for nobody's.
    ///
    /// A program's first packets may be older than the note that it was attached, so the first span reaches back.
    pub fn vif_at(&self, ifindex: u32, time_ns: i64) -> u64 {
        let Some(spans) = self.spans.get(&ifindex) else {
            return 0;
        };
        spans
            .iter()
            .rev()
            .find(|span| span.since_ns <= time_ns)
            .or(spans.first())
            .map_or(0, |span| span.vif_id)
    }

    /// Which VIF it is now.
    pub fn vif_of(&self, ifindex: u32) -> Option<u64> {
        let span = self.spans.get(&ifindex)?.last()?;
        span.until_ns.is_none().then_some(span.vif_id)
    }

    /// Of VIFs that were not watched all the time since an instant: since when and until when they were.
    pub fn parts_since(&self, instant_ns: i64) -> HashMap<u64, (i64, i64)> {
        let mut found: HashMap<u64, (i64, i64)> = HashMap::new();
        for span in self.spans.values().flatten() {
            let until_ns = span.until_ns.unwrap_or(i64::MAX);
            // It may be watched again, under the same number or another.
            let known = found
                .entry(span.vif_id)
                .or_insert((span.since_ns, until_ns));
            *known = (known.0.min(span.since_ns), known.1.max(until_ns));
        }
        found.retain(|_, (since_ns, until_ns)| *since_ns > instant_ns || *until_ns < i64::MAX);
        found
    }

    /// Numbers that mean a VIF now, each with it.
    pub fn now(&self) -> Vec<(u32, u64)> {
        self.spans
            .keys()
            .filter_map(|ifindex| Some((*ifindex, self.vif_of(*ifindex)?)))
            .collect()
    }

    /// Drop what nobody asks for any more.
    pub fn forget(&mut self, now_ns: i64) {
        self.spans.retain(|_, spans| {
            spans.retain(|span| {
                span.until_ns
                    .is_none_or(|until_ns| now_ns - until_ns < REMEMBERED_NS)
            });
            !spans.is_empty()
        });
    }
}
