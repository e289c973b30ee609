//! Tests of the filter and path parsers, among them the comparison with `scim_v2`'s parser.
//!
//! The generated filters keep to the grammar both parsers share: no `$ref`, `not` with a space
//! before its group, no comparison after a value path.

use proptest::prelude::*;
use scim_v2::filter as other;
use serde_json::json;

use super::*;
use crate::scim::path::PatchPath;

fn compare(attribute: &str, operator: CompareOperator, value: Value) -> Filter {
    Filter::Compare { path: AttributePath::parse(attribute).unwrap(), operator, value }
}

fn fault(text: &str) -> String {
    Filter::parse(text).unwrap_err().to_string()
}

#[test]
fn and_binds_tighter_than_or_and_not_tighter_than_and() {
    let [a, b, c] = ["a", "b", "c"].map(|name| Filter::Present(AttributePath::of(name)));
    let read = Filter::parse("a pr or b pr and c pr").unwrap();
    assert_eq!(read, Filter::Or(vec![a.clone(), Filter::And(vec![b.clone(), c.clone()])]));
    let read = Filter::parse("(a pr or b pr) and c pr").unwrap();
    assert_eq!(read, Filter::And(vec![Filter::Or(vec![a.clone(), b.clone()]), c]));
    let read = Filter::parse("not (a pr) and b pr").unwrap();
    assert_eq!(read, Filter::And(vec![Filter::Not(Box::new(a)), b]));
}

