//! Panics: faults of this program or of a library, said in one line as other errors are.
//!
//! What catches a panic below says what came of it, such as an object that cannot be read; one that nothing catches ends
//! the run here. Where it was is only in the log (`-v`).

use std::panic::{self, AssertUnwindSafe};

use crate::error::{Error, panic_text};

/// How much of a panic's text is shown.
const SHOWN_CHARS: usize = 200;

/// From here on panics are not printed where they happen.
pub(super) fn keep_silent() {
    panic::set_hook(Box::new(|panic| {
        // Not the text, which may be a library's, with what a request was signed with.
        if let Some(at) = panic.location() {
            tracing::warn!("a panic at {}:{}", at.file(), at.line());
        }
    }));
}

/// Runs something; a panic in it, on any thread that it waits for, is an error.
pub(super) fn caught<T>(work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    panic::catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let text = panic_text(&*panic).lines().next().unwrap_or_default();
        let shown: String = text.chars().take(SHOWN_CHARS).collect();
        Err(Error::internal(format!("internal error: {shown}"))
            .hint("this is a fault of outflow; please report it with what -v adds"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Exit;

    #[test]
    fn a_panic_of_any_thread_is_an_error_of_one_line() {
        let threads = crate::work::threads(2).unwrap();
        let error = caught(|| -> Result<(), Error> {
            threads.scope(|scope| scope.spawn(|_| panic!("first\nsecond {}", 2)));
            Ok(())
        });
        let error = error.unwrap_err();
        assert_eq!((error.to_string().as_str(), error.exit()), ("internal error: first", Exit::Failed));
        assert!(error.hints()[0].contains("report"));
        assert_eq!(caught(|| Ok::<_, Error>(1)).unwrap(), 1);
        assert_eq!(caught(|| Err::<(), _>(Error::usage("x"))).unwrap_err().to_string(), "x");
    }
}
