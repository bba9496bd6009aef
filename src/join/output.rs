//! The blocks that traffic is written to: for each of several outputs its own columns, rows and sink.

use super::charges::Allocation;
use super::ends::EndpointKind;
use super::estate::Eni;
use super::kept::Kept;
use super::known::Known;
use super::owners::{EXTERNAL, UNALLOCATED};
use super::row::Row;
use super::traffic::{ChargeTo, Traffic};
use crate::decode::{Dictionary, Flows, Values};
use crate::schema::{Column, ColumnSet};

/// Rows of a block: enough to be packed at a stretch, few enough for a core's cache.
const BLOCK_ROWS: usize = 2048;

/// Where blocks go: columns, the dictionary of their texts, and the rows of counted and of rejected traffic.
pub trait Sink {
    /// Takes a block. The dictionary is the same one every time.
    fn take(&mut self, flows: &Flows, dictionary: &Dictionary, counted: &[u32], rejected: &[u32]);
}

/// What is requested of traffic.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// The columns of the blocks.
    pub columns: ColumnSet,
    /// Whether traffic is wanted.
    pub traffic: bool,
    /// Whether charges are wanted.
    pub charges: bool,
    /// Whether what was rejected is wanted.
    pub rejected: bool,
    /// The external addresses and ports kept as group keys.
    pub kept: Kept,
    /// Whether rows are wanted too that the filter leaves out of the traffic.
    pub unfiltered: bool,
}

impl Wanted {
    /// Whether any output needs the route.
    pub(super) fn needs_route(&self) -> bool {
        self.charges || include_route(self.columns)
    }
}

/// Whether the columns include the route.
pub(super) fn include_route(columns: ColumnSet) -> bool {
    let of_route = [Column::Path, Column::Via, Column::PathRule, Column::Assumed, Column::NatGateway, Column::NatZone];
    of_route.into_iter().any(|column| columns.has(column))
}

/// Buffers the rows of one output for its sink.
#[derive(Debug)]
pub(super) struct Output<'a, S> {
    pub(super) wanted: &'a Wanted,
    sink: S,
    columns: Vec<(Column, Values)>,
    flows: Flows,
    counted: Vec<u32>,
    rejected: Vec<u32>,
    rows: usize,
    /// The places of the rows in the gate; none where nothing is left to be decided.
    gated: Vec<u32>,
}

impl<'a, S: Sink> Output<'a, S> {
    pub(super) fn new(wanted: &'a Wanted, sink: S) -> Self {
        let columns = wanted.columns.iter().map(|column| (column, Values::new(column.kind()))).collect();
        let (counted, rejected, gated) = Default::default();
        Self { wanted, sink, columns, flows: Flows::new(wanted.columns), counted, rejected, rows: 0, gated }
    }

    /// Writes a row of the columns requested, with its place in the gate if there is one.
    pub(super) fn write(&mut self, row: &Row<'_>, rejected: bool, gated: Option<u32>, texts: &mut Texts<'_>) {
        let place = u32::try_from(self.rows).unwrap_or(u32::MAX);
        let rows = if rejected { &mut self.rejected } else { &mut self.counted };
        rows.push(place);
        self.rows += 1;
        let kept = &self.wanted.kept;
        for (column, values) in &mut self.columns {
            texts.push(*column, row, kept, values);
        }
        match gated {
            // The gate says when its rows are decided on.
            Some(gated) => self.gated.push(gated),
            None if self.rows >= BLOCK_ROWS => self.flush(&texts.dictionary, &[]),
            None => {}
        }
    }

    /// Passes on the buffered rows; rows with a gate entry only if they pass.
    pub(super) fn flush(&mut self, dictionary: &Dictionary, passes: &[bool]) {
        if self.rows == 0 {
            return;
        }
        let gated = std::mem::take(&mut self.gated);
        if !gated.is_empty() {
            let is_kept = |row: &u32| passes[gated[*row as usize] as usize];
            self.counted.retain(is_kept);
            self.rejected.retain(is_kept);
        }
        self.gated = gated;
        self.gated.clear();
        // What the last block was in takes the next one.
        self.flows.clear();
        for (column, values) in &mut self.columns {
            if let Some(out) = self.flows.values_mut(*column) {
                std::mem::swap(out, values);
            }
        }
        self.flows.set_rows(self.rows);
        self.sink.take(&self.flows, dictionary, &self.counted, &self.rejected);
        self.rows = 0;
        self.counted.clear();
        self.rejected.clear();
    }
}

/// What all outputs of a writer have in common: the texts of rows, and their codes.
#[derive(Debug)]
pub(super) struct Texts<'a> {
    traffic: &'a Traffic<'a>,
    /// The columns that are keys of their own in the facts.
    passthrough: Vec<Column>,
    pub(super) dictionary: Dictionary,
    /// The codes of the program's own texts, by where they are: names of paths, charges and rules.
    fixed: Vec<(&'static str, u32)>,
}

impl<'a> Texts<'a> {
    pub(super) fn new(traffic: &'a Traffic<'a>) -> Self {
        Self { traffic, passthrough: traffic.facts.passthrough(), dictionary: Dictionary::default(), fixed: Vec::new() }
    }

    /// Appends the value of a row's column; addresses and ports only if kept.
    pub(super) fn push(&mut self, column: Column, row: &Row<'_>, kept: &Kept, values: &mut Values) {
        match values {
            Values::Address(values) => values.push(kept.address(column, row.address(column))),
            Values::Big(values) => values.push(row.big(column)),
            Values::Time(values) => values.push(row.time(column, &self.passthrough)),
            Values::Small(values) => values.push(kept.small(column, row.small(column, &self.passthrough))),
            Values::Text(values) => values.push(self.text(column, row)),
        }
    }

