//! One verb with its flags, applied to a value.
use super::check_depth;
use super::float::format_float;
use super::integer::{character, format_integer, format_unicode};
use super::quote::quote_bytes;
use crate::text::Text;
use crate::value::{Object, Value};

#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Flags {
    pub(super) plus: bool,
    pub(super) minus: bool,
    pub(super) sharp: bool,
    pub(super) space: bool,
    pub(super) zero: bool,
    /// `%+v`: names of fields.
    pub(super) names: bool,
    /// `%#v`: Go syntax.
    pub(super) syntax: bool,
    pub(super) width: Option<usize>,
    pub(super) precision: Option<usize>,
}

pub(super) struct Printer<'a> {
    pub(super) out: &'a mut Vec<u8>,
    pub(super) flags: Flags,
}

type Result = std::result::Result<(), String>;

impl<'a> Printer<'a> {
    pub(super) fn new(out: &'a mut Vec<u8>) -> Self {
        Self { out, flags: Flags::default() }
    }

    /// An operand of printf.
    pub(super) fn operand(&mut self, value: &Value, verb: char) -> Result {
        match (value, verb) {
            (_, 'T') => self.pad(value.type_name().as_bytes()),
            (Value::None | Value::Nil, 'v') => self.pad(b"<nil>"),
            (Value::None | Value::Nil, _) => return self.bad_verb(value, verb, 0),
            _ => return self.value(value, verb, 0),
        }
        Ok(())
    }

    pub(super) fn value(&mut self, value: &Value, verb: char, depth: usize) -> Result {
        check_depth(depth)?;
        match value {
            Value::None | Value::Nil => {
                self.out.extend_from_slice(if self.flags.syntax { b"interface {}(nil)" } else { b"<nil>" });
            }
            Value::Bool(truth) => match verb {
                't' | 'v' => self.pad(if *truth { b"true" } else { b"false" }),
                _ => return self.bad_verb(value, verb, depth),
            },
            Value::Int(number) | Value::Int64(number) => {
                return self.integer(value, (*number).into(), verb, depth);
            }
            Value::Uint8(number) => return self.integer(value, (*number).into(), verb, depth),
            Value::Uint64(number) => return self.integer(value, (*number).into(), verb, depth),
            Value::Float(number) => match verb {
                'v' => self.float(*number, 'g'),
                'e' | 'E' | 'f' | 'g' | 'G' => self.float(*number, verb),
                'F' => self.float(*number, 'f'),
                'x' | 'X' | 'b' => self.float(*number, verb),
                _ => return self.bad_verb(value, verb, depth),
            },
            Value::Text(text) => return self.text(value, text, verb, depth),
            Value::Bytes(bytes) => return self.bytes(value, bytes, verb, depth),
            Value::List(list) => {
                if self.flags.syntax {
                    self.out.extend_from_slice(value.type_name().as_bytes());
                    if list.nil {
                        self.out.extend_from_slice(b"(nil)");
                        return Ok(());
                    }
                }
                let syntax = self.flags.syntax;
                self.out.push(if syntax { b'{' } else { b'[' });
                for (i, item) in list.items().iter().enumerate() {
                    if i > 0 {
                        self.out.extend_from_slice(if syntax { b", " } else { b" " });
                    }
                    self.value(item, verb, depth + 1)?;
                }
                self.out.push(if syntax { b'}' } else { b']' });
            }
            Value::Map(map) => {
                self.begin_map(value.type_name());
                if self.flags.syntax && map.nil {
                    self.out.extend_from_slice(b"(nil)");
                    return Ok(());
                }
                self.out.push(if self.flags.syntax { b'{' } else { b'[' });
                for (i, (key, item)) in map.snapshot().into_iter().enumerate() {
                    self.separate_entries(i);
                    self.value(&Value::Text(key), verb, depth + 1)?;
                    self.out.push(b':');
                    self.value(&item, verb, depth + 1)?;
                }
                self.out.push(if self.flags.syntax { b'}' } else { b']' });
            }
            Value::Object(object) => return self.object(object, value, verb, depth),
        }
        Ok(())
    }

