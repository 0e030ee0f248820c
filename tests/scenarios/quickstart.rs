use crate::process::mainstay;

#[test]
fn the_quickstart_is_valid_and_every_unit_of_it_becomes_ready() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = |arguments: &[&str]| mainstay(arguments, folder.path(), &[]);
    let repository = mainstay_harness::here!().join("examples/quickstart");
    let repository = repository.to_str().expect("a path in UTF-8");
    let validated = run(&["validate", repository, "--offline"]).expect_success();
    assert!(validated.contains("14 units: 14 rendered"), "{validated}");
    assert!(validated.contains("0 errors, 0 warnings"), "{validated}");

    let demo = folder.path().join("demo").display().to_string();
    let output = run(&["demo", &demo, "--once", "--listen", "127.0.0.1:0"]);
    assert!(output.success(), "{}{}", output.stdout, output.stderr);
    assert!(output.stdout.contains("14 units are ready"), "{}{}", output.stdout, output.stderr);
    assert!(!output.stderr.contains("ERROR"), "{}", output.stderr);
}
