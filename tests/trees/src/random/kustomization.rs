//! Kustomizations over what is known to be there.

use super::dice::Dice;
use super::manifest::{Known, anything, container, variable};
use super::words::{IMAGES, NAMES, NAMESPACES, any_scalar, any_text, name, pairs};
use super::yaml::{Yaml, map, raw, text};
use std::collections::BTreeMap;

/// A folder that is being made.
pub struct Folder<'a> {
    pub path: String,
    pub files: &'a mut BTreeMap<String, String>,
    pub known: Vec<Known>,
}

impl Folder<'_> {
    /// Writes a file, and names it.
    pub fn file(&mut self, name: &str, content: String) -> Yaml {
        self.files.insert(format!("{}/{name}", self.path), content);
        text(name)
    }

    fn any(&self, dice: &mut Dice) -> Option<Known> {
        let at = dice.below(self.known.len() as u64) as usize;
        self.known.get(at).cloned()
    }

    fn pods(&self, dice: &mut Dice) -> Option<Known> {
        let with: Vec<&Known> = self.known.iter().filter(|k| k.has_pods()).collect();
        let at = dice.below(with.len() as u64) as usize;
        with.get(at).map(|k| (*k).clone())
    }
}

/// Every field but `resources` and `components`.
pub fn fields(folder: &mut Folder<'_>, k: &mut Yaml, dice: &Dice) {
    generators(folder, k, dice);
    names(k, dice);
    labels(k, dice);
    let mut patches = Vec::new();
    for mut part in dice.several("patch", 0, 3) {
        patches.extend(patch(folder, &mut part));
    }
    if !patches.is_empty() {
        k.put("patches", Yaml::List(patches));
    }
    if let Some(mut part) = dice.maybe("legacy", 8)
        && let Some(known) = folder.pods(&mut part)
    {
        let merge = merge_patch(&known, &mut part);
        let written = merge.write(&part);
        let entry = if part.chance(50) { text(written) } else { folder.file("legacy-patch.yaml", written) };
        k.put("patchesStrategicMerge", Yaml::List(vec![entry]));
    }
    if let Some(mut part) = dice.maybe("legacyJson", 6)
        && let Some(known) = folder.pods(&mut part)
    {
        let target = map([
            ("group", text(known.group())),
            ("version", text(known.version())),
            ("kind", text(known.kind)),
            ("name", text(known.name.as_str())),
        ]);
        let entry = map([("target", target), ("patch", text(operations(&mut part, true).write(&part)))]);
        k.put("patchesJson6902", Yaml::List(vec![entry]));
    }
    if let Some(part) = dice.maybe("images", 25) {
        let images = part.several("image", 1, 2).into_iter().map(|mut part| {
            let full = part.one(&IMAGES);
            let bare = full.split('@').next().unwrap_or_default();
            let (path, last) = bare.rsplit_once('/').map_or(("", bare), |(path, last)| (path, last));
            let last = last.split(':').next().unwrap_or_default();
            let bare = if path.is_empty() { last.to_owned() } else { format!("{path}/{last}") };
            let mut image = map([("name", text(bare))]);
            if part.chance(40) {
                image.put("newName", text(part.one(&["mirror.example.com/app", "other", "host:5000/x/y"])));
            }
            match part.below(4) {
                0 => image.put("digest", text(format!("sha256:{}", "ab".repeat(32)))),
                1 | 2 => image.put("newTag", text(part.one(&["v2", "1.0", "latest", "2024-01-01", "1e3"]))),
                _ => {}
            }
            image
        });
        k.put("images", Yaml::List(images.collect()));
    }
    if let Some(mut part) = dice.maybe("replicas", 10)
        && let Some(known) = folder.pods(&mut part).filter(|k| matches!(k.kind, "Deployment" | "StatefulSet"))
    {
        let entry = map([("name", text(known.name.as_str())), ("count", raw(part.one(&["0", "5", "100"])))]);
        k.put("replicas", Yaml::List(vec![entry]));
    }
    let replacements: Vec<Yaml> = dice
        .several("replacement", 0, 1)
        .into_iter()
        .filter_map(|mut part| replacement(folder, &mut part))
        .collect();
    if !replacements.is_empty() {
        k.put("replacements", Yaml::List(replacements));
    }
    if folder.path == "top"
        && let Some(mut part) = dice.maybe("vars", 15)
        && let Some(known) = folder.any(&mut part)
    {
        let of = || {
            let mut of = map([
                ("apiVersion", text(known.api_version)),
                ("kind", text(known.kind)),
                ("name", text(known.name.as_str())),
            ]);
            if let Some(namespace) = &known.namespace {
                of.put("namespace", text(namespace.as_str()));
            }
            of
        };
        let mut vars = vec![map([("name", text("NAME")), ("objref", of())])];
        if part.chance(40) {
            let field =
                map([("fieldPath", text(part.one(&["metadata.namespace", "kind", "spec.replicas"])))]);
            vars.push(map([("name", text("SPACE")), ("objref", of()), ("fieldref", field)]));
        }
        k.put("vars", Yaml::List(vars));
    }
    if let Some(part) = dice.maybe("transformers", 10) {
        let entries = part.several("t", 1, 2).into_iter().map(|mut part| transformer(folder, &mut part));
        let entries: Vec<Yaml> = entries.collect();
        k.put("transformers", Yaml::List(entries));
    }
    if let Some(mut part) = dice.maybe("configurations", 6) {
        let spec = |path: &str, kind: &str, create: bool| {
            map([("path", text(path)), ("kind", text(kind)), ("create", raw(create.to_string()))])
        };
        let field = part.one(&[
            "commonLabels",
            "commonAnnotations",
            "images",
            "namePrefix",
            "varReference",
            "namespace",
        ]);
        let path = part.one(&["spec/a", "spec/items/name", "spec/labels", "metadata/x"]);
        let kind = part.one(&["Widget", "Deployment"]);
        let mut config = map([(field, Yaml::List(vec![spec(path, kind, part.chance(50))]))]);
        if part.chance(50) {
            let specs =
                Yaml::List(vec![spec("spec/name", "Widget", false), spec("spec/items", "Widget", false)]);
            let reference = map([("kind", text(part.one(&["ConfigMap", "Service"]))), ("fieldSpecs", specs)]);
            config.put("nameReference", Yaml::List(vec![reference]));
        }
        let entry = folder.file("config.yaml", config.write(&part));
        k.put("configurations", Yaml::List(vec![entry]));
    }
}

