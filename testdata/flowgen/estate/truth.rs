//! What is true, as CSV: each transfer, what each interface saw of it, and sums by pair, path and charge; testdata's
//! README has the columns.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use chrono::DateTime;

use super::charges::{Charge, Nature};
use super::outside::Scope;
use super::records::{Content, Record};
use super::routes::{Class, Crossing};
use super::scenarios::Outcome;
use super::talks::{End, Talk, Volume};
use super::{Estate, HOUR_SECONDS};
use crate::flowgen::world::Role;

type Csv = csv::Writer<File>;

const TRANSFERS: &str = "transfer,conversation,start,end,verdict,protocol,srcport,dstport,src_vpc,src,src_interface,\
                         src_account,src_region,src_zone,src_owner,dst_vpc,dst,dst_interface,dst_account,dst_region,\
                         dst_zone,dst_owner,path,via,nat,bytes,packets,charges,counted_at";
const VIEWS: &str = "transfer,interface,resource,direction,class,action,srcaddr,dstaddr,srcport,dstport,protocol,\
                     pkt_srcaddr,pkt_dstaddr,traffic_path,bytes,packets";
const PAIRS: &str = "src_vpc,src,dst_vpc,dst,bytes,packets,transfers";
const PATHS: &str = "src_owner,dst_owner,path,via,bytes,packets,transfers";
const CHARGES: &str = "month,owner,charge,payer_account,from_region,to_region,bytes";
const ACCOUNT: &str = "class,records,bytes";
const INTERFACES: &str = "interface,resource,name,role,instance,account,vpc,subnet,zone,address,logged_from,\
                          logged_to,records,no_data,skip_data,egress_bytes,ingress_bytes,rejected_bytes";
const EVENTS: &str = "time,event,resource";

/// What is written about the traffic while it passes.
pub(crate) struct Truth<'e> {
    estate: &'e Estate,
    folder: PathBuf,
    transfers: Csv,
    views: Csv,
    count: u64,
    pairs: BTreeMap<[String; 4], Sum>,
    paths: BTreeMap<[&'static str; 4], Sum>,
    charges: BTreeMap<(String, Charge), u64>,
    /// By class: records and bytes.
    account: BTreeMap<&'static str, (u64, u64)>,
    interfaces: Vec<Seen>,
}

/// A sum over transfers.
#[derive(Default)]
struct Sum {
    bytes: u64,
    packets: u64,
    transfers: u64,
}

/// What an interface logged.
#[derive(Clone, Default)]
struct Seen {
    records: u64,
    quiet: u64,
    lost: u64,
    egress: u64,
    ingress: u64,
    rejected: u64,
}

/// What is known of an end: VPC, address, interface, account, region, zone, owner.
pub(crate) type Place<'a> = (&'a str, IpAddr, &'a str, &'a str, &'a str, &'a str, &'a str);

impl<'e> Truth<'e> {
    /// Nothing yet.
    pub(crate) fn new(estate: &'e Estate, folder: &Path) -> Result<Self, String> {
        fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        Ok(Self {
            estate,
            folder: folder.to_owned(),
            transfers: table(folder, "transfers", TRANSFERS)?,
            views: table(folder, "views", VIEWS)?,
            count: 0,
            pairs: BTreeMap::new(),
            paths: BTreeMap::new(),
            charges: BTreeMap::new(),
            account: BTreeMap::new(),
            interfaces: vec![Seen::default(); estate.interfaces.len()],
        })
    }

    /// Adds a transfer, and what the interfaces on its route logged.
    pub(crate) fn transfer(
        &mut self,
        talk: &Talk,
        forward: bool,
        nature: &Nature,
        crossings: &[Crossing],
    ) -> Result<(), String> {
        self.count += 1;
        let volume = talk.volume(forward);
        let counted = crossings.iter().find(|crossing| crossing.class == Class::Counted);
        let is_transfer = matches!(talk.outcome, Outcome::Answered | Outcome::Refused);
        let charges = if is_transfer { nature.charges.as_slice() } else { &[] };
        self.row(talk, forward, nature, charges, counted)?;
        for crossing in crossings {
            self.view(talk, volume, crossing)?;
        }
        if is_transfer {
            self.sum(talk, forward, nature);
        }
        Ok(())
    }

