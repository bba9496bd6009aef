//! Files of tables, each recognised by its content → [`Tables`].
//!
//! JSON is what AWS's own tools list. CSV is a network table if it has a column `cidr`, and a tag table if it has a
//! column `resource`; tag tables are handed over as they are.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::inventory::{Listing, RECOGNISED, Remarks};
use super::resolve::Estate;
use super::{Network, Tables, guard, network};
use crate::error::{Error, RowError, nearest};
use crate::units::csv_table;
use crate::units::human::counted;

/// The column by which a tag table is recognised.
const RESOURCE: &str = "resource";
/// How a text begins that a Windows shell wrote.
const UTF16_MARKS: [&[u8]; 2] = [b"\xff\xfe", b"\xfe\xff"];

/// Why a file was not taken.
#[derive(Debug)]
pub enum Refused {
    /// A complete file, but not one of the tables.
    Foreign(Error),
    /// It is a table, or meant to be one, with something wrong in it.
    Faulty(Error),
}

/// Where a network was declared.
#[derive(Debug)]
struct Declaration {
    file: Arc<str>,
    line: u64,
    is_subnet: bool,
}

/// Takes files one by one.
#[derive(Debug, Default)]
pub struct Reader {
    networks: Vec<Network>,
    /// The rows that declare each network: one with a subnet and one without.
    declared: HashMap<network::Identity, Vec<Declaration>>,
    listing: Listing,
    /// The files of a listing, by its key and their names without numbers, and whether more pages follow each.
    pages: BTreeMap<(String, String), Vec<(String, bool)>>,
    tag_tables: Vec<(Arc<str>, Vec<u8>)>,
    warnings: Vec<String>,
    faults: Vec<String>,
}

impl Reader {
    /// Takes a file.
    ///
    /// # Errors
    /// If it is not one of the tables; or if it has errors, which invalidates the others too.
    pub fn add(&mut self, name: &str, bytes: Vec<u8>) -> Result<(), Refused> {
        if UTF16_MARKS.iter().any(|mark| bytes.starts_with(mark)) {
            return Err(Refused::Faulty(Error::usage(format!("{name}: the file is UTF-16")).hint("save it as UTF-8")));
        }
        let text = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&bytes);
        match text.trim_ascii_start().first() {
            None => Err(Refused::Faulty(Error::usage(format!("{name}: the file is empty")))),
            Some(b'{' | b'[') => self.json(name, text),
            Some(_) => self.csv(name, &bytes, text),
        }
    }

    /// Says something of the files that does not stop the run.
    pub fn warn(&mut self, warning: String) {
        self.warnings.push(warning);
    }

    /// Says that something of the files is missing or contradictory, which does not stop the run but changes its exit code.
    pub fn incomplete(&mut self, fault: String) {
        self.faults.push(fault);
    }

    /// The merged content of all files.
    #[must_use]
    pub fn finish(self) -> Tables {
        let mut estate = Estate::default();
        self.networks.into_iter().for_each(|network| estate.network(network));
        estate.listing(&self.listing);
        let (contradictions, mut found) = (estate.contradictions as u64, std::mem::take(&mut estate.found));
        let resolved = estate.finish();
        guard::check(&resolved, &mut found);
        let (mut warnings, mut faults) = (self.warnings, self.faults);
        for ((key, _), pages) in &self.pages {
            let (open, ended): (Vec<_>, Vec<_>) = pages.iter().partition(|(_, more_follow)| *more_follow);
            // Which page a token asks for stands nowhere in the answers.
            match (open.first(), ended.first()) {
                (Some((first, _)), Some((end, _))) => warnings.push(format!(
                    "{}: {} of {key} with a NextToken: taken for pages of one listing that ends in {end}",
                    first,
                    counted(open.len() as u64, "file")
                )),
                _ => faults.extend(open.iter().map(|(name, _)| {
                    format!("{name}: the listing of {key} is incomplete (NextToken): list all pages")
                })),
            }
        }
        faults.extend(found.sentences());
        let zoneless = resolved.interfaces.iter().filter(|interface| interface.zone.is_none()).count() as u64;
        if zoneless > 0 {
            let interfaces = counted(zoneless, "interface");
            warnings.push(format!("{interfaces} without a zone's id: list `aws ec2 describe-subnets` too"));
        }
        if contradictions > 0 {
            let tags = counted(contradictions, "tag");
            faults.push(format!("{tags} repeated with another value; the first value is used"));
        }
        Tables {
            networks: resolved.networks,
            interfaces: resolved.interfaces,
            nat_gateways: resolved.nat_gateways,
            endpoints: resolved.endpoints,
            tags: resolved.tags,
            tag_tables: self.tag_tables,
            warnings,
            faults,
        }
    }

    fn json(&mut self, name: &str, text: &[u8]) -> Result<(), Refused> {
        let remarks = self.listing.add(text).map_err(|error| Refused::Faulty(json_fault(name, &error)))?;
        let Remarks { answers, foreign, more_follow, ended } = remarks;
        let stem: String = name.chars().filter(|character| !character.is_ascii_digit()).collect();
        let pages = more_follow.into_iter().map(|key| (key, true)).chain(ended.into_iter().map(|key| (key, false)));
        for (key, more_follow) in pages {
            self.pages.entry((key, stem.clone())).or_default().push((name.to_owned(), more_follow));
        }
        match foreign {
            None if answers > 0 => Ok(()),
            Some(keys) if answers > 0 => {
                self.warn(format!("{name}: skipped an object of {}", shown(&keys)));
                Ok(())
            }
            foreign => Err(Refused::Foreign(other_json(name, &foreign.unwrap_or_default()))),
        }
    }

    fn csv(&mut self, name: &str, bytes: &[u8], text: &[u8]) -> Result<(), Refused> {
        let header = csv_table::column_names(text).map_err(|fault| Refused::Faulty(of_faults(name, &[fault])))?;
        if header.iter().any(|column| column == RESOURCE) {
            self.tag_tables.push((name.into(), bytes.to_vec()));
            return Ok(());
        }
        if !header.iter().any(|column| column == network::CIDR) {
            return Err(Refused::Foreign(other_csv(name, &header)));
        }
        let (rows, mut faults) = network::rows(text);
        let name: Arc<str> = name.into();
        for row in rows {
            faults.extend(self.clash(&name, row.line, &row.network));
            self.networks.push(row.network);
        }
        faults.sort_by_key(|fault| fault.line);
        if faults.is_empty() { Ok(()) } else { Err(Refused::Faulty(of_faults(&name, &faults))) }
    }

    /// Reports a network that was declared before. A VPC and its only subnet may share a CIDR.
    fn clash(&mut self, file: &Arc<str>, line: u64, network: &Network) -> Option<RowError> {
        let is_subnet = network.subnet.is_some();
        let declared = self.declared.entry(network::identity(network)).or_default();
        if let Some(first) = declared.iter().find(|first| first.is_subnet == is_subnet) {
            let place = if first.file == *file { String::new() } else { format!("{}, ", first.file) };
            let within = network.vpc.as_ref().map_or(String::new(), |vpc| format!(" of {vpc}"));
            let message = format!("{place}line {} already has this network{within}", first.line);
            return Some(RowError::new(line, Some(network::CIDR), message).hinted("remove one of them"));
        }
        declared.push(Declaration { file: Arc::clone(file), line, is_subnet });
        None
    }
}

