//! The order of keys: go-yaml's natural order, in which digits count as numbers and letters come last.
use std::cmp::Ordering;

/// A merge sort of our own: the order is no total one (`a0`, `a-`, `a01` may form a circle), where the standard library
/// may panic.
pub(super) fn sort<T: Copy>(members: &mut [(&str, T)]) {
    let in_order = |pair: &[(&str, T)]| compare(pair[1].0, pair[0].0) != Ordering::Less;
    if members.windows(2).all(in_order) {
        return;
    }
    let (left, right) = members.split_at_mut(members.len() / 2);
    sort(left);
    sort(right);
    let mut merged = Vec::with_capacity(left.len() + right.len());
    let (mut l, mut r) = (left.iter().peekable(), right.iter().peekable());
    while let (Some(a), Some(b)) = (l.peek(), r.peek()) {
        let take_right = compare(b.0, a.0) == Ordering::Less;
        merged.extend(if take_right { r.next() } else { l.next() });
    }
    merged.extend(l);
    merged.extend(r);
    members.copy_from_slice(&merged);
}

fn compare(a: &str, b: &str) -> Ordering {
    let a: Vec<char> = a.chars().collect();
    let b: Vec<char> = b.chars().collect();
    let Some(i) = a.iter().zip(&b).position(|(a, b)| a != b) else { return a.len().cmp(&b.len()) };
    match (is_letter(a[i]), is_letter(b[i])) {
        (true, true) => a[i].cmp(&b[i]),
        (true, false) => Ordering::Greater,
        (false, true) => Ordering::Less,
        (false, false) => {
            // A zero behind other digits is a digit of their number, not its start.
            let continues = (a[i] == '0' || b[i] == '0')
                && a[..i].iter().rev().take_while(|c| is_digit(**c)).any(|c| *c != '0');
            let start = i64::from(continues);
            let (an, a_end) = number(&a, i, start);
            let (bn, b_end) = number(&b, i, start);
            an.cmp(&bn).then(a_end.cmp(&b_end)).then(a[i].cmp(&b[i]))
        }
    }
}

fn number(text: &[char], from: usize, start: i64) -> (i64, usize) {
    let digits = text[from..].iter().take_while(|c| is_digit(**c));
    let (value, count) = digits.fold((start, 0), |(value, count), c| {
        let digit = i64::from(u32::from(*c)) - i64::from(b'0');
        (value.wrapping_mul(10).wrapping_add(digit), count + 1)
    });
    (value, from + count)
}

fn is_letter(c: char) -> bool {
    c.is_alphabetic()
}

fn is_digit(c: char) -> bool {
    c.is_ascii_digit()
}
