//! The laws of pools, and worked examples that need a month of rows.

use proptest::prelude::*;

use super::super::{GB_BYTES, INTERNET, SAME};
use super::*;
use crate::units::human;
use crate::units::time::{Zone, parse_moment};

/// Tiers of two regions, a price that changes inside October, and a pair of regions with a price of its own.
const TABLE: &str = "charge,from,to,tier_start_gb,tier_end_gb,usd_per_gb,effective_from,effective_to,source\n\
    internet-egress,us-west-2,internet,0,10,0.09,,,list\n\
    internet-egress,us-west-2,internet,10,50,0.085,,,list\n\
    internet-egress,us-west-2,internet,50,,0.05,,,list\n\
    internet-egress,sa-east-1,internet,0,10,0.15,,2026-10-16,list\n\
    internet-egress,sa-east-1,internet,0,10,0.17,2026-10-16,,list\n\
    internet-egress,sa-east-1,internet,10,40,0.138,,,list\n\
    inter-region,us-west-2,any,0,20,0.02,,,list\n\
    inter-region,us-west-2,any,20,,0.01,,,list\n\
    inter-region,us-west-2,us-west-1,0,,0.005,,,list\n";

fn table() -> PriceTable {
    PriceTable::embedded().unwrap().with_overrides(PriceTable::read("test", TABLE.as_bytes()).unwrap())
}

fn moment(text: &str) -> u32 {
    parse_moment(text, 0, Zone::default()).unwrap()
}

fn usage(hour: &str, charge: Charge, from: &str, to: &str, gb: u64) -> Usage {
    Usage { hour: moment(hour), charge, from: from.into(), to: to.into(), bytes: gb * GB_BYTES }
}

fn egress(hour: &str, from: &str, gb: u64) -> Usage {
    usage(hour, Charge::InternetEgress, from, INTERNET, gb)
}

fn dollars(rows: &[Usage], terms: &PoolTerms) -> Vec<String> {
    let rows: Vec<_> = rows.iter().cloned().enumerate().collect();
    price(&rows, &table(), terms).iter().map(|priced| human::usd(priced.usd.rounded())).collect()
}

fn marginal() -> PoolTerms {
    PoolTerms { tiers: Tiers::Marginal, ..PoolTerms::default() }
}

#[test]
fn all_pay_the_average_of_the_month_or_each_hour_what_it_reaches() {
    let rows = [egress("2026-10-02", "us-west-2", 10), egress("2026-10-01", "us-west-2", 10)];
    assert_eq!(dollars(&rows, &PoolTerms::default()), ["$0.88", "$0.88"], "0.9 + 0.85, halved");
    assert_eq!(dollars(&rows, &marginal()), ["$0.85", "$0.90"], "the earlier hour is in the first tier");
}

#[test]
fn months_and_regions_are_pools_of_their_own_and_what_was_before_counts() {
    let rows = [
        egress("2026-10-31T23:00", "us-west-2", 20),
        egress("2026-11-01", "us-west-2", 10),
        egress("2026-11-01", "sa-east-1", 10),
    ];
    assert_eq!(dollars(&rows, &PoolTerms::default()), ["$1.75", "$0.90", "$1.70"]);
    let already = MonthUsage::from([((Charge::InternetEgress, "us-west-2".to_owned()), 45 * GB_BYTES)]);
    let terms = PoolTerms { already, ..PoolTerms::default() };
    assert_eq!(dollars(&rows, &terms), ["$1.18", "$0.68", "$1.70"], "1.175 and 0.675, half up");
}

#[test]
fn a_price_that_changes_cuts_the_month_and_the_tiers_go_on() {
    let rows = [egress("2026-10-01", "sa-east-1", 5), egress("2026-10-16", "sa-east-1", 15)];
    let expected = ["$0.75", "$2.23"];
    assert_eq!(dollars(&rows, &PoolTerms::default()), expected, "5 of 10 GB are left at 0.17, then 10 at 0.138");
    assert_eq!(dollars(&rows, &marginal()), expected);
}

#[test]
fn pairs_of_regions_with_tiers_of_their_own_are_tiered_apart() {
    let pair = |to, gb| usage("2026-10-01", Charge::InterRegion, "us-west-2", to, gb);
    let rows = [pair("us-west-1", 100), pair("eu-west-1", 15), pair("ap-south-1", 15)];
    assert_eq!(dollars(&rows, &PoolTerms::default()), ["$0.50", "$0.25", "$0.25"], "20 GB at 0.02, 10 at 0.01");
}

