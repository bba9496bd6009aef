//! A row of traffic before it is written, and the values of its columns that are no texts.

use super::charges::Item;
use super::ends::{EndpointKind, Ends};
use super::known::Known;
use super::path::Route;
use super::vantage::{Fact, Vantage};
use crate::group::KeyValue;
use crate::schema::{ABSENT_ADDRESS, ABSENT_BIG, ABSENT_SMALL, ABSENT_TIME, Column};

/// A row before it is written.
#[derive(Clone, Copy)]
pub(super) struct Row<'r> {
    pub(super) vantage: &'r Vantage,
    pub(super) fact: &'r Fact,
    pub(super) passthrough: &'r [KeyValue],
    pub(super) ends: Ends,
    pub(super) src: &'r Known,
    pub(super) dst: &'r Known,
    pub(super) route: Option<Route>,
    pub(super) item: Option<&'r Item>,
    pub(super) direction_rule: &'static str,
    pub(super) count_rule: &'static str,
    pub(super) bytes: u128,
    pub(super) packets: u128,
    pub(super) flows: u128,
}

impl Row<'_> {
    pub(super) fn address(&self, column: Column) -> u128 {
        match column {
            Column::Src => self.ends.src.address,
            Column::Dst => self.ends.dst.address,
            Column::Outside if self.dst.info.kind != EndpointKind::Own => self.ends.dst.address,
            Column::Outside if self.src.info.kind != EndpointKind::Own => self.ends.src.address,
            Column::Srcaddr => self.fact.srcaddr,
            Column::Dstaddr => self.fact.dstaddr,
            Column::PktSrcaddr => self.fact.src,
            Column::PktDstaddr => self.fact.dst,
            _ => ABSENT_ADDRESS,
        }
    }

    pub(super) fn big(&self, column: Column) -> u64 {
        let sum = match column {
            Column::Bytes => self.bytes,
            Column::Packets => self.packets,
            Column::RecordCount => self.flows,
            _ => return ABSENT_BIG,
        };
        u64::try_from(sum).unwrap_or(u64::MAX)
    }

    pub(super) fn time(&self, column: Column, passthrough: &[Column]) -> u32 {
        match (self.passed(column, passthrough), column) {
            (Some(KeyValue::Time(time)), _) => time,
            (_, Column::Start) => self.fact.moment(),
            (_, Column::End) => self.fact.last_moment(),
            _ => ABSENT_TIME,
        }
    }

    pub(super) fn small(&self, column: Column, passthrough: &[Column]) -> u32 {
        if column == Column::TrafficPath {
            return self.vantage.traffic_path.unwrap_or(ABSENT_SMALL);
        }
        match self.passed(column, passthrough) {
            Some(KeyValue::Number(number)) => u32::try_from(number).unwrap_or(ABSENT_SMALL),
            _ => ABSENT_SMALL,
        }
    }

    /// A column that the question groups records by.
    fn passed(&self, column: Column, passthrough: &[Column]) -> Option<KeyValue> {
        let mut passthrough = passthrough.iter().zip(self.passthrough);
        passthrough.find(|(passed, _)| **passed == column).map(|(_, value)| *value)
    }
}
