//! Files as users have them → tables, and the errors of invalid ones.

use super::super::{EndpointKind, Kind, ListedEni, Name, Prefix, ResourceTags, Role};
use super::*;

fn read(files: &[(&str, &str)]) -> Tables {
    let mut reader = Reader::default();
    for (name, text) in files {
        reader.add(name, text.as_bytes().to_vec()).unwrap();
    }
    reader.finish()
}

/// The error of the last file, and the hints.
fn refused(files: &[(&str, &[u8])]) -> (String, Vec<String>) {
    let mut reader = Reader::default();
    let (last, before) = files.split_last().unwrap();
    before.iter().for_each(|(name, bytes)| reader.add(name, bytes.to_vec()).unwrap());
    let (Refused::Foreign(error) | Refused::Faulty(error)) = reader.add(last.0, last.1.to_vec()).unwrap_err();
    (error.to_string(), error.hints().to_vec())
}

fn address(text: &str) -> u128 {
    let bits = if text.contains(':') { 128 } else { 32 };
    Prefix::parse(&format!("{text}/{bits}")).unwrap().first
}

fn addresses(texts: &[&str]) -> Vec<u128> {
    texts.iter().map(|text| address(text)).collect()
}

fn texts(names: &[&Name]) -> Vec<String> {
    names.iter().map(|name| name.as_deref().unwrap_or("-").to_owned()).collect()
}

fn interface<'a>(tables: &'a Tables, id: &str) -> &'a ListedEni {
    tables.interfaces.iter().find(|interface| &*interface.id == id).unwrap()
}

const SUBNETS: &str = r#"{"Subnets": [
    {"AvailabilityZone": "us-east-1a", "AvailabilityZoneId": "use1-az1", "CidrBlock": "10.0.0.0/24",
     "Ipv6CidrBlockAssociationSet": [
        {"Ipv6CidrBlock": "2600:1f18:4a00::/64", "Ipv6CidrBlockState": {"State": "associated"}},
        {"Ipv6CidrBlock": "2600:1f18:4a00:9::/64", "Ipv6CidrBlockState": {"State": "disassociated"}}],
     "OwnerId": "111122223333", "SubnetId": "subnet-a", "Tags": [{"Key": "Name", "Value": "public a"}], "VpcId": "vpc-1"},
    {"AvailabilityZone": "us-east-1-bos-1a", "AvailabilityZoneId": "use1-bos1-az1", "CidrBlock": "10.0.1.0/24",
     "OwnerId": "111122223333", "SubnetId": "subnet-b", "VpcId": "vpc-1"},
    {"SubnetArn": "arn:aws:ec2:eu-west-1:444455556666:subnet/subnet-c", "CidrBlock": "10.0.0.0/24",
     "OwnerId": "444455556666", "SubnetId": "subnet-c", "VpcId": "vpc-2"}]}"#;

const INTERFACES: &str = r#"{"NetworkInterfaces": [
    {"Association": {"IpOwnerId": "111122223333", "PublicIp": "52.4.0.10"},
     "Attachment": {"DeviceIndex": 0, "InstanceId": "i-1", "Status": "attached"},
     "AvailabilityZone": "us-east-1a", "Description": "", "InterfaceType": "interface",
     "Ipv6Addresses": [{"Ipv6Address": "2600:1f18:4a00::a"}], "Ipv4Prefixes": [{"Ipv4Prefix": "10.0.0.32/28"}],
     "NetworkInterfaceId": "eni-1", "OwnerId": "111122223333", "PrivateIpAddress": "10.0.0.10",
     "PrivateIpAddresses": [
        {"Primary": false, "PrivateIpAddress": "10.0.0.11", "Association": {"PublicIp": "52.4.0.11"}},
        {"Association": {"PublicIp": "52.4.0.10"}, "Primary": true, "PrivateIpAddress": "10.0.0.10"}],
     "RequesterManaged": false, "SubnetId": "subnet-a", "TagSet": [{"Key": "team", "Value": "web"}], "VpcId": "vpc-1"},
    {"NetworkInterfaceId": "eni-nat", "InterfaceType": "interface", "OwnerId": "111122223333", "SubnetId": "subnet-a"},
    {"NetworkInterfaceId": "eni-tgw", "InterfaceType": "transit_gateway", "SubnetId": "subnet-c"}]}"#;

