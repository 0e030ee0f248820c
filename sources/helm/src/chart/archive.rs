//! Charts packed as `.tgz`. Nothing of an archive is unpacked beyond the chart's limits.
use super::File;
use super::load::{Budget, without_mark};
use flate2::read::MultiGzDecoder;
use std::io::Read;

const BLOCK: usize = 512;

/// The files of the one folder in the archive, without its name.
pub(super) fn unpack(bytes: &[u8], budget: &mut Budget) -> Result<Vec<File>, String> {
    let most = budget.bytes();
    let mut tar = Vec::new();
    let read = MultiGzDecoder::new(bytes).take(most.saturating_add(1)).read_to_end(&mut tar);
    read.map_err(|error| format!("not a gzip archive: {error}"))?;
    if tar.len() as u64 > most {
        return Err("the archive is too large".into());
    }
    let mut files = Vec::new();
    let mut at = 0;
    let mut long_name: Option<String> = None;
    while let Some(header) = tar.get(at..at + BLOCK) {
        if header.iter().all(|byte| *byte == 0) {
            break;
        }
        let size = number(&header[124..136]).ok_or("a broken size in the archive")?;
        let start = at + BLOCK;
        let body =
            start.checked_add(size).and_then(|end| tar.get(start..end)).ok_or("the archive is cut off")?;
        at = start + size.div_ceil(BLOCK) * BLOCK;
        match header[156] {
            b'L' => long_name = Some(text(body)),
            b'x' => long_name = pax_path(body).or(long_name),
            b'0' | 0 => {
                let name = long_name.take().unwrap_or_else(|| name(header));
                let path = inside(&name)?;
                let body = without_mark(body);
                budget.pay(&name, body.len()).map_err(|error| error.to_string())?;
                files.push(File { path, bytes: body.to_vec() });
            }
            _ => long_name = None,
        }
    }
    if files.is_empty() {
        return Err("no files in chart archive".into());
    }
    Ok(files)
}

fn text(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(&bytes[..end]).into_owned()
}

fn name(header: &[u8]) -> String {
    let name = text(&header[..100]);
    let prefix = if &header[257..262] == b"ustar" { text(&header[345..500]) } else { String::new() };
    if prefix.is_empty() { name } else { format!("{prefix}/{name}") }
}

fn number(field: &[u8]) -> Option<usize> {
    if field[0] & 0x80 != 0 {
        let big = field[1..].iter().try_fold(u64::from(field[0] & 0x7f), |value, byte| {
            value.checked_mul(256).map(|value| value + u64::from(*byte))
        });
        return usize::try_from(big?).ok();
    }
    let text = text(field);
    let text = text.trim();
    if text.is_empty() { Some(0) } else { usize::from_str_radix(text, 8).ok() }
}

/// `length key=value` lines.
fn pax_path(body: &[u8]) -> Option<String> {
    let mut rest = body;
    while !rest.is_empty() {
        let blank = rest.iter().position(|byte| *byte == b' ')?;
        let length: usize = std::str::from_utf8(&rest[..blank]).ok()?.parse().ok()?;
        let record = rest.get(blank + 1..length)?;
        if let Some(path) = record.strip_prefix(b"path=") {
            return Some(text(path.strip_suffix(b"\n").unwrap_or(path)));
        }
        rest = &rest[length..];
    }
    None
}

/// The path behind the archive's folder; one that leads out of it is refused.
fn inside(name: &str) -> Result<String, String> {
    let name = name.replace('\\', "/");
    let Some((_, path)) = name.trim_start_matches("./").split_once('/') else {
        return Err("chart illegally contains content outside the base directory".into());
    };
    let path = crate::funcs::clean_path(path);
    if path == "." || path.starts_with("..") || path.starts_with('/') {
        return Err("chart illegally references parent directory".into());
    }
    Ok(path)
}
