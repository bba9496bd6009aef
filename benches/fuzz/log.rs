//! A store's log and its checkpoints: damage is an error, never a panic; what is read is written as a checkpoint that is
//! read as the same table.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

use outflow::ingest::delta::{Commit, Committed, Snapshot, Storage, StoredFile, create_table, write_checkpoint};
use outflow::ingest::metadata;

const COMMITS: [&str; 2] = ["_delta_log/00000000000000000000.json", "_delta_log/00000000000000000001.json"];
const CHECKPOINT: &str = "_delta_log/00000000000000000001.checkpoint.parquet";

/// Files in memory.
#[derive(Debug, Default)]
struct Memory(Mutex<BTreeMap<String, Vec<u8>>>);

impl Memory {
    fn files(&self) -> MutexGuard<'_, BTreeMap<String, Vec<u8>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Storage for Memory {
    fn read(&self, path: &str) -> io::Result<Option<Vec<u8>>> {
        Ok(self.files().get(path).cloned())
    }

    fn list(&self, folder: &str, after: &str) -> io::Result<Vec<StoredFile>> {
        let after = format!("{folder}/{after}");
        Ok(self.list_all()?.into_iter().filter(|file| file.path > after).collect())
    }

    fn list_all(&self) -> io::Result<Vec<StoredFile>> {
        let file = |(path, bytes): (&String, &Vec<u8>)| StoredFile {
            path: path.clone(),
            bytes: bytes.len() as u64,
            modified_milliseconds: 0,
        };
        Ok(self.files().iter().map(file).collect())
    }

    fn put(&self, path: &str, bytes: &[u8]) -> io::Result<()> {
        self.files().insert(path.to_owned(), bytes.to_vec());
        Ok(())
    }

    fn create(&self, path: &str, bytes: &[u8]) -> io::Result<bool> {
        let mut files = self.files();
        let is_new = !files.contains_key(path);
        files.entry(path.to_owned()).or_insert_with(|| bytes.to_vec());
        Ok(is_new)
    }

    fn delete(&self, path: &str) -> io::Result<()> {
        self.files().remove(path);
        Ok(())
    }
}

/// A table of one version.
fn table() -> Memory {
    let memory = Memory::default();
    assert!(matches!(create_table(&memory, metadata("id", 0), "run", 0), Ok(Committed::Done(0))), "a table is made");
    memory
}

/// As the second commit, as the only one, and as a checkpoint.
pub(crate) fn run(bytes: &[u8]) {
    for (path, removed) in [(COMMITS[1], None), (COMMITS[0], None), (CHECKPOINT, Some(COMMITS[0]))] {
        let memory = table();
        memory.files().insert(path.to_owned(), bytes.to_vec());
        removed.map(|removed| memory.files().remove(removed));
        let Ok(Some(read)) = Snapshot::load(&memory) else { continue };
        if write_checkpoint(&memory, &read, i64::MIN).is_err() {
            continue;
        }
        let again = Snapshot::load(&memory);
        let again = again.unwrap_or_else(|fault| panic!("a checkpoint is not read: {fault}")).map(|again| again.files);
        let paths = |files: &BTreeMap<_, _>| files.keys().cloned().collect::<Vec<String>>();
        assert_eq!(again.as_ref().map(paths), Some(paths(&read.files)), "a checkpoint is of another table");
    }
}

pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let memory = table();
    let Ok(Some(snapshot)) = Snapshot::load(&memory) else { return Vec::new() };
    let commit = Commit::new(Vec::new(), "INGEST", "run", 0);
    drop(outflow::ingest::delta::commit(&memory, &snapshot, &commit));
    drop(write_checkpoint(&memory, &snapshot, 0));
    let mut seeds: Vec<Vec<u8>> = memory.files().values().cloned().collect();
    let actions = [
        r#"{"add":{"path":"kind=fact/day=2026-10-01/part-1.parquet","partitionValues":{"kind":"fact","day":"2026-10-01"},"size":1,"modificationTime":0,"dataChange":true,"stats":"{\"numRecords\":3}"}}"#,
        r#"{"remove":{"path":"a%20b","deletionTimestamp":1,"dataChange":true}}"#,
        r#"{"txn":{"appId":"outflow/ingest","version":1}}"#,
    ];
    seeds.push(actions.join("\n").into_bytes());
    seeds
}

pub(crate) fn words() -> Vec<String> {
    ["\"add\"", "\"remove\"", "\"path\"", "\"partitionValues\"", "null", "\"dataChange\"", "%2F"]
        .map(str::to_owned)
        .to_vec()
}
