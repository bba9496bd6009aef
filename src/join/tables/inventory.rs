//! What AWS's own tools list, as JSON: text → the parts of a listing, as they are written there.
//!
//! A listing is recognised by the key of its answer. A text may hold several answers, one after another or in arrays,
//! and pages of one. What the parts mean together is not decided here.

use std::collections::BTreeSet;
use std::fmt;

use serde::Deserialize;
use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::units::address::{self, Prefix};

/// The commands whose answers are recognised.
pub(super) const RECOGNISED: &str = "the answers of `aws ec2 describe-network-interfaces`, `describe-instances`, \
    `describe-subnets`, `describe-nat-gateways`, `describe-vpc-endpoints` and `aws resourcegroupstaggingapi \
    get-resources` are recognised";

/// Parts of an estate in input order.
#[derive(Debug, Default)]
pub(super) struct Listing {
    pub(super) interfaces: Vec<Interface>,
    pub(super) reservations: Vec<Reservation>,
    pub(super) subnets: Vec<Subnet>,
    pub(super) nat_gateways: Vec<NatGateway>,
    pub(super) endpoints: Vec<Endpoint>,
    pub(super) mappings: Vec<TagMapping>,
}

/// What else there was to say of a text.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Remarks {
    /// Answers that were recognised.
    pub(super) answers: usize,
    /// The keys of the first unrecognised object.
    pub(super) foreign: Option<Vec<String>>,
    /// The keys of listings whose last answer says that more pages follow it.
    pub(super) more_follow: BTreeSet<String>,
    /// The keys of the other listings.
    pub(super) ended: BTreeSet<String>,
}

impl Listing {
    /// Adds what a text lists.
    ///
    /// # Errors
    /// If it is not JSON, or a part has an unexpected form.
    pub(super) fn add(&mut self, json: &[u8]) -> Result<Remarks, serde_json::Error> {
        let mut remarks = Remarks::default();
        let mut text = serde_json::Deserializer::from_slice(json);
        while text.end().is_err() {
            Answers { listing: self, remarks: &mut remarks }.deserialize(&mut text)?;
        }
        Ok(remarks)
    }

    /// Adds the value of a key, if it is one of an answer.
    fn take<'de, A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<bool, A::Error> {
        match key {
            "NetworkInterfaces" => extend(&mut self.interfaces, map)?,
            "Reservations" => extend(&mut self.reservations, map)?,
            "Subnets" => extend(&mut self.subnets, map)?,
            "NatGateways" => extend(&mut self.nat_gateways, map)?,
            "VpcEndpoints" => extend(&mut self.endpoints, map)?,
            "ResourceTagMappingList" => extend(&mut self.mappings, map)?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

fn extend<'de, T: Deserialize<'de>, A: MapAccess<'de>>(parts: &mut Vec<T>, map: &mut A) -> Result<(), A::Error> {
    parts.extend(map.next_value::<List<T>>()?.into_iter().flatten());
    Ok(())
}

/// An answer, or an array of answers.
struct Answers<'a> {
    listing: &'a mut Listing,
    remarks: &'a mut Remarks,
}

impl<'de> DeserializeSeed<'de> for Answers<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Answers<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an answer of AWS's, or an array of such")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut answers: A) -> Result<(), A::Error> {
        while answers.next_element_seed(Answers { listing: self.listing, remarks: self.remarks })?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let (mut listed, mut more_follow, mut others) = (Vec::new(), false, Vec::new());
        while let Some(key) = map.next_key::<String>()? {
            if self.listing.take(&key, &mut map)? {
                listed.push(key);
            } else if ["NextToken", "PaginationToken"].iter().any(|token| key.eq_ignore_ascii_case(token)) {
                more_follow = map.next_value::<Text>()?.is_some_and(|token| !token.is_empty());
            } else {
                map.next_value::<IgnoredAny>()?;
                others.push(key);
            }
        }
        if listed.is_empty() {
            self.remarks.foreign.get_or_insert(others);
        } else {
            self.remarks.answers += 1;
        }
        for key in listed {
            let Remarks { more_follow: open, ended, .. } = &mut *self.remarks;
            let (from, to) = if more_follow { (ended, open) } else { (open, ended) };
            from.remove(&key);
            to.insert(key);
        }
        Ok(())
    }
}

/// A text that may be absent or null.
type Text = Option<String>;
/// A list that may be absent or null.
type List<T> = Option<Vec<T>>;

