//! Schedules as robfig/cron reads them, with its errors.

/// (least, most, names) of minutes, hours, days, months and weekdays.
const FIELDS: [(u64, u64, &[&str]); 5] = [
    (0, 59, &[]),
    (0, 23, &[]),
    (1, 31, &[]),
    (1, 12, &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]),
    (0, 6, &["sun", "mon", "tue", "wed", "thu", "fri", "sat"]),
];
const DESCRIPTORS: [&str; 7] =
    ["@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"];

pub fn check(schedule: &str) -> Result<(), String> {
    if schedule.is_empty() {
        return Err("empty spec string".to_owned());
    }
    if schedule.starts_with('@') {
        let known = DESCRIPTORS.contains(&schedule) || schedule.starts_with("@every ");
        return if known { Ok(()) } else { Err(format!("unrecognized descriptor: {schedule}")) };
    }
    let zoned = schedule.starts_with("TZ=") || schedule.starts_with("CRON_TZ=");
    let rest = if zoned { schedule.split_once(' ').map_or("", |(_, rest)| rest) } else { schedule };
    let words: Vec<&str> = rest.split_whitespace().collect();
    if words.len() != FIELDS.len() {
        let shown = words.join(" ");
        return Err(format!("expected exactly {} fields, found {}: [{shown}]", FIELDS.len(), words.len()));
    }
    for (word, field) in words.iter().zip(FIELDS) {
        word.split(',').filter(|part| !part.is_empty()).try_for_each(|part| range(part, field))?;
    }
    Ok(())
}

fn range(text: &str, (least, most, names): (u64, u64, &[&str])) -> Result<(), String> {
    let steps: Vec<&str> = text.split('/').collect();
    let ends: Vec<&str> = steps[0].split('-').collect();
    let named = |word: &str| {
        let lower = word.to_lowercase();
        match names.iter().position(|name| *name == lower) {
            Some(at) => Ok(at as u64 + least.min(1)),
            None => number(word),
        }
    };
    let (start, mut end) = if matches!(ends[0], "*" | "?") {
        (least, most)
    } else {
        let start = named(ends[0])?;
        match ends.as_slice() {
            [_] => (start, start),
            [_, end] => (start, named(end)?),
            _ => return Err(format!("too many hyphens: {text}")),
        }
    };
    let mut step = 1;
    match steps.as_slice() {
        [_] => {}
        [_, by] => {
            step = number(by)?;
            if ends.len() == 1 {
                end = most;
            }
        }
        _ => return Err(format!("too many slashes: {text}")),
    }
    if start < least {
        return Err(format!("beginning of range ({start}) below minimum ({least}): {text}"));
    }
    if end > most {
        return Err(format!("end of range ({end}) above maximum ({most}): {text}"));
    }
    if start > end {
        return Err(format!("beginning of range ({start}) beyond end of range ({end}): {text}"));
    }
    if step == 0 {
        return Err(format!("step of range should be a positive number: {text}"));
    }
    Ok(())
}

fn number(word: &str) -> Result<u64, String> {
    match word.parse::<i64>() {
        Ok(number) => {
            u64::try_from(number).map_err(|_| format!("negative number ({number}) not allowed: {word}"))
        }
        Err(_) => {
            Err(format!("failed to parse int from {word}: strconv.Atoi: parsing {word:?}: invalid syntax"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn a_schedule_is_read_as_the_controller_reads_it() {
        for schedule in ["* * * * *", "*/5 0-6 1,15 jan MON-fri", "@daily", "@every 5m", "TZ=UTC 0 0 * * ?"] {
            assert_eq!(check(schedule), Ok(()), "{schedule}");
        }
        let wrong = [
            ("a", "expected exactly 5 fields, found 1: [a]"),
            ("60 * * * *", "end of range (60) above maximum (59): 60"),
            ("* * 0 * *", "beginning of range (0) below minimum (1): 0"),
            ("x * * * *", "failed to parse int from x: strconv.Atoi: parsing \"x\": invalid syntax"),
            ("@soon", "unrecognized descriptor: @soon"),
            ("*/0 * * * *", "step of range should be a positive number: */0"),
        ];
        for (schedule, why) in wrong {
            assert_eq!(check(schedule), Err(why.to_owned()), "{schedule}");
        }
    }
}
