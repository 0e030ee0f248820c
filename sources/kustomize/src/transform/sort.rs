use crate::Order;
use crate::config::{FIRST, LAST, place, sort_text};
use crate::id::Gvk;
use crate::kustomization::SortOptions;
use crate::objects::Objects;
use crate::problem::Problem;
use crate::resource::Resource;
use mainstay_diagnostic::codes::kustomize as codes;
use std::cmp::{Ordering, Reverse};

/// Orders the result: as it was built, or by kind and name.
pub(crate) fn sort(
    objects: &mut Objects,
    options: Option<&SortOptions>,
    asked: Option<Order>,
) -> Result<(), Problem> {
    let otherwise = match asked {
        Some(Order::Fifo) => "fifo",
        Some(Order::Legacy) | None => "legacy",
    };
    let order = options.map_or(otherwise, |o| o.order.as_str());
    let legacy = options.and_then(|o| o.legacy_sort_options.as_ref());
    match (order, legacy) {
        ("fifo", None) => Ok(()),
        ("fifo", Some(_)) => {
            let message = "sortOptions.legacySortOptions is set, but the order is fifo";
            Err(Problem::new(&codes::INVALID, message))
        }
        ("legacy", Some(options)) => {
            by_kind(objects, &options.order_first, &options.order_last);
            Ok(())
        }
        ("legacy", None) => {
            by_kind(objects, &FIRST, &LAST);
            Ok(())
        }
        (other, _) => {
            let message = format!("sortOptions.order is {other:?}; it must be fifo or legacy");
            Err(Problem::new(&codes::INVALID, message))
        }
    }
}

fn by_kind<S: AsRef<str>>(objects: &mut Objects, first: &[S], last: &[S]) {
    let mut all = std::mem::take(objects).into_vec();
    all.sort_by_cached_key(|r| Key::new(r, first, last));
    objects.replace_all(all);
}

#[derive(PartialEq, Eq)]
struct Key {
    place: usize,
    namespace_first: Option<Reverse<String>>,
    kind: String,
    name: String,
}

impl Key {
    fn new<S: AsRef<str>>(resource: &Resource, first: &[S], last: &[S]) -> Self {
        let id = resource.id();
        let or = |s: &str, none: &'static str| if s.is_empty() { none.to_owned() } else { s.to_owned() };
        let kind = sort_text(&id.gvk);
        Self {
            place: place(&id.gvk.kind, first, last),
            // The core Namespace comes before those of other groups.
            namespace_first: (id.gvk.kind == "Namespace").then(|| Reverse(kind.clone())),
            kind,
            name: format!("{}|{}|{}", shown(&id.gvk), or(&id.namespace, "~X"), or(&id.name, "~N")),
        }
    }
}

fn shown(gvk: &Gvk) -> String {
    gvk.to_string()
}

impl Ord for Key {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.place, &self.namespace_first, &self.kind, &self.name).cmp(&(
            other.place,
            &other.namespace_first,
            &other.kind,
            &other.name,
        ))
    }
}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
