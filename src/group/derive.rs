//! Columns derived from other columns of the same record.
//!
//! A derived value depends only on its own record: no tags, no inventory, no other record. The effect of an absent
//! input is documented at each column; inputs that were not decoded are absent.

use crate::decode::{Flows, Values};
use crate::schema::{ABSENT_ADDRESS, ABSENT_SMALL, ABSENT_TIME, Column, Kind};
use crate::units::time::Zone;

/// The protocols that have ports: TCP, UDP, DCCP, SCTP, UDP-Lite.
const PROTOCOLS_WITH_PORTS: [u32; 5] = [6, 17, 33, 132, 136];
/// Seconds of a quarter of an hour.
const QUARTER_SECONDS: u32 = 900;
/// The `tcp_flags` bits that separate client and server: SYN and ACK.
const HANDSHAKE: u32 = 18;
/// A client's first segment.
const SYN: u32 = 2;
/// A server's answer to it.
const SYN_ACK: u32 = 18;

/// A column's values: as they were decoded, else derived into `scratch`.
pub fn values<'a>(column: Column, flows: &'a Flows, scratch: &'a mut Values) -> &'a Values {
    match flows.values(column) {
        Some(values) => values,
        None => {
            derive(column, flows, scratch);
            scratch
        }
    }
}

/// The same where a day is a zone's: its date, as the midnight of that date in UTC. The zone is one of whole hours where
/// records are summed by the hour before.
pub fn values_in<'a>(zone: Zone, column: Column, flows: &'a Flows, scratch: &'a mut Values) -> &'a Values {
    if column != Column::Day || zone == Zone::default() || flows.values(column).is_some() {
        return values(column, flows, scratch);
    }
    days(flows, |start| zone.day(start), scratch);
    scratch
}

/// Derives a column where a day is a zone's: the moment at which it begins there.
pub fn derive_in(zone: Zone, column: Column, flows: &Flows, out: &mut Values) {
    if column == Column::Day && zone != Zone::default() {
        days(flows, |start| zone.day_start(start), out);
    } else {
        derive(column, flows, out);
    }
}

/// Writes the day of each record, as it is computed of its start.
fn days(flows: &Flows, of: impl Fn(u32) -> u32, out: &mut Values) {
    empty_for(Column::Day, out);
    if let Values::Time(out) = &mut *out {
        // An offset from UTC is a multiple of a quarter, and so is each of its changes.
        let (mut last, mut day) = (None, ABSENT_TIME);
        out.extend(flows.smalls(Column::Start).unwrap_or_default().iter().map(|start| {
            let quarter = start / QUARTER_SECONDS;
            if last != Some(quarter) {
                (last, day) = (Some(quarter), if *start == ABSENT_TIME { ABSENT_TIME } else { of(*start) });
            }
            day
        }));
    }
    out.fill_absent(flows.rows());
}

/// Writes the values of a derived column for every record; `out` keeps its buffer from block to block. A column that
/// can only be decoded becomes absent.
pub fn derive(column: Column, flows: &Flows, out: &mut Values) {
    empty_for(column, out);
    match (column, &mut *out) {
        (Column::Src, Values::Address(out)) => ends(flows, Column::PktSrcaddr, Column::Srcaddr, out),
        (Column::Dst, Values::Address(out)) => ends(flows, Column::PktDstaddr, Column::Dstaddr, out),
        (Column::Port, Values::Small(out)) => of_ports(flows, out, service_port),
        (Column::ServiceSide, Values::Small(out)) => of_ports(flows, out, service_side),
        (Column::Minute, Values::Time(out)) => floored(flows, 60, out),
        (Column::Hour, Values::Time(out)) => floored(flows, 3600, out),
        (Column::Day, Values::Time(out)) => floored(flows, 86_400, out),
        _ => {}
    }
    out.fill_absent(flows.rows());
}

/// Makes the column absent, reusing the buffer if it has the same kind.
fn empty_for(column: Column, out: &mut Values) {
    match (out, column.kind()) {
        (Values::Address(out), Kind::Address) => out.clear(),
        (Values::Big(out), Kind::Big) => out.clear(),
        (Values::Small(out), Kind::Small) | (Values::Time(out), Kind::Time) | (Values::Text(out), Kind::Text) => {
            out.clear();
        }
        (out, kind) => *out = Values::new(kind),
    }
}

