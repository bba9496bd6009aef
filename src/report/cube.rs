//! Reports built on the cube: a survey selects the keys, then traffic is aggregated by them.
//!
//! What the cube is, is [`crate::reason::cube`]'s business.

use super::question::{Frames, Need, Question};
use crate::error::Error;
use crate::join::Kept;
use crate::reason::cube::CubeKeys;
use crate::reason::cube::survey::{self, Survey};
use crate::reason::hours::gather::{HoursAndNotes, HoursBuilder, Pricing};
use crate::schema::Column;

/// The sums: of the survey, of the cube, and of charges by what decides a price.
const ADDRESSES: &str = "addresses";
const PORTS: &str = "ports";
pub(super) const CUBE: &str = "cube";
pub(super) const CHARGES: &str = "charges";

/// The sums of a cube.
#[derive(Clone, Debug, Default)]
pub struct CubePlan {
    /// What it is made of.
    pub keys: CubeKeys,
    kept: Kept,
    /// Note on folded keys.
    pub(super) note: Option<String>,
}

impl CubePlan {
    /// A cube that has not been surveyed.
    #[must_use]
    pub fn new(keys: CubeKeys) -> Self {
        Self { keys, kept: Kept::default(), note: None }
    }

    /// The sums of a survey.
    pub(super) fn survey() -> Vec<Need> {
        let need = |(name, column)| {
            let (wanted, spec) = survey::sum(column);
            Need { name, wanted, spec }
        };
        [(ADDRESSES, Column::Outside), (PORTS, Column::Port)].map(need).into()
    }

    /// Takes the survey.
    pub(super) fn surveyed(&mut self, mut frames: Frames) -> Result<(), Error> {
        let survey = Survey::default();
        frames.each(ADDRESSES, |shard| survey.add_addresses(shard))?;
        frames.each(PORTS, |shard| survey.add_ports(shard))?;
        (self.kept, self.note) = survey.finish();
        Ok(())
    }

    /// The sum of the cube.
    pub(super) fn need(&self) -> Need {
        let (wanted, spec) = self.keys.sum(self.kept.clone());
        Need { name: CUBE, wanted, spec }
    }
}

/// What went on hour by hour: all that incidents are found in.
#[derive(Debug)]
pub struct HoursQuestion {
    /// The aggregation keys.
    pub cube: CubePlan,
    /// What it costs.
    pub pricing: Pricing,
    /// When the logs are read.
    pub now: u32,
}

impl Question for HoursQuestion {
    type Answer = HoursAndNotes;

    fn survey(&self) -> Vec<Need> {
        CubePlan::survey()
    }

    fn surveyed(&mut self, frames: Frames) -> Result<(), Error> {
        self.cube.surveyed(frames)
    }

    fn plan(&self) -> Vec<Need> {
        vec![Need::charges(CHARGES, &[], true), self.cube.need()]
    }

    fn answer(self, mut frames: Frames) -> Result<HoursAndNotes, Error> {
        let gathering = HoursBuilder::new(self.cube.keys, &frames.take(CHARGES)?, &self.pricing)?;
        frames.each(CUBE, |shard| gathering.add(shard))?;
        let mut priced = gathering.finish(&frames.logged, self.now);
        priced.notes.extend(self.cube.note);
        Ok(priced)
    }
}