fn names(k: &mut Yaml, dice: &Dice) {
    if let Some(mut part) = dice.maybe("namespace", 30) {
        k.put("namespace", text(part.one(&NAMESPACES)));
    }
    if let Some(mut part) = dice.maybe("prefix", 25) {
        k.put("namePrefix", text(part.one(&["p-", "dev-", "x.", "1"])));
    }
    if let Some(mut part) = dice.maybe("suffix", 15) {
        k.put("nameSuffix", text(part.one(&["-s", "-v2", ".y"])));
    }
}

fn labels(k: &mut Yaml, dice: &Dice) {
    if let Some(part) = dice.maybe("labels", 20) {
        let entries = part.several("l", 1, 2).into_iter().map(|mut part| {
            let mut entry = map([("pairs", pairs(&mut part, true))]);
            match part.below(4) {
                0 => entry.put("includeSelectors", raw("true")),
                1 => entry.put("includeTemplates", raw("true")),
                _ => {}
            }
            if part.chance(20) {
                let create = part.one(&["true", "false"]);
                let spec =
                    map([("path", text("spec/labels")), ("kind", text("Widget")), ("create", raw(create))]);
                entry.put("fields", Yaml::List(vec![spec]));
            }
            entry
        });
        k.put("labels", Yaml::List(entries.collect()));
    }
    if let Some(mut part) = dice.maybe("commonLabels", 10) {
        k.put("commonLabels", pairs(&mut part, true));
    }
    if let Some(mut part) = dice.maybe("commonAnnotations", 15) {
        k.put("commonAnnotations", pairs(&mut part, true));
    }
}

