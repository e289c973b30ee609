//! A large initial cycle, driven by goose.
