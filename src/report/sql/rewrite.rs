//! The same query, written so that polars computes it exactly and in one order.
//!
//! - A column without a name is named by its expression, as written: `sum(bytes)`.
//! - Counts, number literals, and casts to integers have 64 bits, because polars' own types of 8 to 32 bits wrap
//!   silently in sums and products.
//! - A quotient is a floating-point number: of dollars it would else be cut to their ten decimals.
//! - A whole quotient (`a // b`, `div(a, b)`) that has more than 64 bits is an error: polars would make it null.
//! - Moments are compared as they are written elsewhere, with a `Z`; `in` takes them too.
//! - Rows that an order leaves equal, and groups without one, are sorted by the columns, so that a query is always
//!   byte-identical. ORDER BY takes the expression of a selected column.

use std::ops::ControlFlow;

use sqlparser::ast::{
    BinaryOperator, CastKind, DataType, ExactNumberInfo, Expr, Function, FunctionArg, FunctionArgExpr,
    FunctionArguments, GroupByExpr, Ident, OrderBy, OrderByExpr, OrderByKind, OrderByOptions, Query, Select,
    SelectItem, SetExpr, TableFactor, TypedString, UnaryOperator, Value, VisitMut, VisitorMut,
};
use sqlparser::dialect::GenericDialect;
use sqlparser::parser::Parser;

/// Functions whose results polars gives as whole numbers of less than 64 bits.
const NARROW: [&str; 14] = [
    "count",
    "row_number",
    "rank",
    "dense_rank",
    "length",
    "char_length",
    "character_length",
    "octet_length",
    "bit_length",
    "bit_count",
    "bitcount",
    "strpos",
    "array_length",
    "date_part",
];

/// Functions that give one of their arguments.
const CONSTANTS: [&str; 6] = ["coalesce", "ifnull", "if", "greatest", "least", "nullif"];

/// Rewrites a query.
pub(super) fn rewrite(query: &mut Query) {
    let is_unordered = query.order_by.is_none() && is_shuffled(&query.body);
    name_results(&mut query.body);
    let _: ControlFlow<()> = query.visit(&mut Exact);
    if is_unordered {
        let places = places(&query.body);
        let kind = OrderByKind::Expressions(places);
        query.order_by = Some(OrderBy { kind, interpolate: None })
            .filter(|by| !matches!(&by.kind, OrderByKind::Expressions(places) if places.is_empty()));
    }
}

/// What the outermost SELECT selects; of several, the first one.
pub(super) fn result_items(body: &SetExpr) -> &[SelectItem] {
    match body {
        SetExpr::Select(select) => &select.projection,
        SetExpr::Query(query) => result_items(&query.body),
        SetExpr::SetOperation { left, .. } => result_items(left),
        _ => &[],
    }
}

/// Names what the outermost SELECTs select without a name.
fn name_results(body: &mut SetExpr) {
    match body {
        SetExpr::Select(select) => select.projection.iter_mut().for_each(name_result),
        SetExpr::Query(query) => name_results(&mut query.body),
        SetExpr::SetOperation { left, right, .. } => {
            name_results(left);
            name_results(right);
        }
        _ => {}
    }
}

fn name_result(item: &mut SelectItem) {
    let SelectItem::UnnamedExpr(expr) = item else { return };
    if !matches!(expr, Expr::Identifier(_) | Expr::CompoundIdentifier(_)) {
        let alias = Ident::with_quote('"', expr.to_string());
        *item = SelectItem::ExprWithAlias { expr: expr.clone(), alias };
    }
}

/// Whether rows come in no order of their own.
fn is_shuffled(body: &SetExpr) -> bool {
    let is_grouped = |select: &Select| match &select.group_by {
        GroupByExpr::All(_) => true,
        GroupByExpr::Expressions(by, _) => !by.is_empty(),
    };
    let is_single = |select: &Select| match select.from.as_slice() {
        [table] => table.joins.is_empty() && matches!(table.relation, TableFactor::Table { .. }),
        _ => false,
    };
    match body {
        SetExpr::Select(select) => is_grouped(select) || select.distinct.is_some() || !is_single(select),
        SetExpr::Query(query) => query.order_by.is_none() && is_shuffled(&query.body),
        SetExpr::SetOperation { .. } => true,
        _ => false,
    }
}

/// How many of the first items give one column each.
pub(super) fn selected(items: &[SelectItem]) -> usize {
    let is_one = |item: &&SelectItem| matches!(item, SelectItem::UnnamedExpr(_) | SelectItem::ExprWithAlias { .. });
    items.iter().take_while(is_one).count()
}

/// An order by every selected column, by its place; none where there are wildcards.
fn places(body: &SetExpr) -> Vec<OrderByExpr> {
    let items = result_items(body);
    let count = if selected(items) == items.len() { items.len() } else { 0 };
    let order = |place| OrderByExpr { expr: number(place), options: OrderByOptions::default(), with_fill: None };
    (1..=count).map(order).collect()
}

