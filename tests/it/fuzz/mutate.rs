//! Damages inputs: byte by byte, and as JSON when the input is JSON.

use serde_json::{Map, Value};
use streamgauge::entropy::Entropy;

/// Values that parsers of numbers, texts and lists stumble over.
const NASTY: [&str; 18] = [
    "null",
    "true",
    "-1",
    "0",
    "9223372036854775808",
    "-9223372036854775809",
    "1e400",
    "0.1",
    "\"\"",
    "\"\\u0000\"",
    "\"\\ud83d\\ude00\"",
    "\"9999-12-31T23:59:59.999+1400\"",
    "\"0000-00-00T00:00:00Z\"",
    "\"-262144-01-01T00:00:00Z\"",
    "[]",
    "{}",
    "[null]",
    "[[[[[[[[[[]]]]]]]]]]",
];

/// A seeded source of damaged inputs.
pub struct Mutator {
    random: Entropy,
    words: &'static [&'static str],
}

impl Mutator {
    pub fn new(seed: u64, words: &'static [&'static str]) -> Self {
        Self { random: Entropy::from_seed(seed), words }
    }

    fn below(&self, end: usize) -> usize {
        usize::try_from(self.random.next_u64() % end.max(1) as u64).unwrap_or_default()
    }

    fn pick<'a, T>(&self, from: &'a [T]) -> Option<&'a T> {
        from.get(self.below(from.len()))
    }

    /// A damaged copy of one of these inputs.
    pub fn next(&mut self, inputs: &[Vec<u8>], longest: usize) -> Vec<u8> {
        let mut input = self.pick(inputs).cloned().unwrap_or_default();
        for _ in 0..=self.below(4) {
            input = match serde_json::from_slice::<Value>(&input) {
                Ok(json) if self.below(3) > 0 => self.json(json, inputs),
                _ => self.bytes(input, inputs),
            };
        }
        input.truncate(longest);
        input
    }

    fn bytes(&self, mut input: Vec<u8>, inputs: &[Vec<u8>]) -> Vec<u8> {
        let (a, b) = (self.below(input.len() + 1), self.below(input.len() + 1));
        let (from, to) = (a.min(b), a.max(b).min(a.min(b) + 64));
        match self.below(8) {
            0 if from < input.len() => input[from] ^= 1 << self.below(8),
            1 if from < input.len() => input[from] = self.below(256) as u8,
            2 => drop(input.drain(from..to)),
            3 => input.truncate(from),
            4 => {
                let copy = input[from..to].to_vec();
                input.splice(from..from, copy);
            }
            5 => {
                let word = self.pick(self.words).map_or(&b""[..], |word| word.as_bytes());
                input.splice(from..from, word.iter().copied());
            }
            6 => {
                let word = self.pick(self.words).map_or(&b""[..], |word| word.as_bytes());
                input.splice(from..to, word.iter().copied());
            }
            _ => {
                let other = self.pick(inputs).cloned().unwrap_or_default();
                input.truncate(from);
                input.extend(&other[self.below(other.len() + 1)..]);
            }
        }
        input
    }

    /// Replaces, removes, repeats or moves one value.
    fn json(&self, mut json: Value, inputs: &[Vec<u8>]) -> Vec<u8> {
        let place = self.below(count(&json));
        let graft = || match self.below(5) {
            0 => self
                .pick(inputs)
                .and_then(|other| serde_json::from_slice::<Value>(other).ok())
                .and_then(|mut other| {
                    let place = self.below(count(&other));
                    at(&mut other, &mut { place }).cloned()
                })
                .unwrap_or_default(),
            1 => Value::String(self.pick(self.words).map_or_else(String::new, ToString::to_string)),
            2 => Value::String("x".repeat(self.below(5_000))),
            3 => (0..self.below(200)).fold(Value::Null, |inner, _| Value::Array(vec![inner])),
            _ => self
                .pick(&NASTY)
                .and_then(|text| serde_json::from_str(text).ok())
                .unwrap_or_default(),
        };
        let new = graft();
        if let Some(value) = at(&mut json, &mut { place }) {
            match (self.below(4), &mut *value) {
                (0, Value::Object(map)) => self.object(map, new),
                (0, Value::Array(list)) => match self.below(3) {
                    0 if !list.is_empty() => drop(list.remove(self.below(list.len()))),
                    1 if !list.is_empty() => {
                        let copy = list[self.below(list.len())].clone();
                        list.extend(std::iter::repeat_n(copy, 1 + self.below(20)));
                    }
                    _ => list.push(new),
                },
                _ => *value = new,
            }
        }
        json.to_string().into_bytes()
    }

    fn object(&self, map: &mut Map<String, Value>, new: Value) {
        let keys: Vec<String> = map.keys().cloned().collect();
        let Some(key) = self.pick(&keys) else { return };
        match self.below(3) {
            0 => drop(map.remove(key)),
            1 => drop(map.insert(key.clone(), new)),
            _ => {
                let value = map.remove(key).unwrap_or_default();
                let other = self.pick(self.words).map_or(key.as_str(), |word| *word);
                map.insert(other.to_owned(), value);
            }
        }
    }
}

/// How many values there are, nested ones included.
fn count(json: &Value) -> usize {
    1 + match json {
        Value::Array(list) => list.iter().map(count).sum(),
        Value::Object(map) => map.values().map(count).sum::<usize>(),
        _ => 0,
    }
}

/// The value at a place in the order of [`count`].
fn at<'a>(json: &'a mut Value, place: &mut usize) -> Option<&'a mut Value> {
    if *place == 0 {
        return Some(json);
    }
    *place -= 1;
    match json {
        Value::Array(list) => list.iter_mut().find_map(|inner| step(inner, place)),
        Value::Object(map) => map.values_mut().find_map(|inner| step(inner, place)),
        _ => None,
    }
}

fn step<'a>(json: &'a mut Value, place: &mut usize) -> Option<&'a mut Value> {
    let inside = count(json);
    if *place < inside {
        return at(json, place);
    }
    *place -= inside;
    None
}