#[test]
fn subnets_are_networks_with_regions_of_their_zones_or_arns() {
    let tables = read(&[("subnets.json", SUBNETS)]);
    let shown =
        |network: &Network| texts(&[&network.vpc, &network.subnet, &network.region, &network.zone, &network.name]);
    let rows: Vec<_> = tables.networks.iter().map(shown).collect();
    assert_eq!(
        rows,
        [
            ["vpc-1", "subnet-a", "us-east-1", "use1-az1", "public a"],
            ["vpc-1", "subnet-a", "us-east-1", "use1-az1", "public a"],
            ["vpc-1", "subnet-b", "us-east-1", "use1-bos1-az1", "-"],
            ["vpc-2", "subnet-c", "eu-west-1", "-", "-"],
        ]
    );
    assert_eq!(tables.networks[1].prefix, Prefix::parse("2600:1f18:4a00::/64").unwrap());
}

#[test]
fn interfaces_have_all_their_addresses_and_what_their_subnet_shows() {
    let tables = read(&[("interfaces.json", INTERFACES), ("subnets.json", SUBNETS)]);
    let one = interface(&tables, "eni-1");
    assert_eq!(one.addresses, addresses(&["10.0.0.10", "10.0.0.11", "2600:1f18:4a00::a"]));
    let public =
        [("52.4.0.10", "10.0.0.10"), ("52.4.0.11", "10.0.0.11")].map(|(out, own)| (address(out), address(own)));
    assert_eq!(one.public, public);
    assert_eq!(one.prefixes, [Prefix::parse("10.0.0.32/28").unwrap()]);
    assert_eq!(
        texts(&[&one.account, &one.region, &one.vpc, &one.subnet, &one.zone, &one.instance]),
        ["111122223333", "us-east-1", "vpc-1", "subnet-a", "use1-az1", "i-1"]
    );
    let gateway = interface(&tables, "eni-tgw");
    assert_eq!(gateway.role, Role::TransitGateway);
    assert_eq!(texts(&[&gateway.account, &gateway.region, &gateway.vpc]), ["444455556666", "eu-west-1", "vpc-2"]);
    let team = ResourceTags { resource: "eni-1".into(), tags: vec![("team".into(), "web".into())] };
    assert!(tables.tags.contains(&team));
    assert_eq!(tables.warnings, ["1 interface without a zone's id: list `aws ec2 describe-subnets` too"]);
}

#[test]
fn a_zones_name_never_stands_for_its_id() {
    let tables = read(&[("interfaces.json", INTERFACES)]);
    assert!(tables.interfaces.iter().all(|interface| interface.zone.is_none()));
    assert_eq!(interface(&tables, "eni-1").region.as_deref(), Some("us-east-1"));
    assert_eq!(tables.warnings, ["3 interfaces without a zone's id: list `aws ec2 describe-subnets` too"]);
}

#[test]
fn the_network_table_shows_zones_of_subnets_too() {
    let network = "cidr,vpc,subnet,zone\n10.0.0.0/24,vpc-1,subnet-a,use1-az2\n";
    let tables = read(&[("interfaces.json", INTERFACES), ("network.csv", network)]);
    assert_eq!(interface(&tables, "eni-1").zone.as_deref(), Some("use1-az2"));
}

#[test]
fn roles_are_reported_by_types_and_where_those_are_old_by_awss_descriptions() {
    for (kind, description, managed, role) in [
        ("nat_gateway", "", "true", Role::Nat),
        ("natGateway", "", "true", Role::Nat),
        ("gateway_load_balancer_endpoint", "", "true", Role::GatewayLoadBalancerEndpoint),
        ("gateway_load_balancer", "", "true", Role::GatewayLoadBalancer),
        ("vpc_endpoint", "", "true", Role::Endpoint),
        ("network_load_balancer", "ELB net/a/1", "true", Role::End),
        ("lambda", "", "true", Role::End),
        ("interface", "Interface for NAT Gateway nat-1", "true", Role::Nat),
        ("interface", "Network Interface for Transit Gateway Attachment tgw-attach-1", "true", Role::TransitGateway),
        ("interface", "VPC Endpoint Interface vpce-1", "true", Role::Endpoint),
        ("interface", "ELB gwy/inspect/1", "true", Role::GatewayLoadBalancer),
        ("interface", "Interface for NAT Gateway nat-1", "false", Role::End),
        ("interface", "ELB app/a/1", "true", Role::LoadBalancer),
        ("interface", "ELB net/a/1", "true", Role::End),
        ("interface", "ELB classic", "true", Role::LoadBalancer),
        ("load_balancer", "", "true", Role::LoadBalancer),
        ("interface", "ELB app/a/1", "false", Role::End),
    ] {
        let json = format!(
            r#"{{"NetworkInterfaces": [{{"NetworkInterfaceId": "eni-1", "InterfaceType": "{kind}",
            "Description": "{description}", "RequesterManaged": {managed}}}]}}"#
        );
        assert_eq!(read(&[("a.json", &json)]).interfaces[0].role, role, "{kind} {description}");
    }
}

