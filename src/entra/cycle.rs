//! Who is due in a cycle, and what should become of each.
//!
//! Pure: directory, scope and links in, tasks out. The job sends them.

use super::connector::{Intent, Kind, ObjectTask};
use super::mapping::{Moment, ObjectMapping, SourceAttributes};
use super::scope::{InScope, Scope, ScopeFacts};
use super::state::{GroupLink, Links, Member, UserLink};
use crate::directory::{
    AttributeValue, Directory, DirectoryGroup, DirectoryUser, GroupIndex, UserIndex, UserState,
};
use crate::profile::{EntraSettings, TargetObjectAction};

/// The kinds of cycle a scenario can ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CycleKind {
    /// Everything is evaluated.
    Initial,
    /// What changed since the watermark, and what is due in escrow.
    Incremental,
    /// Only these objects, at an admin's request.
    OnDemand {
        /// Users.
        users: Vec<UserIndex>,
        /// Groups.
        groups: Vec<GroupIndex>,
    },
}

/// How a job sees one user's attributes.
pub struct SourceUser<'a> {
    /// The user.
    pub user: &'a DirectoryUser,
    /// What `IsSoftDeleted` says: out of scope, disabled or deleted.
    pub is_soft_deleted: bool,
}

impl SourceAttributes for SourceUser<'_> {
    fn attribute(&self, name: &str) -> Option<AttributeValue> {
        match name {
            "IsSoftDeleted" => Some(AttributeValue::Flag(self.is_soft_deleted)),
            "objectId" => Some(AttributeValue::Text(self.user.object_id.clone())),
            "accountEnabled" => Some(AttributeValue::Flag(self.user.state == UserState::Enabled)),
            _ => self.user.attributes.get(name).cloned(),
        }
    }
}

/// How a job sees one group's attributes.
pub struct SourceGroup<'a>(pub &'a DirectoryGroup);

impl SourceAttributes for SourceGroup<'_> {
    fn attribute(&self, name: &str) -> Option<AttributeValue> {
        match name {
            "objectId" => Some(AttributeValue::Text(self.0.object_id.clone())),
            _ => self.0.attributes.get(name).cloned(),
        }
    }
}

/// What the planning of a cycle looks at.
pub struct Plan<'a> {
    /// The directory as it is now.
    pub directory: &'a Directory,
    /// Who is in scope.
    pub scope: &'a Scope,
    /// The user mapping.
    pub user_mapping: &'a ObjectMapping,
    /// The group mapping.
    pub group_mapping: &'a ObjectMapping,
    /// The knobs.
    pub settings: &'a EntraSettings,
}

/// What a cycle makes of one object.
pub struct Planned {
    /// The conversation to hold; none where there is nothing to do.
    pub task: Option<ObjectTask>,
    /// The scope's decision, for the provisioning log.
    pub decision: InScope,
}

