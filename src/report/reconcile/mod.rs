//! AWS's bill against flow logs: what the logs explain of it, the differences with their reasons, and what to do about
//! them. [`crate::reason::reconcile`] compares; here it becomes tables, each of which adds up to the bill.

mod allocation;
mod tables;

pub use allocation::{FocusVersion, Form};
pub use tables::By;

use std::collections::BTreeSet;
use std::sync::Arc;

use super::question::{Frames, Need, Question};
use super::{Head, Report};
use crate::error::Error;
use crate::group::Key;
use crate::price::bill::{Bill, Periods};
use crate::price::statement::{Family, Kind, Statement};
use crate::price::{PoolTerms, PriceTable};
use crate::reason::coverage::uncovered;
use crate::reason::reconcile::{Against, Line, Logs, Reason, Reconciliation, allocate, compared_bytes, reconcile};
use crate::schema::Column;
use crate::units::human::{self, Units, counted};
use crate::units::time::{self, Window, Zone};

/// Accounts that a sentence names.
const ACCOUNTS_SHOWN_MAX: usize = 5;
/// The frame of charges.
const CHARGES: &str = "charges";
/// Seconds after the end of a month until which AWS still changes its bill: two weeks.
const OPEN_SECONDS: u32 = 14 * 86_400;

/// A bill, compared with the logs of its window.
#[derive(Debug)]
pub struct ReconcileQuestion {
    /// What AWS billed.
    pub statement: Statement,
    /// What to know of the bill's files, and what could not be read of them.
    pub notes: Vec<String>,
    /// The same, of what makes the answer incomplete.
    pub warnings: Vec<String>,
    /// The window, half-open; unbounded sides are none.
    pub window: (Option<u32>, Option<u32>),
    /// When the bill is read.
    pub now: u32,
    /// List prices.
    pub prices: PriceTable,
    /// What else decides the cost.
    pub terms: PoolTerms,
    /// What the rows of the main table are by.
    pub by: Vec<By>,
    /// The owner keys that billed dollars are allocated by, with their columns; none if they are not.
    pub owners: Vec<(Key, Head)>,
    /// What the answer looks like.
    pub form: Form,
}

impl Question for ReconcileQuestion {
    type Answer = Report;

    fn plan(&self) -> Vec<Need> {
        vec![Need::charges(CHARGES, &self.keys(), true)]
    }

    fn answer(self, mut frames: Frames) -> Result<Report, Error> {
        let keys: Vec<String> = self.keys().iter().map(Key::name).collect();
        let owner_keys: Vec<String> = self.owners.iter().map(|(key, _)| key.name()).collect();
        let charges = Periods::default().mark(&frames.take(CHARGES)?)?;
        let bill = Bill::of(&charges, &keys, self.window, (&self.prices, self.terms.clone()))?;
        let watches = std::mem::take(&mut frames.watches);
        let logs = Logs::of(&bill, &owner_keys, (&frames.logged, watches), &self.statement)?;
        let against = Against { logs: &logs, prices: &self.prices, window: self.window };
        let found = reconcile(&self.statement, &against);
        let mut report = Report { name: "reconcile".to_owned(), ..Report::default() };
        report.meta.window = self.window;
        report.meta.notes = self.notes.clone();
        report.meta.notes.extend(self.about(&found, &logs));
        report.meta.warnings = bill.warnings.iter().chain(&self.warnings).cloned().collect();
        report.meta.incomplete = !self.warnings.is_empty();
        report.meta.not_judged(self.not_compared(&bill, &logs, &found));
        // Which hours they are is said with the window.
        let window = Window { from: self.window.0, to: self.window.1 };
        report.meta.incomplete |= uncovered(&[window], self.now, Zone::default(), &frames.logged).is_some();
        let heads: Vec<Head> = self.owners.iter().map(|(_, head)| head.clone()).collect();
        let parts = if heads.is_empty() { Vec::new() } else { allocate(&found.lines, &logs) };
        if let Form::Focus(version) = self.form {
            report.name = "focus".to_owned();
            report.tables = vec![allocation::focus(&found, &parts, &heads, version)];
            return Ok(report);
        }
        report.tables = vec![
            tables::main(&found, &self.by),
            tables::reasons(&found),
            tables::differences(&found, &self.by),
            tables::unlogged(&found),
        ];
        report.tables.extend((!heads.is_empty()).then(|| allocation::table(&found, &parts, &heads)));
        report.tables.extend([
            tables::pools(&self.statement, &logs),
            tables::month_usage(&self.statement, &logs),
            tables::rates(&self.statement),
        ]);
        Ok(report)
    }
}

impl ReconcileQuestion {
    /// The keys of the frame.
    fn keys(&self) -> Vec<Key> {
        let own = [Column::BilledResource, Column::Path, Column::InterfaceId];
        let own = own.map(|column| Key { column, cut: None });
        own.into_iter().chain(self.owners.iter().map(|(key, _)| key.clone())).collect()
    }

