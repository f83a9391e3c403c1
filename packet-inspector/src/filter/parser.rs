//! Tokens to an expression: `or` below `and` below `not` below comparisons.

use std::cmp::Ordering;

use regex::bytes::{Regex, RegexBuilder};

use super::fields::Kind;
use super::lexer::{Token, tokens};
use super::literal::{Literal, number};
use super::{Field, FilterError};

/// How deep parentheses go.
const DEEPEST: usize = 64;

/// An expression.
#[derive(Clone, Debug)]
pub(super) enum Expression {
    Or(Box<Expression>, Box<Expression>),
    And(Box<Expression>, Box<Expression>),
    Not(Box<Expression>),
    /// The field is there.
    Exists(Field),
    Compare(Field, Comparison, Operand),
    Contains(Field, Operand),
    Matches(Field, Regex),
    /// One of some values or ranges.
    In(Field, Vec<(Literal, Literal)>),
}

impl Expression {
    /// All fields whose values are compared.
    pub(super) fn compared(&self) -> Vec<Field> {
        match self {
            Self::Or(left, right) | Self::And(left, right) => [left.compared(), right.compared()].concat(),
            Self::Not(inner) => inner.compared(),
            // That a packet is there tells nothing; that a field is may.
            Self::Exists(field) if matches!(field.kind(), Kind::Protocol { .. }) => Vec::new(),
            Self::Compare(field, _, Operand::Field(other)) | Self::Contains(field, Operand::Field(other)) => {
                vec![*field, *other]
            }
            Self::Exists(field)
            | Self::Compare(field, ..)
            | Self::Contains(field, _)
            | Self::Matches(field, _)
            | Self::In(field, _) => vec![*field],
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    /// One of the values is equal.
    Equal,
    /// All are.
    AllEqual,
    /// All are not.
    NotEqual,
    /// One is not.
    OneNotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// What a field is compared with.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Operand {
    Literal(Literal),
    /// The values of another one.
    Field(Field),
}

pub(super) fn parse(text: &str) -> Result<Expression, FilterError> {
    let tokens = tokens(text)?;
    let mut parser = Parser { tokens: &tokens, at: 0, end: text.len(), depth: 0 };
    let expression = parser.or()?;
    match parser.peek() {
        None => Ok(expression),
        Some(_) => Err(parser.error("`and`, `or` or the end is expected")),
    }
}

struct Parser<'a> {
    tokens: &'a [(usize, Token)],
    at: usize,
    end: usize,
    depth: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at).map(|(_, token)| token)
    }

    fn place(&self) -> usize {
        self.tokens.get(self.at).map_or(self.end, |(place, _)| *place)
    }

    fn error(&self, message: impl Into<String>) -> FilterError {
        FilterError::new(self.place(), message)
    }

    /// Takes one of these words or signs.
    fn takes(&mut self, wanted: &[&str]) -> bool {
        let is_it = match self.peek() {
            Some(Token::Word(word)) => wanted.iter().any(|wanted| word.eq_ignore_ascii_case(wanted)),
            Some(Token::Sign(sign)) => wanted.contains(sign),
            _ => false,
        };
        self.at += usize::from(is_it);
        is_it
    }

    fn or(&mut self) -> Result<Expression, FilterError> {
        let mut left = self.and()?;
        while self.takes(&["or", "||"]) {
            left = Expression::Or(Box::new(left), Box::new(self.and()?));
        }
        Ok(left)
    }

    fn and(&mut self) -> Result<Expression, FilterError> {
        let mut left = self.not()?;
        while self.takes(&["and", "&&"]) {
            left = Expression::And(Box::new(left), Box::new(self.not()?));
        }
        Ok(left)
    }

    fn not(&mut self) -> Result<Expression, FilterError> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(self.error(format!("more than {DEEPEST} levels")));
        }
        let expression = if self.takes(&["not", "!"]) {
            Expression::Not(Box::new(self.not()?))
        } else if self.takes(&["("]) {
            let inner = self.or()?;
            if !self.takes(&[")"]) {
                return Err(self.error("`)` is expected"));
            }
            inner
        } else {
            self.comparison()?
        };
        self.depth -= 1;
        Ok(expression)
    }

    fn comparison(&mut self) -> Result<Expression, FilterError> {
        let place = self.place();
        let Some(Token::Word(name)) = self.peek() else { return Err(self.error("a field is expected")) };
        let field = Field::at(name, place)?;
        self.at += 1;
        let comparisons: [(&[&str], Comparison); 8] = [
            (&["==", "eq", "="], Comparison::Equal),
            (&["===", "all_eq"], Comparison::AllEqual),
            (&["!==", "~=", "any_ne"], Comparison::OneNotEqual),
            (&["!=", "ne"], Comparison::NotEqual),
            (&["<=", "le"], Comparison::LessOrEqual),
            (&[">=", "ge"], Comparison::GreaterOrEqual),
            (&["<", "lt"], Comparison::Less),
            (&[">", "gt"], Comparison::Greater),
        ];
        for (words, comparison) in comparisons {
            if self.takes(words) {
                self.has_bytes(field, place)?;
                self.is_ordered(field, comparison)?;
                return Ok(Expression::Compare(field, comparison, self.operand(field)?));
            }
        }
        if self.takes(&["contains"]) {
            self.is_of_bytes(field, place, "contains")?;
            return Ok(Expression::Contains(field, self.operand(field)?));
        }
        if self.takes(&["matches", "~"]) {
            self.is_of_bytes(field, place, "matches")?;
            return self.regex().map(|regex| Expression::Matches(field, regex));
        }
        if self.takes(&["in"]) {
            self.has_bytes(field, place)?;
            return self.set(field).map(|set| Expression::In(field, set));
        }
        if self.takes(&["not"]) {
            if !self.takes(&["in"]) {
                return Err(self.error("`in` is expected behind `not`"));
            }
            self.has_bytes(field, place)?;
            return self.set(field).map(|set| Expression::Not(Box::new(Expression::In(field, set))));
        }
        Ok(Expression::Exists(field))
    }

    /// Fails for protocols whose bytes are not at hand.
    fn has_bytes(&self, field: Field, place: usize) -> Result<(), FilterError> {
        if field.kind() == (Kind::Protocol { bytes: false }) {
            let message = format!("only the bytes of mqtt can be compared, not those of {},", field.name());
            return Err(FilterError::new(place, message));
        }
        Ok(())
    }

    /// Fails for fields that are neither text nor bytes.
    fn is_of_bytes(&self, field: Field, place: usize, what: &str) -> Result<(), FilterError> {
        self.has_bytes(field, place)?;
        match field.kind() {
            Kind::Text | Kind::Bytes | Kind::Protocol { .. } => Ok(()),
            kind => {
                let name = field.name();
                let message = format!("`{what}` is for text and bytes, and {name} is {},", kind.words());
                Err(FilterError::new(place, message))
            }
        }
    }

    /// Fails where text is to be less or more than a number.
    fn is_ordered(&self, field: Field, comparison: Comparison) -> Result<(), FilterError> {
        let is_order = !matches!(
            comparison,
            Comparison::Equal | Comparison::AllEqual | Comparison::NotEqual | Comparison::OneNotEqual
        );
        match self.peek() {
            Some(Token::Word(word)) if is_order && field.kind() == Kind::Text && number(word).is_some() => {
                let name = field.name();
                Err(self.error(format!(
                    "{name} is text, and {word} a number: text stands in quotes, as \"{word}\","
                )))
            }
            _ => Ok(()),
        }
    }

    /// A value, or another field.
    fn operand(&mut self, field: Field) -> Result<Operand, FilterError> {
        let other = match self.peek() {
            Some(Token::Word(word)) => Field::find(word),
            _ => None,
        };
        let Some(other) = other else { return self.literal(field).map(Operand::Literal) };
        if !field.kind().is_like(other.kind()) {
            let [(one, kind), (another, other_kind)] =
                [field, other].map(|field| (field.name(), field.kind().words()));
            return Err(
                self.error(format!("{one} is {kind}, and {another} {other_kind}: they never are equal,"))
            );
        }
        self.at += 1;
        Ok(Operand::Field(other))
    }

    fn literal(&mut self, field: Field) -> Result<Literal, FilterError> {
        let place = self.place();
        let token = self.peek().ok_or_else(|| self.error("a value is expected"))?;
        let literal = Literal::new(field, token, place)?;
        self.at += 1;
        Ok(literal)
    }

    /// As in Wireshark, upper and lower case are the same.
    fn regex(&mut self) -> Result<Regex, FilterError> {
        let text = match self.peek() {
            Some(Token::Text(text)) => String::from_utf8_lossy(text).into_owned(),
            Some(Token::Word(word)) => word.clone(),
            _ => return Err(self.error("a regular expression is expected")),
        };
        let regex = RegexBuilder::new(&text).case_insensitive(true).size_limit(1 << 20).build();
        let regex = regex.map_err(|error| {
            let error = error.to_string();
            self.error(format!("no regular expression: {}", error.lines().last().unwrap_or_default().trim()))
        })?;
        self.at += 1;
        Ok(regex)
    }

    fn set(&mut self, field: Field) -> Result<Vec<(Literal, Literal)>, FilterError> {
        if !self.takes(&["{"]) {
            return Err(self.error("`{` is expected"));
        }
        let mut set = Vec::new();
        while !self.takes(&["}"]) {
            let place = self.place();
            let first = self.literal(field)?;
            let last = if self.takes(&[".."]) { self.literal(field)? } else { first.clone() };
            if compare_literals(&first, &last) == Some(Ordering::Greater) {
                return Err(FilterError::new(place, "the range ends before it begins"));
            }
            set.push((first, last));
            // Wireshark 3 had spaces between the values.
            self.takes(&[","]);
        }
        if set.is_empty() { Err(self.error("a value is expected in `{}`")) } else { Ok(set) }
    }
}

/// How the ends of a range stand to each other.
fn compare_literals(first: &Literal, last: &Literal) -> Option<Ordering> {
    match (first, last) {
        (Literal::Number(first), Literal::Number(last)) => Some(first.cmp(last)),
        (Literal::Seconds(first), Literal::Seconds(last)) => Some(first.cmp(last)),
        (Literal::Bytes(first), Literal::Bytes(last)) => Some(first.cmp(last)),
        (Literal::Address(first, _), Literal::Address(last, _)) => Some(first.cmp(last)),
        _ => None,
    }
}