#[test]
fn awss_descriptions_name_the_resource_of_an_interface() {
    for (kind, description, resource) in [
        ("nat_gateway", "Interface for NAT Gateway nat-1", Some("nat-1")),
        ("vpc_endpoint", "VPC Endpoint Interface vpce-1", Some("vpce-1")),
        ("interface", "Network Interface for Transit Gateway Attachment tgw-attach-1", Some("tgw-attach-1")),
        ("network_load_balancer", "ELB net/a/1", Some("net/a/1")),
        ("interface", "ELB app/a/1", Some("app/a/1")),
        ("interface", "ELB classic", Some("classic")),
        ("interface", "RDSNetworkInterface", None),
    ] {
        let json = format!(
            r#"{{"NetworkInterfaces": [{{"NetworkInterfaceId": "eni-1", "InterfaceType": "{kind}",
            "Description": "{description}", "RequesterManaged": true}}]}}"#
        );
        assert_eq!(read(&[("a.json", &json)]).interfaces[0].resource.as_deref(), resource, "{description}");
    }
}

#[test]
fn nat_gateways_show_of_their_interfaces_and_have_an_account_of_somebody() {
    let gateways = r#"{"NatGateways": [
        {"AvailabilityMode": "zonal", "NatGatewayId": "nat-1", "SubnetId": "subnet-a", "VpcId": "vpc-1", "Tags": [],
         "NatGatewayAddresses": [{"NetworkInterfaceId": "eni-nat", "PrivateIp": "10.0.0.13", "PublicIp": "52.4.0.13"}]},
        {"AvailabilityMode": "regional", "NatGatewayId": "nat-2", "VpcId": "vpc-2",
         "NatGatewayAddresses": [{"PublicIp": "52.4.0.14"}, {"PublicIp": "52.4.0.15"}]},
        {"NatGatewayId": "nat-3", "VpcId": "vpc-3", "SubnetId": "subnet-b",
         "NatGatewayAddresses": [{"NetworkInterfaceId": "eni-new", "PrivateIp": "10.0.1.13"}]}]}"#;
    let tables = read(&[("nat.json", gateways), ("interfaces.json", INTERFACES), ("subnets.json", SUBNETS)]);
    let zonal = interface(&tables, "eni-nat");
    assert_eq!((zonal.role, &zonal.addresses), (Role::Nat, &addresses(&["10.0.0.13"])));
    assert_eq!(zonal.public, [(address("52.4.0.13"), address("10.0.0.13"))]);
    let unlisted = interface(&tables, "eni-new");
    assert_eq!((unlisted.role, unlisted.zone.as_deref()), (Role::Nat, Some("use1-bos1-az1")));
    let shown: Vec<_> =
        tables.nat_gateways.iter().map(|gateway| (gateway.regional, gateway.account.as_deref())).collect();
    assert_eq!(shown, [(false, Some("111122223333")), (true, Some("444455556666")), (false, Some("111122223333"))]);
    assert_eq!(tables.nat_gateways[1].public, addresses(&["52.4.0.14", "52.4.0.15"]));
    assert_eq!(tables.nat_gateways[1].interfaces, []);
}

