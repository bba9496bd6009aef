//! Records dealt to workers, as a run deals them, and what comes of it.

use super::*;

/// A record, whether it is summed apart, and who gets it.
#[derive(Clone, Debug)]
pub(super) struct Dealt {
    pub(super) record: Record,
    pub(super) rejected: bool,
    pub(super) worker: usize,
}

/// Workers: two to each of three partials.
pub(super) const WORKERS: usize = 6;

pub(super) fn dealt(columns: Vec<Column>, most: usize) -> impl Strategy<Value = Vec<Dealt>> {
    let one = (record(columns), prop::bool::weighted(0.3), 0..WORKERS);
    let one = one.prop_map(|(record, rejected, worker)| Dealt { record, rejected, worker });
    prop::collection::vec(one, 0..most)
}

/// The partial of two workers' records, each with its own dictionary and size of blocks.
pub(super) fn partial(spec: &Arc<Spec>, dealt: &[Dealt], workers: std::ops::Range<usize>) -> Partial {
    partial_within(None, spec, dealt, workers)
}

/// The same, within a limit of memory.
pub(super) fn partial_within(
    overflow: Option<Overflow>,
    spec: &Arc<Spec>,
    dealt: &[Dealt],
    workers: std::ops::Range<usize>,
) -> Partial {
    let shared = Arc::new(Shared::new(Arc::clone(spec), SEED, overflow));
    for worker in workers {
        let (mut batcher, mut dictionary) = (Batcher::new(Arc::clone(&shared)), used_dictionary(worker));
        let mine: Vec<_> = dealt.iter().filter(|dealt| dealt.worker == worker).collect();
        for chunk in mine.chunks(1 + worker * 2) {
            let flows = block(chunk.iter().map(|dealt| &dealt.record), spec.columns(), &mut dictionary);
            for rejected in [false, true] {
                let picked = (0u32..).zip(chunk).filter(|(_, dealt)| dealt.rejected == rejected);
                let picked: Vec<u32> = picked.map(|(row, _)| row).collect();
                batcher.add(&flows, &dictionary, &picked, rejected);
            }
        }
    }
    Arc::into_inner(shared).unwrap().into_partial().unwrap()
}

/// Keeps what is spilled, up to a number of words.
#[derive(Debug)]
pub(super) struct Kept {
    words: Mutex<Vec<u64>>,
    most: usize,
}

impl Kept {
    pub(super) fn within(memory_bytes: usize, most: usize) -> Overflow {
        Overflow::new(memory_bytes, Arc::new(Self { words: Mutex::default(), most }))
    }
}

impl Spill for Kept {
    fn write(&self, words: &[u64]) -> Result<u64, Error> {
        let mut kept = self.words.lock().unwrap();
        let place = kept.len() as u64;
        kept.extend_from_slice(words);
        if kept.len() > self.most { Err(Error::write("no room")) } else { Ok(place) }
    }

    fn read(&self, place: u64, words: &mut [u64]) -> Result<(), Error> {
        let place = usize::try_from(place).unwrap();
        words.copy_from_slice(&self.words.lock().unwrap()[place..place + words.len()]);
        Ok(())
    }

    fn spilled_bytes(&self) -> u64 {
        self.words.lock().unwrap().len() as u64 * 8
    }
}

/// Groups by their key in words: the sums of counted and of rejected records.
pub(super) type Groups = BTreeMap<Vec<String>, (Sums, Sums)>;

/// Every group of a roll-up; each must be there once.
pub(super) fn groups(rollup: &Rollup) -> Groups {
    let mut groups = Groups::new();
    for shard in rollup.shards() {
        let each = |group: Group<'_>| {
            let key = rollup.values(&group.key()).map(|value| in_words(value, rollup.names())).collect();
            let before = groups.insert(key, (group.counted, group.rejected));
            assert_eq!(before, None, "a group is there twice");
        };
        rollup.for_each_group(shard, each).unwrap();
    }
    groups
}

fn in_words(value: KeyValue, names: &Dictionary) -> String {
    let address = |address| Ipv6Addr::from_bits(address).to_canonical();
    match value {
        KeyValue::Absent => "-".to_owned(),
        KeyValue::Address(bits) => address(bits).to_string(),
        KeyValue::Prefix(bits, length) => format!("{}/{length}", address(bits)),
        KeyValue::Number(number) => number.to_string(),
        KeyValue::Time(seconds) => format!("{seconds} s"),
        KeyValue::Text(code) => format!("{:?}", names.display(code)),
    }
}

/// The same by a map, row by row.
pub(super) fn naive(spec: &Spec, dealt: &[Dealt]) -> Groups {
    let mut groups = Groups::new();
    for Dealt { record, rejected, .. } in dealt {
        let key = spec.keys.iter().map(|key| key_in_words(key, record)).collect();
        let (of_counted, of_rejected) = groups.entry(key).or_default();
        let measured = |asked: bool, column| number(record, column).filter(|_| asked);
        let seen = |column, absent| measured(spec.seen, column).map_or(absent, |at| u32::try_from(at).unwrap());
        let sums = if *rejected { of_rejected } else { of_counted };
        sums.add(&Sums {
            flows: 1,
            bytes: measured(spec.bytes, Column::Bytes).unwrap_or(0).into(),
            packets: measured(spec.packets, Column::Packets).unwrap_or(0).into(),
            distinct: 0,
            first_seen: seen(Column::Start, u32::MAX),
            last_seen: seen(Column::End, 0),
        });
    }
    groups
}

fn key_in_words(key: &Key, record: &Record) -> String {
    let stretch = |seconds: u64| number(record, Column::Start).map(|start| Plain::Number(start - start % seconds));
    let either = |first: Column, second: Column| record.get(&first).or_else(|| record.get(&second)).cloned();
    let value = match key.column {
        Column::Src => either(Column::PktSrcaddr, Column::Srcaddr),
        Column::Dst => either(Column::PktDstaddr, Column::Dstaddr),
        Column::Minute => stretch(60),
        Column::Hour => stretch(3600),
        Column::Day => stretch(86_400),
        column => record.get(&column).cloned(),
    };
    match value {
        None => "-".to_owned(),
        Some(Plain::Address(address)) => key.cut.map_or_else(|| address.to_string(), |cut| cut_in_words(cut, address)),
        Some(Plain::Number(number)) if key.column.kind() == Kind::Time => format!("{number} s"),
        Some(Plain::Number(number)) => number.to_string(),
        Some(Plain::Text(text)) => format!("{text:?}"),
    }
}

fn cut_in_words(cut: Cut, address: IpAddr) -> String {
    let private = match address {
        IpAddr::V4(v4) => {
            let shared = v4.octets()[0] == 100 && (64..128).contains(&v4.octets()[1]);
            v4.is_private() || shared || v4.is_link_local() || v4.is_loopback()
        }
        IpAddr::V6(v6) => v6.is_unique_local() || v6.is_unicast_link_local() || v6.is_loopback(),
    };
    if cut.public_only && private {
        return address.to_string();
    }
    match address {
        IpAddr::V4(v4) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(cut.v4_bits)).unwrap_or(0);
            format!("{}/{}", std::net::Ipv4Addr::from_bits(v4.to_bits() & mask), cut.v4_bits)
        }
        IpAddr::V6(v6) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(cut.v6_bits)).unwrap_or(0);
            format!("{}/{}", Ipv6Addr::from_bits(v6.to_bits() & mask), cut.v6_bits)
        }
    }
}
