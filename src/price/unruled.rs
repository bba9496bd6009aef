//! Bytes without a charge: free where a rule says that AWS charges nothing for their path, else unpriced.
//!
//! A path without a rule is never free: what it costs is not known, so its bytes are unpriced, with the reason.

use polars::prelude::{DataFrame, Expr, IntoLazy, col, concat_str, lit, when};

use super::bill::{UNKNOWN, line};
use super::money::GB_BYTES;
use crate::error::Error;
use crate::schema::charge::{self, UNRULED_PATHS};
use crate::schema::frame::int;
use crate::schema::{Column, output};
use crate::units::human::{self, Units};

/// What precedes the path of free bytes where it stands in place of a charge, and that of unpriced ones.
const FREE_PREFIX: &str = "free: ";
const UNPRICED_PREFIX: &str = "unpriced: ";
/// What a GB across zones costs both sides together at most, in 10⁻¹⁰ USD; the bound for paths of unknown zones.
const ACROSS_ZONES_RATE_MAX: u128 = 200_000_000;

/// The lowest and the highest premium per GB of Global Accelerator, in 10⁻¹⁰ USD, of 81 pairs of the Region's and the
/// edge's geography: inside Australia, and from North America or Europe to Australia. Source: the feed of its pricing page
/// of 2024-08-26, and quotes of the page of 2026-09-20.
const ACCELERATOR_RATES: [u128; 2] = [70_000_000, 1_050_000_000];

/// The least and the most that the premium of Global Accelerator can be on bytes of both directions, in 10⁻¹⁰ USD. In each
/// hour it is on the dominant direction alone, which has at least half of the bytes.
#[must_use]
pub fn accelerator_premium(bytes: u128) -> [u128; 2] {
    let [least, most] = ACCELERATOR_RATES;
    let gb = u128::from(GB_BYTES);
    [bytes.div_ceil(2).saturating_mul(least) / gb, bytes.saturating_mul(most).div_ceil(gb)]
}

/// The two kinds of bytes without a charge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Uncharged {
    /// A rule says that AWS charges nothing.
    Free,
    /// No rule says what AWS charges.
    Unpriced,
}

impl Uncharged {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Free, Self::Unpriced];

    /// The row that has all such bytes.
    #[must_use]
    pub fn row(self) -> &'static str {
        match self {
            Self::Free => "(free)",
            Self::Unpriced => "(unpriced)",
        }
    }

    /// True of such lines, by their charge and [`line::REASON`]; never null.
    pub fn is(self) -> Expr {
        let is_unruled = UNRULED_PATHS.iter().map(|(path, _)| col(line::REASON).eq(lit(*path)));
        let is_unruled = is_unruled.fold(lit(false), Expr::or).fill_null(lit(false));
        let is_one = match self {
            Self::Free => is_unruled.not(),
            Self::Unpriced => is_unruled,
        };
        col(Column::Charge.name()).is_null().and(is_one)
    }

    /// The name of the row of each line, null for charged ones.
    pub fn rows() -> Expr {
        let none = lit(polars::prelude::NULL).cast(polars::prelude::DataType::String);
        let [free, unpriced] = Self::ALL;
        when(free.is()).then(lit(free.row())).when(unpriced.is()).then(lit(unpriced.row())).otherwise(none)
    }
}

/// The charge; for bytes without one `free: PATH` or `unpriced: PATH`.
pub fn named_charge() -> Expr {
    let charge = Column::Charge.name();
    let prefix = when(Uncharged::Unpriced.is()).then(lit(UNPRICED_PREFIX)).otherwise(lit(FREE_PREFIX));
    let named = concat_str([prefix, col(line::REASON)], "", true);
    when(col(charge).is_not_null()).then(col(charge)).otherwise(named)
}

/// The name of bytes without a charge on a path.
#[must_use]
pub fn uncharged(path: &str) -> String {
    let prefix = if charge::unruled(path).is_some() { UNPRICED_PREFIX } else { FREE_PREFIX };
    format!("{prefix}{path}")
}

/// Notes on the unpriced bytes of a bill's lines: what has no price, and what has no rule. Needs the charge,
/// [`line::REASON`], `bytes` and `unpriced_bytes`.
///
/// # Errors
/// If a column is missing.
pub fn unpriced_notes(lines: &DataFrame) -> Result<Vec<String>, Error> {
    let sum = |is_one: Expr, name: &str| -> Result<u128, Error> {
        let lines = lines.clone().lazy().filter(is_one).collect()?;
        Ok(int(&lines, name)?.iter().flatten().map(|bytes| u128::try_from(bytes).unwrap_or(0)).sum())
    };
    let unpriced = sum(col(Column::Charge.name()).is_not_null(), output::UNPRICED_BYTES.name)?;
    let on_path = |path: &str| sum(Uncharged::Unpriced.is().and(col(line::REASON).eq(lit(path))), output::BYTES.name);
    let paths = UNRULED_PATHS.iter().map(|(path, _)| Ok((*path, on_path(path)?)));
    let paths = paths.collect::<Result<Vec<_>, Error>>()?;
    Ok((unpriced > 0).then(|| no_price_note(unpriced)).into_iter().chain(unruled_notes(&paths)).collect())
}

/// Note on bytes whose charge has no price.
#[must_use]
pub fn no_price_note(bytes: u128) -> String {
    format!("{} are unpriced and excluded from totals (add prices with --prices FILE)", amount(bytes))
}

/// Notes on bytes by path without a rule, with what they cost at most where that is known.
#[must_use]
pub fn unruled_notes(paths: &[(&str, u128)]) -> Vec<String> {
    let sum = |is_one: fn(&str) -> bool| -> u128 {
        paths.iter().filter(|(path, _)| is_one(path)).map(|(_, bytes)| *bytes).sum()
    };
    let zones = sum(|path| matches!(path, "same-region" | "peering"));
    let most = zones.saturating_mul(ACROSS_ZONES_RATE_MAX).div_ceil(GB_BYTES.into());
    let (unknown, edge) = (sum(|path| path == UNKNOWN), sum(|path| path == "edge"));
    let zones = (zones > 0).then(|| {
        format!(
            "{} stay in their region but their zones are unknown: they are unpriced and cost at most {}; add the field \
             az-id (version 4) or --network",
            amount(zones),
            human::usd(most)
        )
    });
    let unknown =
        (unknown > 0).then(|| format!("{} have an unknown path and are unpriced (add --network)", amount(unknown)));
    let edge = (edge > 0).then(|| {
        format!(
            "{} go through a local gateway (Outpost or Local Zone) and are unpriced: no rule covers it",
            amount(edge)
        )
    });
    zones.into_iter().chain(unknown).chain(edge).collect()
}

/// Bytes as notes write them.
fn amount(bytes: u128) -> String {
    format!("{} ({} bytes)", human::bytes(bytes, Units::Iec), human::count(bytes))
}