#[test]
fn endpoints_have_short_names_and_make_their_interfaces_what_they_are() {
    let endpoints = r#"{"VpcEndpoints": [
        {"NetworkInterfaceIds": ["eni-tgw"], "OwnerId": "111122223333", "ServiceName": "com.amazonaws.us-east-1.ecr.dkr",
         "VpcEndpointId": "vpce-1", "VpcEndpointType": "Interface", "VpcId": "vpc-1", "Tags": [{"Key": "team", "Value": "a"}]},
        {"NetworkInterfaceIds": [], "ServiceName": "cn.com.amazonaws.cn-north-1.s3", "VpcEndpointId": "vpce-2",
         "VpcEndpointType": "Gateway", "VpcId": "vpc-1"},
        {"NetworkInterfaceIds": ["eni-gwlb"], "ServiceName": "com.amazonaws.vpce.us-east-1.vpce-svc-1",
         "VpcEndpointId": "vpce-3", "VpcEndpointType": "GatewayLoadBalancer", "VpcId": "vpc-1"}]}"#;
    let tables = read(&[("endpoints.json", endpoints), ("interfaces.json", INTERFACES)]);
    let shown: Vec<_> = tables.endpoints.iter().map(|endpoint| (endpoint.kind, endpoint.service.as_deref())).collect();
    assert_eq!(
        shown,
        [
            (EndpointKind::Interface, Some("ecr.dkr")),
            (EndpointKind::Gateway, Some("s3")),
            (EndpointKind::GatewayLoadBalancer, Some("vpce-svc-1")),
        ]
    );
    assert_eq!(interface(&tables, "eni-tgw").role, Role::Endpoint);
    let unlisted = interface(&tables, "eni-gwlb");
    assert_eq!((unlisted.role, unlisted.vpc.as_deref()), (Role::GatewayLoadBalancerEndpoint, Some("vpc-1")));
    assert!(tables.tags.iter().any(|tags| &*tags.resource == "vpce-1"));
}

#[test]
fn instances_show_of_their_interfaces_whole_or_by_id() {
    let instances = r#"{"Reservations": [{"OwnerId": "111122223333", "Instances": [
        {"InstanceId": "i-1", "VpcId": "vpc-1", "SubnetId": "subnet-a", "PrivateIpAddress": "10.0.0.20",
         "PublicIpAddress": "52.4.0.20", "Placement": {"AvailabilityZone": "us-east-1a"},
         "NetworkInterfaces": [{"NetworkInterfaceId": "eni-5"}], "Tags": [{"Key": "team", "Value": "web"}]},
        {"InstanceId": "i-2", "Placement": {"AvailabilityZone": "us-east-1a", "AvailabilityZoneId": "use1-az1"},
         "PrivateIpAddress": "10.0.0.30", "VpcId": "vpc-1", "NetworkInterfaces": [
            {"NetworkInterfaceId": "eni-6", "OwnerId": "444455556666", "PrivateIpAddress": "10.0.0.30", "SubnetId": "subnet-a"},
            {"NetworkInterfaceId": "eni-7", "PrivateIpAddresses": [{"PrivateIpAddress": "10.0.0.31"}]}]}]}]}"#;
    let tables = read(&[("instances.json", instances)]);
    let shown = |id| {
        let one = interface(&tables, id);
        (texts(&[&one.instance, &one.account, &one.region, &one.subnet, &one.zone]), one.addresses.clone())
    };
    assert_eq!(
        shown("eni-5"),
        (["i-1", "111122223333", "us-east-1", "subnet-a", "-"].map(str::to_owned).to_vec(), addresses(&["10.0.0.20"]))
    );
    assert_eq!(interface(&tables, "eni-5").public, [(address("52.4.0.20"), address("10.0.0.20"))]);
    assert_eq!(shown("eni-6").0, ["i-2", "444455556666", "us-east-1", "subnet-a", "use1-az1"]);
    assert_eq!(
        shown("eni-7"),
        (["i-2", "111122223333", "us-east-1", "-", "use1-az1"].map(str::to_owned).to_vec(), addresses(&["10.0.0.31"]))
    );
}

#[test]
fn a_network_reported_by_a_table_and_a_listing_is_one_and_the_table_comes_first() {
    let network =
        "cidr,vpc,name,account\n10.0.0.0/24,vpc-1,ours,\n172.20.0.0/16,,site,\n10.0.0.0/24,vpc-2,,444455556666\n";
    let tables = read(&[("subnets.json", SUBNETS), ("network.csv", network)]);
    let shown =
        |network: &Network| texts(&[&network.vpc, &network.name, &network.account, &network.subnet, &network.zone]);
    let rows: Vec<_> = tables.networks.iter().map(shown).collect();
    assert_eq!(rows.len(), 5);
    assert_eq!(rows[0], ["vpc-1", "ours", "111122223333", "subnet-a", "use1-az1"]);
    assert_eq!(rows[1], ["-", "site", "-", "-", "-"]);
    assert_eq!(tables.networks[1].kind, Kind::Cloud);
}

