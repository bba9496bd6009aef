//! Flags of the estate: owners, networks, AWS address ranges, geolocation.

use std::sync::Arc;

use clap::Args;

use crate::error::Error;
use crate::join::Sources;
use crate::schema::Column;
use crate::work::EstateTables;

/// Estate tables, as typed.
#[derive(Debug, Args)]
pub(in crate::cli) struct TableFlags {
    /// Owners: a tag table (resource,team,…,valid_from,valid_to), the output of `aws resourcegroupstaggingapi
    /// get-resources`, or a folder of these; repeatable
    #[arg(long, value_name = "FILE", help_heading = "Tables")]
    tags: Vec<String>,

    /// Network: a network table (cidr,account,vpc,subnet,region,zone,name,kind), the output of `aws ec2
    /// describe-network-interfaces`, `-instances`, `-subnets`, `-nat-gateways` and `-vpc-endpoints`, or a folder of
    /// these; repeatable
    #[arg(long, value_name = "FILE", help_heading = "Tables")]
    network: Vec<String>,

    /// AWS address ranges (ip-ranges.json) [default: embedded]
    #[arg(long, value_name = "FILE", help_heading = "Tables")]
    ip_ranges: Option<String>,

    /// MaxMind database of countries or autonomous systems; repeatable
    #[arg(long, value_name = "FILE.mmdb", help_heading = "Tables")]
    geoip: Vec<String>,

    /// Owner key of a version 11 tag column: interface-tag=team; repeatable
    #[arg(long, value_name = "COLUMN=KEY", help_heading = "Tables")]
    v11_tag: Vec<String>,
}

impl TableFlags {
    /// Reads owners and locations from the tables, for the join.
    pub(in crate::cli) fn estate(&self) -> Result<EstateTables, Error> {
        EstateTables::read(&self.paths(), self.tag_columns()?)
    }

    /// Everything that records are joined with.
    pub(in crate::cli) fn sources(&self, estate: EstateTables, owner_keys: &[Arc<str>]) -> Result<Sources, Error> {
        estate.sources(owner_keys, self.ip_ranges.as_deref(), &self.geoip)
    }

    /// Either flag takes any table, as each is recognised by its content.
    fn paths(&self) -> Vec<String> {
        [self.network.as_slice(), &self.tags].concat()
    }

    /// The columns of records that hold tags, with the tags' keys.
    fn tag_columns(&self) -> Result<Vec<(Column, Arc<str>)>, Error> {
        let mut columns: Vec<(Column, Arc<str>)> = Vec::new();
        for text in &self.v11_tag {
            let (column, key) = tag_column(text)?;
            if let Some((other, other_key)) = columns.iter().find(|(other, of)| *other == column || *of == key) {
                let (first, second) = (other.name(), column.name());
                let message = format!("--v11-tag: `{first}={other_key}` and `{second}={key}` share a column or tag");
                return Err(Error::usage(message).hint("give each column one tag, and each tag one column"));
            }
            columns.push((column, key));
        }
        Ok(columns)
    }
}

fn tag_column(text: &str) -> Result<(Column, Arc<str>), Error> {
    let Some((column, key)) = text.split_once('=').filter(|(_, key)| !key.is_empty()) else {
        let error = Error::usage(format!("--v11-tag: `{text}` is not COLUMN=KEY"));
        return Err(error.hint("write COLUMN=KEY, such as interface-tag=team"));
    };
    let column = Column::named("--v11-tag", column)?;
    if column.is_tag() {
        return Ok((column, key.into()));
    }
    let tags: Vec<_> = Column::all().filter(|column| column.is_tag()).map(Column::name).collect();
    let error = Error::usage(format!("--v11-tag: `{}` has no tag", column.name()));
    Err(error.hint(format!("the tag columns are {}", tags.join(", "))))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Typed {
        #[command(flatten)]
        tables: TableFlags,
    }

    fn columns(words: &[&str]) -> Result<Vec<(Column, Arc<str>)>, Error> {
        Typed::try_parse_from([&["outflow"], words].concat()).unwrap().tables.tag_columns()
    }

    #[test]
    fn columns_of_tags_are_typed_with_hyphens_or_without() {
        let read = columns(&["--v11-tag", "interface-tag=team", "--v11-tag", "asg_tag_2=a=b"]).unwrap();
        assert_eq!(read, [(Column::InterfaceTag, "team".into()), (Column::AsgTag2, "a=b".into())]);
    }

    #[test]
    fn what_holds_no_tag_is_reported() {
        for (text, estate) in [
            ("interface-tag", "--v11-tag: `interface-tag` is not COLUMN=KEY"),
            ("interface-tag=", "--v11-tag: `interface-tag=` is not COLUMN=KEY"),
            ("interface-tgs=team", "--v11-tag: unknown column `interface-tgs`"),
            ("vpc-id=team", "--v11-tag: `vpc_id` has no tag"),
        ] {
            assert_eq!(columns(&["--v11-tag", text]).unwrap_err().to_string(), estate);
        }
        let twice = columns(&["--v11-tag", "asg-tag=a", "--v11-tag", "asg_tag=b"]).unwrap_err().to_string();
        assert_eq!(twice, "--v11-tag: `asg_tag=a` and `asg_tag=b` share a column or tag");
        let both = columns(&["--v11-tag", "asg-tag=a", "--v11-tag", "interface-tag=a"]).unwrap_err().to_string();
        assert_eq!(both, "--v11-tag: `asg_tag=a` and `interface_tag=a` share a column or tag");
    }

    #[test]
    fn either_flag_takes_any_table_and_both_may_come_again() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            std::fs::write(folder.path().join(name), text).unwrap();
            folder.path().join(name).to_str().unwrap().to_owned()
        };
        let tags = file("owners.csv", "resource,team\nvpc-1,shop\n");
        let more = file(
            "tagged.json",
            r#"{"ResourceTagMappingList": [{"ResourceARN": "arn:aws:ec2:us-east-1:1:vpc/vpc-1", "Tags": [{"Key": "team", "Value": "a"}]}]}"#,
        );
        let network = file("network.csv", "cidr\n10.0.0.0/8\n");
        let typed =
            Typed::try_parse_from(["outflow", "--network", &tags, "--tags", &network, "--tags", &more]).unwrap();
        let tables = crate::work::tables(&typed.tables.paths()).unwrap();
        assert_eq!((tables.networks.len(), tables.tag_tables.len(), tables.tags.len()), (1, 1, 1));
    }
}
