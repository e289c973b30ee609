//! Reads the text of an expression into its tree.
//!
//! A recursive descent over characters, with a limit on length and depth. Function names, numbers
//! of arguments, the modes of `Replace` and its patterns are settled here, so that a mapping that
//! was accepted can be evaluated for every object.

use regex::Regex;
use serde_json::{Value, json};

use super::functions::{self, FUNCTIONS, Function, NOT_EVALUATED};
use super::{Call, Comparator, EXPRESSION_LENGTH_MAX, ExpressionError, NESTING_MAX, Node, replace};

/// Words that stand for a value without quotation marks, with what they stand for.
const WORDS: &[(&str, &str)] = &[
    ("True", "True"),
    ("False", "False"),
    ("vbBinaryCompare", "vbBinaryCompare"),
    ("vbTextCompare", "vbTextCompare"),
];

pub(super) fn parse(text: &str) -> Result<Node, ExpressionError> {
    let characters: Vec<char> = text.chars().collect();
    if characters.len() > EXPRESSION_LENGTH_MAX {
        let problem = format!(
            "it has {} characters; Entra takes at most {EXPRESSION_LENGTH_MAX}",
            characters.len()
        );
        return Err(ExpressionError { position: EXPRESSION_LENGTH_MAX + 1, problem });
    }
    let mut parser = Parser { characters, at: 0 };
    parser.skip_spaces();
    let root = parser.term(0)?;
    parser.skip_spaces();
    match parser.peek() {
        None => Ok(root),
        Some(one) => Err(parser.error(format!("`{one}` follows after the end of the expression"))),
    }
}

struct Parser {
    characters: Vec<char>,
    at: usize,
}

impl Parser {
    fn peek(&self) -> Option<char> {
        self.characters.get(self.at).copied()
    }

    fn skip_spaces(&mut self) {
        while self.peek().is_some_and(char::is_whitespace) {
            self.at += 1;
        }
    }

    fn error(&self, problem: impl Into<String>) -> ExpressionError {
        ExpressionError { position: self.at + 1, problem: problem.into() }
    }

    fn error_at(at: usize, problem: impl Into<String>) -> ExpressionError {
        ExpressionError { position: at + 1, problem: problem.into() }
    }

    /// One value: a text, an attribute, a number, a call.
    fn term(&mut self, depth: usize) -> Result<Node, ExpressionError> {
        if depth > NESTING_MAX {
            let problem = format!("calls are nested more than {NESTING_MAX} deep");
            return Err(self.error(problem));
        }
        match self.peek() {
            Some('"') => self.text().map(|text| Node::Constant(json!(text))),
            Some('[') => self.attribute(),
            Some('&' | '-' | '0'..='9') => self.number(),
            Some(one) if one.is_ascii_alphabetic() => self.word(depth),
            Some(one) => Err(self.error(format!("`{one}` begins no value; {ACCEPTED}"))),
            None => {
                Err(self.error(format!("the expression ends where a value is due; {ACCEPTED}")))
            }
        }
    }

    /// A text in quotation marks. `\"` and `\\` stand for the mark and the backslash; before any
    /// other character the backslash is text, so that patterns may be written with one.
    fn text(&mut self) -> Result<String, ExpressionError> {
        let start = self.at;
        self.at += 1;
        let mut text = String::new();
        while let Some(one) = self.peek() {
            self.at += 1;
            match (one, self.peek()) {
                ('"', _) => return Ok(text),
                ('\\', Some(escaped @ ('"' | '\\'))) => {
                    text.push(escaped);
                    self.at += 1;
                }
                _ => text.push(one),
            }
        }
        Err(Self::error_at(start, "the text that begins here is not closed with `\"`"))
    }

    fn attribute(&mut self) -> Result<Node, ExpressionError> {
        let start = self.at;
        self.at += 1;
        let length =
            self.characters[self.at..].iter().position(|one| *one == ']').ok_or_else(|| {
                Self::error_at(start, "the attribute that begins here is not closed with `]`")
            })?;
        let name: String = self.characters[self.at..self.at + length].iter().collect();
        let name = name.trim();
        if name.is_empty() || name.contains(['[', '"', ',', '(', ')']) {
            return Err(Self::error_at(start, format!("`[{name}]` names no attribute")));
        }
        self.at += length + 1;
        Ok(Node::Attribute(name.to_owned()))
    }

    /// A whole number, in decimal or as `&H` and hexadecimal digits.
    fn number(&mut self) -> Result<Node, ExpressionError> {
        let start = self.at;
        let run = |one: &char| one.is_ascii_alphanumeric() || matches!(one, '&' | '-' | '.');
        let digits: String = self.characters[start..].iter().take_while(|one| run(one)).collect();
        self.at += digits.len();
        let number = match digits.strip_prefix("&H").or_else(|| digits.strip_prefix("&h")) {
            Some(hexadecimal) => i64::from_str_radix(hexadecimal, 16).ok(),
            None => digits.parse::<i64>().ok(),
        };
        number.map(|number| Node::Constant(json!(number))).ok_or_else(|| {
            Self::error_at(start, format!("`{digits}` is no whole number; write text in \"…\""))
        })
    }

