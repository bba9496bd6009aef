//! Where the columns of a bill stand: of CUR 2.0, of the older CUR with or without Athena's names, and of FOCUS.
//!
//! Names are compared in one form (`lineItem/UsageType`, `line_item_usage_type` and `LineItemUsageType` are one), and each
//! column has the names that it bears in any of the formats, so no format need be declared.

use crate::error::Error;

/// A column that is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub(super) enum Field {
    Start,
    End,
    Account,
    Payer,
    Kind,
    Product,
    UsageType,
    Operation,
    Resource,
    Quantity,
    Cost,
    Net,
    Rate,
    Sku,
    RateCode,
    Currency,
    Invoice,
    Class,
}

/// What a column is called.
struct Known {
    field: Field,
    /// Its names, in one form; the first that is there is it.
    names: &'static [&'static str],
    /// Whether nothing can be said without it.
    required: bool,
}

/// Number of the columns.
pub(super) const FIELDS: usize = 18;

#[rustfmt::skip]
const COLUMNS: [Known; FIELDS] = [
    Known { field: Field::Start, names: &["line_item_usage_start_date", "charge_period_start"], required: true },
    Known { field: Field::End, names: &["line_item_usage_end_date", "charge_period_end"], required: true },
    Known { field: Field::Account, names: &["line_item_usage_account_id", "sub_account_id"], required: true },
    Known { field: Field::Payer, names: &["bill_payer_account_id", "billing_account_id"], required: false },
    Known { field: Field::Kind, names: &["line_item_line_item_type", "charge_category"], required: true },
    Known { field: Field::Product, names: &["line_item_product_code", "x_service_code", "service_name"], required: true },
    Known { field: Field::UsageType, names: &["line_item_usage_type", "x_usage_type", "sku_meter"], required: true },
    Known { field: Field::Operation, names: &["line_item_operation", "x_operation"], required: false },
    Known { field: Field::Resource, names: &["line_item_resource_id", "resource_id"], required: false },
    Known { field: Field::Quantity, names: &["line_item_usage_amount", "consumed_quantity", "pricing_quantity"], required: true },
    Known { field: Field::Cost, names: &["line_item_unblended_cost", "list_cost", "billed_cost"], required: true },
    Known { field: Field::Net, names: &["line_item_net_unblended_cost", "billed_cost"], required: false },
    Known { field: Field::Rate, names: &["line_item_unblended_rate", "list_unit_price"], required: false },
    Known { field: Field::Sku, names: &["product_sku", "sku_id"], required: false },
    Known { field: Field::RateCode, names: &["pricing_rate_code", "sku_price_id"], required: false },
    Known { field: Field::Currency, names: &["line_item_currency_code", "billing_currency"], required: false },
    Known { field: Field::Invoice, names: &["bill_invoice_id", "invoice_id"], required: false },
    Known { field: Field::Class, names: &["charge_class"], required: false },
];

/// Where each column stands among those of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Columns {
    places: [Option<usize>; FIELDS],
}

impl Columns {
    /// Finds the columns by the names of a file's.
    ///
    /// # Errors
    /// If the file is no bill, or a bill without a column that is needed.
    pub fn of<'n>(names: impl IntoIterator<Item = &'n str>) -> Result<Self, Error> {
        let names: Vec<String> = names.into_iter().map(plain).collect();
        let mut places = [None; FIELDS];
        for known in &COLUMNS {
            places[known.field as usize] =
                known.names.iter().find_map(|name| names.iter().position(|found| found == name));
        }
        let is_missing = |known: &&Known| known.required && places[known.field as usize].is_none();
        let missing: Vec<&str> = COLUMNS.iter().filter(is_missing).map(|known| known.names[0]).collect();
        let required = COLUMNS.iter().filter(|known| known.required).count();
        if missing.len() * 2 > required {
            return Err(Error::read("not a bill of AWS's: it has no columns of CUR or FOCUS"));
        }
        match missing.as_slice() {
            [] => Ok(Self { places }),
            ["line_item_usage_type"] => Err(Error::read("the bill has no column of usage types")
                .hint("FOCUS has them since AWS's 1.2 (SkuMeter), and 1.0 with x_UsageType; or export CUR 2.0")),
            missing => Err(Error::read(format!("the bill has no column {}", missing.join(", ")))
                .hint("export CUR 2.0, or FOCUS, with all columns")),
        }
    }

    /// The place of a column.
    pub(super) fn place(&self, field: Field) -> Option<usize> {
        self.places[field as usize]
    }

    /// The places of all columns that are there, ascending, each once.
    #[must_use]
    pub fn places(&self) -> Vec<usize> {
        let mut places: Vec<usize> = self.places.iter().flatten().copied().collect();
        places.sort_unstable();
        places.dedup();
        places
    }

    /// The same columns where only [`Self::places`] were read.
    #[must_use]
    pub fn among(&self, read: &[usize]) -> Self {
        Self { places: self.places.map(|place| read.iter().position(|found| Some(*found) == place)) }
    }
}

