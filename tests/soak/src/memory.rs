//! What the daemon's memory was, over all its lives.

use anyhow::{Context, Result};
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::Path;

/// A life that is shorter says nothing of growth.
const LIFE: f64 = 600.0;
/// Of a life, the part in which everything is read, listed and cached for the first time.
const START: f64 = 180.0;
/// The last third of a life may use so much more than the first: allocators give back late.
const GROWTH: f64 = 1.25;

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sample {
    /// Of soaking, pauses between runs left out.
    pub seconds: f64,
    pub life: u64,
    pub kib: u64,
    pub units: u64,
}

pub struct Samples {
    all: Vec<Sample>,
    file: File,
}

impl Samples {
    /// With those of earlier runs.
    pub fn open(path: &Path) -> Result<Self> {
        let text = if path.exists() { std::fs::read_to_string(path)? } else { String::new() };
        let all = text.lines().filter_map(read).collect();
        let file = OpenOptions::new().create(true).append(true).open(path);
        Ok(Self { all, file: file.with_context(|| format!("cannot write {}", path.display()))? })
    }

    pub fn add(&mut self, sample: Sample) -> Result<()> {
        let Sample { seconds, life, kib, units } = sample;
        writeln!(self.file, "{seconds:.1},{life},{kib},{units}")?;
        self.all.push(sample);
        Ok(())
    }

    pub fn seconds(&self) -> f64 {
        self.all.last().map_or(0.0, |last| last.seconds)
    }

    pub fn lives(&self) -> u64 {
        self.all.last().map_or(0, |last| last.life)
    }

    pub fn each_life(&self) -> impl Iterator<Item = &[Sample]> {
        self.all.chunk_by(|a, b| a.life == b.life)
    }

    /// How much more memory the last third of each long life used than the first one after the start.
    pub fn growths(&self) -> Vec<f64> {
        self.each_life().filter_map(growth).collect()
    }

    pub fn is_flat(&self) -> bool {
        self.growths().iter().all(|growth| *growth <= GROWTH)
    }

    pub fn summary(&self) -> String {
        let peak = self.all.iter().map(|sample| sample.kib).max().unwrap_or(0) as f64 / 1024.0;
        let growths: Vec<String> = self.growths().iter().map(|growth| format!("{growth:.2}x")).collect();
        let lives = self.each_life().count();
        format!(
            "{:.0} minutes, {lives} lives, peak {peak:.0} MiB; last third over first third of those longer than {:.0} minutes: {}",
            self.seconds() / 60.0,
            LIFE / 60.0,
            if growths.is_empty() { "none".to_owned() } else { growths.join(", ") }
        )
    }
}

fn read(line: &str) -> Option<Sample> {
    let mut fields = line.split(',');
    Some(Sample {
        seconds: fields.next()?.parse().ok()?,
        life: fields.next()?.parse().ok()?,
        kib: fields.next()?.parse().ok()?,
        units: fields.next()?.parse().ok()?,
    })
}

fn growth(life: &[Sample]) -> Option<f64> {
    let (first, last) = (life.first()?.seconds, life.last()?.seconds);
    if last - first < LIFE {
        return None;
    }
    let settled: Vec<u64> = life.iter().filter(|s| s.seconds - first > START).map(|s| s.kib).collect();
    let third = settled.len() / 3;
    let (early, late) = (median(&settled[..third])?, median(&settled[settled.len() - third..])?);
    Some(late / early)
}

fn median(values: &[u64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    sorted.get(sorted.len() / 2).map(|value| *value as f64)
}