#[test]
fn operators_are_read_in_any_case_and_not_with_or_without_a_space() {
    let expected = Filter::parse(r#"a eq "x" and not (b pr) or c co "y""#).unwrap();
    for text in [
        r#"a EQ "x" AND NOT (b PR) OR c Co "y""#,
        r#"a eq "x" and not(b pr) or c co "y""#,
        r#"  a  eq   "x" and NoT  ( b pr ) or c co "y" "#,
    ] {
        assert_eq!(Filter::parse(text).unwrap(), expected, "{text}");
    }
}

#[test]
fn values_follow_the_rules_of_json() {
    for (literal, value) in [
        ("true", json!(true)),
        ("false", json!(false)),
        ("null", json!(null)),
        ("-12", json!(-12)),
        ("1.5e3", json!(1500.0)),
        (r#""""#, json!("")),
        (r#""a\"b\\c\/""#, json!("a\"b\\c/")),
        (r#""\ud83d\ude00 é""#, json!("😀 é")),
        (r#"") or (""#, json!(") or (")),
    ] {
        let read = Filter::parse(&format!("a eq {literal}")).unwrap();
        assert_eq!(read, compare("a", CompareOperator::Equal, value), "{literal}");
    }
    for literal in [
        "True",
        "NULL",
        "01",
        "+1",
        "1.",
        ".5",
        "1e999",
        "'x'",
        "x",
        r#""\ud83d""#,
        r#""\x""#,
        "\"a\nb\"",
        r#""a"#,
        "[1]",
        "{}",
        "",
    ] {
        assert!(Filter::parse(&format!("a eq {literal}")).is_err(), "{literal}");
    }
}

#[test]
fn a_value_path_may_go_on_with_a_comparison_but_not_nest() {
    let read = Filter::parse(r#"emails[type eq "work"].value eq "x""#).unwrap();
    let Filter::ValuePath { tail: Some((name, operator, value)), filter, .. } = read else {
        panic!("{read:?}");
    };
    assert_eq!((name.as_str(), operator, value), ("value", CompareOperator::Equal, json!("x")));
    assert_eq!(*filter, compare("type", CompareOperator::Equal, json!("work")));
    assert!(Filter::parse(r#"emails[not (type eq "work") or value sw "x"]"#).is_ok());
    assert!(fault(r#"emails[a[b eq "c"]]"#).contains("inside another"));
    assert!(Filter::parse(r#"emails[type eq "work"].value pr"#).is_err());
    assert!(Filter::parse(r#"emails[type eq "work"].value"#).is_err());
}

#[test]
fn a_fault_is_told_with_its_place_and_its_reason() {
    for (text, position, reason) in [
        ("", 1, "empty"),
        ("userName", 9, "operator"),
        ("userName like \"x\"", 10, "`like` is no operator"),
        ("userName eq", 12, "value"),
        ("userName eq bob", 13, "double quotes"),
        ("active eq True", 11, "lower case"),
        ("userName eq \"é\" und x pr", 17, "`and`, `or` or the end"),
        ("(userName pr", 13, "`)`"),
        ("userName pr)", 12, "not opened"),
        ("userName eq \"a\"and b pr", 16, "`and`, `or` or the end"),
        ("emails[type pr", 15, "`]`"),
        ("a..b pr", 1, "malformed"),
        ("not userName pr", 5, "no operator"),
        ("\"a\" eq \"b\"", 1, "attribute name"),
        ("a pr or", 6, "`and`, `or` or the end"),
    ] {
        let error = Filter::parse(text).unwrap_err();
        assert_eq!(error.position, position, "{text}: {error}");
        assert!(error.message.contains(reason), "{text}: {error}");
    }
}

#[test]
fn thousands_of_brackets_are_refused_without_a_stack_overflow() {
    for (open, close) in [("(", ")"), ("not (", ")"), ("a[", "]")] {
        let text = format!("{}a pr{}", open.repeat(5_000), close.repeat(5_000));
        assert!(Filter::parse(&text).is_err());
    }
    assert!(fault(&"(".repeat(5_000)).contains("more than 64"));
    assert!(PatchPath::parse(&format!("a[{}", "(".repeat(5_000))).is_err());
    let deep = format!("{}a pr{}", "(".repeat(DEPTH_MAX), ")".repeat(DEPTH_MAX));
    assert!(Filter::parse(&deep).is_ok());
    let wide = vec!["a pr"; 5_000].join(" or ");
    assert!(matches!(Filter::parse(&wide), Ok(Filter::Or(parts)) if parts.len() == 5_000));
}

/// The other parser takes an attribute called `not`, `and` or `pr` for the word itself.
fn any_name() -> impl Strategy<Value = String> {
    "[a-zA-Z][a-zA-Z0-9_-]{0,6}".prop_filter("a word of the grammar", |name| {
        let name = name.to_lowercase();
        let operator = CompareOperator::WORDS.iter().any(|(word, _)| *word == name);
        !operator && !["not", "and", "or", "pr", "true", "false", "null"].contains(&name.as_str())
    })
}

fn any_path() -> impl Strategy<Value = AttributePath> {
    let schema = proptest::option::of(prop_oneof![
        Just(crate::scim::USER.to_owned()),
        Just(crate::scim::ENTERPRISE_USER.to_uppercase()),
        Just("urn:example:own:2.0:Thing".to_owned()),
    ]);
    (schema, any_name(), proptest::option::of(any_name())).prop_map(
        |(schema, attribute, sub_attribute)| AttributePath { schema, attribute, sub_attribute },
    )
}

fn any_literal() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::from),
        any::<i32>().prop_map(|quarters| Value::from(f64::from(quarters) / 4.0)),
        any::<String>().prop_map(Value::from),
        "[\\\\\"()\\[\\] a]{0,8}".prop_map(Value::from),
    ]
}

fn any_comparison() -> impl Strategy<Value = Filter> {
    let operator = proptest::sample::select(CompareOperator::WORDS.map(|(_, it)| it).to_vec());
    prop_oneof![
        any_path().prop_map(Filter::Present),
        (any_path(), operator, any_literal()).prop_map(|(path, operator, value)| Filter::Compare {
            path,
            operator,
            value
        }),
    ]
}

fn joined_up(leaf: BoxedStrategy<Filter>) -> BoxedStrategy<Filter> {
    leaf.prop_recursive(4, 16, 3, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 2..4).prop_map(Filter::and),
            proptest::collection::vec(inner.clone(), 2..4).prop_map(Filter::or),
            inner.prop_map(|part| Filter::Not(Box::new(part))),
        ]
    })
    .boxed()
}

fn any_value_filter() -> BoxedStrategy<Filter> {
    joined_up(any_comparison().boxed())
}

fn any_filter() -> BoxedStrategy<Filter> {
    let value_path = (any_path(), any_value_filter())
        .prop_map(|(path, filter)| Filter::ValuePath { path, filter: filter.into(), tail: None });
    joined_up(prop_oneof![3 => any_comparison(), 1 => value_path].boxed())
}

fn any_patch_path() -> impl Strategy<Value = PatchPath> {
    (any_path(), proptest::option::of((any_value_filter(), proptest::option::of(any_name()))))
        .prop_map(|(mut path, bracket)| {
            let (filter, sub) = bracket.map_or((None, None), |(filter, sub)| (Some(filter), sub));
            if sub.is_some() {
                path.sub_attribute = None;
            }
            PatchPath { path, filter, sub_attribute_after_filter: sub }
        })
}

/// The other parser's tree in our words.
fn translated_path(path: &other::AttrPath) -> AttributePath {
    AttributePath {
        schema: path.uri.clone(),
        attribute: path.name.clone(),
        sub_attribute: path.sub_attr.clone(),
    }
}

fn translated_term(term: &other::AttrExp) -> Filter {
    let (path, operator, value) = match term {
        other::AttrExp::Present(path) => return Filter::Present(translated_path(path)),
        other::AttrExp::Comparison(path, operator, value) => (path, operator, value),
    };
    let operator = match operator {
        other::CompareOp::Eq => CompareOperator::Equal,
        other::CompareOp::Ne => CompareOperator::NotEqual,
        other::CompareOp::Co => CompareOperator::Contains,
        other::CompareOp::Sw => CompareOperator::StartsWith,
        other::CompareOp::Ew => CompareOperator::EndsWith,
        other::CompareOp::Gt => CompareOperator::Greater,
        other::CompareOp::Lt => CompareOperator::Less,
        other::CompareOp::Ge => CompareOperator::GreaterOrEqual,
        other::CompareOp::Le => CompareOperator::LessOrEqual,
    };
    let value = match value {
        other::CompValue::False => Value::Bool(false),
        other::CompValue::True => Value::Bool(true),
        other::CompValue::Null => Value::Null,
        other::CompValue::Number(number) => Value::Number(number.clone()),
        other::CompValue::Str(text) => Value::String(text.clone()),
    };
    Filter::Compare { path: translated_path(path), operator, value }
}

fn translated_value_filter(filter: &other::ValFilter) -> Filter {
    match filter {
        other::ValFilter::Attr(term) => translated_term(term),
        other::ValFilter::Not(part) => Filter::Not(translated_value_filter(part).into()),
        other::ValFilter::And(all) => {
            Filter::And(all.iter().map(translated_value_filter).collect())
        }
        other::ValFilter::Or(any) => Filter::Or(any.iter().map(translated_value_filter).collect()),
    }
}

fn translated(filter: &other::Filter) -> Filter {
    match filter {
        other::Filter::Attr(term) => translated_term(term),
        other::Filter::ValuePath(other::ValuePath { attr, filter }) => Filter::ValuePath {
            path: translated_path(attr),
            filter: translated_value_filter(filter).into(),
            tail: None,
        },
        other::Filter::Not(part) => Filter::Not(translated(part).into()),
        other::Filter::And(all) => Filter::And(all.iter().map(translated).collect()),
        other::Filter::Or(any) => Filter::Or(any.iter().map(translated).collect()),
    }
}

fn translated_patch_path(path: &other::PatchPath) -> PatchPath {
    let (path, bracket) = match path {
        other::PatchPath::Attr(path) => (path, None),
        other::PatchPath::Value(it) => (&it.attr, Some((&it.filter, it.sub_attr.clone()))),
    };
    PatchPath {
        path: translated_path(path),
        filter: bracket.as_ref().map(|(filter, _)| translated_value_filter(filter)),
        sub_attribute_after_filter: bracket.and_then(|(_, sub)| sub),
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 400, failure_persistence: None, ..ProptestConfig::default()
    })]

    #[test]
    fn both_parsers_read_a_printed_filter_as_it_was_meant(filter in any_filter()) {
        let text = filter.to_string();
        prop_assert_eq!(&Filter::parse(&text).unwrap(), &filter);
        let theirs: other::Filter = text.parse().unwrap();
        prop_assert_eq!(translated(&theirs), filter);
    }

    #[test]
    fn both_parsers_read_a_printed_path_as_it_was_meant(path in any_patch_path()) {
        let text = path.to_string();
        prop_assert_eq!(&PatchPath::parse(&text).unwrap(), &path);
        let theirs: other::PatchPath = text.parse().unwrap();
        prop_assert_eq!(translated_patch_path(&theirs), path);
    }

    #[test]
    fn both_parsers_agree_on_a_damaged_filter(
        filter in any_filter(),
        place in any::<prop::sample::Index>(),
    ) {
        let mut text: Vec<char> = filter.to_string().chars().collect();
        text.remove(place.index(text.len()));
        let text: String = text.into_iter().collect();
        prop_assume!(shared_grammar(&text));
        let theirs = text.parse::<other::Filter>();
        match Filter::parse(&text) {
            Ok(ours) => {
                let theirs = theirs.map(|it| translated(&it)).ok();
                prop_assert_eq!(theirs, Some(ours), "{}", text);
            }
            Err(error) => prop_assert!(theirs.is_err(), "{}: {}", text, error),
        }
    }

    #[test]
    fn any_text_is_read_or_refused_but_never_a_panic(text in "[a-z.:$ ()\\[\\]\"\\\\0-9é]{0,40}") {
        if let Ok(filter) = Filter::parse(&text) {
            prop_assert_eq!(Filter::parse(&filter.to_string()).unwrap(), filter);
        }
        if let Ok(path) = PatchPath::parse(&text) {
            prop_assert_eq!(PatchPath::parse(&path.to_string()).unwrap(), path);
        }
    }
}

/// Whether both parsers read the same grammar here: only ours takes `not` without a space.
fn shared_grammar(text: &str) -> bool {
    !text.to_lowercase().contains("not(")
}