/// The packet's address where it is present, else the interface's.
fn ends(flows: &Flows, packet: Column, interface: Column, out: &mut Vec<u128>) {
    match (flows.addresses(packet), flows.addresses(interface)) {
        (Some(packet), Some(interface)) => {
            let pairs = packet.iter().zip(interface);
            out.extend(pairs.map(|(packet, interface)| if *packet == ABSENT_ADDRESS { *interface } else { *packet }));
        }
        (Some(only), None) | (None, Some(only)) => out.extend_from_slice(only),
        (None, None) => {}
    }
}

/// Writes what follows from the ports, the flags and the protocol of each record.
fn of_ports(flows: &Flows, out: &mut Vec<u32>, of: fn(u32, u32, u32, u32) -> u32) {
    let column = |column| flows.smalls(column).unwrap_or_default();
    let [srcports, dstports] = [column(Column::Srcport), column(Column::Dstport)];
    let [flags, protocols] = [column(Column::TcpFlags), column(Column::Protocol)];
    let at = |values: &[u32], row: usize| values.get(row).copied().unwrap_or(ABSENT_SMALL);
    out.extend(
        (0..flows.rows()).map(|row| of(at(srcports, row), at(dstports, row), at(flags, row), at(protocols, row))),
    );
}

/// The server's port. Without flags, both ports must be present to compare them; a record without a protocol is assumed
/// to have ports.
fn service_port(srcport: u32, dstport: u32, flags: u32, protocol: u32) -> u32 {
    if protocol != ABSENT_SMALL && !PROTOCOLS_WITH_PORTS.contains(&protocol) {
        return 0;
    }
    match flags & HANDSHAKE {
        SYN => dstport,
        SYN_ACK if flags != ABSENT_SMALL => srcport,
        _ if srcport == ABSENT_SMALL || dstport == ABSENT_SMALL => ABSENT_SMALL,
        _ => srcport.min(dstport),
    }
}

/// Which end has the service port: 0 the source, 1 the destination.
fn service_side(srcport: u32, dstport: u32, flags: u32, protocol: u32) -> u32 {
    match service_port(srcport, dstport, flags, protocol) {
        // Protocols without ports have 0, which is a port of neither.
        0 | ABSENT_SMALL => ABSENT_SMALL,
        _ if srcport == dstport => ABSENT_SMALL,
        port => u32::from(port != srcport),
    }
}

