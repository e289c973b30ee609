//! scimrig acts as Microsoft Entra ID's provisioning service against any SCIM 2.0 tenant.
//!
//! # The flow
//!
//! A **scenario** names a **population** and its **changes**. The **directory** applies them; a
//! **provisioning job** looks at what changed since its watermark, asks the **scope** who is in,
//! the **mapping** what to say, and speaks to the **tenant** in Entra's words. Every request leaves
//! through one door, `Tenant::send`, and leaves one **exchange** behind. Checks, snapshots, metrics
//! and the recording only read exchanges. After each cycle the **projection**, which never asked
//! the tenant, says what the tenant should hold; the tenant is read back and compared. All of it
//! folds into a **run**, the only thing a report may see.
//!
//! # The floors
//!
//! Imports run downwards, or to a neighbour that does not know one in turn; `tests/house.rs` holds
//! the picture to the code.
//!
//! | floor | rooms | hold |
//! |---|---|---|
//! | 7 | `main` | the commands; how an outcome becomes an exit code |
//! | 6 | [`report`] | a run, told to people and programs |
//! | 5 | [`run`], [`load`] | where the stages meet; the same conversations, many at once |
//! | 4 | [`scenario`] | a scenario file, parsed and refused early |
//! | 3 | [`entra`] | what Microsoft Entra does with a directory |
//! | 2 | [`tenant`], [`checks`], [`snapshot`], [`metrics`], [`recording`] | door; judging; memory |
//! | 2 | [`history`] | what random requests should come to |
//! | 1 | [`scim`], [`exchange`], [`difference`], [`profile`], [`directory`], [`refusal`] | nouns |
//!
//! `entra` and `checks` do not know each other: who acts does not judge. What to touch to add a
//! check, a change, a limitation and so on is a table in the README.
//!
//! # Rules of the house
//!
//! A misbehaving tenant is never an error: whatever it does is an observation. Errors are for our
//! own failures. Only what a run created is changed or deleted. The Secret Token is added behind
//! the door and seen nowhere else. The same seed sends the same requests.

pub mod checks;
pub mod difference;
pub mod directory;
pub mod entra;
pub mod exchange;
pub mod history;
pub mod load;
pub mod metrics;
pub mod profile;
pub mod recording;
pub mod refusal;
pub mod report;
pub mod run;
pub mod scenario;
pub mod scim;
pub mod snapshot;
pub mod tenant;