fn number(number: usize) -> Expr {
    Expr::value(Value::Number(number.to_string(), false))
}

/// Rewrites expressions from the inside out.
struct Exact;

impl VisitorMut for Exact {
    type Break = ();

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        match expr {
            Expr::Cast { data_type, .. } if is_whole(data_type) => *data_type = DataType::BigInt(None),
            Expr::Extract { .. } | Expr::Position { .. } => *expr = cast(expr.clone(), DataType::BigInt(None)),
            Expr::Function(function) => {
                let name = function.name.to_string().to_lowercase();
                if CONSTANTS.contains(&name.as_str()) {
                    arguments(function).for_each(widen);
                }
                if let ("div", [left, right]) = (name.as_str(), &arguments(function).collect::<Vec<_>>()[..]) {
                    *expr = whole_quotient(left, right).unwrap_or_else(|| expr.clone());
                    return ControlFlow::Continue(());
                }
                let is_count = name == "sum" && arguments(function).all(|argument| is_truth(argument));
                if is_count || NARROW.contains(&name.as_str()) {
                    *expr = cast(expr.clone(), DataType::BigInt(None));
                }
            }
            Expr::Case { conditions, else_result, .. } => {
                conditions.iter_mut().for_each(|condition| widen(&mut condition.result));
                else_result.iter_mut().for_each(|result| widen(result));
            }
            Expr::BinaryOp { left, op: BinaryOperator::Divide, .. } => {
                **left = cast((**left).clone(), DataType::Double(ExactNumberInfo::None));
            }
            Expr::BinaryOp { left, op: BinaryOperator::DuckIntegerDivide, right } => {
                *expr = whole_quotient(left, right).unwrap_or_else(|| expr.clone());
            }
            Expr::BinaryOp { left, op, right } if is_arithmetic(op) => {
                widen(left);
                widen(right);
            }
            Expr::BinaryOp { left, op, right } if is_comparison(op) => [left, right].into_iter().for_each(plain_moment),
            Expr::Between { low, high, .. } => [low, high].into_iter().for_each(plain_moment),
            Expr::InList { expr: tested, list, negated } => {
                if let Some(tests) = moment_tests(tested, list) {
                    let tests = Expr::Nested(Box::new(tests));
                    let op = UnaryOperator::Not;
                    *expr = if *negated { Expr::UnaryOp { op, expr: Box::new(tests) } } else { tests };
                }
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }

    fn post_visit_select(&mut self, select: &mut Select) -> ControlFlow<()> {
        for item in &mut select.projection {
            if let SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } = item {
                widen(expr);
            }
        }
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, query: &mut Query) -> ControlFlow<()> {
        let Query { order_by, body, .. } = query;
        if let Some(OrderBy { kind: OrderByKind::Expressions(by), .. }) = order_by {
            for order in by.iter_mut() {
                if let Some(place) = selected_at(&order.expr, result_items(body)) {
                    order.expr = number(place);
                }
            }
            by.extend(places(body));
        }
        ControlFlow::Continue(())
    }
}

fn cast(expr: Expr, data_type: DataType) -> Expr {
    Expr::Cast { kind: CastKind::Cast, expr: Box::new(expr), data_type, array: false, format: None }
}

/// A whole quotient. Where polars makes it null though nothing is null or zero, it does not fit, and neither does the
/// dividend, which is cast in its place and fails.
fn whole_quotient(left: &Expr, right: &Expr) -> Option<Expr> {
    let text = format!("cast(coalesce(({left}) // ({right}), ({left}) + 0 * nullif({right}, 0)) as bigint)");
    Parser::new(&GenericDialect).try_with_sql(&text).ok()?.parse_expr().ok()
}

/// Whether it is a whole quotient.
pub(super) fn is_whole_quotient(expr: &Expr) -> bool {
    match expr {
        Expr::BinaryOp { op, .. } => *op == BinaryOperator::DuckIntegerDivide,
        Expr::Function(function) => function.name.to_string().eq_ignore_ascii_case("div"),
        _ => false,
    }
}

/// Whether a type is one of whole numbers of at most 64 bits.
fn is_whole(data_type: &DataType) -> bool {
    matches!(
        data_type,
        DataType::TinyInt(_)
            | DataType::SmallInt(_)
            | DataType::MediumInt(_)
            | DataType::Int(_)
            | DataType::Integer(_)
            | DataType::Int2(_)
            | DataType::Int4(_)
            | DataType::Int16
            | DataType::Int32
            | DataType::IntUnsigned(_)
            | DataType::IntegerUnsigned(_)
            | DataType::UInt16
            | DataType::UInt32
    )
}