#[test]
fn a_network_reported_twice_is_a_fault_that_names_both_lines_and_files() {
    let first: (&str, &[u8]) = ("a.csv", b"cidr,vpc\n10.0.0.0/24,vpc-1\n10.0.0.0/24,vpc-2\n10.0.0.0/24,\n");
    let hints = vec!["remove one of them".to_owned()];
    let within = refused(&[("b.csv", b"cidr,vpc\n10.0.0.0/24,vpc-1\n10.0.0.0/24,vpc-1\n")]);
    assert_eq!(within, ("b.csv, line 3, cidr: line 2 already has this network of vpc-1".to_owned(), hints.clone()));
    let across = refused(&[first, ("b.csv", b"vpc,cidr\nvpc-2,10.0.0.0/24\n")]);
    assert_eq!(
        across,
        ("b.csv, line 2, cidr: a.csv, line 3 already has this network of vpc-2".to_owned(), hints.clone())
    );
    let outside = refused(&[first, ("b.csv", b"cidr\n10.0.0.0/24\n")]);
    assert_eq!(outside, ("b.csv, line 2, cidr: a.csv, line 4 already has this network".to_owned(), hints));
}

#[test]
fn a_vpc_and_its_only_subnet_may_have_the_same_addresses() {
    let tables =
        read(&[("a.csv", "cidr,vpc,subnet,name\n10.0.0.0/24,vpc-1,,shop\n10.0.0.0/24,vpc-1,subnet-a,shop a\n")]);
    assert_eq!(tables.networks.len(), 1);
    assert_eq!(texts(&[&tables.networks[0].subnet, &tables.networks[0].name]), ["subnet-a", "shop"]);
}

#[test]
fn tags_are_of_the_resources_that_ends_are_known_by() {
    let listed = r#"{"PaginationToken": "", "ResourceTagMappingList": [
        {"ResourceARN": "arn:aws:ec2:us-east-1:111122223333:instance/i-1", "Tags": [{"Key": "team", "Value": "web"}]},
        {"ResourceARN": "arn:aws:ec2:us-east-1:111122223333:natgateway/nat-1", "Tags": [{"Key": "team", "Value": "net"}]},
        {"ResourceARN": "arn:aws-cn:ec2:cn-north-1:111122223333:vpc/vpc-1", "Tags": [{"Key": "team", "Value": ""}]},
        {"ResourceARN": "arn:aws:ec2:us-east-1:111122223333:subnet/subnet-1", "Tags": []},
        {"ResourceARN": "arn:aws:ec2:us-east-1:111122223333:volume/vol-1", "Tags": [{"Key": "team", "Value": "x"}]},
        {"ResourceARN": "arn:aws:s3:::bucket", "Tags": [{"Key": "team", "Value": "x"}]},
        {"ResourceARN": "nonsense", "Tags": [{"Key": "team", "Value": "x"}]}]}"#;
    let again = r#"{"ResourceTagMappingList": [
        {"ResourceARN": "arn:aws:ec2:us-east-1:111122223333:instance/i-1",
         "Tags": [{"Key": "team", "Value": "shop"}, {"Key": "env", "Value": "live"}]}]}"#;
    let tables = read(&[("a.json", listed), ("b.json", again)]);
    let shown: Vec<_> = tables.tags.iter().map(|tags| (&*tags.resource, tags.tags.len(), &*tags.tags[0].1)).collect();
    assert_eq!(shown, [("i-1", 2, "web"), ("nat-1", 1, "net"), ("vpc-1", 1, "")]);
    assert_eq!(tables.faults, ["1 tag repeated with another value; the first value is used"]);
}

#[test]
fn tag_tables_are_handed_over_as_they_are() {
    let text = "\u{feff}# ours\nTeam,Resource\nweb,i-1\n";
    let tables = read(&[("owners.csv", text)]);
    assert_eq!(tables.tag_tables, [("owners.csv".into(), text.as_bytes().to_vec())]);
}

