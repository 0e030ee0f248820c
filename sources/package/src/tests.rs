//! Archives that mean harm, and those that real tools write.

use crate::{ArchiveError, Limits, unpack, unpack_files};
use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use std::io::Write;

/// A header with its checksum, and the content behind it.
fn entry(name: &str, kind: u8, content: &[u8]) -> Vec<u8> {
    sized(name, kind, content.len() as u64, content)
}

fn sized(name: &str, kind: u8, size: u64, content: &[u8]) -> Vec<u8> {
    let mut header = [0_u8; 512];
    header[..name.len()].copy_from_slice(name.as_bytes());
    header[124..135].copy_from_slice(format!("{size:011o}").as_bytes());
    header[156] = kind;
    header[257..263].copy_from_slice(b"ustar\0");
    seal(&mut header);
    let mut out = header.to_vec();
    out.extend_from_slice(content);
    out.resize(out.len().div_ceil(512) * 512, 0);
    out
}

fn seal(header: &mut [u8; 512]) {
    header[148..156].fill(b' ');
    let sum: u64 = header.iter().map(|byte| u64::from(*byte)).sum();
    header[148..154].copy_from_slice(format!("{sum:06o}").as_bytes());
    header[154] = 0;
}

fn gzip(tar: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(tar).unwrap();
    encoder.finish().unwrap()
}

fn packed(entries: &[Vec<u8>]) -> Vec<u8> {
    let mut tar = entries.concat();
    tar.resize(tar.len() + 1024, 0);
    gzip(&tar)
}

fn read(entries: &[Vec<u8>]) -> Result<Vec<(String, Vec<u8>)>, String> {
    let files = unpack(&packed(entries), &Limits::default()).map_err(|error| error.to_string())?;
    Ok(files.into_iter().collect())
}

fn paths(entries: &[Vec<u8>]) -> String {
    match read(entries) {
        Ok(files) => files.into_iter().map(|(path, _)| path).collect::<Vec<_>>().join(" "),
        Err(why) => why,
    }
}

#[test]
fn files_are_named_by_their_paths_behind_the_folder() {
    let long = "d/".repeat(60);
    let entries = [
        entry("c/", b'5', b""),
        entry("c/Chart.yaml", b'0', b"name: c\n"),
        entry("c/./a//b.txt", 0, b""),
        entry("././@LongLink", b'L', format!("c/{long}x\0").as_bytes()),
        entry("c/cut", b'0', b"x"),
        entry("PaxHeader", b'x', b"14 mtime=1.25\n23 path=c/from/pax.txt\n"),
        entry("c/ignored", b'0', b"p"),
        entry("pax_global_header", b'g', b"13 comment=a\n"),
        entry(r"c\win\x.txt", b'0', b"w"),
    ];
    let files = read(&entries).unwrap();
    let names: Vec<&str> = files.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(names, ["Chart.yaml", "a/b.txt", &format!("{long}x"), "from/pax.txt", "win/x.txt"]);
    assert_eq!(files[0].1, b"name: c\n");
    assert_eq!(files[3].1, b"p");
    assert_eq!(paths(&[entry("./c/Chart.yaml", b'0', b"")]), "Chart.yaml");
}

#[test]
fn what_leads_out_of_the_folder_is_refused() {
    for name in ["c/../../etc/passwd", "c//etc/passwd", "../c/x", "c/..", r"c\..\..\x", "c/c:/x", "c/"] {
        let outcome = paths(&[entry(name, b'0', b"x")]);
        let is_refused =
            outcome.ends_with("lies outside of the archive's folder") || outcome == "it holds no files";
        assert!(is_refused, "{name}: {outcome}");
    }
    assert_eq!(paths(&[entry("Chart.yaml", b'0', b"x")]), "Chart.yaml is not in a folder");
    assert_eq!(paths(&[entry("c/a/../b", b'0', b"x")]), "b");
    // As Helm reads it: in a folder without a name.
    assert_eq!(paths(&[entry("/etc", b'0', b"x")]), "etc");
}

#[test]
fn what_is_neither_file_nor_folder_is_refused() {
    let kinds = [
        (b'1', "hard link"),
        (b'2', "symbolic link"),
        (b'3', "device"),
        (b'4', "device"),
        (b'6', "named pipe"),
        (b'S', "sparse file"),
        (b'Z', "entry of an unknown kind"),
    ];
    for (kind, word) in kinds {
        let expected = format!("c/x is a {word}; only files and folders are unpacked");
        assert_eq!(paths(&[entry("c/x", kind, b"")]), expected);
    }
}

