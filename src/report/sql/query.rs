//! The text of a query: which tables and columns it names, and what it may not do.
//!
//! The query is parsed before any log is read, so that only its columns are decoded and joined. A column counts
//! wherever it occurs: in a result, a condition, a grouping, an order or a subquery. Polars gets the same query,
//! rewritten to compute exactly: see [`super::rewrite`]. Names are not checked here.

use std::ops::ControlFlow;

use sqlparser::ast::{
    Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, JoinConstraint, JoinOperator, ObjectName,
    Query as Ast, Select, SelectItem, SetExpr, Statement, TableFactor, Visit, Visitor,
};
use sqlparser::dialect::GenericDialect;
use sqlparser::parser::{Parser, ParserError, ParserOptions};

use super::rewrite;
use super::tables::Table;
use crate::error::{Error, nearest};

/// The longest query.
pub const QUERY_BYTES_MAX: usize = 64 << 10;
/// How deep its expressions may be nested.
pub const QUERY_DEPTH_MAX: usize = 100;
/// How deep whole quotients may be nested: each is written twice for polars.
const QUOTIENTS_DEPTH_MAX: usize = 6;

/// What an order to do something else than to ask is answered with.
const ONLY_SELECT: &str = "for example: select src, sum(bytes) from traffic group by src order by 2 desc limit 10";
/// The functions whose result is like their first argument.
const ALIKE: [&str; 12] =
    ["sum", "min", "max", "first", "last", "lag", "lead", "first_value", "last_value", "coalesce", "ifnull", "abs"];

/// A query that was read.
#[derive(Clone, Debug)]
pub struct Query {
    /// As polars runs it.
    text: String,
    tables: Vec<Table>,
    names: Vec<String>,
    numbered: Vec<String>,
    has_wildcard: bool,
    /// For each column of the result the column of a table that its values are like; none where there are wildcards.
    behind: Vec<Option<String>>,
}

impl Query {
    /// Reads a query.
    ///
    /// # Errors
    /// A usage error for what is no single SELECT over the tables there are, or too large.
    pub fn parse(text: &str) -> Result<Self, Error> {
        if text.len() > QUERY_BYTES_MAX {
            return Err(Error::usage(format!("the query has more than {QUERY_BYTES_MAX} bytes")));
        }
        let mut ast = single_query(text)?;
        let mut found = Names::default();
        if let ControlFlow::Break(error) = ast.visit(&mut found) {
            return Err(*error);
        }
        let tables = found.tables()?;
        let items = rewrite::result_items(&ast.body);
        let has_places = rewrite::selected(items) == items.len();
        let behind = items.iter().filter(|_| has_places).map(behind).collect();
        rewrite::rewrite(&mut ast);
        let Names { names, numbered, has_wildcard, .. } = found;
        Ok(Self { text: ast.to_string(), tables, names, numbered, has_wildcard, behind })
    }

    /// The query as polars runs it.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The tables that it names, each once.
    #[must_use]
    pub fn tables(&self) -> &[Table] {
        &self.tables
    }

    /// The names of columns in it, each once; aliases may be among them.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The names of columns that it compares with numbers.
    pub(super) fn numbered(&self) -> &[String] {
        &self.numbered
    }

    /// Whether it asks for all columns with `*`.
    #[must_use]
    pub fn has_wildcard(&self) -> bool {
        self.has_wildcard
    }

    /// The column of a table that a column of the result is like: by its expression, else by its own name.
    pub(super) fn behind<'a>(&'a self, place: usize, name: &'a str) -> &'a str {
        self.behind.get(place).and_then(Option::as_deref).unwrap_or(name)
    }
}

/// The one query of a text.
fn single_query(text: &str) -> Result<Box<Ast>, Error> {
    let options = ParserOptions { trailing_commas: true, ..ParserOptions::default() };
    let parsed = Parser::new(&GenericDialect).with_options(options).try_with_sql(text);
    let statements = parsed.and_then(|mut parser| parser.parse_statements()).map_err(|error| {
        let reason = match error {
            ParserError::TokenizerError(reason) | ParserError::ParserError(reason) => reason,
            ParserError::RecursionLimitExceeded => "nested too deep".to_owned(),
        };
        Error::usage(format!("invalid query: {reason}"))
    })?;
    let mut statements = statements.into_iter();
    match (statements.next(), statements.next()) {
        (Some(Statement::Query(query)), None) => Ok(query),
        (Some(Statement::Explain { .. } | Statement::ExplainTable { .. }), None) => {
            Err(Error::usage("only SELECT is supported").hint("--explain shows how a query is carried out"))
        }
        (Some(_), None) => Err(Error::usage("only SELECT is supported").hint(ONLY_SELECT)),
        (Some(_), Some(_)) => Err(Error::usage("the query has more than one statement")),
        (None, _) => Err(Error::usage("the query is empty").hint(ONLY_SELECT)),
    }
}

