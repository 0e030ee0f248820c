use crate::{Limits, emit, load};
use serde_json::json;

#[test]
fn maps_and_lists_look_as_kubernetes_prints_them() {
    let value = json!({"b": [{"c": [1, [2]], "d": {}}, "x"], "a10": null, "a9": "yes", "é": "1e3"});
    let text = emit(&value);
    assert_eq!(text, "a9: \"yes\"\na10: null\nb:\n- c:\n  - 1\n  - - 2\n  d: {}\n- x\né: \"1e3\"\n");
    assert_eq!(load("f", text.as_bytes(), &Limits::default()).documents[0].root.to_json(), value);
}
