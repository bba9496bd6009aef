//! Countries and networks of public addresses, from MaxMind's databases (`.mmdb`).
//!
//! Reads two fields: the country code and the autonomous system. Cities and coordinates are ignored. Without a database
//! both are absent; none is embedded.

use std::fmt;
use std::net::Ipv6Addr;
use std::sync::atomic::{AtomicBool, Ordering};

use maxminddb::{Reader, WithinOptions};
use serde::Deserialize;

use crate::error::Error;
use crate::group::is_public;

/// Number of records sampled to detect the type of a database.
pub const RECORDS_TRIED_MAX: usize = 1000;

/// One or several databases, such as one of countries and one of systems.
#[derive(Default)]
pub struct GeoIp {
    databases: Vec<Database>,
    /// Whether a public address was looked up, and whether any had data.
    asked: AtomicBool,
    matched: AtomicBool,
}

struct Database {
    name: String,
    reader: Reader<Vec<u8>>,
}

/// Location data of an address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Origin<'a> {
    /// Country code (ISO 3166-1 alpha-2); else the country in which the address is registered.
    pub country: Option<&'a str>,
    /// The number of the autonomous system.
    pub system: Option<u32>,
    /// Who runs the system.
    pub organisation: Option<&'a str>,
}

impl fmt::Debug for GeoIp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.databases.iter().map(|database| &database.name)).finish()
    }
}

impl GeoIp {
    /// Adds a database; the first one with data for an address wins.
    ///
    /// # Errors
    /// If the bytes are not such a database, or it has neither countries nor autonomous systems.
    pub fn add(&mut self, name: &str, bytes: Vec<u8>) -> Result<(), Error> {
        let hint = "give an unpacked file such as GeoLite2-Country.mmdb or GeoLite2-ASN.mmdb";
        let reader = Reader::from_source(bytes)
            .map_err(|error| Error::usage(format!("{name}: not a MaxMind database: {error}")).hint(hint))?;
        let database = Database { name: name.to_owned(), reader };
        if !database.has_origins()? {
            let kind = &database.reader.metadata().database_type;
            return Err(Error::usage(format!(
                "{name}: a database of type `{kind}` has neither countries nor autonomous systems"
            ))
            .hint(hint));
        }
        self.databases.push(database);
        Ok(())
    }

    /// Whether there is no database.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.databases.is_empty()
    }

    /// Looks up an address in the databases.
    ///
    /// # Errors
    /// For a database that is damaged where the address is.
    pub fn look_up(&self, address: u128) -> Result<Origin<'_>, Error> {
        let mut origin = Origin::default();
        self.asked.fetch_or(is_public(address), Ordering::Relaxed);
        for database in &self.databases {
            let next = database.look_up(address)?;
            origin.country = origin.country.or(next.country);
            // A number and a name of two databases need not belong together.
            if origin.system.is_none() && origin.organisation.is_none() {
                (origin.system, origin.organisation) = (next.system, next.organisation);
            }
        }
        if origin != Origin::default() {
            self.matched.store(true, Ordering::Relaxed);
        }
        Ok(origin)
    }

    /// Whether public addresses were looked up and no database has any of them.
    #[must_use]
    pub fn is_unmatched(&self) -> bool {
        let [asked, matched] = [&self.asked, &self.matched].map(|flag| flag.load(Ordering::Relaxed));
        !self.is_empty() && asked && !matched
    }
}

impl Database {
    fn look_up(&self, address: u128) -> Result<Origin<'_>, Error> {
        let address = Ipv6Addr::from(address).to_canonical();
        if address.is_ipv6() && self.reader.metadata().ip_version == 4 {
            return Ok(Origin::default());
        }
        let found = self.reader.lookup(address).and_then(|found| found.decode::<Record<'_>>());
        found.map(|record| record.unwrap_or_default().origin()).map_err(|error| self.unreadable(error))
    }

