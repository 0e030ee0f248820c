use super::{script, tools};
use crate::chart::{Room, sweep};
use crate::{ExecError, Helm, Limits};
use mainstay_harness::{Requirement, here, skip};
use mainstay_object::DigestKey;
use mainstay_unit::{HelmGiven, HelmRun};
use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};
use tempfile::TempDir;

fn given() -> HelmGiven {
    let files =
        [("Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\n"), ("templates/a.yaml", "a: 1\n")];
    HelmGiven {
        files: Arc::new(files.map(|(path, text)| (path.to_owned(), text.as_bytes().to_vec())).into()),
        values: r#"{"password":"hunter2"}"#.to_owned(),
        release: "web".to_owned(),
        namespace: "apps".to_owned(),
        skip_schema: false,
        kube_version: "v1.31.2".to_owned(),
        api_versions: vec!["v1".to_owned(), "example.com/v1/Thing".to_owned()],
        turn: 0,
    }
}

fn a_run(given: HelmGiven) -> HelmRun {
    HelmRun::new(given, &DigestKey([1; 32]))
}

/// A program that takes itself for Helm, and does this when it is asked for a template.
fn like_helm(template: &str, limits: Limits) -> (Helm, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let text = format!("if [ \"$1\" = version ]; then echo v3.99.0; exit; fi\n{template}");
    let program = script(folder.path(), &text);
    let helm = Helm::open_with(&program, &folder.path().join("exec"), limits, tools()).unwrap();
    (helm, folder)
}

fn rooms(folder: &TempDir) -> usize {
    std::fs::read_dir(folder.path().join("exec")).unwrap().count()
}

#[test]
fn helm_is_given_nothing_that_it_could_take_for_a_flag() {
    let (helm, _folder) = like_helm("for a in \"$@\"; do echo \"$a\"; done", Limits::default());
    assert_eq!(helm.version(), "v3.99.0");
    let hostile = HelmGiven {
        release: "--post-renderer=/bin/sh".to_owned(),
        namespace: "a --debug".to_owned(),
        skip_schema: true,
        ..given()
    };
    let printed = helm.template(&a_run(hostile)).unwrap();
    let (flags, rest) = printed.split_once("\n--\n").unwrap();
    let flags: Vec<&str> = flags.lines().collect();
    assert_eq!(
        flags,
        [
            "template",
            "--values=-",
            "--namespace=a --debug",
            "--kube-version=v1.31.2",
            "--skip-schema-validation",
            "--api-versions=v1",
            "--api-versions=example.com/v1/Thing",
        ]
    );
    let rest: Vec<&str> = rest.lines().collect();
    assert!(
        rest.len() == 2 && rest[0] == "--post-renderer=/bin/sh" && rest[1].ends_with("/chart"),
        "{rest:?}"
    );
}

#[test]
fn values_come_by_standard_input_and_are_nowhere_else() {
    let (helm, _folder) = like_helm(
        "cat; echo; grep -rl hunter2 .. || echo nowhere; ls ../chart ../chart/templates",
        Limits::default(),
    );
    let printed = helm.template(&a_run(given())).unwrap();
    let lines: Vec<&str> = printed.lines().collect();
    assert_eq!(
        lines,
        [
            "{\"password\":\"hunter2\"}",
            "nowhere",
            "../chart:",
            "Chart.yaml",
            "templates",
            "",
            "../chart/templates:",
            "a.yaml"
        ]
    );
}

#[test]
fn its_folder_is_private_and_gone_afterwards() {
    let text = "stat -c %a .. ../chart ../chart/Chart.yaml; exit 0";
    let (helm, folder) = like_helm(text, Limits::default());
    assert_eq!(&*helm.template(&a_run(given())).unwrap(), "700\n700\n600\n");
    assert_eq!(rooms(&folder), 0);
    let (helm, folder) = like_helm("echo no >&2; exit 3", Limits::default());
    assert_eq!(helm.template(&a_run(given())), Err(ExecError::Refused { said: "no".to_owned() }));
    assert_eq!(rooms(&folder), 0);
    let limits = Limits { time: Duration::from_secs(1), ..Limits::default() };
    let (helm, folder) = like_helm("sleep 100", limits);
    assert_eq!(helm.template(&a_run(given())), Err(ExecError::Slow { limit: limits.time }));
    assert_eq!(rooms(&folder), 0);
}

#[test]
fn the_same_run_is_made_once_and_another_turn_anew() {
    let (helm, _folder) = like_helm("date +%s%N", Limits::default());
    let first = helm.template(&a_run(given())).unwrap();
    assert_eq!(helm.template(&a_run(given())).unwrap(), first);
    assert_ne!(helm.template(&a_run(HelmGiven { turn: 1, ..given() })).unwrap(), first);
}

