//! One clear message about a file of ours: file, line, key, what is wrong, and the mend.
//!
//! Scenarios and profiles are read by people at a desk, so whatever is refused points at the place
//! with a caret. toml's own errors and the meanings we check afterwards come out looking the same.

use std::fmt;
use std::ops::Range;

/// Why a file was refused, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The file, or the name of a built-in one.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1, counted in characters.
    pub column: usize,
    /// The table and key concerned, such as `population.users`, where there is one.
    pub key: Option<String>,
    /// What is wrong.
    pub problem: String,
    /// What to write instead, where the problem does not say it already.
    pub mend: Option<String>,
    source_line: String,
    carets: usize,
}

/// The text of a file and its name: makes refusals that point into it.
#[derive(Debug, Clone, Copy)]
pub struct SourceText<'text> {
    /// The file, or the name of a built-in one.
    pub file: &'text str,
    /// All of its text.
    pub text: &'text str,
}

impl SourceText<'_> {
    /// Refuses what stands at `span`, a range of bytes.
    pub fn refuse(
        &self,
        span: &Range<usize>,
        problem: impl Into<String>,
        mend: &str,
    ) -> Box<Refusal> {
        let (start, end) = (self.boundary(span.start), self.boundary(span.end));
        let line_start = self.text[..start].rfind('\n').map_or(0, |at| at + 1);
        let line_end = self.text[start..].find('\n').map_or(self.text.len(), |at| start + at);
        let marked = &self.text[start..end.clamp(start, line_end)];
        Box::new(Refusal {
            file: self.file.to_owned(),
            line: self.text[..start].matches('\n').count() + 1,
            column: self.text[line_start..start].chars().count() + 1,
            key: self.key_at(line_start),
            problem: problem.into(),
            mend: (!mend.is_empty()).then(|| mend.to_owned()),
            source_line: self.text[line_start..line_end].trim_end().to_owned(),
            carets: marked.trim_end().chars().count().max(1),
        })
    }

    /// Refuses the value of `key` in the table at `span`; the table itself if it does not name it.
    pub fn refuse_key(
        &self,
        span: &Range<usize>,
        key: &str,
        problem: impl Into<String>,
        mend: &str,
    ) -> Box<Refusal> {
        let from = self.boundary(span.start);
        let found = lines_from(self.text, from).find(|(_, line)| key_of(line) == Some(key));
        let place = found.map_or(span.clone(), |(at, line)| {
            let indent = line.len() - line.trim_start().len();
            at + indent..at + line.len()
        });
        self.refuse(&place, problem, mend)
    }

    /// What toml found wrong.
    pub fn refuse_toml(&self, error: &toml::de::Error) -> Box<Refusal> {
        let mut problem = error.message().trim().replace('\n', ", ");
        if let Some((found, expected)) = problem.split_once(", expected ")
            && let Some((_, words)) = TYPES_IN_WORDS.iter().find(|(name, _)| *name == expected)
        {
            problem = format!("{found}, expected {words}");
        }
        self.refuse(&error.span().unwrap_or(0..0), problem, "")
    }

    /// `table.key` for the line that begins there: the key written on it or above it, and the
    /// header above that.
    fn key_at(&self, line_start: usize) -> Option<String> {
        let line_end =
            self.text[line_start..].find('\n').map_or(self.text.len(), |at| line_start + at);
        let above: Vec<&str> = self.text[..line_end].lines().collect();
        let is_header = |line: &&&str| line.starts_with('[');
        let header = above.iter().rev().find(is_header);
        let table = header.map(|line| line.trim_matches(['[', ']', ' ']).to_owned());
        let mut here = above.iter().rev().take_while(|line| !line.starts_with('['));
        let key = here.find_map(|line| key_of(line));
        match (table, key) {
            (Some(table), Some(key)) => Some(format!("{table}.{key}")),
            (table, key) => table.or(key.map(str::to_owned)),
        }
    }

    /// The nearest place at or before `at` where a character begins.
    fn boundary(&self, at: usize) -> usize {
        self.text.floor_char_boundary(at)
    }
}

