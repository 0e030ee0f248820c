/// Where a path leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Route {
    /// `/`
    Root,
    /// `/api`
    Core,
    /// `/apis`
    Groups,
    /// `/apis/G`
    Group(String),
    /// `/api/v1`, `/apis/G/V`
    GroupVersion {
        group: String,
        version: String,
    },
    Resource(Target),
    Version,
    /// `/healthz`, `/livez/ping`...
    Health(String),
    OpenApi2,
    OpenApi3Index,
    /// `/openapi/v3/apis/apps/v1`
    OpenApi3 {
        group: String,
        version: String,
    },
    Unknown,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Target {
    pub group: String,
    pub version: String,
    pub plural: String,
    /// Empty for a cluster-scoped resource and for all namespaces.
    pub namespace: String,
    /// Empty for a collection.
    pub name: String,
    /// Empty for the object itself.
    pub subresource: String,
}

impl Route {
    pub fn parse(path: &str) -> Self {
        let parts: Vec<&str> = path.split('/').filter(|p| !p.is_empty()).collect();
        match parts.as_slice() {
            [] => Self::Root,
            ["api"] => Self::Core,
            ["api", version] => Self::group_version("", version),
            ["api", version, rest @ ..] => Self::resource("", version, rest),
            ["apis"] => Self::Groups,
            ["apis", group] => Self::Group((*group).to_owned()),
            ["apis", group, version] => Self::group_version(group, version),
            ["apis", group, version, rest @ ..] => Self::resource(group, version, rest),
            ["version"] => Self::Version,
            ["healthz" | "livez" | "readyz"] => Self::Health(parts[0].to_owned()),
            ["healthz" | "livez" | "readyz", "ping" | "log"] => Self::Health(parts[0].to_owned()),
            ["openapi", "v2"] => Self::OpenApi2,
            ["openapi", "v3"] => Self::OpenApi3Index,
            ["openapi", "v3", "api", version] => {
                Self::OpenApi3 { group: String::new(), version: (*version).to_owned() }
            }
            ["openapi", "v3", "apis", group, version] => {
                Self::OpenApi3 { group: (*group).to_owned(), version: (*version).to_owned() }
            }
            _ => Self::Unknown,
        }
    }

    fn group_version(group: &str, version: &str) -> Self {
        Self::GroupVersion { group: group.to_owned(), version: version.to_owned() }
    }

    fn resource(group: &str, version: &str, rest: &[&str]) -> Self {
        let mut target = Target { group: group.to_owned(), version: version.to_owned(), ..Target::default() };
        let rest = match rest {
            // A namespace's own subresources; everything else below a namespace is a resource in it.
            ["namespaces", name, sub @ ("status" | "finalize")] => {
                target.plural = "namespaces".to_owned();
                target.name = (*name).to_owned();
                target.subresource = (*sub).to_owned();
                return Self::Resource(target);
            }
            ["namespaces", namespace, rest @ ..] if !rest.is_empty() => {
                target.namespace = (*namespace).to_owned();
                rest
            }
            rest => rest,
        };
        match rest {
            [plural] => target.plural = (*plural).to_owned(),
            [plural, name] => {
                target.plural = (*plural).to_owned();
                target.name = (*name).to_owned();
            }
            [plural, name, subresource] => {
                target.plural = (*plural).to_owned();
                target.name = (*name).to_owned();
                target.subresource = (*subresource).to_owned();
            }
            [plural, name, "proxy", ..] => {
                target.plural = (*plural).to_owned();
                target.name = (*name).to_owned();
                target.subresource = "proxy".to_owned();
            }
            _ => return Self::Unknown,
        }
        Self::Resource(target)
    }
}
