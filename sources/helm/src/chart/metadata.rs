//! Chart.yaml.
use crate::json::as_text;
use crate::value::{List, ListType, Map, MapType, Object, Struct, StructField, Value, from_json};
use mainstay_package::Version;
use serde_json::Value as Json;
use std::collections::BTreeSet;
use std::rc::Rc;

#[derive(Debug, Clone, Default)]
pub(crate) struct Metadata {
    pub(crate) name: String,
    home: String,
    sources: Vec<String>,
    pub(crate) version: String,
    description: String,
    keywords: Vec<String>,
    maintainers: Vec<[String; 3]>,
    icon: String,
    pub(crate) api_version: String,
    condition: String,
    tags: String,
    pub(crate) app_version: String,
    deprecated: bool,
    annotations: Vec<(String, String)>,
    pub(crate) kube_version: String,
    pub(crate) dependencies: Vec<Dependency>,
    /// `application` or `library`.
    pub(crate) kind: String,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    pub(crate) version: String,
    repository: String,
    pub(crate) condition: String,
    pub(crate) tags: Vec<String>,
    pub(crate) enabled: bool,
    pub(crate) import_values: Vec<Json>,
    pub(crate) alias: String,
}

/// Members of an object with types that Go would insist on; null is as good as absent.
struct Fields<'a>(&'a Json);

impl<'a> Fields<'a> {
    fn get(&self, key: &str) -> Option<&'a Json> {
        self.0.get(key).filter(|value| !value.is_null())
    }

    fn wrong(key: &str, value: &Json, wanted: &str) -> String {
        format!("{key}: {}", crate::json::mismatch(value, wanted))
    }

    fn text(&self, key: &str) -> Result<String, String> {
        match self.get(key) {
            None => Ok(String::new()),
            Some(value) => as_text(value).ok_or_else(|| Self::wrong(key, value, "string")),
        }
    }

    fn truth(&self, key: &str) -> Result<bool, String> {
        match self.get(key) {
            None => Ok(false),
            Some(Json::Bool(value)) => Ok(*value),
            Some(other) => Err(Self::wrong(key, other, "bool")),
        }
    }

    fn list(&self, key: &str) -> Result<&'a [Json], String> {
        match self.get(key) {
            None => Ok(&[]),
            Some(Json::Array(items)) => Ok(items),
            Some(other) => Err(Self::wrong(key, other, "list")),
        }
    }

    fn texts(&self, key: &str) -> Result<Vec<String>, String> {
        let one = |item: &Json| match item {
            Json::Null => Ok(String::new()),
            value => as_text(value).ok_or_else(|| Self::wrong(key, value, "string")),
        };
        self.list(key)?.iter().map(one).collect()
    }
}

impl Metadata {
    pub(super) fn read(json: &Json) -> Result<Self, String> {
        if !json.is_object() && !json.is_null() {
            return Err(crate::json::mismatch(json, "chart.Metadata"));
        }
        let fields = Fields(json);
        let maintainer = |item: &Json| {
            let fields = Fields(item);
            Ok([fields.text("name")?, fields.text("email")?, fields.text("url")?])
        };
        let annotations = match fields.get("annotations") {
            None => Vec::new(),
            Some(Json::Object(members)) => {
                let one = |key: &String| Ok((key.clone(), Fields(&json["annotations"]).text(key)?));
                members.keys().map(one).collect::<Result<_, String>>()?
            }
            Some(other) => return Err(Fields::wrong("annotations", other, "map[string]string")),
        };
        let mut metadata = Self {
            name: fields.text("name")?,
            home: fields.text("home")?,
            sources: fields.texts("sources")?,
            version: fields.text("version")?,
            description: fields.text("description")?,
            keywords: fields.texts("keywords")?,
            maintainers: fields.list("maintainers")?.iter().map(maintainer).collect::<Result<_, String>>()?,
            icon: fields.text("icon")?,
            api_version: fields.text("apiVersion")?,
            condition: fields.text("condition")?,
            tags: fields.text("tags")?,
            app_version: fields.text("appVersion")?,
            deprecated: fields.truth("deprecated")?,
            annotations,
            kube_version: fields.text("kubeVersion")?,
            dependencies: Vec::new(),
            kind: fields.text("type")?,
        };
        if metadata.api_version.is_empty() {
            metadata.api_version = "v1".into();
        }
        metadata.read_dependencies(json)?;
        Ok(metadata)
    }

    /// Those of a requirements.yaml replace those of Chart.yaml.
    pub(super) fn read_dependencies(&mut self, json: &Json) -> Result<(), String> {
        let fields = Fields(json);
        if fields.get("dependencies").is_none() {
            return Ok(());
        }
        let read = |item: &Json| {
            let fields = Fields(item);
            Ok(Dependency {
                name: fields.text("name")?,
                version: fields.text("version")?,
                repository: fields.text("repository")?,
                condition: fields.text("condition")?,
                tags: fields.texts("tags")?,
                enabled: fields.truth("enabled")?,
                import_values: fields.list("import-values")?.to_vec(),
                alias: fields.text("alias")?,
            })
        };
        self.dependencies = fields.list("dependencies")?.iter().map(read).collect::<Result<_, String>>()?;
        Ok(())
    }

