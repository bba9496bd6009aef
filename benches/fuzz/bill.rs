//! Bills, their manifests and price lists: rows are line items or faults, a bill in two parts is the bill, and what is
//! spread over lines stays the same in all.

use outflow::price::offer::Import;
use outflow::price::statement::{Manifest, Statement, read_csv};

use crate::seeds;

pub(crate) fn run(bytes: &[u8]) {
    let (mut whole, mut parts) = (Statement::default(), [Statement::default(), Statement::default()]);
    let (mut rows, mut invoiced) = (0, 0);
    let read = read_csv(bytes, &mut |row, item| {
        rows += 1;
        assert_eq!(row, rows);
        invoiced += item.as_ref().map_or(0, |item| item.net.unwrap_or(item.cost));
        parts[usize::from(row % 3 == 0)].add(item.clone(), || format!("row {row}"));
        whole.add(item, || format!("row {row}"));
    });
    if read.is_ok() || rows > 0 {
        check(&whole, parts, rows, invoiced);
    }
    if let Ok(manifest) = Manifest::parse("export/Manifest.json", bytes) {
        assert_eq!(Manifest::parse("export/Manifest.json", bytes).ok(), Some(manifest));
    }
    let mut import = Import::default();
    if import.read("list", bytes).is_ok() {
        let imported = import.finish();
        assert!(imported.rows.len() as u64 <= 2 * imported.taken.max(1), "{} rows", imported.rows.len());
    }
}

fn check(whole: &Statement, [one, other]: [Statement; 2], rows: u64, invoiced: i128) {
    let faulty: u64 = whole.faults().values().map(|(rows, _)| rows).sum();
    assert_eq!(whole.items() + faulty, rows);
    let (lines, rest) = whole.finish();
    let of_lines: i128 = lines.iter().map(|line| line.cost + line.discount).sum();
    let of_rest: i128 = rest.values().map(|rest| rest.cost).sum();
    assert_eq!(of_lines + of_rest, invoiced, "every line item is in a line or in the rest");
    for merged in [one.clone().and(other.clone()), other.and(one)] {
        assert_eq!((merged.finish(), merged.items()), ((lines.clone(), rest.clone()), whole.items()));
        assert_eq!(merged.faults().len(), whole.faults().len());
    }
}

pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let manifest = r#"{"assemblyId": "1", "compression": "GZIP", "reportKeys": ["cur/20261001-20261101/1/cur-1.csv.gz"],
        "billingPeriod": {"start": "20261001T000000.000Z", "end": "20261101T000000.000Z"}, "dataFiles": ["s3://b/a.parquet"]}"#;
    [manifest.as_bytes().to_vec()].into_iter().chain(seeds::cases(".csv")).chain(seeds::cases(".json")).collect()
}

pub(crate) fn words() -> Vec<String> {
    let words = "lineItem/UsageStartDate lineItem/UsageType lineItem/UsageAmount lineItem/UnblendedCost line_item_usage_type \
        line_item_line_item_type ChargePeriodStart ChargeCategory BilledCost ConsumedQuantity SkuMeter x_UsageType Usage \
        EdpDiscount Credit Tax NatGateway-Bytes USE1-EUC1-AWS-Out-Bytes DataTransfer-Out-Bytes 2026-10-01T00:00:00Z \
        FormatVersion PricePerUnit PriceDescription TermType OnDemand terms products reportKeys dataFiles";
    words.split_whitespace().map(str::to_owned).collect()
}