/// The start of the stretch of `stretch_seconds` that the record's start lies in.
fn floored(flows: &Flows, stretch_seconds: u32, out: &mut Vec<u32>) {
    let floor = |start: &u32| if *start == ABSENT_TIME { ABSENT_TIME } else { start - start % stretch_seconds };
    out.extend(flows.smalls(Column::Start).unwrap_or_default().iter().map(floor));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::ColumnSet;
    use Column::{
        Day, Dst, Dstport, Hour, Minute, PktSrcaddr, Port, Protocol, ServiceSide, Src, Srcaddr, Srcport, Start,
        TcpFlags,
    };

    fn flows(columns: &[(Column, Values)]) -> Flows {
        let mut flows = Flows::new(ColumnSet::of(&columns.iter().map(|(column, _)| *column).collect::<Vec<_>>()));
        for (column, values) in columns {
            *flows.values_mut(*column).expect("requested") = values.clone();
        }
        flows.set_rows(columns.first().map_or(0, |(_, values)| values.len()));
        flows
    }

    fn derived(column: Column, flows: &Flows) -> Values {
        let mut out = Values::new(Kind::Text);
        derive(column, flows, &mut out);
        out
    }

    #[test]
    fn an_end_is_the_packets_address_where_there_is_one() {
        let packet = (PktSrcaddr, Values::Address(vec![7, ABSENT_ADDRESS, ABSENT_ADDRESS]));
        let interface = (Srcaddr, Values::Address(vec![1, 2, ABSENT_ADDRESS]));
        let both = flows(&[packet.clone(), interface.clone()]);
        assert_eq!(derived(Src, &both), Values::Address(vec![7, 2, ABSENT_ADDRESS]));
        assert_eq!(derived(Src, &flows(&[interface])), Values::Address(vec![1, 2, ABSENT_ADDRESS]));
        assert_eq!(derived(Src, &flows(&[packet])), Values::Address(vec![7, ABSENT_ADDRESS, ABSENT_ADDRESS]));
        assert_eq!(derived(Dst, &both), Values::Address(vec![ABSENT_ADDRESS; 3]), "its inputs were not decoded");
    }

    #[test]
    fn the_service_port_is_reported_by_the_flags_else_the_lower_one() {
        const NONE: u32 = ABSENT_SMALL;
        let table = [
            // srcport, dstport, flags, protocol, port
            (40_000, 443, 2, 6, 443),
            (40_000, 50_000, 2, 6, 50_000),
            (443, 40_000, 18, 6, 443),
            (50_000, 40_000, 19, 6, 50_000),
            (40_000, 443, 3, 6, 443),
            (443, 40_000, 16, 6, 443),
            (40_000, 443, 0, 6, 443),
            (40_000, 443, NONE, 6, 443),
            (443, 40_000, NONE, 6, 443),
            (53, 40_000, 0, 17, 53),
            (9000, 8000, 0, 132, 8000),
            (9000, 8000, 0, 33, 8000),
            (9000, 8000, 0, 136, 8000),
            (9000, 8000, 0, NONE, 8000),
            (0, 0, 0, 1, 0),
            (5, 6, 0, 47, 0),
            (NONE, NONE, NONE, 1, 0),
            (NONE, NONE, NONE, NONE, NONE),
            (NONE, NONE, NONE, 6, NONE),
            (40_000, NONE, NONE, 6, NONE),
            (443, NONE, 18, 6, 443),
            (443, NONE, 2, 6, NONE),
        ];
        let column = |values: Vec<u32>| Values::Small(values);
        let block = flows(&[
            (Srcport, column(table.iter().map(|row| row.0).collect())),
            (Dstport, column(table.iter().map(|row| row.1).collect())),
            (TcpFlags, column(table.iter().map(|row| row.2).collect())),
            (Protocol, column(table.iter().map(|row| row.3).collect())),
        ]);
        assert_eq!(derived(Port, &block), Values::Small(table.iter().map(|row| row.4).collect()));
        let sides = [1, 1, 0, 0, 1, 0, 1, 1, 0, 0, 1, 1, 1, 1, NONE, NONE, NONE, NONE, NONE, NONE, 0, NONE];
        assert_eq!(derived(ServiceSide, &block), Values::Small(sides.into()));
        assert_eq!(service_side(123, 123, NONE, 17), NONE, "either may be the server");
    }

    #[test]
    fn minutes_hours_and_days_are_the_start_floored() {
        let start = 1_696_118_399;
        let block = flows(&[(Start, Values::Time(vec![start, 0, ABSENT_TIME]))]);
        assert_eq!(derived(Minute, &block), Values::Time(vec![1_696_118_340, 0, ABSENT_TIME]));
        assert_eq!(derived(Hour, &block), Values::Time(vec![1_696_114_800, 0, ABSENT_TIME]));
        assert_eq!(derived(Day, &block), Values::Time(vec![1_696_032_000, 0, ABSENT_TIME]));
    }

    #[test]
    fn a_day_of_a_zone_is_its_date() {
        let moments = ["2026-10-01T03:59:59Z", "2026-10-01T04:00Z", "2026-11-01T04:30Z", "2026-11-02T04:59Z"];
        let moment = |text: &str| crate::units::time::parse_moment(text, 0, Zone::default()).unwrap();
        let block = flows(&[(Start, Values::Time(moments.map(moment).into_iter().chain([ABSENT_TIME]).collect()))]);
        let dates = |zone: &str| {
            let mut out = Values::new(Kind::Text);
            values_in(Zone::parse(zone).unwrap(), Day, &block, &mut out).clone()
        };
        let expected = |days: [&str; 4]| Values::Time(days.map(moment).into_iter().chain([ABSENT_TIME]).collect());
        assert_eq!(
            dates("America/New_York"),
            expected(["2026-09-30", "2026-10-01", "2026-11-01", "2026-11-01"]),
            "also where the clock changes"
        );
        assert_eq!(dates("UTC"), expected(["2026-10-01", "2026-10-01", "2026-11-01", "2026-11-02"]));
    }

    #[test]
    fn decoded_values_are_lent_and_scratch_is_used_again() {
        let mut scratch = Values::new(Kind::Time);
        let long = flows(&[(Start, Values::Time(vec![60, 120, 185]))]);
        assert_eq!(values(Start, &long, &mut scratch), &Values::Time(vec![60, 120, 185]));
        assert!(scratch.is_empty(), "what was decoded is not copied");
        assert_eq!(values(Minute, &long, &mut scratch), &Values::Time(vec![60, 120, 180]));
        let short = flows(&[(Start, Values::Time(vec![61]))]);
        assert_eq!(
            values(Minute, &short, &mut scratch),
            &Values::Time(vec![60]),
            "nothing of the block before is left"
        );
        assert_eq!(values(Column::Bytes, &short, &mut scratch), &Values::Big(vec![crate::schema::ABSENT_BIG]));
    }
}
