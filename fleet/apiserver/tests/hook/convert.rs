//! Converts widgets: `size: 3x4` in v1 is `width: 3`, `height: 4` in v2. An annotation asks for mistakes.

use http_body_util::Full;
use serde_json::{Value, json};

pub(super) fn answer(review: &Value) -> http::Response<Full<bytes::Bytes>> {
    let request = &review["request"];
    let desired = request["desiredAPIVersion"].as_str().unwrap_or_default();
    let objects = request["objects"].as_array().cloned().unwrap_or_default();
    let way =
        |object: &Value| object["metadata"]["annotations"]["try"].as_str().unwrap_or_default().to_owned();
    let to_v2 = desired.ends_with("/v2");
    // Only what is written is answered wrongly, or nothing could be listed any more; `moody` is only read.
    let odd = objects.iter().map(way).find(|way| (way == "moody") == to_v2).unwrap_or_default();
    let mut converted: Vec<Value> = objects.iter().map(|object| converted(object, desired, to_v2)).collect();
    let mut result = json!({ "status": "Success" });
    let mut uid = request["uid"].clone();
    for object in &mut converted {
        match &*odd {
            "version" => object["apiVersion"] = "conversion.example.com/v3".into(),
            "kind" => object["kind"] = "Gadget".into(),
            "name" => object["metadata"]["name"] = "another".into(),
            "metadata" => drop(object.as_object_mut().map(|o| o.remove("metadata"))),
            "labels" => object["metadata"]["labels"] = json!(["a"]),
            "label" => object["metadata"]["labels"] = json!({ "a b": "c d" }),
            "numbers" => object["metadata"]["annotations"]["number"] = 1.into(),
            "annotated" => {
                object["metadata"]["annotations"]["converted"] = "yes".into();
                object["metadata"]["finalizers"] = json!(["not.example.com/kept"]);
            }
            _ => {}
        }
    }
    match &*odd {
        "refuse" | "moody" => result = json!({ "status": "Failure", "message": "this one stays as it is" }),
        "silent" => result = json!({ "status": "Failure" }),
        "stranger" => uid = "another".into(),
        "fewer" => converted.clear(),
        _ => {}
    }
    let answer = json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "ConversionReview",
        "response": { "uid": uid, "result": result, "convertedObjects": converted },
    });
    let (status, body) = match &*odd {
        "garbage" => (200, "{}".to_owned()),
        "broken" => (500, "broken".to_owned()),
        _ => (200, answer.to_string()),
    };
    let response = http::Response::builder().status(status).header("content-type", "application/json");
    response.body(Full::from(body.into_bytes())).expect("a response")
}

fn converted(object: &Value, desired: &str, to_v2: bool) -> Value {
    let mut object = object.clone();
    object["apiVersion"] = desired.into();
    let Some(spec) = object.get_mut("spec").and_then(Value::as_object_mut) else { return object };
    if to_v2 {
        if let Some(Value::String(size)) = spec.remove("size") {
            let (width, height) = size.split_once('x').unwrap_or((&size, "1"));
            spec.insert("width".into(), width.parse::<i64>().unwrap_or(0).into());
            spec.insert("height".into(), height.parse::<i64>().unwrap_or(1).into());
        }
    } else {
        let mut side = |name: &str| spec.remove(name).and_then(|side| side.as_i64());
        let sides = (side("width"), side("height"));
        if sides != (None, None) {
            let size = format!("{}x{}", sides.0.unwrap_or(0), sides.1.unwrap_or(1));
            spec.insert("size".into(), size.into());
        }
    }
    object
}
