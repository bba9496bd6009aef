//! Partials → blocks of flows, a row per group: what a later stage writes down its own way.

use std::ops::Range;

use super::columns::keyed;
use super::write::{Viewed, groups};
use crate::decode::{Dictionary, Flows, Values};
use crate::error::Error;
use crate::group::partial::Partial;
use crate::schema::{Column, ColumnSet};

/// Rows of a block, at most.
const BLOCK_ROWS: usize = 32 << 10;

/// Hands every group of some shards of a partial to `each`, whose rows are in no order that means anything: its keys, and its sums as
/// `record_count`, `bytes`, `packets`, `start` and `last_start`. The dictionary is the same one every time, and is returned.
///
/// # Errors
/// If spilled rows cannot be read, or what `each` returns.
pub fn blocks(
    partial: &Partial,
    shards: Range<usize>,
    each: &mut dyn FnMut(&Flows, &Dictionary) -> Result<(), Error>,
) -> Result<Dictionary, Error> {
    let spec = &partial.frame.spec;
    let sums = [(true, Column::RecordCount), (spec.bytes, Column::Bytes), (spec.packets, Column::Packets)];
    let sums: Vec<Column> = sums.into_iter().filter(|(asked, _)| *asked).map(|(_, column)| column).collect();
    let moments = [Column::Start, if spec.starts { Column::LastStart } else { Column::End }];
    let keys = keyed(spec);
    let keys: Vec<Column> = keys.iter().map(|key| key.column).collect();
    let mut flows = Flows::new(ColumnSet::of(&[&keys[..], &sums, &moments].concat()));
    let mut viewed = Viewed::default();
    for shard in shards {
        let tables = partial.tables(shard)?;
        for (table, rows) in tables.iter().enumerate() {
            let rows: Vec<&[u64]> = rows.rows().collect();
            for rows in rows.chunks(BLOCK_ROWS) {
                let groups = groups(partial, table, rows);
                flows.clear();
                let mut put = |column, values| {
                    if let Some(into) = flows.values_mut(column) {
                        *into = values;
                    }
                };
                let spread = viewed.spread(spec, &groups, &partial.names);
                keys.iter().zip(spread).for_each(|(column, values)| put(*column, values.into_owned()));
                let moments_of = groups.moments().map(|(first, last)| [first, last].map(Values::Time));
                moments.into_iter().zip(moments_of.into_iter().flatten()).for_each(|(column, of)| put(column, of));
                sums.iter().zip(groups.counts).for_each(|(column, counts)| put(*column, Values::Big(counts)));
                flows.set_rows(rows.len());
                each(&flows, viewed.names_of(spec, &partial.names))?;
            }
        }
    }
    Ok(if spec.vantages.is_empty() { partial.names.clone() } else { viewed.names })
}
