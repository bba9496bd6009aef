//! The tables that the estate's owner would have: the network, the tags with their times, and AWS's ranges.

use std::fs;
use std::net::Ipv4Addr;
use std::path::Path;

use chrono::DateTime;
use serde_json::{Value, json};

use super::Estate;
use super::network::REGIONS;
use super::outside::{BLOCKS, SITES};

const NETWORK: &str = "cidr,account,vpc,subnet,region,zone,name,kind";
const TAGS: &str = "resource,team,valid_from,valid_to";

/// Writes the tables.
pub(crate) fn write(estate: &Estate, folder: &Path) -> Result<(), String> {
    put(folder, "network.csv", &network(estate))?;
    put(folder, "tags.csv", &tags(estate))?;
    put(folder, "ip-ranges.json", &format!("{:#}\n", ip_ranges()))
}

/// Writes a file.
pub(crate) fn put(folder: &Path, name: &str, text: &str) -> Result<(), String> {
    let path = folder.join(name);
    let written = fs::create_dir_all(folder).and_then(|()| fs::write(&path, text));
    written.map_err(|error| format!("{}: {error}", path.display()))
}

fn network(estate: &Estate) -> String {
    let mut text = format!("{NETWORK}\n");
    for (place, vpc) in estate.network.vpcs.iter().enumerate() {
        let (account, id, region, name) = (vpc.account.id, &vpc.id, vpc.region.name, vpc.name);
        let mut row = |cidr: String, subnet: &str, zone: &str, name: &str| {
            text += &format!("{cidr},{account},{id},{subnet},{region},{zone},{name},\n");
        };
        row(format!("{}/16", vpc.network), "", "", name);
        vpc.network6.iter().for_each(|network| row(format!("{network}/56"), "", "", name));
        for subnet in estate.network.subnets.iter().filter(|subnet| subnet.vpc == place) {
            let name = format!("{name} {}", subnet.name);
            row(format!("{}/24", subnet.network), &subnet.id, &subnet.zone_id, &name);
            subnet.network6.iter().for_each(|six| row(format!("{six}/64"), &subnet.id, &subnet.zone_id, &name));
        }
    }
    for (site, kind, name) in &SITES {
        text += &format!("{site}/16,,,,,,{name},{kind}\n");
    }
    text
}

fn tags(estate: &Estate) -> String {
    let time =
        |moment: u32| DateTime::from_timestamp(moment.into(), 0).unwrap_or_default().format("%Y-%m-%dT%H:%M:%SZ");
    let moment = |moment: Option<u32>| moment.map(|moment| time(moment).to_string()).unwrap_or_default();
    let row =
        |tag: &super::owners::Tag| format!("{},{},{},{}\n", tag.resource, tag.team, moment(tag.from), moment(tag.to));
    format!("{TAGS}\n") + &estate.owners.tags.iter().map(row).collect::<String>()
}

/// AWS's ranges as far as they occur, in its own form.
fn ip_ranges() -> Value {
    let entry = |(address, length): (Ipv4Addr, u8), region: &str, service: &str| {
        json!({ "ip_prefix": format!("{address}/{length}"), "region": region, "service": service,
            "network_border_group": region })
    };
    let blocks = BLOCKS.iter().flat_map(|block| {
        let all = ["AMAZON", block.service].into_iter().take(if block.service == "AMAZON" { 1 } else { 2 });
        all.map(move |service| entry((block.address, block.length), block.region, service))
    });
    let own = REGIONS.iter().flat_map(|region| {
        ["AMAZON", "EC2"].map(|service| entry((region.public, region.public_length), region.name, service))
    });
    let six = REGIONS.iter().flat_map(|region| {
        let prefix = format!("{}/48", std::net::Ipv6Addr::from(region.network6));
        ["AMAZON", "EC2"].map(|service| {
            json!({ "ipv6_prefix": prefix, "region": region.name, "service": service,
                "network_border_group": region.name })
        })
    });
    json!({ "syncToken": "1790812800", "createDate": "2026-10-01-00-00-00",
        "prefixes": blocks.chain(own).collect::<Vec<_>>(), "ipv6_prefixes": six.collect::<Vec<_>>() })
}
