//! Makes texts from a tenant safe to show: nothing in them may act on a terminal, a Markdown
//! renderer or an XML reader, and none may fill the screen.
//!
//! What is invisible or would act becomes a visible escape such as `\u{1b}`; what is too long is
//! cut, and says so. Every report shows foreign text through one of these functions only.

use std::fmt::Write as _;

/// Characters of a text in a table or a list.
pub const SHORT: usize = 160;
/// Characters of a text that is evidence.
pub const LONG: usize = 2_000;

/// The text on one line, at most `limit` characters of it, with every control, direction and
/// zero-width character made visible.
pub fn visible(text: &str, limit: usize) -> String {
    let mut shown = String::new();
    for (count, (at, character)) in text.char_indices().enumerate() {
        if count == limit {
            let _ = write!(shown, "… ({} more bytes)", text.len() - at);
            break;
        }
        match character {
            '\n' => shown.push_str("\\n"),
            '\r' => shown.push_str("\\r"),
            '\t' => shown.push_str("\\t"),
            _ if acts(character) => {
                let _ = write!(shown, "\\u{{{:x}}}", u32::from(character));
            }
            _ => shown.push(character),
        }
    }
    shown
}

/// The text as Markdown prose: visible, and with what Markdown and HTML would read escaped.
pub fn prose(text: &str, limit: usize) -> String {
    let shown = visible(text, limit);
    let shown = shown.trim();
    let digits = shown.chars().take_while(char::is_ascii_digit).count();
    let mut escaped = String::new();
    for (at, character) in shown.chars().enumerate() {
        // What would begin a list at the beginning of a line.
        if (at == 0 && "-+=".contains(character)) || (at == digits && ".)".contains(character)) {
            escaped.push('\\');
        }
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '|' => escaped.push_str("&#124;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '~' | '#' | '!' | '$' => {
                escaped.push('\\');
                escaped.push(character);
            }
            _ => escaped.push(character),
        }
    }
    escaped
}

/// The text as a Markdown code span, in which nothing is read as Markdown or HTML.
pub fn code(text: &str, limit: usize) -> String {
    let shown = visible(text, limit);
    let ticks = "`".repeat(longest_ticks(&shown) + 1);
    let space =
        if shown.is_empty() || shown.starts_with('`') || shown.ends_with('`') { " " } else { "" };
    format!("{ticks}{space}{shown}{space}{ticks}")
}

/// The text for a cell of a table: a code span, or prose where a bar would end the cell even in
/// code.
pub fn cell(text: &str, limit: usize) -> String {
    if text.contains('|') { prose(text, limit) } else { code(text, limit) }
}

/// The text as a fenced Markdown block, with a newline at its end.
pub fn fence(language: &str, text: &str, limit: usize) -> String {
    let shown = visible(text, limit);
    let ticks = "`".repeat(longest_ticks(&shown).max(2) + 1);
    format!("{ticks}{language}\n{shown}\n{ticks}\n")
}

/// The text as one word of a POSIX shell.
pub fn shell_word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@%+=,".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", visible(text, LONG).replace('\'', "'\\''"))
}

/// Whether a character would act on what surrounds it instead of being seen.
fn acts(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{feff}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{fff9}'..='\u{fffb}' | '\u{fffe}' | '\u{ffff}' | '\u{e0000}'..='\u{e007f}')
}

/// The length of the longest run of backticks.
fn longest_ticks(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn controls_escapes_and_directions_become_visible() {
        let hostile = "a\u{1b}[31mred\u{7}\r\n\u{202e}evil\u{2066}\u{200b}\0\u{9b}2J";
        insta::assert_snapshot!(
            visible(hostile, SHORT),
            @r"a\u{1b}[31mred\u{7}\r\n\u{202e}evil\u{2066}\u{200b}\u{0}\u{9b}2J"
        );
        assert_eq!(visible("Grüße, 東京", SHORT), "Grüße, 東京");
    }

    #[test]
    fn a_long_text_is_cut_and_says_so() {
        assert_eq!(visible("äöü", 3), "äöü");
        assert_eq!(visible("äöü!", 3), "äöü… (1 more bytes)");
        let megabyte = "x".repeat(1_000_000);
        assert_eq!(visible(&megabyte, 5), "xxxxx… (999995 more bytes)");
    }

    #[test]
    fn prose_holds_no_markup() {
        for (text, shown) in [
            ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
            ("**b** [x](y) `c`", r"\*\*b\*\* \[x\](y) \`c\`"),
            ("a | d\n# e", r"a &#124; d\\n\# e"),
            ("![i](u) &amp; $m$ __f__ ~~s~~", r"\!\[i\](u) &amp;amp; \$m\$ \_\_f\_\_ \~\~s\~\~"),
            ("- item", r"\- item"),
            ("    12. item - 1.", r"12\. item - 1."),
        ] {
            assert_eq!(prose(text, SHORT), shown);
        }
    }

    #[test]
    fn a_code_span_is_longer_than_any_backticks_in_it() {
        assert_eq!(code("plain", SHORT), "`plain`");
        assert_eq!(code("", SHORT), "`  `");
        assert_eq!(code("a `b` ``c", SHORT), "```a `b` ``c```");
        assert_eq!(code("`b`", SHORT), "`` `b` ``");
        assert_eq!(cell("a\\|b", SHORT), "a\\\\&#124;b");
        assert_eq!(cell("a", SHORT), "`a`");
    }

    #[test]
    fn a_fence_cannot_be_closed_from_inside() {
        assert_eq!(fence("sh", "x\n```\ny", SHORT), "````sh\nx\\n```\\ny\n````\n");
        assert_eq!(fence("", "x", SHORT), "```\nx\n```\n");
    }

    #[test]
    fn a_shell_word_stays_one_word() {
        assert_eq!(shell_word("groups/rename"), "groups/rename");
        assert_eq!(shell_word("a b; rm -rf $HOME"), "'a b; rm -rf $HOME'");
        assert_eq!(shell_word("it's"), r"'it'\''s'");
        assert_eq!(shell_word(""), "''");
    }
}