#[test]
fn what_has_no_price_is_reported_and_shared_and_never_free() {
    let rows = [
        (0, egress("2026-11-01", "sa-east-1", 20)),
        (1, egress("2026-11-01", "sa-east-1", 60)),
        (2, usage("2026-11-01", Charge::NatProcessing, "cn-north-1", "any", 1)),
    ];
    let table = table();
    let priced = price(&rows, &table, &PoolTerms::default());
    let unpriced: Vec<_> = priced.iter().map(|priced| priced.unpriced_bytes / GB_BYTES).collect();
    assert_eq!(unpriced, [10, 30, 1]);
    assert_eq!(priced[2], Priced { unpriced_bytes: GB_BYTES, ..priced[2].clone() });
    assert_eq!(priced[2].usd, Money::default());
}

#[test]
fn the_free_tier_is_one_pool_of_all_regions_the_dearest_first() {
    let rows = [
        egress("2026-10-01", "us-west-2", 100),
        egress("2026-10-02", "sa-east-1", 40),
        egress("2026-10-02", "us-gov-west-1", 1),
    ];
    let terms = PoolTerms { free_tier: true, ..PoolTerms::default() };
    let rows: Vec<_> = rows.into_iter().enumerate().collect();
    let table = table();
    let free = |priced: &Priced| {
        priced.steps.iter().filter(|step| step.row.is_none() && step.usd.is_some()).map(|step| step.bytes).sum::<u64>()
    };
    let priced = price(&rows, &table, &terms);
    assert_eq!(priced.iter().map(|row| free(row) / GB_BYTES).collect::<Vec<_>>(), [60, 40, 0]);
    assert_eq!(human::usd(priced[0].usd.rounded()), "$3.45", "the first tier begins after the 60 GB");
}

#[test]
fn discounts_are_of_the_charge_and_not_of_the_one_whose_price_it_has() {
    let rows = [
        usage("2026-10-01", Charge::PeeringZoneOut, "eu-central-1", "eu-central-1", 100),
        usage("2026-10-01", Charge::InterZoneOut, "eu-central-1", SAME, 100),
    ];
    let discounts = Discounts::parse(&["peering-zone-out=10%".to_owned()]).unwrap();
    assert_eq!(dollars(&rows, &PoolTerms { discounts, ..PoolTerms::default() }), ["$0.90", "$1.00"]);
}

#[test]
fn published_examples_come_out_as_a_month_of_hours() {
    let table = PriceTable::embedded().unwrap();
    let month = |charge: Charge, from: &str, to: &str, gb: u64| {
        // Shares of no hour are equal, and the month's sum is.
        let hours = (0..720_u64).map(|hour| {
            let bytes = gb * GB_BYTES / 1440 + u64::from(hour == 719) * (gb * GB_BYTES - gb * GB_BYTES / 1440 * 720);
            let hour = moment("2026-09-01") + 3600 * u32::try_from(hour).unwrap();
            Usage { hour, charge, from: from.into(), to: to.into(), bytes }
        });
        let rows: Vec<_> = hours.enumerate().collect();
        [PoolTerms::default(), marginal()].map(|terms| {
            let priced = price(&rows, &table, &terms);
            assert!(priced.iter().all(|priced| priced.unpriced_bytes == 0));
            human::usd(priced.iter().map(|priced| priced.usd).sum::<Money>().rounded())
        })
    };
    let same = |text: &str| [text.to_owned(), text.to_owned()];
    assert_eq!(month(Charge::InternetEgress, "us-east-1", INTERNET, 57_000), same("$4,809.20"));
    assert_eq!(month(Charge::EndpointProcessing, "us-east-1", "any", 7_000_000), same("$42,680.06"));
    assert_eq!(month(Charge::NatProcessing, "us-east-1", "any", 20_480), same("$921.60"));
    assert_eq!(month(Charge::InterRegion, "us-east-1", "us-west-2", 750), same("$15.00"));
    assert_eq!(month(Charge::InterZoneOut, "us-east-1", "us-east-1", 1_000), same("$10.00"));
}

/// Rows of few places and hours, so that pools have many rows, on both sides of tiers and changes.
fn rows() -> impl Strategy<Value = Vec<(u8, Usage)>> {
    let place = prop::sample::select(vec![
        (Charge::InternetEgress, "us-west-2", INTERNET),
        (Charge::InternetEgress, "sa-east-1", INTERNET),
        (Charge::InterRegion, "us-west-2", "us-west-1"),
        (Charge::InterRegion, "us-west-2", "eu-west-1"),
        (Charge::InterRegion, "us-west-2", "ap-south-1"),
        (Charge::NatProcessing, "eu-central-1", "any"),
    ]);
    let start = moment("2026-10-15T20:00");
    let bytes = prop_oneof![0..20_u64, 0..30 * GB_BYTES];
    let row = (any::<u8>(), place, 0..500_u32, bytes).prop_map(move |(key, (charge, from, to), hour, bytes)| {
        (key % 4, Usage { hour: start + hour / 50 * 3600, charge, from: from.into(), to: to.into(), bytes })
    });
    prop::collection::vec(row, 0..40)
}

