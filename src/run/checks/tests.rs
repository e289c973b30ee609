//! The runner against small in-process tenants.

use super::*;

#[test]
fn a_dry_run_names_every_probe_and_shows_no_token() {
    let url = TenantUrl::parse("http://localhost:1/scim").unwrap();
    let all = dry_run(&url, &Selection::default(), 1);
    assert_eq!(all.len(), crate::checks::all().filter(|check| check.is_probe()).count());
}
