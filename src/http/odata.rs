//! OData in Power BI's REST API: lists, `$top` and `$skip`, and the subset of `$filter` that clients use.

use serde::Serialize;

use crate::fabric::{ErrorCode, FabricError};
use crate::http::context::Context;

/// A list.
#[derive(Serialize)]
pub(super) struct OdataList<T> {
    #[serde(rename = "@odata.context")]
    context: String,
    #[serde(rename = "@odata.count")]
    count: usize,
    value: Vec<T>,
}

impl<T> OdataList<T> {
    /// Creates the body of a list of the entity set with this name.
    pub(super) fn new(context: &Context<'_>, set: &str, value: Vec<T>) -> Self {
        let context = context.url(&format!("/v1.0/myorg/$metadata#{set}"));
        Self { context, count: value.len(), value }
    }
}

/// The part of a list that `$top` and `$skip` select.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slice {
    skip: usize,
    top: usize,
}

impl Slice {
    /// Reads `$top` and `$skip`.
    pub(super) fn of(context: &Context<'_>) -> Result<Self, FabricError> {
        let number = |name: &str| -> Result<Option<usize>, FabricError> {
            let Some(text) = context.query(name) else { return Ok(None) };
            text.parse().map(Some).map_err(|_| invalid(format!("The value {text:?} of {name} is not a number.")))
        };
        Ok(Self { skip: number("$skip")?.unwrap_or(0), top: number("$top")?.unwrap_or(usize::MAX) })
    }

    /// Reads `$top`, which is at least 1. Without it, there are `most` elements.
    pub(super) fn up_to(context: &Context<'_>, most: usize) -> Result<Self, FabricError> {
        let has_top = context.query("$top").is_some();
        match Self::of(context)? {
            Self { top: 0, .. } => Err(invalid("$top is at least 1.".to_owned())),
            slice => Ok(Self { top: if has_top { slice.top } else { most }, skip: 0 }),
        }
    }

    /// Reads `$top`, which is required and from 1 to `most`, and `$skip`.
    pub(super) fn required(context: &Context<'_>, most: usize) -> Result<Self, FabricError> {
        match Self::of(context)? {
            slice if (1..=most).contains(&slice.top) => Ok(slice),
            _ => Err(invalid(format!("$top is required, and from 1 to {most}."))),
        }
    }

    /// Returns the selected elements.
    pub(super) fn cut<T>(self, all: impl Iterator<Item = T>) -> impl Iterator<Item = T> {
        all.skip(self.skip).take(self.top)
    }
}

/// A filter: comparisons joined by `and` and `or`. Parentheses around comparisons are not supported.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Filter {
    /// The alternatives, each with the comparisons that must all hold.
    alternatives: Vec<Vec<Comparison>>,
}

#[derive(Debug, PartialEq, Eq)]
struct Comparison {
    member: &'static str,
    operator: Operator,
    value: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Eq,
    Ne,
    Contains,
    StartsWith,
}

#[derive(Debug, PartialEq, Eq)]
enum Token {
    /// A name, an operator, or a value without quotes.
    Word(String),
    /// A text in quotes.
    Text(String),
    Sign(char),
}

fn invalid(message: String) -> FabricError {
    FabricError::new(ErrorCode::InvalidParameter).message(message)
}

