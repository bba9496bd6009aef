//! A line item of a bill: texts of a row → values, or why not.

use super::columns::{Columns, Field};
use super::number;
use crate::units::time::parse_utc;

/// What a line item charges for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Usage at a price.
    Usage,
    /// A discount as a row of its own, without a resource.
    Discount,
    /// A credit.
    Credit,
    /// A refund, or a correction of an invoice.
    Refund,
    /// A tax.
    Tax,
    /// A fee or purchase.
    Fee,
    /// A kind that is not known here.
    Other,
}

impl Kind {
    /// The kind of a word of CUR's or FOCUS's.
    fn of(word: &str) -> Self {
        match word {
            "Usage" | "DiscountedUsage" | "SavingsPlanCoveredUsage" => Self::Usage,
            "Credit" => Self::Credit,
            "Refund" => Self::Refund,
            "Tax" => Self::Tax,
            "Fee" | "Purchase" | "RIFee" | "FlatRateSubscription" => Self::Fee,
            word if word.ends_with("Discount") => Self::Discount,
            word if word.starts_with("SavingsPlan") && word.ends_with("Fee") => Self::Fee,
            _ => Self::Other,
        }
    }

    /// What an adjustment of FOCUS is: a correction of an invoice has that class, and what is taken off else is a
    /// discount.
    fn of_adjustment(class: &str, amount: i128) -> Self {
        match class {
            "Correction" => Self::Refund,
            _ if amount <= 0 => Self::Discount,
            _ => Self::Other,
        }
    }

    /// The word for it in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Usage => "usage",
            Self::Discount => "discount",
            Self::Credit => "credit",
            Self::Refund => "refund",
            Self::Tax => "tax",
            Self::Fee => "fee",
            Self::Other => "other",
        }
    }
}

/// A line item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineItem<'a> {
    /// When the usage was: seconds since 1970, half-open.
    pub period: (u32, u32),
    /// The account that used it.
    pub account: &'a str,
    /// The account that pays; empty where the bill has none.
    pub payer: &'a str,
    /// What it is.
    pub kind: Kind,
    /// The service's code, or in FOCUS its name.
    pub product: &'a str,
    /// What was metered.
    pub usage_type: &'a str,
    /// The operation; empty where the bill has none.
    pub operation: &'a str,
    /// The resource as the bill has it; empty where it has none.
    pub resource: &'a str,
    /// How much, in bytes if it is transfer: GB of 2³⁰ bytes.
    pub bytes: i128,
    /// What it costs before discounts, in 10⁻¹⁴ USD.
    pub cost: i128,
    /// The same after them, where the bill says so.
    pub net: Option<i128>,
    /// The rate of the row, in 10⁻¹⁴ USD per GB, where the bill says so.
    pub rate: Option<i128>,
    /// The SKU.
    pub sku: &'a str,
    /// The price of it: SKU, offer and tier.
    pub rate_code: &'a str,
    /// Whether it is on an invoice, and so final.
    pub is_invoiced: bool,
}

/// Why a row is no line item that can be counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fault {
    /// A time that cannot be read, or a period that ends before it begins.
    Period,
    /// A quantity that cannot be read.
    Quantity,
    /// An amount that cannot be read.
    Cost,
    /// An amount in another currency.
    Currency,
    /// Too few or too many cells.
    Width,
}

impl Fault {
    /// The reason in words.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Period => "unreadable period",
            Self::Quantity => "unreadable quantity",
            Self::Cost => "unreadable amount",
            Self::Currency => "currency other than USD",
            Self::Width => "wrong number of cells",
        }
    }
}

/// The only currency of prices here.
const CURRENCY: &str = "USD";
/// How some exports write null.
const NULL: &str = "NULL";

impl<'a> LineItem<'a> {
    /// The line item of a row.
    ///
    /// # Errors
    /// Why it cannot be counted.
    pub fn of(columns: &Columns, cell: impl Fn(usize) -> Option<&'a str>) -> Result<Self, Fault> {
        let text = |field| {
            let text = columns.place(field).and_then(&cell).unwrap_or_default().trim();
            if text == NULL { "" } else { text }
        };
        let number = |field, fault, read: fn(&str) -> Option<i128>| match text(field) {
            "" => Ok(None),
            text => read(text).map(Some).ok_or(fault),
        };
        if !matches!(text(Field::Currency), "" | CURRENCY) {
            return Err(Fault::Currency);
        }
        let moment = |field| parse_utc(text(field)).ok_or(Fault::Period);
        let (start, end) = (moment(Field::Start)?, moment(Field::End)?);
        if end < start {
            return Err(Fault::Period);
        }
        let cost = number(Field::Cost, Fault::Cost, number::usd)?.ok_or(Fault::Cost)?;
        let net = number(Field::Net, Fault::Cost, number::usd)?;
        let kind = match text(Field::Kind) {
            "Adjustment" => Kind::of_adjustment(text(Field::Class), net.unwrap_or(cost)),
            word => Kind::of(word),
        };
        Ok(Self {
            period: (start, end),
            account: text(Field::Account),
            payer: text(Field::Payer),
            kind,
            product: text(Field::Product),
            usage_type: text(Field::UsageType),
            operation: text(Field::Operation),
            resource: text(Field::Resource),
            bytes: number(Field::Quantity, Fault::Quantity, number::gb_bytes)?.unwrap_or(0),
            cost,
            net,
            rate: number(Field::Rate, Fault::Cost, number::usd)?,
            sku: text(Field::Sku),
            rate_code: text(Field::RateCode),
            is_invoiced: !text(Field::Invoice).is_empty(),
        })
    }
}

