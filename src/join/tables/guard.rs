//! What the tables say against each other, as sentences: one of each kind, and how many more.
//!
//! Tables are listed at some moment, and in an estate of one moment none of this can be. Nothing is mended here.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::resolve::Resolved;
use super::{ListedEni, Name};
use crate::units::address::{self, Prefix};
use crate::units::human::count;

/// Statements that cannot both be true, by kind.
#[derive(Debug, Default)]
pub(super) struct Contradictions {
    /// The first sentence of each kind, and how many there are.
    kinds: BTreeMap<&'static str, (String, u64)>,
}

impl Contradictions {
    /// Counts one; of each kind only the first is described.
    pub(super) fn add(&mut self, kind: &'static str, sentence: impl FnOnce() -> String) {
        self.kinds.entry(kind).or_insert_with(|| (sentence(), 0)).1 += 1;
    }

    /// Takes a name where there is none, and notes one that is another.
    pub(super) fn fill(&mut self, of: &str, what: &'static str, known: &mut Name, new: Name) {
        match (&*known, new) {
            (Some(first), Some(second)) if *first != second => {
                self.add(what, || format!("{of} is listed with {what} {first} and with {second}; the first is used"));
            }
            (None, new) => *known = new,
            _ => {}
        }
    }

    /// The sentences.
    pub(super) fn sentences(self) -> impl Iterator<Item = String> {
        self.kinds.into_values().map(|(sentence, times)| match times {
            1 => sentence,
            times => format!("{sentence} (and {} more like it)", count(u128::from(times - 1))),
        })
    }
}

/// Adds what resources say against each other.
pub(super) fn check(tables: &Resolved, found: &mut Contradictions) {
    addresses(&tables.interfaces, found);
    networks(tables, found);
    let gateways = tables.nat_gateways.iter().flat_map(|of| of.interfaces.iter().map(|eni| (eni, &of.id)));
    let public = tables.nat_gateways.iter().flat_map(|of| of.public.iter().map(|address| (address, &of.id)));
    let endpoints = tables.endpoints.iter().flat_map(|of| of.interfaces.iter().map(|eni| (eni, &of.id)));
    for (eni, first, second) in shared(gateways.chain(endpoints)) {
        found.add("an interface of two", || format!("{eni} is listed as the interface of both {first} and {second}"));
    }
    for (public, first, second) in shared(public) {
        let public = address::shown(*public);
        found.add("a gateway's address", || {
            format!("{public} is listed as the public address of both {first} and {second}")
        });
    }
}

/// An address, private or public, that several interfaces have at the same time.
fn addresses(interfaces: &[ListedEni], found: &mut Contradictions) {
    let public = interfaces.iter().flat_map(|eni| eni.public.iter().map(|(public, _)| (public, &eni.id)));
    for (public, first, second) in shared(public) {
        let public = address::shown(*public);
        found.add("public", || format!("{public} is listed as the public address of both {first} and {second}"));
    }
    let mut by_vpc: HashMap<&Arc<str>, Vec<(Prefix, &Arc<str>)>> = HashMap::new();
    for eni in interfaces {
        let Some(vpc) = &eni.vpc else { continue };
        let own = eni.addresses.iter().map(|address| Prefix { first: *address, bits: 128 }).chain(eni.prefixes.clone());
        by_vpc.entry(vpc).or_default().extend(own.map(|prefix| (prefix, &eni.id)));
    }
    let mut by_vpc: Vec<_> = by_vpc.into_iter().collect();
    by_vpc.sort();
    for (vpc, prefixes) in by_vpc {
        for ((prefix, second), (_, first)) in overlaps(prefixes) {
            let what = if prefix.bits == 128 { address::shown(prefix.first).to_string() } else { prefix.to_string() };
            found.add("private", || format!("{what} of {vpc} is listed at both {first} and {second}"));
        }
    }
}

/// Subnets and VPCs that are in two places, and subnets that overlap.
fn networks(tables: &Resolved, found: &mut Contradictions) {
    let networks = &tables.networks;
    let vpcs = networks.iter().filter_map(|of| Some((of.vpc.as_ref()?, of.region.as_ref()?)));
    for (vpc, first, second) in shared(vpcs) {
        found.add("a VPC's region", || format!("{vpc} is listed in both {first} and {second}"));
    }
    let accounts = networks.iter().filter_map(|of| Some((of.vpc.as_ref()?, of.account.as_ref()?)));
    for (vpc, first, second) in shared(accounts) {
        found.add("a VPC's account", || format!("{vpc} is listed in both account {first} and account {second}"));
    }
    let subnets = || networks.iter().filter_map(|of| Some((of.subnet.as_ref()?, of)));
    for (subnet, first, second) in shared(subnets().filter_map(|(subnet, of)| Some((subnet, of.vpc.as_ref()?)))) {
        found.add("a subnet's VPC", || format!("{subnet} is listed in both {first} and {second}"));
    }
    for (subnet, first, second) in shared(subnets().filter_map(|(subnet, of)| Some((subnet, of.zone.as_ref()?)))) {
        found.add("a subnet's zone", || format!("{subnet} is listed in both {first} and {second}"));
    }
    let mut by_vpc: BTreeMap<&Arc<str>, Vec<(Prefix, &Arc<str>)>> = BTreeMap::new();
    for (subnet, of) in subnets() {
        if let Some(vpc) = &of.vpc {
            by_vpc.entry(vpc).or_default().push((of.prefix, subnet));
        }
    }
    for (vpc, prefixes) in by_vpc {
        for ((second, subnet), (first, of)) in overlaps(prefixes) {
            found.add("subnets", || format!("{second} ({subnet}) and {first} ({of}) of {vpc} overlap"));
        }
    }
}