    /// A function call, or one of the few words that stand for themselves.
    fn word(&mut self, depth: usize) -> Result<Node, ExpressionError> {
        let start = self.at;
        let run = |one: &char| one.is_ascii_alphanumeric() || *one == '_';
        let name: String = self.characters[start..].iter().take_while(|one| run(one)).collect();
        self.at += name.len();
        self.skip_spaces();
        if self.peek() != Some('(') {
            let known = WORDS.iter().find(|(word, _)| word.eq_ignore_ascii_case(&name));
            return known.map(|(_, text)| Node::Constant(json!(text))).ok_or_else(|| {
                let problem = format!("`{name}` is neither a call nor a value; {ACCEPTED}");
                Self::error_at(start, problem)
            });
        }
        let function = functions::named(&name)
            .ok_or_else(|| Self::error_at(start, unknown_function(&name)))?;
        let arguments = self.arguments(depth)?;
        build(function, arguments).map_err(|problem| Self::error_at(start, problem))
    }

    /// The arguments in parentheses, each of which may be left empty.
    fn arguments(&mut self, depth: usize) -> Result<Vec<Node>, ExpressionError> {
        let start = self.at;
        self.at += 1;
        self.skip_spaces();
        if self.peek() == Some(')') {
            self.at += 1;
            return Ok(Vec::new());
        }
        let mut arguments = Vec::new();
        loop {
            arguments.push(self.argument(depth)?);
            match self.peek() {
                Some(',') => self.at += 1,
                Some(')') => {
                    self.at += 1;
                    return Ok(arguments);
                }
                Some(one) => {
                    return Err(self.error(format!("`{one}` stands where `,` or `)` is due")));
                }
                None => {
                    let problem = "the parenthesis that begins here is not closed with `)`";
                    return Err(Self::error_at(start, problem));
                }
            }
        }
    }

    fn argument(&mut self, depth: usize) -> Result<Node, ExpressionError> {
        self.skip_spaces();
        if matches!(self.peek(), Some(',' | ')')) {
            return Ok(Node::Nothing);
        }
        let left = self.term(depth + 1)?;
        self.skip_spaces();
        let Some(comparator) = self.comparator() else { return Ok(left) };
        self.skip_spaces();
        let right = self.term(depth + 1)?;
        self.skip_spaces();
        Ok(Node::Comparison(Box::new(left), comparator, Box::new(right)))
    }

    fn comparator(&mut self) -> Option<Comparator> {
        let next = self.characters.get(self.at + 1).copied();
        let (comparator, length) = match (self.peek()?, next) {
            ('<', Some('>')) => (Comparator::NotEqual, 2),
            ('<', Some('=')) => (Comparator::LessOrEqual, 2),
            ('>', Some('=')) => (Comparator::GreaterOrEqual, 2),
            ('<', _) => (Comparator::Less, 1),
            ('>', _) => (Comparator::Greater, 1),
            ('=', _) => (Comparator::Equal, 1),
            _ => return None,
        };
        self.at += length;
        Some(comparator)
    }
}

const ACCEPTED: &str = "accepted are \"text\", [attribute], a whole number and Function(…)";

/// Makes the call, or says what is wrong with its arguments.
fn build(function: &'static Function, arguments: Vec<Node>) -> Result<Node, String> {
    let name = function.name;
    let count = arguments.len();
    if count < function.least
        || function.most.is_some_and(|most| count > most)
        || (function.pairs && count % 2 == 1)
    {
        return Err(format!("{name} has {count} arguments; it takes {}", function.takes()));
    }
    let condition = |at: usize| at == 0 && matches!(name, "IIF" | "CBool");
    let stray = |(at, one): (usize, &Node)| !condition(at) && matches!(one, Node::Comparison(..));
    if arguments.iter().enumerate().any(stray) {
        return Err(format!(
            "{name} has a comparison as an argument; only the condition of IIF and CBool may be"
        ));
    }
    let mut call = Call { function, arguments, pattern: None };
    if name == "Replace" {
        replace::check_mode(&call)?;
        if let Some(Node::Constant(Value::String(pattern))) = call.arguments.get(2) {
            let compiled = Regex::new(pattern)
                .map_err(|error| format!("Replace has a pattern that cannot be used: {error}"))?;
            replace::check_group(&call, &compiled)?;
            call.pattern = Some(compiled);
        }
    }
    Ok(Node::Call(call))
}

fn unknown_function(name: &str) -> String {
    if NOT_EVALUATED.contains(&name) {
        return format!("Entra knows `{name}`, but it cannot be evaluated here; {}", accepted());
    }
    match FUNCTIONS.iter().find(|function| function.name.eq_ignore_ascii_case(name)) {
        Some(function) => {
            format!("`{name}` is no function; names are case-sensitive: write `{}`", function.name)
        }
        None => format!("`{name}` is no function; {}", accepted()),
    }
}

fn accepted() -> String {
    let names: Vec<&str> = FUNCTIONS.iter().map(|function| function.name).collect();
    format!("accepted are {}", names.join(", "))
}
