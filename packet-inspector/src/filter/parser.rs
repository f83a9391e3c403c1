//! Tokens to an expression: `or` below `and` below `not` below comparisons.

use std::net::IpAddr;

use regex::bytes::{Regex, RegexBuilder};

use super::lexer::{Token, tokens};
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
    Compare(Field, Comparison, Literal),
    Contains(Field, Literal),
    Matches(Field, Regex),
    /// One of some values or ranges.
    In(Field, Vec<(Literal, Literal)>),
}

impl Expression {
    /// All fields that are asked for.
    pub(super) fn fields(&self) -> Vec<Field> {
        match self {
            Self::Or(left, right) | Self::And(left, right) => [left.fields(), right.fields()].concat(),
            Self::Not(inner) => inner.fields(),
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
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// What a field is compared with.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Literal {
    /// The text itself.
    pub(super) text: Vec<u8>,
    pub(super) number: Option<u64>,
    /// As nanoseconds.
    pub(super) seconds: Option<i64>,
    pub(super) flag: Option<bool>,
    pub(super) bytes: Option<Vec<u8>>,
    pub(super) address: Option<(IpAddr, u8)>,
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
        let comparisons: [(&[&str], Comparison); 6] = [
            (&["==", "eq", "===", "="], Comparison::Equal),
            (&["!=", "ne"], Comparison::NotEqual),
            (&["<=", "le"], Comparison::LessOrEqual),
            (&[">=", "ge"], Comparison::GreaterOrEqual),
            (&["<", "lt"], Comparison::Less),
            (&[">", "gt"], Comparison::Greater),
        ];
        for (words, comparison) in comparisons {
            if self.takes(words) {
                return Ok(Expression::Compare(field, comparison, self.literal()?));
            }
        }
        if self.takes(&["contains"]) {
            return Ok(Expression::Contains(field, self.literal()?));
        }
        if self.takes(&["matches", "~"]) {
            return self.regex().map(|regex| Expression::Matches(field, regex));
        }
        if self.takes(&["in"]) {
            return self.set().map(|set| Expression::In(field, set));
        }
        Ok(Expression::Exists(field))
    }

    fn literal(&mut self) -> Result<Literal, FilterError> {
        let literal = match self.peek() {
            Some(Token::Text(text)) => Literal::of_text(text),
            Some(Token::Word(word)) => Literal::of_word(word),
            _ => return Err(self.error("a value is expected")),
        };
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

    fn set(&mut self) -> Result<Vec<(Literal, Literal)>, FilterError> {
        if !self.takes(&["{"]) {
            return Err(self.error("`{` is expected"));
        }
        let mut set = Vec::new();
        while !self.takes(&["}"]) {
            let first = self.literal()?;
            let last = if self.takes(&[".."]) { self.literal()? } else { first.clone() };
            set.push((first, last));
            // Wireshark 3 had spaces between the values.
            self.takes(&[","]);
        }
        Ok(set)
    }
}

impl Literal {
    fn of_text(text: &[u8]) -> Self {
        let text = text.to_vec();
        Self { bytes: Some(text.clone()), text, number: None, seconds: None, flag: None, address: None }
    }

    fn of_word(word: &str) -> Self {
        let number = match word.strip_prefix("0x").or_else(|| word.strip_prefix("0X")) {
            Some(hex) => u64::from_str_radix(hex, 16).ok(),
            None => word.parse().ok(),
        };
        let flag = match word {
            "1" => Some(true),
            "0" => Some(false),
            _ if word.eq_ignore_ascii_case("true") => Some(true),
            _ if word.eq_ignore_ascii_case("false") => Some(false),
            _ => None,
        };
        Self {
            text: word.as_bytes().to_vec(),
            number,
            seconds: seconds(word),
            flag,
            bytes: bytes(word),
            address: address(word),
        }
    }
}

/// Bytes as `48:65:6c`, or with dashes or dots.
fn bytes(word: &str) -> Option<Vec<u8>> {
    let parts = word.split([':', '-', '.']);
    let bytes: Option<Vec<u8>> =
        parts.map(|part| u8::from_str_radix(part, 16).ok().filter(|_| part.len() == 2)).collect();
    bytes
}

/// An address, or a network with the length of its prefix.
fn address(word: &str) -> Option<(IpAddr, u8)> {
    let (address, prefix) = word.split_once('/').map_or((word, None), |(a, b)| (a, Some(b)));
    let address: IpAddr = address.parse().ok()?;
    let longest = if address.is_ipv4() { 32 } else { 128 };
    let prefix = prefix.map_or(Some(longest), |prefix| prefix.parse().ok())?;
    (prefix <= longest).then_some((address, prefix))
}

/// Seconds with up to nine places, in nanoseconds.
fn seconds(word: &str) -> Option<i64> {
    let (sign, digits) = word.strip_prefix('-').map_or((1, word), |digits| (-1, digits));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if fraction.len() > 9 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let whole: i64 = whole.parse().ok()?;
    let fraction: i64 = format!("{fraction:0<9}").parse().ok()?;
    whole.checked_mul(1_000_000_000)?.checked_add(fraction)?.checked_mul(sign)
}
