use super::{Form, SetError, Values};
use serde_json::{Value as Json, json};

fn on(before: Json, form: Form, line: &str) -> String {
    let mut values = Values::read(before).unwrap();
    match values.set(form, line) {
        Ok(()) => values.to_json().to_string(),
        Err(error) => format!("error: {error}"),
    }
}

fn set(line: &str) -> String {
    on(Json::Null, Form::Typed, line)
}

/// Cases of Helm's own `pkg/strvals/parser_test.go`, restated; the messages are what the real helm printed.
#[test]
fn lines_mean_what_helm_says_they_mean() {
    let cases = [
        ("name1=null,f=false,t=TRUE", r#"{"f":false,"name1":null,"t":true}"#),
        ("name1=value1,name2=value2,", r#"{"name1":"value1","name2":"value2"}"#),
        ("name1=value1,,,,name2=value2,", r#"error: key "" has no value (cannot end with ,)"#),
        ("name1=,name2=value2", r#"{"name1":"","name2":"value2"}"#),
        (
            "leading_zeros=00009,zero=0,long=1234567890",
            r#"{"leading_zeros":"00009","long":1234567890,"zero":0}"#,
        ),
        (
            "big=9223372036854775808,plus=+5,minus=-7,float=1.5",
            r#"{"big":"9223372036854775808","float":"1.5","minus":-7,"plus":5}"#,
        ),
        ("name1,name2=", r#"error: key "name1" has no value (cannot end with ,)"#),
        ("name1", r#"error: key "name1" has no value"#),
        ("name1=one\\,two,name2=three\\=four", r#"{"name1":"one,two","name2":"three=four"}"#),
        ("a\\.b/c=x", r#"{"a.b/c":"x"}"#),
        ("name1=one two three", r#"{"name1":"one two three"}"#),
        (
            "outer.inner1=value,outer.middle.inner=value",
            r#"{"outer":{"inner1":"value","middle":{"inner":"value"}}}"#,
        ),
        ("name1.name2", r#"error: key "name2" has no value"#),
        ("name1.name2=", r#"{"name1":{"name2":""}}"#),
        ("name1.=name2", r#"error: key map "name1" has no value"#),
        ("name1={value1,2,true},name2={}", r#"{"name1":["value1",2,true],"name2":[""]}"#),
        ("name1={1021,902", "error: list must terminate with '}'"),
        ("list[0].foo=bar,list[0].hello=world", r#"{"list":[{"foo":"bar","hello":"world"}]}"#),
        ("list[0]=foo,list[3]=bar", r#"{"list":["foo",null,null,"bar"]}"#),
        ("list[0].foo=bar,list[-30].hello=world", "error: negative -30 index not allowed"),
        ("list[65537]=x", "error: index of 65537 is greater than maximum supported index of 65536"),
        ("illegal[0]name.foo=bar", "error: unexpected data at end of array index: ['n' 'a' 'm' 'e']"),
        ("noval[0]", r#"{"noval":[]}"#),
        ("noval[0]=", r#"{"noval":[""]}"#),
        ("nested[1][1]=1", r#"{"nested":[null,[null,1]]}"#),
        ("a[x]=1", r#"error: error parsing index: strconv.Atoi: parsing "x": invalid syntax"#),
        ("a[0", "error: error parsing index: EOF"),
        (
            "]={}].",
            "error: unable to parse key: interface conversion: interface {} is []interface {}, not map[string]interface {}",
        ),
        ("", "{}"),
    ];
    for (line, expected) in cases {
        assert_eq!(set(line), expected, "{line}");
    }
    let deep = format!("{}=x", vec!["a"; 32].join("."));
    assert_eq!(
        set(&deep),
        "error: value name nested level is greater than maximum supported nested level of 30"
    );
}

#[test]
fn what_is_set_already_is_kept_beside_what_is_new_and_never_turned_into_something_else() {
    let before = json!({"outer": {"inner1": "old", "inner2": "kept"}, "list": [[{"a": "x"}]], "text": "t"});
    let after = |line| on(before.clone(), Form::Typed, line);
    assert_eq!(
        after("outer.inner1=new,list[0][0].b=y,list[1]=z"),
        r#"{"list":[[{"a":"x","b":"y"}],"z"],"outer":{"inner1":"new","inner2":"kept"},"text":"t"}"#
    );
    let refused = "error: unable to parse key: interface conversion: interface {} is string, not ";
    assert_eq!(after("text.a=1"), format!("{refused}map[string]interface {{}}"));
    assert_eq!(after("text[0]=1"), format!("{refused}[]interface {{}}"));
    assert_eq!(on(json!({"": {"a": 1}}), Form::Typed, "[0]=1").split(':').next(), Some("error"));
    assert_eq!(on(json!({"a": {}}), Form::Typed, "a."), r#"{"a":{}}"#);
}

#[test]
fn text_json_and_literals_are_read_in_their_own_ways() {
    let line = r#"a.b=1,a.c={x, "y":[1]}"#;
    assert_eq!(
        on(Json::Null, Form::Text, r"a=1,b=true,c={2,null}"),
        r#"{"a":"1","b":"true","c":["2","null"]}"#
    );
    assert_eq!(on(Json::Null, Form::Literal, line), r#"{"a":{"b":"1,a.c={x, \"y\":[1]}"}}"#);
    assert_eq!(on(Json::Null, Form::Literal, r"a[1]=\d{3},"), r#"{"a":[null,"\\d{3},"]}"#);
    let json = |line| on(json!({"o": {"x": "old", "k": true}}), Form::Json, line);
    assert_eq!(
        json(r#"o.x={"a":[1,2.5]} ,b=,c[0]= "t,u" ,d=null"#),
        r#"{"b":null,"c":["t,u"],"d":null,"o":{"k":true,"x":{"a":[1.0,2.5]}}}"#
    );
    assert_eq!(json("a={\"x\":1]"), "error: a value is no JSON");
    // As Go's decoder does, a value ends where it can't go on.
    assert_eq!(
        json("a=-1.5e2,b=truec=07d=1"),
        r#"{"7d":1.0,"a":-150.0,"b":true,"c":0.0,"o":{"k":true,"x":"old"}}"#
    );
}

#[test]
fn files_are_read_for_their_text() {
    let mut values = Values::default();
    let mut read = |path: &str| match path {
        "gone" => Err("gone can't be read".to_owned()),
        path => Ok(format!("<{path}>")),
    };
    values.set_files("a=x.txt,b={y,z}", &mut read).unwrap();
    assert_eq!(values.to_json(), json!({"a": "<x.txt>", "b": ["<y>", "<z>"]}));
    assert_eq!(values.set_files("a=gone", &mut read), Err(SetError::File("gone can't be read".into())));
}

#[test]
fn one_line_costs_no_more_than_its_limits() {
    let deep = format!("a{}=1", "[0]".repeat(101));
    assert_eq!(set(&deep), "error: more than 100 lists are within each other");
    let large: Vec<String> = (0..17).map(|i| format!("a{i}[65536]=1")).collect();
    assert_eq!(set(&large.join(",")), "error: more than a million items are made");
    let mixed = format!("a{}=1", "[0].b".repeat(101));
    assert_eq!(set(&mixed), "error: more than 100 lists are within each other");
}

#[test]
fn a_reason_quotes_nothing_of_the_line() {
    for line in
        ["pw=hunter2,hunter3", "pw=x,hunter2[hunter3]=1", "a=1,a.b=hunter2", "b[0]hunter2=1", "hunter2.=1"]
    {
        let error = Values::default().set(Form::Typed, line).unwrap_err();
        assert!(!error.reason().contains("hunter"), "{line}");
    }
}

#[test]
fn maps_of_a_later_file_are_merged_and_everything_else_stands() {
    let mut values = Values::read(json!({"a": {"b": 1, "c": [1]}, "d": "x", "e": {"f": 1}})).unwrap();
    values.merge(Values::read(json!({"a": {"c": [2], "d": null}, "d": {"x": 1}, "e": null})).unwrap());
    assert_eq!(values.to_json(), json!({"a": {"b": 1.0, "c": [2.0], "d": null}, "d": {"x": 1.0}, "e": null}));
    assert!(Values::read(json!([1])).is_err());
}

#[test]
fn templates_tell_what_was_set_from_what_a_file_says() {
    let files = [(
        "templates/x.yaml",
        "k: {{ typeOf .Values.set }} {{ typeOf .Values.file }} {{ .Values.set }} {{ .Values.file }}",
    )];
    let mut values = Values::read(json!({"file": 12345678})).unwrap();
    values.set(Form::Typed, "set=12345678").unwrap();
    let rendered = crate::tests::with_values(&files, &values).unwrap();
    assert_eq!(rendered.manifests[0].text, "k: int64 float64 12345678 1.2345678e+07");
}
