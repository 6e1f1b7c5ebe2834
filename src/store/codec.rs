//! The compact form of values that are read and written whole: varints, and every text that comes
//! back written once.
//!
//! It is our own on purpose: the model stays free of wire formats, and a stored byte means the
//! same however the model's types are arranged.

use crate::model::Timestamp;

/// Texts that a later text may point back to; more would make long histories quadratic.
const SHARED_MAX: usize = 64;

/// Why bytes could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecodeError(pub &'static str);

/// A value that can be written and read back.
pub trait Coded: Sized {
    fn put(&self, out: &mut Encoder);
    fn take(from: &mut Decoder<'_>) -> Result<Self, DecodeError>;
}

/// Writes values one after another.
#[derive(Debug, Default)]
pub struct Encoder {
    pub bytes: Vec<u8>,
    /// Start and end of the first texts, in `bytes`.
    shared: Vec<(usize, usize)>,
    /// Instants are written as the distance from the one before.
    last_time: i64,
}

/// Reads values one after another. Never panics, whatever the bytes are.
#[derive(Debug)]
pub struct Decoder<'a> {
    rest: &'a [u8],
    shared: Vec<&'a str>,
    last_time: i64,
}

impl Encoder {
    /// Writes one byte as it is.
    pub fn byte(&mut self, byte: u8) {
        self.bytes.push(byte);
    }

    /// Writes seven bits a byte, the lowest first.
    pub fn varint(&mut self, mut n: u64) {
        while n >= 0x80 {
            self.bytes.push(n as u8 | 0x80);
            n >>= 7;
        }
        self.bytes.push(n as u8);
    }

    /// An even number is twice the length of a new text, an odd one points to an earlier text.
    pub fn text(&mut self, text: &str) {
        let known =
            |&(from, to): &(usize, usize)| self.bytes.get(from..to) == Some(text.as_bytes());
        if let Some(place) = self.shared.iter().position(known) {
            self.varint((place as u64) << 1 | 1);
            return;
        }
        self.varint((text.len() as u64) << 1);
        let from = self.bytes.len();
        self.bytes.extend_from_slice(text.as_bytes());
        if self.shared.len() < SHARED_MAX && !text.is_empty() {
            self.shared.push((from, self.bytes.len()));
        }
    }
}

impl<'a> Decoder<'a> {
    /// Reads from the first byte on.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, shared: Vec::new(), last_time: 0 }
    }

    /// Every byte was used.
    pub fn is_done(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next byte.
    pub fn byte(&mut self) -> Result<u8, DecodeError> {
        let (&first, rest) = self.rest.split_first().ok_or(DecodeError("it ends too early"))?;
        self.rest = rest;
        Ok(first)
    }

    /// The next number.
    pub fn varint(&mut self) -> Result<u64, DecodeError> {
        let mut n = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            n |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(n);
            }
        }
        Err(DecodeError("a number is too long"))
    }

    /// The next text, or the earlier one it points to.
    pub fn text(&mut self) -> Result<&'a str, DecodeError> {
        let head = self.varint()?;
        let size = usize::try_from(head >> 1).map_err(|_| DecodeError("a text is too long"))?;
        if head & 1 == 1 {
            return self.shared.get(size).copied().ok_or(DecodeError("a text points nowhere"));
        }
        let (text, rest) =
            self.rest.split_at_checked(size).ok_or(DecodeError("it ends inside a text"))?;
        self.rest = rest;
        let text = std::str::from_utf8(text).map_err(|_| DecodeError("a text is not UTF-8"))?;
        if self.shared.len() < SHARED_MAX && !text.is_empty() {
            self.shared.push(text);
        }
        Ok(text)
    }
}

impl Coded for u64 {
    fn put(&self, out: &mut Encoder) {
        out.varint(*self);
    }

    fn take(from: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        from.varint()
    }
}

impl Coded for bool {
    fn put(&self, out: &mut Encoder) {
        out.byte(u8::from(*self));
    }

    fn take(from: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        match from.byte()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(DecodeError("a truth value is neither")),
        }
    }
}

impl Coded for String {
    fn put(&self, out: &mut Encoder) {
        out.text(self);
    }

    fn take(from: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        from.text().map(str::to_owned)
    }
}

impl Coded for Timestamp {
    fn put(&self, out: &mut Encoder) {
        let step = self.millis().wrapping_sub(out.last_time);
        out.last_time = self.millis();
        // Zigzag, so that small steps back stay small.
        out.varint(((step << 1) ^ (step >> 63)) as u64);
    }

    fn take(from: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let zigzag = from.varint()?;
        let step = (zigzag >> 1) as i64 ^ -((zigzag & 1) as i64);
        from.last_time = from.last_time.wrapping_add(step);
        Ok(Self::from_millis(from.last_time))
    }
}

impl<T: Coded> Coded for Option<T> {
    fn put(&self, out: &mut Encoder) {
        self.is_some().put(out);
        if let Some(value) = self {
            value.put(out);
        }
    }

    fn take(from: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        bool::take(from)?.then(|| T::take(from)).transpose()
    }
}

impl<T: Coded> Coded for Vec<T> {
    fn put(&self, out: &mut Encoder) {
        out.varint(self.len() as u64);
        self.iter().for_each(|value| value.put(out));
    }

    fn take(from: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let count = from.varint()?;
        // Every value takes a byte at least: a larger count is a lie, and would cost memory.
        let count = usize::try_from(count).ok().filter(|n| *n <= from.rest.len());
        (0..count.ok_or(DecodeError("a list is longer than the rest"))?)
            .map(|_| T::take(from))
            .collect()
    }
}

/// Implements [`Coded`] field by field, in the order given here.
macro_rules! coded {
    ($type:ident { $($field:ident),+ $(,)? }) => {
        impl crate::store::codec::Coded for $type {
            fn put(&self, out: &mut crate::store::codec::Encoder) {
                $(self.$field.put(out);)+
            }

            fn take(
                from: &mut crate::store::codec::Decoder<'_>,
            ) -> Result<Self, crate::store::codec::DecodeError> {
                $(let $field = crate::store::codec::Coded::take(from)?;)+
                Ok(Self { $($field),+ })
            }
        }
    };
}

/// Implements [`Coded`] for a plain enumeration; the numbers are the stored form.
macro_rules! coded_enum {
    ($type:ident { $($number:literal = $variant:ident),+ $(,)? }) => {
        impl crate::store::codec::Coded for $type {
            fn put(&self, out: &mut crate::store::codec::Encoder) {
                out.byte(match self { $(Self::$variant => $number),+ });
            }

            fn take(
                from: &mut crate::store::codec::Decoder<'_>,
            ) -> Result<Self, crate::store::codec::DecodeError> {
                match from.byte()? {
                    $($number => Ok(Self::$variant),)+
                    _ => Err(crate::store::codec::DecodeError(concat!(
                        "unknown ",
                        stringify!($type)
                    ))),
                }
            }
        }
    };
}

pub(super) use {coded, coded_enum};