fn generators(folder: &mut Folder<'_>, k: &mut Yaml, dice: &Dice) {
    for (field, kind, percent) in [("configMapGenerator", "ConfigMap", 30), ("secretGenerator", "Secret", 15)]
    {
        let Some(part) = dice.maybe(field, percent) else { continue };
        let mut entries = Vec::new();
        for mut part in part.several("g", 1, 2) {
            let there = folder.known.iter().find(|known| known.kind == kind).cloned();
            let again = there.filter(|_| part.chance(40));
            let own = again.as_ref().map_or_else(|| name(&mut part), |known| known.name.clone());
            let mut entry = map([("name", text(own.as_str()))]);
            let mut namespace = None;
            if let Some(known) = &again {
                entry.put("behavior", text(part.one(&["merge", "replace", "merge"])));
                namespace.clone_from(&known.namespace);
            } else if part.chance(15) {
                namespace = Some(part.one(&NAMESPACES).to_owned());
            }
            if let Some(namespace) = &namespace {
                entry.put("namespace", text(namespace.as_str()));
            }
            if part.chance(60) {
                let mut number = 0;
                let literals = part.several("literal", 1, 3).into_iter().map(|mut part| {
                    number += 1;
                    let key = format!("{}{number}", part.one(&["A", "B", "config.yaml", "empty"]));
                    let value = any_text(&mut part);
                    let quoted = part.chance(10);
                    text(if quoted { format!("{key}=\"{value}\"") } else { format!("{key}={value}") })
                });
                entry.put("literals", Yaml::List(literals.collect()));
            }
            if part.chance(40) {
                let content = any_text(&mut part);
                let path = part.one(&["file.txt", "sub/app.properties", "b.yaml"]);
                folder.file(path, content);
                let source = if part.chance(50) { format!("key={path}") } else { path.to_owned() };
                entry.put("files", Yaml::List(vec![text(source)]));
            }
            if part.chance(25) {
                let lines = "# comment\nX=1\n\nY=a b c\nZ=\n  W=\"quoted\"\n";
                folder.file("some.env", lines.to_owned());
                entry.put("envs", Yaml::List(vec![text("some.env")]));
            }
            if kind == "Secret" && part.chance(30) {
                entry.put("type", text("kubernetes.io/tls"));
            }
            if let Some(mut part) = part.maybe("options", 25) {
                entry.put("options", options(&mut part));
            }
            if again.is_none() {
                folder.known.push(Known {
                    api_version: "v1",
                    kind: if kind == "Secret" { "Secret" } else { "ConfigMap" },
                    name: own,
                    namespace,
                });
            }
            entries.push(entry);
        }
        k.put(field, Yaml::List(entries));
    }
    if let Some(mut part) = dice.maybe("generatorOptions", 8) {
        k.put("generatorOptions", options(&mut part));
    }
}

fn options(dice: &mut Dice) -> Yaml {
    let mut options = Yaml::Map(Vec::new());
    if dice.chance(40) {
        options.put("disableNameSuffixHash", raw("true"));
    }
    if dice.chance(30) {
        options.put("immutable", raw("true"));
    }
    if dice.chance(40) {
        options.put("labels", pairs(dice, false));
    }
    if dice.chance(30) {
        options.put("annotations", pairs(dice, true));
    }
    options
}

