//! The columns that reports add to those of the records: measures, ranks, shares, counts of lines.
//!
//! A report's table is built from these and from key columns; docs/columns.md lists them.

use super::{Column, Kind};

/// What a cell of a report holds, and so how a view shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CellKind {
    /// Text, an address or a prefix.
    Text,
    /// A whole number shown as it is: a port, a rank.
    Integer,
    /// A count shown with separators where people read it.
    Count,
    /// Bytes, shown in units where people read them.
    Bytes,
    /// A part of a whole: per cent where people read it, a decimal fraction elsewhere.
    Share,
    /// A moment, UTC.
    Time,
    /// An amount of money: cents where people read it, every digit elsewhere.
    Usd,
    /// A change of a sum, as a part of what it was: per cent where people read it, a decimal fraction elsewhere.
    Change,
    /// A decimal number: two decimals where people read it, all of them elsewhere.
    Decimal,
    /// A price: the digits that say something where people read it, every digit elsewhere.
    Rate,
}

impl CellKind {
    /// How a key column is shown.
    #[must_use]
    pub fn of(column: Column) -> Self {
        match column.kind() {
            Kind::Address | Kind::Text => Self::Text,
            Kind::Small => Self::Integer,
            Kind::Big if column.unit() == "bytes" => Self::Bytes,
            Kind::Big => Self::Count,
            Kind::Time => Self::Time,
        }
    }

    /// The word for it in docs.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Integer | Self::Count => "integer",
            Self::Bytes => "bytes",
            Self::Share | Self::Change => "share",
            Self::Decimal => "decimal",
            Self::Time => "time",
            Self::Usd | Self::Rate => "usd",
        }
    }
}

/// A column that a report adds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Output {
    /// The stable `snake_case` name.
    pub name: &'static str,
    /// What its cells hold.
    pub kind: CellKind,
    /// One sentence for people.
    pub meaning: &'static str,
}

macro_rules! outputs {
    ($($constant:ident, $name:literal, $kind:ident, $meaning:literal;)*) => {
        $(#[doc = $meaning] pub const $constant: Output =
            Output { name: $name, kind: CellKind::$kind, meaning: $meaning };)*
        /// Every column that a report adds.
        pub const ALL: &[Output] = &[$($constant),*];
    };
}

