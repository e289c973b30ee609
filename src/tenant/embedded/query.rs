//! What a reader asks for: the query of a GET, or the body of a `/.search` (RFC 7644 §3.4.2,
//! §3.4.3).

use serde_json::Value;

use super::problem::Problem;
use crate::scim;
use crate::scim::filter::Filter;
use crate::scim::path::AttributePath;

/// How many resources a page holds unless the reader says otherwise.
pub(super) const PAGE_DEFAULT: usize = 100;
/// How many resources a page holds at most (`filter.maxResults`).
pub(super) const PAGE_MAX: usize = 1_000;

/// The parameters of a read, each as the client gave it; unknown ones are ignored.
#[derive(Debug, Clone, Default)]
pub(super) struct Query {
    /// `filter`, parsed.
    pub(super) filter: Option<Filter>,
    /// `sortBy`.
    pub(super) sort_by: Option<AttributePath>,
    /// `sortOrder` is `descending`.
    pub(super) descending: bool,
    /// `startIndex`, from 1.
    pub(super) start_index: Option<usize>,
    /// `count`.
    pub(super) count: Option<usize>,
    /// `cursor`, empty for the first page (RFC 9865 §2).
    pub(super) cursor: Option<String>,
    /// `attributes`; empty where not given.
    pub(super) attributes: Vec<String>,
    /// `excludedAttributes`; empty where not given.
    pub(super) excluded: Vec<String>,
}

impl Query {
    /// Reads the query of a URL; `+` and `%20` are both a space.
    pub(super) fn of_url(query: Option<&str>) -> Result<Self, Problem> {
        let mut asked = Self::default();
        for (name, value) in url::form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
            match name.as_ref() {
                "filter" => asked.filter = Some(read_filter(&value)?),
                "sortBy" => asked.sort_by = read_path(&value),
                "sortOrder" => asked.descending = value.eq_ignore_ascii_case("descending"),
                "startIndex" => asked.start_index = Some(read_number("startIndex", &value)?.max(1)),
                "count" => asked.count = Some(read_number("count", &value)?),
                "cursor" => asked.cursor = Some(value.into_owned()),
                "attributes" => asked.attributes.extend(read_names(&value)),
                "excludedAttributes" => asked.excluded.extend(read_names(&value)),
                _ => {}
            }
        }
        asked.checked()
    }

    /// Reads the body of a search request.
    pub(super) fn of_search(body: &Value) -> Result<Self, Problem> {
        let named = |urn: &Value| urn == scim::SEARCH_REQUEST;
        if !body.get("schemas").and_then(Value::as_array).is_some_and(|it| it.iter().any(named)) {
            return Err(wrong("invalidSyntax", "schemas must name the SearchRequest URN"));
        }
        let text = |name: &str| match body.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.as_str())),
            Some(_) => Err(wrong("invalidSyntax", &format!("{name} must be a string"))),
        };
        let number = |name: &str| match body.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Number(number)) => read_number(name, &number.to_string()).map(Some),
            Some(_) => Err(wrong("invalidSyntax", &format!("{name} must be an integer"))),
        };
        Self {
            filter: text("filter")?.map(read_filter).transpose()?,
            sort_by: text("sortBy")?.and_then(read_path),
            descending: text("sortOrder")?.is_some_and(|it| it.eq_ignore_ascii_case("descending")),
            start_index: number("startIndex")?.map(|index| index.max(1)),
            count: number("count")?,
            cursor: text("cursor")?.map(str::to_owned),
            attributes: names(body, "attributes")?,
            excluded: names(body, "excludedAttributes")?,
        }
        .checked()
    }

    /// The two ways to choose attributes exclude each other (RFC 7644 §3.9).
    fn checked(self) -> Result<Self, Problem> {
        if !self.attributes.is_empty() && !self.excluded.is_empty() {
            let why = "attributes and excludedAttributes cannot be used together";
            return Err(wrong("invalidValue", why));
        }
        Ok(self)
    }

    /// How many resources to leave out before the page.
    pub(super) fn skip(&self) -> usize {
        self.start_index.unwrap_or(1) - 1
    }

    /// How many resources the page may hold.
    pub(super) fn take(&self) -> usize {
        self.count.unwrap_or(PAGE_DEFAULT).min(PAGE_MAX)
    }
}