fn patch(folder: &mut Folder<'_>, dice: &mut Dice) -> Option<Yaml> {
    let known = if dice.chance(70) { folder.pods(dice) } else { folder.any(dice) }?;
    let mut entry = Yaml::Map(Vec::new());
    let json = dice.chance(30);
    let target = json || dice.chance(40);
    let one = dice.chance(60);
    if target {
        let mut of = Yaml::Map(Vec::new());
        match if json && !one {
            dice.below(4)
        } else if json {
            5
        } else {
            dice.below(6)
        } {
            0 => of.put("kind", text(known.kind)),
            1 => of.put("kind", text("(Deployment|StatefulSet|ConfigMap)")),
            2 => {
                of.put("kind", text(known.kind));
                of.put("name", text(dice.one(&["w.*", ".*", "api|db", "[a-c].*"])));
            }
            3 => of.put(
                "labelSelector",
                text(dice.one(&["app=web", "app", "!app", "tier in (web,api)", "app!=web"])),
            ),
            _ => {
                of.put("group", text(known.group()));
                of.put("version", text(known.version()));
                of.put("kind", text(known.kind));
                of.put("name", text(known.name.as_str()));
            }
        }
        if let Some(namespace) = known.namespace.as_ref().filter(|_| dice.chance(20)) {
            of.put("namespace", text(namespace.as_str()));
        }
        if dice.chance(5) {
            of.put("annotationSelector", text("team=web"));
        }
        entry.put("target", of);
    }
    let content = if json { operations(dice, known.has_pods() && one) } else { merge_patch(&known, dice) };
    if !json && dice.chance(10) {
        let option = dice.one(&["allowNameChange", "allowKindChange"]);
        entry.put("options", map([(option, raw("true"))]));
    }
    let written = content.write(dice);
    if dice.chance(65) {
        entry.put("patch", text(written));
    } else {
        let file = format!("patch-{}.yaml", dice.below(1000));
        let path = folder.file(&file, written);
        entry.put("path", path);
    }
    Some(entry)
}

/// First those for all objects, then those for all with pods.
const OPERATIONS: [(&str, &str); 17] = [
    ("add", "/metadata/annotations"),
    ("add", "/metadata/labels"),
    ("copy", "/metadata/copied"),
    ("add", "/new"),
    ("replace", "/new"),
    ("add", "/spec/template/spec/containers"),
    ("replace", "/spec/replicas"),
    ("add", "/spec/template/spec/containers/-"),
    ("add", "/spec/new"),
    ("replace", "/spec/template/spec/containers/0/image"),
    ("add", "/spec/template/spec/containers/0/env/-"),
    ("add", "/spec/template/spec/containers/0/args"),
    ("remove", "/spec/template/spec/containers/0/image"),
    ("add", "/metadata/annotations/a.b~1c"),
    ("test", "/kind"),
    ("move", "/metadata/moved"),
    ("replace", "/metadata/name"),
];
const FOR_ALL: usize = 5;
const FOR_PODS: usize = 9;

/// Seldom one that does not fit.
fn operations(dice: &mut Dice, pods: bool) -> Yaml {
    let ops = dice.several("op", 1, 3).into_iter().map(|mut part| {
        let fitting = match (part.chance(4), pods) {
            (true, _) => &OPERATIONS[..],
            (false, true) => &OPERATIONS[..FOR_PODS],
            (false, false) => &OPERATIONS[..FOR_ALL],
        };
        let (op, path) = fitting[part.below(fitting.len() as u64) as usize];
        let mut entry = map([("op", text(op)), ("path", text(path))]);
        match op {
            "remove" => {}
            "copy" | "move" => entry.put("from", text("/metadata/name")),
            "test" => entry.put("value", text("Deployment")),
            _ => {
                let value = match path.rsplit('/').next().unwrap_or_default() {
                    "-" if path.contains("env") => variable(part.part("variable")),
                    "-" => container_of(&part),
                    "annotations" | "labels" => pairs(&mut part, true),
                    "containers" => Yaml::List(vec![container_of(&part)]),
                    "args" => Yaml::List(vec![any_scalar(&mut part)]),
                    "replicas" => raw("4"),
                    "name" | "namespace" => text(name(&mut part)),
                    "new" => anything(&mut part, 2),
                    _ => any_scalar(&mut part),
                };
                entry.put("value", value);
            }
        }
        entry
    });
    Yaml::List(ops.collect())
}

