//! The tenant we bring.

/// Marks an in-process answer that stands for a connection dropped by the tenant.
#[derive(Debug, Clone, Copy)]
pub struct DroppedConnection;
