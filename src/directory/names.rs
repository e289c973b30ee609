//! The people, teams and places a population is made of.
//!
//! Realistic on purpose: a tenant with unwritten rules about phone numbers or countries takes these
//! and would refuse noise. Names beyond ASCII are as common here as
//! in a real directory; each comes with the spelling its owner has in an e-mail address.

/// Given names, as written and as spelt in an address.
pub(super) const GIVEN_NAMES: &[(&str, &str)] = &[
    ("Avery", "avery"),
    ("Dominic", "dominic"),
    ("Priya", "priya"),
    ("José", "jose"),
    ("Hannah", "hannah"),
    ("Zoë", "zoe"),
    ("Marcus", "marcus"),
    ("Łucja", "lucja"),
    ("Theresa", "theresa"),
    ("Kofi", "kofi"),
    ("美咲", "misaki"),
    ("Ingrid", "ingrid"),
    ("Tyrone", "tyrone"),
    ("Ольга", "olga"),
    ("Grace", "grace"),
    ("Søren", "soren"),
    ("Leila", "leila"),
    ("Mary Ann", "maryann"),
    ("Samuel", "samuel"),
    ("Anaïs", "anais"),
    ("Bilal", "bilal"),
    ("Ruth", "ruth"),
    ("Jürgen", "jurgen"),
];

/// Surnames, as written and as spelt in an address.
pub(super) const SURNAMES: &[(&str, &str)] = &[
    ("Okafor", "okafor"),
    ("O'Brien", "obrien"),
    ("Lindqvist", "lindqvist"),
    ("Nguyễn", "nguyen"),
    ("Hughes", "hughes"),
    ("García Márquez", "garciamarquez"),
    ("Patel", "patel"),
    ("Smith-Jones", "smith-jones"),
    ("Novák", "novak"),
    ("佐藤", "sato"),
    ("van den Berg", "vandenberg"),
    ("Washington", "washington"),
    ("Şahin", "sahin"),
    ("Иванова", "ivanova"),
    ("Kowalski", "kowalski"),
    ("D'Angelo", "dangelo"),
    ("Fitzgerald", "fitzgerald"),
    ("Müller", "mueller"),
    ("Haddad", "haddad"),
];

/// What people do.
pub(super) const JOB_TITLES: &[&str] = &[
    "Account Executive",
    "Customer Success Manager",
    "Data Analyst",
    "Director of Operations",
    "Field Technician",
    "Finance Associate",
    "Principal Engineer",
    "Product Designer",
    "Recruiter",
    "Support Specialist",
    "VP, Sales & Marketing",
];

/// Where in the company they do it.
pub(super) const DEPARTMENTS: &[&str] = &[
    "Customer Support",
    "Engineering",
    "Finance",
    "Human Resources",
    "Legal",
    "Marketing",
    "Operations",
    "Research & Development",
    "Sales",
];

/// Names of groups.
pub(super) const TEAMS: &[&str] = &[
    "Sales",
    "Support",
    "Engineering",
    "Field Operations",
    "All Hands",
    "Research & Development",
    "Équipe Montréal",
    "People Team",
    "Finance",
    "Warehouse Night Shift",
    "On-call",
];

/// City, state and postal code.
pub(super) const PLACES: &[(&str, &str, &str)] = &[
    ("Seattle", "WA", "98101"),
    ("Austin", "TX", "78701"),
    ("Denver", "CO", "80202"),
    ("Raleigh", "NC", "27601"),
    ("San Francisco", "CA", "94105"),
    ("Boston", "MA", "02110"),
    ("Tempe", "AZ", "85281"),
];

/// Streets, without the number.
pub(super) const STREETS: &[&str] =
    &["Main Street", "Pine Street", "Congress Avenue", "Market Street", "Union Square", "Elm Road"];
