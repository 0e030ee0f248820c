use crate::core::failure::{Failure, invalid};
use crate::core::request::Request;
use crate::core::selector::{Fields, Labels};
use serde_json::Value;

/// What to do about fields that nothing declares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldValidation {
    Strict,
    Warn,
    Ignore,
}

/// Options of a write: create, update, patch, apply.
#[derive(Debug, Clone)]
pub struct WriteOptions {
    pub dry_run: bool,
    pub manager: String,
    /// `fieldManager` as given; apply demands it.
    pub manager_given: bool,
    pub force: bool,
    pub validation: FieldValidation,
}

/// Options of list, watch and deletecollection.
#[derive(Debug, Clone, Default)]
pub struct ListOptions {
    pub labels: Labels,
    pub fields: Fields,
    pub limit: usize,
    pub resume: String,
    pub resource_version: String,
    pub resource_version_match: String,
    pub watch: bool,
    pub bookmarks: bool,
    /// Absent: the server chooses by the resource version.
    pub send_initial_events: Option<bool>,
    pub timeout_seconds: Option<u64>,
}

impl WriteOptions {
    pub fn read(request: &Request, kind: &str) -> Result<Self, Failure> {
        let dry_run = dry_run(request.all("dryRun"), kind)?;
        let given = request.one("fieldManager").unwrap_or_default();
        if given.len() > 128 {
            let error = mainstay_object::FieldError {
                kind: mainstay_object::FieldErrorKind::TooLong,
                path: "fieldManager".into(),
                value: None,
                detail: "may not be more than 128 bytes".into(),
            };
            return Err(Failure::invalid("meta.k8s.io", kind, "", &[error]));
        }
        if let Some(c) = given.chars().find(|c| c.is_control()) {
            let detail = format!("should only contain printable characters, found {c:?}");
            return Err(Failure::invalid(
                "meta.k8s.io",
                kind,
                "",
                &[invalid("fieldManager", given.into(), detail)],
            ));
        }
        let manager = if given.is_empty() { default_manager(&request.user_agent) } else { given.to_owned() };
        let validation = match request.one("fieldValidation").unwrap_or_default() {
            "Strict" => FieldValidation::Strict,
            "Warn" | "" => FieldValidation::Warn,
            "Ignore" => FieldValidation::Ignore,
            other => {
                let mut error = invalid("fieldValidation", Value::from(other), "");
                error.kind = mainstay_object::FieldErrorKind::NotSupported;
                error.detail = "supported values: \"\", \"Ignore\", \"Strict\", \"Warn\"".into();
                return Err(Failure::invalid("meta.k8s.io", kind, "", &[error]));
            }
        };
        let force = request.flag("force")?.unwrap_or(false);
        Ok(Self { dry_run, manager, manager_given: !given.is_empty(), force, validation })
    }
}

impl ListOptions {
    pub fn read(request: &Request) -> Result<Self, Failure> {
        let number = |key: &str| match request.one(key) {
            None => Ok(None),
            Some(text) => text.parse::<i64>().map(Some).map_err(|_| {
                Failure::bad_request(format!("strconv.ParseInt: parsing {text:?}: invalid syntax"))
            }),
        };
        let labels =
            Labels::parse(request.one("labelSelector").unwrap_or_default()).map_err(Failure::bad_request)?;
        let fields =
            Fields::parse(request.one("fieldSelector").unwrap_or_default()).map_err(Failure::bad_request)?;
        Ok(Self {
            labels,
            fields,
            limit: number("limit")?.and_then(|n| usize::try_from(n).ok()).unwrap_or(0),
            resume: request.one("continue").unwrap_or_default().to_owned(),
            resource_version: request.one("resourceVersion").unwrap_or_default().to_owned(),
            resource_version_match: request.one("resourceVersionMatch").unwrap_or_default().to_owned(),
            watch: request.flag("watch")?.unwrap_or(false),
            bookmarks: request.flag("allowWatchBookmarks")?.unwrap_or(false),
            send_initial_events: request.flag("sendInitialEvents")?,
            timeout_seconds: number("timeoutSeconds")?.and_then(|n| u64::try_from(n).ok()).filter(|n| *n > 0),
        })
    }
}

impl Request {
    /// The first value of a query parameter.
    pub fn one(&self, key: &str) -> Option<&str> {
        self.query.iter().find(|(k, _)| k == key).map(|(_, v)| &**v)
    }

    pub fn all<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a str> {
        self.query.iter().filter(move |(k, _)| k == key).map(|(_, v)| &**v)
    }

    /// A boolean as Go's query conversion reads it: present without value is true, `0` and `false` are false.
    pub fn flag(&self, key: &str) -> Result<Option<bool>, Failure> {
        Ok(self.one(key).map(|text| !matches!(text, "0" | "false" | "False" | "FALSE" | "f" | "F")))
    }
}

pub fn dry_run<'a>(values: impl Iterator<Item = &'a str>, kind: &str) -> Result<bool, Failure> {
    let mut dry = false;
    for value in values {
        if value != "All" {
            let mut error = invalid("dryRun", Value::Array(vec![value.into()]), "supported values: \"All\"");
            error.kind = mainstay_object::FieldErrorKind::NotSupported;
            return Err(Failure::invalid("meta.k8s.io", kind, "", &[error]));
        }
        dry = true;
    }
    Ok(dry)
}

/// The part of the user agent before the first slash.
fn default_manager(user_agent: &str) -> String {
    let name = user_agent.split('/').next().unwrap_or_default().trim();
    let name: String = name.chars().filter(|c| !c.is_control()).take(128).collect();
    if name.is_empty() { "unknown".into() } else { name }
}
