//! The `--where` grammar: text → filter → the rows of a block that pass.
//!
//! ```text
//! src in 10.0.0.0/8 and dst_port = 443 and bytes > 10MiB and not action = REJECT
//! ```
//!
//! **Grammar**, loosest first; keywords in any case:
//! `a or b` (`||`) · `a and b` (`&&`) · `not a` (`!`) · `( a )` · *column operator value*.
//!
//! **Columns** are those of the schema and their aliases, with or without their underscores (`dst_port` is `dstport`),
//! and two pairs: `addr` (src or dst) and `anyport` (srcport or dstport). A comparison of a pair holds if it holds for
//! either side; its negation (`!=`, `not in`, `is present`) therefore if it holds for neither.
//!
//! **Operators**: `=` (`==`), `!=` (`<>`), `in`, `not in`, `is absent`, `is present` for every column; `<` `<=` `>` `>=` for
//! integers and times; `~` and `!~` for texts. After `in` stands a list in parentheses or one value alone; each may be
//! a range with both ends included (`8000..8999`), and for addresses a CIDR.
//!
//! **Values**: numbers and sizes (`443`, `10MiB`), addresses, moments as [`parse_moment`](crate::units::time::parse_moment)
//! reads them, protocols by name (`tcp`), texts compared exactly, and patterns (regular expressions, unanchored)
//! after `~`. Quotes, single or double, are needed where a value has spaces or any of `( ) , = < > ! ~ & |`; in them a
//! backslash stands for itself and the quote is written twice. A text that `action`, `log_status` or `flow_direction`
//! never has (`reject`) is an error, since it would select nothing without a word.
//!
//! **Absent values.** Logic has two values. A comparison with an absent value is false; `!=`, `not in`, `!~` and
//! `is present` are the exact negations of `=`, `in`, `~` and `is absent`, so the first three are true for an absent value;
//! `not` turns round whatever stands behind it. IPv6 CIDRs and ranges mean IPv6 addresses alone: `::/0` is every IPv6
//! address and no IPv4 one.
//!
//! A filter sees records, not tags or prices: it is decided on raw and derived columns, before anything is summed.

mod check;
mod evaluate;
mod fault;
mod lex;
mod literal;
mod parse;
mod ranges;

use std::sync::Arc;

use crate::error::Error;
use crate::schema::ColumnSet;
use crate::units::time::Zone;
use evaluate::Program;
use fault::Fault;

pub use check::PATTERN_BYTES_MAX;
pub use evaluate::Evaluator;
pub use parse::DEPTH_MAX;

/// How long an expression may be: room for some thousand addresses.
pub const LENGTH_MAX: usize = 1 << 16;

/// A checked expression; cheap to clone.
#[derive(Clone, Debug)]
pub struct Filter {
    text: Arc<str>,
    program: Arc<Program>,
}

impl Filter {
    /// Reads an expression; `now` and `zone` are for the moments in it.
    ///
    /// # Errors
    /// A usage error that shows the expression, points at the character, and suggests what was meant.
    pub fn parse(text: &str, now: u32, zone: Zone) -> Result<Self, Error> {
        if text.len() > LENGTH_MAX {
            let fault = Fault::new(LENGTH_MAX, format!("longer than {LENGTH_MAX} bytes"));
            return Err(fault.into_error(text));
        }
        let mut checker = check::Checker::new(now, zone);
        let root = parse::tree(text, &mut checker).map_err(|fault| fault.into_error(text))?;
        let program = Program { root, columns: checker.columns, text_tests: checker.text_tests };
        Ok(Self { text: text.into(), program: Arc::new(program) })
    }

    /// The columns that `decode` must give so that the filter can be decided.
    #[must_use]
    pub fn columns(&self) -> ColumnSet {
        self.program.columns.iter().fold(ColumnSet::default(), |set, column| set.union(column.decoded()))
    }

    /// What a worker needs to apply it.
    #[must_use]
    pub fn evaluator(&self) -> Evaluator {
        Evaluator::new(Arc::clone(&self.program))
    }

    /// The expression as it was written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}

#[cfg(test)]
mod tests;