fn of_faults(name: &str, faults: &[RowError]) -> Error {
    csv_table::refusal(faults.iter().map(|fault| (name, fault)))
}

fn json_fault(name: &str, fault: &serde_json::Error) -> Error {
    let declared = fault.to_string();
    let declared = declared.rsplit_once(" at line ").map_or(declared.as_str(), |(declared, _)| declared);
    let error = Error::usage(format!("{name}, line {}: {declared}", fault.line()));
    if fault.is_eof() { error.hint("the file is truncated: list it again") } else { error.hint(RECOGNISED) }
}

fn other_json(name: &str, keys: &[String]) -> Error {
    if keys.iter().any(|key| key == "prefixes") && keys.iter().any(|key| key == "syncToken" || key == "createDate") {
        return Error::usage(format!("{name}: this file has AWS's address ranges")).hint("pass it as `--ip-ranges`");
    }
    let error = if keys.is_empty() {
        Error::usage(format!("{name}: the JSON has no listing"))
    } else {
        Error::usage(format!("{name}: unexpected JSON: an object of {}", shown(keys)))
    };
    error.hint(RECOGNISED).hint("list the resources without --query")
}

/// The first keys of an object.
fn shown(keys: &[String]) -> String {
    let first: Vec<_> = keys.iter().take(3).map(|key| format!("`{key}`")).collect();
    if keys.len() > first.len() { format!("{}…", first.join(", ")) } else { first.join(", ") }
}

fn other_csv(name: &str, header: &[String]) -> Error {
    let near = header.iter().find_map(|column| Some((column, nearest(column, [network::CIDR, RESOURCE])?)));
    let error = Error::usage(format!("{name}, line 1: unknown column `{}` or `{RESOURCE}`", network::CIDR));
    match near {
        Some((column, near)) => error.hint(format!("`{column}`: did you mean `{near}`?")),
        None => error.hint(format!(
            "a network table has the columns {}, a tag table {RESOURCE}, one for each key, valid_from, valid_to",
            network::COLUMNS
        )),
    }
}

#[cfg(test)]
mod tests;
