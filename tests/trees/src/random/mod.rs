//! Trees from a seed: bases, components and overlays with anything in them.

mod dice;
mod kustomization;
mod manifest;
mod words;
mod yaml;

use dice::Dice;
use kustomization::{Folder, fields};
use manifest::{Known, manifest};
use std::collections::{BTreeMap, BTreeSet};
use yaml::{Yaml, map, raw, text};

/// Files by their paths.
pub type Files = BTreeMap<String, String>;

/// A tree whose root is the folder `top`, and the places in it that can be left out.
pub fn tree(seed: u64, without: &BTreeSet<String>) -> (Files, Vec<String>) {
    let dice = Dice::new(seed, without.clone());
    let mut files = Files::new();
    let mut bases: Vec<(String, Vec<Known>)> = Vec::new();
    for (at, part) in dice.several("base", 1, 2).into_iter().enumerate() {
        let path = format!("base{at}");
        // What one has the next has not.
        let others: Vec<Known> = bases.iter().flat_map(|(_, known)| known.clone()).collect();
        let known = folder(&mut files, &path, &part, &[], &[], false, &others);
        bases.push((path, known));
    }
    for (at, part) in dice.several("middle", 0, 1).into_iter().enumerate() {
        let path = format!("middle{at}");
        let known = folder(&mut files, &path, &part, &bases, &[], false, &[]);
        bases = vec![(path, known)];
    }
    let mut components = Vec::new();
    let below: Vec<Known> = bases.iter().flat_map(|(_, known)| known.clone()).collect();
    for (at, part) in dice.several("component", 0, 1).into_iter().enumerate() {
        let path = format!("component{at}");
        let added = folder(&mut files, &path, &part, &[(String::new(), below.clone())], &[], true, &[]);
        components.push((path, added));
    }
    folder(&mut files, "top", &dice.part("top"), &bases, &components, false, &[]);
    (files, dice.taken())
}

/// A folder with a kustomization over others; what is known above it.
fn folder(
    files: &mut Files,
    path: &str,
    dice: &Dice,
    bases: &[(String, Vec<Known>)],
    components: &[(String, Vec<Known>)],
    component: bool,
    others: &[Known],
) -> Vec<Known> {
    let mut folder = Folder { path: path.to_owned(), files, known: Vec::new() };
    let mut resources = Vec::new();
    for (base, known) in bases {
        if !base.is_empty() {
            resources.push(text(format!("../{base}")));
        }
        folder.known.extend(known.clone());
    }
    for (at, part) in dice.several("file", u64::from(bases.is_empty()), 3).into_iter().enumerate() {
        let content = documents(&part, &mut folder.known, others);
        resources.push(folder.file(&format!("file{at}.yaml"), content));
    }
    let mut k = Yaml::Map(Vec::new());
    if component {
        k.put("apiVersion", text("kustomize.config.k8s.io/v1alpha1"));
        k.put("kind", text("Component"));
    } else if dice.part("header").chance(60) {
        k.put("apiVersion", text("kustomize.config.k8s.io/v1beta1"));
        k.put("kind", text("Kustomization"));
    }
    if !resources.is_empty() {
        k.put("resources", Yaml::List(resources));
    }
    if !components.is_empty() {
        let paths = components.iter().map(|(path, _)| text(format!("../{path}")));
        k.put("components", Yaml::List(paths.collect()));
        folder.known.extend(components.iter().flat_map(|(_, known)| known.clone()));
    }
    fields(&mut folder, &mut k, dice);
    if path == "top" {
        if let Some(mut part) = dice.maybe("sort", 25) {
            k.put("sortOptions", map([("order", text(part.one(&["fifo", "legacy"])))]));
        }
        if let Some(mut part) = dice.maybe("metadata", 10) {
            let what = part.one(&["originAnnotations", "transformerAnnotations", "managedByLabel"]);
            k.put("buildMetadata", Yaml::List(vec![raw(what)]));
        }
    }
    let written = k.write(&dice.part("kustomization"));
    let known = std::mem::take(&mut folder.known);
    folder.file("kustomization.yaml", written);
    known
}

/// A file of one or more objects, seldom of one that is there already, here or among others.
fn documents(dice: &Dice, known: &mut Vec<Known>, others: &[Known]) -> String {
    let mut objects = Vec::new();
    for mut part in dice.several("object", 1, 3) {
        let (what, object) = manifest(&mut part);
        let again = known.iter().chain(others).any(|k| (k.kind, &k.name) == (what.kind, &what.name));
        if !again || part.chance(5) {
            known.push(what);
            objects.push((object, part));
        }
    }
    let mut style = dice.part("file");
    if style.chance(4) {
        let items = objects.iter().map(|(object, _)| object.clone()).collect();
        let list = map([("apiVersion", text("v1")), ("kind", text("List")), ("items", Yaml::List(items))]);
        return list.write(dice);
    }
    let mut out = String::new();
    if style.chance(20) {
        out.push_str("---\n");
    }
    if style.chance(10) {
        out.push_str("# head\n");
    }
    for (at, (object, part)) in objects.iter().enumerate() {
        if at > 0 {
            out.push_str(style.one(&["---\n", "--- # next\n", "---\n# between\n", "---\n---\n"]));
        }
        out.push_str(&object.write(part));
    }
    if style.chance(5) {
        out.push_str("---\n");
    }
    out
}