impl Filter {
    /// Parses a filter about these members.
    pub(super) fn parse(text: &str, members: &[&'static str]) -> Result<Self, FabricError> {
        let unsupported = || invalid(format!("The filter {text:?} is not valid, or is not supported."));
        let tokens = tokens(text).ok_or_else(unsupported)?;
        let (mut alternatives, mut all, mut rest) = (Vec::new(), Vec::new(), &tokens[..]);
        loop {
            let comparison;
            (comparison, rest) = Comparison::parse(rest, members).ok_or_else(unsupported)?;
            all.push(comparison);
            match rest {
                [Token::Word(word), after @ ..] if word == "and" => rest = after,
                [Token::Word(word), after @ ..] if word == "or" => {
                    alternatives.push(std::mem::take(&mut all));
                    rest = after;
                }
                [] => break,
                _ => return Err(unsupported()),
            }
        }
        alternatives.push(all);
        Ok(Self { alternatives })
    }

    /// Returns `true` if the filter accepts an element. `member` returns the value of a member of the element.
    pub(super) fn accepts(&self, member: impl Fn(&str) -> String) -> bool {
        let holds = |comparison: &Comparison| comparison.holds(&member(comparison.member));
        self.alternatives.iter().any(|all| all.iter().all(holds))
    }
}

impl Comparison {
    /// Parses the comparison at the start of `tokens`. Returns it with the tokens that follow.
    fn parse<'t>(tokens: &'t [Token], members: &[&'static str]) -> Option<(Self, &'t [Token])> {
        use Token::{Sign, Text, Word};
        let (member, operator, value, rest) = match tokens {
            [Word(function), Sign('('), Word(member), Sign(','), Text(value), Sign(')'), rest @ ..] => {
                let operator = match function.as_str() {
                    "contains" => Operator::Contains,
                    "startswith" => Operator::StartsWith,
                    _ => return None,
                };
                (member, operator, value, rest)
            }
            [Word(member), Word(operator), Text(value) | Word(value), rest @ ..] => {
                let operator = match operator.as_str() {
                    "eq" => Operator::Eq,
                    "ne" => Operator::Ne,
                    _ => return None,
                };
                (member, operator, value, rest)
            }
            _ => return None,
        };
        let member = members.iter().find(|known| *known == member)?;
        Some((Self { member, operator, value: value.clone() }, rest))
    }

    /// Compares without regard to case, because ids are written in either case and names are unique in this way.
    fn holds(&self, actual: &str) -> bool {
        let (actual, value) = (actual.to_lowercase(), self.value.to_lowercase());
        match self.operator {
            Operator::Eq => actual == value,
            Operator::Ne => actual != value,
            Operator::Contains => actual.contains(&value),
            Operator::StartsWith => actual.starts_with(&value),
        }
    }
}

/// Splits a filter into tokens; `None` if a quote does not end. A quote in a text is doubled.
fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let token;
        (token, rest) = match first {
            '\'' => quoted(&rest[1..])?,
            '(' | ')' | ',' => (Token::Sign(first), &rest[1..]),
            _ => {
                let end = rest.find(|c: char| c.is_whitespace() || "(),'".contains(c)).unwrap_or(rest.len());
                (Token::Word(rest[..end].to_owned()), &rest[end..])
            }
        };
        tokens.push(token);
        rest = rest.trim_start();
    }
    Some(tokens)
}

/// Reads a text up to its closing quote. Returns it with what follows the quote.
fn quoted(text: &str) -> Option<(Token, &str)> {
    let (mut value, mut rest) = (String::new(), text);
    loop {
        let (part, after) = rest.split_once('\'')?;
        value.push_str(part);
        match after.strip_prefix('\'') {
            Some(after) => {
                value.push('\'');
                rest = after;
            }
            None => return Some((Token::Text(value), after)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(filter: &str, name: &str, expected: Option<bool>) {
        let filter = Filter::parse(filter, &["id", "name"]).ok();
        let member = |member: &str| if member == "name" { name.to_owned() } else { "ID".to_owned() };
        assert_eq!(filter.map(|filter| filter.accepts(member)), expected);
    }

    #[test]
    fn filter_compares_members() {
        check("name eq 'shop'", "Shop", Some(true));
        check("name eq 'shop'", "shops", Some(false));
        check("name ne 'shop'", "shops", Some(true));
        check("contains(name,'op')", "shop", Some(true));
        check("contains( name , 'x')", "shop", Some(false));
        check("startswith(name,'sh')", "shop", Some(true));
        check("id eq id", "", Some(true));
        check("name eq 'it''s'", "it's", Some(true));
        check("contains(name,'x') or name eq 'shop'", "shop", Some(true));
        check("name eq 'shop' and id eq 'x'", "shop", Some(false));
        check("id eq 'x' and id eq 'id' or name eq 'é'", "É", Some(true));
    }

    #[test]
    fn filter_rejects_other_expressions() {
        for filter in ["", "name", "name eq", "name eq 'x", "size eq '1'", "name gt 'x'", "name eq 'x' xor id eq 'x'"] {
            check(filter, "", None);
        }
        for filter in ["(name eq 'x')", "name eq 'x' and", "endswith(name,'x')", "contains(name)"] {
            check(filter, "", None);
        }
    }
}
