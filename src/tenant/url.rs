//! The Tenant URL, read as Entra reads it: the query is a list of feature flags for the client.
//!
//! Entra splits the URL at `?`, takes the flags, drops the query, trims one last slash and joins
//! `/Users` to the rest.

use std::fmt;

use crate::profile::PatchDialect;

/// A base URL and the PATCH dialect that its flag asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantUrl {
    base: url::Url,
    flag: Option<String>,
    dialect: Option<PatchDialect>,
}

/// Why a Tenant URL cannot be used. The text never repeats a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TenantUrlError {
    /// Not a URL at all.
    #[error("read the Tenant URL: {0}; it looks like https://dialpad.com/scim")]
    Malformed(String),
    /// Neither http nor https.
    #[error("use the Tenant URL: its scheme is `{0}`; accepted are https and, for tests, http")]
    Scheme(String),
    /// Credentials in the URL.
    #[error(
        "use the Tenant URL: it carries a user name or a password; \
         the Secret Token comes from SCIM_SECRET_TOKEN or --secret-token-file"
    )]
    Credentials,
    /// A query that is no flag.
    #[error(
        "use the Tenant URL: its query `{0}` is no feature flag; \
         accepted are aadOptscim062020, AzureAdScimPatch062020 and AzureAdScimPatch2017"
    )]
    Flag(String),
}

impl TenantUrl {
    /// Reads a Tenant URL as it is typed into Entra's portal.
    pub fn parse(text: &str) -> Result<Self, TenantUrlError> {
        let mut base = url::Url::parse(text.trim())
            .map_err(|error| TenantUrlError::Malformed(error.to_string()))?;
        if !matches!(base.scheme(), "http" | "https") {
            return Err(TenantUrlError::Scheme(base.scheme().to_owned()));
        }
        if !base.username().is_empty() || base.password().is_some() {
            return Err(TenantUrlError::Credentials);
        }
        if base.host_str().is_none_or(str::is_empty) {
            return Err(TenantUrlError::Malformed("it names no host".to_owned()));
        }
        let flag = base.query().filter(|query| !query.is_empty()).map(str::to_owned);
        let dialect = flag.as_deref().map(dialect_of).transpose()?;
        base.set_query(None);
        base.set_fragment(None);
        let path = base.path().strip_suffix('/').unwrap_or(base.path()).to_owned();
        base.set_path(&path);
        Ok(Self { base, flag, dialect })
    }

    /// The dialect the flag asks for; none where there is no flag.
    pub fn dialect(&self) -> Option<PatchDialect> {
        self.dialect
    }

    /// The flag as it was written.
    pub fn flag(&self) -> Option<&str> {
        self.flag.as_deref()
    }

    /// The absolute URL of a request's target: `/Users?filter=…`.
    pub fn join(&self, target: &str) -> String {
        [self.base.as_str().trim_end_matches('/'), target].concat()
    }

    /// The same, taken apart. Scheme and host are those of the base and not read again.
    pub fn locate(&self, target: &str) -> Result<url::Url, url::ParseError> {
        match self.path() {
            "" => url::Url::parse(&self.join(target)),
            path => self.base.join(&format!("{path}{target}")),
        }
    }

    /// The path part of the base, without a trailing slash: `/scim`.
    pub fn path(&self) -> &str {
        self.base.path().trim_end_matches('/')
    }

    /// Host and port, for folder names and messages.
    pub fn authority(&self) -> String {
        match self.base.port() {
            Some(port) => format!("{}:{port}", self.base.host_str().unwrap_or_default()),
            None => self.base.host_str().unwrap_or_default().to_owned(),
        }
    }

    /// Whether the host is this machine: writes need no further leave.
    pub fn is_loopback(&self) -> bool {
        match self.base.host() {
            Some(url::Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
            Some(url::Host::Ipv4(address)) => address.is_loopback(),
            Some(url::Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        }
    }

    /// Whether requests travel over TLS.
    pub fn is_https(&self) -> bool {
        self.base.scheme() == "https"
    }
}

impl fmt::Display for TenantUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.base.as_str().trim_end_matches('/'))
    }
}

/// What a feature flag means for PATCH bodies.
fn dialect_of(flag: &str) -> Result<PatchDialect, TenantUrlError> {
    match flag.trim_end_matches('=').to_ascii_lowercase().as_str() {
        "aadoptscim062020" | "azureadscimpatch062020" => Ok(PatchDialect::AadOptscim062020),
        "azureadscimpatch2017" => Ok(PatchDialect::Default),
        _ => Err(TenantUrlError::Flag(flag.chars().take(40).collect())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_flag_is_taken_and_the_query_dropped() {
        for text in [
            "https://a.example/scim/?aadOptscim062020",
            "https://a.example/scim?AzureAdScimPatch062020",
        ] {
            let url = TenantUrl::parse(text).unwrap();
            assert_eq!(url.dialect(), Some(PatchDialect::AadOptscim062020));
            assert_eq!(url.join("/Users"), "https://a.example/scim/Users");
        }
        let old = TenantUrl::parse("https://a.example/?AzureAdScimPatch2017").unwrap();
        assert_eq!(
            (old.dialect(), old.join("/Users")),
            (Some(PatchDialect::Default), "https://a.example/Users".to_owned())
        );
        assert_eq!(TenantUrl::parse("http://127.0.0.1:9").unwrap().dialect(), None);
    }

    #[test]
    fn a_target_is_located_where_it_is_joined() {
        let bases = ["https://a.example:8443/scim/", "http://127.0.0.1:9", "https://a.example/a/b"];
        for base in bases.map(|text| TenantUrl::parse(text).unwrap()) {
            for target in [
                "/Users",
                "/Users?filter=userName+eq+%22a%40b%22&count=1",
                "/Users/a%2Fb/../c?x=/d",
                "//Users//1",
                "/Users/%2e%2e/x",
                "/Users/\u{e4}#part",
                "/.search",
            ] {
                let located = base.locate(target).unwrap();
                assert_eq!(located, url::Url::parse(&base.join(target)).unwrap(), "{target}");
            }
        }
    }

    #[test]
    fn what_is_no_tenant_url_is_refused_with_the_mend() {
        for text in [
            "",
            "dialpad.com/scim",
            "ftp://a.example",
            "https://u:p@a.example/scim",
            "https://a.example/scim?token=x",
        ] {
            assert!(TenantUrl::parse(text).is_err(), "{text}");
        }
        let error = TenantUrl::parse("https://u:hunter2@a.example").unwrap_err().to_string();
        assert!(!error.contains("hunter2"));
    }

    #[test]
    fn loopback_is_told_from_the_world() {
        for (text, loopback) in [
            ("http://localhost:8080/scim", true),
            ("http://127.8.0.1/scim", true),
            ("http://[::1]:8080", true),
            ("https://dialpad.com/scim", false),
            ("http://localhost.example", false),
        ] {
            assert_eq!(TenantUrl::parse(text).unwrap().is_loopback(), loopback, "{text}");
        }
    }
}
