//! Exchanges as text: method, target, headers, body; then status, headers, body.
//!
//! Headers are chosen by an allow-list, so `Authorization` cannot get in. All text is escaped: a
//! control character or a terminal's escape sequence from a tenant is shown, never obeyed.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::sync::LazyLock;

use regex::Regex;

use super::SnapshotKind;
use super::body::{Rewriter, Writer};
use super::names::{Names, Resource, etag_form, is_time};
use crate::difference::Difference;
use crate::exchange::{Answer, BodyEnd, Exchange, Failure, Scrub};

/// Makes every character visible that a terminal would obey or that reorders text. Line ends stay.
pub fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter != '\n' && (letter.is_control() || is_invisible(letter)) {
            let _ = write!(safe, "\\u{{{:x}}}", u32::from(letter));
        } else {
            safe.push(letter);
        }
    }
    safe
}

/// Marks of direction, of width zero, and separators of lines and paragraphs.
fn is_invisible(letter: char) -> bool {
    matches!(
        letter,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}'
    )
}

/// One snapshot in the making.
pub(super) struct Page<'a> {
    names: Names,
    kind: SnapshotKind,
    scrub: &'a Scrub,
}

impl<'a> Page<'a> {
    /// Learns the names of the exchanges that will be shown.
    pub(super) fn new(
        exchanges: &[&Exchange],
        kind: SnapshotKind,
        bases: &[String],
        scrub: &'a Scrub,
    ) -> Self {
        Self { names: Names::learn(exchanges, kind, bases), kind, scrub }
    }

    /// Exchanges in their order; `more` of them were not kept.
    pub(super) fn exchanges(&mut self, exchanges: &[&Exchange], more: u64) -> String {
        let mut seen = HashSet::new();
        let mut text = String::new();
        for exchange in exchanges {
            let shown = self.exchange(exchange);
            if self.kind == SnapshotKind::Full || seen.insert(shown.clone()) {
                text.push_str(&shown);
                text.push('\n');
            }
        }
        match (more, self.kind) {
            (0, _) => {}
            (_, SnapshotKind::Full) => {
                let _ = writeln!(text, "({more} further exchanges are not shown)");
            }
            (_, SnapshotKind::Shape) => text.push_str("(further exchanges are not shown)\n"),
        }
        text
    }

    /// What the tenant does not hold as it should; in a shape each kind of difference once.
    pub(super) fn differences(&mut self, differences: &[Difference]) -> String {
        let mut blocks: Vec<String> = Vec::new();
        for it in differences {
            let kind = serde_json::to_string(&it.kind).expect("a kind is a word");
            let mut block = format!("=== difference: {}", kind.trim_matches('"'));
            if self.kind == SnapshotKind::Full {
                let mut said = |text: &str| one_line(&self.names.text(&(self.scrub)(text)));
                let _ = write!(block, "\n{}", said(&it.subject));
                let _ = write!(block, "\nexpected: {}", said(&it.expected));
                let _ = write!(block, "\nactual: {}", said(&it.actual));
            }
            block.push_str("\n\n");
            if !blocks.contains(&block) {
                blocks.push(block);
            }
        }
        blocks.concat()
    }

    fn exchange(&mut self, exchange: &Exchange) -> String {
        let request = &exchange.request;
        let resource = Resource::of_path(request.path());
        let mut text = format!("=== {}\n", exchange.operation);
        let target = self.target(&request.target);
        let _ = writeln!(text, "{} {target}", request.method);
        let content_type = request.headers.iter().find(|(name, _)| name == "content-type");
        if let Some((name, value)) = content_type {
            let value = String::from_utf8_lossy(value.as_bytes());
            let _ = writeln!(text, "{name}: {}", one_line(&(self.scrub)(&value)));
        }
        self.body(&mut text, request.body.as_deref().unwrap_or_default(), Writer::Client, resource);
        text.push('\n');
        match &exchange.result {
            Ok(answer) => self.answer(&mut text, answer, resource),
            Err(Failure::Refused(why)) => {
                let why = self.names.text(&(self.scrub)(why));
                let _ = writeln!(text, "not sent: {}", one_line(&why));
            }
            // The words of a failure hold addresses and ports; its kind is what stays.
            Err(failure) => {
                let _ = writeln!(text, "no answer ({})", failure.kind());
            }
        }
        text
    }

