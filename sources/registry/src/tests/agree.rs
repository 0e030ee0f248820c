//! The real cosign beside us, without a key: what is right or spoilt in one way is that to both.
use super::keyless::{get, trusting_by};
use super::{charts, digest, oci};
use crate::verify::identity::tests::world::{ISSUER, NOON, World, authority, key};
use mainstay_harness::{OciRegistry, cosign_or_skip};
use mainstay_unit::{ChartRequest, ChartVersion};
use rcgen::{ExtendedKeyUsagePurpose, SanType};
use serde_json::{Value, json};
use std::path::Path;
use std::process::{Command, Stdio};

const NAME: &str = "charts/web";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const BUNDLE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";

/// What is done to a world, and whether it is still to be believed.
type Spoil = (&'static str, fn(&mut World), bool);

const CASES: [Spoil; 17] = [
    ("nothing", |_| {}, true),
    ("an address", |world| world.subject = SanType::Rfc822Name("team@example.com".try_into().unwrap()), true),
    ("the first extension alone", |world| world.issuer.1 = None, true),
    (
        "another subject",
        |world| world.subject = SanType::URI("https://x.example.com".try_into().unwrap()),
        false,
    ),
    ("another issuer", |world| world.issuer = (Some("https://x".into()), Some("https://x".into())), false),
    ("another authority of that name", |world| world.authority = authority("sigstore of ours").0, false),
    ("another authority", |world| world.authority = authority("another").0, false),
    ("another usage", |world| world.usage = ExtendedKeyUsagePurpose::ServerAuth, false),
    ("too late", |world| world.time = NOON + 86_400, false),
    ("too early", |world| world.time = NOON - 86_400, false),
    ("no promise", |world| world.promised = false, false),
    ("another log of certificates", |world| world.certificates = key(), false),
    ("a promise for another authority", |world| world.above = authority("sigstore of ours").1, false),
    ("another log of signatures", |world| world.signatures = key(), false),
    ("another key", |world| world.other = Some(key()), false),
    (
        "an entry of another signature",
        |world| {
            world.logged = |body| {
                let place = if body["kind"] == "dsse" {
                    "/spec/signatures/0/signature"
                } else {
                    "/spec/signature/content"
                };
                *body.pointer_mut(place).unwrap() = json!("MEUCIQ==");
            }
        },
        false,
    ),
    (
        "an entry of another text",
        |world| {
            world.logged = |body| {
                let place =
                    if body["kind"] == "dsse" { "/spec/payloadHash/value" } else { "/spec/data/hash/value" };
                *body.pointer_mut(place).unwrap() = json!("0".repeat(64));
            }
        },
        false,
    ),
];

fn manifest(registry: &OciRegistry, kind: &str, layers: &Value) -> Value {
    let config = registry.put_blob(NAME, b"{}");
    json!({
        "schemaVersion": 2, "mediaType": MANIFEST, "layers": layers,
        "config": {"mediaType": kind, "digest": config, "size": 2},
    })
}

/// A chart that a world has signed.
fn signed(world: &World, as_bundle: bool) -> (OciRegistry, String) {
    let registry = OciRegistry::start().lists_referrers();
    let archive = super::tgz("web", "1.0.0");
    let layer = registry.put_blob(NAME, &archive);
    let layers = json!([{"mediaType": super::registry::CHART, "digest": layer, "size": archive.len()}]);
    let chart = manifest(&registry, super::registry::CONFIG, &layers);
    let of = registry.put_manifest(NAME, "1.0.0", &chart);
    if as_bundle {
        let bundle = world.bundle(&of);
        let layers =
            json!([{"mediaType": BUNDLE, "digest": registry.put_blob(NAME, &bundle), "size": bundle.len()}]);
        let mut referrer = manifest(&registry, "application/vnd.oci.empty.v1+json", &layers);
        referrer["artifactType"] = json!(BUNDLE);
        referrer["subject"] = json!({"mediaType": MANIFEST, "digest": of, "size": chart.to_string().len()});
        registry.put_manifest(NAME, "a-bundle", &referrer);
    } else {
        let (annotations, payload) = world.classic(&of);
        let layers = json!([{
            "mediaType": super::verified::SIMPLE_SIGNING, "digest": registry.put_blob(NAME, &payload),
            "size": payload.len(), "annotations": annotations,
        }]);
        let signature = manifest(&registry, "application/vnd.oci.image.config.v1+json", &layers);
        registry.put_manifest(NAME, &format!("{}.sig", super::verified::tag_of(&of)), &signature);
    }
    assert_eq!(of, digest(chart.to_string().as_bytes()));
    (registry, of)
}

const SUBJECTS: &str = "^https://ci\\.example\\.com/team/|^team@";

fn cosign(
    program: &Path,
    world: &World,
    registry: &OciRegistry,
    of: &str,
    as_bundle: bool,
) -> Result<(), String> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("root.json"), &world.root).unwrap();
    let mut command = Command::new(program);
    command.current_dir(folder.path()).env_clear().env("HOME", folder.path()).stdin(Stdio::null());
    let issuer = format!("^{ISSUER}$");
    command.args(["verify", "--trusted-root", "root.json", "--certificate-identity-regexp", SUBJECTS]);
    command.args(["--certificate-oidc-issuer-regexp", &issuer, "--offline"]);
    command.arg(format!("--new-bundle-format={as_bundle}"));
    command.arg(format!("{}/{NAME}@{of}", registry.address));
    let output = command.output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.success() { Ok(()) } else { Err(told) }
}

#[test]
fn the_real_cosign_believes_and_refuses_what_we_do() {
    let Some(program) = cosign_or_skip("signatures without a key before the real cosign") else { return };
    for (what, spoil, good) in CASES {
        for as_bundle in [false, true] {
            let mut world = World::new();
            spoil(&mut world);
            let (registry, of) = signed(&world, as_bundle);
            let theirs = cosign(&program, &world, &registry, &of, as_bundle);
            let url = format!("oci://{}/{NAME}", registry.address);
            let request: ChartRequest =
                trusting_by(oci(&url, "", ChartVersion::Tag("1.0.0".into())), SUBJECTS);
            let ours = get(&charts().0, &request, &world.root).map(|_| ());
            let case = format!("{what}, as a bundle {as_bundle}: {theirs:?}, {ours:?}");
            assert!(theirs.is_ok() == good && ours.is_ok() == good, "{case}");
        }
    }
}