    /// Whether any of the first records has data.
    fn has_origins(&self) -> Result<bool, Error> {
        let all = self.reader.networks(WithinOptions::default()).map_err(|error| self.unreadable(error))?;
        for record in all.take(RECORDS_TRIED_MAX) {
            let record =
                record.and_then(|found| found.decode::<Record<'_>>()).map_err(|error| self.unreadable(error))?;
            if record.unwrap_or_default().origin() != Origin::default() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn unreadable(&self, error: maxminddb::MaxMindDbError) -> Error {
        Error::read(format!("{}: a record cannot be read: {error}", self.name))
            .because(error)
            .hint("the file is damaged, or not of MaxMind's kinds: fetch it again, or another")
    }
}

/// The fields that are read, for any type of database.
#[derive(Default, Deserialize)]
struct Record<'a> {
    #[serde(borrow, default)]
    country: Country<'a>,
    #[serde(borrow, default)]
    registered_country: Country<'a>,
    autonomous_system_number: Option<u32>,
    #[serde(borrow)]
    autonomous_system_organization: Option<&'a str>,
}

#[derive(Default, Deserialize)]
struct Country<'a> {
    #[serde(borrow)]
    iso_code: Option<&'a str>,
}

impl<'a> Record<'a> {
    fn origin(self) -> Origin<'a> {
        Origin {
            country: self.country.iso_code.or(self.registered_country.iso_code),
            system: self.autonomous_system_number,
            organisation: self.autonomous_system_organization,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A value of a database's data section.
    enum Value {
        Text(&'static str),
        Short(u16),
        Number(u32),
        Long(u64),
        Map(Vec<(&'static str, Self)>),
        List(Vec<Self>),
    }

    use Value::{List, Long, Map, Number, Short, Text};

    impl Value {
        fn write(&self, out: &mut Vec<u8>) {
            let mut control = |kind: u8, size: usize| {
                let size = u8::try_from(size).unwrap();
                // Kinds above seven and sizes from 29 on take a byte of their own.
                if kind > 7 {
                    out.extend([size, kind - 7])
                } else {
                    out.push(kind << 5 | size.min(29))
                }
                out.extend(size.checked_sub(29));
            };
            match self {
                Text(text) => {
                    control(2, text.len());
                    out.extend(text.bytes());
                }
                Short(number) => {
                    control(5, 2);
                    out.extend(number.to_be_bytes());
                }
                Number(number) => {
                    control(6, 4);
                    out.extend(number.to_be_bytes());
                }
                Long(number) => {
                    control(9, 8);
                    out.extend(number.to_be_bytes());
                }
                Map(pairs) => {
                    control(7, pairs.len());
                    for (key, value) in pairs {
                        Text(key).write(out);
                        value.write(out);
                    }
                }
                List(values) => {
                    control(11, values.len());
                    values.iter().for_each(|value| value.write(out));
                }
            }
        }
    }

    /// A database in which the first bit of an address decides: those with a zero have the record.
    fn database(kind: &'static str, version: u16, record: &Value) -> Vec<u8> {
        // One node of two records of 24 bits: the data's start, and nothing, which is the number of nodes.
        let mut bytes = vec![0, 0, 17, 0, 0, 1];
        bytes.extend([0; 16]);
        record.write(&mut bytes);
        bytes.extend(b"\xab\xcd\xefMaxMind.com");
        let metadata = Map(vec![
            ("binary_format_major_version", Short(2)),
            ("binary_format_minor_version", Short(0)),
            ("build_epoch", Long(1)),
            ("database_type", Text(kind)),
            ("description", Map(Vec::new())),
            ("ip_version", Short(version)),
            ("languages", List(Vec::new())),
            ("node_count", Number(1)),
            ("record_size", Short(24)),
        ]);
        metadata.write(&mut bytes);
        bytes
    }

    fn countries(version: u16) -> Vec<u8> {
        let record = Map(vec![("country", Map(vec![("geoname_id", Number(7)), ("iso_code", Text("NO"))]))]);
        database("GeoLite2-Country", version, &record)
    }

    fn systems() -> Vec<u8> {
        let pairs =
            vec![("autonomous_system_number", Number(64_496)), ("autonomous_system_organization", Text("Example"))];
        database("GeoLite2-ASN", 6, &Map(pairs))
    }

    fn address(text: &str) -> u128 {
        crate::units::address::parse(text).unwrap()
    }

    fn fault(bytes: Vec<u8>) -> String {
        let error = GeoIp::default().add("x.mmdb", bytes).unwrap_err();
        assert!(!error.hints().is_empty());
        error.to_string()
    }

    #[test]
    fn countries_and_systems_come_from_a_database_each() {
        let mut geoip = GeoIp::default();
        geoip.add("countries.mmdb", countries(6)).unwrap();
        geoip.add("systems.mmdb", systems()).unwrap();
        let both = Origin { country: Some("NO"), system: Some(64_496), organisation: Some("Example") };
        for known in ["1.2.3.4", "255.0.0.1", "2001:db8::1"] {
            assert_eq!(geoip.look_up(address(known)).unwrap(), both, "{known}");
        }
        assert_eq!(geoip.look_up(address("8000::1")).unwrap(), Origin::default());
        assert_eq!(GeoIp::default().look_up(1).unwrap(), Origin::default());
    }

    #[test]
    fn a_database_of_ipv4_shows_nothing_of_ipv6() {
        let mut geoip = GeoIp::default();
        geoip.add("countries.mmdb", countries(4)).unwrap();
        assert_eq!(geoip.look_up(address("1.2.3.4")).unwrap().country, Some("NO"));
        assert_eq!(geoip.look_up(address("129.2.3.4")).unwrap(), Origin::default());
        assert_eq!(geoip.look_up(address("2001:db8::1")).unwrap(), Origin::default());
    }

    #[test]
    fn where_no_country_is_reported_the_registered_one_is() {
        let record = Map(vec![("registered_country", Map(vec![("iso_code", Text("SE"))]))]);
        let mut geoip = GeoIp::default();
        geoip.add("countries.mmdb", database("GeoLite2-City", 6, &record)).unwrap();
        assert_eq!(geoip.look_up(address("1.2.3.4")).unwrap().country, Some("SE"));
    }

    #[test]
    fn what_is_no_database_of_origins_is_rejected() {
        assert!(fault(b"PK\x03\x04".to_vec()).starts_with("x.mmdb: not a MaxMind database: "));
        assert!(fault(Vec::new()).starts_with("x.mmdb: not a MaxMind database: "));
        let other = database("GeoIP2-Domain", 6, &Map(vec![("domain", Text("example.com"))]));
        assert_eq!(
            fault(other),
            "x.mmdb: a database of type `GeoIP2-Domain` has neither countries nor autonomous systems"
        );
        let wrong = database("mine", 6, &Map(vec![("country", Text("Norway"))]));
        assert!(fault(wrong).starts_with("x.mmdb: a record cannot be read: "));
    }

    #[test]
    fn a_cut_or_flipped_file_never_panics() {
        let whole = countries(6);
        for at in 0..whole.len() {
            let mut flipped = whole.clone();
            flipped[at] ^= 0x41;
            for bytes in [whole[..at].to_vec(), flipped] {
                let mut geoip = GeoIp::default();
                if geoip.add("x.mmdb", bytes).is_ok() {
                    drop(geoip.look_up(address("1.2.3.4")));
                }
            }
        }
    }
}
