//! Helm's `pkg/strvals`, its mistakes included: what it takes for the end of a key, a list or a line is kept.
use super::{Form, SetError, json};
use serde_json::{Map, Value as Json};

pub(super) const MOST_INDEX: i64 = 65_536;
const MOST_LEVELS: usize = 30;
const MOST_NESTING: usize = 100;
const MOST_ITEMS: usize = 1 << 20;

pub(super) type ReadFile<'a> = &'a mut dyn FnMut(&str) -> Result<String, String>;

pub(super) fn set<'a>(
    into: &mut Map<String, Json>,
    form: Form,
    file: Option<ReadFile<'a>>,
    line: &'a str,
) -> Result<(), SetError> {
    let mut parser = Parser { line, at: 0, form, file, items: 0, nesting: 0 };
    loop {
        match parser.key(into, 0) {
            Ok(()) => {}
            Err(Stop::End) => return Ok(()),
            Err(Stop::Error(error)) => return Err(error),
        }
    }
}

/// The end of the line is what Go's `io.EOF` is: passed up until something takes it for its own.
enum Stop {
    End,
    Error(SetError),
}

impl From<SetError> for Stop {
    fn from(error: SetError) -> Self {
        Stop::Error(error)
    }
}

struct Parser<'a> {
    line: &'a str,
    at: usize,
    form: Form,
    file: Option<ReadFile<'a>>,
    /// Made so far.
    items: usize,
    /// Lists that are open.
    nesting: usize,
}

