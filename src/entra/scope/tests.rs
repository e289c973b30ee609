//! Every operator with values, nulls and refusals; assignments in both modes; the log's words.

use super::*;
use crate::directory::AttributeValue;

struct Employee;

impl SourceAttributes for Employee {
    fn attribute(&self, name: &str) -> Option<AttributeValue> {
        match name {
            "department" => Some(AttributeValue::Text("Sales EMEA".to_owned())),
            "empty" => Some(AttributeValue::Text(String::new())),
            "level" => Some(AttributeValue::Integer(6)),
            "room" => Some(AttributeValue::Text(" 42 ".to_owned())),
            "accountEnabled" => Some(AttributeValue::Flag(true)),
            "dirSyncEnabled" => Some(AttributeValue::Text("false".to_owned())),
            "tags" => Some(AttributeValue::Many(vec!["Sales EMEA".to_owned()])),
            _ => None,
        }
    }
}

fn clause(attribute: &str, operator: ScopingOperator, value: Option<&str>) -> ScopingClause {
    ScopingClause::new(attribute, operator, value).unwrap()
}

fn filter(clauses: &[ScopingClause]) -> ScopingFilter {
    ScopingFilter { clauses: clauses.to_vec() }
}

fn facts(assigned: bool, assigned_group: Option<&str>) -> ScopeFacts<'_> {
    ScopeFacts { is_active: true, assigned, assigned_group, attributes: &Employee }
}

fn value_for(operator: ScopingOperator) -> Option<&'static str> {
    use ScopingOperator::*;
    match operator {
        IsFalse | IsNotNull | IsNull | IsTrue => None,
        BitAnd | NotBitAnd | GreaterThan | GreaterThanOrEquals => Some("1"),
        EndsWith | Equals | Includes | NotEquals | NotRegexMatch | RegexMatch => Some("x"),
    }
}

#[test]
fn every_operator_holds_and_fails_as_the_portal_says() {
    use ScopingOperator::*;
    for (attribute, operator, value, expected) in [
        ("department", Equals, Some("Sales EMEA"), true),
        ("department", Equals, Some("sales emea"), false),
        ("department", NotEquals, Some("sales emea"), true),
        ("department", NotEquals, Some("Sales EMEA"), false),
        ("department", EndsWith, Some("EMEA"), true),
        ("department", EndsWith, Some("emea"), false),
        ("department", Includes, Some("les E"), true),
        ("department", Includes, Some("les e"), false),
        ("department", RegexMatch, Some("E.E"), true),
        ("department", RegexMatch, Some("^EMEA"), false),
        ("department", NotRegexMatch, Some("^EMEA"), true),
        ("department", NotRegexMatch, Some("E.E"), false),
        ("level", GreaterThan, Some("5"), true),
        ("level", GreaterThan, Some("6"), false),
        ("level", GreaterThanOrEquals, Some("6"), true),
        ("level", GreaterThanOrEquals, Some("7"), false),
        ("room", GreaterThan, Some("41"), true),
        ("department", GreaterThan, Some("1"), false),
        ("level", BitAnd, Some("4"), true),
        ("level", BitAnd, Some("1"), false),
        ("level", NotBitAnd, Some("1"), true),
        ("level", NotBitAnd, Some("4"), false),
        ("accountEnabled", IsTrue, None, true),
        ("accountEnabled", IsFalse, None, false),
        ("dirSyncEnabled", IsFalse, None, true),
        ("dirSyncEnabled", IsTrue, None, false),
        ("department", IsTrue, None, false),
        ("accountEnabled", Equals, Some("True"), true),
        ("department", IsNotNull, None, true),
        ("department", IsNull, None, false),
    ] {
        let holds = clause(attribute, operator, value).holds(&Employee);
        assert_eq!(holds, expected, "{attribute} {operator:?} {value:?}");
    }
}

#[test]
fn null_and_empty_fail_every_clause_but_is_null() {
    for operator in ScopingOperator::ALL {
        for attribute in ["unknown", "empty"] {
            let holds = clause(attribute, *operator, value_for(*operator)).holds(&Employee);
            assert_eq!(holds, *operator == ScopingOperator::IsNull, "{attribute} {operator:?}");
        }
        let several = clause("tags", *operator, value_for(*operator));
        assert!(!several.holds(&Employee), "{operator:?} cannot hold for a list");
    }
}

#[test]
fn clauses_are_joined_by_and_filters_by_or() {
    let sales = clause("department", ScopingOperator::Includes, Some("Sales"));
    let high = clause("level", ScopingOperator::GreaterThan, Some("9"));
    assert!(filter(&[]).holds(&Employee));
    assert!(filter(std::slice::from_ref(&sales)).holds(&Employee));
    let both = filter(&[sales.clone(), high.clone()]);
    assert_eq!(both.first_failed(&Employee), Some(&high));
    let scope = |filters: &[ScopingFilter]| Scope {
        filters_for_users: filters.to_vec(),
        ..Scope::default()
    };
    let assigned = facts(true, None);
    assert!(!scope(std::slice::from_ref(&both)).user(assigned).in_scope);
    assert!(scope(&[both.clone(), filter(&[sales])]).user(assigned).in_scope);
    assert!(scope(&[both]).group(assigned).in_scope, "users' filters do not bind groups");
}