fn read_filter(text: &str) -> Result<Filter, Problem> {
    Filter::parse(text).map_err(|error| wrong("invalidFilter", &error.to_string()))
}

/// A path that cannot be read names no attribute, so nothing is sorted by it.
fn read_path(text: &str) -> Option<AttributePath> {
    AttributePath::parse(text.trim()).ok()
}

/// A whole number; less than 0 is 0, more than can be counted is as much as can be.
fn read_number(name: &str, text: &str) -> Result<usize, Problem> {
    let text = text.trim();
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(wrong("invalidValue", &format!("{name} must be an integer")));
    }
    if text.starts_with('-') {
        return Ok(0);
    }
    Ok(digits.parse().unwrap_or(usize::MAX))
}

fn read_names(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned)
}

/// A list of names in a search request; one comma-separated string is taken too.
fn names(body: &Value, name: &str) -> Result<Vec<String>, Problem> {
    let fault = || wrong("invalidSyntax", &format!("{name} must be an array of strings"));
    match body.get(name) {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::String(text)) => Ok(read_names(text).collect()),
        Some(Value::Array(texts)) => texts
            .iter()
            .map(|text| text.as_str().map(|text| text.trim().to_owned()).ok_or_else(fault))
            .collect(),
        Some(_) => Err(fault()),
    }
}

fn wrong(keyword: &'static str, detail: &str) -> Problem {
    Problem::bad_request(keyword, detail)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn plus_and_percent_20_are_both_a_space() {
        for text in ["filter=userName+eq+%22a%22", "filter=userName%20eq%20%22a%22&nonsense=1"] {
            let filter = Query::of_url(Some(text)).unwrap().filter.unwrap();
            assert_eq!(filter, Filter::parse("userName eq \"a\"").unwrap());
        }
    }

    #[test]
    fn page_numbers_are_bent_to_what_can_be_counted() {
        let page = |text: &str| Query::of_url(Some(text)).map(|it| (it.skip(), it.take()));
        assert_eq!(page("").unwrap(), (0, 100));
        assert_eq!(page("startIndex=-5&count=-1").unwrap(), (0, 0));
        assert_eq!(page("startIndex=3&count=2147483648").unwrap(), (2, 1_000));
        assert_eq!(page("startIndex=99999999999999999999999").unwrap(), (usize::MAX - 1, 100));
        for wrong in ["count=abc", "startIndex=1.5", "count="] {
            assert_eq!(page(wrong).unwrap_err().scim_type, Some("invalidValue"), "{wrong}");
        }
    }

    #[test]
    fn attributes_are_chosen_in_one_of_two_ways() {
        let names = Query::of_url(Some("attributes=userName,%20emails")).unwrap().attributes;
        assert_eq!(names, ["userName", "emails"]);
        assert!(Query::of_url(Some("attributes=a&excludedAttributes=b")).is_err());
    }

    #[test]
    fn a_search_request_says_the_same_in_a_body() {
        let body = json!({
            "schemas": [scim::SEARCH_REQUEST], "filter": "title pr", "startIndex": 2, "count": 1,
            "attributes": ["userName"], "sortBy": "userName", "sortOrder": "descending",
        });
        let asked = Query::of_search(&body).unwrap();
        assert_eq!((asked.skip(), asked.take(), asked.descending), (1, 1, true));
        assert_eq!(asked.attributes, ["userName"]);
        let odd = [json!([]), json!({}), json!({"schemas": [scim::SEARCH_REQUEST], "count": "1"})];
        for body in odd {
            assert_eq!(Query::of_search(&body).unwrap_err().scim_type, Some("invalidSyntax"));
        }
    }
}