impl Parser<'_> {
    fn next(&mut self) -> Option<char> {
        let c = self.line[self.at..].chars().next()?;
        self.at += c.len_utf8();
        Some(c)
    }

    fn peek(&self) -> Option<char> {
        self.line[self.at..].chars().next()
    }

    /// What stands before one of `stops`, and which it was; none at the end of the line.
    fn until(&mut self, stops: &[char]) -> (String, Option<char>) {
        let mut text = String::new();
        while let Some(c) = self.next() {
            match c {
                _ if stops.contains(&c) => return (text, Some(c)),
                '\\' if self.form != Form::Literal => match self.next() {
                    Some(escaped) => text.push(escaped),
                    None => return (text, None),
                },
                _ => text.push(c),
            }
        }
        (text, None)
    }

    fn key(&mut self, map: &mut Map<String, Json>, mut level: usize) -> Result<(), Stop> {
        let stops: &[char] =
            if self.form == Form::Literal { &['=', '[', '.'] } else { &['=', '[', ',', '.'] };
        let (key, last) = self.until(stops);
        match last {
            None if key.is_empty() => Err(Stop::End),
            None => Err(SetError::NoValue { key }.into()),
            Some('[') => {
                let index = self.index()?;
                let mut list = match map.get_mut(&key) {
                    None => Vec::new(),
                    Some(Json::Array(list)) => std::mem::take(list),
                    Some(other) => return Err(mismatch(other, "[]interface {}")),
                };
                let result = self.item(&mut list, index, level);
                put_back(map, key, Json::Array(list));
                result
            }
            Some('=') => match self.value() {
                Ok(value) => {
                    put(map, key, value);
                    Ok(())
                }
                Err(Stop::End) => {
                    put(map, key, Json::String(String::new()));
                    Err(Stop::End)
                }
                Err(Stop::Error(error)) => Err(error.into()),
            },
            Some('.') => {
                level += 1;
                if level > MOST_LEVELS {
                    return Err(SetError::Levels.into());
                }
                let mut inner = match map.get_mut(&key) {
                    None => Map::new(),
                    Some(Json::Object(inner)) => std::mem::take(inner),
                    Some(other) => return Err(mismatch(other, "map[string]interface {}")),
                };
                let result = self.key(&mut inner, level);
                if inner.is_empty() {
                    // A map that was there and is empty stays.
                    return result.and(Err(SetError::EmptyMap { key }.into()));
                }
                put_back(map, key, Json::Object(inner));
                result
            }
            Some(_) => Err(SetError::EndsWithComma { key }.into()),
        }
    }

    fn index(&mut self) -> Result<i64, Stop> {
        match self.until(&[']']) {
            (_, None) => Err(SetError::IndexIsCut.into()),
            (text, Some(_)) => text.parse().map_err(|_| SetError::Index { text }.into()),
        }
    }

    /// What follows the `]` of an index.
    fn item(&mut self, list: &mut Vec<Json>, index: i64, level: usize) -> Result<(), Stop> {
        if self.nesting == MOST_NESTING {
            return Err(SetError::Nesting.into());
        }
        self.nesting += 1;
        let result = self.within(list, index, level);
        self.nesting -= 1;
        result
    }

    fn within(&mut self, list: &mut Vec<Json>, index: i64, level: usize) -> Result<(), Stop> {
        if index < 0 {
            return Err(SetError::NegativeIndex(index).into());
        }
        let (text, last) = self.until(&['[', '.', '=']);
        if !text.is_empty() {
            return Err(SetError::AfterIndex { text }.into());
        }
        let at = usize::try_from(index).ok();
        let old = at.and_then(|at| list.get_mut(at));
        match last {
            None => Err(Stop::End),
            Some('=') => {
                let value = match self.value() {
                    Err(Stop::End) => Json::String(String::new()),
                    other => other?,
                };
                self.put_item(list, index, value)
            }
            Some('[') => {
                let next = self.index()?;
                let mut inner = match old {
                    None | Some(Json::Null) => Vec::new(),
                    Some(Json::Array(inner)) => std::mem::take(inner),
                    Some(other) => return Err(mismatch(other, "[]interface {}")),
                };
                let result = self.item(&mut inner, next, level);
                // Go changes a list that was there in place, and makes a new one only once all went well.
                if result.is_ok() || at.is_some_and(|at| matches!(list.get(at), Some(Json::Array(_)))) {
                    self.put_item(list, index, Json::Array(inner))?;
                }
                result
            }
            Some(_) => {
                let mut inner = match old {
                    Some(Json::Object(inner)) => std::mem::take(inner),
                    Some(other) => {
                        *other = Json::Object(Map::new());
                        Map::new()
                    }
                    None => Map::new(),
                };
                let result = self.key(&mut inner, level);
                if result.is_ok() || at.is_some_and(|at| at < list.len()) {
                    self.put_item(list, index, Json::Object(inner))?;
                }
                result
            }
        }
    }

    fn put_item(&mut self, list: &mut Vec<Json>, index: i64, value: Json) -> Result<(), Stop> {
        if index > MOST_INDEX {
            return Err(SetError::LargeIndex(index).into());
        }
        let at = usize::try_from(index).map_err(|_| SetError::LargeIndex(index))?;
        if list.len() <= at {
            self.items += at + 1 - list.len();
            if self.items > MOST_ITEMS {
                return Err(SetError::Items.into());
            }
            list.resize(at + 1, Json::Null);
        }
        list[at] = value;
        Ok(())
    }

    /// The value behind a `=`. [`Stop::End`] where the line ends there.
    fn value(&mut self) -> Result<Json, Stop> {
        match self.form {
            Form::Json => self.json(),
            Form::Literal => {
                let rest = &self.line[self.at..];
                self.at = self.line.len();
                Ok(Json::String(rest.to_owned()))
            }
            Form::Typed | Form::Text => match self.peek() {
                None => Err(Stop::End),
                Some('{') => self.list(),
                Some(_) => {
                    let (text, _) = self.until(&[',']);
                    self.scalar(text)
                }
            },
        }
    }

    fn list(&mut self) -> Result<Json, Stop> {
        self.next();
        let mut items = Vec::new();
        loop {
            let (text, last) = self.until(&[',', '}']);
            let Some(last) = last else { return Err(SetError::OpenList.into()) };
            items.push(self.scalar(text)?);
            if last == '}' {
                if self.peek() == Some(',') {
                    self.next();
                }
                return Ok(Json::Array(items));
            }
        }
    }

    fn scalar(&mut self, text: String) -> Result<Json, Stop> {
        if let Some(read) = &mut self.file {
            return Ok(Json::String(read(&text).map_err(SetError::File)?));
        }
        Ok(if self.form == Form::Text { Json::String(text) } else { typed(text) })
    }

    fn json(&mut self) -> Result<Json, Stop> {
        if self.skip_blanks() {
            return Ok(Json::Null);
        }
        let (value, bytes) = json::prefix(&self.line[self.at..]).ok_or(SetError::Json)?;
        self.at += bytes;
        self.skip_blanks();
        Ok(value)
    }

    /// Blanks, and one comma behind them. Whether there was nothing else.
    fn skip_blanks(&mut self) -> bool {
        while let Some(c) = self.peek() {
            if c == ',' {
                self.next();
                return true;
            }
            if !c.is_whitespace() {
                return false;
            }
            self.next();
        }
        true
    }
}

/// A key without a name is read and forgotten.
fn put(map: &mut Map<String, Json>, key: String, value: Json) {
    if !key.is_empty() {
        map.insert(key, value);
    }
}

/// As [`put`], but what was taken out goes back whatever its name is.
fn put_back(map: &mut Map<String, Json>, key: String, value: Json) {
    match map.get_mut(&key) {
        Some(old) => *old = value,
        None => put(map, key, value),
    }
}

fn typed(text: String) -> Json {
    // Go's EqualFold takes the long s for an s.
    let folds = |word: &str| text.replace('ſ', "s").eq_ignore_ascii_case(word);
    if folds("true") || folds("false") {
        return Json::Bool(folds("true"));
    }
    if folds("null") {
        return Json::Null;
    }
    let number = if text == "0" || !text.starts_with('0') { text.parse::<i64>().ok() } else { None };
    number.map_or(Json::String(text), Json::from)
}

/// What Go's failed type assertion says.
fn mismatch(found: &Json, wanted: &'static str) -> Stop {
    let found = match found {
        Json::Null => "nil",
        Json::Bool(_) => "bool",
        Json::Number(number) if number.is_f64() => "float64",
        Json::Number(_) => "int64",
        Json::String(_) => "string",
        Json::Array(_) => "[]interface {}",
        Json::Object(_) => "map[string]interface {}",
    };
    SetError::Type { found, wanted }.into()
}
