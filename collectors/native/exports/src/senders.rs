//! Datagrams that belong to no exporter: refused, shed, or not to be read. Bounded, since senders can be made up.

use std::collections::HashMap;

use crate::account::Account;
use crate::source::Source;

/// Senders that have a row of their own.
const MOST: usize = 512;

/// By listener and sender; what has no room is counted by listener only.
#[derive(Debug, Default)]
pub(crate) struct Senders {
    by_sender: HashMap<(u16, [u8; 16]), Account>,
    by_listener: Vec<Account>,
}

impl Senders {
    /// The account of a sender.
    pub fn of(&mut self, source: Source) -> &mut Account {
        let key = (source.listener, source.address);
        if self.by_sender.len() >= MOST && !self.by_sender.contains_key(&key) {
            return self.of_listener(source.listener);
        }
        self.by_sender.entry(key).or_default()
    }

    /// The account of what is not of one sender.
    pub fn of_listener(&mut self, listener: u16) -> &mut Account {
        let at = usize::from(listener);
        if self.by_listener.len() <= at {
            self.by_listener.resize(at + 1, Account::default());
        }
        &mut self.by_listener[at]
    }

    /// All accounts: (listener, sender, account); the sender is `::` where there is none of its own.
    pub fn all(&self) -> impl Iterator<Item = (u16, [u8; 16], &Account)> {
        let senders = self.by_sender.iter();
        (0..)
            .zip(&self.by_listener)
            .filter(|(_, account)| !account.is_empty())
            .map(|(listener, account)| (listener, [0; 16], account))
            .chain(senders.map(|((listener, address), account)| (*listener, *address, account)))
    }

    /// All accounts that counted anything: (listener, sender, account). They are empty then.
    pub fn take(&mut self) -> Vec<(u16, [u8; 16], Account)> {
        let mut taken: Vec<_> = (0..)
            .zip(&mut self.by_listener)
            .filter(|(_, account)| !account.is_empty())
            .map(|(listener, account)| (listener, [0; 16], std::mem::take(account)))
            .collect();
        let mut senders: Vec<_> = self
            .by_sender
            .drain()
            .map(|((listener, address), account)| (listener, address, account))
            .collect();
        senders.sort_unstable_by_key(|(listener, address, _)| (*listener, *address));
        taken.extend(senders);
        taken
    }
}