/// serde names Rust's types; whoever writes a file knows TOML's.
const TYPES_IN_WORDS: &[(&str, &str)] = &[
    ("i64", "a whole number"),
    ("u64", "a whole number from 0"),
    ("u32", "a whole number from 0"),
    ("u16", "a whole number from 0"),
    ("usize", "a whole number from 0"),
    ("f64", "a number"),
    ("a string", "text in double quotes"),
    ("a boolean", "true or false"),
    ("a sequence", "a list in square brackets"),
];

/// The key a line assigns, if it assigns one.
fn key_of(line: &str) -> Option<&str> {
    let key = line.split_once('=')?.0.trim();
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    (!key.is_empty() && key.chars().all(plain)).then_some(key)
}

/// Lines with the byte at which each begins.
fn lines_from(text: &str, from: usize) -> impl Iterator<Item = (usize, &str)> {
    let mut at = from;
    text[from..].split_inclusive('\n').map(move |line| {
        let began = at;
        at += line.len();
        (began, line.trim_end())
    })
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, line {}", self.file, self.line)?;
        if let Some(key) = &self.key {
            write!(f, ", {key}")?;
        }
        let number = self.line.to_string();
        let margin = " ".repeat(number.len());
        let carets = format!("{}{}", " ".repeat(self.column - 1), "^".repeat(self.carets));
        write!(f, ": {}\n{margin} |\n{number} | {}\n", self.problem, self.source_line)?;
        write!(f, "{margin} | {carets}")?;
        match &self.mend {
            Some(mend) => write!(f, "\n{margin} = {mend}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Refusal {}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = concat!(
        "title = \"Ünïcode\"\n\n[population]\nusers = 4\n\n",
        "[[cycle]]\nscript = [\n  \"é user 1\",\n]\n"
    );

    fn source() -> SourceText<'static> {
        SourceText { file: "some.toml", text: TEXT }
    }

    fn span_of(words: &str) -> Range<usize> {
        let at = TEXT.find(words).unwrap();
        at..at + words.len()
    }

    #[test]
    fn a_refusal_names_file_line_key_and_shows_the_place() {
        let refusal = source().refuse(&span_of("4"), "too few", "write 5 or more");
        insta::assert_snapshot!(refusal, @r"
        some.toml, line 4, population.users: too few
          |
        4 | users = 4
          |         ^
          = write 5 or more
        ");
    }

    #[test]
    fn columns_count_characters_and_keys_are_found_above() {
        let refusal = source().refuse(&span_of("user 1"), "nobody", "");
        insta::assert_snapshot!(refusal, @r#"
        some.toml, line 8, cycle.script: nobody
          |
        8 |   "é user 1",
          |      ^^^^^^
        "#);
    }

    #[test]
    fn a_key_is_found_in_its_table_or_the_table_is_shown() {
        let table = span_of("[population]\nusers = 4\n");
        assert_eq!(source().refuse_key(&table, "users", "", "").line, 4);
        assert_eq!(source().refuse_key(&table, "groups", "", "").line, 3);
    }

    #[test]
    fn types_are_named_in_the_words_of_toml() {
        let text = "users = \"many\"\n";
        let error = toml::from_str::<std::collections::BTreeMap<String, i64>>(text).unwrap_err();
        let refusal = SourceText { file: "x.toml", text }.refuse_toml(&error);
        assert_eq!(refusal.problem, "invalid type: string \"many\", expected a whole number");
    }

    #[test]
    fn spans_that_make_no_sense_do_not_panic() {
        for span in [
            0..0,
            Range { start: 10, end: 3 },
            9..10,
            10..11,
            TEXT.len()..TEXT.len() + 9,
            usize::MAX..usize::MAX,
        ] {
            assert!(!source().refuse(&span, "odd", "").to_string().is_empty());
        }
        let empty = SourceText { file: "empty.toml", text: "" };
        assert_eq!(empty.refuse(&(0..0), "empty", "").line, 1);
    }
}