fn container_of(dice: &Dice) -> Yaml {
    container(dice.part("container"))
}

fn merge_patch(known: &Known, dice: &mut Dice) -> Yaml {
    let mut metadata = map([("name", text(known.name.as_str()))]);
    if let Some(namespace) = &known.namespace {
        metadata.put("namespace", text(namespace.as_str()));
    }
    if let Some(mut part) = dice.maybe("meta", 40) {
        let field = part.one(&["labels", "annotations"]);
        let mut values = pairs(&mut part, true);
        if part.chance(25) {
            values.put("app", raw("null"));
        }
        metadata.put(field, values);
    }
    let mut patch =
        map([("apiVersion", text(known.api_version)), ("kind", text(known.kind)), ("metadata", metadata)]);
    if let Some(mut part) = dice.maybe("delete", 5) {
        patch.put("$patch", text(part.one(&["delete", "replace", "merge"])));
    }
    if known.has_pods() {
        let containers = dice.several("container", 0, 2).into_iter().map(|mut part| {
            if part.chance(12) {
                let which = part.one(&["delete", "replace"]);
                return map([("name", text(part.one(&NAMES))), ("$patch", text(which))]);
            }
            container(part)
        });
        let mut containers: Vec<Yaml> = containers.collect();
        if dice.chance(4) {
            containers.push(map([("$patch", text("replace"))]));
        }
        let mut pod = Yaml::Map(Vec::new());
        if !containers.is_empty() {
            pod.put("containers", Yaml::List(containers));
        }
        if dice.chance(20) {
            let volumes = Yaml::List(vec![map([("name", text(name(dice))), ("emptyDir", raw("{}"))])]);
            pod.put("volumes", volumes);
        }
        if dice.chance(10) {
            pod.put(dice.one(&["serviceAccountName", "volumes", "nodeSelector"]), raw("null"));
        }
        let mut spec = map([("template", map([("spec", pod)]))]);
        if dice.chance(30) {
            spec.put("replicas", raw(dice.one(&["2", "null", "7"])));
        }
        patch.put("spec", spec);
    } else {
        match (known.kind, dice.below(3)) {
            ("ConfigMap" | "Secret", _) => {
                let mut data = Yaml::Map(Vec::new());
                for mut part in dice.several("entry", 1, 2) {
                    let key = part.one(&["config.yaml", "a", "LOG_LEVEL"]);
                    data.put(key, if part.chance(20) { raw("null") } else { text(any_text(&mut part)) });
                }
                patch.put("data", data);
            }
            ("Service", _) => {
                let port = map([("port", raw(dice.one(&["80", "443"]))), ("name", text("http"))]);
                patch.put("spec", map([("ports", Yaml::List(vec![port]))]));
            }
            (_, 0) if dice.chance(30) => patch.put("spec", raw("null")),
            _ if dice.chance(10) => patch.put("spec", anything(dice, 3)),
            _ => {}
        }
    }
    patch
}