#[test]
fn assignment_decides_unless_everyone_is_synced() {
    let assigned_only = Scope::default();
    let everyone = Scope { mode: ScopeMode::AllUsersAndGroups, ..Scope::default() };
    assert!(assigned_only.user(facts(true, None)).in_scope);
    assert!(assigned_only.user(facts(false, Some("Sales"))).in_scope);
    assert!(!assigned_only.user(facts(false, None)).in_scope);
    assert!(everyone.user(facts(false, None)).in_scope);
    assert!(assigned_only.group(facts(true, None)).in_scope);
    assert!(!assigned_only.group(facts(false, Some("Sales"))).in_scope, "nesting does not assign");
}

#[test]
fn an_object_is_soft_deleted_when_out_of_scope_or_not_active() {
    let scope = Scope::default();
    assert!(!scope.user(facts(true, None)).is_soft_deleted());
    assert!(scope.user(facts(false, None)).is_soft_deleted());
    let disabled = scope.user(ScopeFacts { is_active: false, ..facts(true, None) });
    assert!(disabled.in_scope && disabled.is_soft_deleted());
}

#[test]
fn the_reason_speaks_the_words_of_the_log() {
    let high = clause("level", ScopingOperator::GreaterThan, Some("9"));
    let scope = Scope { filters_for_users: vec![filter(&[high])], ..Scope::default() };
    let reason = scope.user(facts(false, Some("Sales"))).reason;
    let details = [
        ("IsActive", "True"),
        ("Assigned", "True"),
        ("IsEffectivelyEntitledForProvisioning", "True"),
        ("IsInProvisioningScopeDisplayName", "False"),
        ("ScopeEvaluationResult", r#"{"filter 1":"False: level Greater_Than 9"}"#),
    ];
    assert_eq!(reason.details(), details.map(|(name, value)| (name, value.to_owned())));
    assert_eq!(
        reason.to_string(),
        "active, assigned by group Sales, fails the scoping filter: level Greater_Than 9"
    );
    let reason = Scope::default().user(facts(false, None)).reason;
    assert_eq!(reason.to_string(), "active, not assigned");
    assert_eq!(reason.details()[4].1, "{}");
    let everyone = Scope { mode: ScopeMode::AllUsersAndGroups, ..Scope::default() };
    let disabled = ScopeFacts { is_active: false, ..facts(false, None) };
    assert_eq!(
        everyone.user(disabled).reason.to_string(),
        "not active, not assigned, everyone is synced"
    );
    assert_eq!(scope.user(facts(true, None)).reason.assigned, Assignment::Direct);
}

#[test]
fn what_entra_does_not_filter_on_is_refused() {
    for attribute in
        ["members", "isMemberOf", "userType", "manager", "proxyAddresses", "employeeHireDate"]
    {
        let error = ScopingClause::new(attribute, ScopingOperator::IsNotNull, None).unwrap_err();
        let message = error.to_string();
        assert!(
            message.starts_with(&format!("use the scoping clause on `{attribute}`: Entra has no"))
        );
        assert!(message.contains("accepted are single-valued attributes"), "{message}");
    }
}

#[test]
fn a_value_that_does_not_go_with_its_operator_is_refused() {
    use ScopingOperator::*;
    for (operator, value, words) in [
        (IsNull, Some("x"), "`is-null` (IS NULL) is `x`; accepted is no value"),
        (GreaterThan, Some("five"), "(Greater_Than) is `five`; accepted is a whole number"),
        (BitAnd, None, "`bit-and` (&) is missing; accepted is a whole number"),
        (RegexMatch, Some("("), "(REGEX MATCH) cannot be used: regex parse error"),
        (NotRegexMatch, None, "is missing; accepted is a regular expression"),
        (Equals, None, "(EQUALS) is missing; accepted is a text"),
        (Includes, Some(""), "(Includes) is missing; accepted is a text"),
    ] {
        let message = ScopingClause::new("level", operator, value).unwrap_err().to_string();
        assert!(message.contains(words), "{message}");
    }
}

#[test]
fn operators_have_one_name_in_files_and_code() {
    for operator in ScopingOperator::ALL {
        let written = serde_json::to_string(operator).unwrap();
        assert_eq!(written, format!("\"{}\"", operator.name()));
    }
}

#[test]
fn a_scope_is_read_from_toml_and_written_back() {
    let text = r#"
mode = "all-users-and-groups"

[[filters-for-users]]
clauses = [
    { attribute = "department", operator = "equals", value = "Sales EMEA" },
    { attribute = "level", operator = "greater-than", value = "5" },
    { attribute = "room", operator = "regex-match", value = "^4" },
    { attribute = "mail", operator = "is-not-null" },
]
"#;
    let scope: Scope = toml::from_str(text).unwrap();
    assert_eq!(scope.filters_for_users[0].clauses.len(), 4);
    assert_eq!(toml::from_str::<Scope>(&toml::to_string(&scope).unwrap()).unwrap(), scope);

    let refused = |text: &str| toml::from_str::<Scope>(text).unwrap_err().to_string();
    let members = text.replace("mail", "members");
    assert!(refused(&members).contains("Entra has no scoping on memberships"));
    assert!(refused(&text.replace("regex-match", "matches")).contains("`regex-match`"));
    assert!(refused("[[filters-for-users]]\nclause = []").contains("unknown field `clause`"));
}
