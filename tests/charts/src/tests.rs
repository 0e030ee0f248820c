use crate::outcome::Outcome;
use mainstay_exec::{Helm, Limits};
use mainstay_harness::Requirement;
use mainstay_helm::{Form, Outline, Rendered, Values};
use mainstay_object::DigestKey;
use mainstay_unit::{HelmGiven, HelmRun};
use std::ffi::OsStr;
use std::sync::Arc;

use crate::{cases, find, ours, random, real};

#[test]
fn our_charts_render_to_what_the_real_helm_printed_or_are_refused_as_it_refused_them() {
    let mut wrong = Vec::new();
    for chart in cases::all().unwrap() {
        let files = find::load(&chart.folder).unwrap();
        for values in &chart.values {
            let expected = std::fs::read_to_string(cases::golden(&chart, values.as_deref())).ok();
            let printed = ours::build(&files, values.as_deref(), None).unwrap().result;
            match (expected, printed) {
                (Some(expected), Ok(printed)) if expected == printed => {}
                (None, Err(why)) if !why.is_empty() => {}
                (expected, printed) => wrong.push(format!("{}: {expected:?} but {printed:?}", chart.name)),
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_chart_that_must_fail_fails_and_every_other_has_a_golden() {
    for chart in cases::all().unwrap() {
        let golden = cases::golden(&chart, None).exists();
        assert_eq!(golden, !chart.name.starts_with("fails-"), "{}", chart.name);
    }
}

#[test]
fn the_goldens_are_what_the_real_helm_prints_now() {
    let Some(tool) = real::helm() else {
        return mainstay_harness::skip(Requirement::Real, "charts", "target/real/helm is not built");
    };
    for chart in cases::all().unwrap() {
        let files = find::load(&chart.folder).unwrap();
        for values in &chart.values {
            let ours = ours::build(&files, values.as_deref(), None).unwrap();
            let theirs = real::build(&tool, &chart.folder, values.as_deref(), None).unwrap();
            let outcome = Outcome::of(&ours, &theirs, || None);
            assert!(
                matches!(outcome, Outcome::EqualBytes | Outcome::BothErr),
                "{}: {}",
                chart.name,
                outcome.word()
            );
            let golden = std::fs::read_to_string(cases::golden(&chart, values.as_deref())).ok();
            assert_eq!(golden, theirs.result.ok(), "{}: record it anew", chart.name);
        }
    }
}

/// Confined as it is, by the way that a unit's chart takes which asks for it.
#[test]
fn what_a_confined_helm_prints_is_read_as_what_we_render() {
    let Some(tool) = real::helm() else {
        return mainstay_harness::skip(Requirement::Real, "charts", "target/real/helm is not built");
    };
    let folder = tempfile::tempdir().unwrap();
    let helm = Helm::open(&tool, folder.path(), Limits::default()).unwrap();
    let (mut same, mut refused) = (0, 0);
    for chart in cases::all().unwrap() {
        let files = find::load(&chart.folder).unwrap();
        for path in &chart.values {
            let values = ours::values_of(path.as_deref()).unwrap();
            let given = HelmGiven {
                files: Arc::new(files.clone()),
                values: values.to_json().to_string(),
                release: ours::RELEASE.into(),
                namespace: ours::NAMESPACE.into(),
                skip_schema: false,
                kube_version: "v1.20.0".into(),
                api_versions: Vec::new(),
                turn: 0,
            };
            let outline = Outline::of(&files, &values, &mainstay_helm::Limits::default());
            let theirs = outline.map_err(|error| error.to_string()).and_then(|outline| {
                let run = HelmRun::new(given, &DigestKey::default());
                let printed = helm.template(&run).map_err(|error| error.to_string())?;
                outline.read(&printed, &mainstay_helm::Limits::default()).map_err(|error| error.to_string())
            });
            match (ours::rendered(&files, &values, None), theirs) {
                (Ok(ours), Ok(theirs)) => {
                    // Neither is printed.
                    let ours = Rendered { notes: String::new(), random: false, ..ours };
                    assert_eq!(ours, theirs, "{}", chart.name);
                    same += 1;
                }
                (Err(_), Err(why)) => {
                    assert!(
                        !why.contains("took longer") && !why.contains("can't be"),
                        "{}: {why}",
                        chart.name
                    );
                    refused += 1;
                }
                (ours, theirs) => panic!("{}: {ours:?} but {theirs:?}", chart.name),
            }
        }
    }
    assert!(same > 20 && refused > 10, "{same} the same, {refused} refused");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "no folder is left");
}

#[test]
fn random_templates_render_to_the_bytes_that_the_real_helm_prints() {
    let Some(tool) = real::helm() else {
        return mainstay_harness::skip(Requirement::Real, "charts", "target/real/helm is not built");
    };
    let folder = tempfile::tempdir().unwrap();
    let asked =
        random::Asked { count: 500, seed: 1, findings: 3, folder: folder.path().to_owned(), loud: false };
    let found = random::play(&asked, &tool).unwrap();
    assert!(found.different.is_empty(), "{}", found.different.join("\n"));
}

#[test]
fn lines_of_set_mean_what_the_real_helm_makes_of_them() {
    let Some(tool) = real::helm() else {
        return mainstay_harness::skip(Requirement::Real, "charts", "target/real/helm is not built");
    };
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("templates")).unwrap();
    let types = "{{ range $k, $v := .Values }}{{ $k }}: {{ typeOf $v }}, {{ end }}";
    for (path, text) in [
        ("Chart.yaml", "apiVersion: v2\nname: c\nversion: 0.1.0\n"),
        ("values.yaml", "a: 12345678\nm: {x: 1}\nl: [1, {y: 2}]\nn: null\n"),
        (
            "templates/x.yaml",
            &format!("values: |-\n  {{{{ toJson .Values }}}} {{{{ .Values.a }}}} {types}\n"),
        ),
    ] {
        std::fs::write(folder.path().join(path), text).unwrap();
    }
    let files = find::load(folder.path()).unwrap();
    for (option, form, lines) in LINES {
        for line in *lines {
            let mut values = Values::default();
            let ours = match values.set(*form, line) {
                Ok(()) => ours::build_with(&files, &values, None).result,
                // What is no JSON is told with the line alone.
                Err(_) if *form == Form::Json => Err(format!("Error: failed parsing --{option} data {line}")),
                Err(error) => Err(format!("Error: failed parsing --{option} data: {error}")),
            };
            let arguments = [format!("--{option}"), line.to_string()];
            let arguments: Vec<&OsStr> = arguments.iter().map(OsStr::new).collect();
            let theirs = real::build_with(&tool, folder.path(), &arguments).unwrap().result;
            assert_eq!(ours, theirs, "--{option} {line}");
        }
    }
}

const LINES: &[(&str, Form, &[&str])] = &[
    (
        "set",
        Form::Typed,
        &[
            "a=1",
            "a=12345678,b=1.5",
            "a=null",
            "a=TrUe,b=falſe,c=-0,d=+7,e=007,f=9223372036854775808",
            "a=",
            "a",
            "a=x,",
            "a=x,,",
            "m.x=2,m.z.w=3",
            "m=1,m.x=2",
            "a.b=1",
            "n.x=1",
            "l[0]=5",
            "l[1].y=3",
            "l[3]=7",
            "l[1][0]=1",
            "q[0][1]=x",
            "q[2].r.s[1]=x",
            "q[-1]=x",
            "q[65537]=x",
            "q[x]=1",
            "q[0",
            "q[0]",
            "q[0]x=1",
            "q[0].",
            "q[0][0].",
            "q={1,b,true,null}",
            "q={}",
            "q={a",
            "q={a}x",
            "q={a},b=2",
            "a\\.b=c\\,d",
            "a=b\\",
            "]={}].",
            ".a=1",
            "a.=1",
            "a..b=1",
            "=x",
            "[0]=x",
            "a=x=y",
            "a=[1]",
            "a=\"x\"",
            "a= b , c = d",
            "a.b.c.d.e.f.g=1",
            "",
        ],
    ),
    ("set-string", Form::Text, &["a=1,b=true,c=null", "q={1,2}", "m.x=1", "a="]),
    ("set-literal", Form::Literal, &["a=1,b={x}\\y", "m.x=[0]", "q[1].r==", "a", "a.", "q[0]", "q[0]x=1"]),
    (
        "set-json",
        Form::Json,
        &[
            "a=1",
            "a=1.0",
            "a={\"x\":[1,2.5,null]}",
            "a=[1],b=\"x\"",
            "a=",
            "a=,b=2",
            "a=tru",
            "a=1x=2",
            "a={",
            "m.x=true",
            "q[1]={\"r\":1}",
            "q[1].r=[]",
            "a= 1 , b=2",
            "a=01",
            "a=-",
            "{\"a\":1}",
            "a=\"\\u00e9\"",
            "a=1e3",
        ],
    ),
];