    /// Why nothing was compared, if so.
    fn not_compared(&self, bill: &Bill, logs: &Logs, found: &Reconciliation) -> Option<String> {
        let (billed, missing) = accounts(logs, found);
        if bill.lines.height() == 0 {
            return Some("no traffic of the bill's window is in the logs: nothing of the bill is explained".to_owned());
        }
        if billed.is_empty() {
            return Some("no transfer of the bill is in the window".to_owned());
        }
        (billed == missing).then(|| {
            let (bill, logs) = (names(billed), names(logs.logged_accounts().collect()));
            format!("the bill is of other accounts ({bill}) than the logs ({logs})")
        })
    }

    /// What to know of the bill, and the answer in a sentence.
    fn about(&self, found: &Reconciliation, logs: &Logs) -> Vec<String> {
        let statement = &self.statement;
        let (logged, billed) = compared_bytes(&found.lines);
        let usd = |reason| found.lines.iter().map(|line| line.part(reason).usd).sum::<i128>();
        let bytes = |bytes: i128| human::bytes(bytes.unsigned_abs(), Units::Iec);
        let dollars = |usd: i128| format!("{}{}", if usd < 0 { "-" } else { "" }, human::usd(usd.unsigned_abs()));
        let mut notes = vec![format!(
            "flow logs explain {} of {} billed where they could, {} at list prices; not explained by any reason: {}",
            bytes(logged),
            bytes(billed),
            dollars(usd(Reason::Logged)),
            dollars(usd(Reason::Residual)),
        )];
        let open = statement.months().filter(|month| time::month_around(*month).1 + OPEN_SECONDS > self.now);
        let open: Vec<String> = open.map(|month| human::date(month)[..7].to_owned()).collect();
        if statement.is_open() && !open.is_empty() {
            notes.push(format!(
                "{}: the bill is not final: AWS changes it until about two weeks after the month's end",
                open.join(", ")
            ));
        }
        if statement.span().is_none() {
            notes.push("the bill has no transfer that is charged or metered: there is nothing to compare".to_owned());
        } else if !statement.has_resources() {
            notes.push(
                "the bill has no resource ids: it is compared by account and usage type; export it with \
                 INCLUDE_RESOURCES to see which resource differs"
                    .to_owned(),
            );
        }
        if statement.span().is_some() && !statement.has_operations() {
            notes.push("the bill has no operations: transfer inside a Region is compared as a whole".to_owned());
        }
        let (billed, missing) = accounts(logs, found);
        if !missing.is_empty() && missing != billed {
            notes.push(format!(
                "the logs have no records of accounts on the bill: {}; the zones of their endpoints are unknown, so less of \
                 the peering with them is explained",
                names(missing)
            ));
        }
        let has_sites = |line: &Line| line.place.family == Some(Family::DirectConnect) && line.billed_bytes > 0;
        if found.lines.iter().any(has_sites) && !logs.has(Family::DirectConnect) {
            notes.push(
                "the bill has Direct Connect, but no network of --network is marked as a site behind it (kind \
                 dx:LOCATION): its traffic counts as VPN"
                    .to_owned(),
            );
        }
        if found.outside > 0 {
            notes.push(format!("{} of the bill are outside the window", counted(found.outside, "line")));
        }
        let (items, left_out) = found.rest_outside;
        if items > 0 {
            notes.push(format!(
                "{} other than transfer, {}, are left out: the window covers only part of their month",
                counted(items, "line item"),
                dollars(left_out),
            ));
        }
        let has_rest = found.rest.keys().any(|key| key.kind == Kind::Usage);
        if !has_rest && items == 0 {
            notes.push(
                "the bill has nothing but transfer: its totals are those of the export, not of the invoice".to_owned(),
            );
        }
        notes
    }
}

/// The accounts with transfer on the bill, and those of them that no record is of, where records name accounts.
fn accounts<'a>(logs: &'a Logs, found: &'a Reconciliation) -> (BTreeSet<&'a Arc<str>>, BTreeSet<&'a Arc<str>>) {
    let billed = found.lines.iter().filter(|line| line.place.family.is_some() && line.billed_bytes != 0);
    let billed: BTreeSet<&Arc<str>> = billed.map(|line| &line.place.account).collect();
    let logged: BTreeSet<&Arc<str>> = logs.logged_accounts().collect();
    let missing = if logged.is_empty() { BTreeSet::new() } else { billed.difference(&logged).copied().collect() };
    (billed, missing)
}

/// The first of some accounts.
fn names(accounts: BTreeSet<&Arc<str>>) -> String {
    let shown: Vec<&str> = accounts.iter().take(ACCOUNTS_SHOWN_MAX).map(|account| &***account).collect();
    let more = if accounts.len() > shown.len() { "…" } else { "" };
    format!("{}{more}", shown.join(", "))
}
