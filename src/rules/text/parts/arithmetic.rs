//! Sums as they are written in answers: what they come to, and numbers with commas.

/// What a sum of numbers, brackets and `+ - * /` comes to; `None` where it is another expression.
pub(in super::super) fn value(sum: &str) -> Option<f64> {
    let mut reader = Reader {
        rest: sum.as_bytes(),
        room: 64,
    };
    let value = reader.sum()?;
    reader.blank();
    (reader.rest.is_empty() && value.is_finite()).then_some(value)
}

/// A number with digits, perhaps commas between them, a point and a sign.
pub(in super::super) fn number(text: &str) -> Option<f64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let plain = digits
        .bytes()
        .all(|byte| byte.is_ascii_digit() || matches!(byte, b',' | b'.'));
    let ends = digits.bytes().next_back().is_some_and(|byte| byte.is_ascii_digit()) && !digits.starts_with(',');
    if !plain || !ends {
        return None;
    }
    if digits.contains(',') {
        text.replace(',', "").parse().ok()
    } else {
        text.parse().ok()
    }
}

struct Reader<'t> {
    rest: &'t [u8],
    /// Brackets that may still be opened.
    room: u32,
}

impl Reader<'_> {
    fn blank(&mut self) {
        self.rest = self.rest.trim_ascii_start();
    }

    fn sign(&mut self, signs: &[u8]) -> Option<u8> {
        self.blank();
        let (first, rest) = self.rest.split_first()?;
        signs.contains(first).then(|| {
            self.rest = rest;
            *first
        })
    }

    fn sum(&mut self) -> Option<f64> {
        let mut sum = self.product()?;
        while let Some(sign) = self.sign(b"+-") {
            let next = self.product()?;
            sum += if sign == b'+' { next } else { -next };
        }
        Some(sum)
    }

    fn product(&mut self) -> Option<f64> {
        let mut product = self.factor()?;
        while let Some(sign) = self.sign(b"*/") {
            let next = self.factor()?;
            product = if sign == b'*' { product * next } else { product / next };
        }
        Some(product)
    }

    fn factor(&mut self) -> Option<f64> {
        if self.sign(b"-").is_some() {
            self.room = self.room.checked_sub(1)?;
            return self.factor().map(|value| -value);
        }
        if self.sign(b"(").is_some() {
            self.room = self.room.checked_sub(1)?;
            let inner = self.sum()?;
            return self.sign(b")").map(|_| inner);
        }
        self.blank();
        let part = |byte: &u8| byte.is_ascii_digit() || matches!(byte, b'.' | b',');
        let length = self.rest.iter().take_while(|byte| part(byte)).count();
        let (digits, rest) = self.rest.split_at(length);
        self.rest = rest;
        number(std::str::from_utf8(digits).ok()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_come_to_what_they_come_to() {
        for (sum, is) in [
            ("1/4*56", Some(14.0)),
            ("40*(1/4)", Some(10.0)),
            ("2,000 - -.5", Some(2000.5)),
            ("1-2-3", Some(-4.0)),
            ("2(3)", None),
            ("20%*5", None),
            ("1/0", None),
            ("(1+2", None),
            ("x+1", None),
            ("", None),
        ] {
            assert_eq!(value(sum), is, "{sum}");
        }
        assert_eq!(
            (number("-1,000.50"), number("$3"), number("3."), number("")),
            (Some(-1000.5), None, None, None)
        );
    }
}
