//! Aligned columns for a terminal.
//!
//! Column widths follow the first page; later pages widen them only if necessary, so listings of any length use bounded
//! memory. On a narrow terminal, texts wrap at spaces, and columns that say least are hidden, which a line below says; addresses
//! and numbers are never broken, and a line that cannot be narrowed overflows. Notes and warnings are messages and go to stderr.

use std::io::{self, Write};

use comfy_table::{Attribute, Cell, CellAlignment, ColumnConstraint, Row as Line, Table as Grid, Width, presets};

use super::{Style, View, cells};
use crate::report::{Head, Meta, Row, Table};
use crate::schema::output::{self, CellKind, Output};
use crate::units::human;

/// How many rows are aligned together, and held until then.
pub(super) const PAGE_ROWS: usize = 4096;
/// Blanks between two columns.
const GAP: u16 = 2;
/// Columns that a narrow terminal does without, the first to go first.
const EXPENDABLE: [Output; 16] = [
    output::REJECTED_PACKETS,
    output::REJECTED_BYTES,
    output::REJECTED_FLOWS,
    output::ASSUMED_BYTES,
    output::FIRST_SEEN,
    output::LAST_SEEN,
    output::EFFECTIVE_USD_PER_GB,
    output::GB,
    output::DIFFERENCE_GB,
    output::NAMED_USD,
    output::PACKETS,
    output::FLOWS,
    output::BYTES_CHANGE_RATIO,
    output::RANK,
    output::SHARE,
    output::UNPRICED_BYTES,
];

/// Aligned columns.
pub(super) struct TableView<W> {
    out: W,
    style: Style,
    columns: Vec<Head>,
    tables: usize,
    /// The rows that are not written yet.
    page: Vec<Vec<String>>,
    /// How wide the shown columns of this table have been so far; empty before the first page.
    widths: Vec<u16>,
    /// The places of the columns that are shown.
    shown: Vec<usize>,
}

impl<W: Write> TableView<W> {
    pub(super) fn new(out: W, style: Style) -> Self {
        Self { out, style, columns: Vec::new(), tables: 0, page: Vec::new(), widths: Vec::new(), shown: Vec::new() }
    }

    /// Writes the rows that are held, under the column names if these are the first, and above the sums.
    fn write_page(&mut self, total: Option<&Row>) -> io::Result<()> {
        let headed = self.widths.is_empty() && self.style.header;
        // A rule is as wide as its column, so it is an empty row until the widths are known.
        let mut rows = Vec::with_capacity(self.page.len() + 4);
        if headed {
            rows.push(self.columns.iter().map(|head| human::harmless(&head.name)).collect());
            rows.push(Vec::new());
        }
        rows.append(&mut self.page);
        if let Some(total) = total {
            rows.push(Vec::new());
            rows.push(cells::shown_total(&self.columns, total, self.style.units));
        }
        if self.widths.is_empty() {
            self.shown = self.chosen(&rows);
        }
        let is_rule = |row: &Vec<String>| row.is_empty();
        let shown = |row: &Vec<String>| self.shown.iter().filter_map(|place| row.get(*place).cloned()).collect();
        let rows: Vec<Vec<String>> = rows.iter().map(shown).collect();
        let columns: Vec<Head> = self.shown.iter().filter_map(|place| self.columns.get(*place).cloned()).collect();
        let mut grid = grid(&rows);
        self.widths = self.fit(&grid, &columns, &rows);
        for (line, _) in grid.row_iter_mut().zip(&rows).filter(|(_, row)| is_rule(row)) {
            *line = Line::from(self.widths.iter().map(|width| "─".repeat((*width).into())));
        }
        if let Some(names) = grid.row_mut(0).filter(|_| headed) {
            let bold = |head: &Head| Cell::new(human::harmless(&head.name)).add_attribute(Attribute::Bold);
            *names = Line::from(columns.iter().map(bold));
        }
        self.shape(&mut grid, &columns);
        grid.lines().try_for_each(|line| writeln!(self.out, "{}", line.trim_end()))
    }

    /// Which columns are shown: all, if they fit or nothing is to be fitted.
    fn chosen(&self, rows: &[Vec<String>]) -> Vec<usize> {
        let mut shown: Vec<usize> = (0..self.columns.len()).collect();
        let Some(room) = self.style.width.map(usize::from) else { return shown };
        let floors = floors(&self.columns, rows);
        let is_wide = |shown: &[usize]| {
            let gaps = usize::from(GAP) * shown.len().saturating_sub(1);
            shown.iter().map(|place| floors.get(*place).copied().map_or(0, usize::from)).sum::<usize>() + gaps > room
        };
        for expendable in EXPENDABLE {
            if !is_wide(&shown) {
                break;
            }
            shown.retain(|place| self.columns[*place].name != expendable.name);
        }
        shown
    }