/// The keys that have several values: each further value with the first.
fn shared<'a, K: Ord, V: Ord>(pairs: impl Iterator<Item = (&'a K, &'a V)>) -> Vec<(&'a K, &'a V, &'a V)> {
    let (mut first, mut seen, mut several) = (BTreeMap::new(), BTreeSet::new(), Vec::new());
    for (key, value) in pairs {
        let first = *first.entry(key).or_insert(value);
        if first != value && seen.insert((key, value)) {
            several.push((key, first, value));
        }
    }
    several
}

type Held<'a> = (Prefix, &'a Arc<str>);

/// Prefixes of different holders of which one is in the other: each with the one that it is in.
fn overlaps(mut prefixes: Vec<Held<'_>>) -> Vec<(Held<'_>, Held<'_>)> {
    prefixes.sort();
    prefixes.dedup();
    let (mut around, mut found): (Vec<Held<'_>>, Vec<_>) = (Vec::new(), Vec::new());
    for held in prefixes {
        while around.pop_if(|(outer, _)| !outer.contains(held.0.first)).is_some() {}
        found.extend(around.iter().find(|(_, holder)| *holder != held.1).map(|outer| (held, *outer)));
        around.push(held);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::{Reader, Tables};

    /// What is said of tables with these names and texts.
    fn warnings(files: &[(&str, &str)]) -> Vec<String> {
        let mut reader = Reader::default();
        for (name, text) in files {
            reader.add(name, text.as_bytes().to_vec()).unwrap();
        }
        let no_zones = |warning: &String| !warning.contains("without a zone's id");
        let Tables { warnings, faults, .. } = reader.finish();
        faults.into_iter().chain(warnings.into_iter().filter(no_zones)).collect()
    }

    fn enis(parts: &str) -> String {
        format!(r#"{{"NetworkInterfaces": [{parts}]}}"#)
    }

    fn eni(id: &str, vpc: &str, address: &str, more: &str) -> String {
        format!(r#"{{"NetworkInterfaceId": "{id}", "VpcId": "{vpc}", "PrivateIpAddress": "{address}"{more}}}"#)
    }

    #[test]
    fn an_address_is_at_one_interface_of_a_vpc() {
        let [a, b] = [eni("eni-a", "vpc-1", "10.0.0.5", ""), eni("eni-b", "vpc-1", "10.0.0.5", "")];
        let json = enis(&format!("{a}, {b}"));
        assert_eq!(warnings(&[("a.json", &json)]), ["10.0.0.5 of vpc-1 is listed at both eni-a and eni-b"]);
        let nodes = [
            eni("eni-a", "vpc-1", "10.0.0.5", r#", "Ipv4Prefixes": [{"Ipv4Prefix": "10.0.1.0/28"}]"#),
            eni("eni-b", "vpc-1", "10.0.1.3", ""),
            eni("eni-c", "vpc-1", "10.0.1.4", ""),
        ];
        let json = enis(&nodes.join(","));
        let said = warnings(&[("a.json", &json)]);
        assert_eq!(said, ["10.0.1.3 of vpc-1 is listed at both eni-a and eni-b (and 1 more like it)"]);
        let elsewhere = eni("eni-b", "vpc-2", "10.0.0.5", "");
        let own = eni("eni-c", "vpc-1", "10.0.1.3", r#", "Ipv4Prefixes": [{"Ipv4Prefix": "10.0.1.0/28"}]"#);
        let json = enis(&[a.as_str(), &elsewhere, &own, &a].join(","));
        assert_eq!(warnings(&[("a.json", &json), ("b.json", &json)]), Vec::<String>::new());
    }

    #[test]
    fn a_public_address_is_at_one_interface() {
        let association = r#", "Association": {"PublicIp": "203.0.113.9"}"#;
        let [a, b] = [eni("eni-a", "vpc-1", "10.0.0.5", association), eni("eni-b", "vpc-2", "10.0.0.5", association)];
        let said = warnings(&[("a.json", &enis(&format!("{a}, {b}")))]);
        assert_eq!(said, ["203.0.113.9 is listed as the public address of both eni-a and eni-b"]);
    }

    #[test]
    fn what_listings_say_of_one_resource_agrees() {
        let [a, b] = [eni("eni-a", "vpc-1", "10.0.0.5", ""), eni("eni-a", "vpc-2", "10.0.0.5", "")];
        let said = warnings(&[("a.json", &enis(&a)), ("b.json", &enis(&b))]);
        assert_eq!(said, ["eni-a is listed with VPC vpc-1 and with vpc-2; the first is used"]);
        let network = "cidr,vpc,subnet,zone\n10.0.0.0/24,vpc-1,subnet-1,use1-az1\n";
        let subnet = r#"{"Subnets": [{"SubnetId": "subnet-1", "VpcId": "vpc-1", "CidrBlock": "10.0.0.0/24", "AvailabilityZoneId": "use1-az2"}]}"#;
        let said = warnings(&[("a.csv", network), ("b.json", subnet)]);
        assert_eq!(said, ["10.0.0.0/24 is listed with zone use1-az1 and with use1-az2; the first is used"]);
        let gateway = |id: &str| {
            format!(
                r#"{{"NatGatewayId": "{id}", "NatGatewayAddresses": [{{"NetworkInterfaceId": "eni-n", "PublicIp": "203.0.113.7", "PrivateIp": "10.0.0.7"}}]}}"#
            )
        };
        let said =
            warnings(&[("n.json", &format!(r#"{{"NatGateways": [{}, {}]}}"#, gateway("nat-1"), gateway("nat-2")))]);
        assert_eq!(
            said,
            [
                "203.0.113.7 is listed as the public address of both nat-1 and nat-2",
                "eni-n is listed as the interface of both nat-1 and nat-2"
            ]
        );
    }

    #[test]
    fn a_vpc_is_of_one_account_in_every_form() {
        let (one, two) = ("111122223333", "222233334444");
        let subnet = |id: &str, vpc: &str, owner: &str, cidr: &str| {
            format!(
                r#"{{"Subnets": [{{"SubnetId": "{id}", "VpcId": "{vpc}", "OwnerId": "{owner}", "CidrBlock": "{cidr}"}}]}}"#
            )
        };
        let (a, b) = (subnet("subnet-1", "vpc-1", one, "10.0.0.0/24"), subnet("subnet-2", "vpc-1", two, "10.0.1.0/24"));
        let said = "vpc-1 is listed in both account 111122223333 and account 222233334444";
        assert_eq!(warnings(&[("a.json", &a), ("b.json", &b)]), [said]);
        let csv = format!("cidr,vpc,account\n10.0.0.0/24,vpc-1,{one}\n10.0.1.0/24,vpc-1,{two}\n");
        assert_eq!(warnings(&[("a.csv", &csv)]), [said]);
        // The same subnet, its CIDR too.
        let again = subnet("subnet-1", "vpc-2", one, "10.0.0.0/24");
        assert_eq!(warnings(&[("a.json", &a), ("b.json", &again)]), ["subnet-1 is listed in both vpc-1 and vpc-2"]);
        let owner = subnet("subnet-1", "vpc-1", two, "10.0.0.0/24");
        assert_eq!(warnings(&[("a.json", &a), ("b.json", &owner)]), Vec::<String>::new(), "who shares it, who uses it");
    }

    #[test]
    fn subnets_and_vpcs_are_in_one_place() {
        for (rows, said) in [
            (
                "10.0.0.0/24,vpc-1,,us-east-1,\n10.0.1.0/24,vpc-1,,eu-west-1,\n",
                "vpc-1 is listed in both us-east-1 and eu-west-1",
            ),
            (
                "10.0.0.0/24,vpc-1,subnet-1,,\n10.0.1.0/24,vpc-2,subnet-1,,\n",
                "subnet-1 is listed in both vpc-1 and vpc-2",
            ),
            (
                "10.0.0.0/24,vpc-1,subnet-1,,use1-az1\n10.0.1.0/24,vpc-1,subnet-1,,use1-az2\n",
                "subnet-1 is listed in both use1-az1 and use1-az2",
            ),
            (
                "10.0.0.0/24,vpc-1,subnet-1,,\n10.0.0.128/25,vpc-1,subnet-2,,\n",
                "10.0.0.128/25 (subnet-2) and 10.0.0.0/24 (subnet-1) of vpc-1 overlap",
            ),
        ] {
            assert_eq!(warnings(&[("a.csv", &format!("cidr,vpc,subnet,region,zone\n{rows}"))]), [said]);
        }
        let sound = "cidr,vpc,subnet,region,zone\n10.0.0.0/16,vpc-1,,us-east-1,\n10.0.0.0/24,vpc-1,subnet-1,us-east-1,use1-az1\n\
                     10.0.1.0/24,vpc-1,subnet-2,us-east-1,use1-az2\n10.0.0.0/24,vpc-2,subnet-3,eu-west-1,\n";
        assert_eq!(warnings(&[("a.csv", sound)]), Vec::<String>::new());
    }
}
