//! Findings and suspects → tables, the most suspect first.

use std::net::Ipv6Addr;

use super::SignalsShape;
use crate::reason::signals::{Finding, Observed, Signals, Suspect, Terms};
use crate::report::{Cell, Head, Row, Table};
use crate::schema::Column;
use crate::schema::output::{self, CellKind};
use crate::units::human;

/// The name of the column of owners without a key to ask for them by.
const OWNER: &str = "owner";

/// The tables, and notes on omitted rows.
pub(super) fn tables(signals: &Signals, terms: &Terms, shape: &SignalsShape) -> (Vec<Table>, Vec<String>) {
    let Signals { observed, findings, suspects, .. } = signals;
    let most = shape.rows.unwrap_or(usize::MAX);
    let notes =
        [(findings.len(), "more finding"), (suspects.len(), "more suspect")].into_iter().filter_map(|(all, noun)| {
            let more = all.saturating_sub(most) as u64;
            (more > 0).then(|| format!("{} not shown (show with --top all)", human::counted(more, noun)))
        });
    let notes: Vec<String> = notes.collect();
    let signals = ranked(
        "signals",
        "Signals",
        signal_heads(shape),
        findings.iter().take(most).map(|(score, finding)| signal(observed, *score, finding)),
    );
    let suspects = ranked(
        "suspects",
        "Suspicious destinations",
        suspect_heads(shape),
        suspects.iter().take(most).map(|listed| suspect(observed, listed, terms)),
    );
    (vec![signals, suspects], notes)
}

fn ranked(name: &str, title: &str, heads: Vec<Head>, rows: impl Iterator<Item = Row>) -> Table {
    let ranked = (1u64..).zip(rows).map(|(rank, row)| std::iter::once(rank.into()).chain(row).collect());
    Table {
        name: name.to_owned(),
        title: title.to_owned(),
        columns: std::iter::once(output::RANK.into()).chain(heads).collect(),
        rows: ranked.collect(),
        ..Table::default()
    }
}

fn owner_head(shape: &SignalsShape) -> Head {
    Head { name: shape.owner.clone().unwrap_or_else(|| OWNER.to_owned()), kind: CellKind::Text }
}

fn signal_heads(shape: &SignalsShape) -> Vec<Head> {
    let mut heads: Vec<Head> =
        vec![output::SIGNAL.into(), output::FAMILY.into(), output::SCORE.into(), owner_head(shape)];
    heads.extend(
        [Column::SrcInterface, Column::Src, Column::Dst, Column::DstLocation, Column::Port, Column::Protocol]
            .map(Head::from),
    );
    heads.extend(
        [output::FIRST_SEEN, output::LAST_SEEN, output::BYTES, output::EVIDENCE, output::MISSING].map(Head::from),
    );
    heads
}

fn suspect_heads(shape: &SignalsShape) -> Vec<Head> {
    let mut heads: Vec<Head> = vec![output::SCORE.into(), output::BAND.into(), owner_head(shape)];
    heads.extend([Column::SrcInterface, Column::Src, Column::Dst, Column::DstLocation].map(Head::from));
    heads.extend(
        [output::FIRST_SEEN, output::LAST_SEEN, output::BYTES, output::FAMILIES, output::PARTS].map(Head::from),
    );
    heads
}

fn signal(observed: &Observed, score: Option<u32>, finding: &Finding) -> Row {
    let number = |number: Option<u32>| Cell::from(number.map(u64::from));
    let mut row = vec![finding.signal.name().into(), finding.signal.family().name().into(), number(score)];
    row.extend(who(observed, finding.source));
    row.extend([
        finding.peer.map_or(Cell::Absent, address),
        finding.place.clone().into(),
        number(finding.port),
        number(finding.protocol),
        Cell::Time(finding.first),
        Cell::Time(finding.last),
        finding.bytes.into(),
        finding.evidence.as_str().into(),
        finding.missing.as_str().into(),
    ]);
    row
}

fn suspect(observed: &Observed, suspect: &Suspect, terms: &Terms) -> Row {
    let families: Vec<&str> = suspect.families.iter().map(|family| family.name()).collect();
    let band = suspect.band(terms.bytes_min);
    let mut row = vec![u64::from(suspect.score).into(), band.into()];
    row.extend(who(observed, Some(suspect.source)));
    row.extend([
        address(suspect.peer),
        Cell::Text(suspect.place.clone()),
        Cell::Time(suspect.first),
        Cell::Time(suspect.last),
        suspect.bytes.into(),
        families.join(", ").into(),
        suspect.parts.as_str().into(),
    ]);
    row
}

/// Owner, interface and address.
fn who(observed: &Observed, source: Option<usize>) -> [Cell; 3] {
    match source.and_then(|source| observed.sources.get(source)) {
        None => [Cell::Absent, Cell::Absent, Cell::Absent],
        Some(source) => [Cell::Text(source.owner.clone()), source.interface.clone().into(), address(source.address)],
    }
}

fn address(address: u128) -> Cell {
    Cell::Address(Ipv6Addr::from(address).to_canonical())
}
