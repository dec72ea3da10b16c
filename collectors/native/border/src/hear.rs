//! What the kernel says, in the words of the table: namespaces named by their cookies.

use std::time::Duration;

use probes::dump;
use probes::monitor::{Change as Heard, Event as HeardEvent};
use probes::Failure;
use vifs::{Change, Elsewhere, Event};

use crate::watch::Watch;

/// Events taken in at one go; more wait in the socket.
const MOST_EVENTS: usize = 65_536;
impl Watch {
    /// Append the events that wait, with namespaces named by cookies.
    pub(crate) fn hear(&mut self, events: &mut Vec<Event>) -> Result<(), Failure> {
        let mut heard = Vec::new();
        loop {
            let before = heard.len();
            self.monitor.read(Duration::ZERO, &mut heard)?;
            if heard.len() == before || heard.len() > MOST_EVENTS {
                break;
            }
        }
        self.counts.events += heard.len() as u64;
        for event in heard {
            if let Some(event) = self.translated(event) {
                events.push(event);
            }
        }
        Ok(())
    }

    fn translated(&mut self, event: HeardEvent) -> Option<Event> {
        let HeardEvent {
            nsid,
            time_ns,
            change,
        } = event;
        match &change {
            Heard::Overflow => {
                self.counts.overflows += 1;
                self.is_doubtful = true;
                self.stale.extend(self.places.keys());
                self.want_scan();
                return None;
            }
            Heard::Malformed(_) => {
                self.counts.malformed += 1;
                return None;
            }
            Heard::NewNsid(nsid) => {
                self.require(*nsid);
                return None;
            }
            Heard::Queue(_) => {
                self.stale.extend(self.table.cookie_of(nsid));
                return None;
            }
            Heard::DelNsid(nsid) => {
                self.hopeless.remove(nsid);
                let namespace = self.table.cookie_of(Some(*nsid))?;
                return Some(Event {
                    namespace,
                    time_ns,
                    change: Change::NamespaceGone,
                });
            }
            _ => {}
        }
        let Some(namespace) = self.table.cookie_of(nsid) else {
            if let Some(nsid) = nsid {
                self.require(nsid);
            }
            return None;
        };
        let change = match change {
            Heard::NewLink(link) => {
                if let Some(local) = link.link_netnsid {
                    self.learn_elsewhere(namespace, nsid, local);
                }
                Change::NewLink(link)
            }
            Heard::DelLink(link) => match link.new_netnsid {
                None => Change::DelLink(link),
                Some(local) => {
                    self.learn_elsewhere(namespace, nsid, local);
                    let to = self.table.resolve(namespace, local);
                    if to.is_none() {
                        self.want_scan();
                    }
                    Change::Moved {
                        ifindex: link.ifindex,
                        to,
                        new_ifindex: link.new_ifindex.unwrap_or(link.ifindex),
                    }
                }
            },
            Heard::NewAddress(address) => Change::NewAddress(address),
            Heard::DelAddress(address) => Change::DelAddress(address),
            Heard::Overflow
            | Heard::Malformed(_)
            | Heard::Queue(_)
            | Heard::NewNsid(_)
            | Heard::DelNsid(_) => return None,
        };
        Some(Event {
            namespace,
            time_ns,
            change,
        })
    }

    /// Find out what a nsid that is local to a namespace means.
    fn learn_elsewhere(&mut self, cookie: u64, nsid: Option<i32>, local: i32) {
        if nsid.is_none() {
            self.require(local);
            return;
        }
        if self.table.knows_elsewhere(cookie, local) {
            return;
        }
        if let Ok(meanings) = dump::elsewhere(&self.home, nsid, &[local]) {
            self.table.elsewhere_seen(cookie, &elsewhere(&meanings));
        }
    }

    /// A namespace with this nsid in home must be known: look for it if it is not.
    fn require(&mut self, nsid: i32) {
        if self.all_namespaces
            && nsid >= 0
            && self.table.cookie_of(Some(nsid)).is_none()
            && !self.hopeless.contains(&nsid)
        {
            self.hopeless.insert(nsid);
            self.want_scan();
        }
    }
}

/// The meanings of nsids in the table's words.
pub(crate) fn elsewhere(meanings: &[(i32, dump::Elsewhere)]) -> Vec<(i32, Elsewhere)> {
    meanings
        .iter()
        .map(|(local, meaning)| {
            let meaning = match meaning {
                dump::Elsewhere::Home => Elsewhere::Home,
                dump::Elsewhere::Nsid(nsid) => Elsewhere::Nsid(*nsid),
                dump::Elsewhere::Unknown => Elsewhere::Unknown,
            };
            (*local, meaning)
        })
        .collect()
}