fn total(priced: &[Priced]) -> (Money, u64) {
    (priced.iter().map(|priced| priced.usd).sum(), priced.iter().map(|priced| priced.unpriced_bytes).sum())
}

proptest! {
    #[test]
    fn steps_are_the_row_and_hours_together_cost_what_the_month_costs(rows in rows(), free_tier: bool) {
        let table = table();
        let blended = PoolTerms { free_tier, ..PoolTerms::default() };
        let marginal = PoolTerms { free_tier, ..marginal() };
        let priced = [price(&rows, &table, &blended), price(&rows, &table, &marginal)];
        for priced in &priced {
            for (priced, (_, usage)) in priced.iter().zip(&rows) {
                prop_assert_eq!(priced.steps.iter().map(|step| step.bytes).sum::<u64>(), usage.bytes);
                prop_assert_eq!(priced.steps.iter().filter_map(|step| step.usd).sum::<Money>(), priced.usd);
            }
        }
        prop_assert_eq!(total(&priced[0]), total(&priced[1]));
    }

    #[test]
    fn the_order_of_rows_does_not_matter(rows in rows(), turn in any::<prop::sample::Index>(), hourly: bool) {
        let table = table();
        let terms = PoolTerms { free_tier: true, ..if hourly { marginal() } else { PoolTerms::default() } };
        let mut turned = rows.clone();
        turned.rotate_left(turn.index(rows.len().max(1)).min(rows.len()));
        turned.reverse();
        let costs = |rows: &[(u8, Usage)]| {
            let priced = price(rows, &table, &terms);
            let cost = |((key, usage), priced): (&(u8, Usage), &Priced)| {
                (*key, usage.charge, usage.from.clone(), usage.to.clone(), usage.hour, usage.bytes, priced.usd)
            };
            let mut costs: Vec<_> = rows.iter().zip(&priced).map(cost).collect();
            costs.sort();
            costs
        };
        prop_assert_eq!(costs(&rows), costs(&turned));
    }

    #[test]
    fn a_row_in_two_pieces_changes_no_sum(rows in rows(), cut in any::<prop::sample::Index>(), part in 0..=100_u64) {
        prop_assume!(!rows.is_empty());
        let table = table();
        let mut cut_rows = rows.clone();
        let place = cut.index(rows.len());
        let mut piece = rows[place].clone();
        piece.1.bytes = piece.1.bytes / 100 * part;
        cut_rows[place].1.bytes -= piece.1.bytes;
        cut_rows.push(piece);
        for terms in [PoolTerms::default(), marginal()] {
            prop_assert_eq!(total(&price(&rows, &table, &terms)), total(&price(&cut_rows, &table, &terms)));
        }
    }

    #[test]
    fn each_pays_the_average_to_within_a_byte_of_each_tier(weights in prop::collection::vec(0..20 * GB_BYTES, 1..20)) {
        let row = |(key, bytes)| (key, Usage { bytes, ..egress("2026-11-01", "us-west-2", 0) });
        let rows: Vec<_> = weights.iter().copied().enumerate().map(row).collect();
        let table = table();
        let priced = price(&rows, &table, &PoolTerms::default());
        let ladder = table.look_up(Charge::InternetEgress, "us-west-2", INTERNET, moment("2026-11-01")).unwrap();
        let parts: Vec<_> = weights.iter().copied().enumerate().collect();
        let average = ladder.shares(&parts, Terms::default()).unwrap();
        let most = Rate::parse("0.18").unwrap().of(1);
        for (priced, average) in priced.iter().zip(average) {
            prop_assert!(priced.usd <= average.usd + most && average.usd <= priced.usd + most);
        }
    }
}

#[test]
fn bytes_beyond_two_to_the_sixty_four_are_still_all_there() {
    let huge = Usage { bytes: u64::MAX, ..egress("2026-11-01", "us-west-2", 0) };
    let rows = [(0, huge.clone()), (1, huge.clone()), (2, huge)];
    let table = table();
    let priced = price(&rows, &table, &PoolTerms::default());
    assert!(priced.iter().all(|priced| priced.steps.iter().map(|step| step.bytes).sum::<u64>() == u64::MAX));
    assert!(priced[0].usd > priced[1].usd, "only the first part was in the lower tiers");
}