/// The column that a result is like.
fn behind(item: &SelectItem) -> Option<String> {
    match item {
        SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => like(expr),
        _ => None,
    }
}

/// The name of the column that an expression is.
fn column(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Identifier(name) => Some(name.value.clone()),
        Expr::CompoundIdentifier(parts) => parts.last().map(|name| name.value.clone()),
        _ => None,
    }
}

fn like(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Identifier(_) | Expr::CompoundIdentifier(_) => column(expr),
        Expr::Nested(inner) => like(inner),
        Expr::Function(function) => {
            let name = function.name.to_string().to_lowercase();
            let FunctionArguments::List(list) = &function.args else { return None };
            match list.args.first().filter(|_| ALIKE.contains(&name.as_str())) {
                Some(FunctionArg::Unnamed(FunctionArgExpr::Expr(first))) => like(first),
                _ => None,
            }
        }
        _ => None,
    }
}

/// What a query names.
#[derive(Default)]
struct Names {
    names: Vec<String>,
    relations: Vec<String>,
    /// Names that the query itself gives to subqueries.
    common: Vec<String>,
    /// Names that are compared with numbers.
    numbered: Vec<String>,
    has_wildcard: bool,
    depth: usize,
    quotients_depth: usize,
}

type Refusal = ControlFlow<Box<Error>>;

fn refuse(error: Error) -> Refusal {
    ControlFlow::Break(Box::new(error))
}

impl Names {
    fn name(&mut self, name: &str) {
        if !self.names.iter().any(|known| known == name) {
            self.names.push(name.to_owned());
        }
    }

    /// The tables, in order of occurrence.
    fn tables(&self) -> Result<Vec<Table>, Error> {
        let mut tables: Vec<Table> = Vec::new();
        for name in self.relations.iter().filter(|name| !self.common.contains(name)) {
            let table = Table::of_name(name).ok_or_else(|| self.unknown(name))?;
            if !tables.contains(&table) {
                tables.push(table);
            }
        }
        if tables.is_empty() {
            return Err(Error::usage("the query names no table").hint(Self::listed()));
        }
        Ok(tables)
    }

    fn unknown(&self, name: &str) -> Error {
        let known =
            Table::ALL.iter().map(|table| -> &str { table.name() }).chain(self.common.iter().map(String::as_str));
        let error = Error::usage(format!("unknown table `{name}`"));
        match nearest(&name.to_lowercase(), known) {
            Some(near) => error.hint(format!("did you mean `{near}`?")),
            None => error.hint(Self::listed()),
        }
    }

    fn listed() -> String {
        format!("the tables are {}", Table::ALL.map(Table::name).join(", "))
    }
}

impl Visitor for Names {
    type Break = Box<Error>;

    fn pre_visit_query(&mut self, query: &Ast) -> Refusal {
        for table in query.with.iter().flat_map(|with| &with.cte_tables) {
            let name = &table.alias.name.value;
            if Table::of_name(name).is_some() {
                return refuse(
                    Error::usage(format!("WITH {name}: the name is a built-in table")).hint("choose another"),
                );
            }
            self.common.push(name.clone());
        }
        if is_select(&query.body) {
            return ControlFlow::Continue(());
        }
        refuse(Error::usage("only SELECT is supported").hint(ONLY_SELECT))
    }

