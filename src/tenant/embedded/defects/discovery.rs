//! The defects of what a server says of itself.

use serde_json::{Value, json};

use super::{Defect, Defects};
use crate::scim;
use crate::tenant::embedded::Call;
use crate::tenant::embedded::problem::Problem;

/// How many results the configuration promises to keep to, and does not.
const RESULTS: usize = 2;

/// Refuses to show one schema or type by itself where that defect says so.
pub(in crate::tenant::embedded) fn refuse(
    defects: &Defects,
    one: Option<&str>,
    unreadable: Defect,
) -> Result<(), Problem> {
    if one.is_some() && defects.has(unreadable) {
        return Err(Problem::new(404, "there is no such endpoint"));
    }
    Ok(())
}

/// Bends what `/ServiceProviderConfig` shows.
pub(in crate::tenant::embedded) fn configuration(call: &Call<'_>, shown: &mut Value) {
    let defects = &call.tenant.defects;
    if defects.has(Defect::FLAGS_AS_TEXT) {
        shown["patch"]["supported"] = json!("true");
    }
    if defects.has(Defect::SCHEMES_MISSING) {
        shown["authenticationSchemes"] = json!([]);
    }
    if defects.has(Defect::BULK_LIMITS_MISSING) {
        shown["bulk"] = json!({"supported": shown["bulk"]["supported"]});
    }
    if defects.has(Defect::RESULTS_BEYOND_LIMIT) {
        shown["filter"]["maxResults"] = json!(RESULTS);
    }
    if let Some(uri) = call.tenant.past.documentation() {
        shown["documentationUri"] = uri;
    }
}

/// Bends what `/ResourceTypes` shows.
pub(in crate::tenant::embedded) fn types(defects: &Defects, shown: &mut [Value]) {
    for one in shown {
        let endpoint = one["endpoint"].as_str().unwrap_or_default().to_owned();
        if defects.has(Defect::ENDPOINT_ABSOLUTE) {
            one["endpoint"] = json!(format!("https://scim.example.com{endpoint}"));
        }
        if let Some(extension) = one.pointer_mut("/schemaExtensions/0")
            && defects.has(Defect::REQUIRED_FLAG_MISSING)
        {
            *extension = json!({"schema": extension["schema"]});
        }
    }
}

/// Bends what `/Schemas` shows; the schema of users is the first.
pub(in crate::tenant::embedded) fn schemas(defects: &Defects, shown: &mut Vec<Value>) {
    if defects.has(Defect::EXTENSION_SCHEMA_MISSING) {
        shown.retain(|schema| schema["id"] != scim::ENTERPRISE_USER);
    }
    if defects.has(Defect::MESSAGES_LISTED)
        && let Some(mut listed) = shown.first().cloned()
    {
        listed["id"] = json!(scim::LIST_RESPONSE);
        shown.push(listed);
    }
    let Some(Value::Array(attributes)) = shown.first_mut().map(|user| user["attributes"].take())
    else {
        return;
    };
    let bent = attributes.into_iter().filter_map(|it| attribute(defects, it)).collect();
    shown[0]["attributes"] = Value::Array(bent);
}

/// An attribute of users as it is described; none where it is left out.
fn attribute(defects: &Defects, mut shown: Value) -> Option<Value> {
    let name = shown["name"].as_str().unwrap_or_default().to_owned();
    match name.as_str() {
        "userName" if defects.has(Defect::KEYWORDS_IN_LOWER_CASE) => {
            shown["mutability"] = json!("readwrite");
        }
        "userName" if defects.has(Defect::FLAGS_NULL) => shown["multiValued"] = Value::Null,
        "userName" if defects.has(Defect::TYPE_INVENTED) => shown["type"] = json!("text"),
        "userName" if defects.has(Defect::USER_NAME_CALLED_OPTIONAL) => {
            shown["required"] = json!(false);
        }
        "active" if defects.has(Defect::TYPE_DRIFT) => shown["type"] = json!("string"),
        "password" if defects.has(Defect::PASSWORD_CALLED_READABLE) => {
            shown["returned"] = json!("default");
        }
        "title" if defects.has(Defect::ATTRIBUTE_UNDESCRIBED) => return None,
        _ => {}
    }
    Some(shown)
}
