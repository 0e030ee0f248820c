//! TOML for charts. What is wrong is told in other words than Helm's library has, which also takes a few documents that
//! TOML 1.1 forbids, such as a table that is named again after its array.
use crate::time::Time;
use crate::value::{List, ListType, Map, MapType, Object, Value};
use toml_edit::{Array, Document, InlineTable, Item, Table};

/// Bytes of a document. A chart's files and values are smaller.
const MOST_BYTES: usize = 1 << 20;

/// Zones of times that are written without one, as they print.
pub(crate) const LOCAL_DATETIME: &str = "datetime-local";
pub(crate) const LOCAL_DATE: &str = "date-local";
pub(crate) const LOCAL_TIME: &str = "time-local";

/// The table of a whole document, or what is wrong with it and where.
pub(crate) fn read(bytes: &[u8]) -> Result<Map, String> {
    if bytes.len() > MOST_BYTES {
        return Err(format!("toml: a document of more than {MOST_BYTES} bytes"));
    }
    let line = |at: usize| 1 + bytes.iter().take(at).filter(|byte| **byte == b'\n').count();
    let text = std::str::from_utf8(bytes)
        .map_err(|error| format!("toml: line {}: it is not UTF-8", line(error.valid_up_to())))?;
    let document = Document::parse(text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        format!("toml: line {}: {}", line(at), error.message())
    })?;
    table(document.as_table())
}

fn table(table: &Table) -> Result<Map, String> {
    let out = Map::new(MapType::Any, []);
    for (key, item) in table {
        let value = match item {
            Item::None => continue,
            Item::Value(value) => scalar(value)?,
            Item::Table(below) => Value::Map(self::table(below)?),
            Item::ArrayOfTables(tables) => {
                let tables = tables.iter().map(|table| Ok(Value::Map(self::table(table)?)));
                Value::List(List::new(ListType::Tables, tables.collect::<Result<_, String>>()?))
            }
        };
        out.insert(key.into(), value);
    }
    Ok(out)
}

fn scalar(value: &toml_edit::Value) -> Result<Value, String> {
    Ok(match value {
        toml_edit::Value::String(text) => text.value().as_str().into(),
        toml_edit::Value::Integer(number) => Value::Int64(*number.value()),
        toml_edit::Value::Float(number) => Value::Float(*number.value()),
        toml_edit::Value::Boolean(flag) => (*flag.value()).into(),
        toml_edit::Value::Datetime(time) => self::time(&time.value().to_string())?,
        toml_edit::Value::Array(items) => list(items)?,
        toml_edit::Value::InlineTable(table) => inline(table)?,
    })
}

fn list(items: &Array) -> Result<Value, String> {
    Ok(Value::list(items.iter().map(scalar).collect::<Result<_, _>>()?))
}

fn inline(table: &InlineTable) -> Result<Value, String> {
    let out = Map::new(MapType::Any, []);
    for (key, value) in table {
        out.insert(key.into(), scalar(value)?);
    }
    Ok(Value::Map(out))
}

/// The forms of a time, each with the zone that it is in where it says none.
const FORMS: [(&str, Option<&'static str>); 7] = [
    ("2006-01-02T15:04:05.999999999Z07:00", None),
    ("2006-01-02T15:04:05.999999999", Some(LOCAL_DATETIME)),
    ("2006-01-02", Some(LOCAL_DATE)),
    ("15:04:05.999999999", Some(LOCAL_TIME)),
    ("2006-01-02T15:04Z07:00", None),
    ("2006-01-02T15:04", Some(LOCAL_DATETIME)),
    ("15:04", Some(LOCAL_TIME)),
];

fn time(text: &str) -> Result<Value, String> {
    let read = FORMS.iter().find_map(|(form, zone)| Some((*zone, Time::read(form, text).ok()?)));
    let (zone, time) = read.ok_or_else(|| format!("toml: there is no time {text}"))?;
    // The machine's zone is UTC, as everywhere in a chart.
    Ok(Value::Object(Object::Time(Time { named: zone, ..time })))
}

#[cfg(test)]
mod tests {
    use super::{MOST_BYTES, read};

    fn refused(text: &str) -> String {
        read(text.as_bytes()).map(|_| ()).unwrap_err()
    }

    #[test]
    fn nothing_is_read_without_bounds() {
        for (open, close) in [("[", "]"), ("{a=", "}")] {
            let deep = format!("a = {}{}", open.repeat(10_000), close.repeat(10_000));
            assert!(refused(&deep).contains("recursion"), "{}", refused(&deep));
        }
        assert!(refused(&"#".repeat(MOST_BYTES + 1)).contains("bytes"));
    }

    #[test]
    fn what_is_wrong_has_a_line() {
        assert!(refused("a = 1\nb = x\n").starts_with("toml: line 2: "), "{}", refused("a = 1\nb = x\n"));
        let wrong = read(b"a = 1\n\nb = \"\xff\"").map(|_| ()).unwrap_err();
        assert_eq!(wrong, "toml: line 3: it is not UTF-8");
    }
}
