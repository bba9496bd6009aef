//! How well a price is attested: by how many sources, and when the newest of them was read. Also the notes that say
//! which dollars rest on less.

use std::collections::BTreeSet;

use super::bill::{Bill, line};
use super::money::Money;
use super::read::written_date;
use super::table::PriceRow;
use crate::error::{Error, nearest};
use crate::schema::frame::{int, moments};
use crate::units::human;

/// Days between a price's newest source and the traffic beyond which a note says so.
const AGE_DAYS_MAX: u32 = 366;
const DAY_SECONDS: u32 = 86_400;

/// By how many sources a price is attested.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Confidence {
    /// Two that do not depend on each other, or AWS's own price list, pricing page or bill.
    Verified,
    /// One third party.
    Single,
    /// None: it follows from the other prices of its region.
    Inferred,
}

impl Confidence {
    const ALL: [Self; 3] = [Self::Verified, Self::Single, Self::Inferred];

    /// The word for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::Single => "single",
            Self::Inferred => "inferred",
        }
    }

    /// The confidence of a word.
    pub(super) fn parse(text: &str) -> Result<Self, Error> {
        Self::ALL.into_iter().find(|one| one.name() == text).ok_or_else(|| {
            let error = Error::usage(format!("unknown confidence `{text}`"));
            let hint = nearest(text, Self::ALL.map(Self::name)).map(|near| format!("did you mean `{near}`?"));
            error.hint(hint.unwrap_or_else(|| "write verified, single or inferred".to_owned()))
        })
    }
}

/// Which dollars of the requested period rest on prices that are not verified, and which on prices whose newest source
/// is more than a year from the traffic, as sentences.
///
/// # Errors
/// If the steps cannot be joined with their lines.
pub(super) fn notes(bill: &Bill<'_>) -> Result<Vec<String>, Error> {
    if bill.prices.iter().all(|row| row.confidence.is_none_or(|one| one == Confidence::Verified) && row.as_of.is_none())
    {
        return Ok(Vec::new());
    }
    let steps = bill.current_steps()?;
    let (mut doubtful, mut old) = (Part::default(), Part::default());
    let places = steps.column(line::PRICE)?.u32()?.iter();
    let sums = int(&steps, line::COST)?.iter().zip(moments(&steps, line::TIME)?);
    for (place, (cost, moment)) in places.zip(sums) {
        let Some(row) = place.and_then(|place| bill.prices.get(place as usize)) else { continue };
        let cost = Money::of_units(cost.unwrap_or(0));
        if row.confidence.is_some_and(|confidence| confidence != Confidence::Verified) {
            doubtful.add(row, cost);
        }
        if row.as_of.zip(moment).is_some_and(|(read, moment)| read.abs_diff(moment) > AGE_DAYS_MAX * DAY_SECONDS) {
            old.add(row, cost);
        }
    }
    let doubtful = doubtful.sentence("rest on prices of a single source, or inferred from other prices");
    let read = old.read.map(|(first, last)| {
        let (first, last) = (written_date(first), written_date(last));
        let when = if first == last { first } else { format!("{first} to {last}") };
        format!("rest on prices read more than a year before or after the traffic ({when})")
    });
    Ok(doubtful.into_iter().chain(read.and_then(|read| old.sentence(&read))).collect())
}

/// Dollars that rest on some prices.
#[derive(Default)]
struct Part<'t> {
    usd: Money,
    charges: BTreeSet<&'t str>,
    /// When the prices were read, the first and the last of them.
    read: Option<(u32, u32)>,
}

impl Part<'_> {
    fn add(&mut self, row: &PriceRow, cost: Money) {
        self.usd = self.usd + cost;
        self.charges.insert(row.charge.name());
        let read = row.as_of.map(|read| self.read.map_or((read, read), |(from, to)| (from.min(read), to.max(read))));
        self.read = read.or(self.read);
    }

    fn sentence(&self, what: &str) -> Option<String> {
        let charges = self.charges.iter().copied().collect::<Vec<_>>().join(", ");
        let usd = human::usd(self.usd.rounded());
        (!self.charges.is_empty())
            .then(|| format!("{usd} of {charges} {what}: `outflow prices show` has their sources"))
    }
}
