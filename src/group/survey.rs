//! What is in the logs: which fields have values, per object what kinds of records, and the interfaces.

use std::collections::BTreeMap;

use super::interfaces::{Interfaces, Learner};
use crate::decode::{Dictionary, Flows};
use crate::schema::{ABSENT_TIME, Column};

/// The survey of a part of the input.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Survey {
    /// Records in which a column has a value.
    pub filled: BTreeMap<Column, u64>,
    /// By the object's place in the list of objects.
    pub objects: BTreeMap<usize, ObjectSurvey>,
    /// Every interface.
    pub interfaces: Interfaces,
    /// What is learnt of them, until the survey is finished.
    learner: Learner,
    /// Records whose account is `unknown`.
    pub unknown_accounts: u64,
}

/// The kinds of records of an object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ObjectSurvey {
    /// Records of traffic, rejected ones included.
    pub ok: u64,
    /// NODATA records.
    pub no_data: u64,
    /// SKIPDATA records.
    pub skip_data: u64,
    /// REJECT records.
    pub rejected: u64,
    /// The earliest start and the latest end.
    pub span: Option<(u32, u32)>,
}

impl ObjectSurvey {
    fn add(&mut self, other: &Self) {
        self.ok += other.ok;
        self.no_data += other.no_data;
        self.skip_data += other.skip_data;
        self.rejected += other.rejected;
        if let Some((from, to)) = other.span {
            self.widen(from, to);
        }
    }

    fn widen(&mut self, start: u32, end: u32) {
        let (from, to) = self.span.unwrap_or((start, end));
        self.span = Some((from.min(start), to.max(end)));
    }
}

impl Survey {
    /// Looks at the picked records of a block of an object.
    pub fn look(&mut self, object: usize, flows: &Flows, dictionary: &Dictionary, picked: &[u32]) {
        for (column, values) in flows.columns() {
            let filled = picked.iter().filter(|row| values.present(**row as usize)).count();
            *self.filled.entry(*column).or_default() += filled as u64;
        }
        let column = |column| flows.smalls(column).unwrap_or(&[]);
        let (statuses, actions) = (column(Column::LogStatus), column(Column::Action));
        let (starts, ends) = (column(Column::Start), column(Column::End));
        let accounts = column(Column::AccountId);
        let survey = self.objects.entry(object).or_default();
        for row in picked.iter().map(|row| *row as usize) {
            match statuses.get(row) {
                Some(&Dictionary::NODATA) => survey.no_data += 1,
                Some(&Dictionary::SKIPDATA) => survey.skip_data += 1,
                _ => survey.ok += 1,
            }
            survey.rejected += u64::from(actions.get(row) == Some(&Dictionary::REJECT));
            let [start, end] = [starts, ends].map(|times| times.get(row).copied().unwrap_or(ABSENT_TIME));
            if start != ABSENT_TIME {
                survey.widen(start, if end == ABSENT_TIME { start } else { end });
            }
            self.unknown_accounts += u64::from(accounts.get(row) == Some(&Dictionary::UNKNOWN));
        }
        self.learner.learn(flows, dictionary, picked);
    }

    /// Bytes of memory that grow with the interfaces, about.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.learner.bytes()
    }

    /// The same with what was learnt of interfaces; `dictionary` is the one of the blocks.
    #[must_use]
    pub fn finish(mut self, dictionary: &Dictionary) -> Self {
        std::mem::take(&mut self.learner).finish_into(dictionary, &mut self.interfaces);
        self
    }

    /// Adds what another part of the input held, once it is finished. Associative and commutative.
    pub fn add(&mut self, other: Self) {
        for (column, filled) in other.filled {
            *self.filled.entry(column).or_default() += filled;
        }
        for (object, survey) in &other.objects {
            self.objects.entry(*object).or_default().add(survey);
        }
        self.interfaces.add(other.interfaces);
        self.unknown_accounts += other.unknown_accounts;
    }
}