/// The id of a resource as flow logs and inventories have it: what follows an ARN's kind.
///
/// `arn:aws:ec2:R:A:natgateway/nat-1` → `nat-1`, `arn:…:loadbalancer/app/NAME/ID` → `app/NAME/ID`.
#[must_use]
pub fn resource_id(resource: &str) -> &str {
    let Some(rest) = resource.strip_prefix("arn:").and_then(|arn| arn.splitn(5, ':').nth(4)) else { return resource };
    rest.split_once('/').map_or(rest, |(_, id)| id)
}

/// Whether flow logs and inventories know resources of such ids, so that one that no record names was not logged.
#[must_use]
pub fn is_known_kind(id: &str) -> bool {
    let starts = ["i-", "nat-", "vpce-", "app/", "net/", "eni-"];
    starts.iter().any(|start| id.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CUR: [&str; 13] = [
        "line_item_usage_start_date",
        "line_item_usage_end_date",
        "line_item_usage_account_id",
        "line_item_line_item_type",
        "line_item_product_code",
        "line_item_usage_type",
        "line_item_operation",
        "line_item_resource_id",
        "line_item_usage_amount",
        "line_item_unblended_cost",
        "line_item_net_unblended_cost",
        "line_item_currency_code",
        "bill_invoice_id",
    ];

    fn read<'a>(cells: &[&'a str; 13]) -> Result<LineItem<'a>, Fault> {
        LineItem::of(&Columns::of(CUR).unwrap(), |place| cells.get(place).copied())
    }

    const ROW: [&str; 13] = [
        "2026-10-01T00:00:00Z",
        "2026-10-01 01:00:00.000",
        "111122223333",
        "Usage",
        "AmazonEC2",
        "EU-NatGateway-Bytes",
        "NatGateway",
        "arn:aws:ec2:eu-west-1:111122223333:natgateway/nat-1",
        "0.5000000000",
        "2.4E-2",
        "",
        "USD",
        "NULL",
    ];

    #[test]
    fn a_row_is_read_to_the_last_unit() {
        let item = read(&ROW).unwrap();
        assert_eq!(item.period, (1_790_812_800, 1_790_816_400));
        assert_eq!((item.bytes, item.cost, item.net), (1 << 29, 2_400_000_000_000, None));
        assert_eq!((item.kind, item.is_invoiced), (Kind::Usage, false));
    }

    #[test]
    fn what_cannot_be_read_says_why() {
        let with = |place: usize, text: &'static str| {
            let mut cells = ROW;
            cells[place] = text;
            read(&cells).map(drop)
        };
        assert_eq!(with(0, "yesterday"), Err(Fault::Period));
        assert_eq!(with(1, "2026-09-30T00:00:00Z"), Err(Fault::Period));
        assert_eq!(with(8, "many"), Err(Fault::Quantity));
        assert_eq!(with(8, ""), Ok(()), "a tax has no quantity");
        assert_eq!(with(9, ""), Err(Fault::Cost));
        assert_eq!(with(11, "EUR"), Err(Fault::Currency));
    }

    #[test]
    fn kinds_are_those_of_cur_and_focus() {
        for (word, kind) in [
            ("EdpDiscount", Kind::Discount),
            ("PrivateRateDiscount", Kind::Discount),
            ("SavingsPlanRecurringFee", Kind::Fee),
            ("Purchase", Kind::Fee),
            ("SavingsPlanNegation", Kind::Other),
        ] {
            assert_eq!(Kind::of(word), kind, "{word}");
        }
        let adjustments =
            [("Correction", -1), ("NULL", -1), ("", 1)].map(|(class, usd)| Kind::of_adjustment(class, usd));
        assert_eq!(adjustments, [Kind::Refund, Kind::Discount, Kind::Other]);
    }

    #[test]
    fn resources_have_the_ids_of_flow_logs() {
        for (resource, id) in [
            ("i-1", "i-1"),
            ("arn:aws:ec2:eu-west-1:1:natgateway/nat-1", "nat-1"),
            ("arn:aws:ec2:eu-west-1:1:vpc-endpoint/vpce-1", "vpce-1"),
            ("arn:aws:elasticloadbalancing:eu-west-1:1:loadbalancer/app/a/1", "app/a/1"),
            ("arn:aws:elasticloadbalancing:eu-west-1:1:loadbalancer/classic", "classic"),
            ("arn:aws:rds:eu-west-1:1:db:orders", "db:orders"),
            ("bucket", "bucket"),
            ("", ""),
        ] {
            assert_eq!(resource_id(resource), id, "{resource}");
        }
        assert!(is_known_kind("nat-1") && !is_known_kind("db:orders"));
    }
}
