use super::quick::{Quick, quick};
use super::{Substitute, one, with_texts};
use mainstay_object::Object;
use serde_json::json;
use std::collections::BTreeMap;

const TEXTS: [&str; 24] = [
    "${a}",
    "x${a}",
    "${a}x",
    "x ${a} y",
    "$${a}",
    "$a",
    "${a}$",
    "1${a}",
    "- ${a}",
    "-${a}",
    "x: ${a}",
    "x:${a}",
    "'${a}'",
    "\"${a}",
    "line\n${a}\n",
    "${a}\nline",
    " ${a}",
    "${a} ",
    "#${a}",
    "x #${a}",
    "${a:=b}",
    "${b}",
    "0x${a}",
    "a long text that is folded behind its eightieth column, with ${a} in it, and ${a} again, and some more of it \
     until the fold has come",
];

const VALUES: [&str; 20] = [
    "v",
    "1",
    "1.5",
    "true",
    "null",
    "yes",
    "~",
    "",
    "a b",
    "a: b",
    "- a",
    "-a",
    "a:",
    "#a",
    "2024-01-01",
    "a:b/c@d",
    "'",
    "e5",
    "a#b",
    "1:30",
];

#[test]
fn leaf_by_leaf_gives_what_the_written_object_gives_or_says_that_it_cannot() {
    let mut certain = 0;
    for text in TEXTS {
        for value in VALUES {
            let object = Object::new(json!({
                "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"},
                "data": {"k": text, "l": [text, 1, null, {"m": text}], "plain": "0644"},
            }))
            .unwrap();
            let variables = BTreeMap::from([("a".to_owned(), value.to_owned())]);
            let how = Substitute { variables: &variables, strict: true, switch: "none", most: 1 << 20 };
            let Quick::Changed(found) = quick(object.value(), &variables, how.most) else { continue };
            certain += 1;
            let written = one(&object, &how).unwrap().unwrap();
            assert_eq!(with_texts(object, found).unwrap(), written, "{text:?} with {value:?}");
        }
    }
    assert!(certain > 50, "{certain} were certain");
}

#[test]
fn what_is_not_certain_is_written() {
    let variables = BTreeMap::from([("a".to_owned(), "v".to_owned())]);
    let of = |value| quick(&value, &variables, 1 << 20);
    assert_eq!(of(json!({"a": "plain", "b": 1.5})), Quick::Unchanged);
    assert_eq!(of(json!({"a": "${a}"})), Quick::Changed(vec!["v".into()]));
    assert_eq!(of(json!({"a": "${a}", "b": 1.5})), Quick::Unsure, "a float may be written in another way");
    assert_eq!(of(json!({"${a}": 1})), Quick::Unsure, "a key may become another one's");
    assert_eq!(of(json!({"a": "${b}"})), Quick::Unsure, "it has no value");
    let deep = (0..60).fold(json!("x"), |below, _| json!([below]));
    assert_eq!(of(deep), Quick::Unsure);
    assert_eq!(quick(&json!("${a}"), &variables, 10), Quick::Unsure, "it may be too long");
}
