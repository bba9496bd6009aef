//! Discounts by charge.

use std::collections::BTreeMap;

use super::money::Discount;
use crate::error::Error;
use crate::schema::charge::Charge;

/// Discount by charge.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Discounts(BTreeMap<Charge, Discount>);

impl Discounts {
    /// The discounts of texts such as `internet-egress=12%`.
    ///
    /// # Errors
    /// A usage error for another form, an unknown charge or a duplicate.
    pub fn parse(texts: &[String]) -> Result<Self, Error> {
        let mut discounts = BTreeMap::new();
        for text in texts {
            let wrong = |what: String| Error::usage(format!("--discount {text}: {what}"));
            let (name, per_cent) = text
                .split_once('=')
                .ok_or_else(|| wrong("expected CHARGE=PERCENT".into()).hint("internet-egress=12%"))?;
            let charge = Charge::named("--discount", name.trim())?;
            let discount = Discount::parse(per_cent.trim()).map_err(|error| wrong(error.to_string()))?;
            if discounts.insert(charge, discount).is_some() {
                return Err(wrong(format!("duplicate discount for {}", charge.name())));
            }
        }
        Ok(Self(discounts))
    }

    /// Every charge that has one.
    pub fn iter(&self) -> impl Iterator<Item = (Charge, Discount)> {
        self.0.iter().map(|(charge, discount)| (*charge, *discount))
    }

    /// Discount on a charge's price.
    #[must_use]
    pub fn of(&self, charge: Charge) -> Discount {
        self.0.get(&charge).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_discount_names_its_charge_and_its_part() {
        let parse = |texts: &[&str]| Discounts::parse(&texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>());
        let discounts = parse(&["internet-egress=12%", "nat_processing = 7.5%"]).unwrap();
        assert_eq!(discounts.of(Charge::NatProcessing), Discount::parse("7.5%").unwrap());
        assert_eq!(discounts.of(Charge::InterRegion), Discount::default());
        let message = |texts: &[&str]| parse(texts).unwrap_err().to_string();
        assert_eq!(message(&["12%"]), "--discount 12%: expected CHARGE=PERCENT");
        assert_eq!(message(&["egress=12%"]), "--discount: unknown charge `egress`");
        assert_eq!(
            message(&["inter-region=12"]),
            "--discount inter-region=12: invalid percentage `12`, expected a value such as 12%"
        );
        assert!(message(&["inter-region=1%", "inter-region=2%"]).contains("duplicate discount"));
    }
}
