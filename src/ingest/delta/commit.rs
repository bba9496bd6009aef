//! Commits: a version of the log is written once, by whoever is first.

use serde_json::{Map, Value, json};

use super::snapshot::actions;
use super::{Action, DeltaFault, LOG, Metadata, Protocol, Snapshot, Storage, commit_path};

/// What the log says of the program.
const ENGINE: &str = concat!("outflow/", env!("CARGO_PKG_VERSION"));
/// The member of a commit's information that tells one attempt from another.
const RUN: &str = "run";

/// What is to change.
#[derive(Clone, Debug)]
pub struct Commit {
    actions: Vec<Action>,
    info: Map<String, Value>,
}

/// How a commit ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Committed {
    /// It is this version.
    Done(u64),
    /// Another commit is: refresh, and decide anew.
    Conflict,
}

impl Commit {
    /// Actions as one change. `run` is of this attempt alone: it tells whether it is in the log where nobody could say.
    #[must_use]
    pub fn new(actions: Vec<Action>, operation: &str, run: &str, now_milliseconds: i64) -> Self {
        let info = json!({
            "timestamp": now_milliseconds,
            "operation": operation,
            "operationParameters": {},
            "engineInfo": ENGINE,
            RUN: run,
        });
        Self { actions, info: if let Value::Object(info) = info { info } else { Map::new() } }
    }

    fn lines(&self) -> Result<Vec<u8>, DeltaFault> {
        let mut lines = Vec::new();
        for action in std::iter::once(&Action::Info(self.info.clone())).chain(&self.actions) {
            serde_json::to_writer(&mut lines, action)
                .map_err(|error| DeltaFault::Unsupported(format!("a commit cannot be written: {error}")))?;
            lines.push(b'\n');
        }
        Ok(lines)
    }
}

/// Makes a table.
///
/// # Errors
/// If its log cannot be written.
pub fn create_table(
    storage: &dyn Storage,
    metadata: Metadata,
    run: &str,
    now_milliseconds: i64,
) -> Result<Committed, DeltaFault> {
    let actions = vec![Action::Protocol(Protocol::plain()), Action::Metadata(Box::new(metadata))];
    write(storage, 0, &Commit::new(actions, "CREATE TABLE", run, now_milliseconds))
}

/// Writes the version after a snapshot's.
///
/// # Errors
/// If the log cannot be written; the commit is not in it then.
pub fn commit(storage: &dyn Storage, snapshot: &Snapshot, commit: &Commit) -> Result<Committed, DeltaFault> {
    snapshot.protocol.check()?;
    write(storage, snapshot.version + 1, commit)
}

/// Refuses a store that writes a file although there is one: commits of several runs would replace each other there. It is
/// found out by a file of this run, which readers ignore.
///
/// # Errors
/// If so, or it cannot be found out.
pub fn heeds_conditions(storage: &dyn Storage, run: &str) -> Result<(), DeltaFault> {
    let path = format!("{LOG}/.probe-{run}");
    let io = |source| DeltaFault::Io { path: path.clone(), source };
    storage.put(&path, b"1").map_err(io)?;
    let again = storage.create(&path, b"2").map_err(io)?;
    storage.delete(&path).map_err(io)?;
    if again {
        return Err(DeltaFault::Unsupported(
            "the server does not heed If-None-Match, so that runs would overwrite each other's commits".to_owned(),
        ));
    }
    Ok(())
}

fn write(storage: &dyn Storage, version: u64, commit: &Commit) -> Result<Committed, DeltaFault> {
    let path = commit_path(version);
    let failed = match storage.create(&path, &commit.lines()?) {
        Ok(true) => return Ok(Committed::Done(version)),
        Ok(false) => None,
        Err(error) => Some(error),
    };
    // A request that was repeated, or whose answer was lost, may have been carried out before: the log knows.
    let read = storage.read(&path).map_err(|source| DeltaFault::Io { path: path.clone(), source })?;
    match (read, failed) {
        (Some(bytes), _) => {
            let is_mine =
                |action: &Action| matches!(action, Action::Info(info) if info.get(RUN) == commit.info.get(RUN));
            let is_mine = actions(&path, &bytes)?.iter().any(is_mine);
            Ok(if is_mine { Committed::Done(version) } else { Committed::Conflict })
        }
        (None, Some(source)) => Err(DeltaFault::Io { path, source }),
        (None, None) => Err(DeltaFault::Missing { path }),
    }
}
