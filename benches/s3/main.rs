//! Serves folders of this machine as a store of S3, for benches/s3/run: each folder below the one that is named is a
//! prefix of the bucket `logs`. Prints the address, and serves until it is killed.

use std::path::Path;
use std::process::ExitCode;

#[path = "../../testdata/store.rs"]
#[allow(dead_code, reason = "each of its users needs a part of it")]
mod store;

use store::{Held, Server};

#[expect(clippy::print_stdout, clippy::print_stderr, reason = "a program")]
fn main() -> ExitCode {
    let Some(folder) = std::env::args_os().nth(1) else {
        eprintln!("s3 FOLDER");
        return ExitCode::from(2);
    };
    match serve(Path::new(&folder)) {
        Ok(server) => {
            println!("{}", server.url);
            loop {
                std::thread::park();
            }
        }
        Err(error) => {
            eprintln!("{}: {error}", Path::new(&folder).display());
            ExitCode::FAILURE
        }
    }
}

fn serve(folder: &Path) -> std::io::Result<Server> {
    let server = Server::start(true)?;
    for entry in walkdir::WalkDir::new(folder) {
        let entry = entry?;
        let (path, bytes) = (entry.path(), entry.metadata()?.len());
        if entry.file_type().is_file() {
            let key = path.strip_prefix(folder).unwrap_or(path).to_string_lossy().into_owned();
            server.store.put(key, Held::File(path.to_owned(), bytes));
        }
    }
    Ok(server)
}