/// A column's name in one form: words in lower case, joined by `_`.
fn plain(name: &str) -> String {
    let letters: Vec<char> = name.trim().chars().collect();
    let mut plain = String::new();
    for (place, letter) in letters.iter().enumerate() {
        let before = place.checked_sub(1).map(|before| letters[before]);
        let begins_word = letter.is_uppercase()
            && before.is_some_and(|before| before.is_lowercase() || before.is_ascii_digit())
            || letter.is_uppercase()
                && before.is_some_and(char::is_uppercase)
                && letters.get(place + 1).is_some_and(|next| next.is_lowercase());
        if begins_word && !plain.ends_with('_') {
            plain.push('_');
        }
        let letter = if letter.is_alphanumeric() { *letter } else { '_' };
        plain.extend(letter.to_lowercase());
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_all_formats_are_one() {
        for (name, expected) in [
            ("lineItem/UsageStartDate", "line_item_usage_start_date"),
            ("line_item_usage_start_date", "line_item_usage_start_date"),
            ("bill/InvoiceId", "bill_invoice_id"),
            ("product/sku", "product_sku"),
            ("lineItem/NetUnblendedCost", "line_item_net_unblended_cost"),
            ("ChargePeriodStart", "charge_period_start"),
            ("x_UsageType", "x_usage_type"),
            ("x_ServiceCode", "x_service_code"),
            ("SkuMeter", "sku_meter"),
            (" SubAccountId ", "sub_account_id"),
        ] {
            assert_eq!(plain(name), expected);
        }
    }

    #[test]
    fn places_say_where_columns_are() {
        let names = "ChargePeriodStart ChargePeriodEnd SubAccountId ChargeCategory ServiceName SkuMeter ConsumedQuantity \
                     ListCost BilledCost Tags";
        let columns = Columns::of(names.split(' ')).unwrap();
        assert_eq!((columns.place(Field::Cost), columns.place(Field::Net)), (Some(7), Some(8)));
        assert_eq!(columns.places(), [0, 1, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!(columns.among(&[3, 7]).place(Field::Cost), Some(1));
        assert_eq!(columns.among(&[3, 7]).place(Field::Start), None);
    }

    #[test]
    fn what_is_missing_is_named() {
        let focus =
            "ChargePeriodStart ChargePeriodEnd SubAccountId ChargeCategory ServiceName ConsumedQuantity ListCost";
        let error = Columns::of(focus.split(' ')).unwrap_err();
        assert_eq!(error.to_string(), "the bill has no column of usage types");
        assert!(error.hints()[0].contains("SkuMeter"));
        let error = Columns::of(["resource", "team"]).unwrap_err().to_string();
        assert_eq!(error, "not a bill of AWS's: it has no columns of CUR or FOCUS");
        let half = "lineItem/UsageStartDate lineItem/UsageEndDate lineItem/UsageAccountId lineItem/LineItemType \
                    lineItem/ProductCode lineItem/UsageType lineItem/UnblendedCost";
        let error = Columns::of(half.split_whitespace()).unwrap_err().to_string();
        assert_eq!(error, "the bill has no column line_item_usage_amount");
    }
}
