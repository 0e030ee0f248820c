//! Archives packed as `.tgz`: charts by the rules of Helm's loader (`pkg/chart/loader/archive.go`), other files by those of
//! Flux (`fluxcd/pkg/tar`), with POSIX pax, GNU and ustar headers. Read as a stream: what is beyond a limit is never in
//! memory.
use crate::path::clean;
use flate2::bufread::MultiGzDecoder;
use std::collections::BTreeMap;
use std::io::{ErrorKind, Read};

/// What one archive may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of all files, unpacked.
    pub bytes: u64,
    /// Bytes of one file, unpacked.
    pub file_bytes: u64,
    pub files: usize,
    /// How many times its own size an archive may unpack to, once that is more than 16 MiB.
    pub ratio: u64,
}

impl Default for Limits {
    /// Helm's own limits of size; charts of text pack to a tenth.
    fn default() -> Self {
        Self { bytes: 100 << 20, file_bytes: 5 << 20, files: 20_000, ratio: 200 }
    }
}

/// Why an archive is refused. Paths are as the archive writes them, cut off after 200 characters.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ArchiveError {
    #[error("it is no gzip archive: {0}")]
    NotGzip(String),
    #[error("it is cut off")]
    Cut,
    #[error("it holds no valid tar header at byte {0}")]
    Header(u64),
    #[error("it holds no files")]
    Empty,
    #[error("{path} lies outside of the archive's folder")]
    Outside { path: String },
    #[error("{path} is a {kind}; only files and folders are unpacked")]
    Kind { path: String, kind: &'static str },
    #[error("{path} is both a file and a folder")]
    Both { path: String },
    #[error("Chart.yaml is not in a folder")]
    NoFolder,
    #[error("{what} is more than {most}")]
    TooLarge { what: String, most: u64 },
}

const BLOCK: usize = 512;
/// Names and headers of other entries.
const MOST_EXTRA: u64 = 1 << 20;
const FREE: u64 = 16 << 20;

/// The files of a chart's archive, by their paths behind the folder that all of them lie in.
pub fn unpack(packed: &[u8], limits: &Limits) -> Result<BTreeMap<String, Vec<u8>>, ArchiveError> {
    read(packed, limits, Layout::Chart)
}

/// The files of an archive, by their paths. Symbolic links are left out, as by Flux; a hard link, which Flux makes an empty
/// file of, is refused.
pub fn unpack_files(packed: &[u8], limits: &Limits) -> Result<BTreeMap<String, Vec<u8>>, ArchiveError> {
    let files = read(packed, limits, Layout::Files)?;
    for path in files.keys() {
        let mut folders = path.match_indices('/').map(|(at, _)| &path[..at]);
        if let Some(both) = folders.find(|folder| files.contains_key(*folder)) {
            return Err(ArchiveError::Both { path: shown(both) });
        }
    }
    Ok(files)
}

/// How an archive is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Layout {
    Chart,
    Files,
}

impl Layout {
    fn path(self, name: &str) -> Result<String, ArchiveError> {
        match self {
            Self::Chart => inside(name),
            Self::Files => below(name),
        }
    }
}

fn read(packed: &[u8], limits: &Limits, layout: Layout) -> Result<BTreeMap<String, Vec<u8>>, ArchiveError> {
    let most = limits.bytes.min((packed.len() as u64).saturating_mul(limits.ratio).max(FREE));
    // Headers and padding of every entry beside the content.
    let overhead = (limits.files as u64 + 1).saturating_mul(4 * BLOCK as u64) + MOST_EXTRA;
    let stream = MultiGzDecoder::new(packed).take(most.saturating_add(overhead));
    let mut tar = Tar { stream, at: 0, most };
    let mut files = BTreeMap::new();
    let (mut bytes, mut extra, mut entries) = (0, 0, 0);
    let mut name: Option<String> = None;
    while let Some(header) = tar.header()? {
        entries += 1;
        if entries > limits.files.saturating_mul(2) {
            return Err(too_large("the number of entries", limits.files.saturating_mul(2) as u64));
        }
        let size = number(&header[124..136]).ok_or(ArchiveError::Header(tar.at))?;
        match header[156] {
            b'L' | b'x' => {
                extra += size;
                if extra > MOST_EXTRA {
                    return Err(too_large("the size of headers", MOST_EXTRA));
                }
                let body = tar.body(size)?;
                name = if header[156] == b'L' { Some(text(&body)) } else { pax_path(&body).or(name) };
            }
            // Headers for all that follows, and the target of a link that is refused once it comes.
            b'g' | b'K' => {
                extra += size;
                if extra > MOST_EXTRA {
                    return Err(too_large("the size of headers", MOST_EXTRA));
                }
                tar.body(size)?;
            }
            // Whatever size it claims, nothing lies behind it.
            b'5' => name = None,
            b'0' | b'7' | 0 => {
                let name = name.take().unwrap_or_else(|| own_name(&header));
                // A folder of old archives: nothing lies behind it either.
                if header[156] == 0 && name.ends_with('/') {
                    continue;
                }
                let path = layout.path(&name)?;
                bytes += size;
                if size > limits.file_bytes {
                    return Err(too_large(&format!("the size of {}", shown(&name)), limits.file_bytes));
                }
                if bytes > most {
                    return Err(too_large("the unpacked size", most));
                }
                let content = tar.body(size)?;
                files.insert(path, content);
                if files.len() > limits.files {
                    return Err(too_large("the number of files", limits.files as u64));
                }
            }
            // Nothing lies behind it, and nothing is written through it.
            b'2' if layout == Layout::Files => name = None,
            kind => {
                let path = shown(&name.take().unwrap_or_else(|| own_name(&header)));
                return Err(ArchiveError::Kind { path, kind: word(kind) });
            }
        }
    }
    if files.is_empty() { Err(ArchiveError::Empty) } else { Ok(files) }
}

