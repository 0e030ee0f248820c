use super::the_same_is_printed;

#[test]
fn kubectl_finds_the_same_resources() {
    the_same_is_printed("discovery");
}

#[test]
fn kubectl_explains_the_same() {
    the_same_is_printed("explain");
}

#[test]
fn kubectl_gets_the_same() {
    the_same_is_printed("get");
}

#[test]
fn kubectl_describes_the_same() {
    the_same_is_printed("describe");
}

#[test]
fn kubectl_applies_the_same() {
    the_same_is_printed("apply");
}

#[test]
fn kubectl_changes_the_same() {
    the_same_is_printed("change");
}

#[test]
fn kubectl_deletes_the_same() {
    the_same_is_printed("delete");
}

#[test]
fn kubectl_is_allowed_the_same() {
    the_same_is_printed("auth");
}

#[test]
fn kubectl_creates_the_same() {
    the_same_is_printed("create");
}

#[test]
fn kubectl_knows_the_same_custom_resources() {
    the_same_is_printed("custom");
}

#[test]
fn helm_does_the_same() {
    if mainstay_harness::tools().is_some_and(|tools| tools.helm.is_some()) {
        the_same_is_printed("helm");
    } else {
        mainstay_harness::skip(mainstay_harness::Requirement::Real, "helm_does_the_same", "no helm");
    }
}

#[test]
fn policies_admit_the_same() {
    the_same_is_printed("policies");
}

#[test]
fn kubectl_is_refused_in_the_same_words() {
    the_same_is_printed("mistakes");
}
