//! GitHub's opaque names: node ids and cursors. A node id is a prefix and a MessagePack list of
//! numbers in base64, as on github.com since 2021.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

/// A node id: `I_kwDO…` for `("I", [repository, issue])`.
#[must_use]
pub fn node_id(prefix: &str, numbers: &[u64]) -> String {
    let mut packed = Vec::with_capacity(2 + numbers.len() * 9);
    packed.push(0x91 + numbers.len() as u8);
    packed.push(0);
    for number in numbers {
        if let Ok(small) = u32::try_from(*number) {
            packed.push(0xce);
            packed.extend_from_slice(&small.to_be_bytes());
        } else {
            packed.push(0xcf);
            packed.extend_from_slice(&number.to_be_bytes());
        }
    }
    let mut id = String::with_capacity(prefix.len() + 1 + packed.len() * 4 / 3 + 2);
    id.push_str(prefix);
    id.push('_');
    URL_SAFE_NO_PAD.encode_string(&packed, &mut id);
    id
}

/// The prefix and numbers of a node id, or `None` when it is not one.
#[must_use]
pub fn read_node_id(id: &str) -> Option<(&str, Vec<u64>)> {
    let (prefix, packed) = id.split_once('_')?;
    let packed = URL_SAFE_NO_PAD.decode(packed).ok()?;
    let mut rest = packed.get(2..)?;
    let mut numbers = Vec::new();
    while let Some((tag, tail)) = rest.split_first() {
        let width = match tag {
            0xce => 4,
            0xcf => 8,
            _ => return None,
        };
        let bytes = tail.get(..width)?;
        numbers.push(bytes.iter().fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte)));
        rest = &tail[width..];
    }
    Some((prefix, numbers))
}

/// Where a page ends: a place in a short list, or the key of an element of a long one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cursor {
    Offset(usize),
    /// Time of the last change in milliseconds, and the id.
    Key(i64, u64),
}

impl Cursor {
    /// The opaque text of the cursor.
    #[must_use]
    pub fn encode(self) -> String {
        STANDARD.encode(match self {
            Self::Offset(at) => format!("cursor:v2:o:{at}"),
            Self::Key(at, id) => format!("cursor:v2:k:{at}:{id}"),
        })
    }

    /// Reads what [`Cursor::encode`] wrote.
    #[must_use]
    pub fn decode(text: &str) -> Option<Self> {
        let plain = String::from_utf8(STANDARD.decode(text).ok()?).ok()?;
        let plain = plain.strip_prefix("cursor:v2:")?;
        if let Some(at) = plain.strip_prefix("o:") {
            return at.parse().ok().map(Self::Offset);
        }
        let (at, id) = plain.strip_prefix("k:")?.split_once(':')?;
        Some(Self::Key(at.parse().ok()?, id.parse().ok()?))
    }
}