    fn target(&mut self, target: &str) -> String {
        let named = self.names.text(&(self.scrub)(target));
        let shown = match (self.kind, named.split_once('?')) {
            (SnapshotKind::Shape, Some((path, query))) => {
                let query = QUOTED.replace_all(query, |found: &regex::Captures<'_>| {
                    let quote = if found[0].starts_with('"') { "\"" } else { "%22" };
                    match found[0].trim_matches('"').trim_start_matches("%22").chars().next() {
                        Some('<') => found[0].to_owned(),
                        _ => format!("{quote}<string>{quote}"),
                    }
                });
                format!("{path}?{query}")
            }
            _ => named,
        };
        one_line(&shown)
    }

    fn answer(&mut self, text: &mut String, answer: &Answer, resource: Option<Resource>) {
        let _ = writeln!(text, "{}", answer.status);
        for name in SHOWN_HEADERS {
            for value in answer.headers.get_all(*name) {
                let value = (self.scrub)(&String::from_utf8_lossy(value.as_bytes()));
                let value = match *name {
                    "etag" => etag_form(&value).to_owned(),
                    "retry-after" => self.retry_after(&value),
                    "content-type" => value,
                    _ => self.names.text(&value),
                };
                let _ = writeln!(text, "{name}: {}", one_line(&value));
            }
        }
        self.body(text, &answer.body, Writer::Tenant, resource);
        match &answer.end {
            BodyEnd::Complete => {}
            BodyEnd::TooLarge { limit } => {
                let _ = writeln!(text, "(the body is larger than {limit} bytes)");
            }
            BodyEnd::Broken(_) => text.push_str("(the body broke off)\n"),
        }
    }

    fn retry_after(&self, value: &str) -> String {
        let seconds = value.parse::<u64>().is_ok();
        if seconds && self.kind == SnapshotKind::Shape {
            "<seconds>".to_owned()
        } else if is_time(value) || value.ends_with("GMT") {
            "<time>".to_owned()
        } else {
            value.to_owned()
        }
    }

    fn body(
        &mut self,
        text: &mut String,
        bytes: &[u8],
        writer: Writer,
        resource: Option<Resource>,
    ) {
        if bytes.is_empty() {
            return;
        }
        let (kind, scrub) = (self.kind, self.scrub);
        let mut rewriter = Rewriter { names: &mut self.names, scrub, kind, writer, resource };
        let shown = match serde_json::from_slice(bytes) {
            Ok(body) => {
                let body = rewriter.json(&body);
                serde_json::to_string_pretty(&body).expect("a JSON value has string keys")
            }
            Err(_) => rewriter.text(bytes),
        };
        text.push('\n');
        text.push_str(&escape(cut(&shown)));
        text.push('\n');
        if shown.len() > BODY_LIMIT {
            text.push_str("(the body goes on; a snapshot shows its first 32 KiB)\n");
        }
    }
}

fn cut(text: &str) -> &str {
    if text.len() <= BODY_LIMIT { text } else { &text[..text.floor_char_boundary(BODY_LIMIT)] }
}

fn one_line(text: &str) -> String {
    escape(text).replace('\n', "\\n")
}

/// How much of a body is shown, in bytes after naming.
const BODY_LIMIT: usize = 32 * 1024;

/// What is shown of an answer's headers, in this order.
const SHOWN_HEADERS: &[&str] =
    &["content-type", "location", "etag", "www-authenticate", "retry-after"];

static QUOTED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#""[^"]*"|%22.*?%22"#).expect("the pattern is a constant that the tests use")
});

#[cfg(test)]
mod tests;
