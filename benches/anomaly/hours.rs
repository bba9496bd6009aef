//! The hours that are judged: read from a table, or made.

use std::collections::BTreeMap;
use std::f64::consts::{PI, TAU};
use std::io;
use std::path::Path;

/// A series of consecutive hours, the first of them at an hour of day.
#[derive(Clone)]
pub(crate) struct Hours {
    pub(crate) first_slot: usize,
    pub(crate) values: Vec<f64>,
    pub(crate) labels: Vec<bool>,
}

impl Hours {
    /// The hour of day of each hour.
    pub(crate) fn slots(&self) -> Vec<u8> {
        (0..self.values.len()).map(|at| (0_u8..24).nth((self.first_slot + at) % 24).unwrap_or(0)).collect()
    }
}

/// Reads `series,ts,value,label`, whose series have every hour; none if there is no such file.
pub(crate) fn labelled(path: &Path) -> io::Result<Option<Vec<Hours>>> {
    if !path.exists() {
        return Ok(None);
    }
    let text = std::fs::read_to_string(path)?;
    let mut series: BTreeMap<&str, Hours> = BTreeMap::new();
    for line in text.lines().skip(1) {
        let bad = || io::Error::other(format!("not a row of series,ts,value,label: {line}"));
        let [name, time, value, label] = line.split(',').collect::<Vec<_>>()[..] else { return Err(bad()) };
        let hour: usize = time.get(11..13).and_then(|hour| hour.parse().ok()).ok_or_else(bad)?;
        let hours = series.entry(name).or_insert(Hours { first_slot: hour, values: Vec::new(), labels: Vec::new() });
        hours.values.push(value.parse().map_err(|_| bad())?);
        hours.labels.push(label == "1");
    }
    Ok(Some(series.into_values().collect()))
}

/// Degrees of freedom of the noise: few are heavy tails.
const FREEDOM: u32 = 6;

/// Makes hours of a seasonal service: a day with one or two peaks, quieter weekends, noise that lasts for hours, with
/// tails as heavy as Student's t.
pub(crate) fn seasonal(random: &mut Random, days: usize) -> Hours {
    let base = random.normal().mul_add(2.0, 14.0).exp();
    let (depth, second, phase) = (random.between(0.2, 0.8), random.between(0.0, 0.3), random.between(0.0, 24.0));
    let (weekend, weekday) = (random.between(0.7, 1.0), random.below(7));
    let (noise, memory) = (random.between(0.02_f64.ln(), 0.09_f64.ln()).exp(), random.between(0.3, 0.9));
    let mut drift = 0.0;
    let value = |at: usize| {
        let angle = (at as f64 - phase) / 24.0 * TAU;
        let day = depth * angle.cos() + second * (2.0 * angle).cos();
        let week = if (at / 24 + weekday) % 7 < 2 { weekend } else { 1.0 };
        drift = memory * drift + (1.0 - memory * memory).sqrt() * noise * random.heavy();
        base * week * (day + drift).exp()
    };
    Hours { first_slot: 0, values: (0..days * 24).map(value).collect(), labels: vec![false; days * 24] }
}

/// Numbers that look random, the same for the same seed on every machine.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// At least 0, below 1.
    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    pub(crate) fn between(&mut self, from: f64, to: f64) -> f64 {
        from + (to - from) * self.unit()
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit as u64).unwrap_or(0)
    }

    fn normal(&mut self) -> f64 {
        (-2.0 * (1.0 - self.unit()).ln()).sqrt() * (2.0 * PI * self.unit()).cos()
    }

    /// Student's t with [`FREEDOM`] degrees of freedom, made to have the variance 1.
    fn heavy(&mut self) -> f64 {
        let freedom = f64::from(FREEDOM);
        let spread = (0..FREEDOM).map(|_| self.normal().powi(2)).sum::<f64>() / freedom;
        self.normal() / (spread * freedom / (freedom - 2.0)).sqrt()
    }
}
