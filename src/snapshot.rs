//! Snapshots of exchanges in insta's file format.
