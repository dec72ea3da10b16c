//! Who points at whom: peers, what is below, bridges; and whose state may change when another one's does.

use crate::table::Table;
use crate::vif::{is_pair, Coordinate, Vif};

impl Table {
    /// Where IFLA_LINK points to, if its namespace is known.
    pub(crate) fn target_of(&self, vif: &Vif) -> Option<Coordinate> {
        let link = &vif.link;
        if link.link == 0 {
            return None;
        }
        let cookie = match link.link_netnsid {
            None => vif.namespace,
            Some(local) => self.resolve(vif.namespace, local)?,
        };
        Some((cookie, link.link))
    }

    /// The other end of a pair.
    ///
    /// When each names the other there is no doubt. But the end that is made first is told of before it knows its peer, and
    /// no event says that the other end moved: then one that names the other is enough, unless that one has a sure peer.
    pub(crate) fn peer_of(&self, vif: &Vif) -> Option<&Vif> {
        if !is_pair(&vif.link) || vif.left_time.is_some() {
            return None;
        }
        let place = vif.coordinate();
        let named = self
            .target_of(vif)
            .and_then(|target| self.at(target))
            .filter(|peer| is_pair(&peer.link) && peer.id != vif.id);
        if named.is_some_and(|peer| self.target_of(peer) == Some(place)) {
            return named;
        }
        let naming = self.references.get(&place).and_then(|ids| {
            ids.iter()
                .filter_map(|id| self.vifs.get(id))
                .filter(|peer| {
                    is_pair(&peer.link) && peer.id != vif.id && self.target_of(peer) == Some(place)
                })
                .max_by_key(|peer| (peer.changed_time, peer.id))
        });
        naming.or_else(|| {
            named.filter(|peer| {
                let other = self.target_of(peer).and_then(|target| self.at(target));
                other.is_none_or(|other| self.target_of(other) != Some(peer.coordinate()))
            })
        })
    }

    /// Before a VIF leaves: its peer keeps what it is known as, for the two ends of a pair stay together for life.
    pub(crate) fn part(&mut self, id: u64) {
        let Some(vif) = self.vifs.get(&id) else {
            return;
        };
        let Some(peer) = self.peer_of(vif) else {
            return;
        };
        let (peer_id, state) = (peer.id, self.state_of(peer));
        if let Some(peer) = self.vifs.get_mut(&peer_id) {
            peer.paired_as = Some(Box::new(state));
        }
    }

    /// Note that a VIF, and so its peer, may have another state now.
    pub(crate) fn touch(&mut self, id: u64, time_ns: i64) {
        let peer = self
            .vifs
            .get(&id)
            .and_then(|vif| self.peer_of(vif))
            .map(|peer| peer.id);
        for id in [Some(id), peer].into_iter().flatten() {
            self.mark(id, time_ns);
        }
    }

    pub(crate) fn mark(&mut self, id: u64, time_ns: i64) {
        if let Some(vif) = self.vifs.get_mut(&id) {
            vif.changed_time = vif.changed_time.max(time_ns);
            self.dirty.insert(id);
        }
    }

    pub(crate) fn touch_all_pointing_at(&mut self, place: Coordinate, time_ns: i64) {
        let pointing: Vec<u64> = self
            .references
            .get(&place)
            .map_or_else(Vec::new, |ids| ids.iter().copied().collect());
        for id in pointing {
            self.touch(id, time_ns);
        }
    }

    /// Change what is known of a VIF. Others look at where it is, what it is and what it points at.
    pub(crate) fn update(&mut self, id: u64, change: impl FnOnce(&mut Vif), time_ns: i64) {
        let Some(vif) = self.vifs.get(&id) else {
            return;
        };
        let mut changed = vif.clone();
        change(&mut changed);
        changed.changed_time = vif.changed_time.max(time_ns);
        let stays = vif.coordinate() == changed.coordinate()
            && vif.left_time.is_none()
            && vif.link.kind == changed.link.kind
            && vif.link.link == changed.link.link
            && vif.link.link_netnsid == changed.link.link_netnsid
            && vif.link.master == changed.link.master;
        if stays {
            self.vifs.insert(id, changed);
            self.touch(id, time_ns);
        } else {
            self.unsettle(id);
            self.vifs.insert(id, changed);
            self.settle(id);
        }
    }

    /// Enter a VIF into the index and the references, and touch all that it concerns.
    pub(crate) fn settle(&mut self, id: u64) {
        let Some(vif) = self.vifs.get(&id) else {
            return;
        };
        let time_ns = vif.changed_time;
        let place = vif.coordinate();
        let target = self.target_of(vif);
        let is_unresolved = vif.link.link != 0 && target.is_none();
        let master = (vif.link.master != 0).then_some((vif.namespace, vif.link.master));
        let pointing_at: Vec<Coordinate> = target.into_iter().chain(master).collect();
        if let Some(other) = self.index.get(&place).copied().filter(|other| *other != id) {
            self.depart(other, time_ns);
        }
        self.index.insert(place, id);
        for target in &pointing_at {
            self.references.entry(*target).or_default().insert(id);
        }
        if is_unresolved {
            self.unresolved.insert(id);
        }
        if let Some(vif) = self.vifs.get_mut(&id) {
            vif.pointing_at = pointing_at;
        }
        self.touch(id, time_ns);
        self.touch_all_pointing_at(place, time_ns);
    }

    /// Take a VIF out of the index and the references, and touch all that it concerned.
    pub(crate) fn unsettle(&mut self, id: u64) {
        let Some(vif) = self.vifs.get(&id) else {
            return;
        };
        let time_ns = vif.changed_time;
        let place = vif.coordinate();
        let pointed_at = vif.pointing_at.clone();
        self.touch(id, time_ns);
        if self.index.get(&place) == Some(&id) {
            self.index.remove(&place);
        }
        for target in pointed_at {
            if let Some(pointing) = self.references.get_mut(&target) {
                pointing.remove(&id);
                if pointing.is_empty() {
                    self.references.remove(&target);
                }
            }
        }
        self.unresolved.remove(&id);
        self.touch_all_pointing_at(place, time_ns);
    }

    pub(crate) fn resolve_again(&mut self) {
        let ready: Vec<u64> = self
            .unresolved
            .iter()
            .filter(|id| {
                self.vifs
                    .get(id)
                    .is_some_and(|vif| self.target_of(vif).is_some())
            })
            .copied()
            .collect();
        for id in ready {
            self.unresolved.remove(&id);
            self.settle(id);
        }
    }
}