/// An interface, of `describe-network-interfaces` or of an instance.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Interface {
    pub(super) network_interface_id: String,
    pub(super) owner_id: Text,
    pub(super) vpc_id: Text,
    pub(super) subnet_id: Text,
    pub(super) availability_zone: Text,
    pub(super) availability_zone_id: Text,
    pub(super) interface_type: Text,
    pub(super) description: Text,
    pub(super) requester_managed: Option<bool>,
    pub(super) attachment: Option<Attachment>,
    #[serde(default)]
    pub(super) private_ip_address: Address,
    pub(super) association: Option<Association>,
    pub(super) private_ip_addresses: List<PrivateAddress>,
    pub(super) ipv6_addresses: List<Ipv6Address>,
    pub(super) ipv4_prefixes: List<Ipv4Prefix>,
    pub(super) ipv6_prefixes: List<Ipv6Prefix>,
    pub(super) tag_set: List<Tag>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Attachment {
    pub(super) instance_id: Text,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Association {
    #[serde(default)]
    pub(super) public_ip: Address,
    /// Of a Wavelength Zone.
    #[serde(default)]
    pub(super) carrier_ip: Address,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct PrivateAddress {
    #[serde(default)]
    pub(super) primary: bool,
    #[serde(default)]
    pub(super) private_ip_address: Address,
    pub(super) association: Option<Association>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Ipv6Address {
    #[serde(default)]
    pub(super) ipv6_address: Address,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Ipv4Prefix {
    pub(super) ipv4_prefix: Cidr,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Ipv6Prefix {
    pub(super) ipv6_prefix: Cidr,
}

/// Instances that were started together.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Reservation {
    pub(super) owner_id: Text,
    pub(super) instances: List<Instance>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Instance {
    pub(super) instance_id: String,
    pub(super) vpc_id: Text,
    pub(super) subnet_id: Text,
    pub(super) placement: Option<Placement>,
    #[serde(default)]
    pub(super) private_ip_address: Address,
    #[serde(default)]
    pub(super) public_ip_address: Address,
    pub(super) network_interfaces: List<Interface>,
    pub(super) tags: List<Tag>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Placement {
    pub(super) availability_zone: Text,
    pub(super) availability_zone_id: Text,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Subnet {
    pub(super) subnet_id: String,
    pub(super) vpc_id: Text,
    pub(super) owner_id: Text,
    pub(super) subnet_arn: Text,
    pub(super) availability_zone: Text,
    pub(super) availability_zone_id: Text,
    pub(super) cidr_block: Option<Cidr>,
    pub(super) ipv6_cidr_block_association_set: List<Ipv6Block>,
    pub(super) tags: List<Tag>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Ipv6Block {
    pub(super) ipv6_cidr_block: Cidr,
    pub(super) ipv6_cidr_block_state: Option<BlockState>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct BlockState {
    pub(super) state: Text,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct NatGateway {
    pub(super) nat_gateway_id: String,
    pub(super) vpc_id: Text,
    pub(super) subnet_id: Text,
    pub(super) availability_mode: Text,
    pub(super) nat_gateway_addresses: List<NatGatewayAddress>,
    pub(super) tags: List<Tag>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct NatGatewayAddress {
    pub(super) network_interface_id: Text,
    #[serde(default)]
    pub(super) private_ip: Address,
    #[serde(default)]
    pub(super) public_ip: Address,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Endpoint {
    pub(super) vpc_endpoint_id: String,
    pub(super) vpc_endpoint_type: Text,
    pub(super) vpc_id: Text,
    pub(super) owner_id: Text,
    pub(super) service_name: Text,
    pub(super) network_interface_ids: List<String>,
    pub(super) tags: List<Tag>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct TagMapping {
    #[serde(rename = "ResourceARN")]
    pub(super) resource_arn: String,
    pub(super) tags: List<Tag>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Tag {
    pub(super) key: String,
    pub(super) value: Text,
}

/// An address that may be absent, null or empty.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Address(pub(super) Option<u128>);

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        let Some(text) = Text::deserialize(json)?.filter(|text| !text.is_empty()) else { return Ok(Self(None)) };
        address::parse(&text).map(|address| Self(Some(address))).map_err(de::Error::custom)
    }
}

/// A prefix as AWS writes it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cidr(pub(super) Prefix);

impl<'de> Deserialize<'de> for Cidr {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        let text = String::deserialize(json)?;
        Prefix::parse(&text).map(Self).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(json: &str) -> (Listing, Remarks) {
        let mut listing = Listing::default();
        let remarks = listing.add(json.as_bytes()).unwrap();
        (listing, remarks)
    }

    #[test]
    fn answers_stand_one_after_another_in_arrays_and_in_pages() {
        let page = |id: &str| format!(r#"{{"Subnets": [{{"SubnetId": "{id}"}}], "NextToken": null}}"#);
        for json in [
            format!("{}{}", page("subnet-1"), page("subnet-2")),
            format!("{}\n{}\n", page("subnet-1"), page("subnet-2")),
            format!("[{}, [{}]]", page("subnet-1"), page("subnet-2")),
            r#"{"Subnets": [{"SubnetId": "subnet-1"}, {"SubnetId": "subnet-2", "Unheard": [{}]}]}"#.to_owned(),
        ] {
            let (listing, remarks) = read(&json);
            let ids: Vec<_> = listing.subnets.iter().map(|subnet| subnet.subnet_id.as_str()).collect();
            assert_eq!(ids, ["subnet-1", "subnet-2"]);
            assert_eq!((remarks.foreign, remarks.more_follow.len()), (None, 0));
        }
    }

    #[test]
    fn a_token_at_the_end_says_that_pages_are_missing() {
        let more_follow = |json| read(json).1.more_follow.into_iter().collect::<Vec<_>>();
        assert_eq!(more_follow(r#"{"Subnets": [], "NextToken": "abc"}"#), ["Subnets"]);
        assert_eq!(more_follow(r#"{"nextToken": "abc", "Subnets": []}"#), ["Subnets"]);
        assert_eq!(more_follow(r#"{"Subnets": [], "NextToken": "abc"} {"Subnets": []}"#), [""; 0]);
        assert_eq!(
            more_follow(r#"[{"Subnets": [], "NextToken": "abc"}, {"Reservations": []}]"#),
            ["Subnets"],
            "of others"
        );
        assert_eq!(more_follow(r#"{"PaginationToken": "", "ResourceTagMappingList": []}"#), [""; 0]);
    }

    #[test]
    fn another_shape_is_reported_by_its_keys() {
        let (_, remarks) = read(r#"[{"Subnets": []}, {"Vpcs": [], "Owner": {"a": 1}}, {"c": 1}]"#);
        let foreign = Some(vec!["Vpcs".to_owned(), "Owner".to_owned()]);
        let ended = BTreeSet::from(["Subnets".to_owned()]);
        assert_eq!(remarks, Remarks { answers: 1, foreign, ended, ..Remarks::default() });
    }

    #[test]
    fn absent_lists_may_be_null_and_absent_addresses_empty() {
        let (listing, _) = read(
            r#"{"NetworkInterfaces": [{"NetworkInterfaceId": "eni-1", "PrivateIpAddress": "", "Ipv6Addresses": null}]}"#,
        );
        assert_eq!(listing.interfaces[0].private_ip_address.0, None);
        assert_eq!(read(r#"{"Reservations": null}"#).1.answers, 1);
    }

    #[test]
    fn what_aws_does_not_write_is_found_with_its_line() {
        for (json, message) in [
            ("{\"Subnets\": [\n{}]}", "missing field `SubnetId` at line 2 column 2"),
            (
                "{\"Subnets\": [{\"SubnetId\": \"a\",\n\"CidrBlock\": \"10.0.0.1/8\"}]}",
                "`10.0.0.1/8` has host bits set at line 2",
            ),
            (
                "{\"NetworkInterfaces\": [{\"NetworkInterfaceId\": \"a\", \"PrivateIpAddress\": \"x\"}]}",
                "invalid address `x` at line 1",
            ),
            ("{\"Subnets\": [{\"SubnetId\": \"a\"", "EOF while parsing an object at line 1"),
            ("[1]", "invalid type: integer `1`, expected an answer of AWS's, or an array of such at line 1"),
            ("{\"Subnets\": [{\"SubnetId\": 1}]}", "invalid type: integer `1`, expected a string at line 1"),
        ] {
            let error = Listing::default().add(json.as_bytes()).unwrap_err().to_string();
            assert!(error.starts_with(message), "{error}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics_or_goes_on_for_ever(
            parts in prop::collection::vec(
                r#"\{|\}|\[|\]|,|:|null|1|"Subnets":|"SubnetId":|"CidrBlock":|"NatGateways":|"Tags":|"10\.0\.0\.0/8"|"[a-z]?"|[ -~]?"#, 0..40,
            ),
        ) {
            let _any = Listing::default().add(parts.concat().as_bytes()).is_ok();
        }
    }
}
