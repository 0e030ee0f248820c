use crate::known_hosts::{Verdict, check, key_type};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

fn key(kind: &str, body: &[u8]) -> Vec<u8> {
    let mut out = (kind.len() as u32).to_be_bytes().to_vec();
    out.extend_from_slice(kind.as_bytes());
    out.extend_from_slice(body);
    out
}

fn line(hosts: &str, key: &[u8]) -> String {
    format!("{hosts} {} {} a comment\n", key_type(key), STANDARD.encode(key))
}

#[test]
fn a_listed_key_is_trusted_for_its_host_and_port_alone() {
    let key = key("ssh-ed25519", b"one");
    let file = line("example.com,10.0.0.1", &key) + &line("[example.com]:2222", &key);
    assert_eq!(check(&file, "example.com", 22, &key), Verdict::Trusted);
    assert_eq!(check(&file, "EXAMPLE.com", 2222, &key), Verdict::Trusted);
    assert_eq!(check(&file, "10.0.0.1", 22, &key), Verdict::Trusted);
    assert_eq!(check(&file, "example.com", 2223, &key), Verdict::Unknown);
    assert_eq!(check(&file, "example.org", 22, &key), Verdict::Unknown);
    assert_eq!(check("", "example.com", 22, &key), Verdict::Unknown);
}

#[test]
fn another_key_is_a_mismatch_that_names_what_is_known() {
    let known = key("ssh-ed25519", b"one");
    let file = line("example.com", &known);
    let verdict = check(&file, "example.com", 22, &key("ecdsa-sha2-nistp256", b"two"));
    assert_eq!(verdict, Verdict::Mismatch { known_types: vec!["ssh-ed25519".into()] });
}

#[test]
fn hashed_hosts_are_recognised() {
    // HMAC-SHA1 of "example.com" under the salt 00 01 .. 13.
    let key = key("ssh-ed25519", b"one");
    let hosts = "|1|AAECAwQFBgcICQoLDA0ODxAREhM=|HASH";
    let file = line(&hosts.replace("HASH", "nnUK16ANsXd3hL31YfAkGOluSjU="), &key);
    assert_eq!(check(&file, "example.com", 22, &key), Verdict::Trusted);
    assert_eq!(check(&file, "example.org", 22, &key), Verdict::Unknown);
}

#[test]
fn patterns_negations_and_markers_mean_what_sshd_says() {
    let key = key("ssh-rsa", b"one");
    let file = line("*.example.com,!bad.example.com", &key);
    assert_eq!(check(&file, "git.example.com", 22, &key), Verdict::Trusted);
    assert_eq!(check(&file, "bad.example.com", 22, &key), Verdict::Unknown);
    let revoked = line("git.example.com", &key) + &line("@revoked *", &key);
    assert_eq!(check(&revoked, "git.example.com", 22, &key), Verdict::Revoked);
    let authority = line("@cert-authority *", &key);
    assert_eq!(check(&authority, "git.example.com", 22, &key), Verdict::Unknown);
}

#[test]
fn comments_and_broken_lines_are_passed_over() {
    let key = key("ssh-rsa", b"one");
    let file =
        format!("# hello\n\nexample.com\n@revoked\nexample.com ssh-rsa !!!\n{}", line("example.com", &key));
    assert_eq!(check(&file, "example.com", 22, &key), Verdict::Trusted);
    assert_eq!(key_type(&[0, 0, 0]), "unknown");
    assert_eq!(key_type(&[255, 255, 255, 255, 1]), "unknown");
}
