use crate::fieldspec::{FieldSpec, Make, apply};
use crate::kustomization::Image;
use crate::node::Node;
use crate::objects::Objects;
use crate::pattern::{behind, regex};
use crate::problem::Problem;
use crate::resource::Resource;
use mainstay_diagnostic::codes::kustomize as codes;
use regex::Regex;

/// Changes name, tag or digest of an image wherever containers name it.
pub(crate) fn set_image(objects: &mut Objects, image: &Image, specs: &[FieldSpec]) -> Result<(), Problem> {
    objects.iter_mut().try_for_each(step(image, specs)?)
}

/// Changes one object after the other.
pub(crate) fn step<'a>(
    image: &'a Image,
    specs: &'a [FieldSpec],
) -> Result<impl FnMut(&mut Resource) -> Result<(), Problem> + 'a, Problem> {
    let pattern = match behind(&image.name, "") {
        Some(_) => None,
        None => {
            let name = &image.name;
            let pattern = format!("^{name}(:[a-zA-Z0-9_.{{}}-]*)?(@sha256:[a-zA-Z0-9_.{{}}-]*)?$");
            Some(regex(&pattern)?)
        }
    };
    let update = Update { image, pattern };
    Ok(move |resource: &mut Resource| {
        if resource.kind() == "CustomResourceDefinition" {
            return Ok(());
        }
        update.containers(&mut resource.node)?;
        let gvk = resource.gvk();
        specs.iter().try_for_each(|spec| {
            apply(spec, &gvk, &mut resource.node, Make::Nothing, &mut |node| update.set(node))
        })
    })
}

struct Update<'a> {
    image: &'a Image,
    /// Where the image's name is more than a name.
    pattern: Option<Regex>,
}

impl Update<'_> {
    /// Lists called `containers` and `initContainers`, wherever they are.
    fn containers(&self, node: &mut Node) -> Result<(), Problem> {
        match node {
            Node::Scalar(_) => Ok(()),
            Node::Seq(items) => items.iter_mut().try_for_each(|item| self.containers(item)),
            Node::Map(entries) => entries.iter_mut().try_for_each(|(key, value)| {
                self.containers(value)?;
                let Node::Seq(items) = value else { return Ok(()) };
                if key.text != "containers" && key.text != "initContainers" {
                    return Ok(());
                }
                items.iter_mut().try_for_each(|item| match item {
                    item if item.is_null() => Ok(()),
                    Node::Map(_) => item.get_mut("image").map_or(Ok(()), |image| self.set(image)),
                    Node::Scalar(_) | Node::Seq(_) => {
                        let message = format!("an element of {} is not a map", key.text);
                        Err(Problem::new(&codes::TRANSFORM, message))
                    }
                })
            }),
        }
    }

    fn set(&self, node: &mut Node) -> Result<(), Problem> {
        if node.is_null() {
            return Ok(());
        }
        let Node::Scalar(scalar) = &*node else {
            return Err(Problem::new(&codes::TRANSFORM, "an image must be a scalar"));
        };
        let is_meant = match &self.pattern {
            Some(pattern) => pattern.is_match(&scalar.text),
            None => behind(&self.image.name, &scalar.text).flatten().is_some_and(is_tag_and_digest),
        };
        if !is_meant {
            return Ok(());
        }
        let (name, mut tag, mut digest) = split(&scalar.text);
        let image = self.image;
        let mut new = if image.new_name.is_empty() { name } else { image.new_name.clone() };
        if !image.new_tag.is_empty() {
            tag.clone_from(&image.new_tag);
            digest.clone_from(&image.digest);
        } else if !image.digest.is_empty() {
            tag.clear();
            digest.clone_from(&image.digest);
        } else if !image.tag_suffix.is_empty() {
            tag.push_str(&image.tag_suffix);
            digest.clear();
        }
        for (mark, part) in [(':', tag), ('@', digest)] {
            if !part.is_empty() {
                new.push(mark);
                new.push_str(&part);
            }
        }
        node.assign(Node::untyped(new));
        Ok(())
    }
}

/// Either, both or none of them.
fn is_tag_and_digest(text: &str) -> bool {
    let may_be_in = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '{' | '}' | '-');
    let rest = text.strip_prefix(':').map_or(text, |tag| tag.trim_start_matches(may_be_in));
    rest.is_empty() || rest.strip_prefix("@sha256:").is_some_and(|digest| digest.chars().all(may_be_in))
}

/// Name, tag and digest. A colon before the first slash belongs to a host's port.
fn split(image: &str) -> (String, String, String) {
    let from = image.find('/').unwrap_or(0);
    let at = |c: char| image[from..].find(c).map(|i| i + from);
    let cut = |start: usize, end: usize| image[start..end].to_owned();
    match (at(':'), at('@')) {
        (None, None) => (image.to_owned(), String::new(), String::new()),
        (Some(colon), Some(sign)) if colon < sign => {
            (cut(0, colon), cut(colon + 1, sign), cut(sign + 1, image.len()))
        }
        (_, Some(sign)) => (cut(0, sign), String::new(), cut(sign + 1, image.len())),
        (Some(colon), None) => (cut(0, colon), cut(colon + 1, image.len()), String::new()),
    }
}
