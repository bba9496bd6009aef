//! The columns that reports add to those of the records: measures, ranks, shares, counts of lines.
//!
//! A report's table is built from these and from key columns; docs/columns.md lists them.

use super::{Column, Kind};

/// What begins the keys of the metadata by which Parquet files say that this program wrote them.
pub const OUTPUT_MARK: &str = "outflow";
/// The key of a report's metadata; the value is the report's name.
pub const REPORT_MARK: &str = "outflow.report";

/// What a cell of a report holds, and so how a view shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CellKind {
    /// Text, an address or a prefix.
    Text,
    /// A whole number shown as it is: a port, a rank.
    Integer,
    /// A count, displayed with separators.
    Count,
    /// Bytes, displayed in units.
    Bytes,
    /// A fraction of a whole: displayed as per cent, a decimal fraction elsewhere.
    Share,
    /// A moment, UTC.
    Time,
    /// A calendar day, of the zone of `--tz`.
    Date,
    /// An amount of money: displayed in cents, every digit elsewhere.
    Usd,
    /// A relative change: displayed as per cent, a decimal fraction elsewhere.
    Change,
    /// A decimal number: displayed with two decimals, all of them elsewhere.
    Decimal,
    /// A price: displayed with significant digits, every digit elsewhere.
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
            Kind::Time if column == Column::Day => Self::Date,
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
            Self::Date => "date",
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
    /// A one-sentence description.
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
    RANK, "rank", Integer, "Rank in the requested order; empty in the `(other)` row.";
    BYTES, "bytes", Bytes, "Bytes of the counted records.";
    SHARE, "share", Share, "Share of the total that the table is sorted by.";
    PACKETS, "packets", Count, "Packets of the counted records.";
    FLOWS, "flows", Count, "Counted records; each is one flow at an interface in an aggregation interval.";
    DISTINCT, "distinct", Count, "Distinct values of the --distinct column, without absent ones.";
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
    NO_DATA, "no_data", Count, "NODATA records: the interface was logged but had no traffic.";
    SKIP_DATA, "skip_data", Count, "SKIPDATA records: AWS dropped records in that interval.";
    REJECTED, "rejected", Count, "REJECT records.";
    MALFORMED, "malformed", Count, "Malformed lines, skipped.";
    FIELD, "field", Text, "Field or column.";
    VERSION, "version", Integer, "First AWS format version with the field; empty for an unknown or derived one.";
    KIND, "kind", Text, "Type of the values.";
    STAGE, "stage", Text, "Where the values come from: the record, the object key, or derived from the record.";
    ALIASES, "aliases", Text, "Short names.";
    MEANING, "meaning", Text, "Description.";
    FILLED, "filled", Count, "Records in which the field has a value.";
    FILLED_SHARE, "filled_share", Share, "Share of the records in which the field has a value.";
    LOGGED_FROM, "logged_from", Time, "Earliest start of an OK or NODATA record of the interface.";
    LOGGED_TO, "logged_to", Time, "Latest end of an OK or NODATA record of the interface.";
    GAPS, "gaps", Count, "Intervals in which AWS dropped records of the interface (SKIPDATA), overlaps merged.";
    GAP_SECONDS, "gap_seconds", Count, "Seconds inside such gaps.";
    QUESTION, "question", Text, "Question to the logs.";
    SUPPORTED, "supported", Text, "yes, partly or no.";
    MISSING, "missing", Text, "Missing fields, and the consequence.";
    REASON, "reason", Text, "Why lines were skipped, or bytes are unpriced.";
    EXAMPLE, "example", Text, "One such line, shortened.";
    TEXT, "text", Text, "The line, at most its first 4096 bytes.";
    LINE, "line", Integer, "Line number.";
    CHARGE, "charge", Text, "What is charged.";
    FROM, "from", Text, "Charged region, or group of Local or Wavelength Zones; `any` covers regions without their own row.";
    TO, "to", Text, "The other side of the charge: a region or group of zones, `internet`, `same` (the region itself), a location, or `any`.";
    TIER_START_GB, "tier_start_gb", Count, "Start of the tier, in GB of 2^30 bytes a month.";
    TIER_END_GB, "tier_end_gb", Count, "End of the tier; absent for the last one.";
    USD_PER_GB, "usd_per_gb", Rate, "Price per GB of 2^30 bytes; absent if unknown.";
    USD_PER_HOUR, "usd_per_hour", Rate, "Price per hour of a gateway, endpoint or address; absent for prices per GB.";
    EFFECTIVE_FROM, "effective_from", Text, "First day of the price, UTC; absent if unlimited.";
    EFFECTIVE_TO, "effective_to", Text, "First day after the price, UTC; absent if unlimited.";
    CONFIDENCE, "confidence", Text, "Of a price, how well it is attested: verified (two sources, or AWS's own), single, inferred. Of a recommendation, how sure it is that the change is possible and saves that much: high, medium or low.";
    AS_OF, "as_of", Text, "Day of the newest source of the price.";
    USAGE_TYPE, "usage_type", Text, "Usage type of the charge on a bill.";
    SOURCE, "source", Text, "Source of the price.";
    PART, "part", Integer, "Position of the amount in --bytes.";
    USD, "usd", Usd, "Cost of the bytes; absent if unpriced.";
    UNPRICED_BYTES, "unpriced_bytes", Bytes, "Unpriced bytes, excluded from `usd`; displays leave the column out where it is zero throughout.";
    BEFORE_UNPRICED_BYTES, "before_unpriced_bytes", Bytes, "Bytes that had no price before the update.";
    BEFORE_USD_PER_GB, "before_usd_per_gb", Rate, "Price per GB before the update; absent if there was none.";
    BEFORE_USD_PER_HOUR, "before_usd_per_hour", Rate, "The same of a price per hour.";
    PRICE_CHANGE_RATIO, "price_change_ratio", Change, "Change of the price relative to `before_usd_per_gb`.";
    SPLIT_RULE, "split_rule", Text, "How the owner's cost is split over the others.";
    SPLIT_SHARE, "split_share", Share, "The owner's share of what was split.";
    SPLIT_USD, "split_usd", Usd, "`after_usd` minus `before_usd`: what the owner got of a split, or what of it was split.";
    BEFORE_USD, "before_usd", Usd, "Cost before: of an update, at the prices of before; of a split, before it.";
    AFTER_USD, "after_usd", Usd, "Cost after: of an update, at the new prices; of a split, after it.";
    NET_USD_PER_GB, "net_usd_per_gb", Rate, "The price less the discount.";
    EFFECTIVE_USD_PER_GB, "effective_usd_per_gb", Rate, "Effective price per GB, rounded down.";
    GB, "gb", Decimal, "The bytes in GB of 2^30, as bills have them.";
    PREVIOUS_BYTES, "previous_bytes", Bytes, "Bytes in the previous period.";
    BYTES_CHANGE_RATIO, "bytes_change_ratio", Change, "Change of bytes relative to `previous_bytes`; absent if that is zero.";
    PREVIOUS_USD, "previous_usd", Usd, "Cost in the previous period.";
    CHANGE_USD, "change_usd", Usd, "`usd` minus `previous_usd`, or `after_usd` minus `before_usd`.";
    NEW_USD, "new_usd", Usd, "Part of `change_usd`: new traffic.";
    GONE_USD, "gone_usd", Usd, "Part of `change_usd`: traffic that disappeared.";
    VOLUME_USD, "volume_usd", Usd, "Part of `change_usd`: more or fewer bytes at the previous price, with rounding residuals.";
    PRICE_USD, "price_usd", Usd, "Part of `change_usd`: current bytes at the current price minus the previous price, tiers included.";
    PATH_USD, "path_usd", Usd, "Part of `change_usd`: bytes that take another path between the same endpoints, at previous prices.";
    TABLE, "table", Text, "Table of a query.";
    STEP, "step", Text, "before, the parts of the change (volume as growth and decline), and now.";
    RUNNING_TOTAL_USD, "running_total_usd", Usd, "Running total after this step.";
    OTHER_PATH, "other_path", Text, "For a path-change, the other path of the traffic.";
    CHANGE_SHARE, "change_share", Change, "Share of the increase or decrease.";
    CHANGE_RATIO, "change_ratio", Change, "`change_usd` relative to the earlier cost; absent if that is zero.";
    PAYER_ACCOUNT, "payer_account", Text, "Account billed for the charge.";
    ASSUMPTION, "assumption", Text, "Assumption made because the logs lack the information.";
    ASSUMED_BYTES, "assumed_bytes", Bytes, "Bytes whose path or charge rests on an assumption; included in `bytes`.";
    ENDPOINT_A, "endpoint_a", Text, "First endpoint of the pair, by --services or else by location.";
    ENDPOINT_B, "endpoint_b", Text, "Second endpoint of the pair.";
    MONTH_USD, "month_usd", Usd, "`usd` extrapolated to a month of 730 hours; absent without traffic.";
    RECOMMENDATION, "recommendation", Text, "Change that avoids these charges.";
    ACCOUNT, "account", Text, "Account that pays most of the avoidable charges.";
    REGION, "region", Text, "Region of the prices.";
    SAVING_MONTH_USD, "saving_month_usd", Usd, "Charges of a month of 730 hours that end, extrapolated from the covered hours.";
    COST_MONTH_USD, "cost_month_usd", Usd, "Charges of such a month that begin: hours of gateways, endpoints and addresses, and bytes on the new route.";
    NET_MONTH_USD, "net_month_usd", Usd, "`saving_month_usd` minus `cost_month_usd`; absent if a price is unknown.";
    EFFORT, "effort", Text, "low, medium or high: what the change usually takes.";
    OVERLAPS_WITH, "overlaps_with", Integer, "Rank of a better recommendation that ends some of the same charges; the savings of the two do not add up.";
    ACTION, "action", Text, "What to do.";
    GATEWAY_HOURS, "gateway_hours", Count, "Hours of gateways, endpoints or addresses in a month that begin or end.";
    CHANGE_MONTH_USD, "change_month_usd", Usd, "Change of a month's cost; negative for a saving.";
    STATUS, "status", Text, "Of a price: new, changed, dropped, unpriced, unverified, or kept where a price list says otherwise. Of an incident: new, ongoing, worse or closed, by --state. Of a comparison: new, gone, grew, shrank or same by dollars, else by bytes; costlier with fewer bytes, cheaper with more. Of an object of a store: read, pending or output. Of a recommendation: recommended; alternative, if a better one ends some of the same charges; small, if below --min-usd; no-saving, if it costs as much as it saves; unpriced.";
    EMBEDDED_USD_PER_GB, "embedded_usd_per_gb", Rate, "Embedded price.";
    EMBEDDED_USD_PER_HOUR, "embedded_usd_per_hour", Rate, "Embedded price, of a price per hour.";
    COLUMN, "column", Text, "Column of the error; absent if it concerns the whole line.";
    FAULT, "fault", Text, "Error message.";
    HINT, "hint", Text, "How to fix it.";
    PARAMETER, "parameter", Text, "Parameter name.";
    VALUE, "value", Text, "Value, as written in the file.";
    DEFAULT, "default", Text, "Default value.";
    ORIGIN, "origin", Text, "Origin of the value: default, a line of a file, or an environment variable.";
    ROWS, "rows", Count, "Rows of price lists.";
    OWNER_KEY, "owner_key", Text, "Key of owners, such as team.";
    OWNER, "owner", Text, "Owner: of a tag table the row's value of the key; of a recommendation who bears most of the avoidable charges, by the key of --owner.";
    TAG_TABLE, "tag_table", Text, "File of the tag table.";
    TAG_ROWS, "tag_rows", Count, "Rows of tag tables with a value of the key.";
    MATCHED_ROWS, "matched_rows", Count, "Rows that match an end in these logs.";
    INTERFACES, "interfaces", Count, "Interfaces of the estate that have traffic.";
    TAGGED_INTERFACES, "tagged_interfaces", Count, "Interfaces whose ends have an owner.";
    TAGGED_BYTES, "tagged_bytes", Bytes, "Bytes at ends that have an owner.";
    TAGGED_BYTES_SHARE, "tagged_bytes_share", Share, "Share of the bytes at ends that have an owner.";
    TAGGED_USD, "tagged_usd", Usd, "Cost that is allocated to an owner.";
    TAGGED_USD_SHARE, "tagged_usd_share", Share, "Share of the cost that is allocated to an owner.";
    INTERFACE, "interface", Text, "Interface of the end.";
    INSTANCE, "instance", Text, "Instance of the end.";
    VPC, "vpc", Text, "VPC of the end.";
    SUBNET, "subnet", Text, "Subnet of the end.";
    ADDRESS, "address", Text, "Address of the end.";
    ID, "id", Text, "Incident id, stable while the incident lasts.";
    SEVERITY, "severity", Text, "low, medium or high: how unusual the incident is; high also requires impact.";
    METRIC, "metric", Text, "Anomalous metric: usd, bytes, flows or rejected.";
    DIMENSION, "dimension", Text, "Dimension of the scope: total, team, service, interface, destination, region_pair or path.";
    SCOPE, "scope", Text, "Part of the traffic that is anomalous; empty for the total.";
    DIRECTION, "direction", Text, "up or down; in a comparison, whether the rows increased or decreased.";
    STARTED_AT, "started_at", Time, "Start of the first anomalous hour.";
    ENDED_AT, "ended_at", Time, "End of the last anomalous hour.";
    OPEN, "open", Text, "Whether it continues in the last judged hours: yes or no.";
    HOURS, "hours", Count, "Anomalous hours.";
    PEAK_DEVIATION, "peak_deviation", Decimal, "Largest deviation from the expected value, in scales.";
    ACTUAL_USD, "actual_usd", Usd, "Actual cost.";
    EXPECTED_USD, "expected_usd", Usd, "Expected cost; an estimate.";
    IMPACT_USD, "impact_usd", Usd, "Actual minus expected, if in the direction of the incident.";
    ACTUAL_BYTES, "actual_bytes", Bytes, "Deduplicated bytes.";
    EXPECTED_BYTES, "expected_bytes", Bytes, "Expected bytes; an estimate.";
    IMPACT_BYTES, "impact_bytes", Bytes, "Actual minus expected, if in the direction of the incident.";
    ACTUAL_FLOWS, "actual_flows", Count, "Actual flows.";
    EXPECTED_FLOWS, "expected_flows", Count, "Expected flows; an estimate.";
    ACTUAL_REJECTED, "actual_rejected", Count, "Rejected records.";
    EXPECTED_REJECTED, "expected_rejected", Count, "Expected rejected records; an estimate.";
    CAUSE, "cause", Text, "Part of the traffic that explains most of the impact or change.";
    CAUSE_SHARE, "cause_share", Share, "Share of the impact explained by the cause; above 100% if other traffic decreased.";
    CLASS, "class", Text, "new, growth, path-change, price, or spread if it rose everywhere; for decreases gone and decline.";
    UNEXPLAINED_SHARE, "unexplained_share", Share, "Share of the impact without a cause.";
    TREND, "trend", Text, "Sparkline of the last three days, six hours per mark: the maximum, for decreases the minimum; a dot without coverage.";
    USUAL, "usual", Text, "Usual value in the hour with the largest deviation.";
    SUMMARY, "summary", Text, "Summary in one sentence.";
    FROM_PATH, "from_path", Text, "Previous path, for a path-change.";
    COUNTERFACTUAL_USD, "counterfactual_usd", Usd, "Cost had the cause been as usual; in a comparison, total cost without this change.";
    COUNTERFACTUAL_BYTES, "counterfactual_bytes", Bytes, "Bytes had the cause been as usual.";
    ACTUAL, "actual", Count, "Actual value of the metric in the hour.";
    EXPECTED, "expected", Count, "Expected value in the hour.";
    LOW, "low", Count, "Expected value minus three scales.";
    HIGH, "high", Count, "Expected value plus three scales.";
    DEVIATION, "deviation", Decimal, "Deviation from the expected value, in scales.";
    STATE, "state", Text, "flagged, usual, masked (not covered by the logs), not judged (too little history), or new baseline.";
    TREND_PART, "trend_part", Count, "STL trend of the whole series without anomalies.";
    SEASONAL, "seasonal", Count, "STL seasonal component.";
    RESIDUAL, "residual", Count, "STL residual.";
    SINCE, "since", Time, "First day of the drift.";
    DETECTED_AT, "detected_at", Time, "Day of detection; the figures are of that day.";
    MONTH_IMPACT_USD, "month_impact_usd", Usd, "Impact extrapolated to 30 days.";
    MONTH_IMPACT_BYTES, "month_impact_bytes", Bytes, "Impact extrapolated to 30 days.";
    ALSO_MATCHES, "also_matches", Text, "Other descriptions of the same traffic.";
    SIGNAL, "signal", Text, "Signal: beacon, new-destination, port-scan…";
    FAMILY, "family", Text, "Evidence family: volume, novelty, timing, protocol, scan, policy, list, health.";
    SCORE, "score", Integer, "0 to 100. For an incident, how unusual it is; for a signal, how suspicious the destination is; absent if nothing contributes.";
    BAND, "band", Text, "high (score 75, two evidence families and enough bytes in a day), medium from 50, else low.";
    EVIDENCE, "evidence", Text, "Observed values and thresholds.";
    FAMILIES, "families", Text, "Evidence families of the score.";
    RESOURCE, "resource", Text, "Resource: of a tag table what the row is about; of a bill as the bill has it, `(other)` for those that flow logs have no name of; of a recommendation what to change: a VPC, an instance, a gateway, an endpoint, or two of them.";
    BILLED_GB, "billed_gb", Decimal, "GB of 2^30 bytes on the bill.";
    LOGGED_GB, "logged_gb", Decimal, "The same in the logs.";
    DIFFERENCE_GB, "difference_gb", Decimal, "`billed_gb` minus `logged_gb`.";
    BILLED_USD, "billed_usd", Usd, "Cost on the bill after discounts.";
    LOGGED_USD, "logged_usd", Usd, "Part of `billed_usd` that flow logs explain: the logged bytes at list prices.";
    NAMED_USD, "named_usd", Usd, "Part of `billed_usd` with a named reason.";
    RESIDUAL_USD, "residual_usd", Usd, "Part of `billed_usd` that nothing explains.";
    REASONS, "reasons", Text, "Names of the reasons of `named_usd`.";
    BILLED_DAY, "day", Date, "Day of the usage, UTC.";
    USAGE_ACCOUNT, "usage_account", Text, "Account that used it, as the bill has it.";
    USAGE_TYPES, "usage_types", Text, "Usage types on the bill.";
    FROM_REGION, "from_region", Text, "Region of the price, or the group of its Local or Wavelength Zone.";
    SKU, "sku", Text, "SKU on the bill: the pool of its tiers.";
    OTHER_GB, "other_gb", Decimal, "GB of the pool that are not in the logs: where tiers start for these.";
    ALLOCATED_USD, "allocated_usd", Usd, "Owner's part of the cost on the bill after discounts.";
    PARTS, "parts", Text, "Contributions to the score.";
    STORE, "store", Text, "Folder of the store.";
    NEW_OBJECTS, "new_objects", Count, "Objects that were read into the store for the first time.";
    REPLACED_OBJECTS, "replaced_objects", Count, "Objects whose content had changed, and took the place of what was read before.";
    RETRIED_OBJECTS, "retried_objects", Count, "Objects of which more could be read than the last time.";
    UNCHANGED_OBJECTS, "unchanged_objects", Count, "Objects that the store had already.";
    PENDING_OBJECTS, "pending_objects", Count, "Objects of the store that could not be read completely and are tried again by each run.";
    FACTS, "facts", Count, "Rows of facts that were written.";
    WRITTEN_BYTES, "written_bytes", Bytes, "Bytes of the files that were written.";
    COMMITS, "commits", Count, "Commits of the run.";
    STORE_VERSION, "store_version", Integer, "Version of the store's table after the run.";
    FIRST_START, "first_start", Time, "Earliest start of the object's records.";
    LAST_START, "last_start", Time, "Latest start of the object's records.";
    INGESTED_AT, "ingested_at", Time, "When the object was read.";
}