    fn row(
        &mut self,
        talk: &Talk,
        forward: bool,
        nature: &Nature,
        charges: &[Charge],
        counted: Option<&Crossing>,
    ) -> Result<(), String> {
        let (sender, receiver) = talk.ends(forward);
        let verdict = match talk.outcome {
            Outcome::Answered => "accepted",
            Outcome::Refused => "refused",
            Outcome::Blocked => "rejected",
            Outcome::Dropped => "dropped",
        };
        let ports = [talk.client_port, talk.server_port];
        let [from, to] = if forward { ports } else { [ports[1], ports[0]] };
        let names: Vec<&str> = charges.iter().map(|charge| charge.charge).collect();
        let volume = talk.volume(forward);
        let head = (self.count, talk.number, talk.start, talk.end, verdict, talk.protocol, from, to);
        let nat = talk.nat.and_then(|place| self.estate.interfaces[place].resource.as_deref());
        let tail = (nature.path, nature.via, nat, volume.bytes, volume.packets, names.join("+"));
        let counted_at = counted.map_or("", |crossing| match self.estate.interfaces[crossing.interface].role {
            Role::TransitGateway => "transit-gateway",
            Role::NatGateway | Role::RegionalNatGateway => "nat",
            _ if crossing.egress => "sender",
            _ => "receiver",
        });
        let ends = (place(self.estate, talk, sender), place(self.estate, talk, receiver));
        self.transfers.serialize((head, ends, tail, counted_at)).map_err(message)
    }

    fn view(&mut self, talk: &Talk, volume: Volume, crossing: &Crossing) -> Result<(), String> {
        let interface = &self.estate.interfaces[crossing.interface];
        let (source, destination) = crossing.shown(self.estate);
        let action = if crossing.rejected { "REJECT" } else { "ACCEPT" };
        let direction = if crossing.egress { "egress" } else { "ingress" };
        let resource = interface.resource.as_deref().unwrap_or("");
        let head = (self.count, &interface.id, resource, direction, crossing.class.name(), action);
        let shown = (source, destination, crossing.source_port, crossing.destination_port, talk.protocol);
        let packet = (crossing.source, crossing.destination, crossing.path, volume.bytes, volume.packets);
        self.views.serialize((head, shown, packet)).map_err(message)
    }

    fn sum(&mut self, talk: &Talk, forward: bool, nature: &Nature) {
        let (sender, receiver) = talk.ends(forward);
        let (from, to) = (place(self.estate, talk, sender), place(self.estate, talk, receiver));
        let volume = talk.volume(forward);
        let pair = [from.0.to_owned(), from.1.to_string(), to.0.to_owned(), to.1.to_string()];
        let owner = |end| self.estate.owner(end, talk.start);
        let path = [owner(sender), owner(receiver), nature.path, nature.via];
        self.pairs.entry(pair).or_default().add(volume);
        self.paths.entry(path).or_default().add(volume);
        for charge in &nature.charges {
            *self.charges.entry((month(talk.start), charge.clone())).or_default() += volume.bytes;
        }
    }

    /// Notes a record that goes to the logs.
    pub(crate) fn written(&mut self, record: &Record) {
        let seen = &mut self.interfaces[record.interface];
        let (class, bytes) = match &record.content {
            Content::Quiet => ("no-data", 0),
            Content::Lost => ("skip-data", 0),
            Content::Flow(flow) => (flow.crossing.class.name(), flow.bytes),
        };
        let sum = match &record.content {
            Content::Quiet => &mut seen.quiet,
            Content::Lost => &mut seen.lost,
            Content::Flow(_) => &mut seen.records,
        };
        *sum += 1;
        if let Content::Flow(flow) = &record.content {
            let sum = match flow.crossing {
                Crossing { rejected: true, .. } => &mut seen.rejected,
                Crossing { egress: true, .. } => &mut seen.egress,
                _ => &mut seen.ingress,
            };
            *sum += bytes;
        }
        let (records, sum) = self.account.entry(class).or_default();
        *records += 1;
        *sum += bytes;
    }

    /// Writes the sums; gives how many transfers and records there are.
    pub(crate) fn finish(mut self) -> Result<(u64, u64), String> {
        self.transfers.flush().map_err(message)?;
        self.views.flush().map_err(message)?;
        let pairs = self.pairs.iter().map(|(pair, sum)| (pair, sum.bytes, sum.packets, sum.transfers));
        rows(&self.folder, "pairs", PAIRS, pairs)?;
        let paths = self.paths.iter().map(|(path, sum)| (path, sum.bytes, sum.packets, sum.transfers));
        rows(&self.folder, "paths", PATHS, paths)?;
        let charge =
            |(month, one): &(String, Charge)| (month.clone(), one.owner, one.charge, one.payer, one.from, one.to);
        rows(&self.folder, "charges", CHARGES, self.charges.iter().map(|(key, bytes)| (charge(key), *bytes)))?;
        let classes = self.account.iter().map(|(class, (records, bytes))| (*class, *records, *bytes));
        rows(&self.folder, "account", ACCOUNT, classes)?;
        self.write_interfaces()?;
        self.write_events()?;
        Ok((self.count, self.account.values().map(|(records, _)| records).sum()))
    }

