//! Entra's knobs, each with the documented default, and attribute mappings as
//! data.
//!
//! A profile's `[entra]` table and a scenario's may set any of them; what neither sets has the
//! default written beside it here. Keys in TOML are the field names in kebab-case.

use serde::{Deserialize, Serialize};

/// Declares the knobs once: the resolved settings with defaults, and the overrides with options.
macro_rules! knobs {
    ($( $(#[doc = $doc:literal])+ $name:ident : $type:ty = $default:expr; )+) => {
        /// Entra's set-up as it is used: every knob has a value.
        #[derive(Debug, Clone, PartialEq, Serialize)]
        #[serde(rename_all = "kebab-case")]
        pub struct EntraSettings { $( $(#[doc = $doc])+ pub $name: $type, )+ }

        impl Default for EntraSettings {
            fn default() -> Self { Self { $( $name: $default, )+ } }
        }

        /// What a file sets of [`EntraSettings`].
        #[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
        pub struct EntraOverrides {
            $( $(#[doc = $doc])+ #[serde(skip_serializing_if = "Option::is_none")]
               pub $name: Option<$type>, )+
        }

        impl EntraSettings {
            /// Takes over whatever the overrides set.
            pub fn with(mut self, overrides: &EntraOverrides) -> Self {
                $( if let Some(value) = &overrides.$name { self.$name = value.clone(); } )+
                self
            }
        }
    };
}

knobs! {
    /// The PATCH dialect; the flag in the Tenant URL and `--dialect` win (6).
    dialect: PatchDialect = PatchDialect::Default;
    /// Whether the flag stays in the query of requests that have no other query.
    leak_flag_in_query: bool = false;
    /// How the default dialect writes `active` in a PATCH.
    active_encoding: ActiveEncoding = ActiveEncoding::CapitalisedString;
    /// Matching attributes of users, by precedence.
    match_user: Vec<String> = vec!["userName".to_owned()];
    /// Matching attributes of groups, by precedence.
    match_group: Vec<String> = vec!["displayName".to_owned()];
    /// Whether filter values are quoted.
    filter_quoting: bool = true;
    /// How a space in a filter is encoded.
    filter_space: FilterSpace = FilterSpace::Plus;
    /// When the probe of Test Connection is repeated in a cycle.
    probe: ProbeMoment = ProbeMoment::OnlyWhenWork;
    /// Whether Test Connection also looks up a group.
    probe_groups: bool = true;
    /// `GET /Users/{id}` before an update.
    read_before_update: bool = true;
    /// The old look-up whether a reference is already set.
    reference_check: bool = false;
    /// How a manager is written in a PATCH.
    manager_form: ManagerForm = ManagerForm::BareString;
    /// Members in one PATCH, 1 to 1,000.
    members_per_patch: usize = 1;
    /// Whether member values carry `$ref: null`.
    member_ref_null: bool = false;
    /// The body of a group's creation.
    group_create_body: GroupCreateBody = GroupCreateBody::Observed;
    /// Requests in flight at once.
    concurrency: usize = 5;
    /// Minutes between two cycles, on the scenario's clock.
    cycle_interval_minutes: u32 = 40;
    /// What a 429 does.
    on_429: On429 = On429::WaitForNextCycle;
    /// Seconds to wait for an answer.
    timeout_seconds: u32 = 100;
    /// Whether a 404 to a DELETE counts as done.
    delete_404_is_success: bool = true;
    /// Whether the `ADSCIMVersion` header is sent.
    send_adscimversion: bool = true;
    /// A `User-Agent`; Entra is not known to send one.
    user_agent: Option<String> = None;
    /// Whether `application/json` answers are a violation or a warning.
    content_type_strict: bool = false;
    /// Whether the tenant is read back after each cycle (the harness's own; Entra does not).
    verify_after_write: bool = true;
    /// Nothing is sent when an object leaves the scope.
    skip_out_of_scope_deletions: bool = false;
    /// Target object actions that are ticked.
    target_object_actions: Vec<TargetObjectAction> = vec![
        TargetObjectAction::Create, TargetObjectAction::Update, TargetObjectAction::Delete,
    ];
    /// Whether groups are provisioned at all.
    provision_groups: bool = true;
    /// The accidental-deletion threshold of one cycle; none means the guard is off.
    delete_threshold: Option<u64> = None;
    /// Failures from which quarantine is weighed at all.
    quarantine_failures_min: u64 = 5_000;
    /// Share of failed attempts, in percent, above which the job is quarantined.
    quarantine_failures_percent: u64 = 40;
    /// Failures above which the job is quarantined, references apart.
    quarantine_failures_max: u64 = 40_000;
    /// Failures with references above which the job is quarantined.
    quarantine_total_max: u64 = 60_000;
}

/// The two forms of Entra's PATCH requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum PatchDialect {
    /// What a job without a feature flag sends: capitalised `op`, string booleans.
    #[default]
    #[serde(rename = "default")]
    Default,
    /// What the feature flag `aadOptscim062020` turns on.
    #[serde(rename = "aadOptscim062020")]
    AadOptscim062020,
}

impl PatchDialect {
    /// The name in files, flags and reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::AadOptscim062020 => "aadOptscim062020",
        }
    }
}

/// How the default dialect writes `active` in a PATCH.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ActiveEncoding {
    /// `"False"`, as captures show it.
    CapitalisedString,
    /// `"false"`, seen once.
    LowerCaseString,
    /// `false`, as one page of the documentation has it.
    Boolean,
}

/// How a space in a filter goes over the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FilterSpace {
    /// `+`, as the service sends it.
    Plus,
    /// `%20`, as the gallery validator sends it.
    Percent20,
}

/// When the connection probe is sent in a cycle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProbeMoment {
    /// At the start of each cycle that has something to export.
    OnlyWhenWork,
    /// At the start of each cycle.
    Always,
    /// Never in a cycle.
    Never,
}