/// The arguments of a function that are expressions.
fn arguments(function: &mut Function) -> impl Iterator<Item = &mut Expr> {
    let list = if let FunctionArguments::List(list) = &mut function.args { list.args.as_mut_slice() } else { &mut [] };
    list.iter_mut().filter_map(|argument| match argument {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr),
        _ => None,
    })
}

/// Makes a whole number as written one of 64 bits.
fn widen(expr: &mut Expr) {
    if is_number(expr) {
        *expr = cast(expr.clone(), DataType::BigInt(None));
    }
}

/// Whether it is a whole number as written.
pub(super) fn is_number(expr: &Expr) -> bool {
    match expr {
        Expr::Value(value) => {
            matches!(&value.value, Value::Number(digits, _) if digits.bytes().all(|c| c.is_ascii_digit()))
        }
        Expr::UnaryOp { op: UnaryOperator::Minus | UnaryOperator::Plus, expr } => is_number(expr),
        Expr::Nested(inner) => is_number(inner),
        _ => false,
    }
}

/// Truth value of a constant condition, if recognisable.
fn is_truth(expr: &Expr) -> bool {
    match expr {
        Expr::BinaryOp { op, .. } => is_comparison(op) || matches!(op, BinaryOperator::And | BinaryOperator::Or),
        Expr::IsNull(_) | Expr::IsNotNull(_) | Expr::Between { .. } | Expr::InList { .. } => true,
        Expr::Like { .. } | Expr::ILike { .. } | Expr::UnaryOp { op: UnaryOperator::Not, .. } => true,
        Expr::Nested(inner) => is_truth(inner),
        _ => false,
    }
}

fn is_arithmetic(op: &BinaryOperator) -> bool {
    use BinaryOperator::{Minus, Modulo, Multiply, Plus};
    matches!(op, Plus | Minus | Multiply | Modulo)
}

/// Whether an operator compares two values.
pub(super) fn is_comparison(op: &BinaryOperator) -> bool {
    use BinaryOperator::{Eq, Gt, GtEq, Lt, LtEq, NotEq};
    matches!(op, Eq | NotEq | Lt | LtEq | Gt | GtEq)
}

/// A moment as polars compares it with a column of moments: text without a `Z`.
fn plain_moment(expr: &mut Box<Expr>) {
    if let Some(text) = moment(expr) {
        **expr = Expr::value(Value::SingleQuotedString(text));
    }
}

/// The text of a moment: `'2026-10-01'`, `'2026-10-01T12:00:00Z'`, `timestamp '2026-10-01 12:00:00'`.
fn moment(expr: &Expr) -> Option<String> {
    let value = match expr {
        Expr::Value(value) => value,
        Expr::TypedString(TypedString { data_type: DataType::Date | DataType::Timestamp(..), value, .. }) => value,
        _ => return None,
    };
    let Value::SingleQuotedString(text) = &value.value else { return None };
    let plain = text.strip_suffix('Z').unwrap_or(text);
    is_moment(plain).then(|| plain.to_owned())
}

/// Whether a text is a date, perhaps with a time of day after it.
fn is_moment(text: &str) -> bool {
    let digits = |from: usize, to: usize| text.as_bytes()[from..to].iter().all(u8::is_ascii_digit);
    let is_date = text.is_ascii()
        && text.len() >= 10
        && digits(0, 4)
        && digits(5, 7)
        && digits(8, 10)
        && text.as_bytes()[4] == b'-'
        && text.as_bytes()[7] == b'-';
    is_date && (text.len() == 10 || matches!(text.as_bytes()[10], b'T' | b' '))
}

/// `x = a or x = b` for `x in (a, b)`, if those are moments.
fn moment_tests(tested: &Expr, list: &[Expr]) -> Option<Expr> {
    let moments: Vec<String> = list.iter().map(moment).collect::<Option<_>>()?;
    let test = |text: String| Expr::BinaryOp {
        left: Box::new(tested.clone()),
        op: BinaryOperator::Eq,
        right: Box::new(Expr::value(Value::SingleQuotedString(text))),
    };
    let or = |one, other| Expr::BinaryOp { left: Box::new(one), op: BinaryOperator::Or, right: Box::new(other) };
    moments.into_iter().map(test).reduce(or)
}

/// The place of the selected column that an order is by, if it is written as its expression.
fn selected_at(order: &Expr, items: &[SelectItem]) -> Option<usize> {
    if matches!(order, Expr::Identifier(_) | Expr::CompoundIdentifier(_) | Expr::Value(_)) {
        return None;
    }
    let text = order.to_string();
    let is_it = |item: &SelectItem| match item {
        SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => expr.to_string() == text,
        _ => false,
    };
    // A place counts only as far as no wildcard comes before it.
    items[..selected(items)].iter().position(is_it).map(|place| place + 1)
}