    fn begin_map(&mut self, ty: &str) {
        let start = if self.flags.syntax { ty } else { "map" };
        self.out.extend_from_slice(start.as_bytes());
    }

    fn separate_entries(&mut self, index: usize) {
        if index > 0 {
            self.out.extend_from_slice(if self.flags.syntax { b", " } else { b" " });
        }
    }

    fn object(&mut self, object: &Object, value: &Value, verb: char, depth: usize) -> Result {
        match object {
            Object::Version(version) => self.text(value, &Text::from(version.to_string()), verb, depth),
            Object::Time(time) => self.text(value, &Text::from(time.to_string()), verb, depth),
            Object::Struct(object) => {
                self.out.extend_from_slice(if object.ty.starts_with('*') { b"&{" } else { b"{" });
                for (i, field) in object.fields.iter().enumerate() {
                    if i > 0 {
                        self.out.push(b' ');
                    }
                    if self.flags.names {
                        self.out.extend_from_slice(field.name.as_bytes());
                        self.out.push(b':');
                    }
                    self.value(field.value(), verb, depth + 1)?;
                }
                self.out.push(b'}');
                Ok(())
            }
            Object::Files(files) => {
                self.begin_map("engine.files");
                self.out.push(if self.flags.syntax { b'{' } else { b'[' });
                for (i, (name, bytes)) in files.0.iter().enumerate() {
                    self.separate_entries(i);
                    self.value(&Value::Text(name.clone()), verb, depth + 1)?;
                    self.out.push(b':');
                    self.value(&Value::Bytes(bytes.clone()), verb, depth + 1)?;
                }
                self.out.push(if self.flags.syntax { b'}' } else { b']' });
                Ok(())
            }
        }
    }

    fn integer(&mut self, value: &Value, number: i128, verb: char, depth: usize) -> Result {
        // Every number here fits into 64 bits and a sign.
        let magnitude = u64::try_from(number.unsigned_abs()).unwrap_or(u64::MAX);
        match verb {
            'v' | 'd' | 'b' | 'o' | 'O' | 'x' | 'X' => {
                let text = format_integer(number < 0, magnitude, verb, &self.flags);
                let zero = std::mem::take(&mut self.flags.zero);
                self.pad(text.as_bytes());
                self.flags.zero = zero;
            }
            'c' => {
                let text = character(number).to_string();
                self.pad(text.as_bytes());
            }
            'q' => {
                let text = quote_bytes(character(number).to_string().as_bytes(), '\'');
                self.pad(&text);
            }
            'U' => {
                let text = format_unicode(magnitude, &self.flags);
                self.pad(text.as_bytes());
            }
            _ => return self.bad_verb(value, verb, depth),
        }
        Ok(())
    }

    fn float(&mut self, number: f64, verb: char) {
        let precision = self.flags.precision.or(if matches!(verb, 'e' | 'E' | 'f') { Some(6) } else { None });
        let mut text = format_float(number, verb, precision);
        let unsigned = text.trim_start_matches(['+', '-']).to_owned();
        if !text.starts_with(['+', '-']) {
            text.insert(0, '+');
        }
        let shown = if self.flags.plus || text.starts_with('-') {
            text
        } else if self.flags.space {
            format!(" {unsigned}")
        } else if number.is_infinite() {
            text
        } else {
            unsigned
        };
        let zero = self.flags.zero && !self.flags.minus && number.is_finite();
        let signed = shown.starts_with(['+', '-', ' ']);
        match self.flags.width {
            Some(width) if zero && signed && width > shown.len() => {
                let zeros = "0".repeat(width - shown.len());
                self.out.extend_from_slice(format!("{}{zeros}{}", &shown[..1], &shown[1..]).as_bytes());
            }
            Some(_) | None => {
                let before = std::mem::replace(&mut self.flags.zero, zero);
                self.pad(shown.as_bytes());
                self.flags.zero = before;
            }
        }
    }