#[test]
fn what_was_slow_is_not_tried_at_once_again_but_something_else_is() {
    let limits = Limits { time: Duration::from_secs(1), ..Limits::default() };
    let (helm, _folder) = like_helm("grep -q slow ../chart/Chart.yaml && sleep 100; echo done", limits);
    let chart = |text: &str| Arc::new(BTreeMap::from([("Chart.yaml".to_owned(), text.as_bytes().to_vec())]));
    let slow = |turn| a_run(HelmGiven { files: chart("slow"), turn, ..given() });
    assert_eq!(helm.template(&slow(0)), Err(ExecError::Slow { limit: limits.time }));
    let start = Instant::now();
    assert!(matches!(helm.template(&slow(0)), Err(ExecError::Held { .. })));
    assert!(
        matches!(helm.template(&slow(1)), Err(ExecError::Held { .. })),
        "its other turn would be as slow"
    );
    assert!(start.elapsed() < limits.time);
    assert_eq!(helm.template(&a_run(given())).as_deref(), Ok("done\n"));
}

#[test]
fn what_is_said_of_an_error_is_text_without_the_place_of_the_run() {
    let (helm, _folder) = like_helm(
        "printf 'WARNING: x\\nError: \\033[31m%s/templates/a.yaml\\n' \"${*##* }\" >&2; exit 1",
        Limits::default(),
    );
    let Err(ExecError::Refused { said }) = helm.template(&a_run(given())) else { panic!("it failed") };
    assert_eq!(said, "Error: [31mchart/templates/a.yaml");
    let (helm, _folder) = like_helm("exit 7", Limits::default());
    let Err(ExecError::Refused { said }) = helm.template(&a_run(given())) else { panic!("it failed") };
    assert!(said.contains('7') && said.ends_with("said nothing"), "{said}");
}

#[test]
fn no_file_of_a_chart_leaves_its_folder() {
    let below = tempfile::tempdir().unwrap();
    let hostile =
        ["../x", "/etc/x", "a/../../x", "a//x", "", ".", "a/.", "a\0x", "a\\..\\x", &"x".repeat(5000), "a/"];
    for path in hostile {
        let room = Room::make(below.path()).unwrap();
        let files = BTreeMap::from([(path.to_owned(), b"x".to_vec())]);
        assert_eq!(room.write(&files), Err(ExecError::Path { path: path.to_owned() }), "{path:?}");
    }
    let room = Room::make(below.path()).unwrap();
    let files = BTreeMap::from([("a".to_owned(), Vec::new()), ("a/b".to_owned(), Vec::new())]);
    assert_eq!(room.write(&files), Err(ExecError::Path { path: "a/b".to_owned() }));
    drop(room);
    assert_eq!(std::fs::read_dir(below.path()).unwrap().count(), 0);
}

#[test]
fn what_a_killed_process_left_is_removed_later() {
    let below = tempfile::tempdir().unwrap();
    for name in ["run-old", "run-new", "other"] {
        std::fs::create_dir(below.path().join(name)).unwrap();
    }
    let long_ago = SystemTime::now() - Duration::from_secs(7200);
    for name in ["run-old", "other"] {
        std::fs::File::open(below.path().join(name)).unwrap().set_modified(long_ago).unwrap();
    }
    sweep(below.path());
    let left = |name: &str| below.path().join(name).exists();
    assert_eq!((left("run-old"), left("run-new"), left("other")), (false, true, true));
}

#[test]
fn only_helm_by_its_whole_path_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    let open = |program: &Path| {
        let opened = Helm::open_with(program, &folder.path().join("exec"), Limits::default(), tools());
        opened.map(|helm| helm.version().to_owned()).map_err(|error| error.to_string())
    };
    assert!(open(Path::new("helm")).unwrap_err().contains("not absolute"));
    assert!(open(Path::new("/nowhere/helm")).unwrap_err().contains("can't be run"));
    assert!(open(Path::new("/bin/echo")).unwrap_err().contains("expected Helm 3 or later"));
    let plain = script(folder.path(), "echo v3.1.0");
    assert_eq!(open(&plain), Ok("v3.1.0".to_owned()));
    std::fs::set_permissions(&plain, std::fs::Permissions::from_mode(0o600)).unwrap();
    assert!(open(&plain).unwrap_err().contains("can't be run"));
    let old = script(folder.path(), "echo v2.17.0");
    assert!(open(&old).unwrap_err().contains("Helm 3"));
}

#[test]
fn the_real_helm_renders_in_the_sandbox() {
    let program = here!().join("../../target/real/helm");
    if !program.exists() {
        return skip(
            Requirement::Real,
            "the_real_helm_renders_in_the_sandbox",
            "target/real/helm is not built",
        );
    }
    let folder = tempfile::tempdir().unwrap();
    let helm = Helm::open(&program, folder.path(), Limits::default()).unwrap();
    let template = "kind: Thing\nmetadata: {name: {{ .Release.Name }}-{{ .Release.Namespace }}}\n\
                    data: {p: {{ .Values.password }}, v: {{ .Capabilities.KubeVersion }}, \
                    has: {{ .Capabilities.APIVersions.Has \"example.com/v1/Thing\" }}, \
                    found: {{ lookup \"v1\" \"Secret\" \"a\" \"b\" | len }}}\n";
    let mut files = (*given().files).clone();
    files.insert("templates/a.yaml".to_owned(), template.as_bytes().to_vec());
    let printed = helm.template(&a_run(HelmGiven { files: Arc::new(files), ..given() })).unwrap();
    assert_eq!(
        &*printed,
        "---\n# Source: web/templates/a.yaml\nkind: Thing\nmetadata: {name: web-apps}\n\
         data: {p: hunter2, v: v1.31.2, has: true, found: 0}\n"
    );
}
