//! Tables of an estate, from files and folders of them.
//!
//! Of a folder every `*.json` and `*.csv` is read, those of folders in it too. A file that is named must be a table; one
//! that only lies in a folder may be something else, and then is left out with a warning.

use super::prices::whole;
use super::threads;
use crate::collect::{Found, Prune, S3Options, find};
use crate::error::Error;
use crate::join::tables::{Reader, Refused, Tables};

/// The most bytes that a file of a table may have.
pub const TABLE_BYTES_MAX: u64 = 1 << 30;
/// How the names of tables in folders end.
const ENDINGS: [&str; 2] = [".json", ".csv"];

/// The content of all files and folders; a file named twice, or also through its folder, is read once.
///
/// # Errors
/// If one cannot be read, a file is no table, a folder holds none, or there are faults in one.
pub fn tables(paths: &[String]) -> Result<Tables, Error> {
    if let Some(path) = paths.iter().find(|path| *path == "-" || path.starts_with("s3://")) {
        return Err(Error::usage(format!("{path}: tables are files")).hint("copy the table to a local file"));
    }
    let find = || find(paths, &Prune::default(), &S3Options::default());
    let Found { objects, warnings, .. } = threads(1)?.install(find)?;
    let (named, inside): (Vec<_>, Vec<_>) =
        objects.into_iter().map(|object| object.name).partition(|name| paths.contains(name));
    let mut reader = Reader::default();
    warnings.into_iter().for_each(|warning| reader.incomplete(warning));
    for name in &named {
        add(&mut reader, name).map_err(|(Refused::Foreign(error) | Refused::Faulty(error))| error)?;
    }
    let inside: Vec<_> =
        inside.into_iter().filter(|name| ENDINGS.iter().any(|ending| name.ends_with(ending))).collect();
    if named.is_empty() && inside.is_empty() && !paths.is_empty() {
        return Err(Error::usage(format!("{}: it contains no *.json or *.csv", paths.join(", "))));
    }
    for name in &inside {
        match add(&mut reader, name) {
            Ok(()) => {}
            Err(Refused::Foreign(error)) => reader.warn(format!("skipped: {error}")),
            Err(Refused::Faulty(error)) => return Err(error),
        }
    }
    Ok(reader.finish())
}

fn add(reader: &mut Reader, name: &str) -> Result<(), Refused> {
    let bytes = whole(name, TABLE_BYTES_MAX).map_err(Refused::Faulty)?;
    tracing::debug!(?name, bytes = bytes.as_ref().map(Vec::len), "reads a table");
    let too_large = || Error::limit(format!("{name}: a table has at most {TABLE_BYTES_MAX} bytes"));
    reader.add(name, bytes.ok_or_else(|| Refused::Faulty(too_large().hint("split it into several files")))?)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const NETWORK: &str = "cidr,vpc,name\n10.0.0.0/24,vpc-1,shop\n";
    const SUBNETS: &str = r#"{"Subnets": [{"SubnetId": "subnet-1", "VpcId": "vpc-1", "CidrBlock": "10.0.0.0/24"}]}"#;

    fn path(folder: &tempfile::TempDir, name: &str, text: &str) -> String {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    fn of(folder: &tempfile::TempDir) -> String {
        folder.path().to_str().unwrap().to_owned()
    }

    fn messages(error: &Error) -> (String, &[String]) {
        (error.to_string(), error.hints())
    }

    #[test]
    fn a_folder_and_a_file_of_it_give_each_table_once() {
        let folder = tempfile::tempdir().unwrap();
        let network = path(&folder, "network.csv", NETWORK);
        path(&folder, "aws/subnets.json", SUBNETS);
        path(&folder, "notes.txt", "cidr");
        let tables = tables(&[network, of(&folder)]).unwrap();
        assert_eq!(tables.networks.len(), 1);
        let network = &tables.networks[0];
        assert_eq!((network.name.as_deref(), network.subnet.as_deref()), (Some("shop"), Some("subnet-1")));
        assert_eq!(tables.warnings, Vec::<String>::new());
    }

    #[test]
    fn what_is_no_table_is_an_error_where_named_and_left_out_where_found() {
        let folder = tempfile::tempdir().unwrap();
        path(&folder, "network.csv", NETWORK);
        let ranges = path(&folder, "ip-ranges.json", r#"{"syncToken": "1", "prefixes": []}"#);
        let error = tables(std::slice::from_ref(&ranges)).unwrap_err();
        let hints = ["pass it as `--ip-ranges`".to_owned()];
        assert_eq!(messages(&error), (format!("{ranges}: this file has AWS's address ranges"), &hints[..]));
        let warnings = tables(&[of(&folder)]).unwrap().warnings;
        assert_eq!(warnings, [format!("skipped: {ranges}: this file has AWS's address ranges")]);
    }

    #[test]
    fn what_cannot_be_read_is_reported_with_its_path() {
        let folder = tempfile::tempdir().unwrap();
        let absent = folder.path().join("absent.csv").to_str().unwrap().to_owned();
        assert!(tables(std::slice::from_ref(&absent)).unwrap_err().to_string().contains(&absent));
        let empty = tables(&[of(&folder)]).unwrap_err().to_string();
        assert!(empty.contains(&of(&folder)), "{empty}");
        path(&folder, "readme.md", "");
        let none = tables(&[of(&folder)]).unwrap_err().to_string();
        assert_eq!(none, format!("{}: it contains no *.json or *.csv", of(&folder)));
        assert_eq!(tables(&["-".to_owned()]).unwrap_err().to_string(), "-: tables are files");
        assert!(tables(&[]).unwrap().networks.is_empty());
    }

    #[test]
    fn a_fault_in_a_folder_stops_the_run() {
        let folder = tempfile::tempdir().unwrap();
        let faulty = path(&folder, "network.csv", "cidr\n10.0.0.1/24\n");
        let error = tables(&[of(&folder)]).unwrap_err();
        let message = format!("{faulty}, line 2, cidr: `10.0.0.1/24` has host bits set");
        assert_eq!(
            messages(&error),
            (message, &["write 10.0.0.0/24 for the network, 10.0.0.1/32 for the address".to_owned()][..])
        );
    }
}
