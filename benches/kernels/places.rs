//! Addresses → AWS's ranges: compiling the embedded ranges, and finding addresses in them.

use divan::Bencher;
use divan::counter::ItemsCount;
use outflow::join::ranges::Ranges;

/// Addresses that are looked for.
const ADDRESSES: u32 = if cfg!(debug_assertions) { 1 << 10 } else { 1 << 20 };
/// IPv4 in IPv6, as the columns hold it.
const IPV4: u128 = 0xffff_0000_0000;

#[divan::bench(sample_count = 20, sample_size = 1)]
fn compile() -> Ranges {
    Ranges::embedded().expect("the embedded ranges")
}

#[divan::bench(sample_count = 10, sample_size = 1)]
fn look_up(bencher: Bencher<'_, '_>) {
    let (ranges, addresses) = (compile(), addresses());
    let found = || addresses.iter().filter(|address| ranges.look_up(**address).is_some()).count();
    bencher.counter(ItemsCount::new(ADDRESSES)).bench_local(found);
}

/// Addresses all over IPv4, in no order.
fn addresses() -> Vec<u128> {
    (0..ADDRESSES).map(|place| IPV4 | u128::from(place.wrapping_mul(0x9e37_79b1))).collect()
}
