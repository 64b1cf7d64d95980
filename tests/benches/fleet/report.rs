//! Figures, as a table and as JSON.

use std::io::{self, Write as _};

use serde_json::{Map, Value};

/// Rows of figures under the same columns.
pub(crate) struct Table {
    pub(crate) title: String,
    columns: Vec<&'static str>,
    rows: Vec<(String, Vec<f64>)>,
    notes: Vec<String>,
}

impl Table {
    pub(crate) fn new(title: impl Into<String>, columns: &[&'static str]) -> Self {
        Self { title: title.into(), columns: columns.to_vec(), rows: Vec::new(), notes: Vec::new() }
    }

    pub(crate) fn row(&mut self, name: impl Into<String>, figures: &[f64]) {
        self.rows.push((name.into(), figures.to_vec()));
    }

    /// What has to be known to read it.
    pub(crate) fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }

    pub(crate) fn print(&self) -> io::Result<()> {
        let mut out = io::stdout().lock();
        writeln!(out, "\n{}", self.title)?;
        let widest = self.rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or_default();
        write!(out, "  {:widest$}", "")?;
        for column in &self.columns {
            write!(out, " {column:>12}")?;
        }
        writeln!(out)?;
        for (name, figures) in &self.rows {
            write!(out, "  {name:widest$}")?;
            for figure in figures {
                write!(out, " {:>12}", short(*figure))?;
            }
            writeln!(out)?;
        }
        for note in &self.notes {
            writeln!(out, "  {note}")?;
        }
        out.flush()
    }

    pub(crate) fn json(&self) -> Value {
        let rows = self.rows.iter().map(|(name, figures)| {
            let figures = self.columns.iter().zip(figures).map(|(column, figure)| ((*column).into(), (*figure).into()));
            (name.clone(), Value::Object(figures.collect()))
        });
        let mut table: Map<String, Value> = rows.collect();
        if !self.notes.is_empty() {
            table.insert("notes".into(), self.notes.clone().into());
        }
        Value::Object(table)
    }
}

fn short(figure: f64) -> String {
    if figure.is_nan() {
        "-".into()
    } else if figure.fract() == 0.0 && figure.abs() < 1e15 {
        format!("{figure:.0}")
    } else if figure.abs() >= 100.0 {
        format!("{figure:.1}")
    } else {
        format!("{figure:.3}")
    }
}

/// The value below which this share of the sorted figures lies; not a number without figures.
pub(crate) fn quantile(sorted: &[f64], share: f64) -> f64 {
    let at = (sorted.len() as f64 * share).ceil() as usize;
    sorted.get(at.saturating_sub(1).min(sorted.len().saturating_sub(1))).copied().unwrap_or(f64::NAN)
}

pub(crate) fn sorted(mut figures: Vec<f64>) -> Vec<f64> {
    figures.sort_by(f64::total_cmp);
    figures
}

/// Mean, largest, and variance over mean of counts: 1 when events fall independently of each other, more when they
/// fall together.
pub(crate) fn spread(counts: &[u32]) -> (f64, f64, f64) {
    let all = counts.len().max(1) as f64;
    let mean = counts.iter().map(|&count| f64::from(count)).sum::<f64>() / all;
    let variance = counts.iter().map(|&count| (f64::from(count) - mean).powi(2)).sum::<f64>() / all;
    let most = counts.iter().max().copied().unwrap_or_default();
    (mean, f64::from(most), if mean > 0.0 { variance / mean } else { f64::NAN })
}
