//! Values of Entra's knobs and mappings that cannot be meant, refused before anything runs.
//!
//! Profiles and scenarios both hold these tables, so both ask here.

use toml::Spanned;

use super::*;
use crate::refusal::{Refusal, SourceText};

/// The most requests in flight that a file may ask for.
pub const CONCURRENCY_MAX: usize = 1_000;

/// Refuses an `[entra]` table with a value out of its range.
pub fn refuse_entra(
    source: &SourceText<'_>,
    entra: &Spanned<EntraOverrides>,
) -> Result<(), Box<Refusal>> {
    let it = entra.get_ref();
    let ranges = [
        ("members-per-patch", it.members_per_patch.map(|n| n as u64), 1, 1_000),
        ("concurrency", it.concurrency.map(|n| n as u64), 1, CONCURRENCY_MAX as u64),
        ("cycle-interval-minutes", it.cycle_interval_minutes.map(u64::from), 1, 527_040),
        ("timeout-seconds", it.timeout_seconds.map(u64::from), 1, 3_600),
        ("quarantine-failures-percent", it.quarantine_failures_percent, 0, 100),
    ];
    for (key, value, least, most) in ranges {
        if let Some(value) = value.filter(|value| !(least..=most).contains(value)) {
            let mend = format!("write a number from {least} to {most}");
            return Err(source.refuse_key(
                &entra.span(),
                key,
                format!("{value} is out of range"),
                &mend,
            ));
        }
    }
    for (key, names) in [("match-user", &it.match_user), ("match-group", &it.match_group)] {
        let useless = |names: &Vec<String>| {
            names.is_empty() || names.iter().any(|name| name.trim().is_empty())
        };
        if names.as_ref().is_some_and(useless) {
            let mend = "name at least one SCIM attribute, such as [\"userName\"]";
            let problem = "there is nothing to match by";
            return Err(source.refuse_key(&entra.span(), key, problem, mend));
        }
    }
    Ok(())
}

/// Refuses a `[[mapping]]` that says two things, or maps nothing at all.
pub fn refuse_mapping(
    source: &SourceText<'_>,
    mapping: &Spanned<MappingDefinition>,
) -> Result<(), Box<Refusal>> {
    let it = mapping.get_ref();
    let given: Vec<&str> =
        [("direct", &it.direct), ("constant", &it.constant), ("expression", &it.expression)]
            .into_iter()
            .filter_map(|(key, value)| value.as_ref().map(|_| key))
            .collect();
    if let [first, second, ..] = given.as_slice() {
        let problem = format!("`{second}` stands beside `{first}`");
        let mend = "keep one of direct, constant and expression";
        return Err(source.refuse_key(&mapping.span(), second, problem, mend));
    }
    if it.target.trim().is_empty() {
        let mend = "name a SCIM attribute, such as \"title\"";
        return Err(source.refuse_key(&mapping.span(), "target", "the target is empty", mend));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize)]
    struct Tables {
        entra: Option<Spanned<EntraOverrides>>,
        #[serde(default)]
        mapping: Vec<Spanned<MappingDefinition>>,
    }

    fn refusal(text: &str) -> Option<String> {
        let tables: Tables = toml::from_str(text).unwrap();
        let source = SourceText { file: "x.toml", text };
        let entra = tables.entra.iter().map(|entra| refuse_entra(&source, entra));
        let mappings = tables.mapping.iter().map(|mapping| refuse_mapping(&source, mapping));
        entra.chain(mappings).find_map(Result::err).map(|refusal| refusal.to_string())
    }

    #[test]
    fn knobs_out_of_range_are_shown_with_their_range() {
        let text = "[entra]\ndialect = \"default\"\nmembers-per-patch = 0\n";
        insta::assert_snapshot!(refusal(text).unwrap(), @r"
        x.toml, line 3, entra.members-per-patch: 0 is out of range
          |
        3 | members-per-patch = 0
          | ^^^^^^^^^^^^^^^^^^^^^
          = write a number from 1 to 1000
        ");
        for (line, refused) in [
            ("members-per-patch = 1000", false),
            ("members-per-patch = 1001", true),
            ("concurrency = 0", true),
            ("timeout-seconds = 0", true),
            ("cycle-interval-minutes = 0", true),
            ("quarantine-failures-percent = 101", true),
            ("match-user = []", true),
            ("match-group = [\" \"]", true),
            ("match-group = [\"displayName\", \"externalId\"]", false),
        ] {
            assert_eq!(refusal(&format!("[entra]\n{line}\n")).is_some(), refused, "{line}");
        }
    }

    #[test]
    fn a_mapping_says_one_thing() {
        let text = "[[mapping]]\ntarget = \"title\"\ndirect = \"jobTitle\"\nconstant = \"x\"\n";
        insta::assert_snapshot!(refusal(text).unwrap(), @r#"
        x.toml, line 4, mapping.constant: `constant` stands beside `direct`
          |
        4 | constant = "x"
          | ^^^^^^^^^^^^^^
          = keep one of direct, constant and expression
        "#);
        assert!(refusal("[[mapping]]\ntarget = \"\"\n").unwrap().contains("mapping.target"));
        assert_eq!(refusal("[[mapping]]\ntarget = \"title\"\n"), None);
    }
}