outputs! {
    RANK, "rank", Integer, "Place in the order asked for; empty in the `(other)` row.";
    BYTES, "bytes", Bytes, "Bytes of the counted records.";
    SHARE, "share", Share, "Share of the total that the table is sorted by.";
    PACKETS, "packets", Count, "Packets of the counted records.";
    FLOWS, "flows", Count, "Counted records: one is a flow at an interface in an aggregation interval.";
    DISTINCT, "distinct", Count, "Distinct values of the column that --distinct names, absent ones apart.";
    REJECTED_BYTES, "rejected_bytes", Bytes, "Bytes of the REJECT records; never part of `bytes`, never billed.";
    REJECTED_PACKETS, "rejected_packets", Count, "Packets of the REJECT records.";
    REJECTED_FLOWS, "rejected_flows", Count, "REJECT records.";
    FIRST_SEEN, "first_seen", Time, "Earliest start of the records.";
    LAST_SEEN, "last_seen", Time, "Latest end of the records; of traffic that counts once, the latest start.";
    OBJECT, "object", Text, "File or object, as found.";
    FORMAT, "format", Text, "How the object is written.";
    SIZE, "size", Bytes, "Size of the object as stored.";
    OBJECTS, "objects", Count, "Objects in the group.";
    FIELDS, "fields", Count, "Fields of a record in this format.";
    HEADER, "header", Text, "Field names in the order of the file.";
    LINES, "lines", Count, "Lines or rows read.";
    RECORDS, "records", Count, "Well-formed records.";
    OK, "ok", Count, "Records of traffic (log-status OK).";
    NO_DATA, "no_data", Count, "NODATA records: the interface was watched and quiet.";
    SKIP_DATA, "skip_data", Count, "SKIPDATA records: AWS lost records in that interval.";
    REJECTED, "rejected", Count, "REJECT records.";
    MALFORMED, "malformed", Count, "Lines left out because they could not be read.";
    FIELD, "field", Text, "Field or column.";
    VERSION, "version", Integer, "First AWS format version with the field; empty for an unknown or derived one.";
    KIND, "kind", Text, "What the values are.";
    STAGE, "stage", Text, "Where the values come from: the record, the object key, or derived from the record.";
    ALIASES, "aliases", Text, "Shorter names for it.";
    MEANING, "meaning", Text, "What it says.";
    FILLED, "filled", Count, "Records in which the field has a value.";
    FILLED_SHARE, "filled_share", Share, "Share of the records in which the field has a value.";
    LOGGED_FROM, "logged_from", Time, "Earliest start of an OK or NODATA record of the interface.";
    LOGGED_TO, "logged_to", Time, "Latest end of an OK or NODATA record of the interface.";
    GAPS, "gaps", Count, "Intervals in which AWS lost records of the interface (SKIPDATA), overlaps joined.";
    GAP_SECONDS, "gap_seconds", Count, "Seconds inside such gaps.";
    QUESTION, "question", Text, "What people ask of the logs.";
    SUPPORTED, "supported", Text, "yes, partly or no.";
    MISSING, "missing", Text, "What these logs do not have for it, and what follows.";
    REASON, "reason", Text, "Why lines were left out.";
    EXAMPLE, "example", Text, "One such line, shortened.";
    TEXT, "text", Text, "The line, at most its first 4096 bytes.";
    LINE, "line", Integer, "Line number.";
    CHARGE, "charge", Text, "What is charged.";
    FROM, "from", Text, "The region that is charged; `any` stands for those without a row of their own.";
    TO, "to", Text, "The other side of the charge: a region, `internet`, `same` (the region itself), a location, or `any`.";
    TIER_START_GB, "tier_start_gb", Count, "Where the tier begins, in GB of 2^30 bytes a month.";
    TIER_END_GB, "tier_end_gb", Count, "Where the tier ends; absent if it has no end.";
    USD_PER_GB, "usd_per_gb", Rate, "Price of a GB of 2^30 bytes; absent if it is not known.";
    EFFECTIVE_FROM, "effective_from", Text, "First day on which the price is known to be in force, UTC; absent for ever since.";
    EFFECTIVE_TO, "effective_to", Text, "First day on which the price is no longer in force; absent if there is none.";
    USAGE_TYPE, "usage_type", Text, "The charge's usage type on a bill.";
    SOURCE, "source", Text, "Where the price was read.";
    PART, "part", Integer, "Place of the amount among those asked for.";
    USD, "usd", Usd, "What the bytes cost; absent if they have no price.";
    UNPRICED_BYTES, "unpriced_bytes", Bytes, "Bytes that have no price, and so are not in `usd`.";
    NET_USD_PER_GB, "net_usd_per_gb", Rate, "The price less the discount.";
    EFFECTIVE_USD_PER_GB, "effective_usd_per_gb", Rate, "What a GB costs on average, rounded down.";
    GB, "gb", Decimal, "The bytes in GB of 2^30, as bills have them.";
    PREVIOUS_BYTES, "previous_bytes", Bytes, "Bytes of the period before.";
    BYTES_CHANGE_RATIO, "bytes_change_ratio", Change, "By which part of `previous_bytes` they changed; absent if there were none.";
    PREVIOUS_USD, "previous_usd", Usd, "What the bytes of the period before cost.";
    CHANGE_USD, "change_usd", Usd, "`usd` less `previous_usd`.";
    NEW_USD, "new_usd", Usd, "Part of `change_usd`: what was not there before.";
    GONE_USD, "gone_usd", Usd, "Part of `change_usd`: what is not there any more.";
    VOLUME_USD, "volume_usd", Usd, "Part of `change_usd`: more or fewer bytes, at the price of before; and what rounding left over.";
    PRICE_USD, "price_usd", Usd, "Part of `change_usd`: the bytes of now at the price of now less at the price of before, tiers included.";
    PATH_USD, "path_usd", Usd, "Part of `change_usd`: bytes that go another way between the same ends, at the prices of before.";
    TABLE, "table", Text, "Table of a query.";
    STEP, "step", Text, "before, the parts of the change (volume as what grew and what shrank), and now.";
    RUNNING_TOTAL_USD, "running_total_usd", Usd, "What it comes to after this step.";
    OTHER_PATH, "other_path", Text, "Of a path-change: the path that the traffic came from, or of what fell went to.";
    CHANGE_SHARE, "change_share", Change, "Its part of what rose, or of what fell.";
    CHANGE_RATIO, "change_ratio", Change, "`change_usd` as a part of `previous_usd`; absent if that is zero.";
    PAYER_ACCOUNT, "payer_account", Text, "The account that is charged.";
    ASSUMPTION, "assumption", Text, "What is taken for true because the logs do not tell it.";
    ASSUMED_BYTES, "assumed_bytes", Bytes, "Bytes whose path or charge rests on an assumption; a part of `bytes`.";
    ENDPOINT_A, "endpoint_a", Text, "One of two ends that talk, by --services or else by its place.";
    ENDPOINT_B, "endpoint_b", Text, "The other one.";
    MONTH_USD, "month_usd", Usd, "What `usd` comes to in a month of 730 hours; absent if no hour has traffic.";
    RECOMMENDATION, "recommendation", Text, "The way that has none of these charges.";
    STATUS, "status", Text, "Of a price: new, changed, dropped, unpriced or unverified. Of an incident: new, ongoing, worse or closed, by --state. Of a comparison: new, gone, grew, shrank or same.";
    EMBEDDED_USD_PER_GB, "embedded_usd_per_gb", Rate, "The price in the table that is part of outflow.";
    COLUMN, "column", Text, "The column that is wrong; absent if it is the whole line.";
    FAULT, "fault", Text, "What is wrong.";
    HINT, "hint", Text, "What to do about it.";
    PARAMETER, "parameter", Text, "What can be configured.";
    VALUE, "value", Text, "Its value, as one would write it.";
    DEFAULT, "default", Text, "Its value where nothing is said.";
    ORIGIN, "origin", Text, "Who says so: default, a line of a file, or a variable of the environment.";
    ROWS, "rows", Count, "Rows of price lists.";
    ID, "id", Text, "The incident; the same as long as it goes on.";
    SEVERITY, "severity", Text, "low, medium or high: how unusual the incident is; high only if it matters too.";
    METRIC, "metric", Text, "What is out of line: usd, bytes, flows or rejects.";
    DIMENSION, "dimension", Text, "What the scope is a value of: total, team, service, interface, destination, region_pair or path.";
    SCOPE, "scope", Text, "Which part of the traffic is out of line; empty of the total.";
    DIRECTION, "direction", Text, "up or down; of a comparison, whether it is of the rows that rose or of those that fell.";
    STARTED_AT, "started_at", Time, "Begin of the first hour that is out of line.";
    ENDED_AT, "ended_at", Time, "End of the last hour that is out of line.";
    OPEN, "open", Text, "Whether it still goes on in the last hours that were judged: yes or no.";
    HOURS, "hours", Count, "Hours that are out of line.";
    PEAK_DEVIATION, "peak_deviation", Decimal, "The greatest distance from what was expected, in usual deviations.";
    ACTUAL_USD, "actual_usd", Usd, "What the traffic cost.";
    EXPECTED_USD, "expected_usd", Usd, "What it would usually have cost; an estimate.";
    IMPACT_USD, "impact_usd", Usd, "The difference between the two, if it is in the direction of the incident.";
    ACTUAL_BYTES, "actual_bytes", Bytes, "Bytes, each once.";
    EXPECTED_BYTES, "expected_bytes", Bytes, "Bytes that there usually are; an estimate.";
    IMPACT_BYTES, "impact_bytes", Bytes, "The difference between the two, if it is in the direction of the incident.";
    ACTUAL_FLOWS, "actual_flows", Count, "Records that count.";
    EXPECTED_FLOWS, "expected_flows", Count, "Records that there usually are; an estimate.";
    ACTUAL_REJECTED, "actual_rejected", Count, "Refused records.";
    EXPECTED_REJECTED, "expected_rejected", Count, "Refused records that there usually are; an estimate.";
    CAUSE, "cause", Text, "The part of the traffic that most of the impact is in, or most of a change.";
    CAUSE_SHARE, "cause_share", Share, "How much of the impact is in it; more than all of it where something else fell.";
    CLASS, "class", Text, "new, growth, path-change, price, or spread where it rose everywhere; of what fell, gone and decline.";
    UNEXPLAINED_SHARE, "unexplained_share", Share, "How much of the impact is in no cause.";
    TREND, "trend", Text, "The last three days up to the end, six hours a mark: the greatest of them, of what fell the least; a dot where logs do not tell.";
    USUAL, "usual", Text, "What is usual in the hour that is furthest out of line.";
    SUMMARY, "summary", Text, "What happened, in a sentence.";
    FROM_PATH, "from_path", Text, "The path that the traffic took before, of a path-change.";
    COUNTERFACTUAL_USD, "counterfactual_usd", Usd, "What the incident's traffic would have cost had the cause been as usual; of a comparison, what everything would cost now had it not changed.";
    COUNTERFACTUAL_BYTES, "counterfactual_bytes", Bytes, "What its bytes would have been.";
    ACTUAL, "actual", Count, "What was measured in the hour, of the incident's metric.";
    EXPECTED, "expected", Count, "What was expected of the hour.";
    LOW, "low", Count, "Three usual deviations below that.";
    HIGH, "high", Count, "Three usual deviations above it.";
    DEVIATION, "deviation", Decimal, "How many usual deviations the hour is above what was expected.";
    STATE, "state", Text, "flagged, usual, masked (logs do not tell), not judged (too little history), or new baseline.";
    TREND_PART, "trend_part", Count, "What changes slowly, by STL over the whole series without what is out of line.";
    SEASONAL, "seasonal", Count, "What returns every day, by STL.";
    RESIDUAL, "residual", Count, "What is left, by STL.";
    SINCE, "since", Time, "The day since which it drifts.";
    DETECTED_AT, "detected_at", Time, "The day on which that became clear; the figures are of that day.";
    MONTH_IMPACT_USD, "month_impact_usd", Usd, "What the difference comes to in 30 days.";
    MONTH_IMPACT_BYTES, "month_impact_bytes", Bytes, "What the difference comes to in 30 days.";
    ALSO_MATCHES, "also_matches", Text, "What else describes the same traffic.";
    SIGNAL, "signal", Text, "What was found: beacon, new-destination, port-scan…";
    FAMILY, "family", Text, "The kind of evidence: volume, novelty, timing, protocol, scan, policy, list, health.";
    SCORE, "score", Integer, "0 to 100. Of an incident: how unusual it is. Of a signal: how suspect the destination is, all its parts together; absent where nothing adds to it.";
    BAND, "band", Text, "high (a score of 75, two kinds of evidence, enough bytes in a day), medium from 50 on, else low.";
    EVIDENCE, "evidence", Text, "What was seen, in numbers, with the threshold.";
    FAMILIES, "families", Text, "The kinds of evidence that the score rests on.";
    PARTS, "parts", Text, "What adds to the score, and what takes away from it.";
}