struct Tar<R> {
    stream: R,
    at: u64,
    most: u64,
}

impl<R: Read> Tar<R> {
    /// None at the end: a block of zeros, or nothing more.
    fn header(&mut self) -> Result<Option<[u8; BLOCK]>, ArchiveError> {
        let mut header = [0; BLOCK];
        let at = self.at;
        match self.fill(&mut header)? {
            0 => return Ok(None),
            BLOCK => {}
            _ => return Err(ArchiveError::Cut),
        }
        if header.iter().all(|byte| *byte == 0) {
            return Ok(None);
        }
        let sum: u64 = header.iter().map(|byte| u64::from(*byte)).sum();
        let own: u64 = header[148..156].iter().map(|byte| u64::from(*byte)).sum();
        if number(&header[148..156]) != Some(sum - own + 8 * u64::from(b' ')) {
            return Err(ArchiveError::Header(at));
        }
        Ok(Some(header))
    }

    /// The content of an entry whose size was checked, and the padding behind it.
    fn body(&mut self, size: u64) -> Result<Vec<u8>, ArchiveError> {
        if size > self.most {
            return Err(too_large("the unpacked size", self.most));
        }
        let mut body = Vec::new();
        let read = self.stream.by_ref().take(size).read_to_end(&mut body);
        let read = read.map_err(|error| broken(&error))? as u64;
        self.at += read;
        let padding = (BLOCK as u64 - size % BLOCK as u64) % BLOCK as u64;
        let mut rest = [0; BLOCK];
        // Some tools leave the last padding out.
        self.fill(&mut rest[..usize::try_from(padding).unwrap_or(0)])?;
        if read == size { Ok(body) } else { Err(ArchiveError::Cut) }
    }

    fn fill(&mut self, into: &mut [u8]) -> Result<usize, ArchiveError> {
        let mut filled = 0;
        while filled < into.len() {
            match self.stream.read(&mut into[filled..]) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(broken(&error)),
            }
        }
        self.at += filled as u64;
        Ok(filled)
    }
}

fn broken(error: &std::io::Error) -> ArchiveError {
    match error.kind() {
        ErrorKind::UnexpectedEof => ArchiveError::Cut,
        _ => ArchiveError::NotGzip(error.to_string()),
    }
}

fn too_large(what: &str, most: u64) -> ArchiveError {
    ArchiveError::TooLarge { what: what.to_owned(), most }
}

/// The path behind the archive's folder.
fn inside(name: &str) -> Result<String, ArchiveError> {
    let outside = || ArchiveError::Outside { path: shown(name) };
    // Helm takes a backslash for the separator if there is one.
    let separator = if name.contains('\\') { '\\' } else { '/' };
    let (folder, path) = name.split_once(separator).unwrap_or((name, ""));
    if folder == "Chart.yaml" {
        return Err(ArchiveError::NoFolder);
    }
    // Tools that pack `./chart` mean `chart`.
    let (folder, path) =
        if folder == "." { path.split_once(separator).unwrap_or((path, "")) } else { (folder, path) };
    let path = path.replace('\\', "/");
    let is_drive = path.as_bytes().get(1..3) == Some(b":/");
    if folder == ".." || path.starts_with('/') || is_drive || path.contains('\0') {
        return Err(outside());
    }
    let path = clean(&path);
    if path == "." || path == ".." || path.starts_with("../") { Err(outside()) } else { Ok(path) }
}

/// The path of an archive without a folder of its own: `validRelPath` of Flux, and no way out by any other spelling.
fn below(name: &str) -> Result<String, ArchiveError> {
    let path = clean(name);
    let leads_out = name.starts_with('/') || name.contains("../") || path == "." || path == "..";
    if leads_out || name.contains(['\\', '\0', '\n']) {
        return Err(ArchiveError::Outside { path: shown(name) });
    }
    Ok(path)
}

fn word(kind: u8) -> &'static str {
    match kind {
        b'1' => "hard link",
        b'2' => "symbolic link",
        b'3' | b'4' => "device",
        b'6' => "named pipe",
        b'S' => "sparse file",
        _ => "entry of an unknown kind",
    }
}

fn shown(name: &str) -> String {
    name.chars().take(200).map(|c| if c.is_control() { '?' } else { c }).collect()
}

fn text(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(&bytes[..end]).into_owned()
}

fn own_name(header: &[u8; BLOCK]) -> String {
    let name = text(&header[..100]);
    let prefix = if &header[257..263] == b"ustar\0" { text(&header[345..500]) } else { String::new() };
    if prefix.is_empty() { name } else { format!("{prefix}/{name}") }
}

fn number(field: &[u8]) -> Option<u64> {
    if field[0] & 0x80 != 0 {
        let start = u64::from(field[0] & 0x7f);
        return field[1..].iter().try_fold(start, |value, byte| {
            value.checked_mul(256).and_then(|value| value.checked_add(u64::from(*byte)))
        });
    }
    let text = text(field);
    let text = text.trim();
    if text.is_empty() { Some(0) } else { u64::from_str_radix(text, 8).ok() }
}

/// `length key=value` lines.
fn pax_path(body: &[u8]) -> Option<String> {
    let mut rest = body;
    let mut found = None;
    while !rest.is_empty() {
        let blank = rest.iter().position(|byte| *byte == b' ')?;
        let length: usize = std::str::from_utf8(&rest[..blank]).ok()?.parse().ok()?;
        let record = rest.get(blank + 1..length)?;
        if let Some(path) = record.strip_prefix(b"path=") {
            found = Some(text(path.strip_suffix(b"\n").unwrap_or(path)));
        }
        rest = &rest[length..];
    }
    found
}