    pub(super) fn validate(&self) -> Result<(), String> {
        let invalid = |what: String| Err(format!("validation: chart.metadata.{what}"));
        if self.name.is_empty() {
            return invalid("name is required".into());
        }
        if matches!(self.name.as_str(), "." | "..") || self.name.contains('/') {
            return invalid(format!("name {:?} is invalid", self.name));
        }
        if self.version.is_empty() {
            return invalid("version is required".into());
        }
        if Version::parse(&self.version).is_err() {
            return invalid(format!("version {:?} is invalid", self.version));
        }
        if !matches!(self.kind.as_str(), "" | "application" | "library") {
            return invalid("type must be application or library".into());
        }
        let mut names = BTreeSet::new();
        for dependency in &self.dependencies {
            let alias = &dependency.alias;
            if !alias.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-') {
                return Err(format!(
                    "validation: dependency {:?} has disallowed characters in the alias",
                    dependency.name
                ));
            }
            let name = if alias.is_empty() { &dependency.name } else { alias };
            if !names.insert(name) {
                return Err(format!("validation: more than one dependency with name or alias {name:?}"));
            }
        }
        Ok(())
    }

    /// `.Chart`
    pub(crate) fn value(&self, is_root: bool) -> Value {
        let text = |text: &String| Value::from(text.as_str());
        let texts = |items: &[String]| {
            if items.is_empty() {
                Value::List(List::nil(ListType::Text))
            } else {
                Value::texts(items.iter().map(String::as_str))
            }
        };
        let maintainers = self.maintainers.iter().map(|[name, email, url]| {
            let fields = [("Name", "name", name), ("Email", "email", email), ("URL", "url", url)];
            let fields = fields.into_iter().map(|(name, json, value)| field(name, json, text(value)));
            structure("*chart.Maintainer", fields.collect())
        });
        let dependencies = self.dependencies.iter().map(|dependency| {
            let imports = dependency.import_values.iter().map(from_json).collect();
            let fields = vec![
                StructField { omit_empty: false, ..field("Name", "name", text(&dependency.name)) },
                field("Version", "version", text(&dependency.version)),
                StructField {
                    omit_empty: false,
                    ..field("Repository", "repository", text(&dependency.repository))
                },
                field("Condition", "condition", text(&dependency.condition)),
                field("Tags", "tags", texts(&dependency.tags)),
                field("Enabled", "enabled", Value::Bool(dependency.enabled)),
                field("ImportValues", "import-values", Value::list(imports)),
                field("Alias", "alias", text(&dependency.alias)),
            ];
            structure("*chart.Dependency", fields)
        });
        let annotations = self.annotations.iter().map(|(key, value)| (key.as_str().into(), text(value)));
        let mut annotations = Map::new(MapType::Text, annotations);
        annotations.nil = annotations.is_empty();
        let fields = vec![
            field("Name", "name", text(&self.name)),
            field("Home", "home", text(&self.home)),
            field("Sources", "sources", texts(&self.sources)),
            field("Version", "version", text(&self.version)),
            field("Description", "description", text(&self.description)),
            field("Keywords", "keywords", texts(&self.keywords)),
            field("Maintainers", "maintainers", list(ListType::Maintainers, maintainers.collect())),
            field("Icon", "icon", text(&self.icon)),
            field("APIVersion", "apiVersion", text(&self.api_version)),
            field("Condition", "condition", text(&self.condition)),
            field("Tags", "tags", text(&self.tags)),
            field("AppVersion", "appVersion", text(&self.app_version)),
            field("Deprecated", "deprecated", Value::Bool(self.deprecated)),
            field("Annotations", "annotations", Value::Map(annotations)),
            field("KubeVersion", "kubeVersion", text(&self.kube_version)),
            field("Dependencies", "dependencies", list(ListType::Dependencies, dependencies.collect())),
            field("Type", "type", text(&self.kind)),
            StructField { omit_empty: false, ..field("IsRoot", "IsRoot", Value::Bool(is_root)) },
        ];
        structure("struct { chart.Metadata; IsRoot bool }", fields)
    }
}

fn field(name: &'static str, json: &'static str, value: Value) -> StructField {
    StructField { name, json: Some(json), omit_empty: true, held: value, watch: None }
}

fn list(ty: ListType, items: Vec<Value>) -> Value {
    Value::List(if items.is_empty() { List::nil(ty) } else { List::new(ty, items) })
}

fn structure(ty: &'static str, fields: Vec<StructField>) -> Value {
    Value::Object(Object::Struct(Rc::new(Struct { ty, fields, string: None })))
}
