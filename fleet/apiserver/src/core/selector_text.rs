use serde_json::Value;

/// A label selector as text: `app=web,tier in (a,b)`. Reads `metav1.LabelSelector` and plain maps.
pub fn of(selector: &Value) -> String {
    let Some(map) = selector.as_object() else { return String::new() };
    let is_selector = map.contains_key("matchLabels") || map.contains_key("matchExpressions");
    let labels = if is_selector { map.get("matchLabels").and_then(Value::as_object) } else { Some(map) };
    let mut parts: Vec<String> = labels
        .into_iter()
        .flatten()
        .map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default()))
        .collect();
    let expressions = is_selector.then(|| map.get("matchExpressions").and_then(Value::as_array)).flatten();
    for expression in expressions.into_iter().flatten() {
        let text = |key: &str| expression.get(key).and_then(Value::as_str).unwrap_or_default();
        let mut values = crate::core::body::strings(expression.get("values"));
        values.sort();
        let (key, values) = (text("key"), values.join(","));
        parts.push(match text("operator") {
            "In" => format!("{key} in ({values})"),
            "NotIn" => format!("{key} notin ({values})"),
            "DoesNotExist" => format!("!{key}"),
            _ => key.to_owned(),
        });
    }
    parts.sort();
    parts.join(",")
}
