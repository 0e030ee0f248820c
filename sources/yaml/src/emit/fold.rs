//! Scalars of one line, folded where the line is too long.
use super::style::{Style, escape};

const WIDTH: usize = 80;

/// Characters in the last line.
pub(super) fn column(out: &str) -> usize {
    out[out.rfind('\n').map_or(0, |at| at + 1)..].chars().count()
}

/// Writes a plain or quoted scalar. Behind column 80 a single blank becomes a line break and `indent` blanks, which the
/// reader folds into one blank again; without `indent` nothing is folded.
pub(super) fn write(out: &mut String, text: &str, style: Style, indent: Option<usize>) {
    // Plain text that ends before it could be folded.
    if style == Style::Plain && (indent.is_none() || text.len() < WIDTH && column(out) + text.len() <= WIDTH)
    {
        out.push_str(text);
        return;
    }
    let mut line = Folder { column: column(out), out, indent };
    match style {
        // A block scalar is not this function's; as a key it cannot occur.
        Style::Plain | Style::Literal => line.body(text, |_| None, |next| next != Some(' ')),
        Style::Single => {
            line.push('\'');
            line.body(text, |c| (c == '\'').then(|| "''".into()), |next| !matches!(next, None | Some(' ')));
            line.push('\'');
        }
        Style::Double => {
            line.push('"');
            line.double(text);
            line.push('"');
        }
    }
}

struct Folder<'a> {
    out: &'a mut String,
    column: usize,
    indent: Option<usize>,
}

impl Folder<'_> {
    fn body(
        &mut self,
        text: &str,
        replacement: impl Fn(char) -> Option<std::borrow::Cow<'static, str>>,
        may_fold_before: impl Fn(Option<char>) -> bool,
    ) {
        let mut before = None;
        let mut rest = text.chars();
        while let Some(c) = rest.next() {
            let folds = c == ' ' && before.is_some_and(|c| c != ' ') && may_fold_before(rest.clone().next());
            if !(folds && self.fold()) {
                match replacement(c) {
                    Some(replacement) => replacement.chars().for_each(|c| self.push(c)),
                    None => self.push(c),
                }
            }
            before = Some(c);
        }
    }

    fn double(&mut self, text: &str) {
        // go-yaml escapes every character of a text that starts with a byte order mark.
        let all = text.starts_with('\u{feff}');
        let mut before = None;
        let mut rest = text.chars();
        while let Some(c) = rest.next() {
            let next = rest.clone().next();
            if let Some(escape) = escape(c, all) {
                escape.chars().for_each(|c| self.push(c));
            } else if c == ' ' && before.is_some_and(|c| c != ' ') && next.is_some() && self.fold() {
                // A blank at the start of a line would be lost.
                if next == Some(' ') {
                    self.push('\\');
                }
            } else {
                self.push(c);
            }
            before = Some(c);
        }
    }

    fn push(&mut self, c: char) {
        self.out.push(c);
        self.column += 1;
    }

    fn fold(&mut self) -> bool {
        let Some(indent) = self.indent.filter(|_| self.column > WIDTH) else { return false };
        self.out.push('\n');
        self.out.extend(std::iter::repeat_n(' ', indent));
        self.column = indent;
        true
    }
}
