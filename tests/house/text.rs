//! Rules about text: how long, how it begins, and what it must not hold.

use super::{expect_none, files, rust_files};

/// Lines of a file; near 400 is the aim.
const FILE_LINES_MAX: usize = 600;
/// Characters of a line.
const LINE_MAX: usize = 100;
/// Lines of a function: what fits on a screen.
const FUNCTION_LINES_MAX: usize = 70;

/// What no file may hold, in two halves so that this file does not hold it either.
const WORDS: &[(&str, &str)] =
    &[("TO", "DO"), ("FIX", "ME"), ("dbg", "!("), ("todo", "!("), ("unimplemented", "!(")];
/// Folders of one machine.
const MACHINE_PATHS: &[(&str, &str)] =
    &[("/wo", "rk/"), ("/ro", "ot/"), ("/tm", "p/"), ("/ho", "me/")];
/// Where packages are fetched from is the business of whoever fetches them.
const REGISTRY_HOSTS: &[(&str, &str)] = &[
    ("crates", ".io"),
    ("pypi", ".org"),
    ("pythonhosted", ".org"),
    ("registry.npm", "js.org"),
    ("npm", "js.com"),
    ("deb.deb", "ian.org"),
];
/// Cargo writes its registry into the lock file; nobody else may.
const LOCK_FILE: &str = "Cargo.lock";

#[test]
fn files_lines_and_functions_fit_the_screen() {
    let mut complaints = Vec::new();
    for file in rust_files() {
        let lines: Vec<_> = file.text.lines().collect();
        if lines.len() > FILE_LINES_MAX {
            complaints.push(format!("{}: {} lines", file.path, lines.len()));
        }
        for (at, line) in lines.iter().enumerate() {
            let length = line.chars().count();
            if length > LINE_MAX {
                complaints.push(format!("{}:{}: {length} characters", file.path, at + 1));
            }
        }
        for (at, length) in long_functions(&lines) {
            complaints.push(format!("{}:{at}: a function of {length} lines", file.path));
        }
    }
    let advice = format!(
        "files have {FILE_LINES_MAX} lines at most, lines {LINE_MAX} characters, functions \
         {FUNCTION_LINES_MAX} lines; move a part with a name of its own out of"
    );
    expect_none(&complaints, &advice);
}

#[test]
fn every_rust_file_says_what_it_is_for() {
    let silent = rust_files().into_iter().filter(|file| !file.text.starts_with("//! "));
    let complaints: Vec<_> = silent.map(|file| file.path).collect();
    expect_none(
        &complaints,
        "a file opens with `//!` and some sentences on what it is for; add to",
    );
}

#[test]
fn nothing_is_left_to_do_and_no_machine_or_registry_is_named() {
    let mut complaints = Vec::new();
    for file in files() {
        for (at, line) in file.text.lines().enumerate() {
            if let Some(found) = forbidden(line, file.path == LOCK_FILE) {
                complaints.push(format!("{}:{}: `{found}`", file.path, at + 1));
            }
        }
    }
    expect_none(&complaints, "do it now, or say it without the place; take out");
}

/// The line of each function's head that is followed by too many lines, and how many. The files
/// are formatted, so a function ends where its closing brace stands under its head. An expected
/// text (an inline snapshot) is data and not counted; a table of cases that says so in an `expect`
/// of its own is let through.
fn long_functions(lines: &[&str]) -> Vec<(usize, usize)> {
    let is_head = |line: &str| {
        let words = line.trim_start().trim_start_matches("pub(crate) ").trim_start_matches("pub ");
        let words = words.trim_start_matches("pub(super) ").trim_start_matches("const ");
        words.trim_start_matches("async ").starts_with("fn ")
    };
    let length = |at: usize| {
        let indent = lines[at].len() - lines[at].trim_start().len();
        let ends = |line: &&str| line.len() == indent + 1 && line.ends_with('}');
        let one_line = lines[at].ends_with('}') || lines[at].ends_with(';');
        if one_line {
            return 1;
        }
        let body = lines[at..].iter().position(ends).map_or(1, |last| last + 1);
        body - expected_text(&lines[at..at + body])
    };
    let excused = |at: usize| at > 0 && lines[at - 1].contains("expect(clippy::too_many_lines");
    let heads = (0..lines.len()).filter(|at| is_head(lines[*at]) && !excused(*at));
    heads.map(|at| (at + 1, length(at))).filter(|(_, it)| *it > FUNCTION_LINES_MAX).collect()
}

/// How many lines lie inside raw string literals.
fn expected_text(lines: &[&str]) -> usize {
    let mut inside = false;
    lines
        .iter()
        .filter(|line| {
            let was_inside = inside;
            if inside {
                inside = !line.trim_start().starts_with("\"#");
            } else {
                inside = line.ends_with("r#\"") || line.ends_with("@r#\"");
            }
            was_inside
        })
        .count()
}

/// What a line holds that it must not.
fn forbidden(line: &str, is_lock_file: bool) -> Option<String> {
    let joined = |pair: &(&str, &str)| format!("{}{}", pair.0, pair.1);
    let stands_alone = |found: usize| {
        let before = line[..found].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || "_/.-~}".contains(c))
    };
    let words = WORDS.iter().chain(MACHINE_PATHS).map(joined);
    let alone = |word: &String| line.match_indices(word.as_str()).any(|(at, _)| stands_alone(at));
    let mut hosts = REGISTRY_HOSTS.iter().map(joined).filter(|_| !is_lock_file);
    words.into_iter().find(alone).or_else(|| hosts.find(|host| line.contains(host.as_str())))
}

#[test]
fn the_forbidden_is_found_and_the_like_is_not() {
    for (first, second) in WORDS.iter().chain(MACHINE_PATHS).chain(REGISTRY_HOSTS) {
        let line = format!("    see \"{first}{second}x\"");
        assert!(forbidden(&line, false).is_some(), "{line}");
    }
    for line in ["a stodgy fixmement", "emails[type eq \"work\"]", "src/work/tmp", "~/root/x"] {
        assert_eq!(forbidden(line, false), None);
    }
    let (first, second) = REGISTRY_HOSTS[0];
    assert_eq!(forbidden(&format!("https://{first}{second}/"), true), None);
}

#[test]
fn a_long_function_is_found() {
    let body = "        work();\n".repeat(FUNCTION_LINES_MAX - 1);
    let long = format!("impl It {{\n    pub(crate) async fn long() {{\n{body}    }}\n}}");
    let found = long_functions(&long.lines().collect::<Vec<_>>());
    assert_eq!(found, [(2, FUNCTION_LINES_MAX + 1)]);
    let data = long.replacen("        work();\n", "        is(r#\"\n    text\n    \"#);\n", 1);
    assert_eq!(long_functions(&data.lines().collect::<Vec<_>>()), found);
    let shorter = long.replacen("        work();\n", "", 1);
    assert_eq!(long_functions(&shorter.lines().collect::<Vec<_>>()), []);
}