    fn text(&mut self, value: &Value, text: &Text, verb: char, depth: usize) -> Result {
        match verb {
            'v' if self.flags.syntax => self.quoted(text.as_bytes()),
            'v' | 's' => {
                let cut = self.cut(text.as_bytes()).to_vec();
                self.pad(&cut);
            }
            'x' | 'X' => self.hex(text.as_bytes(), verb),
            'q' => self.quoted(text.as_bytes()),
            _ => return self.bad_verb(value, verb, depth),
        }
        Ok(())
    }

    fn bytes(&mut self, value: &Value, bytes: &Text, verb: char, depth: usize) -> Result {
        match verb {
            'v' | 'd' => {
                self.out.push(b'[');
                for (i, byte) in bytes.as_bytes().iter().enumerate() {
                    if i > 0 {
                        self.out.push(b' ');
                    }
                    self.integer(value, (*byte).into(), 'd', depth)?;
                }
                self.out.push(b']');
                Ok(())
            }
            _ => self.text(value, bytes, verb, depth),
        }
    }

    fn quoted(&mut self, bytes: &[u8]) {
        let cut = self.cut(bytes).to_vec();
        let raw = self.flags.sharp && !cut.contains(&b'`') && std::str::from_utf8(&cut).is_ok();
        let text = if raw && !cut.iter().any(|b| (*b < b' ' && *b != b'\t') || *b == 0x7f) {
            [b"`", &cut[..], b"`"].concat()
        } else {
            quote_bytes(&cut, '"')
        };
        self.pad(&text);
    }

    fn hex(&mut self, bytes: &[u8], verb: char) {
        let most = self.flags.precision.unwrap_or(usize::MAX).min(bytes.len());
        let mut text = String::new();
        for (i, byte) in bytes[..most].iter().enumerate() {
            if self.flags.space && i > 0 {
                text.push(' ');
            }
            if self.flags.sharp && (self.flags.space || i == 0) {
                text.push_str(if verb == 'x' { "0x" } else { "0X" });
            }
            text.push_str(&if verb == 'x' { format!("{byte:02x}") } else { format!("{byte:02X}") });
        }
        self.pad(text.as_bytes());
    }

    /// The first characters, as many as the precision says.
    fn cut<'b>(&self, bytes: &'b [u8]) -> &'b [u8] {
        let Some(precision) = self.flags.precision else { return bytes };
        let mut left = precision;
        let mut at = 0;
        while at < bytes.len() {
            if left == 0 {
                return &bytes[..at];
            }
            left -= 1;
            at += width_of(&bytes[at..]);
        }
        bytes
    }

    pub(super) fn pad(&mut self, text: &[u8]) {
        let mut count = 0;
        let mut at = 0;
        while at < text.len() {
            at += width_of(&text[at..]);
            count += 1;
        }
        let missing = self.flags.width.unwrap_or(0).saturating_sub(count);
        if self.flags.minus {
            self.out.extend_from_slice(text);
            self.out.extend(std::iter::repeat_n(b' ', missing));
        } else {
            let fill = if self.flags.zero { b'0' } else { b' ' };
            self.out.extend(std::iter::repeat_n(fill, missing));
            self.out.extend_from_slice(text);
        }
    }

    /// `%!d(string=hi)`
    fn bad_verb(&mut self, value: &Value, verb: char, depth: usize) -> Result {
        self.out.extend_from_slice(b"%!");
        self.out.extend_from_slice(verb.encode_utf8(&mut [0; 4]).as_bytes());
        self.out.push(b'(');
        if value.is_nil() {
            self.out.extend_from_slice(b"<nil>");
        } else {
            self.out.extend_from_slice(value.type_name().as_bytes());
            self.out.push(b'=');
            self.value(value, 'v', depth)?;
        }
        self.out.push(b')');
        Ok(())
    }
}

/// Bytes of the first character; one for what is no UTF-8.
pub(crate) fn width_of(bytes: &[u8]) -> usize {
    let width = match bytes.first() {
        Some(0..=0x7f) | None => return 1,
        Some(0xc2..=0xdf) => 2,
        Some(0xe0..=0xef) => 3,
        Some(0xf0..=0xf4) => 4,
        Some(_) => return 1,
    };
    match bytes.get(..width).map(std::str::from_utf8) {
        Some(Ok(_)) => width,
        Some(Err(_)) | None => 1,
    }
}
