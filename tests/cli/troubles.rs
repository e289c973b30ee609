//! Troubles of networks and servers in the middle of a load.
