/// One field of a message as it is on the wire.
pub(super) enum Part<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

/// Encoded fields, one after the other.
pub(super) struct Wire<'a>(pub(super) &'a [u8]);

impl<'a> Wire<'a> {
    /// All fields in their order; `None` if the bytes end too early or are no fields.
    pub(super) fn fields(mut self) -> Option<Vec<(u64, Part<'a>)>> {
        let mut out = Vec::new();
        while !self.0.is_empty() {
            let tag = self.varint()?;
            let part = match tag & 7 {
                0 => Part::Number(self.varint()?),
                1 => Part::Bytes(self.take(8)?),
                2 => {
                    let length = usize::try_from(self.varint()?).ok()?;
                    Part::Bytes(self.take(length)?)
                }
                5 => Part::Bytes(self.take(4)?),
                _ => return None,
            };
            out.push((tag >> 3, part));
        }
        Some(out)
    }

    fn varint(&mut self) -> Option<u64> {
        let mut value: u64 = 0;
        for shift in (0..64).step_by(7) {
            let byte = *self.take(1)?.first()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }
}
