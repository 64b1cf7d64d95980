//! The figures as `/metrics` has them, read back: what is pushed is what would be scraped.

use std::borrow::Cow;

/// What belongs together under one name.
#[derive(Debug, Default)]
pub(super) struct Family<'a> {
    pub(super) name: &'a str,
    pub(super) help: &'a str,
    /// Empty where it has none.
    pub(super) unit: &'a str,
    /// `gauge`, `counter`, `histogram` or `info`.
    pub(super) kind: &'a str,
    pub(super) samples: Vec<Sample<'a>>,
}

/// A line with a figure.
#[derive(Debug)]
pub(super) struct Sample<'a> {
    /// The family's, with a suffix by its kind.
    pub(super) name: &'a str,
    pub(super) labels: Labels<'a>,
    pub(super) value: &'a str,
}

pub(super) type Labels<'a> = Vec<(&'a str, Cow<'a, str>)>;

/// Reads the box's own text; what is not understood is left out.
pub(super) fn families(text: &str) -> Vec<Family<'_>> {
    let mut families = Vec::<Family<'_>>::new();
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, help) = rest.split_once(' ').unwrap_or((rest, ""));
            families.push(Family { name, help, ..Family::default() });
        } else if let Some(family) = families.last_mut() {
            if let Some((_, kind)) = line.strip_prefix("# TYPE ").and_then(|rest| rest.split_once(' ')) {
                family.kind = kind;
            } else if let Some((_, unit)) = line.strip_prefix("# UNIT ").and_then(|rest| rest.split_once(' ')) {
                family.unit = unit;
            } else {
                family.samples.extend(sample(line));
            }
        }
    }
    families
}

fn sample(line: &str) -> Option<Sample<'_>> {
    let end = line.find(['{', ' '])?;
    let (name, mut rest) = line.split_at_checked(end)?;
    let mut labels = Labels::new();
    if let Some(inside) = rest.strip_prefix('{') {
        rest = inside;
        while !rest.starts_with('}') {
            let (label, quoted) = rest.trim_start_matches(',').split_once("=\"")?;
            let (value, after) = unquoted(quoted)?;
            labels.push((label, value));
            rest = after;
        }
        rest = rest.strip_prefix('}')?;
    }
    (!name.starts_with('#')).then_some(Sample { name, labels, value: rest.trim_start() })
}

/// A label's value up to its quotation mark, and what is behind that.
fn unquoted(text: &str) -> Option<(Cow<'_, str>, &str)> {
    let end = text.find(['"', '\\'])?;
    let (plain, mut rest) = text.split_at_checked(end)?;
    if let Some(after) = rest.strip_prefix('"') {
        return Some((plain.into(), after));
    }
    let mut value = plain.to_owned();
    loop {
        let mut characters = rest.chars();
        match characters.next()? {
            '"' => return Some((value.into(), characters.as_str())),
            '\\' => value.push(match characters.next()? {
                'n' => '\n',
                other => other,
            }),
            other => value.push(other),
        }
        rest = characters.as_str();
    }
}
