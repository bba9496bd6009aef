//! Gateways, endpoints and attachments that are paid by the hour and carry next to nothing.
//!
//! They are known from the user's tables alone, and judged only where their own interfaces are in the logs: one that
//! nobody logs may carry anything.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::inventory::Listed;
use super::line::Advice;
use super::{Confidence, Estate, Kind, MONTH_HOURS};
use crate::price::{Charge, GB_BYTES};

/// Everything that is listed and logged and has less than a GB a month.
pub(super) fn idle(estate: &Estate<'_>) -> Vec<Advice> {
    let (mut nats, mut ends, mut vpcs, mut unnamed) = <(Sums, Sums, Sums, Sums)>::default();
    for line in &estate.lines {
        if line.is(Charge::NatProcessing) {
            nats.add(line.nat, line.bytes);
        }
        if line.is_via("nat") && line.nat.is_none() {
            // Any NAT gateway of the client's VPC may have carried it.
            unnamed.add(line.client().and_then(|(client, _)| client.vpc), line.bytes);
        }
        if line.is(Charge::EndpointProcessing) {
            ends.add(line.src.interface, line.bytes);
            ends.add(line.dst.interface, line.bytes);
        }
        // Before version 3 what goes through a transit gateway looks peered.
        let may_be_peered = line.path.starts_with("peering") && line.is_assumed;
        if line.is_via("transit-gateway") || line.path == "transit-gateway" || may_be_peered {
            let of_nat = line.nat.and_then(|nat| estate.inventory.vpc_of_nat(nat));
            [line.src.vpc, line.dst.vpc, of_nat].into_iter().for_each(|vpc| vpcs.add(vpc, line.bytes));
        }
    }
    let inventory = estate.inventory;
    let nats = inventory.nats.iter().filter_map(|nat| {
        let own = nat.interfaces.iter().map(|interface| &**interface).chain([&*nat.id]);
        let addresses = i64::try_from(nat.addresses).unwrap_or(0);
        // A regional one is paid in each of its zones, which the tables do not list.
        let hourly = vec![(Charge::NatHour, -1), (Charge::PublicAddressHour, -addresses)];
        let bytes = nats.of(own) + unnamed.of(nat.vpc.iter().map(|vpc| &**vpc));
        of(estate, nat, bytes, hourly, "delete the NAT gateway")
    });
    let endpoints = inventory.endpoints.iter().filter_map(|endpoint| {
        let bytes = ends.of(endpoint.interfaces.iter().map(|interface| &**interface));
        let zones = i64::try_from(endpoint.interfaces.len()).unwrap_or(0);
        of(estate, endpoint, bytes, vec![(Charge::EndpointHour, -zones)], "delete the interface endpoint")
    });
    let attachments = inventory.attachments.iter().filter_map(|attachment| {
        let bytes = vpcs.of(attachment.vpc.iter().map(|vpc| &**vpc));
        let hourly = vec![(Charge::TransitGatewayHour, -1)];
        of(estate, attachment, bytes, hourly, "delete the VPC's transit gateway attachment")
    });
    nats.chain(endpoints).chain(attachments).collect()
}

/// Bytes by name.
#[derive(Default)]
struct Sums<'f>(BTreeMap<&'f str, u128>);

impl<'f> Sums<'f> {
    fn add(&mut self, name: Option<&'f str>, bytes: u128) {
        if let Some(name) = name {
            *self.0.entry(name).or_default() += bytes;
        }
    }

    fn of<'n>(&self, names: impl Iterator<Item = &'n str>) -> u128 {
        names.filter_map(|name| self.0.get(name)).sum()
    }
}

fn of(estate: &Estate<'_>, listed: &Listed, bytes: u128, hourly: Vec<(Charge, i64)>, action: &str) -> Option<Advice> {
    let own = listed.interfaces.iter().map(|interface| &**interface).chain([&*listed.id]);
    let is_logged = own.into_iter().any(|id| estate.logged.has_interface(id));
    let is_idle = bytes * u128::from(MONTH_HOURS) < u128::from(GB_BYTES) * u128::from(estate.hours.max(1));
    if !is_logged || !is_idle {
        return None;
    }
    let region: Arc<str> = listed.region.clone().unwrap_or_default();
    let assumption = "it has less than a GB a month and is not kept as a standby";
    let mut advice = Advice::new(Kind::Idle, &region, Confidence::Medium, assumption);
    advice.resource = listed.id.to_string();
    action.clone_into(&mut advice.action);
    advice.bytes = bytes;
    advice.hourly = hourly;
    advice.bear(None, listed.account.as_deref(), crate::price::Money::default());
    Some(advice)
}
