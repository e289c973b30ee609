//! Random histories of SCIM operations, and a model that knows what each step may come to.
//!
//! A history is a list of [`Step`]s that can be written down. The [`Model`] holds what the tenant
//! should hold by the RFCs alone, made without a look at any server; where the RFCs leave a choice
//! every choice is right. Nothing here sends anything: whoever plays a history translates through a
//! [`Namespace`], and the properties of `checks` judge what came of each step.

mod dice;
pub mod draw;
pub mod evaluate;
mod fit;
mod model;
pub mod norm;
mod offer;
mod operations;
pub mod patch;
pub mod register;
mod rounds;
mod simplify;
mod slot;
mod step;
mod trials;
mod weights;

pub use draw::draw;
pub use model::{Expectation, Model, members_of};
pub use offer::{Offer, wire_path};
pub use rounds::RoundPlan;
pub use simplify::simpler;
pub use slot::{EVERY, Kind, NOBODY, Namespace, Slot, marker};
pub use step::{Step, StepError, Verb};
pub use trials::plainly;
pub use weights::{History, HistoryPlan, VerbWeights};
