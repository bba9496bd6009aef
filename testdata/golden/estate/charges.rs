//! The charges, derived independently from the table of transfers.

use std::collections::BTreeMap;

use super::read::{Cells, Row, day};

/// Month, owner, charge, payer, from, to: as in the table.
type Key = [String; 6];

#[test]
fn charges_are_what_each_transfer_gives_by_its_path_and_way() {
    let mut expected: BTreeMap<Key, u64> = BTreeMap::new();
    for transfer in day().truth("transfers") {
        if !matches!(transfer["verdict"].as_str(), "accepted" | "refused") {
            continue;
        }
        let charges = charges(transfer);
        let mut names: Vec<_> = charges.iter().map(|charge| charge[0]).collect();
        names.sort_unstable();
        let mut shown: Vec<_> = transfer["charges"].split('+').filter(|charge| !charge.is_empty()).collect();
        shown.sort_unstable();
        assert_eq!(shown, names, "{transfer:?}");
        for [charge, payer, owner, from, to] in charges {
            let start = chrono::DateTime::from_timestamp(transfer.number("start").cast_signed(), 0).expect("a moment");
            let month = start.format("%Y-%m").to_string();
            let key = [month.as_str(), owner, charge, payer, from, to].map(str::to_owned);
            *expected.entry(key).or_default() += transfer.number("bytes");
        }
    }
    let columns = ["month", "owner", "charge", "payer_account", "from_region", "to_region"];
    let key = |row: &Row| columns.map(|column| row[column].clone());
    let shown: BTreeMap<Key, u64> = day().truth("charges").iter().map(|row| (key(row), row.number("bytes"))).collect();
    assert_eq!(shown, expected);
}

/// Charge, payer, owner, from, to.
type Charge = [&'static str; 5];

/// One side of a transfer: account, owner, region, zone.
#[derive(Clone, Copy)]
struct Side {
    own: bool,
    account: &'static str,
    owner: &'static str,
    region: &'static str,
    zone: &'static str,
}

fn side(row: &'static Row, side: &str) -> Side {
    let of = |what: &str| row[&format!("{side}_{what}")].as_str();
    Side {
        own: !of("vpc").is_empty(),
        account: of("account"),
        owner: of("owner"),
        region: of("region"),
        zone: of("zone"),
    }
}

fn charges(row: &'static Row) -> Vec<Charge> {
    let (sender, receiver) = (side(row, "src"), side(row, "dst"));
    let nat = (!row["nat"].is_empty()).then(|| nat(&row["nat"]));
    // Who faces the outside: the NAT gateway if there is one.
    let facing = nat.map_or(sender, |(nat, _)| nat);
    let halves = |out, into| {
        let out = [out, sender.account, sender.owner, sender.region, "same"];
        [(sender.own, out), (receiver.own, [into, receiver.account, receiver.owner, receiver.region, "same"])]
    };
    let crossing = ["inter-region", facing.account, sender.owner, facing.region, receiver.region];
    let transit = ["transit-gateway", sender.account, sender.owner, sender.region, "any"];
    let mut charges: Vec<(bool, Charge)> = Vec::new();
    match row["path"].as_str() {
        "internet" => {
            charges.push((sender.own, ["internet-egress", facing.account, sender.owner, facing.region, "internet"]));
        }
        "cross-region" | "aws-service-cross-region" | "peering-cross-region" => charges.push((sender.own, crossing)),
        "transit-gateway" => charges.extend([(true, transit), (sender.region != receiver.region, crossing)]),
        "cross-zone" => charges.extend(halves("inter-zone-out", "inter-zone-in")),
        "peering-cross-zone" => charges.extend(halves("peering-zone-out", "peering-zone-in")),
        "public-address" => charges.extend(halves("public-address-out", "public-address-in")),
        "interface-endpoint" => {
            let interfaces = day().interfaces();
            let served = interfaces[row["dst_interface"].as_str()]["role"] == "endpoint";
            let (client, endpoint) = if served { (sender, receiver) } else { (receiver, sender) };
            charges.push((true, ["endpoint-processing", endpoint.account, client.owner, endpoint.region, "any"]));
        }
        "on-premises" if row["dst"].starts_with("172.20.") => {
            charges.push((sender.own, ["direct-connect", sender.account, sender.owner, sender.region, "EqDC2"]));
        }
        "on-premises" => {
            charges.push((sender.own, ["internet-egress", sender.account, sender.owner, sender.region, "internet"]));
        }
        _ => {}
    }
    if let Some((nat, is_zonal)) = nat {
        let client = if sender.own { sender } else { receiver };
        let (from, to) = if sender.own { (client, nat) } else { (nat, client) };
        let by_transit = row["via"].contains("transit-gateway");
        let apart = is_zonal && !by_transit && nat.zone != client.zone;
        charges.extend([
            (true, ["nat-processing", nat.account, client.owner, nat.region, "any"]),
            (by_transit, ["transit-gateway", from.account, client.owner, from.region, "any"]),
            (apart, ["inter-zone-out", from.account, client.owner, from.region, "same"]),
            (apart, ["inter-zone-in", to.account, client.owner, to.region, "same"]),
        ]);
    }
    charges.into_iter().filter(|(holds, _)| *holds).map(|(_, charge)| charge).collect()
}

/// Where a NAT gateway is, and whether it is in one zone.
fn nat(id: &str) -> (Side, bool) {
    let row = day().truth("interfaces").iter().find(|row| row["resource"] == id).expect("the gateway");
    let region = if row["zone"].starts_with("use1") { "us-east-1" } else { "eu-west-1" };
    (Side { own: true, account: &row["account"], owner: "", region, zone: &row["zone"] }, row["role"] == "nat")
}
