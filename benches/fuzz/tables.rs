//! Estate tables: rejected input causes an error, accepted input has the tables' forms, AWS listings add nothing when
//! read twice, and a network is not listed twice.

use outflow::join::tables::{Reader, Refused, Tables};

use crate::seeds;

pub(crate) fn run(bytes: &[u8]) {
    let mut once = Reader::default();
    match once.add("first", bytes.to_vec()) {
        Err(Refused::Foreign(error) | Refused::Faulty(error)) => assert!(error.to_string().starts_with("first")),
        Ok(()) => check(once.finish(), bytes),
    }
}

fn check(tables: Tables, bytes: &[u8]) {
    for network in &tables.networks {
        let hosts = u128::MAX.checked_shr(network.prefix.bits.into()).unwrap_or(0);
        assert!(network.prefix.first & hosts == 0, "{network:?} has host bits");
    }
    let mut twice = Reader::default();
    assert!(twice.add("first", bytes.to_vec()).is_ok());
    match twice.add("second", bytes.to_vec()) {
        Err(_) => assert!(!tables.networks.is_empty(), "what told nothing is no clash"),
        Ok(()) => {
            let twice = twice.finish();
            assert_eq!(twice.networks, tables.networks);
            assert_eq!(twice.interfaces, tables.interfaces);
            assert_eq!(twice.nat_gateways, tables.nat_gateways);
            assert_eq!(twice.endpoints, tables.endpoints);
            assert_eq!(twice.tags, tables.tags);
        }
    }
}

pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let written = [
        "cidr,account,vpc,subnet,region,zone,name,kind\n10.0.0.0/24,012345678901,vpc-1,subnet-1,us-east-1,use1-az1,a,\n\
         172.20.0.0/16,,,,,,site,dx:EqDC2\n2001:db8::/56,,vpc-1,,,,,vpn\n",
        r#"{"NetworkInterfaces": [{"NetworkInterfaceId": "eni-1", "InterfaceType": "nat_gateway", "OwnerId": "1",
            "AvailabilityZone": "us-east-1a", "SubnetId": "subnet-1", "VpcId": "vpc-1", "PrivateIpAddress": "10.0.0.1",
            "PrivateIpAddresses": [{"Primary": true, "PrivateIpAddress": "10.0.0.1",
            "Association": {"PublicIp": "52.4.0.1"}}], "TagSet": [{"Key": "team", "Value": "a"}]}]}"#,
        r#"{"Reservations": [{"OwnerId": "1", "Instances": [{"InstanceId": "i-1", "PrivateIpAddress": "10.0.0.1",
            "Placement": {"AvailabilityZone": "us-east-1a"}, "NetworkInterfaces": [{"NetworkInterfaceId": "eni-1"}]}]}]}"#,
        r#"{"Subnets": [{"SubnetId": "subnet-1", "VpcId": "vpc-1", "CidrBlock": "10.0.0.0/24", "AvailabilityZoneId":
            "use1-az1", "Ipv6CidrBlockAssociationSet": [{"Ipv6CidrBlock": "2001:db8::/64"}]}], "NextToken": "a"}"#,
        r#"[{"NatGateways": [{"NatGatewayId": "nat-1", "VpcId": "vpc-1", "NatGatewayAddresses": [
            {"NetworkInterfaceId": "eni-1", "PrivateIp": "10.0.0.1", "PublicIp": "52.4.0.1"}]}]},
            {"VpcEndpoints": [{"VpcEndpointId": "vpce-1", "VpcEndpointType": "Interface",
            "ServiceName": "com.amazonaws.us-east-1.sqs", "NetworkInterfaceIds": ["eni-1"]}]}]"#,
        r#"{"ResourceTagMappingList": [{"ResourceARN": "arn:aws:ec2:us-east-1:1:instance/i-1",
            "Tags": [{"Key": "team", "Value": "a"}]}]}"#,
    ];
    written.iter().map(|text| text.as_bytes().to_vec()).chain(seeds::cases(".csv")).collect()
}

pub(crate) fn words() -> Vec<String> {
    let words = "cidr account vpc subnet region zone name kind resource dx: vpn vpc- subnet- us-east-1 use1-az1 NetworkInterfaces \
        Reservations Subnets NatGateways VpcEndpoints ResourceTagMappingList NextToken null true";
    words.split_whitespace().map(str::to_owned).collect()
}