    fn text(&mut self, column: Column, row: &Row<'_>) -> u32 {
        let (src, dst) = (row.src, row.dst);
        let item = row.item;
        let text: Option<&[u8]> = match column {
            Column::SrcVpc => return src.vpc,
            Column::DstVpc => return dst.vpc,
            Column::SrcAccount => return src.account,
            Column::DstAccount => return dst.account,
            Column::SrcRegion => return src.region,
            Column::DstRegion => return dst.region,
            Column::SrcZone => return src.zone,
            Column::DstZone => return dst.zone,
            Column::SrcSubnet => return src.subnet,
            Column::DstSubnet => return dst.subnet,
            Column::SrcInterface => return src.interface,
            Column::DstInterface => return dst.interface,
            Column::SrcInstance => return src.instance,
            Column::DstInstance => return dst.instance,
            Column::SrcLocation => return src.place,
            Column::DstLocation => return dst.place,
            Column::SrcCountry => return src.country,
            Column::DstCountry => return dst.country,
            Column::SrcNetwork => return src.network,
            Column::DstNetwork => return dst.network,
            Column::Path => return self.fixed(row.route.map(|route| route.path.name())),
            Column::Via => return self.fixed(row.route.and_then(|route| route.via.name())),
            Column::NatGateway => self.nat(row).and_then(Eni::resource_id).map(str::as_bytes),
            Column::NatZone => self.nat(row).and_then(|nat| nat.names.zone.as_deref()).map(str::as_bytes),
            Column::PathRule => return self.fixed(row.route.map(|route| route.rule)),
            Column::Assumed => {
                let of_route = || row.route.and_then(|route| route.assumed);
                return self.fixed(item.map_or_else(of_route, |item| item.assumed));
            }
            Column::DirectionRule => return self.fixed(Some(row.direction_rule)),
            Column::CountRule => return self.fixed(Some(row.count_rule)),
            Column::Charge => return self.fixed(item.map(|item| item.charge.name())),
            Column::PayerAccount => item.map(|item| item.payer.as_deref().unwrap_or("unknown").as_bytes()),
            Column::BilledResource => return self.billed_resource(row),
            Column::FromRegion => item.map(|item| item.from.as_deref().unwrap_or("unknown").as_bytes()),
            Column::ToRegion => item.map(|item| item.to.as_bytes()),
            _ => return self.owner_or_extra(column, row),
        };
        text.map_or(Dictionary::ABSENT, |text| self.dictionary.code(text))
    }

    /// The resource that bears a charge; of what is free the sender's, else the receiver's.
    fn billed_resource(&mut self, row: &Row<'_>) -> u32 {
        let of_ends = || row.ends.src.interface.or(row.ends.dst.interface);
        let Some(place) = row.item.map_or_else(of_ends, |item| item.interface) else { return Dictionary::ABSENT };
        let own = &self.traffic.resolver.estate.interfaces[place as usize];
        self.dictionary.code(own.billed_resource().as_bytes())
    }

    /// The NAT gateway on the route, if it is known which one.
    fn nat(&self, row: &Row<'_>) -> Option<&'a Eni> {
        let place = row.route.and_then(|route| route.nat)?;
        Some(&self.traffic.resolver.estate.interfaces[place as usize])
    }

    /// The code of one of the program's own texts.
    fn fixed(&mut self, text: Option<&'static str>) -> u32 {
        let Some(text) = text else { return Dictionary::ABSENT };
        let known = self.fixed.iter().find(|(known, _)| std::ptr::eq(*known, text));
        known.map(|(_, code)| *code).unwrap_or_else(|| {
            let code = self.dictionary.code(text.as_bytes());
            self.fixed.push((text, code));
            code
        })
    }

    /// An owner, or a column that the question groups records by.
    fn owner_or_extra(&mut self, column: Column, row: &Row<'_>) -> u32 {
        let bearer = self.bearer(row);
        let (known, key) = match column {
            Column::Owner1 => (bearer, 0),
            Column::Owner2 => (bearer, 1),
            Column::Owner3 => (bearer, 2),
            Column::SrcOwner1 => (row.src, 0),
            Column::SrcOwner2 => (row.src, 1),
            Column::SrcOwner3 => (row.src, 2),
            Column::DstOwner1 => (row.dst, 0),
            Column::DstOwner2 => (row.dst, 1),
            Column::DstOwner3 => (row.dst, 2),
            _ => {
                let vantages = &self.traffic.facts.rollup().spec().vantages;
                let place = vantages.iter().position(|vantage| *vantage == column);
                let value = place.and_then(|place| self.traffic.facts.vantage_values(row.fact.vantage).nth(place));
                let value = value.filter(|value| !value.is_empty());
                return value.map_or(Dictionary::ABSENT, |value| self.dictionary.code(value));
            }
        };
        let owner = known.owners.get(key).and_then(|timeline| timeline.at(row.fact.hour));
        let label = if known.info.kind == EndpointKind::Own { UNALLOCATED } else { EXTERNAL };
        self.dictionary.code(owner.map_or(label, |owner| owner).as_bytes())
    }

    /// The endpoint that a charge is allocated to; for traffic the sender if it is in the estate, else the receiver.
    fn bearer<'r>(&self, row: &Row<'r>) -> &'r Known {
        let source = match (row.item, self.traffic.sources.charge_to) {
            (Some(_), ChargeTo::Sender) => true,
            (Some(_), ChargeTo::Receiver) => false,
            (Some(item), ChargeTo::Payer) => item.bearer == Allocation::Source,
            (None, _) => row.src.info.kind == EndpointKind::Own,
        };
        if source { row.src } else { row.dst }
    }
}
