use super::*;

fn field(number: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![number << 3 | 2, u8::try_from(content.len()).unwrap()];
    out.extend_from_slice(content);
    out
}

fn envelope(api_version: &str, kind: &str, raw: &[u8]) -> Vec<u8> {
    let meta = [field(1, api_version.as_bytes()), field(2, kind.as_bytes())].concat();
    [MAGIC.to_vec(), field(1, &meta), field(2, raw)].concat()
}

#[test]
fn the_table_knows_every_type_that_it_names() {
    let table = Table::get();
    assert!(table.kinds.len() > 20 && table.messages.len() > 600);
    assert!(table.message("io.k8s.api.apps.v1", "Deployment").is_some());
}

#[test]
fn a_review_is_read_as_json() {
    let attributes = [field(1, b"shop"), field(2, b"create"), field(3, b"apps"), field(6, b"")].concat();
    let raw = [field(1, b""), field(2, &field(1, &attributes))].concat();
    let read = to_json(&envelope("authorization.k8s.io/v1", "SelfSubjectAccessReview", &raw)).unwrap();
    let spec = json!({ "resourceAttributes": { "namespace": "shop", "verb": "create", "group": "apps" } });
    assert_eq!((&read["spec"], &read["kind"]), (&spec, &json!("SelfSubjectAccessReview")));
    assert_eq!(read["apiVersion"], "authorization.k8s.io/v1");
}

#[test]
fn lists_numbers_and_maps_are_read() {
    let spec = [field(1, b"a"), field(1, b"b"), vec![4 << 3, 0xd8, 0x04]].concat();
    let read = to_json(&envelope("authentication.k8s.io/v1", "TokenRequest", &field(2, &spec))).unwrap();
    assert_eq!(read["spec"]["audiences"], json!(["a", "b"]));
    assert_eq!(read["spec"]["expirationSeconds"], 600);
    let extra = [field(1, b"scope"), field(2, &[field(1, b"x"), field(1, b"y")].concat())].concat();
    let raw = field(2, &[field(3, b"jane"), field(5, &extra)].concat());
    let read = to_json(&envelope("authorization.k8s.io/v1", "SubjectAccessReview", &raw)).unwrap();
    assert_eq!(read["spec"], json!({ "user": "jane", "extra": { "scope": ["x", "y"] } }));
}

#[test]
fn what_json_writes_in_its_own_way_is_read_so() {
    // A Service's port: name, number and a target by number; then one by name.
    let port = |target: &[u8]| [field(1, b"http"), vec![3 << 3, 80], field(4, target)].concat();
    let spec = [
        field(1, &port(&[1 << 3, 0, 2 << 3, 90])),
        field(1, &port(&[vec![1 << 3, 1], field(3, b"web")].concat())),
    ];
    let read = to_json(&envelope("v1", "Service", &field(2, &spec.concat()))).unwrap();
    assert_eq!(
        read["spec"]["ports"],
        json!([
            { "name": "http", "port": 80, "targetPort": 90 }, { "name": "http", "port": 80, "targetPort": "web" },
        ])
    );
    // A Volume's source has no name of its own.
    let named = field(1, &field(1, b"settings"));
    let source = [vec![0x9a, 0x01, u8::try_from(named.len()).unwrap()], named].concat();
    let volume = [field(1, b"v"), field(2, &source)].concat();
    let read = to_json(&envelope("v1", "Pod", &field(2, &field(1, &volume)))).unwrap();
    assert_eq!(read["spec"]["volumes"], json!([{ "name": "v", "configMap": { "name": "settings" } }]));
    // Zero is written where JSON writes it: replicas is a pointer, minReadySeconds is not.
    let spec = [vec![1 << 3, 0, 5 << 3, 0], field(3, &field(1, &field(8, b"")))].concat();
    let read = to_json(&envelope("apps/v1", "Deployment", &field(2, &spec))).unwrap();
    assert_eq!(read["spec"], json!({ "replicas": 0, "template": { "metadata": {} } }));
}

#[test]
fn a_field_that_is_not_known_is_skipped() {
    let raw = [field(9, b"x"), field(2, &[field(1, b"k"), field(2, b"v")].concat())].concat();
    let read = to_json(&envelope("v1", "Secret", &raw)).unwrap();
    assert_eq!(read, json!({ "apiVersion": "v1", "kind": "Secret", "data": { "k": "dg==" } }));
}

#[test]
fn options_are_of_every_group() {
    let read = to_json(&envelope("apps/v1", "DeleteOptions", &field(4, b"Orphan"))).unwrap();
    assert_eq!(read["propagationPolicy"], "Orphan");
}

#[test]
fn what_is_unknown_or_cut_short_is_not_read() {
    assert_eq!(to_json(b""), None);
    assert_eq!(to_json(b"{}"), None);
    assert_eq!(to_json(&envelope("v1", "Boat", b"")), None);
    assert_eq!(to_json(&envelope("v2", "Pod", b"")), None);
    let whole = envelope("authorization.k8s.io/v1", "SelfSubjectAccessReview", &field(2, &field(1, b"")));
    assert!(to_json(&whole).is_some());
    for end in 5..whole.len() {
        let cut = &whole[..end];
        assert!(to_json(cut).is_none_or(|v| v["spec"].is_null()), "{end}");
    }
    assert_eq!(
        to_json(&[MAGIC, &[0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]].concat()),
        None
    );
}

#[test]
fn messages_nested_too_deep_are_refused() {
    // JSONSchemaProps.not: field 28 is one of its own.
    let mut schema = Vec::new();
    for _ in 0..200 {
        let mut outer = vec![0xe2, 0x01];
        let mut length = schema.len();
        while length >= 128 {
            outer.push(u8::try_from(length & 127).unwrap() | 128);
            length >>= 7;
        }
        outer.push(u8::try_from(length).unwrap());
        outer.extend(schema);
        schema = outer;
    }
    let known = Table::get().messages.keys().find(|k| k.ends_with(".JSONSchemaProps")).unwrap();
    assert_eq!(message(known, &schema, 0), None);
}