    /// How wide the columns are to be.
    fn fit(&self, grid: &Grid, columns: &[Head], rows: &[Vec<String>]) -> Vec<u16> {
        let before = |place: usize| self.widths.get(place).copied().unwrap_or(0);
        let widest = |(place, width): (usize, u16)| width.max(before(place));
        let widths: Vec<_> = grid.column_max_content_widths().into_iter().enumerate().map(widest).collect();
        let gaps = usize::from(GAP) * widths.len().saturating_sub(1);
        let room = self.style.width.map_or(usize::MAX, |width| usize::from(width).saturating_sub(gaps));
        if widths.iter().map(|width| usize::from(*width)).sum::<usize>() <= room {
            return widths;
        }
        let floors: Vec<_> = floors(columns, rows).into_iter().enumerate().map(widest).collect();
        narrowed(widths, &floors, room)
    }

    /// Fixes the columns' widths and sides, and what the terminal is.
    fn shape(&self, grid: &mut Grid, columns: &[Head]) {
        let last = self.widths.len().saturating_sub(1);
        for (place, (column, head)) in grid.column_iter_mut().zip(columns).enumerate() {
            let gap = if place == last { 0 } else { GAP };
            column.set_padding((0, gap));
            let width = self.widths.get(place).copied().unwrap_or(0).saturating_add(gap);
            column.set_constraint(ColumnConstraint::Absolute(Width::Fixed(width)));
            let right = cells::is_numeric(head.kind);
            column.set_cell_alignment(if right { CellAlignment::Right } else { CellAlignment::Left });
        }
        // The style says what the terminal can do; the grid is not to look for one itself.
        grid.force_no_tty();
        if self.style.color {
            grid.enforce_styling().style_text_only();
        }
    }
}

impl<W: Write> View for TableView<W> {
    fn begin(&mut self, table: &Table) -> io::Result<()> {
        if self.tables > 0 {
            self.out.write_all(b"\n")?;
        }
        self.tables += 1;
        self.columns.clone_from(&table.columns);
        self.widths.clear();
        if table.title.is_empty() {
            return Ok(());
        }
        writeln!(self.out, "{}\n", human::harmless(&table.title))
    }

    fn rows(&mut self, rows: &[Row]) -> io::Result<()> {
        for row in rows {
            if self.page.len() == PAGE_ROWS {
                self.write_page(None)?;
            }
            self.page.push(cells::shown_row(&self.columns, row, self.style.units));
        }
        Ok(())
    }

    fn end(&mut self, total: Option<&Row>) -> io::Result<()> {
        self.write_page(total)?;
        let hidden = self.columns.iter().enumerate().filter(|(place, _)| !self.shown.contains(place));
        let hidden: Vec<_> = hidden.map(|(_, head)| human::harmless(&head.name)).collect();
        if hidden.is_empty() {
            return Ok(());
        }
        let columns = human::counted(hidden.len() as u64, "column");
        writeln!(self.out, "\n{columns} hidden, -o csv shows all: {}", hidden.join(", "))
    }

    fn finish(&mut self, _meta: &Meta) -> io::Result<()> {
        self.out.flush()
    }
}

fn grid(rows: &[Vec<String>]) -> Grid {
    let mut grid = Grid::new();
    grid.load_style(presets::NOTHING).add_rows(rows);
    grid
}

/// How narrow columns may become: those of texts as their longest word, for the grid measures words that stand on lines.
fn floors(columns: &[Head], rows: &[Vec<String>]) -> Vec<u16> {
    let words = |(head, text): (&Head, &String)| match head.kind {
        CellKind::Text => text.replace(' ', "\n"),
        _ => text.clone(),
    };
    let lines: Vec<Vec<_>> = rows.iter().map(|row| columns.iter().zip(row).map(words).collect()).collect();
    grid(&lines).column_max_content_widths()
}

/// Takes from the widest columns that can give, until all fit into the room or none can give more.
fn narrowed(mut widths: Vec<u16>, floors: &[u16], room: usize) -> Vec<u16> {
    let mut excess = widths.iter().map(|width| usize::from(*width)).sum::<usize>().saturating_sub(room);
    while excess > 0 {
        let giving = widths.iter_mut().zip(floors).filter(|(width, floor)| **width > **floor);
        let Some((widest, _)) = giving.max_by_key(|(width, _)| **width) else { break };
        *widest -= 1;
        excess -= 1;
    }
    widths
}
