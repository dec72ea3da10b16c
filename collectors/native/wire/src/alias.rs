//! Labels in an interface's alias: `owner=web;service=shop;tenant=blue;criticality=critical;rate=100mbit`.

/// What an alias says. Unknown keys and broken pairs are passed over: an alias is free text that others use too.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Labels {
    pub owner: String,
    pub service: String,
    pub tenant: String,
    pub criticality: String,
    /// `rate=`, in bits per second.
    pub rate_bits_per_second: Option<u64>,
}

/// Reads `key=value` pairs between semicolons; blanks around keys and values do not count, the first of two equal keys holds.
pub fn labels(alias: &str) -> Labels {
    let mut labels = Labels::default();
    for (key, value) in alias.split(';').filter_map(|pair| pair.split_once('=')) {
        let value = value.trim();
        let label = match key.trim() {
            "owner" => &mut labels.owner,
            "service" => &mut labels.service,
            "tenant" => &mut labels.tenant,
            "criticality" => &mut labels.criticality,
            "rate" => {
                labels.rate_bits_per_second = labels
                    .rate_bits_per_second
                    .or_else(|| rate_bits_per_second(value));
                continue;
            }
            _ => continue,
        };
        if label.is_empty() {
            value.clone_into(label);
        }
    }
    labels
}

/// Reads a rate as tc(8) writes it: a number and one of `bit`, `kbit`, `mbit`, `gbit`, `tbit` (powers of 1000), `kibit` … (powers
/// of 1024), or `bps`, `kbps`, … for bytes per second; a bare number is bits per second. Upper and lower case are equal.
/// `None` for anything else, for zero, and for what does not fit.
pub fn rate_bits_per_second(text: &str) -> Option<u64> {
    let text = text.trim().to_ascii_lowercase();
    let end = text
        .find(|character: char| !character.is_ascii_digit() && character != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let number: f64 = number.parse().ok()?;
    let rate = number * factor(unit.trim_start())?;
    // Above 2^53 a double no longer holds every integer; no interface comes near (9 Pbit/s).
    if !(1.0..=9_007_199_254_740_992.0).contains(&rate) {
        return None;
    }
    Some(rate.round() as u64)
}

fn factor(unit: &str) -> Option<f64> {
    if unit.is_empty() {
        return Some(1.0);
    }
    let (prefix, bits) = match (unit.strip_suffix("bit"), unit.strip_suffix("bps")) {
        (Some(prefix), _) => (prefix, 1.0),
        (_, Some(prefix)) => (prefix, 8.0),
        _ => return None,
    };
    let (letter, step) = prefix
        .strip_suffix('i')
        .map_or((prefix, 1000.0_f64), |letter| (letter, 1024.0));
    let power = match letter {
        "" if step == 1000.0 => 0,
        "k" => 1,
        "m" => 2,
        "g" => 3,
        "t" => 4,
        _ => return None,
    };
    Some(bits * step.powi(power))
}