impl Plan<'_> {
    /// Whether the user is in scope, and why.
    pub fn decide_user(&self, index: UserIndex, user: &DirectoryUser) -> InScope {
        let groups =
            if user.assigned { Vec::new() } else { self.directory.assigned_groups_of(index) };
        let group = groups.first().map(|group| group_name(&self.directory.group(*group)));
        self.scope.user(ScopeFacts {
            is_active: user.state == UserState::Enabled,
            assigned: user.assigned,
            assigned_group: group.as_deref(),
            attributes: &SourceUser { user, is_soft_deleted: false },
        })
    }

    /// Whether the group is in scope, and why.
    pub fn decide_group(&self, group: &DirectoryGroup) -> InScope {
        self.scope.group(ScopeFacts {
            is_active: !group.deleted,
            assigned: group.assigned,
            assigned_group: None,
            attributes: &SourceGroup(group),
        })
    }

    /// What should become of a user.
    pub fn user(&self, index: UserIndex, link: Option<&UserLink>) -> Planned {
        let user = self.directory.user(index);
        let decision = self.decide_user(index, &user);
        let intent = match (user.state, link) {
            (UserState::HardDeleted, Some(link)) if link.is_managed => Some(Intent::Delete),
            (UserState::HardDeleted, _) => None,
            (UserState::SoftDeleted { .. }, link) => self.disable(link, decision.in_scope),
            (UserState::Disabled, None) => None,
            (UserState::Enabled | UserState::Disabled, _) if decision.in_scope => {
                Some(Intent::Provision)
            }
            (UserState::Enabled | UserState::Disabled, link) => self.disable(link, false),
        };
        let source = SourceUser { user: &user, is_soft_deleted: user.state != UserState::Enabled };
        let intent = intent.filter(|intent| self.is_ticked(*intent, link.is_some()));
        let link = link.map(|link| link.id.clone());
        let (mapping, names) = (self.user_mapping, &self.settings.match_user);
        let task =
            intent.map(|intent| task((Kind::User, index), intent, link, (mapping, names), &source));
        Planned { task, decision }
    }

    /// A user who leaves the scope or lands in the recycle bin is disabled once, if `active` is
    /// mapped. Who leaves the scope is left alone where out-of-scope deletions are skipped.
    fn disable(&self, link: Option<&UserLink>, in_scope: bool) -> Option<Intent> {
        let link = link?;
        let wanted = link.is_managed
            && link.is_active
            && (in_scope || !self.settings.skip_out_of_scope_deletions)
            && self.user_mapping.mapping("active").is_some();
        wanted.then_some(Intent::Disable)
    }

    /// What should become of a group. A group created anew under an old link is deleted first; the
    /// job then plans it again without a link.
    pub fn group(&self, index: GroupIndex, link: Option<&GroupLink>) -> Planned {
        let group = self.directory.group(index);
        let decision = self.decide_group(&group);
        let is_other = link.is_some_and(|link| link.object_id != group.object_id);
        let intent = match (decision.in_scope && !group.deleted && !is_other, link) {
            (true, _) => Some(Intent::Provision),
            (false, None) => None,
            (false, Some(_))
                if self.settings.skip_out_of_scope_deletions && !group.deleted && !is_other =>
            {
                None
            }
            (false, Some(_)) => Some(Intent::Delete),
        };
        let source = SourceGroup(&group);
        let intent = intent.filter(|intent| {
            self.settings.provision_groups && self.is_ticked(*intent, link.is_some())
        });
        let link = link.map(|link| link.id.clone());
        let (mapping, names) = (self.group_mapping, &self.settings.match_group);
        let task = intent
            .map(|intent| task((Kind::Group, index), intent, link, (mapping, names), &source));
        Planned { task, decision }
    }

    /// Whether the mapping's target object actions allow it. Without a link it is open whether
    /// a resource is found and updated or has to be created.
    fn is_ticked(&self, intent: Intent, is_linked: bool) -> bool {
        let ticked = |action| self.settings.target_object_actions.contains(&action);
        match intent {
            Intent::Provision if !is_linked => {
                ticked(TargetObjectAction::Create) || ticked(TargetObjectAction::Update)
            }
            Intent::Provision | Intent::Disable => ticked(TargetObjectAction::Update),
            Intent::Delete => ticked(TargetObjectAction::Delete),
        }
    }
}

/// The members a group should have and those of them that are in the tenant.
pub fn members_of(group: &DirectoryGroup, links: &Links) -> (Vec<Member>, Vec<Member>) {
    let users = group.members.iter().map(|index| Member::User(*index));
    let groups = group.member_groups.iter().map(|index| Member::Group(*index));
    users.chain(groups).partition(|member| links.id_of(*member).is_some())
}

/// A user's name for people.
pub fn user_name(user: &DirectoryUser) -> String {
    text(user.attributes.get("displayName"))
}

/// A group's name for people.
pub fn group_name(group: &DirectoryGroup) -> String {
    text(group.attributes.get("displayName"))
}

fn text(value: Option<&AttributeValue>) -> String {
    match value {
        Some(AttributeValue::Text(text)) => text.clone(),
        _ => String::new(),
    }
}

/// The task of one object. Only what its conversation needs is mapped: names and values of a
/// creation where nothing is linked yet, and no values where it is to be disabled or deleted.
fn task(
    (kind, index): (Kind, usize),
    intent: Intent,
    link: Option<String>,
    (mapping, names): (&ObjectMapping, &[String]),
    source: &dyn SourceAttributes,
) -> ObjectTask {
    let is_provision = intent == Intent::Provision;
    let is_new = is_provision && link.is_none();
    let (creation, update) = match is_provision {
        true if is_new => mapping.evaluate_new(source),
        true => (Vec::new(), mapping.evaluate(source, Moment::Update)),
        false => (Vec::new(), Vec::new()),
    };
    ObjectTask {
        kind,
        index,
        intent,
        link,
        matching: if is_new { matching(mapping, names, source) } else { Vec::new() },
        creation,
        update,
    }
}

fn matching(
    mapping: &ObjectMapping,
    attributes: &[String],
    source: &dyn SourceAttributes,
) -> Vec<(String, String)> {
    let value = |name: &String| Some((name.clone(), mapping.value_of(name, source)?));
    attributes.iter().filter_map(value).collect()
}
