/// A request and the words that the fleet is made of: a request line `METHOD target`, lines of headers, an empty line,
/// then words, one in a line.
pub struct Told {
    pub method: String,
    pub target: String,
    pub headers: Vec<(String, Vec<u8>)>,
    pub words: Vec<String>,
}

/// More headers and words than this show nothing that fewer would not.
const LINES: usize = 64;

/// Any bytes say something.
pub fn told(bytes: &[u8]) -> Told {
    let mut lines = bytes.split(|byte| *byte == b'\n').take(LINES);
    let first = String::from_utf8_lossy(lines.next().unwrap_or_default());
    let (method, target) = first.split_once(' ').unwrap_or(("GET", &first));
    let headers = lines.by_ref().take_while(|line| !line.is_empty()).map(header).collect();
    Told {
        method: method.to_owned(),
        target: target.to_owned(),
        headers,
        words: lines.map(|word| String::from_utf8_lossy(word).into_owned()).collect(),
    }
}

fn header(line: &[u8]) -> (String, Vec<u8>) {
    let colon = line.iter().position(|byte| *byte == b':').unwrap_or(line.len());
    let (name, value) = line.split_at(colon);
    let value = value.strip_prefix(b":").unwrap_or(value).trim_ascii();
    (String::from_utf8_lossy(name).into_owned(), value.to_vec())
}
