//! Sole use of something on this machine, by a lock on a file beside it.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::collect::io_cause;
use crate::error::Error;

/// How often it looks whether another run has ended.
const PAUSE: Duration = Duration::from_millis(50);

/// Sole use, until it is dropped or the process ends, however that ends.
#[derive(Debug)]
pub(in crate::cli) struct Lock(#[expect(dead_code, reason = "the lock is held as long as the file is open")] File);

/// Waits for sole use of what a file stands for, which is named as `what`. The file is empty and stays.
///
/// # Errors
/// If another run still has it after the patience, or the file system cannot lock.
pub(in crate::cli) fn lock(path: &str, what: &str, patience: Duration) -> Result<Lock, Error> {
    let failed =
        |error: io::Error| Error::write(format!("{what}: cannot lock {path}: {}", io_cause(&error))).because(error);
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(path).map_err(failed)?;
    let began = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(Lock(file)),
            Err(TryLockError::Error(error)) => return Err(failed(error)),
            Err(TryLockError::WouldBlock) if began.elapsed() >= patience => {
                let seconds = patience.as_secs();
                return Err(Error::failed(format!("{what}: another run has used it for {seconds} s")));
            }
            Err(TryLockError::WouldBlock) => sleep(PAUSE),
        }
    }
}
