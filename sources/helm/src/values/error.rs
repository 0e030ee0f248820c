use crate::fmt::quote;

/// Why a line of `--set` was refused. What is displayed is what Helm says, which quotes the line: values that are
/// secret want [`SetError::reason`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SetError {
    NoValue {
        key: String,
    },
    EndsWithComma {
        key: String,
    },
    EmptyMap {
        key: String,
    },
    Index {
        text: String,
    },
    IndexIsCut,
    AfterIndex {
        text: String,
    },
    NegativeIndex(i64),
    LargeIndex(i64),
    Levels,
    OpenList,
    /// The key goes into something that is set already and is neither list nor map.
    Type {
        found: &'static str,
        wanted: &'static str,
    },
    Json,
    /// What the reader of files said.
    File(String),
    Items,
    Nesting,
}

impl std::error::Error for SetError {}

impl std::fmt::Display for SetError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let quoted = |text: &str| String::from_utf8_lossy(&quote(text.as_bytes())).into_owned();
        match self {
            SetError::NoValue { key } => write!(f, "key {} has no value", quoted(key)),
            SetError::EndsWithComma { key } => {
                write!(f, "key {} has no value (cannot end with ,)", quoted(key))
            }
            SetError::EmptyMap { key } => write!(f, "key map {} has no value", quoted(key)),
            SetError::Index { text } => {
                let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
                let is_number = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
                let why = if is_number { "value out of range" } else { "invalid syntax" };
                write!(f, "error parsing index: strconv.Atoi: parsing {}: {why}", quoted(text))
            }
            SetError::IndexIsCut => f.write_str("error parsing index: EOF"),
            SetError::AfterIndex { text } => {
                let quote = |c: char| {
                    let bytes = crate::fmt::quote_bytes(c.to_string().as_bytes(), '\'');
                    String::from_utf8_lossy(&bytes).into_owned()
                };
                let quoted: Vec<String> = text.chars().map(quote).collect();
                write!(f, "unexpected data at end of array index: [{}]", quoted.join(" "))
            }
            SetError::NegativeIndex(index) => write!(f, "negative {index} index not allowed"),
            SetError::LargeIndex(index) => {
                let most = super::line::MOST_INDEX;
                write!(f, "index of {index} is greater than maximum supported index of {most}")
            }
            SetError::Type { found: "nil", wanted } => {
                write!(f, "unable to parse key: interface conversion: interface {{}} is nil, not {wanted}")
            }
            SetError::Type { found, wanted } => {
                write!(
                    f,
                    "unable to parse key: interface conversion: interface {{}} is {found}, not {wanted}"
                )
            }
            SetError::File(why) => f.write_str(why),
            SetError::Levels | SetError::OpenList | SetError::Json | SetError::Items | SetError::Nesting => {
                f.write_str(self.reason())
            }
        }
    }
}

impl SetError {
    /// Without a word of the line.
    pub fn reason(&self) -> &'static str {
        match self {
            SetError::NoValue { .. } => "a key has no value",
            SetError::EndsWithComma { .. } => "a key has no value (cannot end with ,)",
            SetError::EmptyMap { .. } => "a key map has no value",
            SetError::Index { .. } | SetError::IndexIsCut => "an index is no number",
            SetError::AfterIndex { .. } => "unexpected data at end of array index",
            SetError::NegativeIndex(_) => "an index is negative",
            SetError::LargeIndex(_) => "an index is greater than 65536",
            SetError::Levels => {
                "value name nested level is greater than maximum supported nested level of 30"
            }
            SetError::OpenList => "list must terminate with '}'",
            SetError::Type { .. } => "a key goes into something that is set and is no list or map",
            SetError::Json => "a value is no JSON",
            SetError::File(_) => "a file can't be read",
            SetError::Items => "more than a million items are made",
            SetError::Nesting => "more than 100 lists are within each other",
        }
    }
}