fn replacement(folder: &mut Folder<'_>, dice: &mut Dice) -> Option<Yaml> {
    let known = folder.any(dice)?;
    let mut source = map([("kind", text(known.kind)), ("name", text(known.name.as_str()))]);
    if dice.chance(60) {
        let path = dice.one(&[
            "metadata.name",
            "metadata.namespace",
            "kind",
            "data.a",
            "spec.replicas",
            "metadata.labels.app",
            "metadata",
        ]);
        source.put("fieldPath", text(path));
    }
    if dice.chance(15) {
        let options = map([("delimiter", text("-")), ("index", raw(dice.one(&["0", "0", "0", "1"])))]);
        source.put("options", options);
    }
    let targets = dice.several("target", 1, 2).into_iter().map(|mut part| {
        let select = if part.chance(70) {
            map([("kind", text(part.one(&["Deployment", "Service", "ConfigMap"])))])
        } else {
            map([("name", text(name(&mut part)))])
        };
        let paths = part.several("path", 1, 1).into_iter().map(|mut part| {
            text(part.one(&[
                "metadata.labels.app",
                "metadata.annotations.[a.b/c]",
                "metadata.labels.app",
                "metadata.annotations.[a.b/c]",
                "metadata.labels.team",
                "metadata.annotations.x",
                "spec.template.spec.containers.[name=web].image",
                "spec.template.spec.containers.*.env.[name=A].value",
                "spec.template.spec.containers.0.image",
                "data.a",
                "data.[config.yaml]",
                "spec.replicas",
                "spec.selector.app",
                "metadata.name",
            ]))
        });
        let mut target = map([("select", select), ("fieldPaths", Yaml::List(paths.collect()))]);
        if part.chance(90) {
            let mut options = Yaml::Map(Vec::new());
            if part.chance(95) {
                options.put("create", raw("true"));
            }
            if part.chance(15) {
                options.put("delimiter", text(part.one(&[":", "/", "-"])));
                options.put("index", raw(part.one(&["0", "1", "-1", "5"])));
            }
            target.put("options", options);
        }
        if part.chance(15) {
            target.put("reject", Yaml::List(vec![map([("name", text(name(&mut part)))])]));
        }
        target
    });
    let targets = Yaml::List(targets.collect());
    let entry = map([("source", source), ("targets", targets)]);
    if dice.chance(15) {
        let path = folder.file("replacement.yaml", entry.write(dice));
        return Some(map([("path", path)]));
    }
    Some(entry)
}

fn transformer(folder: &mut Folder<'_>, dice: &mut Dice) -> Yaml {
    let spec =
        |path: &str, create: &str| Yaml::List(vec![map([("path", text(path)), ("create", raw(create))])]);
    let (kind, fields): (&str, Vec<(&str, Yaml)>) = match dice.below(8) {
        0 => (
            "LabelTransformer",
            vec![("labels", pairs(dice, true)), ("fieldSpecs", spec("metadata/labels", "true"))],
        ),
        1 => (
            "AnnotationsTransformer",
            vec![("annotations", pairs(dice, true)), ("fieldSpecs", spec("metadata/annotations", "true"))],
        ),
        2 => (
            "PrefixTransformer",
            vec![("prefix", text("t-")), ("fieldSpecs", spec("metadata/name", "false"))],
        ),
        3 => (
            "SuffixTransformer",
            vec![("suffix", text("-t")), ("fieldSpecs", spec("metadata/name", "false"))],
        ),
        4 => {
            ("ImageTagTransformer", vec![("imageTag", map([("name", text("nginx")), ("newTag", text("9"))]))])
        }
        5 => (
            "NamespaceTransformer",
            vec![
                ("unsetOnly", raw(dice.one(&["true", "false"]))),
                ("setRoleBindingSubjects", text(dice.one(&["none", "allServiceAccounts", "defaultOnly"]))),
                ("fieldSpecs", spec("metadata/namespace", "true")),
            ],
        ),
        6 => (
            "ReplicaCountTransformer",
            vec![("replica", map([("name", text(name(dice))), ("count", raw("6"))]))],
        ),
        _ => match folder.pods(dice) {
            Some(known) => ("PatchTransformer", vec![("patch", text(merge_patch(&known, dice).write(dice)))]),
            None => ("HashTransformer", Vec::new()),
        },
    };
    let mut metadata = map([("name", text(format!("t{}", dice.below(1000))))]);
    if kind == "NamespaceTransformer" {
        metadata.put("namespace", text(dice.one(&NAMESPACES)));
    }
    let mut config = map([("apiVersion", text("builtin")), ("kind", text(kind)), ("metadata", metadata)]);
    for (field, value) in fields {
        config.put(field, value);
    }
    let written = config.write(dice);
    if dice.chance(60) {
        text(written)
    } else {
        folder.file(&format!("transformer-{}.yaml", dice.below(1000)), written)
    }
}
