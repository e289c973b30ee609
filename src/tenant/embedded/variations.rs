//! Ways in which a tenant may differ and still be right. They prove that no check takes a legal
//! variation for a violation. All are off by default.
//!
//! To add one, write its line below and the `if` where the difference sits.

use std::fmt;
use std::sync::Arc;

/// A named, switchable variation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Variation {
    id: &'static str,
    sentence: &'static str,
}

/// Declares the variations: constant, id, sentence.
macro_rules! variations {
    ($( $name:ident, $id:literal, $sentence:literal; )+) => {
        impl Variation {
            $(
                #[doc = $sentence]
                pub const $name: Self = Self { id: $id, sentence: $sentence };
            )+

            /// Every variation.
            pub const ALL: &[Self] = &[ $( Self::$name, )+ ];
        }
    };
}

variations! {
    PATCH_ANSWERS_204, "patch-answers-204",
        "every PATCH is answered 204, unless the request chooses attributes";
    PATCH_ANSWERS_200, "patch-answers-200",
        "every PATCH is answered 200 with the new state";
    NO_META_VERSION, "no-meta-version",
        "a resource has an ETag and no `meta.version`";
    SMALL_PAGES, "small-pages",
        "a page holds five resources at most";
    EMPTY_LIST_LEFT_OUT, "empty-list-left-out",
        "a list without resources has no `Resources`";
    GONE_FOR_GOOD, "gone-for-good",
        "what was deleted is answered 410";
    NO_DISCOVERY, "no-discovery",
        "there are no discovery endpoints";
    NO_PATCH, "no-patch",
        "PATCH is not supported and says so: 501";
    NO_FILTER, "no-filter",
        "filters are not supported and say so: 501";
    NO_SORT, "no-sort",
        "sorting is not supported and says so: 501";
    NO_ETAG, "no-etag",
        "there are no ETags, and none is heeded";
}

impl Variation {
    /// The kebab-case name for the command line.
    pub fn id(self) -> &'static str {
        self.id
    }

    /// What the tenant does, as a sentence without its full stop.
    pub fn sentence(self) -> &'static str {
        self.sentence
    }

    /// The variation of that id.
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|it| it.id == id)
    }
}

impl fmt::Display for Variation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id)
    }
}

/// The variations that are switched on: none or a few.
#[derive(Debug, Clone, Default)]
pub(super) struct Variations(Arc<[Variation]>);

impl Variations {
    pub(super) fn new(variations: &[Variation]) -> Self {
        Self(variations.into())
    }

    /// Whether the variation is switched on.
    pub(super) fn has(&self, variation: Variation) -> bool {
        self.0.contains(&variation)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_kebab_case_and_lead_back() {
        for variation in Variation::ALL {
            let kebab = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            assert!(variation.id().chars().all(kebab), "{variation}");
            assert_eq!(Variation::from_id(variation.id()), Some(*variation), "ids are unique");
            assert!(!variation.sentence().ends_with('.'), "{variation}");
        }
        assert_eq!(Variation::from_id("no-such"), None);
        assert!(!Variations::default().has(Variation::NO_PATCH));
        assert!(Variations::new(&[Variation::NO_PATCH]).has(Variation::NO_PATCH));
    }
}