    fn pre_visit_select(&mut self, select: &Select) -> Refusal {
        if select.into.is_some() {
            return refuse(Error::usage("SELECT INTO is not supported").hint("--out writes the answer to a file"));
        }
        let is_wildcard =
            |item: &SelectItem| matches!(item, SelectItem::Wildcard(_) | SelectItem::QualifiedWildcard(..));
        self.has_wildcard |= select.projection.iter().any(is_wildcard);
        for join in select.from.iter().flat_map(|table| &table.joins) {
            match constraint(&join.join_operator) {
                Some(JoinConstraint::Using(names)) => {
                    let last = |name: &ObjectName| name.0.last().and_then(|part| part.as_ident().cloned());
                    names.iter().filter_map(last).for_each(|name| self.name(&name.value));
                }
                Some(JoinConstraint::Natural) => {
                    return refuse(
                        Error::usage("NATURAL JOIN is not supported")
                            .hint("name the columns: JOIN … USING (day, path)"),
                    );
                }
                _ => {}
            }
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> Refusal {
        match factor {
            TableFactor::Table { args: None, .. }
            | TableFactor::Derived { .. }
            | TableFactor::NestedJoin { .. }
            | TableFactor::UNNEST { .. } => ControlFlow::Continue(()),
            other => refuse(Error::usage(format!("`{other}`: table functions are not supported")).hint(Self::listed())),
        }
    }

    fn pre_visit_relation(&mut self, relation: &ObjectName) -> Refusal {
        let name = match relation.0.as_slice() {
            [part] => part.as_ident().map_or_else(|| relation.to_string(), |name| name.value.clone()),
            _ => relation.to_string(),
        };
        self.relations.push(name);
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> Refusal {
        self.depth += 1;
        if self.depth > QUERY_DEPTH_MAX {
            let error = Error::usage(format!("the query is nested more than {QUERY_DEPTH_MAX} deep"));
            return refuse(error.hint("write `x in (…)` in place of many `x = … or`"));
        }
        self.quotients_depth += usize::from(rewrite::is_whole_quotient(expr));
        if self.quotients_depth > QUOTIENTS_DEPTH_MAX {
            return refuse(Error::usage(format!("`//` is nested more than {QUOTIENTS_DEPTH_MAX} deep")));
        }
        match expr {
            Expr::Identifier(_) | Expr::CompoundIdentifier(_) => column(expr).iter().for_each(|name| self.name(name)),
            Expr::BinaryOp { left, op, right } if rewrite::is_comparison(op) => {
                let compared =
                    [(left, right), (right, left)].into_iter().filter(|(_, other)| rewrite::is_number(other));
                self.numbered.extend(compared.filter_map(|(one, _)| column(one)));
            }
            Expr::Function(function) if is_constant_sum(function) => {
                let error = Error::usage(format!("{function}: an aggregate needs a column"));
                return refuse(error.hint("count(*) counts rows"));
            }
            Expr::Function(function) if function.name.to_string().eq_ignore_ascii_case("columns") => {
                self.has_wildcard = true;
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &Expr) -> Refusal {
        self.depth -= 1;
        self.quotients_depth -= usize::from(rewrite::is_whole_quotient(expr));
        ControlFlow::Continue(())
    }
}

/// Whether it sums a number as written, which polars takes for one value and not for one of each row.
fn is_constant_sum(function: &Function) -> bool {
    let FunctionArguments::List(list) = &function.args else { return false };
    let [FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Value(_)))] = list.args.as_slice() else { return false };
    matches!(function.name.to_string().to_lowercase().as_str(), "sum" | "total")
}

/// Whether all that a query is made of are SELECTs.
fn is_select(body: &SetExpr) -> bool {
    match body {
        SetExpr::Select(_) | SetExpr::Query(_) | SetExpr::Values(_) => true,
        SetExpr::SetOperation { left, right, .. } => is_select(left) && is_select(right),
        _ => false,
    }
}

fn constraint(join: &JoinOperator) -> Option<&JoinConstraint> {
    match join {
        JoinOperator::Join(constraint)
        | JoinOperator::Inner(constraint)
        | JoinOperator::Left(constraint)
        | JoinOperator::LeftOuter(constraint)
        | JoinOperator::Right(constraint)
        | JoinOperator::RightOuter(constraint)
        | JoinOperator::FullOuter(constraint)
        | JoinOperator::CrossJoin(constraint)
        | JoinOperator::Semi(constraint)
        | JoinOperator::LeftSemi(constraint)
        | JoinOperator::RightSemi(constraint)
        | JoinOperator::Anti(constraint)
        | JoinOperator::LeftAnti(constraint)
        | JoinOperator::RightAnti(constraint)
        | JoinOperator::AsOf { constraint, .. }
        | JoinOperator::StraightJoin(constraint) => Some(constraint),
        _ => None,
    }
}
