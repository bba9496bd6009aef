//! Offer files as JSON: products by SKU, then terms by kind and SKU.
//!
//! The text is walked, never held: a product is kept only if we have a use for it, and of the terms only those of such
//! products are looked at. What `aws pricing get-products` answers is read too: a list of texts, each the JSON of one
//! product with its terms.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::io::Read;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::meter::{Meter, Product, Reason};
use super::{CURRENCY, Dimension, Import, List, NO_END, ON_DEMAND};

/// Reads a file into the import.
pub(super) fn read(input: impl Read, import: &mut Import) -> serde_json::Result<()> {
    let mut text = serde_json::Deserializer::from_reader(input);
    let mut walk = Walk { import, list: List::default(), products: None };
    Root(&mut walk).deserialize(&mut text)?;
    text.end()
}

/// Context at a position of the text.
struct Walk<'a> {
    import: &'a mut Import,
    list: List,
    /// The products of ours by SKU; none before they were read.
    products: Option<HashMap<String, (Product, Meter)>>,
}

/// Makes a seed of a struct around [`Walk`] whose value is an object.
macro_rules! object {
    ($seed:ident, $what:literal) => {
        impl<'de> DeserializeSeed<'de> for $seed<'_, '_> {
            type Value = ();

            fn deserialize<D: Deserializer<'de>>(self, text: D) -> Result<(), D::Error> {
                text.deserialize_map(self)
            }
        }

        impl<'de> Visitor<'de> for $seed<'_, '_> {
            type Value = ();

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str($what)
            }

            fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<(), A::Error> {
                self.walk(object)
            }
        }
    };
}

/// The whole file.
struct Root<'w, 'a>(&'w mut Walk<'a>);
object!(Root, "an offer file");

impl Root<'_, '_> {
    fn walk<'de, A: MapAccess<'de>>(self, mut object: A) -> Result<(), A::Error> {
        while let Some(key) = object.next_key::<String>()? {
            match key.as_str() {
                "offerCode" => self.0.list.offer = object.next_value()?,
                "publicationDate" => self.0.list.published = object.next_value()?,
                "products" => object.next_value_seed(Products(self.0))?,
                "PriceList" => object.next_value_seed(Answers(self.0))?,
                "terms" if self.0.products.is_none() => {
                    return Err(A::Error::custom("its terms come before its products"));
                }
                "terms" => object.next_value_seed(Terms(self.0))?,
                _ => drop(object.next_value::<IgnoredAny>()?),
            }
        }
        if self.0.products.is_some() { Ok(()) } else { Err(A::Error::custom("it has no products")) }
    }
}

/// A product as it is written.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Written {
    /// The key of a product in an offer file, repeated; an answer has it here alone.
    sku: String,
    attributes: Attributes,
}

/// The relevant attributes of a product.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Attributes {
    usagetype: String,
    operation: String,
    region_code: String,
    from_region_code: String,
    from_location: String,
    from_location_type: String,
    to_region_code: String,
    to_location: String,
    to_location_type: String,
}

impl Attributes {
    fn product(self, sku: String) -> Product {
        Product {
            sku,
            usage_type: self.usagetype,
            operation: self.operation,
            region: self.region_code,
            from_region: self.from_region_code,
            from_location: self.from_location,
            from_location_type: self.from_location_type,
            to_region: self.to_region_code,
            to_location: self.to_location,
            to_location_type: self.to_location_type,
        }
    }
}

/// The products by SKU.
struct Products<'w, 'a>(&'w mut Walk<'a>);
object!(Products, "products by SKU");

impl Products<'_, '_> {
    fn walk<'de, A: MapAccess<'de>>(self, mut object: A) -> Result<(), A::Error> {
        let products = self.0.products.get_or_insert_default();
        while let Some((sku, written)) = object.next_entry::<String, Written>()? {
            let product = written.attributes.product(sku);
            match product.meter() {
                Ok(meter) => drop(products.insert(product.sku.clone(), (product, meter))),
                Err(reason) => self.0.import.leave_out(reason, &product.usage_type, 1),
            }
        }
        Ok(())
    }
}