    fn write_interfaces(&self) -> Result<(), String> {
        let (network, moments) = (&self.estate.network, &self.estate.moments);
        let row = |(interface, seen): (&'e super::Interface, &Seen)| {
            let (vpc, subnet) = (&network.vpcs[interface.vpc], &network.subnets[interface.subnet]);
            let from = interface.flow_log.map(|log| network.flow_logs[log].from.max(interface.life.start));
            let to = from.map(|_| interface.life.end.min(moments.to));
            let role = match interface.role {
                Role::Instance | Role::Task => "instance",
                Role::LoadBalancer => "load-balancer",
                Role::NatGateway => "nat",
                Role::RegionalNatGateway => "regional-nat",
                Role::TransitGateway => "transit-gateway",
                Role::Endpoint => "endpoint",
            };
            let ids =
                (&interface.id, interface.resource.as_deref(), interface.name, role, interface.instance.as_deref());
            let place = (vpc.account.id, &vpc.id, &subnet.id, &subnet.zone_id, interface.address, from, to);
            let Seen { records, quiet, lost, egress, ingress, rejected } = *seen;
            (ids, place, records, quiet, lost, egress, ingress, rejected)
        };
        rows(&self.folder, "interfaces", INTERFACES, self.estate.interfaces.iter().zip(&self.interfaces).map(row))
    }

    fn write_events(&self) -> Result<(), String> {
        let (network, moments) = (&self.estate.network, &self.estate.moments);
        let late = network.flow_logs.iter().find(|log| log.from == moments.late).map(|log| log.id.clone());
        let named = |name: &str| self.estate.interfaces.iter().find(|interface| interface.name == name);
        let id = |name: &str| named(name).map(|interface| interface.id.clone());
        let instance = |name: &str| named(name).and_then(|interface| interface.instance.clone());
        let events = [
            (moments.released, "address released", id("old-1")),
            (moments.released + HOUR_SECONDS, "address taken", id("new-1")),
            (moments.late, "flow log made", late),
            (moments.handed_over, "owner changed", instance("moved-1")),
        ];
        rows(&self.folder, "events", EVENTS, events.into_iter())
    }
}

impl Sum {
    fn add(&mut self, volume: Volume) {
        self.bytes += volume.bytes;
        self.packets += volume.packets;
        self.transfers += 1;
    }
}

/// What is known of an end.
pub(crate) fn place<'e>(estate: &'e Estate, talk: &Talk, end: End) -> Place<'e> {
    let owner = estate.owner(end, talk.start);
    let address = estate.address(end, talk.six);
    match end {
        End::Own(place) => {
            let interface = &estate.interfaces[place];
            let (vpc, subnet) = (&estate.network.vpcs[interface.vpc], &estate.network.subnets[interface.subnet]);
            (&vpc.id, address, &interface.id, vpc.account.id, vpc.region.name, &subnet.zone_id, owner)
        }
        End::Outside(outside) => {
            let region = match outside.scope {
                Scope::Service(region) => region.unwrap_or("GLOBAL"),
                Scope::Stranger(region) => region,
                Scope::Internet | Scope::Site(_) => "",
            };
            ("", address, "", "", region, "", owner)
        }
    }
}

/// The UTC month of a moment, `2026-10`.
fn month(moment: u32) -> String {
    DateTime::from_timestamp(moment.into(), 0).unwrap_or_default().format("%Y-%m").to_string()
}

/// A table that has its header.
fn table(folder: &Path, name: &str, header: &str) -> Result<Csv, String> {
    let path = folder.join(format!("{name}.csv"));
    let file = File::create(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let mut table = csv::WriterBuilder::new().has_headers(false).from_writer(file);
    table.write_record(header.split(',')).map_err(message)?;
    Ok(table)
}

/// A whole table.
pub(crate) fn rows(
    folder: &Path,
    name: &str,
    header: &str,
    rows: impl Iterator<Item = impl serde::Serialize>,
) -> Result<(), String> {
    let mut table = table(folder, name, header)?;
    for row in rows {
        table.serialize(row).map_err(message)?;
    }
    table.flush().map_err(message)
}

fn message(error: impl std::fmt::Display) -> String {
    error.to_string()
}
