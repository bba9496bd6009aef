//! Columns → sums: by how many groups there are, how many columns the key has and how wide addresses are; and the
//! merge of two partials.

use std::fmt;
use std::sync::Arc;

use divan::Bencher;
use divan::counter::ItemsCount;
use outflow::decode::{Dictionary, Flows};
use outflow::group::{Batcher, Key, Partial, Shared, Spec};
use outflow::units::human;

use crate::data::made_up;

/// Rows that are summed: few in a build without optimisation, which only sees that this still runs.
const ROWS: u32 = if cfg!(debug_assertions) { 1 << 13 } else { 1 << 20 };
const KEYS: [&str; 3] = ["srcaddr", "srcaddr,dstaddr", "srcaddr,dstaddr,srcport,dstport"];
const GROUPS: [u32; 3] = [1, 1_000, 1_000_000];

struct Case {
    groups: u32,
    keys: &'static str,
    ipv6: bool,
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let version = if self.ipv6 { "IPv6" } else { "IPv4" };
        write!(f, "{} by {}, {version}", human::counted(self.groups.into(), "group"), self.keys)
    }
}

fn cases() -> impl Iterator<Item = Case> {
    let by_keys = |groups| KEYS.into_iter().map(move |keys| (groups, keys));
    let versions = |(groups, keys)| [false, true].map(|ipv6| Case { groups, keys, ipv6 });
    GROUPS.into_iter().flat_map(by_keys).flat_map(versions)
}

#[divan::bench(args = cases(), sample_count = 10, sample_size = 1)]
fn sum(bencher: Bencher<'_, '_>, case: &Case) {
    let spec = spec(case.keys);
    let flows = made_up(ROWS, case.groups, case.ipv6, spec.columns());
    bencher.counter(ItemsCount::new(ROWS)).bench_local(|| partial(&spec, &flows));
}

/// Two partials with the same groups, by two columns; the time is that of taking in the second.
#[divan::bench(args = GROUPS, sample_count = 10, sample_size = 1)]
fn merge(bencher: Bencher<'_, '_>, groups: u32) {
    let spec = spec("srcaddr,dstaddr");
    let flows = made_up(ROWS, groups, false, spec.columns());
    bencher
        .counter(ItemsCount::new(groups.min(ROWS)))
        .with_inputs(|| (partial(&spec, &flows), partial(&spec, &flows)))
        .bench_local_values(|(one, two)| one.merge(two).expect("nothing was spilled"));
}

fn spec(keys: &str) -> Arc<Spec> {
    let keys = keys.split(',').map(|name| Key::parse(name).expect("a column")).collect();
    Arc::new(Spec {
        vantages: Vec::new(),
        keys,
        bytes: true,
        packets: true,
        seen: false,
        starts: false,
        distinct: false,
    })
}

fn partial(spec: &Arc<Spec>, blocks: &[Flows]) -> Partial {
    let (shared, dictionary) = (Arc::new(Shared::new(Arc::clone(spec), 7, None)), Dictionary::default());
    let mut batcher = Batcher::new(Arc::clone(&shared));
    for flows in blocks {
        let all: Vec<u32> = (0..).take(flows.rows()).collect();
        batcher.add(flows, &dictionary, &all, false);
    }
    drop(batcher);
    Arc::into_inner(shared).expect("nobody else holds it").into_partial().expect("nothing was spilled")
}
