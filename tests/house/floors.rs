//! Rooms and floors: imports between top-level modules follow the table in `src/lib.rs`.
//!
//! A room may know every room on a lower floor. On its own floor it may know a neighbour, as long
//! as nobody comes round to it again. Test modules keep to the same rules.

use std::collections::{BTreeMap, BTreeSet};

use super::{expect_none, file, rust_files};

/// Rooms that must not know each other although the floors would let them, and why.
const STRANGERS: &[(&str, &str, &str)] = &[("entra", "checks", "who acts does not judge")];

/// The floor of each room.
type Floors = BTreeMap<String, u32>;
/// Who knows whom, and in which files.
type Edges = BTreeMap<(String, String), BTreeSet<String>>;

#[test]
fn the_table_of_floors_names_every_room_once() {
    let floors = floors(&file("src/lib.rs"));
    let mut rooms: BTreeSet<_> = modules_of(&file("src/lib.rs")).into_iter().collect();
    rooms.insert("main".to_owned());
    let named: BTreeSet<_> = floors.keys().cloned().collect();
    assert_eq!(named, rooms, "table (left) and modules (right) of src/lib.rs must be the same");
}

#[test]
fn imports_run_downwards() {
    let floors = floors(&file("src/lib.rs"));
    expect_none(
        &complaints(&edges(), &floors),
        "imports run along the floors of src/lib.rs: move what is shared down to a room that both \
         may know",
    );
}

/// Everything that breaks a rule.
fn complaints(edges: &Edges, floors: &Floors) -> Vec<String> {
    let floor = |room: &str| floors.get(room).copied().unwrap_or(0);
    let mut complaints = Vec::new();
    for ((from, to), places) in edges {
        let places = places.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        let mut complain = |what: String| complaints.push(format!("{what} ({places})"));
        if floor(to) > floor(from) {
            complain(format!("`{from}` imports `{to}`, which lives above it"));
        }
        if floor(to) == floor(from) && leads_to(edges, to, from, &|room| floor(room) == floor(to)) {
            complain(format!("`{from}` imports `{to}`, which knows it in turn"));
        }
        for (one, other, why) in STRANGERS {
            if [(*one, *other), (*other, *one)].contains(&(from, to)) {
                complain(format!("`{from}` imports `{to}`: {why}"));
            }
        }
    }
    complaints
}

/// Whether one room knows the other, directly or through rooms that pass `within`.
fn leads_to(edges: &Edges, from: &str, to: &str, within: &dyn Fn(&str) -> bool) -> bool {
    let mut seen = BTreeSet::new();
    let mut open = vec![from.to_owned()];
    while let Some(room) = open.pop() {
        if room == to {
            return true;
        }
        if seen.insert(room.clone()) {
            let next = edges.keys().filter(|(from, to)| *from == room && within(to));
            open.extend(next.map(|(_, to)| to.clone()));
        }
    }
    false
}

/// The imports of all files below `src/`. What `main.rs` declares belongs to `main`.
fn edges() -> Edges {
    let library = modules_of(&file("src/lib.rs"));
    let mut edges = Edges::new();
    for file in rust_files() {
        let Some(inside) = file.path.strip_prefix("src/") else { continue };
        let top = inside.split('/').next().unwrap_or(inside).trim_end_matches(".rs").to_owned();
        if top == "lib" {
            continue;
        }
        let is_library = library.contains(&top);
        let (from, root) =
            if is_library { (top, "crate::") } else { ("main".to_owned(), "scimrig::") };
        for to in imports(&file.text, root) {
            if to != from && library.contains(&to) {
                edges.entry((from.clone(), to)).or_default().insert(file.path.clone());
            }
        }
    }
    edges
}

/// The first segment of every path that begins with `root`, grouped imports included.
fn imports(text: &str, root: &str) -> BTreeSet<String> {
    let code: Vec<_> = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
    let code = code.join("\n");
    let mut found = BTreeSet::new();
    for (at, _) in code.match_indices(root) {
        let after = &code[at + root.len()..];
        match after.strip_prefix('{') {
            Some(group) => found.extend(heads_of_group(group)),
            None => found.extend(Some(identifier(after)).filter(|name| !name.is_empty())),
        }
    }
    found
}

/// The first segments of `{a::b, c::{d, e}, f}`, without the opening brace.
fn heads_of_group(group: &str) -> Vec<String> {
    let mut heads = Vec::new();
    let (mut depth, mut is_head) = (0, true);
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => is_head = true,
            c if is_head && !c.is_whitespace() => {
                heads.push(identifier(&group[at..]));
                is_head = false;
            }
            _ => {}
        }
    }
    heads
}

fn identifier(text: &str) -> String {
    text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

/// The floors, read from the table in the crate's documentation.
fn floors(documentation: &str) -> Floors {
    let mut floors = Floors::new();
    for line in documentation.lines().filter_map(|line| line.strip_prefix("//! | ")) {
        let cells: Vec<_> = line.split(" | ").collect();
        let Some(Ok(floor)) = cells.first().map(|cell| cell.parse()) else { continue };
        let names = cells.get(1).map_or(Vec::new(), |cell| cell.split('`').collect());
        for name in names.into_iter().skip(1).step_by(2) {
            let before = floors.insert(name.to_owned(), floor);
            assert_eq!(before, None, "`{name}` stands twice in the table of floors");
        }
    }
    floors
}

/// The modules that a file declares.
fn modules_of(text: &str) -> Vec<String> {
    let declared = |line: &str| {
        let line = line.trim_start_matches("pub ").strip_prefix("mod ")?;
        Some(line.strip_suffix(';')?.to_owned())
    };
    text.lines().filter_map(declared).collect()
}

#[test]
fn imports_are_read_however_they_are_written() {
    let text = "use crate::exchange::{self, Exchange};\n// crate::run is not meant\n\
                use crate::{\n    scim::{patch, list},\n    tenant::Tenant, load,\n};\n\
                fn of() -> crate::checks::Check { crate::report::read(\"http://crate::\") }";
    let found: Vec<_> = imports(text, "crate::").into_iter().collect();
    assert_eq!(found, ["checks", "exchange", "load", "report", "scim", "tenant"]);
}

#[test]
fn a_wrong_import_is_a_complaint() {
    let floors = floors(
        "//! | floor | rooms |\n//! |---|---|\n//! | 3 | [`entra`] | x |\n\
         //! | 2 | [`tenant`], [`checks`] | x |\n//! | 1 | [`scim`], [`exchange`] | x |",
    );
    assert_eq!(floors["checks"], 2);
    let with = |pairs: &[(&str, &str)]| -> Vec<String> {
        let edge = |(from, to): &(&str, &str)| {
            ((String::from(*from), String::from(*to)), BTreeSet::from(["src/x.rs".to_owned()]))
        };
        complaints(&pairs.iter().map(edge).collect(), &floors)
    };
    assert_eq!(with(&[("entra", "scim"), ("exchange", "scim"), ("tenant", "exchange")]), [""; 0]);
    assert!(with(&[("scim", "tenant")])[0].contains("`tenant`, which lives above it (src/x.rs)"));
    assert_eq!(with(&[("scim", "exchange"), ("exchange", "scim")]).len(), 2);
    assert!(with(&[("entra", "checks")])[0].contains("who acts does not judge"));
}