/// How a manager travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ManagerForm {
    /// The id as a bare string under the full URN path.
    BareString,
    /// `{"value": "<id>"}` under the full URN path.
    Object,
    /// `[{"$ref": "…", "value": "<id>"}]` under the path `manager`.
    Array,
}

/// The two forms of a group's creation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GroupCreateBody {
    /// Core schema, `externalId`, `displayName`, `members: []`, as observed.
    Observed,
    /// With Microsoft's Group URN and `meta`, as documented.
    Documented,
}

/// What a 429 does to the object at hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum On429 {
    /// The object waits for the next cycle.
    WaitForNextCycle,
    /// The request is repeated after `Retry-After`.
    HonourRetryAfter,
}

/// The three target object actions of the mapping page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TargetObjectAction {
    /// Objects may be created.
    Create,
    /// Objects may be updated, and so disabled.
    Update,
    /// Objects may be deleted.
    Delete,
}

/// One attribute mapping as a file writes it; parsed into an expression by `entra::mapping`.
/// Exactly one of `direct`, `constant` and `expression` is given; none of them means the target is
/// not mapped at all, which removes a default mapping.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct MappingDefinition {
    /// Users or groups.
    #[serde(default)]
    pub object: MappedObject,
    /// The target attribute path in SCIM's words: `emails[type eq "work"].value`.
    pub target: String,
    /// Direct: the name of a source attribute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub direct: Option<String>,
    /// Constant: this text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub constant: Option<String>,
    /// Expression: text in Entra's expression language.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expression: Option<String>,
    /// Default value if null; acts only when creating.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_value: Option<String>,
    /// Always, or only during object creation.
    #[serde(default)]
    pub apply: Apply,
}

/// Which mapping an entry belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MappedObject {
    /// The user mapping.
    #[default]
    User,
    /// The group mapping.
    Group,
}

/// When a mapping is applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Apply {
    /// On every change.
    #[default]
    Always,
    /// Only during object creation.
    OnlyDuringCreation,
}