#[test]
fn files_without_a_folder_of_their_own_are_unpacked_as_flux_does_it() {
    let of = |entries: &[Vec<u8>]| match unpack_files(&packed(entries), &Limits::default()) {
        Ok(files) => files.into_keys().collect::<Vec<_>>().join(" "),
        Err(why) => why.to_string(),
    };
    let link = entry("apps/link", b'2', b"");
    let entries = [
        entry("./", b'5', b""),
        entry("./apps/", b'5', b""),
        entry("./apps/a.yaml", b'0', b"a"),
        entry("b.yaml", 0, b"b"),
        link.clone(),
        entry("..c.yaml", b'0', b"c"),
    ];
    assert_eq!(of(&entries), "..c.yaml apps/a.yaml b.yaml");
    // What would be written through a link is a file of its own.
    assert_eq!(of(&[link, entry("apps/link/x", b'0', b"x")]), "apps/link/x");
    for name in ["/etc/x", "../x", "a/../b", "a/..", "./", r"a\b", "a\nb"] {
        let refused = of(&[entry(name, b'0', b"x"), entry("y", b'0', b"y")]);
        assert!(refused.ends_with("lies outside of the archive's folder"), "{name}: {refused}");
    }
    for (kind, word) in [(b'1', "hard link"), (b'3', "device"), (b'6', "named pipe"), (b'S', "sparse file")] {
        let refused = of(&[entry("x", kind, b"")]);
        assert_eq!(refused, format!("x is a {word}; only files and folders are unpacked"));
    }
    assert_eq!(of(&[entry("a/b", b'0', b""), entry("a", b'0', b"")]), "a is both a file and a folder");
    assert_eq!(of(&[entry("a/", b'5', b"")]), "it holds no files");
    let twice =
        unpack_files(&packed(&[entry("a", b'0', b"1"), entry("./a", b'0', b"2")]), &Limits::default());
    assert_eq!(twice.unwrap()["a"], b"2");
}

#[test]
fn nothing_is_unpacked_beyond_the_limits() {
    let limits = Limits { bytes: 10_000, file_bytes: 6_000, files: 3, ratio: 200 };
    let of = |entries: &[Vec<u8>]| match unpack(&packed(entries), &limits) {
        Ok(files) => files.len().to_string(),
        Err(error) => error.to_string(),
    };
    let file = |name: &str, size: usize| entry(name, b'0', &vec![b'x'; size]);
    assert_eq!(of(&[file("c/a", 6_000)]), "1");
    assert_eq!(of(&[file("c/a", 6_001)]), "the size of c/a is more than 6000");
    assert_eq!(of(&[file("c/a", 6_000), file("c/b", 5_000)]), "the unpacked size is more than 10000");
    let many: Vec<Vec<u8>> = (0..4).map(|i| file(&format!("c/{i}"), 1)).collect();
    assert_eq!(of(&many), "the number of files is more than 3");
    let folders: Vec<Vec<u8>> = (0..9).map(|i| entry(&format!("c/{i}/"), b'5', b"")).collect();
    assert_eq!(of(&folders), "the number of entries is more than 6");
    // A size that is not there, and one that no memory holds.
    assert_eq!(of(&[sized("c/a", b'0', 5_000, b"x")]), "it is cut off");
    assert_eq!(paths(&[sized("c/a", b'0', 0o77_777_777_777, b"x")]), "the size of c/a is more than 5242880");
    assert_eq!(
        paths(&[sized("x", b'L', 0o77_777_777_777, b"x")]),
        "the size of headers is more than 1048576"
    );
}

#[test]
fn a_bomb_costs_its_limit_and_no_more() {
    let zeros = vec![0_u8; 4 << 20];
    let entries: Vec<Vec<u8>> = (0..20).map(|i| entry(&format!("c/{i}"), b'0', &zeros)).collect();
    let bomb = packed(&entries);
    assert!(bomb.len() < 1 << 20, "{}", bomb.len());
    let refused = unpack(&bomb, &Limits { ratio: 10, ..Limits::default() });
    assert_eq!(refused, Err(ArchiveError::TooLarge { what: "the unpacked size".into(), most: 16 << 20 }));
    let folder = entry("c/x/", b'5', &[]);
    let endless = gzip(&vec![folder; 60_000].concat());
    assert!(unpack(&endless, &Limits::default()).is_err());
}

#[test]
fn what_is_no_archive_says_so() {
    let of = |bytes: &[u8]| unpack(bytes, &Limits::default()).unwrap_err().to_string();
    assert_eq!(of(b""), "it is cut off");
    assert!(of(b"<html>not found</html>").starts_with("it is no gzip archive"));
    assert_eq!(of(&gzip(b"")), "it holds no files");
    assert_eq!(of(&gzip(&[7; 600])), "it holds no valid tar header at byte 0");
    let whole = packed(&[entry("c/Chart.yaml", b'0', b"name: c\n")]);
    assert_eq!(of(&whole[..whole.len() / 2]), "it is cut off");
}

proptest! {
    /// Whatever is changed in an archive, what comes of it lies in the folder and within the limits.
    #[test]
    fn no_archive_panics_or_leads_out(
        changes in prop::collection::vec((0_usize..4096, any::<u8>()), 0..20), sealed in any::<bool>(),
    ) {
        let mut tar = [
            entry("c/Chart.yaml", b'0', b"name: c\n"),
            entry("x", b'x', b"22 path=c/from/pax.txt\n"),
            entry("c/y", b'0', &[b'y'; 700]),
            entry("c/z", b'0', b"z"),
        ].concat();
        for (at, byte) in changes {
            if let Some(place) = tar.get_mut(at) {
                *place = byte;
            }
        }
        if sealed {
            let mut header = [0; 512];
            header.copy_from_slice(&tar[..512]);
            seal(&mut header);
            tar[..512].copy_from_slice(&header);
        }
        let packed = gzip(&tar);
        for files in [unpack(&packed, &Limits::default()), unpack_files(&packed, &Limits::default())] {
            for path in files.iter().flatten().map(|(path, _)| path) {
                prop_assert!(!path.starts_with('/') && !path.split('/').any(|part| part == ".."), "{}", path);
            }
        }
    }
}
