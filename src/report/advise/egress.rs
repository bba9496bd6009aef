//! CloudFront in front of web servers, at a price that is stated: what it sends depends on where its viewers are.

use std::collections::BTreeMap;
use std::sync::Arc;

use polars::prelude::DataFrame;

use super::line::{Advice, Delta};
use super::{Confidence, Kind};
use crate::error::Error;
use crate::price::{Charge, Money, Rate};
use crate::schema::Column;
use crate::schema::frame::{int, moments, texts};
use crate::schema::output;

/// The keys of what servers send.
pub(super) const KEYS: [Column; 5] =
    [Column::SrcInterface, Column::SrcInstance, Column::Via, Column::Port, Column::ServiceSide];
/// HTTP and HTTPS, all that CloudFront serves.
const PORTS: [i128; 2] = [80, 443];
/// The source has the service port: it is the server.
const SOURCE_SERVES: i128 = 0;

/// Servers whose answers to the internet could come from CloudFront.
///
/// # Errors
/// If the frame has not these columns.
pub(super) fn cloudfront(frame: &DataFrame, owner: Option<Column>, rate: Rate) -> Result<Vec<Advice>, Error> {
    let text = |column: Column| -> Result<Vec<Option<&str>>, Error> { Ok(texts(frame, column.name())?.collect()) };
    let (interfaces, instances) = (text(Column::SrcInterface)?, text(Column::SrcInstance)?);
    let (charges, via, from) = (text(Column::Charge)?, text(Column::Via)?, text(Column::FromRegion)?);
    let (to, payers) = (text(Column::ToRegion)?, text(Column::PayerAccount)?);
    let owners = owner.map(text).transpose()?;
    let (ports, sides) = (int(frame, Column::Port.name())?, int(frame, Column::ServiceSide.name())?);
    let time = if frame.column(Column::Hour.name()).is_ok() { Column::Hour } else { Column::Day };
    let times: Vec<_> = moments(frame, time.name())?.collect();
    let bytes = int(frame, output::BYTES.name)?;
    let mut found: BTreeMap<&str, Advice> = BTreeMap::new();
    for place in 0..frame.height() {
        let is_web = ports.get(place).is_some_and(|port| PORTS.contains(&port));
        let is_server = is_web && sides.get(place) == Some(SOURCE_SERVES) && via[place].is_none();
        let is_egress = charges[place] == Some(Charge::InternetEgress.name());
        let (Some(interface), Some(region)) = (interfaces[place], from[place]) else { continue };
        if !is_server || !is_egress {
            continue;
        }
        let region: Arc<str> = region.into();
        let advice = found.entry(interface).or_insert_with(|| {
            let mut advice = Advice::new(
                Kind::CloudFront,
                &region,
                Confidence::Low,
                "every answer to port 80 or 443 may come from CloudFront, at the stated price; its requests cost extra",
            );
            advice.resource = instances[place].unwrap_or(interface).to_owned();
            "put CloudFront in front: what it fetches from here is free".clone_into(&mut advice.action);
            advice
        });
        let bytes = u128::try_from(bytes.get(place).unwrap_or(0)).unwrap_or(0);
        let to = to[place].unwrap_or_default().into();
        let time = times[place].unwrap_or(0);
        advice.removed.push(Delta { charge: Charge::InternetEgress, from: region, to, time, bytes });
        advice.bytes += bytes;
        // Who bears most is told by bytes here, as all of it has one price.
        let weight = Money::of_units(i128::try_from(bytes).unwrap_or(i128::MAX));
        advice.bear(owners.as_ref().and_then(|owners| owners[place]), payers[place], weight);
    }
    found.values_mut().for_each(|advice| advice.stated = Some((advice.bytes, rate)));
    Ok(found.into_values().collect())
}