#[test]
fn what_is_no_table_is_reported_with_what_is() {
    let recognised = RECOGNISED.to_owned();
    let (shown, hints) = refused(&[("a.json", br#"{"Vpcs": [], "a": 1, "b": 2, "c": 3}"#)]);
    assert_eq!(shown, "a.json: unexpected JSON: an object of `Vpcs`, `a`, `b`…");
    assert_eq!(hints, [recognised.clone(), "list the resources without --query".to_owned()]);
    assert_eq!(refused(&[("a.json", b"[]")]).0, "a.json: the JSON has no listing");
    let ranges = refused(&[("a.json", br#"{"syncToken": "1", "createDate": "", "prefixes": []}"#)]);
    assert_eq!(
        ranges,
        ("a.json: this file has AWS's address ranges".to_owned(), vec!["pass it as `--ip-ranges`".to_owned()])
    );
    let columns = refused(&[("a.csv", b"cdir,account\n")]);
    assert_eq!(
        columns,
        (
            "a.csv, line 1: unknown column `cidr` or `resource`".to_owned(),
            vec!["`cdir`: did you mean `cidr`?".to_owned()]
        )
    );
    assert_eq!(
        refused(&[("a.json", b"{\"Subnets\": [\n{}]}")]),
        ("a.json, line 2: missing field `SubnetId`".to_owned(), vec![recognised])
    );
    let cut = refused(&[("a.json", b"{\"Subnets\": [\n{")]);
    assert_eq!(cut.1, ["the file is truncated: list it again"]);
    assert_eq!(refused(&[("a.csv", b" \n\n")]).0, "a.csv: the file is empty");
    assert_eq!(
        refused(&[("a.csv", b"\xff\xfec\0")]),
        ("a.csv: the file is UTF-16".to_owned(), vec!["save it as UTF-8".to_owned()])
    );
    assert_eq!(refused(&[("a.csv", b"# only\n")]).0, "a.csv, line 1: unknown column `cidr` or `resource`");
}

#[test]
fn faults_are_reported_one_by_one_up_to_a_limit() {
    let text = format!("cidr\n{}", "x\n".repeat(csv_table::FAULTS_SHOWN_MAX + 2));
    let (shown, hints) = refused(&[("a.csv", text.as_bytes())]);
    assert_eq!(shown, "a.csv, line 2, cidr: invalid CIDR `x`");
    assert_eq!(hints.len(), 1 + csv_table::FAULTS_SHOWN_MAX);
    assert!(hints[1].starts_with("also line 3, cidr: invalid CIDR `x` ("), "{}", hints[1]);
    assert_eq!(hints.last().unwrap(), "and 2 faults more");
}

#[test]
fn pages_that_are_missing_and_parts_that_are_foreign_are_warned_of() {
    let tables = read(&[("a.json", r#"[{"Subnets": [], "NextToken": "x"}, {"Vpcs": []}]"#)]);
    assert_eq!(tables.faults, ["a.json: the listing of Subnets is incomplete (NextToken): list all pages"]);
    assert_eq!(tables.warnings, ["a.json: skipped an object of `Vpcs`"]);
}

#[test]
fn pages_in_files_of_their_own_are_one_listing_if_one_of_them_is_its_end() {
    let page =
        |id: &str, token: &str| format!(r#"{{"Subnets": [{{"SubnetId": "subnet-{id}"}}], "NextToken": {token}}}"#);
    let (first, second, last) = (page("1", "\"x\""), page("2", "\"y\""), page("3", "null"));
    let tables = read(&[("s-1.json", &first), ("s-10.json", &last), ("s-2.json", &second)]);
    assert_eq!(tables.faults, [""; 0]);
    let taken = "s-1.json: 2 files of Subnets with a NextToken: taken for pages of one listing that ends in s-10.json";
    assert_eq!(tables.warnings, [taken]);
    let tables = read(&[("s-1.json", &first), ("s-2.json", &second)]);
    let incomplete = |name: &str| format!("{name}: the listing of Subnets is incomplete (NextToken): list all pages");
    assert_eq!(tables.faults, [incomplete("s-1.json"), incomplete("s-2.json")]);
    // Another listing's end is none of this one.
    let tables = read(&[("eu.json", &first), ("us.json", &last)]);
    assert_eq!(tables.faults, [incomplete("eu.json")]);
}