/// The terms by kind.
struct Terms<'w, 'a>(&'w mut Walk<'a>);
object!(Terms, "terms by kind");

impl Terms<'_, '_> {
    fn walk<'de, A: MapAccess<'de>>(self, mut object: A) -> Result<(), A::Error> {
        while let Some(kind) = object.next_key::<String>()? {
            object.next_value_seed(Kind { is_on_demand: kind == ON_DEMAND, walk: self.0 })?;
        }
        Ok(())
    }
}

/// The terms of one kind by SKU.
struct Kind<'w, 'a> {
    is_on_demand: bool,
    walk: &'w mut Walk<'a>,
}
object!(Kind, "terms by SKU");

/// A term as it is written.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Term {
    #[serde(default)]
    effective_date: String,
    #[serde(default)]
    price_dimensions: BTreeMap<String, Price>,
}

/// A price as it is written: its numbers are texts.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Price {
    begin_range: Option<String>,
    end_range: Option<String>,
    #[serde(default)]
    unit: String,
    #[serde(default)]
    price_per_unit: BTreeMap<String, String>,
}

impl Kind<'_, '_> {
    fn walk<'de, A: MapAccess<'de>>(self, mut object: A) -> Result<(), A::Error> {
        let Walk { import, list, products } = self.walk;
        while let Some(sku) = object.next_key::<String>()? {
            let known = products.as_ref().and_then(|products| products.get(&sku));
            let Some((product, meter)) = known.filter(|_| self.is_on_demand) else {
                let _skipped: IgnoredAny = object.next_value()?;
                if let Some((product, _)) = known {
                    import.leave_out(Reason::Term, &product.usage_type, 1);
                }
                continue;
            };
            for term in object.next_value::<BTreeMap<String, Term>>()?.values() {
                term.price(import, list, product, meter);
            }
        }
        Ok(())
    }
}

impl Term {
    /// Takes all prices of a product's term.
    fn price(&self, import: &mut Import, list: &List, product: &Product, meter: &Meter) {
        for price in self.price_dimensions.values() {
            import.price(list, product, meter, price.dimension(&self.effective_date));
        }
    }
}

impl Price {
    fn dimension<'a>(&'a self, effective: &'a str) -> Dimension<'a> {
        let usd = self.price_per_unit.get_key_value(CURRENCY);
        let (currency, price) = usd.or(self.price_per_unit.first_key_value()).unzip();
        Dimension {
            unit: &self.unit,
            currency: currency.map_or(CURRENCY, String::as_str),
            price: price.map_or("", String::as_str),
            start: self.begin_range.as_deref().unwrap_or("0"),
            end: self.end_range.as_deref().unwrap_or(NO_END),
            effective,
        }
    }
}

/// What the query interface answers of one product.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    product: Written,
    #[serde(default)]
    service_code: String,
    #[serde(default)]
    publication_date: String,
    /// By kind, then by SKU and term in one.
    #[serde(default)]
    terms: BTreeMap<String, BTreeMap<String, Term>>,
}

/// A list of texts, each an answer.
struct Answers<'w, 'a>(&'w mut Walk<'a>);

impl<'de> DeserializeSeed<'de> for Answers<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, text: D) -> Result<(), D::Error> {
        text.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Answers<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of products as texts")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut texts: A) -> Result<(), A::Error> {
        self.0.products.get_or_insert_default();
        while let Some(text) = texts.next_element::<String>()? {
            serde_json::from_str::<Answer>(&text).map_err(A::Error::custom)?.price(self.0.import);
        }
        Ok(())
    }
}

impl Answer {
    /// Takes the product's prices, or counts why not.
    fn price(self, import: &mut Import) {
        let list = List { offer: self.service_code, published: self.publication_date };
        let product = self.product.attributes.product(self.product.sku);
        match (product.meter(), self.terms.get(ON_DEMAND)) {
            (Ok(meter), Some(terms)) => terms.values().for_each(|term| term.price(import, &list, &product, &meter)),
            (Ok(_), None) => import.leave_out(Reason::Term, &product.usage_type, 1),
            (Err(reason), _) => import.leave_out(reason, &product.usage_type, 1),
        }
    }
}
