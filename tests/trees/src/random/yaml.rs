//! YAML as people write it: quoted or not, in blocks or in one line, with comments.

use super::dice::Dice;

#[derive(Clone)]
pub enum Yaml {
    /// Written as it is.
    Raw(String),
    /// A string, however it is written.
    Text(String),
    Map(Vec<(String, Yaml)>),
    List(Vec<Yaml>),
}

pub fn raw(text: impl Into<String>) -> Yaml {
    Yaml::Raw(text.into())
}

pub fn text(value: impl Into<String>) -> Yaml {
    Yaml::Text(value.into())
}

pub fn map<const N: usize>(entries: [(&str, Yaml); N]) -> Yaml {
    Yaml::Map(entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
}

impl Yaml {
    pub fn put(&mut self, key: &str, value: Yaml) {
        if let Yaml::Map(entries) = self {
            entries.retain(|(known, _)| known != key);
            entries.push((key.to_owned(), value));
        }
    }

    /// The document, ending with a line break.
    pub fn write(&self, dice: &Dice) -> String {
        let mut writer = Writer { dice: dice.part("style"), out: String::new() };
        writer.block(self, 0, true);
        if !writer.out.ends_with('\n') {
            writer.out.push('\n');
        }
        writer.out
    }
}

struct Writer {
    dice: Dice,
    out: String,
}

impl Writer {
    fn indent(&mut self, depth: usize) {
        self.out.extend(std::iter::repeat_n(' ', depth));
    }

    fn comment(&mut self) {
        if self.dice.chance(4) {
            self.out.push_str(self.dice.one(&[" # why", " #", " # {not: yaml", " # \"quoted\" ---"]));
        }
        self.out.push('\n');
    }

    fn block(&mut self, node: &Yaml, depth: usize, top: bool) {
        match node {
            Yaml::Map(entries) if !entries.is_empty() => {
                for (key, value) in entries {
                    if self.dice.chance(3) {
                        self.indent(depth);
                        self.out.push_str("# before\n");
                    }
                    self.indent(depth);
                    let key = self.key(key);
                    self.out.push_str(&key);
                    self.out.push(':');
                    self.value(value, depth);
                }
            }
            Yaml::List(items) if !items.is_empty() => {
                for item in items {
                    self.indent(depth);
                    self.out.push('-');
                    match item {
                        Yaml::Map(entries) if !entries.is_empty() && !self.dice.chance(8) => {
                            // The first entry stands behind the dash.
                            self.out.push(' ');
                            let start = self.out.len();
                            self.block(item, depth + 2, false);
                            let written = self.out.split_off(start);
                            if written.trim_start().starts_with('#') {
                                self.out.push('\n');
                                self.out.push_str(&written);
                            } else {
                                self.out.push_str(written.trim_start());
                            }
                        }
                        other => self.value(other, depth),
                    }
                }
            }
            other => {
                if !top {
                    self.out.push(' ');
                }
                let written = self.inline(other);
                self.out.push_str(&written);
                self.comment();
            }
        }
    }

    /// What follows a key's colon or a list's dash.
    fn value(&mut self, node: &Yaml, depth: usize) {
        match node {
            Yaml::Map(entries) if !entries.is_empty() && !self.flows(node) => {
                self.comment();
                self.block(node, depth + 2, false);
            }
            Yaml::List(items) if !items.is_empty() && !self.flows(node) => {
                self.comment();
                let deeper = if self.dice.chance(50) { 0 } else { 2 };
                // Below a dash a list must be deeper.
                let nested = self.out.trim_end().ends_with('-');
                self.block(node, depth + if nested { 2 } else { deeper }, false);
            }
            Yaml::Text(value) if blocks(value) && self.dice.chance(40) => self.literal(value, depth),
            other => {
                self.out.push(' ');
                let written = self.inline(other);
                self.out.push_str(&written);
                self.comment();
            }
        }
    }

    fn literal(&mut self, value: &str, depth: usize) {
        let folded = self.dice.chance(25) && !value.contains("\n\n");
        self.out.push_str(if folded { " >" } else { " |" });
        let ended = value.ends_with('\n');
        self.out.push_str(match (ended, value.ends_with("\n\n")) {
            (_, true) => "+\n",
            (true, false) => "\n",
            (false, false) => "-\n",
        });
        for line in value.strip_suffix('\n').unwrap_or(value).split('\n') {
            if !line.is_empty() {
                self.indent(depth + 2);
            }
            self.out.push_str(line);
            self.out.push('\n');
        }
    }

    fn flows(&mut self, node: &Yaml) -> bool {
        flat(node, 2) && self.dice.chance(15)
    }

    fn inline(&mut self, node: &Yaml) -> String {
        match node {
            Yaml::Raw(text) => text.clone(),
            Yaml::Text(text) => self.string(text),
            Yaml::Map(entries) => {
                let entries: Vec<String> = entries
                    .iter()
                    .map(|(key, value)| format!("{}: {}", self.key(key), self.inline(value)))
                    .collect();
                format!("{{{}}}", entries.join(", "))
            }
            Yaml::List(items) => {
                let items: Vec<String> = items.iter().map(|item| self.inline(item)).collect();
                format!("[{}]", items.join(", "))
            }
        }
    }

    fn key(&mut self, key: &str) -> String {
        if plain(key) && !self.dice.chance(2) { key.to_owned() } else { quoted(key) }
    }

    fn string(&mut self, value: &str) -> String {
        let single = !value.contains(['\n', '\t', '\r']) && value.chars().all(|c| !c.is_control());
        match self.dice.below(10) {
            0..=5 if plain(value) => value.to_owned(),
            0..=7 if single => format!("'{}'", value.replace('\'', "''")),
            _ => quoted(value),
        }
    }
}

/// Safe in any place without quotes, and a string there.
fn plain(value: &str) -> bool {
    let first = value.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/');
    let sound = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
    let words = ["null", "true", "false", "yes", "no", "on", "off", "y", "n"];
    first && value.chars().all(sound) && !words.contains(&value.to_ascii_lowercase().as_str())
}

fn quoted(value: &str) -> String {
    let mut out = String::from("\"");
    for c in value.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if c.is_control() => out.push_str(&format!("\\u{:04x}", c as u32)),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// Whether a string can stand in a block.
fn blocks(value: &str) -> bool {
    !value.is_empty()
        && !value.starts_with([' ', '\n', '\t'])
        && !value.contains(['\r', '\t'])
        && value.chars().all(|c| c == '\n' || !c.is_control())
        && !value.trim_end_matches('\n').ends_with(' ')
}

fn flat(node: &Yaml, depth: usize) -> bool {
    match node {
        Yaml::Raw(text) => !text.contains(['\n', ',', '{', '[', ']', '}', '#', '*', '&']) && !text.is_empty(),
        Yaml::Text(_) => true,
        Yaml::Map(entries) => depth > 0 && entries.iter().all(|(_, value)| flat(value, depth - 1)),
        Yaml::List(items) => depth > 0 && items.iter().all(|item| flat(item, depth - 1)),
    }
}
