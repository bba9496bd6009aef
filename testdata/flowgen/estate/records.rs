//! Records: a crossing cut by its interface's own aggregation intervals, on the interface's own clock.
//!
//! Intervals are a minute, of old instances ten, and begin anywhere; clocks are up to 25 s off. So two views of a
//! transfer have other windows, some that do not even overlap, and the same bytes.

use std::sync::Arc;

use super::Estate;
use super::bill::Billed;
use super::routes::Crossing;
use super::talks::{Talk, Volume};
use crate::flowgen::random::Random;

const INTERVAL_SECONDS: u32 = 60;
const SLOW_INTERVAL_SECONDS: u32 = 600;
const CLOCK_SECONDS: u32 = 25;

/// A record of an interface.
#[derive(Clone)]
pub(crate) struct Record {
    /// The interface, by its place.
    pub(crate) interface: usize,
    pub(crate) start: u32,
    pub(crate) end: u32,
    pub(crate) content: Content,
}

/// What the interval held.
#[derive(Clone)]
pub(crate) enum Content {
    Flow(Flow),
    /// NODATA.
    Quiet,
    /// SKIPDATA.
    Lost,
}

/// A part of a crossing.
#[derive(Clone)]
pub(crate) struct Flow {
    pub(crate) crossing: Crossing,
    pub(crate) protocol: u8,
    pub(crate) tcp_flags: u8,
    pub(crate) packets: u64,
    pub(crate) bytes: u64,
    /// What is billed of the transfer, if losing the record matters to that, and which of its views the record is of.
    pub(crate) billed: Option<(Arc<Billed>, usize)>,
}

impl Record {
    /// Whether it is of rejected traffic.
    pub(crate) fn is_refused(&self) -> bool {
        matches!(&self.content, Content::Flow(flow) if flow.crossing.rejected)
    }
}

/// Appends the records of a crossing.
pub(crate) fn observe(
    estate: &Estate,
    random: &mut Random,
    talk: &Talk,
    forward: bool,
    crossing: &Crossing,
    records: &mut Vec<Record>,
) {
    let interface = &estate.interfaces[crossing.interface];
    let interval = if interface.nitro { INTERVAL_SECONDS } else { SLOW_INTERVAL_SECONDS };
    let drift = random.below_small(2 * CLOCK_SECONDS + 1);
    let (from, to) = (talk.start + drift - CLOCK_SECONDS, talk.end + drift - CLOCK_SECONDS);
    let volume = talk.volume(forward);
    let windows = windows(from, to, interval, interface.phase, volume);
    let last = windows.len() - 1;
    for (place, window) in windows.into_iter().enumerate() {
        let flow = Flow {
            crossing: *crossing,
            protocol: talk.protocol,
            tcp_flags: talk.flags(forward, place == 0, place == last),
            packets: window.volume.packets,
            bytes: window.volume.bytes,
            billed: None,
        };
        let (start, end) = (window.from, window.to);
        records.push(Record { interface: crossing.interface, start, end, content: Content::Flow(flow) });
    }
}

/// A part of the time, and of what went in it.
struct Window {
    from: u32,
    to: u32,
    volume: Volume,
}

/// Cuts seconds `from..=to` where intervals end, and divides packets and bytes evenly by time; no window is without a
/// packet, so few packets leave intervals out, but the last one.
fn windows(from: u32, to: u32, interval: u32, phase: u32, volume: Volume) -> Vec<Window> {
    let cell = |moment: u32| (moment - phase) / interval;
    let cells = u64::from(cell(to) - cell(from)) + 1;
    let count = cells.min(volume.packets);
    let (mut windows, mut start, mut sent) = (Vec::new(), from, Volume { packets: 0, bytes: 0 });
    for number in 1..=count {
        if number == count && number > 1 {
            start = start.max(phase + cell(to) * interval);
        }
        let next = phase + (cell(start) + 1) * interval;
        let end = to.min(next - 1);
        let (passed, whole) = if number == count { (1, 1) } else { (end - from + 1, to - from + 1) };
        // One packet is every window's; the others go by time.
        let packets = number + share(volume.packets - count, passed.into(), whole.into());
        let bytes = share(volume.bytes, packets, volume.packets);
        windows.push(Window {
            from: start,
            to: end,
            volume: Volume { packets: packets - sent.packets, bytes: bytes - sent.bytes },
        });
        sent = Volume { packets, bytes };
        start = next;
    }
    windows
}

/// `whole × part / parts`, rounded down.
fn share(whole: u64, part: u64, parts: u64) -> u64 {
    u64::try_from(u128::from(whole) * u128::from(part) / u128::from(parts)).unwrap_or(0)
}
