//! `--where` over a block of decoded records.

use divan::Bencher;
use divan::counter::ItemsCount;
use outflow::group::filter::Filter;
use outflow::schema::ColumnSet;
use outflow::units::time::Zone;

use crate::data::Text;

/// Many networks in one list.
const NETWORKS: u32 = 1_000;

#[divan::bench(args = [
    "bytes > 10KiB",
    "action = REJECT",
    "src in 10.0.0.0/8 and not dst in 10.0.0.0/8",
    "anyport in (22, 443, 8000..8999) or protocol = udp",
    "eni ~ '^eni-0[ab]'",
])]
fn select(bencher: Bencher<'_, '_>, expression: &str) {
    run(bencher, expression);
}

#[divan::bench]
fn select_of_a_thousand_networks(bencher: Bencher<'_, '_>) {
    let networks: Vec<String> = (0..NETWORKS).map(|n| format!("10.{}.{}.0/26", n / 250, n % 250)).collect();
    run(bencher, &format!("addr in ({})", networks.join(", ")));
}

fn run(bencher: Bencher<'_, '_>, expression: &str) {
    let filter = Filter::parse(expression, 0, Zone::default()).expect("an expression");
    let (flows, dictionary) = Text::generate("v2").decode(ColumnSet::decoded());
    let mut evaluator = filter.evaluator();
    bencher
        .counter(ItemsCount::new(flows.rows()))
        .bench_local(|| evaluator.select(&flows, &dictionary).iter().filter(|passes| **passes).count());
}
