//! What is told of a dropped packet's rule.

/// Rules that are named where several can have dropped a packet.
const MOST_NAMED: usize = 8;

/// How it is known, or why it is not.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum How {
    /// No rule dropped it: it was not dropped by netfilter.
    #[default]
    Unasked,
    /// No other rule can have dropped it.
    Exact,
    /// Of all that can have, the counters of this one alone moved.
    Counter,
    /// Several rules can have dropped it.
    Ambiguous,
    /// Rules were changed in the interval, so it may have been one that is gone.
    Changed,
    /// The rules could not be read.
    Unread,
    /// No rule of nf_tables can have dropped it.
    None,
}

impl How {
    /// As it is stored.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unasked => "",
            Self::Exact => "exact",
            Self::Counter => "counter",
            Self::Ambiguous => "ambiguous",
            Self::Changed => "changed",
            Self::Unread => "unread",
            Self::None => "none",
        }
    }
}

/// A rule, or the policy of a chain.
#[derive(Debug, Default, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RuleName {
    pub family: &'static str,
    pub table: String,
    pub chain: String,
    /// 0 for the policy of the chain.
    pub handle: u64,
    pub comment: String,
    pub log_prefix: String,
}

impl RuleName {
    fn text(&self) -> String {
        let Self {
            family,
            table,
            chain,
            handle,
            comment,
            ..
        } = self;
        let which = match handle {
            0 => "policy".to_owned(),
            _ => format!("handle {handle}"),
        };
        match comment.as_str() {
            "" => format!("{family} {table} {chain} {which}"),
            _ => format!("{family} {table} {chain} {which} \"{comment}\""),
        }
    }
}

/// Which rule it was, as far as that can be told.
#[derive(Debug, Default, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Attribution {
    pub how: How,
    /// The rule, if it is one.
    pub rule: Option<RuleName>,
    /// Those that it can have been if it is not known which, `; ` between them, some of them where they are many.
    pub candidates: String,
}

impl Attribution {
    /// Nothing is known but why.
    pub fn without_rule(how: How) -> Self {
        Self {
            how,
            ..Self::default()
        }
    }

    /// One rule.
    pub fn of(how: How, rule: RuleName) -> Self {
        Self {
            how,
            rule: Some(rule),
            candidates: String::new(),
        }
    }

    /// One of several rules.
    pub fn among(how: How, rules: &[RuleName]) -> Self {
        let mut named: Vec<String> = rules.iter().take(MOST_NAMED).map(RuleName::text).collect();
        if rules.len() > MOST_NAMED {
            named.push(format!("{} more", rules.len() - MOST_NAMED));
        }
        Self {
            how,
            rule: None,
            candidates: named.join("; "),
        }
    }
}
